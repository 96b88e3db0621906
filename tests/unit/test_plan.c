#include "test.h"

#include <stdlib.h>

#include "base/str.h"
#include "etl/plan.h"

#define DAY   MS_PER_DAY
#define HOUR  MS_PER_HOUR
#define START (INT64_C(20000) * DAY)
#define NONE  TIME_NONE

static const struct pass_rule job = {.name = "job", .bound = SEES_AVAILABLE, .when = "auto job"};
static const struct pass_rule query = {.name = "query", .when = "auto query"};
static const struct pass_rule report = {.name = "report", .bound = SEES_ENDED};
static const struct pass_rule plans = {.name = "plans", .bound = SEES_AHEAD};
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
        const char *when = rules[f.rule_count]->when;

        f.in_force |= !when || (word && str_has_word(when, word)) ? 1U << f.rule_count : 0;
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

/* One run after the other on a window; a name begins with a new one. Times are after START. */
static const struct {
    const char *name;
    const char *word; /* of the setting; NULL: a stream of ended windows and hours */
    int64_t time_ms;
    int64_t available_ms;
    int64_t first; /* what the first two passes owe */
    int64_t second;
    int reads; /* passes that the run gets to */
    enum window_state state;
    int64_t covered_ms; /* afterwards */
    bool needs;         /* the availability date, before */
    int lookback_days;  /* 0: four */
} runs[] = {
    {"auto reads a day as it grows", "auto", 6 * HOUR, HOUR, HOUR, 6 * HOUR, 2, WINDOW_OPEN,
     6 * HOUR, true, 0},
    {NULL, "auto", 6 * HOUR, HOUR, NONE, NONE, 2, WINDOW_OPEN, 6 * HOUR, true, 0},
    /* later, with nothing new for the job; then a job's answer is older than the query's before
     * it, and the run ends between them: what the query brought is not whole */
    {NULL, "auto", 8 * HOUR, HOUR, NONE, 8 * HOUR, 2, WINDOW_OPEN, 8 * HOUR, true, 0},
    {NULL, "auto", 8 * HOUR, 2 * HOUR, 2 * HOUR, 8 * HOUR, 1, WINDOW_OPEN, 2 * HOUR, true, 0},
    {NULL, "auto", 8 * HOUR, 2 * HOUR, NONE, 8 * HOUR, 2, WINDOW_OPEN, 8 * HOUR, true, 0},
    /* the day is over and not all is available */
    {NULL, "auto", 30 * HOUR, 20 * HOUR, 20 * HOUR, DAY, 2, WINDOW_OPEN, DAY, true, 0},
    {NULL, "auto", 30 * HOUR, 25 * HOUR, DAY, NONE, 2, WINDOW_PROVISIONAL, DAY, true, 0},

    {"finished days are read again until settled", "auto", 30 * HOUR, 25 * HOUR, DAY, NONE, 2,
     WINDOW_PROVISIONAL, DAY, true, 0},
    {NULL, "auto", 50 * HOUR - 1, 50 * HOUR - 1, NONE, NONE, 2, WINDOW_PROVISIONAL, DAY, false, 0},
    {NULL, "auto", 50 * HOUR, 50 * HOUR - 1, DAY, NONE, 2, WINDOW_PROVISIONAL, DAY, true, 0},
    /* out of the lookback: once more, for the last time */
    {NULL, "auto", 5 * DAY, 5 * DAY - 5 * HOUR, DAY, NONE, 2, WINDOW_SETTLED, DAY, true, 0},
    {NULL, "auto", 105 * DAY, 105 * DAY, NONE, NONE, 2, WINDOW_SETTLED, DAY, false, 0},

    {"a longer lookback takes days in again", "auto", 6 * DAY, 6 * DAY, DAY, NONE, 2,
     WINDOW_SETTLED, DAY, true, 0},
    {NULL, "auto", 8 * DAY, 8 * DAY, NONE, NONE, 2, WINDOW_SETTLED, DAY, false, 0},
    {NULL, "auto", 8 * DAY, 8 * DAY, DAY, NONE, 2, WINDOW_PROVISIONAL, DAY, true, 10},

    {"jobs alone stop at the availability date", "job", 6 * HOUR, 0, NONE, NONE, 2, WINDOW_OPEN,
     NONE, true, 0},
    {NULL, "job", 6 * HOUR, 3 * HOUR, 3 * HOUR, NONE, 2, WINDOW_OPEN, 3 * HOUR, true, 0},
    {NULL, "job", 6 * HOUR, 3 * HOUR, NONE, NONE, 2, WINDOW_OPEN, 3 * HOUR, true, 0},
    /* never past the run's TIME */
    {NULL, "job", 6 * HOUR, 9 * HOUR, 6 * HOUR, NONE, 2, WINDOW_OPEN, 6 * HOUR, true, 0},

    {"the query alone needs no availability", "query", 6 * HOUR, NONE, NONE, 6 * HOUR, 2,
     WINDOW_OPEN, 6 * HOUR, false, 0},
    {NULL, "query", 30 * HOUR, NONE, NONE, DAY, 2, WINDOW_PROVISIONAL, DAY, false, 0},
    {NULL, "query", 5 * DAY, NONE, NONE, DAY, 2, WINDOW_SETTLED, DAY, false, 0},

    {"what sees ended windows waits for the end; the hours until then are the next pass's", NULL,
     DAY - 1, NONE, NONE, DAY - 1, 2, WINDOW_OPEN, DAY - 1, false, 0},
    {NULL, NULL, DAY, NONE, DAY, NONE, 2, WINDOW_PROVISIONAL, DAY, false, 0},
    {NULL, NULL, 5 * DAY, NONE, DAY, NONE, 2, WINDOW_SETTLED, DAY, false, 0},

    {"a changed method asks for jobs", "query", 6 * DAY, NONE, NONE, DAY, 2, WINDOW_SETTLED, DAY,
     false, 0},
    {NULL, "auto", 6 * DAY, 12 * HOUR, 12 * HOUR, DAY, 2, WINDOW_OPEN, DAY, true, 0},
    {NULL, "auto", 6 * DAY, 6 * DAY, DAY, NONE, 2, WINDOW_SETTLED, DAY, true, 0},
    /* a job's day is good enough for the query */
    {NULL, "query", 6 * DAY, NONE, NONE, NONE, 2, WINDOW_SETTLED, DAY, false, 0},

    {"time and availability may go back", "auto", 10 * HOUR, 8 * HOUR, 8 * HOUR, 10 * HOUR, 2,
     WINDOW_OPEN, 10 * HOUR, true, 0},
    {NULL, "auto", 10 * HOUR, 4 * HOUR, NONE, NONE, 2, WINDOW_OPEN, 10 * HOUR, true, 0},
    {NULL, "auto", -HOUR, 4 * HOUR, NONE, NONE, 2, WINDOW_OPEN, 10 * HOUR, false, 0},
    {"before the day", "auto", -HOUR, 4 * HOUR, NONE, NONE, 2, WINDOW_OPEN, NONE, false, 0},
    {NULL, "auto", 2 * DAY, 2 * DAY, DAY, NONE, 2, WINDOW_PROVISIONAL, DAY, true, 0},
    /* a finished day never falls back to the query, nor is less than all of it read again */
    {NULL, "auto", 4 * DAY, 8 * HOUR, NONE, NONE, 2, WINDOW_PROVISIONAL, DAY, false, 0},
    {"at its end", "auto", 25 * HOUR, 25 * HOUR, DAY, NONE, 2, WINDOW_PROVISIONAL, DAY, true, 0},
    {NULL, "auto", 60 * HOUR, DAY - 1, NONE, NONE, 2, WINDOW_PROVISIONAL, DAY, true, 0},
    {NULL, "auto", 60 * HOUR, DAY, DAY, NONE, 2, WINDOW_PROVISIONAL, DAY, true, 0},

    /* Genesys still changes data behind the availability date, however far ahead TIME is; nor is
     * it read again and again for such a TIME. The lookback's end: a day behind what there is. */
    {"a time in the future settles nothing", "auto", 40 * DAY, 2 * DAY, DAY, NONE, 2,
     WINDOW_PROVISIONAL, DAY, true, 0},
    {NULL, "auto", 40 * DAY, 2 * DAY, NONE, NONE, 2, WINDOW_PROVISIONAL, DAY, false, 0},
    {NULL, "job", 40 * DAY, 4 * DAY, DAY, NONE, 2, WINDOW_SETTLED, DAY, true, 0},
};

