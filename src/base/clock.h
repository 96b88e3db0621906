/*
 * Time: one injected clock, UTC in and out, and the business time zone.
 *
 * Invariants: instants are int64 milliseconds since 1970-01-01T00:00:00Z; durations carry their
 * unit in the name; deadlines use the monotonic clock. The business zone is libc's: clock_set_zone
 * sets TZ once, after checking that the zone's file exists, since libc takes an unknown zone for
 * UTC in silence. Not to be called with threads running. Local time is asked by one thread alone;
 * for days of other zones it enters them for a while. Business days tile time by their starts;
 * where a clock was ever set back over midnight (St. John's until 2011), the repeated hour has the
 * calendar day before in clock_zone_day.
 */
#pragma once

#include "base/err.h"

enum {
    CLOCK_ISO_BYTES = 32, /* room for a formatted instant and its NUL */
    CLOCK_DAY_BYTES = 16,
};

#define TIME_NONE INT64_MIN /* an instant that is not there: earlier than any */

#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_HOUR   INT64_C(3600000)
#define MS_PER_DAY    INT64_C(86400000)

/* Of two instants, or two stretches of time. */
static inline int64_t clock_earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
/* Likewise. */
static inline int64_t clock_later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Wall-clock now; monotonic now (for deadlines only). */
int64_t clock_now_ms(void);
int64_t clock_monotonic_ms(void);

/* Sleeps, waking early when a signal arrives. */
void clock_sleep_ms(int64_t ms);

/* Formats as YYYY-MM-DDTHH:MM:SS.sssZ into `out` (CLOCK_ISO_BYTES) and returns `out`. Years 0000 to
 * 9999. */
char *clock_format(int64_t ms, char *out);

/* Parses ISO 8601: date, or date and time with optional seconds and fraction (any digits, cut to
 * ms), then Z or an offset (+09:00, +0900, +09). Without an offset it is false unless `assume_utc`.
 * A date alone is midnight UTC. False when it is anything else or the date does not exist. */
bool clock_parse(const char *text, bool assume_utc, int64_t *ms);

/* Parses YYYY-MM-DD to a day number (days since 1970-01-01); false when it is anything else. */
bool clock_parse_day(const char *text, int32_t *day);

/* Formats a day number as YYYY-MM-DD into `out` (CLOCK_DAY_BYTES) and returns `out`. */
char *clock_format_day(int32_t day, char *out);

/* Floor of an instant to its UTC day's start. */
int64_t clock_utc_day_start(int64_t ms);

/* Sets the business zone (IANA name, looked up in $TZDIR, /usr/share/zoneinfo, /usr/lib/zoneinfo,
 * /usr/share/lib/zoneinfo; UTC needs no file). Errors: ERR_CONFIG when the name is malformed or no
 * such zone is installed; the message gives the nearest name, or says to install tzdata. */
bool clock_set_zone(const char *name, struct err *e);

/* Until clock_leave_zone what follows is of another zone, by its name; one at a time. False with
 * ERR_CONFIG as above when there is none such, and nothing is entered. No program that is started
 * meanwhile sees it. */
bool clock_enter_zone(const char *name, struct err *e);
void clock_leave_zone(void);

/* The business zone's offset from UTC in seconds at an instant (east positive). */
int32_t clock_zone_offset_seconds(int64_t ms);

/* The business day (day number) an instant lies in. */
int32_t clock_zone_day(int64_t ms);

/* The instant a business day begins: the first instant whose zone day is `day` (a day whose
 * midnight does not exist begins at the transition). A day that the zone skipped altogether begins
 * where the next one does. */
int64_t clock_zone_day_start_ms(int32_t day);

/* The next instant after `ms` at which the zone's offset differs, or `limit_ms` when there is none
 * before it. */
int64_t clock_next_transition_ms(int64_t ms, int64_t limit_ms);
