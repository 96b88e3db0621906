#include "run/extract.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "etl/history.h"
#include "io/json.h"
#include "io/lock.h"
#include "run/fetch.h"
#include "run/night.h"
#include "run/store.h"

/* Business days before the first one that local times may be asked for, and after the last. */
enum { ZONE_DAYS_BEFORE = 400, ZONE_DAYS_AFTER = 40 };

/* A clock that is off by less is no news; by more than this it is said. */
#define CLOCK_SLACK_MS (5 * MS_PER_SECOND)
#define CLOCK_OFF_MS   (2 * MS_PER_MINUTE)

/* A stream of the run, or one that such a stream needs. */
struct part {
    const struct stream *stream;
    struct extract_stream_result *result; /* NULL: only needed */
    struct part *needs;                   /* is read before; NULL: none */
    int fresh_minutes;
    struct night *night; /* NULL: not begun, or what is stored is used */
    bool begun;
    bool ended;
    struct outcome outcome;
};

/* A run from lock to last commit. */
struct extract {
    const struct extract_request *request;
    struct extract_result *result;
    struct run run;
    struct lock_file *locks;
    struct store *store;
    struct part *parts; /* a stream comes after the one it needs */
    size_t part_count;
};

static bool take_locks(struct extract *x, struct err *e)
{
    const char *path = x->request->config->database_path;

    x->locks = db_check(path, e) ? lock_open(path, e) : NULL;
    if (!x->locks) {
        return false;
    }
    for (size_t i = 0; i < x->request->stream_count; i++) {
        const struct stream *s = x->request->streams[i];
        if (!lock_take(x->locks, s->lock_slot, s->name, e)) {
            return false;
        }
    }
    return true;
}

/* The database and the run's row in it. */
static bool open_database(struct extract *x, struct err *e)
{
    struct run *run = &x->run;
    struct buf names; /* a JSON array */

    run->db = db_open(run->config->database_path, DB_WRITE, e);
    if (!run->db) {
        return false;
    }
    run->ledger.db = run->db;
    buf_init(&names, 4096);
    buf_add_char(&names, '[');
    for (size_t i = 0; i < x->request->stream_count; i++) {
        const char *name = x->request->streams[i]->name;
        buf_add_str(&names, i > 0 ? "," : "");
        json_quote(&names, name, strlen(name));
    }
    buf_add_char(&names, ']');
    int64_t run_id = ledger_run_begin(&run->ledger, "extract", run->until_ms, buf_str(&names), e);
    buf_free(&names);
    x->result->run_id = run_id;
    return run_id != 0;
}

static bool open_all(struct extract *x, struct err *e)
{
    if (!take_locks(x, e)) {
        struct err ignored;
        if (e->kind == ERR_LOCKED && !open_database(x, &ignored)) {
            LOG(LOG_WARN, "run not recorded", LOG_S("error", ignored.message));
        }
        return false;
    }
    if (!open_database(x, e)) {
        return false;
    }
    x->run.client = client_new(x->run.config, e);
    return x->run.client != NULL;
}

/* --- before the streams ---------------------------------------------------------------------- */

int64_t run_time_ms(const struct run *run)
{
    int64_t now_ms = run_now_ms(run);

    return run->until_ms < now_ms ? run->until_ms : now_ms;
}

int64_t run_now_ms(const struct run *run)
{
    return clock_now_ms() - run->ahead_ms;
}

