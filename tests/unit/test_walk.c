#include "test.h"

#include "base/buf.h"
#include "base/str.h"
#include "etl/walk.h"

/* --- a small tree with every shape --- */

#define FIELD(n, p, t, f)                                                                          \
    {                                                                                              \
        .name = (n), .path = (p), .type = COLUMN_##t, .flags = (f)                                 \
    }
#define PART_OF(n, source_)                                                                        \
    {                                                                                              \
        .name = (n), .path = "", .type = COLUMN_TEXT, .source = (source_)                          \
    }

static const struct column_map leg_columns[] = {
    FIELD("leg_name", "name", TEXT, 0),
    FIELD("size", "size", INT, 0),
};
static const struct table_map leg_table = {
    .table = "leg", .rows = "legs", .shape = ROWS_ARRAY, .ordinal = "leg_no", COLUMNS(leg_columns)};

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
static const struct table_map part_table = {.table = "part",
                                            .rows = "parts",
                                            .shape = ROWS_ARRAY,
                                            .ordinal = "part_no",
                                            COLUMNS(part_columns),
                                            CHILDREN(part_children)};
static const struct column_map tag_columns[] = {PART_OF("tag", SOURCE_ELEMENT)};
static const struct table_map tag_table = {
    .table = "tag", .rows = "tags", .shape = ROWS_ARRAY, .ordinal = "tag_no", COLUMNS(tag_columns)};

static const struct column_map outcome_columns[] = {FIELD("outcome", "outcome", TEXT, 0)};
static const struct table_map outcome_table = {.table = "outcome",
                                               .rows = "outcomes",
                                               .shape = ROWS_ARRAY,
                                               .ordinal = "outcome_no",
                                               COLUMNS(outcome_columns)};
