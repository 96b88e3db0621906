#include "test.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"

TEST(instants_are_parsed)
{
    static const struct {
        const char *text;
        const char *same_as;
    } rows[] = {
        {"2026-03-04", "2026-03-04T00:00:00.000Z"},
        {"2026-03-04T05:06Z", "2026-03-04T05:06:00.000Z"},
        {"2026-03-04T05:06:07Z", "2026-03-04T05:06:07.000Z"},
        {"2026-03-04T05:06:07.8Z", "2026-03-04T05:06:07.800Z"},
        {"2026-03-04T05:06:07.089Z", "2026-03-04T05:06:07.089Z"},
        {"2026-03-04T05:06:07.9999999999999999999Z", "2026-03-04T05:06:07.999Z"},
        {"2026-03-04T05:06:07+09:00", "2026-03-03T20:06:07.000Z"},
        {"2026-03-04T05:06:07.123+0900", "2026-03-03T20:06:07.123Z"},
        {"2026-03-04T05:06+09", "2026-03-03T20:06:00.000Z"},
        {"2026-12-31T22:30-03:30", "2027-01-01T02:00:00.000Z"},
        {"2026-03-04T05:06:07-00:00", "2026-03-04T05:06:07.000Z"},
        {"2024-02-29", "2024-02-29T00:00:00.000Z"},
        {"2000-02-29T23:59:59.999Z", "2000-02-29T23:59:59.999Z"},
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
        {"0000-02-29", "0000-02-29T00:00:00.000Z"},
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[CLOCK_ISO_BYTES];
        int64_t ms = 0;

        assert_true(clock_parse(rows[i].text, false, &ms));
        assert_string_equal(clock_format(ms, out), rows[i].same_as);
    }
}

TEST(anything_else_is_refused)
{
    static const char *const rows[] = {
        "",
        "2026",
        "2026-3-4",
        "2026-03-4",
        "20260304",
        "2026-00-04",
        "2026-13-04",
        "2026-03-00",
        "2026-03-32",
        "2026-04-31",
        "2026-02-29",
        "2023-02-29",
        "1900-02-29",
        "2100-02-29",
        "2026-03-04Z",
        "2026-03-04T",
        "2026-03-04T05",
        "2026-03-04T05Z",
        "2026-03-04 05:06Z",
        "2026-03-04t05:06Z",
        "2026-03-04T05:06z",
        "2026-03-04T24:00Z",
        "2026-03-04T24:00:00Z",
        "2026-03-04T25:00Z",
        "2026-03-04T05:60Z",
        "2026-03-04T05:06:60Z",
        "2026-03-04T5:06Z",
        "2026-03-04T05:6Z",
        "2026-03-04T05:06:Z",
        "2026-03-04T05:06:07.Z",
        "2026-03-04T05:06.5Z",
        "2026-03-04T05:06:07,5Z",
        "2026-03-04T05:06:07+9",
        "2026-03-04T05:06:07+090",
        "2026-03-04T05:06:07+09:",
        "2026-03-04T05:06:07+09:0",
        "2026-03-04T05:06:07+24:00",
        "2026-03-04T05:06:07+09:60",
        "2026-03-04T05:06:07+09:00:00",
        "2026-03-04T05:06:07ZZ",
        "2026-03-04T05:06:07Z ",
        " 2026-03-04",
        "+2026-03-04",
        "-026-03-04",
        "12026-03-04",
        "0000-01-01T00:00+00:01",
        "9999-12-31T23:59-00:01",
        "2026-03-04T05:06:07\xEF\xBC\x90Z",
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ms = 4711;

        if (clock_parse(rows[i], true, &ms) || ms != 4711) {
            fail_msg("taken: \"%s\"", rows[i]);
        }
    }
}

TEST(without_an_offset_utc_must_be_allowed)
{
    int64_t ms = 4711;

    assert_false(clock_parse("1970-01-02T00:00:01", false, &ms));
    assert_int_equal(ms, 4711);
    assert_true(clock_parse("1970-01-02T00:00:01", true, &ms));
    assert_int_equal(ms, MS_PER_DAY + 1000);
    assert_true(clock_parse("1970-01-02T00:00:01.25", true, &ms));
    assert_int_equal(ms, MS_PER_DAY + 1250);
    assert_true(clock_parse("1970-01-02T00:01+00:01", true, &ms));
    assert_int_equal(ms, MS_PER_DAY);
}

