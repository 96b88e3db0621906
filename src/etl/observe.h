/*
 * LOAD_OBSERVE: a state history built from observations. A row is one unbroken state of one agent.
 *
 * Snapshots (records without a start of their own): the agent's open row is extended while no state
 * column changes, else closed where the new row starts: at time_of_adherence_change when that lies
 * after the previous observation, else at the observation. Intervals (records with a start): rows
 * by their start; a row of another state ends there, rows of the same state that it touches are one
 * with it.
 *
 * Columns that the source's map lacks are not reported: they break nothing and stay. When the
 * source changes, a NULL on either side is no change, since it may mean the same. State columns are
 * those of the state map that are hashed. Invariants: rows of one agent do not overlap; at most the
 * last is open; state_start <= first_observed <= last_observed; an observation older than a row's
 * last changes nothing; the same observation taken twice changes nothing.
 */
#ifndef ROLLCALL_ETL_OBSERVE_H
#define ROLLCALL_ETL_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "etl/map.h"
#include "io/cell.h"
#include "io/db.h"

struct observer;

/* An observer that maps rows of `tree`'s root onto the history table `state` of `d` (all borrowed).
 * Free with observer_free. */
struct observer *observer_new(struct db *d, const struct tree_map *tree,
                              const struct table_map *state);
void observer_free(struct observer *o);

/* The texts of its statements, so that a test can hold their plans. */
const char *const *observe_statements(const struct observer *o, size_t *count);

enum observed {
    OBSERVED_NEW,       /* the agent's first row, or the first after a gap */
    OBSERVED_CHANGED,   /* a new state, or a correction */
    OBSERVED_UNCHANGED, /* the state goes on */
    OBSERVED_LATE,      /* older than what is stored: not used */
    OBSERVED_BAD, /* an interval that ends before it starts, or starts after `now`: not used */
};

/* Takes one record (the columns of the root's row), observed at `now` (ISO text) through the
 * request plan `source`. */
bool observe(struct observer *o, const struct cell *record, const char *now, const char *source,
             enum observed *outcome, struct err *e);

/* The agent was asked for and is not in the answer: closes the open row at its last observation.
 * *closed: there was one. */
bool observe_absent(struct observer *o, const char *id, const char *now, bool *closed,
                    struct err *e);

/* Closes all open rows that were last observed before `since` (ISO text); their number in *closed.
 */
bool observe_absent_since(struct observer *o, const char *since, int64_t *closed, struct err *e);

#endif
