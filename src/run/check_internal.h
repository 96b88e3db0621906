/*
 * What the steps of run/check share. Each step is one file and one function, which adds its results
 * and notes in struct check what the later ones need.
 */
#ifndef ROLLCALL_RUN_CHECK_INTERNAL_H
#define ROLLCALL_RUN_CHECK_INTERNAL_H

#include <stdint.h>

#include "api/token.h"
#include "io/http.h"
#include "io/json.h"
#include "run/check.h"

struct check {
    const struct check_request *request;
    const struct config *config;
    struct arena *arena;
    struct check_report *report;
    size_t room; /* of report->results */

    bool config_good; /* the values make sense: it is worth going on */
    struct http *http;
    bool login_reached;
    bool api_reached;
    struct token token; /* value NULL: no login */
    bool token_good;    /* the API takes it */

    /* the client's grants, as the token says */
    const char **divisions; /* ids, each once */
    size_t division_count;
    bool all_divisions;

    /* figures of the organization; -1: not known */
    const char *user_id; /* of some user; NULL: none */
    int64_t users;
    int64_t queues;
    int64_t conversations; /* that began yesterday (UTC) */
    int64_t limit_per_minute;
};

/* Adds a result; the evidence is a printf text. */
void check_add(struct check *c, enum cause_step step, const char *name, enum check_status status,
               const char *evidence) __attribute__((nonnull));

/* Adds a failure or a warning, which of them being the cause's business (its kind). */
void check_blame(struct check *c, enum cause_step step, const char *name, enum cause_id cause,
                 const char *evidence);

/* The same for an error: its cause, or `otherwise` when it names none, and its message without the
 * cause's words. */
void check_blame_error(struct check *c, enum cause_step step, const char *name, const struct err *e,
                       enum cause_id otherwise);

/* True when a result of this step is a failure. */
bool check_step_failed(const struct check *c, enum cause_step step);

/* Sends one request and waits for its answer, which the caller frees (buf_free of its body); tries
 * once more when that may help. False with ERR_STOPPED or ERR_CONFIG. */
bool check_send(struct check *c, const struct http_request *request, struct http_answer *answer,
                struct err *e);

/* What an API request is. */
struct check_call {
    const char *path; /* with query string */
    const char *body; /* NULL: a GET */
    const char *label;
};

/* One API request with the token. *doc is the caller's; on failure NULL, `e` is as of api_error,
 * `code` the ErrorBody's, and e->http_status tells whether there was an answer. */
bool check_api(struct check *c, const struct check_call *call, struct json_doc **doc, char *code,
               struct err *e);

/* The steps. */
void check_configuration(struct check *c);
void check_network(struct check *c);
void check_login(struct check *c);
void check_token(struct check *c);
void check_permissions(struct check *c);
void check_limits(struct check *c);
void check_local(struct check *c);

/* Asks the login hosts of all other regions for the client; part of check_login. */
void check_find_region(struct check *c);

#endif
