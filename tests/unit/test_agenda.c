#include "test.h"

#include "limit.h"
#include "scratch.h"
#include "streams/agenda.h"

#define DAY   MS_PER_DAY
#define HOUR  MS_PER_HOUR
#define START (INT64_C(20000) * DAY)

enum { DAYS = 5 };

static const struct pass_rule job = {.name = "job", .bound = SEES_AVAILABLE};
static const struct pass_rule query = {.name = "query"};
static const struct pass_rule whole = {.name = "whole", .whole = true};
static const struct pass_rule wfm = {.name = "wfm"};
static const struct pass_rule analytics = {.name = "analytics", .instead = true};
static const struct pass_rule private = {.name = "private", .instead = true};

#define RULES(...) ((const struct pass_rule *const[]){__VA_ARGS__, NULL})

static const struct pass by_cursor[] = {{.steps = STEPS({.path = "/", .rows = ""})},
                                        {.steps = STEPS({.path = "/", .rows = ""})},
                                        {.steps = STEPS({.path = "/", .rows = ""})}};
static const struct pass by_number[] = {
    {.steps = STEPS({.path = "/", .rows = "", .follow = FOLLOW_PAGES})}};

/* Days from START on, oldest first, and at the end the real moment. */
struct world {
    struct arena *arena;
    struct window windows[DAYS + 1];
    struct stream stream;
    struct ledger ledger;
    struct agenda g;
};

static int enter(void **state)
{
    static struct world w;

    w = (struct world){.arena = arena_new(0)};
    for (size_t i = 0; i <= DAYS; i++) {
        struct window *one = &w.windows[i];
        bool is_day = i < DAYS;

        one->window_id = (int64_t)i;
        one->span.start_ms = is_day ? START + (int64_t)i * DAY : TIME_NONE;
        one->span.end_ms = is_day ? START + (int64_t)(i + 1) * DAY : TIME_NONE;
        for (size_t p = 0; p < PASSES_MAX; p++) {
            one->span.pass[p] = (struct pass_coverage){TIME_NONE, TIME_NONE};
            one->now[p] = (struct cursor){.target_to_ms = TIME_NONE, .page_ms = TIME_NONE};
        }
    }
    *state = &w;
    return 0;
}

static int leave(void **state)
{
    struct world *w = *state;

    arena_free(w->arena);
    return 0;
}

static void begin(struct world *w, const struct pass_rule *const *rules, const char *remembered)
{
    struct plan_facts *f = &w->g.facts;

    f->time_ms = START + DAYS * DAY + HOUR;
    f->available_ms = f->time_ms - 2 * HOUR;
    f->lookback_days = 30;
    f->reread_hours = 20;
    for (; rules[f->rule_count]; f->rule_count++) {
        f->rules[f->rule_count] = rules[f->rule_count];
        f->in_force |= 1U << f->rule_count;
    }
    w->stream = (struct stream){.title = "states",
                                .grid = plan_has_stand_in(f, 0) ? GRID_MOMENT : GRID_UTC_DAY,
                                .passes = by_cursor};
    w->g.stream = &w->stream;
    w->g.ledger = &w->ledger;
    w->g.windows = (struct windows){.list = w->windows, .count = DAYS + 1};
    agenda_begin(&w->g, remembered);
}

/* The turns that are left, in which all that is due is read: "pass: window window ..; ". */
static const char *turns(struct world *w)
{
    struct agenda *g = &w->g;
    const char *text = "";
    struct window *due;

    while (agenda_turn(g)) {
        size_t p = g->order[g->at];
        text = arena_printf(w->arena, "%s%s:", text, g->facts.rules[p]->name);
        while ((due = agenda_next(g, NULL))) {
            text = arena_printf(w->arena, "%s %lld", text, (long long)due->window_id);
            plan_settle(&due->span, p, agenda_owed(g, due), &g->facts);
            g->read_any = g->read_any || !g->facts.rules[p]->whole;
        }
        text = arena_printf(w->arena, "%s; ", text);
    }
    return text;
}

TEST_OF(struct world *w, enter, leave, passes_take_turns)
{
    begin(w, RULES(&job, &query, &whole), NULL);
    assert_true(agenda_needs_availability(&w->g));
    /* The last day is not wholly available: the query brings its end. */
    assert_string_equal(turns(w), "job: 0 1 2 3 4; query: 4; whole: 5; ");
    assert_string_equal(turns(w), "");
}

