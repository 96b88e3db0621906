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

#include "base/err.h"
#include "etl/ledger.h"
#include "io/config.h"

/* The run that has just ended, at `now_ms`. */
struct metrics_run {
    int64_t now_ms;
    enum err_kind kind;
    int64_t elapsed_ms;
    const struct run_totals *totals;
};

/* Writes the file that the configuration names; its directory must exist. ERR_STORE naming its
 * path, also when a file is there that is not of ours. */
bool metrics_write(const struct config *c, const struct metrics_run *run, struct err *e);

#endif