/* The first answer says what time it is at the server, which bounds what can have been read. */
static bool log_in(struct extract *x, struct err *e)
{
    const struct client_request request = {
        .target = CLIENT_LOGIN, .method = HTTP_POST, .path = x->run.config->login_url};
    struct client_answer answer;
    bool known;

    bool done = client_call(x->run.client, &request, &answer);
    *e = answer.error;
    client_answer_free(&answer);
    int64_t offset_ms = client_server_offset_ms(x->run.client, &known);
    if (known && offset_ms < -CLOCK_SLACK_MS) {
        x->run.ahead_ms = -offset_ms;
    }
    if (known && (offset_ms > CLOCK_OFF_MS || offset_ms < -CLOCK_OFF_MS)) {
        LOG(LOG_WARN, "the machine's clock is off; the server's bounds what is read",
            LOG_N("seconds_ahead", -offset_ms / MS_PER_SECOND));
    }
    return done &&
           (!known || db_do(x->run.db, e, "UPDATE run SET clock_ahead_ms = ?2 WHERE run_id = ?1",
                            I(x->run.ledger.run_id), I(-offset_ms)));
}

/* The file belongs to one organization, known before any row is stored: where the API does not
 * grant one source, or that says nothing, the next is asked. */
static bool check_owner(struct run *run, struct err *e)
{
    static const struct {
        const char *path;
        const char *id;
        const char *name;
    } sources[] = {
        {"/api/v2/tokens/me", "organization.id", "organization.name"},
        {"/api/v2/organizations/me", "id", "name"},
    };
    struct owner owner = {.config = run->config, .now_ms = run_now_ms(run)};

    if (!ledger_owner(&run->ledger, &owner, run->arena, e)) {
        return false;
    }
    for (size_t i = 0; owner.due && !owner.id && i < COUNT_OF(sources); i++) {
        const struct client_request request = {.method = HTTP_GET,
                                               .path = sources[i].path,
                                               .label = "the client's organization",
                                               .want_document = true};
        struct client_answer answer;
        bool done = client_call(run->client, &request, &answer);

        if (done) {
            struct json root = json_root(answer.document);
            const char *id = json_str(json_path(root, sources[i].id));
            const char *name = json_str(json_path(root, sources[i].name));
            owner.id = id && *id ? arena_strdup(run->arena, id) : NULL;
            owner.name = arena_strdup(run->arena, name ? name : "");
        } else {
            *e = answer.error;
            done = e->http_status == 403 || e->http_status == 404;
        }
        client_answer_free(&answer);
        if (!done) {
            return false;
        }
    }
    return !owner.due || ledger_own(&run->ledger, &owner, e);
}

/* What was read at a time that has not come was not read. Only the server can say so: a machine's
 * clock may be behind. */
static bool distrust(struct extract *x, struct err *e)
{
    char now[CLOCK_ISO_BYTES];
    int64_t windows = 0;
    int64_t rows = 0;
    bool known;
    int64_t now_ms = clock_now_ms() + client_server_offset_ms(x->run.client, &known);

    if (!known) {
        return true;
    }
    clock_format(now_ms + MS_PER_MINUTE, now);
    bool done = window_distrust(&x->run.ledger, now_ms, &windows, e) && db_begin(x->run.db, e) &&
                observe_distrust(x->run.db, now, &rows, e) && db_commit(x->run.db, e);
    db_rollback(x->run.db);
    if (windows + rows > 0) {
        LOG(LOG_WARN, "read at a time that has not come: read again", LOG_N("windows", windows),
            LOG_N("observations", rows));
    }
    return done;
}

static bool prepare(struct extract *x, struct err *e)
{
    const struct config *c = x->run.config;

    if (!log_in(x, e) || !check_owner(&x->run, e) || !distrust(x, e)) {
        return false;
    }
    int64_t now_ms = run_now_ms(&x->run);
    int64_t from_ms = c->start_day == INT32_MIN ? now_ms : clock_zone_day_start_ms(c->start_day);
    int64_t to_ms = x->run.until_ms > now_ms ? x->run.until_ms : now_ms;
    from_ms = from_ms < run_time_ms(&x->run) ? from_ms : run_time_ms(&x->run);
    return ledger_zone(x->run.db, c->timezone, from_ms - ZONE_DAYS_BEFORE * MS_PER_DAY,
                       to_ms + ZONE_DAYS_AFTER * MS_PER_DAY, e);
}

/* --- the streams ----------------------------------------------------------------------------- */

