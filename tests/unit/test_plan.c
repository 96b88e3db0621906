#include "test.h"

#include "base/clock.h"
#include "etl/plan.h"

static const char *const zones[] = {"Asia/Seoul", "America/New_York", "Europe/London",
                                    "Australia/Lord_Howe", "Pacific/Apia"};

enum { ZONE_COUNT = 5, ROUNDS_PER_ZONE = 20000 };

#define DAY   MS_PER_DAY
#define HOUR  MS_PER_HOUR
#define START (INT64_C(20000) * DAY)

/* splitmix64: equal numbers on every machine. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t random_below(uint64_t *state, int64_t bound)
{
    return (int64_t)(random_next(state) % (uint64_t)bound);
}

static struct window new_window(int64_t start_ms)
{
    return (struct window){
        .start_ms = start_ms,
        .end_ms = start_ms + DAY,
        .state = WINDOW_OPEN,
        .complete_to_ms = TIME_NONE,
        .job_complete_to_ms = TIME_NONE,
        .query_complete_to_ms = TIME_NONE,
        .last_read_at_ms = TIME_NONE,
    };
}

static struct plan_facts facts(enum conversations_method method, int64_t until, int64_t available)
{
    return (struct plan_facts){
        .until_ms = until,
        .availability_ms = available,
        .method = method,
        .lookback_days = 4,
        .reread_hours = 20,
    };
}

/* Plans and does what is owed. */
static struct window_debt read_window(struct window *w, const struct plan_facts *f)
{
    struct window_debt debt = plan_debt(w, f);

    plan_settle(w, &debt, f);
    return debt;
}

static void owes(const struct window *w, const struct plan_facts *f, int64_t job_to,
                 int64_t query_to)
{
    struct window_debt debt = plan_debt(w, f);

    assert_int_equal(debt.job_to_ms, job_to);
    assert_int_equal(debt.query_to_ms, query_to);
}

TEST(auto_reads_a_day_as_it_grows)
{
    struct window w = new_window(START);
    struct plan_facts f = facts(METHOD_AUTO, START + 6 * HOUR, START + 1 * HOUR);

    owes(&w, &f, START + 1 * HOUR, START + 6 * HOUR);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_OPEN);
    assert_int_equal(w.complete_to_ms, START + 6 * HOUR);
    owes(&w, &f, TIME_NONE, TIME_NONE);

    f.until_ms = START + 8 * HOUR; /* later, with nothing new for the job */
    owes(&w, &f, TIME_NONE, START + 8 * HOUR);
    read_window(&w, &f);

    f.availability_ms = START + 2 * HOUR; /* a job's answer is older than the query's before it */
    owes(&w, &f, START + 2 * HOUR, START + 8 * HOUR);
    read_window(&w, &f);

    f.until_ms = START + 30 * HOUR; /* the day is over and not all is available */
    f.availability_ms = START + 20 * HOUR;
    owes(&w, &f, START + 20 * HOUR, START + DAY);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_OPEN);
    assert_int_equal(w.complete_to_ms, w.end_ms);

    f.availability_ms = START + 25 * HOUR;
    owes(&w, &f, START + DAY, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);
    assert_int_equal(w.last_read_at_ms, f.until_ms);
}

