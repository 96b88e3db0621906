/*
 * Locks between runs: the kernel's, on `PATH.lock` beside the database, one byte range a stream.
 *
 * Invariants: open file description locks (fcntl F_OFD_SETLK), so they end with the process however
 * it ends, and closing the database file cannot drop them; the database file itself is never locked
 * by us. The holder's pid, host and start time are written into the file at the stream's slot, for
 * messages only. Systems without such locks get the process's own (F_SETLK).
 */
#pragma once

#include "base/err.h"

struct lock_file;

/* Slots of streams as `extract` takes them, and behind them the same as `backfill` does. */
enum { LOCK_PAST = 64, LOCK_SLOTS = 2 * LOCK_PAST, LOCK_HOLDER_BYTES = 128 };

/* Opens (making it when absent) the lock file beside `database_path`; a symbolic link to a database
 * leads to the lock beside the database itself. Where a link or no plain file stands in its place,
 * nothing is written. Errors: ERR_STORE naming the path. */
struct lock_file *lock_open(const char *database_path, struct err *e);

/* Takes slot `slot` (0 to LOCK_SLOTS - 1) without waiting. False with ERR_LOCKED when another
 * process holds it; the message says which stream (`name`), and who holds it.
 * Taking a slot that this lock_file holds succeeds. */
bool lock_take(struct lock_file *l, int slot, const char *name, struct err *e);

/* Frees a slot (harmless when not held). */
void lock_drop(struct lock_file *l, int slot);

/* Claims a window for this lock_file without waiting, one byte of the file each; false when another
 * process has it. Claiming again what it has succeeds, and is undone at once by lock_unclaim. */
bool lock_claim(struct lock_file *l, int64_t window_id);
void lock_unclaim(struct lock_file *l, int64_t window_id);

/* How many runs hold slots, each of a lock_file of its own, this one included. */
int lock_runs(struct lock_file *l);

/* Who holds `slot`, as text "process 123 on HOST, started 2026-..." (or "of the container NAME")
 * into `holder` (LOCK_HOLDER_BYTES); false when it is free. */
bool lock_holder(struct lock_file *l, int slot, char *holder);

/* Whether somebody holds `slot` of the lock file beside a database: 1 or 0; -1 where there is no
 * such file, or it may not be read. For readers: nothing is made or written. */
int lock_is_held(const char *database_path, int slot);

/* Frees all slots and closes. The file stays: removing it would let two runs lock two files. */
void lock_close(struct lock_file *l);
