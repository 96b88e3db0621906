#include "base/clock.h"
#include "base/str.h"
#include "out/json_out.h"
#include "out/status.h"
#include "out/table.h"

/* An instant to the minute: 2026-03-01 06:00Z. */
static const char *short_time(struct arena *a, const char *instant)
{
    int64_t ms = 0;
    char text[CLOCK_ISO_BYTES];

    if (!instant || !clock_parse(instant, false, &ms)) {
        return "-";
    }
    clock_format(ms, text);
    return arena_printf(a, "%.10s %.5sZ", text, text + 11);
}

static void print_row(struct table *t, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        table_str(t, texts[i]);
    }
}

static void print_coverage(const struct status *s, struct arena *a, int width, FILE *out)
{
    static const char *const head[] = {"stream", "complete to", "whole to", "whole",
                                       "open",   "prov.",       "rows"};
    struct table *t = table_new(a, sizeof(head) / sizeof(head[0]));

    print_row(t, head, sizeof(head) / sizeof(head[0]));
    for (size_t i = 0; i < s->stream_count; i++) {
        const struct status_stream *stream = &s->streams[i];

        table_str(t, stream->facts->name);
        table_str(t, short_time(a, stream->complete_to));
        if (stream->facts->is_snapshot) {
            for (int column = 0; column < 4; column++) {
                table_str(t, "");
            }
        } else {
            table_str(t, stream->whole_to_day ? stream->whole_to_day : "-");
            table_int(t, stream->whole_days);
            table_int(t, stream->open_days);
            table_int(t, stream->provisional_days);
        }
        table_int(t, stream->rows);
    }
    table_print(t, width, out);
    table_free(t);
}

static const char *run_result(struct arena *a, const struct status_run *run)
{
    if (run->run_id == 0) {
        return "";
    }
    if (!run->ended_at) {
        return run->killed ? "killed" : "under way, or killed";
    }
    return arena_printf(a, "%lld %s", (long long)run->exit_code,
                        run->exit_name ? run->exit_name : "");
}

static void print_runs(const struct status *s, struct arena *a, int width, FILE *out)
{
    static const char *const head[] = {"stream", "last run", "exit", "last error"};
    struct table *t = table_new(a, sizeof(head) / sizeof(head[0]));

    print_row(t, head, sizeof(head) / sizeof(head[0]));
    for (size_t i = 0; i < s->stream_count; i++) {
        const struct status_stream *stream = &s->streams[i];

        table_str(t, stream->facts->name);
        table_str(t, short_time(a, stream->last_run.started_at));
        table_str(t, run_result(a, &stream->last_run));
        table_str(t, stream->last_error);
    }
    table_print(t, width, out);
    table_free(t);
}

/* "run 12, 2026-03-01 06:00Z", and what became of one that failed. */
static const char *run_facts(struct arena *a, const struct status_run *run, bool failed)
{
    if (run->run_id == 0) {
        return "none";
    }
    const char *when = arena_printf(a, "run %lld, %s", (long long)run->run_id,
                                    short_time(a, run->ended_at ? run->ended_at : run->started_at));
    if (!failed) {
        return when;
    }
    return arena_printf(a, "%s, %s%s%s", when, run_result(a, run), run->error ? ": " : "",
                        run->error ? run->error : "");
}

static void print_fact(struct table *t, const char *name, const char *value)
{
    table_str(t, name);
    table_str(t, value);
}

static void print_facts(const struct status *s, struct arena *a, int width, FILE *out)
{
    struct table *t = table_new(a, 2);
    int64_t unknown = 0;
    int64_t problems = 0;

    for (size_t i = 0; i < s->stream_count; i++) {
        unknown += s->streams[i].unknown_fields;
        problems += s->streams[i].data_problems;
    }
    print_fact(t, "last success", run_facts(a, &s->last_success, false));
    print_fact(t, "last failure", run_facts(a, &s->last_failure, true));
    print_fact(t, "requests this month", arena_printf(a, "%lld", (long long)s->requests_month));
    print_fact(
        t, "unknown fields",
        arena_printf(a, "%lld%s", (long long)unknown, unknown > 0 ? " (table unknown_field)" : ""));
    print_fact(t, "data problems",
               arena_printf(a, "%lld%s", (long long)problems,
                            problems > 0 ? " (table data_problem)" : ""));
    table_print(t, width, out);
    table_free(t);
}

