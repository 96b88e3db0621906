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

#include "io/cell.h"

struct table;

/* A table of `columns` columns; cells come row by row, with `has_head` the first row names them.
 * Free with table_free. */
struct table *table_new(size_t columns, bool has_head);
void table_free(struct table *t);

/* The next cell: of a statement's row, a string (NULL is an empty cell). */
void table_cell(struct table *t, const struct cell *c);
void table_str(struct table *t, const char *text);

/* Prints the rows that are whole, within `width` terminal columns where that can be (0: no limit).
 */
void table_print(const struct table *t, int width, FILE *out);

/* Columns of the terminal that `file` is: COLUMNS, else what the terminal says, else 80; 0 when it
 * is none. */
int table_terminal_width(FILE *file);

#endif
