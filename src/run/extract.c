#include "base/limits.h"
#include "base/stop.h"
#include "io/file.h"
#include "run/budget.h"
#include "run/night.h"
#include "sql.h"
#include "streams/figures.h"
#include "streams/reconcile.h"
#include "streams/zone.h"

enum { LIST_MOST = 80 }; /* of what is told */

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
    return clock_earlier(run->request->until_ms, run_now_ms(run));
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
        int *fresh = &n->agenda.facts.fresh_minutes;
        bool needed = false;

        n->run = run;
        n->stream = s;
        n->next = run->nights;
        n->wanted = is_wanted(run, s);
        run->wanted_left += n->wanted ? 1 : 0;
        for (struct night *later = run->nights; later; later = later->next) {
            int minutes = later->stream->needs_minutes;

            if (!str_eq(later->stream->needs, s->name)) {
                continue;
            }
            needed = true;
            later->needs = n;
            if (minutes > 0 && (*fresh == 0 || *fresh > minutes)) {
                *fresh = minutes;
            }
        }
        run->nights = n->wanted || needed ? n : run->nights;
    }
}

/* Orders the run's nights so that with however little each has its turn in some run. Changes
 * nothing without a budget. */
static bool order_nights(struct run *run, struct err *e)
{
    struct night **by_place = arena_array(run->arena, stream_registry_count, sizeof(*by_place));
    struct night **end = &run->nights;
    const char *all = "[";
    size_t count = 0;

    if (!run->budget.binds) {
        return true;
    }
    for (struct night *n = run->nights; n; n = n->next) {
        all = arena_printf(run->arena, "%s[\"%s\",\"%s\",%d]%s", all, n->stream->name,
                           n->needs ? n->needs->stream->name : "", stream_is_list(n->stream),
                           n->next ? "," : "]");
        by_place[count++] = n;
    }
    struct rows q = db_ask(run->db, e, sql_window_turns, S(all));
    while (db_next(&q)) {
        struct night *n = by_place[db_int(&q, 0)];

        n->needs = db_int(&q, 1) ? n->needs : NULL;
        *end = n;
        end = &n->next;
    }
    *end = NULL;
    return db_end(&q);
}

/* The database and the run's row in it. */
static bool open_database(struct run *run, struct err *e)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    const struct extract_request *asked = run->request;

    run->db = run->ledger.db = run->loaders.db = db_open(run->config->database_path, DB_WRITE, e);
    for (size_t i = 0; run->db && i < COUNT_OF(endings); i++) {
        file_widen(file_beside(run->arena, run->config->database_path, endings[i]),
                   (uint32_t)run->config->database_mode);
    }
    return run->db &&
           ledger_run_begin(&run->ledger, asked->past ? "backfill" : "extract", asked->until_ms,
                            stream_names(asked->streams, asked->stream_count, run->arena),
                            run->config->keep_raw_days > 0, e) &&
           figures_settle(run->db, e) && stream_views(run->db, run->config, e) &&
           ledger_kpi(run->db, run->config, e) &&
           erasures_load(run->db, run->arena, &run->erased, e);
}

/* The locks; with --rezone of all streams, as no run must go on in another zone than its file. */
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
    run->client = client_new(run->config, run->request->waits, 0, e);
    return run->client && budget_begin(run, e);
}

/* The first answer says what time it is at the server, which bounds what can have been read. */
static bool log_in(struct run *run, struct err *e)
{
    const struct client_request request = {
        .target = CLIENT_LOGIN, .path = run->config->login_url, .label = "login"};
    ANSWER_SCOPED struct client_answer answer;
    bool known;

    bool done = client_call(run->client, &request, &answer);
    *e = answer.error;
    int64_t offset_ms = client_server_offset_ms(run->client, &known);
    run->ahead_ms = offset_ms < -CLOCK_SLACK_MS ? -offset_ms : 0;
    if (offset_ms > CLOCK_OFF_MS || offset_ms < -CLOCK_OFF_MS) {
        LOG(LOG_WARN, "the machine's clock is off; the server's bounds what is read",
            LOG_N("seconds_ahead", -offset_ms / MS_PER_SECOND));
    }
    return done &&
           (!known || db_do(run->db, e, "UPDATE run SET clock_ahead_ms = ?2 WHERE run_id = ?1",
                            I(run->ledger.run_id), I(-offset_ms)));
}

