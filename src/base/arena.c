#include "base/arena.h"

#include <stdarg.h>
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

/* Small pieces come from `top`; `top`'s chain ends in the first block, which stays for the arena's
 * life. A piece too large for the next block has a block of its own in `large`. */
struct arena {
    struct block *top;
    struct block *large;
};

_Noreturn void out_of_memory(void)
{
    static const char text[] = "rollcall: out of memory; progress is kept, run again\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

    (void)written;
    _exit(err_facts[ERR_BUG].exit_code);
}

static void *or_die(void *memory)
{
    if (!memory) {
        out_of_memory();
    }
    return memory;
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
    size_t bytes = strlen(text) + 1;

    return memcpy(xmalloc(bytes), text, bytes);
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

static void pop_block(struct block **chain)
{
    struct block *b = *chain;

    *chain = b->below;
    free(b);
}

static size_t aligned(size_t size)
{
    if (size > PTRDIFF_MAX - sizeof(struct block) - ALIGNMENT) {
        out_of_memory();
    }
    return size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

struct arena *arena_new(size_t block_bytes)
{
    struct arena *a = xcalloc(1, sizeof(*a));

    push_block(&a->top, aligned(block_bytes > 0 ? block_bytes : FIRST_BLOCK_BYTES));
    return a;
}

void arena_reset(struct arena *a)
{
    while (a->large) {
        pop_block(&a->large);
    }
    while (a->top->below) {
        pop_block(&a->top);
    }
    a->top->used = 0;
}

void arena_free(struct arena *a)
{
    if (!a) {
        return;
    }
    arena_reset(a);
    pop_block(&a->top);
    free(a);
}

size_t arena_bytes(const struct arena *a)
{
    const struct block *const chains[] = {a->top, a->large};
    size_t bytes = sizeof(*a);

    for (size_t i = 0; i < COUNT_OF(chains); i++) {
        for (const struct block *b = chains[i]; b; b = b->below) {
            bytes += sizeof(*b) + b->size;
        }
    }
    return bytes;
}

/* The block with room for `size` bytes, made when there is none. */
static struct block *block_for(struct arena *a, size_t size)
{
    size_t next = a->top->size;

    if (size <= a->top->size - a->top->used) {
        return a->top;
    }
    if (next < LARGEST_BLOCK_BYTES) {
        next *= 2;
    }
    if (size > next / 4) {
        return push_block(&a->large, size);
    }
    return push_block(&a->top, next);
}

/* Room that is not zeroed, for what is overwritten at once. */
static void *take(struct arena *a, size_t size)
{
    size_t bytes = aligned(size);
    struct block *b = block_for(a, bytes);
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
        out_of_memory();
    }
    return arena_alloc(a, bytes);
}

char *arena_strdup(struct arena *a, const char *text)
{
    size_t bytes = strlen(text) + 1;

    return memcpy(take(a, bytes), text, bytes);
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
