#include "run/budget.h"

#include "api/client.h"
#include "base/str.h"
#include "sql.h"

/* What ends requests once a budget is used up; the client may show it as long as there is a run. */
static const struct err *over_new(struct run *run, const char *what)
{
    struct err *over = arena_alloc(run->arena, sizeof(*over));

    err_because(over, ERR_RATE, CAUSE_LIMITS_BUDGET, "the budget of this %s", what);
    return over;
}

/* Counts in the file what went out and may go next, and sets the client's limit by that. */
static bool renew(struct run *run, int64_t ahead, struct err *e)
{
    struct budget *b = &run->budget;
    int64_t counted = client_counted(run->client);
    int64_t limit = run->config->max_requests_month;
    struct rows q = db_ask(run->db, e, sql_run_month_room, T(run_now_ms(run)), I(limit));
    bool ok = db_next(&q);
    const char *month = ok ? db_kept(&q, 0, run->arena) : b->month;
    int64_t room = ok && limit > 0 ? db_int(&q, 2) : INT64_MAX;
    bool is_other = !str_eq(b->month, month);

    if (is_other) {
        b->month_over = over_new(
            run, arena_printf(run->arena,
                              "month is used up: %lld requests by all runs of %s in UTC ([extract] "
                              "max_requests_month). What was read is kept; runs go on from %s on",
                              (long long)limit, month, db_text(&q, 1)));
    }
    ok = db_end(&q);
    if (ok && is_other && b->month) {
        ok = db_do(run->db, e, sql_run_month, S(b->month), I(counted - b->kept));
        b->kept = counted;
    }
    b->month = month;
    int64_t wanted = counted + ahead - b->kept;
    int64_t more = wanted < room ? wanted : room;
    ok = ok && db_do(run->db, e, sql_run_month, S(month), I(more));
    b->kept += more;
    /* Before the streams nobody renews what may go by now. */
    bool is_run = room == INT64_MAX || b->most <= b->kept + (room - more);
    int64_t all = is_run ? b->most : b->kept + (room - more);
    int64_t most = b->live && room < INT64_MAX && b->kept < all ? b->kept : all;
    client_limit(run->client, most, all, is_run ? b->run_over : b->month_over);
    return ok;
}

bool budget_begin(struct run *run, struct err *e)
{
    struct budget *b = &run->budget;
    int most = run->request->max_requests;
    const char *key = most > 0 ? "--max-requests" : "[extract] max_requests";

    most = most > 0 ? most : run->config->max_requests;
    b->most = most > 0 ? most : INT64_MAX;
    b->binds = most > 0 || run->config->max_requests_month > 0;
    b->run_over = over_new(
        run, arena_printf(
                 run->arena,
                 "run is used up: %d requests (%s). What was read is kept; the next run goes on "
                 "from there",
                 most, key));
    return budget_keep(run, BUDGET_AHEAD, e);
}

void budget_sum(struct run *run)
{
    struct run_totals *t = &run->result->totals;
    size_t count;
    const struct route_count *r = client_counts(run->client, &count);

    t->requests = t->retries = t->bytes = 0;
    for (; count > 0; r++, count--) {
        t->requests += r->requests;
        t->retries += r->retries;
        t->bytes += r->bytes;
    }
}

bool budget_keep(struct run *run, int64_t ahead, struct err *e)
{
    return db_finish(run->db, db_begin(run->db, e) && budget_count(run, ahead, e), e);
}

bool budget_count(struct run *run, int64_t ahead, struct err *e)
{
    size_t count;
    const struct route_count *r = client_counts(run->client, &count);
    bool ok = renew(run, ahead, e);

    for (; ok && count > 0; r++, count--) {
        ok = db_do(run->db, e, sql_run_route, I(run->ledger.run_id), S(r->method), S(r->route),
                   I(r->requests), I(r->retries), I(r->status_429), I(r->status_5xx), I(r->bytes));
    }
    return ok;
}
