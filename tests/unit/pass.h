/*
 * What the answers of a stream's pass hold, and where their rows are.
 */
#ifndef ROLLCALL_TESTS_PASS_H
#define ROLLCALL_TESTS_PASS_H

#include "streams/stream.h"

static inline const struct tree_map *const *trees_of(const struct stream *s, size_t pass)
{
    return s->passes[pass].trees ? s->passes[pass].trees : s->trees;
}

static inline struct json rows_of(const struct stream *s, size_t pass, const struct json_doc *doc)
{
    return json_first(json_root(doc), step_of_rows(s->passes[pass].steps)->rows);
}

#endif
