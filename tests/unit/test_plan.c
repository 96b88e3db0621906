#include "test.h"

#include "base/clock.h"
#include "etl/plan.h"

#define DAY   MS_PER_DAY
#define HOUR  MS_PER_HOUR
#define START (INT64_C(20000) * DAY)

static const struct pass_rule job = {.name = "job", .bound = SEES_AVAILABLE, .when = "auto job"};
static const struct pass_rule query = {.name = "query", .when = "auto query"};
static const struct pass_rule report = {.name = "report", .bound = SEES_ENDED};
static const struct pass_rule hours = {.name = "hours"};
static const struct pass_rule list = {.name = "list", .fresh_minutes = 360};
static const struct pass_rule reread = {.name = "reread", .whole = true};
static const struct pass_rule weekly = {
    .name = "weekly", .whole = true, .when = "query", .fresh_minutes = 7 * 24 * 60};

#define RULES(...) ((const struct pass_rule *const[]){__VA_ARGS__, NULL})

static struct plan_facts facts_of(const struct pass_rule *const *rules, const char *word,
                                  int64_t time_ms, int64_t available_ms)
{
    struct plan_facts f = {
        .time_ms = time_ms, .available_ms = available_ms, .lookback_days = 4, .reread_hours = 20};

    for (; rules[f.rule_count]; f.rule_count++) {
        f.rules[f.rule_count] = rules[f.rule_count];
        f.in_force |= plan_in_force(rules[f.rule_count]->when, word) ? 1U << f.rule_count : 0;
    }
    return f;
}

/* Days that a job and a query read, and whole passes beside them. */
static struct plan_facts facts(const char *word, int64_t time_ms, int64_t available_ms)
{
    return facts_of(RULES(&job, &query, &reread, &weekly), word, time_ms, available_ms);
}

static struct span span_from(int64_t start_ms)
{
    struct span w = {.start_ms = start_ms,
                     .end_ms = start_ms == TIME_NONE ? TIME_NONE : start_ms + DAY};

    for (size_t p = 0; p < PASSES_MAX; p++) {
        w.pass[p] = (struct pass_coverage){TIME_NONE, TIME_NONE};
    }
    return w;
}

/* Reads what a pass owes; up to where. */
static int64_t read_pass(struct span *w, size_t p, const struct plan_facts *f)
{
    int64_t to_ms = f->rules[p]->whole ? TIME_NONE : plan_owed(w, p, f);

    if (to_ms != TIME_NONE) {
        plan_settle(w, p, to_ms, f);
    }
    return to_ms;
}

/* A run: the passes in their order, each as it is owed after those before it. */
static bool read_window(struct span *w, const struct plan_facts *f)
{
    bool any = false;

    for (size_t p = 0; p < f->rule_count; p++) {
        any = read_pass(w, p, f) != TIME_NONE || any;
    }
    return any;
}

/* What a run that reads all it owes would read of the first two passes. */
static void owes(const struct span *w, const struct plan_facts *f, int64_t first_to,
                 int64_t second_to)
{
    struct span copy = *w;

    assert_int_equal(read_pass(&copy, 0, f), first_to);
    assert_int_equal(read_pass(&copy, 1, f), second_to);
}

