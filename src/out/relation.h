/*
 * Relations: the tables and views of the file, and how each is read for an export.
 *
 * Invariants: rows come in the order of API ids and ordinals, so that equal content gives equal
 * bytes; no statement sorts a table (the order is an index's); columns of ours (row_*, the integer
 * key) and BLOBs are left out, and a child's conversation_key is replaced by conversation_id. Names
 * come from the file's own schema and are quoted; values are bound.
 */
#ifndef ROLLCALL_OUT_RELATION_H
#define ROLLCALL_OUT_RELATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/db.h"

struct relation {
    const char *name;
    bool is_view;
};

struct relation_list {
    struct relation *items; /* by name */
    size_t count;
};

/* How a relation is read. */
struct relation_reading {
    const char *const *columns; /* as the statement gives them */
    size_t column_count;
    const char *sql;
    bool takes_since; /* ?1 is the instant (ISO text) from which on rows are wanted */
    bool
        by_conversation; /* a view of conversations: ?1 is one conversation's id; run it for each */
};

/* All tables and views, in the arena. */
bool relation_list(struct db *d, struct arena *a, struct relation_list *out, struct err *e);

/* The relation of that name; NULL when there is none. */
const struct relation *relation_find(const struct relation_list *list, const char *name);

/* The tables and views that the program's own schema makes, in its order, in the arena: for when
 * there is no file yet. */
void relation_list_own(struct arena *a, struct relation_list *out);

/* False with ERR_USAGE, naming the nearest, when a name is not in the list. */
bool relation_check(const struct relation_list *list, const char *const *names, size_t count,
                    struct arena *a, struct err *e);

/* Makes the statement that reads a relation, with `since` only rows whose conversation (or state)
 * starts then or later; relations without such a time give all their rows. */
bool relation_reading(struct db *d, const struct relation *r, bool since, struct arena *a,
                      struct relation_reading *out, struct err *e);

/* The statement that lists the conversations' ids for `by_conversation`, from ?1 on with `since`.
 */
const char *relation_conversations_sql(bool since);

#endif
