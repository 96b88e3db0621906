#include "io/json.h"

#include <math.h>

#include "base/causes.h"
#include "base/limits.h"
#include "base/str.h"

_Static_assert(JSON_PADDING_BYTES >= YYJSON_PADDING_SIZE, "parsing in place needs this room");

/* What a look over a text finds before it is parsed; of most texts none is taken. */
struct survey {
    size_t values;     /* that parsing can make of it, at most */
    size_t surrogates; /* lone ones, whose escapes were mended */
    size_t invalid;    /* bytes that are no UTF-8 */
};

static const char replacement[] = "\xEF\xBF\xBD";

/* The UTF-16 unit of an escape \uXXXX that `text` begins with; -1: it begins otherwise. */
static long escaped_unit(const char *text, size_t left)
{
    char digits[5] = "";
    if (left < 6 || text[0] != '\\' || text[1] != 'u') {
        return -1;
    }
    memcpy(digits, text + 2, 4);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtol(digits, NULL, 16) : -1;
}

/* Mends the escape at `text` when it is a lone surrogate's. Returns the bytes it is long. */
static size_t mend_escape(char *text, size_t left, size_t *mended)
{
    long unit = escaped_unit(text, left);
    if (unit < 0) {
        return left > 1 && (unsigned char)text[1] < 0x80 ? 2 : 1;
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        return 6;
    }
    if (unit < 0xDC00 && (escaped_unit(text + 6, left - 6) & ~0x3FF) == 0xDC00) {
        return 12;
    }
    memset(text + 2, 'f', 3);
    text[5] = 'd';
    (*mended)++;
    return 6;
}

static struct survey look_over(char *text, size_t length)
{
    struct survey s = {.values = 1};
    bool in_string = false;
    uint32_t code;
    for (size_t at = 0, step; at < length; at += step) {
        char c = text[at];
        step = 1;
        if (c == '\\') {
            step = mend_escape(text + at, length - at, &s.surrogates);
        } else if (c == '"') {
            in_string = !in_string;
        } else if ((unsigned char)c >= 0x80) {
            size_t n = utf8_next(text + at, length - at, &code);
            s.invalid += n == 0 ? 1 : 0;
            step = n == 0 ? 1 : n;
        } else if (!in_string && (c == '[' || c == '{' || c == ',' || c == ':')) {
            s.values++;
        }
    }
    return s;
}

/* The text with U+FFFD for each of its invalid bytes; frees `text`. */
static char *replace_invalid(char *text, size_t *length, size_t invalid)
{
    char *out = xmalloc(*length + invalid * 2 + JSON_PADDING_BYTES);
    size_t written = 0;
    uint32_t code;
    for (size_t at = 0, used; at < *length; at += used) {
        size_t n = utf8_next(text + at, *length - at, &code);
        used = n > 0 ? n : 1;
        memcpy(out + written, n > 0 ? text + at : replacement, n > 0 ? n : 3);
        written += n > 0 ? n : 3;
    }
    free(text);
    *length = written;
    return out;
}

/* Parses in place; NULL with why there is no document. */
static yyjson_doc *parse(char *bytes, size_t length, yyjson_read_err *why)
{
    /* yyjson reads a number at the end of the document up to the first byte that is no digit. */
    memset(bytes + length, 0, JSON_PADDING_BYTES);
    yyjson_doc *parsed =
        yyjson_read_opts(bytes, length, YYJSON_READ_INSITU | YYJSON_READ_BIGNUM_AS_RAW, NULL, why);
    INVARIANT(why->code != YYJSON_READ_ERROR_MEMORY_ALLOCATION);
    return parsed;
}

/* Whether values are nested deeper than `most`. They stand in the order of the text, each with
 * where what it holds ends. */
static bool is_too_deep(yyjson_doc *parsed, size_t most)
{
    yyjson_val *value = yyjson_doc_get_root(parsed);
    const yyjson_val *end = value + yyjson_doc_get_val_count(parsed);
    const yyjson_val **ends = xcalloc(most, sizeof(*ends));
    size_t depth = 0;

    for (; value < end && depth <= most; value++) {
        while (depth > 0 && value == ends[depth - 1]) {
            depth--;
        }
        if (unsafe_yyjson_is_ctn(value) && depth++ < most) {
            ends[depth - 1] = unsafe_yyjson_get_next(value);
        }
    }
    free(ends);
    return depth > most;
}

struct json_doc *json_parse(char *bytes, size_t length, struct err *e)
{
    size_t most = (size_t)limit_get(LIMIT_PARSED_BYTES);
    size_t depth = (size_t)limit_get(LIMIT_JSON_DEPTH);
    yyjson_read_err why = {0};
    yyjson_doc *parsed = NULL;
    struct survey s = {.values = 0};

