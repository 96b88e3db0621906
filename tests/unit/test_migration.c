/* A file of schema 7: what became of its windows, of each kind that a run may have left there. */
#include "test.h"

#include <sqlite3.h>

#include "etl/window.h"
#include "io/config.h"
#include "io/embedded.h"
#include "scratch.h"
#include "streams/stream.h"

#define MARCH(day) "2026-03-" day ":00:00.000Z"
#define DAY        "'day', '" MARCH("04T00") "', '" MARCH("05T00") "', "
#define SINGLE(k)  "'" k "', NULL, NULL, "

/* Run 1 has ended on March 5 at 05:00, run 2 was killed, run 3 began on March 7 and is the last. */
static const char runs[] =
    "INSERT INTO run (run_id, command, started_at, ended_at) VALUES "
    "(1, 'extract', '" MARCH("05T04") "', '" MARCH(
        "05T05") "'), "
                 "(2, 'extract', '" MARCH("06T04") "', NULL), (3, 'extract', '" MARCH(
                     "07T04") "', NULL); "
                              "INSERT INTO stream_source VALUES ('adherence_realtime', "
                              "'agents_status', '" MARCH("05T04") "')";

/* Of its time: a view of ours, and one of the owner's. */
static const char views[] = "CREATE VIEW v_conversation AS SELECT 1 AS wait_ms; "
                            "CREATE VIEW own AS SELECT whole FROM freshness, user";

/* A stored window: stream, kind, start, end, state, complete_to, job_complete_to,
 * query_complete_to, last_read_at, pending_time, pending_job_to, pending_query_to, reading_plan,
 * job_id, job_cursor, next_page, last_id, updated_run_id. What it is now: state, complete_to, and a
 * line a pass: its name, covered_to/read_at, target_to/begun_at, token, cursor, page, page_at. */
