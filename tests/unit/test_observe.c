#include "test.h"

#include "doc.h"
#include "etl/history.h"
#include "out/query.h"
#include "pass.h"
#include "scratch.h"

/* Three sources of one history: see streams/adherence_realtime.c. */
enum source { WFM, STATUS, INTERVALS, SOURCES };
static const char *const source_names[SOURCES] = {
    [WFM] = "workforcemanagement",
    [STATUS] = "agents_status",
    [INTERVALS] = "realtime_intervals",
};

struct fixture {
    struct scratch *s;
    struct arena *arena;
    struct page_walker *walkers[SOURCES];
    struct loader *loaders[SOURCES];
    struct load_counts counts;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    const struct stream *stream = stream_find("adherence_realtime");

    if (scratch_open(state) != 0) {
        return -1;
    }
    f->s = *state;
    f->arena = f->s->arena;
    for (int i = 0; i < SOURCES; i++) {
        const struct tree_map *const *trees = trees_of(stream, (size_t)i);

        f->walkers[i] = page_walker_new(trees);
        f->loaders[i] = load_new(f->s->db, trees, LOAD_OBSERVE, stream->state, &f->s->e);
        check(f->loaders[i] != NULL, f->s);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    *state = f->s;
    for (int i = 0; i < SOURCES; i++) {
        load_free(f->loaders[i]);
        page_walker_free(f->walkers[i]);
    }
    free(f);
    return scratch_close(state);
}

#define TEST_IN_FIXTURE(test) TEST_OF(struct fixture *f, set_up, tear_down, test)

/* "10:05" of 2026-03-02. */
static int64_t at(const char *time)
{
    char text[40];
    int64_t ms = 0;

    (void)snprintf(text, sizeof(text), "2026-03-02T%s:00Z", time);
    assert_true(clock_parse(text, false, &ms));
    return ms;
}

/* In texts below "~10:05" stands for that time of the day as the API writes it. */
static const char *expand(struct fixture *f, const char *text)
{
    struct buf b;

    b = buf_of(65536);
    for (; *text; text++) {
        if (*text == '~') {
            assert_true(buf_add_printf(&b, "2026-03-02T%.5s:00.000Z", text + 1));
            text += 5;
        } else {
            assert_true(buf_add_char(&b, *text));
        }
    }
    const char *whole = arena_strdup(f->arena, buf_str(&b));
    buf_free(&b);
    return whole;
}

/* Takes an answer observed at `time`, which may be the last of a whole reading. */
static void poll(struct fixture *f, enum source source, const char *time, const char *answer,
                 bool is_whole)
{
    static const struct walk_facts facts = {.start_ms = TIME_NONE, .end_ms = TIME_NONE};
    struct json_doc *doc = doc_of(expand(f, answer));
    struct json rows = rows_of(stream_find("adherence_realtime"), source, doc);
    struct walked_page *walked = page_walk(f->walkers[source], doc, rows, &facts, &f->s->e);
    struct load_page page = {
        .stream = "adherence_realtime",
        .plan = source_names[source],
        .run_id = 1,
        .received_ms = at(time),
    };

    assert_true(db_begin(f->s->db, &f->s->e));
    bool ok = walked && load_page(f->loaders[source], walked, &page, &f->counts, &f->s->e);
    ok = ok && (!is_whole || load_end(f->loaders[source], &page, &f->counts, &f->s->e));
    walked_free(walked);
    fail_if(!ok || !db_finish(f->s->db, true, &f->s->e), "%s", f->s->e.message);
}

static void wfm(struct fixture *f, const char *time, const char *members)
{
    poll(f, WFM, time, arena_printf(f->arena, "[{'user':{'id':'u'},%s}]", members), true);
}

/* The history of all agents: "start-end first/last adherence presence", times as HH:MM. */
static const char *history(struct fixture *f)
{
    return scratch_value(
        f->s, "SELECT ifnull(group_concat(line, '; '), '') FROM (SELECT user_id || ' ' || "
              "substr(state_start, 12, 5) || '-' || ifnull(substr(state_end, 12, 5), '') || ' ' || "
              "substr(first_observed, 12, 5) || '/' || substr(last_observed, 12, 5) || ' ' || "
              "ifnull(adherence_state, '?') || ' ' || ifnull(system_presence, '?') AS line "
              "FROM adherence_state ORDER BY user_id, state_start)");
}

static void check_history(struct fixture *f, const char *expected)
{
    assert_string_equal(history(f), expected);
    /* and each row is sound, without an overlap */
    check_value(
        f->s,
        "SELECT count(*) FROM adherence_state AS a JOIN adherence_state AS b USING (user_id) "
        "WHERE a.state_end < a.state_start OR a.last_observed < a.first_observed OR "
        "b.state_start > a.state_start AND b.state_start < ifnull(a.state_end, '9')",
        "0");
}

#define IN(since)                                                                                  \
    "'adherenceState':'In','systemPresence':'OnQueue','timeOfAdherenceChange':'~" since "'"
#define OUT(since)                                                                                 \
    "'adherenceState':'Out','systemPresence':'Break','timeOfAdherenceChange':'~" since "'"

/* --- snapshots --- */

/* Every state column breaks a row; no other column does; NULL is a value. */
TEST_IN_FIXTURE(test_which_columns_break)
{
    static const struct {
        const char *before;
        const char *after;
        const char *rows;
    } cases[] = {
        {"'adherenceState':'a'", "'adherenceState':'b'", "2"},
        {"'impact':'a'", "'impact':'b'", "2"},
        {"'scheduledActivityCategory':'a'", "'scheduledActivityCategory':'b'", "2"},
        {"'scheduledActivityCode':{'id':'a'}", "'scheduledActivityCode':{'id':'b'}", "2"},
        {"'actualActivityCategory':'a'", "'actualActivityCategory':'b'", "2"},
        {"'systemPresence':'a'", "'systemPresence':'b'", "2"},
        {"'routingStatus':'a'", "'routingStatus':'b'", "2"},
        {"'isOutOfOffice':true", "'isOutOfOffice':false", "2"},
        {"'impact':'a'", "'impact':null", "2"},
        {"'impact':null", "'impact':'a'", "2"},
        {"'name':'a'", "'name':'b'", "1"},
        {"'organizationSecondaryPresenceId':'a'", "'organizationSecondaryPresenceId':'b'", "2"},
        {"'businessUnit':{'id':'a'}", "'businessUnit':{'id':'b'}", "2"},
        {"'managementUnit':{'id':'a'}", "'managementUnit':{'id':'b'}", "2"},
        {"'team':{'id':'a'}", "'team':{'id':'b'}", "2"},
        {"'adherenceExplanation':{'id':'a'}", "'adherenceExplanation':{'id':'b'}", "2"},
        {"'adherenceExplanation':{'status':'a'}", "'adherenceExplanation':{'status':'b'}", "2"},
        {"'presenceUpdateTime':'~09:00'", "'presenceUpdateTime':'~09:01'", "1"},
        {"'presenceUpdateTime':'~09:00'", "'presenceUpdateTime':'~10:01'", "2"},
        {"'activeQueues':[1]", "'activeQueues':[2]", "1"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        wfm(f, "10:00", cases[i].before);
        wfm(f, "10:05", cases[i].after);
        fail_if(!str_eq(scratch_value(f->s, "SELECT count(*) FROM adherence_state"), cases[i].rows),
                "%s -> %s: not %s rows", cases[i].before, cases[i].after, cases[i].rows);
        scratch_exec(f->s, "DELETE FROM adherence_state");
    }
}

/* --- one answer after the other --- */

static void check_gaps(struct fixture *f, const char *expected)
{
    check_value(f->s,
                "SELECT ifnull(group_concat(user_id || ' ' || substr(gap_start, 12, 5) || '-' || "
                "substr(gap_end, 12, 5), '; '), '') FROM observation_gap",
                expected);
}

#define BROKEN "u 09:30-10:03 10:00/10:00 In OnQueue; u 10:03"

/* Takes intervals "08:00-09:00=In 09:00-=Out", the second without an end, observed at `time`. */
static void intervals(struct fixture *f, const char *time, const char *given)
{
    const char *rows = "";
    size_t count;
    char **words = str_split_list(f->arena, given, &count);

    for (size_t i = 0; i < count; i++) {
        const char *end = "null";

        if (words[i][6] != '=') {
            end = arena_printf(f->arena, "'~%.5s'", words[i] + 6);
        }
        rows = arena_printf(f->arena, "%s%s{'userId':'u','start':'~%.5s','end':%s,'state':'%s'}",
                            rows, i > 0 ? "," : "", words[i], end, strchr(words[i], '=') + 1);
    }
    poll(f, INTERVALS, time, arena_printf(f->arena, "{'results':[%s]}", rows), false);
}

#define FULL                                                                                       \
    IN("09:30")                                                                                    \
    ",'isOutOfOffice':false,'scheduledActivityCode':{'id':'c','name':'n'},'team':{'id':'t'}"

#define IN_OUT_IN                                                                                  \
    "u 08:00-09:00 08:00/09:00 In ?; u 09:00-09:30 09:00/09:30 Out ?; u 09:30- 09:30/10:00 In ?"

/* Answers one after the other and the history after each; a name begins with an empty history.
 * Gaps, and what is left and entered again between polls, are the random days'. */
static const struct {
    const char *name;
    const char *time;
    const char *answer;  /* NULL: nobody is in it; intervals, a state of STATUS, or what WFM says */
    const char *history; /* NULL: not looked at */
} steps[] = {
    {"without a time it begins where it is seen", "10:00", "'adherenceState':'In'",
     "u 10:00- 10:00/10:00 In ?"},
    {"a change that is still to come", "10:00", IN("10:30"), "u 10:00- 10:00/10:00 In OnQueue"},
    {"another state", "10:00", IN("09:30"), "u 09:30- 10:00/10:00 In OnQueue"},
    {NULL, "10:05", OUT("10:03"), BROKEN "- 10:05/10:05 Out Break"},
    {NULL, "10:05", OUT("10:03"), BROKEN "- 10:05/10:05 Out Break"},
    /* a change that is not after the previous observation says nothing about when */
    {NULL, "10:10", IN("10:05"),
     BROKEN "-10:10 10:05/10:05 Out Break; u 10:10- 10:10/10:10 In OnQueue"},
    {"missing, and back: a row of its own, the gap stays visible", "10:00", IN("09:30"), NULL},
    {NULL, "10:05", NULL, "u 09:30-10:00 10:00/10:00 In OnQueue"},
    {NULL, "10:15", IN("09:30"),
     "u 09:30-10:00 10:00/10:00 In OnQueue; u 10:15- 10:15/10:15 In OnQueue"},
    {NULL, "10:20", NULL, NULL},
    {NULL, "10:25", IN("10:22"),
     "u 09:30-10:00 10:00/10:00 In OnQueue; u 10:15-10:15 10:15/10:15 In OnQueue; "
     "u 10:22- 10:25/10:25 In OnQueue"},
    {"our clock goes back", "10:00", IN("09:30"), NULL},
    {NULL, "09:00", OUT("08:59"), "u 09:30- 10:00/10:00 In OnQueue"},
    {"changed in a gap, who knows when", "10:00", IN("09:30"), NULL},
    {NULL, "14:00", OUT("09:00"),
     "u 09:30-10:00 10:00/10:00 In OnQueue; u 14:00- 14:00/14:00 Out Break"},
    {"changed in a gap, and the API knows when", "10:00", IN("09:30"), NULL},
    {NULL, "14:00", OUT("13:00"),
     "u 09:30-13:00 10:00/10:00 In OnQueue; u 13:00- 14:00/14:00 Out Break"},
    {"a first row begins at the latest change", "10:00",
     IN("09:30") ",'presenceUpdateTime':'~09:50','adherenceExplanation':{'startDate':'~09:40'}",
     "u 09:50- 10:00/10:00 In OnQueue"},
    {NULL, "10:05", OUT("10:01") ",'presenceUpdateTime':'~10:03'",
     "u 09:50-10:01 10:00/10:00 In OnQueue; u 10:03- 10:05/10:05 Out Break"},
    {"the secondary presence", "09:00",
     "'organizationSecondaryPresenceId':'a','presenceUpdateTime':'~09:00'", NULL},
    {NULL, "09:10", "'organizationSecondaryPresenceId':'b','presenceUpdateTime':'~09:07'", NULL},
    {NULL, "09:20", "'organizationSecondaryPresenceId':'c','presenceUpdateTime':'~09:18'",
     "u 09:00-09:07 09:00/09:00 ? ?; u 09:07-09:18 09:10/09:10 ? ?; u 09:18- 09:20/09:20 ? ?"},
    {"a unit has no time of its own", "10:00", "'managementUnit':{'id':'a'}," IN("09:30"), NULL},
    {NULL, "10:05", "'managementUnit':{'id':'b'}," OUT("10:02"),
     "u 09:30-10:02 10:00/10:00 In OnQueue; u 10:05- 10:05/10:05 Out Break"},
    {"the explanation's status changes, not its time", "10:00",
     "'adherenceExplanation':{'id':'e','startDate':'~09:00','status':'Pending'}", NULL},
    {NULL, "10:05", "'adherenceExplanation':{'id':'e','startDate':'~09:00','status':'Approved'}",
     "u 09:00-10:05 10:00/10:00 ? ?; u 10:05- 10:05/10:05 ? ?"},
    {"the API's clock is ahead", "10:00", IN("09:30"), NULL},
    {NULL, "10:05", OUT("10:06"), NULL},
    {NULL, "10:10", OUT("10:06"),
     "u 09:30-10:05 10:00/10:00 In OnQueue; u 10:05- 10:05/10:10 Out Break"},
    {"intervals", "10:00", "08:00-09:00=In 09:00-09:30=Out 09:30-=In", IN_OUT_IN},
    {NULL, "10:00", "08:00-09:00=In 09:00-09:30=Out 09:30-=In", IN_OUT_IN},
    /* later the open one has ended, and another is open */
    {NULL, "10:05", "09:30-10:02=In 10:02-=Out",
     "u 08:00-09:00 08:00/09:00 In ?; u 09:00-09:30 09:00/09:30 Out ?; "
     "u 09:30-10:02 09:30/10:02 In ?; u 10:02- 10:02/10:05 Out ?"},
    {"the newest first", "10:00", "09:30-=In 09:00-09:30=Out 08:00-09:00=In", IN_OUT_IN},
    {"observed at 10:00, but ended earlier", "10:00", "09:00-=In", "u 09:00- 09:00/10:00 In ?"},
    {NULL, "10:05", "09:50-=Out", "u 09:00-09:50 09:00/09:50 In ?; u 09:50- 09:50/10:05 Out ?"},
    /* an older open one ends where the next starts */
    {NULL, "10:10", "08:00-=Out",
     "u 08:00-09:00 08:00/09:00 Out ?; u 09:00-09:50 09:00/09:50 In ?; "
     "u 09:50- 09:50/10:05 Out ?"},
    {"corrected", "10:00", "09:00-=In", "u 09:00- 09:00/10:00 In ?"},
    {NULL, "10:05", "09:00-10:03=Out", "u 09:00-10:03 09:00/10:03 Out ?"},
    {"no intervals", "10:00", "09:00-08:00=In 11:00-=In 09:00-09:00=In", ""},
    /* an end to come is no end yet */
    {NULL, "10:00", "09:00-12:00=In", "u 09:00- 09:00/10:00 In ?"},
    {"an interval joins the rows on both sides", "10:00",
     "08:00-09:00=In 09:30-09:40=In 09:40-=Out", NULL},
    {NULL, "10:00", "09:00-09:30=In", "u 08:00-09:40 08:00/09:40 In ?; u 09:40- 09:40/10:00 Out ?"},
    {"intervals after snapshots: the same state, whichever source says it", "10:00",
     "'adherenceState':'In'", NULL},
    {NULL, "10:05", "'adherenceState':'In'", NULL},
    {NULL, "10:10", "09:57-=In", "u 09:57- 09:57/10:10 In ?"},
    {NULL, "10:15", "10:03-=In", "u 09:57- 09:57/10:15 In ?"},
    {NULL, "10:20", "10:18-=Out", "u 09:57-10:18 09:57/10:15 In ?; u 10:18- 10:18/10:20 Out ?"},
    {NULL, "10:25", "'adherenceState':'Out'",
     "u 09:57-10:18 09:57/10:15 In ?; u 10:18- 10:18/10:25 Out ?"},
    {"a change of source breaks nothing", "10:00", FULL, NULL},
    {NULL, "10:05", "In", NULL},
    {NULL, "10:10", "In", "u 09:30- 10:00/10:10 In OnQueue"},
    {NULL, "10:15", FULL, NULL},
    {NULL, "10:20", FULL, "u 09:30- 10:00/10:20 In OnQueue"},
    {NULL, "10:22", "In", NULL},
    {NULL, "10:25", "Out",
     "u 09:30-10:25 10:00/10:22 In OnQueue; u 10:25- 10:25/10:25 Out OnQueue"},
};

TEST_IN_FIXTURE(test_answers_one_after_the_other)
{
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        const char *answer = steps[i].answer;

        if (steps[i].name) {
            scratch_exec(f->s, "DELETE FROM adherence_state; DELETE FROM observation_gap");
        }
        if (!answer) {
            poll(f, WFM, steps[i].time, "[]", true);
        } else if (answer[0] == '\'') {
            wfm(f, steps[i].time, answer);
        } else if (strchr(answer, '=')) {
            intervals(f, steps[i].time, answer);
        } else {
            poll(f, STATUS, steps[i].time,
                 arena_printf(f->arena,
                              "{'entities':[{'userId':'u','adherenceState':'%s','systemPresence':"
                              "'ON_QUEUE','adherenceDate':'~09:30'}]}",
                              answer),
                 true);
        }
        if (steps[i].history) {
            check_history(f, steps[i].history);
            check_gaps(f, "");
        }
    }
    /* what the other source never reports stays as it was */
    check_value(f->s,
                "SELECT team_id || scheduled_activity_code_id || row_source FROM adherence_state",
                "tcworkforcemanagement");
    check_value(
        f->s, "SELECT group_concat(kind || ' ' || count, '; ') FROM data_problem",
        "interval ends before it starts, or is not yet 2; older than the last observation 1");
}

/* Whom an answer held is not closed because a clock went back while the pages came in. */
TEST_IN_FIXTURE(test_clock_goes_back_within_a_reading)
{
    poll(f, WFM, "10:00", "[{'id':'u'," IN("09:30") "},{'id':'v'," IN("09:30") "}]", true);
    poll(f, WFM, "10:05", "[{'id':'u'," IN("09:30") "}]", false);
    poll(f, WFM, "09:02", "[{'id':'v'," IN("09:30") "}]", true);
    check_history(f, "u 09:30- 10:00/10:05 In OnQueue; v 09:30- 10:00/10:00 In OnQueue");
    poll(f, WFM, "09:05", "[{'id':'u'," IN("09:30") "}]", true);
    check_history(f, "u 09:30- 10:00/10:05 In OnQueue; v 09:30-10:00 10:00/10:00 In OnQueue");
}

static void distrust(struct fixture *f, const char *now, int64_t expected)
{
    int64_t count = -1;
    int64_t now_ms;

    assert_true(clock_parse(expand(f, arena_printf(f->arena, "~%s", now)), false, &now_ms));
    assert_true(db_begin(f->s->db, &f->s->e));
    check(observe_distrust(f->s->db, now_ms, &count, &f->s->e), f->s);
    assert_true(db_finish(f->s->db, true, &f->s->e));
    assert_true(expected < 0 || count == expected);
}

/* Polls up to 12:00, then one or two with a clock hours ahead; at 12:05 it is right again. */
TEST_IN_FIXTURE(test_times_that_have_not_come)
{
    static const char two[] = "[{'id':'u'," IN("09:30") "},{'id':'v'," OUT("11:30") "}]";

    poll(f, WFM, "11:55", "[{'id':'u'," IN("09:30") "},{'id':'v'," IN("09:30") "}]", true);
    distrust(f, "12:05", 0);
    poll(f, WFM, "12:00", two, true);
    poll(f, WFM, "22:00", "[{'id':'u'," IN("09:30") "},{'id':'v'," IN("12:03") "}]", true);
    poll(f, WFM, "22:05", "[{'id':'u'," OUT("22:04") "}]", true);
    distrust(f, "12:05", 3);
    check_history(f, "u 09:30- 11:55/12:00 In OnQueue; v 09:30-12:00 11:55/11:55 In OnQueue; "
                     "v 12:00-12:03 12:00/12:00 Out Break");
    check_gaps(f, "");
    poll(f, WFM, "12:05", two, true);
    check_history(f, "u 09:30- 11:55/12:05 In OnQueue; v 09:30-12:00 11:55/11:55 In OnQueue; "
                     "v 12:00-12:03 12:00/12:00 Out Break; v 12:05- 12:05/12:05 Out Break");
    /* made before gaps were kept: when anybody was seen last */
    poll(f, WFM, "22:00", two, true);
    scratch_exec(f->s, "DELETE FROM observation_gap");
    distrust(f, "12:10", 2);
    check_history(f, "u 09:30- 11:55/12:00 In OnQueue; v 09:30-12:00 11:55/11:55 In OnQueue; "
                     "v 12:00-12:03 12:00/12:00 Out Break; v 12:05- 12:05/12:05 Out Break");
}

TEST_IN_FIXTURE(test_rows_are_counted)
{
    wfm(f, "10:00", IN("09:30"));
    assert_int_equal(f->counts.rows_new, 1);
    wfm(f, "10:05", IN("09:30") ",'nextActivityReminders':[1]");
    assert_int_equal(f->counts.rows_unchanged, 1);
    check_value(f->s, "SELECT next_activity_reminders || row_source FROM adherence_state",
                "[1]workforcemanagement");
    wfm(f, "10:10", OUT("10:08"));
    assert_int_equal(f->counts.rows_changed, 1);
    poll(f, WFM, "10:15", "[]", true); /* of that answer: who is not in it */
    assert_int_equal(f->counts.rows_changed, 1);
    scratch_exec(f->s, "DELETE FROM adherence_state");
    f->counts = (struct load_counts){0};
    intervals(f, "10:00", "08:00-09:00=In 09:00-09:30=Out 09:30-=In");
    intervals(f, "10:00", "08:00-09:00=In 09:00-09:30=Out 09:30-=In");
    assert_int_equal(f->counts.rows_unchanged, 3);
    intervals(f, "10:05", "09:30-10:03=Out");
    assert_int_equal(f->counts.rows_changed, 1);
}

/* Pieces of one state are one row, in any order, and stay it. */
TEST_IN_FIXTURE(test_intervals_of_one_state)
{
    static const char *const orders[] = {
        "08:00-09:00=In 09:00-09:30=In 09:30-=In", "08:00-09:00=In 09:30-=In 09:00-09:30=In",
        "09:00-09:30=In 08:00-09:00=In 09:30-=In", "09:00-09:30=In 09:30-=In 08:00-09:00=In",
        "09:30-=In 08:00-09:00=In 09:00-09:30=In", "09:30-=In 09:00-09:30=In 08:00-09:00=In",
    };

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        intervals(f, "10:00", orders[i]);
        check_history(f, "u 08:00- 08:00/10:00 In ?");
        intervals(f, "10:05", orders[i]);
        check_history(f, "u 08:00- 08:00/10:05 In ?");
        intervals(f, "10:10", "09:30-10:08=In");
        check_history(f, "u 08:00-10:08 08:00/10:08 In ?");
        scratch_exec(f->s, "DELETE FROM adherence_state");
    }
}

