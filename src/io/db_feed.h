/*
 * A feed: rows of the program's own as a table of a connection, for INSERT .. SELECT.
 *
 * Invariant: rows are read from the first to the last, each time the table is read; the rowid is
 * their place from 0.
 */
#ifndef ROLLCALL_IO_DB_FEED_H
#define ROLLCALL_IO_DB_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "io/cell.h"

/* Rows of `width` cells that lie one after the other. All is borrowed; where the rows are and how
 * many is looked up each time the table is read. */
struct db_feed {
    const char *columns; /* as in CREATE TABLE; `width` of them */
    size_t width;
    struct cell *const *cells;
    const size_t *row_count;
    /* Called with `user` and `table`; false: the row is left out. */
    bool (*has)(const void *user, size_t table, size_t row);
    const void *user;
    size_t table;
};

/* SQLite's side of it, whose client data is a struct db_feed; for db_feed() of io/db.h. */
extern const struct sqlite3_module db_feed_module;

#endif
