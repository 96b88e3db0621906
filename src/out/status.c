#include "out/status.h"

#include <string.h>

#include "base/clock.h"

/* --- statements ------------------------------------------------------------------------------ */

static const char days_sql[] =
    "SELECT nullif(coalesce(min(CASE WHEN complete_to IS NULL OR complete_to < window_end "
    "THEN coalesce(complete_to, window_start) END), max(complete_to)), min(window_start)), "
    "max(last_read_at), count(*) FILTER (WHERE state = 'open'), "
    "count(*) FILTER (WHERE state = 'provisional'), count(*) FILTER (WHERE state = 'settled'), "
    "count(*) FILTER (WHERE window_end <= ?2 AND (complete_to IS NULL OR complete_to < window_end))"
    " FROM extract_window WHERE stream = ?1 AND kind = 'day'";

static const char snapshot_sql[] =
    "SELECT max(complete_to), max(complete_to), count(*) FILTER (WHERE complete_to IS NULL), 0, "
    "count(complete_to), 0 FROM extract_window WHERE stream = ?1 AND kind = 'snapshot'";

static const char whole_sql[] =
    "WITH d AS MATERIALIZED (SELECT day, utc_from, whole, state FROM freshness WHERE stream = ?1 "
    "AND day IS NOT NULL) SELECT coalesce(sum(whole), 0), min(day), (SELECT max(day) FROM d WHERE "
    "day < coalesce((SELECT min(day) FROM d WHERE NOT whole), '~')), "
    "count(*) FILTER (WHERE state = 'open' AND utc_from <= ?2), "
    "count(*) FILTER (WHERE state = 'provisional') FROM d";

static const char odd_sql[] = "SELECT (SELECT count(*) FROM unknown_field WHERE stream = ?1), "
                              "(SELECT count(*) FROM data_problem WHERE stream = ?1)";

static const char error_sql[] =
    "SELECT last_error, last_error_kind, last_error_at FROM extract_window "
    "WHERE stream = ?1 AND last_error IS NOT NULL ORDER BY last_error_at DESC LIMIT 1";

static const char late_sql[] =
    "SELECT count(*), min(window_start) FROM extract_window WHERE stream = ?1 AND kind = 'day' "
    "AND window_end < ?2 AND (complete_to IS NULL OR complete_to < window_end)";

#define RUN_COLUMNS                                                                                \
    "SELECT run_id, started_at, ended_at, planned_until, exit_code, exit_name, error FROM run "    \
    "WHERE command = 'extract' "
#define RUN_OF_STREAM                                                                              \
    "AND (?1 IS NULL OR EXISTS (SELECT 1 FROM json_each(run.streams) AS s WHERE s.value = ?1)) "

/* A run that was refused its locks read nothing: another one did. */
static const char run_sql[] =
    RUN_COLUMNS RUN_OF_STREAM "AND exit_name IS NOT 'locked' ORDER BY run_id DESC LIMIT 1";

static const char success_sql[] =
    RUN_COLUMNS RUN_OF_STREAM "AND exit_code = 0 ORDER BY run_id DESC LIMIT 1";

/* A run without an end whose locks a later one of the same streams got was killed. */
static const char failure_sql[] =
    RUN_COLUMNS "AND (exit_code <> 0 OR (ended_at IS NULL AND EXISTS (SELECT 1 FROM run AS later "
                "WHERE later.run_id > run.run_id AND later.streams = run.streams "
                "AND later.exit_name IS NOT 'locked'))) ORDER BY run_id DESC LIMIT 1";

static const char sums_sql[] =
    "SELECT coalesce(sum(requests) FILTER (WHERE started_at >= ?1), 0), count(*), "
    "coalesce(sum(requests), 0), coalesce(sum(retries), 0), coalesce(sum(bytes), 0), "
    "coalesce(sum(pages), 0), coalesce(sum(rows_new), 0), coalesce(sum(rows_changed), 0), "
    "coalesce(sum(rows_unchanged), 0) FROM run";

/* A statement at its first row. */
struct question {
    struct db_stmt *statement;
    struct arena *arena;
    bool row;
};

/* Asks `sql` with one or two texts bound; every question is to be closed. */
static bool ask(struct question *q, struct db *d, const char *sql, const char *const values[2],
                struct err *e)
{
    q->row = false;
    q->statement = db_prepare(d, sql, e);
    if (!q->statement) {
        return false;
    }
    for (int i = 0; i < db_param_count(q->statement) && i < 2; i++) {
        db_bind_str(q->statement, i + 1, values[i]);
    }
    return db_step(q->statement, &q->row, e);
}

