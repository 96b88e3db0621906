/*
 * Planning: pure functions over windows and instants. What is owed, and up to where. No database,
 * no HTTP.
 *
 * Windows of a stream tile time from its start with no gap and no overlap: UTC days. A window knows
 * how far jobs (`job_complete_to`) and queries (`query_complete_to`) have covered it.
 */
#ifndef ROLLCALL_ETL_PLAN_H
#define ROLLCALL_ETL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "io/config.h"

enum window_state { WINDOW_OPEN, WINDOW_PROVISIONAL, WINDOW_SETTLED };

/* A stored window. */
struct window {
    int64_t window_id;
    int64_t start_ms;
    int64_t end_ms; /* exclusive */
    enum window_state state;
    int64_t complete_to_ms;       /* TIME_NONE: nothing read yet */
    int64_t job_complete_to_ms;   /* TIME_NONE: no job yet */
    int64_t query_complete_to_ms; /* TIME_NONE: no query yet */
    int64_t last_read_at_ms;      /* when the last complete reading counts as made; TIME_NONE */
};

struct plan_facts {
    int64_t until_ms;        /* the run's TIME */
    int64_t availability_ms; /* data availability date; TIME_NONE: not asked */
    enum conversations_method method;
    int lookback_days;
    int reread_hours;
};

/* What a window owes now; TIME_NONE: not owed. */
struct window_debt {
    int64_t job_to_ms;   /* a job over [start, job_to) */
    int64_t query_to_ms; /* the query of the UTC day, up to query_to */
};

/* Whether the plan needs the data availability date for this window at all. */
bool plan_needs_availability(const struct window *w, const struct plan_facts *f);

/* What `w` owes under `f`.
 *  - Never anything past the run's TIME, nor a job past the availability date; an availability date
 *    of TIME_NONE stands for "before everything".
 *  - A job (auto, job) is owed when it has not covered what is available. The query is owed for the
 *    hours after it (auto) or for all (query), and after every job, whose answer is older.
 *  - A finished window that is not settled is owed one reading more when the last is reread_hours
 *    old (by plan_settle's time); so is a settled one that a longer lookback has taken in again. */
struct window_debt plan_debt(const struct window *w, const struct plan_facts *f);

/* State and coverage of a window after a reading with these debts was finished. It counts as made
 * at f->until_ms, but with auto and job at most a day after the availability date (where that is
 * known), so that a TIME in the future settles nothing that can still change. Debts done one by one
 * settle like those done at once, the job first. A job's answer is older than the query's and may
 * have replaced it, so a job makes query_complete_to TIME_NONE and complete_to what the job
 * covered; otherwise coverage never shrinks. Finished means: a job covered the window to its end,
 * or, with the method query, a query did; finished and read after the lookback means settled.
 */
void plan_settle(struct window *w, const struct window_debt *done, const struct plan_facts *f);

#endif
