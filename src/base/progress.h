/*
 * How far something long is, told to a watcher as it goes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stream's state; times are monotonic. Counts are of this run; a phase is the readings of one
 * pass. */
struct progress {
    const char *stream;
    int64_t began_ms;
    int64_t pages;
    int64_t rows;
    int64_t phase_began_ms;
    int64_t phase_began_rows; /* how many rows there were then */
    size_t windows_done;      /* of the phase */
    size_t windows;
    double begun; /* what is done of the windows under way */
    double share; /* of the phase that is done, 0 to 1, as it was told; 0: not known */
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

/* Tells how far it is by now. */
void progress_tell(struct progress *p, const struct progress_watcher *watcher);
