#include "api/client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "api/pace.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/step.h"
#include "base/stop.h"
#include "base/str.h"

enum {
    LONGEST_WAIT_MS = 200,
    QUIET_MS = 1000, /* before it is told that something is waited for */
    MAX_ROUTES = 128,
    MAX_REFUSALS = 20, /* tokens that one request may see refused while others prove them good */
    LIFETIME_UNSAID_SECONDS = 300, /* the shortest a client can be set to */
    LIFETIME_LONGEST_SECONDS = 48 * 3600,
    RENEW_AHEAD_SECONDS = 300,
    RENEW_AHEAD_PARTS = 10,
    TOKEN_LONGEST_BYTES = 16384,
    WORDS_BYTES = 300,
    WHY_BYTES = 32,
};

#define TOKEN_PATH "/oauth/token"

/* Where a request is. */
enum place {
    QUEUED, /* to be sent at due_ms */
    ON_WIRE,
    FINISHED, /* its final answer waits to be taken */
    PLACES,
};

/* A request. */
struct flight {
    struct flight *next;
    enum place place;
    struct arena *arena; /* of all this */
    struct client_request request;
    const char *url;

    size_t route;
    int64_t due_ms;
    int64_t first_sent_ms;
    int64_t sent_ms;
    int attempt;
    int refusals;        /* 401s */
    char why[WHY_BYTES]; /* it is tried again */
    bool unknown_name;   /* that is because its host's name is unknown */
    int64_t generation;  /* of the token it was sent with */

    struct client_answer answer; /* filled on the way, handed over once it is final */
};

struct client {
    const struct config *config;
    struct http *http;
    size_t in_flight;
    struct pace pace;
    struct token token;
    struct route_count routes[MAX_ROUTES];
    _Atomic size_t route_count;
    unsigned short random_state[3];

    struct flight *first; /* of all, in the order of client_send */
    size_t counts[PLACES];

    struct flight *login;     /* the first of them, that gets all a token; NULL: none is wanted */
    bool token_refused;       /* a fresh token got a 401, and others with it are on the wire */
    struct err token_refusal; /* that 401 */
    bool dead;                /* no request goes out any more: the error is in token_refusal */

    _Atomic int64_t server_offset_ms; /* TIME_NONE: no answer had a Date */
    atomic_bool woken;
    atomic_int runs; /* that share the pace */
    bool stop_seen;
    bool reached[CLIENT_LOGIN + 1]; /* by target: an HTTP answer has come from there */

    _Atomic int64_t counted; /* requests that client_limit counts */
    _Atomic int64_t most;    /* of them by now */
    _Atomic int64_t all;
    _Atomic(const char *) spent; /* what ends those beyond */

    client_watcher *watcher;
    int64_t patience_ms; /* 0: as long as the limits say */
    int64_t moved_ms;    /* when something last came, or began to be waited for */
    int64_t told_ms;     /* when the watcher was told last; 0: nothing to take back */
};

static const char *const reasons[] = {RETRY_NAMES};

/* --- the requests ---------------------------------------------------------------------------- */

static void move(struct client *c, struct flight *f, enum place place)
{
    c->counts[f->place]--;
    c->counts[place]++;
    f->place = place;
}

/* Takes the first flight out and frees it. */
static void drop_first(struct client *c)
{
    struct flight *f = c->first;

    c->login = f == c->login ? NULL : c->login;
    c->first = f->next;
    c->counts[f->place]--;
    client_answer_free(&f->answer);
    arena_free(f->arena);
}

/* Something came: what was told of a wait is taken back. */
static void moved(struct client *c)
{
    c->moved_ms = clock_monotonic_ms();
    if (c->told_ms != 0) {
        c->told_ms = 0;
        c->watcher(NULL);
    }
}

/* Ends a flight: its answer is in f->answer. */
static void finish(struct client *c, struct flight *f)
{
    f->answer.received_ms = clock_now_ms();
    if (f->request.poll == 0) {
        moved(c);
    }
    move(c, f, FINISHED);
}

static void fail(struct client *c, struct flight *f, const struct err *error)
{
    f->answer.error = *error;
    finish(c, f);
}

/* Ends all queued and on-wire flights with an error. */
static void fail_all(struct client *c, const struct err *error)
{
    http_abort(c->http);
    if (c->login) {
        drop_first(c);
    }
    for (struct flight *f = c->first; f; f = f->next) {
        if (f->place != FINISHED) {
            fail(c, f, error);
        }
    }
}