static const struct table_map *const flow_children[] = {&outcome_table};
static const struct column_map flow_columns[] = {FIELD("flow_id", "flowId", TEXT, 0)};
static const struct table_map flow_table = {.table = "flow",
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
static const struct table_map *const thing_children[] = {&part_table, &tag_table, &flow_table};
static const struct table_map thing_table = {
    .table = "thing", COLUMNS(thing_columns), CHILDREN(thing_children)};
static const char *const ignored[] = {"selfUri", "division.name"};
static const struct tree_map tree = {.root = &thing_table,
                                     .key = "thing_key",
                                     .id = "thing_id",
                                     .entities = "things|results|",
                                     IGNORED(ignored)};

enum { THING, PART, ATTRIBUTE, LEG, TAG, FLOW, OUTCOME, TABLE_COUNT };

/* Cells behind those of a thing that are ours. */
enum { OWN_CELLS = 2 };

struct fixture {
    struct walker *walker;
    struct json_doc *doc;
    const struct row_set *sets;
    struct walked walked;
    struct arena *arena;
    struct err e;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    f->arena = arena_new(0);
    f->walker = walk_new(&tree, OWN_CELLS);
    f->sets = walk_sets(f->walker);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    walk_free(f->walker);
    arena_free(f->arena);
    json_free(f->doc);
    free(f);
    return 0;
}

static struct json parse(struct fixture *f, const char *text)
{
    struct buf b;

    buf_init(&b, 64 << 20);
    assert_true(buf_add_str(&b, text) && buf_add(&b, "\0\0\0\0", JSON_PADDING_BYTES));
    size_t length = b.length - JSON_PADDING_BYTES;
    json_free(f->doc);
    f->doc = json_parse(buf_take(&b, NULL), length, &f->e);
    if (!f->doc) {
        fail_msg("%s", f->e.message);
    }
    return json_root(f->doc);
}

/* Walks one entity, in place of those before it. */
static bool try_walk(struct fixture *f, const char *text)
{
    walk_clear(f->walker);
    return walk_entity(f->walker, parse(f, text), &f->walked, &f->e);
}

static void walk(struct fixture *f, const char *text)
{
    if (!try_walk(f, text)) {
        fail_msg("%s", f->e.message);
    }
}

/* A row's cell behind its key. */
static const struct cell *cell(const struct fixture *f, size_t table, size_t row, size_t at)
{
    const struct row_set *set = &f->sets[table];

    assert_true(row < set->row_count);
    assert_true(at + 1 < set->cells_per_row);
    return &set->cells[row * set->cells_per_row + 1 + at];
}

static void check_text(const struct cell *c, const char *text)
{
    if (!text) {
        assert_int_equal(c->type, CELL_NULL);
        return;
    }
    assert_int_equal(c->type, CELL_TEXT);
    assert_int_equal(c->length, strlen(text));
    assert_memory_equal(c->value.text, text, c->length);
}

static void check_int(const struct cell *c, int64_t value)
{
    assert_int_equal(c->type, CELL_INT);
    assert_int_equal(c->value.integer, value);
}

/* The count of a note; 0 when there is none. */
static int64_t noted(const struct fixture *f, const char *path, const char *problem)
{
    size_t count;
    const struct walk_note *notes = walk_notes(f->walker, &count);

    for (size_t i = 0; i < count; i++) {
        if (str_eq(notes[i].path, path) && str_eq(notes[i].problem, problem)) {
            return notes[i].count;
        }
    }
    return 0;
}

static size_t note_count(const struct fixture *f)
{
    size_t count;

    walk_notes(f->walker, &count);
    return count;
}

/* --- tests --- */

TEST_IN(set_up, tear_down, test_every_type)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\",\"start\":\"2026-03-01T10:00:00.123Z\",\"count\":42,\"ratio\":4,"
            "\"open\":true,\"list\":[1, {\"a\": null}],\"division\":{\"id\":\"d\"},"
            "\"presence\":\"ON_QUEUE\"}");
    assert_int_equal(f->sets[THING].row_count, 1);
    assert_int_equal(f->sets[THING].cells_per_row, 1 + COLUMN_COUNT + OWN_CELLS);
    check_text(cell(f, THING, 0, ID), "a");
    check_text(cell(f, THING, 0, START), "2026-03-01T10:00:00.123Z");
    check_int(cell(f, THING, 0, COUNT), 42);
    assert_int_equal(cell(f, THING, 0, RATIO)->type, CELL_REAL);
    assert_true(cell(f, THING, 0, RATIO)->value.real == 4.0);
    check_int(cell(f, THING, 0, OPEN), 1);
    check_text(cell(f, THING, 0, LIST), "[1,{\"a\":null}]");
    check_text(cell(f, THING, 0, DIVISION), "d");
    check_text(cell(f, THING, 0, NICK), NULL);
    check_text(cell(f, THING, 0, PRESENCE), "OnQueue");
    assert_int_equal(note_count(f), 0);
}

TEST_IN(set_up, tear_down, test_absent_null_and_wrong_type)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\",\"start\":null,\"count\":null,\"tags\":null,\"parts\":null,"
            "\"flow\":null,\"division\":null}");
    assert_int_equal(note_count(f), 0);
    for (size_t i = START; i < COLUMN_COUNT; i++) {
        check_text(cell(f, THING, 0, i), NULL);
    }
    walk(f, "{\"thingId\":\"a\",\"start\":5,\"count\":\"7\",\"ratio\":true,\"open\":1,"
            "\"list\":\"x\",\"division\":\"d\",\"nick\":12,\"tags\":{\"a\":1},\"parts\":\"p\","
            "\"flow\":[]}");
    for (size_t i = START; i < COLUMN_COUNT; i++) {
        check_text(cell(f, THING, 0, i), NULL);
    }
    static const char *const wrong[] = {"start",    "count", "ratio", "open",  "list",
                                        "division", "nick",  "tags",  "parts", "flow"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(noted(f, wrong[i], "wrong type"), 1);
    }
    assert_int_equal(note_count(f), COUNT_OF(wrong));
    for (size_t i = PART; i < TABLE_COUNT; i++) {
        assert_int_equal(f->sets[i].row_count, 0);
    }
    walk_clear_notes(f->walker);
    assert_int_equal(note_count(f), 0);
}

