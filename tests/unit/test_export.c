#include "test.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "io/gzip.h"
#include "io/json.h"
#include "out/export.h"
#include "scratch.h"
#include "sql.h"

static const char *const data_tables[] = {"conversation", "participant", "participant_attribute",
                                          "session",      "user",        "adherence_state"};

static const struct status_stream_facts streams[] = {
    {.name = "users", .title = "users", .table = "user", .is_snapshot = true, .enabled = true},
    {.name = "conversations", .title = "details", .table = "conversation", .enabled = true},
};

static struct export_request request_of(const char *directory)
{
    return (struct export_request){
        .directory = directory,
        .since_ms = TIME_NONE,
        .data_tables = data_tables,
        .data_table_count = sizeof(data_tables) / sizeof(data_tables[0]),
        .streams = streams,
        .stream_count = sizeof(streams) / sizeof(streams[0]),
    };
}

/* Two conversations under the keys given. */
static void fill_conversations(struct scratch *s, int key_a, int key_b)
{
    scratch_exec(
        s, arena_printf(
               s->arena,
               "INSERT INTO conversation (conversation_key, conversation_id, conversation_start, "
               "conversation_end, external_tag, row_hash) VALUES "
               "(%d, 'c-b', '2024-10-04T10:00:00.000Z', NULL, '', 5), "
               "(%d, 'c-a', '2024-10-05T10:00:00.000Z', '2024-10-05T10:05:00.000Z', NULL, 6)",
               key_b, key_a));
    scratch_exec(
        s, arena_printf(s->arena,
                        "INSERT INTO participant (conversation_key, participant_no, "
                        "participant_name, purpose) VALUES "
                        "(%d, 1, 'O\"Hara, \xea\xb9\x80', 'agent'), (%d, 0, '=1+1', 'customer'), "
                        "(%d, 0, NULL, 'customer')",
                        key_b, key_b, key_a));
    scratch_exec(s, arena_printf(s->arena,
                                 "INSERT INTO participant_attribute (conversation_key, "
                                 "participant_no, name, value) VALUES "
                                 "(%d, 1, 'b', ''), (%d, 1, 'a', 'x'), (%d, 0, 'k', NULL)",
                                 key_b, key_b, key_a));
}

static void fill(struct scratch *s)
{
    fill_conversations(s, 2, 1); /* the later id is stored first */
    scratch_exec(
        s,
        "INSERT INTO user (user_id, name, state) VALUES ('u2', 'B', 'active'), "
        "('u1', 'A', 'deleted');"
        "INSERT INTO adherence_state (user_id, state_start, first_observed, last_observed, "
        "state_end) VALUES "
        "('u1', '2024-10-04T08:00:00.000Z', '2024-10-04T08:00:00.000Z', "
        "'2024-10-04T09:00:00.000Z', '2024-10-04T09:00:00.000Z'), "
        "('u1', '2024-10-05T08:00:00.000Z', '2024-10-05T08:00:00.000Z', "
        "'2024-10-05T09:00:00.000Z', NULL);"
        "INSERT INTO run (command, started_at, planned_until, exit_name, streams) VALUES "
        "('extract', '2024-10-05T12:00:00.000Z', '2024-10-05T12:00:00.000Z', 'ok', "
        "'[\"conversations\"]');"
        "INSERT INTO raw_page (window_id, run_id, plan, page_no, received_at, url_path, encoding, "
        "bytes, rows_read) VALUES (1, 1, 'job', 1, '2024-10-05T12:00:00.000Z', '/x', 'gzip', "
        "x'1f8b', 2)");
}

static struct export_result export_all(struct scratch *s, const struct export_request *r)
{
    struct export_result result = {.count = 0};

    check(export_run(s->db, r, s->arena, &result, &s->e), s);
    return result;
}

static bool exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0;
}

static bool has_file(const struct export_result *result, const char *relation)
{
    for (size_t i = 0; i < result->count; i++) {
        if (strcmp(result->files[i].relation, relation) == 0) {
            return true;
        }
    }
    return false;
}