/* --- routes: paths with their ids replaced, and what is counted on each ----------------------- */

/* The index of the counters for `method` and the route of `path`
 * ("/api/v2/.../jobs/<id>/results?...", without the query string; UUIDs and what follows a "jobs"
 * segment, save "availability", become {id}), made when new; beyond MAX_ROUTES all count as
 * "other". */
static size_t find_route(struct client *c, const char *method, const char *path)
{
    char text[4 * ROUTE_BYTES];
    bool after_jobs = false;
    BUF_SCOPED struct buf route = buf_of(ROUTE_BYTES - 1);
    size_t i = 0;

    snprintf(text, sizeof(text), "%.*s", (int)strcspn(path, "?#"), path);
    for (char *rest = text, *segment; (segment = strsep(&rest, "/"));) {
        bool is_job_id = after_jobs && *segment && !str_eq(segment, "availability");
        (void)buf_add_str(&route, is_job_id || str_is_uuid(segment) ? "{id}" : segment);
        (void)buf_add_str(&route, rest ? "/" : "");
        after_jobs = str_eq(segment, "jobs");
    }
    while (i < c->route_count && i + 1 < MAX_ROUTES &&
           !(str_eq(c->routes[i].route, buf_str(&route)) && str_eq(c->routes[i].method, method))) {
        i++;
    }
    if (i == c->route_count) {
        struct route_count *made = &c->routes[i];
        bool is_last = i + 1 == MAX_ROUTES;
        snprintf(made->method, sizeof(made->method), "%s", method);
        snprintf(made->route, ROUTE_BYTES, "%s", is_last ? "other" : buf_str(&route));
        c->route_count++; /* with its name there, for other threads */
    }
    return i;
}

/* --- making and sending ---------------------------------------------------------------------- */

/* A flight with a copy of the request's texts. */
static struct flight *flight_new(struct client *c, const struct client_request *request)
{
    struct arena *a = arena_new(2 * sizeof(struct flight));
    struct flight *f = arena_alloc(a, sizeof(*f));
    struct client_request *copy = &f->request;
    const char *route = request->path;

    f->arena = a;
    f->due_ms = request->delay_ms > 0 ? clock_monotonic_ms() + request->delay_ms : 0;
    f->answer.user = request->user;
    *copy = *request;
    copy->path = arena_strdup(a, request->path);
    copy->body = request->body ? arena_strdup(a, request->body) : NULL;
    copy->label = arena_strdup(a, request->label ? request->label : request->path);
    if (request->target == CLIENT_LOGIN) {
        copy->method = HTTP_POST;
        /* Scopes do not apply to this grant and are never sent. */
        copy->body = "grant_type=client_credentials";
        route = TOKEN_PATH;
        f->url = arena_printf(a, "%s%s", copy->path, TOKEN_PATH);
    } else if (request->target == CLIENT_URL) {
        route = "other host";
        f->url = copy->path;
    } else {
        f->url = arena_printf(a, "%s%s", c->config->api_url, copy->path);
    }
    f->route = find_route(c, http_methods[copy->method], route);
    return f;
}

struct client *client_new(const struct config *config, client_watcher *watcher, int64_t patience_ms,
                          struct err *e)
{
    struct http_options options = {
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
    c->watcher = watcher;
    c->patience_ms = patience_ms;
    c->http = http;
    c->in_flight = config->in_flight > 0 ? (size_t)config->in_flight : 1;
    uint64_t seed = (uint64_t)clock_now_ms() ^ ((uint64_t)getpid() << 32);
    memcpy(c->random_state, &seed, sizeof(c->random_state));
    atomic_init(&c->runs, 1);
    atomic_init(&c->most, INT64_MAX);
    atomic_init(&c->all, INT64_MAX);
    atomic_init(&c->server_offset_ms, TIME_NONE);
    (void)find_route(c, http_methods[HTTP_POST], TOKEN_PATH); /* the first of all */
    pace_init(&c->pace, config->requests_per_minute, (int)c->in_flight, clock_monotonic_ms());
    return c;
}

void client_free(struct client *c)
{
    if (c) {
        client_abort(c);
        http_free(c->http);
        secret_free(c->token.value);
        free(c);
    }
}

void client_send(struct client *c, const struct client_request *request)
{
    struct flight *f = flight_new(c, request);
    struct flight **end = &c->first;

    if (client_pending(c) == 0) {
        c->moved_ms = clock_monotonic_ms();
    }
    while (*end) {
        end = &(*end)->next;
    }
    *end = f;
    c->counts[f->place]++;
    if (c->dead) {
        fail(c, f, &c->token_refusal);
    }
}

size_t client_pending(const struct client *c)
{
    return c->counts[QUEUED] + c->counts[ON_WIRE] - (c->login ? 1 : 0);
}

/* The first queued flight whose time has come; NULL with the earliest such time in *due_ms. */
static struct flight *first_due(const struct client *c, int64_t now_ms, int64_t *due_ms)
{
    *due_ms = INT64_MAX;
    for (struct flight *f = c->first; f; f = f->next) {
        if (f->place != QUEUED) {
            continue;
        }
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
        .method = f->request.method,
        .url = f->url,
        .body = f->request.body,
        .bearer = f->request.target == CLIENT_API ? c->token.value : NULL,
        .fresh = f->request.once,
        .download = f->request.target == CLIENT_URL,
        .user = f,
    };

