/*
 * The business time zone of a file: local times, and the business days of all that is stored. A
 * zone that would date read days anew is refused, unless that is asked for.
 */
#pragma once

#include "etl/ledger.h"
#include "io/config.h"

struct zoning {
    struct ledger *ledger;
    const struct config *config;
    struct arena *arena;
    int64_t now_ms;
    int64_t from_ms;  /* what is asked for besides what the configuration says, from then on */
    int64_t until_ms; /* TIME */
    bool rezone;      /* days that were read may be dated anew: they are owed then */
};

/* Sets it, in a transaction. ERR_CONFIG where days would be others. */
bool zone_set(const struct zoning *z, struct err *e);