/* --- random answers --- */

static const char *clock_text(struct fixture *f, int minute)
{
    return arena_printf(f->arena, "%02d:%02d", minute / 60, minute % 60);
}

static unsigned draw(uint32_t *seed)
{
    *seed = *seed * 1103515245U + 12345U;
    return *seed >> 16;
}

/* One answer of any source at minute `now`. */
static void poll_anything(struct fixture *f, int now, uint32_t *seed)
{
    int back = (int)(draw(seed) % 60);
    int start = back > now ? 0 : now - back;
    const char *from = clock_text(f, start);
    const char *to = clock_text(f, start + (int)(draw(seed) % 50));
    const char *adherence = draw(seed) % 2 ? "In" : "Out";
    const char *end = draw(seed) % 4 ? "end" : "note";

    switch (draw(seed) % 5) {
    case 0:
        poll(f, WFM, clock_text(f, now), "[]", true);
        break;
    case 1:
    case 2:
        wfm(f, clock_text(f, now),
            arena_printf(f->arena, "'adherenceState':'%s','timeOfAdherenceChange':'~%s'", adherence,
                         from));
        break;
    default:
        poll(f, INTERVALS, clock_text(f, now),
             arena_printf(f->arena, "[{'userId':'u','start':'~%s','state':'%s','%s':'~%s'}]", from,
                          adherence, end, to),
             false);
        break;
    }
}

