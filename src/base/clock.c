#include "base/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

#define DAY_SECONDS INT64_C(86400)

/* Day numbers, counted from 0000-01-01 inside this file, are clearest without negatives. */
#define DAYS_TO_1970 719528
#define DAYS_TO_9999 3652424 /* 9999-12-31 */

#define FIRST_MS (-DAYS_TO_1970 * MS_PER_DAY)
#define LAST_MS  ((DAYS_TO_9999 - DAYS_TO_1970 + 1) * MS_PER_DAY - 1)

enum {
    ZONE_NAME_BYTES = 64,
    ZONE_LIST_MAX = 4096,
    ZONE_DEPTH_MAX = 3, /* America/Argentina/Salta */
};

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

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days from 0000-01-01 to the first day of `year` (0 to 10000); year 0 is a leap year. */
static int days_before_year(int year)
{
    return 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

struct date {
    int year;
    int month;
    int day;
};

/* The date of a day number; one outside the years 0000 to 9999 gives the nearest day inside. */
static struct date date_of(int64_t day)
{
    int64_t wanted = day + DAYS_TO_1970;
    int days = wanted < 0 ? 0 : wanted > DAYS_TO_9999 ? DAYS_TO_9999 : (int)wanted;
    struct date d = {.year = days / 366, .month = 1};

    while (days_before_year(d.year + 1) <= days) {
        d.year++;
    }
    days -= days_before_year(d.year);
    while (days >= days_in_month(d.year, d.month)) {
        days -= days_in_month(d.year, d.month++);
    }
    d.day = days + 1;
    return d;
}

char *clock_format_day(int32_t day, char *out)
{
    struct date d = date_of(day);

    (void)snprintf(out, CLOCK_DAY_BYTES, "%04u-%02u-%02u", (unsigned)d.year % 10000U,
                   (unsigned)d.month % 100U, (unsigned)d.day % 100U);
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

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads exactly `count` digits at *at and moves past them. */
static bool read_digits(const char **at, int count, int *out)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (!is_digit(**at)) {
            return false;
        }
        value = value * 10 + (**at - '0');
        (*at)++;
    }
    *out = value;
    return true;
}

static bool read_char(const char **at, char wanted)
{
    if (**at != wanted) {
        return false;
    }
    (*at)++;
    return true;
}

static bool read_date(const char **at, int32_t *day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    struct date d;

    if (!read_digits(at, 4, &d.year) || !read_char(at, '-') || !read_digits(at, 2, &d.month) ||
        !read_char(at, '-') || !read_digits(at, 2, &d.day)) {
        return false;
    }
    if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > days_in_month(d.year, d.month)) {
        return false;
    }
    bool leaps = d.month > 2 && days_in_month(d.year, 2) == 29;
    *day = days_before_year(d.year) + before[d.month - 1] + leaps + d.day - 1 - DAYS_TO_1970;
    return true;
}

/* The digits after the point: any number of them, at least one, cut to milliseconds. */
static bool read_fraction(const char **at, int *ms)
{
    int scale = 100;

    if (!is_digit(**at)) {
        return false;
    }
    *ms = 0;
    for (; is_digit(**at); (*at)++) {
        *ms += (**at - '0') * scale;
        scale /= 10;
    }
    return true;
}

/* HH:MM, HH:MM:SS or HH:MM:SS.fraction. */
static bool read_time(const char **at, int64_t *ms)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    int fraction = 0;

    if (!read_digits(at, 2, &hour) || !read_char(at, ':') || !read_digits(at, 2, &minute)) {
        return false;
    }
    if (read_char(at, ':')) {
        if (!read_digits(at, 2, &second)) {
            return false;
        }
        if (read_char(at, '.') && !read_fraction(at, &fraction)) {
            return false;
        }
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    *ms = (((int64_t)hour * 60 + minute) * 60 + second) * MS_PER_SECOND + fraction;
    return true;
}

