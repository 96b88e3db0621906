/*
 * JSON out: one document written piece by piece to a FILE, in constant memory.
 *
 * Members of an object get a key, elements of an array NULL. Objects and arrays are indented, or
 * kept on one line (flat). Text that is not UTF-8 is written with replacement characters.
 */
#ifndef ROLLCALL_OUT_JSON_OUT_H
#define ROLLCALL_OUT_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_OUT_DEPTH = 8 };

struct json_out {
    FILE *file; /* borrowed; the caller looks for write errors */
    int depth;
    int flat_depth; /* depth from which on all stays on one line; 0: none */
    char closing[JSON_OUT_DEPTH];
    bool empty[JSON_OUT_DEPTH]; /* nothing was written at that depth yet */
};

/* Begins and ends an object or an array; the outermost end writes a line end. */
void json_out_object(struct json_out *o, const char *key);
void json_out_array(struct json_out *o, const char *key);
void json_out_flat_object(struct json_out *o, const char *key);
void json_out_end(struct json_out *o);

/* One value; text NULL and numbers that JSON has no form for are null. */
void json_out_null(struct json_out *o, const char *key);
void json_out_bool(struct json_out *o, const char *key, bool value);
void json_out_int(struct json_out *o, const char *key, int64_t value);
void json_out_real(struct json_out *o, const char *key, double value);
void json_out_text(struct json_out *o, const char *key, const char *text);
void json_out_bytes(struct json_out *o, const char *key, const char *text, size_t length);

#endif
