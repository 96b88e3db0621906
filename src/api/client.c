#include "api/client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "api/diagnosis.h"
#include "api/pace.h"
#include "api/retry.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/step.h"
#include "base/stop.h"
#include "base/str.h"

enum {
    LONGEST_WAIT_MS = 200,
    MAX_ROUTES = 128,
    MAX_SEGMENT_BYTES = 64,
    MAX_REFUSALS = 20, /* tokens that one request may see refused while others prove them good */
};

/* A request. It is in one place at a time: in `queue` (to be sent at due_ms, in the order of its
 * number), in `wire`, or in `finished` (its final answer waits to be taken). */
struct flight {
    struct flight *next;
    struct arena *arena; /* of all this */
    enum client_target target;
    enum http_method method;
    const char *url;
    const char *login_url; /* of CLIENT_LOGIN: the host's base URL, else NULL */
    const char *body;
    const char *label;
    bool want_document;
    bool brief;

    int64_t number; /* in the order of client_send */
    size_t route;
    int64_t due_ms;
    int64_t first_sent_ms;
    int64_t sent_ms;
    int attempt;
    int refusals;       /* 401s */
    int64_t generation; /* of the token it was sent with */

    struct client_answer answer; /* filled on the way, handed over once it is final */
};

struct flights {
    struct flight *first;
    size_t count;
};

struct client {
    const struct config *config;
    struct http *http;
    size_t in_flight;
    struct pace pace;
    struct token token;
    struct route_count routes[MAX_ROUTES];
    size_t route_count;
    uint64_t random_state;

    struct flights queue;
    struct flights wire;
    struct flights finished;
    int64_t numbers;

    struct flight *login; /* for all requests; in none of the lists */
    bool login_on_wire;
    bool token_refused;       /* a fresh token got a 401, and others with it are on the wire */
    struct err token_refusal; /* that 401 */
    bool dead;                /* no request goes out any more: the error is in token_refusal */

    _Atomic int64_t server_offset_ms; /* TIME_NONE: no answer had a Date */
    atomic_bool woken;
    bool stop_seen;
};

static const char *const methods[] = {
    [HTTP_GET] = "GET", [HTTP_POST] = "POST", [HTTP_DELETE] = "DELETE"};

static const char *const reasons[] = {[RETRY_NO] = "none",
                                      [RETRY_RATE] = "rate",
                                      [RETRY_SERVER] = "server",
                                      [RETRY_NETWORK] = "network"};

/* --- lists of requests ----------------------------------------------------------------------- */

/* Puts a flight into a list by its number. */
static void flights_insert(struct flights *list, struct flight *f)
{
    struct flight **at = &list->first;

    while (*at && (*at)->number < f->number) {
        at = &(*at)->next;
    }
    f->next = *at;
    *at = f;
    list->count++;
}

static void flights_remove(struct flights *list, const struct flight *f)
{
    struct flight **at = &list->first;

    while (*at != f) {
        INVARIANT(*at);
        at = &(*at)->next;
    }
    *at = f->next;
    list->count--;
}

/* The first of a list, taken out of it; NULL: it is empty. */
static struct flight *flights_take(struct flights *list)
{
    struct flight *f = list->first;

    if (f) {
        flights_remove(list, f);
    }
    return f;
}

static struct flight *flight_new(void)
{
    struct arena *a = arena_new(2 * sizeof(struct flight));
    struct flight *f = arena_alloc(a, sizeof(*f));

    f->arena = a;
    return f;
}

static void flight_free(struct flight *f)
{
    client_answer_free(&f->answer);
    arena_free(f->arena);
}

/* Ends a flight, which must be in no list: its answer is in f->answer. */
static void finish(struct client *c, struct flight *f)
{
    f->answer.received_ms = clock_now_ms();
    flights_insert(&c->finished, f);
}

static void fail(struct client *c, struct flight *f, const struct err *error)
{
    f->answer.error = *error;
    finish(c, f);
}

/* Ends all queued and on-wire flights with an error. */
static void fail_all(struct client *c, const struct err *error)
{
    struct flight *f;

    http_abort(c->http);
    c->login_on_wire = false;
    while ((f = flights_take(&c->wire)) || (f = flights_take(&c->queue))) {
        fail(c, f, error);
    }
}

/* --- routes: paths with their ids replaced, and what is counted on each ------------------------
 */

/* Writes the route of a path ("/api/v2/.../jobs/<id>/results?...") into `out` (ROUTE_BYTES): UUIDs
 * and what follows a "jobs" segment (save "availability") become {id}; no query string. */