TEST_IN(scratch_open, scratch_close, data_tables_and_views_are_the_default)
{
    struct scratch *s = *state;
    struct export_request r = request_of("new/out");

    fill(s);
    struct export_result result = export_all(s, &r);
    assert_true(has_file(&result, "conversation"));
    assert_true(has_file(&result, "v_conversation"));
    assert_true(has_file(&result, "v_segment"));
    assert_true(has_file(&result, "freshness"));
    assert_false(has_file(&result, "run"));
    assert_false(has_file(&result, "extract_window"));
    assert_true(exists("new/out/manifest.json"));

    assert_string_equal(scratch_file(s, "new/out/participant.csv"),
                        "conversation_id,participant_no,external_contact_id,"
                        "external_organization_id,flagged_reason,participant_id,participant_name,"
                        "purpose,screen_recording,team_id,user_id\r\n"
                        "c-a,0,,,,,,customer,,,\r\n"
                        "c-b,0,,,,,=1+1,customer,,,\r\n"
                        "c-b,1,,,,,\"O\"\"Hara, \xea\xb9\x80\",agent,,,\r\n");
    assert_string_equal(scratch_file(s, "new/out/participant_attribute.csv"),
                        "conversation_id,participant_no,name,value\r\n"
                        "c-a,0,k,\r\n"
                        "c-b,1,a,x\r\n"
                        "c-b,1,b,\"\"\r\n");
    const char *conversations = scratch_file(s, "new/out/conversation.csv");
    assert_null(strstr(conversations, "conversation_key"));
    assert_null(strstr(conversations, "row_"));
    assert_int_equal(strncmp(conversations, "conversation_id,", 16), 0);
    assert_true(strstr(conversations, "\r\nc-a,") < strstr(conversations, "\r\nc-b,"));
    const char *users = scratch_file(s, "new/out/user.csv");
    assert_true(strstr(users, "\r\nu1,A,") < strstr(users, "\r\nu2,B,"));
    const char *view = scratch_file(s, "new/out/v_conversation.csv");
    assert_non_null(strstr(view, "\r\nc-a,"));
    assert_true(strstr(view, "\r\nc-a,") < strstr(view, "\r\nc-b,"));
}

/* Equal content gives equal bytes, whatever the order in which it came. */
TEST_IN(scratch_open, scratch_close, files_depend_on_content_alone)
{
    struct scratch *s = *state;
    struct export_request r = request_of("a");

    fill(s);
    struct export_result first = export_all(s, &r);
    scratch_exec(s, "DELETE FROM participant_attribute; DELETE FROM participant; "
                    "DELETE FROM conversation");
    fill_conversations(s, 3, 7);
    r.directory = "b";
    export_all(s, &r);
    for (size_t i = 0; i < first.count; i++) {
        const char *name = first.files[i].name;
        assert_string_equal(scratch_file(s, arena_printf(s->arena, "a/%s", name)),
                            scratch_file(s, arena_printf(s->arena, "b/%s", name)));
    }
    assert_string_equal(scratch_file(s, "a/manifest.json"), scratch_file(s, "b/manifest.json"));
}

TEST_IN(scratch_open, scratch_close, since_keeps_what_starts_later)
{
    struct scratch *s = *state;
    struct export_request r = request_of("out");

    fill(s);
    check(clock_set_zone("Asia/Seoul", &s->e), s);
    r.since_day = "2024-10-05";
    r.since_ms = clock_zone_day_start_ms(20001); /* 2024-10-04T15:00Z */
    export_all(s, &r);
    assert_null(strstr(scratch_file(s, "out/conversation.csv"), "c-b"));
    assert_non_null(strstr(scratch_file(s, "out/conversation.csv"), "c-a"));
    assert_null(strstr(scratch_file(s, "out/participant.csv"), "c-b"));
    assert_non_null(strstr(scratch_file(s, "out/participant.csv"), "c-a"));
    assert_null(strstr(scratch_file(s, "out/v_conversation.csv"), "c-b"));
    assert_non_null(strstr(scratch_file(s, "out/v_conversation.csv"), "c-a"));
    assert_null(strstr(scratch_file(s, "out/adherence_state.csv"), "2024-10-04"));
    assert_non_null(strstr(scratch_file(s, "out/adherence_state.csv"), "2024-10-05"));
    assert_non_null(strstr(scratch_file(s, "out/user.csv"), "u1"));
    assert_non_null(strstr(scratch_file(s, "out/manifest.json"), "\"since\": \"2024-10-05\""));
}