    if (f->request.target == CLIENT_LOGIN) {
        request.content_type = "application/x-www-form-urlencoded";
        request.basic_user = c->config->client_id;
        request.basic_secret = c->config->client_secret;
    }
    f->sent_ms = now_ms;
    f->generation = c->token.generation;
    if (f->attempt++ == 0) {
        f->first_sent_ms = now_ms;
    }
    int64_t left_ms = c->patience_ms - (now_ms - f->first_sent_ms);
    request.most_ms = c->patience_ms == 0 ? 0 : left_ms > 0 ? left_ms : 1;
    step("request");
    if (!http_start(c->http, &request, e)) {
        return false;
    }
    c->routes[f->route].requests++;
    atomic_fetch_add(&c->counted, f->request.target == CLIENT_URL ? 0 : 1);
    c->routes[f->route].retries += f->attempt > 1 ? 1 : 0;
    return true;
}

/* Sees to the request that gets all others a token, and goes before them: returns how long it
 * waits. */
static int64_t want_token(struct client *c, int64_t now_ms)
{
    const struct client_request request = {
        .target = CLIENT_LOGIN, .path = c->config->login_url, .label = "login"};

    if (!c->login) {
        c->login = flight_new(c, &request);
        c->login->next = c->first;
        c->first = c->login;
        c->counts[QUEUED]++;
    }
    return c->login->place == QUEUED ? c->login->due_ms - now_ms : LONGEST_WAIT_MS;
}

/* --- how many may go ------------------------------------------------------------------------- */

void client_limit(struct client *c, int64_t most, int64_t all, const char *why)
{
    atomic_store(&c->spent, why);
    atomic_store(&c->all, all);
    atomic_store(&c->most, most);
    client_wake(c);
}

int64_t client_counted(const struct client *c)
{
    return atomic_load(&c->counted);
}

int64_t client_left(const struct client *c)
{
    int64_t left = atomic_load(&c->all) - client_counted(c);

    return left > 0 ? left : 0;
}

/* Where no more may go, nor ever will, all that would go end. */
static void end_spent(struct client *c)
{
    struct err spent;

    for (struct flight *f = c->first; client_left(c) == 0 && f; f = f->next) {
        if (f->place == QUEUED && f->request.target != CLIENT_URL && f != c->login) {
            err_because(&spent, ERR_RATE, CAUSE_LIMITS_BUDGET, "%s", atomic_load(&c->spent));
            fail(c, f, &spent);
        }
    }
}

/* Sends what may go now; true when something did. *wait_ms: until more may go. */
static bool send_due(struct client *c, int64_t *wait_ms)
{
    bool sent = false;

    *wait_ms = LONGEST_WAIT_MS;
    end_spent(c);
    while (!c->token_refused && c->counts[ON_WIRE] < c->in_flight &&
           c->counts[FINISHED] < c->in_flight) {
        struct err e;
        int64_t now = clock_monotonic_ms();
        int64_t due;
        struct flight *f = first_due(c, now, &due);

        if (!f) {
            *wait_ms = due - now;
            break;
        }
        if (f->request.target != CLIENT_URL && client_counted(c) >= atomic_load(&c->most)) {
            break;
        }
        if (f->request.target == CLIENT_API && !(c->token.value && now < c->token.renew_at_ms)) {
            *wait_ms = want_token(c, now);
            sent = sent || *wait_ms <= 0;
            break;
        }
        pace_share(&c->pace, atomic_load(&c->runs), now);
        int64_t pause = f->request.target == CLIENT_API ? pace_take(&c->pace, now) : 0;
        if (pause > 0) {
            *wait_ms = pause;
            break;
        }
        if (start(c, f, now, &e)) {
            move(c, f, ON_WIRE);
        } else if (f == c->login) {
            fail_all(c, &e);
        } else {
            fail(c, f, &e);
        }
        sent = true;
    }
    *wait_ms = *wait_ms < LONGEST_WAIT_MS ? *wait_ms : LONGEST_WAIT_MS;
    return sent;
}

/* --- what answers mean: repeated, refused or final ------------------------------------------- */

/* How long to wait before a flight is tried again; -1: it is not worth it, or it was enough. */
static int64_t wait_to_repeat(struct client *c, const struct flight *f, enum retry_reason reason,
                              int64_t retry_after)
{
    enum http_failure failure = f->answer.http.failure;
    bool was_sent = reason != RETRY_RATE && failure != HTTP_DNS && failure != HTTP_REFUSED;

    if (f->request.once && was_sent) {
        return -1;
    }
    if (f->request.brief) {
        /* A name that is unknown or a port that is closed stays so; the rest may pass. */
        bool may_pass = reason == RETRY_SERVER || failure == HTTP_RESET;
        return may_pass && f->attempt == 1 ? limit_get(LIMIT_RETRY_BASE_MS) : -1;
    }
    int64_t spent_ms = clock_monotonic_ms() - f->first_sent_ms;
    if (reason == RETRY_NAME && c->reached[f->request.target]) {
        reason = RETRY_NETWORK; /* the name is right: it is the name server that is not reached */
    }
    int64_t wait =
        retry_wait_ms(reason, f->attempt, retry_after, spent_ms, erand48(c->random_state));
    return c->patience_ms > 0 && spent_ms + wait > c->patience_ms ? -1 : wait;
}

/* Notes why a flight is tried again. */
static void note_why(struct flight *f)
{
    static const char *const words[HTTP_OTHER + 1] = {HTTP_TRIED_AGAIN};
    const struct http_answer *answer = &f->answer.http;
    const char *failed = words[answer->failure];

    f->unknown_name = answer->failure == HTTP_DNS;
    if (!failed && answer->status >= 300) {
        snprintf(f->why, sizeof(f->why), "HTTP %d", answer->status);
    } else {
        snprintf(f->why, sizeof(f->why), "%s", failed ? failed : "broken answer");
    }
}

/* Queues a flight again, without the answer it got. */
static void queue_again(struct client *c, struct flight *f, int64_t wait_ms)
{
    note_why(f);
    buf_free(&f->answer.http.body);
    f->answer.http = (struct http_answer){.status = 0};
    f->due_ms = wait_ms > 0 ? clock_monotonic_ms() + wait_ms : 0;
    move(c, f, QUEUED);
}

/* Says whose credentials were used, and who named the host. */
static void append_origins(struct err *e, const struct config *config)
{
    const char *id = config_origin(config, KEY_CLIENT_ID);
    const char *secret = config_origin(config, KEY_CLIENT_SECRET);
    const char *url = config_origin(config, KEY_LOGIN_URL);
    const char *host = url ? url : config_origin(config, KEY_REGION);

    if (id && secret && host) {
        err_append(e, ORIGINS_MARK "%s; client_secret from %s; host by %s)", id, secret, host);
    }
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
    LOG(LOG_INFO, f == c->login ? "login repeated" : "request repeated",
        LOG_S("request", f->request.label),
        LOG_S("reason", f == c->login ? f->answer.error.message : reasons[reason]),
        LOG_N("attempt", f->attempt), LOG_N("wait_ms", wait));
    return true;
}

/* Wipes and frees the token's text; its other facts stay. */
static void drop_token(struct token *t)
{
    secret_free(t->value);
    t->value = NULL;
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
        drop_token(&c->token);
    } else if (is_current && !c->token_refused) {
        c->token_refused = true;
        answer_error(e, &f->answer.http, f->request.label, code);
        err_prefix(e, "the API at %s refused a fresh token", c->config->api_url);
        append_origins(e, c->config);
        diagnosis_append(e, diagnose_refusal(code, c->config->login_url, c->config->api_url));
    }
    queue_again(c, f, 0);
}

