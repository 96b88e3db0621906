#include "io/idset.h"

#include <stdint.h>

#include "base/arena.h"
#include "io/hash.h"

struct idset {
    uint64_t *slots; /* 0: empty */
    size_t room;     /* a power of two */
    size_t count;
};

struct idset *idset_new(void)
{
    return xcalloc(1, sizeof(struct idset));
}

void idset_free(struct idset *s)
{
    if (s) {
        free(s->slots);
        free(s);
    }
}

static bool put(struct idset *s, uint64_t key)
{
    size_t at = (size_t)key & (s->room - 1);

    while (s->slots[at] != 0 && s->slots[at] != key) {
        at = (at + 1) & (s->room - 1);
    }
    bool is_new = s->slots[at] == 0;
    s->slots[at] = key;
    return is_new;
}

static void grow(struct idset *s)
{
    struct idset larger = {.room = s->room ? 2 * s->room : 256};

    larger.slots = xcalloc(larger.room, sizeof(*larger.slots));
    for (size_t i = 0; i < s->room; i++) {
        if (s->slots[i] != 0) {
            (void)put(&larger, s->slots[i]);
        }
    }
    free(s->slots);
    s->slots = larger.slots;
    s->room = larger.room;
}

bool idset_add(struct idset *s, const char *id, size_t length)
{
    if (2 * s->count >= s->room) {
        grow(s);
    }
    uint64_t key = hash_of(id, length);
    bool is_new = put(s, key ? key : 1);
    s->count += is_new ? 1 : 0;
    return is_new;
}

size_t idset_count(const struct idset *s)
{
    return s->count;
}
