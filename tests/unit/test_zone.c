#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "child.h"

static void use(const char *zone)
{
    struct err e;

    if (!clock_set_zone(zone, &e)) {
        fail_msg("%s: %s (these tests need tzdata)", zone, e.message);
    }
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

TEST(offsets_are_the_zones)
{
    static const struct {
        const char *zone;
        const char *instant;
        int32_t seconds;
    } rows[] = {
        {"UTC", "2026-07-01", 0},
        {"Asia/Seoul", "2026-01-01", 32400},
        {"Asia/Seoul", "1988-07-01", 36000},
        {"America/New_York", "2026-01-01", -18000},
        {"America/New_York", "2026-03-08T06:59:59.999Z", -18000},
        {"America/New_York", "2026-03-08T07:00Z", -14400},
        {"Australia/Lord_Howe", "2026-01-01", 39600},
        {"Australia/Lord_Howe", "2026-07-01", 37800},
        {"Asia/Kathmandu", "2026-07-01", 20700},
        {"Pacific/Apia", "2011-12-30T09:59:59Z", -36000},
        {"Pacific/Apia", "2011-12-30T10:00:00Z", 50400},
        {"America/Argentina/Salta", "2026-07-01", -10800},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        use(rows[i].zone);
        assert_int_equal(clock_zone_offset_seconds(at(rows[i].instant)), rows[i].seconds);
    }
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
        {"Asia/Seoul", "2026-03-08", "2026-03-07T15:00:00.000Z", 1440},
        {"Asia/Seoul", "1969-12-31", "1969-12-30T15:00:00.000Z", 1440},
        {"America/New_York", "2026-03-07", "2026-03-07T05:00:00.000Z", 1440},
        {"America/New_York", "2026-03-08", "2026-03-08T05:00:00.000Z", 23 * INT64_C(60)},
        {"America/New_York", "2026-03-09", "2026-03-09T04:00:00.000Z", 1440},
        {"America/New_York", "2026-11-01", "2026-11-01T04:00:00.000Z", 25 * INT64_C(60)},
        {"America/New_York", "2045-11-05", "2045-11-05T04:00:00.000Z", 25 * INT64_C(60)},
        {"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00.000Z", 1470},
        {"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00.000Z", 1410},
        /* Midnight does not exist: the day begins at 01:00. */
        {"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z", 23 * INT64_C(60)},
        {"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00.000Z", 25 * INT64_C(60)},
        {"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00.000Z", 1440},
        {"Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00.000Z", 23 * INT64_C(60)},
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
        assert_string_equal(clock_format(start, out), rows[i].start);
        assert_int_equal((clock_zone_day_start_ms(number + 1) - start) / 60000, rows[i].minutes);
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
        {"Asia/Seoul", "1990-01-01", "2050-01-01", "2050-01-01T00:00:00.000Z"},
        {"America/New_York", "2026-01-01", "2027-01-01", "2026-03-08T07:00:00.000Z"},
        {"America/New_York", "2026-03-08T06:59:59.999Z", "2027-01-01", "2026-03-08T07:00:00.000Z"},
        {"America/New_York", "2026-03-08T07:00Z", "2027-01-01", "2026-11-01T06:00:00.000Z"},
        {"America/New_York", "2026-01-01", "2026-03-08T07:00Z", "2026-03-08T07:00:00.000Z"},
        {"America/New_York", "2026-01-01", "2026-03-08T06:59:59.999Z", "2026-03-08T06:59:59.999Z"},
        {"America/New_York", "2026-03-08T08:00Z", "2026-03-08T07:00Z", "2026-03-08T07:00:00.000Z"},
        {"Australia/Lord_Howe", "2026-01-01", "2027-01-01", "2026-04-04T15:00:00.000Z"},
        {"Pacific/Apia", "2011-12-01", "2012-01-01", "2011-12-30T10:00:00.000Z"},
        /* An offset kept for a month. */
        {"Africa/Casablanca", "2025-06-01", "2027-01-01", "2026-02-15T02:00:00.000Z"},
        {"Africa/Casablanca", "2026-02-15T02:00Z", "2027-01-01", "2026-03-22T02:00:00.000Z"},
        {"Asia/Pyongyang", "2016-01-01", "2030-01-01", "2018-05-04T15:00:00.000Z"},
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
        {"Korea/Seoul", "did you mean \"Asia/Seoul\"?"},
        {"Europe/Seuol", "did you mean \"Asia/Seoul\"?"},
        {"new york", "did you mean \"America/New_York\"?"},
        {"America/New York", "did you mean \"America/New_York\"?"},
        {"Amercia/New_York", "did you mean \"America/New_York\"?"},
        {"utc", "did you mean"},
        {"Etc/utc", "did you mean \"Etc/UTC\"?"},
        {"Middle-earth/Hobbiton", "as in Asia/Seoul"},
        {"KST", "as in Asia/Seoul"},
        {"Asia", "as in Asia/Seoul"},
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
        struct err e;

        err_clear(&e);
        assert_false(clock_set_zone(rows[i].name, &e));
        assert_int_equal(e.kind, ERR_CONFIG);
        if (!strstr(e.message, rows[i].message)) {
            fail_msg("%s: %s", rows[i].name, e.message);
        }
        /* A refused name leaves the zone as it was. */
        assert_int_equal(clock_zone_offset_seconds(0), 32400);
    }
}

