/*
 * What a run needs of the configuration and this machine, besides a login: one list for
 * `check`, which tells all of it, and for `extract`, which refuses where its own needs are not met
 * before anything is asked.
 */
#ifndef ROLLCALL_PROBE_NEEDS_H
#define ROLLCALL_PROBE_NEEDS_H

#include "base/causes.h"
#include "io/config.h"
#include "streams/stream.h"

struct needs {
    const struct config *config; /* its time zone set */
    const struct stream *const *streams;
    size_t stream_count;
    int64_t until_ms; /* the run's TIME */
    bool until_given; /* on the command line */
};

/* The next need that is not met, from number *at on (0 at first), which is moved behind it; `e` has
 * its message, kind and cause. `of_run`: of extract itself, not also of what follows a run or makes
 * it lose data. NULL: there is none, else the need's name. */
const char *needs_unmet(const struct needs *n, bool of_run, size_t *at, struct arena *a,
                        struct err *e);

#endif
