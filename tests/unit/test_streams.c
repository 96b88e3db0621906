/* The maps held against the migrated schema, and against the fields the API documents. */
#include "test.h"

#include <ctype.h>
#include <unistd.h>

#include "base/str.h"
#include "io/db.h"
#include "io/embedded.h"
#include "streams/stream.h"

#define FIELDS "tests/fixtures/conversation_fields.txt"

enum { PATH_BYTES = 64, NAMES = 128, NAME_BYTES = 160, FIELD_COUNT = 400 };

struct column {
    char name[NAME_BYTES];
    char type[16];
    int64_t key_at; /* place in the primary key from 1; 0: not in it */
};

struct table_info {
    struct column columns[NAMES];
    size_t count;
};

struct field_list {
    char paths[FIELD_COUNT][NAME_BYTES];
    bool mapped[FIELD_COUNT];
    size_t count;
};

static char db_file[PATH_BYTES];
static struct db *schema;

static int open_schema(void **state)
{
    struct err e = {0};

    (void)state;
    (void)snprintf(db_file, sizeof(db_file), "build/test_streams-%ld.db", (long)getpid());
    schema = db_open(db_file, DB_WRITE, &e);
    if (!schema) {
        fail_msg("%s", e.message);
    }
    return 0;
}

static int close_schema(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char path[PATH_BYTES + 8];

    (void)state;
    db_close(schema);
    for (size_t i = 0; i < COUNT_OF(tails); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", db_file, tails[i]);
        (void)unlink(path);
    }
    return 0;
}

static void read_table_info(const char *table, struct table_info *info)
{
    struct err e = {0};
    bool row = false;
    struct db_stmt *s =
        db_prepare(schema, "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid", &e);

    info->count = 0;
    assert_non_null(s);
    db_bind_str(s, 1, table);
    while (db_step(s, &row, &e) && row) {
        struct column *c = &info->columns[info->count++];

        assert_true(info->count < NAMES);
        (void)snprintf(c->name, sizeof(c->name), "%s", db_text(s, 0));
        (void)snprintf(c->type, sizeof(c->type), "%s", db_text(s, 1));
        c->key_at = db_int(s, 2);
    }
    db_finalize(s);
    if (info->count == 0) {
        fail_msg("no table %s in the schema", table);
    }
}

static const char *sql_type(enum column_type type)
{
    static const char *const names[] = {
        [COLUMN_TEXT] = "TEXT",    [COLUMN_INT] = "INTEGER", [COLUMN_REAL] = "REAL",
        [COLUMN_BOOL] = "INTEGER", [COLUMN_TIME] = "TEXT",   [COLUMN_JSON] = "TEXT",
    };
    return names[type];
}

static void expect_column(const char *table, const struct table_info *info, size_t at,
                          const char *name, const char *type, int64_t key_at)
{
    if (at >= info->count) {
        fail_msg("%s: column %s of the map is not in the schema", table, name);
    }
    assert_string_equal(info->columns[at].name, name);
    if (!str_eq(info->columns[at].type, type)) {
        fail_msg("%s.%s: map says %s, schema %s", table, name, type, info->columns[at].type);
    }
    if (info->columns[at].key_at != key_at) {
        fail_msg("%s.%s: place %lld in the key, expected %lld", table, name,
                 (long long)info->columns[at].key_at, (long long)key_at);
    }
}

/* What an ancestor hands down to its children: key column and ordinals. */
struct ancestry {
    const char *names[8];
    size_t count;
};

static void check_table(const struct table_map *t, const struct ancestry *above)
{
    struct table_info info;
    struct ancestry own = *above;
    size_t at = 0;
    int64_t key_at = 0;

    read_table_info(t->table, &info);
    if (t->ordinal) {
        own.names[own.count++] = t->ordinal;
    }
    for (; at < own.count; at++) {
        expect_column(t->table, &info, at, own.names[at], "INTEGER", ++key_at);
    }
    for (size_t i = 0; i < t->column_count; i++, at++) {
        const struct column_map *c = &t->columns[i];

        expect_column(t->table, &info, at, c->name, sql_type(c->type),
                      c->source == SOURCE_MEMBER_NAME ? ++key_at : 0);
    }
    assert_int_equal(at, info.count);
    for (size_t i = 0; i < t->child_count; i++) {
        check_table(t->children[i], &own);
    }
}

/* The root: key, columns, and then nothing but our own bookkeeping. */
static void check_root(const struct tree_map *tree)
{
    struct table_info info;
    struct ancestry own = {0};
    const struct table_map *root = tree->root;
    size_t at = 0;

    read_table_info(root->table, &info);
    if (tree->key) {
        expect_column(root->table, &info, at++, tree->key, "INTEGER", 1);
        own.names[own.count++] = tree->key;
    }
    for (size_t i = 0; i < root->column_count; i++, at++) {
        const struct column_map *c = &root->columns[i];

        expect_column(root->table, &info, at, c->name, sql_type(c->type),
                      !tree->key && str_eq(c->name, tree->id) ? 1 : 0);
        assert_int_equal((c->flags & COLUMN_REQUIRED) != 0, str_eq(c->name, tree->id));
    }
    for (; at < info.count; at++) {
        assert_true(str_starts_with(info.columns[at].name, "row_"));
    }
    for (size_t i = 0; i < root->child_count; i++) {
        check_table(root->children[i], &own);
    }
}

