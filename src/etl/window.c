#include "etl/window.h"

#include "base/log.h"
#include "sql.h"

/* How far a stored time may lie ahead of the server's now: clocks of several hosts differ. */
#define TRUSTED_AHEAD_MS MS_PER_MINUTE

/* --- making ---------------------------------------------------------------------------------- */

/* Where a day of the grid begins. */
static int64_t start_of(const struct window_kind *k, int64_t day)
{
    return k->grid == GRID_UTC_DAY ? day * MS_PER_DAY : clock_zone_day_start_ms((int32_t)day);
}

/* Lists the days of a zone (NULL: the process's own, or none) in temp.listed_day. Windows of
 * several days begin at the same days whatever `from_ms` is, so that none overlaps. */
static bool list_days(const struct ledger *l, const struct window_kind *k, const char *zone,
                      int64_t from_ms, int64_t until_ms, struct err *e)
{
    int days = k->span_days > 0 ? k->span_days : 1;
    int64_t day = k->grid == GRID_UTC_DAY ? from_ms / MS_PER_DAY : clock_zone_day(from_ms);
    bool ok = true;

    day -= day % days;
    for (int64_t start_ms = start_of(k, day); ok && start_ms < until_ms;) {
        day += days;
        int64_t end_ms = start_of(k, day);
        /* A zone may have skipped a day. */
        ok =
            end_ms == start_ms || db_do(l->db, e, "INSERT INTO temp.listed_day VALUES (?1, ?2, ?3)",
                                        S(zone), T(start_ms), T(end_ms));
        start_ms = end_ms;
    }
    return ok;
}

/* Fills temp.listed_scope; a window of all has the scope ''. */
static bool list_scopes(const struct ledger *l, const struct window_kind *k, struct err *e)
{
    if (!db_exec(l->db, sql_window_scopes, e)) {
        return false;
    }
    struct rows q = db_ask(l->db, e, k->scope_sql ? k->scope_sql : "SELECT NULL", NONE);
    while (db_next(&q)) {
        const char *zone = db_column_count(&q) > 1 ? db_text(&q, 1) : NULL;
        const char *parent = db_column_count(&q) > 2 ? db_text(&q, 2) : NULL;

        zone = k->grid != GRID_SCOPE_DAY ? NULL : zone ? zone : k->zone;
        q.ok = db_do(l->db, e,
                     "INSERT OR IGNORE INTO temp.listed_scope VALUES (ifnull(?1, ''), ?2, ?3)",
                     S(db_text(&q, 0)), S(zone), S(parent));
    }
    return db_end(&q);
}

bool window_make(const struct ledger *l, const struct window_kind *k, int64_t from_ms,
                 int64_t until_ms, struct err *trouble, struct err *e)
{
    bool is_moment = k->grid == GRID_MOMENT;
    bool has_whole = false;

    if (!list_scopes(l, k, e) || !db_begin(l->db, e)) {
        return false;
    }
    struct rows q =
        db_ask(l->db, e, "SELECT zone, min(scope) FROM temp.listed_scope GROUP BY zone", NONE);
    while (!is_moment && db_next(&q)) {
        const char *zone = db_text(&q, 0);
        struct err unknown;

        if (!zone) {
            q.ok = list_days(l, k, zone, from_ms, until_ms, e);
        } else if (clock_enter_zone(zone, &unknown)) {
            q.ok = list_days(l, k, zone, from_ms, until_ms, e);
            clock_leave_zone();
        } else if (trouble->kind == ERR_NONE) {
            *trouble = unknown;
            trouble->kind = ERR_CONTRACT;
            err_prefix(trouble, "%s %s", k->stream, db_text(&q, 1));
        }
    }
    for (size_t p = 0; p < k->rule_count; p++) {
        has_whole = has_whole || k->rules[p]->whole;
    }
    bool made = db_end(&q) && db_do(l->db, e, sql_window_rezone, S(k->stream)) &&
                db_do(l->db, e, sql_window_add, S(k->stream), N(l->run_id), I(is_moment),
                      I(has_whole && !is_moment)) &&
                db_do(l->db, e, sql_window_settle_unlisted, S(k->stream)) &&
                db_do(l->db, e, sql_window_drop_unlisted, S(k->stream));
    if (made && k->asked) {
        made = db_do(l->db, e, sql_window_unclaim, S(k->stream), T(from_ms), T(k->asked->to_ms),
                     T(k->asked->from_ms)) &&
               db_do(l->db, e, sql_window_gone, S(k->stream), T(from_ms), T(k->asked->from_ms));
    }
    return db_finish(l->db, made, e);
}

