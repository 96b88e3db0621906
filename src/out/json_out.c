#include "out/json_out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/utf8.h"
#include "io/json.h"

enum { NUMBER_BYTES = 40, INDENT = 2 };

static const char replacement[] = "\xef\xbf\xbd";

/* What is not UTF-8 becomes the replacement character, since JSON has no other bytes. */
static void repair(struct buf *out, const char *text, size_t length)
{
    while (length > 0) {
        uint32_t code = 0;
        size_t bytes = utf8_next(text, length, &code);

        (void)(bytes > 0 ? buf_add(out, text, bytes) : buf_add_str(out, replacement));
        bytes = bytes > 0 ? bytes : 1;
        text += bytes;
        length -= bytes;
    }
}

static void put_text(struct json_out *o, const char *text, size_t length)
{
    struct buf quoted;
    struct buf repaired;

    buf_init(&quoted, SIZE_MAX);
    buf_init(&repaired, SIZE_MAX);
    if (!str_is_utf8(text, length)) {
        repair(&repaired, text, length);
        text = buf_str(&repaired);
        length = repaired.length;
    }
    INVARIANT(json_quote(&quoted, text, length));
    (void)fwrite(quoted.data, 1, quoted.length, o->file);
    buf_free(&quoted);
    buf_free(&repaired);
}

static bool is_flat(const struct json_out *o)
{
    return o->flat_depth > 0 && o->depth >= o->flat_depth;
}

static void new_line(struct json_out *o)
{
    if (!is_flat(o)) {
        (void)fprintf(o->file, "\n%*s", o->depth * INDENT, "");
    }
}

/* What stands before a value: comma, place, key. */
static void put_key(struct json_out *o, const char *key)
{
    if (o->depth > 0) {
        bool first = o->empty[o->depth - 1];

        (void)fputs(first ? "" : is_flat(o) ? ", " : ",", o->file);
        o->empty[o->depth - 1] = false;
        new_line(o);
    }
    if (key) {
        put_text(o, key, strlen(key));
        (void)fputs(": ", o->file);
    }
}

static void begin(struct json_out *o, const char *key, char opening, char closing)
{
    INVARIANT(o->depth < JSON_OUT_DEPTH);
    put_key(o, key);
    (void)fputc(opening, o->file);
    o->closing[o->depth] = closing;
    o->empty[o->depth] = true;
    o->depth++;
}

void json_out_object(struct json_out *o, const char *key)
{
    begin(o, key, '{', '}');
}

void json_out_array(struct json_out *o, const char *key)
{
    begin(o, key, '[', ']');
}

void json_out_flat_object(struct json_out *o, const char *key)
{
    begin(o, key, '{', '}');
    if (o->flat_depth == 0) {
        o->flat_depth = o->depth;
    }
}

void json_out_end(struct json_out *o)
{
    INVARIANT(o->depth > 0);
    bool flat = is_flat(o);
    o->depth--;
    if (!o->empty[o->depth] && !flat) {
        new_line(o);
    }
    (void)fputc(o->closing[o->depth], o->file);
    if (o->depth < o->flat_depth) {
        o->flat_depth = 0;
    }
    if (o->depth == 0) {
        (void)fputc('\n', o->file);
    }
}

void json_out_null(struct json_out *o, const char *key)
{
    put_key(o, key);
    (void)fputs("null", o->file);
}

void json_out_bool(struct json_out *o, const char *key, bool value)
{
    put_key(o, key);
    (void)fputs(value ? "true" : "false", o->file);
}

void json_out_int(struct json_out *o, const char *key, int64_t value)
{
    put_key(o, key);
    (void)fprintf(o->file, "%lld", (long long)value);
}

void json_out_real(struct json_out *o, const char *key, double value)
{
    char text[NUMBER_BYTES];

    if (!isfinite(value)) {
        json_out_null(o, key);
        return;
    }
    (void)snprintf(text, sizeof(text), "%.15g", value);
    if (strtod(text, NULL) != value) {
        (void)snprintf(text, sizeof(text), "%.17g", value);
    }
    put_key(o, key);
    (void)fputs(text, o->file);
}

void json_out_text(struct json_out *o, const char *key, const char *text)
{
    if (text) {
        json_out_bytes(o, key, text, strlen(text));
    } else {
        json_out_null(o, key);
    }
}

void json_out_bytes(struct json_out *o, const char *key, const char *text, size_t length)
{
    put_key(o, key);
    put_text(o, text, length);
}
