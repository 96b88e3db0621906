/*
 * The network side of a run, a thread: it asks for what the readings are owed, walks the pages into
 * rows and hands them on; and what joins it to the database thread, which loads and settles them:
 * two queues, readings one way, messages the other. Knows no database.
 *
 * Invariants: messages of one reading come in its pages' request order; each reading that was
 * issued is ended by exactly one message (page.over), its last: from then on it is the database
 * thread's alone. Until then both hold it, and its atomics are the only two-way signs. The network
 * thread waits for room before it hands on another page, so at most one passes the limit; a message
 * owns its rows and bytes. Whatever the database thread does here wakes the network thread.
 */
#pragma once

#include <stdatomic.h>

#include "api/reader.h"
#include "etl/erase.h"
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

/* Requests of a budget that each of what is under way should have before more is begun. */
enum { BUDGET_SHARE = 20 };

struct idset;

/* A window that is read, and what its rows are of. */
struct share {
    struct window *window;
    struct walk_facts facts;
};

/* One window of a stream, or several of one time and of different scopes that are asked for
 * together, fetched once by the steps of one pass. Before its last message the fields
 * under "network" belong to the network thread, those under "database" to the database thread. */
struct reading {
    struct reading *next; /* in the list it is in */
    enum reading_kind kind;
    void *owner; /* the database side's, whose it is; not looked into */
    const struct stream *stream;
    const struct pass *pass; /* NULL: of a question */
    size_t pass_no;
    struct pager_spec ask; /* its label: "conversations 2026-03-01 (job)" */
    struct share *shares;  /* its windows; none of a question */
    size_t share_count;
    bool must_add_up; /* fewer different rows than the total are not all (lists) */
    bool is_over;     /* its time is over: a total that moves makes it read once more */
    bool in_one_go;   /* with a budget: it cannot go on in another run, so it is read alone of its
                         kind */
    bool comes_first; /* and was cut before: nothing else is begun beside it */

    struct arena *arena; /* its own; it lies in it; freed with its last message */

    /* network */
    struct reader *reader;      /* NULL: it is not begun */
    struct page_walker *walker; /* NULL: no rows came */
    struct scrubber *scrubber;  /* NULL: nobody was erased */
    bool all_handed;            /* it is cleared up once that is committed */
    int64_t handed;             /* pages */
    int64_t total;              /* that its pages say; -1: nothing */
    bool total_moved;
    bool from_start;    /* its pages begin at the first */
    bool once_more;     /* it is being read once more */
    bool too_large;     /* of its failure: in one go it needs more than the whole budget */
    struct idset *seen; /* ids of its rows; NULL: they may come again */

    /* signs */
    atomic_bool committed; /* database: the last page is in the file */

    /* database */
    struct window *window;  /* the first share's; NULL: there is none */
    bool begun;             /* the ledger knows it: it goes on, or some of it is there */
    int64_t to_ms;          /* up to where */
    struct plan_facts plan; /* under which it counts */
    int64_t available_ms;   /* how far its pages say the data goes; TIME_NONE: not said */
    enum reading_outcome outcome;
    struct err error;
    bool waited; /* of READING_FAILED: the next run asks for it once more */
    struct load_counts counts;
    int64_t pages;
    double done; /* what is done of it, 0 to 1; 0 also where nothing says how much there is */
    int64_t total_hits; /* entities the answers said there are (a hint); 0: not said */
};

/* A message: news of a reading, or that requests are to be counted. */
struct page {
    struct page *next;         /* in the queue */
    struct reading *reading;   /* NULL: requests went out, or the network thread has ended */
    struct news *news;         /* owned; NULL without a reading */
    struct walked_page *rows;  /* of NEWS_PAGE */
    int64_t number;            /* of the page within its reading, from 0 */
    size_t share;              /* whose rows they are */
    bool over;                 /* the last message of its reading; without one, of all */
    struct load_counts counts; /* what its rows have changed */
};

struct pages;

/* What joins the two sides, for a client (borrowed) with `in_flight` requests on the wire at most:
 * of pages there is room up to LIMIT_QUEUE_BYTES, those being loaded included; they come without
 * what was `erased` (borrowed). The network thread, which is there from the first pages_pop on and
 * has the client from then on, fetches what is issued until that is said to be all, one reading
 * fails in a way that concerns all of them, or a stop is asked for; what went wrong goes with the
 * messages. Free with pages_free, once all messages are done (frees those not taken any more). */
struct pages *pages_new(struct client *client, size_t in_flight, const struct erasures *erased);
void pages_free(struct pages *q);

/* Before the first pages_pop: asks for what is issued as far as that makes nothing at the server,
 * while fewer than `most` requests are under way. What comes of it waits. */
void pages_ask_ahead(struct pages *q, size_t most);

/* A reading for the network thread, behind those issued before. */
void pages_issue(struct pages *q, struct reading *r);

/* No more readings will be issued; `give_up`: what is under way is dropped. */
void pages_close(struct pages *q, bool give_up);

/* The next message, which the caller gives back by pages_done; `waits`: for as long as it takes,
 * else NULL where there is none yet. */
struct page *pages_pop(struct pages *q, bool waits);

/* Frees a message, and its reading with its last one. */
void pages_done(struct pages *q, struct page *p);
