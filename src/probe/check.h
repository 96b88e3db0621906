/*
 * The check of a set-up: the steps a good support engineer would take, in order, each with what was
 * seen, and with cause and remedy from the one list (base/causes.h) when something is wrong.
 *
 * Invariants: nothing is written, neither to the database nor beside it; a step that makes no sense
 * after a failure is skipped; no result holds the secret, the token or a part of them. Requests
 * that fail for passing reasons are repeated once.
 */
#ifndef ROLLCALL_PROBE_CHECK_H
#define ROLLCALL_PROBE_CHECK_H

#include "base/err.h"
#include "io/config.h"
#include "probe/report.h"
#include "streams/stream.h"

struct check_request {
    const struct config *config;   /* as far as it was read; URLs resolved, time zone set */
    const struct err *setup_error; /* why it could not be read; NULL: it could */
    const struct stream *const *streams;
    size_t stream_count;
    bool find_region;       /* on a client unknown here: ask the other regions' login hosts */
    bool (*may_send)(void); /* asked before the secret goes to them; NULL: it may */
};

/* Takes all steps; `report` has its arena. */
void check_run(const struct check_request *request, struct report *report);

#endif
