/*
 * The progress line of extract: one for the stream at hand, on a terminal alone.
 *
 * Invariants: at most five changes a second; lines of the log go above it; every stream leaves one
 * line that says what it came to; no colour where NO_COLOR is set (and not empty).
 */
#pragma once

#include "api/client.h"
#include "run/run.h"

struct progress_line {
    int64_t shown_ms; /* monotonic; 0: nothing shown yet */
};

/* A watcher that draws on stderr by `line` (log_status(NULL) takes it away); one that does nothing
 * when stderr is no terminal that can, or with `quiet`. */
struct progress_watcher progress_line_watcher(struct progress_line *line, bool quiet);

/* Tells of waits on the same line, in whichever thread drives the client. */
struct client_watcher progress_waits(bool quiet);

/* The text of a line at `now_ms` (monotonic), cut to `width` columns (at least 1), into `out` of
 * `size` bytes. */
void progress_line_text(const struct progress *p, int64_t now_ms, int width, char *out,
                        size_t size);
