#include "jw.h"

#include "rng.h"
#include "when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *enough(void *p, size_t bytes)
{
    p = realloc(p, bytes);
    if (!p) {
        fputs("standin: out of memory\n", stderr);
        abort();
    }
    return p;
}

void jw_free(struct jw *w)
{
    free(w->data);
    *w = (struct jw){0};
}

static char *reserve(struct jw *w, size_t more)
{
    if (w->length + more > w->capacity) {
        size_t capacity = w->capacity ? w->capacity : 1024;
        while (capacity < w->length + more) {
            capacity *= 2;
        }
        w->data = enough(w->data, capacity);
        w->capacity = capacity;
    }
    return w->data + w->length;
}

void jw_bytes(struct jw *w, const void *bytes, size_t length)
{
    memcpy(reserve(w, length), bytes, length);
    w->length += length;
}

void jw_text(struct jw *w, const char *text)
{
    jw_bytes(w, text, strlen(text));
}

static size_t escape(char out[6], unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char plain[] = "\"\\\n\r\t\b\f", letter[] = "\"\\nrtbf";
    const char *at = strchr(plain, c);
    if (c && at) {
        out[0] = '\\';
        out[1] = letter[at - plain];
        return 2;
    }
    memcpy(out, "\\u00", 4);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

static void quoted(struct jw *w, const char *text)
{
    size_t length = strlen(text), used = 0;
    char *p = reserve(w, length * 6 + 2);
    p[used++] = '"';
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c != '"' && c != '\\') {
            p[used++] = (char)c;
        } else {
            used += escape(p + used, c);
        }
    }
    p[used++] = '"';
    w->length += used;
}

static void begin(struct jw *w, const char *key)
{
    if (w->comma) {
        jw_bytes(w, ",", 1);
    }
    if (key) {
        quoted(w, key);
        jw_bytes(w, ":", 1);
    }
    w->comma = true;
}

/* Under the fault, the 7th value that may be spoilt is, and every 53rd from there. */
static bool spoil(struct jw *w)
{
    return (w->faults & JW_WRONG_TYPES) && ++w->tick % 53 == 7;
}

static void open_value(struct jw *w, const char *key, bool array)
{
    begin(w, key);
    jw_bytes(w, array ? "[" : "{", 1);
    w->comma = false;
    w->open = w->open << 1 | array;
}

void jw_object(struct jw *w, const char *key)
{
    open_value(w, key, false);
    if ((w->faults & JW_UNKNOWN_FIELDS) && ++w->tick % 3 == 1) {
        static const char *const news[] = {
            "\"notYetKnown\":\"text\"",
            "\"futureObject\":{\"nested\":[1,2,{\"deep\":true}]}",
            "\"aLaterArray\":[{\"id\":\"x\"}]",
        };
        jw_text(w, news[w->tick / 3 % 3]);
        w->comma = true;
    }
}

void jw_array(struct jw *w, const char *key)
{
    open_value(w, key, true);
}

void jw_end(struct jw *w)
{
    jw_bytes(w, w->open & 1 ? "]" : "}", 1);
    w->comma = true;
    w->open >>= 1;
}

/* What a value becomes that is spoilt, by turns. */
static const char *const wrong[JW_KINDS][2] = {
    [JW_TEXT] = {"4711", "{\"unexpected\":\"object\"}"},
    [JW_TIME] = {"4711", "{\"unexpected\":\"object\"}"},
    [JW_UUID] = {"4711", "{\"unexpected\":\"object\"}"},
    [JW_LINK] = {"4711", "{\"unexpected\":\"object\"}"},
    [JW_INT] = {"[1,2]", "\"a word\""},
    [JW_REAL] = {"\"4,5\"", "\"4,5\""},
    [JW_BOOL] = {"\"maybe\"", "\"maybe\""},
};

/* A value that is no text. */
static void plain(struct jw *w, const struct jw_value *v)
{
    char text[40];
    if (v->kind == JW_REAL) {
        snprintf(text, sizeof text, "%.15g", v->real);
    } else if (v->kind == JW_BOOL) {
        snprintf(text, sizeof text, "%s", v->number ? "true" : "false");
    } else {
        snprintf(text, sizeof text, "%" PRId64, v->number);
    }
    jw_text(w, text);
}

static void scalar(struct jw *w, const struct jw_value *v)
{
    char id[RNG_UUID_SIZE], text[128];
    begin(w, v->key);
    if (wrong[v->kind][0] && spoil(w)) {
        jw_text(w, wrong[v->kind][w->tick % 2]);
        return;
    }
    switch (v->kind) {
    case JW_TEXT:
    case JW_ID:
        quoted(w, v->text);
        break;
    case JW_TIME:
        when_text(v->number, text);
        quoted(w, text);
        break;
    case JW_UUID:
    case JW_KEY:
        rng_uuid((uint64_t)v->number, id);
        quoted(w, id);
        break;
    case JW_LINK:
        rng_uuid((uint64_t)v->number, id);
        snprintf(text, sizeof text, "/api/v2/%s/%s", v->text, id);
        quoted(w, text);
        break;
    default:
        plain(w, v);
    }
}

static void value(struct jw *w, const struct jw_value *v)
{
    switch (v->kind) {
    case JW_OBJECT:
        jw_object(w, v->key);
        break;
    case JW_ARRAY:
        jw_array(w, v->key);
        break;
    case JW_END:
        jw_end(w);
        break;
    case JW_REF:
        JW(w, OBJECT(v->key), KEY("id", v->number), LINK(v->text, v->number), END);
        break;
    case JW_IF: /* it holds */
        break;
    default:
        scalar(w, v);
    }
}

/* The last value of what an IF leaves out. */
static const struct jw_value *left_out(const struct jw_value *v)
{
    int depth = 0;
    do {
        v++;
        depth += v->kind == JW_OBJECT || v->kind == JW_ARRAY;
        depth -= v->kind == JW_END;
    } while (depth > 0 || v->kind == JW_IF);
    return v;
}

void jw_values(struct jw *w, const struct jw_value *values)
{
    for (const struct jw_value *v = values; v->kind != JW_STOP; v++) {
        if (v->kind == JW_IF && !v->number) {
            v = left_out(v);
        } else {
            value(w, v);
        }
    }
}
