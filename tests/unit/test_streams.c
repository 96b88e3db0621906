/* The streams: how they are asked. */
#include "test.h"

#include "sql.h"
#include "streams/agenda.h"

/* --- streams and passes --- */

TEST(test_registry)
{
    /* The numbers are places in lock files that other versions hold: they never change. */
    static const char names[] =
        "users queues adherence_realtime conversations queue_members wrapup_codes "
        "skills languages divisions teams team_members user_groups locations "
        "presence_definitions business_units activity_codes management_units "
        "management_unit_users flows flow_outcome_definitions flow_milestones "
        "campaigns contact_lists messaging_campaigns data_tables "
        "recording_policies adherence_historical adherence_explanation user_status "
        "schedules conversation_aggregate user_aggregate evaluation_details "
        "survey_details evaluation_forms survey_forms sites edges stations dids "
        "trunks";
    ARENA_SCOPED struct arena *a = arena_new(0);
    size_t slots;
    char **by_slot = str_split_list(a, names, &slots);

    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];
        size_t needed = 0;

        assert_in_range(s->lock_slot, 0, slots - 1);
        assert_string_equal(s->name, by_slot[s->lock_slot]);
        assert_ptr_equal(stream_find(s->name), s);
        while (s->needs && !str_eq(stream_registry[needed]->name, s->needs)) {
            needed++;
            assert_true(needed < i); /* it is read before */
        }
    }
    assert_null(stream_find("conversation"));
    assert_null(stream_find(NULL));
    assert_string_equal(stream_recent()->name, "conversations");
}

static const struct stream named[] = {
    {.name = "calls"},
    {.name = "teams", .groups = "lists"},
    {.name = "members", .groups = "lists teams"},
    {.name = "trunks", .groups = "telephony"},
};
static const struct stream *const named_list[] = {&named[0], &named[1], &named[2], &named[3]};

static void name_them(void)
{
    stream_registry = named_list;
    stream_registry_count = COUNT_OF(named_list);
}

/* What the words of [extract] streams mean, and what leaves one more stream out. */
TEST(test_words)
{
    static const struct {
        const char *words;
        const char *meant; /* first letters */
        const char *without_members;
    } cases[] = {
        {"", "ctm", "all, -members"},
        {"all", "ctm", "all, -members"},
        {"-teams", "c", NULL},
        {"lists", "tm", "lists, -members"},
        {"all, telephony -lists", "ct", NULL}, /* t: trunks */
        {"-members, teams", "t", NULL},
        {"teams, calls, -teams", "c", NULL},
        {"members", "m", NULL}, /* nothing would be left */
        {"telephony", "t", NULL},
        {"-lists, lists", "", NULL},
    };
    const struct stream *const *was = stream_registry;
    size_t count_was = stream_registry_count;
    ARENA_SCOPED struct arena *a = arena_new(0);
    size_t count;

    name_them();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config c = {.streams_written = cases[i].words};
        const char *meant = "";

        c.streams = (const char *const *)str_split_list(a, cases[i].words, &c.stream_count);
        for (size_t n = 0; n < COUNT_OF(named); n++) {
            bool is_meant = stream_is_listed(&named[n], c.streams, c.stream_count);
            meant = arena_printf(a, "%s%.*s", meant, is_meant ? 1 : 0, named[n].name);
        }
        assert_string_equal(meant, cases[i].meant);
        const char *without = stream_leave_out(&c, &named_list[2], 1, a);
        assert_true(without ? str_eq(without, cases[i].without_members)
                            : !cases[i].without_members);
    }
    const char **words = stream_words(a, &count);
    assert_int_equal(count, 6);
    assert_string_equal(words[4], "lists");
    assert_string_equal(words[5], "telephony");
    stream_registry = was;
    stream_registry_count = count_was;
}

