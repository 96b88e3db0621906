/*
 * The last conversations, straight from the API: the proof that access works. They are loaded, as
 * every answer is, into a database in memory, whose views are asked for them. No file is written,
 * none need exist.
 */
#ifndef ROLLCALL_PROBE_RECENT_H
#define ROLLCALL_PROBE_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/config.h"
#include "io/db.h"
#include "out/render.h"

enum { RECENT_DEFAULT = 5, RECENT_MOST = 100 };

/* What was found. */
struct recent {
    struct db *memory; /* close it with db_close, whatever recent_fetch said */
    size_t count;
    size_t wanted;
    int64_t from_ms; /* of the last lookback */
};

/* Looks for the newest `wanted` conversations (1 to RECENT_MOST) of the last hour, else of the last
 * day, else of the last week; fewer when there are no more. `config` has its URLs and zone. Errors
 * are the client's, and ERR_CONTRACT for an answer that is not of the promised shape. */
bool recent_fetch(const struct config *config, size_t wanted, struct recent *out, struct err *e);

/* Takes over the names of queues and agents that the database knows. */
bool recent_names(struct recent *r, struct db *names, struct err *e);

/* Prints what was found, newest first; local times are the business zone's. */
bool recent_print(const struct recent *r, const struct rendering *to, struct err *e);

#endif
