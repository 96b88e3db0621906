#include "test.h"

#include <errno.h>
#include <math.h>

#include "base/arena.h"
#include "base/buf.h"
#include "io/csv.h"
#include "io/gzip.h"

/* Versions of clang-format lay these out differently. */
/* clang-format off */
#define INT(v)  {.type = CELL_INT, .value.integer = (v)}
#define REAL(v) {.type = CELL_REAL, .value.real = (v)}
#define TEXT(t) {.type = CELL_TEXT, .length = sizeof(t) - 1, .value.text = (t)}
#define EMPTY   {.type = CELL_NULL}
/* clang-format on */

/* Writes one record of one field, and returns it without its end; static. */
static const char *field(struct cell c, bool neutralize)
{
    static char text[128];
    const struct csv_options options = {.neutralize_formulas = neutralize};
    FILE *file = fmemopen(text, sizeof(text), "w");
    struct csv_writer *w = csv_new(file, &options);

    csv_cell(w, c);
    csv_end_record(w);
    assert_true(csv_finish(w));
    long length = ftell(file);
    (void)fclose(file);
    assert_memory_equal(text + length - 2, "\r\n", 2);
    text[length - 2] = '\0';
    return text;
}

/* clang-format off */
static const struct {
    struct cell cell;
    const char *plain;
    const char *neutralized; /* NULL: the same */
} cases[] = {
    {TEXT(""), "\"\"", NULL}, {TEXT("abc"), "abc", NULL}, {TEXT(" a b "), " a b ", NULL},
    {TEXT("a,b"), "\"a,b\"", NULL}, {TEXT("a\"b"), "\"a\"\"b\"", NULL},
    {TEXT("\""), "\"\"\"\"", NULL}, {TEXT("\"\"x\""), "\"\"\"\"\"x\"\"\"", NULL},
    {TEXT("a\nb"), "\"a\nb\"", NULL}, {TEXT("a\rb"), "\"a\rb\"", NULL},
    {TEXT("\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4-+abc"), "\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4-+abc", NULL},
    {TEXT("\xAC\xA2\x8D\x8A\xAC\xA2\x8D\x8A"), "\xAC\xA2\x8D\x8A\xAC\xA2\x8D\x8A", NULL},
    {TEXT("=1+2"), "=1+2", "'=1+2"},
    {TEXT("=HYPERLINK(\"x\",1)"), "\"=HYPERLINK(\"\"x\"\",1)\"", "\"'=HYPERLINK(\"\"x\"\",1)\""},
    {TEXT("+82 10 1234"), "+82 10 1234", "'+82 10 1234"},
    {TEXT("+821012345678"), "+821012345678", NULL}, {TEXT("-12"), "-12", NULL},
    {TEXT("-1.5e-7"), "-1.5e-7", NULL}, {TEXT("+0.5E+10"), "+0.5E+10", NULL},
    {TEXT("-1.5e"), "-1.5e", "'-1.5e"}, {TEXT("-1."), "-1.", "'-1."}, {TEXT("-.5"), "-.5", "'-.5"},
    {TEXT("-"), "-", "'-"}, {TEXT("-1-1"), "-1-1", "'-1-1"},
    {TEXT("@SUM(A1)"), "@SUM(A1)", "'@SUM(A1)"}, {TEXT("\tx"), "\tx", "'\tx"},
    {TEXT("\rx"), "\"\rx\"", "\"'\rx\""}, {TEXT("\n=x"), "\"\n=x\"", "\"'\n=x\""},
    {TEXT("\xEF\xBC\x9Dx"), "\xEF\xBC\x9Dx", "'\xEF\xBC\x9Dx"},
    {TEXT("\xEF\xBC\x8Bx"), "\xEF\xBC\x8Bx", "'\xEF\xBC\x8Bx"},
    {TEXT("\xEF\xBC\x8D" "1"), "\xEF\xBC\x8D" "1", "'\xEF\xBC\x8D" "1"},
    {TEXT("\xEF\xBC\xA0x"), "\xEF\xBC\xA0x", "'\xEF\xBC\xA0x"},
    {TEXT("\xEF\xBC\xA1x"), "\xEF\xBC\xA1x", NULL},
    {TEXT("a\0\"\0"), "\"a\xEF\xBF\xBD\"\"\xEF\xBF\xBD\"", NULL},
    {TEXT("'quoted"), "'quoted", "''quoted"},
    {TEXT("a=b"), "a=b", NULL},
    {EMPTY, "", NULL}, {INT(0), "0", NULL}, {INT(-1), "-1", NULL}, {INT(9), "9", NULL},
    {INT(10), "10", NULL}, {INT(99), "99", NULL}, {INT(-100), "-100", NULL},
    {INT(INT64_MAX), "9223372036854775807", NULL},
    {INT(INT64_MIN), "-9223372036854775808", NULL}, {REAL(0), "0.0", NULL},
    {REAL(-0.0), "-0.0", NULL}, {REAL(1), "1.0", NULL}, {REAL(-5), "-5.0", NULL},
    {REAL(0.5), "0.5", NULL}, {REAL(0.1), "0.1", NULL}, {REAL(4.36), "4.36", NULL},
    {REAL(0.1 + 0.2), "0.30000000000000004", NULL}, {REAL(1e15), "1e+15", NULL},
    {REAL(999999999999999.0), "999999999999999.0", NULL},
    {REAL(123456789012345680.0), "1.2345678901234568e+17", NULL}, {REAL(1e-7), "1e-07", NULL},
    {REAL(INFINITY), "inf", NULL}, {REAL(-12.25), "-12.25", NULL}, {REAL(0.001), "0.001", NULL},
};
/* clang-format on */

