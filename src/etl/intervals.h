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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "etl/map.h"
#include "etl/walk.h"
#include "io/cell.h"
#include "io/db.h"

struct intervals;

/* For rows of `tree`'s root in `d` (both borrowed). Free with intervals_free. */
struct intervals *intervals_new(struct db *d, const struct tree_map *tree);
void intervals_free(struct intervals *o);

/* The texts of its statements, so that a test can hold their plans. */
const char *const *intervals_statements(const struct intervals *o, size_t *count);

/* Takes one row (its columns), as a window gives it, inside the caller's transaction. *is_new: it
 * made one; *changed: it changed one. */
bool intervals_take(struct intervals *o, const struct cell *row, uint64_t row_hash,
                    const struct walk_facts *window, int64_t run_id, bool *is_new, bool *changed,
                    struct err *e);

#endif
