#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/str.h"

#define FIRST_MS (FIRST_DAY * MS_PER_DAY)
#define LAST_MS  ((LAST_DAY + 1) * MS_PER_DAY - 1)

enum {
    FIRST_DAY = -719528, /* 0000-01-01 */
    LAST_DAY = 2932896,  /* 9999-12-31 */
    ZONE_NAME_BYTES = 64,
    TZ_AT = 3, /* behind "TZ=" */
    TZ_BYTES = 1024,
};

/* The environment's own line, written in place: another thread that looks for a variable meanwhile
 * finds the list as it was. */
static char tz_line[TZ_AT + TZ_BYTES] = "TZ=";
static char business_tz[TZ_BYTES];

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec now = {0};

    INVARIANT(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    return read_clock_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return read_clock_ms(CLOCK_MONOTONIC);
}

void clock_sleep_ms(int64_t ms)
{
    struct timespec wait = {.tv_sec = (time_t)(ms / MS_PER_SECOND),
                            .tv_nsec = (long)(ms % MS_PER_SECOND) * 1000000L};

    if (ms > 0) {
        (void)nanosleep(&wait, NULL);
    }
}

/* --- days and texts --------------------------------------------------------------------------- */

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

/* The day number of a date. Years are counted from March, so that a leap day is the last day of its
 * year, and from 400 years earlier, so that nothing is negative. */
static int32_t day_of(int year, int month, int day)
{
    const int to_1970 = 865565;
    int years = year + 400 - (month <= 2 ? 1 : 0);
    int months = (month + 9) % 12;
    int leap_days = years / 4 - years / 100 + years / 400;

    return 365 * years + leap_days + (153 * months + 2) / 5 + day - 1 - to_1970;
}

char *clock_format_day(int32_t day, char *out)
{
    time_t shown = day < FIRST_DAY ? FIRST_DAY : day > LAST_DAY ? LAST_DAY : day;
    struct tm date;

    shown *= MS_PER_DAY / MS_PER_SECOND;
    INVARIANT(gmtime_r(&shown, &date));
    (void)snprintf(out, CLOCK_DAY_BYTES, "%04u-%02u-%02u", (unsigned)(date.tm_year + 1900) % 10000U,
                   (unsigned)(date.tm_mon + 1) % 100U, (unsigned)date.tm_mday % 100U);
    return out;
}

char *clock_format(int64_t ms, char *out)
{
    int64_t shown = ms < FIRST_MS ? FIRST_MS : ms > LAST_MS ? LAST_MS : ms;
    int64_t day = floor_div(shown, MS_PER_DAY);
    unsigned rest = (unsigned)(shown - day * MS_PER_DAY);
    size_t length = strlen(clock_format_day((int32_t)day, out));

    (void)snprintf(out + length, CLOCK_ISO_BYTES - length, "T%02u:%02u:%02u.%03uZ",
                   rest / 3600000U % 24U, rest / 60000U % 60U, rest / 1000U % 60U, rest % 1000U);
    return out;
}

int64_t clock_utc_day_start(int64_t ms)
{
    return floor_div(ms, MS_PER_DAY) * MS_PER_DAY;
}

/* Reads what `shape` says and moves past it: a digit stands for a number of so many digits, any
 * other character for itself. False, without a move, when the text is of another shape. */
static bool read_numbers(const char **at, const char *shape, int *numbers)
{
    const char *c = *at;

    for (; *shape; shape++) {
        if (!isdigit((unsigned char)*shape)) {
            if (*c++ != *shape) {
                return false;
            }
            continue;
        }
        int value = 0;
        for (int left = *shape - '0'; left > 0; left--) {
            if (!isdigit((unsigned char)*c)) {
                return false;
            }
            value = value * 10 + (*c++ - '0');
        }
        *numbers++ = value;
    }
    *at = c;
    return true;
}

static bool read_date(const char **at, int32_t *day)
{
    int n[3];

    if (!read_numbers(at, "4-2-2", n)) {
        return false;
    }
    *day = day_of(n[0], n[1], n[2]);
    return n[1] >= 1 && n[1] <= 12 && n[2] >= 1 &&
           *day < day_of(n[0] + n[1] / 12, n[1] % 12 + 1, 1);
}

