#include "run/run.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "io/file.h"
#include "io/json.h"
#include "run/budget.h"
#include "run/night.h"
#include "run/store.h"
#include "sql.h"
#include "streams/reconcile.h"

/* Business days before the first one that local times may be asked for, and after the last. */
enum { ZONE_DAYS_BEFORE = 400, ZONE_DAYS_AFTER = 40 };

enum { RETENTION_DAYS_MOST = 36500 }; /* more is no number of days */

/* A clock that is off by less is no news; by more than this it is said. */
#define CLOCK_SLACK_MS (5 * MS_PER_SECOND)
#define CLOCK_OFF_MS   (2 * MS_PER_MINUTE)

int run_slot(const struct run *run, const struct stream *s)
{
    return s->lock_slot + (run->request->past ? LOCK_PAST : 0);
}

int64_t run_time_ms(const struct run *run)
{
    int64_t now_ms = run_now_ms(run);

    return run->request->until_ms < now_ms ? run->request->until_ms : now_ms;
}

int64_t run_now_ms(const struct run *run)
{
    return clock_now_ms() - run->ahead_ms;
}

/* --- before the streams ---------------------------------------------------------------------- */

static bool is_wanted(const struct run *run, const struct stream *s)
{
    size_t i = 0;

    while (i < run->request->stream_count && run->request->streams[i] != s) {
        i++;
    }
    return i < run->request->stream_count;
}

/* A night for each stream that is asked for, and for those that they need, which the registry has
 * before them. */
static void add_nights(struct run *run)
{
    for (size_t i = stream_registry_count; i-- > 0;) {
        const struct stream *s = stream_registry[i];
        struct night *n = arena_alloc(run->arena, sizeof(*n));
        bool needed = false;

        n->run = run;
        n->stream = s;
        n->next = run->nights;
        n->wanted = is_wanted(run, s);
        for (struct night *later = run->nights; later; later = later->next) {
            int minutes = later->stream->needs_minutes;

            if (!str_eq(later->stream->needs, s->name)) {
                continue;
            }
            needed = true;
            later->needs = n;
            if (minutes > 0 && (n->fresh_minutes == 0 || n->fresh_minutes > minutes)) {
                n->fresh_minutes = minutes;
            }
        }
        run->nights = n->wanted || needed ? n : run->nights;
    }
}

/* The database and the run's row in it. */
static bool open_database(struct run *run, struct err *e)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    const char *names = "["; /* a JSON array */

    run->db = run->ledger.db = db_open(run->config->database_path, DB_WRITE, e);
    for (size_t i = 0; run->db && i < COUNT_OF(endings); i++) {
        file_widen(file_beside(run->arena, run->config->database_path, endings[i]),
                   (uint32_t)run->config->database_mode);
    }
    for (size_t i = 0; i < run->request->stream_count; i++) {
        names = arena_printf(run->arena, "%s%s\"%s\"", names, i > 0 ? "," : "",
                             run->request->streams[i]->name);
    }
    names = arena_printf(run->arena, "%s]", names);
    return run->db &&
           ledger_run_begin(&run->ledger, run->request->past ? "backfill" : "extract",
                            run->request->until_ms, names, e) != 0 &&
           (run->config->keep_raw_days > 0 ||
            db_do(run->db, e, "UPDATE run SET keeps_raw = 0 WHERE run_id = ?1",
                  I(run->ledger.run_id))) &&
           stream_views(run->db, run->config, e) && ledger_kpi(run->db, run->config, e) &&
           erasures_load(run->db, run->arena, &run->erased, e);
}

/* The locks; with --rezone of all streams, since no run must go on in another zone than its file.
 */
