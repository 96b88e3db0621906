/* The client's token: fetched once for all requests, and what a 401 means. */
#include <stdio.h>
#include <string.h>

#include "api/api_error.h"
#include "api/client_internal.h"
#include "api/diagnosis.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/step.h"

/* Tokens that one request may see refused while others prove them good. */
enum { MAX_REFUSALS = 20 };

void client_login_start(struct client *c, int64_t now_ms)
{
    struct http_request request;
    struct err e;

    if (c->login.on_wire || now_ms < c->login.due_ms) {
        return;
    }
    token_request(c->config, c->login.url, sizeof(c->login.url), &request);
    request.user = &c->login;
    if (c->login.attempt++ == 0) {
        c->login.first_sent_ms = now_ms;
    }
    step("request");
    if (!http_start(c->http, &request, &e)) {
        c->login.attempt = 0;
        client_fail_all(c, &e);
        return;
    }
    c->login.on_wire = true;
    c->routes.counts[c->login.route].requests++;
    c->routes.counts[c->login.route].retries += c->login.attempt > 1 ? 1 : 0;
}

/* Whether a failed login is tried again; sets when. */
static bool repeat_login(struct client *c, const struct http_answer *answer, const struct err *e)
{
    int64_t now = clock_monotonic_ms();
    bool cut = answer->status == 200 && e->kind == ERR_TEMPORARY;
    enum retry_reason reason = retry_reason(answer->failure, answer->status, cut);
    int64_t wait = retry_wait_ms(reason, c->login.attempt, client_retry_after(answer),
                                 now - c->login.first_sent_ms, client_random(c));

    if (wait < 0) {
        return false;
    }
    c->login.due_ms = now + wait;
    LOG(LOG_INFO, "login repeated", LOG_S("cause", e->message), LOG_N("attempt", c->login.attempt),
        LOG_N("wait_ms", wait));
    return true;
}

void client_login_answered(struct client *c, struct http_answer *answer)
{
    struct err e;

    c->login.on_wire = false;
    bool ok = token_accept(&c->token, c->config, answer, clock_monotonic_ms(), &e);
    if (answer->body.data) {
        secret_wipe(answer->body.data, answer->body.length);
    }
    buf_free(&answer->body);
    if (ok) {
        LOG(LOG_DEBUG, "logged in", LOG_N("lifetime_seconds", c->token.lifetime_seconds),
            LOG_N("tokens", c->token.generation));
        c->login.attempt = 0;
        c->login.due_ms = 0;
        return;
    }
    if (repeat_login(c, answer, &e)) {
        return;
    }
    c->login.attempt = 0;
    c->login.due_ms = 0;
    if (e.kind == ERR_AUTH) {
        c->dead = true;
        c->token_refusal = e;
    }
    client_fail_all(c, &e);
}

/* Makes the error of a fresh token that the API refused. */
static void describe_refusal(struct client *c, const struct flight *f,
                             const struct http_answer *answer)
{
    struct err *e = &c->token_refusal;
    char code[API_CODE_BYTES];

    api_error(e, answer, f->label, code);
    err_prefix(e, "the API at %s refused a fresh token", c->config->api_url);
    diagnosis_append(e, diagnose_refusal(code, c->config->login_url, c->config->api_url));
}

static void drop_token(struct client *c)
{
    token_free(&c->token);
    c->token_refused = false;
}

void client_token_refused(struct client *c, struct flight *f, struct http_answer *answer)
{
    bool is_current = c->token.value && f->generation == c->token.generation;

    f->refusals++;
    if (f->refusals > MAX_REFUSALS) {
        char code[API_CODE_BYTES];
        struct err e;
        api_error(&e, answer, f->label, code);
        client_fail(c, f, &e);
    } else {
        if (is_current && c->token.proven) {
            drop_token(c);
        } else if (is_current && !c->token_refused) {
            c->token_refused = true;
            describe_refusal(c, f, answer);
        }
        f->due_ms = 0;
        flights_insert(&c->queue, f);
    }
    buf_free(&answer->body);
}

void client_settle_refusal(struct client *c)
{
    if (!c->token_refused) {
        return;
    }
    if (c->token.proven) {
        drop_token(c);
        return;
    }
    if (c->wire.count == 0) {
        struct err e = c->token_refusal;
        drop_token(c);
        c->dead = true;
        client_fail_all(c, &e);
    }
}
