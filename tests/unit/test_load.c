#include "test.h"

#include "doc.h"
#include "etl/load.h"
#include "pass.h"
#include "scratch.h"

/* 2026-03-05T00:00:00Z */
#define NOW INT64_C(1772668800000)

enum { CONVERSATIONS, USERS, QUEUES, STREAMS };
static const char *const streams[STREAMS] = {"conversations", "users", "queues"};

struct fixture {
    struct scratch *s;
    struct arena *arena;
    struct loader *loaders[STREAMS];
    struct load_counts counts;
    int64_t run_id;
};

static struct loader *loader_of(struct fixture *f, const char *stream)
{
    struct loader *l = load_new(f->s->db, stream_find(stream)->trees, LOAD_ENTITY, NULL, &f->s->e);

    check(l != NULL, f->s);
    return l;
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    if (scratch_open(state) != 0) {
        return -1;
    }
    f->s = *state;
    f->arena = f->s->arena;
    for (size_t i = 0; i < STREAMS; i++) {
        f->loaders[i] = loader_of(f, streams[i]);
    }
    *state = f;
    return 0;
}

static void free_loaders(struct fixture *f)
{
    for (size_t i = 0; i < STREAMS; i++) {
        load_free(f->loaders[i]);
        f->loaders[i] = NULL;
    }
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    *state = f->s;
    free_loaders(f);
    free(f);
    return scratch_close(state);
}

#define TEST_IN_FIXTURE(test) TEST_OF(struct fixture *f, set_up, tear_down, test)

/* A page with a value in every column of a stream's tables. */
static const char *every_column(struct fixture *f, const char *stream)
{
    return scratch_file(f->s, arena_printf(f->arena, "%s/tests/fixtures/every_column_of_%s.json",
                                           tempdir_from, stream));
}

/* Walks an answer of the stream and loads it, twice, the first time in vain. */
static void load_by(struct fixture *f, struct loader *l, const struct stream *s,
                    const struct load_page *page, const char *text)
{
    struct page_walker *w = page_walker_new(s->trees);
    struct json_doc *doc = doc_of(text);
    struct walked_page *rows = page_walk(w, doc, rows_of(s, 0, doc), &page->facts, &f->s->e);

    check(rows != NULL, f->s);
    for (int kept = 0; kept < 2; kept++) {
        check(db_begin(f->s->db, &f->s->e) && load_page(l, rows, page, &f->counts, &f->s->e) &&
                  (!kept || db_finish(f->s->db, true, &f->s->e)),
              f->s);
        db_rollback(f->s->db);
    }
    walked_free(rows);
    page_walker_free(w);
}

static void load(struct fixture *f, int stream, const char *plan, const char *text)
{
    f->run_id++;
    load_by(f, f->loaders[stream], stream_find(streams[stream]),
            &(struct load_page){.stream = streams[stream],
                                .facts = {.start_ms = TIME_NONE, .end_ms = TIME_NONE},
                                .plan = plan,
                                .brings_attributes = str_eq(plan, "job"),
                                .run_id = f->run_id,
                                .received_ms = NOW + f->run_id},
            text);
}

static void job(struct fixture *f, const char *text)
{
    load(f, CONVERSATIONS, "job", text);
}

static void query(struct fixture *f, const char *text)
{
    load(f, CONVERSATIONS, "query", text);
}

static void check_counts(const struct fixture *f, int is_new, int changed, int unchanged)
{
    assert_int_equal(f->counts.rows_new, is_new);
    assert_int_equal(f->counts.rows_changed, changed);
    assert_int_equal(f->counts.rows_unchanged, unchanged);
    assert_int_equal(f->counts.rows_read, is_new + changed + unchanged);
}

/* --- a conversation, as a job and as the query give it --- */

