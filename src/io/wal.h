/*
 * What a writer's write-ahead log holds is copied into its file by a thread of its own, beside what
 * is written next: else a sixth of loading's time goes there.
 *
 * Invariants: the log is as SQLite has it at any moment, so a kill loses nothing. SQLite begins it
 * anew only once all of it is copied: so after two copies beside the writer one by the writer
 * itself takes what has come since. It grows beyond some five times LIMIT_WAL_FRAMES only while a
 * reader keeps an old state. Once a copy is done the log is again the younger of the two files,
 * which is how the next start knows it for the file's own (io/db.c).
 */
#pragma once

struct sqlite3;
struct wal_copier;

/* Attends a connection that writes to the file at `path` (both borrowed), in place of SQLite's own
 * wal_autocheckpoint. Free with wal_copier_free, before the connection is closed. */
struct wal_copier *wal_copier_new(struct sqlite3 *writer, const char *path);
void wal_copier_free(struct wal_copier *c);

/* Waits until nothing is copied by the thread. */
void wal_copier_wait(struct wal_copier *c);
