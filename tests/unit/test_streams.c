/* The streams: how they are asked, and their maps against the schema. */
#include "test.h"

#include "base/str.h"
#include "io/config.h"
#include "io/db.h"
#include "streams/stream.h"

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

    assert_string_equal(stream_plan(c, ROLE_JOB)->name, "job");
    assert_string_equal(stream_plan(c, ROLE_QUERY)->name, "query");
    assert_null(stream_plan(c, ROLE_SOURCE));
    assert_string_equal(stream_plan(a, ROLE_SOURCE)->name, "workforcemanagement");
    /* The sources stand in the order of enum adherence_source. */
    assert_string_equal(a->plans[ADHERENCE_AGENTS_STATUS - 1].name, "agents_status");
    assert_string_equal(a->plans[ADHERENCE_REALTIME_INTERVALS - 1].name, "realtime_intervals");
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
            assert_non_null(stream_plan(s, plan->role));
        }
    }
}

/* --- the maps --- */

/* The columns are there, in the table's order, and their types are the declared ones. */
static void check_columns(struct db *d, const struct table_map *t, struct err *e)
{
    static const char *const types[] = {
        [COLUMN_TEXT] = "TEXT",    [COLUMN_INT] = "INTEGER BIGINT", [COLUMN_REAL] = "REAL",
        [COLUMN_BOOL] = "INTEGER", [COLUMN_TIME] = "TEXT",          [COLUMN_JSON] = "TEXT"};
    struct rows q =
        db_ask(d, e, "SELECT name, type FROM pragma_table_info(?1) ORDER BY cid", S(t->table));
    size_t found = 0;

    while (db_next(&q)) {
        if (found < t->column_count && str_eq(db_text(&q, 0), t->columns[found].name)) {
            assert_non_null(strstr(types[t->columns[found].type], db_text(&q, 1)));
            found++;
        } else if (found > 0 && found < t->column_count &&
                   !str_starts_with(db_text(&q, 0), "row_")) { /* later columns stand behind it */
            fail_msg("%s.%s comes before %s", t->table, db_text(&q, 0), t->columns[found].name);
        }
    }
    assert_true(db_end(&q));
    assert_int_equal(found, t->column_count);
    for (size_t i = 0; i < t->child_count; i++) {
        check_columns(d, t->children[i], e);
    }
}

TEST(test_maps_match_schema)
{
    struct err e = {0};
    struct db *d = db_open_memory(&e);
    size_t own_ids = 0;

    assert_non_null(d);
    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];
        const struct table_map *root = s->load == LOAD_OBSERVE ? s->state : s->tree->root;

        check_columns(d, root, &e);
        for (size_t p = 0; p < s->plan_count; p++) {
            const struct tree_map *tree = s->plans[p].tree;

            for (size_t c = 0; c < tree->root->column_count; c++) {
                own_ids += (tree->root->columns[c].flags & COLUMN_REQUIRED) != 0 &&
                           str_eq(tree->root->columns[c].name, tree->ids[0]);
            }
        }
    }
    assert_int_equal(own_ids, 8);
    db_close(d);
}

TEST_GROUP(NULL, NULL);
