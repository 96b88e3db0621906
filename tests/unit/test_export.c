#include "test.h"

#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "io/embedded.h"
#include "out/out.h"
#include "scratch.h"
#include "sql.h"
#include "streams/stream.h"

static struct config config_of(const char *directory)
{
    return (struct config){.export_directory = directory, .due_hours = 26};
}

/* Conversations under the keys given, two of them of one moment, and one of which no start is
 * known.
 */
static void fill_conversations(struct scratch *s, int a, int b, int c, int unknown)
{
    check(db_do(s->db, &s->e,
                "INSERT INTO conversation (conversation_key, conversation_id, conversation_start, "
                "conversation_end, external_tag, row_hash) VALUES "
                "(?2, 'c-b', '2024-10-04T10:00:00.000Z', NULL, '', 5), "
                "(?1, 'c-a', '2024-10-05T10:00:00.000Z', '2024-10-05T10:05:00.000Z', NULL, 6), "
                "(?3, 'c-c', '2024-10-05T10:00:00.000Z', NULL, NULL, 7), "
                "(?4, 'c-0', NULL, NULL, NULL, 8)",
                I(a), I(b), I(c), I(unknown)),
          s);
    scratch_exec(s, "WITH v (id, no, name, purpose) AS (VALUES "
                    "('c-b', 1, 'O\"Hara, \xea\xb9\x80', 'agent'), "
                    "('c-b', 0, '=1+1', 'customer'), ('c-a', 0, NULL, 'customer')) "
                    "INSERT INTO participant (conversation_key, participant_no, participant_name, "
                    "purpose) SELECT conversation_key, no, name, purpose "
                    "FROM v JOIN conversation ON conversation_id = id;"
                    "WITH v (id, no, name, value) AS (VALUES "
                    "('c-b', 1, 'b', ''), ('c-b', 1, 'a', 'x'), ('c-a', 0, 'k', NULL)) "
                    "INSERT INTO participant_attribute (conversation_key, participant_no, name, "
                    "value) SELECT conversation_key, no, name, value "
                    "FROM v JOIN conversation ON conversation_id = id");
}

static const char others[] =
    "INSERT INTO user (user_id, name, state) VALUES ('u2', 'B', 'active'), ('u1', 'A', 'deleted');"
    "INSERT INTO adherence_state (user_id, state_start, first_observed, last_observed, state_end) "
    "VALUES ('u1', '2024-10-04T08:00:00.000Z', '2024-10-04T08:00:00.000Z', "
    "'2024-10-04T09:00:00.000Z', '2024-10-04T09:00:00.000Z'), "
    "('u1', '2024-10-05T08:00:00.000Z', '2024-10-05T08:00:00.000Z', "
    "'2024-10-05T09:00:00.000Z', NULL);"
    "INSERT INTO run (command, started_at, planned_until, exit_name, streams) VALUES ('extract', "
    "'2024-10-05T12:00:00.000Z', '2024-10-05T12:00:00.000Z', 'ok', '[\"conversations\"]');"
    "INSERT INTO raw_page (window_id, run_id, plan, page_no, received_at, url_path, encoding, "
    "bytes, rows_read) VALUES (1, 1, 'job', 1, '2024-10-05T12:00:00.000Z', '/x', 'gzip', "
    "x'1f8b', 2)";

static int filled_open(void **state)
{
    int opened = scratch_open(state);

    fill_conversations(*state, 4, 1, 3, 2); /* the later id is stored first */
    scratch_exec(*state, others);
    return opened;
}

#define TEST_IN_FIXTURE(test) TEST_OF(struct scratch *s, filled_open, scratch_close, test)

/* The files' names. */
static const char *export_all(struct scratch *s, const struct config *c)
{
    db_rollback(s->db);
    check(export_run(s->db, c, NULL, s->arena, &s->e), s);
    struct rows q = db_ask(s->db, &s->e, "SELECT json_group_array(file) FROM export_file", NONE);
    assert_true(db_next(&q));
    const char *names = db_kept(&q, 0, s->arena);
    check(db_end(&q), s);
    db_rollback(s->db);
    return names;
}

/* The export fails so, its message naming `named`. */
static void check_refused(struct scratch *s, const struct config *c, enum err_kind kind,
                          const char *named)
{
    assert_false(export_run(s->db, c, NULL, s->arena, &s->e));
    db_rollback(s->db);
    assert_int_equal(s->e.kind, kind);
    fail_if(!strstr(s->e.message, named), "%s does not name %s", s->e.message, named);
}

