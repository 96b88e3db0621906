/*
 * The network side of a run: asks the readings' pagers for requests, sends them by the one client,
 * walks the pages into rows and hands them on in request order. Runs in its own thread; knows no
 * database.
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
    size_t in_flight;      /* most requests on the wire; also the reorder buffer of a reading */
    atomic_bool cancelled; /* set by the database side: end as soon as possible */
};

/* The network thread, for pthread_create; `fetch` is a struct fetch. Fetches what is issued until
 * that is said to be all, one reading fails in a way that concerns all of them, or a stop is asked
 * for; then pushes PAGE_FINAL. What went wrong goes with the messages; the result is NULL. */
void *fetch_all(void *fetch);

#endif
