/*
 * Attributes that stay when a conversation is replaced by an answer that brings none: they follow
 * their participant, by its id, to its new ordinal.
 *
 * Calling sequence for one entity: keep_read while the old rows are in the file, keep_place against
 * the new ones, and, when anything moved or went, keep_write after the old rows are deleted.
 */
#ifndef ROLLCALL_ETL_LOAD_KEEP_H
#define ROLLCALL_ETL_LOAD_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "etl/load_row.h"
#include "etl/walk.h"
#include "io/db.h"

struct keep;

/* For the tree's one table of attributes, at `table` among the walker's; its parent sits directly
 * below the root. Free with keep_free. */
struct keep *keep_new(struct db *d, const struct tree_map *tree, struct walker *w, size_t table,
                      struct err *e);
void keep_free(struct keep *k);

/* Reads the attributes of `key` and whose they are. */
bool keep_read(struct keep *k, const struct cell *key, struct err *e);

struct keep_result {
    bool moved;          /* not all stay where they are */
    size_t gone;         /* how many have no participant any more */
    const char *gone_id; /* the first such participant; NULL: it had no id */
    uint64_t hash;       /* attribute hash of what stays */
};

/* Finds the new ordinals among the rows that replace the participants. */
struct keep_result keep_place(struct keep *k, const struct row_set *new_parents);

/* Inserts what stays, at its new ordinals. */
bool keep_write(struct keep *k, struct row_stmt *insert, const struct cell *key, struct err *e);

#endif