TEST_IN(scratch_open, scratch_close, ledger_tables_come_by_name_without_blobs)
{
    static const char *const names[] = {"run", "raw_page"};
    struct scratch *s = *state;
    struct export_request r = request_of("out");

    fill(s);
    r.names = names;
    r.name_count = 2;
    struct export_result result = export_all(s, &r);
    assert_int_equal(result.count, 2);
    assert_string_equal(
        scratch_file(s, "out/raw_page.csv"),
        "raw_page_id,window_id,run_id,plan,page_no,received_at,url_path,encoding,rows_read\r\n"
        "1,1,1,job,1,2024-10-05T12:00:00.000Z,/x,gzip,2\r\n");
    assert_false(exists("out/user.csv"));
}

TEST_IN(scratch_open, scratch_close, an_unknown_name_is_told_the_nearest)
{
    static const char *const names[] = {"user", "conversatoin"};
    struct scratch *s = *state;
    struct export_request r = request_of("out");
    struct export_result result;

    fill(s);
    r.names = names;
    r.name_count = 2;
    assert_false(export_run(s->db, &r, s->arena, &result, &s->e));
    assert_int_equal(s->e.kind, ERR_USAGE);
    assert_non_null(strstr(s->e.message, "did you mean conversation"));
    assert_false(exists("out"));
}

/* The last view cannot be read: nothing that was there changes, and nothing is left behind. */
TEST_IN(scratch_open, scratch_close, a_failed_export_changes_nothing)
{
    struct scratch *s = *state;
    struct export_request r = request_of("out");
    struct export_result result;

    fill(s);
    export_all(s, &r);
    const char *users = scratch_file(s, "out/user.csv");
    const char *manifest = scratch_file(s, "out/manifest.json");
    scratch_exec(s, "DELETE FROM user; CREATE VIEW zz AS SELECT json('{') AS broken");
    assert_false(export_run(s->db, &r, s->arena, &result, &s->e));
    assert_int_equal(s->e.kind, ERR_STORE);
    assert_string_equal(scratch_file(s, "out/user.csv"), users);
    assert_string_equal(scratch_file(s, "out/manifest.json"), manifest);

    DIR *directory = opendir("out");
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        assert_null(strstr(entry->d_name, ".tmp-"));
        assert_null(strstr(entry->d_name, "zz"));
    }
    (void)closedir(directory);
}

/* Something else where the last file, or the manifest, is to be: nothing is written at all. */
TEST_IN(scratch_open, scratch_close, what_is_no_file_is_not_replaced)
{
    static const char *const targets[] = {"out/v_segment.csv", "out/manifest.json"};
    struct scratch *s = *state;
    struct export_request r = request_of("out");
    struct export_result result;

    fill(s);
    export_all(s, &r);
    scratch_exec(s, "DELETE FROM user");
    const char *users = scratch_file(s, "out/user.csv");
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        for (int is_link = 0; is_link < 2; is_link++) {
            assert_int_equal(unlink(targets[i]), 0);
            assert_int_equal(is_link ? symlink("elsewhere", targets[i]) : mkdir(targets[i], 0777),
                             0);
            assert_false(export_run(s->db, &r, s->arena, &result, &s->e));
            assert_int_equal(s->e.kind, ERR_STORE);
            assert_non_null(strstr(s->e.message, targets[i]));
            assert_non_null(strstr(s->e.message, is_link ? "symbolic link" : "directory"));
            assert_string_equal(scratch_file(s, "out/user.csv"), users);
            assert_int_equal(is_link ? unlink(targets[i]) : rmdir(targets[i]), 0);
            fclose(fopen(targets[i], "wb"));
        }
    }
    export_all(s, &r);
}