TEST(a_name_of_any_length_is_refused)
{
    char name[5000];
    struct err e;

    memset(name, 'A', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_false(clock_set_zone(name, &e));
    assert_int_equal(e.kind, ERR_CONFIG);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[8192];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");

    assert_non_null(in);
    assert_non_null(out);
    size_t got = fread(bytes, 1, sizeof(bytes), in);
    assert_true(got > 100);
    assert_int_equal(fwrite(bytes, 1, got, out), got);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

TEST(tzdir_is_looked_in_first)
{
    char directory[] = "/tmp/rollcall-zone-XXXXXX";
    struct arena *a = arena_new(0);
    struct err e;

    assert_non_null(mkdtemp(directory));
    const char *area = arena_printf(a, "%s/Test", directory);
    const char *zone = arena_printf(a, "%s/Here", area);
    const char *text = arena_printf(a, "%s/Text", area);
    assert_int_equal(mkdir(area, 0700), 0);
    copy_file("/usr/share/zoneinfo/Asia/Kathmandu", zone);
    FILE *out = fopen(text, "w");
    assert_non_null(out);
    assert_true(fputs("no zone\n", out) >= 0);
    assert_int_equal(fclose(out), 0);

    assert_int_equal(setenv("TZDIR", directory, 1), 0);
    use("Test/Here");
    assert_int_equal(clock_zone_offset_seconds(at("2026-01-01")), 20700);
    assert_false(clock_set_zone("Test/Text", &e));
    use("Asia/Seoul");
    assert_int_equal(clock_zone_offset_seconds(at("2026-01-01")), 32400);
    assert_int_equal(unsetenv("TZDIR"), 0);
    assert_false(clock_set_zone("Test/Here", &e));

    assert_int_equal(unlink(zone), 0);
    assert_int_equal(unlink(text), 0);
    assert_int_equal(rmdir(area), 0);
    assert_int_equal(rmdir(directory), 0);
    arena_free(a);
}

static void without_zone_data(const void *argument)
{
    struct err e;

    if (chroot(argument) != 0) {
        _exit(77);
    }
    CHILD_ASSERT(clock_set_zone("UTC", &e));
    CHILD_ASSERT(clock_set_zone("Etc/UTC", &e));
    CHILD_ASSERT(clock_zone_day(MS_PER_DAY - 1) == 0 && clock_zone_day(MS_PER_DAY) == 1);
    CHILD_ASSERT(!clock_set_zone("Asia/Seoul", &e));
    CHILD_ASSERT(e.kind == ERR_CONFIG && strstr(e.message, "install the package tzdata"));
}

TEST(utc_needs_no_zone_data)
{
    char directory[] = "/tmp/rollcall-zone-XXXXXX";

    assert_non_null(mkdtemp(directory));
    struct child c = child_run(without_zone_data, directory);
    assert_int_equal(rmdir(directory), 0);
    if (c.exit_code == 77) {
        skip(); /* only root may change the root directory */
    }
    assert_int_equal(c.exit_code, 0);
}
