/*
 * Brings a file of schema 6 over to the baseline of today: its tables are set aside, the baseline
 * is made, the columns that both have are copied, and the old tables go. Keys and rowids stay. What
 * its owner added (tables, views, indexes, triggers) is kept.
 */
#ifndef ROLLCALL_IO_DB_CONVERT_H
#define ROLLCALL_IO_DB_CONVERT_H

#include <stdbool.h>

#include "base/err.h"

struct db;

/* In the transaction that is open, so that whoever is stopped on the way leaves the file as it was.
 * `create` makes the baseline. Two lines of the log say what goes on. ERR_STORE: older than schema
 * 6, or too little room, with how much is needed. */
bool db_convert(struct db *d, bool (*create)(struct db *d, struct err *e), struct err *e);

#endif
