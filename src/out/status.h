/*
 * Status: how far each stream is and what is behind, read from the file alone.
 *
 * An enabled stream is overdue when nothing of it was read for `due_hours`, or when runs were to
 * read it and none of them ended well for so long. It is behind when it is overdue, or when a
 * window that ended longer ago than that is not complete. All of it is in out/status.sql.
 */
#ifndef ROLLCALL_OUT_STATUS_H
#define ROLLCALL_OUT_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "io/db.h"

/* The default of due_hours: a nightly run, and two hours for it to be late. */
enum { STATUS_DUE_HOURS = 26 };

/* What a caller that knows the streams says of one. */
struct status_stream_facts {
    const char *name;
    const char *title;
    const char *table; /* with one row an entity */
    bool is_snapshot;  /* no days: the state of a moment */
    bool enabled;      /* one that is not is shown, but never behind */
};

/* The streams to tell of, and the moment to judge them by. */
struct status_request {
    const struct status_stream_facts *streams;
    size_t stream_count;
    int64_t now_ms;
    int due_hours; /* 0: STATUS_DUE_HOURS */
};

/* Gathers the status into tables of the connection's own (status, status_stream, status_run), in
 * the read transaction of the caller: they last until its db_rollback. */
bool status_gather(struct db *d, const struct status_request *wanted, struct err *e);

/* Prints what was gathered for people, in `width` columns (0: as wide as need be). As one JSON
 * object it is sql_status_document; whether a stream is overdue or behind is sql_status_is_behind.
 */
bool status_print(struct db *d, int width, FILE *out, struct err *e);

#endif
