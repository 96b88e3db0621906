#include "fault.h"

#include "lock.h"
#include "routes.h"
#include "when.h"
#include "world.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_FAULTS 32

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
    static const char *const odd[][2] = {{"absent", ""},
                                         {"negative", "-5"},
                                         {"huge", "99999999999999999999"},
                                         {"garbage", "soon, \"maybe\""}};
    char message[160];
    snprintf(message, sizeof message,
             "Rate limit exceeded the maximum. Retry the request in [%s] seconds", form);
    reply_error(reply, 429, "too.many.requests.retry.after", message);
    snprintf(reply->retry_after, sizeof reply->retry_after, "%s", form);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        if (strcmp(odd[i][0], form) == 0) {
            snprintf(reply->retry_after, sizeof reply->retry_after, "%s", odd[i][1]);
        }
    }
    if (strcmp(form, "http-date") == 0) {
        when_http(world_date() + 2 * WHEN_SECOND, reply->retry_after);
    } else if (strcmp(form, "past-date") == 0) {
        when_http(world_date() - WHEN_HOUR, reply->retry_after);
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
    char spec[FAULT_TEXT];
    char keys[FAULT_TEXT]; /* the same as of a query: key=value&key=value */
    const struct kind *kind;
    char path[FAULT_TEXT], method[12], has[FAULT_TEXT];
    long every, after, times, chances, strikes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fault faults[MAX_FAULTS];
static int count;

void fault_clear(void)
{
    HOLD(lock);
    count = 0;
}

/* Reads the number of a key, which is `least` at least; it stays when absent. */
static bool number(const struct fault *f, const char *key, long least, long *out)
{
    return query_int(f->keys, key, *out, out) && *out >= least;
}

static bool parse(struct fault *f, const char *spec)
{
    size_t name = strcspn(spec, ":");
    *f = (struct fault){.every = 1};
    snprintf(f->spec, sizeof f->spec, "%s", spec);
    snprintf(f->keys, sizeof f->keys, "%s", spec[name] ? spec + name + 1 : "");
    for (char *comma = f->keys; (comma = strchr(comma, ','));) {
        *comma = '&';
    }
    for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
        f->kind = strncmp(k->name, spec, name) == 0 && !k->name[name] ? k : f->kind;
    }
    if (!f->kind || strlen(spec) >= sizeof f->spec) {
        return false;
    }
    snprintf(f->path, sizeof f->path, "%s", f->kind->path);
    f->times = f->kind->times;
    query_value(f->keys, "path", 0, f->path, sizeof f->path);
    query_value(f->keys, "method", 0, f->method, sizeof f->method);
    query_value(f->keys, "has", 0, f->has, sizeof f->has);
    bool good = number(f, "every", 1, &f->every) && number(f, "after", 0, &f->after) &&
                number(f, "times", -1, &f->times) && number(f, "count", -1, &f->times);
    long nth = LONG_MAX;
    good = good && number(f, "n", 1, &nth);
    if (nth < LONG_MAX) {
        f->after = nth - 1;
        f->times = 1;
    }
    return good;
}

bool fault_add(const char *spec, char *why, size_t size)
{
    struct fault f;
    if (!parse(&f, spec)) {
        snprintf(why, size, "no such fault: '%s' (see --help)", spec);
        return false;
    }
    HOLD(lock);
    if (count == MAX_FAULTS) {
        snprintf(why, size, "more than %d faults", MAX_FAULTS);
        return false;
    }
    faults[count++] = f;
    return true;
}

void fault_show(struct jw *w)
{
    HOLD(lock);
    for (int i = 0; i < count; i++) {
        JW(w, TEXT(NULL, faults[i].spec));
    }
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

bool fault_strikes_with(const char *name, const struct request *request, const char *key,
                        const char *otherwise, char value[FAULT_TEXT])
{
    HOLD(lock);
    for (int i = 0; i < count; i++) {
        struct fault *f = &faults[i];
        if (strcmp(f->kind->name, name) == 0 && is_about(f, request) && strikes(f)) {
            snprintf(value, FAULT_TEXT, "%s", otherwise);
            query_value(f->keys, key, 0, value, FAULT_TEXT);
            return true;
        }
    }
    return false;
}

bool fault_strikes(const char *name, const struct request *request)
{
    char unused[FAULT_TEXT];
    return fault_strikes_with(name, request, "", "", unused);
}

long fault_token_uses(void)
{
    HOLD(lock);
    for (int i = 0; i < count; i++) {
        if (strcmp(faults[i].kind->name, "token-death") == 0) {
            return faults[i].after;
        }
    }
    return -1;
}

int64_t fault_page(const struct request *request, int64_t number)
{
    char of[FAULT_TEXT];
    return fault_strikes_with("page-cycle", request, "of", "1", of)
               ? (number - 1) % strtol(of, NULL, 10) + 1
               : number;
}

bool fault_answers(const struct request *request, struct reply *reply)
{
    char value[FAULT_TEXT];
    for (const struct kind *k = kinds; k < kinds + KINDS; k++) {
        if (k->stage == IN_PLACE &&
            fault_strikes_with(k->name, request, k->key, k->otherwise, value) &&
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
            fault_strikes_with(k->name, request, k->key, k->otherwise, body.value)) {
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
