#include "run/extract.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "io/json.h"
#include "io/lock.h"
#include "run/days.h"
#include "run/snapshot.h"

/* Business days before the first one that local times may be asked for, and after the last. */
enum { ZONE_DAYS_BEFORE = 400, ZONE_DAYS_AFTER = 40 };

/* A run from lock to last commit. */
struct extract {
    const struct extract_request *request;
    struct extract_result *result;
    struct run run;
    struct lock_file *locks;
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
    run->ledger = ledger_new(run->db);
    buf_init(&names, 4096);
    buf_add_char(&names, '[');
    for (size_t i = 0; i < x->request->stream_count; i++) {
        const char *name = x->request->streams[i]->name;
        buf_add_str(&names, i > 0 ? "," : "");
        json_quote(&names, name, strlen(name));
    }
    buf_add_char(&names, ']');
    run->run_id = ledger_run_begin(run->ledger, "extract", run->until_ms, buf_str(&names), e);
    buf_free(&names);
    x->result->run_id = run->run_id;
    return run->run_id != 0;
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
    const struct config *c = x->run.config;
    int64_t until_ms = x->run.until_ms;
    int64_t from_ms = c->start_day == INT32_MIN ? until_ms : clock_zone_day_start_ms(c->start_day);
    from_ms = from_ms < until_ms ? from_ms : until_ms;
    if (!open_database(x, e) ||
        !ledger_zone(x->run.db, c->timezone, from_ms - ZONE_DAYS_BEFORE * MS_PER_DAY,
                     until_ms + ZONE_DAYS_AFTER * MS_PER_DAY, e)) {
        return false;
    }
    x->run.client = client_new(x->run.config, e);
    return x->run.client != NULL;
}

static const struct extract_stream_result *result_of(const struct extract *x,
                                                     const struct stream *s)
{
    for (size_t i = 0; i < x->result->stream_count; i++) {
        if (x->result->streams[i].stream == s) {
            return &x->result->streams[i];
        }
    }
    return NULL;
}

/* Reads a stream that another one depends on and that is not part of this run, unless another run
 * holds its lock and something is stored. What fails goes to *failed. */
static bool refresh(struct extract *x, const struct stream *needed, bool ever,
                    struct outcome *failed, struct err *e)
{
    struct err locked;

    if (!lock_take(x->locks, needed->lock_slot, needed->name, &locked)) {
        if (ever && locked.kind == ERR_LOCKED) {
            LOG(LOG_INFO, "using what is stored", LOG_S("stream", needed->name),
                LOG_S("because", locked.message));
            return true;
        }
        *e = locked;
        return false;
    }
    bool ok = snapshot_run(&x->run, needed, failed, e);
    lock_drop(x->locks, needed->lock_slot);
    return ok;
}

/* What a stream depends on is read when absent or old. When there is nothing of it even so, the
 * stream cannot be read, for the same reason. */
static bool read_dependency(struct extract *x, const struct stream *s, struct outcome *out,
                            struct err *e)
{
    const struct stream *needed = s->depends_on ? stream_find(s->depends_on) : NULL;
    struct outcome own = {0};
    bool fresh;
    bool ever;

    if (!needed) {
        return true;
    }
    if (!snapshot_fresh(&x->run, needed, &fresh, &ever, e)) {
        return false;
    }
    const struct extract_stream_result *earlier = result_of(x, needed);
    const struct outcome *failed = earlier ? &earlier->outcome : &own;
    if (!earlier && !fresh &&
        (!refresh(x, needed, ever, &own, e) ||
         !snapshot_fresh(&x->run, needed, &fresh, &ever, e))) {
        return false;
    }
    out->stopped = failed->stopped;
    if (!ever && failed->first.kind != ERR_NONE) {
        struct err error = failed->first;
        err_prefix(&error, "%s needs %s, which could not be read", s->name, needed->name);
        outcome_fail(out, &error);
    }
    return true;
}

