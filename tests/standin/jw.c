#include "jw.h"

#include "rng.h"
#include "when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        char *data = realloc(w->data, capacity);
        if (!data) {
            fputs("standin: out of memory\n", stderr);
            abort();
        }
        w->data = data;
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

void jw_id(struct jw *w, const char *key, const char *value)
{
    begin(w, key);
    quoted(w, value);
}

void jw_string(struct jw *w, const char *key, const char *value)
{
    begin(w, key);
    if (spoil(w)) {
        jw_text(w, w->tick % 2 ? "{\"unexpected\":\"object\"}" : "4711");
    } else {
        quoted(w, value);
    }
}

static void plain_int(struct jw *w, int64_t value)
{
    char text[24];
    char *p = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0) {
        *--p = '-';
    }
    jw_bytes(w, p, (size_t)(text + sizeof text - p));
}

void jw_count(struct jw *w, const char *key, int64_t value)
{
    begin(w, key);
    plain_int(w, value);
}

void jw_int(struct jw *w, const char *key, int64_t value)
{
    begin(w, key);
    if (spoil(w)) {
        jw_text(w, w->tick % 2 ? "\"a word\"" : "[1,2]");
    } else {
        plain_int(w, value);
    }
}

void jw_double(struct jw *w, const char *key, double value)
{
    char text[40];
    begin(w, key);
    if (spoil(w)) {
        jw_text(w, "\"4,5\"");
        return;
    }
    snprintf(text, sizeof text, "%.15g", value);
    jw_text(w, text);
}

void jw_bool(struct jw *w, const char *key, bool value)
{
    begin(w, key);
    if (spoil(w)) {
        jw_text(w, "\"maybe\"");
    } else {
        jw_text(w, value ? "true" : "false");
    }
}

void jw_time(struct jw *w, const char *key, int64_t ms)
{
    char text[WHEN_SIZE];
    when_text(ms, text);
    jw_string(w, key, text);
}

void jw_uuid(struct jw *w, const char *key, uint64_t id)
{
    char text[RNG_UUID_SIZE];
    rng_uuid(id, text);
    jw_string(w, key, text);
}

static void link_to(struct jw *w, const char *key, const char *collection, uint64_t id)
{
    char text[RNG_UUID_SIZE], uri[128];
    rng_uuid(id, text);
    snprintf(uri, sizeof uri, "/api/v2/%s/%s", collection, text);
    jw_string(w, key, uri);
}

static void value(struct jw *w, const struct jw_value *v)
{
    char id[RNG_UUID_SIZE];
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
    case JW_TEXT:
        jw_string(w, v->key, v->text);
        break;
    case JW_ID:
        jw_id(w, v->key, v->text);
        break;
    case JW_INT:
        jw_int(w, v->key, v->number);
        break;
    case JW_COUNT:
        jw_count(w, v->key, v->number);
        break;
    case JW_REAL:
        jw_double(w, v->key, v->real);
        break;
    case JW_BOOL:
        jw_bool(w, v->key, v->number != 0);
        break;
    case JW_TIME:
        jw_time(w, v->key, v->number);
        break;
    case JW_UUID:
        jw_uuid(w, v->key, (uint64_t)v->number);
        break;
    case JW_LINK:
        link_to(w, v->key, v->text, (uint64_t)v->number);
        break;
    case JW_REF:
        jw_object(w, v->key);
        rng_uuid((uint64_t)v->number, id);
        jw_id(w, "id", id);
        link_to(w, "selfUri", v->text, (uint64_t)v->number);
        jw_end(w);
        break;
    default: /* JW_IF that holds */
        break;
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
