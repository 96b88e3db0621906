#include "out/status.h"

#include <string.h>

#include "base/clock.h"

/* --- statements ------------------------------------------------------------------------------ */

static const char days_sql[] =
    "SELECT nullif(coalesce(min(CASE WHEN complete_to IS NULL OR complete_to < window_end "
    "THEN coalesce(complete_to, window_start) END), max(complete_to)), min(window_start)), "
    "max(last_read_at), count(*) FILTER (WHERE state = 'open') "
    "FROM extract_window WHERE stream = ?1 AND kind = 'day'";

static const char snapshot_sql[] =
    "SELECT max(complete_to), max(complete_to), count(*) FILTER (WHERE complete_to IS NULL) "
    "FROM extract_window WHERE stream = ?1 AND kind = 'snapshot'";

static const char whole_sql[] =
    "WITH d AS MATERIALIZED (SELECT day, whole FROM freshness WHERE stream = ?1 AND day IS NOT "
    "NULL) SELECT coalesce(sum(whole), 0), min(day), (SELECT max(day) FROM d WHERE day < "
    "coalesce((SELECT min(day) FROM d WHERE NOT whole), '~')) FROM d";

static const char error_sql[] =
    "SELECT last_error, last_error_kind, last_error_at FROM extract_window "
    "WHERE stream = ?1 AND last_error IS NOT NULL ORDER BY last_error_at DESC LIMIT 1";

static const char late_sql[] =
    "SELECT count(*), min(window_start) FROM extract_window WHERE stream = ?1 AND kind = 'day' "
    "AND window_end < ?2 AND (complete_to IS NULL OR complete_to < window_end)";

static const char run_sql[] =
    "SELECT run_id, started_at, ended_at, planned_until, exit_code, exit_name, error FROM run "
    "WHERE command = 'extract' AND (?1 IS NULL OR EXISTS (SELECT 1 FROM json_each(run.streams) "
    "AS s WHERE s.value = ?1)) ORDER BY run_id DESC LIMIT 1";

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

static bool gather_coverage(struct db *d, struct arena *a, struct status_stream *s, struct err *e)
{
    struct question q = {.arena = a};
    const char *values[2] = {s->facts->name, NULL};
    bool asked = ask(&q, d, s->facts->is_snapshot ? snapshot_sql : days_sql, values, e);

    s->complete_to = text_at(&q, 0);
    s->last_read_at = text_at(&q, 1);
    s->open_windows = int_at(&q, 2);
    db_finalize(q.statement);
    if (!asked || s->facts->is_snapshot) {
        return asked;
    }
    asked = ask(&q, d, whole_sql, values, e);
    s->whole_days = int_at(&q, 0);
    s->first_day = text_at(&q, 1);
    s->whole_to_day = text_at(&q, 2);
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

/* The last run of extract that was to read `stream` (NULL: any). */
static bool gather_run(struct db *d, struct arena *a, const char *stream, struct status_run *run,
                       struct err *e)
{
    struct question q = {.arena = a};
    const char *values[2] = {stream, NULL};
    bool asked = ask(&q, d, run_sql, values, e);

    run->run_id = int_at(&q, 0);
    run->started_at = text_at(&q, 1);
    run->ended_at = text_at(&q, 2);
    run->planned_until = text_at(&q, 3);
    run->exit_code = q.row && db_column_type(q.statement, 4) == DB_INT ? int_at(&q, 4) : -1;
    run->exit_name = text_at(&q, 5);
    run->error = text_at(&q, 6);
    db_finalize(q.statement);
    return asked;
}

/* Says why a stream is behind, if it is. */
static bool judge(struct db *d, struct arena *a, struct status_stream *s, int64_t now_ms,
                  struct err *e)
{
    struct question q = {.arena = a};
    char limit[CLOCK_ISO_BYTES];
    int64_t limit_ms = now_ms - STATUS_PATIENCE_HOURS * MS_PER_HOUR;
    int64_t read_ms = 0;
    const char *values[2] = {s->facts->name, clock_format(limit_ms, limit)};

    if (!s->last_read_at || !clock_parse(s->last_read_at, false, &read_ms)) {
        s->behind = "never read";
        return true;
    }
    if (read_ms < limit_ms) {
        s->behind = arena_printf(a, "last read %lld hours ago",
                                 (long long)((now_ms - read_ms) / MS_PER_HOUR));
        return true;
    }
    if (s->facts->is_snapshot) {
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

bool status_gather(struct db *d, const struct status_request *request, struct arena *a,
                   struct status *out, struct err *e)
{
    *out = (struct status){
        .database = arena_strdup(a, db_path(d)),
        .schema_version = db_schema_version(),
        .streams = arena_array(a, request->stream_count + 1, sizeof(*out->streams)),
        .stream_count = request->stream_count,
    };
    if (!gather_run(d, a, NULL, &out->last_run, e)) {
        return false;
    }
    for (size_t i = 0; i < request->stream_count; i++) {
        struct status_stream *s = &out->streams[i];

        s->facts = &request->streams[i];
        if (!gather_coverage(d, a, s, e) || !gather_rows(d, a, s, e) || !gather_error(d, a, s, e) ||
            !gather_run(d, a, s->facts->name, &s->last_run, e) ||
            (s->facts->enabled && !judge(d, a, s, request->now_ms, e))) {
            return false;
        }
        out->behind = out->behind || s->behind;
    }
    return true;
}
