/*
 * The two queues that join the network thread to the database thread: readings one way, pages the
 * other.
 *
 * Invariants: messages of one reading come in its pages' request order; pages_push never blocks
 * (the network thread asks pages_room before it takes another answer, so at most one page passes
 * the limit); a message owns its rows and bytes.
 */
#ifndef ROLLCALL_RUN_PAGES_H
#define ROLLCALL_RUN_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/pager.h"
#include "etl/ledger.h"
#include "etl/walk.h"
#include "run/reading.h"

enum page_kind {
    PAGE_ROWS,       /* rows to load; `last`: the reading is whole with it */
    PAGE_END,        /* the reading is whole; no rows */
    PAGE_TOKEN,      /* facts.token: what the server calls the reading */
    PAGE_ANEW,       /* the reading begins anew (its job was lost, or its pages did not add up) */
    PAGE_REFUSED_ID, /* id: refused by the server, also alone; the reading goes on without it */
    PAGE_CLEANED,    /* nothing of the reading is left at the server */
    PAGE_OVERFLOW,
    PAGE_FAILED,  /* error */
    PAGE_DROPPED, /* the reading was not begun, or given up as it was asked to be */
    PAGE_TROUBLE, /* of the network thread's own: a request whose turn is awaited */
    PAGE_FINAL,   /* the network thread has ended */
};

struct page {
    struct page *next;
    enum page_kind kind;
    struct reading *reading;
    bool last;      /* of its reading's rows */
    bool over;      /* the last message of its reading */
    int64_t number; /* of the page within its reading, from 0 */
    struct walked_page *rows;
    struct json_doc *document; /* while it waits for its turn */
    char *raw;
    size_t raw_length;
    bool raw_gzip;
    int64_t received_ms;
    char *path; /* of the request; owned */
    char *id;   /* of PAGE_REFUSED_ID; owned */
    struct pager_page facts;
    bool waited; /* of PAGE_FAILED: the job outlasted the wait */
    bool halts;  /* of PAGE_FAILED: everything else would meet the same trouble */
    struct err error;
    struct run_totals totals; /* requests, retries and bytes so far */
};

struct pages;

/* Empty queues; of pages there is room up to `max_bytes`, those being loaded included. Free with
 * pages_free (frees what is left in it). */
struct pages *pages_new(size_t max_bytes);
void pages_free(struct pages *q);

/* A zeroed message; page_free frees it with its rows and bytes. */
struct page *page_new(enum page_kind kind, struct reading *reading);
void page_free(struct page *p);

/* Parses the raw bytes of a page whose document was let go, and finds its rows again in it. */
void page_parse(struct page *p);

/* A reading for the network thread, behind those issued before. */
void pages_issue(struct pages *q, struct reading *r);

/* The readings issued since, in their order; NULL: none. */
struct reading *pages_issued(struct pages *q);

/* No more readings will be issued; whether that was said. */
void pages_close(struct pages *q);
bool pages_closed(struct pages *q);

/* True while less than the limit is pushed and not yet done; always when nothing is. */
bool pages_room(struct pages *q);

/* Appends; takes ownership. */
void pages_push(struct pages *q, struct page *p);

/* The next message, waiting for it as long as it takes. The caller gives it back by pages_done. */
struct page *pages_pop(struct pages *q);

/* The next message, if there is one already and it brings further rows of `r`; else NULL. */
struct page *pages_pop_more(struct pages *q, const struct reading *r);

/* Frees a message. True when there is room again that pages_room had denied: time to wake the
 * network thread. */
bool pages_done(struct pages *q, struct page *p);

#endif