#define PART_A(extra)                                                                              \
    "{'participantId':'A','purpose':'customer'" extra                                              \
    ",'sessions':[{'sessionId':'s1','mediaType':'voice','metrics':[{'name':"                       \
    "'nOffered','value':1,'emitDate':'2026-03-01T10:00:00Z'}],'segments':[{"                       \
    "'segmentType':'interact','requestedRoutingSkillIds':['k1','k2']}],"                           \
    "'flow':{'flowId':'f','outcomes':[{'flowOutcomeId':'o'}]}}]}"
#define PART_B(extra) "{'participantId':'B','purpose':'agent'" extra "}"
#define PART_C        "{'participantId':'C','purpose':'acd'}"
#define PAGE(parts, more)                                                                          \
    "{'conversations':[{'conversationId':'c1','conversationStart':"                                \
    "'2026-03-01T10:00:00.000Z','divisionIds':['d1','d2'],'participants':[" parts "]" more "}]}"
#define ATTRIBUTES_A ",'attributes':{'lang':'ko','tier':'gold'}"
#define ATTRIBUTES_B ",'attributes':{'note':'n'}"
#define ATTRIBUTES_C ",'attributes':{'lang':'ko','vip':'yes'}"
#define ENDED        ",'conversationEnd':'2026-03-01T10:05:00.000Z'"

static const char job_page[] = PAGE(PART_A(ATTRIBUTES_A) "," PART_B(ATTRIBUTES_B), "");
static const char query_page[] = PAGE(PART_A("") "," PART_B(""), "");

static const char attributes[] =
    "SELECT ifnull(group_concat(participant_id || ':' || participant_no || ':' || name || '=' || "
    "value), '') FROM (SELECT * FROM participant_attribute JOIN participant USING "
    "(conversation_key, "
    "participant_no) ORDER BY participant_no, name)";
static const char changes[] =
    "SELECT ifnull(group_concat(part || '/' || source), '') FROM conversation_change";

TEST_IN_FIXTURE(test_unchanged_writes_nothing)
{
    job(f, job_page);
    const char *written = scratch_value(f->s, "SELECT total_changes()");
    job(f, job_page);
    check_counts(f, 0, 0, 1);
    query(f, query_page);
    check_counts(f, 0, 0, 1);
    job(f, job_page);
    check_counts(f, 0, 0, 1);
    assert_string_equal(scratch_value(f->s, "SELECT total_changes()"), written);
    check_value(f->s, changes, "");
}

/* Takes an answer: whether its one conversation is "new", "unchanged" or "changed", the changes
 * that are noted, and all attributes afterwards. */
static void takes(struct fixture *f, const char *plan, const char *page, const char *result,
                  const char *all_attributes)
{
    load(f, CONVERSATIONS, plan, page);
    assert_int_equal(f->counts.rows_read, 1);
    const char *count = f->counts.rows_new ? "new" : "unchanged";
    const char *noted = scratch_value(
        f->s, arena_printf(f->arena,
                           "SELECT ifnull(group_concat(' ' || part || '/' || source, ''), '')"
                           " FROM conversation_change WHERE run_id = %d",
                           (int)f->run_id));

    if (f->counts.rows_changed) {
        count = "changed";
    }
    assert_string_equal(arena_printf(f->arena, "%s%s", count, noted), result);
    check_value(f->s, attributes, all_attributes);
}

static void forget_conversations(struct fixture *f)
{
    scratch_exec(f->s, "DELETE FROM conversation; DELETE FROM conversation_division;"
                       "DELETE FROM participant; DELETE FROM participant_attribute;"
                       "DELETE FROM session; DELETE FROM session_metric; DELETE FROM segment;"
                       "DELETE FROM segment_skill; DELETE FROM session_flow;"
                       "DELETE FROM flow_outcome; DELETE FROM conversation_change");
}

#define ALL_ATTRIBUTES "A:0:lang=ko,A:0:tier=gold,B:1:note=n"
#define MOVED          "B:1:note=n,A:2:lang=ko,A:2:tier=gold"
#define MOVED_PAGE     PAGE(PART_C "," PART_B(ATTRIBUTES_B) "," PART_A(ATTRIBUTES_A), ENDED)
#define READ           "SELECT row_attribute_read || ifnull(row_attribute_hash > 0, '-') FROM conversation"
#define SESSIONS       "SELECT count(*) || (SELECT count(*) FROM session_metric) FROM session"

