#include "test.h"

#include "base/causes.h"
#include "io/json.h"
#include "limit.h"

static struct json_doc *parse_n(const char *text, size_t length, struct err *e)
{
    char *bytes = xmalloc(length + JSON_PADDING_BYTES);
    memcpy(bytes, text, length);
    err_clear(e);
    return json_parse(bytes, length, e);
}

static struct json_doc *parse(const char *text)
{
    struct err e;
    struct json_doc *doc = parse_n(text, strlen(text), &e);
    assert_non_null(doc);
    return doc;
}

/* --- refusals -------------------------------------------------------------------------------- */

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *name;
    const char *text;
    size_t length;
} refused[] = {
    {"empty", BYTES("")},
    {"blank", BYTES("  \n")},
    {"BOM", BYTES("\xEF\xBB\xBF{}")},
    {"NUL byte behind", BYTES("{}\0")},
    {"NUL byte between", BYTES("[1,\0 2]")},
    {"NUL byte in a string", BYTES("[\"a\0b\"]")},
    {"control byte in a string", BYTES("[\"a\nb\"]")},
    {"trailing bytes", BYTES("{} x")},
    {"two documents", BYTES("{}{}")},
    {"trailing comma", BYTES("[1,]")},
    {"comment", BYTES("/* a */ {}")},
    {"NaN", BYTES("[NaN]")},
    {"Infinity", BYTES("[Infinity]")},
    {"leading zero", BYTES("[01]")},
    {"single quotes", BYTES("{'a':1}")},
    {"a sign-in page", BYTES("<!doctype html><html></html>")},
};

TEST(hostile_documents_are_refused)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct err e;
        struct json_doc *doc = parse_n(refused[i].text, refused[i].length, &e);
        fail_if(doc != NULL, "accepted: %s", refused[i].name);
        assert_int_equal(e.kind, ERR_CONTRACT);
        assert_true(e.message[0] != '\0');
    }
}

#define FFFD "\xEF\xBF\xBD"

TEST(what_is_no_character_is_mended)
{
    static const struct {
        const char *text;
        const char *mended;
        size_t count;
    } cases[] = {
        {"[\"a\xC3\x28\"]", "a" FFFD "(", 1},
        {"[\"\xC0\xAF\"]", FFFD FFFD, 2},
        {"[\"\xED\xA0\x80\"]", FFFD FFFD FFFD, 3},
        {"[\"\xF4\x90\x80\x80\"]", FFFD FFFD FFFD FFFD, 4},
        {"[\"cut \\ud83D\"]", "cut " FFFD, 1},
        {"[\"\\udc00 first\"]", FFFD " first", 1},
        {"[\"\\ud800\\u0041\"]", FFFD "A", 1},
        {"[\"\\ud83d\\ud83d\\ude00\"]", FFFD "\xF0\x9F\x98\x80", 1},
        {"[\"\xFF\\ud83d\xFF\"]", FFFD FFFD FFFD, 3},
        {"[\"\\\\ud83d\"]", "\\ud83d", 0},
        {"[\"\\\\\\ud83d\"]", "\\" FFFD, 1},
        {"[\"\xED\x95\x9C \\ud83d\\ude00\"]", "\xED\x95\x9C \xF0\x9F\x98\x80", 0},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_doc *doc = parse(cases[i].text);
        struct json_iter it = json_iter(json_root(doc));
        assert_true(json_next(&it));
        assert_string_equal(json_str(it.item), cases[i].mended);
        assert_int_equal(doc->mended, cases[i].count);
        json_free(doc);
    }
    struct err e;
    assert_null(parse_n(BYTES("[\"\xFF\",]"), &e));
    assert_null(parse_n(BYTES("[\"\\ud83d"), &e));
}

