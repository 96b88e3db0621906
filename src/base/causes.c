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
    "SAML single sign-on does not concern client credentials: they have no user, so there is no "
    "machine user to unlock and no \"Enable SSO\" box to clear; what can be disabled is the OAuth "
    "client. What SAML roll-outs really change: the secret was rotated, the client was created "
    "anew, "
    "its roles were cleaned up, or IP rules were set";

bool err_cause(struct err *e, enum cause_id id)
{
    e->cause = (int)id;
    return false;
}