static const struct {
    const char *what;
    const char *stored;
    const char *now;
} cases[] = {
    {"not read yet",
     "'conversations', " DAY "'open', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
     "1, NULL, 1",
     "open -"},
    {"settled by the job",
     "'conversations', " DAY "'settled', '" MARCH("05T00") "', '" MARCH("05T00") "', NULL, '" MARCH(
         "05T04") "', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, 1",
     "settled 05T00; job 05T00/05T04 -/- - - 1 -"},
    {"read by both",
     "'conversations', " DAY
     "'open', '" MARCH("04T09") "', '" MARCH("04T06") "', '" MARCH("04T09") //
     "', '" MARCH("04T09") "', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, 1",
     "open 04T09; job 04T06/04T09 -/- - - 1 -; query 04T09/04T09 -/- - - 1 -"},
    {"the job is mid-way",
     "'conversations', " DAY "'open', '" MARCH("04T03") "', '" MARCH("04T03") "', NULL, '" MARCH(
         "04T05") "', '" MARCH("04T09") "', '" MARCH("04T06") "', '" MARCH("04T09") //
     "', 'job', 'j', 'c', 1, NULL, 1",
     "open 04T03; job 04T03/04T05 04T06/04T09 j c 1 05T04"},
    {"the job was submitted, for a day that nothing had read",
     "'conversations', " DAY "'open', NULL, NULL, NULL, NULL, '" MARCH("04T09") "', '" MARCH(
         "04T06") "', NULL, 'job', 'j', NULL, 1, NULL, 1",
     "open -; job -/- 04T06/04T09 j - 1 05T04"},
    {"the query is mid-way",
     "'conversations', " DAY "'open', '" MARCH("04T06") "', '" MARCH("04T06") "', NULL, '" MARCH(
         "04T09") "', '" MARCH("04T09") "', NULL, '" MARCH("04T09") //
     "', 'query', NULL, NULL, 7, NULL, 1",
     "open 04T06; job 04T06/04T09 -/- - - 1 -; query -/- 04T09/04T09 - - 7 05T04"},
    {"a job is left over",
     "'conversations', " DAY "'provisional', '" MARCH("05T00") "', '" MARCH(
         "05T00") "', NULL, '" MARCH("05T04") "', NULL, NULL, NULL, NULL, 'left', NULL, 1, NULL, 1",
     "provisional 05T00; job 05T00/05T04 -/- left - 1 05T04"},
    {"a list, whole",
     "'users', " SINGLE("snapshot") "'open', '" MARCH("05T04") "', NULL, NULL, '" MARCH("05T04") //
     "', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, 1",
     "open 05T04; list 05T04/05T04 -/- - - 1 -"},
    {"a list is mid-way",
     "'users', " SINGLE("snapshot") "'open', '" MARCH("04T04") "', NULL, NULL, '" MARCH("04T04") //
     "', '" MARCH("05T04") "', NULL, NULL, 'list', NULL, NULL, 3, NULL, 1",
     "open 04T04; list 04T04/04T04 05T04/05T04 - - 3 05T04"},
    {"open conversations are being read again",
     "'conversations', " SINGLE("reread") "'open', '" MARCH("04T04") "', NULL, NULL, '" MARCH(
         "04T04") "', '" MARCH("05T04") "', NULL, NULL, 'reread', NULL, NULL, 1, 'c9', 1",
     "open 04T04; reread 04T04/04T04 05T04/05T04 - c9 1 05T04"},
    {"a source that was granted",
     "'adherence_realtime', " SINGLE("snapshot") "'open', '" MARCH(
         "05T04") "', NULL, NULL, '" MARCH("05T04") "', NULL, NULL, NULL, NULL, NULL, NULL, 1, "
                                                    "NULL, 1",
     "open 05T04; agents_status 05T04/05T04 -/- - - 1 -"},

    {"covered up to a time that had not come when the run ended",
     "'conversations', " DAY "'provisional', '" MARCH("05T06") "', '" MARCH(
         "05T06") "', NULL, '" MARCH("05T05") "', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, 1",
     "open -; job -/- -/- - - 1 -"},
    {"settled under a time that had not come",
     "'conversations', " DAY "'settled', '" MARCH("05T00") "', '" MARCH("05T00") "', NULL, '" MARCH(
         "09T00") "', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, 1",
     "open -; job -/- -/- - - 1 -"},
    {"by a run that was killed: before the next one",
     "'conversations', " DAY "'open', '" MARCH("04T09") "', NULL, '" MARCH("04T09") "', '" MARCH(
         "06T23") "', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, 2",
     "open 04T09; query 04T09/06T23 -/- - - 1 -"},
    {"by a run that was killed: after the next one began",
     "'conversations', " DAY "'settled', '" MARCH("05T00") "', NULL, '" MARCH("05T00") "', '" MARCH(
         "07T05") "', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, 2",
     "open -; query -/- -/- - - 1 -"},
    {"by the last run, of which nothing is known",
     "'conversations', " DAY "'settled', '" MARCH("05T00") "', NULL, '" MARCH("05T00") "', '" MARCH(
         "09T00") "', NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, 3",
     "settled 05T00; query 05T00/09T00 -/- - - 1 -"},
};

/* Makes a file of schema 7 with one window. */
static void make_schema_7(const char *path, const char *stored)
{
    sqlite3 *d = NULL;
    char *sql = sqlite3_mprintf(
        "PRAGMA user_version = 7; PRAGMA application_id = %d; %s; %s; "
        "INSERT INTO extract_window (stream, kind, window_start, window_end, state, complete_to, "
        "job_complete_to, query_complete_to, last_read_at, pending_time, pending_job_to, "
        "pending_query_to, reading_plan, job_id, job_cursor, next_page, last_id, updated_run_id, "
        "pages_read, last_error, last_error_kind) VALUES (%s, 12, 'trouble', 'rate')",
        DB_APPLICATION_ID, runs, views, stored);

    assert_int_equal(sqlite3_open(path, &d), SQLITE_OK);
    for (size_t i = 0; embedded_schema[i].name; i++) {
        if (strncmp(embedded_schema[i].name, "0007", 4) == 0) {
            assert_int_equal(sqlite3_exec(d, embedded_schema[i].text, NULL, NULL, NULL), SQLITE_OK);
        }
    }
    assert_int_equal(sqlite3_exec(d, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_free(sql);
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
        make_schema_7(path, cases[i].stored);
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