TEST(days_are_parsed)
{
    static const struct {
        const char *text;
        bool right;
        int32_t day;
    } rows[] = {
        {"1970-01-01", true, 0},         {"1969-12-31", true, -1},
        {"2000-03-01", true, 11017},     {"0000-01-01", true, -719528},
        {"9999-12-31", true, 2932896},   {"2026-02-29", false, 0},
        {"2026-02-2", false, 0},         {"2026-02-28Z", false, 0},
        {"2026-02-28T00:00Z", false, 0}, {"", false, 0},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[CLOCK_DAY_BYTES];
        int32_t day = 4711;

        assert_int_equal(clock_parse_day(rows[i].text, &day), rows[i].right);
        assert_int_equal(day, rows[i].right ? rows[i].day : 4711);
        if (rows[i].right) {
            assert_string_equal(clock_format_day(day, out), rows[i].text);
        }
    }
}

/* libc's calendar is the witness, over all years. */
TEST(every_day_agrees_with_libc)
{
    for (int32_t day = -719528; day <= 2932896; day += 7) {
        char wanted[CLOCK_DAY_BYTES * 2];
        char out[CLOCK_ISO_BYTES];
        time_t when = (time_t)day * 86400;
        struct tm tm;
        int32_t parsed = 0;
        int64_t ms = 0;

        assert_non_null(gmtime_r(&when, &tm));
        (void)snprintf(wanted, sizeof(wanted), "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday);
        assert_string_equal(clock_format_day(day, out), wanted);
        assert_true(clock_parse_day(out, &parsed));
        assert_int_equal(parsed, day);
        assert_string_equal(clock_format_utc_day(day * MS_PER_DAY + MS_PER_DAY - 1, out), wanted);
        assert_true(clock_parse(clock_format(day * MS_PER_DAY + 45296789, out), false, &ms));
        assert_int_equal(ms, day * MS_PER_DAY + 45296789);
    }
}

TEST(formats_stay_within_four_digit_years)
{
    char out[CLOCK_ISO_BYTES];

    assert_string_equal(clock_format(INT64_MIN, out), "0000-01-01T00:00:00.000Z");
    assert_string_equal(clock_format(INT64_MAX, out), "9999-12-31T23:59:59.999Z");
    assert_string_equal(clock_format(-1, out), "1969-12-31T23:59:59.999Z");
    assert_string_equal(clock_format_utc_day(INT64_MIN, out), "0000-01-01");
    assert_string_equal(clock_format_utc_day(INT64_MAX, out), "9999-12-31");
    assert_string_equal(clock_format_day(INT32_MIN, out), "0000-01-01");
    assert_string_equal(clock_format_day(INT32_MAX, out), "9999-12-31");
}

TEST(utc_days_are_floors)
{
    assert_int_equal(clock_utc_day_start(0), 0);
    assert_int_equal(clock_utc_day_start(MS_PER_DAY - 1), 0);
    assert_int_equal(clock_utc_day_start(MS_PER_DAY), MS_PER_DAY);
    assert_int_equal(clock_utc_day_start(-1), -MS_PER_DAY);
    assert_int_equal(clock_utc_day_start(-MS_PER_DAY), -MS_PER_DAY);
}

TEST(clocks_run)
{
    int64_t wall = clock_now_ms();
    int64_t start = clock_monotonic_ms();

    assert_in_range(wall / MS_PER_SECOND, time(NULL) - 2, time(NULL) + 2);
    clock_sleep_ms(0);
    clock_sleep_ms(-5);
    clock_sleep_ms(1020);
    int64_t slept = clock_monotonic_ms() - start;
    assert_true(slept >= 1019 && slept < 10000);
}

static void on_alarm(int number)
{
    (void)number;
}

TEST(a_signal_ends_a_sleep)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval soon = {.it_value = {.tv_usec = 50000}, .it_interval = {.tv_usec = 50000}};
    struct itimerval never = {0};
    int64_t start = clock_monotonic_ms();

    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    clock_sleep_ms(60 * MS_PER_SECOND);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_true(clock_monotonic_ms() - start < 30 * MS_PER_SECOND);
}