TEST(finished_days_are_read_again_until_settled)
{
    struct window w = new_window(START);
    struct plan_facts f = facts(METHOD_AUTO, START + 30 * HOUR, START + 25 * HOUR);

    read_window(&w, &f);
    f.until_ms += 20 * HOUR - 1;
    f.availability_ms = f.until_ms;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    assert_false(plan_needs_availability(&w, &f));
    f.until_ms += 1;
    assert_true(plan_needs_availability(&w, &f));
    owes(&w, &f, w.end_ms, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);

    f.until_ms = w.end_ms + 4 * DAY; /* out of the lookback: once more, for the last time */
    f.availability_ms = f.until_ms - 5 * HOUR;
    owes(&w, &f, w.end_ms, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
    f.until_ms += 100 * DAY;
    f.availability_ms += 100 * DAY;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    assert_false(plan_needs_availability(&w, &f));
}

TEST(a_longer_lookback_takes_days_in_again)
{
    struct window w = new_window(START);
    struct plan_facts f = facts(METHOD_AUTO, START + 6 * DAY, START + 6 * DAY);

    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
    f.until_ms = START + 8 * DAY;
    f.availability_ms = f.until_ms;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    f.lookback_days = 10;
    owes(&w, &f, w.end_ms, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);
}

TEST(jobs_alone_stop_at_the_availability_date)
{
    struct window w = new_window(START);
    struct plan_facts f = facts(METHOD_JOB, START + 6 * HOUR, START);

    owes(&w, &f, TIME_NONE, TIME_NONE); /* nothing of the day is available */
    f.availability_ms = START + 3 * HOUR;
    owes(&w, &f, START + 3 * HOUR, TIME_NONE);
    read_window(&w, &f);
    owes(&w, &f, TIME_NONE, TIME_NONE);
    f.availability_ms = START + 9 * HOUR; /* never past the run's TIME */
    owes(&w, &f, START + 6 * HOUR, TIME_NONE);
}

TEST(the_query_alone_needs_no_availability)
{
    struct window w = new_window(START);
    struct plan_facts f = facts(METHOD_QUERY, START + 6 * HOUR, TIME_NONE);

    assert_false(plan_needs_availability(&w, &f));
    owes(&w, &f, TIME_NONE, START + 6 * HOUR);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_OPEN);
    f.until_ms = START + 30 * HOUR;
    owes(&w, &f, TIME_NONE, START + DAY);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);
    f.until_ms = START + 5 * DAY;
    owes(&w, &f, TIME_NONE, START + DAY);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
}

TEST(a_changed_method_asks_for_jobs)
{
    struct window w = new_window(START);
    struct plan_facts f = facts(METHOD_QUERY, START + 6 * DAY, TIME_NONE);

    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
    f.method = METHOD_AUTO;
    f.availability_ms = START + 12 * HOUR;
    owes(&w, &f, START + 12 * HOUR, START + DAY);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_OPEN);
    assert_int_equal(w.complete_to_ms, w.end_ms);
    f.availability_ms = START + 6 * DAY;
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED);
    f.method = METHOD_QUERY; /* a job's day is good enough for the query */
    owes(&w, &f, TIME_NONE, TIME_NONE);
}

TEST(time_and_availability_may_go_back)
{
    struct window w = new_window(START);
    struct plan_facts f = facts(METHOD_AUTO, START + 10 * HOUR, START + 8 * HOUR);

    read_window(&w, &f);
    f.availability_ms = START + 4 * HOUR;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    f.until_ms = START - HOUR;
    owes(&w, &f, TIME_NONE, TIME_NONE);
    assert_false(plan_needs_availability(&w, &f));

    f = facts(METHOD_AUTO, START + 2 * DAY, START + 2 * DAY);
    read_window(&w, &f);
    f.until_ms += 2 * DAY;
    f.availability_ms = START + 8 * HOUR; /* a finished day never falls back to the query */
    owes(&w, &f, TIME_NONE, TIME_NONE);
}

/* Genesys still changes data behind the availability date, however far ahead TIME is. */
TEST(a_time_in_the_future_settles_nothing)
{
    struct plan_facts f = facts(METHOD_AUTO, START + 40 * DAY, START + 2 * DAY);
    struct window w = new_window(START);

    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_PROVISIONAL);
    assert_int_equal(w.last_read_at_ms, START + 3 * DAY);
    owes(&w, &f, TIME_NONE, TIME_NONE); /* nor is it read again and again for such a TIME */

    f = facts(METHOD_JOB, START + 40 * DAY, START + 4 * DAY);
    owes(&w, &f, START + DAY, TIME_NONE);
    read_window(&w, &f);
    assert_int_equal(w.state, WINDOW_SETTLED); /* the lookback's end: a day behind what there is */

    w = new_window(START);
    f = facts(METHOD_AUTO, START + 40 * DAY, TIME_NONE);
    plan_settle(&w, &(struct window_debt){.job_to_ms = TIME_NONE, .query_to_ms = w.end_ms}, &f);
    assert_int_equal(w.last_read_at_ms, f.until_ms);
}