static void api_answered(struct client *c, struct flight *f)
{
    const struct http_answer *answer = &f->answer.http;
    int64_t retry_after = retry_after_of(answer);

    if (f->request.target == CLIENT_API) {
        int64_t now = clock_monotonic_ms();

        pace_headers(&c->pace, now, answer->ratelimit_allowed, answer->ratelimit_count,
                     answer->ratelimit_reset_seconds);
        if (answer->status == 429) {
            /* A Retry-After too long to wait for ends its request; it must not hold the others. */
            bool waits = retry_after <= limit_get(LIMIT_RETRY_AFTER_MS);
            pace_slow_down(&c->pace, now, f->sent_ms, waits ? retry_after : 0);
        }
        if (answer->status == 401 && !f->request.brief) {
            token_refused(c, f);
            return;
        }
        if (answer->status > 0 && answer->status < 500 && f->generation == c->token.generation) {
            c->token.proven = true;
        }
    }
    enum retry_reason reason = retry_reason(answer->failure, answer->status);
    if (reason == RETRY_NO || !repeat(c, f, reason, retry_after)) {
        finish(c, f);
    }
}

/* --- logins ---------------------------------------------------------------------------------- */

/* Takes the token that the document of a login holds, if any; its text is wiped there. */
static bool take_token(struct token *t, struct json root)
{
    struct json type = json_get(root, "token_type");
    size_t length = 0;
    const char *text = json_text(json_get(root, "access_token"), &length);
    int64_t lifetime;

    /* It goes into a header. */
    bool is_token =
        text && length > 0 && length <= TOKEN_LONGEST_BYTES && strspn(text, STR_VISIBLE) == length;
    if (!is_token || (json_type(type) != JSON_ABSENT && !str_eq_nocase(json_str(type), "bearer"))) {
        return false;
    }
    if (!json_int(json_get(root, "expires_in"), &lifetime) || lifetime <= 0) {
        lifetime = LIFETIME_UNSAID_SECONDS;
    }
    lifetime = lifetime < LIFETIME_LONGEST_SECONDS ? lifetime : LIFETIME_LONGEST_SECONDS;
    int64_t ahead = clock_earlier(lifetime / RENEW_AHEAD_PARTS, RENEW_AHEAD_SECONDS);
    secret_free(t->value);
    *t = (struct token){
        .value = secret_new(text, length),
        .lifetime_seconds = lifetime,
        .renew_at_ms = clock_monotonic_ms() + (lifetime - ahead) * MS_PER_SECOND,
        .generation = t->generation + 1,
    };
    /* The document is about to be freed; nothing reads it after this. */
    secret_wipe((char *)text, length);
    return true;
}

