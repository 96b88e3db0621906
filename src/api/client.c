#include "api/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/client_internal.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/step.h"
#include "base/stop.h"

enum { LONGEST_WAIT_MS = 200 };

static const char *const methods[] = {
    [HTTP_GET] = "GET", [HTTP_POST] = "POST", [HTTP_DELETE] = "DELETE"};

void flights_insert(struct flights *list, struct flight *f)
{
    struct flight **at = &list->first;

    while (*at && (*at)->number < f->number) {
        at = &(*at)->next;
    }
    f->next = *at;
    *at = f;
    list->count++;
}

void flights_remove(struct flights *list, const struct flight *f)
{
    struct flight **at = &list->first;

    while (*at != f) {
        INVARIANT(*at);
        at = &(*at)->next;
    }
    *at = f->next;
    list->count--;
}

void flight_free(struct flight *f)
{
    free(f->url);
    free(f->body);
    free(f->label);
    buf_free(&f->answer.body);
    free(f);
}

static void flights_free(struct flights *list)
{
    while (list->first) {
        struct flight *f = list->first;

        flights_remove(list, f);
        flight_free(f);
    }
}

void client_fail(struct client *c, struct flight *f, const struct err *error)
{
    f->failed = true;
    f->error = *error;
    f->received_ms = clock_now_ms();
    flights_insert(&c->finished, f);
}

void client_fail_all(struct client *c, const struct err *error)
{
    http_abort(c->http);
    c->login.on_wire = false;
    struct flights *const lists[] = {&c->wire, &c->queue};
    for (size_t i = 0; i < 2; i++) {
        while (lists[i]->first) {
            struct flight *f = lists[i]->first;
            flights_remove(lists[i], f);
            client_fail(c, f, error);
        }
    }
}

