/*
 * Rows of a state history in the file, as arrays of cells. For observe.c.
 */
#ifndef ROLLCALL_ETL_OBSERVE_ROWS_H
#define ROLLCALL_ETL_OBSERVE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "etl/map.h"
#include "etl/walk.h"
#include "io/db.h"

/* Where the history's own columns are among those of its map; SIZE_MAX when it has none such. */
struct history_columns {
    size_t id;
    size_t start;
    size_t end;
    size_t first_observed;
    size_t last_observed;
    size_t change_time; /* time_of_adherence_change */
};

struct history;

/* Statements for the table `map`, whose agents are told apart by the column `id`. Free with
 * history_free. */
struct history *history_new(struct db *d, const struct table_map *map, const char *id,
                            struct err *e);
void history_free(struct history *h);

/* Where its own columns are. */
const struct history_columns *history_columns(const struct history *h);

/* A row: cells in the map's order, and row_source. */
struct history_row {
    struct cell *cells;
    struct cell source;
};

/* The agent's last row that starts at or before `time` (NULL: the last of all), or its first that
 * starts after it. NULL cells when there is none. In the arena. */
bool history_before(struct history *h, const struct cell *id, const struct cell *time,
                    struct arena *a, struct history_row *out, struct err *e);
bool history_after(struct history *h, const struct cell *id, const struct cell *time,
                   struct arena *a, struct history_row *out, struct err *e);

/* Inserts a row; writes all columns of the row that has this one's id and start; deletes it. */
bool history_insert(struct history *h, const struct history_row *row, struct err *e);
bool history_update(struct history *h, const struct history_row *row, struct err *e);
bool history_delete(struct history *h, const struct history_row *row, struct err *e);

/* Closes the open rows last observed before `since`; how many. */
bool history_close_since(struct history *h, struct db *d, const char *since, int64_t *closed,
                         struct err *e);

#endif
