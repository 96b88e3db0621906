#include "io/hash.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/arena.h"

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
    char *bytes = xmalloc(READ_BYTES);
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
    free(bytes);
    return length < 0 ? -1 : total;
}

/* --- SHA-256 (FIPS 180-4) --------------------------------------------------------------------- */

enum { SHA_ROUNDS = 64, SHA_BLOCK = 64, SHA_LENGTH_AT = 56 };

static uint32_t turn(uint32_t x, int bits)
{
    return x >> bits | x << (32 - bits);
}

static void sha_block(uint32_t state[8], const unsigned char *block)
{
    static const uint32_t k[SHA_ROUNDS] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2};
    uint32_t w[SHA_ROUNDS];
    uint32_t v[8];

    memcpy(v, state, sizeof(v));
    for (int i = 0; i < SHA_ROUNDS; i++) {
        const unsigned char *at = block + (size_t)(i % 16) * 4;
        uint32_t early = i < 16 ? 0 : w[i - 15];
        uint32_t late = i < 16 ? 0 : w[i - 2];

        w[i] = i < 16 ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
                      : w[i - 16] + (turn(early, 7) ^ turn(early, 18) ^ early >> 3) + w[i - 7] +
                            (turn(late, 17) ^ turn(late, 19) ^ late >> 10);
        uint32_t first = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) +
                         ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
        uint32_t second = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) +
                          ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(*v));
        v[4] += first;
        v[0] = first + second;
    }
    for (int i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

void hash_sha256(const void *bytes, size_t length, char text[SHA256_TEXT_BYTES])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const unsigned char *at = bytes;
    unsigned char last[2 * SHA_BLOCK] = {0};
    size_t rest = length % SHA_BLOCK;
    size_t end = rest < SHA_LENGTH_AT ? SHA_BLOCK : 2 * SHA_BLOCK;

    for (; at + SHA_BLOCK <= (const unsigned char *)bytes + length; at += SHA_BLOCK) {
        sha_block(state, at);
    }
    memcpy(last, at, rest);
    last[rest] = 0x80;
    for (size_t i = 0; i < 8; i++) {
        last[end - 1 - i] = (unsigned char)(((uint64_t)length << 3) >> (8 * i));
    }
    for (at = last; at < last + end; at += SHA_BLOCK) {
        sha_block(state, at);
    }
    for (size_t i = 0; i < SHA256_TEXT_BYTES - 1; i++) {
        text[i] = "0123456789abcdef"[state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    }
    text[SHA256_TEXT_BYTES - 1] = '\0';
}

/* --- sets of ids ------------------------------------------------------------------------------ */

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
