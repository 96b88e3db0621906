#include "test.h"

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

TEST_IN(scratch_open, scratch_close, a_fresh_database_was_never_read)
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

TEST_IN(scratch_open, scratch_close, coverage_goes_up_to_the_first_hole)
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
    assert_int_equal(c->settled_windows, 1);
    assert_int_equal(c->late_windows, 0);
    assert_int_equal(c->open_days, 2);
    assert_int_equal(c->provisional_days, 0);
    assert_int_equal(c->last_run.run_id, 1);
    assert_int_equal(c->last_success.run_id, 1);
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
    assert_int_equal(c->late_windows, 1);
    assert_true(status.behind);
    assert_false(status.overdue);

    scratch_exec(s, "UPDATE extract_window SET complete_to = NULL "
                    "WHERE window_start = '2024-10-03T00:00:00.000Z'");
    status = gather(s, NOW);
    assert_null(status.streams[CONVERSATIONS].complete_to);
}

TEST_IN(scratch_open, scratch_close, a_stream_is_behind_after_26_hours)
{
    struct scratch *s = *state;

    fill(s);
    assert_false(gather(s, "2024-10-06T13:00:00.000Z").behind);
    struct status status = gather(s, "2024-10-06T13:00:00.001Z");
    assert_true(status.behind);
    assert_string_equal(status.streams[USERS].behind, "last read 26 hours ago");
    assert_string_equal(status.streams[CONVERSATIONS].behind, "last read 26 hours ago");
}

TEST_IN(scratch_open, scratch_close, due_hours_move_what_is_overdue)
{
    struct scratch *s = *state;
    struct status_request request = {.streams = facts, .stream_count = 3, .due_hours = 72};
    struct status status;

    fill(s);
    assert_true(clock_parse("2024-10-08T11:00:00.000Z", false, &request.now_ms));
    check(status_gather(s->db, &request, s->arena, &status, &s->e), s);
    assert_false(status.overdue);
    assert_int_equal(status.due_hours, 72);
    request.due_hours = 71;
    check(status_gather(s->db, &request, s->arena, &status, &s->e), s);
    assert_true(status.overdue);
    assert_false(status.streams[QUEUES].overdue); /* not enabled */
}

/* What is read all the same does not make up for runs that fail. */
TEST_IN(scratch_open, scratch_close, runs_that_do_not_end_well_are_overdue)
{
    struct scratch *s = *state;

    fill(s);
    scratch_exec(s, "UPDATE run SET ended_at = '2024-10-04T09:59:00.000Z' WHERE run_id = 1");
    assert_string_equal(gather(s, NOW).streams[USERS].behind,
                        "no run of it has ended well for 26 hours");
    scratch_exec(s, "UPDATE run SET exit_code = 11 WHERE run_id = 1");
    assert_string_equal(gather(s, NOW).streams[USERS].behind, "no run of it has ended well yet");
    /* Nobody ever ran it: what was read counts. */
    scratch_exec(s, "UPDATE run SET streams = '[\"queues\"]'");
    assert_null(gather(s, NOW).streams[USERS].behind);
}

TEST_IN(scratch_open, scratch_close, failures_locks_and_kills_are_told_apart)
{
    struct scratch *s = *state;

    fill(s);
    assert_int_equal(gather(s, NOW).last_failure.run_id, 0);
    scratch_exec(s, "INSERT INTO run (command, started_at, ended_at, exit_code, exit_name, error, "
                    "streams) VALUES ('extract', '2024-10-05T11:31:00.000Z', "
                    "'2024-10-05T11:31:00.000Z', 10, 'locked', 'held', "
                    "'[\"adherence_realtime\"]')");
    struct status status = gather(s, NOW);
    assert_int_equal(status.last_failure.run_id, 3);
    assert_int_equal(status.last_run.run_id, 2); /* it may be under way: another one was refused */

    scratch_exec(s, "DELETE FROM run WHERE run_id = 3;"
                    "INSERT INTO run (command, started_at, streams) VALUES ('extract', "
                    "'2024-10-05T11:35:00.000Z', '[\"adherence_realtime\"]')");
    status = gather(s, NOW);
    assert_int_equal(status.last_failure.run_id, 2);
    assert_true(status.last_failure.killed);
    assert_int_equal(status.last_success.run_id, 1);
}

TEST_IN(scratch_open, scratch_close, counts_of_the_month_and_oddities)
{
    struct scratch *s = *state;

    fill(s);
    scratch_exec(s, "UPDATE run SET requests = 7, rows_new = 3;"
                    "INSERT INTO run (command, started_at, requests, retries) VALUES "
                    "('extract', '2024-09-30T23:59:59.999Z', 100, 5), "
                    "('extract', '2024-10-01T00:00:00.000Z', 1000, 6);"
                    "INSERT INTO unknown_field (stream, path, first_seen_at, count) VALUES "
                    "('users', 'a', '', 9), ('users', 'b', '', 9);"
                    "INSERT INTO data_problem (stream, path, kind, first_seen_at, count) VALUES "
                    "('conversations', 'a', 'k', '', 9)");
    struct status status = gather(s, NOW);
    assert_int_equal(status.requests_month, 1014);
    assert_int_equal(status.sums.requests, 1114);
    assert_int_equal(status.sums.retries, 11);
    assert_int_equal(status.sums.rows_new, 6);
    assert_int_equal(status.sums.runs, 4);
    assert_int_equal(status.streams[USERS].unknown_fields, 2);
    assert_int_equal(status.streams[CONVERSATIONS].data_problems, 1);
    assert_int_equal(status.streams[CONVERSATIONS].unknown_fields, 0);
}

TEST_IN(scratch_open, scratch_close, the_error_that_stands_is_shown)
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

TEST_IN(scratch_open, scratch_close, lines_fit_eighty_columns)
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
