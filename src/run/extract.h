/*
 * The nightly run: every enabled stream, in registry order, brought up to now; what was cut off
 * goes on by itself.
 *
 * Invariants: the locks of all its streams are taken at the start and each is freed when its stream
 * is done; the run's row is written even when the run fails (also when a lock refuses it), as long
 * as the database can be written; nothing is printed here.
 */
#pragma once

#include "run/run.h"

struct extract_request {
    const struct config *config;         /* URLs resolved, time zone set */
    int64_t until_ms;                    /* TIME in force: --until, or now */
    const struct stream *const *streams; /* in registry order */
    size_t stream_count;
    bool rezone;                     /* another time zone may date the file anew */
    struct progress_watcher watcher; /* zeroed: nobody watches */
    struct client_watcher waits;     /* likewise; told in the thread that fetches */
};

struct extract_result {
    int64_t run_id; /* 0: there is no row */
    struct run_totals totals;
    int64_t elapsed_ms;
    struct outcome outcome;
};

/* Runs. ERR_NONE when everything asked for is in place; otherwise the kind whose exit code the
 * program ends with, and `e` says why; where that is the streams' own trouble, so does the outcome.
 */
enum err_kind extract_run(const struct extract_request *request, struct arena *a,
                          struct extract_result *result, struct err *e);
