#include "test.h"

#include <inttypes.h>

#include "base/causes.h"
#include "doc.h"
#include "etl/walk.h"
#include "limit.h"
#include "proof_maps.h"

/* --- a small tree with every shape --- */

/* Versions of clang-format lay these out differently. */
/* clang-format off */
#define FIELD(n, p, t, f)   {.name = (n), .path = (p), .type = COLUMN_##t, .flags = (f)}
#define PART_OF(n, source_) {.name = (n), .path = "", .type = COLUMN_TEXT, .source = (source_)}
/* clang-format on */

/* A table whose rows are the member that bears its name in the plural. */
#define ARRAY_OF(n, columns)                                                                       \
    .table = (n), .rows = n "s", .shape = ROWS_ARRAY, .ordinal = n "_no", COLUMNS(columns)

static const struct column_map leg_columns[] = {
    FIELD("leg_name", "name", TEXT, 0),
    FIELD("size", "size", INT, 0),
};
static const struct table_map leg_table = {ARRAY_OF("leg", leg_columns)};

static const struct column_map attribute_columns[] = {
    PART_OF("name", SOURCE_MEMBER_NAME),
    PART_OF("value", SOURCE_MEMBER_VALUE),
};
static const struct table_map attribute_table = {.table = "part_attribute",
                                                 .rows = "attributes",
                                                 .shape = ROWS_MEMBERS,
                                                 .hash_part = HASH_ATTRIBUTES,
                                                 COLUMNS(attribute_columns)};
static const struct column_map part_columns[] = {
    FIELD("part_id", "partId", TEXT, 0),
    FIELD("purpose", "purpose", TEXT, 0),
};
static const struct table_map *const part_children[2] = {&attribute_table, &leg_table};
static const struct table_map part_table = {ARRAY_OF("part", part_columns),
                                            CHILDREN(part_children)};
static const struct column_map tag_columns[] = {PART_OF("tag", SOURCE_ELEMENT)};
static const struct table_map tag_table = {ARRAY_OF("tag", tag_columns)};

static const struct column_map outcome_columns[] = {FIELD("outcome", "outcome", TEXT, 0)};
static const struct table_map outcome_table = {ARRAY_OF("outcome", outcome_columns)};
static const struct table_map *const flow_children[] = {&outcome_table};
static const struct column_map flow_columns[] = {FIELD("flow_id", "flowId", TEXT, 0)};
static const struct table_map path_table = {.table = "flow",
                                            .rows = "flow",
                                            .shape = ROWS_OBJECT,
                                            COLUMNS(flow_columns),
                                            CHILDREN(flow_children)};

enum { ID, START, COUNT, RATIO, OPEN, LIST, DIVISION, NICK, PRESENCE, SEEN, COLUMN_COUNT };
static const struct column_map thing_columns[COLUMN_COUNT] = {
    [ID] = FIELD("thing_id", "thingId", TEXT, COLUMN_REQUIRED),
    [START] = FIELD("start", "start", TIME, 0),
    [COUNT] = FIELD("count", "count", INT, 0),
    [RATIO] = FIELD("ratio", "ratio", REAL, 0),
    [OPEN] = FIELD("open", "open", BOOL, 0),
    [LIST] = FIELD("list", "list", JSON, 0),
    [DIVISION] = FIELD("division_id", "division.id", TEXT, 0),
    [NICK] = FIELD("nick", "nick|person.nick|person.name", TEXT, 0),
    [PRESENCE] = FIELD("presence", "presence", TEXT, COLUMN_UPPER_SNAKE),
    [SEEN] = FIELD("seen", "seen", TIME, COLUMN_UNHASHED),
};
static const struct table_map *const thing_children[] = {&part_table, &tag_table, &path_table};
static const struct table_map thing_table = {
    .table = "thing", COLUMNS(thing_columns), CHILDREN(thing_children)};
static const char *const ids[] = {"thing_id"};
static const char *const ignored[] = {"selfUri", "division.name"};
static const struct tree_map tree = {
    .root = &thing_table, .key = "thing_key", IDS(ids), IGNORED(ignored)};

enum { THING, PART, ATTRIBUTE, LEG, TAG, FLOW, OUTCOME, TABLE_COUNT };

static const struct tree_map *const trees[] = {&tree, NULL};

struct fixture {
    struct page_walker *walker;
    struct walked_page *page;
    const struct row_set *sets;
    struct walked walked; /* the first entity */
    struct arena *arena;
    struct err e;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->arena = arena_new(0);
    f->walker = page_walker_new(trees);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    page_walker_free(f->walker);
    walked_free(f->page);
    arena_free(f->arena);
    free(f);
    return 0;
}

