/*
 * Arenas: memory that lives and dies together (a run, a page, a conversation).
 *
 * Invariants: an allocation never fails (no memory ends the process with exit code 70: a crash like
 * any other, and safe, since pages are transactions); memory is aligned for any type; arena_reset
 * keeps the first block, so that a page arena stays flat. An arena is used by one thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

/* Elements of an array (not of a pointer). */
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

struct arena;

/* A new, empty arena; `block_bytes` is the size of its first block (0: a default). Free with
 * arena_free. */
struct arena *arena_new(size_t block_bytes);

/* Frees the arena and all it gave out; NULL is allowed. */
void arena_free(struct arena *a);

/* Before the declaration of an arena: it is freed where the block that declares it is left. */
#define ARENA_SCOPED __attribute__((cleanup(arena_leave)))
static inline void arena_leave(struct arena **a)
{
    arena_free(*a);
}

/* Bytes of memory the arena holds. */
size_t arena_bytes(const struct arena *a);

/* Takes back everything the arena gave out, keeping its first block for reuse. */
void arena_reset(struct arena *a);

/* `size` zeroed bytes, owned by the arena. */
void *arena_alloc(struct arena *a, size_t size);

/* `count * size` zeroed bytes, overflow checked, owned by the arena. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* A NUL-terminated copy of `text` (NULL: NULL), or of at most its first `length` bytes; owned by
 * the arena. */
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t length);

/* A printf result of any length, owned by the arena. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Ends the process with exit code 70 and one line on stderr: out of `what`. */
_Noreturn void out_of(const char *what);

/* `memory`, unless it is NULL: then the process ends so, out of memory. */
void *or_die(const void *memory);

/* malloc family that never returns NULL (exit code 70 instead); free with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
