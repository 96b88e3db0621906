#include "test.h"

#include "base/clock.h"
#include "base/log.h"
#include "out/out.h"
#include "scratch.h"

static const struct run_totals totals = {
    .requests = 11,
    .retries = 2,
    .bytes = 333,
    .pages = 4,
    .rows = {.rows_new = 5, .rows_changed = 6, .rows_unchanged = 7},
    .streams_done = 1,
    .streams_left = 1,
};

static bool write_metrics(struct scratch *s, const char *path, const char *database)
{
    const struct config config = {
        .metrics_textfile = path, .database_path = database, .due_hours = 26};
    int64_t now_ms = 0;

    assert_true(clock_parse("2024-10-05T12:00:00.000Z", false, &now_ms));
    return metrics_write(&config, now_ms, ERR_PARTIAL, 61007, &totals, &s->e);
}

static void assert_has(const char *text, const char *line)
{
    fail_if(!strstr(text, line), "no line %s in\n%s", line, text);
}

TEST_IN_SCRATCH(the_run_and_the_streams)
{
    scratch_exec(
        s,
        "INSERT INTO extract_window (stream, window_start, window_end, state, complete_to) "
        "VALUES ('conversations', '2024-10-03T00:00:00.000Z', "
        "'2024-10-04T00:00:00.000Z', 'open', '2024-10-03T12:00:00.000Z');"
        "INSERT INTO zone_offset VALUES ('2024-10-03T00:00:00.000Z', '2024-10-04T00:00:00.000Z', "
        "0, '2024-10-03', 'UTC')");
    check(write_metrics(s, "rollcall.prom", SCRATCH_DATABASE), s);
    const char *text = scratch_file(s, "rollcall.prom");
    assert_has(text, "# TYPE rollcall_last_run_duration_seconds gauge\n"
                     "rollcall_last_run_duration_seconds 61.007\n");
    assert_has(text, "\nrollcall_last_run_timestamp_seconds 1728129600\n");
    assert_has(text, "\nrollcall_last_run_exit_code 11\n");
    assert_has(text, "\nrollcall_last_run_success 0\n");
    assert_has(text, "\nrollcall_last_run_rows{result=\"changed\"} 6\n");
    assert_has(text, "\nrollcall_last_run_streams{result=\"left\"} 1\n");
    assert_has(text, "\nrollcall_database_up 1\n");
    assert_has(text, "\n# TYPE rollcall_requests_total counter\n");
    assert_has(text, "\nrollcall_stream_behind_seconds{stream=\"conversations\"} 172800\n");
    assert_has(text, "\nrollcall_stream_windows_behind{stream=\"conversations\"} 1\n");
    assert_has(text, "\nrollcall_stream_windows{stream=\"conversations\",state=\"open\"} 1\n");
    assert_has(text, "\nrollcall_stream_overdue{stream=\"users\"} 1\n");
    /* What was never there has no sample. */
    assert_null(strstr(text, "rollcall_stream_behind_seconds{stream=\"users\"}"));
    assert_null(strstr(text, "rollcall_last_success_timestamp_seconds 0"));
}

TEST_IN_SCRATCH(without_a_database_the_run_alone)
{
    log_setup(LOG_ERROR, LOG_TEXT);
    check(write_metrics(s, "rollcall.prom", "absent.db"), s);
    const char *text = scratch_file(s, "rollcall.prom");
    assert_has(text, "\nrollcall_last_run_exit_code 11\n");
    assert_has(text, "\nrollcall_database_up 0\n");
    assert_null(strstr(text, "_total"));
    assert_null(strstr(text, "rollcall_stream_"));
}

TEST_IN_SCRATCH(a_path_that_cannot_be_written)
{
    assert_false(write_metrics(s, "absent/rollcall.prom", SCRATCH_DATABASE));
    assert_int_equal(s->e.kind, ERR_STORE);
    assert_has(s->e.message, "absent/rollcall.prom");
}