/* Any mixture of sources, times and states leaves a history without overlaps. */
TEST_IN_FIXTURE(test_random_history_is_sound)
{
    uint32_t seed = 12345;
    int now = 60;

    scratch_exec(f->s, "PRAGMA synchronous = OFF");
    for (int i = 0; i < 1500; i++) {
        now += draw(&seed) % 3 == 0 ? 1 : 0;
        now -= draw(&seed) % 97 == 0 ? 5 : 0;
        poll_anything(f, now, &seed);
        check_history(f, history(f));
        check_value(f->s,
                    "SELECT count(*) FROM adherence_state WHERE "
                    "first_observed < state_start",
                    "0");
    }
    check_value(f->s, "SELECT count(*) > 20 FROM adherence_state", "1");
}

/* --- against the world --- */

enum { WORLD = 600, ROUNDS = 200 };
enum thing { ADHERENCE, PRESENCE, UNIT, ROUTING, THINGS };

/* What one agent is in each minute of a morning, and the polls that saw it with a clock that was
 * right. */
struct world {
    uint32_t seed;
    int is[THINGS][WORLD];
    int polls[WORLD];
    bool saw_unit[WORLD];
    size_t poll_count;
};

static void make_world(struct world *w, uint32_t seed)
{
    *w = (struct world){.seed = seed};
    unsigned often = 5 + draw(&w->seed) % 80;

    for (int thing = 0; thing < THINGS; thing++) {
        for (int m = 1; m < WORLD; m++) {
            int *is = &w->is[thing][m];

            *is = draw(&w->seed) % often ? is[-1] : (int)(draw(&w->seed) % 3);
        }
    }
}