static bool open_all(struct run *run, struct err *e)
{
    const struct extract_request *request = run->request;
    const struct stream *const *held = request->rezone ? stream_registry : request->streams;
    size_t count = request->rezone ? stream_registry_count : request->stream_count;
    const char *path = run->config->database_path;

    run->locks = db_check(path, e) ? lock_open(path, e) : NULL;
    bool locked = run->locks != NULL;
    for (size_t i = 0; locked && i < count; i++) {
        locked = lock_take(run->locks, run_slot(run, held[i]), held[i]->name, e) &&
                 (!request->rezone ||
                  lock_take(run->locks, held[i]->lock_slot + LOCK_PAST, held[i]->name, e));
    }
    if (!locked) {
        struct err ignored;
        if (e->kind == ERR_LOCKED && !open_database(run, &ignored)) {
            LOG(LOG_WARN, "run not recorded", LOG_S("error", ignored.message));
        }
        return false;
    }
    if (!open_database(run, e)) {
        return false;
    }
    run->client = client_new(run->config, e);
    if (run->client) {
        client_attend(run->client, &run->request->waits, 0);
    }
    return run->client && budget_begin(run, e);
}

/* The first answer says what time it is at the server, which bounds what can have been read. */
static bool log_in(struct run *run, struct err *e)
{
    const struct client_request request = {.target = CLIENT_LOGIN,
                                           .method = HTTP_POST,
                                           .path = run->config->login_url,
                                           .label = "login"};
    struct client_answer answer;
    bool known;

    bool done = client_call(run->client, &request, &answer);
    *e = answer.error;
    client_answer_free(&answer);
    int64_t offset_ms = client_server_offset_ms(run->client, &known);
    if (known && offset_ms < -CLOCK_SLACK_MS) {
        run->ahead_ms = -offset_ms;
    }
    if (known && (offset_ms > CLOCK_OFF_MS || offset_ms < -CLOCK_OFF_MS)) {
        LOG(LOG_WARN, "the machine's clock is off; the server's bounds what is read",
            LOG_N("seconds_ahead", -offset_ms / MS_PER_SECOND));
    }
    return done &&
           (!known || db_do(run->db, e, "UPDATE run SET clock_ahead_ms = ?2 WHERE run_id = ?1",
                            I(run->ledger.run_id), I(-offset_ms)));
}

/* Days of a scope's own zone and business days are different windows: from one to the other there
 * is no way but --rezone, after which they are made anew. */
static bool judge_days(struct run *run, struct err *e)
{
    const struct config *c = run->config;

    for (size_t i = 0; !run->request->rezone && i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];
        const struct pass_rule *rules[PASSES_MAX];
        struct window_kind kind = stream_windows(s, c, rules);
        bool other = false;

        if (s->own_days && !window_other_days(&run->ledger, &kind, &other, e)) {
            return false;
        }
        if (other) {
            err_set(
                e, ERR_CONFIG,
                "%s.%s = %s, but the days of %s in the database are others; write it as it was, "
                "or run `rollcall extract --rezone` once",
                s->setting->section, s->setting->name, config_word(c, s->setting), s->name);
            return err_cause(e, CAUSE_CONFIG_ZONE_CHANGED);
        }
    }
    return true;
}

/* Local times and business days of all that is stored, in the run's zone. */
static bool set_zone(struct run *run, struct err *e)
{
    const struct config *c = run->config;
    int64_t now_ms = run_now_ms(run);
    struct redated redated = {.arena = run->arena, .now_ms = now_ms};
    int64_t owed = 0;
    int64_t from_ms = c->start_day == INT32_MIN ? now_ms : clock_zone_day_start_ms(c->start_day);
    int64_t to_ms = run->request->until_ms > now_ms ? run->request->until_ms : now_ms;
    from_ms = from_ms < run_time_ms(run) ? from_ms : run_time_ms(run);
    from_ms = run->request->past && run->past.from_ms < from_ms ? run->past.from_ms : from_ms;
    bool done = db_begin(run->db, e) &&
                ledger_zone(run->db, c->timezone, from_ms - ZONE_DAYS_BEFORE * MS_PER_DAY,
                            to_ms + ZONE_DAYS_AFTER * MS_PER_DAY, &redated, e);
    if (done && redated.was && run->request->rezone) {
        done =
            store_forget_days(run, from_ms, &owed, e) && db_exec(run->db, sql_reconcile_forget, e);
        LOG(LOG_WARN, "dating anew", LOG_S("zone", c->timezone), LOG_S("was", redated.was),
            LOG_S("from", redated.first), LOG_S("to", redated.last), LOG_N("windows_owed", owed));
    } else if (done) {
        done = ledger_judge_zone(c->timezone, &redated, e) || config_blame(c, KEY_TIMEZONE, e);
    }
    return db_finish(run->db, done, e) && judge_days(run, e);
}

