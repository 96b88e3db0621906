/*
 * Causes: what goes wrong with a set-up, in words for the person on call.
 *
 * src/base/causes.txt is the one list: `rollcall check` gives its texts, the errors of the other
 * commands point into it (struct err, `cause`), and docs/troubleshooting.md is made from it
 * (scripts/gen-docs.sh, by `rollcall --causes`). The build makes CAUSES(X) of it: X(id, stable
 * name, step, kind, what one sees, cause, remedy). How a cause is recognized is the business of the
 * code that sees it.
 *
 * Invariants: a name is stable, for scripts; each cause has its own text; the kind is
 * the one whose exit code `check` ends with, ERR_NONE for a warning.
 */
#ifndef ROLLCALL_BASE_CAUSES_H
#define ROLLCALL_BASE_CAUSES_H

#include "base/arena.h"
#include "base/err.h"

/* The steps of `rollcall check`, in order: X(enum name, short name, title). */
#define CAUSE_STEPS(X)                                                                             \
    X(STEP_CONFIGURATION, "configuration", "Configuration")                                        \
    X(STEP_NETWORK, "network", "Network")                                                          \
    X(STEP_LOGIN, "login", "Login")                                                                \
    X(STEP_TOKEN, "token", "Token")                                                                \
    X(STEP_PERMISSIONS, "permissions", "Permissions")                                              \
    X(STEP_LIMITS, "limits", "Limits")                                                             \
    X(STEP_LOCAL, "local", "Local")

enum cause_step {
#define CAUSE_STEP_ENUM(id, name, title) id,
    CAUSE_STEPS(CAUSE_STEP_ENUM)
#undef CAUSE_STEP_ENUM
        STEP_COUNT
};

enum cause_id {
    CAUSE_NONE,
#define CAUSE_ENUM(id, name, step, kind, sees, text, remedy) CAUSE_##id,
    CAUSES(CAUSE_ENUM)
#undef CAUSE_ENUM
        CAUSE_COUNT
};

struct cause {
    const char *name;
    enum cause_step step;
    enum err_kind kind;
    const char *sees;
    const char *text;
    const char *remedy;
};

/* What is known of each cause; nothing of CAUSE_NONE. */
extern const struct cause causes[CAUSE_COUNT];

struct cause_step_words {
    const char *name; /* short, for scripts */
    const char *title;
};

extern const struct cause_step_words cause_steps[STEP_COUNT];

/* What every refused login adds: single sign-on is another matter, and what its roll-outs change.
 */
extern const char cause_saml_note[];

/* Notes the cause of the error in `e`; returns false. */
bool err_cause(struct err *e, enum cause_id id);

/* What messages have between what was seen and what is known of its cause. */
#define CAUSE_MARK ". Likely cause: "

/* What was seen: the message without cause and remedy, in the arena. */
const char *err_evidence(const struct err *e, struct arena *a);

/* The message in one line of at most ERR_BRIEF_BYTES, in the arena: of one that is longer what was
 * seen is cut, cause and remedy stay. */
enum { ERR_BRIEF_BYTES = 288 };
const char *err_brief(const struct err *e, struct arena *a);

#endif
