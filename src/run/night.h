/*
 * Nights: each brings one stream up to the run's time, by a loop over its windows and passes; they
 * go side by side. Knows no stream.
 *
 * The order of one: what a crash left at the server is cleared up beside everything else; then each
 * pass in turn reads the windows that owe it something, first what was interrupted, last what
 * failed; passes that stand in for one another are taken until one is granted; passes of the whole
 * stream come last. Nothing is asked twice in one run but what grew meanwhile.
 */
#pragma once

#include "run/run.h"
#include "streams/agenda.h"

enum {
    AHEAD = 2,            /* readings beside as many as may be in flight, so that no place stands
                             empty while one is committed */
    BATCH_MOST = 16,      /* windows of a reading */
    READING_BYTES = 8192, /* of memory that it begins with */
    HELD_POLL_MS = 50,    /* between two looks whether another run has let a window go */
};

struct night {
    /* given, all else zero */
    struct night *next; /* of the run */
    struct run *run;
    const struct stream *stream;
    struct night *needs; /* is read before; NULL: none */
    bool wanted;         /* asked for, not only needed by another one */

    /* what became of it */
    bool begun;
    bool ended;  /* its lock is free, unless it was the last; not begun: what is stored was used, or
                    there is an error */
    size_t done; /* readings that reached what they owed */
    size_t left; /* readings that did not */
    bool halted; /* nothing more is asked for this stream */
    struct err first; /* the first error; ERR_NONE when there was none */

    /* its own */
    bool over;             /* nothing more is to be asked, but for what is held */
    int64_t held_since_ms; /* monotonic; 0: not waited for yet */
    struct agenda agenda;
    struct progress progress;
    size_t at_once;    /* most readings under way */
    size_t side_count; /* of cleanups */
    size_t batch_most; /* windows that may be asked for together, as the server showed; 0: any */
    size_t windows;    /* of readings under way */
    size_t under_way;  /* readings */
};

/* Reads the streams of the run's nights, those that do not need one another side by side. An error
 * is its stream's own already. */
bool nights_read(struct run *run, struct err *e);

/* True when it has ended and the stream owes nothing. */
bool night_is_whole(const struct night *n);