/* Answers one after the other; a name begins with an empty file. */
static const struct {
    const char *name;
    const char *plan;
    const char *page;
    const char *result;
    const char *attributes; /* all of them afterwards */
    const char *asked;      /* what else is asked for then, if anything */
    const char *answer;
} answers[] = {
    {"the query first", "query", query_page, "new", "", READ, "0-"},
    {NULL, "job", job_page, "changed attributes/job", ALL_ATTRIBUTES, NULL, NULL},
    {NULL, "query", query_page, "unchanged", ALL_ATTRIBUTES, NULL, NULL},
    {NULL, "job", job_page, "unchanged", ALL_ATTRIBUTES, NULL, NULL},
    {"a job that finds no attributes is no change, but remembered", "query", query_page, "new", "",
     NULL, NULL},
    {NULL, "job", query_page, "unchanged", "", "SELECT row_attribute_read FROM conversation", "1"},
    {"rows change", "job", job_page, "new", ALL_ATTRIBUTES, SESSIONS, "11"},
    {NULL, "job", PAGE(PART_A(ATTRIBUTES_A) "," PART_B(ATTRIBUTES_B), ENDED), "changed rows/job",
     ALL_ATTRIBUTES, "SELECT conversation_end FROM conversation", "2026-03-01T10:05:00.000Z"},
    /* what vanishes from the answer vanishes from the file; NULL comes back too */
    {NULL, "job", PAGE(PART_B(ATTRIBUTES_B), ""), "changed both/job", "B:0:note=n",
     SESSIONS " WHERE (SELECT conversation_end FROM conversation) IS NULL", "00"},
    {"attributes change alone", "job", job_page, "new", ALL_ATTRIBUTES, NULL, NULL},
    {NULL, "job", PAGE(PART_A(",'attributes':{'lang':'en'}") "," PART_B(""), ""),
     "changed attributes/job", "A:0:lang=en", SESSIONS, "11"},
    {NULL, "job", query_page, "changed attributes/job", "", NULL, NULL},
    {"the query's rows: attributes follow their participants", "job", job_page, "new",
     ALL_ATTRIBUTES, NULL, NULL},
    {NULL, "query", PAGE(PART_C "," PART_B("") "," PART_A(""), ENDED), "changed rows/query", MOVED,
     "SELECT substr(changed_at, 1, 10) || conversation_id FROM conversation_change",
     "2026-03-05c1"},
    {NULL, "job", MOVED_PAGE, "unchanged", MOVED, "SELECT count(*) FROM data_problem", "0"},
    {"a participant is gone", "job", job_page, "new", ALL_ATTRIBUTES, NULL, NULL},
    {NULL, "query", PAGE(PART_B(""), ENDED), "changed both/query", "B:0:note=n",
     "SELECT path || '|' || kind || '|' || example || '|' || count FROM data_problem",
     "participants.attributes|dropped: its participant is gone|A|2"},
    /* the stored hash is that of what stayed */
    {NULL, "job", PAGE(PART_B(ATTRIBUTES_B), ENDED), "unchanged", "B:0:note=n", NULL, NULL},
    {"they come with moved participants", "job", job_page, "new", ALL_ATTRIBUTES, NULL, NULL},
    {NULL, "job", PAGE(PART_B(ATTRIBUTES_B) "," PART_A(ATTRIBUTES_A), ""), "changed rows/job",
     "B:0:note=n,A:1:lang=ko,A:1:tier=gold", NULL, NULL},
};

TEST_IN_FIXTURE(test_jobs_and_queries)
{
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (answers[i].name) {
            print_message("%s\n", answers[i].name);
            forget_conversations(f);
        }
        takes(f, answers[i].plan, answers[i].page, answers[i].result, answers[i].attributes);
        if (answers[i].asked) {
            check_value(f->s, answers[i].asked, answers[i].answer);
        }
    }
}

