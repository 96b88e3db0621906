/*
 * The network side of a pipeline: asks the readings' pagers for requests, sends them by the one
 * client, and hands pages on in request order. Runs in its own thread; knows no database.
 */
#ifndef ROLLCALL_RUN_FETCH_H
#define ROLLCALL_RUN_FETCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "api/client.h"
#include "run/pages.h"
#include "run/reading.h"

struct fetch {
    struct client *client;
    struct pages *pages;
    struct reading *const *readings; /* in the order in which they are begun */
    size_t count;
    size_t at_once;        /* most readings under way */
    size_t in_flight;      /* most requests on the wire; also the reorder buffer of a reading */
    atomic_bool cancelled; /* set by the database side: end as soon as possible */
};

/* The network thread, for pthread_create; `fetch` is a struct fetch. Fetches until every reading
 * has ended, one fails in a way that concerns all of them, or a stop is asked for; then pushes
 * PAGE_FINAL. What went wrong goes with the messages; the result is NULL. */
void *fetch_all(void *fetch);

#endif