static const char *since(struct fixture *f, const struct world *w, enum thing thing, int m)
{
    while (m > 0 && w->is[thing][m - 1] == w->is[thing][m]) {
        m--;
    }
    return clock_text(f, m);
}

/* What a source answers at minute m; the second may leave the unit out. */
static void poll_world(struct fixture *f, struct world *w, int m, int stamp, bool is_wfm, bool unit)
{
    const char *state =
        arena_printf(f->arena, "'adherenceState':'%d','systemPresence':'P%d','routingStatus':'%d'",
                     w->is[ADHERENCE][m], w->is[PRESENCE][m], w->is[ROUTING][m]);
    const char *adherence = since(f, w, ADHERENCE, m);
    const char *presence = since(f, w, PRESENCE, m);
    const char *answer =
        is_wfm ? arena_printf(f->arena,
                              "[{'id':'u',%s,'timeOfAdherenceChange':'~%s','presenceUpdateTime':"
                              "'~%s','managementUnit':{'id':'%d'}}]",
                              state, adherence, presence, w->is[UNIT][m])
               : arena_printf(f->arena,
                              "{'entities':[{'userId':'u',%s,'adherenceDate':'~%s','presenceDate':"
                              "'~%s','routingStatusDate':'~%s','%s':'%d'}]}",
                              state, adherence, presence, since(f, w, ROUTING, m),
                              unit ? "managementUnitId" : "managerId", w->is[UNIT][m]);

    poll(f, is_wfm ? WFM : STATUS, clock_text(f, stamp), answer, true);
}

