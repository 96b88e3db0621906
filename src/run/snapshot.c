#include "run/snapshot.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

/* A source that reports intervals is asked from a while before the last observation, or for the
 * last day. */
#define INTERVAL_OVERLAP_MS MS_PER_HOUR
#define INTERVAL_FIRST_MS   MS_PER_DAY
#define INTERVAL_MOST_MS    (7 * MS_PER_DAY)

static int64_t max_age_ms(const struct stream *s)
{
    return (int64_t)s->max_age_hours * MS_PER_HOUR;
}

bool snapshot_fresh(struct run *run, const struct stream *s, bool *fresh, bool *ever, struct err *e)
{
    struct ledger_window w;

    if (!ledger_single_window(run->ledger, s->name, WINDOW_SNAPSHOT, run->arena, &w, e)) {
        return false;
    }
    *ever = w.window.last_read_at_ms != TIME_NONE;
    int64_t age_ms = *ever ? clock_now_ms() - w.window.last_read_at_ms : 0;
    /* A reading from the future means that the clock jumped back: read again. */
    *fresh = *ever && age_ms >= 0 && age_ms < max_age_ms(s);
    return true;
}

/* Stores the reading as under way, or lets the stored one go on. */
static bool begin(struct run *run, struct reading *r, int64_t now_ms, struct err *e)
{
    struct ledger_window *w = r->window;
    bool goes_on = reading_resumes(r) && r->stream->load == LOAD_ENTITY &&
                   w->pending_time_ms != TIME_NONE && now_ms >= w->pending_time_ms &&
                   now_ms - w->pending_time_ms < max_age_ms(r->stream);

    if (goes_on) {
        return true;
    }
    w->pending_time_ms = now_ms;
    w->pending_job_to_ms = TIME_NONE;
    w->pending_query_to_ms = TIME_NONE;
    w->next_page = 1;
    w->last_id = NULL;
    w->reading_plan = NULL;
    bool begun = db_begin(run->db, e) && ledger_plan(run->ledger, w, r->plan->name, e) &&
                 db_commit(run->db, e);
    db_rollback(run->db);
    return begun;
}

/* One reading of the snapshot by `plan`; its outcome is in *reading. */
static bool read_once(struct run *run, const struct stream *s, const struct request_plan *plan,
                      struct reading **reading, struct err *e)
{
    struct ledger_window *w = arena_alloc(run->arena, sizeof(*w));

    if (!ledger_single_window(run->ledger, s->name, WINDOW_SNAPSHOT, run->arena, w, e)) {
        return false;
    }
    int64_t now_ms = clock_now_ms();
    int64_t from_ms = TIME_NONE;
    bool wants_ids = plan->id_parameter != NULL;
    if (plan->role == ROLE_SOURCE && !wants_ids) {
        from_ms = w->window.complete_to_ms == TIME_NONE
                      ? now_ms - INTERVAL_FIRST_MS
                      : w->window.complete_to_ms - INTERVAL_OVERLAP_MS;
        from_ms = from_ms < now_ms - INTERVAL_MOST_MS ? now_ms - INTERVAL_MOST_MS : from_ms;
    }
    struct reading *r = reading_new(run->arena, s, plan, w, from_ms, now_ms);
    if (wants_ids) {
        struct ledger_ids ids;
        if (!ledger_user_ids(run->ledger, run->arena, &ids, e)) {
            return false;
        }
        r->ids = ids.ids;
        r->id_count = ids.count;
    }
    *reading = r;
    return begin(run, r, now_ms, e) && pipeline_run(run, &r, 1, 1, e);
}

/* The sources to try, in order: the configured one alone, or the remembered one first. The plans
 * stand in the order of enum adherence_source, after ADHERENCE_AUTO. */
static bool source_order(struct run *run, const struct stream *s, const struct request_plan **order,
                         size_t *count, struct err *e)
{
    enum adherence_source wanted = run->config->adherence_realtime;
    const char *remembered = NULL;

    *count = 0;
    if (wanted == ADHERENCE_AUTO &&
        !ledger_source(run->ledger, s->name, run->arena, &remembered, e)) {
        return false;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < s->plan_count; i++) {
            bool first = str_eq(s->plans[i].name, remembered);
            bool allowed = wanted == ADHERENCE_AUTO || wanted == (enum adherence_source)(i + 1);
            if (allowed && first == (pass == 0)) {
                order[(*count)++] = &s->plans[i];
            }
        }
    }
    return true;
}

/* The error that names all sources' refusals: missing permissions come first. */
static void fail_all_sources(struct outcome *out, struct buf *permissions, struct buf *others)
{
    struct err error;

    err_set(&error, permissions->length ? ERR_PERMISSION : ERR_CONTRACT,
            "no source of real-time adherence answers. %s%s%s", buf_str(permissions),
            permissions->length && others->length ? "; " : "", buf_str(others));
    outcome_fail(out, &error);
}

static bool sources_run(struct run *run, const struct stream *s, struct outcome *out, struct err *e)
{
    const struct request_plan **order = arena_array(run->arena, s->plan_count, sizeof(*order));
    struct buf permissions;
    struct buf others;
    size_t count;
    bool ok = source_order(run, s, order, &count, e);
    bool answered = false;

    buf_init(&permissions, ERR_MESSAGE_BYTES);
    buf_init(&others, ERR_MESSAGE_BYTES);
    for (size_t i = 0; ok && i < count && !answered; i++) {
        struct reading *r;
        ok = read_once(run, s, order[i], &r, e);
        if (!ok) {
            break;
        }
        bool not_permitted = r->error.kind == ERR_PERMISSION;
        bool not_known = r->error.kind == ERR_CONTRACT && r->error.http_status >= 400;
        if (r->outcome == READING_FAILED && (not_permitted || not_known)) {
            struct buf *to = not_permitted ? &permissions : &others;
            buf_add_printf(to, "%s%s: %s", to->length ? "; " : "", r->plan->name, r->error.message);
            LOG(LOG_WARN, "source not granted, trying the next", LOG_S("stream", s->name),
                LOG_S("source", order[i]->name), LOG_S("error", r->error.message));
            continue;
        }
        answered = true;
        outcome_add(out, &r, 1);
        ok = r->outcome != READING_DONE ||
             ledger_remember_source(run->ledger, s->name, order[i]->name, e);
    }
    if (ok && !answered) {
        fail_all_sources(out, &permissions, &others);
    }
    buf_free(&permissions);
    buf_free(&others);
    return ok;
}

bool snapshot_run(struct run *run, const struct stream *s, struct outcome *out, struct err *e)
{
    bool fresh;
    bool ever;
    struct reading *r;

    if (!snapshot_fresh(run, s, &fresh, &ever, e)) {
        return false;
    }
    if (fresh) {
        LOG(LOG_INFO, "still fresh", LOG_S("stream", s->name));
        return true;
    }
    if (stream_plan(s, ROLE_SOURCE)) {
        return sources_run(run, s, out, e);
    }
    if (!read_once(run, s, stream_plan(s, ROLE_ONLY), &r, e)) {
        return false;
    }
    outcome_add(out, &r, 1);
    return true;
}
