/*
 * Progress: how far the stream at hand is, told to a watcher after every page. Nothing is printed
 * here.
 */
#ifndef ROLLCALL_RUN_PROGRESS_H
#define ROLLCALL_RUN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/reading.h"

/* A stream's state. Counts are of this run; a phase is one pipeline (the jobs, the queries...). */
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
    int64_t earlier_pages; /* of the stream's earlier phases */
    int64_t earlier_rows;
};

/* A stream begins: counts start anew. */
void progress_stream(struct progress *p, const char *stream);

/* A phase begins, over these readings; it is told of. A stream that is not the one begun (one that
 * it depends on) is begun. */
void progress_phase(struct progress *p, struct reading *const *readings, size_t count);

/* A page was loaded, or a reading ended. */
void progress_page(struct progress *p, struct reading *const *readings, size_t count);

/* The stream is over. */
void progress_end(struct progress *p, const char *stream, bool whole);

#endif