/* Business days tile time: each instant of a zone lies in the day whose bounds hold it. */
static void check_business_day(uint64_t *random)
{
    int32_t start_day = (int32_t)(8000 + random_below(random, 15000));
    int64_t start_ms = clock_zone_day_start_ms(start_day);
    int64_t next_ms = clock_zone_day_start_ms(start_day + 1);
    assert_true(next_ms >= start_ms && next_ms - start_ms <= 49 * HOUR);
    if (next_ms > start_ms) { /* a day the zone skipped has no instant */
        int64_t inside_ms = start_ms + random_below(random, next_ms - start_ms);
        assert_int_equal(clock_zone_day(inside_ms), start_day);
    }
}

static int64_t within(uint64_t *random, int64_t start_ms)
{
    if (random_below(random, 4) == 0) {
        return TIME_NONE;
    }
    return random_below(random, 3) == 0 ? start_ms + DAY : start_ms + 1 + random_below(random, DAY);
}

/* A window in any state that a run may find, with facts of any kind. */
static void random_case(uint64_t *random, struct window *w, struct plan_facts *f)
{
    *w = new_window(START + random_below(random, 1000) * DAY);
    w->job_complete_to_ms = within(random, w->start_ms);
    w->query_complete_to_ms = within(random, w->start_ms);
    w->complete_to_ms = w->job_complete_to_ms > w->query_complete_to_ms ? w->job_complete_to_ms
                                                                        : w->query_complete_to_ms;
    if (w->complete_to_ms != TIME_NONE) {
        w->last_read_at_ms = w->complete_to_ms + random_below(random, 8 * DAY);
    }
    *f = facts((enum conversations_method)random_below(random, 3),
               w->start_ms + random_below(random, 9 * DAY) - DAY, TIME_NONE);
    if (random_below(random, 8) == 0) {
        f->until_ms += random_below(random, 400 * DAY); /* a mistyped year or month */
    }
    f->lookback_days = (int)(4 + random_below(random, 5));
    f->reread_hours = (int)random_below(random, 48);
    if (f->method != METHOD_QUERY) {
        f->availability_ms = (f->until_ms < w->end_ms + 8 * DAY ? f->until_ms : w->end_ms) +
                             random_below(random, 3 * DAY) - 2 * DAY;
    }
    struct window_debt none = {.job_to_ms = TIME_NONE, .query_to_ms = TIME_NONE};
    plan_settle(w, &none, f); /* the state these facts imply */
}

/* A run that ends between the job and the query leaves the query owed, and comes to the same. */
static void check_one_by_one(const struct window *w, const struct window_debt *debt,
                             const struct plan_facts *f, const struct window *at_once)
{
    struct window_debt job = {.job_to_ms = debt->job_to_ms, .query_to_ms = TIME_NONE};
    struct window between = *w;

    if (debt->job_to_ms == TIME_NONE) {
        return;
    }
    plan_settle(&between, &job, f);
    owes(&between, f, TIME_NONE, debt->query_to_ms);
    read_window(&between, f);
    assert_memory_equal(&between, at_once, sizeof(between));
}