TEST_IN(set_up, tear_down, test_numbers)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\",\"count\":7.0,\"ratio\":-0.5}");
    check_int(cell(f, THING, 0, COUNT), 7);
    walk(f, "{\"thingId\":\"a\",\"count\":9223372036854775807}");
    check_int(cell(f, THING, 0, COUNT), INT64_MAX);
    walk(f, "{\"thingId\":\"a\",\"count\":7.5}");
    check_text(cell(f, THING, 0, COUNT), NULL);
    assert_int_equal(noted(f, "count", "wrong type"), 1);
    walk(f, "{\"thingId\":\"a\",\"count\":9223372036854775808,\"ratio\":1e400}");
    check_text(cell(f, THING, 0, COUNT), NULL);
    check_text(cell(f, THING, 0, RATIO), NULL);
    assert_int_equal(noted(f, "count", "number out of range"), 1);
    assert_int_equal(noted(f, "ratio", "number out of range"), 1);
}

TEST_IN(set_up, tear_down, test_times)
{
    struct fixture *f = *state;
    static const char *const good[][2] = {
        {"2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00.000Z"},
        {"2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000Z"},
        {"2026-03-01T10:00:00.5Z", "2026-03-01T10:00:00.500Z"},
        {"2026-03-01T10:00:00.123456Z", "2026-03-01T10:00:00.123Z"},
        {"2026-03-01T10:00:00+09:00", "2026-03-01T01:00:00.000Z"},
        {"2026-03-01T10:00:00.250+0000", "2026-03-01T10:00:00.250Z"},
        {"2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59.999Z"},
        {"2000-02-29T00:00:00.000Z", "2000-02-29T00:00:00.000Z"},
    };
    static const char *const bad[] = {
        "",
        "yesterday",
        "2026-02-29T10:00:00.000Z",
        "1900-02-29T10:00:00.000Z",
        "2026-13-01T10:00:00.000Z",
        "2026-00-01T10:00:00.000Z",
        "2026-01-00T10:00:00.000Z",
        "2026-01-32T10:00:00Z",
        "2026-01-01T24:00:01.000Z",
        "2026-01-01T10:60:00.000Z",
        "2026-01-01T10:00:00.00xZ",
        "2o26-01-01T10:00:00.000Z",
        "2026-01-01T10:00:00.000",
        "2026-01-01T10:00:00.000Z\\u0000",
    };
    char text[200];

    for (size_t i = 0; i < COUNT_OF(good); i++) {
        snprintf(text, sizeof(text), "{\"thingId\":\"a\",\"start\":\"%s\"}", good[i][0]);
        walk(f, text);
        check_text(cell(f, THING, 0, START), good[i][1]);
    }
    assert_int_equal(note_count(f), 0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        snprintf(text, sizeof(text), "{\"thingId\":\"a\",\"start\":\"%s\"}", bad[i]);
        walk(f, text);
        check_text(cell(f, THING, 0, START), NULL);
        assert_int_equal(noted(f, "start", "bad time"), i + 1);
    }
}

TEST_IN(set_up, tear_down, test_alternatives)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\",\"person\":{\"name\":\"n\",\"nick\":\"k\"}}");
    check_text(cell(f, THING, 0, NICK), "k");
    walk(f, "{\"thingId\":\"a\",\"person\":{\"name\":\"n\"},\"nick\":\"first\"}");
    check_text(cell(f, THING, 0, NICK), "first");
    walk(f, "{\"nick\":null,\"thingId\":\"a\",\"person\":{\"nick\":null,\"name\":\"n\"}}");
    check_text(cell(f, THING, 0, NICK), "n");
    assert_int_equal(note_count(f), 0);
}

