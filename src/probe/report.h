/*
 * What a check found: results in the order in which they were seen, for people and for programs.
 *
 * Invariants: a failure or a warning has a cause of base/causes.h, whose kind says which of them it
 * is; the report's kind is that of its first failure. Texts are kept in the report's arena;
 * evidence holds text from outside as it is, and is escaped when it is shown.
 */
#ifndef ROLLCALL_PROBE_REPORT_H
#define ROLLCALL_PROBE_REPORT_H

#include <stdio.h>

#include "base/causes.h"

struct report_result;

struct report {
    struct arena *arena;
    enum cause_step step; /* the one that results are of */
    bool step_failed;     /* it did; for the caller to clear when it takes the next */
    struct report_result *results;
    size_t count;
    enum err_kind kind; /* of the first failure; ERR_NONE: there was none */
};

/* Adds a result: with CAUSE_NONE the thing is well, with any other cause it is a failure or a
 * warning. `name` says which thing of the step it is ("login host", "queues") and is borrowed; the
 * evidence is a printf text. */
void report_add(struct report *r, const char *name, enum cause_id cause, const char *evidence, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a thing that was not looked at; `name` NULL: the whole step. */
void report_skip(struct report *r, const char *name, const char *why);

/* Adds what an error says: by its own cause, or `otherwise` when it names none, and with its
 * message but for the cause's words. ERR_STOPPED is no failure of the set-up: what follows is
 * skipped. */
void report_error(struct report *r, const char *name, const struct err *e, enum cause_id otherwise);

/* Prints the results as one JSON object; or for people, by step, within the terminal's columns
 * where words allow: each cause explained once, and at the end the first failure with its cause and
 * remedy, or that all is well. Errors are the renderer's. */
bool report_print(const struct report *r, bool as_json, FILE *out, struct err *e);

#endif
