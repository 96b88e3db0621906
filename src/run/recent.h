/*
 * The last conversations, straight from the API: the proof that access works. No database is
 * written, none need exist.
 */
#ifndef ROLLCALL_RUN_RECENT_H
#define ROLLCALL_RUN_RECENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/config.h"
#include "out/recent.h"

enum { RECENT_DEFAULT = 5, RECENT_MOST = 100 };

/* The newest `wanted` conversations (1 to RECENT_MOST), newest first, of the last hour, else of the
 * last day, else of the last week; fewer when there are no more. `config` has its URLs and zone.
 * Rows and texts are in the arena. Errors are the client's, and ERR_CONTRACT for an answer that is
 * not of the promised shape. */
bool recent_fetch(const struct config *config, size_t wanted, struct arena *a,
                  struct recent_row **rows, size_t *count, struct err *e);

#endif
