#include "api/pace.h"

#include <math.h>

#include "base/clock.h"
#include "base/limits.h"

static const double minute_ms = 60000.0;
static const double lowest_per_minute = 60.0;
/* Requests of a minute may arrive closer together than they were sent. */
static const double margin = 0.99;
enum { BURST_DIVISOR = 50 };
enum { RETRY_AFTER_JITTER_PARTS = 10, RETRY_AFTER_JITTER_MS = 1000 };

/* The full rate: within any minute the bucket's content may go on top of what the rate brings, so
 * it is taken off. */
static void set_full_rate(struct pace *p)
{
    double per_minute = p->configured_per_minute;

    if (p->allowed_per_minute > 0) {
        per_minute = fmin(per_minute, p->allowed_per_minute);
    }
    per_minute /= p->runs;
    double burst = fmin(p->wanted_burst, floor(per_minute / BURST_DIVISOR));
    p->burst = fmax(burst, 1);
    p->tokens = fmin(p->tokens, p->burst);
    p->full_rate_per_ms = (per_minute - (p->burst - 1)) * margin / minute_ms;
}

void pace_init(struct pace *p, int requests_per_minute, int burst, int64_t now_ms)
{
    *p = (struct pace){
        .configured_per_minute = requests_per_minute > 0 ? requests_per_minute : 1,
        .wanted_burst = burst,
        .runs = 1,
        .tokens = burst > 1 ? burst : 1,
        .updated_ms = now_ms,
        .slowed_ms = INT64_MIN,
        .recovered_ms = INT64_MIN,
        .hold_until_ms = now_ms,
    };
    set_full_rate(p);
}

/* The rate in force: after a 429 it climbs in a straight line back to the full one. */
static double rate_at(const struct pace *p, int64_t now_ms)
{
    if (now_ms >= p->recovered_ms) {
        return p->full_rate_per_ms;
    }
    double passed = (double)(now_ms - p->slowed_ms) / (double)(p->recovered_ms - p->slowed_ms);
    double slowed = fmin(p->slowed_rate_per_ms, p->full_rate_per_ms);
    return slowed + (p->full_rate_per_ms - slowed) * passed;
}

static void refill(struct pace *p, int64_t now_ms)
{
    if (now_ms <= p->updated_ms) {
        return;
    }
    /* The mean of a straight line; exact unless the recovery ended in between. */
    double rate = (rate_at(p, p->updated_ms) + rate_at(p, now_ms)) / 2;
    p->tokens = fmin(p->burst, p->tokens + rate * (double)(now_ms - p->updated_ms));
    p->updated_ms = now_ms;
}

void pace_share(struct pace *p, int runs, int64_t now_ms)
{
    if (runs != p->runs) {
        refill(p, now_ms);
        p->runs = runs;
        set_full_rate(p);
    }
}

int64_t pace_take(struct pace *p, int64_t now_ms)
{
    if (now_ms < p->hold_until_ms) {
        return p->hold_until_ms - now_ms;
    }
    refill(p, now_ms);
    if (p->tokens >= 1) {
        p->tokens -= 1;
        return 0;
    }
    int64_t wait = (int64_t)ceil((1 - p->tokens) / rate_at(p, now_ms));
    return wait > 0 ? wait : 1;
}

static void hold(struct pace *p, int64_t now_ms, int64_t ms)
{
    /* What gathers while all wait would go out as a burst right at the end of it. */
    if (ms > 0 && now_ms + ms > p->hold_until_ms) {
        p->hold_until_ms = now_ms + ms;
        p->tokens = fmin(p->tokens, 1);
        p->updated_ms = p->hold_until_ms;
    }
}

