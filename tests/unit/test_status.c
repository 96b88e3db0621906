#include "test.h"

#include "base/arena.h"
#include "base/clock.h"
#include "out/status.h"
#include "scratch.h"

#define NOW "2024-10-05T12:00:00.000Z"

static const struct status_stream_facts facts[] = {
    {.name = "users", .title = "users", .table = "user", .is_snapshot = true, .enabled = true},
    {.name = "conversations", .title = "details", .table = "conversation", .enabled = true},
    {.name = "queues", .title = "queues", .table = "queue", .is_snapshot = true},
};

#define USERS         "$.streams[0]"
#define CONVERSATIONS "$.streams[1]"
#define QUEUES        "$.streams[2]"

/* The first day is settled, the second whole by the query, the third under way. */
static const char filled[] =
    "INSERT INTO extract_window (stream, kind, complete_to) VALUES "
    "('users', 'snapshot', '2024-10-05T11:00:00.000Z');"
    "INSERT INTO extract_window (stream, kind, window_start, window_end, state, complete_to, "
    "last_read_at) VALUES "
    "('conversations', 'day', '2024-10-03T00:00:00.000Z', '2024-10-04T00:00:00.000Z', 'settled', "
    "'2024-10-04T00:00:00.000Z', '2024-10-04T11:00:00.000Z'), "
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
    "INSERT INTO user (user_id) VALUES ('u1'), ('u2')";

#define FIRST_DAY "WHERE window_start = '2024-10-03T00:00:00.000Z'"
#define ANOTHER_RUN                                                                                \
    "INSERT INTO run (command, started_at, ended_at, exit_code, exit_name, error, streams) "       \
    "VALUES "

struct fact {
    const char *path;
    const char *value;
};

/* What is changed, one after the other, in the file that is filled, and what the status then
 * says. */