static int64_t from_start(int64_t ms)
{
    return ms == NONE ? NONE : START + ms;
}

TEST(windows_are_read_run_by_run)
{
    struct span w = span_from(START);
    bool wrong = false;

    for (size_t i = 0; i < COUNT(runs); i++) {
        const int64_t owed[] = {runs[i].first, runs[i].second};
        int64_t time_ms = from_start(runs[i].time_ms);
        int64_t available_ms = from_start(runs[i].available_ms);
        struct plan_facts f = runs[i].word
                                  ? facts(runs[i].word, time_ms, available_ms)
                                  : facts_of(RULES(&report, &hours), NULL, time_ms, available_ms);

        f.lookback_days = runs[i].lookback_days > 0 ? runs[i].lookback_days : f.lookback_days;
        w = runs[i].name ? span_from(START) : w;
        struct span whole = w; /* of a run that reads all it owes */
        bool right = plan_needs_availability(&w, &f) == runs[i].needs;
        for (size_t p = 0; p < 2; p++) {
            right = read_pass(&whole, p, &f) == from_start(owed[p]) && right;
        }
        for (int p = 0; p < runs[i].reads; p++) {
            (void)read_pass(&w, (size_t)p, &f);
        }
        right =
            right && w.state == runs[i].state && plan_covered(&w) == from_start(runs[i].covered_ms);
        if (!right) {
            print_error("run %zu: needs %d, state %d\n", i, plan_needs_availability(&w, &f),
                        w.state);
        }
        wrong = wrong || !right;
    }
    assert_false(wrong);
}

