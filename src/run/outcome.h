/*
 * What became of a stream in a run, and how outcomes add up to one exit code.
 */
#ifndef ROLLCALL_RUN_OUTCOME_H
#define ROLLCALL_RUN_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct outcome {
    size_t done;      /* readings that reached what they owed */
    size_t left;      /* readings that did not */
    bool stopped;     /* by a signal */
    bool halted;      /* nothing more is asked for this stream */
    struct err first; /* the first error; ERR_NONE when there was none */
};

/* Notes an error and one thing left; `halts`: nothing more is asked. Trouble that halts outranks
 * one window's. */
void outcome_fail(struct outcome *o, const struct err *error, bool halts);

/* The run's kind: ERR_NONE when nothing was left; ERR_STOPPED after a signal; the kind itself when
 * it ends a run or nothing at all was done; else ERR_PARTIAL. */
enum err_kind outcome_kind(const struct outcome *o);

#endif
