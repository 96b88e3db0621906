/* A file of schema 7: what became of its windows, of each kind that a run may have left there
 * beside those of tests/e2e/test_convert.py. */
#include "test.h"

#include <sqlite3.h>

#include "io/embedded.h"
#include "scratch.h"
#include "streams/stream.h"

/* In SQL below ~05T04 is an hour of March 2026. Run 1 has ended on March 5 at 05:00, run 2 was
 * killed, run 3 began on March 7 and is the last. */
static const char runs[] =
    "INSERT INTO run (run_id, command, started_at, ended_at) VALUES (1, 'extract', ~05T04, "
    "~05T05), "
    "(2, 'extract', ~06T04, NULL), (3, 'extract', ~07T04, NULL); "
    "INSERT INTO stream_source VALUES ('adherence_realtime', 'agents_status', ~05T04); "
    "INSERT INTO extract_window (stream, kind, window_start, window_end, state, next_page, "
    "updated_run_id, pages_read, last_error, last_error_kind) VALUES ('conversations', 'day', "
    "~04T00, ~05T00, 'open', 1, 1, 12, 'trouble', 'rate')";

/* Of its time: a view of ours, and one of the owner's. */
static const char views[] = "CREATE VIEW v_conversation AS SELECT 1 AS wait_ms; "
                            "CREATE VIEW own AS SELECT whole FROM freshness, user";

#define BY_JOB(to)   "complete_to = " to ", job_complete_to = " to
#define BY_QUERY(to) "complete_to = " to ", query_complete_to = " to
#define SINGLE(name, kind)                                                                         \
    "stream = '" name "', kind = '" kind "', window_start = NULL, window_end = NULL"

/* What was stored of a day of conversations, or of what SINGLE names. What it is now: state,
 * complete_to, and a line a pass: its name, covered_to/read_at, target_to/begun_at, token, cursor,
 * page, page_at. */
static const struct {
    const char *what;
    const char *stored;
    const char *now;
} cases[] = {
    {"read by both", "job_complete_to = ~04T06, last_read_at = ~04T09, " BY_QUERY("~04T09"),
     "open 04T09; job 04T06/04T09 -/- - - 1 -; query 04T09/04T09 -/- - - 1 -"},
    {"the job was submitted, for a day that nothing had read",
     "pending_time = ~04T09, pending_job_to = ~04T06, reading_plan = 'job', job_id = 'j'",
     "open -; job -/- 04T06/04T09 j - 1 05T04"},
    {"a job is left over",
     "state = 'provisional', last_read_at = ~05T04, job_id = 'left', " BY_JOB("~05T00"),
     "provisional 05T00; job 05T00/05T04 -/- left - 1 05T04"},
    {"a list is mid-way",
     SINGLE("users", "snapshot") ", complete_to = ~04T04, last_read_at = ~04T04, pending_time = "
                                 "~05T04, reading_plan = 'list', next_page = 3",
     "open 04T04; list 04T04/04T04 05T04/05T04 - - 3 05T04"},
    {"open conversations are being read again",
     SINGLE("conversations",
            "reread") ", complete_to = ~04T04, last_read_at = ~04T04, "
                      "pending_time = ~05T04, reading_plan = 'reread', last_id = 'c9'",
     "open 04T04; reread 04T04/04T04 05T04/05T04 - c9 1 05T04"},
    {"a source that was granted",
     SINGLE("adherence_realtime", "snapshot") ", complete_to = ~05T04, last_read_at = ~05T04",
     "open 05T04; agents_status 05T04/05T04 -/- - - 1 -"},

    {"covered up to a time that had not come when the run ended",
     "state = 'provisional', last_read_at = ~05T05, " BY_JOB("~05T06"),
     "open -; job -/- -/- - - 1 -"},
    {"settled under a time that had not come",
     "state = 'settled', last_read_at = ~09T00, " BY_JOB("~05T00"), "open -; job -/- -/- - - 1 -"},
    {"by a run that was killed: before the next one",
     "last_read_at = ~06T23, updated_run_id = 2, " BY_QUERY("~04T09"),
     "open 04T09; query 04T09/06T23 -/- - - 1 -"},
    {"by a run that was killed: after the next one began",
     "state = 'settled', last_read_at = ~07T05, updated_run_id = 2, " BY_QUERY("~05T00"),
     "open -; query -/- -/- - - 1 -"},
    {"by the last run, of which nothing is known",
     "state = 'settled', last_read_at = ~09T00, updated_run_id = 3, " BY_QUERY("~05T00"),
     "settled 05T00; query 05T00/09T00 -/- - - 1 -"},
};

