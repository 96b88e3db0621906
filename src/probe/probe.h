/*
 * What asks the API and stores nothing: the check of a set-up, and the last conversations; and what
 * a run needs.
 *
 * Invariant: nothing is written, neither to the database nor beside it, and none need exist.
 */
#pragma once

#include "out/render.h"
#include "streams/stream.h"

/* --- needs ------------------------------------------------------------------------------------
 *
 * What a run needs of the configuration and this machine, besides a login: one list for
 * `check`, which tells all of it, and for `extract`, which refuses where its own needs are not met
 * before anything is asked. */

struct needs {
    struct arena *arena;
    const struct config *config; /* its time zone set */
    const struct stream *const *streams;
    size_t stream_count;
    int64_t until_ms; /* the run's TIME */
    bool until_given; /* on the command line */
};

/* The next need that is not met, from number *at on (0 at first), which is moved behind it; `e` has
 * its message, kind and cause. `of_run`: of extract itself, not also of what follows a run or makes
 * it lose data. NULL: there is none, else the need's name. */
const char *needs_unmet(const struct needs *n, bool of_run, size_t *at, struct err *e);

/* --- what asks --- */

struct check_request {
    struct needs run;              /* to be made ready for; config: as far as it was read */
    const struct err *setup_error; /* why it could not be read; NULL: it could */
    bool find_region;       /* on a client unknown here: ask the other regions' login hosts */
    bool (*may_send)(void); /* asked before the secret goes to them; NULL: it may */
    client_watcher *waits;  /* who is told what is waited for */
};

/* Takes the steps a good support engineer would take, in order, each with what was seen, and with
 * cause and remedy from the one list (base/causes.h) when something is wrong. A step that makes no
 * sense after a failure is skipped; no result holds the secret, the token or a part of them.
 * Requests that fail for passing reasons are repeated once; none takes longer than
 * LIMIT_PATIENCE_MS. Prints the results as one JSON object; or for people, by step, within the
 * terminal's columns where words allow: each cause explained once, and at the end the first failure
 * with its cause and remedy, or that all is well. *kind: of that failure, ERR_NONE without one.
 * Errors are the database's and the renderer's. */
bool check_show(const struct check_request *request, bool as_json, enum err_kind *kind,
                struct err *e);

enum { RECENT_DEFAULT = 5, RECENT_MOST = 100 };

/* Prints the newest `wanted` conversations (1 to RECENT_MOST) of the last hour, else of the last
 * day, else of the last week, newest first: the proof that access works. Fewer when there are no
 * more; *found receives how many. They are loaded, as every answer is, into a database in memory,
 * whose views are asked for them; queues and agents go by the names that the configuration's
 * database knows, and the API for the others. Local times are the business zone's. `config` has its
 * URLs and zone; what is waited for, LIMIT_PATIENCE_MS a request at most, is told to `waits`.
 * Errors are the client's, the renderer's, and ERR_CONTRACT for an answer that is not of the
 * promised shape. */
bool recent_show(const struct config *config, int64_t wanted, client_watcher *waits,
                 const struct rendering *to, size_t *found, struct err *e);
