/*
 * attribute_key: which participant attributes have ever been seen. A set in memory spares a write
 * for each attribute of each conversation.
 */
#ifndef ROLLCALL_ETL_LOAD_KEYS_H
#define ROLLCALL_ETL_LOAD_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "etl/walk.h"
#include "io/db.h"

struct attribute_keys;

/* A set on `d` (borrowed). Free with attribute_keys_free. */
struct attribute_keys *attribute_keys_new(struct db *d, struct err *e);
void attribute_keys_free(struct attribute_keys *k);

/* Remembers the name of an attribute just stored (first seen at `now`, an ISO text), and counts a
 * value that has the length at which the API cuts. Part of the page's transaction. */
bool attribute_keys_add(struct attribute_keys *k, const struct cell *name, const struct cell *value,
                        const char *now, struct err *e);

/* Forgets what may have been rolled back. */
void attribute_keys_forget(struct attribute_keys *k);

#endif