TEST(test_trees_match_schema)
{
    size_t trees = 0;

    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        if (s->load != LOAD_TREE) {
            continue;
        }
        check_root(s->tree);
        trees++;
        for (size_t p = 0; p < s->plan_count; p++) {
            assert_ptr_equal(s->plans[p].tree, s->tree);
        }
    }
    assert_int_equal(trees, 3);
}

/* A source names columns of the history table only, in its order, with its type and its say on
 * what is a state. */
static void check_source(const struct table_map *history, const struct tree_map *source)
{
    size_t at = 0;

    assert_string_equal(source->root->table, history->table);
    assert_string_equal(source->id, "user_id");
    for (size_t i = 0; i < source->root->column_count; i++) {
        const struct column_map *c = &source->root->columns[i];

        while (at < history->column_count && !str_eq(history->columns[at].name, c->name)) {
            at++;
        }
        if (at == history->column_count) {
            fail_msg("%s is not in %s, or out of order", c->name, history->table);
        }
        assert_int_equal(c->type, history->columns[at].type);
        assert_int_equal(c->flags & COLUMN_UNHASHED, history->columns[at].flags & COLUMN_UNHASHED);
        assert_true(c->path[0] != '\0');
    }
}

TEST(test_history_matches_schema)
{
    static const char *const states[] = {
        "scheduled_activity_category",
        "scheduled_activity_code_id",
        "system_presence",
        "routing_status",
        "actual_activity_category",
        "is_out_of_office",
        "adherence_state",
        "impact",
    };
    const struct stream *s = stream_find("adherence_realtime");
    struct table_info info;
    size_t at = 0;
    size_t found = 0;

    read_table_info(s->state->table, &info);
    for (; at < s->state->column_count; at++) {
        const struct column_map *c = &s->state->columns[at];

        expect_column(s->state->table, &info, at, c->name, sql_type(c->type),
                      at < 2 ? (int64_t)at + 1 : 0);
        if (at > 0 && !(c->flags & COLUMN_UNHASHED)) {
            assert_true(found < COUNT_OF(states));
            assert_string_equal(c->name, states[found++]);
        }
    }
    assert_int_equal(found, COUNT_OF(states));
    for (; at < info.count; at++) {
        assert_true(str_starts_with(info.columns[at].name, "row_"));
    }
    for (size_t p = 0; p < s->plan_count; p++) {
        check_source(s->state, s->plans[p].tree);
    }
}

/* --- the documented fields --- */

static void read_fields(struct field_list *list)
{
    FILE *file = fopen(FIELDS, "re");
    char line[NAME_BYTES];

    if (!file) {
        fail_msg("cannot open %s (run from the top folder)", FIELDS);
    }
    memset(list, 0, sizeof(*list));
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '#' && line[0] != '\0') {
            assert_true(list->count < FIELD_COUNT);
            (void)snprintf(list->paths[list->count++], NAME_BYTES, "%s", line);
        }
    }
    (void)fclose(file);
}

static void mark(struct field_list *list, const char *path, const char *column)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq(list->paths[i], path)) {
            if (list->mapped[i]) {
                fail_msg("%s is mapped twice", path);
            }
            list->mapped[i] = true;
            return;
        }
    }
    fail_msg("column %s: the API has no field %s", column, path);
}

/* divisionId -> division_id, q850ResponseCodes -> q850_response_codes */
static void snake(const char *field, char *out)
{
    for (; *field; field++) {
        if (isupper((unsigned char)*field)) {
            *out++ = '_';
        }
        *out++ = (char)tolower((unsigned char)*field);
    }
    *out = '\0';
}

static void mark_table(struct field_list *list, const struct table_map *t, const char *prefix)
{
    char path[NAME_BYTES];
    char name[NAME_BYTES];

    for (size_t i = 0; i < t->column_count; i++) {
        const struct column_map *c = &t->columns[i];

        if (c->source == SOURCE_FIELD) {
            (void)snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "." : "", c->path);
            mark(list, path, c->name);
            snake(c->path, name);
            assert_string_equal(c->name, name);
        } else if (c->source != SOURCE_MEMBER_VALUE) {
            mark(list, prefix, c->name);
        }
    }
    for (size_t i = 0; i < t->child_count; i++) {
        (void)snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] ? "." : "",
                       t->children[i]->rows);
        mark_table(list, t->children[i], path);
    }
}

