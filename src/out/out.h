/*
 * What goes out of a database: its status, exports, metrics and snapshots. Printing a statement's
 * rows is out/render.h, the built-in queries are out/query.h.
 */
#pragma once

#include <stdio.h>

#include "etl/ledger.h"
#include "io/config.h"
#include "io/file.h"

/* --- status: how far each stream is and what is behind, read from the file alone ---------------
 *
 * When a stream is overdue, by `due_hours`, and when it is behind, out/status.sql says. */

/* Gathers the status of all streams at `now_ms` into tables of the connection's own (status,
 * status_stream, status_run), in the read transaction of the caller: they last until its
 * db_rollback. The configuration tells which streams are enabled (one that is not is shown, but
 * never behind) and due_hours. */
bool status_gather(struct db *d, const struct config *c, int64_t now_ms, struct err *e);

/* Prints what was gathered for people, in `width` columns (0: as wide as need be). As one JSON
 * object it is sql_status_document; whether one is overdue or behind is sql_status_is_behind. */
bool status_print(struct db *d, int width, FILE *out, struct err *e);

/* --- export: tables and views as CSV files, all of one moment ----------------------------------
 *
 * Equal content gives equal bytes (how each is read: out/export.sql); one read transaction over all
 * files; memory does not grow with the rows; every file is written aside, and fsynced unless it is
 * the one in place, before the first is renamed, so a failed export leaves the old files as they
 * were. By day, what has a day is put into a table of the connection's own first, on the disk of
 * the directory, and written a file a day. manifest.json goes before
 * the first rename and comes back after the last: where there is one, it describes what lies beside
 * it; where there is none, an export is under way or was cut. One export a directory at a time.
 * Where anything but a file stands in the way, nothing is written at all. Views of others that
 * cannot be read, or be named like a file, are left out with a warning. */

/* False with ERR_USAGE, naming the nearest, when a name is no table or view of those that `q` lists
 * (sql_export_names; as db_list); ends it. */
bool export_check(struct rows q, const char *const *names, size_t count, struct arena *a);

/* Exports what the configuration says ([export]; without tables: all data tables and all views)
 * from `d`, which must not be in a transaction. `since_day`: only what starts on this day
 * (YYYY-MM-DD) or later; NULL: everything. `d` is in one afterwards, until its db_rollback or
 * db_close: so long sql_export_listing tells of the files. Errors: ERR_USAGE for an unknown name
 * (with the nearest) or one of no file, ERR_LOCKED, ERR_STORE naming the path, ERR_STOPPED. */
bool export_run(struct db *d, const struct config *c, const char *since_day, struct arena *a,
                struct err *e);

/* --- metrics: the file for node_exporter's textfile collector, in Prometheus's text format ------
 *
 * Written aside and renamed, so that a scrape sees the old file or the new one, whole; written
 * after a run that failed too, and when the database cannot be read (then without what it would
 * tell, and rollcall_database_up is 0). Names follow Prometheus's conventions: base units, instants
 * as *_timestamp_seconds, sums over all runs as *_total. */

/* Writes the file that the configuration names, of the run that has just ended at `now_ms`; its
 * directory must exist. ERR_STORE naming its path, also when a file is there that is not ours. */
bool metrics_write(const struct config *c, int64_t now_ms, enum err_kind kind, int64_t elapsed_ms,
                   const struct run_totals *t, struct err *e);

/* False with ERR_STORE when something that is not of ours stands in the file's place. */
bool metrics_check(const char *path, struct err *e);

/* --- snapshot: a copy of the whole database as one plain file -----------------------------------
 *
 * For shares and tools that must not open a live one. It is of one moment and is written aside,
 * fsynced and renamed: whoever opens FILE sees the old copy or the new one, whole, and an
 * interrupted snapshot leaves the old one. */

/* What a path belongs to, in words: to the database, to the configuration; NULL: to neither. */
const char *out_whose(struct arena *a, struct db *d, const struct config *c, const char *path);

/* Opens a file aside of `path` for what is written of the database `d`, and sweeps leftovers.
 * Refused: a path as above, "", and "-", by which others mean standard output (ERR_USAGE); a place
 * of anything but a file (ERR_STORE). */
bool out_open(struct db *d, const struct config *c, const char *path, uint32_t mode,
              struct file_aside *f, struct err *e);

/* Writes a copy of `d` to `path`, with our views as typed tables where that is wanted. Errors: as
 * out_open; ERR_STORE naming the path (also when some program has the old copy open for writing);
 * ERR_STOPPED. */
bool snapshot_write(struct db *d, const struct config *c, const char *path, bool views_as_tables,
                    struct err *e);

/* --- report: one page of figures for people ------------------------------------------------------
 *
 * An HTML file without script and network. Its figures are those of the built-in queries, which it
 * names; all are of one moment. It is written aside and renamed. */

/* What it is to be of: a day, the week of a day, or a range; all NULL: the last whole day. */
struct report_request {
    const char *day;
    const char *week;
    const char *from;
    const char *to;
    const char *queue; /* name or id; NULL: all */
};

/* Writes the page to `path`, with the mode of exports. `d` must not be in a transaction, and is
 * left with tables of the connection's own. Errors: ERR_USAGE when nothing is called like the
 * queue; ERR_STORE naming the path; ERR_STOPPED. */
bool report_write(struct db *d, const struct config *c, const struct report_request *r,
                  const char *path, struct arena *a, struct err *e);