/* The file belongs to one organization, known before any row is stored; and what the client may
 * read is known of what it reads, of the past as it is now. */
static bool identify(struct run *run, struct err *e)
{
    struct owner owner = {.config = run->config, .now_ms = run_now_ms(run)};
    struct client_identity who = {0};
    bool any_days = false;

    for (size_t i = 0; i < run->request->stream_count; i++) {
        any_days = any_days || stream_has_days(run->request->streams[i]);
    }
    if (!ledger_owner(&run->ledger, &owner, run->arena, e) ||
        !ledger_grants_due(&run->ledger, owner.now_ms, &who.grants, e)) {
        return false;
    }
    who.owner = owner.due;
    who.grants = any_days && (who.grants || who.owner || run->request->past);
    if ((who.owner || who.grants) && !client_identify(run->client, run->arena, &who, e)) {
        return false;
    }
    owner.id = who.id;
    owner.name = who.name;
    return (!who.owner || ledger_own(&run->ledger, &owner, e)) &&
           (!who.grants || ledger_grants(&run->ledger, who.subject, who.token, owner.now_ms, e));
}

/* What the organization keeps no longer is left out of the past; where it does not say how long it
 * keeps anything, nothing is. */
static bool leave_out_gone(struct run *run, struct err *e)
{
    const struct client_request request = {.method = HTTP_GET,
                                           .path = "/api/v2/analytics/dataretention/settings",
                                           .label = "what the organization keeps",
                                           .want_document = true,
                                           .brief = true};
    struct client_answer answer;
    int64_t days = 0;
    char first[CLOCK_DAY_BYTES];
    char from[CLOCK_DAY_BYTES];
    char to[CLOCK_DAY_BYTES];

    bool known = client_call(run->client, &request, &answer) &&
                 json_int(json_get(json_root(answer.document), "retentionDays"), &days) &&
                 days > 0 && days <= RETENTION_DAYS_MOST;
    bool stopped = answer.error.kind == ERR_STOPPED;
    *e = answer.error;
    client_answer_free(&answer);
    int32_t day = clock_zone_day(run_now_ms(run) - (known ? days : 0) * MS_PER_DAY) + 1;
    int64_t kept_ms = clock_zone_day_start_ms(day);
    if (known && kept_ms > run->past.from_ms) {
        int64_t gone_ms = kept_ms < run->past.to_ms ? kept_ms : run->past.to_ms;
        run->gone = arena_printf(
            run->arena,
            "the organization keeps %lld days: what lies before %s is gone there, and %s to %s "
            "was not asked for",
            (long long)days, clock_format_day(day, first),
            clock_format_day(clock_zone_day(run->past.from_ms), from),
            clock_format_day(clock_zone_day(gone_ms - 1), to));
        run->past.from_ms = gone_ms;
    }
    return !stopped;
}

static bool prepare(struct run *run, struct err *e)
{
    int64_t distrusted;
    bool known;

    if (!log_in(run, e) || !identify(run, e) || (run->request->past && !leave_out_gone(run, e)) ||
        !set_zone(run, e)) {
        return false;
    }
    for (size_t i = 0; run->request->rezone && i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        lock_drop(run->locks, s->lock_slot + LOCK_PAST);
        if (!is_wanted(run, s)) {
            lock_drop(run->locks, s->lock_slot);
        }
    }
    client_ease(run->client, run->request->past && lock_is_night(run->locks));
    int64_t server_ms = clock_now_ms() + client_server_offset_ms(run->client, &known);
    if (known && !window_distrust(&run->ledger, server_ms, &distrusted, e)) {
        return false;
    }
    /* Of all streams at once: a call that is cut before the last of them begins goes on. */
    return !run->past.again || run->past.from_ms >= run->past.to_ms ||
           window_again(&run->ledger, run->past.from_ms, run->past.to_ms, run_time_ms(run), e);
}

