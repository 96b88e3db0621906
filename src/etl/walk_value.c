#include "etl/walk.h"

#include <string.h>

#include "base/clock.h"

static const char wrong_type[] = "wrong type";
static const char out_of_range[] = "number out of range";
static const char bad_time[] = "bad time";
static const char too_long[] = "text too long";
static const char no_base[] = "no instant to count from";

#define OFFSET_MS_MAX 1e12 /* over 31 years: no offset in a window */

enum {
    TIME_BYTES = 24,         /* YYYY-MM-DDTHH:MM:SS.sssZ */
    WHOLE_SECONDS_BYTES = 20 /* YYYY-MM-DDTHH:MM:SSZ */
};

static void set_text(struct cell *c, const char *text, size_t length)
{
    c->type = CELL_TEXT;
    c->length = (uint32_t)length;
    c->value.text = text;
}

/* --- times --- */

/* Two digits as a number; 100 when they are none. */
static unsigned two(const char *p)
{
    unsigned tens = (unsigned)(unsigned char)p[0] - '0';
    unsigned ones = (unsigned)(unsigned char)p[1] - '0';

    return tens <= 9 && ones <= 9 ? tens * 10 + ones : 100;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Whether the first 19 bytes are an existing date and time, in the form that is stored. */
static bool is_plain_seconds(const char *p)
{
    unsigned century = two(p);
    unsigned year = two(p + 2);
    unsigned month = two(p + 5);
    unsigned day = two(p + 8);

    return century <= 99 && year <= 99 && p[4] == '-' && month >= 1 && month <= 12 && p[7] == '-' &&
           day >= 1 && day <= days_in_month(century * 100 + year, month) && p[10] == 'T' &&
           two(p + 11) <= 23 && p[13] == ':' && two(p + 14) <= 59 && p[16] == ':' &&
           two(p + 17) <= 59;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void instant_cell(struct arena *a, int64_t ms, struct cell *c)
{
    set_text(c, clock_format(ms, arena_alloc(a, CLOCK_ISO_BYTES)), TIME_BYTES);
}

static const char *time_cell(struct arena *a, const char *text, size_t length, struct cell *c)
{
    int64_t ms;

    if (length == TIME_BYTES && text[19] == '.' && is_digit(text[20]) && is_digit(text[21]) &&
        is_digit(text[22]) && text[23] == 'Z' && is_plain_seconds(text)) {
        set_text(c, text, length);
        return NULL;
    }
    if (length == WHOLE_SECONDS_BYTES && text[19] == 'Z' && is_plain_seconds(text)) {
        char *out = arena_alloc(a, TIME_BYTES + 1);

        memcpy(out, text, 19);
        memcpy(out + 19, ".000Z", 6);
        set_text(c, out, TIME_BYTES);
        return NULL;
    }
    if (strlen(text) != length || !clock_parse(text, false, &ms)) {
        return bad_time;
    }
    instant_cell(a, ms, c);
    return NULL;
}

/* --- spellings --- */

/* ON_QUEUE becomes OnQueue; what holds anything but capitals, digits and '_' stays as it is. */
static const char *pascal_case(struct arena *a, const char *text, size_t length, size_t *out_length)
{
    char *out;
    bool starts = true;

    for (size_t i = 0; i < length; i++) {
        bool upper = (text[i] >= 'A' && text[i] <= 'Z') || is_digit(text[i]) || text[i] == '_';

        if (!upper) {
            *out_length = length;
            return text;
        }
    }
    out = arena_alloc(a, length + 1);
    *out_length = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '_') {
            starts = true;
            continue;
        }
        out[(*out_length)++] = (char)(starts || is_digit(text[i]) ? text[i] : text[i] - 'A' + 'a');
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
            set_text(c, text, length);
        }
        return wrong_type;
    }
    if (length > INT32_MAX) {
        return too_long;
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
    set_text(c, text, length);
    return NULL;
}

static bool is_number(struct json v)
{
    enum json_type type = json_type(v);

    return type == JSON_INT || type == JSON_REAL;
}

static const char *int_cell(struct json v, struct cell *c)
{
    double real;

    if (json_int(v, &c->value.integer)) {
        c->type = CELL_INT;
        return NULL;
    }
    if (!is_number(v)) {
        return wrong_type;
    }
    return json_real(v, &real) && real > -0x1p63 && real < 0x1p63 ? wrong_type : out_of_range;
}

static const char *real_cell(struct json v, struct cell *c)
{
    if (json_real(v, &c->value.real)) {
        c->type = CELL_REAL;
        return NULL;
    }
    return is_number(v) ? out_of_range : wrong_type;
}

static const char *offset_cell(struct arena *a, struct json v, int64_t base_ms, struct cell *c)
{
    struct cell seconds;
    const char *problem = real_cell(v, &seconds);

    if (problem || base_ms == TIME_NONE) {
        return problem ? problem : no_base;
    }
    double ms = seconds.value.real * 1000;
    if (!(ms > -OFFSET_MS_MAX && ms < OFFSET_MS_MAX)) {
        return out_of_range;
    }
    instant_cell(a, base_ms + (int64_t)(ms + (ms < 0 ? -0.5 : 0.5)), c);
    return NULL;
}

static const char *bool_cell(struct json v, struct cell *c)
{
    bool value;

    if (!json_bool(v, &value)) {
        return wrong_type;
    }
    c->type = CELL_INT;
    c->value.integer = value ? 1 : 0;
    return NULL;
}

static const char *json_cell(struct arena *a, struct json v, struct cell *c)
{
    enum json_type type = json_type(v);
    size_t length;
    const char *text;

    if (type != JSON_ARRAY && type != JSON_OBJECT) {
        return wrong_type;
    }
    text = json_write(a, v, &length);
    if (length > INT32_MAX) {
        return too_long;
    }
    set_text(c, text, length);
    return NULL;
}

const char *walk_value(struct arena *a, const struct column_map *column, struct json v,
                       int64_t base_ms, struct cell *c)
{
    *c = (struct cell){.type = CELL_NULL};
    switch (column->type) {
    case COLUMN_TEXT:
    case COLUMN_TIME:
    case COLUMN_FROM:
    case COLUMN_TO:
        return text_cell(a, column, v, c);
    case COLUMN_INT:
        return int_cell(v, c);
    case COLUMN_REAL:
        return real_cell(v, c);
    case COLUMN_BOOL:
        return bool_cell(v, c);
    case COLUMN_JSON:
        return json_cell(a, v, c);
    case COLUMN_OFFSET:
        return offset_cell(a, v, base_ms, c);
    }
    return wrong_type;
}
