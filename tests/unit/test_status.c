#include "test.h"

#include "out/out.h"
#include "out/render.h"
#include "scratch.h"
#include "sql.h"
#include "streams/stream.h"

#define NOW "2024-10-05T12:00:00.000Z"

static const struct stream *const streams[] = {&stream_users, &stream_conversations,
                                               &stream_queues};
static const char *const enabled[] = {"users", "conversations"};

#define USERS         "$.streams[0]"
#define CONVERSATIONS "$.streams[1]"
#define QUEUES        "$.streams[2]"

/* The first day is settled, the second whole by the query, the third under way. */
static const char filled[] =
    "INSERT INTO extract_window (stream, complete_to) VALUES "
    "('users', '2024-10-05T11:00:00.000Z');"
    "INSERT INTO extract_window (window_id, stream, window_start, window_end, state, complete_to) "
    "VALUES "
    "(11, 'conversations', '2024-10-03T00:00:00.000Z', '2024-10-04T00:00:00.000Z', 'settled', "
    "'2024-10-04T00:00:00.000Z'), "
    "(12, 'conversations', '2024-10-04T00:00:00.000Z', '2024-10-05T00:00:00.000Z', 'open', "
    "'2024-10-05T00:00:00.000Z'), "
    "(13, 'conversations', '2024-10-05T00:00:00.000Z', '2024-10-06T00:00:00.000Z', 'open', "
    "'2024-10-05T11:00:00.000Z');"
    "INSERT INTO window_pass (window_id, pass, read_at) VALUES "
    "(11, 'job', '2024-10-04T11:00:00.000Z'), (12, 'query', '2024-10-05T11:00:00.000Z'), "
    "(13, 'query', '2024-10-05T11:00:00.000Z');"
    "INSERT INTO zone_offset (utc_from, utc_to, offset_seconds, day, zone) VALUES "
    "('2024-10-03T00:00:00.000Z', '2024-10-04T00:00:00.000Z', 0, '2024-10-03', 'UTC'), "
    "('2024-10-04T00:00:00.000Z', '2024-10-05T00:00:00.000Z', 0, '2024-10-04', 'UTC'), "
    "('2024-10-05T00:00:00.000Z', '2024-10-06T00:00:00.000Z', 0, '2024-10-05', 'UTC');"
    "INSERT INTO run (command, started_at, ended_at, exit_code, exit_name, streams) VALUES "
    "('extract', '2024-10-05T10:59:00.000Z', '2024-10-05T11:02:00.000Z', 0, 'ok', "
    "'[\"users\", \"conversations\"]'), "
    "('extract', '2024-10-05T11:30:00.000Z', NULL, NULL, NULL, '[\"adherence_realtime\"]');"
    "INSERT INTO user (user_id) VALUES ('u1'), ('u2')";

#define FIRST_DAY "WHERE window_start = '2024-10-03T00:00:00.000Z'"
#define ANOTHER_RUN                                                                                \
    "INSERT INTO run (command, started_at, ended_at, exit_code, exit_name, error, streams) "       \
    "VALUES "

/* The status as JSON, or for people in 80 columns, in the arena. */
static const char *told(struct scratch *s, const char *now, int due_hours, bool json)
{
    const struct config config = {
        .streams = enabled, .stream_count = COUNT_OF(enabled), .due_hours = due_hours};
    FILE *out = fopen("told", "wb");
    int64_t now_ms;

    stream_registry = streams;
    stream_registry_count = COUNT_OF(streams);
    assert_true(clock_parse(now, false, &now_ms));
    check(db_begin_read(s->db, &s->e), s);
    check(status_gather(s->db, &config, now_ms, &s->e), s);
    check(json ? render_document(db_ask(s->db, &s->e, sql_status_document, NONE), out)
               : status_print(s->db, 80, out, &s->e),
          s);
    db_rollback(s->db);
    (void)fclose(out);
    return scratch_file(s, "told");
}

