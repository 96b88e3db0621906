/*
 * The walker: turns the entities of a page into rows, by their maps. It knows no tables but those
 * of the maps, and no SQL. Pages are walked in the network thread and handed over whole.
 *
 * Each row bears its entity's number and a free cell in front for the entity's key, so that a
 * table's rows can be fed to SQLite as they lie there. The walker writes what a page's document
 * says; the free cells (the key, and those of a root's row behind its columns) are the loader's,
 * who may fill them anew. An entity here is a row of a tree's root: where the root's rows are
 * nested in the elements of the answer, one element may hold many, or none.
 *
 * Invariants: absent, null and wrong type are told apart: absent and null become NULL; a value of
 * the wrong type becomes NULL (in a text column a number or boolean becomes its text) and is
 * counted (data_problem); a field that no column names is
 * counted (unknown_field) and never fails; only a missing own id refuses the page. A cell has its
 * column's kind or none: a REAL column never gets an integer, an integer column never a real.
 * Tables come root first, each parent before its children; entities' rows lie in their order.
 * Cells borrow text from the page. A walked page needs its walker no longer.
 */
#pragma once

#include "etl/map.h"
#include "io/json.h"

/* Cells of the loader's behind the columns of a root's row; how many tables a tree may have. */
enum { WALK_OWN_CELLS = 12, WALK_TABLES_MAX = 32 };

/* The rows of one table: cells row by row, `cells_per_row` to a row: the key (NULL), ancestors'
 * ordinals, own ordinal (if the table has one), columns; of the root also, last, WALK_OWN_CELLS
 * (NULL). */
struct row_set {
    const struct table_map *table;
    size_t cells_per_row;
    size_t row_count;
    size_t row_capacity;
    size_t first; /* row of the entity being walked */
    struct cell *cells;
    uint32_t *entities; /* by row: number of its entity, from 0; rising */
};

/* An entity that was walked; its root's row has the same number. The content hashes are over its
 * rows without attributes, and over its attributes alone (keyed by their participant's id, so that
 * ordinals do not matter but for those that have none); never 0. They are stored: the same content
 * gives the same numbers in every version of the program. NULLs are left out, so that a column
 * added to a map changes no stored hash. */
struct walked {
    struct cell id;
    uint64_t row_hash;
    uint64_t attribute_hash;
    bool has_attributes;
    bool superseded; /* its id comes again in the page */
    bool written;    /* the loader's: its rows are in the tables by now, under its key */
};

/* A page's rows by one tree. */
struct walked_tree {
    struct row_set *sets; /* by table */
    size_t table_count;
    struct walked *entities;
    size_t count;
    size_t capacity;
};

/* What was seen beside the rows; counts add up over a page. */
struct walk_note {
    const char *path;    /* dotted, from the entity: "participants.sessions.foo" */
    const char *problem; /* NULL for an unknown field; else "wrong type", "bad time", "number out of
                            range"... */
    const char *example; /* its first 80 characters, escaped; NULL for an unknown field */
    int64_t count;
};

/* A page that was walked. Only the cells that are the loader's may be written. */
struct walked_page {
    struct json_doc *document;
    struct arena *texts;
    struct walked_tree *trees;
    size_t tree_count;
    size_t count; /* entities, of several trees those of all */
    size_t bytes; /* of memory that it holds, its document included */
    /* In the order in which they came up: at most 1,000; what comes after is counted under the path
     * "...", so that a hostile document costs no memory. */
    struct walk_note *notes;
    size_t note_count;
};

/* What a page's rows are of, for columns that say so. */
struct walk_facts {
    int64_t start_ms; /* of the window; TIME_NONE: none */
    int64_t end_ms;
    const char *zone;   /* NULL: none */
    const char *day;    /* its date there, YYYY-MM-DD; NULL: none */
    const char *scope;  /* NULL: none */
    const char *parent; /* what the scope is part of; NULL: unknown */
    size_t unwanted;    /* elements at the end of the page that are left out */
};

/* A walker for the pages whose entities are rows of `trees` (ends in NULL; all borrowed); used by
 * one thread at a time. Free with page_walker_free. */
struct page_walker;
struct page_walker *page_walker_new(const struct tree_map *const *trees);
void page_walker_free(struct page_walker *w);

/* Walks `rows`, the array of `doc` that holds the entities, or the objects in which they are nested
 * (absent or null: there are none; an object: the only one). Takes `doc` over, on failure too, and
 * drops its values; `facts` are borrowed for the call. NULL with ERR_CONTRACT when `rows` is no
 * array, an element no object or an entity without its own id (row and path in the message). Free
 * with walked_free, from any thread. */
struct walked_page *page_walk(struct page_walker *w, struct json_doc *doc, struct json rows,
                              const struct walk_facts *facts, struct err *e);
void walked_free(struct walked_page *p);

/* The id of an entity, counted through all trees (borrowed text; of several columns: one text). */
struct cell walked_id(const struct walked_page *p, size_t i);

/* --- what a tree looks like --- */

/* A table of a tree. */
struct walk_shape {
    const struct table_map *map;
    const char *path;            /* dotted, of its rows from the entity; "" for the entity */
    size_t parent;               /* the table its rows sit in; not of the root */
    const char *const *ordinals; /* columns that follow the key: its ancestors' and its own */
    size_t ordinal_count;
};

/* The tables of a tree by its place, root first. */
const struct walk_shape *walk_shapes(const struct page_walker *w, size_t tree, size_t *count);

/* --- parts that can be had alone --- */

/* What one attribute adds to the attribute hash, for those that are in the file: the hash is the
 * total of the sum. `parent_id` is the own id of the row's parent (participant_id), `columns` the
 * row's columns. A parent without an id has the number of those before it in its entity that have
 * none either, the first CELL_NULL. */
uint64_t walk_attribute_term(struct page_walker *page, size_t tree, const struct cell *parent_id,
                             const struct cell *columns);
uint64_t walk_never_zero(uint64_t hash);

/* Fills `c` from a value that is neither absent nor null, as the column wants it. `base`: what the
 * column's base leads to, an instant or the object to look up in (what is not there is NULL; in an
 * array null); offsets without a base count from `start_ms` (TIME_NONE: unknown). Text is borrowed
 * from the document or the arena. Returns NULL, or the problem (static text) for which the cell is
 * NULL, or a number's or boolean's text in a text column. */
const char *walk_value(struct arena *a, const struct column_map *column, struct json v,
                       struct json base, int64_t start_ms, struct cell *c);