/* What the groups of the registry hold, which configurations name. */
TEST(test_groups)
{
    static const struct {
        const char *words;
        const char *meant;
    } cases[] = {
        {"adherence", "adherence_realtime adherence_historical adherence_explanation "},
        {"agents", "user_status schedules "},
        {"aggregates", "conversation_aggregate user_aggregate "},
        {"quality", "evaluation_forms survey_forms evaluation_details survey_details "},
        {"telephony", "sites edges stations dids trunks "},
        {"teams", "teams team_members "},
        {"management_units", "management_units management_unit_users "},
        {"business_units", "business_units activity_codes "},
        {"conversations", "conversations "},
        {"all -dimensions", "adherence_realtime conversations adherence_historical "
                            "adherence_explanation user_status schedules "
                            "conversation_aggregate user_aggregate "},
    };
    ARENA_SCOPED struct arena *a = arena_new(0);

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t count;
        const char *meant = "";
        const char *const *words = (const char *const *)str_split_list(a, cases[i].words, &count);

        for (size_t n = 0; n < stream_registry_count; n++) {
            bool is_meant = stream_is_listed(stream_registry[n], words, count);
            meant = arena_printf(a, "%s%s%s", meant, is_meant ? stream_registry[n]->name : "",
                                 is_meant ? " " : "");
        }
        assert_string_equal(meant, cases[i].meant);
    }
}

/* A step says all that its kind takes, and nothing else. */
static void check_step(const struct step *t)
{
    bool known_ahead = t->follow == FOLLOW_IDS || t->follow == FOLLOW_PAGES;

    assert_true(t->follow == FOLLOW_URLS || str_starts_with(t->path, "/api/v2/"));
    assert_int_equal(t->body != NULL, t->method == HTTP_POST);
    assert_true(!t->ids_as || t->follow == FOLLOW_IDS);
    assert_int_equal(t->cursor != NULL, t->follow == FOLLOW_CURSOR);
    assert_int_equal(t->state != NULL, t->done != NULL);
    assert_true(t->state || t->follow != FOLLOW_DONE);
    assert_true(t->size > 0 || (!known_ahead && t->follow != FOLLOW_CURSOR));
}

TEST(test_passes)
{
    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        for (size_t p = 0; p < s->pass_count; p++) {
            const struct pass *pass = &s->passes[p];
            size_t with_rows = 0;

            for (const struct step *t = pass->steps; t->path; t++) {
                check_step(t);
                with_rows += t->rows != NULL;
                assert_true(!t->cleanup || !t[1].path); /* comes last */
            }
            assert_true(with_rows > 0);
            assert_int_equal(pass->available != NULL, pass->plan.bound == SEES_AVAILABLE);
            const struct step *t = step_of_rows(pass->steps);
            assert_int_equal(pass->ids != NULL, t->ids_as != NULL);
            assert_true(t->ids_as || t->follow != FOLLOW_IDS || s->list);
            assert_true(p > 0 || !pass->plan.instead);
        }
    }
}

/* The setting's words are those of the passes, and each of them reads something. */
TEST(test_settings)
{
    static const struct {
        const char *stream;
        const char *word;
        const char *passes;
    } cases[] = {
        {"conversations", "auto", "job query reread"},
        {"conversations", "job", "job reread"},
        {"conversations", "query", "query reread late"},
        {"adherence_realtime", "auto", "workforcemanagement agents_status realtime_intervals"},
        {"adherence_realtime", "agents_status", "agents_status"},
        {"conversations", "quer", "reread"},
        {"conversations", NULL, "reread"},
        {"users", NULL, "list"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct stream *s = stream_find(cases[i].stream);
        unsigned in_force = stream_in_force(s, cases[i].word);

        for (size_t p = 0; p < s->pass_count; p++) {
            assert_int_equal((in_force & 1U << p) != 0,
                             str_has_word(cases[i].passes, s->passes[p].plan.name));
        }
    }
    /* What a pass names is a word that the setting takes. */
    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        for (size_t p = 0; p < s->pass_count; p++) {
            const char *when = s->passes[p].plan.when;
            const char *word = when && strrchr(when, ' ') ? strrchr(when, ' ') + 1 : when;

            assert_true(!when || str_has_word(s->setting->words, word));
        }
    }
}

TEST(test_looks)
{
    const struct stream *s = stream_find("evaluation_details");
    struct config c = {.later_looks = {15, 31}, .later_look_count = 2};
    struct plan_facts f = {.look_count = 0};

    stream_plan(s, &c, false, &f);
    assert_int_equal(f.look_count, 3);
    assert_int_equal(f.looks[0] + f.looks[1], 15 + 31);
    assert_int_equal(f.looks[2], 93);
    stream_plan(stream_find("conversations"), &c, false, &f);
    assert_int_equal(f.look_count, 2);
    c.later_look_count = 0; /* the stream's own neither */
    stream_plan(s, &c, false, &f);
    assert_int_equal(f.look_count, 0);
}

