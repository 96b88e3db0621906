/*
 * The walker: turns one entity of a document into rows, by its map. It knows no tables but those of
 * the map, and no SQL.
 *
 * Invariants: absent, null and wrong type are told apart: absent and null become NULL; a value of
 * the wrong type becomes NULL and is counted (data_problem); a field that no column names is
 * counted (unknown_field) and never fails; only a missing own id refuses the page. Rows come in the
 * table's order, children grouped by table. Cells borrow text from the document or the arena.
 */
#ifndef ROLLCALL_ETL_WALK_H
#define ROLLCALL_ETL_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "etl/map.h"
#include "io/cell.h"
#include "io/json.h"

/* The rows of one table: cells row by row, `cells_per_row` to a row: ancestors' ordinals, own
 * ordinal (if the table has one), columns. The root's integer key is not among them: the loader
 * knows it. */
struct row_set {
    const struct table_map *table;
    size_t cells_per_row;
    size_t row_count;
    size_t row_capacity;
    struct cell *cells;
};

/* What was seen beside the rows; counts add up over a page. Kept in the walker's own arena until
 * walk_reset. */
struct walk_note {
    const char *path;    /* dotted, from the entity: "participants.sessions.foo" */
    const char *problem; /* NULL for an unknown field; else "wrong type", "bad time", "number out of
                            range"... */
    const char *example; /* its first 80 characters, escaped; NULL for an unknown field */
    int64_t count;
};

struct walker;

/* A walker for one tree; precomputes look-up tables. Free with walk_free. */
struct walker *walk_new(const struct tree_map *tree);
void walk_free(struct walker *w);

/* Tables of the tree, root first, each parent before its children: the order of row sets. */
size_t walk_table_count(const struct walker *w);
const struct table_map *walk_table(const struct walker *w, size_t at);

/* Which column of the root is the entity's own id. */
size_t walk_id_column(const struct walker *w);

/* Dotted path of a table's rows from the entity ("participants.sessions"), "" for the root. */
const char *walk_path(const struct walker *w, size_t table);

/* Where the entities of an answer are, by the tree's `entities` alternatives; absent when there are
 * none. Whether it is an array is the caller's to check. */
struct json walk_entities(const struct walker *w, struct json root);

/* Walks one entity. *sets is an array of walk_table_count row sets, valid until the next call.
 * False with ERR_CONTRACT when the entity lacks its own id or is no object. */
bool walk_entity(struct walker *w, struct json entity, const struct row_set **sets, struct err *e);

/* The two content hashes of the entity walked last: over the rows without attributes, and over the
 * attributes alone (attributes keyed by participant id, so that ordinals do not matter). Never 0.
 */
uint64_t walk_row_hash(const struct walker *w);
uint64_t walk_attribute_hash(const struct walker *w);

/* The attribute hash of rows that are not a walked entity's (kept ones, read from the file): the
 * total of the sum of each row's term. `table` is the attributes' place among the tables,
 * `parent_id` the own id of the row's parent (participant_id; CELL_NULL when it has none),
 * `columns` the row's columns. Overwrites nothing of the entity walked last. */
uint64_t walk_attribute_term(struct walker *w, size_t table, const struct cell *parent_id,
                             const struct cell *columns);
uint64_t walk_attribute_total(uint64_t sum);

/* Leading cells of a table's rows that are ordinals, and the column each of them is for. */
size_t walk_key_cells(const struct walker *w, size_t table);
const char *walk_ordinal_name(const struct walker *w, size_t table, size_t at);

/* The table a table's rows sit in; the cell of that table's rows that holds their own id
 * (<table>_id), SIZE_MAX when there is none. Not for the root. */
size_t walk_parent(const struct walker *w, size_t table);
size_t walk_parent_id_cell(const struct walker *w, size_t table);

/* True when the entity walked last had any attribute row. */
bool walk_has_attributes(const struct walker *w);

/* Notes gathered since the last walk_reset. */
const struct walk_note *walk_notes(const struct walker *w, size_t *count);

/* Forgets notes; memory stays. */
void walk_reset(struct walker *w);

#endif