/* --- the streams ----------------------------------------------------------------------------- */

/* Whether a stream can be read, or what is in the way is noted: where there is nothing of what it
 * needs, for the same reason, it cannot; where it is only needed itself and another run holds its
 * lock, what is stored is used. */
static bool look_ahead(struct night *n, bool *reads, struct err *e)
{
    struct run *run = n->run;
    const char *name = n->stream->name;
    bool has_own = false;
    bool has_needed = true;
    struct err trouble;

    *reads = false;
    if (!window_ever_read(&run->ledger, name, &has_own, e) ||
        (n->needs && n->needs->first.kind != ERR_NONE &&
         !window_ever_read(&run->ledger, n->needs->stream->name, &has_needed, e))) {
        return false;
    }
    /* Lists are the night's: for the past what is stored of them is enough. */
    if (has_own && run->request->past && !n->wanted && !stream_has_days(n->stream)) {
        return true;
    }
    if (!has_needed) {
        trouble = n->needs->first;
        err_prefix(&trouble, "%s needs %s, which could not be read", name, n->needs->stream->name);
        night_fail(n, &trouble, true);
        return true;
    }
    *reads = n->wanted || lock_take(run->locks, run_slot(run, n->stream), name, &trouble);
    if (*reads) {
        return true;
    }
    if (!has_own || trouble.kind != ERR_LOCKED) {
        night_fail(n, &trouble, true);
    } else {
        LOG(LOG_INFO, "using what is stored", LOG_S("stream", name),
            LOG_S("because", trouble.message));
    }
    return true;
}

/* Lists come first: others begin when they are over, well or not. With a budget all have their
 * turns, and one begins behind others that are not over where there is enough for all. */
static bool may_begin(const struct run *run, const struct night *n)
{
    const struct night *behind = run->budget.binds ? n : NULL;
    int64_t share = client_left(run->client);
    bool lists_over = true;
    bool all_over = true;

    for (const struct night *m = run->nights; m != behind; m = m->next) {
        lists_over = lists_over && (m->ended || !stream_is_list(m->stream));
        all_over = all_over && m->ended;
        share -= m->begun && !m->ended ? BUDGET_SHARE : 0;
    }
    return !n->begun && !n->ended && run->budget.why.kind == ERR_NONE &&
           (!n->needs || n->needs->ended) && !stop_requested() &&
           (lists_over || stream_is_list(n->stream)) &&
           (!behind || all_over || share >= BUDGET_SHARE);
}

/* Begins the nights that wait for nothing more, and ends those that are over; *left: some are not
 * ended, and have begun or may. Where nothing is under way any more, the first that is over but for
 * what another run reads looks at that again. */
static bool move_on(struct run *run, bool *left, struct err *e)
{
    struct night *held = NULL;
    bool under_way = false;

    *left = false;
    for (struct night *n = run->nights; n; n = n->next) {
        bool reads = true;

        if (may_begin(run, n) && (!look_ahead(n, &reads, e) || (reads && !night_begin(n, e)))) {
            night_fail(n, e, true);
            return false;
        }
        if (!reads || (n->begun && !n->ended && n->over && n->side_count == 0 && n->held == 0)) {
            night_end(n);
            /* others may have waited for it */
            return store_close(run, n->stream, true, e) && move_on(run, left, e);
        }
        *left = *left || (!n->ended && (n->begun || run->budget.why.kind == ERR_NONE));
        if (n->begun && !n->ended) {
            under_way = under_way || !n->over || n->side_count > 0;
            held = held ? held : n;
        }
    }
    if (!held || under_way) {
        return true;
    }
    if (!night_look_again(held, e)) {
        night_fail(held, e, true);
        return false;
    }
    return move_on(run, left, e);
}

