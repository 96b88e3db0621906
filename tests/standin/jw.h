/* A JSON writer into a growing buffer, which is also the stand-in's plain byte buffer.
 * Two of the faults live here, so that they reach every document: fields nobody knows, and values
 * of a wrong type. What is an ID, a KEY or a COUNT is never spoilt: ids and envelopes. */
#ifndef STANDIN_JW_H
#define STANDIN_JW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JW_UNKNOWN_FIELDS = 1, JW_WRONG_TYPES = 2 };

struct jw {
    char *data;
    size_t length;
    size_t capacity;
    bool comma;      /* the next value needs one before it */
    unsigned faults; /* JW_* */
    unsigned tick;   /* counts what the faults choose from */
    uint64_t open;   /* what is open, innermost last: a bit each, 1 an array */
};

/* realloc(), which ends the program when memory is out. */
void *enough(void *p, size_t bytes);
/* Frees the buffer and zeroes the writer; a zeroed writer is ready for use. */
void jw_free(struct jw *w);
/* Appends bytes as they are. */
void jw_bytes(struct jw *w, const void *bytes, size_t length);
void jw_text(struct jw *w, const char *text);

/* A key is NULL inside an array. */
void jw_object(struct jw *w, const char *key);
void jw_array(struct jw *w, const char *key);
/* Ends the object or array that was opened last. */
void jw_end(struct jw *w);

/* A document as data: JW(w, OBJECT(NULL), TEXT("name", name), IF(open), TIME("end", end), END).
 * IF leaves the value after it out, with all that is in it, which must END in the same list. */
enum jw_kind {
    JW_STOP,
    JW_IF,
    JW_OBJECT,
    JW_ARRAY,
    JW_END,
    JW_TEXT,
    JW_ID,
    JW_INT,
    JW_COUNT,
    JW_REAL,
    JW_BOOL,
    JW_TIME,
    JW_UUID,
    JW_KEY,
    JW_LINK,
    JW_REF,
    JW_KINDS
};
struct jw_value {
    enum jw_kind kind;
    const char *key;
    const char *text;
    int64_t number;
    double real;
};
/* Writes values up to JW_STOP. */
void jw_values(struct jw *w, const struct jw_value *values);

/* Versions of clang-format lay these out differently. */
/* clang-format off */
#define JW(w, ...) jw_values(w, (const struct jw_value[]){__VA_ARGS__, {JW_STOP, NULL, NULL, 0, 0}})
#define IF(condition)    {JW_IF, NULL, NULL, condition, 0}
#define OBJECT(key)      {JW_OBJECT, key, NULL, 0, 0}
#define ARRAY(key)       {JW_ARRAY, key, NULL, 0, 0}
#define END              {JW_END, NULL, NULL, 0, 0}
#define TEXT(key, value) {JW_TEXT, key, value, 0, 0}
#define ID(key, value)   {JW_ID, key, value, 0, 0}
#define INT(key, value)  {JW_INT, key, NULL, value, 0}
#define COUNT(key, n)    {JW_COUNT, key, NULL, n, 0}
#define REAL(key, value) {JW_REAL, key, NULL, 0, value}
#define BOOL(key, value) {JW_BOOL, key, NULL, value, 0}
#define TIME(key, ms)    {JW_TIME, key, NULL, ms, 0}
/* The id of that number, as text that may be spoilt or as an ID. */
#define UUID(key, id)    {JW_UUID, key, NULL, (int64_t)(id), 0}
#define KEY(key, id)     {JW_KEY, key, NULL, (int64_t)(id), 0}
/* A reference to that thing; its id is never spoilt. */
#define REF(key, collection, id) {JW_REF, key, collection, (int64_t)(id), 0}
/* selfUri of the thing `id` of a collection below /api/v2/. */
#define LINK(collection, id) {JW_LINK, "selfUri", collection, (int64_t)(id), 0}
/* clang-format on */

#endif
