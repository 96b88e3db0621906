/*
 * What reports count of conversations (schema/0011_fact.sql), kept beside the records and made of
 * them alone: metrics by quarter of an hour and queue, stays in queues, agents' sessions, whole
 * conversations. In C, since a statement for each of them took longer than all else of a page.
 */
#pragma once

#include "etl/walk.h"

/* Makes the figures of the conversations whose keys are in fact_owed anew, and empties it; 0 owed:
 * does nothing. Where `page` holds them all as they were written they are made of it, else (NULL:
 * there is none) of the tables. Part of the caller's transaction. */
bool figures_make(struct db *d, const struct walked_tree *page, struct err *e);

/* The same in a transaction of its own, where something is owed: a file that a migration has
 * brought over. */
bool figures_settle(struct db *d, struct err *e);
