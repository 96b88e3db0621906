/*
 * What the walker's parts share: walk.c (making, entities), walk_rows.c (rows from members) and
 * walk_hash.c (content hashes). For these files only.
 */
#ifndef ROLLCALL_ETL_WALK_INTERNAL_H
#define ROLLCALL_ETL_WALK_INTERNAL_H

#include "etl/walk.h"
#include "etl/walk_lookup.h"
#include "etl/walk_note.h"
#include "io/hash.h"

/* A table of the tree, at its place among the others. */
struct walk_table {
    const struct table_map *map;
    const struct walk_table *parent; /* NULL for the root */
    const char *path;                /* of its rows, from the entity: "participants.sessions" */
    size_t key_cells;                /* leading cells: ancestors' ordinals and its own */
    struct lookup *members;          /* NULL when its elements are plain values */
    size_t parent_id_cell;           /* where the parent's row has the parent's own id */
    bool parent_has_id;
    uint32_t name_hash;
    uint32_t *column_hashes;
    size_t *required; /* columns without which a row is refused */
    size_t required_count;
    unsigned char *ranks;    /* of the row being filled: which alternative filled the column */
    uint64_t serial;         /* of the row being filled */
    uint64_t rows_of_serial; /* the parent's row that brought the last rows */
};

struct walker {
    const struct tree_map *tree;
    struct arena *fixed;
    struct arena *entity; /* reset with each entity */
    struct walk_table *tables;
    struct row_set *sets;
    size_t table_count;
    struct lookups lookups;
    struct notes *notes;
    struct hash *hash;
    uint64_t serial; /* counts rows */
    uint64_t row_hash;
    uint64_t attribute_hash;
    bool has_attributes;
};

/* Fills all row sets from one entity; ERR_CONTRACT when a required column has no value. */
bool rows_from_entity(struct walker *w, struct json entity, struct err *e);

/* Computes both hashes of the row sets. */
void hash_entity(struct walker *w);

#endif
