/*
 * Reconciliation: our figures beside those that the API itself has counted, for whole days. No
 * request is sent: both sides are streams' rows in the file. What is compared, what cannot be, and
 * what moved since a day was first whole is SQL (reconcile.sql).
 *
 * A day goes into the file with what its figures were before, a few in a short transaction; a crash
 * leaves them compared or due.
 */
#pragma once

#include "etl/ledger.h"
#include "io/config.h"

/* What is compared: days from `from` to `to` (YYYY-MM-DD; NULL: no limit); where both are NULL and
 * `is_due`, those alone that were read since they were last compared. With a run in the ledger only
 * what its streams are both sides of; without (-1) all. */
struct reconciliation {
    struct ledger ledger;
    const struct config *config;
    const char *from;
    const char *to;
    bool is_due;
};

/* Compares the days. Its tables of the connection's own serve sql_reconcile_answer and its like
 * afterwards. ERR_STOPPED between days. */
bool reconcile_days(const struct reconciliation *r, struct err *e);

/* After a run that ended with `kind`, whose error is in `e`: compares the days that it has read; a
 * final one that differs is owed once more, once. ERR_MISMATCH where days differ that were read
 * once more for that; what stands in the way of a proof is the run's error where it has none. */
enum err_kind reconcile_run(const struct ledger *l, const struct config *c, enum err_kind kind,
                            struct err *e);

/* ERR_MISMATCH where a figure of the days differs, else ERR_PARTIAL where nothing of a scope can be
 * compared; true: all that is comparable is equal. */
bool reconcile_judge(const struct reconciliation *r, struct arena *a, struct err *e);
