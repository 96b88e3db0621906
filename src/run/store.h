/*
 * The database side of a run: messages of the network thread become rows and ledger entries.
 *
 * Invariants: a page's rows, its window's cursor and counters, and its raw bytes are one
 * transaction; pages of one reading that wait together share one. A refused page takes no neighbour
 * along: the others are loaded singly then. An effect (the reading counts as whole, its job is
 * deleted) follows its commit. Loaders live for the run.
 */
#pragma once

#include "run/run.h"

/* Takes a message, with the rows of the same reading that wait behind it, which follow it then.
 * What becomes of the reading is in its outcome. False for trouble with the database. */
bool store_take(struct run *run, struct page *p, struct err *e);