TEST(words_of_a_setting_put_passes_in_force)
{
    static const struct {
        const char *when;
        const char *word;
        bool in_force;
    } cases[] = {
        {NULL, "auto", true},      {NULL, NULL, true},        {"auto job", "auto", true},
        {"auto job", "job", true}, {"auto job", "j", false},  {"auto job", "query", false},
        {"auto job", "", false},   {"auto job", NULL, false}, {"jobs", "job", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(plan_in_force(cases[i].when, cases[i].word), cases[i].in_force);
    }
}

TEST(auto_reads_a_day_as_it_grows)
{
    struct span w = span_from(START);
    struct plan_facts f = facts("auto", START + 6 * HOUR, START + 1 * HOUR);

    owes(&w, &f, START + 1 * HOUR, START + 6 * HOUR);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_OPEN);
    assert_int_equal(plan_covered(&w), START + 6 * HOUR);
    owes(&w, &f, TIME_NONE, TIME_NONE);

    f.time_ms = START + 8 * HOUR; /* later, with nothing new for the job */
    owes(&w, &f, TIME_NONE, START + 8 * HOUR);
    read_window(&w, &f);

    f.available_ms = START + 2 * HOUR; /* a job's answer is older than the query's before it */
    owes(&w, &f, START + 2 * HOUR, START + 8 * HOUR);
    read_pass(&w, 0, &f); /* the run ends between them: what the query brought is not whole */
    assert_int_equal(plan_covered(&w), START + 2 * HOUR);
    owes(&w, &f, TIME_NONE, START + 8 * HOUR);
    read_window(&w, &f);

    f.time_ms = START + 30 * HOUR; /* the day is over and not all is available */
    f.available_ms = START + 20 * HOUR;
    owes(&w, &f, START + 20 * HOUR, START + DAY);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_OPEN);
    assert_int_equal(plan_covered(&w), w.end_ms);

    f.available_ms = START + 25 * HOUR;
    owes(&w, &f, START + DAY, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);
    w = span_from(START); /* what the job sees is the job's, whether it could be read or not */
    assert_int_equal(plan_owed(&w, 1, &f), TIME_NONE);
}

TEST(finished_days_are_read_again_until_settled)
{
    struct span w = span_from(START);
    struct plan_facts f = facts("auto", START + 30 * HOUR, START + 25 * HOUR);

    read_window(&w, &f);
    f.available_ms = f.time_ms += 20 * HOUR - 1;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    assert_false(plan_needs_availability(&w, &f));
    f.time_ms += 1;
    assert_true(plan_needs_availability(&w, &f));
    owes(&w, &f, w.end_ms, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);

    f.time_ms = w.end_ms + 4 * DAY; /* out of the lookback: once more, for the last time */
    f.available_ms = f.time_ms - 5 * HOUR;
    owes(&w, &f, w.end_ms, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
    f.time_ms += 100 * DAY;
    f.available_ms += 100 * DAY;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    assert_false(plan_needs_availability(&w, &f));
}

TEST(a_longer_lookback_takes_days_in_again)
{
    struct span w = span_from(START);
    struct plan_facts f = facts("auto", START + 6 * DAY, START + 6 * DAY);

    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
    f.available_ms = f.time_ms = START + 8 * DAY;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    f.lookback_days = 10;
    owes(&w, &f, w.end_ms, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);
}

TEST(jobs_alone_stop_at_the_availability_date)
{
    struct span w = span_from(START);
    struct plan_facts f = facts("job", START + 6 * HOUR, START);

    owes(&w, &f, TIME_NONE, TIME_NONE); /* nothing of the day is available */
    f.available_ms = START + 3 * HOUR;
    owes(&w, &f, START + 3 * HOUR, TIME_NONE);
    read_window(&w, &f);
    owes(&w, &f, TIME_NONE, TIME_NONE);
    f.available_ms = START + 9 * HOUR; /* never past the run's TIME */
    owes(&w, &f, START + 6 * HOUR, TIME_NONE);
    plan_settle(&w, 0, START + HOUR, &f); /* its pages say that they go less far: no hole */
    assert_int_equal(plan_covered(&w), START + 3 * HOUR);
}

TEST(the_query_alone_needs_no_availability)
{
    struct span w = span_from(START);
    struct plan_facts f = facts("query", START + 6 * HOUR, TIME_NONE);

    assert_false(plan_needs_availability(&w, &f));
    owes(&w, &f, TIME_NONE, START + 6 * HOUR);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_OPEN);
    f.time_ms = START + 30 * HOUR;
    owes(&w, &f, TIME_NONE, START + DAY);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);
    f.time_ms = START + 5 * DAY;
    owes(&w, &f, TIME_NONE, START + DAY);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
}

