/*
 * Rendering: what a statement answers, for people or programs.
 *
 * Tables, lists, CSV, arrays and workbooks are made of its rows; a document is JSON that the
 * statement makes itself (json_object and its like). A table and a list are held in memory, the
 * others are not. Errors are the statement's, ERR_STOPPED, ERR_STORE when a file cannot be
 * written, ERR_USAGE for what no workbook can hold; of standard output render_end tells.
 */
#pragma once

#include "io/csv.h"
#include "io/db.h"
#include "io/file.h"

enum render_format {
    RENDER_TABLE, /* aligned, under the columns' names, text escaped */
    RENDER_LIST,  /* the same without the names */
    RENDER_CSV,   /* with a header */
    RENDER_JSON,  /* an array of objects, one a line */
    RENDER_XLSX,  /* a workbook, in `file` */
    RENDER_WORDS, /* a paragraph a row: its indent, a mark in front (NULL: none) and the mark's
                     colour (an escape's parameters), its words */
};

/* How and where to: a table or a list keeps within `width` terminal columns where that can be (0:
 * no limit). */
struct rendering {
    enum render_format format;
    int width;
    FILE *out;                     /* borrowed */
    bool paged;                    /* a table goes through render_paged */
    const struct file_aside *file; /* that `out` is, for a workbook; borrowed */
};

/* Writes what was asked, and ends it; the other one counts its rows too. */
bool render_query(struct rows q, const struct rendering *to);
bool render_counted(struct rows q, const struct rendering *to, size_t *count);

/* Writes the JSON text in the one column of its one row, set out over lines, and ends it: what
 * holds no other object or array is kept on one line. */
bool render_document(struct rows q, FILE *out);

/* Writes the texts of its one column as they are, a line each, and ends it. */
bool render_lines(struct rows q, FILE *out);

/* Writes a paragraph of words from column `indent` on, in lines that the terminal has room for (at
 * most 119 columns), elsewhere of at most 79; `at` is the column reached already. A word too long
 * for a line is left whole: it is a URL or a path, to be copied. */
void render_words(FILE *out, const char *text, int indent, int at);

/* Writes the columns' `names`, or the present row, as a CSV record. */
void render_record(const struct rows *q, bool names, struct csv_writer *w);

/* From here on what goes to `out`, when that is standard output and a terminal that can, goes
 * through a pager: ROLLCALL_PAGER, PAGER, less (LESS=FRX unless it is set), as git does it; none
 * for "" and "cat". Once is enough. Where there is no such program, it is printed as it is. */
void render_paged(FILE *out);

/* Flushes standard output and waits for the pager's end, if there is one; false when something was
 * not written. *by_reader: since the other end of a pipe or a terminal is gone. */
bool render_end(bool *by_reader);

/* Columns of the terminal that `file` is: COLUMNS, else what it says, else 80; 0: it is none. */
int render_terminal_width(FILE *file);

/* Whether `file` may have colours: a terminal that can, unless NO_COLOR forbids it. */
bool render_has_colours(FILE *file);
