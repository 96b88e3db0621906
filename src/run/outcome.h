/*
 * What became of a stream in a run, and how outcomes add up to one exit code.
 */
#ifndef ROLLCALL_RUN_OUTCOME_H
#define ROLLCALL_RUN_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "run/reading.h"

struct outcome {
    size_t done;      /* windows (or the stream as a whole) that reached what they owed */
    size_t left;      /* windows that did not */
    bool stopped;     /* by a signal */
    bool halted;      /* trouble that is not one window's own */
    struct err first; /* the first error; ERR_NONE when there was none */
};

/* Adds a pipeline's readings. A reading that overflowed is neither: the caller deals with it. */
void outcome_add(struct outcome *o, struct reading *const *readings, size_t count);

/* Notes an error outside any window (kept when it is the first) and one thing left; it halts the
 * stream unless it is ERR_CONTRACT. */
void outcome_fail(struct outcome *o, const struct err *error);

/* True when nothing more should be asked for this stream: an error that is not one window's own, or
 * a stop. */
bool outcome_halted(const struct outcome *o);

/* The run's kind: ERR_NONE when nothing was left; ERR_STOPPED after a signal; the kind itself when
 * it ends a run or nothing at all was done; else ERR_PARTIAL. */
enum err_kind outcome_kind(const struct outcome *o);

#endif
