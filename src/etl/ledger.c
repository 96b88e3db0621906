#include "etl/ledger.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "etl/raw.h"
#include "io/config.h"
#include "sql.h"

enum { HOST_BYTES = 256, PRUNE_MS = 10000, RUNS_ONE_BY_ONE_DAYS = 7 };

/* --- runs --- */

bool ledger_run_begin(struct ledger *l, const char *command, int64_t until_ms, const char *streams,
                      bool keeps_raw, struct err *e)
{
    char host[HOST_BYTES] = "";

    (void)gethostname(host, sizeof(host) - 1);
    return db_do(l->db, e, sql_run_begin, S(command), T(clock_now_ms()), T(until_ms),
                 S(ROLLCALL_VERSION), S(host[0] != '\0' ? host : NULL), I(getpid()), S(streams),
                 N(keeps_raw ? -1 : 0)) &&
           db_number(db_ask(l->db, e, "SELECT last_insert_rowid()", NONE), &l->run_id);
}

bool ledger_run_progress(struct ledger *l, const struct run_totals *totals, struct err *e)
{
    return db_do(l->db, e, sql_run_progress, I(l->run_id), I(totals->requests), I(totals->retries),
                 I(totals->bytes), I(totals->pages), I(totals->rows.rows_new),
                 I(totals->rows.rows_changed), I(totals->rows.rows_unchanged));
}

bool ledger_run_end(struct ledger *l, const struct run_totals *totals, enum err_kind kind,
                    const char *error, const char *not_done, struct err *e)
{
    return ledger_run_progress(l, totals, e) &&
           db_do(l->db, e, sql_run_end, I(l->run_id), T(clock_now_ms()),
                 I(err_facts[kind].exit_code), S(err_facts[kind].name), S(error),
                 I(totals->streams_done), I(totals->streams_left), I(totals->days_whole),
                 S(not_done));
}

/* Folds some runs that began before `day_before_ms` into the last of their UTC day, before
 * `before_ms` into the last of all (fold_find); *more: there may be others. */
static bool fold_runs(struct db *d, int64_t day_before_ms, int64_t before_ms, bool *more,
                      struct err *e)
{
    bool done = db_begin(d, e) && db_exec(d, sql_fold_temporary, e) &&
                db_do(d, e, sql_fold_find, T(day_before_ms), T(before_ms));

    *more = done && db_changes(d) > 0;
    done = done && (!*more || db_exec(d, sql_fold_take, e));
    return db_finish(d, done, e);
}

void ledger_prune(struct db *d, const struct config *c, int64_t now_ms)
{
    int one_by_one =
        c->keep_raw_days > RUNS_ONE_BY_ONE_DAYS ? c->keep_raw_days : RUNS_ONE_BY_ONE_DAYS;
    int64_t deadline_ms = clock_monotonic_ms() + PRUNE_MS;
    int64_t today_ms = clock_utc_day_start(now_ms);
    bool more = true;
    struct err e;

    while (more && !stop_requested() && clock_monotonic_ms() < deadline_ms) {
        if (!raw_prune(d, now_ms - c->keep_raw_days * MS_PER_DAY, now_ms, &more, &e) ||
            (!more && !fold_runs(d, today_ms - one_by_one * MS_PER_DAY,
                                 today_ms - c->keep_run_days * MS_PER_DAY, &more, &e))) {
            LOG(LOG_WARN, "old answers and runs stay for now", LOG_S("error", e.message));
            return;
        }
    }
}

/* --- the business time zone --- */

/* What was there stays covered, so that rows read long ago keep their local times. */
static bool fill_zone(struct db *d, const char *zone, int64_t from_ms, int64_t to_ms, struct err *e)
{
    char text[CLOCK_DAY_BYTES];
    struct rows q = db_ask(d, e, "SELECT min(utc_from), max(utc_to) FROM zone_offset", NONE);

    if (db_next(&q) && db_time(&q, 0) != TIME_NONE) {
        from_ms = clock_earlier(db_time(&q, 0), from_ms);
        to_ms = clock_later(db_time(&q, 1) - 1, to_ms);
    }
    if (!db_end(&q)) {
        return false;
    }
    int32_t day = clock_zone_day(from_ms);
    int32_t last = clock_zone_day(to_ms);
    from_ms = clock_zone_day_start_ms(day);
    for (; day <= last; day++) {
        int64_t end_ms = clock_zone_day_start_ms(day + 1);

        /* West of the date line once a day was none at all. */
        for (; from_ms < end_ms; from_ms = to_ms) {
            to_ms = clock_next_transition_ms(from_ms, end_ms);
            if (!db_do(d, e, sql_zone_make_room, T(from_ms), T(to_ms)) ||
                !db_do(d, e, sql_zone_put, T(from_ms), T(to_ms),
                       I(clock_zone_offset_seconds(from_ms)), S(clock_format_day(day, text)),
                       S(zone))) {
                return false;
            }
        }
    }
    return true;
}

