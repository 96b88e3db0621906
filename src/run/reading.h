/*
 * A reading: one window of a stream, fetched once by one request plan. The network thread fetches
 * it page by page, the database thread loads and settles it; this struct is what they share.
 *
 * Invariants: the fields under "network" belong to the network thread while a pipeline runs, those
 * under "database" to the database thread; the atomics are the only two-way signs. Before and after
 * a pipeline the caller owns all of it.
 */
#ifndef ROLLCALL_RUN_READING_H
#define ROLLCALL_RUN_READING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/pager.h"
#include "base/arena.h"
#include "etl/ledger.h"
#include "etl/plan.h"
#include "streams/stream.h"

enum reading_outcome {
    READING_WAITING, /* not ended: the pipeline stopped before it (a signal, another reading's
                        trouble) */
    READING_DONE,
    READING_OVERFLOW, /* more rows than the plan's paging reaches; nothing is settled */
    READING_FAILED,   /* see error */
};

struct page;
struct ticket;

struct reading {
    const struct stream *stream;
    const struct request_plan *plan;
    const char *label; /* "conversations 2026-03-01 job" */
    int64_t from_ms;   /* TIME_NONE: a snapshot */
    int64_t to_ms;
    const char *const *ids; /* of id batches, in commit order */
    size_t id_count;
    int64_t row_limit;   /* most rows the paging reaches; 0: no limit */
    bool hits_overflow;  /* the hint of total hits over the limit is enough to give the paging up */
    struct arena *arena; /* its own, made when it is begun and freed with the pipeline */

    /* network */
    struct pager *pager;
    int net_state;
    size_t outstanding;      /* requests sent and not yet answered */
    int64_t asked;           /* requests sent so far by this pager */
    int64_t next_to_hand;    /* sequence number of the next page in order */
    struct page **reordered; /* pages answered before their turn, by sequence % in_flight */
    int64_t resubmits;
    struct ticket *tickets; /* all made */
    struct ticket *free_tickets;
    bool halts; /* its trouble is everybody's; read by the database side once it has failed */

    /* signs */
    atomic_bool committed; /* database: the last page is in the file */
    atomic_bool refused;   /* database: a page was refused, fetch no more */

    /* database */
    struct ledger_window *window;
    struct window_debt debt;        /* of day windows: what ending it settles */
    const struct plan_facts *facts; /* of day windows: under which facts */
    int64_t availability_ms;        /* as the job's pages say; TIME_NONE */
    enum reading_outcome outcome;
    struct err error;
    struct load_counts counts;
    int64_t pages;
    int64_t total_hits; /* entities the answers said there are (a hint); 0: not said */
};

/* A reading of `window` by `plan`, over [from_ms, to_ms) (TIME_NONE for snapshots); in the arena.
 */
struct reading *reading_new(struct arena *a, const struct stream *stream,
                            const struct request_plan *plan, struct ledger_window *window,
                            int64_t from_ms, int64_t to_ms);

/* Makes the pager, going on from the window's stored cursor when the reading under way is this one
 * (`fresh` ignores it: a lost job is submitted anew). */
void reading_make_pager(struct reading *r, bool fresh);

/* True when the window's reading under way is by this plan, so that its cursor holds. */
bool reading_resumes(const struct reading *r);

#endif
