#include "api/retry.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"

enum { RETRY_AFTER_JITTER_PARTS = 10, RETRY_AFTER_JITTER_MS = 1000 };

static const int64_t longest_ms = INT64_MAX / 2;

static enum retry_reason reason_of_status(int status)
{
    switch (status) {
    case 429:
        return RETRY_RATE;
    case 408:
        return RETRY_SERVER;
    case 501: /* not implemented, and HTTP version not supported: it will say the same again */
    case 505:
        return RETRY_NO;
    default:
        return status >= 500 && status <= 599 ? RETRY_SERVER : RETRY_NO;
    }
}

enum retry_reason retry_reason(enum http_failure failure, int status, bool body_cut)
{
    switch (failure) {
    case HTTP_OK:
        return body_cut ? RETRY_NETWORK : reason_of_status(status);
    case HTTP_DNS:
    case HTTP_REFUSED:
    case HTTP_TIMEOUT:
    case HTTP_RESET:
        return RETRY_NETWORK;
    default:
        return RETRY_NO;
    }
}

/* Reads digits with an optional fraction as seconds, rounded up to ms; -1 when it is anything else.
 */
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

    if (!header) {
        return -1;
    }
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

int64_t retry_wait_ms(enum retry_reason reason, int attempt, int64_t retry_after, int64_t spent_ms,
                      double random01)
{
    int64_t wait;

    if (reason == RETRY_NO || retry_after > limit_get(LIMIT_RETRY_AFTER_MS)) {
        return -1;
    }
    if (retry_after > 0) {
        int64_t jitter = retry_after / RETRY_AFTER_JITTER_PARTS;
        if (jitter > RETRY_AFTER_JITTER_MS) {
            jitter = RETRY_AFTER_JITTER_MS;
        }
        wait = retry_after + (int64_t)(random01 * (double)jitter);
    } else {
        int64_t cap = limit_get(LIMIT_RETRY_CAP_MS);
        int64_t range = limit_get(LIMIT_RETRY_BASE_MS);
        for (int i = 1; i < attempt && range < cap; i++) {
            range *= 2;
        }
        wait = (int64_t)(random01 * (double)(range < cap ? range : cap));
    }
    if (spent_ms > limit_get(LIMIT_RETRY_TOTAL_MS) - wait) {
        return -1;
    }
    return wait;
}