static bool exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0;
}

/* Whether the file out/NAME.csv holds the text. */
static bool holds(struct scratch *s, const char *name, const char *text)
{
    return strstr(scratch_file(s, arena_printf(s->arena, "out/%s.csv", name)), text) != NULL;
}

/* Equal content gives equal bytes, whatever the order in which it came: the manifest has the
 * hashes.
 */
TEST_IN_FIXTURE(files_depend_on_content_alone)
{
    struct config c = config_of("a");

    export_all(s, &c);
    scratch_exec(s, "DELETE FROM participant_attribute; DELETE FROM participant; "
                    "DELETE FROM conversation");
    fill_conversations(s, 5, 8, 7, 6);
    c.export_directory = "b";
    export_all(s, &c);
    assert_string_equal(scratch_file(s, "a/manifest.json"), scratch_file(s, "b/manifest.json"));
}

TEST_IN_FIXTURE(since_keeps_what_starts_later)
{
    struct config c = config_of("out");

    check(clock_set_zone("Asia/Seoul", &s->e), s);
    db_rollback(s->db);
    check(export_run(s->db, &c, "2024-10-05", s->arena, &s->e), s); /* 2024-10-04T15:00Z */
    db_rollback(s->db);
    static const struct {
        const char *file;
        const char *before;
        const char *after;
    } kept[] = {{"conversation", "c-b", "c-a"},
                {"participant", "c-b", "c-a"},
                {"v_conversation", "c-b", "c-a"},
                {"v_conversation", "c-0", "c-c"},
                {"adherence_state", "2024-10-04", "2024-10-05"},
                {"user", "nothing", "u1"}};
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        assert_false(holds(s, kept[i].file, kept[i].before));
        assert_true(holds(s, kept[i].file, kept[i].after));
    }
    assert_non_null(strstr(scratch_file(s, "out/manifest.json"), "\"since\": \"2024-10-05\""));
}

TEST_IN_FIXTURE(ledger_tables_come_by_name_without_blobs)
{
    static const char *const names[] = {"run", "raw_page"};
    struct config c = config_of("out");

    c.export_tables = names;
    c.export_table_count = 2;
    assert_string_equal(export_all(s, &c), "[\"raw_page.csv\",\"run.csv\"]");
    assert_string_equal(scratch_file(s, "out/raw_page.csv"),
                        "raw_page_id,window_id,run_id,plan,page_no,received_at,url_path,encoding,"
                        "rows_read,reading_id,unwanted\r\n"
                        "1,1,1,job,1,2024-10-05T12:00:00.000Z,/x,gzip,2,,\r\n");
    assert_false(exists("out/user.csv"));
}

/* Views of the owner's: without a column to export; with a name that an export uses itself, and a
 * column named like a parameter. */
TEST_IN_FIXTURE(odd_views_are_told_or_exported)
{
    const char *names[] = {"export_file"};
    struct config c = config_of("out");

    scratch_exec(s, "CREATE VIEW export_file AS SELECT 'mine' AS \"a?1\"");
    c.export_tables = names;
    c.export_table_count = 1;
    check(export_run(s->db, &c, "1970-01-01", s->arena, &s->e), s);
    db_rollback(s->db);
    assert_string_equal(scratch_file(s, "out/export_file.csv"), "a?1\r\nmine\r\n");
    scratch_exec(s, "CREATE VIEW counted AS SELECT count(*) AS row_count FROM user");
    names[0] = "counted";
    check_refused(s, &c, ERR_STORE, "counted: it has no column to export");
}

/* Something else where the last file, or the manifest, is to be: nothing is written at all. */
TEST_IN_FIXTURE(what_is_no_file_is_not_replaced)
{
    static const char *const targets[] = {"out/v_segment.csv", "out/manifest.json"};
    struct config c = config_of("out");

    export_all(s, &c);
    scratch_exec(s, "DELETE FROM user");
    const char *users = scratch_file(s, "out/user.csv");
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        for (int is_link = 0; is_link < 2; is_link++) {
            assert_int_equal(unlink(targets[i]), 0);
            assert_int_equal(is_link ? symlink("elsewhere", targets[i]) : mkdir(targets[i], 0777),
                             0);
            check_refused(s, &c, ERR_STORE, targets[i]);
            assert_non_null(strstr(s->e.message, is_link ? "symbolic link" : "directory"));
            assert_string_equal(scratch_file(s, "out/user.csv"), users);
            assert_int_equal(is_link ? unlink(targets[i]) : rmdir(targets[i]), 0);
            fclose(fopen(targets[i], "wb"));
        }
    }
    export_all(s, &c);
}

