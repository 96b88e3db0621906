/*
 * Look-up tables of the walker: which columns, tables and nested objects a member's name leads to.
 * Made once from a tree map; reading a member is one probe, whatever the number of columns.
 */
#ifndef ROLLCALL_ETL_WALK_LOOKUP_H
#define ROLLCALL_ETL_WALK_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "etl/map.h"

/* A column that a member fills. */
struct lookup_column {
    struct lookup_column *next;
    size_t column;       /* index in the table map */
    unsigned char rank;  /* place among the column's alternatives, from 0 */
    bool has_alternates; /* the column has more than one path */
};

/* A table whose rows a member holds. */
struct lookup_table {
    struct lookup_table *next;
    size_t table; /* index in the walker's order */
};

struct lookup;

/* A member: without columns, tables and nested it is known and ignored. */
struct lookup_member {
    struct lookup_member *next; /* in the list of its object */
    const char *key;
    size_t key_length;
    const char *path; /* dotted, from the entity */
    struct lookup_column *columns;
    struct lookup_table *tables;
    struct lookup *nested; /* paths that go on below it */
};

/* The known members of one object. */
struct lookup {
    struct lookup *next_of_all;
    const char *path; /* of the object, "" for the entity */
    struct lookup_member *members;
    size_t member_count;
    struct lookup_member **slots; /* open addressing, a power of two */
    size_t slot_mask;
};

/* All objects of one tree. */
struct lookups {
    struct arena *arena; /* borrowed */
    struct lookup *all;
};

/* An empty object at `path` (arena or static text). */
struct lookup *lookup_new(struct lookups *ls, const char *path);

/* Leads `path` (alternatives separated by '|', steps by '.') below `l` to a column, or to a table.
 */
void lookup_add_column(struct lookups *ls, struct lookup *l, const char *path, size_t column);
void lookup_add_table(struct lookups *ls, struct lookup *l, const char *path, size_t table);

/* Makes the slots, when nothing is to be added any more. Names in `ignored` become known members: a
 * dotted one at its full path, one without a dot in every object. */
void lookup_finish(struct lookups *ls, const char *const *ignored, size_t ignored_count);

/* The member named `key`; NULL when it is unknown. */
const struct lookup_member *lookup_find(const struct lookup *l, const char *key, size_t length);

/* Joins a path and a step: "a.b", or "b" below "". */
char *lookup_join(struct arena *a, const char *path, const char *step, size_t step_length);

#endif