static void print_verdict(const struct status *s, FILE *out)
{
    for (size_t i = 0; i < s->stream_count; i++) {
        const struct status_stream *stream = &s->streams[i];

        if (stream->behind) {
            (void)fprintf(out, "%s: %s: %s\n", stream->overdue ? "overdue" : "behind",
                          stream->facts->name, stream->behind);
        }
        if (!stream->facts->enabled) {
            (void)fprintf(out, "not enabled: %s\n", stream->facts->name);
        }
    }
    if (!s->behind) {
        (void)fputs("up to date\n", out);
    }
}

void status_print(const struct status *s, struct arena *a, int width, FILE *out)
{
    (void)fprintf(out, "%s (schema %d)\n\n", str_escaped(a, s->database), s->schema_version);
    print_coverage(s, a, width, out);
    (void)fputs("whole, open, prov.: business days; provisional ones may be read again\n\n", out);
    print_runs(s, a, width, out);
    (void)fputc('\n', out);
    print_facts(s, a, width, out);
    (void)fputc('\n', out);
    print_verdict(s, out);
}

static void json_run(struct json_out *o, const char *key, const struct status_run *run)
{
    if (run->run_id == 0) {
        json_out_null(o, key);
        return;
    }
    json_out_flat_object(o, key);
    json_out_int(o, "run_id", run->run_id);
    json_out_text(o, "started_at", run->started_at);
    json_out_text(o, "ended_at", run->ended_at);
    json_out_text(o, "planned_until", run->planned_until);
    if (run->exit_code < 0) {
        json_out_null(o, "exit_code");
    } else {
        json_out_int(o, "exit_code", run->exit_code);
    }
    json_out_text(o, "exit_name", run->exit_name);
    json_out_text(o, "error", run->error);
    json_out_bool(o, "killed", run->killed);
    json_out_end(o);
}

static void json_error(struct json_out *o, const struct status_stream *stream)
{
    if (!stream->last_error) {
        json_out_null(o, "last_error");
        return;
    }
    json_out_flat_object(o, "last_error");
    json_out_text(o, "kind", stream->last_error_kind);
    json_out_text(o, "at", stream->last_error_at);
    json_out_text(o, "message", stream->last_error);
    json_out_end(o);
}

static void json_stream(struct json_out *o, const struct status_stream *stream)
{
    json_out_object(o, NULL);
    json_out_text(o, "stream", stream->facts->name);
    json_out_text(o, "title", stream->facts->title);
    json_out_bool(o, "enabled", stream->facts->enabled);
    json_out_text(o, "complete_to", stream->complete_to);
    json_out_text(o, "last_read_at", stream->last_read_at);
    if (stream->facts->is_snapshot) {
        json_out_null(o, "whole_days");
        json_out_null(o, "open_days");
        json_out_null(o, "provisional_days");
    } else {
        json_out_int(o, "whole_days", stream->whole_days);
        json_out_int(o, "open_days", stream->open_days);
        json_out_int(o, "provisional_days", stream->provisional_days);
    }
    json_out_text(o, "first_day", stream->first_day);
    json_out_text(o, "whole_to_day", stream->whole_to_day);
    json_out_int(o, "open_windows", stream->open_windows);
    json_out_int(o, "rows", stream->rows);
    json_out_int(o, "unknown_fields", stream->unknown_fields);
    json_out_int(o, "data_problems", stream->data_problems);
    json_run(o, "last_run", &stream->last_run);
    json_run(o, "last_success", &stream->last_success);
    json_error(o, stream);
    json_out_bool(o, "is_overdue", stream->overdue);
    json_out_bool(o, "is_behind", stream->behind != NULL);
    json_out_text(o, "behind", stream->behind);
    json_out_end(o);
}

void status_print_json(const struct status *s, FILE *out)
{
    struct json_out o = {.file = out};

    json_out_object(&o, NULL);
    json_out_text(&o, "database", s->database);
    json_out_int(&o, "schema_version", s->schema_version);
    json_out_int(&o, "due_hours", s->due_hours);
    json_out_bool(&o, "is_overdue", s->overdue);
    json_out_bool(&o, "is_behind", s->behind);
    json_run(&o, "last_run", &s->last_run);
    json_run(&o, "last_success", &s->last_success);
    json_run(&o, "last_failure", &s->last_failure);
    json_out_int(&o, "requests_month", s->requests_month);
    json_out_array(&o, "streams");
    for (size_t i = 0; i < s->stream_count; i++) {
        json_stream(&o, &s->streams[i]);
    }
    json_out_end(&o);
    json_out_end(&o);
}