TEST(the_number_of_values_is_limited)
{
    static const struct {
        const char *item;
        int good; /* so many of them fit with their text, at 16 bytes a value; not twice as many */
    } cases[] = {{"1", 55}, {"{\"a\":1}", 17}, {"[1]", 27}, {"{\"a\":[\",:[\"]}", 12}};

    limit("PARSED_BYTES", "1024");
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int more = 0; more < 2; more++) {
            struct buf b;
            struct err e;
            b = buf_of(4096);
            for (int n = 0; n < cases[i].good * (more + 1); n++) {
                buf_add_printf(&b, "%c%s", n > 0 ? ',' : '[', cases[i].item);
            }
            buf_add_char(&b, ']');
            struct json_doc *doc = parse_n(b.data, b.length, &e);
            assert_int_equal(doc == NULL, more);
            assert_int_equal(e.cause, more ? CAUSE_NET_TOO_LARGE : CAUSE_NONE);
            json_free(doc);
            buf_free(&b);
        }
    }
    limit("PARSED_BYTES", NULL);
}

TEST(every_prefix_is_refused)
{
    static const char whole[] = "{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\ud83d\\ude00\"],\"b\":{}}";
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        struct err e;
        assert_null(parse_n(whole, length, &e));
        assert_int_equal(e.kind, length > 0 ? ERR_TEMPORARY : ERR_CONTRACT);
    }
    json_free(parse(whole));
}

static struct json_doc *parse_nested(size_t depth, bool objects, struct err *e)
{
    struct buf b;
    b = buf_of(1 << 22);
    for (size_t i = 0; i < depth; i++) {
        buf_add_str(&b, objects ? "{\"a\":" : "[1,");
    }
    buf_add_str(&b, "0");
    for (size_t i = 0; i < depth; i++) {
        buf_add_str(&b, objects ? "}" : ",[]]");
    }
    struct json_doc *doc = parse_n(b.data, b.length, e);
    buf_free(&b);
    return doc;
}

TEST(depth)
{
    size_t limit = (size_t)limit_get(LIMIT_JSON_DEPTH);
    struct err e;
    struct json_doc *doc = parse_nested(limit, true, &e);
    assert_non_null(doc);
    json_free(doc);
    assert_null(parse_nested(limit + 1, true, &e));
    assert_int_equal(e.kind, ERR_CONTRACT);
    assert_non_null(strstr(e.message, "nested"));
    doc = parse_nested(limit - 1, false, &e);
    assert_non_null(doc);
    json_free(doc);
    assert_null(parse_nested(limit + 1, false, &e));
    assert_null(parse_nested(200000, false, &e));
}