TEST_OF(struct world *w, enter, leave, after_trouble_the_newest_goes_first)
{
    begin(w, RULES(&query), NULL);
    assert_true(agenda_turn(&w->g));
    assert_int_equal(agenda_next(&w->g, NULL)->window_id, 0);
    w->g.troubled = TROUBLED_MAX - 1;
    assert_int_equal(agenda_next(&w->g, NULL)->window_id, DAYS - 1);
    assert_int_equal(agenda_close(&w->g), DAYS - 2);
    assert_null(agenda_next(&w->g, NULL));
    /* Those that were taken are still owed, the others are not asked for in this run. */
    assert_string_equal(turns(w), "query: 0 4; ");
}

TEST_OF(struct world *w, enter, leave, a_day_too_large_goes_to_the_pass_before)
{
    begin(w, RULES(&job, &query), NULL);
    w->g.facts.available_ms = TIME_NONE; /* no job sees anything yet */
    assert_true(agenda_turn(&w->g));
    assert_int_equal(w->g.order[w->g.at], 1);
    for (size_t i = 0; i < DAYS; i++) {
        struct window *due = agenda_next(&w->g, NULL);
        assert_non_null(due);
        due->failed |= 1U << 1;
        if (i % 2 == 0) {
            due->too_large_ms = agenda_owed(&w->g, due);
            w->g.too_large = true;
        }
    }
    assert_string_equal(turns(w), "job: 0 2 4; ");
}

TEST_OF(struct world *w, enter, leave, of_passes_that_stand_in_one_is_enough)
{
    begin(w, RULES(&wfm, &analytics, &private), "analytics");
    assert_true(agenda_turn(&w->g));
    assert_string_equal(w->g.facts.rules[w->g.order[w->g.at]]->name, "analytics");
    w->windows[DAYS].failed = w->windows[DAYS].refused = 1U << w->g.order[w->g.at];
    assert_int_equal(agenda_close(&w->g), 1);
    assert_true(agenda_turn(&w->g)); /* that one was not granted: those before and after it */
    assert_string_equal(w->g.facts.rules[w->g.order[w->g.at]]->name, "wfm");
    assert_string_equal(turns(w), "wfm: 5; ");
}

TEST_OF(struct world *w, enter, leave, nothing_stands_in_for_what_was_read_at_this_very_time)
{
    begin(w, RULES(&wfm, &analytics), NULL);
    plan_settle(&w->windows[DAYS].span, 0, w->g.facts.time_ms, &w->g.facts);
    assert_string_equal(turns(w), "");
}

/* Refused to several scopes, and granted to none, it is to all; a scope that is refused by all is
 * counted, and where none answers all of them are named. */
TEST_OF(struct world *w, enter, leave, what_is_refused_to_several_scopes_is_to_all)
{
    static const char *const scopes[] = {"a", "b", "b", "c", "d", "e"};
    struct err why;
    struct err e;
    struct window *due;

    err_set(&why, ERR_PERMISSION, "no");
    begin(w, RULES(&wfm, &analytics), NULL);
    for (size_t i = 0; i <= DAYS; i++) {
        w->windows[i].scope = scopes[i];
        w->windows[i].span.start_ms = w->windows[i].span.end_ms = TIME_NONE;
    }
    assert_true(agenda_has_source(&w->g, w->arena, &e)); /* nobody was asked */
    for (size_t p = 0; p < 2; p++) {
        size_t asked = 0;
        size_t lost = 0;

        assert_true(agenda_turn(&w->g));
        for (; (due = agenda_next(&w->g, NULL)); asked++) {
            due->failed |= 1U << p;
            lost += agenda_refuse(&w->g, due, p, &why);
        }
        assert_int_equal(asked, 4); /* three scopes, one of them twice */
        assert_int_equal(lost, p == 0 ? 0 : DAYS + 1);
    }
    assert_false(agenda_turn(&w->g));
    assert_false(agenda_has_source(&w->g, w->arena, &e));
    assert_int_equal(e.kind, ERR_PERMISSION);
    assert_non_null(strstr(e.message, "no source of states answers; wfm: no; analytics: no"));
    assert_true(agenda_grant(&w->g, 0));
    assert_false(agenda_grant(&w->g, 1)); /* the preferred one is, elsewhere */
    assert_true(agenda_has_source(&w->g, w->arena, &e));
}