#define TEST_IN_FIXTURE(test) TEST_OF(struct fixture *f, set_up, tear_down, test)

/* Walks a page of one entity, or of several with commas between them, in place of the one before.
 */
static bool try_walk(struct fixture *f, const char *text)
{
    static const struct walk_facts facts = {.start_ms = INT64_MIN, .end_ms = INT64_MIN};
    struct json_doc *doc = doc_of(arena_printf(f->arena, "[%s]", text));

    walked_free(f->page);
    f->page = page_walk(f->walker, doc, json_root(doc), &facts, &f->e);
    if (f->page) {
        f->sets = f->page->trees->sets;
        f->walked = f->page->trees->entities[0];
    }
    return f->page != NULL;
}

static void walk(struct fixture *f, const char *text)
{
    fail_if(!try_walk(f, text), "%s", f->e.message);
}

/* A row's cell behind its key as text: texts in '', NULL as "-". */
static const char *cell(struct fixture *f, size_t table, size_t row, size_t at)
{
    const struct row_set *set = &f->sets[table];

    assert_true(row < set->row_count && at + 1 < set->cells_per_row);
    const struct cell *c = &set->cells[row * set->cells_per_row + 1 + at];
    switch (c->type) {
    case CELL_INT:
        return arena_printf(f->arena, "%" PRId64, c->value.integer);
    case CELL_REAL:
        return arena_printf(f->arena, "%.1f", c->value.real);
    case CELL_TEXT:
        return arena_printf(f->arena, "'%.*s'", (int)c->length, c->value.text);
    default:
        return "-";
    }
}

/* The rows of a table as "0 'a' -; 1 'b' 5", without the cells that are ours. */
static void check_rows(struct fixture *f, size_t table, const char *expected)
{
    const struct row_set *set = &f->sets[table];
    size_t count = set->cells_per_row - 1 - (table == THING ? WALK_OWN_CELLS : 0);
    const char *rows = "";

    for (size_t row = 0; row < set->row_count; row++) {
        const char *gap = row > 0 ? "; " : "";

        for (size_t at = 0; at < count; at++) {
            rows = arena_printf(f->arena, "%s%s%s", rows, gap, cell(f, table, row, at));
            gap = " ";
        }
    }
    assert_string_equal(rows, expected);
}

/* All notes of the entity as "path: problem 1, unknown.path 2". */
static void check_notes(struct fixture *f, const char *expected)
{
    const struct walk_note *notes = f->page->notes;
    const char *text = "";

    for (size_t i = 0; i < f->page->note_count; i++) {
        text = arena_printf(f->arena, "%s%s%s%s%s %" PRId64, text, i > 0 ? ", " : "", notes[i].path,
                            notes[i].problem ? ": " : "", notes[i].problem ? notes[i].problem : "",
                            notes[i].count);
    }
    assert_string_equal(text, expected);
}

/* --- values --- */

TEST_IN_FIXTURE(test_absent_null_and_wrong_type)
{
    walk(f, "{'thingId':'a','start':null,'count':null,'tags':null,'parts':null,'flow':null,"
            "'division':null}");
    check_rows(f, THING, "'a' - - - - - - - - -");
    check_notes(f, "");
    walk(f, "{'thingId':'a','start':5,'count':'7','ratio':true,'open':1,'list':'x','division':'d',"
            "'nick':12,'tags':{'a':1},'parts':[{'partId':true,'attributes':{'k':-0.5,'l':[1]}}],"
            "'flow':[]}");
    check_rows(f, THING, "'a' - - - - - - '12' - -");
    check_rows(f, PART, "0 'true' -");
    check_rows(f, ATTRIBUTE, "0 'k' '-0.5'; 0 'l' -");
    check_notes(f, "start: wrong type 1, count: wrong type 1, ratio: wrong type 1, "
                   "open: wrong type 1, list: wrong type 1, division: wrong type 1, "
                   "nick: wrong type 1, tags: wrong type 1, parts.partId: wrong type 1, "
                   "parts.attributes: wrong type 2, flow: wrong type 1");
    walk(f, "{'thingId':7,'parts':'p','tags':{},'flow':5}");
    check_rows(f, THING, "'7' - - - - - - - - -");
    for (size_t i = PART; i < TABLE_COUNT; i++) {
        check_rows(f, i, "");
    }
}