static void route_of(const char *path, char *out)
{
    const char *end = path + strcspn(path, "?#");
    char before[MAX_SEGMENT_BYTES] = "";
    struct buf route;

    buf_init(&route, ROUTE_BYTES - 1);
    while (path < end) {
        char segment[MAX_SEGMENT_BYTES];

        if (*path == '/') {
            (void)buf_add_char(&route, '/');
            path++;
        }
        size_t length = strcspn(path, "/?#");
        snprintf(segment, sizeof(segment), "%.*s", (int)length, path);
        bool is_job_id =
            str_eq(before, "jobs") && segment[0] != '\0' && !str_eq(segment, "availability");
        (void)buf_add_str(&route, is_job_id || str_is_uuid(segment) ? "{id}" : segment);
        memcpy(before, segment, sizeof(before));
        path += length;
    }
    snprintf(out, ROUTE_BYTES, "%s", buf_str(&route));
    buf_free(&route);
}

/* The index of the counters for `method` and the route of `path`, made when new; beyond MAX_ROUTES
 * all count as "other". */
static size_t find_route(struct client *c, const char *method, const char *path)
{
    char route[ROUTE_BYTES];

    route_of(path, route);
    for (size_t i = 0; i < c->route_count; i++) {
        if (str_eq(c->routes[i].route, route) && str_eq(c->routes[i].method, method)) {
            return i;
        }
    }
    if (c->route_count == MAX_ROUTES) {
        return MAX_ROUTES - 1;
    }
    struct route_count *made = &c->routes[c->route_count];
    bool is_last = c->route_count == MAX_ROUTES - 1;
    snprintf(made->method, sizeof(made->method), "%s", method);
    snprintf(made->route, ROUTE_BYTES, "%s", is_last ? "other" : route);
    return c->route_count++;
}

/* --- making and sending ---------------------------------------------------------------------- */

static void aim_at_login(struct client *c, struct flight *f, const char *login_url)
{
    f->target = CLIENT_LOGIN;
    f->login_url = arena_strdup(f->arena, login_url);
    f->url = arena_printf(f->arena, "%s%s", login_url, TOKEN_PATH);
    f->route = find_route(c, methods[HTTP_POST], TOKEN_PATH);
}

struct client *client_new(const struct config *config, struct err *e)
{
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
    c->login = flight_new();
    aim_at_login(c, c->login, config->login_url);
    atomic_init(&c->woken, false);
    atomic_init(&c->server_offset_ms, TIME_NONE);
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
    flight_free(c->login);
    free(c);
}

