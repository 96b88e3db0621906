#include "out/metrics.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "io/db.h"
#include "io/file.h"

enum kind { GAUGE, COUNTER };

/* --- the format ------------------------------------------------------------------------------ */

/* The two lines in front of a metric's samples. */
static void head(FILE *out, enum kind kind, const char *name, const char *help)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
                  kind == COUNTER ? "counter" : "gauge");
}

static void sample(FILE *out, const char *name, int64_t value)
{
    (void)fprintf(out, "%s %lld\n", name, (long long)value);
}

/* Label values are our own words: they need no escapes. */
static void labelled(FILE *out, const char *name, const char *label, const char *word,
                     int64_t value)
{
    (void)fprintf(out, "%s{%s=\"%s\"} %lld\n", name, label, word, (long long)value);
}

static void single(FILE *out, enum kind kind, const char *name, int64_t value, const char *help)
{
    head(out, kind, name, help);
    sample(out, name, value);
}

static void seconds(FILE *out, const char *name, int64_t ms, const char *help)
{
    head(out, GAUGE, name, help);
    (void)fprintf(out, "%s %lld.%03d\n", name, (long long)(ms / 1000), (int)(ms % 1000));
}

/* A stored instant in seconds; false where there is none. */
static bool instant(const char *text, int64_t *out)
{
    int64_t ms = 0;

    if (!text || !clock_parse(text, false, &ms)) {
        return false;
    }
    *out = ms / MS_PER_SECOND;
    return true;
}

/* --- the run that has just ended ------------------------------------------------------------- */

static void write_run(FILE *out, const struct metrics_request *r)
{
    const struct run_totals *t = r->totals;

    head(out, GAUGE, "rollcall_build_info", "The program that wrote this file.");
    (void)fprintf(out, "rollcall_build_info{version=\"%s\"} 1\n", ROLLCALL_VERSION);
    single(out, GAUGE, "rollcall_last_run_timestamp_seconds", r->status.now_ms / MS_PER_SECOND,
           "When the last run ended.");
    single(out, GAUGE, "rollcall_last_run_success", r->kind == ERR_NONE,
           "1: all that was asked for is in place, 0: not.");
    single(out, GAUGE, "rollcall_last_run_exit_code", err_exit_code(r->kind),
           "Exit code of the last run.");
    seconds(out, "rollcall_last_run_duration_seconds", r->elapsed_ms, "How long it took.");
    single(out, GAUGE, "rollcall_last_run_requests", t->requests,
           "HTTP requests it sent, repetitions included.");
    single(out, GAUGE, "rollcall_last_run_retries", t->retries, "Repetitions among them.");
    single(out, GAUGE, "rollcall_last_run_received_bytes", t->bytes,
           "Bytes it received, as they came.");
    single(out, GAUGE, "rollcall_last_run_pages", t->pages, "Pages it loaded.");
    head(out, GAUGE, "rollcall_last_run_rows", "Entities that came, by what became of them.");
    labelled(out, "rollcall_last_run_rows", "result", "new", t->rows.rows_new);
    labelled(out, "rollcall_last_run_rows", "result", "changed", t->rows.rows_changed);
    labelled(out, "rollcall_last_run_rows", "result", "unchanged", t->rows.rows_unchanged);
    head(out, GAUGE, "rollcall_last_run_streams",
         "Streams it was to read, by what became of them.");
    labelled(out, "rollcall_last_run_streams", "result", "done", t->streams_done);
    labelled(out, "rollcall_last_run_streams", "result", "left", t->streams_left);
}

/* --- the database ---------------------------------------------------------------------------- */

static void write_instant(FILE *out, const char *name, const struct status_run *run,
                          const char *help)
{
    int64_t at = 0;

    if (instant(run->ended_at ? run->ended_at : run->started_at, &at)) {
        single(out, GAUGE, name, at, help);
    }
}

static void write_sums(FILE *out, const struct status *s)
{
    const struct status_sums *t = &s->sums;

    write_instant(out, "rollcall_last_success_timestamp_seconds", &s->last_success,
                  "When the last run that did all it was asked for ended.");
    write_instant(out, "rollcall_last_failure_timestamp_seconds", &s->last_failure,
                  "When the last run that did not ended (or began, if it was killed).");
    single(out, GAUGE, "rollcall_overdue", s->overdue,
           "1: an enabled stream was not read, or not read well, for [status] due_hours.");
    single(out, GAUGE, "rollcall_behind", s->behind,
           "1: a stream is overdue, or a day that should be complete is not.");
    single(out, GAUGE, "rollcall_month_requests", s->requests_month,
           "HTTP requests since the UTC month began.");
    single(out, COUNTER, "rollcall_runs_total", t->runs, "Runs of extract.");
    single(out, COUNTER, "rollcall_requests_total", t->requests,
           "HTTP requests of all runs, repetitions included.");
    single(out, COUNTER, "rollcall_retries_total", t->retries, "Repetitions among them.");
    single(out, COUNTER, "rollcall_received_bytes_total", t->bytes, "Bytes received by all runs.");
    single(out, COUNTER, "rollcall_pages_total", t->pages, "Pages loaded by all runs.");
    head(out, COUNTER, "rollcall_rows_total", "Entities that came, by what became of them.");
    labelled(out, "rollcall_rows_total", "result", "new", t->rows_new);
    labelled(out, "rollcall_rows_total", "result", "changed", t->rows_changed);
    labelled(out, "rollcall_rows_total", "result", "unchanged", t->rows_unchanged);
}

/* One number a stream; false: the stream has none. */
typedef bool stream_value(const struct status_stream *s, int64_t now_ms, int64_t *out);