/* A member of a thing beside its id, and what becomes of it. */
static const struct {
    const char *members;
    int column;
    const char *value;
    const char *notes;
} values[] = {
    {"'count':7.0", COUNT, "7", ""},
    {"'count':-9007199254740991", COUNT, "-9007199254740991", ""},
    {"'count':9007199254740992", COUNT, "-", "count: number out of range 1"},
    {"'count':7.5", COUNT, "-", "count: wrong type 1"},
    {"'ratio':-0.5", RATIO, "-0.5", ""},
    {"'ratio':4", RATIO, "4.0", ""},
    {"'ratio':1e400", RATIO, "-", "ratio: number out of range 1"},

    {"'open':true", OPEN, "1", ""},
    {"'list':[1, {'a': null}]", LIST, "'[1,{\"a\":null}]'", ""},
    {"'division':{'id':'d'}", DIVISION, "'d'", ""},

    /* what is a time is tests/unit/test_clock.c's */
    {"'start':'2026-03-01T10:00:00+09:00'", START, "'2026-03-01T01:00:00.000Z'", ""},
    {"'start':'yesterday'", START, "-", "start: bad time 1"},
    {"'start':'2026-01-01T10:00:00.000'", START, "-", "start: bad time 1"},
    {"'start':'2026-01-01T10:00:00.000Z\\u0000'", START, "-", "start: bad time 1"},

    {"'person':{'name':'n','nick':'k'}", NICK, "'k'", ""},
    {"'person':{'name':'n'},'nick':'first'", NICK, "'first'", ""},
    {"'nick':null,'person':{'nick':null,'name':'n'}", NICK, "'n'", ""},
    {"'thingId':'b'", ID, "'a'", ""}, /* the first of two members counts */

    {"'presence':'ON_QUEUE'", PRESENCE, "'OnQueue'", ""},
    {"'presence':'OFFLINE'", PRESENCE, "'Offline'", ""},
    {"'presence':'OnQueue'", PRESENCE, "'OnQueue'", ""},
    {"'presence':'Available'", PRESENCE, "'Available'", ""},
    {"'presence':'A_B_C'", PRESENCE, "'ABC'", ""},
    {"'presence':''", PRESENCE, "''", ""},
};

TEST_IN_FIXTURE(test_values)
{
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        walk(f, arena_printf(f->arena, "{'thingId':'a',%s}", values[i].members));
        assert_string_equal(cell(f, THING, 0, (size_t)values[i].column), values[i].value);
        check_notes(f, values[i].notes);
    }
}

TEST_IN_FIXTURE(test_nul_in_text_is_kept)
{
    walk(f, "{'thingId':'a\\u0000b'}");
    const struct cell *id = &f->sets[THING].cells[1];
    assert_int_equal(id->length, 3);
    assert_memory_equal(id->value.text, "a\0b", 3);
}

/* --- rows --- */

TEST_IN_FIXTURE(test_nested_rows_and_ordinals)
{
    walk(f, "{'thingId':'a','parts':[{'partId':'p0','legs':[{'name':'l0'},{'name':'l1'}]},7,"
            "{'partId':'p2','attributes':{'k':'v','n':null},'legs':[{'size':3}]}],"
            "'tags':['x',null,5,'y'],'flow':{'flowId':'f','outcomes':[{'outcome':'o'}]}}");
    check_rows(f, PART, "0 'p0' -; 2 'p2' -");
    check_rows(f, LEG, "0 0 'l0' -; 0 1 'l1' -; 2 0 - 3");
    check_rows(f, ATTRIBUTE, "2 'k' 'v'; 2 'n' -");
    check_rows(f, TAG, "0 'x'; 2 '5'; 3 'y'");
    check_rows(f, FLOW, "'f'");
    check_rows(f, OUTCOME, "0 'o'");
    check_notes(f, "parts: wrong type 1, tags: wrong type 2");
}

TEST_IN_FIXTURE(test_duplicate_names_count_first)
{
    walk(f, "{'thingId':'a','tags':['x'],'tags':['y','z']}");
    check_rows(f, TAG, "0 'x'");
    check_notes(f, "tags: duplicate name 1");
    walk(f, "{'thingId':'a','parts':[{'attributes':{'k':'1','k':'2','':'e'}},"
            "{'attributes':{'k':'3'}}]}");
    check_rows(f, ATTRIBUTE, "0 'k' '1'; 0 '' 'e'; 1 'k' '3'");
    check_notes(f, "parts.attributes: duplicate name 1");
}

TEST_IN_FIXTURE(test_unknown_fields)
{
    walk(f, "{'thingId':'a','new':1,'selfUri':'/a','division':{'id':'d','name':'n',"
            "'selfUri':'/d','x':1},'parts':[{'odd\\u001b':1,'selfUri':1,'name':1},"
            "{'odd\\u001b':2}]}");
    check_notes(f, "new 1, division.x 1, parts.odd\\x1B 2, parts.name 1");
}

