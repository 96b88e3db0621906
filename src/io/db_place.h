/*
 * Where a database lies, and how this user may read it; for io/db.c.
 *
 * Invariant: looking leaves nothing behind, neither a file nor a lock.
 */
#pragma once

#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"

/* SQLite's file format, 1.3: bytes 18 and 19 say how the file is written and read, 1 with a
 * rollback journal, 2 with a WAL. */
enum { DB_FORMAT_OFFSET = 18 };

/* Whether a database may be at `path`: no network file system, a file that this user may read, or
 * none yet where its directory exists (`must_exist`: refused). */
bool db_place_check(const char *path, bool must_exist, struct err *e);

/* The name, in the arena, under which SQLITE_OPEN_URI reads the main file alone, without locks,
 * without its WAL. NULL where that says nothing: absent, empty, or beside a WAL (a checkpoint may
 * have been cut in its first page, which SQLite then has from the WAL). */
const char *db_place_alone(struct arena *a, const char *path);

/* Puts a write-ahead log that is not of the file at `path` (a backup moved there, or nothing) out
 * of its way, beside it under a name that the log tells. What SQLite can recover is left to it.
 * ERR_STORE when it cannot be moved, or some program still uses it. */
bool db_place_settle(const char *path, struct err *e);

/* Moves the one with inode `wal`, known to be of a file that was at `path` (symbolic links
 * resolved) before; false when it is not there or has to stay. */
bool db_place_set_aside(const char *path, ino_t wal);

/* How this user's rights allow to read a database, without leaving a file of this user beside it
 * where the writer could not use it. */
struct db_reading {
    const char *name; /* for sqlite3_open_v2, with `flags` */
    int flags;
    bool frozen; /* without locks and WAL: good for as long as the file is as `stamp` says */
    struct stat stamp;
};

/* As usual where the user may write; else read-only by the writer's WAL, or, where there is none,
 * frozen. ERR_STORE says what right is missing. */
bool db_place_reading(struct arena *a, const char *path, struct db_reading *out, struct err *e);

/* Whether the file is as it was; ERR_STORE otherwise: what was read may be of two moments. */
bool db_stamp_check(const struct stat *stamp, const char *path, struct err *e);
