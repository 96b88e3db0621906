/*
 * Streams in UTC-day windows: what was interrupted is finished first, then jobs, then the hours
 * after the availability date, then the open entities by id.
 */
#ifndef ROLLCALL_RUN_DAYS_H
#define ROLLCALL_RUN_DAYS_H

#include <stdbool.h>

#include "run/outcome.h"
#include "run/pipeline.h"
#include "streams/stream.h"

/* Brings a windowed stream up to run->until_ms. What happened goes to `out`; false only for trouble
 * that ends the run at once. */
bool days_run(struct run *run, const struct stream *s, struct outcome *out, struct err *e);

#endif
