#include "run/days.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"

enum { REREAD_DAYS = 31 };

/* A windowed stream while it is brought up to date. */
struct days {
    struct run *run;
    const struct stream *stream;
    struct outcome *out;
    struct plan_facts facts;
    struct ledger_window *windows;
    size_t window_count;
    struct reading **readings; /* of the phase at hand */
    size_t reading_count;
    bool read_any; /* some window was read in this run */
};

static void phase_clear(struct days *d)
{
    d->readings = arena_array(d->run->arena, d->window_count + 1, sizeof(*d->readings));
    d->reading_count = 0;
}

static struct reading *phase_add(struct days *d, struct ledger_window *w, enum plan_role role,
                                 int64_t to_ms)
{
    const struct request_plan *plan = stream_plan(d->stream, role);
    struct reading *r = reading_new(d->run->arena, d->stream, plan, w, w->window.start_ms, to_ms);

    r->facts = &d->facts;
    r->debt = (struct window_debt){.job_to_ms = role == ROLE_JOB ? to_ms : TIME_NONE,
                                   .query_to_ms = role == ROLE_JOB ? TIME_NONE : to_ms};
    if (role == ROLE_QUERY) {
        r->row_limit = limit_get(LIMIT_QUERY_ROWS);
        r->hits_overflow = d->facts.method == METHOD_AUTO;
    }
    d->readings[d->reading_count++] = r;
    return r;
}

/* Stores the readings of a phase as under way, keeping the cursors of those that go on. */
static bool phase_store(struct days *d, struct err *e)
{
    struct run *run = d->run;

    bool stored = db_begin(run->db, e);
    for (size_t i = 0; stored && i < d->reading_count; i++) {
        struct reading *r = d->readings[i];
        struct ledger_window *w = r->window;
        if (reading_resumes(r)) {
            continue;
        }
        w->pending_time_ms = d->facts.until_ms;
        w->pending_job_to_ms = r->debt.job_to_ms;
        w->pending_query_to_ms = r->debt.query_to_ms;
        w->job_resubmits = 0;
        w->reading_plan = r->plan->name;
        stored = ledger_plan(run->ledger, w, r->plan->name, e);
    }
    stored = stored && db_commit(run->db, e);
    db_rollback(run->db);
    return stored;
}

static bool phase_run(struct days *d, struct err *e)
{
    if (d->reading_count == 0) {
        return true;
    }
    d->read_any = true;
    /* How many pages a query has is known by its first alone, so only several windows fill what may
     * be in flight; jobs are limited besides. */
    int64_t at_once = d->run->config->in_flight;
    if (d->readings[0]->plan->paging == PAGING_JOB && limit_get(LIMIT_JOBS_AT_ONCE) < at_once) {
        at_once = limit_get(LIMIT_JOBS_AT_ONCE);
    }
    if (!phase_store(d, e) ||
        !pipeline_run(d->run, d->readings, d->reading_count, (size_t)at_once, e)) {
        return false;
    }
    outcome_add(d->out, d->readings, d->reading_count);
    return true;
}

/* Days too large for the query go to a job over the same hours; with method = query that is an
 * error. */
static bool overflow_run(struct days *d, struct err *e)
{
    struct reading **seen = d->readings;
    size_t count = d->reading_count;

    phase_clear(d);
    for (size_t i = 0; i < count; i++) {
        struct reading *r = seen[i];
        if (r->outcome != READING_OVERFLOW) {
            continue;
        }
        if (d->facts.method == METHOD_QUERY) {
            struct err error;
            err_set(&error, ERR_CONTRACT,
                    "%s: the day holds more than %lld conversations, which the query cannot page "
                    "through; set [conversations] method = auto (or job)",
                    r->label, (long long)r->row_limit);
            outcome_fail(d->out, &error);
            if (!ledger_window_error(d->run->ledger, r->window->window.window_id, &error, e)) {
                return false;
            }
            continue;
        }
        LOG(LOG_INFO, "day too large for the query, taking a job", LOG_S("reading", r->label));
        r->window->reading_plan = NULL;
        phase_add(d, r->window, ROLE_JOB, r->debt.query_to_ms)->availability_ms =
            d->facts.availability_ms;
    }
    return phase_run(d, e);
}

/* The data availability date, when some window's plan goes by it. */
static bool ask_availability(struct days *d, struct err *e)
{
    const struct request_plan *plan = stream_plan(d->stream, ROLE_JOB);
    bool needed = false;

    d->facts.availability_ms = TIME_NONE;
    for (size_t i = 0; i < d->window_count && !needed; i++) {
        needed = plan_needs_availability(&d->windows[i].window, &d->facts);
    }
    if (!needed) {
        return true;
    }
    struct client_request request = {.method = HTTP_GET,
                                     .path = plan->availability,
                                     .label = "data availability date",
                                     .want_document = true};
    struct client_answer answer;
    if (!client_call(d->run->client, &request, &answer)) {
        *e = answer.error;
        client_answer_free(&answer);
        return false;
    }
    const char *text = json_str(json_get(json_root(answer.document), "dataAvailabilityDate"));
    bool ok = text && clock_parse(text, true, &d->facts.availability_ms);
    if (!ok) {
        err_set(e, ERR_CONTRACT, "the answer of %s has no dataAvailabilityDate",
                plan->availability);
    } else {
        LOG(LOG_INFO, "data availability", LOG_S("date", text));
    }
    client_answer_free(&answer);
    return ok;
}

