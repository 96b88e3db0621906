/*
 * The database side of a run: messages of the network thread become rows and ledger entries.
 *
 * Invariants: a page's rows, its window's cursor and counters, and its raw bytes are one
 * transaction; pages of one reading that wait together share one. A refused page takes no neighbour
 * along: the others are loaded singly then. An effect (the reading counts as whole, its job is
 * deleted) follows its commit. Loaders live for the run.
 */
#pragma once

#include "run/fetch.h"
#include "run/run.h"

/* What loads the rows of a pass, until store_close; NULL: trouble with the database. */
struct loader *store_loader(struct run *run, const struct stream *s, const struct pass *pass,
                            struct err *e);

/* Nothing more of a stream will come: writes what is counted at its end (unless `ok` is false), and
 * frees what its loaders hold. False for trouble with the database, or when `ok` was. */
bool store_close(struct run *run, const struct stream *s, bool ok, struct err *e);

/* Takes a message, with the rows of the same reading that wait behind it; *last is the last one
 * taken (pages_done is the caller's for that one alone). What becomes of the reading is in its
 * outcome. False for trouble with the database. */
bool store_take(struct run *run, struct page *p, struct page **last, struct err *e);
