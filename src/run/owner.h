/*
 * Whose the client is, and what it may read: the file belongs to one organization, known before any
 * row is stored; and what the client may read is known of the days that it reads.
 */
#pragma once

#include "run/run.h"

enum { OWNER_AT_ONCE = 2 }; /* requests of owner_ask */

/* What is to be asked, and whether the first pages may be asked for beside it. */
bool owner_look(struct run *run, struct err *e);

/* Asks, judges and keeps it; false also where the client is of another organization. */
bool owner_ask(struct run *run, struct err *e);

/* Roles may have been changed while a long run read: it asks once more before it ends. Nothing
 * depends on the answer. */
void owner_ask_again(struct run *run, int64_t lasted_ms);
