#include "test.h"

#include <errno.h>
#include <math.h>

#include "base/arena.h"
#include "base/buf.h"
#include "io/csv.h"
#include "io/gzip.h"

#define INT(v)         (&(struct cell){.type = CELL_INT, .value.integer = (v)})
#define REAL(v)        (&(struct cell){.type = CELL_REAL, .value.real = (v)})
#define EMPTY          (&(struct cell){.type = CELL_NULL})
#define BYTES(literal) literal, sizeof(literal) - 1

/* All bytes written to `file`, NUL-terminated. */
static char *read_back(FILE *file, size_t *length)
{
    long end = ftell(file);
    rewind(file);
    char *bytes = xmalloc((size_t)end + 1);
    *length = fread(bytes, 1, (size_t)end, file);
    bytes[*length] = '\0';
    return bytes;
}

static struct csv_writer *start(FILE **file, bool neutralize)
{
    struct csv_options options = {.neutralize_formulas = neutralize};
    *file = tmpfile();
    assert_non_null(*file);
    return csv_new(*file, &options);
}

/* Finishes and compares all that was written. */
static void assert_written(struct csv_writer *w, FILE *file, const char *expected, size_t size)
{
    assert_true(csv_finish(w));
    size_t length = 0;
    char *text = read_back(file, &length);
    assert_int_equal(length, size);
    assert_memory_equal(text, expected, size);
    free(text);
    fclose(file);
}

/* --- text ------------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    size_t length;
    const char *plain;
    const char *neutralized; /* NULL: the same */
} texts[] = {
    {BYTES(""), "\"\"", NULL},
    {BYTES("abc"), "abc", NULL},
    {BYTES(" a b "), " a b ", NULL},
    {BYTES("a,b"), "\"a,b\"", NULL},
    {BYTES("a\"b"), "\"a\"\"b\"", NULL},
    {BYTES("\""), "\"\"\"\"", NULL},
    {BYTES("\"\"x\""), "\"\"\"\"\"x\"\"\"", NULL},
    {BYTES("a\nb"), "\"a\nb\"", NULL},
    {BYTES("a\rb"), "\"a\rb\"", NULL},
    {BYTES("0123456789abcde,"), "\"0123456789abcde,\"", NULL},
    {BYTES("0123456,"), "\"0123456,\"", NULL},
    {BYTES("01234567,"), "\"01234567,\"", NULL},
    {BYTES("\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4-+abc"),
     "\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4-+abc", NULL},
    {BYTES("\xAC\xA2\x8D\x8A\xAC\xA2\x8D\x8A"), "\xAC\xA2\x8D\x8A\xAC\xA2\x8D\x8A", NULL},
    {BYTES("=1+2"), "=1+2", "'=1+2"},
    {BYTES("=HYPERLINK(\"x\",1)"), "\"=HYPERLINK(\"\"x\"\",1)\"", "\"'=HYPERLINK(\"\"x\"\",1)\""},
    {BYTES("+82 10 1234"), "+82 10 1234", "'+82 10 1234"},
    {BYTES("+821012345678"), "+821012345678", NULL},
    {BYTES("-12"), "-12", NULL},
    {BYTES("-1.5e-7"), "-1.5e-7", NULL},
    {BYTES("+0.5E+10"), "+0.5E+10", NULL},
    {BYTES("-1.5e"), "-1.5e", "'-1.5e"},
    {BYTES("-1."), "-1.", "'-1."},
    {BYTES("-.5"), "-.5", "'-.5"},
    {BYTES("-"), "-", "'-"},
    {BYTES("-1-1"), "-1-1", "'-1-1"},
    {BYTES("@SUM(A1)"), "@SUM(A1)", "'@SUM(A1)"},
    {BYTES("\tx"), "\tx", "'\tx"},
    {BYTES("\rx"), "\"\rx\"", "\"'\rx\""},
    {BYTES("'quoted"), "'quoted", "''quoted"},
    {BYTES("a=b"), "a=b", NULL},
};

