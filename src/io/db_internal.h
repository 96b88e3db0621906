/*
 * What db.c (statements, transactions, error texts), db_place.c (whose file is it, what may this
 * user do there), db_open.c (pragmas, migrations) and db_backup.c share. For these files only.
 */
#ifndef ROLLCALL_IO_DB_INTERNAL_H
#define ROLLCALL_IO_DB_INTERNAL_H

#include <sqlite3.h>
#include <sys/types.h>
#include <time.h>

#include "io/db.h"

/* By what a change of the file is told. */
struct db_stamp {
    ino_t inode;
    off_t size;
    struct timespec modified_at;
    struct timespec changed_at;
};

struct db {
    sqlite3 *handle;
    char *path;
    bool in_transaction;
    bool frozen; /* read without locks; good for as long as the file is as it was (`stamp`) */
    struct db_stamp stamp;
};

struct db_header {
    int64_t application_id;
    int64_t version;
    int64_t has_tables;
};

/* Fills `e` from the connection's last error: path, what was being done ("opening", or a
 * statement's text, shortened), SQLite's reason, and what to do about it. Returns false. */
bool db_fail(struct db *d, const char *doing, struct err *e);

/* The first column of the first row of a constant query; false on an error. */
bool db_scalar(struct db *d, const char *sql, int64_t *out, struct err *e);

/* sqlite3_open_v2 with a path (for messages) and a name or URI. Close with db_close. */
struct db *db_open_handle(const char *path, const char *name, int flags, struct err *e);

/* What the file says of itself; a blank one is nobody's yet. db_judge_header refuses what is
 * another program's or a newer rollcall's. */
bool db_read_header(struct db *d, struct db_header *h, struct err *e);
bool db_header_is_blank(const struct db_header *h);
bool db_judge_header(const char *path, const struct db_header *h, struct err *e);

/* db_check, for a way of opening: DB_READ also refuses an absent file. */
bool db_check_place(const char *path, enum db_mode mode, struct err *e);

/* Opens for reading in whatever way this user's rights allow, without leaving a file of this user
 * beside the database where the writer could not use it: as usual where the user may write; else
 * read-only by the writer's WAL, or, where there is none, frozen. ERR_STORE says what right is
 * missing. */
struct db *db_open_to_read(const char *path, struct err *e);

/* False (ERR_STORE) when a file that is read frozen was written to since it was opened: what was
 * read may be of two moments. */
bool db_check_frozen(const struct db *d, struct err *e);

#endif