/* Z, +HH, +HHMM or +HH:MM (or -). */
static bool read_offset(const char **at, int64_t *ms)
{
    int hour = 0;
    int minute = 0;

    if (read_char(at, 'Z')) {
        *ms = 0;
        return true;
    }
    bool west = **at == '-';
    if (!west && **at != '+') {
        return false;
    }
    (*at)++;
    if (!read_digits(at, 2, &hour)) {
        return false;
    }
    bool more = read_char(at, ':') || **at != '\0';
    if (more && !read_digits(at, 2, &minute)) {
        return false;
    }
    if (hour > 23 || minute > 59) {
        return false;
    }
    *ms = ((int64_t)hour * 60 + minute) * 60 * MS_PER_SECOND * (west ? -1 : 1);
    return true;
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
    if (*at != '\0') {
        if (!read_char(&at, 'T') || !read_time(&at, &time_ms)) {
            return false;
        }
        bool bare = *at == '\0';
        if (bare ? !assume_utc : !read_offset(&at, &offset_ms)) {
            return false;
        }
        if (*at != '\0') {
            return false;
        }
    }
    int64_t instant = day * MS_PER_DAY + time_ms - offset_ms;
    if (instant < FIRST_MS || instant > LAST_MS) {
        return false;
    }
    *ms = instant;
    return true;
}

bool clock_parse_day(const char *text, int32_t *day)
{
    const char *at = text;
    int32_t value = 0;

    if (!read_date(&at, &value) || *at != '\0') {
        return false;
    }
    *day = value;
    return true;
}

/* --- the business zone ------------------------------------------------------------------------ */

static int32_t offset_at(int64_t second)
{
    time_t when = (time_t)second;
    struct tm local;

    return localtime_r(&when, &local) ? (int32_t)local.tm_gmtoff : 0;
}

int32_t clock_zone_offset_seconds(int64_t ms)
{
    return offset_at(floor_div(ms, MS_PER_SECOND));
}

int32_t clock_zone_day(int64_t ms)
{
    int64_t second = floor_div(ms, MS_PER_SECOND);

    return (int32_t)floor_div(second + offset_at(second), DAY_SECONDS);
}

/* The first second after `from` and before `limit` at which the offset differs, or `limit`. The
 * probes are nearer to each other than any time a zone ever kept an offset, so that no pair of
 * changes that undo each other falls between two probes. */
static int64_t next_transition(int64_t from, int64_t limit)
{
    const int64_t probe = INT64_C(6) * 3600;
    int32_t offset = offset_at(from);
    int64_t same = from;

    while (same < limit) {
        int64_t other = limit - same > probe ? same + probe : limit;

        if (offset_at(other) == offset) {
            same = other;
            continue;
        }
        while (other - same > 1) {
            int64_t middle = same + (other - same) / 2;

            if (offset_at(middle) == offset) {
                same = middle;
            } else {
                other = middle;
            }
        }
        return other;
    }
    return limit;
}

int64_t clock_next_transition_ms(int64_t ms, int64_t limit_ms)
{
    int64_t limit = floor_div(limit_ms - 1, MS_PER_SECOND) + 1;

    if (limit_ms <= ms) {
        return limit_ms;
    }
    int64_t found = next_transition(floor_div(ms, MS_PER_SECOND), limit) * MS_PER_SECOND;
    return found < limit_ms ? found : limit_ms;
}

int64_t clock_zone_day_start_ms(int32_t day)
{
    /* Two days to either side hold every offset, and a day left out at the date line. */
    int64_t midnight = (int64_t)day * DAY_SECONDS;
    int64_t from = midnight - 2 * DAY_SECONDS;
    int64_t limit = midnight + 2 * DAY_SECONDS;

    while (from < limit) {
        int64_t until = next_transition(from, limit);
        int64_t start = midnight - offset_at(from);

        if (start < from) {
            start = from;
        }
        if (start < until) {
            return start * MS_PER_SECOND;
        }
        from = until;
    }
    return limit * MS_PER_SECOND;
}

/* --- finding a zone --------------------------------------------------------------------------- */

struct zone_list {
    struct arena *arena;
    const char **names;
    size_t count;
};

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

    for (size_t i = 0; (directory = zone_directory(i)); i++) {
        const char *path = arena_printf(a, "%s/%s", directory, name);
        int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        char magic[4] = "";
        struct stat status;

        if (file < 0) {
            continue;
        }
        bool is_zone = fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
                       read(file, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
                       memcmp(magic, "TZif", sizeof(magic)) == 0;
        (void)close(file);
        if (is_zone) {
            return path;
        }
    }
    return NULL;
}

