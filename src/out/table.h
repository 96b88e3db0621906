/*
 * Tables for a terminal: aligned columns, text escaped, East Asian characters two columns wide.
 *
 * Invariants: nothing in a cell can move the cursor or end a line; numbers are set to the right and
 * never cut; when a table is wider than the terminal, its widest texts are cut and end in "..".
 */
#ifndef ROLLCALL_OUT_TABLE_H
#define ROLLCALL_OUT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"

struct table;

/* A table of `columns` columns in memory of `a`; cells come row by row, the first row being the
 * head. Free with table_free. */
struct table *table_new(struct arena *a, size_t columns);
void table_free(struct table *t);

/* The next cell: text of `length` bytes, a string (NULL is an empty cell), a number. */
void table_text(struct table *t, const char *text, size_t length);
void table_str(struct table *t, const char *text);
void table_int(struct table *t, int64_t value);
void table_real(struct table *t, double value);

/* Prints the rows that are whole, within `width` terminal columns where that can be (0: no limit).
 */
void table_print(const struct table *t, int width, FILE *out);

/* Rows so far, without the head. */
size_t table_rows(const struct table *t);

/* Columns of the terminal that `file` is: COLUMNS, else what the terminal says, else 80; 0 when it
 * is none. */
int table_terminal_width(FILE *file);

#endif
