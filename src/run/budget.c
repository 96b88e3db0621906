#include "run/budget.h"

#include "sql.h"

/* Counts in the file what went out and may go next: what was counted ahead is given back, and taken
 * anew as far as the month has it. */
static bool renew(struct run *run, int64_t ahead, struct err *e)
{
    struct budget *b = &run->budget;
    int64_t counted = client_counted(run->client);
    int64_t limit = run->config->max_requests_month;
    int64_t before = b->now;

    if (b->month && !db_do(run->db, e, sql_run_month, S(b->month), I(counted - b->kept))) {
        return false;
    }
    struct rows q = db_ask(run->db, e, sql_run_month_room, T(run_now_ms(run)), I(limit));
    bool is_there = db_next(&q);
    if (is_there && !str_eq(b->month, db_text(&q, 0))) {
        b->month = db_kept(&q, 0, run->arena);
        b->month_over =
            arena_printf(run->arena,
                         "the budget of this month is used up: %lld requests by all runs of %s in "
                         "UTC ([extract] max_requests_month). What was read is kept; runs go on "
                         "from %s on",
                         (long long)limit, b->month, db_text(&q, 1));
    }
    int64_t room = is_there && limit > 0 ? db_int(&q, 2) : INT64_MAX;
    int64_t more = ahead < room ? ahead : room;
    b->kept = counted + more;
    if (!db_end(&q) || !db_do(run->db, e, sql_run_month, S(b->month), I(more))) {
        return false;
    }
    /* Before the streams nobody renews what may go by now. */
    bool is_run = room == INT64_MAX || b->most <= b->kept + (room - more);
    b->all = is_run ? b->most : b->kept + (room - more);
    b->now = b->live && room < INT64_MAX && b->kept < b->all ? b->kept : b->all;
    b->over = is_run ? b->run_over : b->month_over;
    /* No more than both before the commit and behind it may go. */
    client_limit(run->client, before < b->now ? before : b->now, b->all, b->over);
    return true;
}

bool budget_begin(struct run *run, struct err *e)
{
    struct budget *b = &run->budget;
    int most = run->request->max_requests;
    const char *key = most > 0 ? "--max-requests" : "[extract] max_requests";

    most = most > 0 ? most : run->config->max_requests;
    b->most = most > 0 ? most : INT64_MAX;
    b->binds = most > 0 || run->config->max_requests_month > 0;
    b->run_over = arena_printf(run->arena,
                               "the budget of this run is used up: %d requests (%s). What was read "
                               "is kept; the next run goes on from there",
                               most, key);
    return budget_keep(run, e);
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

bool budget_keep(struct run *run, struct err *e)
{
    const struct budget *b = &run->budget;
    bool kept = db_finish(run->db, db_begin(run->db, e) && budget_count(run, BUDGET_AHEAD, e), e);

    if (kept) {
        client_limit(run->client, b->now, b->all, b->over);
    }
    return kept;
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
