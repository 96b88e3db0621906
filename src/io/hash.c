#include "io/hash.h"

#include <stdbool.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/err.h"

struct hash_state {
    XXH3_state_t *library;
    bool used; /* something was handed over since the last reset */
};

struct hash *hash_new(void)
{
    struct hash *h = xcalloc(1, sizeof(*h));

    h->state = xcalloc(1, sizeof(*h->state));
    h->state->library = XXH3_createState();
    INVARIANT(h->state->library);
    hash_reset(h);
    return h;
}

void hash_free(struct hash *h)
{
    if (h) {
        XXH3_freeState(h->state->library);
        free(h->state);
        free(h);
    }
}

void hash_reset(struct hash *h)
{
    XXH3_64bits_reset(h->state->library);
    h->state->used = false;
    h->gathered = 0;
}

void hash_add_large(struct hash *h, const void *bytes, size_t length)
{
    XXH3_64bits_update(h->state->library, h->gather, h->gathered);
    XXH3_64bits_update(h->state->library, bytes, length);
    h->state->used = true;
    h->gathered = 0;
}

uint64_t hash_digest(struct hash *h)
{
    uint64_t result;

    if (!h->state->used) {
        result = XXH3_64bits(h->gather, h->gathered);
        h->gathered = 0;
        return result;
    }
    XXH3_64bits_update(h->state->library, h->gather, h->gathered);
    result = XXH3_64bits_digest(h->state->library);
    hash_reset(h);
    return result;
}
