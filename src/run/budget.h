/*
 * The budget of requests: of the run, and of the UTC month, which all runs of the file share.
 *
 * Invariants: the file counts requests before they are sent (table request_month), BUDGET_AHEAD at
 * most, so that neither a kill nor a second run at the same time spends more than the month has.
 * What is left of them is given back when the run ends.
 */
#pragma once

#include "run/run.h"

enum { BUDGET_AHEAD = 50 };

/* Before the first request: sets the client's limit. False for trouble with the database. */
bool budget_begin(struct run *run, struct err *e);

/* Keeps what was asked for by now, of each route too, in a transaction of its own, and renews the
 * client's limit, with BUDGET_AHEAD requests more. False for trouble with the database. */
bool budget_keep(struct run *run, struct err *e);

/* Counts the same, with `ahead` requests more, as part of the caller's transaction; the limit is
 * only lowered. */
bool budget_count(struct run *run, int64_t ahead, struct err *e);

/* Sums up in the run's totals what was asked for by now. */
void budget_sum(struct run *run);