/* Makes the error of a login refused. The login host says why in a body {error, description,
 * error_description}; without one `doc` is NULL. */
static void refuse_login(const struct config *config, struct flight *f, const struct json_doc *doc)
{
    static const char *const fields[] = {"error", "error_description", "description", "code",
                                         "message"};
    const struct http_answer *answer = &f->answer.http;
    struct err *e = &f->answer.error;
    const char *last = "";
    BUF_SCOPED struct buf words = buf_of(WORDS_BYTES);

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const char *text = json_str(json_get(json_root(doc), fields[i]));
        if (text && !str_eq(text, last)) {
            (void)buf_add_str(&words, words.length > 0 ? ": " : "");
            answer_words(&words, text, strlen(text));
            last = text;
        }
    }
    enum cause_id cause = diagnose_login(answer, doc ? buf_str(&words) : NULL);
    err_set(e, ERR_AUTH, "login refused by %s: HTTP %d", f->request.path, answer->status);
    if (words.length > 0) {
        err_append(e, " %s", buf_str(&words));
    } else if (answer->status != 200 || buf_str(&answer->body)[0] == '<') {
        answer_begins(e, answer); /* what else came with a 200 may be a token */
    }
    answer_append(e, "; correlation id ", answer->correlation_id);
    if (!f->request.brief) {
        append_origins(e, config); /* who asks briefly has a screen that says it */
    }
    diagnosis_append(e, cause);
    e->http_status = answer->status;
}