TEST_IN(scratch_open, scratch_close, gzip_holds_the_same_bytes)
{
    struct scratch *s = *state;
    struct export_request r = request_of("plain");
    char *bytes = NULL;
    size_t length = 0;

    fill(s);
    export_all(s, &r);
    r.directory = "packed";
    r.csv.gzip = true;
    struct export_result result = export_all(s, &r);
    for (size_t i = 0; i < result.count; i++) {
        struct export_file *file = &result.files[i];
        const char *path = arena_printf(s->arena, "packed/%s", file->name);
        const char *packed = scratch_file(s, path);

        assert_non_null(strstr(file->name, ".csv.gz"));
        check(gzip_inflate(packed, file->bytes, 1, &bytes, &length, &s->e), s);
        bytes[length] = '\0';
        path = arena_printf(s->arena, "plain/%s.csv", file->relation);
        assert_string_equal(bytes, scratch_file(s, path));
        free(bytes);
    }
}

static struct json_doc *parse_manifest(struct scratch *s, const char *path)
{
    const char *text = scratch_file(s, path);
    struct buf bytes;

    buf_init(&bytes, SIZE_MAX);
    assert_true(buf_add_str(&bytes, text) && buf_add(&bytes, "\0\0\0\0", JSON_PADDING_BYTES));
    struct json_doc *doc = json_parse(buf_take(&bytes, NULL), strlen(text), &s->e);
    check(doc != NULL, s);
    return doc;
}

/* A string member that must be there. */
static const char *member(struct json object, const char *path)
{
    const char *text = json_str(json_path(object, path));

    return text ? text : "(absent)";
}

static void check_streams(struct json list)
{
    struct json_iter it = json_iter(list);
    struct json key;
    struct json item;

    assert_int_equal(json_count(list), 2);
    while (json_next(&it, &key, &item)) {
        bool users = strcmp(member(item, "stream"), "users") == 0;
        assert_string_equal(member(item, "whole_to"),
                            users ? "2024-10-05T11:00:00.000Z" : "2024-10-05T09:00:00.000Z");
        assert_string_equal(member(item, "first_day"), users ? "(absent)" : "2024-10-04");
        assert_string_equal(member(item, "whole_to_day"), users ? "(absent)" : "2024-10-04");
    }
}

static void check_files(struct scratch *s, struct json list)
{
    struct json_iter it = json_iter(list);
    struct json key;
    struct json item;

    assert_true(json_count(list) > sizeof(data_tables) / sizeof(data_tables[0]));
    while (json_next(&it, &key, &item)) {
        struct stat status;
        int64_t bytes = 0;
        int64_t rows = 0;

        assert_int_equal(stat(arena_printf(s->arena, "out/%s", member(item, "file")), &status), 0);
        assert_true(json_int(json_get(item, "bytes"), &bytes));
        assert_true(json_int(json_get(item, "rows"), &rows));
        assert_int_equal(bytes, status.st_size);
        if (strcmp(member(item, "name"), "participant") == 0) {
            assert_int_equal(rows, 3);
        }
    }
}

