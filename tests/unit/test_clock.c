#include "test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "child.h"
#include "tempdir.h"

static struct err e;

TEST(instants_are_parsed)
{
    static const struct {
        const char *text;
        const char *same_as;
    } rows[] = {
        {"2026-03-04", "2026-03-04T00:00:00.000Z"},
        {"2026-03-04T05:06Z", "2026-03-04T05:06:00.000Z"},
        {"2026-03-04T05:06:07.8Z", "2026-03-04T05:06:07.800Z"},
        {"2026-03-04T05:06:07.9999999999999999999Z", "2026-03-04T05:06:07.999Z"},
        {"2026-03-04T05:06:07+09:00", "2026-03-03T20:06:07.000Z"},
        {"2026-03-04T05:06:07.123+0900", "2026-03-03T20:06:07.123Z"},
        {"2026-03-04T05:06+09", "2026-03-03T20:06:00.000Z"},
        {"2026-12-31T22:30-03:30", "2027-01-01T02:00:00.000Z"},
        {"2000-02-29T23:59:59.999Z", "2000-02-29T23:59:59.999Z"},
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
    /* each before a bar */
    static const char rows[] =
        "|2026|2026-3-4|2026-03-4|20260304|2026-00-04|2026-13-04|2026-03-00|2026-03-32|"
        "2026-04-31|2026-02-29|2023-02-29|1900-02-29|2100-02-29|2026-03-04Z|2026-03-04T|"
        "2026-03-04T05|2026-03-04T05Z|2026-03-04 05:06Z|2026-03-04t05:06Z|"
        "2026-03-04T05:06z|2026-03-04T24:00Z|2026-03-04T24:00:00Z|2026-03-04T25:00Z|"
        "2026-03-04T05:60Z|2026-03-04T05:06:60Z|2026-03-04T5:06Z|2026-03-04T05:6Z|"
        "2026-03-04T05:06:Z|2026-03-04T05:06:07.Z|2026-03-04T05:06.5Z|"
        "2026-03-04T05:06:07,5Z|2026-03-04T05:06:07+9|2026-03-04T05:06:07+090|"
        "2026-03-04T05:06:07+09:|2026-03-04T05:06:07+09:0|2026-03-04T05:06:07+24:00|"
        "2026-03-04T05:06:07+09:60|2026-03-04T05:06:07+09:00:00|2026-03-04T05:06:07ZZ|"
        "2026-03-04T05:06:07Z | 2026-03-04|+2026-03-04|-026-03-04|12026-03-04|"
        "0000-01-01T00:00+00:01|9999-12-31T23:59-00:01|2026-03-04T05:06:07\xEF\xBC\x90Z|";

    for (const char *row = rows; *row; row += strcspn(row, "|") + 1) {
        char text[64];
        int64_t ms = 4711;

        (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(row, "|"), row);
        fail_if(clock_parse(text, true, &ms) || ms != 4711, "taken: \"%s\"", text);
    }
}

TEST(without_an_offset_utc_must_be_allowed)
{
    int64_t ms = 4711;

    assert_false(clock_parse("1970-01-02T00:00:01.25", false, &ms));
    assert_int_equal(ms, 4711);
    assert_true(clock_parse("1970-01-02T00:00:01.25", true, &ms));
    assert_int_equal(ms, MS_PER_DAY + 1250);
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

/* --- the business zone ---------------------------------------------------------------------- */

static void use(const char *zone)
{
    fail_if(!clock_set_zone(zone, &e), "%s: %s (these tests need tzdata)", zone, e.message);
}

static int64_t at(const char *iso)
{
    int64_t ms = 0;

    assert_true(clock_parse(iso, false, &ms));
    return ms;
}

static int32_t day(const char *text)
{
    int32_t number = 0;

    assert_true(clock_parse_day(text, &number));
    return number;
}

TEST(days_begin_and_last_as_the_zone_has_it)
{
    static const struct {
        const char *zone;
        const char *day;
        const char *start;
        int64_t minutes;
    } rows[] = {
        {"UTC", "2026-03-08", "2026-03-08T00:00:00.000Z", 1440},
        {"Asia/Kolkata", "2026-03-08", "2026-03-07T18:30:00.000Z", 1440},
        {"Asia/Seoul", "2026-03-08", "2026-03-07T15:00:00.000Z", 1440},
        {"America/New_York", "2026-03-08", "2026-03-08T05:00:00.000Z", 23 * INT64_C(60)},
        {"America/New_York", "2026-11-01", "2026-11-01T04:00:00.000Z", 25 * INT64_C(60)},
        {"America/New_York", "2045-11-05", "2045-11-05T04:00:00.000Z", 25 * INT64_C(60)},
        {"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00.000Z", 1470},
        {"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00.000Z", 1410},
        /* Midnight does not exist: the day begins at 01:00. */
        {"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z", 23 * INT64_C(60)},
        {"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00.000Z", 25 * INT64_C(60)},
        {"Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00.000Z", 23 * INT64_C(60)},
        /* The day that was skipped begins, and ends, where the next one begins. */
        {"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00.000Z", 1440},
        {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00.000Z", 0},
        {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z", 1440},
        /* Set back at 00:01: the day begins with its first minute. */
        {"America/St_Johns", "2006-10-29", "2006-10-29T02:30:00.000Z", 25 * INT64_C(60)},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int32_t number = day(rows[i].day);
        char out[CLOCK_ISO_BYTES];

        use(rows[i].zone);
        int64_t start = clock_zone_day_start_ms(number);
        int64_t end = clock_zone_day_start_ms(number + 1);
        assert_string_equal(clock_format(start, out), rows[i].start);
        assert_int_equal((end - start) / 60000, rows[i].minutes);
        /* It holds its start and its last millisecond, and no other day does. */
        assert_int_equal(clock_zone_day(start), end > start ? number : number + 1);
        assert_true(clock_zone_day(start - 1) < number);
        assert_true(end == start || clock_zone_day(end - 1) == number);
    }
}

/* A day holds its start, its last millisecond and what lies between, and no other day does. */
static void check_day(int32_t number, uint32_t random)
{
    int64_t start = clock_zone_day_start_ms(number);
    int64_t end = clock_zone_day_start_ms(number + 1);

    if (end == start) { /* skipped */
        assert_int_equal(clock_zone_day(start), number + 1);
        return;
    }
    assert_true(end - start >= 22 * MS_PER_HOUR && end - start <= 26 * MS_PER_HOUR);
    assert_int_equal(clock_zone_day(start), number);
    assert_true(clock_zone_day(start - 1) < number);
    assert_int_equal(clock_zone_day(end - 1), number);
    assert_int_equal(clock_zone_day(start + (int64_t)random % (end - start)), number);
}

TEST(business_days_tile_time)
{
    static const char *const zones[] = {
        "UTC",          "Asia/Seoul",  "America/New_York",  "Australia/Lord_Howe",
        "Africa/Cairo", "Asia/Beirut", "America/Sao_Paulo", "Pacific/Apia",
        "Asia/Kolkata",
    };
    const int32_t first = day("1999-12-01");
    const int32_t last = day("2042-02-01");
    uint32_t random = 1;

    for (size_t i = 0; i < COUNT(zones); i++) {
        use(zones[i]);
        for (int32_t number = first; number < last; number++) {
            random = random * 1664525U + 1013904223U;
            check_day(number, random >> 5);
        }
    }
}

TEST(transitions_are_found_one_by_one)
{
    static const struct {
        const char *zone;
        const char *from;
        const char *limit;
        const char *found;
    } rows[] = {
        {"UTC", "1970-01-01", "2050-01-01", "2050-01-01T00:00:00.000Z"},
        {"America/New_York", "2026-01-01", "2027-01-01", "2026-03-08T07:00:00.000Z"},
        {"America/New_York", "2026-03-08T06:59:59.999Z", "2027-01-01", "2026-03-08T07:00:00.000Z"},
        {"America/New_York", "2026-03-08T07:00Z", "2027-01-01", "2026-11-01T06:00:00.000Z"},
        {"America/New_York", "2026-01-01", "2026-03-08T07:00Z", "2026-03-08T07:00:00.000Z"},
        {"America/New_York", "2026-01-01", "2026-03-08T06:59:59.999Z", "2026-03-08T06:59:59.999Z"},
        {"America/New_York", "2026-03-08T08:00Z", "2026-03-08T07:00Z", "2026-03-08T07:00:00.000Z"},
        {"Pacific/Apia", "2011-12-01", "2012-01-01", "2011-12-30T10:00:00.000Z"},
        /* An offset kept for a month. */
        {"Africa/Casablanca", "2025-06-01", "2027-01-01", "2026-02-15T02:00:00.000Z"},
        {"Africa/Casablanca", "2026-02-15T02:00Z", "2027-01-01", "2026-03-22T02:00:00.000Z"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[CLOCK_ISO_BYTES];

        use(rows[i].zone);
        int64_t found = clock_next_transition_ms(at(rows[i].from), at(rows[i].limit));
        assert_string_equal(clock_format(found, out), rows[i].found);
    }
}

TEST(unknown_zones_are_refused)
{
    static const struct {
        const char *name;
        const char *message;
    } rows[] = {
        {"Asia/Soul", "did you mean \"Asia/Seoul\"?"},
        {"asia/seoul", "did you mean \"Asia/Seoul\"?"},
        {"Seoul", "did you mean \"Asia/Seoul\"?"},
        {"Europe/Seuol", "did you mean \"Asia/Seoul\"?"},
        {"new york", "did you mean \"America/New_York\"?"},
        {"Amercia/New_York", "did you mean \"America/New_York\"?"},
        {"utc", "did you mean"},
        {"Middle-earth/Hobbiton", "as in Asia/Seoul"},
        {"Asia", "as in Asia/Seoul"},
        {"UTC+9", "Asia/Tokyo"},
        {"+09:00", "is an offset, no time zone"},
        {"GMT-5", "in part of the year: "},
        {"UTC-5", "America/New_York"},
        {"UTC+00:00", "all year: UTC, "},
        {"zone.tab", "unknown time zone"},
        {"", "not the name of a time zone"},
        {"/etc/localtime", "not the name of a time zone"},
        {"Asia/../Asia/Seoul", "not the name of a time zone"},
        {":Asia/Seoul", "not the name of a time zone"},
        {"right/Asia/Seoul", "not the name of a time zone"},
        {"Asia/\x1B[31mSeoul", "\"Asia/\\x1B[31mSeoul\""},
    };

    use("Asia/Seoul");
    for (size_t i = 0; i < COUNT(rows); i++) {
        err_clear(&e);
        assert_false(clock_set_zone(rows[i].name, &e));
        assert_int_equal(e.kind, ERR_CONFIG);
        fail_if(!strstr(e.message, rows[i].message), "%s: %s", rows[i].name, e.message);
        /* A refused name leaves the zone as it was. */
        assert_int_equal(clock_zone_offset_seconds(0), 32400);
    }
}

TEST(a_name_of_any_length_is_refused)
{
    char name[5000];

    memset(name, 'A', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_false(clock_set_zone(name, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
}

TEST_IN(tempdir_enter, tempdir_leave, tzdir_is_looked_in_first)
{
    assert_int_equal(mkdir("Test", 0700), 0);
    assert_int_equal(symlink("/usr/share/zoneinfo/Asia/Kathmandu", "Test/Here"), 0);
    write_file("Test/Text", "no zone\n");
    assert_int_equal(setenv("TZDIR", tempdir, 1), 0);
    use("Test/Here");
    assert_int_equal(clock_zone_offset_seconds(at("2026-01-01")), 20700);
    assert_false(clock_set_zone("Test/Text", &e));
    use("Asia/Seoul");
    assert_int_equal(clock_zone_offset_seconds(at("2026-01-01")), 32400);
    assert_int_equal(unsetenv("TZDIR"), 0);
    assert_false(clock_set_zone("Test/Here", &e));
}

static void without_zone_data(const void *argument)
{
    if (chroot(argument) != 0) {
        _exit(77);
    }
    CHILD_ASSERT(clock_set_zone("UTC", &e));
    CHILD_ASSERT(clock_set_zone("Etc/UTC", &e));
    CHILD_ASSERT(clock_zone_day(MS_PER_DAY - 1) == 0 && clock_zone_day(MS_PER_DAY) == 1);
    CHILD_ASSERT(!clock_set_zone("Asia/Seoul", &e));
    CHILD_ASSERT(e.kind == ERR_CONFIG && strstr(e.message, "install the package tzdata"));
}

static void without_descriptors(const void *argument)
{
    (void)argument;
    CHILD_ASSERT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0}) == 0);
    CHILD_ASSERT(!clock_set_zone("Asia/Seoul", &e) && strstr(e.message, "ulimit -n"));
}

TEST(a_lack_of_descriptors_is_none_of_zone_data)
{
    struct child c = child_run(without_descriptors, NULL);
    assert_int_equal(c.exit_code, 0);
}

TEST_IN(tempdir_enter, tempdir_leave, utc_needs_no_zone_data)
{
    struct child c = child_run(without_zone_data, tempdir);

    if (c.exit_code == 77) {
        skip(); /* only root may change the root directory */
    }
    assert_int_equal(c.exit_code, 0);
}
