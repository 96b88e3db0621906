/*
 * What became of a run's streams, in words: for the run's row, and for who waits for its end.
 */
#ifndef ROLLCALL_RUN_OUTCOME_H
#define ROLLCALL_RUN_OUTCOME_H

#include <stddef.h>

#include "base/err.h"

struct outcome {
    const char *const *lines; /* what is in the way of a stream, a sentence each */
    size_t line_count;
    const char *leave_out; /* for [extract] streams: without those that the client may not read;
                              NULL: where it helps, the sentence says it */
    const char *not_done;  /* JSON: {STREAM: {exit, why, error}} of those that were to be read and
                              are not done; NULL: none */
};

struct run;

/* Says what became of each stream, in the run's arena; one without trouble of its own is not done
 * for the run's `kind`. */
struct outcome outcome_tell(const struct run *run, enum err_kind kind);

#endif
