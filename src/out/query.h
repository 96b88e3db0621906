/*
 * The built-in queries: the files of queries/, described by the comment at their head.
 *
 * The comment: "-- title: ...", "-- description: ..." (going on in lines that begin with "--   "),
 * and one "-- param: NAME  [type] what it is" a parameter (:NAME in the statement). A parameter
 * that is not given is NULL. Types: [day] (YYYY-MM-DD), [range] (`from` and `to`: days that are
 * those of v_range where they are not given), [number N] (a whole one, from N on), [choice A|B]
 * (one of these words), and those whose names out/query.sql knows: [queue], [agent],
 * [stream], [media], [attribute].
 */
#pragma once

#include "io/db.h"

struct query_param {
    const char *name; /* without the colon */
    const char *type; /* without the brackets */
    const char *text; /* what it is */
};

struct query {
    const char *name;
    const char *title;
    const char *description;
    const struct query_param *params;
    size_t param_count;
    const char *sql; /* the whole file */
};

/* All queries, by name; made of their files by scripts/queries.awk. */
extern const struct query query_table[];
extern const size_t query_count;

/* The query of that name; NULL with ERR_USAGE (naming the nearest) when there is none. */
const struct query *query_find(struct arena *a, const char *name, struct err *e);

/* The values, by parameter, that words "key=value" give, which end in a NULL: a number as an
 * integer, a name as the database `d` spells it; borrowed or in the arena. Days of type [range]
 * that are not given are among them: the statement would find them itself, but SQLite
 * looks at the days that it is told alone only when it is told. NULL with ERR_USAGE for an unknown
 * key, for a value that is not of the parameter's type (both naming the nearest), for one given
 * twice, and where the days "from" and "to" leave nothing between them. */
struct db_value *query_values(struct db *d, const struct query *q, struct arena *a,
                              const char *const *words, struct err *e);
