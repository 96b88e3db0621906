/*
 * A reading: one window of a stream, fetched once by the steps of one pass. The network thread
 * fetches it page by page, the database thread loads and settles it; this struct is what they
 * share.
 *
 * Invariants: the fields under "network" belong to the network thread, those under "database" to
 * the database thread; the atomics are the only two-way signs. Each reading that was issued is
 * ended by exactly one message (page.over), its last: from then on it is the database thread's
 * alone.
 */
#ifndef ROLLCALL_RUN_READING_H
#define ROLLCALL_RUN_READING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/pager.h"
#include "base/arena.h"
#include "base/clock.h"
#include "etl/load.h"
#include "etl/window.h"
#include "streams/stream.h"

enum reading_kind {
    READING_WINDOW,
    READING_QUESTION, /* about the stream: its answer goes with the last message, no rows */
    READING_CLEANUP,  /* what an earlier reading left at the server is cleared up */
};

enum reading_outcome {
    READING_WAITING, /* not ended: the run stopped before it (a signal, trouble of others) */
    READING_DONE,
    READING_OVERFLOW, /* more rows than the pages reach; nothing is settled */
    READING_FAILED,   /* see error */
};

/* The readings of one stream at the network's side. */
struct lane {
    size_t at_once;     /* most under way */
    size_t active;      /* network: how many are */
    atomic_bool closed; /* database: no more is begun, since it would meet the same trouble */
};

struct reader;
struct idset;

struct reading {
    struct reading *next; /* in the list it is in */
    enum reading_kind kind;
    const struct stream *stream;
    const struct pass *pass; /* NULL: of a question */
    size_t pass_no;
    struct lane *lane;
    struct pager_spec ask; /* its label: "conversations 2026-03-01 (job)" */
    struct walk_facts facts;
    bool must_add_up; /* fewer different rows than the total are not all (lists) */
    bool is_over;     /* its time is over: a total that moves makes it read once more */

    struct arena *arena; /* its own; it lies in it */

    /* network */
    struct reader *reader; /* NULL: it is not begun */
    bool all_handed;       /* it is cleared up once that is committed */
    int64_t handed;        /* pages */
    int64_t first_total;   /* what the first page said; -1: nothing */
    int64_t last_total;
    bool total_moved;
    bool from_start;    /* its pages begin at the first */
    bool once_more;     /* it is being read once more */
    struct idset *seen; /* ids of its rows; NULL: they may come again */

    /* signs */
    atomic_bool committed; /* database: the last page is in the file */
    atomic_bool refused;   /* database: a page was refused, fetch no more */

    /* database */
    struct night *night; /* whose it is */
    struct window *window;
    int64_t to_ms;          /* up to where */
    struct plan_facts plan; /* under which it counts */
    int64_t available_ms;   /* how far its pages say the data goes; TIME_NONE: not said */
    enum reading_outcome outcome;
    struct err error;
    struct load_counts counts;
    int64_t pages;
    int64_t total_hits; /* entities the answers said there are (a hint); 0: not said */
};

/* A reading in memory of its own (r->arena), all zero but for its signs and times. One that was
 * issued is freed with its last message. */
struct reading *reading_new(void);

#endif