/* What is to be asked of whose the client is, and whether the first pages may be asked for beside
 * it: what was read under other grants does not go on; the past goes by them, a budget by turns. */
static bool look_up_identity(struct run *run, struct err *e)
{
    int64_t under_way = 0;

    for (size_t i = 0; i < run->request->stream_count; i++) {
        run->who.grants = run->who.grants || stream_has_days(run->request->streams[i]);
    }
    run->owner = (struct owner){.config = run->config, .now_ms = run_now_ms(run)};
    if (!ledger_owner(&run->ledger, &run->owner, run->arena, e) ||
        !db_number(db_ask(run->db, e, sql_window_under_way, NONE), &under_way)) {
        return false;
    }
    run->who.owner = run->owner.due;
    run->asks_ahead = (run->who.owner || run->who.grants) && under_way == 0 &&
                      !run->request->past && !run->request->rezone && !run->budget.binds;
    return true;
}

bool run_identify(struct run *run, struct err *e)
{
    struct client_identity *who = &run->who;

    if ((who->owner || who->grants) && !client_identify(run->client, run->arena, who, e)) {
        return false;
    }
    run->owner.id = who->id;
    run->owner.name = who->name;
    return (!who->owner || ledger_keep_owner(&run->ledger, &run->owner, e)) &&
           (!who->grants ||
            ledger_grants(&run->ledger, who->subject, who->token, run->owner.now_ms, e));
}

/* Roles may have been changed while a long run read: nothing depends on the answer. */
static void ask_grants_again(struct run *run, int64_t lasted_ms)
{
    struct client_identity who = {.grants = true};
    struct err ignored;

    if (run->ledger.grant_set_id != 0 && lasted_ms >= limit_get(LIMIT_GRANTS_MS) &&
        client_identify(run->client, run->arena, &who, &ignored) && (who.subject || who.token)) {
        (void)ledger_grants(&run->ledger, who.subject, who.token, run_now_ms(run), &ignored);
    }
}

/* What the organization keeps no longer is left out of the past; where it does not say how long it
 * keeps anything, nothing is. */
static bool leave_out_gone(struct run *run, struct err *e)
{
    const struct client_request request = {.path = "/api/v2/analytics/dataretention/settings",
                                           .label = "what the organization keeps",
                                           .want_document = true,
                                           .brief = true};
    ANSWER_SCOPED struct client_answer answer;
    int64_t days = 0;
    char first[CLOCK_DAY_BYTES];
    char from[CLOCK_DAY_BYTES];
    char to[CLOCK_DAY_BYTES];

    bool known = client_call(run->client, &request, &answer) &&
                 json_int(json_get(json_root(answer.document), "retentionDays"), &days) &&
                 days > 0 && days <= RETENTION_DAYS_MOST;
    bool stopped = answer.error.kind == ERR_STOPPED;
    *e = answer.error;
    if (known && !db_do(run->db, e, "UPDATE organization SET retention_days = ?1", I(days))) {
        return false;
    }
    int32_t day = clock_zone_day(run_now_ms(run) - (known ? days : 0) * MS_PER_DAY) + 1;
    int64_t kept_ms = clock_zone_day_start_ms(day);
    if (known && kept_ms > run->past.from_ms) {
        int64_t gone_ms = clock_earlier(kept_ms, run->past.to_ms);
        run->result->gone = arena_printf(run->arena,
                                         "the organization keeps %lld days: what lies before %s is "
                                         "gone there, and %s to %s was not asked for",
                                         (long long)days, clock_format_day(day, first),
                                         clock_format_day(clock_zone_day(run->past.from_ms), from),
                                         clock_format_day(clock_zone_day(gone_ms - 1), to));
        run->past.from_ms = gone_ms;
    }
    return !stopped;
}