TEST_IN(scratch_open, scratch_close, the_manifest_tells_files_and_streams)
{
    struct scratch *s = *state;
    struct export_request r = request_of("out");

    fill(s);
    scratch_exec(
        s,
        "INSERT INTO zone_offset VALUES ('2024-10-03T15:00:00.000Z', '2024-10-04T15:00:00.000Z', "
        "32400, '2024-10-04', 'Asia/Seoul'), ('2024-10-04T15:00:00.000Z', "
        "'2024-10-05T15:00:00.000Z', 32400, '2024-10-05', 'Asia/Seoul');"
        "INSERT INTO extract_window (stream, kind, window_start, window_end, state, complete_to) "
        "VALUES ('conversations', 'day', '2024-10-03T00:00:00.000Z', '2024-10-04T00:00:00.000Z', "
        "'settled', '2024-10-04T00:00:00.000Z'), "
        "('conversations', 'day', '2024-10-04T00:00:00.000Z', '2024-10-05T00:00:00.000Z', "
        "'provisional', '2024-10-05T00:00:00.000Z'), "
        "('conversations', 'day', '2024-10-05T00:00:00.000Z', '2024-10-06T00:00:00.000Z', 'open', "
        "'2024-10-05T09:00:00.000Z');"
        "INSERT INTO extract_window (stream, kind, complete_to) "
        "VALUES ('users', 'snapshot', '2024-10-05T11:00:00.000Z')");
    export_all(s, &r);
    struct json_doc *doc = parse_manifest(s, "out/manifest.json");
    struct json root = json_root(doc);
    int64_t number = 0;

    assert_true(json_int(json_get(root, "schema_version"), &number));
    assert_int_equal(number, db_schema_version());
    assert_string_equal(member(root, "run.planned_until"), "2024-10-05T12:00:00.000Z");
    check_streams(json_get(root, "streams"));
    check_files(s, json_get(root, "files"));
    json_free(doc);
}

/* Fails when a statement sorts. */
static void check_plan(struct scratch *s, const char *sql)
{
    struct db_stmt *plan =
        db_prepare(s->db, arena_printf(s->arena, "EXPLAIN QUERY PLAN %s", sql), &s->e);
    bool row = false;

    check(plan != NULL, s);
    while (db_step(plan, &row, &s->e) && row) {
        if (strstr(db_text(plan, 3), "TEMP B-TREE")) {
            fail_msg("%s: %s", sql, db_text(plan, 3));
        }
    }
    db_finalize(plan);
}

/* Constant memory: no table is sorted. */
static void check_no_sorting(struct scratch *s)
{
    struct rows names = db_ask(s->db, &s->e, sql_export_relations, NONE);
    size_t count = 0;

    for (; db_next(&names); count++) {
        struct rows q = db_ask(s->db, &s->e, sql_export_statement, S(db_text(names.s, 0)));

        check(db_next(&q), s);
        const char *sql = db_kept(&q, 0, s->arena);
        check(db_end(&q), s);
        if (db_int(names.s, 1) == 0) {
            check_plan(s, sql);
        }
    }
    check(db_end(&names), s);
    assert_true(count > 20);
    check_plan(s, sql_export_ids);
}

TEST_IN(scratch_open, scratch_close, no_table_is_sorted)
{
    struct scratch *s = *state;

    fill(s);
    check_no_sorting(s);
    /* Figures that would tempt the planner to begin elsewhere. */
    scratch_exec(s, "ANALYZE; DELETE FROM sqlite_stat1; INSERT INTO sqlite_stat1 VALUES "
                    "('conversation', 'sqlite_autoindex_conversation_1', '10000000 1'), "
                    "('conversation', 'conversation_by_start', '10000000 1'), "
                    "('participant', 'participant', '5 2 1'), ('session', 'session', '5 3 2 1');"
                    "ANALYZE sqlite_schema");
    check_no_sorting(s);
}

TEST_IN(scratch_open, scratch_close, formulas_are_neutralized_on_request)
{
    struct scratch *s = *state;
    struct export_request r = request_of("out");

    fill(s);
    r.csv.neutralize_formulas = true;
    r.csv.bom = true;
    export_all(s, &r);
    const char *text = scratch_file(s, "out/participant.csv");
    assert_non_null(strstr(text, ",'=1+1,"));
    assert_int_equal(strncmp(text, "\xef\xbb\xbf", 3), 0);
}