TEST(what_sees_ended_windows_alone_waits_for_the_end)
{
    struct span w = span_from(START);
    struct plan_facts f = facts_of(RULES(&report, &hours), NULL, START + DAY - 1, TIME_NONE);

    assert_false(plan_needs_availability(&w, &f));
    owes(&w, &f, TIME_NONE, START + DAY - 1); /* the hours until then are the next pass's */
    read_window(&w, &f);
    f.time_ms = START + DAY;
    owes(&w, &f, START + DAY, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);
    f.time_ms = START + 5 * DAY;
    owes(&w, &f, START + DAY, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
}

TEST(a_changed_method_asks_for_jobs)
{
    struct span w = span_from(START);
    struct plan_facts f = facts("query", START + 6 * DAY, TIME_NONE);

    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
    f = facts("auto", START + 6 * DAY, START + 12 * HOUR);
    owes(&w, &f, START + 12 * HOUR, START + DAY);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_OPEN);
    assert_int_equal(plan_covered(&w), w.end_ms);
    f.available_ms = START + 6 * DAY;
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
    f = facts("query", START + 6 * DAY, TIME_NONE); /* a job's day is good enough for the query */
    owes(&w, &f, TIME_NONE, TIME_NONE);
}

TEST(time_and_availability_may_go_back)
{
    struct span w = span_from(START);
    struct plan_facts f = facts("auto", START + 10 * HOUR, START + 8 * HOUR);

    read_window(&w, &f);
    f.available_ms = START + 4 * HOUR;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    f.time_ms = START - HOUR;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    w = span_from(START);
    assert_false(plan_needs_availability(&w, &f));

    f = facts("auto", START + 2 * DAY, START + 2 * DAY);
    read_window(&w, &f);
    f.time_ms += 2 * DAY;
    f.available_ms = START + 8 * HOUR; /* a finished day never falls back to the query */
    owes(&w, &f, TIME_NONE, TIME_NONE);

    w = span_from(START); /* nor is less than all of it read again */
    f = facts("auto", START + 25 * HOUR, START + 25 * HOUR);
    read_window(&w, &f);
    f = facts("auto", START + 60 * HOUR, w.end_ms - 1);
    owes(&w, &f, TIME_NONE, TIME_NONE);
    f.available_ms = w.end_ms;
    owes(&w, &f, w.end_ms, TIME_NONE);
}

/* Genesys still changes data behind the availability date, however far ahead TIME is. */
TEST(a_time_in_the_future_settles_nothing)
{
    struct span w = span_from(START);
    struct plan_facts f = facts("auto", START + 40 * DAY, START + 2 * DAY);

    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);
    owes(&w, &f, TIME_NONE, TIME_NONE); /* nor is it read again and again for such a TIME */

    f = facts("job", START + 40 * DAY, START + 4 * DAY);
    owes(&w, &f, START + DAY, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED); /* the lookback's end: a day behind what there is */
}

/* The real moment, and passes of the whole stream, which keep their place there. */
TEST(the_moment_is_read_when_it_is_no_longer_fresh)
{
    static const struct {
        const struct pass_rule *rule;
        int64_t read_ms; /* after START */
        int64_t age_ms;
        bool owed;
    } cases[] = {
        {&list, TIME_NONE, 0, true},
        {&list, 0, 6 * HOUR - 1, false},
        {&list, 0, 6 * HOUR, true},
        {&list, 0, 0, false},
        {&list, 0, -1, true}, /* the clock jumped back */
        {&hours, 0, 0, true}, /* each run: a second poll is another moment */
        {&reread, 0, 0, true},
        {&weekly, TIME_NONE, 0, true},
        {&weekly, 0, 7 * DAY - 1, false},
        {&weekly, 0, 7 * DAY, true},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct span w = span_from(TIME_NONE);
        struct plan_facts f = facts_of(RULES(cases[i].rule), "query", START, TIME_NONE);

        if (cases[i].read_ms != TIME_NONE) {
            plan_settle(&w, 0, START, &f);
            assert_int_equal(plan_covered(&w), START);
        }
        f.time_ms += cases[i].age_ms;
        assert_int_equal(plan_owed(&w, 0, &f), cases[i].owed ? f.time_ms : TIME_NONE);
        f.in_force = 0;
        assert_int_equal(plan_owed(&w, 0, &f), TIME_NONE);
        assert_false(plan_needs_availability(&w, &f));
    }
}

/* --- any sequence of nights ------------------------------------------------------------------ */