/* Polls at odd times by any source; answers without the agent; clocks that are behind, or ahead of
 * all that is left. */
static void live(struct fixture *f, struct world *w)
{
    int ahead = 0;

    for (int m = 1 + (int)(draw(&w->seed) % 30); m < WORLD; m++) {
        unsigned what = draw(&w->seed) % 16;
        bool is_wfm = draw(&w->seed) % 4 != 0;
        bool unit = is_wfm || draw(&w->seed) % 2;
        int last = w->poll_count ? w->polls[w->poll_count - 1] : 0;

        ahead = what == 0 ? WORLD - m + 10 + (int)(draw(&w->seed) % 200) : what > 8 ? 0 : ahead;
        if (ahead == 0) {
            distrust(f, clock_text(f, m), -1);
        }
        if (ahead > 0) {
            poll_world(f, w, m, m + ahead, is_wfm, unit);
        } else if (what == 1) {
            poll(f, WFM, clock_text(f, m), "[]", true);
        } else if (what == 2 && last > 0) {
            poll_world(f, w, m, last - (int)(draw(&w->seed) % 5) % last, is_wfm, unit);
        } else if (what > 2) {
            poll_world(f, w, m, m, is_wfm, unit);
            w->saw_unit[w->poll_count] = unit;
            w->polls[w->poll_count++] = m;
        }
        m += (int)(draw(&w->seed) % (draw(&w->seed) % 8 ? 10 : 90));
    }
    distrust(f, clock_text(f, WORLD), -1);
}