/* Holds what the status says against paths and values, in pairs, NULL at the end. */
__attribute__((sentinel)) static void says(struct scratch *s, const char *now, int due_hours, ...)
{
    const char *document = told(s, now, due_hours, true);
    va_list pairs;

    va_start(pairs, due_hours);
    for (const char *path = va_arg(pairs, const char *); path; path = va_arg(pairs, const char *)) {
        const char *expected = va_arg(pairs, const char *);
        const char *value = scratch_json(s, document, path);

        fail_if(strcmp(value, expected) != 0, "%s is %s, not %s", path, value, expected);
    }
    va_end(pairs);
}

TEST_IN_SCRATCH(coverage_goes_up_to_the_first_hole)
{
    scratch_exec(s, filled);
    says(s, NOW, 26, "$.is_behind", "0", "$.due_hours", "26", "$.last_run.run_id", "2",
         "$.last_run.exit_code", "NULL", "$.last_failure", "NULL", USERS ".rows", "2",
         USERS ".complete_to", "2024-10-05T11:00:00.000Z", USERS ".whole_days", "NULL",
         CONVERSATIONS ".complete_to", "2024-10-05T11:00:00.000Z", CONVERSATIONS ".last_read_at",
         "2024-10-05T11:00:00.000Z", CONVERSATIONS ".whole_days", "2", CONVERSATIONS ".first_day",
         "2024-10-03", CONVERSATIONS ".whole_to_day", "2024-10-04", CONVERSATIONS ".open_windows",
         "2", CONVERSATIONS ".open_days", "1", CONVERSATIONS ".provisional_days", "1",
         CONVERSATIONS ".last_run.run_id", "1", CONVERSATIONS ".last_success.exit_code", "0", NULL);

    /* A hole in the first day: later days do not count. */
    scratch_exec(s, "UPDATE extract_window SET complete_to = '2024-10-03T07:00:00.000Z', "
                    "state = 'open' " FIRST_DAY);
    says(s, NOW, 26, "$.is_behind", "1", "$.is_overdue", "0", CONVERSATIONS ".complete_to",
         "2024-10-03T07:00:00.000Z", CONVERSATIONS ".whole_days", "1",
         CONVERSATIONS ".whole_to_day", "NULL", CONVERSATIONS ".behind",
         "1 ended day is not complete, the first is 2024-10-03 (UTC)", NULL);
    /* Another scope's, whose zone is behind, is the same day. */
    scratch_exec(s, "INSERT INTO extract_window (stream, scope, window_start, window_end, state) "
                    "VALUES ('conversations', 'unit', '2024-10-03T05:00:00.000Z', "
                    "'2024-10-04T05:00:00.000Z', 'open')");
    says(s, NOW, 26, CONVERSATIONS ".behind",
         "1 ended day is not complete, the first is 2024-10-03 (UTC)", NULL);
    scratch_exec(s, "UPDATE extract_window SET complete_to = NULL " FIRST_DAY);
    says(s, NOW, 26, CONVERSATIONS ".complete_to", "NULL", NULL);
}

TEST_IN_SCRATCH(what_is_not_read_for_due_hours_is_overdue)
{
    scratch_exec(s, filled);
    says(s, "2024-10-06T13:00:00.000Z", 26, "$.is_behind", "0", NULL);
    says(s, "2024-10-06T13:00:00.001Z", 26, "$.is_overdue", "1", USERS ".behind",
         "last read 26 hours ago", CONVERSATIONS ".behind", "last read 26 hours ago",
         QUEUES ".is_overdue", "0", NULL); /* not enabled */
    says(s, "2024-10-08T11:00:00.000Z", 72, "$.due_hours", "72", "$.is_overdue", "0", NULL);
    says(s, "2024-10-08T11:00:00.000Z", 71, "$.is_overdue", "1", NULL);
}

