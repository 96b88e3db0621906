#include "fault.h"

#include "routes.h"
#include "when.h"
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_FAULTS 32
#define MAX_KEYS   8

/* --- what those do that answer, or change an answer: true when an answer stands --- */

static const char sign_in_page[] =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form action=\"/sso\">"
    "<h1>Sign in to continue</h1><input name=\"user\"></form></body></html>\n";

static bool sleep_ms(struct reply *reply, const char *ms_text)
{
    long ms = strtol(ms_text, NULL, 10);
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};
    (void)reply;
    while (nanosleep(&ts, &ts) != 0) {
    }
    return false;
}

static bool sign_in(struct reply *reply, const char *unused)
{
    (void)unused;
    reply_text(reply, 200, "text/html; charset=utf-8", sign_in_page);
    return true;
}

static bool rate_limited(struct reply *reply, const char *form)
{
    static const char *const odd[][2] = {
        {"negative", "-5"}, {"huge", "99999999999999999999"}, {"garbage", "soon, \"maybe\""}};
    char text[WHEN_SIZE], message[160];
    snprintf(message, sizeof message,
             "Rate limit exceeded the maximum. Retry the request in [%s] seconds", form);
    reply_error(reply, 429, "too.many.requests.retry.after", message);
    snprintf(text, sizeof text, "%.20s", form);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        if (strcmp(odd[i][0], form) == 0) {
            snprintf(text, sizeof text, "%s", odd[i][1]);
        }
    }
    if (strcmp(form, "http-date") == 0) {
        when_http(world_date() + 2 * WHEN_SECOND, text);
    } else if (strcmp(form, "past-date") == 0) {
        when_http(world_date() - WHEN_HOUR, text);
    }
    if (strcmp(form, "absent") != 0) {
        reply_header(reply, "Retry-After", text);
    }
    return true;
}

static bool server_trouble(struct reply *reply, const char *status)
{
    static const struct {
        int status;
        const char *code;
    } codes[] = {{503, "service.unavailable"},
                 {504, "request.timeout"},
                 {408, "client.timeout"},
                 {400, "bad.request"},
                 {404, "not.found"}};
    int number = (int)strtol(status, NULL, 10);
    const char *code = "internal.server.error";
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        code = codes[i].status == number ? codes[i].code : code;
    }
    reply_error(reply, number, code, "The server could not do this now.");
    return true;
}

/* An error in place of what was asked for, by a server that says that all is well. */
static bool error_in_200(struct reply *reply, const char *status)
{
    server_trouble(reply, status);
    reply->status = 200;
    return true;
}

static bool no_answer(struct reply *reply, const char *unused)
{
    (void)unused;
    reply_text(reply, 200, "application/json", "{}");
    return true;
}

/* Half a surrogate pair, as a cut between two UTF-16 units leaves it, before each value of the key.
 */
static bool odd_string(struct reply *reply, const char *key)
{
    char mark[FAULT_TEXT + 8];
    struct jw odd = {0};
    int length = snprintf(mark, sizeof mark, "\"%s\":\"", key);
    jw_bytes(&reply->body, "", 1);
    const char *from = reply->body.data;
    for (const char *at; (at = strstr(from, mark)); from = at + length) {
        jw_bytes(&odd, from, (size_t)(at + length - from));
        jw_text(&odd, "\\ud83d");
    }
    jw_text(&odd, from);
    jw_free(&reply->body);
    reply->body = odd;
    return true;
}

static bool truncate_body(struct reply *reply, const char *unused)
{
    (void)unused;
    reply->body.length = reply->body.length * 3 / 5;
    return true;
}

/* --- the faults there are --- */

/* IN_PLACE answers before the handler, ON_BODY changes what it answered, in the order of the table;
 * the others strike where the code asks for them. */
enum stage { ASKED_FOR, IN_PLACE, ON_BODY };

struct kind {
    const char *name;
    const char *path; /* where it strikes by default */
    long times;       /* and how often at most; -1: always */
    enum stage stage;
    const char *key; /* what `strike` is told, and what it is told without it */
    const char *otherwise;
    bool (*strike)(struct reply *reply, const char *value);
};