/* HH:MM, HH:MM:SS or HH:MM:SS.fraction, whose digits are cut to milliseconds. */
static bool read_time(const char **at, int64_t *ms)
{
    int n[3] = {0};
    int tenth;
    int fraction = 0;

    if (!read_numbers(at, "2:2", n)) {
        return false;
    }
    if (read_numbers(at, ":2", &n[2]) && read_numbers(at, ".1", &tenth)) {
        fraction = tenth * 100;
        for (int scale = 10; isdigit((unsigned char)**at); (*at)++) {
            fraction += (**at - '0') * scale;
            scale /= 10;
        }
    }
    *ms = (((int64_t)n[0] * 60 + n[1]) * 60 + n[2]) * MS_PER_SECOND + fraction;
    return n[0] <= 23 && n[1] <= 59 && n[2] <= 59;
}

/* Z, +HH, +HHMM or +HH:MM (or -). */
static bool read_offset(const char **at, int64_t *ms)
{
    int n[2] = {0};

    *ms = 0;
    if (read_numbers(at, "Z", n)) {
        return true;
    }
    bool west = read_numbers(at, "-", n);
    if ((!west && !read_numbers(at, "+", n)) ||
        (!read_numbers(at, "2:2", n) && !read_numbers(at, "22", n) && !read_numbers(at, "2", n))) {
        return false;
    }
    *ms = ((int64_t)n[0] * 60 + n[1]) * (west ? -MS_PER_MINUTE : MS_PER_MINUTE);
    return n[0] <= 23 && n[1] <= 59;
}

bool clock_parse(const char *text, bool assume_utc, int64_t *ms)
{
    const char *at = text;
    int32_t day = 0;
    int64_t time_ms = 0;
    int64_t offset_ms = 0;

    if (!read_date(&at, &day)) {
        return false;
    }
    if (*at != '\0' && (!read_numbers(&at, "T", NULL) || !read_time(&at, &time_ms) ||
                        (*at == '\0' ? !assume_utc : !read_offset(&at, &offset_ms)))) {
        return false;
    }
    int64_t instant = day * MS_PER_DAY + time_ms - offset_ms;
    if (*at != '\0' || instant < FIRST_MS || instant > LAST_MS) {
        return false;
    }
    *ms = instant;
    return true;
}

bool clock_parse_day(const char *text, int32_t *day)
{
    const char *at = text;

    return read_date(&at, day) && *at == '\0';
}

/* --- the business zone ------------------------------------------------------------------------ */

int32_t clock_zone_offset_seconds(int64_t ms)
{
    time_t when = (time_t)floor_div(ms, MS_PER_SECOND);
    struct tm local;

    return localtime_r(&when, &local) ? (int32_t)local.tm_gmtoff : 0;
}

int32_t clock_zone_day(int64_t ms)
{
    return (int32_t)floor_div(ms + clock_zone_offset_seconds(ms) * MS_PER_SECOND, MS_PER_DAY);
}

int64_t clock_next_transition_ms(int64_t ms, int64_t limit_ms)
{
    /* Nearer to each other than any time a zone ever kept an offset, so that no pair of changes
     * that undo each other falls between two probes. */
    const int64_t probe_ms = 6 * MS_PER_HOUR;
    int32_t offset = clock_zone_offset_seconds(ms);
    int64_t same = ms;

    while (same < limit_ms) {
        int64_t other = limit_ms - same > probe_ms ? same + probe_ms : limit_ms;

        if (clock_zone_offset_seconds(other) == offset) {
            same = other;
            continue;
        }
        while (other - same > 1) {
            int64_t middle = same + (other - same) / 2;

            if (clock_zone_offset_seconds(middle) == offset) {
                same = middle;
            } else {
                other = middle;
            }
        }
        return other;
    }
    return limit_ms;
}

int64_t clock_zone_day_start_ms(int32_t day)
{
    /* Two days to either side hold every offset, and a day left out at the date line. */
    int64_t midnight = day * MS_PER_DAY;
    int64_t from = midnight - 2 * MS_PER_DAY;
    int64_t limit = midnight + 2 * MS_PER_DAY;

    while (from < limit) {
        int64_t until = clock_next_transition_ms(from, limit);
        int64_t start =
            clock_later(midnight - clock_zone_offset_seconds(from) * MS_PER_SECOND, from);

        if (start < until) {
            return start;
        }
        from = until;
    }
    return limit;
}

/* --- finding a zone --------------------------------------------------------------------------- */

/* The directories a zone's file is looked for in, one after the other; NULL behind the last. */
static const char *zone_directory(size_t at)
{
    static const char *const usual[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                        "/usr/share/lib/zoneinfo", NULL};
    const char *chosen = getenv("TZDIR");
    size_t before = chosen && chosen[0] == '/' ? 1 : 0;

    return at < before ? chosen : usual[at - before];
}

