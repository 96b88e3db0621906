/*
 * The database side of a pipeline: one message, one transaction.
 */
#ifndef ROLLCALL_RUN_STORE_H
#define ROLLCALL_RUN_STORE_H

#include <stdbool.h>

#include "base/err.h"
#include "run/pages.h"
#include "run/run.h"

struct store;

/* For a run; loaders are made when first needed and kept. Free with store_free. */
struct store *store_new(struct run *run);
void store_free(struct store *s);

/* Takes one message. A page that is refused (ERR_CONTRACT) ends its reading only: its outcome and
 * error are set and its window notes it. False for trouble with the database. */
bool store_take(struct store *s, struct page *p, struct err *e);

#endif
