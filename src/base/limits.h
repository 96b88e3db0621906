/*
 * Limits on everything that comes from outside, in one place: src/base/limits.txt.
 *
 * A limit can be moved within its range by the environment variable ROLLCALL_LIMIT_<NAME>
 * (docs/limits.md): for odd gateways, and so that tests need not wait for minutes.
 */
#pragma once

#include "base/err.h"

enum limit { LIMIT_IDS, LIMIT_COUNT };

struct limit_facts {
    const char *name;
    int64_t usual; /* in force where nothing moves it */
    int64_t min;
    int64_t max;
    const char *text; /* what it limits */
};
extern const struct limit_facts limit_facts[LIMIT_COUNT];

/* Reads ROLLCALL_LIMIT_* from the environment, once at start. ERR_CONFIG for an unknown name or a
 * value out of range. */
bool limits_load(struct err *e);

/* Moves a limit to what the configuration says (in its range), unless the environment has. */
void limit_set(enum limit id, int64_t value);

/* The limit in force. */
int64_t limit_get(enum limit id);