static bool run_stream(struct extract *x, struct extract_stream_result *sr)
{
    const struct stream *s = sr->stream;
    struct err error;

    sr->begun = true;
    progress_stream(&x->run.progress, s->name);
    LOG(LOG_INFO, "stream begins", LOG_S("stream", s->name));
    bool ok = read_dependency(x, s, &sr->outcome, &error);
    if (ok && sr->outcome.left == 0 && !sr->outcome.stopped) {
        ok = s->windows == WINDOWS_SNAPSHOT ? snapshot_run(&x->run, s, &sr->outcome, &error)
                                            : days_run(&x->run, s, &sr->outcome, &error);
    }
    if (!ok) {
        outcome_fail(&sr->outcome, &error);
    }
    lock_drop(x->locks, s->lock_slot);
    progress_end(&x->run.progress, s->name, extract_stream_whole(sr));
    LOG(sr->outcome.left || !ok ? LOG_WARN : LOG_INFO, "stream ends", LOG_S("stream", s->name),
        LOG_N("done", sr->outcome.done), LOG_N("left", sr->outcome.left),
        LOG_S("error", sr->outcome.first.kind ? sr->outcome.first.message : "none"));
    return ok;
}

/* Reads the streams until one meets trouble that the next would meet too. An error is the stream's
 * own already. */
static void run_streams(struct extract *x)
{
    bool goes_on = true;

    for (size_t i = 0; goes_on && i < x->result->stream_count; i++) {
        struct extract_stream_result *sr = &x->result->streams[i];
        const struct outcome *o = &sr->outcome;
        bool read = run_stream(x, sr);
        bool service_gone = o->first.kind == ERR_TEMPORARY && o->halted &&
                            (o->first.http_status == 0 || !client_logged_in(x->run.client));

        goes_on = read && !service_gone && !o->stopped && !err_ends_run(o->first.kind) &&
                  o->first.kind != ERR_RATE;
    }
}

bool extract_stream_whole(const struct extract_stream_result *sr)
{
    const struct outcome *o = &sr->outcome;

    return sr->begun && o->left == 0 && o->first.kind == ERR_NONE && !o->stopped;
}

/* The run's kind: all streams' outcomes as one. A stream that reached its end counts as done even
 * if nothing was owed. */
static enum err_kind judge(const struct extract_result *result, struct err *e)
{
    struct outcome total = {0};

    for (size_t i = 0; i < result->stream_count; i++) {
        const struct extract_stream_result *sr = &result->streams[i];
        const struct outcome *o = &sr->outcome;
        total.done += o->done + (extract_stream_whole(sr) ? 1 : 0);
        total.left += o->left + (sr->begun ? 0 : 1);
        total.stopped = total.stopped || o->stopped;
        if (total.first.kind == ERR_NONE) {
            total.first = o->first;
        }
    }
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
        int64_t days = 0;

        t->streams_done += extract_stream_whole(sr) ? 1 : 0;
        if (sr->stream->windows == WINDOWS_UTC_DAYS &&
            !ledger_days_whole(x->run.ledger, sr->stream->name, &days, &ignored)) {
            LOG(LOG_WARN, "whole days not counted", LOG_S("error", ignored.message));
        }
        t->days_whole += days;
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
        struct ledger_route r = {.method = routes[i].method,
                                 .route = routes[i].route,
                                 .requests = routes[i].requests,
                                 .retries = routes[i].retries,
                                 .status_429 = routes[i].status_429,
                                 .status_5xx = routes[i].status_5xx,
                                 .bytes = routes[i].bytes};
        x->run.totals.requests += r.requests;
        x->run.totals.retries += r.retries;
        x->run.totals.bytes += r.bytes;
        /* The count is bookkeeping: the run's own result is already decided. */
        if (!ledger_route(x->run.ledger, &r, &ignored)) {
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
    if (!ledger_run_end(x->run.ledger, &x->run.totals, kind, kind == ERR_NONE ? NULL : e->message,
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
    x.run.progress.watcher = request->watcher;
    *result = (struct extract_result){.stream_count = request->stream_count};
    result->streams = arena_array(a, request->stream_count + 1, sizeof(*result->streams));
    for (size_t i = 0; i < request->stream_count; i++) {
        result->streams[i].stream = request->streams[i];
    }
    err_clear(e);
    x.run.totals.streams_left = (int64_t)request->stream_count;
    if (open_all(&x, e)) {
        run_streams(&x);
        kind = judge(result, e);
    } else {
        kind = e->kind;
    }
    if (x.run.run_id != 0) {
        kind = finish(&x, kind, e);
    }
    result->totals = x.run.totals;
    ledger_free(x.run.ledger);
    db_close(x.run.db);
    client_free(x.run.client);
    lock_close(x.locks);
    result->elapsed_ms = clock_monotonic_ms() - started_ms;
    return kind;
}