    if (length > 0 && length <= most / (1 + sizeof(yyjson_val))) {
        /* It fits though each byte were a value: it need be looked over only where it is odd. */
        char *copy = memcpy(xmalloc(length + JSON_PADDING_BYTES), bytes, length);
        parsed = parse(copy, length, &why);
        free(parsed ? bytes : copy);
        bytes = parsed ? copy : bytes;
    }
    if (!parsed) {
        s = look_over(bytes, length);
    }
    if (s.invalid > 0 && s.invalid < (size_t)limit_get(LIMIT_INFLATED_BYTES) / 3) {
        bytes = replace_invalid(bytes, &length, s.invalid);
    }
    if (length == 0) {
        err_set(e, ERR_CONTRACT, "the answer is empty where JSON was due");
    } else if (length + s.values * sizeof(yyjson_val) > most) {
        err_because(e, ERR_CONTRACT, CAUSE_NET_TOO_LARGE,
                    "the JSON holds up to %zu values: refused (limit PARSED_BYTES)", s.values);
    } else if (!parsed && !(parsed = parse(bytes, length, &why))) {
        bool is_cut = why.code == YYJSON_READ_ERROR_UNEXPECTED_END;
        err_set(e, is_cut ? ERR_TEMPORARY : ERR_CONTRACT, "no valid JSON at byte %zu of %zu: %s",
                why.pos, length, why.msg);
    } else if (is_too_deep(parsed, depth)) {
        err_set(e, ERR_CONTRACT, "the JSON is nested deeper than %zu", depth);
        yyjson_doc_free(parsed);
        parsed = NULL;
    }
    if (!parsed) {
        free(bytes);
        return NULL;
    }
    struct json_doc *doc = xmalloc(sizeof(*doc));
    *doc = (struct json_doc){parsed, bytes, length, s.surrogates + s.invalid};
    return doc;
}

void json_free(struct json_doc *doc)
{
    if (doc != NULL) {
        yyjson_doc_free(doc->parsed);
        free(doc->bytes);
        free(doc);
    }
}

void json_drop_values(struct json_doc *doc)
{
    yyjson_doc_free(doc->parsed);
    doc->parsed = NULL;
}

size_t json_held_bytes(const struct json_doc *doc)
{
    return yyjson_doc_get_val_count(doc->parsed) * sizeof(yyjson_val) + doc->length + sizeof(*doc);
}

/* Follows the first `length` bytes of a dotted path. */
static struct json follow(struct json v, const char *path, size_t length)
{
    const char *end = path + length;

    while (v.value != NULL) {
        const char *dot = memchr(path, '.', (size_t)(end - path));
        v.value = yyjson_obj_getn(v.value, path, (size_t)((dot ? dot : end) - path));
        if (!dot) {
            break;
        }
        path = dot + 1;
    }
    return v;
}

struct json json_first(struct json v, const char *paths)
{
    for (;;) {
        size_t length = strcspn(paths, "|");
        bool itself = length == 0 || (length == 1 && *paths == '.');
        struct json found = itself ? v : follow(v, paths, length);
        enum json_type type = json_type(found);

        if (type == JSON_ARRAY || (length > 0 && type != JSON_ABSENT && type != JSON_NULL)) {
            return found;
        }
        if (paths[length] == '\0') {
            return (struct json){NULL};
        }
        paths += length + 1;
    }
}

bool json_int(struct json v, int64_t *out)
{
    if (json_type(v) == JSON_INT) {
        *out = yyjson_get_sint(v.value);
        return true;
    }
    double real = yyjson_get_real(v.value);
    if (!yyjson_is_real(v.value) || real < -0x1p63 || real >= 0x1p63 || real != floor(real)) {
        return false;
    }
    *out = (int64_t)real;
    return true;
}

bool json_real(struct json v, double *out)
{
    bool is_raw = yyjson_is_raw(v.value);
    double real = is_raw ? strtod(yyjson_get_raw(v.value), NULL) : yyjson_get_num(v.value);
    if (!isfinite(real) || !(is_raw || yyjson_is_num(v.value))) {
        return false;
    }
    *out = real;
    return true;
}

const char *json_write(struct arena *a, struct json v, size_t *length)
{
    size_t written = 0;
    char *text = yyjson_val_write_opts(v.value, YYJSON_WRITE_NOFLAG, NULL, &written, NULL);
    INVARIANT(text != NULL || v.value == NULL);
    const char *copy = text == NULL ? NULL : arena_strndup(a, text, written);
    free(text);
    if (length != NULL) {
        *length = written;
    }
    return copy;
}

void json_quote(struct buf *out, const char *text, size_t length)
{
    (void)buf_add_char(out, '"');
    (void)str_write(out, STR_JSON, text, length);
    (void)buf_add_char(out, '"');
}
