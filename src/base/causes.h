/*
 * Causes: what goes wrong with a set-up, in words for the person on call.
 *
 * src/base/causes.txt is the one list: `rollcall check` gives its texts, the errors of the other
 * commands point into it (struct err, `cause`), and docs/troubleshooting.md is made from it
 * (scripts/gen-docs.sh, by `rollcall --causes`). How a cause is recognized is the business of the
 * code that sees it, but for the signs in messages, which stand there too.
 *
 * Invariants: a name is stable, for scripts; each cause has its own text; the kind is
 * the one whose exit code `check` ends with, ERR_NONE for a warning.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* The steps of `rollcall check`, in order. */
enum cause_step { CAUSE_STEP_IDS, STEP_COUNT };

enum cause_id { CAUSE_NONE, CAUSE_IDS, CAUSE_COUNT };

struct cause {
    const char *name;
    enum cause_step step;
    enum err_kind kind;
    const char *sees;
    const char *text;
    const char *remedy;
    const char *const *signs; /* NULL behind the last */
};

/* What is known of each cause; nothing of CAUSE_NONE. */
extern const struct cause causes[CAUSE_COUNT];

struct cause_step_words {
    const char *name; /* short, for scripts */
    const char *title;
};

extern const struct cause_step_words cause_steps[STEP_COUNT];

/* What a refused login adds: single sign-on is another matter, and what its roll-outs change. */
extern const char cause_saml_note[];

/* The first cause of a step that `text` has a sign of; CAUSE_NONE: there is none. */
enum cause_id cause_by_sign(enum cause_step step, const char *text);

/* Notes the cause of the error in `e`; returns false. */
bool err_cause(struct err *e, enum cause_id id);

/* err_set(e, kind, format...) with a cause. */
#define err_because(e, kind, cause, ...)                                                           \
    (err_set((e), (kind), __VA_ARGS__), err_cause((e), (cause)))

/* What messages have between what was seen and what is known of its cause, and a login's before
 * whose credentials they were. */
#define CAUSE_MARK   ". Likely cause: "
#define ORIGINS_MARK " (client_id from "

/* What was seen: the message without cause and remedy, in the arena. */
const char *err_evidence(const struct err *e, struct arena *a);

/* The message in one line of at most ERR_BRIEF_BYTES, in the arena: of one that is longer the
 * origins go and what was seen is cut, cause and remedy stay. */
enum { ERR_BRIEF_BYTES = 288 };
const char *err_brief(const struct err *e, struct arena *a);
