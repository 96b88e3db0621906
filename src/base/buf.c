#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

enum { FIRST_CAPACITY_BYTES = 256 };

struct buf buf_of(size_t max_bytes)
{
    return (struct buf){.max_bytes = max_bytes < PTRDIFF_MAX ? max_bytes : PTRDIFF_MAX - 1};
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = buf_of(b->max_bytes);
}

void buf_cut(struct buf *b, size_t length)
{
    b->length = length;
    if (b->data) {
        b->data[length] = '\0';
    }
}

bool buf_add(struct buf *b, const void *bytes, size_t length)
{
    if (b->length > b->max_bytes || length > b->max_bytes - b->length) {
        return false;
    }
    size_t needed = b->length + length + 1;
    if (needed > b->capacity) {
        size_t capacity = needed > FIRST_CAPACITY_BYTES ? needed : FIRST_CAPACITY_BYTES;

        capacity = capacity > 2 * b->capacity ? capacity : 2 * b->capacity;
        b->capacity = capacity < b->max_bytes + 1 ? capacity : b->max_bytes + 1;
        b->data = xrealloc(b->data, b->capacity);
    }
    if (length > 0) {
        memcpy(b->data + b->length, bytes, length);
    }
    b->length += length;
    b->data[b->length] = '\0';
    return true;
}

bool buf_add_str(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

bool buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

bool buf_add_printf(struct buf *b, const char *format, ...)
{
    char *text;
    va_list args;

    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) {
        out_of("memory");
    }
    bool added = buf_add(b, text, (size_t)length);
    free(text);
    return added;
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}
