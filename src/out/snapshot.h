/*
 * Snapshot: a copy of the whole database as one plain file, for shares and tools that must not open
 * a live one.
 *
 * Invariants: the copy is of one moment and is written aside, fsynced and renamed: whoever opens
 * FILE sees the old copy or the new one, whole, and an interrupted snapshot leaves the old one.
 */
#ifndef ROLLCALL_OUT_SNAPSHOT_H
#define ROLLCALL_OUT_SNAPSHOT_H

#include "base/err.h"
#include "io/db.h"

/* Writes a copy of `d` to `path`. ERR_USAGE when `path` is the database itself or a file that
 * belongs to it; ERR_STORE naming the path (also when some program has the old copy open for
 * writing); ERR_STOPPED. */
bool snapshot_write(struct db *d, const char *path, struct err *e);

#endif