TEST_IN_FIXTURE(test_notes_are_bounded)
{
    struct buf b;

    b = buf_of(1 << 20);
    assert_true(buf_add_str(&b, "{'thingId':'a','count':'x'"));
    for (int i = 0; i < 3000; i++) {
        assert_true(buf_add_printf(&b, ",'unknown%d':1", i));
    }
    assert_true(buf_add_str(&b, ",'ratio':'x'}"));
    walk(f, buf_str(&b));
    buf_free(&b);
    const struct walk_note *notes = f->page->notes;
    assert_int_equal(f->page->note_count, 1002);
    assert_string_equal(notes[1000].path, "...");
    assert_int_equal(notes[1000].count, 2001);
    assert_string_equal(notes[1001].path, "...");
    assert_string_equal(notes[1001].problem, "various");
}

TEST_IN_FIXTURE(test_examples_are_short_and_escaped)
{
    walk(f, arena_printf(f->arena, "{'thingId':'a','count':'\\u001b[31m%0100d'}", 0));
    const char *example = f->page->notes[0].example;
    assert_true(str_starts_with(example, "\\x1B[31m0000"));
    assert_true(strlen(example) < 90);
}

/* Rows are wider than what they are made of: a page's memory is bounded, within one entity too. */
TEST_IN_FIXTURE(test_rows_have_a_limit)
{
    static const struct {
        const char *begin;
        const char *more;
        size_t times;
    } cases[] = {{"{'thingId':'a','tags':['x'", ",'x'", 200},
                 {"{'thingId':'a','parts':[{'partId':'p'}", ",{'partId':'p'}", 80}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *thing = cases[i].begin;
        for (size_t n = 0; n < cases[i].times; n++) {
            thing = arena_printf(f->arena, "%s%s", thing, cases[i].more);
        }
        thing = arena_printf(f->arena, "%s]}", thing);
        limit("PARSED_BYTES", "8000");
        bool walked = try_walk(f, thing);
        limit("PARSED_BYTES", NULL);
        assert_false(walked);
        assert_int_equal(f->e.cause, CAUSE_NET_TOO_LARGE);
        assert_true(try_walk(f, thing));
    }
}

TEST_IN_FIXTURE(test_refused_without_own_id)
{
    static const char *const refused[] = {
        "{}", "{'thingId':null}", "{'thingId':{}}", "{'thingId':''}", "[]", "7", "null",
    };

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        err_clear(&f->e);
        assert_false(try_walk(f, refused[i]));
        assert_int_equal(f->e.kind, ERR_CONTRACT);
    }
    assert_false(try_walk(f, "{}"));
    assert_non_null(strstr(f->e.message, "thingId"));
}

/* --- hashes --- */

static uint64_t row_hash(struct fixture *f, const char *text)
{
    walk(f, text);
    return f->walked.row_hash;
}

static uint64_t attribute_hash(struct fixture *f, const char *text)
{
    walk(f, text);
    return f->walked.attribute_hash;
}

/* Of the documents, NULL at their end, those before "" have the hash of the first, those behind it
 * have others. */
static void check_hashes(struct fixture *f, uint64_t (*hash_of)(struct fixture *, const char *),
                         const char *const *documents)
{
    uint64_t hash = hash_of(f, documents[0]);
    bool same = true;

    assert_true(hash != 0);
    for (size_t i = 1; documents[i]; i++) {
        if (documents[i][0] == '\0') {
            same = false;
        } else if ((hash_of(f, documents[i]) == hash) != same) {
            fail_msg("%s hash: %s", same ? "another" : "the same", documents[i]);
        }
    }
}

TEST_IN_FIXTURE(test_row_hash)
{
    static const char *const documents[] = {
        "{'thingId':'a','count':1,'tags':['x','y'],'parts':[{'purpose':'q'}]}",
        "{'parts':[{'purpose':'q'}],'tags':['x','y'],'count':1,'thingId':'a'}",
        "{'thingId':'a','count':1.0,'start':null,'unknown':5,'tags':['x','y'],"
        "'parts':[{'purpose':'q','attributes':{'k':'v'}}],'seen':'2026-03-01T10:00:00Z'}",
        "",
        "{'thingId':'a','count':2,'tags':['x','y'],'parts':[{'purpose':'q'}]}",
        "{'thingId':'a','count':1,'tags':['y','x'],'parts':[{'purpose':'q'}]}",
        "{'thingId':'a','count':1,'tags':['xy'],'parts':[{'purpose':'q'}]}",
        "{'thingId':'a','count':1,'tags':['x','y'],'parts':[{'partId':'q'}]}",
        "{'thingId':'a','count':1,'tags':['x','y'],'parts':[{'purpose':'q'},{}]}",
        "{'thingId':'a','count':1,'tags':['x','y'],'parts':[{'purpose':''}]}",
        "{'thingId':'a','ratio':1,'tags':['x','y'],'parts':[{'purpose':'q'}]}",
        "{'thingId':'a','count':1,'tags':['x','y']}",
        NULL,
    };

    check_hashes(f, row_hash, documents);
}

