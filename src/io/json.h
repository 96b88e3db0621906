/*
 * JSON in: documents parsed by yyjson under our limits, and accessors that tell absent, null and
 * wrong type apart.
 *
 * Rules for named hostile input (a test each): nesting over LIMIT_JSON_DEPTH, text and values over
 * LIMIT_PARSED_BYTES, a BOM, a NUL byte outside a string's escape, trailing bytes after the
 * document: refused (ERR_CONTRACT). A byte that is no UTF-8 and a lone surrogate, such as a cut
 * through an emoji leaves, become U+FFFD and are counted. Duplicate keys: the first counts.
 * Integers beyond int64 are JSON_REAL; numbers beyond uint64 and double keep their digits as text
 * (json_text, json_write). A \u0000 inside a string is kept by length; text columns cut at nothing.
 *
 * A document counts only when it parses to its last byte: that is the proof that the answer is
 * whole.
 *
 * The accessors are inline, and so yyjson.h shows here, because the walker asks millions of times;
 * no other file names yyjson.
 */
#pragma once

#include <string.h>
#include <yyjson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* A document, owner of all its values. */
struct json_doc {
    yyjson_doc *parsed;
    char *bytes; /* the text, which the strings of `parsed` point into */
    size_t length;
    size_t mended; /* characters U+FFFD that stand in it for what was none */
};

enum json_type {
    JSON_ABSENT,
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,
    JSON_REAL,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* A borrowed value; {NULL} is an absent one. Passed by value. */
struct json {
    yyjson_val *value;
};

enum { JSON_PADDING_BYTES = 4 };

/* Parses `length` bytes whole. Takes over `bytes` (malloc'ed, with at least JSON_PADDING_BYTES of
 * room behind), parsing in place; frees them on failure too. NULL and ERR_CONTRACT (position and
 * reason in the message; CAUSE_NET_TOO_LARGE when it is too large) when it is no valid document
 * within the limits, ERR_TEMPORARY when it ends before its document does. Free with json_free. */
struct json_doc *json_parse(char *bytes, size_t length, struct err *e);

/* Frees the document; NULL is allowed. */
void json_free(struct json_doc *doc);

/* Frees the values; the texts that json_text and json_str gave stay until json_free. */
void json_drop_values(struct json_doc *doc);

/* Bytes of memory the document holds, values and text. */
size_t json_held_bytes(const struct json_doc *doc);

/* The outermost value; absent for NULL. */
static inline struct json json_root(const struct json_doc *doc)
{
    return (struct json){yyjson_doc_get_root(doc ? doc->parsed : NULL)};
}

/* What a value is; JSON_ABSENT for {NULL}. */
static inline enum json_type json_type(struct json v)
{
    static const enum json_type types[] = {
        [YYJSON_TYPE_NONE] = JSON_ABSENT, [YYJSON_TYPE_NULL] = JSON_NULL,
        [YYJSON_TYPE_BOOL] = JSON_BOOL,   [YYJSON_TYPE_NUM] = JSON_INT,
        [YYJSON_TYPE_RAW] = JSON_REAL,    [YYJSON_TYPE_STR] = JSON_STRING,
        [YYJSON_TYPE_ARR] = JSON_ARRAY,   [YYJSON_TYPE_OBJ] = JSON_OBJECT,
    };
    bool is_real = yyjson_is_real(v.value) ||
                   (yyjson_is_uint(v.value) && yyjson_get_uint(v.value) > INT64_MAX);

    return is_real ? JSON_REAL : types[yyjson_get_type(v.value)];
}

/* Member of an object; absent when `v` is no object or has no such key. */
static inline struct json json_get(struct json v, const char *key)
{
    return (struct json){yyjson_obj_get(v.value, key)};
}

/* Follows dotted paths ("division.id"), alternatives separated by '|': the first that is there and
 * not null; the empty one is `v` itself, when that is an array, "." is `v` whatever it is. Absent
 * when none is. */
struct json json_first(struct json v, const char *paths);

/* Elements of an array (or members of an object); 0 otherwise. */
static inline size_t json_count(struct json v)
{
    return yyjson_is_ctn(v.value) ? unsafe_yyjson_get_len(v.value) : 0;
}

/* A string's text and byte length (or the digits of a number that is out of range); NULL when it is
 * neither. Borrowed from the document, NUL-terminated. */
static inline const char *json_text(struct json v, size_t *length)
{
    const char *text = yyjson_get_str(v.value);
    if (text == NULL) {
        text = yyjson_get_raw(v.value);
    }
    *length = yyjson_get_len(v.value);
    return text;
}

/* A string or NULL, without its length: for fields that must hold plain text. */
static inline const char *json_str(struct json v)
{
    return yyjson_get_str(v.value);
}

/* The int64 of an integer, or of a real without a fraction in range; false otherwise. */
bool json_int(struct json v, int64_t *out);

/* The double nearest to a number; false for other types and for a number beyond double. */
bool json_real(struct json v, double *out);

/* A boolean; false for other types. */
static inline bool json_bool(struct json v, bool *out)
{
    *out = yyjson_get_bool(v.value);
    return yyjson_is_bool(v.value);
}

/* Iteration: arrays (key stays {NULL}) and objects alike.
 *   for (struct json_iter it = json_iter(v); json_next(&it);) ... it.key, it.item */
struct json_iter {
    struct json next;
    size_t left;
    bool is_object;
    struct json key;
    struct json item;
};

/* The start of an iteration; over anything but an array or object it is an empty one. */
static inline struct json_iter json_iter(struct json v)
{
    struct json_iter it = {.left = json_count(v), .is_object = yyjson_is_obj(v.value)};
    if (it.left > 0) {
        it.next.value = unsafe_yyjson_get_first(v.value);
    }
    return it;
}

/* The next item, in the document's order; false at the end. */
static inline bool json_next(struct json_iter *it)
{
    if (it->left == 0) {
        it->key.value = it->item.value = NULL;
        return false;
    }
    it->left--;
    it->key.value = it->is_object ? it->next.value : NULL;
    it->item.value = it->next.value + (it->is_object ? 1 : 0);
    /* Behind the last item this may point past the document; it is not followed then. */
    it->next.value = unsafe_yyjson_get_next(it->item.value);
    return true;
}

/* Changes what stands in its document: a value that is no array or object, or a member's key, to
 * null or to a text (borrowed for the document's life). */
static inline void json_set_null(struct json v)
{
    (void)yyjson_set_null(v.value);
}
static inline void json_set_text(struct json v, const char *text)
{
    (void)yyjson_set_strn(v.value, text, strlen(text));
}

/* Compact JSON text of any value, in the arena; *length may be NULL. An absent value gives NULL. */
const char *json_write(struct arena *a, struct json v, size_t *length);

/* Appends `text` as a JSON string with its quotes; what must not reach a terminal (base/str.h) is
 * escaped, bytes that are no UTF-8 become U+FFFD. */
void json_quote(struct buf *out, const char *text, size_t length);
