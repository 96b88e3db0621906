/* A conversation's identity, start, kind and lifetime. */
#include "conv.h"
#include "when.h"
#include "world.h"

#include <stddef.h>
#include <string.h>

/* Share of a day's conversations by UTC hour, in thousandths. */
static const unsigned char day_curve[24] = {12, 8,  6,  5,  5,  8,  15, 32, 70, 95, 98, 84,
                                            66, 80, 92, 90, 78, 56, 34, 22, 16, 12, 9,  7};

static uint64_t id_key(void)
{
    return rng_pair(world.seed, 0x1d5);
}

static uint64_t conv_key(int64_t day, uint32_t index)
{
    return rng_pair(rng_pair(world.seed, (uint64_t)day), index);
}

static void write_id(int64_t day, uint32_t index, uint64_t key, char out[RNG_UUID_SIZE])
{
    unsigned char bytes[16];
    uint64_t number = rng_hide48(id_key(), (uint64_t)day << 32 | index), rest = rng_pair(key, 7);
    for (int i = 0; i < 6; i++) {
        bytes[i] = (unsigned char)(number >> (40 - 8 * i));
    }
    for (int i = 6; i < 16; i++) {
        bytes[i] = (unsigned char)(rest >> (5 * (i - 6)));
    }
    rng_uuid_bytes(bytes, out);
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool conv_find(const char *id, int64_t *day, uint32_t *index)
{
    uint64_t number = 0;
    char expected[RNG_UUID_SIZE];
    if (strlen(id) != RNG_UUID_SIZE - 1) {
        return false;
    }
    for (int i = 0; i < 13; i++) {
        if (i != 8) {
            int value = hex_value(id[i]);
            if (value < 0) {
                return false;
            }
            number = number << 4 | (uint64_t)value;
        }
    }
    number = rng_reveal48(id_key(), number);
    *day = (int64_t)(number >> 32);
    *index = (uint32_t)number;
    if (*day < world.first_day - WORLD_EARLIER_DAYS || *day >= world.first_day + world.days ||
        *index >= (uint32_t)world.per_day) {
        return false;
    }
    write_id(*day, *index, conv_key(*day, *index), expected);
    return strcmp(expected, id) == 0;
}

/* The moment of a day before which `share` (0..1) of its conversations began. */
static int64_t moment_of_share(double share)
{
    double total = 0, before = 0;
    for (int hour = 0; hour < 24; hour++) {
        total += day_curve[hour];
    }
    for (int hour = 0; hour < 24; hour++) {
        double part = day_curve[hour] / total;
        if (share < before + part || hour == 23) {
            return (int64_t)(((double)hour + (share - before) / part) * (double)WHEN_HOUR);
        }
        before += part;
    }
    return 0;
}

static int64_t start_of(int64_t day, uint32_t index, struct rng *r)
{
    double jitter = (double)rng_below(r, 1000000) / 1000000.0;
    int64_t at = moment_of_share(((double)index + jitter) / world.per_day);
    return day * WHEN_DAY + (at < WHEN_DAY ? at : WHEN_DAY - 1);
}

static void build_scenario(struct conv *c, struct rng *r)
{
    uint64_t kind = c->showcase ? 0 : rng_below(r, 100);
    if (kind < 63) {
        conv_voice(c, r);
    } else if (kind < 75) {
        conv_outbound(c, r);
    } else if (kind < 91) {
        c->media = kind < 81 ? MEDIA_CHAT : kind < 87 ? MEDIA_MESSAGE : MEDIA_CALLBACK;
        conv_digital(c, r);
    } else {
        conv_email(c, r);
    }
}

void conv_build(struct conv *c, int64_t day, uint32_t index)
{
    uint64_t key = conv_key(day, index);
    struct rng r = {rng_pair(key, 1)};
    memset(c, 0, offsetof(struct conv, period));
    c->day = day;
    c->index = index;
    c->key = key;
    c->media = MEDIA_VOICE;
    c->direction = "inbound";
    c->initiator = "customer";
    c->conference = WHEN_NEVER;
    c->showcase = index % 1000 == 7;
    write_id(day, index, key, c->id);
    c->start = start_of(day, index, &r);
    c->arrive = c->start;
    build_scenario(c, &r);
    if (c->period_count == 0) {
        c->period[c->period_count++] = (struct period){c->start, conv_last_end(c)};
    }
    conv_later(c, &r);
}