/* --- what is asked for by id --- */

static const char *ids_of(struct db *d, const char *stream, const char *pass, const char *time,
                          int64_t most, struct arena *a)
{
    const struct stream *s = stream_find(stream);
    struct ledger l = {.db = d, .run_id = -1};
    struct config c = {.lookback_days = 4, .open_reread_max = (int)most};
    struct agenda g = {.stream = s, .config = &c, .ledger = &l};
    struct window w = {.span = {.start_ms = TIME_NONE, .end_ms = TIME_NONE}};
    struct pager_spec ask = {.label = stream};
    struct err e;

    g.order[0] = (size_t)(stream_pass(s, pass) - s->passes);
    w.now[g.order[0]].target_to_ms = w.span.pass[g.order[0]].read_ms = TIME_NONE;
    assert_true(clock_parse(time, true, &g.facts.time_ms));
    stream_plan(s, &c, false, &g.facts);
    assert_true(agenda_ask(&g, &w, g.facts.time_ms, &ask, a, &e));
    return str_join(a, ask.ids, ask.id_count, " ");
}

#define ASKED "2026-03-20T12:00:00.000Z"

TEST(test_ids)
{
    static const struct {
        const char *stream;
        const char *pass;
        const char *time;
        int64_t most;
        const char *ids;
    } cases[] = {
        {"adherence_realtime", "workforcemanagement", "2026-03-20", 0, "u1 u2 u4"},
        {"conversations", "reread", "2026-03-20T08:00Z", 9, "c1 c3 c5 c7 c8"},
        {"conversations", "reread", "2026-03-20T12:00Z", 9,
         "c1 c2 c3 c5 c7 c8"},                                        /* of an earlier run */
        {"conversations", "reread", "2026-03-20T12:00Z", 2, "c5 c8"}, /* the oldest */
        {"conversations", "reread", "2026-03-20T12:00Z", 0, ""},
        /* c5 and c8 are asked for, and c8 is not known. */
        {"conversations", NULL, "2026-03-20T12:00Z", 0, NULL},
        {"conversations", "reread", "2026-03-21T12:00Z", 9, "c1 c2 c3 c7"},
        {"conversations", "reread", "2026-03-21T12:00Z", 1, "c3"},
        {"conversations", "reread", "2026-03-27T11:59Z", 9, "c1 c2 c3 c7"},
        {"conversations", "reread", "2026-03-27T12:00Z", 9, "c1 c2 c3 c5 c7 c8"}, /* weekly */
        {"conversations", "reread", "2026-03-19T12:00Z", 9, "c1 c3 c5 c7 c8"}, /* clock set back */
        {"conversations", "late", "2026-03-20T12:00Z", 9, "c4"}, /* a job read last at 08:00 */
    };
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct err e;
    struct db *d = db_open_memory(true, &e);

    assert_non_null(d);
    assert_true(db_exec(
        d,
        "INSERT INTO user (user_id, state) VALUES ('u2', 'active'), ('u1', 'inactive'), "
        "('u3', 'deleted'), ('u4', NULL); "
        "INSERT INTO conversation (conversation_id, conversation_start, conversation_end) VALUES "
        "('c3', '2026-03-20T00:00:00.000Z', NULL), "
        "('c2', '2026-03-21T00:00:00.000Z', NULL), " /* the query has read its day */
        "('c1', '2026-03-22T00:00:00.000Z', NULL), " /* a job has */
        "('c7', '2026-03-23T00:00:00.000Z', NULL), " /* the query has begun to */
        "('c4', '2026-03-16T07:00:00.000Z', '2026-03-16T08:00:00.001Z'), "
        "('c5', '2026-01-01T00:00:00.000Z', NULL), "
        "('c8', '2026-03-01T00:00:00.000Z', NULL), "
        "('c6', '2026-03-16T07:00:00.000Z', '2026-03-16T07:59:59.998Z'); "
        "INSERT INTO extract_window (window_id, stream, window_start, window_end) VALUES "
        "(1, 'conversations', '2026-03-21T00:00:00.000Z', '2026-03-22T00:00:00.000Z'), "
        "(2, 'conversations', '2026-03-22T00:00:00.000Z', '2026-03-23T00:00:00.000Z'), "
        "(3, 'conversations', '2026-03-23T00:00:00.000Z', '2026-03-24T00:00:00.000Z'); "
        "INSERT INTO window_pass (window_id, pass, covered_to, read_at) VALUES "
        "(1, 'query', '2026-03-20T08:00:00.000Z', '2026-03-20T08:00:00.000Z'), "
        "(2, 'job', '2026-03-20T08:00:00.000Z', '2026-03-20T08:00:00.000Z'), "
        "(3, 'query', NULL, NULL)",
        &e));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (!cases[i].pass) {
            assert_true(db_do(d, &e, sql_conversations_asked, S("c5"), S(ASKED), I(1)));
            assert_true(db_do(d, &e, sql_conversations_asked, S("c8"), S(ASKED), I(0)));
            continue;
        }
        print_message("%s %s\n", cases[i].pass, cases[i].time);
        assert_string_equal(
            ids_of(d, cases[i].stream, cases[i].pass, cases[i].time, cases[i].most, a),
            cases[i].ids);
    }
    db_close(d);
}

