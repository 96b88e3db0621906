/*
 * The progress line of extract: one for the stream at hand, on a terminal alone; and the bar of
 * backfill.
 *
 * Invariants: at most five changes a second; lines of the log go above it; every stream leaves one
 * line that says what it came to; no colour where NO_COLOR is set (and not empty).
 */
#pragma once

#include "base/progress.h"
#include "io/lock.h"
#include "streams/stream.h"

struct progress_line {
    bool draws;
    int64_t shown_ms;                    /* monotonic; 0: nothing shown yet */
    const struct stream *const *streams; /* of the bar */
    size_t count;
    int64_t began_ms;                 /* monotonic */
    struct progress parts[LOCK_PAST]; /* what each has told last; its share never falls */
};

/* A watcher that draws on stderr by `line` (log_status(NULL) takes it away): all of these streams
 * as one bar, on no terminal a plain line a minute; or, without any, the one at hand, on a terminal
 * alone. Does nothing with `quiet`. */
struct progress_watcher progress_watch(struct progress_line *line,
                                       const struct stream *const *streams, size_t count,
                                       bool quiet);

/* Tells of waits on the same line, in whichever thread drives the client. */
client_watcher *progress_waits(bool quiet);

/* The text of a line at `now_ms` (monotonic), made in `b`, that leaves the last of `width` columns
 * free. */
const char *progress_line_text(const struct progress *p, int64_t now_ms, int width, struct buf *b);
