/*
 * The walker: turns the entities of a document into rows, by their map. It knows no tables but
 * those of the map, and no SQL.
 *
 * Rows are gathered, entity after entity, until walk_clear: a page's rows or a part of them. Each
 * row bears its entity's number and a free cell in front for the entity's key, so that a table's
 * rows can be fed to SQLite as they lie there.
 *
 * Invariants: absent, null and wrong type are told apart: absent and null become NULL; a value of
 * the wrong type becomes NULL and is counted (data_problem); a field that no column names is
 * counted (unknown_field) and never fails; only a missing own id refuses the page. A cell has its
 * column's kind or none: a REAL column never gets an integer, an integer column never a real.
 * Tables come root first, each parent before its children. Cells borrow text from the document or
 * from the walker until walk_clear.
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

/* The rows of one table: cells row by row, `cells_per_row` to a row: the key (NULL until
 * walk_set_key), ancestors' ordinals, own ordinal (if the table has one), columns; of the root
 * also, last, the caller's own cells (NULL). */
struct row_set {
    const struct table_map *table;
    size_t cells_per_row;
    size_t row_count;
    size_t row_capacity;
    size_t first; /* row of the entity walked last */
    struct cell *cells;
    uint32_t *entities; /* by row: number of its entity, from 0 */
};

/* An entity that was walked. The content hashes are over its rows without attributes, and over its
 * attributes alone (keyed by their participant's id, so that ordinals do not matter); never 0. They
 * are stored: the same content gives the same numbers in every version of the program. NULLs are
 * left out, so that a column added to a map changes no stored hash. */
struct walked {
    struct cell id;
    uint64_t row_hash;
    uint64_t attribute_hash;
    bool has_attributes;
};

/* What was seen beside the rows; counts add up over a page. */
struct walk_note {
    const char *path;    /* dotted, from the entity: "participants.sessions.foo" */
    const char *problem; /* NULL for an unknown field; else "wrong type", "bad time", "number out of
                            range"... */
    const char *example; /* its first 80 characters, escaped; NULL for an unknown field */
    int64_t count;
};

struct walker;

/* A walker for one tree, whose root's rows end in `own_cells` cells of the caller's. Free with
 * walk_free. */
struct walker *walk_new(const struct tree_map *tree, size_t own_cells);
void walk_free(struct walker *w);

/* Where the entities of an answer are, by the tree's `entities` alternatives; absent when there are
 * none. Whether it is an array is the caller's to check. */
struct json walk_entities(const struct walker *w, struct json root);

/* Walks one more entity: its rows come behind those gathered. False with ERR_CONTRACT when the
 * entity lacks its own id or is no object; its rows are then no use. */
bool walk_entity(struct walker *w, struct json entity, struct walked *out, struct err *e);

/* The rows gathered, by table; the array stays where it is. */
const struct row_set *walk_sets(const struct walker *w);

/* How many cells they have in all. */
size_t walk_cells(const struct walker *w);

/* Gives the rows of the entity walked last their key. */
void walk_set_key(struct walker *w, const struct cell *key);

/* Forgets the rows, or the notes; memory stays, but for what one huge entity needed. */
void walk_clear(struct walker *w);
void walk_clear_notes(struct walker *w);

/* Notes gathered since walk_clear_notes, in the order in which they came up: at most 1,000; what
 * comes after is counted under the path "...", so that a hostile document costs no memory. */
const struct walk_note *walk_notes(const struct walker *w, size_t *count);

/* --- what a tree looks like --- */

/* The tables, root first. */
size_t walk_table_count(const struct walker *w);
const struct table_map *walk_table(const struct walker *w, size_t at);

/* Dotted path of a table's rows from the entity ("participants.sessions"), "" for the root. */
const char *walk_path(const struct walker *w, size_t table);

/* The table a table's rows sit in. Not for the root. */
size_t walk_parent(const struct walker *w, size_t table);

/* How many ordinals follow the key in a table's rows, and the column each of them is for. */
size_t walk_ordinals(const struct walker *w, size_t table);
const char *walk_ordinal_name(const struct walker *w, size_t table, size_t at);

/* --- parts that can be had alone --- */

/* What one attribute adds to the attribute hash, for those that are in the file: the hash is the
 * total of the sum. `table` is the attributes' place among the tables, `parent_id` the own id of
 * the row's parent (participant_id; CELL_NULL when it has none), `columns` the row's columns. */
uint64_t walk_attribute_term(struct walker *w, size_t table, const struct cell *parent_id,
                             const struct cell *columns);
uint64_t walk_attribute_total(uint64_t sum);

/* Fills `c` from a value that is neither absent nor null, as the column wants it. Text is borrowed
 * from the document or the arena. Returns NULL, or the problem (static text) for which the cell is
 * to be NULL. */
const char *walk_value(struct arena *a, const struct column_map *column, struct json v,
                       struct cell *c);

#endif