/* Each poll lies in one row, which is of the state that it saw; a row that goes on from one poll to
 * the next has a gap there if they are far apart, and no other. */
static void check_polls(struct fixture *f, const struct world *w)
{
    const char *gaps = "";
    const char *row_before = "";

    for (size_t i = 0; i < w->poll_count; i++) {
        int m = w->polls[i];
        const char *t = expand(f, arena_printf(f->arena, "~%s", clock_text(f, m)));
        const char *row = scratch_value(
            f->s,
            arena_printf(f->arena,
                         "SELECT CASE WHEN count(*) = 1 AND sum('%s' BETWEEN first_observed AND "
                         "last_observed AND adherence_state = '%d' AND system_presence = 'P%d' AND "
                         "routing_status = '%d' AND (NOT %d OR management_unit_id = '%d')) = 1 "
                         "THEN max(state_start) ELSE 'wrong' END FROM adherence_state "
                         "WHERE state_start <= '%s' AND (state_end IS NULL OR state_end > '%s' "
                         "OR (state_end = '%s' AND last_observed = '%s'))",
                         t, w->is[ADHERENCE][m], w->is[PRESENCE][m], w->is[ROUTING][m],
                         w->saw_unit[i], w->is[UNIT][m], t, t, t, t));

        fail_if(str_eq(row, "wrong"), "the poll at %s is not in its row: %s", t, history(f));
        if (str_eq(row, row_before) && m - w->polls[i - 1] > 15) {
            gaps = arena_printf(f->arena, "%s%su %s-%s", gaps, gaps[0] ? "; " : "",
                                clock_text(f, w->polls[i - 1]), clock_text(f, m));
        }
        row_before = row;
    }
    check_gaps(f, gaps);
}

