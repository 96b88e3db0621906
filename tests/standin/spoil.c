#include "spoil.h"

#include "fault.h"
#include "routes.h"
#include "when.h"
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define BOMB_CHUNK (1u << 20)

static const char sign_in_page[] =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form action=\"/sso\">"
    "<h1>Sign in to continue</h1><input name=\"user\"></form></body></html>\n";

static void sleep_ms(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&ts, &ts) != 0) {
    }
}

static void retry_after(struct reply *reply, const char *form)
{
    char text[WHEN_SIZE];
    if (strcmp(form, "absent") == 0) {
        return;
    }
    if (strcmp(form, "http-date") == 0) {
        when_http(when_wall() + 2 * WHEN_SECOND, text);
    } else if (strcmp(form, "past-date") == 0) {
        when_http(when_wall() - WHEN_HOUR, text);
    } else if (strcmp(form, "negative") == 0) {
        snprintf(text, sizeof text, "-5");
    } else if (strcmp(form, "huge") == 0) {
        snprintf(text, sizeof text, "99999999999999999999");
    } else if (strcmp(form, "garbage") == 0) {
        snprintf(text, sizeof text, "soon, \"maybe\"");
    } else {
        snprintf(text, sizeof text, "%.20s", form);
    }
    reply_header(reply, "Retry-After", text);
}

static void rate_limited(struct reply *reply, const char *form)
{
    char message[160];
    snprintf(message, sizeof message,
             "Rate limit exceeded the maximum. Retry the request in [%s] seconds", form);
    reply_error(reply, 429, "too.many.requests", message);
    retry_after(reply, form);
}

static void server_trouble(struct reply *reply, const char *status)
{
    int number = (int)strtol(status, NULL, 10);
    const char *code = number == 503   ? "service.unavailable"
                       : number == 504 ? "request.timeout"
                       : number == 408 ? "client.timeout"
                                       : "internal.server.error";
    reply_error(reply, number, code, "The server could not do this now.");
}

static void redirect(struct reply *reply, const char *status)
{
    char where[128];
    snprintf(where, sizeof where, "http://127.0.0.1:%d%s", world.port, ROUTES_ELSEWHERE);
    reply_text(reply, (int)strtol(status, NULL, 10), "text/html", "moved\n");
    reply_header(reply, "Location", where);
}

bool spoil_before(const struct request *request, struct reply *reply)
{
    char value[FAULT_TEXT];
    const char *path = request->path;
    if (fault_strikes_with("latency", path, "ms", "300", value)) {
        sleep_ms(strtol(value, NULL, 10));
    }
    if (fault_strikes("login-html", path)) {
        reply_text(reply, 200, "text/html; charset=utf-8", sign_in_page);
    } else if (fault_strikes("login-500", path)) {
        reply_text(reply, 500, "text/plain", "internal error\n");
    } else if (fault_strikes_with("redirect", path, "status", "302", value)) {
        redirect(reply, value);
    } else if (fault_strikes_with("429", path, "retry_after", "1", value)) {
        rate_limited(reply, value);
    } else if (fault_strikes_with("5xx", path, "status", "503", value) ||
               fault_strikes_with("burst", path, "status", "503", value)) {
        server_trouble(reply, value);
    } else {
        return false;
    }
    return true;
}

enum spoil_body spoil_choose(const char *path)
{
    return fault_strikes("not-json", path)         ? SPOIL_NOT_JSON
           : fault_strikes("truncated-json", path) ? SPOIL_TRUNCATED
           : fault_strikes("deep-nesting", path)   ? SPOIL_DEEP
           : fault_strikes("gzip-bomb", path)      ? SPOIL_BOMB
                                                   : SPOIL_NONE;
}

static void deep(struct reply *reply)
{
    long depth = fault_number("deep-nesting", "depth", 1000000);
    reply_text(reply, 200, "application/json", "{\"conversations\":");
    for (int closing = 0; closing < 2; closing++) {
        for (long i = 0; i < depth; i++) {
            jw_bytes(&reply->body, closing ? "]" : "[", 1);
        }
    }
    jw_text(&reply->body, "}");
}

/* A document of mb megabytes of blanks, made once. */
static const void *bomb(size_t *length)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static unsigned char *bytes;
    static size_t made;
    pthread_mutex_lock(&lock);
    if (!bytes) {
        long mb = fault_number("gzip-bomb", "mb", 1024);
        size_t room = (size_t)mb * 1200 + 4096;
        char *blanks = malloc(BOMB_CHUNK);
        z_stream z = {0};
        bytes = malloc(room);
        if (bytes && blanks && deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, 0) == Z_OK) {
            memset(blanks, ' ', BOMB_CHUNK);
            z.next_out = bytes;
            z.avail_out = (uInt)room;
            for (long i = 0; i <= mb; i++) {
                static char ends[] = "{\"conversations\":[]}";
                z.next_in = (Bytef *)(i < mb ? blanks : ends);
                z.avail_in = i < mb ? BOMB_CHUNK : (uInt)strlen(ends);
                deflate(&z, i < mb ? Z_NO_FLUSH : Z_FINISH);
            }
            made = z.total_out;
            deflateEnd(&z);
        }
        free(blanks);
    }
    *length = made;
    pthread_mutex_unlock(&lock);
    return bytes;
}

void spoil_body(enum spoil_body what, struct reply *reply)
{
    if (what == SPOIL_NONE || reply->status >= 300 || reply->status == 204) {
        return;
    }
    switch (what) {
    case SPOIL_NOT_JSON:
        reply_text(reply, 200, "text/html; charset=utf-8", sign_in_page);
        break;
    case SPOIL_TRUNCATED:
        reply->body.length = reply->body.length * 3 / 5;
        break;
    case SPOIL_DEEP:
        deep(reply);
        break;
    default:
        reply->ready = bomb(&reply->ready_length);
        break;
    }
}

struct spoil_document spoil_document(const char *path)
{
    struct spoil_document s = {0};
    s.jw_faults |= fault_strikes("unknown-fields", path) ? JW_UNKNOWN_FIELDS : 0u;
    s.jw_faults |= fault_strikes("wrong-types", path) ? JW_WRONG_TYPES : 0u;
    s.missing_id = fault_strikes("missing-id", path);
    s.no_conversations = fault_strikes("no-conversations-key", path);
    s.any = s.jw_faults || s.missing_id || s.no_conversations;
    return s;
}
