/*
 * What a run holds while it works; owned by run/extract.
 */
#ifndef ROLLCALL_RUN_RUN_H
#define ROLLCALL_RUN_RUN_H

#include <stdint.h>

#include "api/client.h"
#include "base/arena.h"
#include "etl/ledger.h"
#include "io/config.h"
#include "io/db.h"
#include "io/lock.h"
#include "run/fetch.h"
#include "run/progress.h"

struct extract_request;

struct run {
    const struct extract_request *request;
    const struct config *config;
    struct progress_watcher watcher;
    struct lock_file *locks;
    struct db *db;
    struct ledger ledger;
    struct client *client;
    struct pages *pages;
    struct arena *arena;
    int64_t until_ms; /* the run's TIME */
    int64_t ahead_ms; /* how far the machine's clock is ahead of the server's; never below 0 */
    struct run_totals totals;
    struct night *nights; /* one a stream; a stream comes after the one it needs */
    /* of a stream's slot and the first of its passes with those trees; NULL: not needed yet */
    struct loader *loaders[LOCK_SLOTS][PASSES_MAX];
};

/* Planning time: the earlier of TIME and the server's now. */
int64_t run_time_ms(const struct run *run);

/* The real moment: the earlier of the machine's now and the server's. */
int64_t run_now_ms(const struct run *run);

#endif
