#include "run/budget.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "run/night.h"
#include "sql.h"

/* What ends requests once a budget is used up; the client may show it as long as there is a run. */
static const struct err *over_new(struct run *run, const char *what)
{
    struct err *over = arena_alloc(run->arena, sizeof(*over));

    err_set(over, ERR_RATE, "the budget of this %s", what);
    err_cause(over, CAUSE_LIMITS_BUDGET);
    return over;
}

/* The month by the clock, and how many requests the file leaves of it. */
static bool see_month(struct run *run, char *month, int64_t *room, struct err *e)
{
    struct budget *b = &run->budget;
    int64_t most = run->config->max_requests_month;
    struct rows q = db_ask(run->db, e, sql_run_month_used, T(run_now_ms(run)));

    *room = INT64_MAX;
    if (db_next(&q)) {
        snprintf(month, MONTH_BYTES, "%s", db_text(&q, 0));
        *room = most == 0 ? INT64_MAX : most > db_int(&q, 2) ? most - db_int(&q, 2) : 0;
    }
    if (!str_eq(b->month, month)) {
        b->month_over = over_new(
            run, arena_printf(run->arena,
                              "month is used up: %lld requests by all runs of %s in UTC ([extract] "
                              "max_requests_month). What was read is kept; runs go on from %s on",
                              (long long)most, month, db_text(&q, 1)));
    }
    return db_end(&q);
}

/* Counts in the file what went out and may go next, and sets the client's limit by that. */
static bool renew(struct run *run, int64_t ahead, struct err *e)
{
    struct budget *b = &run->budget;
    int64_t counted = client_counted(run->client);
    char month[MONTH_BYTES] = "";
    int64_t room;
    bool ok = see_month(run, month, &room, e);

    if (ok && b->month[0] != '\0' && !str_eq(b->month, month)) { /* it is another one by now */
        ok = db_do(run->db, e, sql_run_month, S(b->month), I(counted - b->kept));
        b->kept = counted;
    }
    memcpy(b->month, month, sizeof(month));
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

/* --- who comes first ------------------------------------------------------------------------- */

/* Takes the first by its turn out of `rest`, of those that wait for nothing there. */
static struct night *take_first(struct night **rest)
{
    struct night **best = NULL;

    for (struct night **at = rest; *at; at = &(*at)->next) {
        const struct night *needs = (*at)->needs;
        bool waits = needs && !needs->placed && !(needs->was_read && stream_is_list(needs->stream));

        best = !waits && (!best || strcmp((*at)->turn, (*best)->turn) < 0) ? at : best;
    }
    INVARIANT(best); /* a stream comes after the one it needs, so one waits for nothing */
    struct night *n = *best;
    *best = n->next;
    /* The names that are stored must do where that list's turn is later. */
    n->needs = n->needs && n->needs->placed ? n->needs : NULL;
    n->placed = true;
    return n;
}

bool budget_order(struct run *run, struct err *e)
{
    struct night *rest = run->nights;
    struct night **end = &run->nights;
    bool ok = true;

    if (!run->budget.binds) {
        return true;
    }
    for (struct night *n = rest; ok && n; n = n->next) {
        struct rows q = db_ask(run->db, e, sql_window_turn, S(n->stream->name));

        n->turn = db_next(&q) ? db_kept(&q, 0, run->arena) : "";
        n->was_read = n->turn[0] != '\0' && db_int(&q, 1) != 0;
        ok = db_end(&q);
    }
    while (ok && rest) {
        *end = take_first(&rest);
        end = &(*end)->next;
    }
    *end = ok ? NULL : *end;
    return ok;
}
