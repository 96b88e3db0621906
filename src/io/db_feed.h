/*
 * A feed: rows of the program's own as a table of a connection, for INSERT .. SELECT.
 *
 * Invariant: rows are read from the first to the last, each time the table is read; cells are asked
 * for only of rows that are not left out.
 */
#ifndef ROLLCALL_IO_DB_FEED_H
#define ROLLCALL_IO_DB_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "io/cell.h"

/* All is borrowed; functions get `user` and `table` as they are here. */
struct db_feed {
    const char *columns;                                     /* as in CREATE TABLE */
    const size_t *rows;                                      /* how many there are now */
    bool (*has)(const void *user, size_t table, size_t row); /* false: the row is left out */
    struct cell (*cell)(const void *user, size_t table, size_t row, int column);
    const void *user;
    size_t table;
};

/* SQLite's side of it, whose client data is a struct db_feed; for db_feed() of io/db.h. */
extern const struct sqlite3_module db_feed_module;

#endif
