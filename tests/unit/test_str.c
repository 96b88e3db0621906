#include "test.h"

#include "base/str.h"
#include "utf8.h"

TEST(equality)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
        bool same_nocase;
    } rows[] = {
        {"", "", true, true},
        {"abc", "abc", true, true},
        {"abc", "aBC", false, true},
        {"abc", "ab", false, false},
        {"ab", "abc", false, false},
        {NULL, NULL, true, true},
        {NULL, "", false, false},
        {"", NULL, false, false},
        {"@", "`", false, false},
        {"[", "{", false, false},
        {"\xC3\x89", "\xC3\xA9", false, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(str_eq(rows[i].a, rows[i].b), rows[i].same);
        assert_int_equal(str_eq_nocase(rows[i].a, rows[i].b), rows[i].same_nocase);
    }
}

TEST(starts_and_ends)
{
    static const struct {
        const char *text;
        const char *part;
        bool starts;
        bool ends;
    } rows[] = {
        {"abcab", "ab", true, true}, {"abc", "abc", true, true},    {"abc", "abcd", false, false},
        {"abc", "", true, true},     {"", "", true, true},          {"", "a", false, false},
        {"abc", "bc", false, true},  {"bcd", "abcd", false, false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(str_starts_with(rows[i].text, rows[i].part), rows[i].starts);
        assert_int_equal(str_ends_with(rows[i].text, rows[i].part), rows[i].ends);
    }
}

TEST(has_without_regard_to_case)
{
    static const struct {
        const char *text;
        const char *signs;
        bool has;
    } rows[] = {
        {"application/JSON; x", "json", true}, {"jSoN", "json", true},    {"", "json", false},
        {"a JSON", "xml|json", true},          {"xm", "xml|json", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(str_has_any(rows[i].text, rows[i].signs), rows[i].has);
    }
}

TEST(whole_numbers)
{
    static const struct {
        const char *text;
        int64_t min;
        int64_t max;
        bool right;
        int64_t value;
    } rows[] = {
        {"0", 0, 10, true, 0},
        {"10", 0, 10, true, 10},
        {"11", 0, 10, false, 0},
        {"-1", -1, 10, true, -1},
        {"-2", -1, 10, false, 0},
        {"007", 0, 10, true, 7},
        {"9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX},
        {"9223372036854775808", INT64_MIN, INT64_MAX, false, 0},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, false, 0},
        {"", 0, 10, false, 0},
        {"-", -10, 10, false, 0},
        {"+1", 0, 10, false, 0},
        {" 1", 0, 10, false, 0},
        {"1 ", 0, 10, false, 0},
        {"0x1", 0, 10, false, 0},
        {"--1", -10, 10, false, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t value = 4711;

        assert_int_equal(str_to_int64(rows[i].text, rows[i].min, rows[i].max, &value),
                         rows[i].right);
        assert_int_equal(value, rows[i].right ? rows[i].value : 4711);
    }
}

TEST(suggestions)
{
    static const char *const candidates[] = {
        "conversation", "conversation_division", "user", "queue_halfhour", "abandoned", "Kim Ari",
        "Kim Bo_"};
    static const struct {
        const char *word;
        const char *text;
    } rows[] = {
        {"conversation_details", ", did you mean conversation"},
        {"conv", ", did you mean conversation"},
        {"HalfHour", ", did you mean queue_halfhour"},
        {"usres", ", did you mean user"},
        {"kim", ", did you mean Kim Ari or Kim Bo_"},
        {"us", ""},
        {"", ""},
        {"bananas", ""},
    };
    ARENA_SCOPED struct arena *a = arena_new(0);

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(str_suggest(a, rows[i].word, candidates, COUNT(candidates)),
                            rows[i].text);
    }
}

TEST(nearest_has_borders)
{
    static const struct {
        const char *word;
        const char *candidate;
        bool near;
    } rows[] = {
        {"ab", "ax", true},                /* 1 of 2 */
        {"ab", "xy", false},               /* 2 of 2 */
        {"abc", "xyc", true},              /* 2 of 3 */
        {"abc", "xyz", false},             /* 3 of 3 */
        {"abcdefgh", "abcdexyz", false},   /* 3 of 8 */
        {"abcdefghi", "abcdefxyz", true},  /* 3 of 9 */
        {"abcdefghi", "abcdewxyz", false}, /* 4 of 9 */
        {"ab", "ba", true},                /* one transposition */
        {"tiemzoen", "timezone", true},    /* two of them */
        {"extrat", "extract", true},       /* shorter, longer, in another case */
        {"extracct", "extract", true},
        {"EXTRACT", "extract", true},
        {"", "abc", false},
        {"ca", "abc", false}, /* a letter between transposed ones counts */
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *near = str_nearest(rows[i].word, &rows[i].candidate, 1);

        assert_int_equal(near != NULL, rows[i].near);
    }
    static const char *const equals[] = {"abd", "abe"};
    assert_string_equal(str_nearest("abc", equals, 2), "abd");
    char endless[1000];
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    const char *const long_candidates[] = {endless, "word"};
    assert_null(str_nearest(endless, long_candidates, 2));
    assert_string_equal(str_nearest("word", long_candidates, 2), "word");
    assert_null(str_nearest("word", NULL, 0));
}

TEST(escaping)
{
    static const struct {
        const char *text;
        const char *escaped;
    } rows[] = {
        {"", ""},
        {"plain text, C:\\x \"q\"", "plain text, C:\\x \"q\""},
        {"a\nb\rc\td", "a\\nb\\rc\\td"},
        {"\x1B[31mred", "\\x1B[31mred"},
        {"\x01\x7F", "\\x01\\x7F"},
        {"\xC2\x9B"
         "31m",
         "\\u{9B}31m"},
        {"\u202Eevil\u2066", "\\u{202E}evil\\u{2066}"},
        {"\u061C\u200E\u200F", "\\u{61C}\\u{200E}\\u{200F}"},
        {"\u2028\u2029\uFEFF", "\\u{2028}\\u{2029}\\u{FEFF}"},
        {"\uD64D\uAE38\uB3D9 \U0001F600", "\uD64D\uAE38\uB3D9 \U0001F600"},
        {"\xFF\xC3(\xE2\x82", "\\xFF\\xC3(\\xE2\\x82"},
        {"\xED\xA0\x80", "\\xED\\xA0\\x80"},
        {"\xC0\x80", "\\xC0\\x80"},
    };
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct buf b;

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(str_escaped(a, rows[i].text), rows[i].escaped);
    }
    b = buf_of(100);
    assert_true(str_escape(&b, "a\0b", 3));
    assert_string_equal(buf_str(&b), "a\\x00b");
    buf_free(&b);
    b = buf_of(5);
    assert_false(str_escape(&b, "ab\uAC00\uAC01", 8));
    assert_string_equal(buf_str(&b), "ab\uAC00");
    buf_free(&b);
}

/* Whatever goes in, what comes out is valid UTF-8 without anything unsafe in it. */
TEST(escaped_bytes_are_safe)
{
    uint32_t seed = 12345;
    char text[64];
    struct buf b;
    struct buf again;

    b = buf_of(1000);
    again = buf_of(1000);
    for (int round = 0; round < 20000; round++) {
        size_t length = (size_t)round % sizeof(text);

        for (size_t i = 0; i < length; i++) {
            seed = seed * 1664525U + 1013904223U;
            text[i] = (char)(unsigned char)((seed >> 24) | ((seed >> 9) & 0x80U));
        }
        buf_cut(&b, 0);
        buf_cut(&again, 0);
        assert_true(str_escape(&b, text, length));
        assert_true(is_utf8(buf_str(&b), b.length));
        assert_true(str_escape(&again, buf_str(&b), b.length));
        assert_string_equal(buf_str(&again), buf_str(&b));
    }
    buf_free(&b);
    buf_free(&again);
}

TEST(url_encoding)
{
    static const struct {
        const char *text;
        const char *encoded;
    } rows[] = {
        {"", ""},
        {"AZaz09-._~", "AZaz09-._~"},
        {"a b+c&d=e/f?g%h", "a%20b%2Bc%26d%3De%2Ff%3Fg%25h"},
        {"\uAC00\n", "%EA%B0%80%0A"},
        {"2026-01-01T00:00:00Z", "2026-01-01T00%3A00%3A00Z"},
    };
    struct buf b;

    for (size_t i = 0; i < COUNT(rows); i++) {
        b = buf_of(1000);
        str_url_encode(&b, rows[i].text);
        assert_string_equal(buf_str(&b), rows[i].encoded);
        buf_free(&b);
    }
}

TEST(listed)
{
    static const char *const list[] = {"users", "queues"};

    assert_true(str_is_listed("queues", list, 2));
    assert_false(str_is_listed("queues", list, 1));
    assert_false(str_is_listed("Users", list, 2));
    assert_false(str_is_listed("", list, 2));
    assert_true(str_has_word("FULFILLED DONE", "DONE"));
    assert_true(str_has_word("FULFILLED  DONE", "FULFILLED"));
    assert_false(str_has_word("FULFILLED DONE", "FILLED"));
    assert_false(str_has_word("DONE", ""));
    assert_false(str_has_word(NULL, "DONE"));
}

TEST(base64)
{
    static const struct {
        const char *text;
        const char *decoded; /* NULL: refused */
    } rows[] = {
        {"", ""},        {"YQ", "a"},         {"YWI", "ab"},
        {"YWJj", "abc"}, {"_-8", "\xFF\xEF"}, {"/+8", "\xFF\xEF"},
        {"Y", NULL},     {"YWJjZ", NULL},     {"YQ==", NULL},
        {"Y Q", NULL},
    };
    char out[8];
    size_t length;

    for (size_t i = 0; i < COUNT(rows); i++) {
        bool good = str_base64_decode(rows[i].text, strlen(rows[i].text), out, &length);

        assert_int_equal(good, rows[i].decoded != NULL);
        if (good) {
            assert_int_equal(length, strlen(rows[i].decoded));
            assert_memory_equal(out, rows[i].decoded, length);
        }
    }
}

TEST(uuids_are_known)
{
    static const struct {
        const char *text;
        bool uuid;
    } rows[] = {
        {"01234567-89ab-cdef-ABCD-EF0123456789", true},
        {"01234567-89ab-cdef-ABCD-EF012345678", false},
        {"01234567-89ab-cdef-ABCD-EF01234567890", false},
        {"0123456g-89ab-cdef-ABCD-EF0123456789", false},
        {"01234567089ab-cdef-ABCD-EF0123456789", false},
        {"01234567-89ab-cdef-ABCD--F0123456789", false},
        {"", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(str_is_uuid(rows[i].text), rows[i].uuid);
    }
}