static const struct {
    const char *what;
    const char *change;
    const char *now;
    int due_hours;
    struct fact facts[18];
} cases[] = {
    {"coverage goes up to the first hole",
     filled,
     NOW,
     0,
     {{"$.is_behind", "0"},
      {"$.due_hours", "26"},
      {"$.last_run.run_id", "2"},
      {"$.last_run.exit_code", "NULL"},
      {"$.last_failure", "NULL"},
      {USERS ".rows", "2"},
      {USERS ".complete_to", "2024-10-05T11:00:00.000Z"},
      {USERS ".whole_days", "NULL"},
      {CONVERSATIONS ".complete_to", "2024-10-05T11:00:00.000Z"},
      {CONVERSATIONS ".last_read_at", "2024-10-05T11:00:00.000Z"},
      {CONVERSATIONS ".whole_days", "2"},
      {CONVERSATIONS ".first_day", "2024-10-03"},
      {CONVERSATIONS ".whole_to_day", "2024-10-04"},
      {CONVERSATIONS ".open_windows", "2"},
      {CONVERSATIONS ".open_days", "2"},
      {CONVERSATIONS ".provisional_days", "0"},
      {CONVERSATIONS ".last_run.run_id", "1"},
      {CONVERSATIONS ".last_success.exit_code", "0"}}},
    {"up to now and then 26 hours", "", "2024-10-06T13:00:00.000Z", 0, {{"$.is_behind", "0"}}},
    {"it is overdue after 26 hours",
     "",
     "2024-10-06T13:00:00.001Z",
     0,
     {{"$.is_overdue", "1"},
      {USERS ".behind", "last read 26 hours ago"},
      {CONVERSATIONS ".behind", "last read 26 hours ago"},
      {QUEUES ".behind", "NULL"}}}, /* not enabled */
    {"due_hours move that", "", "2024-10-08T11:00:00.000Z", 72, {{"$.is_overdue", "0"}}},
    {"both ways",
     "",
     "2024-10-08T11:00:00.000Z",
     71,
     {{"$.due_hours", "71"}, {"$.is_overdue", "1"}, {QUEUES ".is_overdue", "0"}}},
    {"a hole in the first day: later days do not count",
     "UPDATE extract_window SET complete_to = '2024-10-03T07:00:00.000Z', state = "
     "'open' " FIRST_DAY,
     NOW,
     0,
     {{"$.is_behind", "1"},
      {"$.is_overdue", "0"},
      {CONVERSATIONS ".complete_to", "2024-10-03T07:00:00.000Z"},
      {CONVERSATIONS ".whole_days", "1"},
      {CONVERSATIONS ".whole_to_day", "NULL"},
      {CONVERSATIONS ".behind", "1 ended day is not complete, the first is 2024-10-03 (UTC)"}}},
    {"and not begun at all",
     "UPDATE extract_window SET complete_to = NULL " FIRST_DAY,
     NOW,
     0,
     {{CONVERSATIONS ".complete_to", "NULL"}}},
    {"what is read all the same does not make up for runs that fail",
     "UPDATE run SET ended_at = '2024-10-04T09:59:00.000Z' WHERE run_id = 1",
     NOW,
     0,
     {{USERS ".behind", "no run of it has ended well for 26 hours"}}},
    {"nor for runs that never ended well",
     "UPDATE run SET exit_code = 11 WHERE run_id = 1",
     NOW,
     0,
     {{USERS ".behind", "no run of it has ended well yet"}}},
    {"nobody ever ran it: what was read counts",
     "UPDATE run SET streams = '[\"queues\"]' WHERE run_id = 1",
     NOW,
     0,
     {{USERS ".behind", "NULL"}}},
    {"a run that was refused its locks is a failure, another one is the last run",
     "UPDATE run SET exit_code = 0 WHERE run_id = 1;" ANOTHER_RUN
     "('extract', '2024-10-05T11:31:00.000Z', '2024-10-05T11:31:00.000Z', 10, 'locked', 'held', "
     "'[\"adherence_realtime\"]')",
     NOW,
     0,
     {{"$.last_failure.run_id", "3"}, {"$.last_failure.killed", "0"}, {"$.last_run.run_id", "2"}}},
    {"a run gone without an end was killed when a later one got its locks",
     "DELETE FROM run WHERE run_id = 3;" ANOTHER_RUN
     "('extract', '2024-10-05T11:35:00.000Z', NULL, NULL, NULL, NULL, '[\"adherence_realtime\"]')",
     NOW,
     0,
     {{"$.last_failure.run_id", "2"},
      {"$.last_failure.killed", "1"},
      {"$.last_success.run_id", "1"},
      {"$.last_run.killed", "0"}}},
    {"requests of the month, and oddities",
     "UPDATE run SET requests = 7;" ANOTHER_RUN
     "('extract', '2024-09-30T23:59:59.999Z', NULL, 11, NULL, NULL, NULL), "
     "('extract', '2024-10-01T00:00:00.000Z', NULL, 11, NULL, NULL, NULL);"
     "UPDATE run SET requests = 100 WHERE started_at < '2024-10-01T00:00:01.000Z';"
     "INSERT INTO unknown_field (stream, path, first_seen_at, count) VALUES "
     "('users', 'a', '', 9), ('users', 'b', '', 9);"
     "INSERT INTO data_problem (stream, path, kind, first_seen_at, count) VALUES "
     "('conversations', 'a', 'k', '', 9)",
     NOW,
     0,
     {{"$.requests_month", "121"},
      {USERS ".unknown_fields", "2"},
      {CONVERSATIONS ".data_problems", "1"},
      {CONVERSATIONS ".unknown_fields", "0"}}},
    {"the error that stands",
     "UPDATE extract_window SET last_error = 'no permission', last_error_kind = 'permission', "
     "last_error_at = '2024-10-05T11:01:00.000Z' WHERE stream = 'users'",
     NOW,
     0,
     {{USERS ".last_error.kind", "permission"},
      {USERS ".last_error.message", "no permission"},
      {CONVERSATIONS ".last_error", "NULL"}}},
};