/* splitmix64: jitter needs no better. */
double client_random(struct client *c)
{
    uint64_t z = (c->random_state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (double)(z >> 11) / 9007199254740992.0;
}

static bool config_is_whole(const struct config *config, struct err *e)
{
    if (!config->login_url || !config->api_url) {
        return err_set(e, ERR_CONFIG,
                       "[genesys] region is missing (or both login_url and api_url)");
    }
    if (!config->client_id || secret_length(config->client_secret) == 0) {
        return err_set(e, ERR_CONFIG, "[genesys] client_id or the client secret is missing");
    }
    return http_url_allowed(config->login_url, e) && http_url_allowed(config->api_url, e);
}

struct client *client_new(const struct config *config, struct err *e)
{
    if (!config_is_whole(config, e)) {
        return NULL;
    }
    struct http_options options = {
        .user_agent = "rollcall/" ROLLCALL_VERSION,
        .proxy = config->proxy,
        .ca_file = config->ca_file,
        .max_connections = config->in_flight + 1,
    };
    struct http *http = http_new(&options, e);
    if (!http) {
        return NULL;
    }
    struct client *c = xcalloc(1, sizeof(*c));
    c->config = config;
    c->http = http;
    c->in_flight = config->in_flight > 0 ? (size_t)config->in_flight : 1;
    c->random_state = (uint64_t)clock_now_ms() ^ ((uint64_t)getpid() << 32);
    c->login.route = routes_find(&c->routes, "POST", "/oauth/token");
    atomic_init(&c->woken, false);
    pace_init(&c->pace, config->requests_per_minute, (int)c->in_flight, clock_monotonic_ms());
    return c;
}

void client_free(struct client *c)
{
    if (!c) {
        return;
    }
    client_abort(c);
    http_free(c->http);
    token_free(&c->token);
    routes_free(&c->routes);
    free(c);
}

void client_send(struct client *c, const struct client_request *request)
{
    struct flight *f = xcalloc(1, sizeof(*f));
    size_t url_bytes = strlen(c->config->api_url) + strlen(request->path) + 1;

    f->method = request->method;
    f->url = xmalloc(url_bytes);
    snprintf(f->url, url_bytes, "%s%s", c->config->api_url, request->path);
    f->body = request->body ? xstrdup(request->body) : NULL;
    f->label = xstrdup(request->label ? request->label : request->path);
    f->want_document = request->want_document;
    f->user = request->user;
    f->number = c->numbers++;
    f->route = routes_find(&c->routes, methods[request->method], request->path);
    f->due_ms = request->not_before_ms;
    f->first_sent_ms = -1;
    if (c->dead) {
        client_fail(c, f, &c->token_refusal);
    } else {
        flights_insert(&c->queue, f);
    }
}

size_t client_pending(const struct client *c)
{
    return c->queue.count + c->wire.count;
}

/* The first queued flight whose time has come; NULL with the earliest such time in *due_ms. */
static struct flight *first_due(const struct client *c, int64_t now_ms, int64_t *due_ms)
{
    *due_ms = INT64_MAX;
    for (struct flight *f = c->queue.first; f; f = f->next) {
        if (f->due_ms <= now_ms) {
            return f;
        }
        *due_ms = f->due_ms < *due_ms ? f->due_ms : *due_ms;
    }
    return NULL;
}

static void start(struct client *c, struct flight *f, int64_t now_ms)
{
    struct http_request request = {
        .method = f->method,
        .url = f->url,
        .body = f->body,
        .body_length = f->body ? strlen(f->body) : 0,
        .bearer = c->token.value,
        .user = f,
    };
    struct err e;

    f->sent_ms = now_ms;
    if (f->first_sent_ms < 0) {
        f->first_sent_ms = now_ms;
    }
    f->generation = c->token.generation;
    f->attempt++;
    flights_remove(&c->queue, f);
    step("request");
    if (!http_start(c->http, &request, &e)) {
        client_fail(c, f, &e);
        return;
    }
    flights_insert(&c->wire, f);
    c->routes.counts[f->route].requests++;
    c->routes.counts[f->route].retries += f->attempt > 1 ? 1 : 0;
}

static bool has_room(const struct client *c)
{
    return !c->token_refused && c->wire.count < c->in_flight && c->finished.count < c->in_flight;
}

/* Sends what may go now; true when something did. *wait_ms: until more may go. */
static bool send_due(struct client *c, int64_t *wait_ms)
{
    bool sent = false;

    *wait_ms = LONGEST_WAIT_MS;
    while (has_room(c)) {
        int64_t now = clock_monotonic_ms();
        int64_t due;
        struct flight *f = first_due(c, now, &due);

        if (!f) {
            *wait_ms = due - now;
            break;
        }
        if (token_stale(&c->token, now)) {
            bool was_on_wire = c->login.on_wire;
            client_login_start(c, now);
            sent = sent || c->login.on_wire != was_on_wire;
            *wait_ms = c->login.on_wire ? LONGEST_WAIT_MS : c->login.due_ms - now;
            break;
        }
        int64_t pause = pace_take(&c->pace, now);
        if (pause > 0) {
            *wait_ms = pause;
            break;
        }
        start(c, f, now);
        sent = true;
    }
    if (*wait_ms > LONGEST_WAIT_MS) {
        *wait_ms = LONGEST_WAIT_MS;
    }
    return sent;
}

/* Takes all that has arrived and sends all that may go, without waiting. Returns how long nothing
 * more is to be sent. */
static int64_t pump(struct client *c)
{
    struct http_answer answer;
    int64_t wait_ms;

    do {
        while (http_next(c->http, 0, &answer)) {
            client_answered(c, &answer);
        }
    } while (send_due(c, &wait_ms));
    return wait_ms;
}

static bool stop_is_new(struct client *c)
{
    if (c->stop_seen || !stop_requested()) {
        return false;
    }
    c->stop_seen = true;
    return true;
}

bool client_next(struct client *c, int64_t timeout_ms, struct client_answer *answer)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    for (;;) {
        struct http_answer arrived;
        int64_t wait = pump(c);

        bool has_finished = c->finished.count > 0;
        if (answer && client_deliver(c, answer)) {
            return true;
        }
        if (answer && has_finished) {
            continue; /* cut bodies: their requests are queued again */
        }
        int64_t left = deadline - clock_monotonic_ms();
        if (atomic_exchange(&c->woken, false) || stop_is_new(c) || left <= 0) {
            return false;
        }
        if (http_next(c->http, left < wait ? left : wait, &arrived)) {
            client_answered(c, &arrived);
        }
    }
}

void client_answer_free(struct client_answer *answer)
{
    json_free(answer->document);
    free(answer->raw);
    answer->document = NULL;
    answer->raw = NULL;
}

void client_wake(struct client *c)
{
    atomic_store(&c->woken, true);
    http_wake(c->http);
}

void client_abort(struct client *c)
{
    http_abort(c->http);
    c->login.on_wire = false;
    flights_free(&c->queue);
    flights_free(&c->wire);
    flights_free(&c->finished);
}

bool client_logged_in(const struct client *c)
{
    return c->token.generation > 0;
}

bool client_call(struct client *c, const struct client_request *request,
                 struct client_answer *answer)
{
    client_send(c, request);
    while (!client_next(c, LONGEST_WAIT_MS, answer)) {
        if (stop_requested()) {
            client_abort(c);
            *answer = (struct client_answer){.user = request->user};
            return err_set(&answer->error, ERR_STOPPED, "%s: stopped by a signal",
                           request->label ? request->label : request->path);
        }
    }
    return answer->error.kind == ERR_NONE;
}

const struct route_count *client_counts(const struct client *c, size_t *count)
{
    *count = c->routes.count;
    return c->routes.counts;
}