TEST_IN(set_up, tear_down, test_duplicate_members_count_first)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\",\"thingId\":\"b\",\"tags\":[\"x\"],\"tags\":[\"y\",\"z\"]}");
    check_text(cell(f, THING, 0, ID), "a");
    assert_int_equal(f->sets[TAG].row_count, 1);
    check_text(cell(f, TAG, 0, 1), "x");
    assert_int_equal(noted(f, "tags", "duplicate name"), 1);
}

TEST_IN(set_up, tear_down, test_upper_snake)
{
    struct fixture *f = *state;
    static const char *const forms[][2] = {
        {"ON_QUEUE", "OnQueue"},    {"OFFLINE", "Offline"}, {"OnQueue", "OnQueue"},
        {"Available", "Available"}, {"A_B_C", "ABC"},       {"", ""},
    };
    char text[200];

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        snprintf(text, sizeof(text), "{\"thingId\":\"a\",\"presence\":\"%s\"}", forms[i][0]);
        walk(f, text);
        check_text(cell(f, THING, 0, PRESENCE), forms[i][1]);
    }
}

TEST_IN(set_up, tear_down, test_nested_rows_and_ordinals)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\",\"parts\":[{\"partId\":\"p0\",\"legs\":[{\"name\":\"l0\"},"
            "{\"name\":\"l1\"}]},7,{\"partId\":\"p2\",\"attributes\":{\"k\":\"v\",\"n\":null},"
            "\"legs\":[{\"size\":3}]}],\"tags\":[\"x\",null,5,\"y\"],"
            "\"flow\":{\"flowId\":\"f\",\"outcomes\":[{\"outcome\":\"o\"}]}}");
    assert_int_equal(f->sets[PART].row_count, 2);
    check_int(cell(f, PART, 0, 0), 0);
    check_int(cell(f, PART, 1, 0), 2);
    check_text(cell(f, PART, 1, 1), "p2");
    assert_int_equal(noted(f, "parts", "wrong type"), 1);
    assert_int_equal(f->sets[LEG].row_count, 3);
    check_int(cell(f, LEG, 1, 0), 0);
    check_int(cell(f, LEG, 1, 1), 1);
    check_text(cell(f, LEG, 1, 2), "l1");
    check_int(cell(f, LEG, 2, 0), 2);
    check_int(cell(f, LEG, 2, 1), 0);
    check_int(cell(f, LEG, 2, 3), 3);
    assert_int_equal(f->sets[ATTRIBUTE].row_count, 2);
    assert_int_equal(f->sets[ATTRIBUTE].cells_per_row, 4);
    check_int(cell(f, ATTRIBUTE, 0, 0), 2);
    check_text(cell(f, ATTRIBUTE, 0, 1), "k");
    check_text(cell(f, ATTRIBUTE, 0, 2), "v");
    check_text(cell(f, ATTRIBUTE, 1, 2), NULL);
    assert_int_equal(f->sets[TAG].row_count, 2);
    check_int(cell(f, TAG, 1, 0), 3);
    check_text(cell(f, TAG, 1, 1), "y");
    assert_int_equal(noted(f, "tags", "wrong type"), 2);
    assert_int_equal(f->sets[FLOW].cells_per_row, 2);
    check_text(cell(f, FLOW, 0, 0), "f");
    check_int(cell(f, OUTCOME, 0, 0), 0);
    check_text(cell(f, OUTCOME, 0, 1), "o");
}

