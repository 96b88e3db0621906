#include "base/causes.h"

#include "base/str.h"

const struct cause causes[CAUSE_COUNT] = {CAUSE_ROWS};
const struct cause_step_words cause_steps[STEP_COUNT] = {CAUSE_STEP_ROWS};

const char cause_saml_note[] =
    "Single sign-on (SAML) does not concern client credentials: no machine user, no \"Enable SSO\" "
    "box; its roll-outs change other things (secret rotated, client made anew, roles, IP rules)";

enum { SEEN_LEAST = 60 };

const char *err_evidence(const struct err *e, struct arena *a)
{
    const char *mark = strstr(e->message, CAUSE_MARK);

    return arena_strndup(a, e->message, mark ? (size_t)(mark - e->message) : strlen(e->message));
}

const char *err_brief(const struct err *e, struct arena *a)
{
    const struct cause *c = &causes[e->cause];
    const char *tail = c->text ? arena_printf(a, "... %s. Remedy: %s.", c->text, c->remedy)
                               : "... (all of it: -v, or the table run)";
    const char *seen = err_evidence(e, a);
    const char *origins = strstr(seen, ORIGINS_MARK);
    size_t length = origins ? (size_t)(origins - seen) : strlen(seen);
    size_t most = ERR_BRIEF_BYTES - strlen(tail);

    if (strlen(e->message) <= ERR_BRIEF_BYTES) {
        return arena_strdup(a, e->message);
    }
    most = most > SEEN_LEAST && most < ERR_BRIEF_BYTES ? most : SEEN_LEAST;
    length = length < most ? length : most;
    while (length > 0 && ((unsigned char)e->message[length] & 0xC0U) == 0x80U) {
        length--; /* to where a character begins */
    }
    return arena_printf(a, "%.*s%.*s", (int)length, e->message, (int)(ERR_BRIEF_BYTES - length),
                        tail);
}

enum cause_id cause_by_sign(enum cause_step step, const char *text)
{
    for (int id = CAUSE_NONE + 1; id < CAUSE_COUNT; id++) {
        for (const char *const *sign = causes[id].signs; causes[id].step == step && *sign; sign++) {
            if (strcasestr(text, *sign)) {
                return (enum cause_id)id;
            }
        }
    }
    return CAUSE_NONE;
}

bool err_cause(struct err *e, enum cause_id id)
{
    e->cause = (int)id;
    return false;
}