bool ledger_zone(struct db *d, const char *zone, int64_t from_ms, int64_t to_ms, struct redated *r,
                 struct err *e)
{
    if (!db_do(d, e, sql_zone_before, S(zone)) || !db_do(d, e, sql_zone_name, S(zone)) ||
        !fill_zone(d, zone, from_ms, to_ms, e)) {
        return false;
    }
    struct rows q = db_ask(d, e, sql_zone_redated, T(r->now_ms));
    bool any = db_next(&q) && db_text(&q, 0);
    if (any && r->arena) {
        r->was = db_kept(&q, 0, r->arena);
        r->first = db_kept(&q, 1, r->arena);
        r->last = db_kept(&q, 2, r->arena);
    } else if (any) {
        q.ok = err_because(e, ERR_CONFIG, CAUSE_CONFIG_ZONE_CHANGED,
                           "%s, but the database's days are those of %s: from %s to %s they would "
                           "be others; write %s, or run `rollcall extract --rezone` once",
                           zone, db_text(&q, 0), db_text(&q, 1), db_text(&q, 2), db_text(&q, 0));
    }
    return db_end(&q) && db_exec(d, "DROP TABLE temp.zone_before", e);
}

/* --- what the organization counts --- */

#define KPI(c)                                                                                     \
    I((c)->include_flow_outs), I((c)->include_short_abandons), I((c)->include_abandons),           \
        I((c)->default_target_seconds)

bool ledger_kpi(struct db *d, const struct config *c, struct err *e)
{
    return db_do(d, e, sql_kpi_take, KPI(c));
}

bool ledger_kpi_fits(struct db *d, const struct config *c, struct err *e)
{
    struct rows q = db_ask(d, e, sql_kpi_other, KPI(c));

    if (db_next(&q) && db_text(&q, 0)) {
        LOG(LOG_WARN,
            "figures go by the file's [kpi] settings; the next command that writes takes yours, "
            "as `rollcall reconcile`",
            LOG_S("file", db_text(&q, 0)), LOG_S("configuration", db_text(&q, 1)));
    }
    return db_end(&q);
}

/* --- the organization that the file belongs to --- */

bool ledger_judge(const struct owner *o, struct err *e)
{
    const char *wanted = o->config->organization;

    if (!o->id && wanted) {
        return err_because(
            e, ERR_CONFIG, CAUSE_TOKEN_ORGANIZATION,
            "[genesys] organization is %s, and the API does not say which one this client belongs "
            "to (%s); remove the line, or give the client's role access",
            wanted, e->message);
    }
    if (wanted && !str_eq_nocase(wanted, o->id) && !str_eq_nocase(wanted, o->name)) {
        return err_because(
            e, ERR_CONFIG, CAUSE_TOKEN_ORGANIZATION,
            "this client belongs to the organization %s (%s), and [genesys] organization "
            "is %s: use the client of that organization, or mend the line",
            o->name, o->id, wanted);
    }
    if (o->id && o->stored_id && !str_eq(o->stored_id, o->id)) {
        return err_because(e, ERR_CONFIG, CAUSE_TOKEN_FILE,
                           "the client is of %s (%s), the database of %s (%s)", o->name, o->id,
                           o->stored_name, o->stored_id);
    }
    return true;
}

bool ledger_owner(struct ledger *l, struct owner *o, struct arena *a, struct err *e)
{
    const struct config *c = o->config;
    struct rows q =
        db_ask(l->db, e, sql_owner, S(c->client_id), S(c->login_url), S(c->api_url), T(o->now_ms));

    o->due = true;
    if (db_next(&q)) {
        o->id = o->stored_id = db_kept(&q, 0, a);
        o->name = o->stored_name = db_kept(&q, 1, a);
        o->due = db_int(&q, 2) == 0 || (!o->stored_id && c->organization);
    }
    return db_end(&q) && (o->due || ledger_judge(o, e));
}

bool ledger_owner_of_file(struct owner *o, struct arena *a, struct err *e)
{
    DB_SCOPED struct db *d = db_open(o->config->database_path, DB_READ, e);
    struct ledger l = {.db = d};

    o->due = true;
    return !d || ledger_owner(&l, o, a, e) || e->kind != ERR_CONFIG;
}

bool ledger_keep_owner(struct ledger *l, const struct owner *o, struct err *e)
{
    const struct config *c = o->config;

    if (!ledger_judge(o, e)) {
        return false;
    }
    if (!o->id) {
        LOG(LOG_WARN,
            "the API does not say which organization the client belongs to; nothing keeps "
            "another one's records out of this file",
            LOG_S("error", e->message));
    }
    return db_do(l->db, e, sql_owner_keep, S(o->id), S(o->name), S(c->client_id), S(c->login_url),
                 S(c->api_url), T(o->now_ms));
}

bool ledger_grants(struct ledger *l, const char *subject, const char *token, int64_t now_ms,
                   struct err *e)
{
    /* Before the question: behind it another writer would be in the way. */
    if (!db_begin(l->db, e)) {
        return false;
    }
    struct rows q = db_ask(l->db, e, sql_grants_read, S(subject), S(token));
    bool done = db_next(&q) && db_do(l->db, e, sql_grants_before, T(now_ms)) &&
                db_do(l->db, e, sql_grants_keep, S(db_text(&q, 0)), T(now_ms)) &&
                db_number(db_ask(l->db, e, sql_grants_newest, NONE), &l->grant_set_id) &&
                db_exec(l->db, sql_grants_narrow, e);

    done = db_end(&q) && done;
    return db_finish(l->db, done, e);
}
