/*
 * What asks the API and stores nothing: the check of a set-up, and the last conversations; and what
 * a run needs.
 *
 * Invariant: nothing is written, neither to the database nor beside it, and none need exist.
 */
#pragma once

#include "api/client.h"
#include "base/causes.h"
#include "io/config.h"
#include "io/db.h"
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

/* --- what a check found, in the order in which it was seen, for people and for programs -------
 *
 * Invariants: a failure or a warning has a cause of base/causes.h, whose kind says which of them it
 * is; the report's kind is that of its first failure. Texts are kept in the report's arena;
 * evidence holds text from outside as it is, and is escaped when it is shown. */

struct report {
    struct arena *arena;
    struct db *db;        /* in memory: the results are a table there */
    enum cause_step step; /* the one that results are of */
    bool step_failed;     /* it did; for the caller to clear when it takes the next */
    enum err_kind kind;   /* of the first failure; ERR_NONE: there was none */
};

/* An empty report, whose texts are in the arena. Errors are the database's. End it with report_end,
 * after an error too. */
bool report_begin(struct report *r, struct arena *a, struct err *e);
void report_end(struct report *r);

/* Adds a result: with CAUSE_NONE the thing is well, with any other cause it is a failure or a
 * warning. `name` says which thing of the step it is ("login host", "queues") and is borrowed; the
 * evidence is a printf text. */
void report_add(struct report *r, const char *name, enum cause_id cause, const char *evidence, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a thing that was not looked at; `name` NULL: the whole step. */
void report_skip(struct report *r, const char *name, const char *why);

/* Adds what a statement finds, a row a thing: its name, its cause as base/causes.txt calls it
 * (NULL: it is well; "skipped": it was not looked at), and the evidence; ends `q`. The last row's
 * fourth column goes to *more, unless that is NULL. */
void report_rows(struct report *r, struct rows q, const char **more);

/* Adds what an error says: by its own cause, or `otherwise` when it names none, and with its
 * message but for the cause's words. ERR_STOPPED is no failure of the set-up: what follows is
 * skipped. */
void report_error(struct report *r, const char *name, const struct err *e, enum cause_id otherwise);

/* Prints the results as one JSON object; or for people, by step, within the terminal's columns
 * where words allow: each cause explained once, and at the end the first failure with its cause and
 * remedy, or that all is well. Errors are the renderer's. */
bool report_print(const struct report *r, bool as_json, FILE *out, struct err *e);

/* --- what asks --- */

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
 * LIMIT_PATIENCE_MS. `report` was begun. */
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