/* Neither the parts' order nor the names' order matters, nor anything else of the parts. */
TEST_IN_FIXTURE(test_attribute_hash)
{
    static const char *const documents[] = {
        "{'thingId':'a','parts':[{'partId':'p','attributes':{'k':'v','l':'w'}},{'partId':'q'}]}",
        "{'thingId':'b','parts':[{'partId':'q'},{'partId':'p','purpose':'x','attributes':{"
        "'l':'w','k':'v'}}]}",
        "",
        "{'thingId':'a','parts':[{'partId':'q','attributes':{'k':'v','l':'w'}}]}",
        "{'thingId':'a','parts':[{'partId':'p','attributes':{'k':'v'}}]}",
        "{'thingId':'a','parts':[{'partId':'p','attributes':{'k':'v','l':null}}]}",
        "{'thingId':'a'}",
        NULL,
    };

    check_hashes(f, attribute_hash, documents);
    assert_true(f->walked.attribute_hash != 0 && !f->walked.has_attributes);
    walk(f, documents[0]);
    assert_true(f->walked.has_attributes);
}

/* Hashes are stored: they must never change. */
TEST_IN_FIXTURE(test_hashes_are_stable)
{
    walk(f, "{'thingId':'a','start':'2026-03-01T10:00:00Z','count':-1,'ratio':0.5,'open':false,"
            "'parts':[{'partId':'p','attributes':{'k':'v'}}]}");
    assert_true(f->walked.row_hash == UINT64_C(0x0f029217d5890988));
    assert_true(f->walked.attribute_hash == UINT64_C(0xaf3f28f12dfa7b68));
}

#define WIDER "{'thingId':'a','count':1,'tags':['x'],'parts':[{'legs':[{'name':'l'}]}]"

/* A column that a later migration adds comes last in its table, a table last in its parent. What
 * was stored before stays equal: NULLs, and tables without rows, stand outside the hash. */
TEST_IN_FIXTURE(test_a_new_column_without_values_changes_no_hash)
{
    static const struct column_map added_columns[] = {FIELD("note", "note", TEXT, 0)};
    static const struct table_map added_table = {ARRAY_OF("note", added_columns)};
    static const struct table_map *const children[] = {&part_table, &tag_table, &path_table,
                                                       &added_table};
    struct column_map columns[COLUMN_COUNT + 1];
    struct table_map table = thing_table;
    struct tree_map wider = tree;
    uint64_t hash = row_hash(f, WIDER "}");

    memcpy(columns, thing_columns, sizeof(thing_columns));
    columns[COLUMN_COUNT] = added_columns[0];
    table.columns = columns;
    table.column_count = COUNT_OF(columns);
    table.children = children;
    table.child_count = COUNT_OF(children);
    wider.root = &table;
    page_walker_free(f->walker);
    f->walker = page_walker_new((const struct tree_map *const[]){&wider, NULL});
    assert_true(row_hash(f, WIDER "}") == hash);
    assert_false(row_hash(f, WIDER ",'note':'y'}") == hash);
}

TEST_IN_FIXTURE(test_rows_that_are_no_list)
{
    static const struct {
        const char *document;
        bool taken;
    } cases[] = {{"{}", true},
                 {"{'things':null}", true},
                 {"{'things':[]}", true},
                 {"{'things':5}", false},
                 {"{'things':{'a':{'thingId':'a'}}}", false}};
    static const struct walk_facts facts = {.scope = NULL};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_doc *doc = doc_of(cases[i].document);
        struct walked_page *p =
            page_walk(f->walker, doc, json_get(json_root(doc), "things"), &facts, &f->e);

        assert_int_equal(p != NULL, cases[i].taken);
        assert_true(!p || p->count == 0);
        walked_free(p);
    }
}

/* Rows of several entities lie one after the other, each with its entity's number, and each entity
 * has the hashes that it has alone. A page outlives its walker. */