TEST_IN(set_up, tear_down, test_unknown_fields)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\",\"new\":1,\"selfUri\":\"/a\",\"division\":{\"id\":\"d\","
            "\"name\":\"n\",\"selfUri\":\"/d\",\"x\":1},\"parts\":[{\"odd\\u001b\":1,"
            "\"selfUri\":1,\"name\":1},{\"odd\\u001b\":2}]}");
    assert_int_equal(noted(f, "new", NULL), 1);
    assert_int_equal(noted(f, "division.x", NULL), 1);
    assert_int_equal(noted(f, "division.name", NULL), 0);
    assert_int_equal(noted(f, "parts.odd\\x1B", NULL), 2);
    assert_int_equal(noted(f, "parts.name", NULL), 1);
    assert_int_equal(note_count(f), 4);
}

TEST_IN(set_up, tear_down, test_notes_are_bounded)
{
    struct fixture *f = *state;
    struct buf b;

    buf_init(&b, 1 << 20);
    assert_true(buf_add_str(&b, "{\"thingId\":\"a\",\"count\":\"x\""));
    for (int i = 0; i < 3000; i++) {
        assert_true(buf_add_printf(&b, ",\"unknown%d\":1", i));
    }
    assert_true(buf_add_str(&b, ",\"ratio\":\"x\"}"));
    walk(f, buf_str(&b));
    buf_free(&b);
    assert_int_equal(note_count(f), 1002);
    assert_int_equal(noted(f, "...", NULL), 2001);
    assert_int_equal(noted(f, "...", "various"), 1);
}

TEST_IN(set_up, tear_down, test_examples_are_short_and_escaped)
{
    struct fixture *f = *state;
    size_t count;
    const struct walk_note *notes;

    walk(f,
         "{\"thingId\":\"a\",\"count\":\"\\u001b[31m"
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901\"}");
    notes = walk_notes(f->walker, &count);
    assert_int_equal(count, 1);
    assert_non_null(notes[0].example);
    assert_true(strncmp(notes[0].example, "\\x1B[31m0123", 12) == 0);
    assert_true(strlen(notes[0].example) < 90);
}

TEST_IN(set_up, tear_down, test_duplicate_attribute)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\",\"parts\":[{\"attributes\":{\"k\":\"1\",\"k\":\"2\",\"\":\"e\"}},"
            "{\"attributes\":{\"k\":\"3\"}}]}");
    assert_int_equal(f->sets[ATTRIBUTE].row_count, 3);
    check_text(cell(f, ATTRIBUTE, 0, 2), "1");
    check_text(cell(f, ATTRIBUTE, 2, 2), "3");
    assert_int_equal(noted(f, "parts.attributes", "duplicate name"), 1);
}

TEST_IN(set_up, tear_down, test_refused_without_own_id)
{
    struct fixture *f = *state;
    static const char *const refused[] = {
        "{}", "{\"thingId\":null}", "{\"thingId\":5}", "{\"thingId\":\"\"}", "[]", "7", "null",
    };

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        err_clear(&f->e);
        assert_false(try_walk(f, refused[i]));
        assert_int_equal(f->e.kind, ERR_CONTRACT);
    }
    assert_false(try_walk(f, "{}"));
    assert_non_null(strstr(f->e.message, "thingId"));
}

TEST_IN(set_up, tear_down, test_nul_in_text_is_kept)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\\u0000b\"}");
    assert_int_equal(cell(f, THING, 0, ID)->length, 3);
    assert_memory_equal(cell(f, THING, 0, ID)->value.text, "a\0b", 3);
}

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

