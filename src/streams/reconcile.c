#include "streams/reconcile.h"

#include "base/limits.h"
#include "base/stop.h"
#include "sql.h"
#include "streams/stream.h"

/* The metrics that the API is asked for on a scope's other side; NULL: it is not asked by name. */
static const char *asked(const struct reconciliation *r, const char *scope)
{
    return str_eq(scope, "queue")   ? stream_list(&stream_conversation_aggregate, r->config)
           : str_eq(scope, "agent") ? stream_list(&stream_user_aggregate, r->config)
                                    : NULL;
}

/* Compares a day. Part of the caller's transaction. */
static bool take_day(const struct reconciliation *r, const char *scope, const char *day,
                     struct err *e)
{
    struct db *d = r->ledger.db;
    enum { QUEUES = 1, AGENTS };
    int64_t whose = 0;

    return db_exec(d, sql_reconcile_empty, e) &&
           db_do(d, e, sql_reconcile_day, S(scope), S(day), T(clock_now_ms()),
                 S(asked(r, scope))) &&
           db_number(db_ask(d, e, sql_reconcile_whose, NONE), &whose) &&
           (whose != QUEUES || db_do(d, e, sql_reconcile_figures, S(day))) &&
           (whose != AGENTS || db_do(d, e, sql_reconcile_states, S(day))) &&
           (str_eq(scope, "moved") || db_exec(d, sql_reconcile_take, e)) &&
           db_exec(d, sql_reconcile_taken, e);
}

bool reconcile_days(const struct reconciliation *r, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct db *d = r->ledger.db;
    bool lists_all = !r->is_due && !r->from;
    int64_t pairs = 0;
    const char *next[2] = {""}; /* scope and day */
    bool done = db_exec(d, sql_reconcile_tables, e) &&
                db_do(d, e, sql_reconcile_pairs, N(r->ledger.run_id)) &&
                db_number(db_ask(d, e, sql_reconcile_has_pairs, NONE), &pairs) &&
                (pairs == 0 || (db_do(d, e, sql_reconcile_windows, I(r->config->lookback_days)) &&
                                db_do(d, e, sql_reconcile_list, S(lists_all ? "" : r->from),
                                      S(r->to), T(clock_now_ms()))));

    while (done && next[0]) {
        int64_t until_ms = clock_monotonic_ms() + limit_get(LIMIT_TOGETHER_MS);

        done = db_begin(d, e);
        do {
            arena_reset(a);
            done = done && db_texts(db_ask(d, e, sql_reconcile_next, NONE), a, next, 2) &&
                   (!stop_requested() || err_set(e, ERR_STOPPED,
                                                 "stopped by a signal; days that were "
                                                 "not compared are due")) &&
                   (!next[0] || take_day(r, next[0], next[1], e));
        } while (done && next[0] && clock_monotonic_ms() < until_ms);
        done = db_finish(d, done, e);
    }
    return done;
}

/* Whether a figure differs; `stands`: on a day that was read once more for that. */
static bool differs(const struct reconciliation *r, bool stands, struct err *mismatch,
                    struct err *e)
{
    struct rows q =
        db_ask(r->ledger.db, e, sql_reconcile_difference, S(r->from), S(r->to), I(stands));

    if (db_next(&q)) {
        err_set(mismatch, ERR_MISMATCH, "%s; `rollcall reconcile` shows all", db_text(&q, 0));
    }
    return db_end(&q);
}

/* A final day that differs is owed once more, once. *mismatch: days differ that were read once more
 * for that. */
static bool judge_run(const struct reconciliation *r, struct err *mismatch, struct err *e)
{
    const struct ledger *l = &r->ledger;
    bool done = db_begin(l->db, e) && db_exec(l->db, sql_reconcile_appeal, e) &&
                db_exec(l->db, sql_window_owe, e) &&
                db_do(l->db, e, sql_reconcile_appealed, I(l->run_id));

    return db_finish(l->db, done, e) && differs(r, true, mismatch, e);
}

enum err_kind reconcile_run(const struct ledger *l, const struct config *c, enum err_kind kind,
                            struct err *e)
{
    const struct reconciliation r = {.ledger = *l, .config = c, .is_due = true};
    struct err trouble;
    struct err mismatch;

    err_clear(&mismatch);
    if (!reconcile_days(&r, &trouble) || !judge_run(&r, &mismatch, &trouble)) {
        mismatch = trouble;
    }
    if (kind == ERR_NONE && mismatch.kind != ERR_NONE) {
        *e = mismatch;
        return e->kind;
    }
    if (mismatch.kind != ERR_NONE) {
        LOG(LOG_WARN, "no proof", LOG_S("because", mismatch.message));
    }
    return kind;
}

bool reconcile_judge(const struct reconciliation *r, struct arena *a, struct err *e)
{
    const char *why;

    err_clear(e);
    if (!differs(r, false, e, e) || e->kind != ERR_NONE) {
        return false;
    }
    struct rows q = db_ask(r->ledger.db, e, sql_reconcile_nothing, S(r->from), S(r->to));
    return db_texts(q, a, &why, 1) && (!why || err_set(e, ERR_PARTIAL, "%s", why));
}