static const struct kind kinds[] = {
    {"latency", "/api/", -1, IN_PLACE, "ms", "300", sleep_ms},
    {"429", "/api/", -1, IN_PLACE, "retry_after", "1", rate_limited},
    {"5xx", "/api/", -1, IN_PLACE, "status", "503", server_trouble},
    {"burst", "/api/", -1, IN_PLACE, "status", "503", server_trouble},
    {"4xx", "/api/", -1, IN_PLACE, "status", "400", server_trouble},
    {"error-in-200", "/api/", -1, ON_BODY, "status", "503", error_in_200},
    {"no-answer", "/api/", -1, ON_BODY, "", "", no_answer},
    {"odd-string", "/api/", -1, ON_BODY, "key", "direction", odd_string},
    {"not-json", "/api/", -1, ON_BODY, "", "", sign_in},
    {"truncated-json", "/api/", -1, ON_BODY, "", "", truncate_body},
    {"token-death", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"unknown-fields", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"wrong-types", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"missing-id", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"no-conversations-key", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"short-pages", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"empty-page", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"job-expire", "/api/", 1, ASKED_FOR, NULL, NULL, NULL},
    {"job-fail", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"job-pending", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"job-slow", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"page-cycle", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"row-hidden", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"no-date", "/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"too-many-items", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"complete-at-once", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"offset-past", "/downloads/", -1, ASKED_FOR, NULL, NULL, NULL},
    {"job-state-expired", "/api/", -1, ASKED_FOR, NULL, NULL, NULL},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* --- those that are set --- */

struct fault {
    char spec[256];
    const struct kind *kind;
    char path[128], method[12], has[FAULT_TEXT];
    long every, after, times, chances, strikes;
    int keys;
    char key[MAX_KEYS][24];
    char value[MAX_KEYS][FAULT_TEXT];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault faults[MAX_FAULTS];
static int count;

void fault_clear(void)
{
    pthread_mutex_lock(&lock);
    count = 0;
    pthread_mutex_unlock(&lock);
}

static bool set_number(long *target, const char *value)
{
    char *rest;
    *target = strtol(value, &rest, 10);
    return *value && !*rest && *target >= 0;
}

static bool set_key(struct fault *f, const char *key, const char *value)
{
    const struct {
        const char *key;
        long *number; /* NULL: a text */
        char *text;
        size_t size;
    } known[] = {
        {"every", &f->every, NULL, 0},           {"after", &f->after, NULL, 0},
        {"times", &f->times, NULL, 0},           {"count", &f->times, NULL, 0},
        {"path", NULL, f->path, sizeof f->path}, {"method", NULL, f->method, sizeof f->method},
        {"has", NULL, f->has, sizeof f->has}};
    if (strcmp(key, "n") == 0) {
        bool good = set_number(&f->after, value) && f->after-- > 0;
        f->times = 1;
        return good;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(key, known[i].key) == 0 && known[i].number) {
            return set_number(known[i].number, value) && f->every > 0;
        }
        if (strcmp(key, known[i].key) == 0) {
            snprintf(known[i].text, known[i].size, "%s", value);
            return strlen(value) < known[i].size;
        }
    }
    if (f->keys == MAX_KEYS || strlen(key) >= sizeof f->key[0] || strlen(value) >= FAULT_TEXT) {
        return false;
    }
    snprintf(f->key[f->keys], sizeof f->key[0], "%s", key);
    snprintf(f->value[f->keys++], FAULT_TEXT, "%s", value);
    return true;
}

static const struct kind *kind_of(const char *name)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static bool parse(struct fault *f, const char *spec)
{
    char text[256];
    snprintf(text, sizeof text, "%s", spec);
    char *keys = text;
    strsep(&keys, ":");
    *f = (struct fault){.every = 1, .times = -1};
    snprintf(f->spec, sizeof f->spec, "%s", spec);
    f->kind = kind_of(text);
    if (!f->kind || strlen(spec) >= sizeof text) {
        return false;
    }
    snprintf(f->path, sizeof f->path, "%s", f->kind->path);
    f->times = f->kind->times;
    for (char *value; (value = strsep(&keys, ","));) {
        const char *key = strsep(&value, "=");
        if (*key && (!value || !set_key(f, key, value))) {
            return false;
        }
    }
    return true;
}

bool fault_add(const char *spec, char *why, size_t size)
{
    struct fault f;
    if (!parse(&f, spec)) {
        snprintf(why, size, "no such fault: '%s' (see --help)", spec);
        return false;
    }
    pthread_mutex_lock(&lock);
    bool room = count < MAX_FAULTS;
    if (room) {
        faults[count++] = f;
    }
    pthread_mutex_unlock(&lock);
    if (!room) {
        snprintf(why, size, "more than %d faults", MAX_FAULTS);
    }
    return room;
}

void fault_each(void (*show)(void *cls, const char *spec), void *cls)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++) {
        show(cls, faults[i].spec);
    }
    pthread_mutex_unlock(&lock);
}

