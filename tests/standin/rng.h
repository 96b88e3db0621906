/* Deterministic randomness. Everything the stand-in invents is a function of the seed and of what
 * it is invented for, so any piece can be computed alone, in any order and by any thread. */
#ifndef STANDIN_RNG_H
#define STANDIN_RNG_H

#include <stdbool.h>
#include <stdint.h>

#define RNG_UUID_SIZE 37

struct rng {
    uint64_t state;
};

/* A well mixed 64-bit value of x; a bijection. */
uint64_t rng_mix(uint64_t x);
/* A well mixed value of the ordered pair (a, b). */
uint64_t rng_pair(uint64_t a, uint64_t b);
/* A value of the text s under the key. */
uint64_t rng_text(uint64_t key, const char *s);

/* The next 64 bits of a stream; start one with { .state = key }. */
uint64_t rng_next(struct rng *r);
/* A number of 0 .. n-1; 0 < n <= 2^32. */
uint64_t rng_below(struct rng *r, uint64_t n);
/* A number of lo .. hi, both included; hi - lo < 2^32. */
int64_t rng_range(struct rng *r, int64_t lo, int64_t hi);
/* True in `permille` of 1000 cases. */
bool rng_chance(struct rng *r, unsigned permille);

/* Writes the UUID (version 4 in form) made from the key. */
void rng_uuid(uint64_t key, char out[RNG_UUID_SIZE]);
/* Writes 16 bytes as a UUID with the version and variant bits set. */
void rng_uuid_bytes(const unsigned char bytes[16], char out[RNG_UUID_SIZE]);

/* Scrambles a 48-bit number under the key, and back. */
uint64_t rng_hide48(uint64_t key, uint64_t x);
uint64_t rng_reveal48(uint64_t key, uint64_t x);

#endif