/* The file of a compiled zone (RFC 8536), not of one of the tables beside them; NULL: none. */
static const char *find_zone_file(struct arena *a, const char *name)
{
    const char *directory;

    errno = 0;
    for (size_t i = 0; (directory = zone_directory(i)); i++) {
        const char *path = arena_printf(a, "%s/%s", directory, name);
        FILE *file = fopen(path, "re");
        char magic[4] = "";

        if (!file) {
            continue;
        }
        bool is_zone = fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
                       memcmp(magic, "TZif", sizeof(magic)) == 0;
        (void)fclose(file);
        if (is_zone) {
            return path;
        }
    }
    return NULL;
}

/* The names of the zones of the first directory that has any. */
static const char **installed_zones(struct arena *a, size_t *count)
{
    /* Zones and their areas begin with a capital. Some systems ship UTC alone. */
    static const char *const shapes[] = {"UTC", "[A-Z]*/[A-Z]*", "[A-Z]*/[A-Z]*/[A-Z]*"};
    const char **names = NULL;
    const char *directory;

    *count = 0;
    for (size_t d = 0; *count == 0 && (directory = zone_directory(d)); d++) {
        glob_t found = {0};

        for (size_t i = 0; i < COUNT_OF(shapes); i++) {
            (void)glob(arena_printf(a, "%s/%s", directory, shapes[i]),
                       GLOB_MARK | (i > 0 ? GLOB_APPEND : 0), NULL, &found);
        }
        names = arena_array(a, found.gl_pathc, sizeof(*names));
        for (size_t i = 0; i < found.gl_pathc; i++) {
            const char *name = found.gl_pathv[i] + strlen(directory) + 1;

            /* Tables have a dot in their names, and a slash ends that of an area. */
            if (!strchr(name, '.') && !str_ends_with(name, "/")) {
                names[(*count)++] = arena_strdup(a, name);
            }
        }
        globfree(&found);
    }
    return names;
}

/* The installed name nearest to a misspelt one, NULL: none is near. By its city, which says more
 * than its area, then by the whole. */
static const char *nearest_zone(struct arena *a, const char *const *zones, size_t count,
                                const char *misspelt)
{
    const char **cities = arena_array(a, count, sizeof(*cities));
    const char *name = str_replace(a, misspelt, ' ', "_");
    bool is_area = false;

    for (size_t i = 0; i < count; i++) {
        cities[i] = str_behind_last(zones[i], '/');
        is_area = is_area || (str_starts_with(zones[i], name) && zones[i][strlen(name)] == '/');
        if (str_eq_nocase(zones[i], name)) {
            return zones[i];
        }
    }
    const char *city = str_behind_last(name, '/');
    const char *near = str_nearest(city, cities, count);
    /* Neither three letters nor an area alone are a misspelling: KST is not ACT, Asia not Apia. */
    if ((strlen(city) < 4 || is_area) && !str_eq_nocase(near, city)) {
        return NULL;
    }
    for (size_t i = 0; near && i < count; i++) {
        if (cities[i] == near) {
            return zones[i];
        }
    }
    return str_nearest(name, zones, count);
}

/* An offset from UTC as people write one: UTC+9, GMT-05:30, +0900. */
static bool is_offset(struct arena *a, const char *name, int64_t *ms)
{
    const char *at =
        name + (strncasecmp(name, "UTC", 3) == 0 || strncasecmp(name, "GMT", 3) == 0 ? 3 : 0);

    at += strspn(at, " ");
    if ((*at == '+' || *at == '-') && isdigit((unsigned char)at[1]) &&
        !isdigit((unsigned char)at[2])) {
        at = arena_printf(a, "%c0%s", *at, at + 1);
    }
    return read_offset(&at, ms) && *at == '\0';
}

/* TZ is the line of ours from now on. */
static void set_tz(const char *tz)
{
    INVARIANT(strlen(tz) < TZ_BYTES);
    (void)snprintf(tz_line + TZ_AT, TZ_BYTES, "%s", tz);
    if (getenv("TZ") != tz_line + TZ_AT) {
        INVARIANT(putenv(tz_line) == 0);
    }
    tzset();
}

/* In how many of the four quarters from now on the zone that TZ names has an offset. */
static int quarters_at(int64_t offset_ms)
{
    int quarters = 0;

    for (int i = 0; i < 4; i++) {
        int64_t ms = clock_now_ms() + i * (91 * (int64_t)MS_PER_DAY);
        quarters += clock_zone_offset_seconds(ms) * MS_PER_SECOND == offset_ms ? 1 : 0;
    }
    return quarters;
}

/* Says which zones have an offset, all the year or only in part of it, of each country the first
 * (the table has the largest first); "" where there are none. */
