/*
 * What asks the API and stores nothing: the check of a set-up, and the last conversations.
 *
 * Invariant: nothing is written, neither to the database nor beside it, and none need exist.
 */
#ifndef ROLLCALL_PROBE_PROBE_H
#define ROLLCALL_PROBE_PROBE_H

#include "api/client.h"
#include "io/config.h"
#include "out/render.h"
#include "probe/report.h"
#include "streams/stream.h"

struct check_request {
    const struct config *config;   /* as far as it was read; URLs resolved, time zone set */
    const struct err *setup_error; /* why it could not be read; NULL: it could */
    const struct stream *const *streams;
    size_t stream_count;
    bool find_region;            /* on a client unknown here: ask the other regions' login hosts */
    bool (*may_send)(void);      /* asked before the secret goes to them; NULL: it may */
    struct client_watcher waits; /* who is told what is waited for */
};

/* Takes the steps a good support engineer would take, in order, each with what was seen, and with
 * cause and remedy from the one list (base/causes.h) when something is wrong. A step that makes no
 * sense after a failure is skipped; no result holds the secret, the token or a part of them.
 * Requests that fail for passing reasons are repeated once; none takes longer than
 * LIMIT_PATIENCE_MS. `report` has its arena. */
void check_run(const struct check_request *request, struct report *report);

enum { RECENT_DEFAULT = 5, RECENT_MOST = 100 };

/* Prints the newest `wanted` conversations (1 to RECENT_MOST) of the last hour, else of the last
 * day, else of the last week, newest first: the proof that access works. Fewer when there are no
 * more; *found receives how many. They are loaded, as every answer is, into a database in memory,
 * whose views are asked for them; queues and agents go by the names that the configuration's
 * database knows, and the API for the others. Local times are the business zone's. `config` has its
 * URLs and zone; what is waited for, LIMIT_PATIENCE_MS a request at most, is told to `waits`.
 * Errors are the client's, the renderer's, and ERR_CONTRACT for an answer that is not of the
 * promised shape.
 */
bool recent_show(const struct config *config, int64_t wanted, const struct client_watcher *waits,
                 const struct rendering *to, size_t *found, struct err *e);

#endif