static bool is_inside_json(const struct field_list *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t length = strlen(list->paths[i]);

        if (list->mapped[i] && strncmp(path, list->paths[i], length) == 0 && path[length] == '.') {
            return true;
        }
    }
    return false;
}

/* The fields of segments' properties stay inside one JSON column; the list names the column. */
TEST(test_every_field_has_a_column)
{
    static struct field_list list;
    size_t missing = 0;

    read_fields(&list);
    assert_true(list.count > 200);
    mark_table(&list, stream_find("conversations")->tree->root, "");
    for (size_t i = 0; i < list.count; i++) {
        if (!list.mapped[i] && !is_inside_json(&list, list.paths[i])) {
            print_error("no column for %s\n", list.paths[i]);
            missing++;
        }
    }
    assert_int_equal(missing, 0);
}

/* --- the schema's own promises --- */

/* Every line of a table that names a column says what the column means. */
TEST(test_every_column_has_a_comment)
{
    size_t columns = 0;

    for (size_t i = 0; i < embedded_schema_count; i++) {
        bool inside = false;

        for (const char *line = embedded_schema[i].text; *line;) {
            size_t length = strcspn(line, "\n");
            bool is_column = inside && str_starts_with(line, "    ") && line[4] != 'P' &&
                             !str_starts_with(line + 4, "UNIQUE");

            if (str_starts_with(line, "CREATE TABLE")) {
                inside = true;
            } else if (line[0] == ')') {
                inside = false;
            } else if (is_column) {
                const char *comment = strstr(line, " -- ");

                if (!comment || comment > line + length) {
                    fail_msg("%s: no comment: %.*s", embedded_schema[i].name, (int)length, line);
                }
                columns++;
            }
            line += length + (line[length] == '\n');
        }
    }
    assert_true(columns > 400);
}

static int64_t count_of(const char *sql)
{
    struct err e = {0};
    bool row = false;
    struct db_stmt *s = db_prepare(schema, sql, &e);

    if (!s) {
        fail_msg("%s", e.message);
    }
    assert_true(db_step(s, &row, &e) && row);
    int64_t value = db_int(s, 0);
    db_finalize(s);
    return value;
}

TEST(test_schema_is_sound)
{
    assert_int_equal(count_of("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' "
                              "AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'"),
                     0);
    assert_int_equal(count_of("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(count_of("SELECT count(*) FROM v_conversation"), 0);
    assert_int_equal(count_of("SELECT count(*) FROM v_segment"), 0);
    assert_int_equal(count_of("SELECT count(*) FROM freshness"), 0);
}

/* --- streams and plans --- */

TEST(test_registry)
{
    /* The numbers are places in lock files that other versions hold: they never change. */
    static const struct {
        const char *name;
        int lock_slot;
    } expected[] = {{"users", 0}, {"queues", 1}, {"adherence_realtime", 2}, {"conversations", 3}};

    assert_int_equal(stream_registry_count, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        const struct stream *s = stream_registry[i];

        assert_string_equal(s->name, expected[i].name);
        assert_int_equal(s->lock_slot, expected[i].lock_slot);
        assert_ptr_equal(stream_find(s->name), s);
        if (s->depends_on) {
            assert_non_null(stream_find(s->depends_on));
        }
    }
    assert_null(stream_find("conversation"));
    assert_null(stream_find(NULL));
}

TEST(test_plans)
{
    const struct stream *c = stream_find("conversations");
    const struct stream *a = stream_find("adherence_realtime");

    assert_string_equal(stream_plan(c, ROLE_JOB, NULL)->name, "job");
    assert_string_equal(stream_plan(c, ROLE_QUERY, "query")->name, "query");
    assert_null(stream_plan(c, ROLE_QUERY, "job"));
    assert_null(stream_plan(c, ROLE_SOURCE, NULL));
    assert_string_equal(stream_plan(a, ROLE_SOURCE, NULL)->name, "workforcemanagement");
    assert_int_equal(stream_plan(a, ROLE_SOURCE, "agents_status")->page_size, 50);
    assert_true(stream_plan(a, ROLE_SOURCE, "realtime_intervals")->private_api);
    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        for (size_t p = 0; p < s->plan_count; p++) {
            const struct request_plan *plan = &s->plans[p];
            bool posts = plan->paging == PAGING_JOB || plan->paging == PAGING_NUMBERED_POST ||
                         plan->paging == PAGING_IDS_POST;
            bool by_id = plan->paging == PAGING_IDS_GET || plan->paging == PAGING_IDS_POST;

            assert_true(str_starts_with(plan->path, "/api/v2/"));
            assert_int_equal(plan->body != NULL, posts);
            assert_int_equal(plan->id_parameter != NULL, by_id);
            assert_int_equal(plan->availability != NULL, plan->role == ROLE_JOB);
            assert_true(plan->page_size > 0);
            assert_ptr_equal(stream_plan(s, plan->role, plan->name), plan);
        }
    }
}

TEST_GROUP(open_schema, close_schema);