TEST_IN_FIXTURE(test_rows_are_gathered)
{
    static const char *const entities[] = {
        "{'thingId':'a','tags':['x','y'],'parts':[{'partId':'p','attributes':{'k':'v'}}]}",
        "{'thingId':'b'}",
        "{'thingId':'c','tags':['z'],'parts':[{},{'partId':'q','attributes':{'k':'v'}}]}",
    };
    struct walked alone[COUNT_OF(entities)];

    for (size_t i = 0; i < COUNT_OF(entities); i++) {
        walk(f, entities[i]);
        alone[i] = f->walked;
    }
    size_t bytes = f->page->bytes;
    walk(f, arena_printf(f->arena, "%s,%s,%s", entities[0], entities[1], entities[2]));
    page_walker_free(f->walker);
    f->walker = NULL;
    for (size_t i = 0; i < COUNT_OF(entities); i++) {
        const struct walked *walked = &f->page->trees->entities[i];

        assert_true(walked->row_hash == alone[i].row_hash);
        assert_true(walked->attribute_hash == alone[i].attribute_hash);
        assert_int_equal(walked->has_attributes, i != 1);
        assert_int_equal(walked_id(f->page, i).value.text[0], "abc"[i]);
    }
    assert_int_equal(f->page->count, 3);
    assert_true(f->page->bytes > bytes);
    assert_int_equal(f->sets[THING].row_count, 3);
    check_rows(f, PART, "0 'p' -; 0 - -; 1 'q' -");
    check_rows(f, TAG, "0 'x'; 1 'y'; 0 'z'");
    check_rows(f, ATTRIBUTE, "0 'k' 'v'; 1 'k' 'v'");
    assert_int_equal(f->sets[TAG].entities[1], 0);
    assert_int_equal(f->sets[TAG].entities[2], 2);
}

TEST_IN_FIXTURE(test_ids_that_come_again)
{
    static const char letters[] = "abcabbbcadddae";
    static const char marks[] = "11111100111000";
    const char *text = "";

    for (size_t i = 0; letters[i]; i++) {
        text = arena_printf(f->arena, "%s%s{'thingId':'%c'}", text, i > 0 ? "," : "", letters[i]);
    }
    walk(f, text);
    for (size_t i = 0; letters[i]; i++) {
        fail_if(f->page->trees->entities[i].superseded != (marks[i] == '1'), "entity %zu", i);
    }
}

/* --- where rows and values come from: the tables of tests/proof/schema --- */

static const struct tree_map adherence_days = {ADHERENCE_DAY_TREE};
static const struct tree_map user_presences = {USER_PRESENCE_TREE};
static const struct tree_map user_routing_statuses = {USER_ROUTING_STATUS_TREE};
static const struct tree_map aggregates = {CONVERSATION_AGGREGATE_TREE};

/* 2026-03-01, as Tokyo has it. */
static struct walk_facts day = {.start_ms = INT64_C(1772290800000),
                                .end_ms = INT64_C(1772377200000),
                                .zone = "Asia/Tokyo",
                                .day = "2026-03-01",
                                .scope = "mu",
                                .parent = "bu"};

/* Walks the rows at `rows` in a document by one tree or two (else NULL). */
static bool try_page(struct fixture *f, const struct tree_map *tree_, const struct tree_map *other,
                     const char *rows, const char *text)
{
    struct json_doc *doc = doc_of(text);

    err_clear(&f->e);
    page_walker_free(f->walker);
    f->walker = page_walker_new((const struct tree_map *const[]){tree_, other, NULL});
    walked_free(f->page);
    f->page = page_walk(f->walker, doc, json_first(json_root(doc), rows), &day, &f->e);
    if (f->page) {
        f->sets = f->page->trees->sets;
    }
    return f->page != NULL;
}

/* What the report says of itself may stand behind its rows. */
#define REPORT(user)                                                                               \
    "{'userResults':[" user                                                                        \
    "],'startDate':'2026-03-01T00:00:00.000+09:00','managementUnitId':'mu-2',"                     \
    "'lookupIdToSecondaryPresenceId':{'1':'p1','2':'p2','3':null}}"
#define AGENT "'userId':'u','adherencePercentage':90"

