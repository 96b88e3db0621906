/*
 * SQLite: one connection wrapper, statements that remember their SQL, and transactions that cannot
 * be left open.
 *
 * Invariants: WAL, synchronous FULL, busy timeout LIMIT_DB_BUSY_MS, page size 8192 for new files;
 * application_id marks the file as ours, user_version is the schema's number; every failure is
 * ERR_STORE (message: SQLite's text, the path, what was being done, and for a full disk or a
 * read-only file what to do). A connection belongs to one thread at a time. Values are always
 * bound.
 */
#ifndef ROLLCALL_IO_DB_H
#define ROLLCALL_IO_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct db;
struct db_stmt;

enum db_mode {
    DB_WRITE, /* open or make, migrate to the newest schema */
    DB_READ,  /* open existing, read-only, schema must be the program's own */
};

enum { DB_APPLICATION_ID = 0x726c636c }; /* "rlcl" */

/* Opens `path`. DB_WRITE makes the file (its directory must exist) and runs the missing migrations,
 * one transaction each. Refused with a clear message: a network file system, a file that is no
 * database or not ours, a newer schema; in DB_READ also an absent file or an older schema (the next
 * extract migrates it). A reader needs no right to write: without it the file is read by the
 * writer's WAL or, where nobody writes, by itself; then a run that writes meanwhile makes the next
 * step fail (ERR_STORE). Close with db_close. */
struct db *db_open(const char *path, enum db_mode mode, struct err *e);

/* Whether `path` can hold a database of ours: refuses what db_open with DB_WRITE refuses because of
 * the place or the file's header, and makes nothing. For before a lock file is made. */
bool db_check(const char *path, struct err *e);

/* Rolls back what is open and closes; NULL is allowed. Statements are finalized before: one that is
 * left keeps the file open. */
void db_close(struct db *d);

/* As it was given to db_open. */
const char *db_path(const struct db *d);

/* The newest schema number the program knows. */
int db_schema_version(void);

/* A prepared statement from SQL text (borrowed only during the call). Owned by the caller:
 * db_finalize. */
struct db_stmt *db_prepare(struct db *d, const char *sql, struct err *e);
void db_finalize(struct db_stmt *s);

/* Binding by position from 1. Text and blobs are borrowed until the next step/reset
 * (SQLITE_STATIC). */
void db_bind_null(struct db_stmt *s, int at);
void db_bind_int(struct db_stmt *s, int at, int64_t value);
void db_bind_real(struct db_stmt *s, int at, double value);
void db_bind_text(struct db_stmt *s, int at, const char *text, size_t length);
void db_bind_str(struct db_stmt *s, int at, const char *text); /* NULL binds NULL */
void db_bind_blob(struct db_stmt *s, int at, const void *bytes, size_t length);

/* Position of a named parameter (":name"), 0 when there is none; number of parameters; name of the
 * one at `at`. */
int db_param_index(struct db_stmt *s, const char *name);
int db_param_count(struct db_stmt *s);
const char *db_param_name(struct db_stmt *s, int at);

/* One step: *row tells whether there is a row. False on an error. */
bool db_step(struct db_stmt *s, bool *row, struct err *e);

/* Runs a statement that gives no rows, then resets it (bindings stay). */
bool db_run(struct db_stmt *s, struct err *e);

/* Makes a statement ready to run again; bindings are cleared. */
void db_reset(struct db_stmt *s);

enum db_type { DB_NULL, DB_INT, DB_REAL, DB_TEXT, DB_BLOB };

/* Columns of the present row, from 0; texts and blobs are borrowed until the next step. */
int db_column_count(struct db_stmt *s);
const char *db_column_name(struct db_stmt *s, int at);
enum db_type db_column_type(struct db_stmt *s, int at);
int64_t db_int(struct db_stmt *s, int at);
double db_real(struct db_stmt *s, int at);
const char *db_text(struct db_stmt *s, int at); /* NULL for NULL */
const void *db_blob(struct db_stmt *s, int at, size_t *length);
size_t db_bytes(struct db_stmt *s, int at);

/* Runs SQL text of one or more statements without parameters (constant text only). */
bool db_exec(struct db *d, const char *sql, struct err *e);

/* Transactions: write ones begin IMMEDIATE; read ones pin a snapshot. Nesting is a bug. db_commit
 * counts a crash-test step before and after. db_rollback is harmless outside a transaction. */
bool db_begin(struct db *d, struct err *e);
bool db_begin_read(struct db *d, struct err *e);
bool db_commit(struct db *d, struct err *e);
void db_rollback(struct db *d);

/* Copies the database, as of one moment, into the existing empty file `path`, by SQLite's backup
 * API: readers and writers go on. The copy is a plain single file (no WAL) that needs no writing to
 * be read; it is not fsynced. `d` must not be in a transaction. Errors: ERR_STORE naming `shown`,
 * ERR_STOPPED. */
bool db_backup(struct db *d, const char *path, const char *shown, struct err *e);

/* Rows changed by the last statement; the last inserted rowid. */
int64_t db_changes(struct db *d);
int64_t db_last_rowid(struct db *d);

#endif