static struct part *find_part(struct extract *x, const struct stream *s)
{
    for (size_t i = 0; i < x->part_count; i++) {
        if (x->parts[i].stream == s) {
            return &x->parts[i];
        }
    }
    return NULL;
}

/* The stream's part, behind the one it needs. */
static struct part *add_part(struct extract *x, const struct stream *s)
{
    const struct stream *needed = s->needs ? stream_find(s->needs) : NULL;
    struct part *needs = needed ? find_part(x, needed) : NULL;

    if (needed && !needs) {
        needs = add_part(x, needed);
    }
    if (needs && s->needs_minutes > 0 &&
        (needs->fresh_minutes == 0 || needs->fresh_minutes > s->needs_minutes)) {
        needs->fresh_minutes = s->needs_minutes;
    }
    struct part *p = find_part(x, s);
    if (!p) {
        p = &x->parts[x->part_count++];
        *p = (struct part){.stream = s, .needs = needs};
    }
    return p;
}

static void add_parts(struct extract *x)
{
    struct extract_result *result = x->result;

    x->parts = arena_array(x->run.arena, stream_registry_count + 1, sizeof(*x->parts));
    for (size_t i = 0; i < result->stream_count; i++) {
        add_part(x, result->streams[i].stream)->result = &result->streams[i];
    }
}

static void end_part(struct extract *x, struct part *p)
{
    if (p->night) {
        night_end(p->night);
        p->outcome = *night_outcome(p->night);
    }
    p->ended = true;
    lock_drop(x->locks, p->stream->lock_slot);
    if (p->result) {
        p->result->outcome = p->outcome;
    }
}

/* A stream that another one needs and that is not asked for is read, unless another run holds its
 * lock: then what is stored is used, and *use is false; where nothing is, that is the part's error.
 */
static bool lock_needed(struct extract *x, struct part *p, bool *use, struct err *e)
{
    bool ever;
    struct err locked;

    *use = p->result || lock_take(x->locks, p->stream->lock_slot, p->stream->name, &locked);
    if (*use) {
        return true;
    }
    if (!window_ever_read(&x->run.ledger, p->stream->name, &ever, e)) {
        return false;
    }
    if (!ever || locked.kind != ERR_LOCKED) {
        outcome_fail(&p->outcome, &locked, true);
        return true;
    }
    LOG(LOG_INFO, "using what is stored", LOG_S("stream", p->stream->name),
        LOG_S("because", locked.message));
    return true;
}

/* When there is nothing of what a stream needs, it cannot be read, for the same reason. */
static bool has_needed(struct extract *x, struct part *p, struct err *e)
{
    const struct outcome *needed = p->needs ? &p->needs->outcome : NULL;
    bool ever = true;

    if (needed && !window_ever_read(&x->run.ledger, p->needs->stream->name, &ever, e)) {
        return false;
    }
    if (ever || needed->first.kind == ERR_NONE) {
        return true;
    }
    struct err error = needed->first;
    err_prefix(&error, "%s needs %s, which could not be read", p->stream->name,
               p->needs->stream->name);
    outcome_fail(&p->outcome, &error, true);
    return true;
}

static bool begin_part(struct extract *x, struct part *p, struct err *e)
{
    bool use = true;

    p->begun = true;
    if (p->result) {
        p->result->begun = true;
    }
    if (!has_needed(x, p, e) || !lock_needed(x, p, &use, e)) {
        outcome_fail(&p->outcome, e, true);
        return false;
    }
    if (p->outcome.left > 0 || !use) {
        end_part(x, p);
        return true;
    }
    p->night = night_new(&x->run, x->store, p->stream, p->fresh_minutes);
    if (night_begin(p->night, e)) {
        return true;
    }
    outcome_fail(night_outcome(p->night), e, true);
    return false;
}