/* Takes a message, and what follows from it; after trouble with the database (`ok` is false) it is
 * thrown away. */
static bool take(struct run *run, struct page *p, bool ok, struct err *e)
{
    struct reading *r = p->reading;
    struct page *last = p;

    if (!r) {
        ok = ok && budget_keep(run, p->routes, p->route_count, BUDGET_AHEAD, e);
        pages_done(run->pages, p);
        return ok;
    }
    if (run->request->past) {
        client_ease(run->client, lock_is_night(run->locks));
    }
    struct night *n = r->night;
    if (ok) {
        ok = store_take(run, p, &last, e) &&
             (!last->over || night_go_on(n, r, last->news->halts, e));
        if (ok) {
            progress_tell(&n->progress, &run->request->watcher, n->under_way, n->under_way_count);
        } else {
            night_fail(n, e, true);
        }
    }
    pages_done(run->pages, last);
    return ok;
}

/* Reads the streams, those that do not need one another side by side. An error is its stream's own
 * already. */
static bool run_streams(struct run *run, struct err *e)
{
    pthread_t thread;
    bool left = true;

    run->pages = pages_new(run->client, (size_t)run->config->in_flight,
                           (size_t)limit_get(LIMIT_QUEUE_BYTES), &run->erased);
    int code = pthread_create(&thread, NULL, fetch_all, run->pages);
    if (code != 0) {
        pages_free(run->pages);
        return err_set(e, ERR_BUG, "cannot start the network thread: %s", strerror(code));
    }
    run->budget.live = true;
    bool ok = budget_keep(run, NULL, 0, BUDGET_AHEAD, e) && move_on(run, &left, e);
    for (bool ended = false; !ended;) {
        if (!ok || !left) {
            pages_close(run->pages, !ok);
        }
        struct page *p = pages_pop(run->pages, NULL);
        ended = !p->reading && !p->routes;
        if (ended) {
            pages_done(run->pages, p);
        } else {
            ok = take(run, p, ok, e) && move_on(run, &left, e);
        }
    }
    pthread_join(thread, NULL);
    for (struct night *n = run->nights; n; n = n->next) {
        if (n->begun && !n->ended) {
            night_end(n);
        }
    }
    pages_free(run->pages);
    return ok;
}

/* The run's kind: all nights as one, those of streams that were only needed included. One that
 * reached its end counts as done even if nothing was owed. */
static enum err_kind judge(const struct run *run, struct err *e)
{
    bool any_done = false;
    bool any_left = false;
    bool stopped = false;
    bool is_own = false; /* the first error is that of a stream that was asked for: it says more */

    err_clear(e);
    for (const struct night *n = run->nights; n; n = n->next) {
        any_done = any_done || (n->wanted && (n->done > 0 || night_is_whole(n)));
        any_left = any_left || n->left > 0 || !n->ended;
        stopped = stopped || n->stopped;
        if (n->first.kind != ERR_NONE && (e->kind == ERR_NONE || (n->wanted && !is_own))) {
            *e = n->first;
            is_own = n->wanted;
        }
    }
    if (stopped || (any_left && stop_requested())) {
        err_set(e, ERR_STOPPED,
                "stopped by a signal after the last page was committed; the next "
                "%s goes on from there",
                run->request->past ? "such backfill" : "extract");
        return ERR_STOPPED;
    }
    if (run->budget.why.kind != ERR_NONE) {
        *e = run->budget.why;
    }
    if (e->cause == CAUSE_LIMITS_BUDGET) {
        return e->kind;
    }
    if (e->kind == ERR_NONE && !any_left) {
        return ERR_NONE;
    }
    return err_facts[e->kind].ends_run || !any_done ? e->kind : ERR_PARTIAL;
}

/* Compares the days that the run has read; what stands in the way of a proof is its error where it
 * has none. */
