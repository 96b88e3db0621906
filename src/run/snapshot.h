/*
 * Streams that are snapshots of the real moment: dimension tables, and observations that one of
 * several sources gives.
 */
#ifndef ROLLCALL_RUN_SNAPSHOT_H
#define ROLLCALL_RUN_SNAPSHOT_H

#include <stdbool.h>

#include "run/outcome.h"
#include "run/pipeline.h"
#include "streams/stream.h"

/* Reads a snapshot stream, unless its last reading is younger than its max_age_hours. A reading
 * that was interrupted within that age goes on at its next page. With ROLE_SOURCE plans, takes the
 * source the configuration names, or the first that the org grants, and remembers it. False only
 * for trouble that ends the run at once. */
bool snapshot_run(struct run *run, const struct stream *s, struct outcome *out, struct err *e);

/* True when the stream's last whole reading is younger than its max_age_hours. */
bool snapshot_fresh(struct run *run, const struct stream *s, bool *fresh, bool *ever,
                    struct err *e);

#endif
