#include "test.h"

#include "api/pace.h"

#define MINUTE INT64_C(60000)

enum { MOST = 4000000 };
static int64_t sent[MOST];

/* Sends as fast as the pace lets it, from `from` to `to`; returns how many went. */
static int drive(struct pace *p, int64_t from, int64_t to)
{
    int count = 0;
    int64_t now = from;

    while (now < to && count < MOST) {
        int64_t wait = pace_take(p, now);
        if (wait == 0) {
            sent[count++] = now;
        } else {
            assert_true(wait > 0);
            now += wait;
        }
    }
    return count;
}

/* The most that went in any 60 s. */
static int busiest_minute(int count)
{
    int most = 0;

    for (int first = 0, last = 0; last < count; last++) {
        while (sent[last] - sent[first] >= MINUTE) {
            first++;
        }
        most = last - first + 1 > most ? last - first + 1 : most;
    }
    return most;
}

TEST(the_configured_rate_is_used_and_never_passed)
{
    static const struct {
        int rate;
        int burst;
    } cases[] = {{1, 4},    {2, 1},    {10, 4},    {60, 4},    {100, 16},   {300, 1},    {300, 4},
                 {300, 16}, {300, 64}, {1000, 16}, {3000, 64}, {10000, 64}, {100000, 64}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pace p;
        pace_init(&p, cases[i].rate, cases[i].burst, 1000);
        int count = drive(&p, 1000, 1000 + 10 * MINUTE);

        print_message("%d a minute, burst %d: %d in 10 minutes, at most %d in one\n", cases[i].rate,
                      cases[i].burst, count, busiest_minute(count));
        assert_true(busiest_minute(count) <= cases[i].rate);
        assert_true(count >= cases[i].rate * 10 * 97 / 100);
    }
}

TEST(requests_in_flight_together_slow_once)
{
    struct pace p;

    pace_init(&p, 6000, 16, 0);
    for (int i = 0; i < 16; i++) {
        pace_slow_down(&p, 1000 + i, 900, 0);
    }
    assert_true(p.slowed_rate_per_ms > p.full_rate_per_ms * 0.49);
}

TEST(many_429s_end_at_60_a_minute)
{
    struct pace p;

    pace_init(&p, 3000, 16, 0);
    for (int64_t now = 0; now < 20000; now += 1000) {
        pace_slow_down(&p, now, now, 0);
    }
    int count = drive(&p, 20000, 21000);
    assert_true(count >= 1 && count <= 6);

    /* a configured rate below 60 is the floor itself */
    pace_init(&p, 20, 1, 0);
    pace_slow_down(&p, 0, 0, 0);
    assert_true(p.slowed_rate_per_ms == p.full_rate_per_ms);
}

TEST(retry_after_holds_all)
{
    struct pace p;

    pace_init(&p, 6000, 16, 0);
    pace_slow_down(&p, 100, 50, 5000);
    assert_int_equal(pace_take(&p, 100), 5000);
    pace_slow_down(&p, 200, 50, 1000); /* a shorter one does not shorten it */
    assert_int_equal(pace_take(&p, 200), 4900);
    assert_int_equal(pace_take(&p, 5099), 1);
    /* no burst at its end */
    int at_once = 0;
    while (pace_take(&p, 5100) == 0) {
        at_once++;
    }
    assert_int_equal(at_once, 1);
}

TEST(headers_lower_and_hold)
{
    struct pace p;

    pace_init(&p, 1000, 16, 0);
    pace_headers(&p, 0, -1, -1, -1);
    assert_true(p.full_rate_per_ms > 900 / 60000.0);
    pace_headers(&p, 0, 180, 10, 40);
    int count = drive(&p, 0, 10 * MINUTE);
    assert_true(busiest_minute(count) <= 180);
    assert_true(count >= 1800 * 97 / 100);

    pace_headers(&p, 10 * MINUTE, 180, 180, 25);
    assert_int_equal(pace_take(&p, 10 * MINUTE), 25000);
    /* a reset out of all reason is not believed */
    pace_headers(&p, 20 * MINUTE, 180, 181, INT32_MAX);
    assert_int_equal(pace_take(&p, 20 * MINUTE), 180000);
    /* the API's word never raises the configured rate */
    pace_headers(&p, 30 * MINUTE, 100000, 1, 60);
    assert_true(p.full_rate_per_ms <= 1000 / 60000.0);
}

TEST(the_clock_may_stand_still_or_go_back)
{
    struct pace p;

    pace_init(&p, 300, 1, 1000);
    assert_int_equal(pace_take(&p, 1000), 0);
    assert_true(pace_take(&p, 1000) > 0);
    assert_true(pace_take(&p, 500) > 0);
}

/* Beside another run. */
TEST(half_of_it_as_long_as_it_is_said)
{
    struct pace p;

    pace_init(&p, 600, 4, 0);
    int all = drive(&p, 0, 4 * MINUTE);
    pace_share(&p, 2, 4 * MINUTE);
    pace_headers(&p, 4 * MINUTE, 500, 1, 60); /* of what the API allows too */
    int half = drive(&p, 4 * MINUTE, 8 * MINUTE);
    assert_true(busiest_minute(half) <= 250);
    assert_true(half >= 240 * 4);
    pace_headers(&p, 8 * MINUTE, 600, 1, 60);
    pace_share(&p, 1, 8 * MINUTE);
    assert_true(drive(&p, 8 * MINUTE, 12 * MINUTE) >= all - 8);
}