/* Participants that share an id, or have none, keep their order. */
TEST_IN_FIXTURE(test_attributes_without_ids)
{
    job(f, PAGE("{'attributes':{'k':'1'}},{'attributes':{'k':'2'}},"
                "{'participantId':'T','attributes':{'k':'3'}},"
                "{'participantId':'T','attributes':{'k':'4'}}",
                ""));
    query(f, PAGE(PART_C ",{'participantId':'T'},{},{'participantId':'T'},{}", ""));
    check_value(f->s,
                "SELECT group_concat(participant_no || name || value) FROM (SELECT * FROM "
                "participant_attribute ORDER BY participant_no)",
                "1k3,2k1,3k4,4k2");
}

/* Without ids, where an attribute is counts as what it is; the rows' order alone does not. */
TEST_IN_FIXTURE(test_attributes_that_move_between_participants_without_ids)
{
    static const char where[] = "SELECT group_concat(participant_no || value) FROM (SELECT * FROM "
                                "participant_attribute ORDER BY participant_no)";

    job(f, PAGE("{'attributes':{'k':'v'}},{},{'participantId':'T','attributes':{'k':'w'}}", ""));
    job(f, PAGE("{},{'attributes':{'k':'v'}},{'participantId':'T','attributes':{'k':'w'}}", ""));
    check_counts(f, 0, 1, 0);
    check_value(f->s, where, "1v,2w");
    query(f, PAGE("{'participantId':'T'},{},{}", ""));
    check_value(f->s, where, "0w,2v");
    job(f, PAGE("{'participantId':'T','attributes':{'k':'w'}},{},{'attributes':{'k':'v'}}", ""));
    check_counts(f, 0, 0, 1);
    query(f, PAGE("{},{'participantId':'T'}", "")); /* the second is gone */
    check_value(f->s, where, "1w");
    job(f, PAGE("{},{'participantId':'T','attributes':{'k':'w'}}", ""));
    check_counts(f, 0, 0, 1);
}

/* A name's longest value goes as its rows do, once a run; a conflict, of values that differ within
 * a conversation, at once. */
TEST_IN_FIXTURE(test_longest_values_are_settled)
{
    static const char names[] = "SELECT group_concat(name || ifnull(longest_length, '-') || '/' || "
                                "conversations || '/' || conflicts) FROM attribute_key";

    job(f, PAGE(PART_A(",'attributes':{'lang':'long'}") "," PART_B(ATTRIBUTES_C), ""));
    check_value(f->s, names, "lang4/1/1,vip3/1/0");
    job(f, PAGE(PART_A(",'attributes':{'lang':'ko'}") "," PART_B(ATTRIBUTES_C), ""));
    check_value(f->s, names, "lang-/1/0,vip3/1/0");
    check(load_settle(f->loaders[CONVERSATIONS], &f->s->e), f->s);
    check_value(f->s, names, "lang2/1/0,vip3/1/0");
}

/* The last counts. */
TEST_IN_FIXTURE(test_twice_in_a_page)
{
    job(f, "{'conversations':[{'conversationId':'c1','participants':[{}]},{'conversationId':'c2'},{"
           "'conversationId':'c1','externalTag':'t'}]}");
    check_counts(f, 2, 0, 1);
    check_value(f->s, "SELECT count(*) FROM participant", "0");
    check_value(f->s, "SELECT external_tag FROM conversation WHERE conversation_id = 'c1'", "t");
}

/* Whoever asks for figures by hand may do so while pages come. */
TEST_IN_FIXTURE(test_figures_owed_beside_a_page)
{
    job(f, job_page);
    check(db_exec(f->s->db, "INSERT INTO fact_owed SELECT conversation_key FROM conversation",
                  &f->s->e),
          f->s);
    query(f, "{'conversations':[{'conversationId':'c2'}]}");
    check_value(f->s,
                "SELECT (SELECT count(*) FROM interval_figure) || count(*) FROM "
                "conversation_figure",
                "12");
}

