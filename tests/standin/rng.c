#include "rng.h"

uint64_t rng_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

uint64_t rng_pair(uint64_t a, uint64_t b)
{
    return rng_mix(a ^ rng_mix(b + 0x632be59bd9b4e019ULL));
}

uint64_t rng_text(uint64_t key, const char *s)
{
    uint64_t h = 0xcbf29ce484222325ULL;
    for (; *s; s++) {
        h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
    }
    return rng_pair(key, h);
}

uint64_t rng_next(struct rng *r)
{
    uint64_t value = rng_mix(r->state);
    r->state += 0x9e3779b97f4a7c15ULL;
    return value;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    return ((rng_next(r) >> 32) * n) >> 32;
}

int64_t rng_range(struct rng *r, int64_t lo, int64_t hi)
{
    return lo + (int64_t)rng_below(r, (uint64_t)(hi - lo) + 1);
}

bool rng_chance(struct rng *r, unsigned permille)
{
    return rng_below(r, 1000) < permille;
}

void rng_uuid_bytes(const unsigned char bytes[16], char out[RNG_UUID_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    char *p = out;
    for (int i = 0; i < 16; i++) {
        unsigned char b = bytes[i];
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }
        if (i == 6) {
            b = (unsigned char)((b & 0x0f) | 0x40);
        } else if (i == 8) {
            b = (unsigned char)((b & 0x3f) | 0x80);
        }
        *p++ = hex[b >> 4];
        *p++ = hex[b & 15];
    }
    *p = '\0';
}

void rng_uuid(uint64_t key, char out[RNG_UUID_SIZE])
{
    unsigned char bytes[16];
    uint64_t hi = rng_mix(key), lo = rng_mix(hi ^ 0x5851f42d4c957f2dULL);
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(hi >> (8 * i));
        bytes[8 + i] = (unsigned char)(lo >> (8 * i));
    }
    rng_uuid_bytes(bytes, out);
}

static uint64_t feistel_round(uint64_t key, unsigned round, uint64_t half)
{
    return rng_pair(key + round, half) & 0xffffff;
}

uint64_t rng_hide48(uint64_t key, uint64_t x)
{
    uint64_t left = (x >> 24) & 0xffffff, right = x & 0xffffff;
    for (unsigned round = 0; round < 4; round++) {
        uint64_t next = left ^ feistel_round(key, round, right);
        left = right;
        right = next;
    }
    return left << 24 | right;
}

uint64_t rng_reveal48(uint64_t key, uint64_t x)
{
    uint64_t left = (x >> 24) & 0xffffff, right = x & 0xffffff;
    for (unsigned round = 4; round-- > 0;) {
        uint64_t next = right ^ feistel_round(key, round, left);
        right = left;
        left = next;
    }
    return left << 24 | right;
}