static enum err_kind prove(const struct run *run, enum err_kind kind, struct err *e)
{
    const struct reconciliation r = {.ledger = run->ledger, .config = run->config, .is_due = true};
    struct err trouble;
    struct err mismatch;

    err_clear(&mismatch);
    if (!reconcile_days(&r, &trouble) || !reconcile_judge_run(&r, &mismatch, &trouble)) {
        mismatch = trouble;
    }
    if (kind == ERR_NONE && mismatch.kind != ERR_NONE) {
        *e = mismatch;
        kind = e->kind;
    } else if (mismatch.kind != ERR_NONE) {
        LOG(LOG_WARN, "no proof", LOG_S("because", mismatch.message));
    }
    return kind;
}

/* Ends the run's row, with what it says beside the counters that went with the pages. `e` is the
 * run's error, or what becomes of it. */
static enum err_kind finish(struct run *run, enum err_kind kind, struct extract_result *result,
                            struct err *e)
{
    const char *why = kind == ERR_NONE ? NULL : e->message;
    result->outcome = outcome_tell(run, kind);
    struct run_totals *t = &run->totals;
    struct err trouble;

    if (run->client) {
        size_t count;
        const struct route_count *routes = client_counts(run->client, &count);
        ledger_sum_routes(routes, count, t);
        if (!budget_keep(run, routes, count, 0, &trouble)) {
            LOG(LOG_WARN, "request counts not stored", LOG_S("error", trouble.message));
        }
    }
    for (const struct night *n = run->nights; n; n = n->next) {
        t->streams_done += n->wanted && night_is_whole(n) ? 1 : 0;
    }
    struct rows q = db_ask(run->db, &trouble, sql_run_days_whole, I(run->ledger.run_id));
    t->days_whole = db_next(&q) ? db_int(&q, 0) : 0;
    if (!db_end(&q)) {
        LOG(LOG_WARN, "whole days not counted", LOG_S("error", trouble.message));
    }
    t->streams_left = (int64_t)run->request->stream_count - t->streams_done;
    if (!ledger_run_end(&run->ledger, t, kind, why, result->outcome.not_done, &trouble) &&
        kind == ERR_NONE) {
        *e = trouble;
        kind = trouble.kind;
    }
    return kind;
}

enum err_kind extract_run(const struct extract_request *request, struct arena *a,
                          struct extract_result *result, struct err *e)
{
    int64_t started_ms = clock_monotonic_ms();
    struct run run = {
        .request = request,
        .config = request->config,
        .ledger = {.run_id = -1},
        .past = request->past ? *request->past : (struct past){0},
        .arena = a,
        .totals = {.streams_left = (int64_t)request->stream_count},
    };

    err_clear(e);
    *result = (struct extract_result){0};
    add_nights(&run);
    bool done =
        open_all(&run, e) && prepare(&run, e) && budget_order(&run, e) && run_streams(&run, e);
    for (size_t i = 0; i < stream_registry_count; i++) { /* dating anew may have left some too */
        done = store_close(&run, stream_registry[i], done, e);
    }
    enum err_kind kind = done ? judge(&run, e) : e->kind;
    kind = err_facts[kind].ends_run ? kind : prove(&run, kind, e);
    if (run.ledger.run_id > 0) {
        kind = finish(&run, kind, result, e);
    }
    if (done) { /* a run that was refused changes nothing */
        store_prune(&run);
    }
    int64_t wal = run.db ? db_empty_wal(run.db) : 0;
    if (wal > limit_get(LIMIT_WAL_BYTES)) {
        LOG(LOG_WARN, "the write-ahead log grows: some program keeps an old state open; end it",
            LOG_S("file", file_beside(a, db_path(run.db), "-wal")), LOG_N("bytes", wal));
    }
    db_close(run.db);
    client_free(run.client);
    lock_close(run.locks);
    result->run_id = run.ledger.run_id > 0 ? run.ledger.run_id : 0;
    result->totals = run.totals;
    result->gone = run.gone;
    result->elapsed_ms = clock_monotonic_ms() - started_ms;
    return kind;
}