/* What is read all the same does not make up for runs that fail. */
TEST_IN_SCRATCH(runs_that_do_not_end_well_are_overdue)
{
    scratch_exec(s, filled);
    scratch_exec(s, "UPDATE run SET ended_at = '2024-10-04T09:59:00.000Z' WHERE run_id = 1");
    says(s, NOW, 26, USERS ".behind", "no run of it has ended well for 26 hours", NULL);
    scratch_exec(s, "UPDATE run SET exit_code = 11, exit_name = 'partial' WHERE run_id = 1");
    says(s, NOW, 26, USERS ".behind", "no run of it has ended well yet", NULL);
    /* What is done is well, whatever became of the others. */
    scratch_exec(s,
                 "UPDATE run SET ended_at = '2024-10-05T11:02:00.000Z', not_done = "
                 "'{\"users\":{\"exit\":\"permission\",\"why\":\"lacks it\"}}' WHERE run_id = 1");
    says(s, NOW, 26, USERS ".behind", "no run of it has ended well yet", USERS ".last_error.kind",
         "permission", USERS ".last_error.message", "lacks it", CONVERSATIONS ".behind", "NULL",
         CONVERSATIONS ".result", "ok", CONVERSATIONS ".last_error", "NULL", NULL);
    scratch_exec(s, "UPDATE run SET not_done = NULL WHERE run_id = 1");
    /* Nobody ever ran it: what was read counts. */
    scratch_exec(s, "UPDATE run SET streams = '[\"queues\"]'");
    says(s, NOW, 26, USERS ".behind", "NULL", NULL);
}

TEST_IN_SCRATCH(failures_locks_and_kills_are_told_apart)
{
    /* The second run may be under way: another one was refused. */
    scratch_exec(s, filled);
    scratch_exec(s, ANOTHER_RUN "('extract', '2024-10-05T11:31:00.000Z', "
                                "'2024-10-05T11:31:00.000Z', 10, 'locked', 'held', "
                                "'[\"adherence_realtime\"]')");
    says(s, NOW, 26, "$.last_failure.run_id", "3", "$.last_failure.killed", "0",
         "$.last_run.run_id", "2", NULL);
    scratch_exec(s, "DELETE FROM run WHERE run_id = 3;" ANOTHER_RUN
                    "('extract', '2024-10-05T11:35:00.000Z', NULL, NULL, NULL, NULL, "
                    "'[\"adherence_realtime\"]')");
    says(s, NOW, 26, "$.last_failure.run_id", "2", "$.last_failure.killed", "1",
         "$.last_success.run_id", "1", "$.last_run.killed", "0", NULL);
}

TEST_IN_SCRATCH(counts_of_the_month_oddities_and_errors)
{
    scratch_exec(s, filled);
    scratch_exec(s, "UPDATE run SET requests = 7;"
                    "INSERT INTO run (command, started_at, requests) VALUES "
                    "('extract', '2024-09-30T23:59:59.999Z', 100), "
                    "('extract', '2024-10-01T00:00:00.000Z', 1000);"
                    "INSERT INTO request_month VALUES ('2024-09', 107), ('2024-10', 1014);"
                    "INSERT INTO unknown_field (stream, path, first_seen_at, count) VALUES "
                    "('users', 'a', '2024-10-01T23:00:00.000Z', 9), "
                    "('users', 'b', '2024-10-03T01:00:00.000Z', 9);"
                    "INSERT INTO data_problem (stream, path, kind, first_seen_at, count) VALUES "
                    "('conversations', 'a', 'k', '2024-10-04T01:00:00.000Z', 9);"
                    "UPDATE extract_window SET last_error = 'no permission', "
                    "last_error_kind = 'permission', last_error_at = '2024-10-05T11:01:00.000Z' "
                    "WHERE stream = 'users'");
    says(s, NOW, 26, "$.requests_month", "1014", USERS ".unknown_fields", "2",
         CONVERSATIONS ".data_problems", "1", CONVERSATIONS ".unknown_fields", "0",
         USERS ".unknown_fields_since", "2024-10-01T23:00:00.000Z",
         CONVERSATIONS ".data_problems_since", "2024-10-04T01:00:00.000Z",
         USERS ".data_problems_since", "NULL", USERS ".last_error.kind", "permission",
         USERS ".last_error.message", "no permission", CONVERSATIONS ".last_error", "NULL", NULL);
    const char *text = told(s, NOW, 26, false);
    assert_non_null(strstr(text, "unknown fields       2 since 2024-10-01, newest 2024-10-03 "
                                 "(unknown_field)\n"
                                 "data problems        1 since 2024-10-04 (data_problem)\n"));
}
