/*
 * Statement texts made from the constant maps: the one place where SQL is put together. Names come
 * from maps alone and are quoted; values are always bound.
 */
#ifndef ROLLCALL_ETL_LOAD_SQL_H
#define ROLLCALL_ETL_LOAD_SQL_H

#include <stdbool.h>

#include "base/arena.h"
#include "etl/map.h"
#include "etl/walk.h"

/* Bookkeeping columns of a root table, in the order in which they follow its columns. */
enum root_column { ROOT_HASH, ROOT_RUN, ROOT_ATTRIBUTE_HASH, ROOT_ATTRIBUTE_READ };

/* Texts in the arena. `attributes`: the root has the two columns about attributes. */

/* SELECT key (0 when there is none of ours), hashes and read mark; ?1 is the id. */
const char *sql_find(struct arena *a, const struct tree_map *tree, bool attributes);

/* Root: columns as ?1.., then the bookkeeping columns. */
const char *sql_insert_root(struct arena *a, const struct tree_map *tree, bool attributes);

/* The same numbers; the row's key (or id) is the last. */
const char *sql_update_root(struct arena *a, const struct tree_map *tree, bool attributes);

/* The attributes are read: their hash ?1, the run ?2 (NULL: as it was), the key ?3. */
const char *sql_mark_root(struct arena *a, const struct tree_map *tree);

/* `rows` rows of a child; of each: the key, then the cells of a walker's row. */
const char *sql_insert_child(struct arena *a, const struct tree_map *tree, const struct walker *w,
                             size_t table, size_t rows);
const char *sql_delete_child(struct arena *a, const struct tree_map *tree,
                             const struct table_map *map);

/* All cells of a child's rows of one key (?1), in the order of their keys. */
const char *sql_select_child(struct arena *a, const struct tree_map *tree, const struct walker *w,
                             size_t table);

/* A row of <root>_change. */
const char *sql_insert_change(struct arena *a, const struct tree_map *tree);

#endif
