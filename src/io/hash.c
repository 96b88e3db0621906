#include "io/hash.h"

#include <stdlib.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/err.h"

struct hash *hash_new(void)
{
    struct hash *h = xcalloc(1, sizeof(*h));

    h->library = XXH3_createState();
    INVARIANT(h->library);
    hash_reset(h);
    return h;
}

void hash_free(struct hash *h)
{
    if (h) {
        XXH3_freeState(h->library);
        free(h);
    }
}

void hash_reset(struct hash *h)
{
    XXH3_64bits_reset(h->library);
    h->used = false;
    h->gathered = 0;
}

void hash_add_large(struct hash *h, const void *bytes, size_t length)
{
    XXH3_64bits_update(h->library, h->gather, h->gathered);
    XXH3_64bits_update(h->library, bytes, length);
    h->used = true;
    h->gathered = 0;
}

uint64_t hash_digest(struct hash *h)
{
    uint64_t result;

    if (!h->used) {
        result = XXH3_64bits(h->gather, h->gathered);
        h->gathered = 0;
        return result;
    }
    XXH3_64bits_update(h->library, h->gather, h->gathered);
    result = XXH3_64bits_digest(h->library);
    hash_reset(h);
    return result;
}
