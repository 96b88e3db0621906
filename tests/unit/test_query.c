#include "test.h"

#include "base/str.h"
#include "out/query.h"
#include "scratch.h"

static const struct query *find(struct scratch *s, const char *name)
{
    const struct query *q = query_find(s->arena, name, &s->e);

    check(q != NULL, s);
    return q;
}

TEST_IN_SCRATCH(the_head_comment_is_read)
{
    const struct query *q = find(s, "freshness");

    assert_string_equal(q->title, "Freshness");
    assert_non_null(strstr(q->description, "can be compared); one row without a day"));
    assert_int_equal(q->param_count, 3);
    assert_string_equal(q->params[2].name, "stream");
    assert_string_equal(q->params[2].text, "one stream; default: all");
    assert_string_equal(q->params[2].type, "stream");
}

TEST_IN_SCRATCH(parameters_are_bound_or_refused)
{
    static const struct {
        const char *query;
        const char *assignment;
        const char *refusal;
    } cases[] = {
        {"freshness", "stream=users", NULL},
        {"freshness", "stream=Users", NULL},
        {"freshness", "from=2026-03-01", NULL},
        {"freshness", "stream=", "nothing is called ''"},
        {"freshness", "stream=usres", "nothing is called 'usres', did you mean users"},
        {"freshness", "strem=users", "did you mean stream"},
        {"freshness", "strem=users", "from, to, stream"},
        {"freshness", "from=2026-02-30", "is no day"},
        {"freshness", "stream", "write key=value"},
        {"freshness", "=users", "write key=value"},
        /* a queue is a name, or an id that records have */
        {"queue_day", "queue=007", NULL},
        {"queue_day", "queue=sales", NULL},
        {"queue_day", "queue=00000000-0000-4000-8000-00000000beef", NULL},
        {"queue_day", "queue=7", "nothing is called '7'"},
        {"queue_day", "queue=Salse", "did you mean Sales"},
        {"queue_day", "queue=00000000-0000-4000-8000-00000000dead", "nothing is called"},
        {"agent_handle_time", "agent=Ari", "the database has no names for it"},
        /* a choice is one of its words, in any case */
        {"service_level", "by=Half_Hour", NULL},
        {"service_level", "by=halfhour", "did you mean half_hour"},
        {"service_level", "by=", "by: '' is none of day, half_hour"},
        {"queue_interval", "minutes=45", "is none of 15, 30, 60"},
        {"queue_halfhour", "media=vioce", "did you mean voice"},
        {"queue_halfhour", "media=phone", "none of callback, chat, cobrowse"},
        /* a number is a whole one, of its range */
        {"adherence_day", "max_gap=900", NULL},
        {"adherence_day", "max_gap=899", "whole number from 900 on"},
        {"open_conversations", "min_hours=1.5", "whole number"},
        /* keys of attributes are spelt as they are, where two differ by their case alone */
        {"attribute_values", "name=Tier", NULL},
        {"attribute_values", "name=tear", "did you mean"},
    };
    scratch_exec(s, "INSERT INTO extract_window (stream) VALUES ('users'), ('queues');"
                    "INSERT INTO queue (queue_id, name) VALUES ('q1', 'Sales'), ('q2', '007');"
                    "INSERT INTO segment (conversation_key, participant_no, session_no, segment_no,"
                    "queue_id) VALUES (1, 0, 0, 0, '00000000-0000-4000-8000-00000000beef');"
                    "INSERT INTO attribute_key (name, first_seen_at)"
                    "VALUES ('TIER', ''), ('Tier', ''), ('tier', '')");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *const words[] = {cases[i].assignment, NULL};
        struct db_value *bound =
            query_values(s->db, find(s, cases[i].query), s->arena, words, &s->e);

        fail_if(!bound != !!cases[i].refusal, "%s: %s", cases[i].assignment, s->e.message);
        assert_true(bound || (s->e.kind == ERR_USAGE && strstr(s->e.message, cases[i].refusal)));
        assert_true(!bound || !str_starts_with(cases[i].assignment, "max_gap=") ||
                    bound[3].type == 'i');
        if (str_eq(cases[i].assignment, "name=Tier")) {
            assert_string_equal(bound[2].bytes, "Tier");
        }
    }
}

/* Days that are not given are those of v_range; a value is given once; days have an order. */
TEST_IN_SCRATCH(the_default_range)
{
    static const struct {
        const char *given[3];
        const char *from; /* NULL: refused */
        const char *to;
    } cases[] = {
        {{NULL}, "2026-03-02", "2026-03-09"},
        {{"from=2026-02-03"}, "2026-02-03", "2026-03-09"},
        {{"to=2026-03-31"}, "2026-03-24", "2026-03-31"},
        {{"to=2026-03-04"}, "2026-03-02", "2026-03-04"},
        {{"to=2026-03-01"}, "2026-02-22", "2026-03-01"}, /* before the first whole day */
        {{"from=2026-03-04", "to=2026-03-04"}, "2026-03-04", "2026-03-04"},
        {{"to=2026-03-04", "from=2026-03-05"}, NULL, NULL},
        {{"to=2026-03-04", "to=2026-03-04"}, NULL, NULL},
    };
    const struct query *q = find(s, "queue_day");

    scratch_exec(s, "DROP VIEW v_range; CREATE VIEW v_range AS SELECT '2026-03-02' AS first_day,"
                    "'2026-03-09' AS last_day");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct db_value *values = query_values(s->db, q, s->arena, cases[i].given, &s->e);

        assert_int_equal(values != NULL, cases[i].from != NULL);
        if (cases[i].from) {
            assert_string_equal(values[0].bytes, cases[i].from);
            assert_string_equal(values[1].bytes, cases[i].to);
        }
    }
    const struct query *freshness = find(s, "freshness");
    assert_null(query_values(s->db, freshness, s->arena, cases[0].given, &s->e)[0].name);

    /* It walks the database: nothing asks for it where both days are given (a page's every part),
     * or where a query has none. */
    scratch_exec(s, "DROP VIEW v_range");
    check(query_values(s->db, q, s->arena, cases[5].given, &s->e), s);
    check(query_values(s->db, find(s, "freshness"), s->arena, cases[0].given, &s->e), s);
    assert_null(query_values(s->db, q, s->arena, cases[0].given, &s->e));
}
