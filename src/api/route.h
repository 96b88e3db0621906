/*
 * Routes: a request's path with its ids replaced by {id}, and what was counted on each.
 *
 * Invariants: a route holds no query string and no id; the number of routes is limited, what comes
 * beyond counts under "other".
 */
#ifndef ROLLCALL_API_ROUTE_H
#define ROLLCALL_API_ROUTE_H

#include <stddef.h>
#include <stdint.h>

enum { ROUTE_BYTES = 120 };

/* Counters of one route, for the ledger. */
struct route_count {
    char method[8];
    char route[ROUTE_BYTES];
    int64_t requests; /* on the wire, retries included */
    int64_t retries;
    int64_t status_429;
    int64_t status_5xx;
    int64_t bytes; /* received, as sent */
};

struct routes {
    struct route_count *counts;
    size_t count;
};

/* Writes the route of `path` ("/api/v2/.../jobs/<id>/results?...") into `out` (ROUTE_BYTES): UUIDs
 * and what follows a "jobs" segment (save "availability") become {id}. */
void route_of(const char *path, char *out);

/* The index of the counters for `method` and the route of `path`, made when new. */
size_t routes_find(struct routes *r, const char *method, const char *path);

/* Frees the counters; *r is empty and usable again. */
void routes_free(struct routes *r);

#endif