TEST_IN_FIXTURE(test_notes)
{
    job(f, "{'conversations':[{'conversationId':'c1','brandNew':1,'selfServed':'yes'},{"
           "'conversationId':'c2','brandNew':1,'participants':[{'sessions':[{'x':1}]}]}]}");
    check_value(f->s, "SELECT group_concat(stream || path || count) FROM unknown_field",
                "conversationsbrandNew2,conversationsparticipants.sessions.x1");
    check_value(f->s, "SELECT path || kind || example || count FROM data_problem",
                "selfServedwrong typeyes1");
    /* counts add up, the first example stays */
    job(f, "{'conversations':[{'conversationId':'c3','brandNew':1,'selfServed':'no'}]}");
    check_value(f->s, "SELECT count FROM unknown_field WHERE path = 'brandNew'", "3");
    check_value(f->s, "SELECT example || count FROM data_problem", "yes2");
    job(f, "{'conversations':[{'conversationId':'c4','externalTag':'cut \\ud83d'}]}");
    check_value(f->s, "SELECT external_tag FROM conversation WHERE conversation_id = 'c4'",
                "cut \xEF\xBF\xBD");
    check_value(f->s, "SELECT path || ':' || kind || count FROM data_problem WHERE example IS NULL",
                ":no character: U+FFFD stands for it1");
}

/* No column of a table, or of one below it, is empty. */
static void check_filled(struct fixture *f, const struct table_map *t)
{
    for (size_t i = 0; i < t->column_count; i++) {
        const char *sql = arena_printf(f->arena, "SELECT count(\"%s\") > 0 FROM \"%s\"",
                                       t->columns[i].name, t->table);

        if (!str_eq(scratch_value(f->s, sql), "1")) {
            fail_msg("%s.%s is empty", t->table, t->columns[i].name);
        }
    }
    for (size_t i = 0; i < t->child_count; i++) {
        check_filled(f, t->children[i]);
    }
}

/* Loads a page of a stream that has a value for each of its columns. */
static void check_stream(struct fixture *f, const struct stream *s)
{
    struct loader *l = load_new(f->s->db, s->trees, s->load, NULL, &f->s->e);

    check(l != NULL, f->s);
    load_by(f, l, s,
            &(struct load_page){.stream = s->name,
                                .facts = {.start_ms = TIME_NONE,
                                          .end_ms = TIME_NONE,
                                          .scope = s->scope ? "scope 1" : NULL},
                                .plan = "list"},
            every_column(f, s->name));
    for (size_t t = 0; s->trees[t]; t++) {
        check_filled(f, s->trees[t]->root);
    }
    check_value(f->s, "SELECT group_concat(path) FROM unknown_field", "NULL");
    check_value(f->s, "SELECT group_concat(path) FROM data_problem", "NULL");
    load_free(l);
}

/* Of each list, as the vendor describes its entities, and of windows and intervals. */
TEST_IN_FIXTURE(test_every_field_has_its_column)
{
    static const char *const names[] = {"user_status", "conversation_aggregate", "user_aggregate"};
    size_t count = 0;

    free_loaders(f);
    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        if (s->grid == GRID_MOMENT && s->load == LOAD_ENTITY) {
            check_stream(f, s);
            count++;
        }
    }
    assert_true(count >= 30);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        check_stream(f, stream_find(names[i]));
    }
}

/* Hashes are stored in the files of users: these were written by the first release. A row of each
 * table, no column NULL. */