/* Jobs whose DELETE a crash or a cut connection prevented. */
static bool delete_leftover_jobs(struct days *d, struct err *e)
{
    const struct request_plan *plan = stream_plan(d->stream, ROLE_JOB);

    for (size_t i = 0; i < d->window_count; i++) {
        struct ledger_window *w = &d->windows[i];
        if (!w->job_id || (w->reading_plan && d->facts.method != METHOD_QUERY)) {
            continue;
        }
        struct client_request request = {
            .method = HTTP_DELETE,
            .path = arena_printf(d->run->arena, "%s/%s", plan->path, w->job_id),
            .label = "deleting a finished job",
        };
        struct client_answer answer;
        client_call(d->run->client, &request, &answer);
        struct err error = answer.error;
        client_answer_free(&answer);
        if (error.kind != ERR_NONE && error.kind != ERR_CONTRACT && error.kind != ERR_PERMISSION) {
            outcome_fail(d->out, &error);
            return true;
        }
        w->job_id = NULL;
        bool noted = db_begin(d->run->db, e) &&
                     ledger_job_deleted(d->run->ledger, w->window.window_id, e) &&
                     db_commit(d->run->db, e);
        db_rollback(d->run->db);
        if (!noted) {
            return false;
        }
    }
    return true;
}

/* Readings that an earlier run left under way, with the targets stored then. */
static bool finish_interrupted(struct days *d, enum plan_role role, struct err *e)
{
    const char *name = stream_plan(d->stream, role)->name;

    phase_clear(d);
    for (size_t i = 0; i < d->window_count; i++) {
        struct ledger_window *w = &d->windows[i];
        int64_t to = role == ROLE_JOB ? w->pending_job_to_ms : w->pending_query_to_ms;
        bool wanted =
            role == ROLE_JOB ? d->facts.method != METHOD_QUERY : d->facts.method != METHOD_JOB;
        if (!w->reading_plan || !str_eq(w->reading_plan, name)) {
            continue;
        }
        if (to == TIME_NONE || !wanted) {
            w->reading_plan = NULL; /* another method now: planned anew */
            continue;
        }
        struct plan_facts *then = arena_alloc(d->run->arena, sizeof(*then));
        *then = d->facts;
        then->until_ms = w->pending_time_ms;
        phase_add(d, w, role, to)->facts = then;
    }
    return phase_run(d, e) && (role == ROLE_JOB || overflow_run(d, e));
}

/* What windows owe. Never goes on with a stored reading: that has targets of its own. */
static bool run_debts(struct days *d, enum plan_role role, struct err *e)
{
    phase_clear(d);
    for (size_t i = 0; i < d->window_count; i++) {
        struct ledger_window *w = &d->windows[i];
        struct window_debt debt = plan_debt(&w->window, &d->facts);
        int64_t to_ms = role == ROLE_JOB ? debt.job_to_ms : debt.query_to_ms;
        /* Where a reading failed in this run, the next one goes on with it. */
        if (!w->reading_plan && to_ms != TIME_NONE) {
            phase_add(d, w, role, to_ms);
        }
    }
    return phase_run(d, e) && (role == ROLE_JOB || overflow_run(d, e));
}

/* Conversations without an end, by id: the query and the job may not touch their days again. */
static bool reread_open(struct days *d, struct err *e)
{
    struct run *run = d->run;
    const struct request_plan *plan = stream_plan(d->stream, ROLE_REREAD);
    struct ledger_window w;

    if (!plan) {
        return true;
    }
    if (!ledger_single_window(run->ledger, d->stream->name, WINDOW_REREAD, run->arena, &w, e)) {
        return false;
    }
    if (!d->read_any && w.window.last_read_at_ms != TIME_NONE &&
        w.window.last_read_at_ms >= run->until_ms) {
        return true;
    }
    if (d->read_any || w.pending_time_ms != run->until_ms) {
        w.reading_plan = NULL;
        w.last_id = NULL;
    }
    struct reading *r = reading_new(run->arena, d->stream, plan, &w, TIME_NONE, TIME_NONE);
    int64_t since_ms = run->until_ms - REREAD_DAYS * MS_PER_DAY;
    struct ledger_ids ids;
    if (!ledger_open_conversations(run->ledger, since_ms, w.last_id, run->arena, &ids, e)) {
        return false;
    }
    r->ids = ids.ids;
    r->id_count = ids.count;
    phase_clear(d);
    d->readings[d->reading_count++] = r;
    return phase_run(d, e);
}

bool days_run(struct run *run, const struct stream *s, struct outcome *out, struct err *e)
{
    const struct config *c = run->config;
    struct days d = {.run = run, .stream = s, .out = out};
    int64_t first_ms = clock_utc_day_start(clock_zone_day_start_ms(c->start_day));

    d.facts = (struct plan_facts){.until_ms = run->until_ms,
                                  .availability_ms = TIME_NONE,
                                  .method = c->conversations_method,
                                  .lookback_days = c->lookback_days,
                                  .reread_hours = c->reread_hours};
    if (!ledger_make_days(run->ledger, s->name, first_ms, run->until_ms, e) ||
        !ledger_days(run->ledger, s->name, run->arena, &d.windows, &d.window_count, e) ||
        !delete_leftover_jobs(&d, e)) {
        return false;
    }
    if (outcome_halted(out)) {
        return true;
    }
    struct err asked;
    if (!ask_availability(&d, &asked)) {
        outcome_fail(out, &asked);
        return true;
    }
    static const struct {
        bool (*phase)(struct days *, enum plan_role, struct err *);
        enum plan_role role;
    } phases[] = {
        {finish_interrupted, ROLE_JOB},
        {run_debts, ROLE_JOB},
        {finish_interrupted, ROLE_QUERY},
        {run_debts, ROLE_QUERY},
    };
    for (size_t i = 0; i < COUNT_OF(phases) && !outcome_halted(out); i++) {
        if (!phases[i].phase(&d, phases[i].role, e)) {
            return false;
        }
    }
    return outcome_halted(out) || reread_open(&d, e);
}
