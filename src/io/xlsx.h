/*
 * A workbook for Excel and its like, by libxlsxwriter: one sheet, its first row the columns' names,
 * bold and frozen, every column as wide as what it holds.
 *
 * Invariants: numbers are numbers, and so are times (a date, or date and time, as SQLite and we
 * write them, in a format that shows them so); every other text is text, never a formula or a link;
 * NULL is an empty cell. Memory does not grow with the rows; what waits for the end lies beside the
 * file, without a name.
 */
#pragma once

#include "io/cell.h"
#include "io/file.h"

struct xlsx_writer;

/* A workbook that xlsx_finish writes into `file` (borrowed). */
struct xlsx_writer *xlsx_new(const struct file_aside *file);

/* The next cell of the row; of the first one each is a column's name. */
void xlsx_cell(struct xlsx_writer *w, struct cell c);

/* Ends the row. False with ERR_USAGE when a sheet cannot hold it: more than 1,048,576 rows with the
 * first, or a text of more than 32,767 characters. Nothing is to be added then. */
bool xlsx_end_row(struct xlsx_writer *w, struct err *e);

/* Writes the workbook where it is `wanted`, and frees. ERR_STORE naming the path. */
bool xlsx_finish(struct xlsx_writer *w, bool wanted, struct err *e);
