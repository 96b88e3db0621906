/*
 * Rendering: the rows of a statement as a table for people, as CSV or as JSON.
 */
#ifndef ROLLCALL_OUT_RENDER_H
#define ROLLCALL_OUT_RENDER_H

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/csv.h"
#include "io/db.h"

enum render_format {
    RENDER_TABLE, /* aligned, within the terminal's width; rows are held in memory */
    RENDER_CSV,   /* header and rows, constant memory */
    RENDER_JSON,  /* an array of objects, constant memory */
};

/* Steps `s` (bound, not yet stepped) to its end and writes all its rows to `out`. False with the
 * statement's error, ERR_STOPPED, or ERR_STORE when writing fails. */
bool render_rows(struct db_stmt *s, enum render_format format, struct arena *a, FILE *out,
                 struct err *e);

/* The present row's fields, as one CSV record (BLOBs are empty). */
void render_csv_record(struct db_stmt *s, struct csv_writer *w);

#endif