/* Begins a part that waits for nothing more, or ends one that is over; *moved: it did. */
static bool move_part(struct extract *x, struct part *p, bool *moved, struct err *e)
{
    if (!p->begun && (!p->needs || p->needs->ended) && !stop_requested()) {
        *moved = true;
        return begin_part(x, p, e);
    }
    if (p->begun && !p->ended && night_is_over(p->night)) {
        *moved = true;
        end_part(x, p);
    }
    return true;
}

/* Moves the parts as far as they go by now; *left: some part is not ended. */
static bool move_on(struct extract *x, bool *left, struct err *e)
{
    bool moved = true;

    while (moved) {
        moved = *left = false;
        for (size_t i = 0; i < x->part_count; i++) {
            if (!move_part(x, &x->parts[i], &moved, e)) {
                return false;
            }
            *left = *left || !x->parts[i].ended;
        }
    }
    return true;
}

/* Takes a message, and what follows from it. */
static bool take(struct extract *x, struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    struct page *last = p;
    bool ok = store_take(x->store, p, &last, e) &&
              (!last->over || night_go_on(r->night, r, last->news->halts, e));

    if (ok) {
        night_tell(r->night);
    } else {
        outcome_fail(night_outcome(r->night), e, true);
    }
    pages_done(x->run.pages, last);
    return ok;
}

/* Loads until the streams are done or the network thread has ended; after trouble with the database
 * the rest is thrown away. */
static bool run_parts(struct extract *x, struct err *e)
{
    bool left = true;
    bool ok = move_on(x, &left, e);

    for (;;) {
        if (!ok || !left) {
            pages_close(x->run.pages, !ok);
        }
        struct page *p = pages_pop(x->run.pages, NULL);
        if (!p->reading) {
            x->run.totals.requests = p->totals.requests;
            pages_done(x->run.pages, p);
            return ok;
        }
        if (ok) {
            ok = take(x, p, e) && move_on(x, &left, e);
        } else {
            pages_done(x->run.pages, p);
        }
    }
}

/* Reads the streams, those that do not need one another side by side. An error is its stream's own
 * already. */
static bool run_streams(struct extract *x, struct err *e)
{
    pthread_t thread;

    x->run.pages = pages_new(x->run.client, (size_t)x->run.config->in_flight,
                             (size_t)limit_get(LIMIT_QUEUE_BYTES));
    x->store = store_new(&x->run);
    add_parts(x);
    int code = pthread_create(&thread, NULL, fetch_all, x->run.pages);
    bool ok = code == 0
                  ? run_parts(x, e)
                  : err_set(e, ERR_BUG, "cannot start the network thread: %s", strerror(code));
    if (code == 0) {
        pthread_join(thread, NULL);
    }
    for (size_t i = 0; i < x->part_count; i++) {
        if (x->parts[i].begun && !x->parts[i].ended) {
            end_part(x, &x->parts[i]);
        }
    }
    store_free(x->store);
    pages_free(x->run.pages);
    return ok;
}

bool extract_stream_whole(const struct extract_stream_result *sr)
{
    const struct outcome *o = &sr->outcome;

    return sr->begun && o->left == 0 && o->first.kind == ERR_NONE && !o->stopped;
}

/* The run's kind: all streams' outcomes as one, those that were needed alone included. A stream
 * that reached its end counts as done even if nothing was owed. */
static enum err_kind judge(const struct extract *x, struct err *e)
{
    struct outcome total = {0};
    bool is_own = false; /* the first error is that of a stream that was asked for: it says more */

    for (size_t i = 0; i < x->part_count; i++) {
        const struct part *p = &x->parts[i];
        total.done += p->result ? p->outcome.done + (extract_stream_whole(p->result) ? 1 : 0) : 0;
        total.left += p->outcome.left + (p->begun ? 0 : 1);
        total.stopped = total.stopped || p->outcome.stopped;
        if (p->outcome.first.kind != ERR_NONE &&
            (total.first.kind == ERR_NONE || (p->result && !is_own))) {
            total.first = p->outcome.first;
            is_own = p->result != NULL;
        }
    }
    total.stopped = total.stopped || (total.left > 0 && stop_requested());
    enum err_kind kind = outcome_kind(&total);
    if (kind == ERR_STOPPED) {
        err_set(e, ERR_STOPPED,
                "stopped by a signal after the last page was committed; the next "
                "extract goes on from there");
    } else if (kind != ERR_NONE) {
        *e = total.first;
    }
    return kind;
}