/* --- what a night costs --- */

static const struct stream days = {
    .name = "days",
    .grid = GRID_BUSINESS_DAY,
    .scope = "SELECT 1",
    .needs = "units",
    .look_days = 93,
    PASSES({.plan = {.name = "job", .when = "auto"},
            .steps =
                STEPS({.path = "/j", .token = "id"}, {.path = "/j/{token}", .follow = FOLLOW_DONE},
                      {.path = "/r", .follow = FOLLOW_CURSOR, .size = 100, .rows = "r"})},
           {.plan = {.name = "rest"}, .steps = STEPS({.path = "/q", .rows = "r"})},
           {.plan = {.name = "old", .whole = true},
            .steps = STEPS(
                {.path = "/i", .follow = FOLLOW_IDS, .size = 50, .rows = "r", .ids_as = "i"})}),
};

TEST(test_cost)
{
    struct cost_facts f = {.lookback_days = 7, .looks = 2, .counts = "units=3  days=250"};
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *words;

    /* Of each unit: 9 days, 3 looks; a submission, three polls, three pages. */
    assert_int_equal(cost_night(&days, 1, &f, a, &words), 3 * 12 * 7);
    assert_string_equal(words, "job: 1 + 3 polls + rows / 100, for 12 days, for each of units");
    assert_int_equal(cost_night(&days, 3, &f, a, &words), 3 * (12 * 7 + 1));
    assert_int_equal(cost_night(&days, 7, &f, a, &words), 3 * (12 * 7 + 1) + 1);
    f.looks = 0;
    f.counts = "";
    assert_int_equal(cost_night(&days, 1, &f, a, &words), 9 * 5);
    f.counts = "unit=5 day=7 users=250";
    assert_int_equal(cost_night(&days, 1, &f, a, &words), 9 * 5);
    assert_int_equal(cost_night(&stream_users, 1, &f, a, &words), 3);
    assert_int_equal(cost_night(&stream_conversation_aggregate, 1, &f, a, &words), 9 * 3);
    assert_string_equal(words, "query: words / 9, for 9 days");
    /* Units of a zone are asked for together, of days that are over; files come from elsewhere;
     * some answers come as a job, or only when they are asked for again. */
    f.counts = "management_units=20 zones=3";
    assert_int_equal(cost_night(&stream_adherence_historical, 1, &f, a, &words), 8 * 3 * (1 + 3));
    assert_int_equal(cost_night(&stream_schedules, 1, &f, a, &words), 4 * 20 * 5 / 4);
    assert_string_equal(words, "search: 1 + 0.25 polls, for 4 days, for each of management_units");
    f.counts = "business_units=2 conversations=1000";
    assert_int_equal(cost_night(&stream_adherence_explanation, 1, &f, a, &words),
                     9 * 2 * 7 / 4 + 1);
    assert_string_equal(words, "query: 1 + 0.75 polls, for 9 days, for each of business_units");
    assert_int_equal(cost_night(&stream_evaluation_details, 1, &f, a, &words), 9 * 1000 / 50);
}