TEST_IN(set_up, tear_down, test_row_hash)
{
    struct fixture *f = *state;
    static const char base[] =
        "{\"thingId\":\"a\",\"count\":1,\"tags\":[\"x\",\"y\"],\"parts\":[{\"purpose\":\"q\"}]}";
    static const char *const same[] = {
        "{\"parts\":[{\"purpose\":\"q\"}],\"tags\":[\"x\",\"y\"],\"count\":1,\"thingId\":\"a\"}",
        "{\"thingId\":\"a\",\"count\":1.0,\"start\":null,\"unknown\":5,\"tags\":[\"x\",\"y\"],"
        "\"parts\":[{\"purpose\":\"q\",\"attributes\":{\"k\":\"v\"}}],"
        "\"seen\":\"2026-03-01T10:00:00Z\"}",
    };
    static const char *const other[] = {
        "{\"thingId\":\"a\",\"count\":2,\"tags\":[\"x\",\"y\"],\"parts\":[{\"purpose\":\"q\"}]}",
        "{\"thingId\":\"a\",\"count\":1,\"tags\":[\"y\",\"x\"],\"parts\":[{\"purpose\":\"q\"}]}",
        "{\"thingId\":\"a\",\"count\":1,\"tags\":[\"xy\"],\"parts\":[{\"purpose\":\"q\"}]}",
        "{\"thingId\":\"a\",\"count\":1,\"tags\":[\"x\",\"y\"],\"parts\":[{\"partId\":\"q\"}]}",
        "{\"thingId\":\"a\",\"count\":1,\"tags\":[\"x\",\"y\"],\"parts\":[{\"purpose\":\"q\"},{}]}",
        "{\"thingId\":\"a\",\"count\":1,\"tags\":[\"x\",\"y\"],\"parts\":[{\"purpose\":\"\"}]}",
        "{\"thingId\":\"a\",\"ratio\":1,\"tags\":[\"x\",\"y\"],\"parts\":[{\"purpose\":\"q\"}]}",
        "{\"thingId\":\"a\",\"count\":1,\"tags\":[\"x\",\"y\"]}",
    };
    uint64_t hash = row_hash(f, base);

    assert_true(hash != 0);
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        assert_true(row_hash(f, same[i]) == hash);
    }
    for (size_t i = 0; i < COUNT_OF(other); i++) {
        if (row_hash(f, other[i]) == hash) {
            fail_msg("equal to the hash of: %s", other[i]);
        }
    }
}

TEST_IN(set_up, tear_down, test_attribute_hash)
{
    struct fixture *f = *state;
    uint64_t hash =
        attribute_hash(f, "{\"thingId\":\"a\",\"parts\":[{\"partId\":\"p\",\"attributes\""
                          ":{\"k\":\"v\",\"l\":\"w\"}},{\"partId\":\"q\"}]}");

    assert_true(f->walked.has_attributes);
    /* neither the parts' order nor the names' order matters, nor anything else of the parts */
    assert_true(hash ==
                attribute_hash(f, "{\"thingId\":\"b\",\"parts\":[{\"partId\":\"q\"},{\"partId\":"
                                  "\"p\",\"purpose\":\"x\",\"attributes\":{\"l\":\"w\",\"k\":\"v\"}"
                                  "}]}"));
    assert_true(hash != attribute_hash(f, "{\"thingId\":\"a\",\"parts\":[{\"partId\":\"q\","
                                          "\"attributes\":{\"k\":\"v\",\"l\":\"w\"}}]}"));
    assert_true(hash != attribute_hash(f, "{\"thingId\":\"a\",\"parts\":[{\"partId\":\"p\","
                                          "\"attributes\":{\"k\":\"v\"}}]}"));
    assert_true(hash != attribute_hash(f, "{\"thingId\":\"a\",\"parts\":[{\"partId\":\"p\","
                                          "\"attributes\":{\"k\":\"v\",\"l\":null}}]}"));
    assert_true(attribute_hash(f, "{\"thingId\":\"a\"}") != 0);
    assert_false(f->walked.has_attributes);
}

/* Hashes are stored: they must never change. */
TEST_IN(set_up, tear_down, test_hashes_are_stable)
{
    struct fixture *f = *state;

    walk(f, "{\"thingId\":\"a\",\"start\":\"2026-03-01T10:00:00Z\",\"count\":-1,\"ratio\":0.5,"
            "\"open\":false,\"parts\":[{\"partId\":\"p\",\"attributes\":{\"k\":\"v\"}}]}");
    assert_true(f->walked.row_hash == UINT64_C(0x0f029217d5890988));
    assert_true(f->walked.attribute_hash == UINT64_C(0xaf3f28f12dfa7b68));
}

