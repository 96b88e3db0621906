/*
 * Pace: how fast requests may go out, all streams together; and which of them go again, and when.
 * Pure functions, so tests drive them.
 *
 * Invariants: in any 60 seconds at most `requests_per_minute` requests go, and when there is work
 * at least 97 % of them; inin-ratelimit-* headers lower it when present; a 429 halves it, never
 * below 60 a minute (or the full rate when that is less), and it recovers to the full rate within a
 * minute. A token bucket on the monotonic clock that the caller passes in.
 *
 * Repeated: 429, 408, 5xx (save 501 and 505) and cut, refused or timed-out connections are
 * repeated; TLS and proxy-login failures, other 4xx and answers that break the contract are not. A
 * page whose body is cut counts as a cut connection. A Retry-After is obeyed, never shortened; one
 * beyond LIMIT_RETRY_AFTER_MS ends the request (ERR_RATE). Without it the wait is full jitter over
 * a doubling range, capped. The total of a request's waits and tries is LIMIT_RETRY_TOTAL_MS, of
 * one whose host's name is unknown, and was never reached, LIMIT_RETRY_NAME_MS.
 */
#pragma once

#include "io/http.h"

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
    int runs;              /* that share it */
};

/* A pace of `requests_per_minute` that lets up to `burst` requests go at once (at most 2 % of a
 * minute's, at least one), starting with a full bucket. */
void pace_init(struct pace *p, int requests_per_minute, int burst, int64_t now_ms);

/* From now on an equal share of all that: so many runs are under way. */
void pace_share(struct pace *p, int runs, int64_t now_ms);

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

enum retry_reason { RETRY_IDS };

/* Whether an answer is worth repeating, and why. */
enum retry_reason retry_reason(enum http_failure failure, int status);

/* Reads a Retry-After header: seconds (fractions round up) or an HTTP date against `server_now_ms`
 * (the answer's Date, or our clock). -1 when absent or unreadable; 0 for a past date or a negative
 * number; large values are kept as they are (capped at INT64_MAX / 2). */
int64_t retry_after_ms(const char *header, int64_t server_now_ms);

/* That of an answer, by the server's clock where it says what time it is. */
int64_t retry_after_of(const struct http_answer *answer);

/* How long to wait before try number `attempt` + 1 (attempt counts from 1), given a Retry-After
 * (-1: none) and a random number in [0, 1). With Retry-After: that, plus up to a tenth (at most 1
 * s) of jitter on top, never less; a Retry-After of 0 asks for nothing and counts as none. -1: do
 * not wait that long, give up: it passes LIMIT_RETRY_AFTER_MS, or `spent_ms` (since the first try)
 * plus the wait passes LIMIT_RETRY_TOTAL_MS (LIMIT_RETRY_NAME_MS of a name). */
int64_t retry_wait_ms(enum retry_reason reason, int attempt, int64_t retry_after, int64_t spent_ms,
                      double random01);
