/*
 * LOAD_INTERVALS: rows with a start and an end that are put together across windows. The start is
 * the id with "start" in its name, the end the column that has "end" there (spell_start,
 * spell_end); the other ids are the key; there are no tables below.
 *
 * A row that comes again with its key and start is extended, shortened or closed. A window that
 * cuts its rows gives pieces: one that starts where the window does goes on the row that reaches up
 * to there, one that ends where the window does is gone on by the row that starts there, if all
 * else that is hashed is equal. Pieces that are open stay by themselves until their own window
 * closes them. A window that says that a row is open, or ends with it, says nothing of what comes
 * after: an end that is stored stays. Invariants: whichever window comes
 * first, the same pieces make the same rows; nothing is deleted but a piece that another row has
 * taken in.
 */
#ifndef ROLLCALL_ETL_INTERVALS_H
#define ROLLCALL_ETL_INTERVALS_H

#include "etl/history.h"

/* For rows of `tree`'s root in `d` (both borrowed). Free with history_free. */
struct history *intervals_new(struct db *d, const struct tree_map *tree);

#endif