/* A column that a later migration adds comes last in its table, a table last in its parent. What
 * was stored before stays equal: NULLs, and tables without rows, stand outside the hash. */
TEST_IN(set_up, tear_down, test_a_new_column_without_values_changes_no_hash)
{
    static const struct column_map added_columns[] = {FIELD("note", "note", TEXT, 0)};
    static const struct table_map added_table = {.table = "note",
                                                 .rows = "notes",
                                                 .shape = ROWS_ARRAY,
                                                 .ordinal = "note_no",
                                                 COLUMNS(added_columns)};
    static const struct table_map *const children[] = {&part_table, &tag_table, &flow_table,
                                                       &added_table};
    static const char text[] = "{\"thingId\":\"a\",\"count\":1,\"nick\":\"n\",\"tags\":[\"x\"],"
                               "\"parts\":[{\"purpose\":\"q\",\"legs\":[{\"name\":\"l\"}]}]}";
    static const char with_note[] =
        "{\"thingId\":\"a\",\"count\":1,\"nick\":\"n\",\"tags\":[\"x\"],"
        "\"parts\":[{\"purpose\":\"q\",\"legs\":[{\"name\":\"l\"}]}],"
        "\"note\":\"y\"}";
    struct fixture *f = *state;
    struct column_map columns[COLUMN_COUNT + 1];
    struct table_map table = thing_table;
    struct tree_map wider = tree;
    uint64_t hash = row_hash(f, text);

    memcpy(columns, thing_columns, sizeof(thing_columns));
    columns[COLUMN_COUNT] = added_columns[0];
    table.columns = columns;
    table.column_count = COUNT_OF(columns);
    table.children = children;
    table.child_count = COUNT_OF(children);
    wider.root = &table;
    walk_free(f->walker);
    f->walker = walk_new(&wider, OWN_CELLS);
    f->sets = walk_sets(f->walker);
    assert_true(row_hash(f, text) == hash);
    assert_false(row_hash(f, with_note) == hash);
}

TEST_IN(set_up, tear_down, test_large_entity)
{
    struct fixture *f = *state;
    struct buf b;

    buf_init(&b, 16 << 20);
    assert_true(buf_add_str(&b, "{\"thingId\":\"a\",\"parts\":["));
    for (int i = 0; i < 10000; i++) {
        assert_true(buf_add_printf(&b,
                                   "%s{\"partId\":\"p%d\",\"attributes\":{\"k\":\"%d\"},"
                                   "\"legs\":[{\"size\":%d},{}]}",
                                   i > 0 ? "," : "", i, i, i));
    }
    assert_true(buf_add_str(&b, "]}"));
    walk(f, buf_str(&b));
    buf_free(&b);
    assert_int_equal(f->sets[PART].row_count, 10000);
    assert_int_equal(f->sets[ATTRIBUTE].row_count, 10000);
    assert_int_equal(f->sets[LEG].row_count, 20000);
    check_int(cell(f, LEG, 19998, 0), 9999);
    check_int(cell(f, LEG, 19998, 3), 9999);
    walk(f, "{\"thingId\":\"b\"}");
    assert_int_equal(f->sets[PART].row_count, 0);
    check_text(cell(f, THING, 0, ID), "b");
}

TEST_IN(set_up, tear_down, test_entities)
{
    struct fixture *f = *state;

    assert_int_equal(json_count(walk_entities(f->walker, parse(f, "{\"things\":[1,2]}"))), 2);
    assert_int_equal(json_count(walk_entities(f->walker, parse(f, "{\"results\":[1]}"))), 1);
    assert_int_equal(json_count(walk_entities(f->walker, parse(f, "[1,2,3]"))), 3);
    assert_int_equal(json_type(walk_entities(f->walker, parse(f, "{\"total\":0}"))), JSON_ABSENT);
    assert_int_equal(json_type(walk_entities(f->walker, parse(f, "{\"things\":null}"))),
                     JSON_ABSENT);
    assert_int_equal(json_type(walk_entities(f->walker, parse(f, "{\"things\":5}"))), JSON_INT);
}

