#include "base/arena.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

enum {
    FIRST_BLOCK_BYTES = 16 * 1024,
    LARGEST_BLOCK_BYTES = 1024 * 1024,
    ALIGNMENT = _Alignof(max_align_t),
};

struct block {
    struct block *below;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

/* Small pieces come from `top`. A piece too large for the next block has a block of its own, pushed
 * below `top`. The first block stays for the arena's life. */
struct arena {
    struct block *top;
    struct block *first;
};

_Noreturn void out_of(const char *what)
{
    (void)dprintf(STDERR_FILENO, "rollcall: out of %s; progress is kept, run again\n", what);
    _exit(err_facts[ERR_BUG].exit_code);
}

void *or_die(const void *memory)
{
    if (!memory) {
        out_of("memory");
    }
    return (void *)memory;
}

void *xmalloc(size_t size)
{
    return or_die(malloc(size > 0 ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return or_die(count > 0 && size > 0 ? calloc(count, size) : calloc(1, 1));
}

void *xrealloc(void *old, size_t size)
{
    return or_die(realloc(old, size > 0 ? size : 1));
}

char *xstrdup(const char *text)
{
    return or_die(strdup(text));
}

static struct block *push_block(struct block **chain, size_t size)
{
    struct block *b = xmalloc(sizeof(*b) + size);

    b->below = *chain;
    b->size = size;
    b->used = 0;
    *chain = b;
    return b;
}

static size_t aligned(size_t size)
{
    if (size > PTRDIFF_MAX - sizeof(struct block) - ALIGNMENT) {
        out_of("memory");
    }
    return size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

struct arena *arena_new(size_t block_bytes)
{
    struct arena *a = xcalloc(1, sizeof(*a));

    a->first = push_block(&a->top, aligned(block_bytes > 0 ? block_bytes : FIRST_BLOCK_BYTES));
    return a;
}

void arena_reset(struct arena *a)
{
    struct block *b = a->top;

    while (b) {
        struct block *below = b->below;
        if (b != a->first) {
            free(b);
        }
        b = below;
    }
    a->first->below = NULL;
    a->first->used = 0;
    a->top = a->first;
}

void arena_free(struct arena *a)
{
    if (a) {
        arena_reset(a);
        free(a->first);
        free(a);
    }
}

size_t arena_bytes(const struct arena *a)
{
    size_t bytes = sizeof(*a);

    for (const struct block *b = a->top; b; b = b->below) {
        bytes += sizeof(*b) + b->size;
    }
    return bytes;
}

/* Room that is not zeroed, for what is overwritten at once. */
static void *take(struct arena *a, size_t size)
{
    size_t bytes = aligned(size);
    struct block *b = a->top;

    if (bytes > b->size - b->used) {
        size_t next = b->size < LARGEST_BLOCK_BYTES ? 2 * b->size : b->size;
        b = bytes > next / 4 ? push_block(&b->below, bytes) : push_block(&a->top, next);
    }
    void *memory = b->data + b->used;
    b->used += bytes;
    return memory;
}

void *arena_alloc(struct arena *a, size_t size)
{
    return memset(take(a, size), 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        out_of("memory");
    }
    return arena_alloc(a, bytes);
}

char *arena_strdup(struct arena *a, const char *text)
{
    return text ? arena_strndup(a, text, strlen(text)) : NULL;
}

char *arena_strndup(struct arena *a, const char *text, size_t length)
{
    size_t bytes = strnlen(text, length);
    char *copy = take(a, bytes + 1);

    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    return copy;
}

char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    INVARIANT(length >= 0);
    char *text = take(a, (size_t)length + 1);
    (void)vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = arena_vprintf(a, format, args);
    va_end(args);
    return text;
}
