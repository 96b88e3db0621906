#include "test.h"

#include "base/clock.h"
#include "etl/ledger.h"
#include "scratch.h"
#include "sql.h"

#define DAY MS_PER_DAY

static bool remember(struct scratch *s, const char *plan)
{
    return db_do(s->db, &s->e, sql_source_remember, S("adherence_realtime"), S(plan),
                 T(clock_now_ms()));
}

TEST_IN_SCRATCH(a_granted_source_is_remembered_for_a_while)
{
    int64_t now_ms = clock_now_ms();
    const char *plan = "none";

    check(db_texts(db_ask(s->db, &s->e, sql_source, S("adherence_realtime"), T(now_ms - DAY)),
                   s->arena, &plan, 1),
          s);
    assert_null(plan);
    check(remember(s, "a"), s);
    check(remember(s, "b"), s);
    check(db_texts(db_ask(s->db, &s->e, sql_source, S("adherence_realtime"), T(now_ms - DAY)),
                   s->arena, &plan, 1),
          s);
    assert_string_equal(plan, "b");
    check(db_texts(db_ask(s->db, &s->e, sql_source, S("adherence_realtime"), T(now_ms + DAY)),
                   s->arena, &plan, 1),
          s);
    assert_null(plan);
    /* Written anew when it is a day old, or from a time to come: not by every poll. */
    for (int i = 0; i < 3; i++) {
        static const char *const ages[] = {"-1 hour", "-25 hours", "+1 hour"};

        scratch_exec(s, arena_printf(s->arena,
                                     "UPDATE stream_source SET chosen_at = "
                                     "strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now', '%s')",
                                     ages[i]));
        const char *before = scratch_value(s, "SELECT chosen_at FROM stream_source");
        check(remember(s, "b"), s);
        const char *after = scratch_value(s, "SELECT chosen_at FROM stream_source");
        assert_int_equal(strcmp(before, after) != 0, i > 0);
    }
}

/* --- zone_offset --- */

static int64_t total_changes(struct scratch *s)
{
    return strtoll(scratch_value(s, "SELECT total_changes()"), NULL, 10);
}

static int64_t instant(const char *text)
{
    int64_t ms = 0;

    assert_true(clock_parse(text, true, &ms));
    return ms;
}

static void fill_zone(struct scratch *s, const char *zone, const char *from, const char *to)
{
    check(clock_set_zone(zone, &s->e), s);
    check(db_begin(s->db, &s->e) &&
              ledger_zone(s->db, zone, instant(from), instant(to), &(struct redated){0}, &s->e) &&
              db_finish(s->db, true, &s->e),
          s);
}

/* Every row begins where the one before ends, and days follow each other. */
static void check_zone_tiles(struct scratch *s)
{
    check_value(s,
                "SELECT count(*) FROM (SELECT utc_to, lead(utc_from) OVER "
                "(ORDER BY utc_from) AS next FROM zone_offset) "
                "WHERE next <> utc_to",
                "0");
    check_value(s, "SELECT count(*) FROM zone_offset WHERE utc_from >= utc_to", "0");
    check_value(s,
                "SELECT count(*) FROM zone_offset WHERE day <> "
                "date(utc_from, offset_seconds || ' seconds') OR day <> "
                "date(utc_to, (offset_seconds - 1) || ' seconds')",
                "0");
    check_value(s, "SELECT count(DISTINCT zone) FROM zone_offset", "1");
}

TEST_IN_SCRATCH(zone_rows_grow_and_are_replaced)
{
    fill_zone(s, "Europe/London", "2024-03-30T12:00Z", "2024-04-01T12:00Z");
    check_value(s, "SELECT count(*) FROM zone_offset", "4");
    int64_t before = total_changes(s);
    fill_zone(s, "Europe/London", "2024-03-31T12:00Z", "2024-04-01T12:00Z");
    assert_int_equal(total_changes(s), before);
    fill_zone(s, "Europe/London", "2024-03-29T12:00Z", "2024-04-02T12:00Z");
    assert_int_equal(total_changes(s), before + 2);
    check_zone_tiles(s);

    scratch_exec(s, "UPDATE zone_offset SET offset_seconds = 7200 WHERE day = '2024-04-01'");
    fill_zone(s, "Europe/London", "2024-04-02T12:00Z", "2024-04-02T12:00Z");
    check_value(s, "SELECT offset_seconds FROM zone_offset WHERE day = '2024-04-01'", "3600");
    check_value(s, "SELECT count(*) FROM zone_offset", "6");

    fill_zone(s, "Asia/Seoul", "2024-04-01T12:00Z", "2024-04-01T12:00Z");
    check_value(s, "SELECT group_concat(DISTINCT zone) FROM zone_offset", "Asia/Seoul");
    check_zone_tiles(s);

    /* a day that never was */
    scratch_exec(s, "DELETE FROM zone_offset");
    fill_zone(s, "Pacific/Apia", "2011-12-29T12:00Z", "2012-01-01T01:00Z");
    check_value(s, "SELECT group_concat(substr(day, 9) || ' ' || offset_seconds) FROM zone_offset",
                "29 -36000,31 50400,01 50400");
    check_zone_tiles(s);
}
