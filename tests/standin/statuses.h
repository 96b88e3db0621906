/* Agents' presences and routing statuses, from their beginning to their end, as analytics tell of
 * them: a function of the seed and of the moment as of which they are known. */
#ifndef STANDIN_STATUSES_H
#define STANDIN_STATUSES_H

#include "jw.h"
#include "rng.h"

#include <stddef.h>

enum status_kind { STATUS_PRESENCE, STATUS_ROUTING, STATUS_KINDS };

struct status {
    int64_t start;
    int64_t end; /* WHEN_NEVER: it lasts */
    char name[32];
    uint64_t organization; /* key of the organization's presence */
};

struct statuses {
    struct status *list;
    size_t count;
    size_t room;
};

/* Those that touch [from, to), as known at the moment; the caller frees the list. For some days
 * after it, what is told of a moment is put right: starts move, short statuses vanish. */
struct statuses statuses_of(int agent, enum status_kind kind, int64_t from, int64_t to,
                            int64_t as_of);

/* Writes the array userDetails: of users that have any, those from the one at `skip` on, `size` at
 * most; returns how many users have any. */
size_t statuses_write(struct jw *w, int64_t from, int64_t to, int64_t as_of, size_t skip,
                      size_t size);

#endif