/* Collects the zones in a directory; `prefix` is its place below the zone directory ("Asia/"). */
static void list_zones(struct zone_list *list, const char *directory, const char *prefix, int depth)
{
    DIR *entries = opendir(directory);

    if (!entries) {
        return;
    }
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        struct stat status;
        const char *path = arena_printf(list->arena, "%s/%s", directory, entry->d_name);
        const char *name = arena_printf(list->arena, "%s%s", prefix, entry->d_name);

        /* Zones and their areas begin with a capital; tables have a dot in their names. */
        if (entry->d_name[0] < 'A' || entry->d_name[0] > 'Z' || strchr(entry->d_name, '.') ||
            stat(path, &status) != 0) {
            continue;
        }
        if (S_ISDIR(status.st_mode) && depth < ZONE_DEPTH_MAX) {
            list_zones(list, path, arena_printf(list->arena, "%s/", name), depth + 1);
        } else if (S_ISREG(status.st_mode) && list->count < ZONE_LIST_MAX &&
                   (depth > 1 || str_eq(name, "UTC"))) {
            list->names[list->count++] = name;
        }
    }
    (void)closedir(entries);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

static bool is_area(const struct zone_list *list, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < list->count; i++) {
        if (str_starts_with(list->names[i], name) && list->names[i][length] == '/') {
            return true;
        }
    }
    return false;
}

/* The installed name nearest to a misspelt one: by its city, which says more than its area,
 * then by the whole. */
static const char *nearest_zone(const struct zone_list *list, char *name)
{
    const char **parts = arena_array(list->arena, list->count, sizeof(*parts));

    for (char *c = name; *c; c++) {
        if (*c == ' ') {
            *c = '_';
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        parts[i] = last_part(list->names[i]);
        if (str_eq_nocase(list->names[i], name)) {
            return list->names[i];
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq_nocase(parts[i], last_part(name))) {
            return list->names[i];
        }
    }
    /* Neither three letters nor an area alone are a misspelling: KST is not ACT, Asia not Apia. */
    if (strlen(last_part(name)) < 4 || is_area(list, name)) {
        return NULL;
    }
    const char *near = str_nearest(last_part(name), parts, list->count);
    for (size_t i = 0; near && i < list->count; i++) {
        if (parts[i] == near) {
            return list->names[i];
        }
    }
    return str_nearest(name, list->names, list->count);
}

/* Says what is wrong with a name that has no file. */
static bool refuse_unknown(struct arena *a, const char *name, struct err *e)
{
    const char *shown = str_escaped(a, name);
    struct zone_list list = {.arena = a};

    list.names = arena_array(a, ZONE_LIST_MAX, sizeof(*list.names));
    for (size_t i = 0; zone_directory(i) && list.count == 0; i++) {
        list_zones(&list, zone_directory(i), "", 1);
    }
    /* The list must hold more than the UTC that some systems ship alone. */
    if (list.count <= 1) {
        return err_set(e, ERR_CONFIG,
                       "time zone \"%s\": no time zone data is installed; install the package "
                       "tzdata (or set timezone = UTC)",
                       shown);
    }

    qsort(list.names, list.count, sizeof(*list.names), compare_names);
    const char *near = nearest_zone(&list, arena_strdup(a, name));
    if (near) {
        return err_set(e, ERR_CONFIG, "unknown time zone \"%s\"; did you mean \"%s\"?", shown,
                       near);
    }
    return err_set(e, ERR_CONFIG,
                   "unknown time zone \"%s\"; a zone is named by area and city, as in Asia/Seoul "
                   "(the package tzdata brings them)",
                   shown);
}

static bool use_zone(const char *value)
{
    INVARIANT(setenv("TZ", value, 1) == 0);
    tzset();
    return true;
}

static bool set_zone(struct arena *a, const char *name, struct err *e)
{
    /* Names in posix/ repeat the others; those in right/ count leap seconds, which Unix time has
     * not. */
    if (name[0] == '\0' || name[0] == '/' || name[0] == ':' || strstr(name, "..") ||
        strlen(name) >= ZONE_NAME_BYTES || str_starts_with(name, "posix/") ||
        str_starts_with(name, "right/")) {
        return err_set(e, ERR_CONFIG,
                       "\"%s\" is not the name of a time zone; one is named by area and city, as "
                       "in Asia/Seoul",
                       str_escaped(a, name));
    }
    /* UTC needs no file, so that it works where no zone data is installed. */
    if (str_eq(name, "UTC") || str_eq(name, "Etc/UTC")) {
        return use_zone("UTC0");
    }

    const char *path = find_zone_file(a, name);
    if (!path) {
        return refuse_unknown(a, name, e);
    }
    /* The file that was checked, whatever directory libc itself would have looked in. */
    return use_zone(arena_printf(a, ":%s", path));
}

bool clock_set_zone(const char *name, struct err *e)
{
    struct arena *a = arena_new(0);
    bool set = set_zone(a, name, e);

    arena_free(a);
    return set;
}
