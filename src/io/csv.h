/*
 * CSV out, RFC 4180: comma (or another delimiter), CRLF, quotes only where needed, UTF-8. NULL is
 * an empty field, the empty string is "".
 *
 * Invariants: constant memory; a writer goes to a FILE, through gzip when asked. With
 * `neutralize_formulas` a field that begins with = + - @ (full-width ones too), TAB, CR or LF and
 * is no plain number gets an apostrophe in front (and one that begins with an apostrophe gets
 * another, so that the change can be undone). A NUL becomes U+FFFD. Reals are the shortest of 15 or
 * 17 digits that reads back as the same double, always with a point or an exponent.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "io/cell.h"

struct csv_options {
    char delimiter; /* 0: comma */
    bool gzip;
    bool bom;
    bool neutralize_formulas;
    bool escape;     /* for a terminal: text as str_escape makes it */
    bool background; /* written by a thread of its own: for a regular file, which never blocks */
};

struct csv_writer;

/* A writer on `file` (borrowed). Free with csv_finish or csv_discard. */
struct csv_writer *csv_new(FILE *file, const struct csv_options *options);

/* One field of `length` bytes of text. Delimiters and line ends are the writer's. */
void csv_text(struct csv_writer *w, const char *text, size_t length);

/* One field of whatever type; NULL is empty. */
void csv_cell(struct csv_writer *w, struct cell c);

/* Ends the record. */
void csv_end_record(struct csv_writer *w);

/* True once a write has failed: what follows is not written any more. */
bool csv_failed(const struct csv_writer *w);

/* Flushes, ends the gzip stream and frees; false when any write failed (errno tells). */
bool csv_finish(struct csv_writer *w);

/* Frees without flushing; NULL is allowed. */
void csv_discard(struct csv_writer *w);
