#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "out/status.h"
#include "scratch.h"

#define NOW "2024-10-05T12:00:00.000Z"

static const struct status_stream_facts facts[] = {
    {.name = "users", .title = "users", .table = "user", .is_snapshot = true, .enabled = true},
    {.name = "conversations", .title = "details", .table = "conversation", .enabled = true},
    {.name = "queues", .title = "queues", .table = "queue", .is_snapshot = true},
};

enum { USERS, CONVERSATIONS, QUEUES };

static struct status gather(struct scratch *s, const char *now)
{
    struct status_request request = {.streams = facts, .stream_count = 3};
    struct status status;

    assert_true(clock_parse(now, false, &request.now_ms));
    check(status_gather(s->db, &request, s->arena, &status, &s->e), s);
    return status;
}

/* The first day is settled, the second whole by the query, the third under way. */
static void fill(struct scratch *s)
{
    scratch_exec(
        s,
        "INSERT INTO extract_window (stream, kind, complete_to) VALUES "
        "('users', 'snapshot', '2024-10-05T11:00:00.000Z');"
        "INSERT INTO extract_window (stream, kind, window_start, window_end, state, complete_to, "
        "last_read_at) VALUES "
        "('conversations', 'day', '2024-10-03T00:00:00.000Z', '2024-10-04T00:00:00.000Z', "
        "'settled', '2024-10-04T00:00:00.000Z', '2024-10-04T11:00:00.000Z'), "
        "('conversations', 'day', '2024-10-04T00:00:00.000Z', '2024-10-05T00:00:00.000Z', 'open', "
        "'2024-10-05T00:00:00.000Z', '2024-10-05T11:00:00.000Z'), "
        "('conversations', 'day', '2024-10-05T00:00:00.000Z', '2024-10-06T00:00:00.000Z', 'open', "
        "'2024-10-05T11:00:00.000Z', '2024-10-05T11:00:00.000Z');"
        "INSERT INTO zone_offset (utc_from, utc_to, offset_seconds, day, zone) VALUES "
        "('2024-10-03T00:00:00.000Z', '2024-10-04T00:00:00.000Z', 0, '2024-10-03', 'UTC'), "
        "('2024-10-04T00:00:00.000Z', '2024-10-05T00:00:00.000Z', 0, '2024-10-04', 'UTC'), "
        "('2024-10-05T00:00:00.000Z', '2024-10-06T00:00:00.000Z', 0, '2024-10-05', 'UTC');"
        "INSERT INTO run (command, started_at, ended_at, exit_code, exit_name, streams) VALUES "
        "('extract', '2024-10-05T10:59:00.000Z', '2024-10-05T11:02:00.000Z', 0, 'ok', "
        "'[\"users\", \"conversations\"]'), "
        "('extract', '2024-10-05T11:30:00.000Z', NULL, NULL, NULL, '[\"adherence_realtime\"]');"
        "INSERT INTO user (user_id) VALUES ('u1'), ('u2')");
}

static void a_fresh_database_was_never_read(void **state)
{
    struct scratch *s = *state;
    struct status status = gather(s, NOW);

    assert_true(status.behind);
    assert_string_equal(status.streams[USERS].behind, "never read");
    assert_string_equal(status.streams[CONVERSATIONS].behind, "never read");
    assert_null(status.streams[QUEUES].behind); /* not enabled */
    assert_null(status.streams[CONVERSATIONS].complete_to);
    assert_int_equal(status.streams[CONVERSATIONS].whole_days, 0);
    assert_int_equal(status.last_run.run_id, 0);
}