static const char *zones_at(struct arena *a, const char *words, int64_t offset_ms, bool all_year)
{
    enum { ZONES_SHOWN = 8 };
    const char *found = all_year && offset_ms == 0 ? ", UTC" : "";
    FILE *table = NULL;
    const char *directory;
    char line[512];
    char country[4] = "#";
    int shown = 0;

    for (size_t d = 0; !table && (directory = zone_directory(d)); d++) {
        table = fopen(arena_printf(a, "%s/zone.tab", directory), "re");
    }
    while (table && shown < ZONES_SHOWN && fgets(line, sizeof(line), table)) {
        char *rest = line; /* country, place, zone */
        const char *code = strsep(&rest, "\t");
        (void)strsep(&rest, "\t");
        const char *name = strsep(&rest, "\t\n");

        if (!name || str_eq(code, country) || str_starts_with(name, "Antarctica/")) {
            continue;
        }
        set_tz(arena_printf(a, ":%s/%s", directory, name));
        int quarters = quarters_at(offset_ms);
        if (all_year ? quarters == 4 : quarters > 0 && quarters < 4) {
            (void)snprintf(country, sizeof(country), "%s", code);
            found = arena_printf(a, "%s, %s", found, name);
            shown++;
        }
    }
    if (table) {
        (void)fclose(table);
    }
    clock_leave_zone();
    return *found ? arena_printf(a, "%s%s", words, found + 2) : "";
}

/* Says what is wrong with a name that find_zone_file has no file for. */
static void refuse_unknown(struct arena *a, const char *name, struct err *e)
{
    int error_number = errno;
    const char *shown = str_escaped(a, name);
    int64_t offset_ms;
    size_t count;
    const char *const *zones = installed_zones(a, &count);
    const char *near = nearest_zone(a, zones, count, name);

    /* There must be more than the UTC that some systems ship alone. */
    if (error_number == EMFILE || error_number == ENFILE) {
        err_set(e, ERR_CONFIG, "time zone \"%s\": %s; raise the limit on open files (ulimit -n)",
                shown, strerror(error_number));
    } else if (count <= 1) {
        err_set(e, ERR_CONFIG,
                "time zone \"%s\": no time zone data is installed; install the package tzdata (or "
                "set timezone = UTC)",
                shown);
    } else if (is_offset(a, name, &offset_ms)) {
        err_set(e, ERR_CONFIG,
                "\"%s\" is an offset, no time zone, which knows when its clocks are changed%s%s",
                shown, zones_at(a, "; that have all year: ", offset_ms, true),
                zones_at(a, "; in part of the year: ", offset_ms, false));
    } else if (near) {
        err_set(e, ERR_CONFIG, "unknown time zone \"%s\"; did you mean \"%s\"?", shown, near);
    } else {
        err_set(e, ERR_CONFIG,
                "unknown time zone \"%s\"; a zone is named by area and city, as in Asia/Seoul (the "
                "package tzdata brings them)",
                shown);
    }
}

/* What TZ is to be for a zone; NULL with *e. */
static const char *tz_of(struct arena *a, const char *name, struct err *e)
{
    /* Names in posix/ repeat the others; those in right/ count leap seconds, which Unix time has
     * not. */
    if (name[0] == '\0' || name[0] == '/' || name[0] == ':' || strstr(name, "..") ||
        strlen(name) >= ZONE_NAME_BYTES || str_starts_with(name, "posix/") ||
        str_starts_with(name, "right/")) {
        err_set(e, ERR_CONFIG,
                "\"%s\" is not the name of a time zone; one is named by area and city, as in "
                "Asia/Seoul",
                str_escaped(a, name));
        return NULL;
    }
    /* UTC needs no file, so that it works where no zone data is installed. */
    if (str_eq(name, "UTC") || str_eq(name, "Etc/UTC")) {
        return "UTC0";
    }
    const char *path = find_zone_file(a, name);
    if (!path) {
        refuse_unknown(a, name, e);
        return NULL;
    }
    /* The file that was checked, whatever directory libc itself would have looked in. */
    return arena_printf(a, ":%s", path);
}

bool clock_enter_zone(const char *name, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *tz = tz_of(a, name, e);

    if (tz) {
        set_tz(tz);
    }
    return tz != NULL;
}

bool clock_set_zone(const char *name, struct err *e)
{
    bool is_set = clock_enter_zone(name, e);

    if (is_set) {
        memcpy(business_tz, tz_line + TZ_AT, sizeof(business_tz));
    }
    return is_set;
}

void clock_leave_zone(void)
{
    set_tz(business_tz);
}