/* What the job sees is the job's, whether it could be read or not. */
TEST(a_job_that_failed_leaves_nothing_to_the_query)
{
    struct span w = span_from(START);
    struct plan_facts f = facts("auto", START + 30 * HOUR, START + 25 * HOUR);

    assert_int_equal(plan_owed(&w, 1, &f), TIME_NONE);
}

/* What a query wants of a day: what began since an hour before the job's end, or all. */
TEST(a_query_wants_what_the_job_has_not_seen)
{
    struct plan_facts f = facts("auto", START + 9 * HOUR, START + 6 * HOUR);
    struct span w = span_from(START);

    assert_int_equal(plan_wants(&w, 1, &f), 0); /* no job has read it yet */
    assert_int_equal(read_pass(&w, 0, &f), START + 6 * HOUR);
    assert_int_equal(plan_wants(&w, 1, &f), START + 5 * HOUR);
    assert_int_equal(plan_wants(&w, 0, &f), 0);
    w.pass[0].covered_to_ms = START + HOUR / 2;
    assert_int_equal(plan_wants(&w, 1, &f), 0);
    /* a job of another setting's is none */
    f = facts("query", START + 9 * HOUR, START + 6 * HOUR);
    w.pass[0].covered_to_ms = START + 6 * HOUR;
    assert_int_equal(plan_wants(&w, 1, &f), 0);
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

/* Of the past a finished day is owed what was asked for once more, and nothing else. */
TEST(the_past_reads_what_is_not_whole_or_asked_for_again)
{
    struct plan_facts f = facts("auto", START + 2 * DAY, START + 2 * DAY);
    struct span w = span_from(START);

    f.is_past = true;
    assert_int_equal(plan_owed(&w, 0, &f), START + DAY);
    assert_true(plan_needs_availability(&w, &f));
    plan_settle(&w, 0, START + DAY, &f);
    f.time_ms += 3 * DAY; /* the night would read it again */
    assert_int_equal(plan_owed(&w, 0, &f), TIME_NONE);
    for (enum window_state as = WINDOW_PROVISIONAL; as <= WINDOW_SETTLED; as++) {
        w.state = as;
        w.again = true;
        assert_int_equal(plan_owed(&w, 0, &f), START + DAY);
        assert_int_equal(plan_owed(&w, 1, &f), TIME_NONE);
        f.is_past = false; /* it is no matter of the night's */
        assert_int_equal(plan_owed(&w, 0, &f) != TIME_NONE, as == WINDOW_PROVISIONAL);
        f.is_past = true;
        w.again = false;
        assert_int_equal(plan_owed(&w, 0, &f), TIME_NONE);
        assert_false(plan_needs_availability(&w, &f));
    }
}

/* --- later looks ----------------------------------------------------------------------------- */

static struct plan_facts with_looks(int64_t time_ms, int first, int second)
{
    struct plan_facts f = facts_of(RULES(&hours), NULL, time_ms, NONE);

    f.looks[0] = first;
    f.looks[1] = second;
    f.look_count = first > 0 ? 2 : 0;
    return f;
}

/* Borders, and a setting that changes from run to run, on a day that ends at START + DAY; a name
 * begins with a new one. One that stays is tried at random below. */
static const struct {
    const char *name;
    int64_t age_ms; /* of the day at the run */
    int looks[2];
    bool owed;
    enum window_state state; /* afterwards */
} looks[] = {
    {"the borders: of the lookback, and of a look", HOUR, {31, 15}, true, WINDOW_PROVISIONAL},
    {NULL, 4 * DAY, {31, 15}, true, WINDOW_PROVISIONAL}, /* the last of the lookback's */
    {NULL, 5 * DAY, {31, 15}, false, WINDOW_PROVISIONAL},
    {NULL, 15 * DAY - 1, {31, 15}, false, WINDOW_PROVISIONAL},
    {NULL, 15 * DAY, {31, 15}, true, WINDOW_PROVISIONAL},
    {"what is added takes in no settled day", 4 * DAY, {0, 0}, true, WINDOW_SETTLED},
    {NULL, 20 * DAY, {15, 31}, false, WINDOW_SETTLED},
    {"what is taken away settles with the next look", 4 * DAY, {15, 31}, true, WINDOW_PROVISIONAL},
    {NULL, 20 * DAY, {5, 10}, true, WINDOW_SETTLED},
};

TEST(looks_have_borders_and_may_change)
{
    struct span w = span_from(START);

    for (size_t i = 0; i < COUNT(looks); i++) {
        struct plan_facts f =
            with_looks(START + DAY + looks[i].age_ms, looks[i].looks[0], looks[i].looks[1]);

        w = looks[i].name ? span_from(START) : w;
        bool owed = read_pass(&w, 0, &f) != NONE;
        if (owed != looks[i].owed || w.state != looks[i].state) {
            fail_msg("look %zu: owed %d, state %d", i, owed, w.state);
        }
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

    switch (random_below(random, 7)) {
    case 0:
        return facts_of(RULES(&hours), NULL, 0, TIME_NONE);
    case 1:
        return facts_of(RULES(&report), NULL, 0, TIME_NONE);
    case 2:
        return facts_of(RULES(&report, &hours, &reread), NULL, 0, TIME_NONE);
    case 3:
        return facts_of(RULES(&reread, &job, &report, &query), words[random_below(random, 2)], 0,
                        TIME_NONE);
    case 4:
        return facts_of(RULES(&plans, &reread), NULL, 0, TIME_NONE);
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

    if (f->rules[p]->bound == SEES_AHEAD) {
        return w->end_ms;
    }
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
        f.looks[0] = (int)random_below(&random, 20);
        f.look_count = (size_t)random_below(&random, 2);
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

/* Nights at any distance, of which some fail, against what looks are said to be. */
static void check_looks(uint64_t *random)
{
    struct span w = span_from(START);
    struct plan_facts f = with_looks(START, 1 + (int)random_below(random, 40), 0);
    int64_t last_ms = TIME_NONE;
    int readings = 0;

    f.looks[1] = 1 + (int)random_below(random, 40);
    f.lookback_days = (int)random_below(random, 9);
    int64_t back_ms = w.end_ms + f.lookback_days * DAY;
    int oldest = f.looks[0] > f.looks[1] ? f.looks[0] : f.looks[1];
    while (f.time_ms < w.end_ms + 60 * DAY) {
        f.time_ms += random_below(random, 2 * DAY);
        bool owed = f.time_ms > w.start_ms && plan_covered(&w) < w.end_ms;
        if (!owed && last_ms != TIME_NONE && last_ms < back_ms) {
            owed = f.time_ms - last_ms >= f.reread_hours * HOUR && f.time_ms >= w.end_ms;
        } else if (!owed && last_ms != TIME_NONE) {
            for (size_t i = 0; i < 2; i++) {
                int64_t at_ms = w.end_ms + f.looks[i] * DAY;
                owed = owed || (last_ms < at_ms && at_ms <= f.time_ms);
            }
        }
        assert_int_equal(plan_owed(&w, 0, &f) != TIME_NONE, owed);
        if (owed && random_below(random, 4) > 0) {
            (void)read_pass(&w, 0, &f);
            last_ms = f.time_ms;
            readings += f.time_ms >= w.end_ms ? 1 : 0;
        }
        bool settled = last_ms >= back_ms && last_ms >= w.end_ms + oldest * DAY;
        assert_int_equal(w.state == WINDOW_SETTLED, settled);
    }
    /* The first that is whole, those of the lookback's nights and the one after it, the looks. */
    assert_true(readings <= 2 + f.lookback_days * 24 / f.reread_hours + 2);
}

TEST(readings_are_those_of_the_lookback_and_the_looks)
{
    const char *given = getenv("ROLLCALL_PLAN_SEED");
    uint64_t random = given ? strtoull(given, NULL, 10) : (uint64_t)clock_now_ms();

    print_message("seed %llu\n", (unsigned long long)random);
    for (int round = 0; round < 5000; round++) {
        check_looks(&random);
    }
}
