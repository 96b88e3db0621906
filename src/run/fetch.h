/*
 * The network side of a run, a thread: it asks for what the readings are owed, walks the pages into
 * rows and hands them on; and the two queues that join it to the database thread: readings one way,
 * messages the other. Knows no database.
 *
 * Invariants: messages of one reading come in its pages' request order; each reading that was
 * issued is ended by exactly one message (page.over), its last; the network thread waits for room
 * before it hands on another page, so at most one passes the limit; a message owns its rows and
 * bytes. Whatever the database thread does here wakes the network thread.
 */
#ifndef ROLLCALL_RUN_FETCH_H
#define ROLLCALL_RUN_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/reader.h"
#include "etl/ledger.h"
#include "etl/walk.h"
#include "run/reading.h"

/* A message: news of a reading. */
struct page {
    struct page *next;
    struct reading *reading;  /* NULL: the network thread has ended, nothing follows */
    struct news *news;        /* owned; NULL of the end */
    struct walked_page *rows; /* of NEWS_PAGE */
    int64_t number;           /* of the page within its reading, from 0 */
    bool over;                /* the last message of its reading */
    struct run_totals totals; /* requests, retries and bytes so far */
};

struct pages;

/* Empty queues for a client (borrowed) with `in_flight` requests on the wire at most; of pages
 * there is room up to `max_bytes`, those being loaded included. Free with pages_free, once all
 * messages are done (frees readings that the network thread did not take any more). */
struct pages *pages_new(struct client *client, size_t in_flight, size_t max_bytes);
void pages_free(struct pages *q);

/* A reading for the network thread, behind those issued before. */
void pages_issue(struct pages *q, struct reading *r);

/* No more readings will be issued; `give_up`: what is under way is dropped. */
void pages_close(struct pages *q, bool give_up);

/* The next message, waiting for it as long as it takes; with `more_of` only one that is there
 * already and brings further rows of that reading, else NULL. The caller gives it back by
 * pages_done. */
struct page *pages_pop(struct pages *q, const struct reading *more_of);

/* Frees a message, and its reading with the last one. */
void pages_done(struct pages *q, struct page *p);

/* The network thread, for pthread_create; `pages` is a struct pages. Fetches what is issued until
 * that is said to be all, one reading fails in a way that concerns all of them, or a stop is asked
 * for. What went wrong goes with the messages; the result is NULL. */
void *fetch_all(void *pages);

#endif