/* Of scopes each is asked for by the next one where the one before was refused to it. */
TEST_OF(struct world *w, enter, leave, each_scope_has_its_stand_in)
{
    for (size_t i = 0; i <= DAYS; i++) {
        w->windows[i].scope = "unit";
    }
    begin(w, RULES(&wfm, &analytics), NULL);
    w->stream.grid = GRID_UTC_DAY;
    assert_true(agenda_turn(&w->g));
    w->windows[1].refused = w->windows[1].failed = w->windows[3].failed = 1;
    assert_int_equal(agenda_close(&w->g), DAYS);
    assert_string_equal(turns(w), "analytics: 1; ");
}

/* Together with a window go those of its time and zone that are as far as it is. */
TEST_OF(struct world *w, enter, leave, what_may_be_asked_for_together)
{
    static const struct {
        const char *zone;
        const char *token;
        bool alone;
        const char *taken; /* "" and numbers of windows, once this one is due */
    } cases[] = {
        {"A", NULL, false, "1"}, {"A", NULL, false, ""}, {"B", NULL, false, "5"},
        {"A", "t", false, "4"},  {"A", "t", false, ""},  {"B", NULL, false, ""},
        {"A", NULL, true, ""},
    };
    struct window windows[COUNT(cases)];

    for (size_t i = 0; i < COUNT(cases); i++) {
        windows[i] = w->windows[0];
        windows[i].window_id = (int64_t)i;
        windows[i].zone = cases[i].zone;
        windows[i].alone = cases[i].alone;
        windows[i].now[0].token = cases[i].token;
        windows[i].now[0].target_to_ms = cases[i].token ? START + DAY : TIME_NONE;
    }
    begin(w, RULES(&wfm), NULL);
    w->g.windows = (struct windows){.list = windows, .count = COUNT(cases)};
    w->stream.grid = GRID_UTC_DAY;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct window *more;
        struct window *last = NULL;
        const char *taken = "";

        w->g.next = i + 1;
        w->g.due_count = COUNT(cases) - i - 1;
        for (size_t k = 0; k < COUNT(cases); k++) {
            windows[k].due = k > i;
        }
        size_t count = w->g.due_count;
        while ((more = agenda_next(&w->g, &windows[i]))) {
            taken = arena_printf(w->arena, "%s%d", taken, (int)more->window_id);
            last = more;
        }
        assert_string_equal(taken, cases[i].taken);
        assert_int_equal(w->g.due_count, count - strlen(taken));
        if (last) {
            agenda_again(&w->g, last);
            assert_ptr_equal(agenda_next(&w->g, &windows[i]), last);
        }
    }
}

/* What is stored of a reading. */
static const struct {
    const char *what;
    size_t window;
    int64_t target_hours; /* before what is owed */
    int64_t begun_hours;  /* before planning time */
    int64_t page;
    int64_t page_age_ms; /* -1: no page was committed */
    bool by_number;
    bool observes;
    bool resumes;
} stored[] = {
    {"a cursor of a day", 0, 0, 1, 1, -1, false, false, true},
    {"one that reaches less far", 0, 5, 1, 1, -1, false, false, true},
    {"one that reaches too far", 0, -1, 1, 1, -1, false, false, false},
    {"what is observed", 0, 0, 1, 1, -1, false, true, false},
    {"the first page by number", 0, 0, 1, 1, -1, true, false, true},
    {"a later page by number", 0, 0, 1, 2, 1000, true, false, true},
    {"one that is long ago", 0, 0, 1, 2, 700000, true, false, false},
    {"one of a time to come", 0, 0, 1, 2, -60000, true, false, false},
    {"a later page, no time known", 0, 0, 1, 2, -1, true, false, false},
    {"a cursor of the moment", DAYS, 0, 5, 1, -1, false, false, true},
    {"an old one", DAYS, 0, 7, 1, -1, false, false, false},
    {"a later page of the moment", DAYS, 0, 1, 2, 1000, true, false, false},
};

TEST_OF(struct world *w, enter, leave, a_stored_reading_goes_on_where_its_cursor_means_something)
{
    static const struct pass_rule list = {.name = "list", .fresh_minutes = 360};

    limit("RESUME_PAGE_MS", "600000");
    begin(w, RULES(&list), NULL);
    for (size_t i = 0; i < COUNT(stored); i++) {
        struct window *one = &w->windows[stored[i].window];
        int64_t to_ms = START + DAY;

        assert_false(agenda_resumes(&w->g, one, to_ms));
        one->now[0] = (struct cursor){
            .target_to_ms = to_ms - stored[i].target_hours * HOUR,
            .begun_ms = w->g.facts.time_ms - stored[i].begun_hours * HOUR,
            .page = stored[i].page,
            .page_ms =
                stored[i].page_age_ms == -1 ? TIME_NONE : clock_now_ms() - stored[i].page_age_ms,
        };
        w->stream.passes = stored[i].by_number ? by_number : by_cursor;
        w->stream.load = stored[i].observes ? LOAD_OBSERVE : LOAD_ENTITY;
        if (agenda_resumes(&w->g, one, to_ms) != stored[i].resumes) {
            fail_msg("%s", stored[i].what);
        }
        one->now[0].target_to_ms = TIME_NONE;
    }
    limit("RESUME_PAGE_MS", NULL);
}