/* splitmix64: equal numbers on every machine. */
static int64_t random_below(uint64_t *state, int64_t bound)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((z ^ (z >> 31)) % (uint64_t)bound);
}

/* Kinds of streams, by their passes, and the words of their setting. */
static struct plan_facts random_facts(uint64_t *random)
{
    static const char *const words[] = {"auto", "job", "query"};

    switch (random_below(random, 6)) {
    case 0:
        return facts_of(RULES(&hours), NULL, 0, TIME_NONE);
    case 1:
        return facts_of(RULES(&report), NULL, 0, TIME_NONE);
    case 2:
        return facts_of(RULES(&report, &hours, &reread), NULL, 0, TIME_NONE);
    case 3:
        return facts_of(RULES(&reread, &job, &report, &query), words[random_below(random, 2)], 0,
                        TIME_NONE);
    default:
        return facts(words[random_below(random, 3)], 0, TIME_NONE);
    }
}

/* Facts of one night: TIME may be mistyped, availability lags or, at times, goes back. */
static void move_time(uint64_t *random, struct plan_facts *f, int64_t time_ms)
{
    f->time_ms = time_ms + (random_below(random, 8) == 0 ? random_below(random, 400 * DAY) : 0);
    f->available_ms = time_ms - random_below(random, 3 * DAY);
}

/* The farthest that a pass in force sees. */
static int64_t sight(const struct span *w, size_t p, const struct plan_facts *f)
{
    int64_t to_ms = w->end_ms < f->time_ms ? w->end_ms : f->time_ms;

    if (f->rules[p]->bound == SEES_AVAILABLE && f->available_ms < to_ms) {
        return f->available_ms;
    }
    return f->rules[p]->bound == SEES_ENDED && f->time_ms < w->end_ms ? TIME_NONE : to_ms;
}

/* One night, whose run may end after any pass: coverage is what was in sight, and all of that. */
static void check_night(uint64_t *random, struct span *w, const struct plan_facts *f)
{
    int64_t reach_ms = TIME_NONE;
    bool whole_night = random_below(random, 5) > 0;

    for (size_t p = 0; p < f->rule_count; p++) {
        struct span before = *w;
        int64_t to_ms =
            f->rules[p]->whole || (f->in_force & 1U << p) == 0 ? TIME_NONE : sight(w, p, f);

        reach_ms = to_ms > reach_ms ? to_ms : reach_ms;
        if (f->rules[p]->whole || (!whole_night && random_below(random, 3) == 0)) {
            continue;
        }
        int64_t read_to_ms = read_pass(w, p, f);
        if (read_to_ms == TIME_NONE) {
            assert_memory_equal(w, &before, sizeof(before));
            continue;
        }
        assert_true(read_to_ms > w->start_ms && read_to_ms <= to_ms);
        assert_true(f->rules[p]->bound != SEES_AVAILABLE || plan_needs_availability(&before, f));
        assert_true(w->pass[p].covered_to_ms >= read_to_ms);
        assert_true(w->pass[p].read_ms <= f->time_ms ||
                    w->pass[p].read_ms == before.pass[p].read_ms);
    }
    if (whole_night) {
        assert_true(reach_ms <= w->start_ms || plan_covered(w) >= reach_ms);
        assert_false(read_window(w, f)); /* one more run with the same TIME owes nothing */
    }
}

TEST(any_sequence_of_nights_ends_settled)
{
    uint64_t random = 2;

    for (int round = 0; round < 40000; round++) {
        struct span w = span_from(START);
        struct plan_facts f = random_facts(&random);
        int64_t time_ms = START - DAY;
        int nights = 0;

        f.lookback_days = (int)random_below(&random, 9);
        f.reread_hours = (int)random_below(&random, 48);
        do {
            time_ms += HOUR + random_below(&random, 2 * DAY);
            move_time(&random, &f, time_ms);
            check_night(&random, &w, &f);
            assert_true(w.state != WINDOW_SETTLED || plan_covered(&w) >= w.end_ms);
            assert_true(++nights < 100);
        } while (w.state != WINDOW_SETTLED);
        f.time_ms += 100 * DAY;
        f.available_ms = f.time_ms;
        assert_false(read_window(&w, &f));
    }
}