TEST_IN_FIXTURE(test_a_report_with_offsets)
{
    assert_true(
        try_page(f, &adherence_days, NULL, "userResults",
                 REPORT("{'exceptionInfo':[{'startOffsetSeconds':0,'endOffsetSeconds':86400.0015},"
                        "{'startOffsetSeconds':-30,'new':1},{'startOffsetSeconds':'9'},7],"
                        "'actuals':[{'startOffsetSeconds':60,'endOffsetSeconds':2e9}]," AGENT
                        "},{'userId':'v','actuals':null,'impact':'Neutral'}")));
    check_rows(f, 0,
               "'u' '2026-03-01' 'mu' 'bu' 'Asia/Tokyo' - - - - - - - - - - - -; "
               "'v' '2026-03-01' 'mu' 'bu' 'Asia/Tokyo' - - - - - - - - - - - -");
    assert_string_equal(cell(f, 1, 0, 6), "0");
    assert_string_equal(cell(f, 1, 0, 7), "'2026-02-28T15:00:00.000Z'");
    assert_string_equal(cell(f, 1, 0, 9), "'2026-03-01T15:00:00.002Z'");
    assert_string_equal(cell(f, 1, 1, 6), "-30");
    assert_string_equal(cell(f, 1, 1, 7), "'2026-02-28T14:59:30.000Z'");
    assert_string_equal(cell(f, 1, 2, 7), "-");
    check_rows(
        f, 2,
        "0 'mu' 'bu' 'u' '2026-03-01' 'Asia/Tokyo' 60 '2026-02-28T15:01:00.000Z' 2000000000 - - -");
    /* an offset fills two columns, so its trouble counts twice */
    check_notes(f, "exceptionInfo.endOffsetSeconds: wrong type 1, exceptionInfo.new 1, "
                   "exceptionInfo.startOffsetSeconds: wrong type 2, exceptionInfo: wrong type 1, "
                   "actuals.endOffsetSeconds: number out of range 1");
    assert_true(walked_id(f->page, 0).length == strlen("u.2026-03-01"));
}

/* Of an array whose first element alone counts the others are said to be there; the older report
 * has other names, and names its start in each row. */
TEST_IN_FIXTURE(test_first_of_an_array)
{
    assert_true(
        try_page(f, &adherence_days, NULL, "data",
                 "{'data':[{'userId':'u','startDate':'2026-03-01T00:00:00.000+09:00','dayMetrics':["
                 "{'dayStartOffsetSecs':60,'impactSeconds':-5,'exceptionCount':2,'odd':0},"
                 "{'exceptionCount':3}]},{'userId':'v','dayMetrics':[]},"
                 "{'userId':'w','dayMetrics':7}]}"));
    check_rows(
        f, 0,
        "'u' '2026-03-01' 'mu' 'bu' 'Asia/Tokyo' 60 '2026-02-28T15:01:00.000Z' - - - 2 - -5 - "
        "- - -; 'v' '2026-03-01' 'mu' 'bu' 'Asia/Tokyo' - - - - - - - - - - - -; "
        "'w' '2026-03-01' 'mu' 'bu' 'Asia/Tokyo' - - - - - - - - - - - -");
    check_notes(f, "dayMetrics: more than one, the first is kept 1, dayMetrics.odd 1, "
                   "dayMetrics: wrong type 1");
}

TEST_IN_FIXTURE(test_names_that_are_looked_up)
{
    assert_true(try_page(
        f, &adherence_days, NULL, "userResults",
        REPORT(
            "{'userId':'u','exceptionInfo':[{'secondaryPresenceLookupId':'2',"
            "'scheduledSecondaryPresenceLookupIds':['1','9',2]},{'secondaryPresenceLookupId':'3',"
            "'scheduledSecondaryPresenceLookupIds':[]},{'secondaryPresenceLookupId':1,"
            "'scheduledSecondaryPresenceLookupIds':'1'}]}")));
    assert_string_equal(cell(f, 1, 0, 18), "'p2'");
    assert_string_equal(cell(f, 1, 0, 12), "'[\"p1\",null,\"p2\"]'");
    assert_string_equal(cell(f, 1, 1, 18), "-");
    assert_string_equal(cell(f, 1, 1, 12), "'[]'");
    assert_string_equal(cell(f, 1, 2, 18), "'p1'");
    assert_string_equal(cell(f, 1, 2, 12), "-");
    check_notes(f,
                "exceptionInfo.scheduledSecondaryPresenceLookupIds: not among what it is looked "
                "up in 1, exceptionInfo.secondaryPresenceLookupId: not among what it is looked up "
                "in 1, exceptionInfo.scheduledSecondaryPresenceLookupIds: wrong type 1");
}

/* What the window says is of the id alone; without it there is none. */
TEST_IN_FIXTURE(test_facts_are_no_content)
{
    const struct walk_facts kept = day;
    const char *report = "{'userResults':[{" AGENT
                         ",'exceptionInfo':[{'startOffsetSeconds':1}]}],'startDate':'soon'}";
    uint64_t hashes[2];

    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        assert_true(try_page(f, &adherence_days, NULL, "userResults", report));
        hashes[i] = f->page->trees->entities[0].row_hash;
        day.scope = "other";
        day.day = "2026-03-02";
        day.start_ms += 1000;
        day.zone = NULL;
    }
    assert_true(hashes[0] == hashes[1]);
    assert_string_equal(cell(f, 0, 0, 4), "-");
    check_notes(f, "exceptionInfo.startOffsetSeconds: no instant to count from 1");
    day.day = NULL;
    assert_false(try_page(f, &adherence_days, NULL, "userResults", report));
    assert_non_null(strstr(f->e.message, "business_day is missing"));
    day = kept;
}

