/*
 * A run: what its parts share.
 *
 * Invariant: `client` belongs to the network thread while a pipeline runs, all else to the thread
 * of the database.
 */
#ifndef ROLLCALL_RUN_RUN_H
#define ROLLCALL_RUN_RUN_H

#include <stdint.h>

#include "api/client.h"
#include "etl/ledger.h"
#include "io/config.h"
#include "io/db.h"
#include "run/progress.h"

/* What a run holds while it works; owned by run/extract. */
struct run {
    const struct config *config;
    struct db *db;
    struct ledger *ledger;
    struct client *client;
    struct arena *arena;
    int64_t run_id;
    int64_t until_ms; /* the run's TIME */
    struct run_totals totals;
    struct progress progress;
};

#endif