TEST(fields)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *neutralized = cases[i].neutralized ? cases[i].neutralized : cases[i].plain;

        assert_string_equal(field(cases[i].cell, false), cases[i].plain);
        assert_string_equal(field(cases[i].cell, true), neutralized);
    }
}

/* Text of many lengths with every byte at every place is quoted when it has to be, and only then.
 */
TEST(quotes_where_needed)
{
    for (size_t length = 1; length <= 24; length++) {
        for (size_t at = 0; at < length * 256; at++) {
            char text[32];
            int c = (int)(at % 256);
            bool special = c == ',' || c == '"' || c == '\r' || c == '\n' || c == '\0';
            struct cell cell = {.type = CELL_TEXT, .length = (uint32_t)length, .value.text = text};

            memset(text, 'x', sizeof(text));
            text[at / 256] = (char)c;
            const char *written = field(cell, false);
            assert_int_equal(written[0] == '"' && written[1] != '\0', special);
            if (c != '\0') {
                assert_int_equal(strlen(written), length + (special ? 2 : 0) + (c == '"'));
            }
        }
    }
}

/* Every real reads back as itself, whichever way it was written. */
TEST(reals_read_back)
{
    static const double scales[] = {1, 10, 1000, 1e6, 1e7, 3, 1e-9};
    uint64_t x = 88172645463325252U;

    for (int i = 0; i < 200000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        double value = (double)(int64_t)(x >> 24 & 0xFFFFFFFFFF) / scales[i % 7] * (i % 2 ? 1 : -1);
        char short_form[64];
        const char *text = field((struct cell)REAL(value), false);

        snprintf(short_form, sizeof(short_form), "%.15g", value);
        assert_true(strtod(text, NULL) == value);
        if (strpbrk(short_form, ".") != NULL && strtod(short_form, NULL) == value) {
            assert_string_equal(text, short_form);
        }
    }
}

/* Fields of many lengths, so that the buffer's end falls everywhere. */
static char *write_much(struct csv_writer *w, size_t *length)
{
    enum { RECORDS = 3000 };
    static char field[200000];
    memset(field, 'q', sizeof(field));
    struct buf expected;
    expected = buf_of(1 << 28);
    for (size_t i = 0; i < RECORDS; i++) {
        size_t size = i % 1000 == 999 ? sizeof(field) : i % 97 + 1;
        csv_text(w, field, size);
        buf_add(&expected, field, size);
        csv_cell(w, (struct cell)INT((int64_t)i));
        csv_cell(w, (struct cell)EMPTY);
        buf_add_printf(&expected, ",%zu,,\"", i);
        field[size / 2] = '"';
        csv_text(w, field, size);
        buf_add(&expected, field, size / 2);
        buf_add_str(&expected, "\"\"");
        buf_add(&expected, field + size / 2 + 1, size - size / 2 - 1);
        buf_add_str(&expected, "\"\r\n");
        field[size / 2] = 'q';
        csv_end_record(w);
    }
    *length = expected.length;
    return expected.data;
}

/* Plain and compressed, by the caller's thread and by one of its own: the same bytes. */
TEST(large)
{
    char *before[4];

    for (int way = 0; way < 4; way++) {
        struct csv_options options = {.gzip = way % 2 == 1, .background = way >= 2};
        char *bytes = NULL;
        size_t file_length = 0;
        FILE *file = open_memstream(&bytes, &file_length);
        size_t length = 0;
        struct csv_writer *w = csv_new(file, &options);
        char *expected = write_much(w, &length);
        assert_true(csv_finish(w));
        assert_int_equal(fclose(file), 0);
        size_t out_length = 0;
        char *out = NULL;
        struct err e;
        if (options.gzip) {
            assert_true(file_length < length);
            out = gzip_text(bytes, file_length, true, &out_length, &e);
            assert_non_null(out);
            /* No name, no time, no operating system in the header. */
            assert_memory_equal(bytes, "\x1f\x8b\x08\0\0\0\0\0\4\xff", 10);
        }
        assert_int_equal(options.gzip ? out_length : file_length, length);
        assert_memory_equal(options.gzip ? out : bytes, expected, length);
        if (way >= 2) { /* however it comes */
            assert_memory_equal(bytes, before[way - 2], file_length);
        }
        free(out);
        free(expected);
        before[way] = bytes;
    }
    for (int way = 0; way < 4; way++) {
        free(before[way]);
    }
}

TEST(full_disk)
{
    for (int way = 0; way < 4; way++) {
        struct csv_options options = {.gzip = way % 2 == 1, .background = way >= 2};
        FILE *full = fopen("/dev/full", "wb");
        if (full == NULL) {
            skip();
        }
        struct csv_writer *w = csv_new(full, &options);
        csv_text(w, "a", 1);
        csv_end_record(w);
        assert_false(csv_failed(w));
        errno = 0;
        assert_false(csv_finish(w));
        assert_int_equal(errno, ENOSPC);
        fclose(full);
    }
    csv_discard(NULL);
}