/* Reads a token out of the answer to a login; false with the answer's error. */
static bool read_login(const struct config *config, struct flight *f, struct token *t)
{
    const struct http_answer *answer = &f->answer.http;
    struct err *e = &f->answer.error;
    char code[ANSWER_CODE_BYTES];

    if (answer->failure != HTTP_OK || answer->status >= 500 || answer->status == 429) {
        answer_error(e, answer, "login", code);
        err_append(e, " (%s)", f->request.path);
        if (answer->failure != HTTP_OK) {
            return false;
        }
        e->kind = answer->status >= 500 ? ERR_TEMPORARY : e->kind;
        return diagnosis_append(e, diagnose_login(answer, NULL));
    }
    struct json_doc *doc = answer_parse(answer, e);
    if (!doc && e->kind == ERR_TEMPORARY && answer->status == 200) {
        return err_prefix(e, "login at %s", f->request.path);
    }
    bool ok = doc && answer->status == 200 && take_token(t, json_root(doc));
    if (ok) {
        err_clear(e);
    } else {
        refuse_login(config, f, doc);
    }
    json_free(doc);
    return ok;
}

/* The answer to a login, the one for all or one that was asked for: its token is the client's when
 * the host is the configuration's own. */
static void login_answered(struct client *c, struct flight *f)
{
    struct http_answer *answer = &f->answer.http;
    struct token other = {.value = NULL};
    bool is_own = str_eq(f->request.path, c->config->login_url);
    bool accepted = read_login(c->config, f, is_own ? &c->token : &other);
    struct err e = f->answer.error;
    bool is_cut = answer->status == 200 && e.kind == ERR_TEMPORARY;
    enum retry_reason reason =
        is_cut ? RETRY_NETWORK : retry_reason(answer->failure, answer->status);

    drop_token(&other);
    secret_wipe(answer->body.data, answer->body.length);
    buf_free(&answer->body);
    if (!accepted && repeat(c, f, reason, retry_after_of(answer))) {
        return;
    }
    if (f != c->login) {
        finish(c, f);
        return;
    }
    drop_first(c);
    if (accepted) {
        moved(c);
        LOG(LOG_DEBUG, "logged in", LOG_N("lifetime_seconds", c->token.lifetime_seconds),
            LOG_N("tokens", c->token.generation));
        return;
    }
    if (e.kind == ERR_AUTH) {
        c->dead = true;
        c->token_refusal = e;
    }
    fail_all(c, &e);
}

/* Takes what http_next brought. */
static void answered(struct client *c, const struct http_answer *answer)
{
    struct flight *f = answer->user;
    struct route_count *counts = &c->routes[f->route];

    step("answer");
    c->reached[f->request.target] = c->reached[f->request.target] || answer->status > 0;
    counts->bytes += (int64_t)answer->body.length;
    counts->status_429 += answer->status == 429 ? 1 : 0;
    counts->status_5xx += answer->status >= 500 ? 1 : 0;
    f->answer.http = *answer;
    /* A Date names a whole second, and was written after its request went out: the end of that
     * second at the time of sending is the latest that the server's clock can be. */
    if (f->request.target != CLIENT_URL && answer->date_ms != TIME_NONE) {
        int64_t sent_at_ms = clock_now_ms() - answer->elapsed_ms;
        atomic_store(&c->server_offset_ms, answer->date_ms + MS_PER_SECOND - 1 - sent_at_ms);
    }
    if (f->request.target == CLIENT_LOGIN) {
        login_answered(c, f);
    } else {
        api_answered(c, f);
    }
    /* Decides about a fresh token that was refused, once it is known whether it ever worked. */
    if (c->token_refused && (c->token.proven || c->counts[ON_WIRE] == 0)) {
        drop_token(&c->token);
        c->token_refused = false;
        if (!c->token.proven) {
            c->dead = true;
            fail_all(c, &c->token_refusal);
        }
    }
}

/* --- handing up ------------------------------------------------------------------------------ */

/* Makes a finished flight's answer whole: its error, or its document. False: the body was cut or
 * an error's, and the flight is queued again. */
static bool complete(struct client *c, struct flight *f)
{
    struct client_answer *answer = &f->answer;

    if (answer->error.kind != ERR_NONE || f->request.target == CLIENT_LOGIN) {
        return true;
    }
    int status = answer->http.status;
    bool is_success = answer->http.failure == HTTP_OK &&
                      ((status >= 200 && status <= 299) ||
                       (status == 404 && f->request.method == HTTP_DELETE && !f->request.once));
    if (!is_success) {
        answer_error(&answer->error, &answer->http, f->request.label, answer->code);
        return true;
    }
    if (!f->request.want_document) {
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
        answer_error(&answer->error, &answer->http, f->request.label, answer->code);
        answer->error.kind = ERR_TEMPORARY;
    } else if (answer->document) {
        err_clear(&answer->error);
    } else {
        err_prefix(&answer->error, "%s", f->request.label);
        answer->error.http_status = status;
    }
    return true;
}