void client_send(struct client *c, const struct client_request *request)
{
    struct flight *f = flight_new();
    struct arena *a = f->arena;

    f->target = request->target;
    f->method = request->method;
    f->body = request->body ? arena_strdup(a, request->body) : NULL;
    f->label = arena_strdup(a, request->label ? request->label : request->path);
    f->want_document = request->want_document;
    f->brief = request->brief;
    f->answer.user = request->user;
    f->number = c->numbers++;
    f->due_ms = request->not_before_ms;
    if (request->target == CLIENT_LOGIN) {
        aim_at_login(c, f, request->path);
    } else if (request->target == CLIENT_URL) {
        f->url = arena_strdup(a, request->path);
        f->route = find_route(c, methods[request->method], "other host");
    } else {
        f->url = arena_printf(a, "%s%s", c->config->api_url, request->path);
        f->route = find_route(c, methods[request->method], request->path);
    }
    if (c->dead) {
        fail(c, f, &c->token_refusal);
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

/* Puts a flight on the wire; false when libcurl refuses it. */
static bool start(struct client *c, struct flight *f, int64_t now_ms, struct err *e)
{
    struct http_request request = {
        .method = f->method,
        .url = f->url,
        .body = f->body,
        .body_length = f->body ? strlen(f->body) : 0,
        .bearer = f->target == CLIENT_API ? c->token.value : NULL,
    };

    if (f->target == CLIENT_LOGIN) {
        token_request(c->config, f->url, &request);
    }
    request.user = f;
    f->sent_ms = now_ms;
    f->generation = c->token.generation;
    if (f->attempt++ == 0) {
        f->first_sent_ms = now_ms;
    }
    step("request");
    if (!http_start(c->http, &request, e)) {
        return false;
    }
    c->routes[f->route].requests++;
    c->routes[f->route].retries += f->attempt > 1 ? 1 : 0;
    return true;
}

/* Sends the login request for all when its time has come; true when it did. */
static bool send_login(struct client *c, int64_t now_ms)
{
    struct err e;

    if (c->login_on_wire || now_ms < c->login->due_ms) {
        return false;
    }
    c->login_on_wire = start(c, c->login, now_ms, &e);
    if (!c->login_on_wire) {
        c->login->attempt = 0;
        fail_all(c, &e);
    }
    return c->login_on_wire;
}

/* Sends what may go now; true when something did. *wait_ms: until more may go. */
static bool send_due(struct client *c, int64_t *wait_ms)
{
    bool sent = false;

    *wait_ms = LONGEST_WAIT_MS;
    while (!c->token_refused && c->wire.count < c->in_flight && c->finished.count < c->in_flight) {
        struct err e;
        int64_t now = clock_monotonic_ms();
        int64_t due;
        struct flight *f = first_due(c, now, &due);

        if (!f) {
            *wait_ms = due - now;
            break;
        }
        if (f->target == CLIENT_API && token_stale(&c->token, now)) {
            sent = send_login(c, now) || sent;
            *wait_ms = c->login_on_wire ? LONGEST_WAIT_MS : c->login->due_ms - now;
            break;
        }
        int64_t pause = f->target == CLIENT_API ? pace_take(&c->pace, now) : 0;
        if (pause > 0) {
            *wait_ms = pause;
            break;
        }
        flights_remove(&c->queue, f);
        if (start(c, f, now, &e)) {
            flights_insert(&c->wire, f);
        } else {
            fail(c, f, &e);
        }
        sent = true;
    }
    if (*wait_ms > LONGEST_WAIT_MS) {
        *wait_ms = LONGEST_WAIT_MS;
    }
    return sent;
}

/* --- what answers mean: repeated, refused or final ------------------------------------------- */

/* A random number in [0, 1), by splitmix64: jitter needs no better. */
static double random_part(struct client *c)
{
    uint64_t z = (c->random_state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (double)(z >> 11) / 9007199254740992.0;
}

/* The answer's Retry-After in ms; -1 when absent. */
static int64_t retry_after_of(const struct http_answer *answer)
{
    return retry_after_ms(answer->retry_after,
                          answer->date_ms != TIME_NONE ? answer->date_ms : clock_now_ms());
}

/* How long to wait before a flight is tried again; -1: it is not worth it, or there was enough of
 * it. */
static int64_t wait_to_repeat(struct client *c, const struct flight *f, enum retry_reason reason,
                              int64_t retry_after)
{
    if (f->brief) {
        /* A name that is unknown or a port that is closed stays so; the rest may pass. */
        bool may_pass = reason == RETRY_SERVER || f->answer.http.failure == HTTP_RESET;
        return may_pass && f->attempt == 1 ? limit_get(LIMIT_RETRY_BASE_MS) : -1;
    }
    return retry_wait_ms(reason, f->attempt, retry_after, clock_monotonic_ms() - f->first_sent_ms,
                         random_part(c));
}

/* Queues a flight again, without the answer it got. */
static void queue_again(struct client *c, struct flight *f, int64_t wait_ms)
{
    buf_free(&f->answer.http.body);
    f->answer.http = (struct http_answer){.status = 0};
    f->due_ms = wait_ms > 0 ? clock_monotonic_ms() + wait_ms : 0;
    flights_insert(&c->queue, f);
}

/* Queues a flight for another try; false when there is none. */
static bool repeat(struct client *c, struct flight *f, enum retry_reason reason,
                   int64_t retry_after)
{
    int64_t wait = wait_to_repeat(c, f, reason, retry_after);

    if (wait < 0) {
        return false;
    }
    queue_again(c, f, wait);
    LOG(LOG_INFO, "request repeated", LOG_S("request", f->label), LOG_S("reason", reasons[reason]),
        LOG_N("attempt", f->attempt), LOG_N("wait_ms", wait));
    return true;
}

/* What an answer says about the pace of all requests. */
static void learn_pace(struct client *c, const struct flight *f, int64_t retry_after)
{
    const struct http_answer *answer = &f->answer.http;
    int64_t now = clock_monotonic_ms();

    pace_headers(&c->pace, now, answer->ratelimit_allowed, answer->ratelimit_count,
                 answer->ratelimit_reset_seconds);
    if (answer->status == 429) {
        /* A Retry-After too long to wait for ends its request; it must not hold the others. */
        bool waits = retry_after <= limit_get(LIMIT_RETRY_AFTER_MS);
        pace_slow_down(&c->pace, now, f->sent_ms, waits ? retry_after : 0);
    }
}

static void drop_token(struct client *c)
{
    token_free(&c->token);
    c->token_refused = false;
}

/* Deals with a 401 to an API request: it goes out again with another token. */
static void token_refused(struct client *c, struct flight *f)
{
    bool is_current = c->token.value && f->generation == c->token.generation;
    struct err *e = &c->token_refusal;
    char code[ANSWER_CODE_BYTES];

    if (++f->refusals > MAX_REFUSALS) {
        finish(c, f);
        return;
    }
    if (is_current && c->token.proven) {
        drop_token(c);
    } else if (is_current && !c->token_refused) {
        c->token_refused = true;
        answer_error(e, &f->answer.http, f->label, code);
        err_prefix(e, "the API at %s refused a fresh token", c->config->api_url);
        diagnosis_append(e, diagnose_refusal(code, c->config->login_url, c->config->api_url));
    }
    queue_again(c, f, 0);
}

/* After each answer: decides about a fresh token that was refused, once it is known whether it ever
 * worked. */
static void settle_refusal(struct client *c)
{
    if (!c->token_refused) {
        return;
    }
    if (c->token.proven) {
        drop_token(c);
    } else if (c->wire.count == 0) {
        drop_token(c);
        c->dead = true;
        fail_all(c, &c->token_refusal);
    }
}

static void api_answered(struct client *c, struct flight *f)
{
    const struct http_answer *answer = &f->answer.http;
    int64_t retry_after = retry_after_of(answer);

    if (f->target == CLIENT_API) {
        learn_pace(c, f, retry_after);
        if (answer->status == 401 && !f->brief) {
            token_refused(c, f);
            return;
        }
        if (answer->status > 0 && answer->status < 500 && f->generation == c->token.generation) {
            c->token.proven = true;
        }
    }
    enum retry_reason reason = retry_reason(answer->failure, answer->status, false);
    if (reason == RETRY_NO || !repeat(c, f, reason, retry_after)) {
        finish(c, f);
    }
}

/* Reads the answer to a login, whose body is wiped: into the client's token when the host is the
 * configuration's own. */
static bool accept_login(struct client *c, struct flight *f)
{
    struct http_answer *answer = &f->answer.http;
    struct token other = {.value = NULL};
    bool is_own = str_eq(f->login_url, c->config->login_url);
    bool accepted = token_accept(is_own ? &c->token : &other, c->config, f->login_url, answer,
                                 clock_monotonic_ms(), &f->answer.error);

    token_free(&other);
    if (answer->body.data) {
        secret_wipe(answer->body.data, answer->body.length);
    }
    buf_free(&answer->body);
    if (accepted) {
        err_clear(&f->answer.error);
    }
    return accepted;
}

static enum retry_reason login_retry_reason(const struct flight *f)
{
    const struct http_answer *answer = &f->answer.http;
    bool is_cut = answer->status == 200 && f->answer.error.kind == ERR_TEMPORARY;

    return retry_reason(answer->failure, answer->status, is_cut);
}

/* The answer to the login for all. */
static void login_answered(struct client *c)
{
    struct flight *f = c->login;
    const struct err *e = &f->answer.error;

    c->login_on_wire = false;
    if (accept_login(c, f)) {
        LOG(LOG_DEBUG, "logged in", LOG_N("lifetime_seconds", c->token.lifetime_seconds),
            LOG_N("tokens", c->token.generation));
        f->attempt = 0;
        f->due_ms = 0;
        return;
    }
    int64_t wait = wait_to_repeat(c, f, login_retry_reason(f), retry_after_of(&f->answer.http));
    if (wait >= 0) {
        f->due_ms = clock_monotonic_ms() + wait;
        LOG(LOG_INFO, "login repeated", LOG_S("cause", e->message), LOG_N("attempt", f->attempt),
            LOG_N("wait_ms", wait));
        return;
    }
    f->attempt = 0;
    f->due_ms = 0;
    if (e->kind == ERR_AUTH) {
        c->dead = true;
        c->token_refusal = *e;
    }
    fail_all(c, e);
}

/* Takes what http_next brought. */
static void answered(struct client *c, const struct http_answer *answer)
{
    struct flight *f = answer->user;
    struct route_count *counts = &c->routes[f->route];

    step("answer");
    counts->bytes += (int64_t)answer->body.length;
    counts->status_429 += answer->status == 429 ? 1 : 0;
    counts->status_5xx += answer->status >= 500 ? 1 : 0;
    f->answer.http = *answer;
    /* A Date names a whole second, and was written after its request went out: the end of that
     * second at the time of sending is the latest that the server's clock can be. */
    if (f->target != CLIENT_URL && answer->date_ms != TIME_NONE) {
        int64_t sent_at_ms = clock_now_ms() - answer->elapsed_ms;
        atomic_store(&c->server_offset_ms, answer->date_ms + MS_PER_SECOND - 1 - sent_at_ms);
    }
    if (f == c->login) {
        login_answered(c);
    } else {
        flights_remove(&c->wire, f);
        if (f->target != CLIENT_LOGIN) {
            api_answered(c, f);
        } else if (accept_login(c, f) ||
                   !repeat(c, f, login_retry_reason(f), retry_after_of(answer))) {
            finish(c, f);
        }
    }
    settle_refusal(c);
}

/* --- handing up ------------------------------------------------------------------------------ */

/* Makes a finished flight's answer whole: its error, or its document. False: the body was cut or
 * an error's, and the flight is queued again. */
static bool complete(struct client *c, struct flight *f)
{
    struct client_answer *answer = &f->answer;

    if (answer->error.kind != ERR_NONE || f->target == CLIENT_LOGIN) {
        return true;
    }
    int status = answer->http.status;
    bool is_success =
        answer->http.failure == HTTP_OK &&
        ((status >= 200 && status <= 299) || (status == 404 && f->method == HTTP_DELETE));
    if (!is_success) {
        answer_error(&answer->error, &answer->http, f->label, answer->code);
        return true;
    }
    if (!f->want_document) {
        return true;
    }
    enum retry_reason reason = RETRY_NO;
    answer->document = answer_parse(&answer->http, &answer->error);
    bool is_refusal = answer->document && answer_is_error(json_root(answer->document));
    if (is_refusal) {
        reason = RETRY_SERVER;
        json_free(answer->document);
        answer->document = NULL;
    } else if (!answer->document && answer->error.kind == ERR_TEMPORARY) {
        reason = RETRY_NETWORK;
    }
    if (repeat(c, f, reason, retry_after_of(&answer->http))) {
        err_clear(&answer->error);
        return false;
    }
    if (is_refusal) {
        answer_error(&answer->error, &answer->http, f->label, answer->code);
        answer->error.kind = ERR_TEMPORARY;
    } else if (answer->document) {
        err_clear(&answer->error);
    } else {
        err_prefix(&answer->error, "%s", f->label);
        answer->error.http_status = status;
    }
    return true;
}

/* Fills *answer from the first finished flight; false when there is none (one that complete queues
 * again is passed over). */
static bool deliver(struct client *c, struct client_answer *answer)
{
    struct flight *f;

    while ((f = flights_take(&c->finished))) {
        if (complete(c, f)) {
            *answer = f->answer;
            f->answer.document = NULL;
            buf_init(&f->answer.http.body, 0);
            flight_free(f);
            return true;
        }
    }
    return false;
}

/* Takes all that has arrived and sends all that may go, without waiting. Returns how long nothing
 * more is to be sent. */
static int64_t pump(struct client *c)
{
    struct http_answer answer;
    int64_t wait_ms;

    do {
        while (http_next(c->http, 0, &answer)) {
            answered(c, &answer);
        }
    } while (send_due(c, &wait_ms));
    return wait_ms;
}

bool client_next(struct client *c, int64_t timeout_ms, struct client_answer *answer)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    for (;;) {
        struct http_answer arrived;
        int64_t wait = pump(c);

        bool has_finished = c->finished.count > 0;
        if (answer && deliver(c, answer)) {
            return true;
        }
        if (answer && has_finished) {
            continue; /* no answers: their requests are queued again */
        }
        int64_t left = deadline - clock_monotonic_ms();
        bool stop_is_new = stop_requested() && !c->stop_seen;
        c->stop_seen = c->stop_seen || stop_is_new;
        if (atomic_exchange(&c->woken, false) || stop_is_new || left <= 0) {
            return false;
        }
        if (http_next(c->http, left < wait ? left : wait, &arrived)) {
            answered(c, &arrived);
        }
    }
}

void client_answer_free(struct client_answer *answer)
{
    json_free(answer->document);
    answer->document = NULL;
    buf_free(&answer->http.body);
}

void client_wake(struct client *c)
{
    atomic_store(&c->woken, true);
    http_wake(c->http);
}

void client_abort(struct client *c)
{
    struct flight *f;

    http_abort(c->http);
    c->login_on_wire = false;
    while ((f = flights_take(&c->wire)) || (f = flights_take(&c->queue)) ||
           (f = flights_take(&c->finished))) {
        flight_free(f);
    }
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

int64_t client_server_offset_ms(const struct client *c, bool *known)
{
    int64_t offset_ms = atomic_load(&c->server_offset_ms);

    *known = offset_ms != TIME_NONE;
    return *known ? offset_ms : 0;
}

const struct token *client_token(const struct client *c)
{
    return &c->token;
}

const struct route_count *client_counts(const struct client *c, size_t *count)
{
    *count = c->route_count;
    return c->routes;
}