static const char *text_at(const struct question *q, int column)
{
    const char *text = q->row ? db_text(q->statement, column) : NULL;

    return text ? arena_strdup(q->arena, text) : NULL;
}

static int64_t int_at(const struct question *q, int column)
{
    return q->row ? db_int(q->statement, column) : 0;
}

/* --- one stream ------------------------------------------------------------------------------ */

static bool gather_coverage(struct db *d, struct arena *a, struct status_stream *s, int64_t now_ms,
                            struct err *e)
{
    struct question q = {.arena = a};
    char now[CLOCK_ISO_BYTES];
    const char *values[2] = {s->facts->name, clock_format(now_ms, now)};
    bool asked = ask(&q, d, s->facts->is_snapshot ? snapshot_sql : days_sql, values, e);

    s->complete_to = text_at(&q, 0);
    s->last_read_at = text_at(&q, 1);
    s->open_windows = int_at(&q, 2);
    s->provisional_windows = int_at(&q, 3);
    s->settled_windows = int_at(&q, 4);
    s->late_windows = int_at(&q, 5);
    db_finalize(q.statement);
    if (!asked || s->facts->is_snapshot) {
        return asked;
    }
    asked = ask(&q, d, whole_sql, values, e);
    s->whole_days = int_at(&q, 0);
    s->first_day = text_at(&q, 1);
    s->whole_to_day = text_at(&q, 2);
    s->open_days = int_at(&q, 3);
    s->provisional_days = int_at(&q, 4);
    db_finalize(q.statement);
    return asked;
}

static bool gather_rows(struct db *d, struct arena *a, struct status_stream *s, struct err *e)
{
    struct question q = {.arena = a};
    const char *values[2] = {NULL, NULL};

    INVARIANT(strchr(s->facts->table, '"') == NULL);
    bool asked =
        ask(&q, d, arena_printf(a, "SELECT count(*) FROM \"%s\"", s->facts->table), values, e);
    s->rows = int_at(&q, 0);
    db_finalize(q.statement);
    return asked;
}

static bool gather_error(struct db *d, struct arena *a, struct status_stream *s, struct err *e)
{
    struct question q = {.arena = a};
    const char *values[2] = {s->facts->name, NULL};
    bool asked = ask(&q, d, error_sql, values, e);

    s->last_error = text_at(&q, 0);
    s->last_error_kind = text_at(&q, 1);
    s->last_error_at = text_at(&q, 2);
    db_finalize(q.statement);
    return asked;
}

static bool gather_odd(struct db *d, struct arena *a, struct status_stream *s, struct err *e)
{
    struct question q = {.arena = a};
    const char *values[2] = {s->facts->name, NULL};
    bool asked = ask(&q, d, odd_sql, values, e);

    s->unknown_fields = int_at(&q, 0);
    s->data_problems = int_at(&q, 1);
    db_finalize(q.statement);
    return asked;
}

/* The run that `sql` finds for `stream` (NULL: any); the stream must be of the arena or static. */
static bool gather_run(struct db *d, struct arena *a, const char *sql, const char *stream,
                       struct status_run *run, struct err *e)
{
    struct question q = {.arena = a};
    const char *values[2] = {stream, NULL};
    bool asked = ask(&q, d, sql, values, e);

    run->run_id = int_at(&q, 0);
    run->started_at = text_at(&q, 1);
    run->ended_at = text_at(&q, 2);
    run->planned_until = text_at(&q, 3);
    run->exit_code = q.row && db_column_type(q.statement, 4) == DB_INT ? int_at(&q, 4) : -1;
    run->exit_name = text_at(&q, 5);
    run->error = text_at(&q, 6);
    run->killed = sql == failure_sql && run->run_id != 0 && !run->ended_at;
    db_finalize(q.statement);
    return asked;
}

/* True when the instant is `limit_ms` or later; *hours receives its age. */
static bool is_since(const char *instant, int64_t limit_ms, int64_t now_ms, long long *hours)
{
    int64_t ms = 0;

    if (!instant || !clock_parse(instant, false, &ms)) {
        *hours = 0;
        return false;
    }
    *hours = (now_ms - ms) / MS_PER_HOUR;
    return ms >= limit_ms;
}