static void coverage_goes_up_to_the_first_hole(void **state)
{
    struct scratch *s = *state;

    fill(s);
    struct status status = gather(s, NOW);
    const struct status_stream *c = &status.streams[CONVERSATIONS];
    assert_false(status.behind);
    assert_string_equal(c->complete_to, "2024-10-05T11:00:00.000Z");
    assert_string_equal(c->last_read_at, "2024-10-05T11:00:00.000Z");
    assert_int_equal(c->whole_days, 2);
    assert_string_equal(c->first_day, "2024-10-03");
    assert_string_equal(c->whole_to_day, "2024-10-04");
    assert_int_equal(c->open_windows, 2);
    assert_int_equal(c->last_run.run_id, 1);
    assert_int_equal(c->last_run.exit_code, 0);
    assert_int_equal(status.streams[USERS].rows, 2);
    assert_string_equal(status.streams[USERS].complete_to, "2024-10-05T11:00:00.000Z");
    assert_int_equal(status.last_run.run_id, 2);
    assert_int_equal(status.last_run.exit_code, -1);

    /* A hole in the first day: later days do not count. */
    scratch_exec(s, "UPDATE extract_window SET complete_to = '2024-10-03T07:00:00.000Z', "
                    "state = 'open' WHERE window_start = '2024-10-03T00:00:00.000Z'");
    status = gather(s, NOW);
    c = &status.streams[CONVERSATIONS];
    assert_string_equal(c->complete_to, "2024-10-03T07:00:00.000Z");
    assert_int_equal(c->whole_days, 1);
    assert_null(c->whole_to_day);
    assert_string_equal(c->behind, "1 ended day is not complete, the first is 2024-10-03 (UTC)");
    assert_true(status.behind);

    scratch_exec(s, "UPDATE extract_window SET complete_to = NULL "
                    "WHERE window_start = '2024-10-03T00:00:00.000Z'");
    status = gather(s, NOW);
    assert_null(status.streams[CONVERSATIONS].complete_to);
}

static void a_stream_is_behind_after_26_hours(void **state)
{
    struct scratch *s = *state;

    fill(s);
    assert_false(gather(s, "2024-10-06T13:00:00.000Z").behind);
    struct status status = gather(s, "2024-10-06T13:00:00.001Z");
    assert_true(status.behind);
    assert_string_equal(status.streams[USERS].behind, "last read 26 hours ago");
    assert_string_equal(status.streams[CONVERSATIONS].behind, "last read 26 hours ago");
}

static void the_error_that_stands_is_shown(void **state)
{
    struct scratch *s = *state;
    FILE *out = tmpfile();
    char text[4096] = "";

    fill(s);
    scratch_exec(s, "UPDATE extract_window SET last_error = 'no permission\x1b[2J', "
                    "last_error_kind = 'permission', last_error_at = '2024-10-05T11:01:00.000Z' "
                    "WHERE stream = 'users'");
    struct status status = gather(s, NOW);
    assert_string_equal(status.streams[USERS].last_error_kind, "permission");
    assert_null(status.streams[CONVERSATIONS].last_error);

    status_print(&status, s->arena, 0, out);
    rewind(out);
    assert_true(fread(text, 1, sizeof(text) - 1, out) > 0);
    assert_non_null(strstr(text, "no permission"));
    assert_null(strchr(text, 0x1b));
    assert_non_null(strstr(text, "not enabled: queues"));
    (void)fclose(out);
}

static void lines_fit_eighty_columns(void **state)
{
    struct scratch *s = *state;
    FILE *out = tmpfile();
    char line[512];

    fill(s);
    scratch_exec(s, "UPDATE extract_window SET last_error = 'a very long message that goes on and "
                    "on, over the end of any line of a terminal, with all the details'");
    struct status status = gather(s, NOW);
    status_print(&status, s->arena, 80, out);
    rewind(out);
    while (fgets(line, sizeof(line), out)) {
        assert_true(strlen(line) <= 81);
    }
    (void)fclose(out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_database_was_never_read),   TEST(coverage_goes_up_to_the_first_hole),
        TEST(a_stream_is_behind_after_26_hours), TEST(the_error_that_stands_is_shown),
        TEST(lines_fit_eighty_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
