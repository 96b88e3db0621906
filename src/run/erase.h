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
    struct db *db;          /* given, with temp.dictionary; no transaction is open but for
                               erase_person's */
    struct arena *arena;    /* given */
    enum erased_kind kind;  /* given */
    const char *text;       /* given */
    struct erasures erased; /* found */
    int64_t ours;           /* rows in which it is the organization's own */
    const char **addresses; /* of hers, that her records name: they go too */
    size_t address_count;
    const char **kept; /* likewise, but they are the organization's too: they stay */
    size_t kept_count;
};

/* Whether there is room for it beside the file; ERR_STORE with what it takes. */
bool erase_has_room(struct db *d, struct err *e);

/* Removes her data, and tells in temp.removed what went. Part of the caller's transaction. */
bool erase_person(struct erasing *r, struct err *e);

/* Leaves no byte of what was removed in the file and beside it. ERR_STORE where somebody reads an
 * old state; run again then. */
bool erase_clean(struct db *d, struct err *e);