/* From its start to its last observation a row says what was, whatever nobody saw: times are named
 * for these two. */
static void check_truth(struct fixture *f, const struct world *w)
{
    struct rows q =
        db_ask(f->s->db, &f->s->e,
               "SELECT substr(state_start, 12, 2) * 60 + substr(state_start, 15, 2), "
               "substr(last_observed, 12, 2) * 60 + substr(last_observed, 15, 2), "
               "CAST(adherence_state AS INTEGER), CAST(substr(system_presence, 2) AS INTEGER) "
               "FROM adherence_state",
               NONE);

    while (db_next(&q)) {
        for (int64_t m = db_int(&q, 0); m <= db_int(&q, 1); m++) {
            fail_if(w->is[ADHERENCE][m] != db_int(&q, 2) || w->is[PRESENCE][m] != db_int(&q, 3),
                    "not so in minute %d: %s", (int)m, history(f));
        }
    }
    assert_true(db_end(&q));
}

/* The day's figures: all that was not near a poll is a gap. */
static void check_day(struct fixture *f, const struct world *w)
{
    int64_t observable = 0;

    for (size_t i = 1; i < w->poll_count; i++) {
        int64_t between = w->polls[i] - w->polls[i - 1];

        observable += between <= 15 ? between : 30;
    }
    for (size_t i = 0; i < query_count; i++) {
        if (str_eq(query_table[i].name, "adherence_day")) {
            struct rows q = db_ask(f->s->db, &f->s->e, query_table[i].sql, NONE);

            assert_int_equal(db_next(&q), w->poll_count > 0);
            if (w->poll_count > 0) {
                assert_in_range(db_int(&q, 3), 0, observable * 60);
                assert_in_range(db_int(&q, 8), w->polls[0] * 60, 86400);
            }
            assert_true(db_end(&q));
        }
    }
}

