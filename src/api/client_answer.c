/* What answers mean: repeated, refused or handed up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/api_error.h"
#include "api/client_internal.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/step.h"

static const char *const reasons[] = {[RETRY_NO] = "none",
                                      [RETRY_RATE] = "rate",
                                      [RETRY_SERVER] = "server",
                                      [RETRY_NETWORK] = "network"};

int64_t client_retry_after(const struct http_answer *answer)
{
    if (answer->retry_after[0] == '\0') {
        return -1;
    }
    return retry_after_ms(answer->retry_after,
                          answer->date_ms > 0 ? answer->date_ms : clock_now_ms());
}

/* Queues a flight for another try; false when it is not worth it or there was enough of it. */
static bool repeat(struct client *c, struct flight *f, enum retry_reason reason,
                   int64_t retry_after)
{
    int64_t now = clock_monotonic_ms();
    int64_t wait =
        retry_wait_ms(reason, f->attempt, retry_after, now - f->first_sent_ms, client_random(c));

    if (wait < 0) {
        return false;
    }
    f->due_ms = now + wait;
    flights_insert(&c->queue, f);
    LOG(LOG_INFO, "request repeated", LOG_S("request", f->label), LOG_S("reason", reasons[reason]),
        LOG_N("attempt", f->attempt), LOG_N("wait_ms", wait));
    return true;
}

static void count(struct client *c, size_t route, const struct http_answer *answer)
{
    struct route_count *counts = &c->routes.counts[route];

    counts->bytes += (int64_t)answer->body.length;
    counts->status_429 += answer->status == 429 ? 1 : 0;
    counts->status_5xx += answer->status >= 500 ? 1 : 0;
}

/* What an answer says about the pace of all requests. */
static void learn_pace(struct client *c, const struct flight *f, const struct http_answer *answer,
                       int64_t retry_after)
{
    int64_t now = clock_monotonic_ms();

    pace_headers(&c->pace, now, answer->ratelimit_allowed, answer->ratelimit_count,
                 answer->ratelimit_reset_seconds);
    if (answer->status == 429) {
        /* A Retry-After too long to wait for ends its request; it must not hold the others. */
        bool waits = retry_after <= limit_get(LIMIT_RETRY_AFTER_MS);
        pace_slow_down(&c->pace, now, f->sent_ms, waits ? retry_after : 0);
    }
}

static void flight_answered(struct client *c, struct flight *f, struct http_answer *answer)
{
    int64_t retry_after = client_retry_after(answer);

    flights_remove(&c->wire, f);
    count(c, f->route, answer);
    learn_pace(c, f, answer, retry_after);
    f->received_ms = clock_now_ms();
    if (answer->status == 401) {
        client_token_refused(c, f, answer);
        return;
    }
    if (answer->status > 0 && answer->status < 500 && f->generation == c->token.generation) {
        c->token.proven = true;
    }
    enum retry_reason reason = retry_reason(answer->failure, answer->status, false);
    if (reason != RETRY_NO && repeat(c, f, reason, retry_after)) {
        buf_free(&answer->body);
        return;
    }
    f->answer = *answer;
    flights_insert(&c->finished, f);
}

void client_answered(struct client *c, struct http_answer *answer)
{
    step("answer");
    if (answer->user == &c->login) {
        count(c, c->login.route, answer);
        client_login_answered(c, answer);
    } else {
        flight_answered(c, answer->user, answer);
    }
    client_settle_refusal(c);
}

static bool is_success(const struct flight *f)
{
    const struct http_answer *answer = &f->answer;

    return answer->failure == HTTP_OK && ((answer->status >= 200 && answer->status <= 299) ||
                                          (answer->status == 404 && f->method == HTTP_DELETE));
}

/* Parses the body of a success. False: the flight is queued again. */
static bool parse_body(struct client *c, struct flight *f, struct client_answer *answer)
{
    switch (answer_parse(&f->answer, &answer->document, &answer->error)) {
    case BODY_WHOLE:
        err_clear(&answer->error);
        return true;
    case BODY_CUT:
        if (repeat(c, f, RETRY_NETWORK, -1)) {
            return false;
        }
        break;
    case BODY_BAD:
        break;
    }
    err_prefix(&answer->error, "%s", f->label);
    answer->error.http_status = f->answer.status;
    return true;
}

/* Fills *answer from a finished flight; false: the flight is queued again. */
static bool take(struct client *c, struct flight *f, struct client_answer *answer)
{
    *answer = (struct client_answer){.user = f->user, .received_ms = f->received_ms};
    if (f->failed) {
        answer->error = f->error;
        return true;
    }
    answer->status = f->answer.status;
    if (!is_success(f)) {
        api_error(&answer->error, &f->answer, f->label, answer->code);
        return true;
    }
    if (f->want_document && !parse_body(c, f, answer)) {
        return false;
    }
    if (answer->error.kind == ERR_NONE) {
        answer->raw_gzip = f->answer.gzip;
        answer->raw = buf_take(&f->answer.body, &answer->raw_length);
    }
    return true;
}

bool client_deliver(struct client *c, struct client_answer *answer)
{
    while (c->finished.first) {
        struct flight *f = c->finished.first;

        flights_remove(&c->finished, f);
        if (take(c, f, answer)) {
            flight_free(f);
            return true;
        }
        buf_free(&f->answer.body);
    }
    return false;
}