static void run_sql(sqlite3 *d, const char *sql)
{
    struct buf b;

    b = buf_of(1 << 20);
    for (; *sql; sql++) {
        if (*sql == '~') {
            assert_true(buf_add_printf(&b, "'2026-03-%.5s:00:00.000Z'", sql + 1));
            sql += 5;
        } else {
            assert_true(buf_add_char(&b, *sql));
        }
    }
    assert_int_equal(sqlite3_exec(d, buf_str(&b), NULL, NULL, NULL), SQLITE_OK);
    buf_free(&b);
}

/* Makes a file of schema 7 with one window. */
static void make_schema_7(struct scratch *s, const char *path, const char *stored)
{
    sqlite3 *d = NULL;

    assert_int_equal(sqlite3_open(path, &d), SQLITE_OK);
    for (size_t i = 0; embedded_schema[i].name; i++) {
        if (strncmp(embedded_schema[i].name, "0007", 4) == 0) {
            assert_int_equal(sqlite3_exec(d, embedded_schema[i].text, NULL, NULL, NULL), SQLITE_OK);
        }
    }
    run_sql(d, arena_printf(s->arena,
                            "PRAGMA user_version = 7; PRAGMA application_id = %d; %s; %s; "
                            "UPDATE extract_window SET %s",
                            DB_APPLICATION_ID, runs, views, stored));
    assert_int_equal(sqlite3_close(d), SQLITE_OK);
}

/* The only window, as the cases tell it. */
static const char *told(struct scratch *s)
{
    return scratch_value(
        s, "SELECT state || ' ' || ifnull(substr(complete_to, 9, 5), '-') || ifnull((SELECT "
           "group_concat('; ' || pass || ' ' || ifnull(substr(covered_to, 9, 5), '-') || '/' || "
           "ifnull(substr(read_at, 9, 5), '-') || ' ' || ifnull(substr(target_to, 9, 5), '-') || "
           "'/' || ifnull(substr(begun_at, 9, 5), '-') || ' ' || ifnull(token, '-') || ' ' || "
           "ifnull(cursor, '-') || ' ' || page || ' ' || ifnull(substr(page_at, 9, 5), '-'), '') "
           "FROM (SELECT * FROM window_pass ORDER BY pass)), '') FROM extract_window");
}

TEST_IN_SCRATCH(windows_of_schema_7_are_kept)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *path = arena_printf(s->arena, "%zu.db", i);

        print_message("%s\n", cases[i].what);
        make_schema_7(s, path, cases[i].stored);
        db_close(s->db);
        s->db = db_open(path, DB_WRITE, &s->e);
        check(s->db != NULL, s);
        assert_string_equal(told(s), cases[i].now);
        check_value(s, "SELECT last_error || last_error_kind || failures FROM extract_window",
                    "troublerate0");
        check_value(s, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
                    "0");
        check_value(s, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%\\_7' ESCAPE '\\'",
                    "0");
        check_value(s, "SELECT count(handle_ms) || (SELECT count(*) FROM own) FROM v_conversation",
                    "00");

        /* The stream's own list takes it up. */
        const struct stream *stream =
            stream_find(scratch_value(s, "SELECT stream FROM extract_window"));
        const struct config config = {.timezone = "UTC"};
        struct window_kind kind = stream_windows(stream, &config);
        const struct ledger l = {.db = s->db, .run_id = 4};
        struct windows found = {.arena = s->arena};
        check(window_list(&l, &kind, 0, kind.rules[0]->name, &found, &s->e), s);
        assert_int_equal(found.count, 1);
    }
}