/* Triggers see what no later state of the file shows: a row's state and its end are final. */
static const char final[] =
    "CREATE TEMP TRIGGER final BEFORE UPDATE ON main.adherence_state "
    "WHEN (OLD.adherence_state, OLD.system_presence, OLD.routing_status) IS NOT "
    "(NEW.adherence_state, NEW.system_presence, NEW.routing_status) "
    "OR (OLD.management_unit_id IS NOT NEW.management_unit_id AND OLD.management_unit_id IS NOT "
    "NULL) "
    "OR (OLD.state_end IS NOT NULL AND NEW.state_end IS NOT NULL) "
    "BEGIN SELECT RAISE(ABORT, 'rewritten'); END";

TEST_IN_FIXTURE(test_random_days_are_true)
{
    uint32_t seed = (uint32_t)clock_now_ms();
    struct world w;

    print_message("seed %u\n", seed);
    scratch_exec(f->s, "PRAGMA synchronous = OFF");
    scratch_exec(f->s, final);
    scratch_exec(f->s,
                 "INSERT INTO zone_offset (utc_from, utc_to, offset_seconds, day, zone) VALUES "
                 "('2026-03-02T00:00:00.000Z', '2026-03-03T00:00:00.000Z', 0, '2026-03-02', "
                 "'UTC')");
    for (uint32_t i = 0; i < ROUNDS; i++) {
        make_world(&w, i < ROUNDS / 2 ? i : seed + i);
        live(f, &w);
        check_history(f, history(f));
        check_polls(f, &w);
        check_truth(f, &w);
        check_day(f, &w);
        scratch_exec(f->s, "DELETE FROM adherence_state; DELETE FROM observation_gap");
    }
}
