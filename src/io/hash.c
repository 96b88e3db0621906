#include "io/hash.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/err.h"

enum { READ_BYTES = 1 << 16 };

uint64_t hash_digest(struct buf *h)
{
    uint64_t result = XXH3_64bits(h->data, h->length);

    buf_cut(h, 0);
    return result;
}

uint64_t hash_of(const void *bytes, size_t length)
{
    return XXH3_64bits(bytes, length);
}

int64_t hash_file(const char *path, char text[HASH_TEXT_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char bytes[READ_BYTES];
    XXH3_state_t *state = XXH3_createState();
    int64_t total = 0;
    ssize_t length;

    XXH3_128bits_reset(state);
    while ((length = read(fd, bytes, READ_BYTES)) > 0) {
        XXH3_128bits_update(state, bytes, (size_t)length);
        total += length;
    }
    XXH128_hash_t sum = XXH3_128bits_digest(state);
    snprintf(text, HASH_TEXT_BYTES, "%016llx%016llx", (unsigned long long)sum.high64,
             (unsigned long long)sum.low64);
    close(fd);
    XXH3_freeState(state);
    return length < 0 ? -1 : total;
}

void hash_sha256(const void *bytes, size_t length, char text[SHA256_TEXT_BYTES])
{
    unsigned char sum[SHA256_DIGEST_LENGTH];

    INVARIANT(SHA256(bytes, length, sum));
    for (size_t i = 0; i < sizeof(sum); i++) {
        snprintf(text + 2 * i, 3, "%02x", sum[i]);
    }
}

/* --- sets of ids ------------------------------------------------------------------------------ */

struct idset {
    struct arena *arena;
    uint64_t *slots; /* 0: empty */
    size_t room;     /* a power of two */
    size_t count;
};

struct idset *idset_new(struct arena *a)
{
    struct idset *s = arena_alloc(a, sizeof(*s));

    s->arena = a;
    return s;
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
    struct idset larger = *s;

    larger.room = s->room ? 2 * s->room : 256;
    larger.slots = arena_array(s->arena, larger.room, sizeof(*larger.slots));
    for (size_t i = 0; i < s->room; i++) {
        if (s->slots[i] != 0) {
            (void)put(&larger, s->slots[i]);
        }
    }
    *s = larger;
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