TEST(a_reading_asks_from_the_window_or_from_the_last_one_on)
{
    static const struct {
        int64_t start_ms;
        int64_t covered_ms;
        int64_t since_ms;
    } cases[] = {
        {START, START + HOUR, START},
        {TIME_NONE, TIME_NONE, START - DAY},
        {TIME_NONE, START - 3 * HOUR, START - 4 * HOUR},
        {TIME_NONE, START - 30 * DAY, START - 7 * DAY},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct span w = {.start_ms = cases[i].start_ms};

        w.pass[0].covered_to_ms = cases[i].covered_ms;
        assert_int_equal(plan_since(&w, 0, START), cases[i].since_ms);
    }
}

TEST(a_stream_in_need_of_fresher_rows_outbids_the_rule)
{
    static const struct pass_rule list = {.name = "list", .fresh_minutes = 360};
    struct plan_facts f = {.rules = {&list}, .rule_count = 1};

    assert_int_equal(plan_fresh_ms(&f, 0), 360 * MS_PER_MINUTE);
    f.fresh_minutes = 60;
    assert_int_equal(plan_fresh_ms(&f, 0), 60 * MS_PER_MINUTE);
    f.fresh_minutes = 600;
    assert_int_equal(plan_fresh_ms(&f, 0), 360 * MS_PER_MINUTE);
}

TEST_OF(struct scratch *s, scratch_open, scratch_close, ids_are_those_that_the_sql_lists)
{
    static const char users[] = "SELECT user_id FROM user ORDER BY user_id";
    static const struct pass_rule rule = {.name = "ids"};
    static const struct {
        const char *sql;
        const char *after;
        const char *ids;
    } cases[] = {
        {users, NULL, "u1 u2 u3"},
        {users, "u1", "u2 u3"},
        {users, "u2x", "u3"}, /* gone since */
        {users, "u3", ""},
        {"SELECT 'at ' || ?1", NULL, "at 2024-10-04T00:00:00.000Z"},
        {"SELECT user_id FROM user ORDER BY user_id LIMIT ?6", NULL, "u1 u2"},
        {"SELECT ?3 || ' ' || ?4 || ' ' || ?5", NULL,
         "2024-10-02T00:00:00.000Z 2024-10-04T00:00:00.000Z unit"},
        {"SELECT ?2 || ' to ' || ?1", NULL, "2024-10-03T00:00:00.000Z to 2024-10-04T00:00:00.000Z"},
        {"SELECT NULL UNION ALL SELECT 'x'", NULL, "x"}, /* a record may name none */
    };
    struct pass pass = {.steps = STEPS({.path = "/", .rows = ""})};
    const struct stream stream = {.grid = GRID_UTC_DAY, .passes = &pass};
    const struct config config = {.open_reread_max = 2};
    struct ledger ledger = {.db = s->db};
    struct agenda g = {.stream = &stream, .config = &config, .ledger = &ledger};
    struct window w = {.scope = "unit", .span = {.start_ms = START - 2 * DAY, .end_ms = START}};
    struct pager_spec ask = {.label = "ids"};

    g.facts = (struct plan_facts){
        .time_ms = START, .lookback_days = 1, .rules = {&rule}, .rule_count = 1, .in_force = 1};
    w.span.pass[0].read_ms = TIME_NONE;
    scratch_exec(s, "INSERT INTO user (user_id) VALUES ('u2'), ('u1'), ('u3')");
    for (size_t i = 0; i < COUNT(cases); i++) {
        pass.ids = cases[i].sql;
        w.now[0] = (struct cursor){.target_to_ms = cases[i].after ? START : TIME_NONE,
                                   .at = cases[i].after};
        check(agenda_ask(&g, &w, START, &ask, s->arena, &s->e), s);
        assert_string_equal(str_join(s->arena, ask.ids, ask.id_count, " "), cases[i].ids);
    }
}