/* --- who waits is told ----------------------------------------------------------------------- */

/* When a flight was sent or, of one that is queued, is due. */
static int64_t time_of(const struct flight *f)
{
    return f->place == ON_WIRE ? f->sent_ms : f->due_ms;
}

/* The flight that a wait is for: the retry that is due first, else the request that was sent first,
 * else the poll that is due first, else a request that may not go yet; NULL: none. */
static const struct flight *waited_for(const struct client *c)
{
    enum { RETRIED, SENT, HELD, NOTHING } least = NOTHING;
    const struct flight *best = NULL;

    for (const struct flight *f = c->first; f; f = f->next) {
        int queued = f->attempt > 0 ? RETRIED : HELD;
        int rank = f->place == ON_WIRE ? SENT : queued;

        if (f->place != FINISHED &&
            (rank < (int)least || (rank == (int)least && time_of(f) < time_of(best)))) {
            best = f;
            least = rank;
        }
    }
    return best;
}

/* Tells whoever waits what for, when nothing has come for a while and answers would be taken. */
static void tell_wait(struct client *c, bool takes)
{
    int64_t now_ms = clock_monotonic_ms();
    const struct flight *f = waited_for(c);

    if (!c->watcher || !takes || !f || now_ms - c->moved_ms < QUIET_MS ||
        now_ms - c->told_ms < LONGEST_WAIT_MS) {
        return;
    }
    bool on_wire = f->place == ON_WIRE;
    int64_t due_ms = f->due_ms > c->pace.hold_until_ms ? f->due_ms : c->pace.hold_until_ms;
    bool is_short = f->unknown_name && !c->reached[f->request.target];
    int64_t most_ms = limit_get(is_short ? LIMIT_RETRY_NAME_MS : LIMIT_RETRY_TOTAL_MS);
    most_ms = c->patience_ms > 0 ? clock_earlier(most_ms, c->patience_ms) : most_ms;
    struct client_wait wait = {
        .kind = WAIT_ANSWER,
        .what = f->request.label,
        .why = f->why,
        .number = f->attempt,
        .ms = on_wire ? now_ms - f->sent_ms : due_ms - now_ms,
        .left_ms = f->first_sent_ms + most_ms - now_ms,
    };
    if (!on_wire && f->attempt > 0) {
        wait.kind = WAIT_RETRY;
        wait.number++;
    } else if (!on_wire) {
        wait.kind = f->request.poll > 0 ? WAIT_POLL : WAIT_RATE;
        wait.number = f->request.poll;
        wait.left_ms = f->request.poll_left_ms;
    }
    if (wait.ms >= (on_wire ? QUIET_MS : 1)) {
        c->told_ms = now_ms;
        c->watcher(&wait);
    }
}

/* Where the first answer is that has come; `own`: of those that client_take waits for alone. */
static struct flight **find_finished(struct client *c, bool own)
{
    struct flight **at = &c->first;

    while (*at && ((*at)->place != FINISHED || (own && (*at)->request.for_next))) {
        at = &(*at)->next;
    }
    return at;
}

/* client_next; `own` as above. */
static bool next_answer(struct client *c, int64_t timeout_ms, bool own,
                        struct client_answer *answer)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    for (;;) {
        struct http_answer arrived;
        int64_t wait;

        /* All that has arrived is taken, all that may go is sent, before anything is waited for. */
        do {
            while (http_next(c->http, 0, &arrived)) {
                answered(c, &arrived);
            }
        } while (send_due(c, &wait));

        struct flight **at = find_finished(c, own);
        struct flight *f = *at;
        if (answer && f) {
            if (!complete(c, f)) {
                continue;
            }
            *at = f->next;
            c->counts[FINISHED]--;
            *answer = f->answer;
            arena_free(f->arena);
            return true;
        }
        int64_t left = deadline - clock_monotonic_ms();
        bool stop_is_new = stop_requested() && !c->stop_seen;
        c->stop_seen = c->stop_seen || stop_is_new;
        if (atomic_exchange(&c->woken, false) || stop_is_new || left <= 0) {
            return false;
        }
        tell_wait(c, answer != NULL);
        if (http_next(c->http, left < wait ? left : wait, &arrived)) {
            answered(c, &arrived);
        }
    }
}