/* --- reading --------------------------------------------------------------------------------- */

static bool read_window(const struct rows *q, const struct window_kind *k, struct arena *a,
                        struct window *w, struct err *e)
{
    *w = (struct window){.window_id = db_int(q, 0),
                         .scope = db_kept(q, 1, a),
                         .zone = db_kept(q, 19, a),
                         .parent = db_kept(q, 20, a),
                         .span = {.start_ms = db_time(q, 2),
                                  .end_ms = db_time(q, 3),
                                  .state = (enum window_state)db_int(q, 4),
                                  .no_looks = db_int(q, 6) == 0,
                                  .again = db_int(q, 24) != 0,
                                  .needed_ms = k->needs ? db_time(q, 21) : 0},
                         .failures = db_int(q, 5),
                         .troubled = db_int(q, 22) != 0};
    for (size_t p = 0; p < PASSES_MAX; p++) {
        w->span.pass[p] = (struct pass_coverage){TIME_NONE, TIME_NONE};
        w->now[p] = (struct cursor){.pass = p < k->rule_count ? k->rules[p]->name : NULL,
                                    .target_to_ms = TIME_NONE,
                                    .page = 1,
                                    .page_size = -1,
                                    .page_ms = TIME_NONE};
    }
    bool is_ours =
        db_int(q, 4) >= 0 && (w->span.start_ms == TIME_NONE) == (w->span.end_ms == TIME_NONE);
    return is_ours || err_set(e, ERR_STORE,
                              "%s: window %lld of table extract_window holds what rollcall never "
                              "wrote there; restore the file from a copy",
                              db_path(q->db), (long long)w->window_id);
}

/* A pass that the stream has no longer is left alone. */
static void read_pass(const struct rows *q, const struct window_kind *k, struct arena *a,
                      struct window *w)
{
    size_t p = 0;

    while (p < k->rule_count && !str_eq(k->rules[p]->name, db_text(q, 7))) {
        p++;
    }
    if (p == k->rule_count) {
        return;
    }
    w->span.pass[p] = (struct pass_coverage){db_time(q, 8), db_time(q, 9)};
    w->now[p] = (struct cursor){.pass = k->rules[p]->name,
                                .target_to_ms = db_time(q, 10),
                                .begun_ms = db_time(q, 11),
                                .token = db_kept(q, 12, a),
                                .waited = db_int(q, 13) != 0,
                                .at = db_kept(q, 14, a),
                                .page = db_int(q, 15),
                                .page_size = db_int(q, 16),
                                .page_ms = db_time(q, 17),
                                .grant_set_id = db_int(q, 25)};
}

bool window_list(const struct ledger *l, const struct window_kind *k, int64_t since_ms,
                 const char *settles, struct windows *out, struct err *e)
{
    const struct window_range *in = &out->range;

    out->list = NULL;
    out->count = 0;
    if (!list_scopes(l, k, e)) {
        return false;
    }
    struct rows q =
        db_ask(l->db, e, sql_window_list, S(k->stream), T(since_ms), S(settles), S(k->needs),
               T(in->from_ms), T(in->to_ms ? in->to_ms : TIME_NONE), I(in->order));
    while (db_next(&q)) {
        struct window *w = out->count > 0 ? &out->list[out->count - 1] : NULL;

        if (!w) { /* room for as many as there are rows */
            out->list = arena_array(out->arena, (size_t)db_int(&q, 23), sizeof(*w));
        }
        if (!w || w->window_id != db_int(&q, 0)) {
            w = &out->list[out->count++];
            q.ok = read_window(&q, k, out->arena, w, e);
        }
        read_pass(&q, k, out->arena, w);
    }
    return db_end(&q);
}

