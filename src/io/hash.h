/*
 * Content hashes: 64-bit XXH3 over bytes that come piece by piece. Not for secrets, not against
 * malice: it tells whether a record is the one that is stored.
 *
 * Invariants: the same bytes give the same number in every version of the program and on every
 * machine of the same byte order; how they are cut into hash_add calls does not matter. The pieces
 * are gathered, which is several times faster than handing each to the library.
 */
#ifndef ROLLCALL_IO_HASH_H
#define ROLLCALL_IO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A 32-bit hash (FNV-1a) of short names, which goes into what is stored. */
static inline uint32_t hash_short(const char *bytes, size_t length)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
    }
    return hash;
}

/* What is to be hashed; all zero at first. Free with hash_free. */
struct hash {
    unsigned char *bytes;
    size_t length;
    size_t capacity;
};
void hash_free(struct hash *h);

/* For hash_add: room for `length` bytes more. */
void hash_make_room(struct hash *h, size_t length);

/* Adds bytes. */
static inline void hash_add(struct hash *h, const void *bytes, size_t length)
{
    if (length >= h->capacity - h->length) {
        hash_make_room(h, length);
    }
    memcpy(h->bytes + h->length, bytes, length);
    h->length += length;
}

/* The hash of all that was added since the last digest; what follows begins anew. */
uint64_t hash_digest(struct hash *h);

/* The hash of bytes that lie together; for tables in memory. */
uint64_t hash_of(const void *bytes, size_t length);

/* The 128-bit XXH3 of a file, written as xxh128sum does; returns its bytes, -1: errno tells. */
enum { HASH_TEXT_BYTES = 33 };
int64_t hash_file(const char *path, char text[HASH_TEXT_BYTES]);

#endif
