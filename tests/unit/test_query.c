#include "test.h"

#include "out/query.h"
#include "scratch.h"

static const struct query *find(struct scratch *s, const char *name)
{
    const struct query *q = query_find(s->arena, name, &s->e);

    check(q != NULL, s);
    return q;
}

/* Every query has a title, a description and all its parameters described, and runs without any. */
TEST_IN_SCRATCH(every_query_is_described_and_runs)
{
    size_t count = 0;
    const struct query *list = query_list(s->arena, &count);

    assert_true(count >= 8);
    for (size_t i = 0; i < count; i++) {
        const struct query *q = &list[i];
        struct db_value *values = arena_array(s->arena, q->param_count, sizeof(*values));

        assert_true(strlen(q->title) > 0);
        assert_true(strlen(q->description) > 0);
        for (size_t p = 0; p < q->param_count; p++) {
            assert_true(strlen(q->params[p].text) > 0);
            values[p] = S("");
            values[p].name = arena_printf(s->arena, ":%s", q->params[p].name);
        }
        for (int with = 0; with < 2; with++) {
            struct rows rows =
                db_ask_values(s->db, &s->e, q->sql, values, with ? q->param_count : 0);
            (void)db_next(&rows);
            check(db_end(&rows), s);
        }
    }
}

TEST_IN_SCRATCH(the_head_comment_is_read)
{
    const struct query *q = find(s, "freshness");

    assert_string_equal(q->title, "Freshness");
    assert_non_null(strstr(q->description, "whether the day is whole; one row without a day"));
    assert_int_equal(q->param_count, 3);
    assert_string_equal(q->params[2].name, "stream");
    assert_string_equal(q->params[2].text, "one stream; default: all");
    assert_string_equal(q->params[2].type, "stream");
}

TEST_IN_SCRATCH(parameters_are_bound_or_refused)
{
    static const struct {
        const char *assignment;
        const char *refusal; /* a part of the message; NULL: it is taken */
    } cases[] = {
        {"stream=users", NULL},
        {"from=2026-03-01", NULL},
        {"stream=Users", NULL},
        {"stream=", "nothing is called ''"},
        {"stream=usres", "nothing is called 'usres', did you mean users"},
        {"strem=users", "did you mean stream"},
        {"strem=users", "from, to, stream"},
        {"from=2026-3-1", "is no day"},
        {"from=2026-02-30", "is no day"},
        {"stream", "write key=value"},
        {"=users", "write key=value"},
    };
    const struct query *q = find(s, "freshness");

    scratch_exec(s, "INSERT INTO extract_window (stream) VALUES ('users'), ('queues')");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct db_value value;
        bool bound = query_value(s->db, q, s->arena, cases[i].assignment, &value, &s->e);

        assert_int_equal(bound, cases[i].refusal == NULL);
        if (!bound) {
            assert_int_equal(s->e.kind, ERR_USAGE);
            assert_non_null(strstr(s->e.message, cases[i].refusal));
        }
    }
    /* a queue is a name, or an id that records have */
    static const struct {
        const char *assignment;
        const char *refusal;
    } queues[] = {
        {"queue=007", NULL},
        {"queue=sales", NULL},
        {"queue=q9", NULL},
        {"queue=7", "nothing is called '7'"},
        {"queue=Salse", "did you mean Sales"},
        {"queue=00000000-0000-4000-8000-00000000dead", "nothing is called"},
        {"agent=Ari", "the database has no names for it"},
    };
    scratch_exec(s, "INSERT INTO queue (queue_id, name) VALUES ('q1', 'Sales'), ('q2', '007');"
                    "INSERT INTO segment (conversation_key, participant_no, session_no, segment_no,"
                    "queue_id) VALUES (1, 0, 0, 0, 'q9')");
    for (size_t i = 0; i < COUNT_OF(queues); i++) {
        struct db_value value;
        bool bound = query_value(s->db, find(s, "agent_handle_time"), s->arena,
                                 queues[i].assignment, &value, &s->e);

        fail_if(bound != !queues[i].refusal, "%s: %s", queues[i].assignment, s->e.message);
        assert_true(bound || strstr(s->e.message, queues[i].refusal));
        assert_true(!bound || value.type == 's');
    }
    /* a value reaches the statement */
    struct db_value value;
    check(query_value(s->db, q, s->arena, "stream=USERS", &value, &s->e), s);
    struct rows rows = db_ask_values(s->db, &s->e, q->sql, &value, 1);
    assert_true(db_next(&rows));
    assert_string_equal(db_text(&rows, 0), "users");
    assert_false(db_next(&rows));
    check(db_end(&rows), s);
}