/* What the run's row says beside the counters that went with the pages. */
static void count_streams(struct extract *x)
{
    struct run_totals *t = &x->run.totals;
    struct err ignored;

    for (size_t i = 0; i < x->result->stream_count; i++) {
        const struct extract_stream_result *sr = &x->result->streams[i];

        t->streams_done += extract_stream_whole(sr) ? 1 : 0;
        if (stream_has_days(sr->stream)) {
            struct rows q =
                db_ask(x->run.db, &ignored, "SELECT sum(whole) FROM freshness WHERE stream = ?1",
                       S(sr->stream->name));

            t->days_whole += db_next(&q) ? db_int(&q, 0) : 0;
            if (!db_end(&q)) {
                LOG(LOG_WARN, "whole days not counted", LOG_S("error", ignored.message));
            }
        }
    }
    t->streams_left = (int64_t)x->result->stream_count - t->streams_done;
}

static void store_routes(struct extract *x)
{
    size_t count;
    const struct route_count *routes = client_counts(x->run.client, &count);
    struct err ignored;

    x->run.totals.requests = x->run.totals.retries = x->run.totals.bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const struct route_count *r = &routes[i];

        x->run.totals.requests += r->requests;
        x->run.totals.retries += r->retries;
        x->run.totals.bytes += r->bytes;
        /* The count is bookkeeping: the run's own result is already decided. */
        if (!db_do(x->run.db, &ignored,
                   "INSERT INTO request_count (run_id, method, route, requests, retries, "
                   "status_429, status_5xx, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                   I(x->run.ledger.run_id), S(r->method), S(r->route), I(r->requests),
                   I(r->retries), I(r->status_429), I(r->status_5xx), I(r->bytes))) {
            LOG(LOG_WARN, "request counts not stored", LOG_S("error", ignored.message));
            return;
        }
    }
}

/* Ends the run's row. `e` is the run's error, or what becomes of it. */
static enum err_kind finish(struct extract *x, enum err_kind kind, struct err *e)
{
    struct err ending;

    if (x->run.client) {
        store_routes(x);
    }
    count_streams(x);
    if (!ledger_run_end(&x->run.ledger, &x->run.totals, kind, kind == ERR_NONE ? NULL : e->message,
                        &ending) &&
        kind == ERR_NONE) {
        *e = ending;
        kind = ending.kind;
    }
    return kind;
}

enum err_kind extract_run(const struct extract_request *request, struct arena *a,
                          struct extract_result *result, struct err *e)
{
    int64_t started_ms = clock_monotonic_ms();
    struct extract x = {.request = request, .result = result};
    enum err_kind kind;

    x.run.config = request->config;
    x.run.arena = a;
    x.run.until_ms = request->until_ms;
    x.run.watcher = request->watcher;
    x.run.ledger.run_id = -1;
    *result = (struct extract_result){.stream_count = request->stream_count};
    result->streams = arena_array(a, request->stream_count + 1, sizeof(*result->streams));
    for (size_t i = 0; i < request->stream_count; i++) {
        result->streams[i].stream = request->streams[i];
    }
    err_clear(e);
    x.run.totals.streams_left = (int64_t)request->stream_count;
    if (open_all(&x, e) && prepare(&x, e) && run_streams(&x, e)) {
        kind = judge(&x, e);
    } else {
        kind = e->kind;
    }
    if (result->run_id != 0) {
        kind = finish(&x, kind, e);
    }
    result->totals = x.run.totals;
    db_close(x.run.db);
    client_free(x.run.client);
    lock_close(x.locks);
    result->elapsed_ms = clock_monotonic_ms() - started_ms;
    return kind;
}
