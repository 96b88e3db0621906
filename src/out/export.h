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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/csv.h"
#include "io/db.h"
#include "out/status.h"

struct export_request {
    const char *directory;          /* made when absent */
    const char *const *names;       /* tables and views; name_count 0: the default set */
    size_t name_count;              /* (all data tables and all views) */
    const char *const *data_tables; /* tables that are data; the others are the ledger */
    size_t data_table_count;
    const char *since_day; /* YYYY-MM-DD, for the manifest; NULL: everything */
    int64_t since_ms;      /* its first instant; TIME_NONE: everything */
    struct csv_options csv;
    const struct status_stream_facts *streams; /* for the manifest */
    size_t stream_count;
};

/* False with ERR_USAGE, naming the nearest, when a name is no table or view of the database. */
bool export_check(struct db *d, const char *const *names, size_t count, struct arena *a,
                  struct err *e);

/* Exports from `d`, which must not be in a transaction. It is in one afterwards, until its
 * db_rollback or db_close: so long sql_export_listing tells of the files. Errors: ERR_USAGE for an
 * unknown name (with the nearest) or one that is no file's, ERR_LOCKED, ERR_STORE naming the path,
 * ERR_STOPPED. */
bool export_run(struct db *d, const struct export_request *request, struct arena *a, struct err *e);

#endif
