/*
 * The database side of a run: messages of the network thread become rows and ledger entries.
 *
 * Invariants: a page's rows, its window's cursor and counters, and its raw bytes are one
 * transaction; pages that wait share one, of whichever readings they are: each was judged before it
 * came here, so that none is refused. An effect (the reading counts as whole, its job is deleted)
 * follows its commit. Loaders live for the run.
 */
#pragma once

#include "run/run.h"

/* Takes a message; what becomes of the reading is in its outcome. Only of a page that is not its
 * reading's last the commit may be owed then (run.group). False for trouble with the database. */
bool store_take(struct run *run, struct page *p, struct err *e);

/* Commits the pages that are loaded; none: does nothing. Before anything else is done with the
 * database. */
bool store_commit(struct run *run, struct err *e);