/* Says why a stream is overdue, if it is. */
static const char *judge_overdue(struct arena *a, const struct status_stream *s, int64_t limit_ms,
                                 int64_t now_ms)
{
    long long hours = 0;

    if (!s->last_read_at) {
        return "never read";
    }
    if (!is_since(s->last_read_at, limit_ms, now_ms, &hours)) {
        return arena_printf(a, "last read %lld hours ago", hours);
    }
    if (s->last_run.run_id == 0 || is_since(s->last_success.ended_at, limit_ms, now_ms, &hours)) {
        return NULL;
    }
    return s->last_success.run_id == 0
               ? "no run of it has ended well yet"
               : arena_printf(a, "no run of it has ended well for %lld hours", hours);
}

/* Says why a stream is behind, if it is. */
static bool judge(struct db *d, struct arena *a, struct status_stream *s,
                  const struct status_request *request, struct err *e)
{
    struct question q = {.arena = a};
    char limit[CLOCK_ISO_BYTES];
    int64_t limit_ms = request->now_ms - request->due_hours * MS_PER_HOUR;
    const char *values[2] = {s->facts->name, clock_format(limit_ms, limit)};

    s->behind = judge_overdue(a, s, limit_ms, request->now_ms);
    s->overdue = s->behind != NULL;
    if (s->overdue || s->facts->is_snapshot) {
        return true;
    }
    bool asked = ask(&q, d, late_sql, values, e);
    if (int_at(&q, 0) > 0) {
        s->behind = arena_printf(a, "%lld ended %s not complete, the first is %.10s (UTC)",
                                 (long long)int_at(&q, 0),
                                 int_at(&q, 0) == 1 ? "day is" : "days are", text_at(&q, 1));
    }
    db_finalize(q.statement);
    return asked;
}

/* --- all of it ------------------------------------------------------------------------------- */

static bool gather_stream(struct db *d, struct arena *a, const struct status_request *request,
                          struct status_stream *s, struct err *e)
{
    const char *name = s->facts->name;

    return gather_coverage(d, a, s, request->now_ms, e) && gather_rows(d, a, s, e) &&
           gather_odd(d, a, s, e) && gather_error(d, a, s, e) &&
           gather_run(d, a, run_sql, name, &s->last_run, e) &&
           gather_run(d, a, success_sql, name, &s->last_success, e) &&
           (!s->facts->enabled || judge(d, a, s, request, e));
}

static bool gather_sums(struct db *d, struct arena *a, int64_t now_ms, struct status *out,
                        struct err *e)
{
    struct question q = {.arena = a};
    char month[CLOCK_DAY_BYTES];
    const char *values[2] = {arena_printf(a, "%.7s", clock_format_utc_day(now_ms, month)), NULL};
    bool asked = ask(&q, d, sums_sql, values, e);

    out->requests_month = int_at(&q, 0);
    out->sums = (struct status_sums){.runs = int_at(&q, 1),
                                     .requests = int_at(&q, 2),
                                     .retries = int_at(&q, 3),
                                     .bytes = int_at(&q, 4),
                                     .pages = int_at(&q, 5),
                                     .rows_new = int_at(&q, 6),
                                     .rows_changed = int_at(&q, 7),
                                     .rows_unchanged = int_at(&q, 8)};
    db_finalize(q.statement);
    return asked;
}

bool status_gather(struct db *d, const struct status_request *wanted, struct arena *a,
                   struct status *out, struct err *e)
{
    struct status_request request = *wanted;

    request.due_hours = request.due_hours > 0 ? request.due_hours : STATUS_DUE_HOURS;
    *out = (struct status){
        .database = arena_strdup(a, db_path(d)),
        .schema_version = db_schema_version(),
        .due_hours = request.due_hours,
        .streams = arena_array(a, request.stream_count + 1, sizeof(*out->streams)),
        .stream_count = request.stream_count,
    };
    if (!gather_run(d, a, run_sql, NULL, &out->last_run, e) ||
        !gather_run(d, a, success_sql, NULL, &out->last_success, e) ||
        !gather_run(d, a, failure_sql, NULL, &out->last_failure, e) ||
        !gather_sums(d, a, request.now_ms, out, e)) {
        return false;
    }
    for (size_t i = 0; i < request.stream_count; i++) {
        struct status_stream *s = &out->streams[i];

        s->facts = &request.streams[i];
        if (!gather_stream(d, a, &request, s, e)) {
            return false;
        }
        out->overdue = out->overdue || s->overdue;
        out->behind = out->behind || s->behind;
    }
    return true;
}
