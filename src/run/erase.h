/*
 * Erasing a person's data from the file: from the columns that the schema marks, and from the
 * answers that are kept. Rows, times, queues and figures stay.
 *
 * All is one transaction of the caller's: a kill leaves what was, or what is to be; until the file
 * has been freed of what was removed (erase_clean), its rows of `erased` say that it was not.
 */
#pragma once

#include "etl/erase.h"

struct erasing {
    struct db *db; /* with temp.dictionary */
    struct arena *arena;
    enum erased_kind kind;
    const char *text;
};

/* Whether there is room for it beside the file; ERR_STORE with what it takes. */
bool erase_has_room(struct db *d, struct err *e);

/* Removes a person's data; what went is in temp.removed, what to say before is asked by
 * sql_erase_told. Part of the caller's transaction. */
bool erase_person(const struct erasing *r, struct err *e);

/* Leaves no byte of what was removed in the file and beside it. ERR_STORE where somebody reads an
 * old state; run again then. */
bool erase_clean(struct db *d, struct err *e);
