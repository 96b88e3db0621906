/*
 * What the readers (src/out) need to know of the streams, taken from the registry: they see the
 * file alone.
 */
#ifndef ROLLCALL_CMD_STREAM_FACTS_H
#define ROLLCALL_CMD_STREAM_FACTS_H

#include <stddef.h>

#include "base/arena.h"
#include "io/config.h"
#include "out/status.h"

/* One a stream, in registry order, in the arena. */
const struct status_stream_facts *stream_facts(const struct config *c, struct arena *a,
                                               size_t *count);

/* Names of the tables that hold data (not the ledger's), in the arena. */
const char *const *stream_tables(struct arena *a, size_t *count);

#endif
