/*
 * LOAD_OBSERVE: a state history built from observations. A row is one unbroken state of one agent.
 *
 * Snapshots (records without a start of their own): the agent's open row goes on while no state
 * column changes and the API names no change since the last observation; a silence of more than 15
 * minutes in it is kept in observation_gap. Else a new row begins at the latest change that the API
 * names since then, where it names none at the observation. The old row ends at the earliest of
 * these; at its last observation where its state was left and entered again, or where nothing says
 * when after such a silence. Intervals (records with a start): rows by their start; a row of
 * another state ends there, rows of the same state that it touches are one with it.
 *
 * Columns that the source's map lacks are not reported: they break nothing and stay. When the
 * source changes, a NULL on either side is no change, since it may mean the same, and erases
 * nothing. State columns are those of the state map that are hashed. Invariants: rows of one agent
 * do not overlap; at most the last is open; state_start <= first_observed <= last_observed; an
 * observation lies in the row whose state it saw; one older than a row's last changes nothing; the
 * same one taken twice changes nothing.
 */
#ifndef ROLLCALL_ETL_OBSERVE_H
#define ROLLCALL_ETL_OBSERVE_H

#include "etl/history.h"

/* The table of the stretches within a row that nobody observed. */
#define OBSERVE_GAPS "observation_gap"

/* For rows of `tree`'s root, which go into the history table `state` of `d` (all borrowed). A row
 * is new where it is the agent's first, or the first after a row that has ended. Free with
 * history_free. */
struct history *observer_new(struct db *d, const struct tree_map *tree,
                             const struct table_map *state);

/* Takes back observations from times that have not come, made while a clock was ahead: `now` (ISO
 * text) is the latest time that can have come. Rows first observed later go, a row last observed
 * later is cut back to its last credible observation, and goes on. *count: rows changed. Inside the
 * caller's transaction. */
bool observe_distrust(struct db *d, const char *now, int64_t *count, struct err *e);

#endif
