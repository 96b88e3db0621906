/* A JSON writer into a growing buffer, which is also the stand-in's plain byte buffer.
 * Two of the faults live here, so that they reach every document: fields nobody knows, and values
 * of a wrong type. What is written by jw_id and jw_count is never spoilt: ids and envelopes. */
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
};

/* Frees the buffer and zeroes the writer; a zeroed writer is ready for use. */
void jw_free(struct jw *w);
/* Appends bytes as they are. Ends the program when memory is out. */
void jw_bytes(struct jw *w, const void *bytes, size_t length);
void jw_text(struct jw *w, const char *text);

/* A key is NULL inside an array. */
void jw_object(struct jw *w, const char *key);
void jw_end_object(struct jw *w);
void jw_array(struct jw *w, const char *key);
void jw_end_array(struct jw *w);
void jw_string(struct jw *w, const char *key, const char *value);
void jw_int(struct jw *w, const char *key, int64_t value);
void jw_double(struct jw *w, const char *key, double value);
void jw_bool(struct jw *w, const char *key, bool value);
/* A moment, as text. */
void jw_time(struct jw *w, const char *key, int64_t ms);
/* The UUID of the key `id`. */
void jw_uuid(struct jw *w, const char *key, uint64_t id);
/* As jw_string and jw_int, but left alone by the faults. */
void jw_id(struct jw *w, const char *key, const char *value);
void jw_count(struct jw *w, const char *key, int64_t value);

#endif
