/*
 * The loader: puts a page's rows into SQLite. One page is one transaction, begun and committed by
 * the caller (run/), which adds the window's cursor to the same transaction.
 *
 * LOAD_ENTITY: an entity that comes again is compared by its two hashes. Equal: nothing is written.
 * Different: its rows are replaced whole, its key stays. Rows that come without attributes (query,
 * reread) never erase what a job brought: kept attributes are renumbered by participant_id when the
 * participants are replaced; only those whose participant is gone go with it, and are counted as a
 * data problem. An answer with attributes (a job's) replaces them all. LOAD_INTERVALS:
 * etl/history.h; LOAD_OBSERVE: the same.
 *
 * A row of LOAD_ENTITY that changes leaves a row in dimension_change for each field of the root
 * that did, in the fields' own words, as leaving and returning do; but where the root has a table
 * of changes of its own (conversation_change: one row a change). A tree that names a table of
 * changes leaves them there, under the columns of its id; of LOAD_WINDOW once the window has been
 * read whole. What is new is no change.
 *
 * What a reading has seen is written with its pages (reading_seen), where its end needs it, so that
 * a reading that a kill has cut goes on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "etl/history.h"

struct loader;

/* How rows meet what is stored. */
enum load_rule {
    LOAD_ENTITY,    /* an entity's rows are compared by hash and replaced whole */
    LOAD_WINDOW,    /* the same; and what a window and scope lacks in a whole reading goes */
    LOAD_INTERVALS, /* intervals that windows cut are put together (etl/history.h) */
    LOAD_OBSERVE,   /* observations extend or close rows of a state history */
};

struct load_counts {
    int64_t rows_read; /* entities in the page */
    int64_t rows_new;
    int64_t rows_changed;
    int64_t rows_unchanged;
};

/* Adds `more` to them. */
static inline void load_counts_add(struct load_counts *to, const struct load_counts *more)
{
    to->rows_read += more->rows_read;
    to->rows_new += more->rows_new;
    to->rows_changed += more->rows_changed;
    to->rows_unchanged += more->rows_unchanged;
}

/* A loader for a stream's trees (ends in NULL) on `d` (all borrowed; one at a time for a tree and a
 * connection). `state` is the history table of LOAD_OBSERVE, else NULL. Free with load_free. */
struct loader *load_new(struct db *d, const struct tree_map *const *trees, enum load_rule rule,
                        const struct table_map *state, struct err *e);
void load_free(struct loader *l);

/* Loads one page, walked by the same trees, inside the caller's transaction, with its notes
 * (unknown_field, data_problem, attribute_key, conversation_change). The transaction may be rolled
 * back and the page loaded again: the loader remembers nothing of the file. */
bool load_page(struct loader *l, struct walked_page *rows, const struct load_page *page,
               struct load_counts *counts, struct err *e);

/* Counts something odd about a stream's data (data_problem, unknown_field). Part of the caller's
 * transaction. */
bool load_note(struct db *d, const char *stream, const struct walk_note *n, struct err *e);

/* Marks in deleted_at, where there is one, the rows of scopes that `scope_sql` does not list any
 * more (a queue that is gone takes its members along), and counts them. Part of the caller's
 * transaction. */
bool load_unlisted(struct loader *l, const char *scope_sql, int64_t now_ms, int64_t run_id,
                   int64_t *count, struct err *e);

/* A reading of the window begins anew: what an earlier one has seen is forgotten. Part of the
 * caller's transaction. */
bool load_begin(struct loader *l, int64_t window_id, struct err *e);

/* A reading is whole. What it did not see: LOAD_OBSERVE closes its open rows; LOAD_INTERVALS
 * deletes those that begin in the window up to page->until_ms; LOAD_WINDOW deletes its rows;
 * LOAD_ENTITY marks it in the root's column deleted_at, where there is one, until it is seen again.
 * The last two of this window and scope alone: of those whose columns of the window's start and of
 * the scope say so; where there is none of the start, whose instant lies in the window: that of
 * COLUMN_WITHIN, else the id with "start" in its name. Part of the last page's transaction, or of
 * the next; adds to `counts`. */
bool load_end(struct loader *l, const struct load_page *page, struct load_counts *counts,
              struct err *e);

/* What pages have left to be counted over all that is stored (attribute_key.longest_length). For a
 * run's end, outside a transaction. */
bool load_settle(struct loader *l, struct err *e);

/* The texts of all statements that are made for the first tree (some are NULL), so that a test can
 * hold their plans. */
const char *const *load_statements(const struct loader *l, size_t *count);
