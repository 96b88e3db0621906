/*
 * What a night costs: how many requests a stream needs, as its constants say (grid, passes, steps,
 * scope, looks), for so many rows of it and of the stream that it needs. An estimate for people:
 * answers that are halved, repeated or gone are not in it.
 */
#pragma once

#include "streams/stream.h"

struct cost_facts {
    int lookback_days;
    int looks;          /* how many later looks the settings ask for */
    const char *counts; /* "users=500 conversations=10000": rows of a stream, those of days a day */
};

/* Requests of `s` a night by the passes whose bits are in force; *words says how they come about,
 * in the arena. */
int64_t cost_night(const struct stream *s, unsigned in_force, const struct cost_facts *f,
                   struct arena *a, const char **words);