static bool prepare(struct run *run, struct err *e)
{
    bool known;

    if (!log_in(run, e) || !look_up_identity(run, e) ||
        (!run->asks_ahead && !run_identify(run, e)) ||
        (run->request->past && !leave_out_gone(run, e))) {
        return false;
    }
    const struct zoning zone = {
        .ledger = &run->ledger,
        .config = run->config,
        .arena = run->arena,
        .now_ms = run_now_ms(run),
        .from_ms = run->request->past ? run->past.from_ms : run_now_ms(run),
        .until_ms = run->request->until_ms,
        .rezone = run->request->rezone,
    };
    if (!zone_set(&zone, e)) {
        return false;
    }
    for (size_t i = 0; run->request->rezone && i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        lock_drop(run->locks, s->lock_slot + LOCK_PAST);
        if (!is_wanted(run, s)) {
            lock_drop(run->locks, s->lock_slot);
        }
    }
    client_share(run->client, run->request->past ? lock_runs(run->locks) : 1);
    int64_t server_ms = clock_now_ms() + client_server_offset_ms(run->client, &known);
    if (known && !window_distrust(&run->ledger, server_ms, e)) {
        return false;
    }
    /* Of all streams at once: a call that is cut before the last of them begins goes on. */
    return !run->request->again || run->past.from_ms >= run->past.to_ms ||
           db_do(run->db, e, sql_window_again, I(run->ledger.run_id), T(run->past.from_ms),
                 T(run->past.to_ms), T(run_time_ms(run)), I(run->ledger.grant_set_id));
}

/* --- what comes of it ------------------------------------------------------------------------- */

/* The run's kind: all nights as one, those of streams that were only needed included. One that
 * reached its end counts as done even if nothing was owed. */
static enum err_kind judge(const struct run *run, struct err *e)
{
    bool any_done = false;
    bool any_left = false;
    bool is_own = false; /* the first error is that of a stream that was asked for: it says more */

    err_clear(e);
    for (const struct night *n = run->nights; n; n = n->next) {
        any_done = any_done || (n->wanted && (n->done > 0 || night_is_whole(n)));
        any_left = any_left || n->left > 0 || !n->ended;
        if (n->first.kind != ERR_NONE && (e->kind == ERR_NONE || (n->wanted && !is_own))) {
            *e = n->first;
            is_own = n->wanted;
        }
    }
    if (any_left && stop_requested()) {
        err_set(e, ERR_STOPPED,
                "stopped by a signal after the last page was committed; the next "
                "%s goes on from there",
                run->request->past ? "such backfill" : "extract");
        return ERR_STOPPED;
    }
    if (run->budget.why.kind != ERR_NONE) {
        *e = run->budget.why;
    }
    if (e->cause == CAUSE_LIMITS_BUDGET || (e->kind == ERR_NONE && !any_left)) {
        return e->kind;
    }
    return err_facts[e->kind].ends_run || !any_done ? e->kind : ERR_PARTIAL;
}

/* Whether the server refuses the whole stream for want of a permission. */
static bool is_refused(const struct night *n)
{
    return n->first.kind == ERR_PERMISSION && (n->halted || (n->ended && n->done == 0));
}

/* What is in the way of a stream, and what to do, goes to the result; `together`: the line that
 * leaves it out is given apart; `kind`: why it is not done without trouble of its own. */
static void tell_stream(const struct night *n, bool together, enum err_kind kind,
                        struct extract_result *told)
{
    struct run *run = n->run;
    struct arena *a = run->arena;
    const struct err *why = &n->first;
    const struct err *over = &run->budget.why;
    bool refused = is_refused(n);
    /* That a budget is used up is said once. */
    bool is_own =
        why->kind != ERR_NONE && (over->kind == ERR_NONE || !str_eq(why->message, over->message));
    bool needs = refused && n->needs && is_refused(n->needs) && !n->begun;
    const char *said[] = {NULL, told->not_done};
    struct err ignored;