bool window_refresh(const struct ledger *l, const struct window_kind *k, struct arena *a,
                    struct window *w, struct err *e)
{
    struct window now = *w;
    bool is_there = false;
    struct rows q = db_ask(l->db, e, sql_window_one, I(w->window_id), S(k->needs));

    for (; db_next(&q); is_there = true) {
        q.ok = is_there || read_window(&q, k, a, &now, e);
        read_pass(&q, k, a, &now);
    }
    w->span = now.span;
    w->failures = now.failures;
    if (!is_there) { /* another run has dropped it: it owes nothing any more */
        w->span.end_ms = w->span.start_ms;
    }
    for (size_t p = 0; p < PASSES_MAX; p++) {
        w->now[p] = (w->cleared & 1U << p) != 0 ? w->now[p] : now.now[p];
    }
    return db_end(&q);
}

bool window_ever_read(const struct ledger *l, const char *stream, int64_t *ever, struct err *e)
{
    return db_number(db_ask(l->db, e, sql_window_ever_read, S(stream)), ever);
}

bool window_distrust(const struct ledger *l, int64_t now_ms, struct err *e)
{
    int64_t limit_ms = now_ms + TRUSTED_AHEAD_MS;
    int64_t rows = 0;
    bool done = db_begin(l->db, e) && db_do(l->db, e, sql_window_reopen_ahead, T(limit_ms));
    int64_t count = done ? db_changes(l->db) : 0;

    done = done && db_do(l->db, e, sql_window_forget_ahead, T(limit_ms)) &&
           observe_distrust(l->db, limit_ms, &rows, e);
    if (count + rows > 0) {
        LOG(LOG_WARN, "read at a time that has not come: read again", LOG_N("windows", count),
            LOG_N("observations", rows));
    }
    return db_finish(l->db, done, e);
}

/* --- a reading ------------------------------------------------------------------------------- */

bool window_token(const struct ledger *l, struct window *w, size_t p, const char *token,
                  struct err *e)
{
    w->now[p].token = token;
    return db_do(l->db, e, sql_window_token, I(w->window_id), S(w->now[p].pass), S(token));
}

bool window_page(const struct ledger *l, const struct window *w, size_t p,
                 const struct cursor *next, const struct window_counts *counts, struct err *e)
{
    return db_do(l->db, e, sql_window_page, I(w->window_id), S(w->now[p].pass), S(next->at),
                 I(next->page), N(next->page_size), T(clock_now_ms()), I(counts->pages),
                 I(counts->rows), I(counts->total_hits));
}

bool window_end(const struct ledger *l, const struct window *w, size_t p, struct err *e)
{
    /* Passes behind it have lost their coverage where this one's answer replaces theirs. */
    for (size_t i = p; i < PASSES_MAX && w->now[i].pass; i++) {
        const struct pass_coverage *c = &w->span.pass[i];

        if (!db_do(l->db, e, sql_window_covered, I(w->window_id), S(w->now[i].pass),
                   T(c->covered_to_ms), T(c->read_ms), I(i == p))) {
            return false;
        }
    }
    return db_do(l->db, e, sql_window_read, I(w->window_id), I(w->span.state),
                 T(plan_covered(&w->span)), N(l->run_id), S(w->now[p].pass),
                 I(w->span.again && w->span.state != WINDOW_OPEN));
}

bool window_fail(const struct ledger *l, const struct window *w, size_t p, const struct err *cause,
                 enum window_failure how, struct err *e)
{
    bool done =
        db_begin(l->db, e) &&
        (!cause || db_do(l->db, e, sql_window_failed, I(w->window_id), S(cause->message),
                         S(err_facts[cause->kind].name), T(clock_now_ms()), N(l->run_id))) &&
        db_do(l->db, e, sql_window_failed_pass, I(w->window_id), S(w->now[p].pass),
              I(how == WINDOW_ABANDON), I(how == WINDOW_WAITED));
    return db_finish(l->db, done, e);
}
