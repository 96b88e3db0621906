/*
 * What db.c (statements, transactions, error texts) and db_open.c (whose file is it, pragmas,
 * migrations) share. For these two files only.
 */
#ifndef ROLLCALL_IO_DB_INTERNAL_H
#define ROLLCALL_IO_DB_INTERNAL_H

#include <sqlite3.h>

#include "io/db.h"

struct db {
    sqlite3 *handle;
    char *path;
    bool in_transaction;
};

/* Fills `e` from the connection's last error: path, what was being done ("opening", or a
 * statement's text, shortened), SQLite's reason, and what to do about it. Returns false. */
bool db_fail(struct db *d, const char *doing, struct err *e);

/* The first column of the first row of a constant query; false on an error. */
bool db_scalar(struct db *d, const char *sql, int64_t *out, struct err *e);

#endif