    (void)db_texts(db_ask(run->db, &ignored, sql_run_stream_end, S(n->stream->name),
                          S(needs ? n->needs->stream->name : NULL), S(is_own ? why->message : NULL),
                          S(err_brief(why, a)), S(why->kind == ERR_PERMISSION ? why->lacks : ""),
                          I(!refused), S(stream_leave_out(run->config, &n->stream, 1, a)),
                          S(told->not_done), I(n->wanted && !night_is_whole(n)),
                          S(err_facts[is_own ? why->kind : kind].name), I(together)),
                   a, said, COUNT_OF(said));
    if (said[0]) {
        told->lines[told->line_count++] = said[0];
    }
    told->not_done = said[1];
    told->totals.streams_done += n->wanted && night_is_whole(n) ? 1 : 0;
}

/* What became of each stream. */
static void tell(const struct run *run, enum err_kind kind)
{
    struct arena *a = run->arena;
    const struct err *over = &run->budget.why;
    struct extract_result *told = run->result;
    const struct stream **refused = arena_array(a, stream_registry_count, sizeof(*refused));
    size_t count = 0;

    told->lines = arena_array(a, stream_registry_count + 1, sizeof(*told->lines));
    for (const struct night *n = run->nights; n; n = n->next) {
        if (is_refused(n)) {
            refused[count++] = n->stream;
        }
    }
    const char *list = stream_leave_out(run->config, refused, count, a);
    bool together = list && (count > 1 || strlen(list) > LIST_MOST);
    for (const struct night *n = run->nights; n; n = n->next) {
        tell_stream(n, together, kind, told);
    }
    told->lines[told->line_count] = over->message;
    told->line_count += over->kind != ERR_NONE ? 1 : 0;
    told->leave_out = together ? list : NULL;
}

/* The run's row, and what was asked for by now. */
static bool keep_end(struct run *run, enum err_kind kind, const char *why, struct err *e)
{
    bool kept =
        db_begin(run->db, e) && (!run->client || budget_count(run, 0, e)) &&
        ledger_run_end(&run->ledger, &run->result->totals, kind, why, run->result->not_done, e);

    return db_finish(run->db, kept, e);
}

/* Ends the run's row, with what it says beside the counters that went with the pages. `e` is the
 * run's error, or what becomes of it. */
static enum err_kind finish(struct run *run, enum err_kind kind, struct err *e)
{
    const char *why = kind == ERR_NONE ? NULL : e->message;
    struct run_totals *t = &run->result->totals;
    struct err trouble;

    tell(run, kind);
    if (run->client) {
        budget_sum(run);
    }
    if (!db_number(db_ask(run->db, &trouble, sql_run_days_whole, I(run->ledger.run_id)),
                   &t->days_whole)) {
        LOG(LOG_WARN, "whole days not counted", LOG_S("error", trouble.message));
    }
    t->streams_left = (int64_t)run->request->stream_count - t->streams_done;
    if (!keep_end(run, kind, why, &trouble) && kind == ERR_NONE) {
        *e = trouble;
        kind = trouble.kind;
        (void)keep_end(run, kind, e->message, &trouble); /* it may be the first write that works */
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
        .past = request->past ? *request->past : (struct window_range){.from_ms = 0},
        .arena = a,
        .result = result,
    };

    err_clear(e);
    *result = (struct extract_result){.totals.streams_left = (int64_t)request->stream_count};
    add_nights(&run);
    bool done =
        open_all(&run, e) && prepare(&run, e) && order_nights(&run, e) && nights_read(&run, e);
    for (size_t i = 0; i < stream_registry_count; i++) { /* dating anew may have left some too */
        done = loaders_close(&run.loaders, stream_registry[i], done, e);
    }
    if (done) {
        ask_grants_again(&run, clock_monotonic_ms() - started_ms);
    }
    enum err_kind kind = done ? judge(&run, e) : e->kind;
    kind = err_facts[kind].ends_run ? kind : reconcile_run(&run.ledger, run.config, kind, e);
    if (run.ledger.run_id > 0) {
        kind = finish(&run, kind, e);
    }
    if (done) { /* a run that was refused changes nothing */
        ledger_prune(run.db, run.config, run_now_ms(&run));
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
    result->elapsed_ms = clock_monotonic_ms() - started_ms;
    return kind;
}
