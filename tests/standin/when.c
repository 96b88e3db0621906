#include "when.h"

#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t when_wall(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t when_day(int64_t ms)
{
    return (ms - (ms < 0 ? WHEN_DAY - 1 : 0)) / WHEN_DAY;
}

static struct tm *civil(int64_t ms, struct tm *tm)
{
    time_t seconds = (time_t)((ms - (ms < 0 ? 999 : 0)) / 1000);
    return gmtime_r(&seconds, tm);
}

void when_text(int64_t ms, char out[WHEN_SIZE])
{
    struct tm tm;
    size_t used = strftime(out, WHEN_SIZE, "%Y-%m-%dT%H:%M:%S", civil(ms, &tm));
    snprintf(out + used, WHEN_SIZE - used, ".%03dZ", (int)((ms % 1000 + 1000) % 1000));
}

void when_http(int64_t ms, char out[WHEN_SIZE])
{
    struct tm tm;
    strftime(out, WHEN_SIZE, "%a, %d %b %Y %H:%M:%S GMT", civil(ms, &tm));
}

static const char form[] = "^([0-9]{4})-([0-9]{2})-([0-9]{2})"
                           "(T([0-9]{2}):([0-9]{2})(:([0-9]{2})([.]([0-9]{1,3})[0-9]*)?)?"
                           "(Z|([+-])([0-9]{2}):?([0-9]{2})))?$";
/* Its groups. */
enum { YEAR = 1, MONTH, DAY, HOUR = 5, MINUTE, SECOND = 8 };
enum { FRACTION = 10, SIGN = 12, AWAY, AND, GROUPS };

static regex_t compiled;

static void compile(void)
{
    if (regcomp(&compiled, form, REG_EXTENDED) != 0) {
        abort();
    }
}

bool when_parse(const char *text, int64_t *out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static const int scale[] = {0, 100, 10, 1}; /* of a fraction, by its digits */
    regmatch_t at[GROUPS];
    int n[GROUPS];
    pthread_once(&once, compile);
    if (!text || regexec(&compiled, text, GROUPS, at, 0) != 0) {
        return false;
    }
    for (int i = 0; i < GROUPS; i++) {
        char digits[8];
        const char *from = at[i].rm_so >= 0 ? text + at[i].rm_so : "";
        snprintf(digits, sizeof digits, "%.*s", (int)(at[i].rm_eo - at[i].rm_so), from);
        n[i] = (int)strtol(digits, NULL, 10);
    }
    if (n[YEAR] < 1970 || n[MONTH] < 1 || n[MONTH] > 12 || n[DAY] < 1 || n[DAY] > 31 ||
        n[HOUR] > 23 || n[MINUTE] > 59 || n[SECOND] > 59 || n[AWAY] > 14 || n[AND] > 59) {
        return false;
    }
    struct tm tm = {.tm_year = n[YEAR] - 1900, .tm_mon = n[MONTH] - 1, .tm_mday = n[DAY]};
    int64_t away = n[AWAY] * WHEN_HOUR + n[AND] * WHEN_MINUTE;
    bool east = at[SIGN].rm_so >= 0 && text[at[SIGN].rm_so] == '+';
    *out = (int64_t)timegm(&tm) * 1000 + n[HOUR] * WHEN_HOUR + n[MINUTE] * WHEN_MINUTE +
           n[SECOND] * WHEN_SECOND + (east ? -away : away) +
           n[FRACTION] * scale[at[FRACTION].rm_eo - at[FRACTION].rm_so];
    return true;
}

bool when_parse_interval(const char *text, int64_t *from, int64_t *to)
{
    char first[64];
    const char *slash = text ? strchr(text, '/') : NULL;
    snprintf(first, sizeof first, "%.*s", slash ? (int)(slash - text) : 0, slash ? text : "");
    return when_parse(first, from) && when_parse(slash + 1, to);
}
