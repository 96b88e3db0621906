/* The view of attributes as columns. */
#include "test.h"

#include "scratch.h"
#include "streams/stream.h"

static void ask_for(struct scratch *s, const char *names)
{
    struct config c = {.attribute_columns = names};

    check(stream_views(s->db, &c, &s->e), s);
}

static const char *columns(struct scratch *s)
{
    return scratch_value(
        s, "SELECT group_concat(name, '|') FROM pragma_table_info('v_conversation_attribute')");
}

static void store(struct scratch *s)
{
    scratch_exec(s,
                 "INSERT INTO conversation (conversation_key, conversation_id) VALUES (1, 'c1'), "
                 "(2, 'c2');"
                 "INSERT INTO participant (conversation_key, participant_no, purpose) VALUES "
                 "(1, 0, 'ivr'), (1, 1, 'agent'), (1, 2, 'customer'), (2, 0, NULL), (2, 1, 'acd');"
                 "INSERT INTO participant_attribute VALUES (1, 0, 'Account No', 'ivr'), "
                 "(1, 2, 'Account No', 'customer'), (1, 1, 'vip', 'agent'), (1, 0, 'vip', 'ivr'), "
                 "(1, 2, 'vip', NULL), (1, 1, 'VIP', 'yes'), (2, 1, 'say \"it''s\"', '1'), "
                 "(2, 1, 'vip', 'acd'), (2, 0, 'vip', 'none')");
}

TEST_IN_SCRATCH(test_the_customers_value_else_the_first)
{
    store(s);
    ask_for(s, "Account No\nvip\nVIP\nsay \"it's\"\nnever");
    assert_string_equal(columns(s), "conversation_id|Account No|vip|VIP_2|say \"it's\"|never");
    check_value(s,
                "SELECT group_concat(conversation_id || ':' || ifnull(\"Account No\", '-') || vip "
                "|| ifnull(VIP_2, '-') || ifnull(\"say \"\"it's\"\"\", '-') || ifnull(never, '-'), "
                "' ') FROM (SELECT * FROM v_conversation_attribute ORDER BY 1)",
                "c1:customerivryes-- c2:-none-1-");
}

TEST_IN_SCRATCH(test_names_that_are_taken)
{
    ask_for(s, "a\nA\nA_2\nConversation_ID");
    assert_string_equal(columns(s), "conversation_id|a|A_2|A_2_2|Conversation_ID_2");
}

/* As many columns as there can be, of three times as many keys. */
TEST_IN_SCRATCH(test_many_keys)
{
    struct buf b;

    scratch_exec(
        s, "INSERT INTO conversation (conversation_key, conversation_id) "
           "WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
           "SELECT i, 'c' || i FROM n;"
           "INSERT INTO participant (conversation_key, participant_no, purpose) SELECT "
           "conversation_key, column1, column2 FROM conversation, (VALUES (0, 'ivr'), "
           "(1, 'customer'));"
           "INSERT INTO participant_attribute "
           "WITH n AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 14) "
           "SELECT conversation_key, participant_no, 'key ' || ((conversation_key * 15 + i) % "
           "3000), participant_no || '-' || i FROM participant, n");
    b = buf_of(1 << 20);
    for (int i = 0; i < 1000; i++) {
        assert_true(buf_add_printf(&b, "%skey %d", i > 0 ? "\n" : "", i * 3));
    }
    ask_for(s, buf_str(&b));
    buf_free(&b);
    check_value(s, "SELECT count(*) FROM pragma_table_info('v_conversation_attribute')", "1001");
    check_value(s,
                "SELECT \"key 2997\" || \"key 15\" FROM v_conversation_attribute WHERE "
                "conversation_id IN ('c199', 'c1')",
                "NULL");
    check_value(s,
                "SELECT \"key 2997\" FROM v_conversation_attribute WHERE conversation_id = 'c199'",
                "1-12");
}
