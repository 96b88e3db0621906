/*
 * Content hashes: 64-bit XXH3 over bytes that come piece by piece. Not for secrets, not against
 * malice: it tells whether a record is the one that is stored. SHA-256, for what must not be read
 * out of its hash.
 *
 * Invariants: the same bytes give the same number in every version of the program and on every
 * machine of the same byte order; how they are cut into hash_add calls does not matter. The pieces
 * are gathered, which is several times faster than handing each to the library.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

/* A 32-bit hash (FNV-1a) of short names, which goes into what is stored. */
static inline uint32_t hash_short(const char *bytes, size_t length)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
    }
    return hash;
}

/* Adds bytes to those that are to be hashed: buf_add, without a call where there is room. */
static inline void hash_add(struct buf *h, const void *bytes, size_t length)
{
    if (length >= h->capacity - h->length) {
        (void)buf_add(h, bytes, length);
        return;
    }
    memcpy(h->data + h->length, bytes, length);
    h->length += length;
    h->data[h->length] = '\0';
}

/* The hash of all that was added; the buffer is empty then. */
uint64_t hash_digest(struct buf *h);

/* The hash of bytes that lie together; for tables in memory. */
uint64_t hash_of(const void *bytes, size_t length);

/* The 128-bit XXH3 of a file, written as xxh128sum does; returns its bytes, -1: errno tells. */
enum { HASH_TEXT_BYTES = 33 };
int64_t hash_file(const char *path, char text[HASH_TEXT_BYTES]);

/* The SHA-256 of bytes, in hexadecimal: one that does not lead back to them. */
enum { SHA256_TEXT_BYTES = 65 };
void hash_sha256(const void *bytes, size_t length, char text[SHA256_TEXT_BYTES]);

/* A set of ids, by hashes of them: whether a page brings anything new, and how many different rows
 * there were. For counting alone: two ids of one hash count as one. */
struct idset;

/* An empty set, in the arena. */
struct idset *idset_new(struct arena *a);

/* Adds an id of `length` bytes; false when it was there. */
bool idset_add(struct idset *s, const char *id, size_t length);

/* How many there are. */
size_t idset_count(const struct idset *s);
