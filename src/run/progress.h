/*
 * Progress: how far a stream is, told to a watcher after every page. Nothing is printed here.
 */
#ifndef ROLLCALL_RUN_PROGRESS_H
#define ROLLCALL_RUN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/fetch.h"

/* A stream's state; times are monotonic. Counts are of this run; a phase is the readings of one
 * pass. */
struct progress {
    const char *stream;
    int64_t began_ms;
    int64_t pages; /* of the readings that have ended, and as told of those under way too */
    int64_t rows;
    int64_t phase_began_ms;
    int64_t phase_began_rows; /* how many rows there were then */
    size_t windows_done;      /* of the phase */
    size_t windows;
    double share; /* of the phase that is done, 0 to 1; 0: not known */
    bool ended;   /* the stream is over */
    bool whole;   /* and reached what it owed */
};

/* Called in the thread that loads; must not take long. */
struct progress_watcher {
    void (*tell)(void *user, const struct progress *p); /* NULL: nobody watches */
    void *user;
};

/* A phase of so many windows begins. */
void progress_phase(struct progress *p, size_t windows);

/* Tells how far it is: `p` has what has ended, these readings are under way. */
void progress_tell(const struct progress *p, const struct progress_watcher *watcher,
                   struct reading *const *under_way, size_t count);

#endif
