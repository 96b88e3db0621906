/* Filling answers, reading query strings. */
#include "http.h"
#include "rng.h"
#include "when.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reply_header(struct reply *r, const char *name, const char *value)
{
    if (r->header_count < HTTP_MAX_HEADERS) {
        snprintf(r->header[r->header_count].name, sizeof r->header[0].name, "%s", name);
        snprintf(r->header[r->header_count].value, sizeof r->header[0].value, "%s", value);
        r->header_count++;
    }
}

static void empty(struct reply *r)
{
    r->body.length = 0;
    r->body.comma = false;
    r->body.faults = 0;
    r->ready = NULL;
}

void reply_error(struct reply *r, int status, const char *code, const char *message)
{
    static atomic_uint_fast64_t errors;
    empty(r);
    r->status = status;
    r->type = "application/json";
    JW(&r->body, OBJECT(NULL), TEXT("message", message), TEXT("code", code), INT("status", status),
       UUID("contextId", rng_pair(0xc0de, atomic_fetch_add(&errors, 1))), ARRAY("details"), END,
       ARRAY("errors"), END, END);
}

void reply_text(struct reply *r, int status, const char *type, const char *text)
{
    empty(r);
    r->status = status;
    r->type = type;
    jw_text(&r->body, text);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void decode(const char *from, size_t length, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < size; i++) {
        char c = from[i];
        if (c == '%' && i + 2 < length && hex_digit(from[i + 1]) >= 0 &&
            hex_digit(from[i + 2]) >= 0) {
            c = (char)(hex_digit(from[i + 1]) * 16 + hex_digit(from[i + 2]));
            i += 2;
        }
        out[used++] = c;
    }
    out[used] = '\0';
}

bool query_value(const char *query, const char *name, int n, char *out, size_t size)
{
    size_t want = strlen(name);
    for (const char *p = query; *p;) {
        size_t length = strcspn(p, "&"), key = strcspn(p, "=&");
        if (key == want && memcmp(p, name, want) == 0 && n-- == 0) {
            key += key < length;
            decode(p + key, length - key, out, size);
            return true;
        }
        p += length + (p[length] == '&');
    }
    return false;
}

bool query_int(const char *query, const char *name, long otherwise, long *out)
{
    char text[24], *rest;
    *out = otherwise;
    if (!query_value(query, name, 0, text, sizeof text)) {
        return true;
    }
    *out = strtol(text, &rest, 10);
    return *text && !*rest;
}
