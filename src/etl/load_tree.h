/*
 * LOAD_TREE: puts one walked entity into its tables, writing only what differs. For load.c.
 */
#ifndef ROLLCALL_ETL_LOAD_TREE_H
#define ROLLCALL_ETL_LOAD_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "etl/load.h"
#include "etl/walk.h"
#include "io/db.h"

struct tree_loader;

/* A loader of `tree` on `d`; `w` walks the same tree (both borrowed). Free with tree_loader_free.
 */
struct tree_loader *tree_loader_new(struct db *d, const struct tree_map *tree, struct walker *w,
                                    struct err *e);
void tree_loader_free(struct tree_loader *t);

/* What becomes of an entity. */
struct tree_outcome {
    bool is_new;
    bool is_changed;
    size_t gone_attributes; /* dropped, since their participant is no longer there */
    const char *gone_id;    /* the first such participant; NULL: it had no id. Borrowed until the
                               next call. */
};

/* Stores the entity walked last. `changed_at` is page->received_ms as ISO text. */
bool tree_load(struct tree_loader *t, const struct load_page *page, const char *changed_at,
               const struct row_set *sets, struct tree_outcome *out, struct err *e);

/* The page was refused: forgets what was rolled back with it. */
void tree_forget(struct tree_loader *t);

/* Dotted path of the attributes, for notes; NULL when the tree has none. */
const char *tree_attribute_path(const struct tree_loader *t);

#endif
