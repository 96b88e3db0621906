/*
 * The ledger: what has been read, what is owed, and what happened; the only code that writes the
 * ledger's tables, but for what the loader counts in its pages.
 *
 * Invariants: a reading's cursor moves only in the transaction that commits the page's rows; a
 * window's stored plan survives a crash and is finished first; times are ISO texts in the file and
 * milliseconds here. Every window written bears the run begun last (updated_run_id), and
 * what is written of a run is that one's. What is written outside a transaction of the caller's is
 * one by itself.
 */
#ifndef ROLLCALL_ETL_LEDGER_H
#define ROLLCALL_ETL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "etl/load.h"
#include "etl/plan.h"
#include "io/db.h"

enum window_kind { WINDOW_DAY, WINDOW_SNAPSHOT, WINDOW_REREAD };

/* A window with its stored plan and the reading under way. */
struct ledger_window {
    struct window window;
    enum window_kind kind;
    /* the stored plan: what is still owed of it */
    int64_t pending_time_ms;     /* planning time; TIME_NONE: nothing is owed */
    int64_t pending_job_to_ms;   /* TIME_NONE: no job owed */
    int64_t pending_query_to_ms; /* TIME_NONE: no query owed */
    /* the reading under way */
    const char *reading_plan; /* name of the request plan; NULL: none */
    const char *job_id;       /* NULL: none */
    const char *job_cursor;
    int64_t job_resubmits;
    int64_t next_page; /* 1 at first */
    const char *last_id;
};

struct ledger;

/* A ledger on `d` (borrowed). Free with ledger_free. */
struct ledger *ledger_new(struct db *d);
void ledger_free(struct ledger *l);

/* --- runs --- */

/* Inserts the run's row in a transaction of its own; its id. `streams` is a JSON array. 0 on
 * failure. */
int64_t ledger_run_begin(struct ledger *l, const char *command, int64_t until_ms,
                         const char *streams, struct err *e);

struct run_totals {
    int64_t requests;
    int64_t retries;
    int64_t bytes;
    int64_t pages;
    struct load_counts rows;
    /* known at the end */
    int64_t streams_done;
    int64_t streams_left;
    int64_t days_whole; /* business days of its streams */
};

/* Updates the run's counters; part of a page's transaction. */
bool ledger_run_progress(struct ledger *l, const struct run_totals *totals, struct err *e);

/* Ends the run: exit code, name and error text (NULL: none), counters; a transaction of its own. */
bool ledger_run_end(struct ledger *l, const struct run_totals *totals, enum err_kind kind,
                    const char *error, struct err *e);

/* Business days of a stream that are whole. */
bool ledger_days_whole(struct ledger *l, const char *stream, int64_t *days, struct err *e);

/* A route's request counters, of the whole run. */
struct ledger_route {
    const char *method;
    const char *route;
    int64_t requests;
    int64_t retries;
    int64_t status_429;
    int64_t status_5xx;
    int64_t bytes;
};
/* Stores one route's counters (in place of those stored before). Part of the caller's transaction.
 */
bool ledger_route(struct ledger *l, const struct ledger_route *r, struct err *e);

/* --- windows --- */

/* Makes the day windows of `stream` that begin before `until_ms`, the first at `first_ms` (a UTC
 * day's start), where missing (in a transaction of its own). They tile time: each a day. */
bool ledger_make_days(struct ledger *l, const char *stream, int64_t first_ms, int64_t until_ms,
                      struct err *e);

/* The one window of `kind` (snapshot, reread) of a stream, made when absent. */
bool ledger_single_window(struct ledger *l, const char *stream, enum window_kind kind,
                          struct arena *a, struct ledger_window *out, struct err *e);

/* All day windows of a stream by start, in the arena. */
bool ledger_days(struct ledger *l, const char *stream, struct arena *a, struct ledger_window **out,
                 size_t *count, struct err *e);

/* Stores what a window owes and the state it has under it, and that its reading by the request plan
 * `plan` begins. Part of the caller's transaction. */
bool ledger_plan(struct ledger *l, const struct ledger_window *w, const char *plan, struct err *e);

/* The reading begins anew, `resubmits` counted: plan name, no cursor, no job. As ledger_plan. */
bool ledger_reading_begin(struct ledger *l, int64_t window_id, const char *plan, int64_t resubmits,
                          struct err *e);

/* A job was submitted: its id is kept before anything follows. As ledger_plan. */
bool ledger_job(struct ledger *l, int64_t window_id, const char *job_id, struct err *e);

/* Where a reading goes on after a page. */
struct ledger_page {
    int64_t window_id;
    const char *job_cursor; /* NULL: none */
    int64_t next_page;
    const char *last_id; /* NULL: none */
    int64_t rows_read;
    int64_t total_hits; /* -1: not said */
};
/* A page was loaded: moves the cursor. Part of the page's transaction. */
bool ledger_page(struct ledger *l, const struct ledger_page *p, struct err *e);

/* A reading is whole: writes the window's coverage and state (from w->window), and ends the plan
 * and the reading under way. The job's id stays until ledger_job_deleted: an id without a reading
 * is a job to delete. Part of the last page's transaction. */
bool ledger_reading_end(struct ledger *l, const struct ledger_window *w, struct err *e);

/* The server's job is deleted (or gone). As ledger_plan. */
bool ledger_job_deleted(struct ledger *l, int64_t window_id, struct err *e);

/* A window stopped with an error; kept beside its cursor, cleared by the next ledger_reading_end. A
 * transaction of its own. */
bool ledger_window_error(struct ledger *l, int64_t window_id, const struct err *cause,
                         struct err *e);

/* A page as it was received. */
struct ledger_raw {
    int64_t window_id;
    int64_t run_id;
    const char *plan;
    int64_t page_no;
    int64_t received_ms;
    const char *path;
    bool gzip;
    const void *bytes;
    size_t length;
    int64_t row_count;
};
/* Keeps the raw bytes of a page that changed a row. Part of the page's transaction. */
bool ledger_raw_page(struct ledger *l, const struct ledger_raw *r, struct err *e);

/* --- facts --- */

/* Fills zone_offset for the business zone (libc's; `zone` is its name), whole business days from
 * that of `from_ms` to that of `to_ms` and those stored before; replaces all when the zone's rules
 * or name changed. A transaction of its own, written only when something is missing. */
bool ledger_zone(struct db *d, const char *zone, int64_t from_ms, int64_t to_ms, struct err *e);

/* The request plan a stream's source was found to be (arena text, NULL: not known yet), and
 * remembering it. */
bool ledger_source(struct ledger *l, const char *stream, struct arena *a, const char **plan,
                   struct err *e);
bool ledger_remember_source(struct ledger *l, const char *stream, const char *plan, struct err *e);

/* Ids for id batches, sorted. */
struct ledger_ids {
    const char *const *ids;
    size_t count;
};
/* Open conversations: no end, started at or after `since_ms`, id over `after` (NULL: all), save
 * those of days that the query has read in the run begun last: these are as new as can be. In the
 * arena. */
bool ledger_open_conversations(struct ledger *l, int64_t since_ms, const char *after,
                               struct arena *a, struct ledger_ids *out, struct err *e);
/* Users that are not deleted, in the arena. */
bool ledger_user_ids(struct ledger *l, struct arena *a, struct ledger_ids *out, struct err *e);

#endif
