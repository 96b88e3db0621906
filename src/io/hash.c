#include "io/hash.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/arena.h"

enum { FIRST_BYTES = 4096 };

void hash_free(struct hash *h)
{
    free(h->bytes);
    *h = (struct hash){NULL, 0, 0};
}

void hash_make_room(struct hash *h, size_t length)
{
    size_t doubled = h->capacity > 0 ? 2 * h->capacity : FIRST_BYTES;
    size_t needed = h->length + length + 1;

    h->capacity = doubled > needed ? doubled : needed;
    h->bytes = xrealloc(h->bytes, h->capacity);
}

uint64_t hash_digest(struct hash *h)
{
    uint64_t result = XXH3_64bits(h->bytes, h->length);

    h->length = 0;
    return result;
}
