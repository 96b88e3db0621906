/*
 * Progress: how far a stream is, told to a watcher after every page. Nothing is printed here.
 */
#ifndef ROLLCALL_RUN_PROGRESS_H
#define ROLLCALL_RUN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/reading.h"

/* A stream's state. Counts are of this run; a phase is the readings of one pass. */
struct progress_facts {
    const char *stream;
    int64_t pages;
    int64_t rows;
    size_t windows_done; /* of the phase */
    size_t windows;
    double share;       /* of the phase that is done, 0 to 1; negative: not known */
    int64_t phase_ms;   /* since the phase began */
    int64_t phase_rows; /* read in it */
    int64_t stream_ms;  /* since the stream began */
    bool ended;         /* the stream is over */
    bool whole;         /* and reached what it owed */
};

/* Called in the thread that loads; must not take long. */
struct progress_watcher {
    void (*tell)(void *user, const struct progress_facts *facts); /* NULL: nobody watches */
    void *user;
};

struct progress {
    struct progress_watcher watcher;
    struct progress_facts facts;
    int64_t stream_began_ms; /* monotonic */
    int64_t phase_began_ms;
    int64_t pages; /* of readings that have ended */
    int64_t rows;
    int64_t rows_before; /* the phase */
};

/* A stream begins. */
void progress_begin(struct progress *p, struct progress_watcher watcher, const char *stream);

/* A phase of so many windows begins. */
void progress_phase(struct progress *p, size_t windows);

/* A reading of the phase has ended. */
void progress_done(struct progress *p, const struct reading *r);

/* Tells how far it is with these readings under way. */
void progress_tell(struct progress *p, struct reading *const *under_way, size_t count);

/* The stream is over; told. */
void progress_end(struct progress *p, bool whole);

#endif
