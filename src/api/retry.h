/*
 * Retrying, as two pure functions: whether, and how long. Table tests hold them
 * (tests/unit/test_retry.c).
 *
 * Rules: 429, 408, 5xx (save 501 and 505) and cut, refused or timed-out connections are repeated;
 * TLS and proxy-login failures, other 4xx and answers that break the contract are not. A page whose
 * body is cut counts as a cut connection. A Retry-After is obeyed, never shortened; one beyond
 * LIMIT_RETRY_AFTER_MS ends the request (ERR_RATE). Without it the wait is full jitter over a
 * doubling range, capped. The total of a request's waits and tries is LIMIT_RETRY_TOTAL_MS.
 */
#ifndef ROLLCALL_API_RETRY_H
#define ROLLCALL_API_RETRY_H

#include "io/http.h"

enum retry_reason {
    RETRY_NO,      /* final: hand the answer up */
    RETRY_RATE,    /* 429 */
    RETRY_SERVER,  /* 5xx, 408 */
    RETRY_NETWORK, /* reset, refused, timed out, DNS, cut body */
};

/* Whether an answer is worth repeating, and why. `body_cut`: the status was 2xx but the document
 * was not whole. */
enum retry_reason retry_reason(enum http_failure failure, int status, bool body_cut);

/* Reads a Retry-After header: seconds (fractions round up) or an HTTP date against `server_now_ms`
 * (the answer's Date, or our clock). -1 when absent or unreadable; 0 for a past date or a negative
 * number; large values are kept as they are (capped at INT64_MAX / 2). */
int64_t retry_after_ms(const char *header, int64_t server_now_ms);

/* How long to wait before try number `attempt` + 1 (attempt counts from 1), given a Retry-After
 * (-1: none) and a random number in [0, 1). With Retry-After: that, plus up to a tenth (at most 1
 * s) of jitter on top, never less; a Retry-After of 0 asks for nothing and counts as none. -1: do
 * not wait that long, give up: it passes LIMIT_RETRY_AFTER_MS, or `spent_ms` (since the first try)
 * plus the wait passes LIMIT_RETRY_TOTAL_MS. */
int64_t retry_wait_ms(enum retry_reason reason, int attempt, int64_t retry_after, int64_t spent_ms,
                      double random01);

#endif
