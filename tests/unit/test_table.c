#include "test.h"

#include "out/json_out.h"
#include "out/render.h"
#include "out/table.h"
#include "scratch.h"

/* Takes what was written into a temporary file. */
static const char *written(struct scratch *s, FILE *file)
{
    long length = ftell(file);
    char *text = arena_alloc(s->arena, (size_t)length + 1);

    rewind(file);
    assert_int_equal(fread(text, 1, (size_t)length, file), length);
    (void)fclose(file);
    return text;
}

static void add(struct table *t, const char *first, int64_t number, const char *last)
{
    table_str(t, first);
    table_int(t, number);
    table_str(t, last);
}

static struct table *sample(struct scratch *s)
{
    struct table *t = table_new(s->arena, 3);

    table_str(t, "queue");
    table_str(t, "n");
    table_str(t, "note");
    add(t, "Sales", 7, "short");
    add(t, "Service", 1234567, "quite a long text that does not fit");
    return t;
}

TEST(columns_are_aligned)
{
    struct scratch *s = *state;
    struct table *t = sample(s);
    FILE *out = tmpfile();

    table_print(t, 0, out);
    assert_string_equal(written(s, out), "queue          n  note\n"
                                         "Sales          7  short\n"
                                         "Service  1234567  quite a long text that does not fit\n");
    assert_int_equal(table_rows(t), 2);
    table_free(t);
}

TEST(long_texts_give_way_to_the_width)
{
    struct scratch *s = *state;
    struct table *t = sample(s);
    FILE *out = tmpfile();

    table_print(t, 30, out);
    assert_string_equal(written(s, out), "queue          n  note\n"
                                         "Sales          7  short\n"
                                         "Service  1234567  quite a lo..\n");
    out = tmpfile();
    table_print(t, 5, out); /* never below the narrowest, and numbers stay whole */
    assert_string_equal(written(s, out), "queue          n  note\n"
                                         "Sales          7  short\n"
                                         "Service  1234567  quite a ..\n");
    table_free(t);
}

TEST(wide_characters_take_two_columns)
{
    struct scratch *s = *state;
    struct table *t = table_new(s->arena, 2);
    FILE *out = tmpfile();

    table_str(t, "agent");
    table_str(t, "x");
    table_str(t, "\xea\xb9\x80\xed\x98\x84\xec\x9a\xb0"); /* three Hangul syllables */
    table_str(t, "1");
    table_str(t, "e\xcc\x81te"); /* with a combining accent */
    table_str(t, "2");
    table_print(t, 0, out);
    assert_string_equal(written(s, out), "agent   x\n"
                                         "\xea\xb9\x80\xed\x98\x84\xec\x9a\xb0  1\n"
                                         "e\xcc\x81te     2\n");
    table_free(t);
}

TEST(hostile_text_is_escaped)
{
    struct scratch *s = *state;
    struct table *t = table_new(s->arena, 1);
    FILE *out = tmpfile();

    table_str(t, "h");
    table_text(t, "a\x1b[31m\nb\xff\0c", 11);
    table_print(t, 0, out);
    const char *text = written(s, out);
    assert_null(strchr(text, 0x1b));
    assert_null(strchr(text, '\xff'));
    assert_ptr_equal(strchr(strchr(text, '\n') + 1, '\n'), text + strlen(text) - 1);
    assert_string_equal(text + strlen(text) - 2, "c\n"); /* nothing is cut at the NUL */
    table_free(t);
}

TEST(a_column_of_numbers_and_texts_is_text)
{
    struct scratch *s = *state;
    struct table *t = table_new(s->arena, 2);
    FILE *out = tmpfile();

    table_str(t, "value");
    table_str(t, "real");
    table_int(t, 1);
    table_real(t, 0.5);
    table_str(t, "ten");
    table_str(t, NULL);
    table_print(t, 0, out);
    assert_string_equal(written(s, out), "value  real\n"
                                         "1       0.5\n"
                                         "ten\n");
    table_free(t);
}

TEST(json_is_indented_and_escaped)
{
    struct scratch *s = *state;
    FILE *out = tmpfile();
    struct json_out o = {.file = out};

    json_out_object(&o, NULL);
    json_out_text(&o, "text", "a\"\n\xff");
    json_out_real(&o, "real", 0.1);
    json_out_real(&o, "endless", 1e308 * 10);
    json_out_array(&o, "empty");
    json_out_end(&o);
    json_out_array(&o, "rows");
    json_out_flat_object(&o, NULL);
    json_out_int(&o, "n", -5);
    json_out_text(&o, "none", NULL);
    json_out_end(&o);
    json_out_flat_object(&o, NULL);
    json_out_bool(&o, "yes", true);
    json_out_end(&o);
    json_out_end(&o);
    json_out_end(&o);
    assert_string_equal(written(s, out), "{\n"
                                         "  \"text\": \"a\\\"\\n\xef\xbf\xbd\",\n"
                                         "  \"real\": 0.1,\n"
                                         "  \"endless\": null,\n"
                                         "  \"empty\": [],\n"
                                         "  \"rows\": [\n"
                                         "    {\"n\": -5, \"none\": null},\n"
                                         "    {\"yes\": true}\n"
                                         "  ]\n"
                                         "}\n");
}

static const char *rendered(struct scratch *s, enum render_format format, const char *sql)
{
    struct db_stmt *statement = db_prepare(s->db, sql, &s->e);
    FILE *out = tmpfile();

    check(statement != NULL, s);
    check(render_rows(statement, format, s->arena, out, &s->e), s);
    db_finalize(statement);
    return written(s, out);
}

TEST(rows_are_rendered_in_three_forms)
{
    static const char sql[] = "SELECT 1 AS n, 'a,b' AS t, NULL AS gap, 2.5 AS r "
                              "UNION ALL SELECT -2, '', 'x', 1e3";
    struct scratch *s = *state;

    assert_string_equal(rendered(s, RENDER_TABLE, sql), " n  t    gap     r\n"
                                                        " 1  a,b        2.5\n"
                                                        "-2       x    1000\n"
                                                        "(2 rows)\n");
    assert_string_equal(rendered(s, RENDER_CSV, sql), "n,t,gap,r\r\n"
                                                      "1,\"a,b\",,2.5\r\n"
                                                      "-2,\"\",x,1000.0\r\n");
    assert_string_equal(rendered(s, RENDER_JSON, sql),
                        "[\n"
                        "  {\"n\": 1, \"t\": \"a,b\", \"gap\": null, \"r\": 2.5},\n"
                        "  {\"n\": -2, \"t\": \"\", \"gap\": \"x\", \"r\": 1000}\n"
                        "]\n");
    assert_string_equal(rendered(s, RENDER_JSON, "SELECT 1 AS n WHERE 0"), "[]\n");
    assert_string_equal(rendered(s, RENDER_TABLE, "SELECT 1 AS n"), "n\n1\n(1 row)\n");
}

TEST(a_failing_statement_is_an_error)
{
    struct scratch *s = *state;
    struct db_stmt *statement = db_prepare(s->db, "SELECT json('{')", &s->e);
    FILE *out = tmpfile();

    check(statement != NULL, s);
    assert_false(render_rows(statement, RENDER_CSV, s->arena, out, &s->e));
    assert_int_equal(s->e.kind, ERR_STORE);
    db_finalize(statement);
    (void)fclose(out);
}

TEST_GROUP(scratch_open, scratch_close);
