/*
 * Content hashes: 64-bit XXH3 over a stream of bytes. Not for secrets, not against malice: it tells
 * whether a record is the one that is stored.
 *
 * Invariants: the same bytes give the same number in every version of the program and on every
 * machine of the same byte order; how they are cut into hash_add calls does not matter. Small
 * pieces are gathered here, which is several times faster than handing each to the library.
 */
#ifndef ROLLCALL_IO_HASH_H
#define ROLLCALL_IO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { HASH_GATHER_BYTES = 4096 };

/* A quick 32-bit hash (FNV-1a) for tables in memory and for short names. */
static inline uint32_t hash_short(const char *bytes, size_t length)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
    }
    return hash;
}

struct hash {
    struct XXH3_state_s *library;
    bool used; /* the library was handed something since the last reset */
    size_t gathered;
    unsigned char gather[HASH_GATHER_BYTES];
};

/* A hash of nothing yet. Free with hash_free. */
struct hash *hash_new(void);
void hash_free(struct hash *h);

/* Begins anew. */
void hash_reset(struct hash *h);

/* Hands over what was gathered, then `bytes`. Use hash_add. */
void hash_add_large(struct hash *h, const void *bytes, size_t length);

/* Adds bytes. */
static inline void hash_add(struct hash *h, const void *bytes, size_t length)
{
    if (length > HASH_GATHER_BYTES - h->gathered) {
        hash_add_large(h, bytes, length);
        return;
    }
    memcpy(h->gather + h->gathered, bytes, length);
    h->gathered += length;
}

/* The hash of all that was added since the last reset; the state begins anew. */
uint64_t hash_digest(struct hash *h);

#endif