TEST(text)
{
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (int neutralize = 0; neutralize < 2; neutralize++) {
            FILE *file = NULL;
            struct csv_writer *w = start(&file, neutralize != 0);
            csv_text(w, texts[i].text, texts[i].length);
            const char *expected = texts[i].plain;
            if (neutralize != 0 && texts[i].neutralized != NULL) {
                expected = texts[i].neutralized;
            }
            assert_written(w, file, expected, strlen(expected));
        }
    }
}

TEST(special_at_every_place)
{
    static const char specials[] = ",\"\r\n";
    for (size_t length = 1; length <= 40; length++) {
        for (size_t at = 0; at < length * 4; at++) {
            char text[64];
            FILE *file = NULL;
            struct csv_writer *w = start(&file, false);
            memset(text, 'x', length);
            text[at / 4] = specials[at % 4];
            csv_text(w, text, length);
            assert_true(csv_finish(w));
            assert_int_equal(ftell(file), length + 2 + (specials[at % 4] == '"'));
            fclose(file);
        }
    }
}

TEST(no_other_byte_is_quoted)
{
    for (int c = 0; c < 256; c++) {
        char text[9];
        FILE *file = NULL;
        struct csv_writer *w = start(&file, false);
        memset(text, c, sizeof(text));
        csv_text(w, text, sizeof(text));
        bool quoted = c == ',' || c == '"' || c == '\r' || c == '\n';
        assert_true(csv_finish(w));
        assert_int_equal(ftell(file) > (long)sizeof(text), quoted);
        fclose(file);
    }
}

/* --- numbers --------------------------------------------------------------------------------- */

TEST(integers)
{
    static const int64_t values[] = {
        0, 1, -1, 9, 10, 99, 100, -100, 12345, 1000000, INT64_MAX, INT64_MIN, INT64_MIN + 1,
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        char expected[32];
        FILE *file = NULL;
        struct csv_writer *w = start(&file, false);
        csv_cell(w, INT(values[i]));
        snprintf(expected, sizeof(expected), "%lld", (long long)values[i]);
        assert_written(w, file, expected, strlen(expected));
    }
}

TEST(reals)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {-5, "-5.0"},
        {0.5, "0.5"},
        {0.1, "0.1"},
        {4.36, "4.36"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e15, "1e+15"},
        {1e300, "1e+300"},
        {999999999999999.0, "999999999999999.0"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {1e-7, "1e-07"},
        {INFINITY, "inf"},
        {-12.25, "-12.25"},
        {0.001, "0.001"},
        {100.000001, "100.000001"},
        {999999999.5, "999999999.5"},
        {0.0001, "0.0001"},
        {0.0012345678, "0.0012345678"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        FILE *file = NULL;
        struct csv_writer *w = start(&file, true);
        csv_cell(w, REAL(cases[i].value));
        assert_written(w, file, cases[i].text, strlen(cases[i].text));
        assert_true(strtod(cases[i].text, NULL) == cases[i].value);
    }
}

/* Every real reads back as itself, whichever way it was written. */
TEST(reals_read_back)
{
    uint64_t x = 88172645463325252U;
    for (int i = 0; i < 200000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        static const double scales[] = {1, 10, 1000, 1e6, 1e7, 3, 1e-9};
        double value = (double)(int64_t)(x >> 24 & 0xFFFFFFFFFF) / scales[i % 7] * (i % 2 ? 1 : -1);
        char text[64];
        struct csv_options options = {.gzip = false};
        FILE *file = fmemopen(text, sizeof(text), "w");
        struct csv_writer *w = csv_new(file, &options);
        csv_cell(w, REAL(value));
        assert_true(csv_finish(w));
        fclose(file);
        char short_form[64];
        snprintf(short_form, sizeof(short_form), "%.15g", value);
        assert_true(strtod(text, NULL) == value);
        if (strpbrk(short_form, ".") != NULL && strtod(short_form, NULL) == value) {
            assert_string_equal(text, short_form);
        }
    }
}