static bool value_enabled(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    (void)now_ms;
    *out = s->facts->enabled;
    return true;
}

static bool value_overdue(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    (void)now_ms;
    *out = s->overdue;
    return true;
}

static bool value_error(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    (void)now_ms;
    *out = s->last_error != NULL;
    return true;
}

static bool value_success(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    (void)now_ms;
    return instant(s->last_success.ended_at, out);
}

static bool value_complete_to(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    (void)now_ms;
    return instant(s->complete_to, out);
}

static bool value_behind(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    if (!instant(s->complete_to, out)) {
        return false;
    }
    *out = now_ms / MS_PER_SECOND > *out ? now_ms / MS_PER_SECOND - *out : 0;
    return true;
}

static bool value_late(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    (void)now_ms;
    *out = s->late_windows;
    return !s->facts->is_snapshot;
}

static bool value_rows(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    (void)now_ms;
    *out = s->rows;
    return true;
}

static bool value_unknown(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    (void)now_ms;
    *out = s->unknown_fields;
    return true;
}

static bool value_problems(const struct status_stream *s, int64_t now_ms, int64_t *out)
{
    (void)now_ms;
    *out = s->data_problems;
    return true;
}

static const struct {
    const char *name;
    const char *help;
    stream_value *value;
} stream_metrics[] = {
    {"rollcall_stream_enabled", "1: the configuration wants the stream, 0: not.", value_enabled},
    {"rollcall_stream_overdue", "1: not read, or not read well, for [status] due_hours.",
     value_overdue},
    {"rollcall_stream_error", "1: an error of its last reading still stands.", value_error},
    {"rollcall_stream_last_success_timestamp_seconds",
     "When the last run that was to read it and did all it was asked for ended.", value_success},
    {"rollcall_stream_complete_to_timestamp_seconds",
     "Up to when it is read without a hole; of a snapshot: when it was taken.", value_complete_to},
    {"rollcall_stream_behind_seconds", "How long before the end of the last run that was.",
     value_behind},
    {"rollcall_stream_windows_behind", "UTC days that are over and not complete: days behind.",
     value_late},
    {"rollcall_stream_rows", "Entities stored.", value_rows},
    {"rollcall_stream_unknown_fields", "Fields that no table has a column for.", value_unknown},
    {"rollcall_stream_data_problems", "Kinds of values that could not be stored as they should be.",
     value_problems},
};

static void write_streams(FILE *out, const struct status *s, int64_t now_ms)
{
    static const char windows[] = "rollcall_stream_windows";

    for (size_t m = 0; m < sizeof(stream_metrics) / sizeof(stream_metrics[0]); m++) {
        head(out, GAUGE, stream_metrics[m].name, stream_metrics[m].help);
        for (size_t i = 0; i < s->stream_count; i++) {
            int64_t value = 0;

            if (stream_metrics[m].value(&s->streams[i], now_ms, &value)) {
                labelled(out, stream_metrics[m].name, "stream", s->streams[i].facts->name, value);
            }
        }
    }
    head(out, GAUGE, windows,
         "Windows (UTC days) by state: open (not finished), provisional (may be read again), "
         "settled.");
    for (size_t i = 0; i < s->stream_count; i++) {
        const struct status_stream *stream = &s->streams[i];
        const struct {
            const char *state;
            int64_t count;
        } states[] = {{"open", stream->open_windows},
                      {"provisional", stream->provisional_windows},
                      {"settled", stream->settled_windows}};

        for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++) {
            (void)fprintf(out, "%s{stream=\"%s\",state=\"%s\"} %lld\n", windows,
                          stream->facts->name, states[k].state, (long long)states[k].count);
        }
    }
}

/* --- all of it ------------------------------------------------------------------------------- */

/* The status, from one read transaction; false when the database cannot be read. */
static bool read_status(const struct metrics_request *r, struct arena *a, struct status *out)
{
    struct err e;
    struct db *d = db_open(r->database, DB_READ, &e);
    bool read = d && db_begin_read(d, &e) && status_gather(d, &r->status, a, out, &e);

    if (!read) {
        LOG(LOG_WARN, "metrics without the database", LOG_S("error", e.message));
    }
    if (d) {
        db_rollback(d);
        db_close(d);
    }
    return read;
}

/* A path mistyped must not cost a file of somebody else's, such as the database. Asked when the
 * database is closed: closing its file ourselves would drop SQLite's locks. */
static bool check_old(const char *path, struct err *e)
{
    static const char ours[] = "# HELP rollcall_";
    char start[sizeof(ours)] = "";
    FILE *old = fopen(path, "rb");

    if (!old) {
        return true;
    }
    size_t length = fread(start, 1, sizeof(ours) - 1, old);
    (void)fclose(old);
    if (length > 0 && !str_eq(start, ours)) {
        return err_set(e, ERR_STORE,
                       "%s: holds something else than rollcall's metrics; it was left as it is. "
                       "Name another file, or remove this one",
                       path);
    }
    return true;
}

bool metrics_write(const struct metrics_request *request, struct arena *a, struct err *e)
{
    struct file_aside file;
    struct status status;
    bool read = read_status(request, a, &status);

    if (!check_old(request->path, e) || !file_aside_open(&file, request->path, e)) {
        return false;
    }
    write_run(file.stream, request);
    single(file.stream, GAUGE, "rollcall_database_up", read,
           "1: the database could be read for this file, 0: not.");
    if (read) {
        write_sums(file.stream, &status);
        write_streams(file.stream, &status, request->status.now_ms);
    }
    return file_aside_commit(&file, e);
}
