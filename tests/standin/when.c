#include "when.h"

#include <stdio.h>
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

/* Reads `width` digits at *p; -1 if there are fewer. */
static int number(const char **p, const char *end, int width)
{
    int value = 0;
    for (int i = 0; i < width; i++) {
        if (*p >= end || **p < '0' || **p > '9') {
            return -1;
        }
        value = value * 10 + (*(*p)++ - '0');
    }
    return value;
}

static bool sign(const char **p, const char *end, char c)
{
    if (*p < end && **p == c) {
        (*p)++;
        return true;
    }
    return false;
}

/* Reads what follows the T. */
static bool parse_clock(const char **p, const char *end, int64_t *out)
{
    int hour = number(p, end, 2);
    int minute = sign(p, end, ':') ? number(p, end, 2) : -1;
    int second = 0, milli = 0;
    if (sign(p, end, ':')) {
        second = number(p, end, 2);
        if (sign(p, end, '.')) {
            int scale = 100, any = 0;
            for (; *p < end && **p >= '0' && **p <= '9'; (*p)++, scale /= 10, any = 1) {
                milli += (**p - '0') * scale;
            }
            if (!any) {
                return false;
            }
        }
    }
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
        return false;
    }
    *out = hour * WHEN_HOUR + minute * WHEN_MINUTE + second * WHEN_SECOND + milli;
    return true;
}

static bool parse_offset(const char **p, const char *end, int64_t *out)
{
    *out = 0;
    if (sign(p, end, 'Z')) {
        return true;
    }
    int direction = sign(p, end, '+') ? 1 : sign(p, end, '-') ? -1 : 0;
    int hour = direction ? number(p, end, 2) : -1;
    sign(p, end, ':');
    int minute = direction ? number(p, end, 2) : -1;
    *out = direction * (hour * WHEN_HOUR + minute * WHEN_MINUTE);
    return hour >= 0 && hour < 15 && minute >= 0 && minute < 60;
}

bool when_parse(const char *text, size_t length, int64_t *out)
{
    const char *p = text, *end = text + length;
    int year = number(&p, end, 4);
    int month = sign(&p, end, '-') ? number(&p, end, 2) : -1;
    int mday = sign(&p, end, '-') ? number(&p, end, 2) : -1;
    int64_t clock = 0, offset = 0;
    if (year < 1970 || month < 1 || month > 12 || mday < 1 || mday > 31) {
        return false;
    }
    if (sign(&p, end, 'T') && (!parse_clock(&p, end, &clock) || !parse_offset(&p, end, &offset))) {
        return false;
    }
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = mday};
    *out = (int64_t)timegm(&tm) * 1000 + clock - offset;
    return p == end;
}

bool when_parse_interval(const char *text, int64_t *from, int64_t *to)
{
    const char *slash = strchr(text, '/');
    return slash && when_parse(text, (size_t)(slash - text), from) &&
           when_parse(slash + 1, strlen(slash + 1), to);
}