/* --- records --------------------------------------------------------------------------------- */

TEST(records)
{
    FILE *file = NULL;
    struct csv_writer *w = start(&file, false);
    csv_text(w, BYTES("a"));
    csv_text(w, BYTES("b"));
    csv_text(w, BYTES("c"));
    csv_end_record(w);
    csv_cell(w, EMPTY);
    csv_text(w, BYTES(""));
    csv_cell(w, INT(3));
    csv_end_record(w);
    csv_cell(w, REAL(1.5));
    csv_cell(w, EMPTY);
    csv_cell(w, EMPTY);
    csv_end_record(w);
    assert_int_equal(csv_records(w), 3);
    assert_false(csv_failed(w));
    assert_written(w, file, BYTES("a,b,c\r\n,\"\",3\r\n1.5,,\r\n"));
}

TEST(bom)
{
    struct csv_options options = {.bom = true};
    FILE *file = tmpfile();
    struct csv_writer *w = csv_new(file, &options);
    csv_text(w, BYTES("a"));
    csv_end_record(w);
    assert_written(w, file,
                   BYTES("\xEF\xBB\xBF"
                         "a\r\n"));
}

/* Fields of many lengths, so that the buffer's end falls everywhere. */
static char *write_much(struct csv_writer *w, size_t *length)
{
    enum { RECORDS = 3000 };
    static char field[200000];
    memset(field, 'q', sizeof(field));
    struct buf expected;
    buf_init(&expected, 1 << 28);
    for (size_t i = 0; i < RECORDS; i++) {
        size_t size = i % 1000 == 999 ? sizeof(field) : i % 97 + 1;
        csv_text(w, field, size);
        buf_add(&expected, field, size);
        csv_cell(w, INT((int64_t)i));
        buf_add_printf(&expected, ",%zu,\"", i);
        field[size / 2] = '"';
        csv_text(w, field, size);
        buf_add(&expected, field, size / 2);
        buf_add_str(&expected, "\"\"");
        buf_add(&expected, field + size / 2 + 1, size - size / 2 - 1);
        buf_add_str(&expected, "\"\r\n");
        field[size / 2] = 'q';
        csv_end_record(w);
    }
    return buf_take(&expected, length);
}

/* Plain and compressed, by the caller's thread and by one of its own: the same bytes. */
TEST(large)
{
    for (int way = 0; way < 4; way++) {
        struct csv_options options = {.gzip = way % 2 == 1, .background = way >= 2};
        FILE *file = tmpfile();
        size_t length = 0;
        struct csv_writer *w = csv_new(file, &options);
        char *expected = write_much(w, &length);
        assert_true(csv_finish(w));
        size_t file_length = 0;
        size_t out_length = 0;
        char *bytes = read_back(file, &file_length);
        char *out = NULL;
        struct err e;
        if (options.gzip) {
            assert_true(file_length < length);
            assert_true(gzip_inflate(bytes, file_length, 0, &out, &out_length, &e));
        }
        assert_int_equal(options.gzip ? out_length : file_length, length);
        assert_memory_equal(options.gzip ? out : bytes, expected, length);
        free(out);
        free(bytes);
        free(expected);
        fclose(file);
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
        csv_text(w, BYTES("a"));
        csv_end_record(w);
        assert_false(csv_failed(w));
        errno = 0;
        assert_false(csv_finish(w));
        assert_int_equal(errno, ENOSPC);
        fclose(full);
    }
    csv_discard(NULL);
}

TEST(failure_is_seen_early)
{
    for (int way = 0; way < 2; way++) {
        struct csv_options options = {.background = way == 1};
        FILE *full = fopen("/dev/full", "wb");
        if (full == NULL) {
            skip();
        }
        struct csv_writer *w = csv_new(full, &options);
        for (int i = 0; i < 10000000 && !csv_failed(w); i++) {
            csv_cell(w, INT(i));
        }
        assert_true(csv_failed(w));
        csv_discard(w);
        fclose(full);
    }
}