/* --- values ---------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    const char *written;
    int64_t integer;
    double real;
    enum json_type type;
    bool is_int;
    bool is_real;
} values[] = {
    {"null", "null", 0, 0, JSON_NULL, false, false},
    {"true", "true", 0, 0, JSON_BOOL, false, false},
    {"0", "0", 0, 0, JSON_INT, true, true},
    {"-7", "-7", -7, -7, JSON_INT, true, true},
    {"9223372036854775807", "9223372036854775807", INT64_MAX, 0x1p63, JSON_INT, true, true},
    {"-9223372036854775808", "-9223372036854775808", INT64_MIN, -0x1p63, JSON_INT, true, true},
    {"9223372036854775808", "9223372036854775808", 0, 0x1p63, JSON_REAL, false, true},
    {"18446744073709551615", "18446744073709551615", 0, 0x1p64, JSON_REAL, false, true},
    {"123456789012345678901234567890", "123456789012345678901234567890", 0,
     123456789012345678901234567890.0, JSON_REAL, false, true},
    {"-9223372036854775809", "-9223372036854775809", 0, -0x1p63, JSON_REAL, false, true},
    {"1e999", "1e999", 0, 0, JSON_REAL, false, false},
    {"1.5", "1.5", 0, 1.5, JSON_REAL, false, true},
    {"3.0", "3.0", 3, 3, JSON_REAL, true, true},
    {"1e3", "1000.0", 1000, 1000, JSON_REAL, true, true},
    {"1e25", "1e25", 0, 1e25, JSON_REAL, false, true},
    {"\"12\"", "\"12\"", 0, 0, JSON_STRING, false, false},
    {"[ 1 , 2 ]", "[1,2]", 0, 0, JSON_ARRAY, false, false},
    {"{ \"a\" : [ ] }", "{\"a\":[]}", 0, 0, JSON_OBJECT, false, false},
};

TEST(values_are_read)
{
    for (size_t i = 0; i < COUNT(values); i++) {
        struct json_doc *doc = parse(values[i].text);
        struct arena *a = arena_new(0);
        struct json v = json_root(doc);
        int64_t integer = 0;
        double real = 0;
        size_t length = 0;
        assert_int_equal(json_type(v), values[i].type);
        assert_int_equal(json_int(v, &integer), values[i].is_int);
        assert_true(integer == values[i].integer);
        assert_int_equal(json_real(v, &real), values[i].is_real);
        assert_true(real == values[i].real);
        assert_string_equal(json_write(a, v, &length), values[i].written);
        assert_int_equal(length, strlen(values[i].written));
        arena_free(a);
        json_free(doc);
    }
}

TEST(access)
{
    struct json_doc *doc =
        parse("{\"division\":{\"id\":\"d1\"},\"a.b\":1,\"twice\":1,\"twice\":2,\"yes\":true,"
              "\"gone\":null,\"list\":[10,[20,21],30],\"nul\":\"a\\u0000b\",\"big\":1e400}");
    struct json root = json_root(doc);
    assert_string_equal(json_str(json_first(root, "division.id")), "d1");
    assert_int_equal(json_type(json_first(root, "division.none")), JSON_ABSENT);
    assert_int_equal(json_type(json_first(root, "none.id")), JSON_ABSENT);
    assert_int_equal(json_type(json_first(root, "yes.id")), JSON_ABSENT);
    assert_int_equal(json_type(json_first(root, "division")), JSON_OBJECT);
    assert_int_equal(json_type(json_get(root, "gone")), JSON_NULL);
    assert_int_equal(json_type(json_get(json_get(root, "list"), "x")), JSON_ABSENT);
    assert_int_equal(json_type(json_first(root, "list|ing")), JSON_ARRAY);
    int64_t n = 0;
    assert_true(json_int(json_get(root, "twice"), &n));
    assert_int_equal(n, 1);
    bool yes = false;
    assert_true(json_bool(json_get(root, "yes"), &yes) && yes);
    assert_false(json_bool(json_get(root, "gone"), &yes));
    size_t length = 0;
    assert_memory_equal(json_text(json_get(root, "nul"), &length), "a\0b", 4);
    assert_int_equal(length, 3);
    assert_string_equal(json_text(json_get(root, "big"), &length), "1e400");
    assert_null(json_text(json_get(root, "yes"), &length));
    assert_null(json_str(json_get(root, "big")));
    assert_int_equal(json_count(root), 9);
    assert_int_equal(json_count(json_get(root, "yes")), 0);
    assert_true(json_held_bytes(doc) > 100);
    json_free(doc);
    json_free(NULL);
}

/* --- writing --------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    size_t length;
    const char *quoted;
} quotes[] = {
    {BYTES(""), "\"\""},
    {BYTES("abc"), "\"abc\""},
    {BYTES("a\"b\\c/"), "\"a\\\"b\\\\c/\""},
    {BYTES("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
    {BYTES("\x01\x1f\0"), "\"\\u0001\\u001f\\u0000\""},
    {BYTES("\xED\x95\x9C\xF0\x9F\x98\x80"), "\"\xED\x95\x9C\xF0\x9F\x98\x80\""},
    {BYTES("\x7F\xC2\x9B\xE2\x80\xAE\xEF\xBB\xBF"), "\"\\u007f\\u009b\\u202e\\ufeff\""},
    {BYTES("a\xFF\xED\x95"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
};

TEST(quote)
{
    for (size_t i = 0; i < COUNT(quotes); i++) {
        struct buf b;
        b = buf_of(1000);
        json_quote(&b, quotes[i].text, quotes[i].length);
        assert_string_equal(buf_str(&b), quotes[i].quoted);
        json_free(parse(buf_str(&b)));
        buf_free(&b);
    }
}
