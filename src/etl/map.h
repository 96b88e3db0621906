/*
 * Maps: how a document becomes rows, as constant data, made from schema/ by scripts/maps.awk. One
 * walker (etl/walk.h) reads them; INSERT statements are generated from them.
 *
 * A stream's tables form trees. A row of a tree's root is one entity of the answer, or one element
 * of the arrays nested in it (several trees may be made from one answer); a row of a child table is
 * one element of an array (or one member of an object) inside it. A child's primary key is: the
 * root's key column (an integer of ours, or the root's one id), then the ordinals of its ancestors,
 * then its own ordinal (none for a one-to-one object; the member's name for a map).
 *
 * Columns come in the table's order: key, ancestors' ordinals, own ordinal, then `columns`.
 */
#pragma once

#include "base/str.h"
#include "io/db.h"

enum column_type {
    COLUMN_TEXT,
    COLUMN_INT,
    COLUMN_REAL,
    COLUMN_BOOL,   /* stored 0/1 */
    COLUMN_TIME,   /* ISO 8601 of the API, stored YYYY-MM-DDTHH:MM:SS.sssZ */
    COLUMN_JSON,   /* an array or object kept as compact JSON text */
    COLUMN_OFFSET, /* seconds from `base`, stored as that instant, like COLUMN_TIME */
    COLUMN_FROM,   /* of an ISO interval a/b: a, stored like COLUMN_TIME */
    COLUMN_TO,     /* b */
};

enum column_source {
    SOURCE_FIELD,        /* the value at `path` */
    SOURCE_ELEMENT,      /* the array element itself (arrays of plain values) */
    SOURCE_MEMBER_NAME,  /* of ROWS_MEMBERS: the member's name */
    SOURCE_MEMBER_VALUE, /* of ROWS_MEMBERS: the member's value */
    SOURCE_START,        /* what the window says: struct walk_facts */
    SOURCE_END,
    SOURCE_ZONE,
    SOURCE_DAY,
    SOURCE_PARENT,
    SOURCE_SCOPE,
};

enum column_flag {
    COLUMN_REQUIRED = 1, /* absent, null or wrong: the page is refused (a row without its own id) */
    COLUMN_UPPER_SNAKE = 2, /* UPPER_SNAKE of the API becomes PascalCase (ON_QUEUE -> OnQueue) */
    COLUMN_UNHASHED = 4,    /* left out of the row hash: changes alone do not count */
    COLUMN_WITHIN = 16, /* of a root: an instant that lies outside the window makes the row none of
                           its rows */
    COLUMN_OR_NONE = 8, /* part of an id that the API may leave out: '' then, so that equal ids are
                           equal and unique in SQL */
    COLUMN_LOOKUP = 32, /* the value names a member of the object at `base`, and that one's value
                           counts; of an array (COLUMN_JSON) each element */
    COLUMN_PERSONAL = 64, /* personal data: see etl/erase.h */
    COLUMN_PERSON = 192,  /* so, and an id that the person is known by */
    COLUMN_NOTE = 320,    /* so, and about the whole conversation */
    COLUMN_WHOSE = 512,   /* the conversation that the row is of */
};

struct column_map {
    const char *name; /* in the table */
    const char *path; /* dotted path in the row's object; alternatives separated by '|', the first
                         present counts. Each '^' in front leads one level up: to the object whose
                         array, object or member the row is, and so on; above the entity is the
                         answer's root. A step `x[0]` is the first element of the array x */
    enum column_type type;
    enum column_source source;
    unsigned flags;
    const char *base; /* of COLUMN_OFFSET: path of the instant to count from, alternatives
                         separated by '|', each with its own '^'; NULL: the window's start. Of
                         COLUMN_LOOKUP: path of the object */
};

enum rows_shape {
    ROWS_ARRAY,   /* an array of objects (or of plain values, with SOURCE_ELEMENT) at `rows` */
    ROWS_OBJECT,  /* one object at `rows`: at most one row, no ordinal */
    ROWS_MEMBERS, /* the members of the object at `rows` */
};

/* Which of the two hashes a table's rows count into. Attributes are what some answers leave out: at
 * most one table, with the columns name and value last, in a table directly below the root whose
 * own id (<table>_id) the attributes follow when its rows are replaced. */
enum hash_part {
    HASH_ROWS,
    HASH_ATTRIBUTES,
};

struct table_map {
    const char *table;
    const char *rows; /* path in the parent's object; of a root in what holds it; unused where it is
                         the entity itself */
    enum rows_shape shape;
    const char *ordinal; /* name of the own ordinal column, from 0 in the API's order; NULL when
                            there is none */
    enum hash_part hash_part;
    const char *person_field; /* rows in which it is one of these words are persons of outside; */
    const char *person_words; /* NULL: none are */
    const struct column_map *columns;
    size_t column_count;
    const struct table_map *const *children;
    size_t child_count;
};

struct walked_tree;

/* The root of a tree, and what its rows are known by. */
struct tree_map {
    const struct table_map *root;
    const struct table_map *top; /* NULL: a root row is an element of the answer; else what such an
                                    element is: tables without a name and columns, each holding the
                                    next, the last the root */
    const char *key; /* integer key column of ours ("conversation_key"); NULL: rows are keyed by
                        their ids alone, and with several ids there are no children */
    const char *const *ids; /* columns that make a root row's own id ("conversation_id") */
    size_t id_count;
    const char *gone;  /* column that says since when a whole reading lacks a row; NULL: deleted_at,
                          where there is one */
    const char *holds; /* SQL of a stored row ({stored}) and one of another scope ({new}) that has
                          its id: whether the stored one stays; NULL: it does not */
    const char *changes; /* table that a changed row leaves a row in for each field; NULL: see
                            etl/load.h */
    const char *owes;    /* table that takes the keys of a page's rows that were written, of which
                            `make` makes what is derived from such rows, in the same transaction, and
                            empties it. NULL: nothing is */
    bool (*make)(struct db *d, const struct walked_tree *page, struct err *e);
    /* Fields that no column names and that are known not to be data (selfUri, envelope): not
     * counted as unknown. */
    const char *const *ignored;
    size_t ignored_count;
};

/* The place of a column among a table's; as many as there are: it has none such. */
static inline size_t map_column(const struct table_map *map, const char *name)
{
    size_t i = 0;

    while (i < map->column_count && !str_eq(map->columns[i].name, name)) {
        i++;
    }
    return i;
}

/* The place of the first column with a flag, likewise. */
static inline size_t map_flagged(const struct table_map *map, unsigned flag)
{
    size_t i = 0;

    while (i < map->column_count && (map->columns[i].flags & flag) == 0) {
        i++;
    }
    return i;
}

/* Shorthands for lists and their lengths in table and tree maps. */
#define COLUMNS(a)  .columns = (a), .column_count = COUNT_OF(a)
#define CHILDREN(a) .children = (a), .child_count = COUNT_OF(a)
#define IDS(a)      .ids = (a), .id_count = COUNT_OF(a)
#define IGNORED(a)  .ignored = (a), .ignored_count = COUNT_OF(a)