void pace_slow_down(struct pace *p, int64_t now_ms, int64_t sent_ms, int64_t retry_after_ms)
{
    if (sent_ms >= p->slowed_ms) {
        double lowest = fmin(lowest_per_minute / minute_ms, p->full_rate_per_ms);
        double half = rate_at(p, now_ms) / 2;

        refill(p, now_ms);
        p->tokens = fmin(p->tokens, 1);
        p->slowed_rate_per_ms = fmax(half, lowest);
        p->slowed_ms = now_ms;
        p->recovered_ms = now_ms + (int64_t)minute_ms;
    }
    hold(p, now_ms, retry_after_ms);
}

void pace_headers(struct pace *p, int64_t now_ms, int32_t allowed, int32_t count,
                  int32_t reset_seconds)
{
    if (allowed > 0 && p->allowed_per_minute != allowed) {
        p->allowed_per_minute = allowed;
        set_full_rate(p);
    }
    if (allowed > 0 && count >= allowed && reset_seconds > 0) {
        int64_t reset_ms = (int64_t)reset_seconds * 1000;
        hold(p, now_ms, clock_earlier(reset_ms, limit_get(LIMIT_RETRY_AFTER_MS)));
    }
}

/* --- requests that go again ------------------------------------------------------------------ */

static const int64_t longest_ms = INT64_MAX / 2;

enum retry_reason retry_reason(enum http_failure failure, int status)
{
    static const enum retry_reason of_failure[] = {HTTP_RETRIES};

    if (failure != HTTP_OK) {
        return of_failure[failure];
    }
    if (status == 429) {
        return RETRY_RATE;
    }
    /* Not implemented, and HTTP version not supported: it will say the same again. */
    bool is_final = status == 501 || status == 505;
    bool is_server = status == 408 || (status >= 500 && status <= 599);
    return is_server && !is_final ? RETRY_SERVER : RETRY_NO;
}

/* Reads digits with an optional fraction as seconds, rounded up to ms; -1: it is anything else. */
static int64_t seconds_ms(const char *text)
{
    const char *behind = text + strspn(text, "0123456789.");
    char *end;
    double ms = ceil(strtod(text, &end) * (double)MS_PER_SECOND - 1e-6);

    if (*text < '0' || *text > '9' || end != behind || end[strspn(end, " \t")] != '\0') {
        return -1;
    }
    return ms < (double)longest_ms ? (int64_t)ms : longest_ms;
}

int64_t retry_after_ms(const char *header, int64_t server_now_ms)
{
    int64_t date_ms;
    const char *text = header + strspn(header, " \t");

    if (*text == '-') {
        return seconds_ms(text + 1) >= 0 ? 0 : -1;
    }
    if (*text >= '0' && *text <= '9') {
        return seconds_ms(text);
    }
    if (!http_parse_date(text, &date_ms)) {
        return -1;
    }
    return date_ms > server_now_ms ? date_ms - server_now_ms : 0;
}

int64_t retry_after_of(const struct http_answer *answer)
{
    return retry_after_ms(answer->retry_after,
                          answer->date_ms != TIME_NONE ? answer->date_ms : clock_now_ms());
}

int64_t retry_wait_ms(enum retry_reason reason, int attempt, int64_t retry_after, int64_t spent_ms,
                      double random01)
{
    int64_t wait;

    if (reason == RETRY_NO || retry_after > limit_get(LIMIT_RETRY_AFTER_MS)) {
        return -1;
    }
    if (retry_after > 0) {
        int64_t jitter =
            clock_earlier(retry_after / RETRY_AFTER_JITTER_PARTS, RETRY_AFTER_JITTER_MS);
        wait = retry_after + (int64_t)(random01 * (double)jitter);
    } else {
        int64_t cap = limit_get(LIMIT_RETRY_CAP_MS);
        int64_t range = limit_get(LIMIT_RETRY_BASE_MS);
        for (int i = 1; i < attempt && range < cap; i++) {
            range *= 2;
        }
        wait = (int64_t)(random01 * (double)(range < cap ? range : cap));
    }
    enum limit total = reason == RETRY_NAME ? LIMIT_RETRY_NAME_MS : LIMIT_RETRY_TOTAL_MS;
    return spent_ms > limit_get(total) - wait ? -1 : wait;
}
