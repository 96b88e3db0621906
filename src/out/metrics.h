/*
 * Metrics: the file for node_exporter's textfile collector, in Prometheus's text format.
 *
 * Invariants: written aside and renamed, so that a scrape sees the old file or the new one, whole;
 * written after a run that failed too, and when the database cannot be read (then without what it
 * would tell, and rollcall_database_up is 0). Names follow Prometheus's conventions: base units,
 * instants as *_timestamp_seconds, sums over all runs as *_total.
 */
#ifndef ROLLCALL_OUT_METRICS_H
#define ROLLCALL_OUT_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "etl/ledger.h"
#include "out/status.h"

struct metrics_request {
    const char *path;             /* of the file; its directory must exist */
    const char *database;         /* path of the database */
    struct status_request status; /* now_ms is when the run ended */
    /* the run that has just ended */
    enum err_kind kind;
    int64_t elapsed_ms;
    const struct run_totals *totals;
};

/* Writes the file. ERR_STORE naming its path, also when a file is there that is not of ours. */
bool metrics_write(const struct metrics_request *request, struct err *e);

#endif
