#include "base/causes.h"

const struct cause causes[CAUSE_COUNT] = {
#define CAUSE_ROW(id, name, step, kind, sees, text, remedy)                                        \
    [CAUSE_##id] = {name, STEP_##step, ERR_##kind, sees, text, remedy},
    CAUSES(CAUSE_ROW)
#undef CAUSE_ROW
};

const struct cause_step_words cause_steps[STEP_COUNT] = {
#define STEP_ROW(id, short_name, step_title) [id] = {short_name, step_title},
    CAUSE_STEPS(STEP_ROW)
#undef STEP_ROW
};

const char cause_saml_note[] =
    "Single sign-on (SAML) does not concern client credentials: no machine user, no \"Enable SSO\" "
    "box; its roll-outs change other things (secret rotated, client made anew, roles, IP rules)";

bool err_cause(struct err *e, enum cause_id id)
{
    e->cause = (int)id;
    return false;
}