static void check_debt(const struct window *w, const struct plan_facts *f)
{
    struct window_debt debt = plan_debt(w, f);
    bool job = debt.job_to_ms != TIME_NONE;
    bool query = debt.query_to_ms != TIME_NONE;

    if (job) {
        assert_true(f->method != METHOD_QUERY);
        assert_true(debt.job_to_ms > w->start_ms && debt.job_to_ms <= w->end_ms);
        assert_true(debt.job_to_ms <= f->until_ms && debt.job_to_ms <= f->availability_ms);
        assert_true(plan_needs_availability(w, f));
    }
    if (query) {
        assert_true(f->method != METHOD_JOB);
        assert_true(debt.query_to_ms > w->start_ms && debt.query_to_ms <= w->end_ms);
        assert_true(debt.query_to_ms <= f->until_ms);
        assert_true(!job || debt.query_to_ms > debt.job_to_ms);
    }
    if (w->start_ms >= f->until_ms) {
        assert_false(job || query);
    }

    struct window after = *w;
    plan_settle(&after, &debt, f);
    assert_true(job || after.complete_to_ms >= w->complete_to_ms);
    assert_true(after.job_complete_to_ms >= w->job_complete_to_ms);
    assert_true(job || after.query_complete_to_ms >= w->query_complete_to_ms);
    owes(&after, f, TIME_NONE, TIME_NONE); /* the same facts owe nothing more */
    if (f->method != METHOD_QUERY) {
        int64_t reached = f->availability_ms + DAY;
        assert_true(after.last_read_at_ms <= w->last_read_at_ms ||
                    after.last_read_at_ms <= reached);
        assert_true(after.state != WINDOW_SETTLED || w->state == WINDOW_SETTLED ||
                    w->last_read_at_ms >= w->end_ms + f->lookback_days * DAY ||
                    reached >= w->end_ms + f->lookback_days * DAY);
    }
    check_one_by_one(w, &debt, f, &after);

    /* All that can be covered is: up to TIME, or with jobs alone up to the availability date. */
    int64_t reach = f->until_ms < w->end_ms ? f->until_ms : w->end_ms;
    if (f->method == METHOD_JOB && f->availability_ms < reach) {
        reach = f->availability_ms;
    }
    assert_true(reach <= w->start_ms || after.complete_to_ms >= reach);
}

/* Nights in which TIME and availability grow settle every window, within bounded readings. */
static void check_settles(uint64_t *random, struct window w, struct plan_facts f)
{
    int nights = 0;

    while (w.state != WINDOW_SETTLED || w.job_complete_to_ms < w.end_ms) {
        f.until_ms += HOUR + random_below(random, 2 * DAY);
        if (f.method != METHOD_QUERY && f.availability_ms < f.until_ms) {
            f.availability_ms += random_below(random, f.until_ms - f.availability_ms + 1);
        }
        read_window(&w, &f);
        if (f.method == METHOD_QUERY && w.state == WINDOW_SETTLED) {
            break;
        }
        assert_true(++nights < 1000);
    }
    assert_true(w.complete_to_ms >= w.end_ms);
    assert_true(w.last_read_at_ms >= w.end_ms + f.lookback_days * DAY);
}

TEST(windows_settle_in_five_zones)
{
    uint64_t random = 2;

    for (int zone = 0; zone < ZONE_COUNT; zone++) {
        struct err e;

        err_clear(&e);
        if (!clock_set_zone(zones[zone], &e)) {
            fail_msg("%s", e.message);
        }
        for (int round = 0; round < ROUNDS_PER_ZONE; round++) {
            struct window w;
            struct plan_facts f;

            check_business_day(&random);
            random_case(&random, &w, &f);
            check_debt(&w, &f);
            check_settles(&random, w, f);
        }
    }
}

TEST(a_day_that_the_zone_skipped_begins_with_the_next)
{
    struct err e;
    int32_t skipped = 0;

    err_clear(&e);
    assert_true(clock_set_zone("Pacific/Apia", &e));
    assert_true(clock_parse_day("2011-12-30", &skipped));
    assert_int_equal(clock_zone_day_start_ms(skipped), clock_zone_day_start_ms(skipped + 1));
}
