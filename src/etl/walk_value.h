/*
 * One JSON value as one cell of a column: types, times and spellings.
 */
#ifndef ROLLCALL_ETL_WALK_VALUE_H
#define ROLLCALL_ETL_WALK_VALUE_H

#include "base/arena.h"
#include "etl/map.h"
#include "etl/walk.h"
#include "io/json.h"

/* Fills `c` from a value that is neither absent nor null. Text is borrowed from the document or the
 * arena. Returns NULL, or the problem (static text) for which the cell is NULL. */
const char *value_to_cell(struct arena *a, const struct column_map *column, struct json v,
                          struct cell *c);

/* Fills `c` from a text, for columns that take one. */
const char *value_text_to_cell(struct arena *a, const struct column_map *column, const char *text,
                               size_t length, struct cell *c);

extern const char value_wrong_type[]; /* "wrong type" */

#endif
