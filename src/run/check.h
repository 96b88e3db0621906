/*
 * The check of a set-up: the steps a good support engineer would take, in order, each with what was
 * seen, and with cause and remedy from the one list (base/causes.h) when something is wrong.
 *
 * Invariants: nothing is written, neither to the database nor beside it; nothing is printed here; a
 * step that makes no sense after a failure is skipped; no result holds the secret, the token or a
 * part of them. Requests that fail for passing reasons are repeated once.
 */
#ifndef ROLLCALL_RUN_CHECK_H
#define ROLLCALL_RUN_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/causes.h"
#include "base/err.h"
#include "io/config.h"
#include "streams/stream.h"

enum check_status { CHECK_OK, CHECK_WARNING, CHECK_FAILED, CHECK_SKIPPED };

/* One thing looked at. Texts are in the caller's arena; evidence holds text from outside as it is.
 */
struct check_result {
    enum cause_step step;
    const char *name; /* within its step: "login host", "queues" */
    enum check_status status;
    const char *evidence;
    enum cause_id cause; /* CAUSE_NONE unless it is a warning or a failure */
    enum err_kind kind;  /* of a failure: what its exit code is */
};

struct check_request {
    const struct config *config;   /* as far as it was read; URLs resolved, time zone set */
    const struct err *setup_error; /* why it could not be read; NULL: it could */
    const struct stream *const *streams;
    size_t stream_count;
    bool find_region;       /* on a client unknown here: ask the other regions' login hosts */
    bool (*may_send)(void); /* asked before the secret goes to them; NULL: it may */
};

struct check_report {
    struct check_result *results;
    size_t count;
    enum err_kind kind; /* of the first failure; ERR_NONE: there was none */
};

/* Takes all steps. */
void check_run(const struct check_request *request, struct arena *a, struct check_report *report);

#endif
