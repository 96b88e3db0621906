#include "run/budget.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "sql.h"

/* Ends requests once a budget is used up; the client may show it as long as there is a run. */
static const struct err *over_new(struct run *run, const char *what)
{
    struct err *over = arena_alloc(run->arena, sizeof(*over));

    err_set(over, ERR_RATE, "the budget of this %s", what);
    err_cause(over, CAUSE_LIMITS_BUDGET);
    return over;
}

/* Counts in the file what went out and may go next, and sets the client's limit by that. */
static bool renew(struct run *run, int64_t ahead, struct err *e)
{
    struct budget *b = &run->budget;
    int64_t month_most = run->config->max_requests_month;
    int64_t counted = client_counted(run->client);
    char month[MONTH_BYTES] = "";
    char next[CLOCK_DAY_BYTES] = "";
    int64_t room = INT64_MAX;
    struct rows q = db_ask(run->db, e, sql_run_month_used, T(run_now_ms(run)));

    if (db_next(&q)) {
        snprintf(month, sizeof(month), "%s", db_text(&q, 0));
        snprintf(next, sizeof(next), "%s", db_text(&q, 1));
        room = month_most > db_int(&q, 2) ? month_most - db_int(&q, 2) : 0;
        room = month_most > 0 ? room : INT64_MAX;
    }
    bool ok = db_end(&q);
    if (ok && b->month[0] != '\0' && !str_eq(b->month, month)) { /* it is another one by now */
        ok = db_do(run->db, e, sql_run_month, S(b->month), I(counted - b->kept));
        b->kept = counted;
    }
    memcpy(b->month, month, sizeof(month));
    int64_t wanted = counted + ahead - b->kept;
    int64_t more = wanted < room ? wanted : room;
    ok = ok && db_do(run->db, e, sql_run_month, S(month), I(more));
    b->kept += more;
    /* What may go before it is renewed; before the streams it is not. */
    int64_t most = b->live ? b->kept : b->kept + (room - more);
    if (month_most == 0 || b->most <= most) {
        client_limit(run->client, b->most, b->run_over);
    } else if (b->live && more == wanted) {
        client_limit(run->client, most, NULL);
    } else {
        const char *what =
            arena_printf(run->arena,
                         "month is used up: %lld requests by all runs of %s in UTC ([extract] "
                         "max_requests_month). What was read is kept; runs go on from %s on",
                         (long long)month_most, month, next);
        client_limit(run->client, most, over_new(run, what));
    }
    return ok;
}

bool budget_begin(struct run *run, struct err *e)
{
    struct budget *b = &run->budget;
    int most = run->request->max_requests;
    const char *key = most > 0 ? "--max-requests" : "[extract] max_requests";

    most = most > 0 ? most : run->config->max_requests;
    b->most = most > 0 ? most : INT64_MAX;
    b->run_over = over_new(
        run, arena_printf(
                 run->arena,
                 "run is used up: %d requests (%s). What was read is kept; the next run goes on "
                 "from there",
                 most, key));
    return budget_keep(run, NULL, 0, BUDGET_AHEAD, e);
}

bool budget_keep(struct run *run, const struct route_count *routes, size_t count, int64_t ahead,
                 struct err *e)
{
    bool ok = db_begin(run->db, e) && renew(run, ahead, e);

    if (ok) {
        ledger_run_routes(&run->ledger, routes, count);
    }
    return db_finish(run->db, ok, e);
}
