/*
 * Pace: how fast requests may go out, all streams together.
 *
 * Invariants: in any 60 seconds at most `requests_per_minute` requests go, and when there is work
 * at least 97 % of them; inin-ratelimit-* headers lower it when present; a 429 halves it, never
 * below 60 a minute (or the full rate when that is less), and it recovers to the full rate within a
 * minute. A token bucket on the monotonic clock that the caller passes in: pure, so tests drive it.
 */
#ifndef ROLLCALL_API_PACE_H
#define ROLLCALL_API_PACE_H

#include <stdint.h>

struct pace {
    double configured_per_minute;
    double allowed_per_minute; /* as the API's headers say; 0: they say nothing */
    double full_rate_per_ms;   /* the lesser of both, with what the burst takes left out */
    double slowed_rate_per_ms; /* right after the last 429 */
    int64_t slowed_ms;         /* when that was */
    int64_t recovered_ms;      /* when the full rate is back */
    double tokens;
    double wanted_burst;
    double burst; /* what the bucket holds */
    int64_t updated_ms;
    int64_t hold_until_ms; /* nobody goes before this */
};

/* A pace of `requests_per_minute` that lets up to `burst` requests go at once (at most 2 % of a
 * minute's, at least one), starting with a full bucket. */
void pace_init(struct pace *p, int requests_per_minute, int burst, int64_t now_ms);

/* Milliseconds until one request may go; 0: now (and it is taken). */
int64_t pace_take(struct pace *p, int64_t now_ms);

/* A 429 came for a request sent at `sent_ms`: halves the rate, unless it was sent before the last
 * halving (requests in flight together are slowed once), and holds everything until `now_ms +
 * retry_after_ms` (0 or less: no hold). */
void pace_slow_down(struct pace *p, int64_t now_ms, int64_t sent_ms, int64_t retry_after_ms);

/* Headers inin-ratelimit-allowed/-count/-reset of an answer (-1: absent): the first lowers the
 * rate; when the window is used up, all hold until its reset (at most LIMIT_RETRY_AFTER_MS). */
void pace_headers(struct pace *p, int64_t now_ms, int32_t allowed, int32_t count,
                  int32_t reset_seconds);

#endif
