#include "etl/walk.h"

#include <ctype.h>

#include "base/clock.h"

static const char wrong_type[] = "wrong type";
static const char out_of_range[] = "number out of range";
static const char bad_time[] = "bad time";
static const char too_long[] = "text too long";
static const char not_there[] = "not among what it is looked up in";
static const char no_base[] = "no instant to count from";

#define OFFSET_MS_MAX 1e12   /* over 31 years: no offset in a window */
#define WHOLE_MAX     0x1p53 /* from here on sums overflow, and readers that know doubles alone err */

enum { TIME_BYTES = 24 }; /* YYYY-MM-DDTHH:MM:SS.sssZ */

static const char *text_into(struct cell *c, const char *text, size_t length)
{
    if (length > INT32_MAX) {
        return too_long;
    }
    *c = (struct cell){.type = CELL_TEXT, .length = (uint32_t)length, .value.text = text};
    return NULL;
}

/* --- times --- */

static const char *time_cell(struct arena *a, const char *text, size_t length, struct cell *c)
{
    int64_t ms;

    if (strlen(text) != length || !clock_parse(text, false, &ms)) {
        return bad_time;
    }
    if (length == TIME_BYTES && text[19] == '.' && text[23] == 'Z') {
        return text_into(c, text, length); /* in the form that is stored */
    }
    return text_into(c, clock_format(ms, arena_alloc(a, CLOCK_ISO_BYTES)), TIME_BYTES);
}

/* --- spellings --- */

/* ON_QUEUE becomes OnQueue; what holds anything but capitals, digits and '_' stays as it is. */
static const char *pascal_case(struct arena *a, const char *text, size_t length, size_t *out_length)
{
    bool starts = true;

    *out_length = length;
    if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") < length) {
        return text;
    }
    char *out = arena_alloc(a, length + 1);
    *out_length = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '_') {
            starts = true;
            continue;
        }
        out[(*out_length)++] =
            (char)(starts || isdigit((unsigned char)text[i]) ? text[i] : text[i] - 'A' + 'a');
        starts = false;
    }
    return out;
}

/* --- types --- */

static const char *text_cell(struct arena *a, const struct column_map *column, struct json v,
                             struct cell *c)
{
    size_t length;
    const char *text = json_text(v, &length);
    enum json_type type = json_type(v);

    if (!text) {
        if (column->type == COLUMN_TEXT && type >= JSON_BOOL && type <= JSON_REAL) {
            text = json_write(a, v, &length);
            (void)text_into(c, text, length);
        }
        return wrong_type;
    }
    if (column->type == COLUMN_FROM || column->type == COLUMN_TO) {
        const char *slash = memchr(text, '/', length);

        if (!slash) {
            return bad_time;
        }
        if (column->type == COLUMN_TO) {
            length -= (size_t)(slash + 1 - text);
            text = slash + 1;
        } else {
            length = (size_t)(slash - text);
            text = arena_strndup(a, text, length);
        }
    }
    if (column->type != COLUMN_TEXT) {
        return time_cell(a, text, length, c);
    }
    if (column->flags & COLUMN_UPPER_SNAKE) {
        text = pascal_case(a, text, length, &length);
    }
    return text_into(c, text, length);
}

/* A number of the column's kind. */
static const char *number_cell(const struct column_map *column, struct json v, struct cell *c)
{
    enum json_type type = json_type(v);
    double real = 0;

    if (type != JSON_INT && type != JSON_REAL) {
        return wrong_type;
    }
    if (!json_real(v, &real) ||
        (column->type == COLUMN_INT && !(real > -WHOLE_MAX && real < WHOLE_MAX))) {
        return out_of_range;
    }
    if (column->type == COLUMN_INT) {
        c->type = json_int(v, &c->value.integer) ? CELL_INT : CELL_NULL;
        return c->type == CELL_INT ? NULL : wrong_type;
    }
    c->type = CELL_REAL;
    c->value.real = real;
    return NULL;
}

/* An instant so many seconds after the one at `base`, where the column has a base: an answer that
 * does not say it, or says none, gives none. */
static const char *offset_cell(struct arena *a, const struct column_map *column, struct json v,
                               struct json base, int64_t base_ms, struct cell *c)
{
    struct cell seconds;
    const char *problem = number_cell(column, v, &seconds);
    const char *text = json_str(base);

    if (column->base && !(text && clock_parse(text, false, &base_ms))) {
        base_ms = TIME_NONE;
    }
    if (problem || base_ms == TIME_NONE) {
        return problem ? problem : no_base;
    }
    double ms = seconds.value.real * 1000;
    if (!(ms > -OFFSET_MS_MAX && ms < OFFSET_MS_MAX)) {
        return out_of_range;
    }
    base_ms += (int64_t)(ms + (ms < 0 ? -0.5 : 0.5));
    return text_into(c, clock_format(base_ms, arena_alloc(a, CLOCK_ISO_BYTES)), TIME_BYTES);
}

/* --- look-ups --- */

/* The member of `in` that a value names; absent: none. */
static struct json looked_up(struct arena *a, struct json v, struct json in)
{
    size_t length;
    const char *name = json_text(v, &length);

    name = !name && json_type(v) == JSON_INT ? json_write(a, v, &length) : name;
    return name && strlen(name) == length ? json_get(in, name) : (struct json){NULL};
}

/* The same of each name in an array; null stands for what is not there. */
static const char *looked_up_list(struct arena *a, struct json names, struct json in,
                                  struct cell *c)
{
    struct json_iter it = json_iter(names);
    BUF_SCOPED struct buf out = buf_of(INT32_MAX);
    bool all = true;

    if (json_type(names) != JSON_ARRAY) {
        return wrong_type;
    }
    for (const char *comma = "["; json_next(&it); comma = ",") {
        size_t length = 4;
        struct json found = looked_up(a, it.item, in);
        const char *text = json_type(found) == JSON_STRING ? json_write(a, found, &length) : "null";

        all = all && json_type(found) == JSON_STRING;
        (void)(buf_add_str(&out, comma) && buf_add(&out, text, length));
    }
    (void)buf_add_str(&out, out.length > 0 ? "]" : "[]");
    size_t length = out.length;
    const char *problem = text_into(c, arena_strndup(a, buf_str(&out), length), length);
    return problem || all ? problem : not_there;
}

/* --- all of them --- */

const char *walk_value(struct arena *a, const struct column_map *column, struct json v,
                       struct json base, int64_t start_ms, struct cell *c)
{
    const char *text;
    size_t length;
    bool yes;

    *c = cell_text(NULL);
    if (column->flags & COLUMN_LOOKUP) {
        if (column->type == COLUMN_JSON) {
            return looked_up_list(a, v, base, c);
        }
        v = looked_up(a, v, base);
        if (json_type(v) <= JSON_NULL) {
            return not_there;
        }
    }
    switch (column->type) {
    case COLUMN_TEXT:
    case COLUMN_TIME:
    case COLUMN_FROM:
    case COLUMN_TO:
        return text_cell(a, column, v, c);
    case COLUMN_INT:
    case COLUMN_REAL:
        return number_cell(column, v, c);
    case COLUMN_BOOL:
        if (json_bool(v, &yes)) {
            *c = cell_int(yes);
            return NULL;
        }
        break;
    case COLUMN_JSON:
        if (json_type(v) != JSON_ARRAY && json_type(v) != JSON_OBJECT) {
            break;
        }
        text = json_write(a, v, &length);
        return text_into(c, text, length);
    case COLUMN_OFFSET:
        return offset_cell(a, column, v, base, start_ms, c);
    }
    return wrong_type;
}