static const char *value_of(const struct fault *f, const char *key)
{
    for (int i = 0; i < f->keys; i++) {
        if (strcmp(f->key[i], key) == 0) {
            return f->value[i];
        }
    }
    return NULL;
}

static bool strikes(struct fault *f)
{
    if (f->times >= 0 && f->strikes >= f->times) {
        return false;
    }
    f->chances++;
    if (f->chances <= f->after || (f->chances - f->after) % f->every != 0) {
        return false;
    }
    f->strikes++;
    return true;
}

static bool is_about(const struct fault *f, const struct request *request)
{
    return world_path_matches(f->path, request->path) &&
           (!*f->method || strcmp(f->method, request->method) == 0) &&
           (!*f->has || strstr(request->query, f->has) || strstr(request->body, f->has) ||
            strstr(request->job_interval, f->has));
}

/* True when a fault of that name strikes; copies the value of its `key`, or `otherwise`. */
static bool strikes_with(const char *name, const struct request *request, const char *key,
                         const char *otherwise, char value[FAULT_TEXT])
{
    bool hit = false;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count && !hit; i++) {
        struct fault *f = &faults[i];
        if (strcmp(f->kind->name, name) == 0 && is_about(f, request) && strikes(f)) {
            const char *given = value_of(f, key);
            snprintf(value, FAULT_TEXT, "%s", given ? given : otherwise);
            hit = true;
        }
    }
    pthread_mutex_unlock(&lock);
    return hit;
}

bool fault_strikes(const char *name, const struct request *request)
{
    char unused[FAULT_TEXT];
    return strikes_with(name, request, "", "", unused);
}

long fault_number(const char *name, const char *key, long otherwise)
{
    long number = otherwise;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++) {
        if (strcmp(faults[i].kind->name, name) == 0) {
            const char *given = value_of(&faults[i], key);
            if (given) {
                number = strtol(given, NULL, 10);
            } else if (strcmp(key, "after") == 0) {
                number = faults[i].after;
            }
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return number;
}

int64_t fault_page(const struct request *request, int64_t number)
{
    char of[FAULT_TEXT];
    return strikes_with("page-cycle", request, "of", "1", of)
               ? (number - 1) % strtol(of, NULL, 10) + 1
               : number;
}

bool fault_answers(const struct request *request, struct reply *reply)
{
    char value[FAULT_TEXT];
    for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
        if (k->stage == IN_PLACE && strikes_with(k->name, request, k->key, k->otherwise, value) &&
            k->strike(reply, value)) {
            return true;
        }
    }
    return false;
}

struct fault_body fault_body(const struct request *request)
{
    struct fault_body body = {NULL, ""};
    for (const struct kind *k = kinds; k < kinds + KINDS && !body.strike; k++) {
        if (k->stage == ON_BODY &&
            strikes_with(k->name, request, k->key, k->otherwise, body.value)) {
            body.strike = k->strike;
        }
    }
    return body;
}

void fault_spoil(const struct fault_body *body, struct reply *reply)
{
    if (body->strike && reply->status < 300 && reply->status != 204) {
        body->strike(reply, body->value);
    }
}

struct fault_document fault_document(const struct request *request)
{
    struct fault_document d = {0};
    d.jw_faults |= fault_strikes("unknown-fields", request) ? JW_UNKNOWN_FIELDS : 0u;
    d.jw_faults |= fault_strikes("wrong-types", request) ? JW_WRONG_TYPES : 0u;
    d.missing_id = fault_strikes("missing-id", request);
    d.no_conversations = fault_strikes("no-conversations-key", request);
    d.any = d.jw_faults || d.missing_id || d.no_conversations;
    return d;
}