bool client_next(struct client *c, int64_t timeout_ms, struct client_answer *answer)
{
    return next_answer(c, timeout_ms, false, answer);
}

void client_answer_free(struct client_answer *answer)
{
    json_free(answer->document);
    answer->document = NULL;
    buf_free(&answer->http.body);
}

void client_share(struct client *c, int runs)
{
    atomic_store(&c->runs, runs);
}

void client_wake(struct client *c)
{
    atomic_store(&c->woken, true);
    http_wake(c->http);
}

void client_abort(struct client *c)
{
    http_abort(c->http);
    while (c->first) {
        drop_first(c);
    }
}

bool client_take(struct client *c, size_t count, struct err *e)
{
    struct client_answer answer;

    while (count > 0) {
        if (next_answer(c, LONGEST_WAIT_MS, true, &answer)) {
            *(struct client_answer *)answer.user = answer;
            count--;
        } else if (stop_requested()) {
            client_abort(c);
            return err_set(e, ERR_STOPPED, "stopped by a signal");
        }
    }
    return true;
}

bool client_call(struct client *c, const struct client_request *request,
                 struct client_answer *answer)
{
    struct client_request copy = *request;

    *answer = (struct client_answer){.user = NULL};
    copy.user = answer;
    client_send(c, &copy);
    if (!client_take(c, 1, &answer->error)) {
        err_prefix(&answer->error, "%s", request->label ? request->label : request->path);
    }
    return answer->error.kind == ERR_NONE;
}

/* Who says whose a client is: a path, and where in its answer. Where one is not granted (403, 404)
 * or says nothing, the next is asked. */
static const struct owner_source {
    const char *path;
    const char *id;
    const char *name;
} owner_sources[] = {
    {"/api/v2/tokens/me", "organization.id", "organization.name"},
    {"/api/v2/organizations/me", "id", "name"},
};

/* Sends a question about the client; `brief`: nothing depends on it, or somebody waits. */
static void ask_about(struct client *c, const struct client_identity *who, const char *path,
                      bool brief, struct client_answer *answer)
{
    const struct client_request request = {
        .path = path,
        .label = who->brief ? path + strlen("/api/v2/") : "whose the client is",
        .want_document = true,
        .brief = brief,
        .user = answer,
    };

    client_send(c, &request);
}

/* Asks a source whose the client is, `beside` requests under way; false: trouble, no refusal. */
static bool ask_owner(struct client *c, const struct owner_source *source, size_t beside,
                      struct arena *a, struct client_identity *who, struct err *e)
{
    ANSWER_SCOPED struct client_answer answer = {0};

    ask_about(c, who, source->path, who->brief, &answer);
    if (!client_take(c, beside + 1, e)) {
        return false;
    }
    *e = answer.error;
    if (e->kind != ERR_NONE) {
        return e->http_status == 403 || e->http_status == 404;
    }
    INVARIANT(answer.document != NULL);
    struct json root = json_root(answer.document);
    const char *id = json_str(json_first(root, source->id));
    const char *name = json_str(json_first(root, source->name));
    who->id = id && *id ? arena_strdup(a, id) : NULL;
    who->name = arena_strdup(a, name ? name : "");
    who->token = source == owner_sources ? json_write(a, root, NULL) : who->token;
    return true;
}

bool client_identify(struct client *c, struct arena *a, struct client_identity *who, struct err *e)
{
    ANSWER_SCOPED struct client_answer subject = {0};
    ANSWER_SCOPED struct client_answer token = {0};
    size_t beside = who->grants ? 1 : 0;

    if (who->grants) {
        ask_about(c, who, "/api/v2/authorization/subjects/me", true, &subject);
    }
    for (size_t i = 0; who->owner && !who->id && i < COUNT_OF(owner_sources); i++, beside = 0) {
        if (!ask_owner(c, &owner_sources[i], beside, a, who, e)) {
            return false;
        }
    }
    if (!client_take(c, beside, e)) {
        return false;
    }
    who->subject = json_write(a, json_root(subject.document), NULL);
    bool says = json_type(json_get(json_root(subject.document), "grants")) == JSON_ARRAY;
    if (who->grants && !who->owner && !says) {
        ask_about(c, who, owner_sources[0].path, true, &token);
        if (!client_take(c, 1, e)) {
            return false;
        }
        who->token = json_write(a, json_root(token.document), NULL);
    }
    return true;
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