/* In place of where the stream stands in the registry. */
#define CONVERSATIONS "conversations "

TEST_IN_FIXTURE(the_manifest_tells_files_and_streams)
{
    struct config c = config_of("out");

    scratch_exec(s, "INSERT INTO zone_offset VALUES ('2024-10-03T15:00:00.000Z', "
                    "'2024-10-04T15:00:00.000Z', 32400, '2024-10-04', 'Asia/Seoul');"
                    "INSERT INTO extract_window (stream, window_start, window_end, state, "
                    "complete_to) VALUES ('conversations', '2024-10-03T15:00:00.000Z', "
                    "'2024-10-04T15:00:00.000Z', 'settled', '2024-10-04T15:00:00.000Z'), "
                    "('users', NULL, NULL, 'open', '2024-10-05T11:00:00.000Z')");
    export_all(s, &c);
    static const char *const facts[][2] = {
        {"$.program", "rollcall " ROLLCALL_VERSION},
        {"$.run.planned_until", "2024-10-05T12:00:00.000Z"},
        {"$.since", "NULL"},
        {"$.streams[0].stream", "users"},
        {"$.streams[0].whole_to", "2024-10-05T11:00:00.000Z"},
        {"$.streams[0].whole_to_day", "NULL"},
        {CONVERSATIONS "whole_to", "2024-10-04T15:00:00.000Z"},
        {CONVERSATIONS "first_day", "2024-10-04"},
        {CONVERSATIONS "whole_to_day", "2024-10-04"},
        {"$.files[0].name", "activity_code"},
        {"$.files[0].rows", "0"},
    };
    const char *manifest = scratch_file(s, "out/manifest.json");
    size_t conversations = 0;
    while (!str_eq(stream_registry[conversations]->name, "conversations")) {
        conversations++;
    }
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const char *path = facts[i][0];
        if (str_starts_with(path, CONVERSATIONS)) {
            path = arena_printf(s->arena, "$.streams[%zu].%s", conversations,
                                path + strlen(CONVERSATIONS));
        }
        assert_string_equal(scratch_json(s, manifest, path), facts[i][1]);
    }
    assert_string_equal(scratch_json(s, manifest, "$.schema_version"),
                        arena_printf(s->arena, "%d", db_schema_version()));
}

/* Fails when a statement sorts. */
static void check_plan(struct scratch *s, const char *sql)
{
    struct rows q =
        db_ask(s->db, &s->e, arena_printf(s->arena, "EXPLAIN QUERY PLAN %s", sql), NONE);

    while (db_next(&q)) {
        fail_if(strstr(db_text(&q, 3), "TEMP B-TREE"), "%s: %s", sql, db_text(&q, 3));
    }
    check(db_end(&q), s);
}

/* Constant memory: no table is sorted. */
static void check_no_sorting(struct scratch *s)
{
    struct rows names = db_ask(s->db, &s->e, sql_export_relations, NONE);
    size_t count = 0;

    for (; db_next(&names); count++) {
        struct rows q = db_ask(s->db, &s->e, sql_export_statement, S(db_text(&names, 0)));

        check(db_next(&q), s);
        const char *sql = db_kept(&q, 0, s->arena);
        const char *next = db_kept(&q, 1, s->arena);
        check(db_end(&q), s);
        if (next) {
            check_plan(s, next);
        }
        if (strncmp(db_text(&names, 0), "v_", 2) != 0 && !str_eq(db_text(&names, 0), "freshness")) {
            check_plan(s, sql);
        }
    }
    check(db_end(&names), s);
    assert_true(count > 20);
}

TEST_IN_FIXTURE(no_table_is_sorted)
{
    scratch_exec(s, embedded_dictionary[0].text);
    check_no_sorting(s);
    /* Figures that would tempt the planner to begin elsewhere. */
    scratch_exec(s, "ANALYZE; DELETE FROM sqlite_stat1; INSERT INTO sqlite_stat1 VALUES "
                    "('conversation', 'sqlite_autoindex_conversation_1', '10000000 1'), "
                    "('conversation', 'conversation_by_start', '10000000 1 1'), "
                    "('participant', 'participant', '5 2 1'), ('session', 'session', '5 3 2 1');"
                    "ANALYZE sqlite_schema");
    check_no_sorting(s);
}
