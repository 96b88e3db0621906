/*
 * Status: how far each stream is and what is behind, read from the file alone.
 *
 * An enabled stream is overdue when nothing of it was read for `due_hours`, or when runs were to
 * read it and none of them ended well for so long. It is behind when it is overdue, or when a
 * window that ended longer ago than that is not complete. All of it is in out/status.sql.
 */
#ifndef ROLLCALL_OUT_STATUS_H
#define ROLLCALL_OUT_STATUS_H

#include <stdio.h>

#include "base/err.h"
#include "io/config.h"
#include "io/db.h"

/* Gathers the status of all streams at `now_ms` into tables of the connection's own (status,
 * status_stream, status_run), in the read transaction of the caller: they last until its
 * db_rollback. The configuration tells which streams are enabled (one that is not is shown, but
 * never behind) and due_hours. */
bool status_gather(struct db *d, const struct config *c, int64_t now_ms, struct err *e);

/* Prints what was gathered for people, in `width` columns (0: as wide as need be). As one JSON
 * object it is sql_status_document; whether a stream is overdue or behind is sql_status_is_behind.
 */
bool status_print(struct db *d, int width, FILE *out, struct err *e);

#endif