TEST_IN(set_up, tear_down, test_tables_of_the_tree)
{
    struct fixture *f = *state;

    assert_int_equal(walk_table_count(f->walker), TABLE_COUNT);
    assert_ptr_equal(walk_table(f->walker, LEG), &leg_table);
    assert_string_equal(walk_path(f->walker, LEG), "parts.legs");
    assert_int_equal(walk_ordinals(f->walker, LEG), 2);
    assert_string_equal(walk_ordinal_name(f->walker, LEG, 0), "part_no");
    assert_string_equal(walk_ordinal_name(f->walker, LEG, 1), "leg_no");
    assert_string_equal(walk_ordinal_name(f->walker, ATTRIBUTE, 0), "part_no");
    assert_int_equal(walk_ordinals(f->walker, FLOW), 0);
    assert_string_equal(walk_ordinal_name(f->walker, OUTCOME, 0), "outcome_no");
    assert_int_equal(walk_parent(f->walker, LEG), PART);
}

/* Rows of several entities lie one after the other, each with its entity's number and key, and each
 * entity has the hashes that it has alone. */
TEST_IN(set_up, tear_down, test_rows_are_gathered)
{
    static const char *const entities[] = {
        "{\"thingId\":\"a\",\"tags\":[\"x\",\"y\"],\"parts\":[{\"partId\":\"p\",\"attributes\":{"
        "\"k\":\"v\"}}]}",
        "{\"thingId\":\"b\"}",
        "{\"thingId\":\"c\",\"tags\":[\"z\"],\"parts\":[{},{\"partId\":\"q\",\"attributes\":{"
        "\"k\":\"v\"}}]}",
    };
    struct fixture *f = *state;
    struct walked alone[COUNT_OF(entities)];

    for (size_t i = 0; i < COUNT_OF(entities); i++) {
        walk(f, entities[i]);
        alone[i] = f->walked;
    }
    struct json_iter it = json_iter(
        parse(f, arena_printf(f->arena, "[%s,%s,%s]", entities[0], entities[1], entities[2])));
    struct json key;
    struct json entity;

    walk_clear(f->walker);
    for (size_t i = 0; json_next(&it, &key, &entity); i++) {
        struct cell number = {.type = CELL_INT, .value.integer = 100 + (int64_t)i};

        assert_true(walk_entity(f->walker, entity, &f->walked, &f->e));
        walk_set_key(f->walker, &number);
        assert_true(f->walked.row_hash == alone[i].row_hash);
        assert_true(f->walked.attribute_hash == alone[i].attribute_hash);
        assert_int_equal(f->walked.has_attributes, i != 1);
        assert_int_equal(f->walked.id.value.text[0], "abc"[i]);
    }
    assert_int_equal(f->sets[THING].row_count, 3);
    assert_int_equal(f->sets[TAG].row_count, 3);
    assert_int_equal(f->sets[PART].row_count, 3);
    for (size_t t = 0; t < TABLE_COUNT; t++) {
        for (size_t r = 0; r < f->sets[t].row_count; r++) {
            check_int(&f->sets[t].cells[r * f->sets[t].cells_per_row],
                      100 + f->sets[t].entities[r]);
        }
    }
    assert_int_equal(f->sets[TAG].entities[1], 0);
    assert_int_equal(f->sets[TAG].entities[2], 2);
    check_text(cell(f, TAG, 2, 1), "z");
    check_int(cell(f, ATTRIBUTE, 1, 0), 1);
    assert_true(walk_cells(f->walker) > 0);
    walk_clear(f->walker);
    assert_int_equal(walk_cells(f->walker), 0);
}