/* The status as JSON, or for people in 80 columns, in the arena. */
static const char *told(struct scratch *s, const char *now, int due_hours, bool json)
{
    struct status_request request = {
        .streams = facts, .stream_count = COUNT_OF(facts), .due_hours = due_hours};
    FILE *out = fopen("told", "wb");

    assert_true(clock_parse(now, false, &request.now_ms));
    check(db_begin_read(s->db, &s->e), s);
    check(status_gather(s->db, &request, &s->e), s);
    check(json ? status_print_json(s->db, out, &s->e) : status_print(s->db, 80, out, &s->e), s);
    db_rollback(s->db);
    (void)fclose(out);
    return scratch_file(s, "told");
}

static const char *at(struct scratch *s, const char *document, const char *path)
{
    struct rows q = db_ask(s->db, &s->e, "SELECT json_extract(?1, ?2)", S(document), S(path));

    check(db_next(&q), s);
    const char *value = db_kept(&q, 0, s->arena);
    check(db_end(&q), s);
    return value ? value : "NULL";
}

TEST_IN(scratch_open, scratch_close, a_fresh_database_was_never_read)
{
    struct scratch *s = *state;
    const char *document = told(s, NOW, 0, true);

    assert_string_equal(at(s, document, "$.is_behind"), "1");
    assert_string_equal(at(s, document, "$.last_run"), "NULL");
    assert_string_equal(at(s, document, USERS ".behind"), "never read");
    assert_string_equal(at(s, document, CONVERSATIONS ".behind"), "never read");
    assert_string_equal(at(s, document, CONVERSATIONS ".complete_to"), "NULL");
    assert_string_equal(at(s, document, CONVERSATIONS ".whole_days"), "0");
    assert_string_equal(at(s, document, QUEUES ".behind"), "NULL");
    assert_non_null(strstr(told(s, NOW, 0, false), "last failure         none\n"));
}

TEST_IN(scratch_open, scratch_close, what_the_file_says)
{
    struct scratch *s = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        scratch_exec(s, cases[i].change);
        const char *document = told(s, cases[i].now, cases[i].due_hours, true);

        for (const struct fact *f = cases[i].facts; f < cases[i].facts + 18 && f->path; f++) {
            const char *value = at(s, document, f->path);

            if (strcmp(value, f->value) != 0) {
                fail_msg("%s: %s is %s, not %s", cases[i].what, f->path, value, f->value);
            }
        }
    }
}

TEST_IN(scratch_open, scratch_close, for_people_in_eighty_columns)
{
    struct scratch *s = *state;

    scratch_exec(s, filled);
    assert_string_equal(
        told(s, NOW, 0, false),
        arena_printf(s->arena,
                     "scratch.db (schema %d)\n\n"
                     "stream         complete to        whole to    whole  open  prov.  rows\n"
                     "users          2024-10-05 11:00Z                                     2\n"
                     "conversations  2024-10-05 11:00Z  2024-10-04      2     2      0     0\n"
                     "queues         -                                                     0\n"
                     "whole, open, prov.: business days; provisional ones may be read again\n\n"
                     "stream         last run           exit  last error\n"
                     "users          2024-10-05 10:59Z  0 ok\n"
                     "conversations  2024-10-05 10:59Z  0 ok\n"
                     "queues         -\n\n"
                     "last success         run 1, 2024-10-05 11:02Z\n"
                     "last failure         none\n"
                     "requests this month  0\n"
                     "unknown fields       0\n"
                     "data problems        0\n\n"
                     "not enabled: queues\n"
                     "up to date\n",
                     db_schema_version()));

    scratch_exec(s,
                 "UPDATE extract_window SET last_error = 'a long message \x1b[2J that goes on and "
                 "on, over the end of any line of a terminal, with all the details'");
    const char *text = told(s, "2024-10-07T12:00:00.000Z", 0, false);
    assert_null(strchr(text, 0x1b));
    assert_non_null(strstr(text, "\noverdue: users: last read 49 hours ago\n"));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        assert_true(strcspn(line, "\n") <= 80);
    }
}
