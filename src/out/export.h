/*
 * Export: tables and views as CSV files, all of one moment.
 *
 * Invariants: equal content gives equal bytes (how each is read: out/export.sql); one read
 * transaction over all files; memory does not grow with the rows; every file is written aside and
 * fsynced before the first is renamed, so a failed export leaves the old files as they were.
 * manifest.json goes before the first rename and comes back after the last: where there is one, it
 * describes what lies beside it; where there is none, an export is under way or was cut. One export
 * a directory at a time. Where anything but a file stands in the way, nothing is written at all.
 * Views of others that cannot be read, or be named like a file, are left out with a warning.
 */
#ifndef ROLLCALL_OUT_EXPORT_H
#define ROLLCALL_OUT_EXPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "io/config.h"
#include "io/db.h"

/* False with ERR_USAGE, naming the nearest, when a name is no table or view of the database. */
bool export_check(struct db *d, const char *const *names, size_t count, struct arena *a,
                  struct err *e);

/* Exports what the configuration says ([export]; without tables: all data tables and all views)
 * from `d`, which must not be in a transaction. `since_day`: only what starts on this day
 * (YYYY-MM-DD) or later; NULL: everything. `d` is in one afterwards, until its
 * db_rollback or db_close: so long sql_export_listing tells of the files. Errors: ERR_USAGE for an
 * unknown name (with the nearest) or one that is no file's, ERR_LOCKED, ERR_STORE naming the path,
 * ERR_STOPPED. */
bool export_run(struct db *d, const struct config *c, const char *since_day, struct arena *a,
                struct err *e);

#endif
