/* What a statement answers, as a table, a list, CSV and JSON. */
#include "test.h"

#include "out/render.h"
#include "scratch.h"

static const char *rendered(struct scratch *s, enum render_format format, int width,
                            const char *sql)
{
    struct rendering to = {.format = format, .width = width, .out = fopen("rendered", "wb")};

    check(render_query(db_ask(s->db, &s->e, sql, NONE), &to), s);
    (void)fclose(to.out);
    return scratch_file(s, "rendered");
}

#define SAMPLE                                                                                     \
    "SELECT 'Sales' AS queue, 7 AS n, 'short' AS note UNION ALL "                                  \
    "SELECT 'Service', 1234567, 'quite a long text that does not fit'"
#define ID "0b5e0000-0000-4000-8000-000000000001"
#define PLACED                                                                                     \
    "SELECT '" ID "' AS queue_id, 'Sales' AS queue_name, '2026-03-01T00:00Z' AS start, "           \
    "'2026-03-01 09:00' AS local_start UNION ALL SELECT '" ID "', NULL, NULL, NULL"
#define MIXED "SELECT 1 AS n, 'a,b' AS t, NULL AS gap, 2.5 AS r UNION ALL SELECT -2, '', 'x', 1e3"

static const struct {
    const char *what;
    const char *sql;
    enum render_format format;
    int width;
    const char *expected;
} cases[] = {
    {"columns are aligned", SAMPLE, RENDER_TABLE, 0,
     "queue          n  note\n"
     "Sales          7  short\n"
     "Service  1234567  quite a long text that does not fit\n"},
    {"long texts give way to the width", SAMPLE, RENDER_TABLE, 30,
     "queue          n  note\n"
     "Sales          7  short\n"
     "Service  1234567  quite a lo..\n"},
    {"never below the narrowest: else each row is a block", SAMPLE, RENDER_TABLE, 27,
     "queue  Sales\nn      7\nnote   short\n\n"
     "queue  Service\nn      1234567\nnote   quite a long text that does not fit\n"},
    {"a list is never one", SAMPLE, RENDER_LIST, 5,
     "Sales          7  short\n"
     "Service  1234567  quite a ..\n"},
    {"where there is room all is shown", PLACED, RENDER_TABLE, 87,
     "queue_id                              queue_name  start              local_start\n" ID
     "  Sales       2026-03-01T00:00Z  2026-03-01 09:00\n" ID "\n"},
    {"an id gives way to its name, if there is one, UTC to local time", PLACED, RENDER_TABLE, 54,
     "queue_name                            local_start\n"
     "Sales                                 2026-03-01 09:00\n" ID "\n"},
    {"but none is cut", PLACED, RENDER_TABLE, 53,
     "queue_name   Sales\nlocal_start  2026-03-01 09:00\n\n"
     "queue_name   " ID "\nlocal_start\n"},
    {"heads fold", "SELECT 'two words' AS a_long_head_of_it, 12345 AS avg_answer_seconds",
     RENDER_TABLE, 18,
     "a_long_       avg_\n"
     "head_of_   answer_\n"
     "it         seconds\n"
     "two words    12345\n"},
    {"wide characters take two columns, accents none",
     "SELECT '\xea\xb9\x80\xed\x98\x84\xec\x9a\xb0' AS agent, '1' AS x "
     "UNION ALL SELECT 'e\xcc\x81te', '2'",
     RENDER_TABLE, 0,
     "agent   x\n"
     "\xea\xb9\x80\xed\x98\x84\xec\x9a\xb0  1\n"
     "e\xcc\x81te     2\n"},
    {"a column of numbers and texts is text",
     "SELECT 1 AS value, 0.5 AS real UNION ALL SELECT 'ten', NULL", RENDER_TABLE, 0,
     "value  real\n"
     "1       0.5\n"
     "ten\n"},
    {"hostile text is escaped, and not cut at a NUL",
     "SELECT CAST(x'611b5b33316d0a62ff0063' AS TEXT) AS h", RENDER_TABLE, 0,
     "h\na\\x1B[31m\\nb\\xFF\\x00c\n"},
    {"all types as a table", MIXED, RENDER_TABLE, 0,
     " n  t    gap     r\n"
     " 1  a,b        2.5\n"
     "-2       x    1000\n"},
    {"as CSV", MIXED, RENDER_CSV, 0,
     "n,t,gap,r\r\n"
     "1,\"a,b\",,2.5\r\n"
     "-2,\"\",x,1000.0\r\n"},
    {"as JSON", MIXED, RENDER_JSON, 0,
     "[\n"
     "  {\"n\": 1, \"t\": \"a,b\", \"gap\": null, \"r\": 2.5},\n"
     "  {\"n\": -2, \"t\": \"\", \"gap\": \"x\", \"r\": 1000}\n"
     "]\n"},
    {"JSON is escaped, and has no infinity", "SELECT 'a\"\n' || x'ff' AS t, 9e999 AS r, 0.1 AS s",
     RENDER_JSON, 0, "[\n  {\"t\": \"a\\\"\\n\xef\xbf\xbd\", \"r\": null, \"s\": 0.1}\n]\n"},
    {"no rows at all", "SELECT 1 AS n WHERE 0", RENDER_JSON, 0, "[]\n"},
    {"nor in a table", "SELECT 1 AS n WHERE 0", RENDER_TABLE, 0, "n\n"},
};

TEST_IN_SCRATCH(rows_in_four_forms)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *text = rendered(s, cases[i].format, cases[i].width, cases[i].sql);

        fail_if(strcmp(text, cases[i].expected) != 0, "%s:\n%s", cases[i].what, text);
    }
}

TEST_IN_SCRATCH(a_document_is_set_out)
{
    static const char sql[] =
        "SELECT json_object('text', 'a\"{,:}' || x'ff', 'empty', json('[]'), 'none', NULL, "
        "'flat', json_object('n', -5, 'yes', json('true')), "
        "'rows', json_array(json_object('n', 1), json_object('list', json_array(1, 2))))";
    FILE *out = fopen("rendered", "wb");

    check(render_document(db_ask(s->db, &s->e, sql, NONE), out), s);
    (void)fclose(out);
    assert_string_equal(scratch_file(s, "rendered"), "{\n"
                                                     "  \"text\": \"a\\\"{,:}\xef\xbf\xbd\",\n"
                                                     "  \"empty\": [],\n"
                                                     "  \"none\": null,\n"
                                                     "  \"flat\": {\"n\": -5, \"yes\": true},\n"
                                                     "  \"rows\": [\n"
                                                     "    {\"n\": 1},\n"
                                                     "    {\n"
                                                     "      \"list\": [1, 2]\n"
                                                     "    }\n"
                                                     "  ]\n"
                                                     "}\n");
}

TEST_IN_SCRATCH(failures_are_told)
{
    static const enum render_format formats[] = {RENDER_TABLE, RENDER_CSV, RENDER_JSON};

    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        struct rendering to = {.format = formats[i], .out = tmpfile()};

        assert_false(render_query(db_ask(s->db, &s->e, "SELECT json('{')", NONE), &to));
        assert_int_equal(s->e.kind, ERR_STORE);
        (void)fclose(to.out);
    }
}
