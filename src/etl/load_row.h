/*
 * A prepared statement that is fed rows of cells: NULLs are bound only where the row before had a
 * value, which for wide and mostly empty rows is half of the work.
 */
#ifndef ROLLCALL_ETL_LOAD_ROW_H
#define ROLLCALL_ETL_LOAD_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "etl/walk.h"
#include "io/db.h"

struct row_stmt {
    struct db_stmt *stmt;
    unsigned char *is_set; /* by parameter, from 1: the last row bound a value */
};

/* Prepares `sql`. Free with row_stmt_free (harmless on a zeroed one). */
bool row_stmt_init(struct row_stmt *s, struct db *d, const char *sql, struct err *e);
void row_stmt_free(struct row_stmt *s);

/* Binds one value, or `count` cells from parameter `at` on. Text stays borrowed until
 * row_stmt_run. */
void row_stmt_cell(struct row_stmt *s, int at, const struct cell *c);
void row_stmt_cells(struct row_stmt *s, int at, const struct cell *cells, size_t count);
void row_stmt_int(struct row_stmt *s, int at, int64_t value);
void row_stmt_null(struct row_stmt *s, int at);
void row_stmt_text(struct row_stmt *s, int at, const char *text, size_t length);

/* Runs a statement that gives no rows; bindings stay. */
bool row_stmt_run(struct row_stmt *s, struct err *e);

/* The cell of a result's column; text is copied to the arena. */
struct cell row_column(struct db_stmt *s, int at, struct arena *a);

#endif