TEST_IN_FIXTURE(test_two_trees_of_nested_rows)
{
    assert_true(
        try_page(f, &user_presences, &user_routing_statuses, "userDetails",
                 "{'userDetails':[{'primaryPresence':[{'startTime':'2026-03-01T09:00:00+09:00',"
                 "'systemPresence':'ON_QUEUE','odd':1},null],'routingStatus':[{'startTime':"
                 "'2026-02-27T00:00:00Z','endTime':'2026-03-01T00:00:00Z','routingStatus':'IDLE'},"
                 "{'startTime':'2026-03-01T00:00:00Z'}],'userId':'u','more':1},{'userId':'v'},"
                 "{'userId':'w','primaryPresence':{}}]}"));
    check_rows(f, 0, "'u' '2026-03-01T00:00:00.000Z' - 'ON_QUEUE' -");
    assert_string_equal(walked_id(f->page, 0).value.text, "u\x1f"
                                                          "2026-03-01T00:00:00.000Z");
    assert_int_equal(f->page->count, 3);
    f->sets = f->page->trees[1].sets;
    check_rows(f, 0,
               "'u' '2026-02-27T00:00:00.000Z' '2026-03-01T00:00:00.000Z' 'IDLE'; "
               "'u' '2026-03-01T00:00:00.000Z' - -");
    check_notes(f, "primaryPresence.odd 1, primaryPresence: wrong type 2, more 2");
    assert_false(
        try_page(f, &user_presences, NULL, "userDetails",
                 "{'userDetails':[{'userId':'u','primaryPresence':[{'startTime':'now'}]}]}"));
    assert_non_null(strstr(f->e.message, "row 1 of the page: primaryPresence.startTime is"));
    assert_false(try_page(f, &user_presences, NULL, "userDetails", "{'userDetails':[{},7]}"));
    assert_non_null(strstr(f->e.message, "row 2 of the page: it is no object"));
}

#define HALF_HOUR "2026-03-01T09:00:00.000+09:00/2026-03-01T09:30:00.000+09:00"
#define STORED    "'2026-03-01T00:00:00.000Z'"

TEST_IN_FIXTURE(test_groups_of_aggregates)
{
    static const char *const expected[] = {
        STORED " 'q' 'voice' '' 'nOffered' '' '2026-03-01T00:30:00.000Z' 3",
        STORED " 'q' 'voice' '' 'tHandle' 'x' '2026-03-01T00:30:00.000Z' 2",
        STORED " '' '' '' 'nOffered' '' - -",
        STORED " '' '' '' 'nOffered' '' - -",
    };

    assert_true(try_page(
        f, &aggregates, NULL, "results",
        "{'results':[{'data':[{'metrics':[{'metric':'nOffered','stats':{'count':3}},"
        "{'qualifier':'x','stats':{'sum':5,'count':2},'metric':'tHandle'}],'interval':'" HALF_HOUR
        "','views':[{'name':'v'}]}],'group':{'mediaType':'voice','queueId':'q','flowId':'f'}},"
        "{'data':[{'interval':'2026-03-01T00:00:00Z/PT30M','metrics':[{'metric':'nOffered'}]}]},"
        "{'group':7,'data':[{'interval':'2026-03-01T00:00:00Z/','metrics':[{'metric':'nOffered',"
        "'qualifier':null}]},{'interval':'2026-03-01'}]}]}"));
    assert_int_equal(f->sets[0].row_count, COUNT_OF(expected));
    for (size_t row = 0; row < COUNT_OF(expected); row++) {
        const char *text = cell(f, 0, row, 0);

        for (size_t at = 1; at < 8; at++) {
            text = arena_printf(f->arena, "%s %s", text, cell(f, 0, row, at));
        }
        assert_string_equal(text, expected[row]);
        /* what a group lacks is not what is no group at all, but the id is the same */
        assert_int_equal(f->page->trees->entities[row].superseded, row == 2);
    }
    check_notes(f, "group.flowId 1, data.interval: bad time 2, group: wrong type 1");
    assert_false(try_page(f, &aggregates, NULL, "",
                          "[{'data':[{'metrics':[{'metric':'n'}],'interval':'2026-03-01'}]}]"));
    assert_non_null(strstr(f->e.message, "data.metrics.^interval is missing"));
}
