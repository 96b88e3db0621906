/*
 * Growable byte buffer with a maximum.
 *
 * Invariants: data[length] is always NUL once anything was added; length never passes `max_bytes`;
 * an addition that would is refused whole (returns false) and leaves the buffer as it was. No
 * memory: exit code 70.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;
    size_t length;
    size_t capacity;
    size_t max_bytes;
};

/* An empty buffer that may grow to `max_bytes`; nothing is allocated yet. Free with buf_free. */
struct buf buf_of(size_t max_bytes);

/* Frees the storage; the buffer is empty and usable again with the same maximum. */
void buf_free(struct buf *b);

/* Before the declaration of a buffer: it is freed where the block that declares it is left. */
#define BUF_SCOPED __attribute__((cleanup(buf_free)))

/* Leaves the first `length` bytes (not more than there are), keeping the storage. */
void buf_cut(struct buf *b, size_t length);

/* Adds bytes, a string, one character, a printf text. False: it would pass the maximum; nothing was
 * added. */
bool buf_add(struct buf *b, const void *bytes, size_t length);
bool buf_add_str(struct buf *b, const char *text);
bool buf_add_char(struct buf *b, char c);
bool buf_add_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The contents as a string; "" when empty. Valid until the next change. */
const char *buf_str(const struct buf *b);
