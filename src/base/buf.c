#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"

enum { FIRST_CAPACITY_BYTES = 256 };

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max_bytes = max_bytes < PTRDIFF_MAX ? max_bytes : PTRDIFF_MAX - 1};
}

void buf_free(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max_bytes);
}

void buf_cut(struct buf *b, size_t length)
{
    b->length = length;
    if (b->data) {
        b->data[length] = '\0';
    }
}

/* Makes the capacity hold `length` more bytes and a NUL; false when that would pass the maximum. */
static bool make_room(struct buf *b, size_t length)
{
    if (b->length > b->max_bytes || length > b->max_bytes - b->length) {
        return false;
    }
    size_t needed = b->length + length + 1;
    if (needed <= b->capacity) {
        return true;
    }

    size_t capacity = b->capacity < FIRST_CAPACITY_BYTES ? FIRST_CAPACITY_BYTES : b->capacity;
    while (capacity < needed) {
        capacity = capacity <= SIZE_MAX / 2 ? capacity * 2 : needed;
    }
    if (capacity > b->max_bytes + 1) {
        capacity = b->max_bytes + 1;
    }
    b->data = xrealloc(b->data, capacity);
    b->capacity = capacity;
    return true;
}

bool buf_add(struct buf *b, const void *bytes, size_t length)
{
    if (!make_room(b, length)) {
        return false;
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
    va_list args;

    va_start(args, format);
    int wanted = vsnprintf(NULL, 0, format, args);
    va_end(args);
    INVARIANT(wanted >= 0);
    size_t length = (size_t)wanted;
    if (!make_room(b, length)) {
        return false;
    }

    va_start(args, format);
    (void)vsnprintf(b->data + b->length, length + 1, format, args);
    va_end(args);
    b->length += length;
    return true;
}

char *buf_take(struct buf *b, size_t *length)
{
    char *data = b->data ? b->data : xcalloc(1, 1);

    data[b->length] = '\0';
    if (length) {
        *length = b->length;
    }
    buf_init(b, b->max_bytes);
    return data;
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}