TEST_IN_FIXTURE(test_stored_hashes_never_change)
{
    static const char *const hashes[] = {
        "SELECT printf('%016x %016x', row_hash, row_attribute_hash) FROM conversation",
        "SELECT printf('%016x', row_hash) FROM user",
        "SELECT printf('%016x', row_hash) FROM queue",
    };
    static const char *const expected[] = {"056dc7435cdf573a 69e2f5e63decb0a4", "2d24d3243359ac15",
                                           "1a9dbb3b5c8bfbf3"};

    for (size_t i = 0; i < STREAMS; i++) {
        load(f, i, "job", every_column(f, streams[i]));
        check_value(f->s, hashes[i], expected[i]);
    }
    check_value(f->s, "SELECT count(*) FROM unknown_field", "0");
    check_value(f->s, "SELECT count(*) FROM data_problem", "0");
}

/* --- plans --- */

/* The line of a statement's plan that walks through a stored table; NULL: there is none. Open
 * conversations and states are few and have an index of their own. */
static const char *scan(struct fixture *f, const char *sql)
{
    struct rows q =
        db_ask(f->s->db, &f->s->e, arena_printf(f->arena, "EXPLAIN QUERY PLAN %s", sql), NONE);
    const char *found = NULL;

    while (!found && db_next(&q)) {
        const char *line = db_kept(&q, 3, f->arena);
        struct rows stored = db_ask(
            f->s->db, &f->s->e,
            "SELECT 1 FROM sqlite_schema WHERE ?1 || ' ' LIKE 'SCAN ' || name || ' %'", S(line));

        if (db_next(&stored) && !strstr(line, "_open")) {
            found = line;
        }
        check(db_end(&stored), f->s);
    }
    check(db_end(&q), f->s);
    return found;
}

static size_t check_plans(struct fixture *f, const struct stream *s, size_t pass)
{
    struct loader *l = load_new(f->s->db, trees_of(s, pass), s->load, s->state, &f->s->e);
    size_t count;
    size_t made = 0;

    assert_non_null(l);
    const char *const *sql = load_statements(l, &count);
    for (size_t i = 0; i < count; i++) {
        /* What a whole list lacks is looked for in all of its table, once a reading; longest values
         * once a run. */
        bool at_end = sql[i] && (strstr(sql[i], "UPDATE attribute_key") ||
                                 (!s->scope && strstr(sql[i], "\"deleted_at\" IS NULL AND")));
        const char *line = sql[i] && !at_end ? scan(f, sql[i]) : NULL;

        made += sql[i] != NULL;
        fail_if(line, "%s: %s", line, sql[i]);
    }
    load_free(l);
    return made;
}

TEST_IN_FIXTURE(test_no_statement_scans_a_stored_table)
{
    size_t count = 0;

    free_loaders(f);
    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        for (size_t p = 0; p < s->pass_count; p++) {
            count += check_plans(f, s, p);
        }
    }
    assert_true(count > 100);
    assert_null(scan(f, "SELECT max(conversation_key) FROM conversation"));
    assert_non_null(scan(f, "SELECT 1 FROM conversation WHERE external_tag = ?1"));
    assert_non_null(scan(f, "SELECT 1 FROM participant WHERE participant_no = ?1"));
}

/* Made in the transaction of a page that was refused, it lacks nothing later. */
TEST_IN_FIXTURE(test_a_loader_outlives_a_rollback)
{
    job(f, job_page);
    check(db_begin(f->s->db, &f->s->e), f->s);
    free_loaders(f);
    f->loaders[CONVERSATIONS] = loader_of(f, "conversations");
    db_rollback(f->s->db);
    query(f, PAGE(PART_B("") "," PART_A(""), ENDED));
    check_value(f->s, attributes, "B:0:note=n,A:1:lang=ko,A:1:tier=gold");
}

/* A table of the owner's would be read in place of the page's rows. */
TEST_IN_FIXTURE(test_a_name_that_is_taken)
{
    struct err e;

    scratch_exec(f->s, "CREATE VIEW Rollcall_New_Queue AS SELECT * FROM queue");
    assert_null(load_new(f->s->db, stream_find("queues")->trees, LOAD_ENTITY, NULL, &e));
    assert_int_equal(e.kind, ERR_STORE);
    assert_non_null(strstr(e.message, "rename it"));
}
