#include "test.h"

#include <sys/stat.h>

#include "io/embedded.h"
#include "out/out.h"
#include "scratch.h"
#include "sql.h"
#include "streams/stream.h"

static const struct config config = {.export_directory = "out", .due_hours = 26};

/* Conversations, the later ids stored first, two of them of one moment, and one of which no start
 * is known; and others. */
static const char filled[] =
    "INSERT INTO conversation (conversation_key, conversation_id, conversation_start, "
    "conversation_end, external_tag, row_hash) VALUES "
    "(1, 'c-b', '2024-10-04T10:00:00.000Z', NULL, '', 5), "
    "(4, 'c-a', '2024-10-05T10:00:00.000Z', '2024-10-05T10:05:00.000Z', NULL, 6), "
    "(3, 'c-c', '2024-10-05T10:00:00.000Z', NULL, NULL, 7), (2, 'c-0', NULL, NULL, NULL, 8);"
    "INSERT INTO participant (conversation_key, participant_no, participant_name, purpose) VALUES "
    "(1, 1, 'O\"Hara, \xea\xb9\x80', 'agent'), (1, 0, '=1+1', 'customer'), "
    "(4, 0, NULL, 'customer');"
    "INSERT INTO participant_attribute (conversation_key, participant_no, name, value) VALUES "
    "(1, 1, 'b', ''), (1, 1, 'a', 'x'), (4, 0, 'k', NULL);"
    "INSERT INTO user (user_id, name, state) VALUES ('u2', 'B', 'active'), ('u1', 'A', 'deleted');"
    "INSERT INTO adherence_state (user_id, state_start, first_observed, last_observed, state_end) "
    "VALUES ('u1', '2024-10-04T08:00:00.000Z', '2024-10-04T08:00:00.000Z', "
    "'2024-10-04T09:00:00.000Z', '2024-10-04T09:00:00.000Z'), "
    "('u1', '2024-10-05T08:00:00.000Z', '2024-10-05T08:00:00.000Z', "
    "'2024-10-05T09:00:00.000Z', NULL);"
    "INSERT INTO run (command, started_at, planned_until, exit_name, streams) VALUES ('extract', "
    "'2024-10-05T12:00:00.000Z', '2024-10-05T12:00:00.000Z', 'ok', '[\"conversations\"]')";

static int filled_open(void **state)
{
    int opened = scratch_open(state);

    scratch_exec(*state, filled);
    return opened;
}

#define TEST_IN_FIXTURE(test) TEST_OF(struct scratch *s, filled_open, scratch_close, test)

static void export_since(struct scratch *s, const char *day)
{
    db_rollback(s->db);
    check(export_run(s->db, &config, day, s->arena, &s->e), s);
    db_rollback(s->db);
}

/* The export fails so, its message naming `named`. */
static void check_refused(struct scratch *s, const char *named)
{
    assert_false(export_run(s->db, &config, NULL, s->arena, &s->e));
    db_rollback(s->db);
    assert_int_equal(s->e.kind, ERR_STORE);
    fail_if(!strstr(s->e.message, named), "%s does not name %s", s->e.message, named);
}

/* Whether the file out/NAME.csv holds the text. */
static bool holds(struct scratch *s, const char *name, const char *text)
{
    return strstr(scratch_file(s, arena_printf(s->arena, "out/%s.csv", name)), text) != NULL;
}

TEST_IN_FIXTURE(since_keeps_what_starts_later)
{
    check(clock_set_zone("Asia/Seoul", &s->e), s);
    export_since(s, "2024-10-05"); /* 2024-10-04T15:00Z */
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

/* Something else where the last file, or the manifest, is to be: nothing is written at all. */
TEST_IN_FIXTURE(what_is_no_file_is_not_replaced)
{
    static const char *const targets[] = {"out/v_segment.csv", "out/manifest.json"};
    export_since(s, NULL);
    scratch_exec(s, "DELETE FROM user");
    const char *users = scratch_file(s, "out/user.csv");
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        for (int is_link = 0; is_link < 2; is_link++) {
            assert_int_equal(unlink(targets[i]), 0);
            assert_int_equal(is_link ? symlink("elsewhere", targets[i]) : mkdir(targets[i], 0777),
                             0);
            check_refused(s, targets[i]);
            assert_non_null(strstr(s->e.message, is_link ? "symbolic link" : "directory"));
            assert_string_equal(scratch_file(s, "out/user.csv"), users);
            assert_int_equal(is_link ? unlink(targets[i]) : rmdir(targets[i]), 0);
            fclose(fopen(targets[i], "wb"));
        }
    }
    export_since(s, NULL);
}

/* In place of where the stream stands in the registry. */
#define CONVERSATIONS "conversations "

TEST_IN_FIXTURE(the_manifest_tells_files_and_streams)
{
    scratch_exec(s, "INSERT INTO zone_offset VALUES ('2024-10-03T15:00:00.000Z', "
                    "'2024-10-04T15:00:00.000Z', 32400, '2024-10-04', 'Asia/Seoul');"
                    "INSERT INTO extract_window (stream, window_start, window_end, state, "
                    "complete_to) VALUES ('conversations', '2024-10-03T15:00:00.000Z', "
                    "'2024-10-04T15:00:00.000Z', 'settled', '2024-10-04T15:00:00.000Z'), "
                    "('users', NULL, NULL, 'open', '2024-10-05T11:00:00.000Z')");
    export_since(s, NULL);
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
