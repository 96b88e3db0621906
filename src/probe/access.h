/*
 * Access: the way to the hosts, the login, and what the token is good for; then requests with it.
 */
#ifndef ROLLCALL_PROBE_ACCESS_H
#define ROLLCALL_PROBE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/api_error.h"
#include "api/token.h"
#include "io/config.h"
#include "io/http.h"
#include "io/json.h"
#include "probe/report.h"

struct access {
    const struct config *config;
    struct report *report;
    struct http *http;
    struct token token; /* value NULL: no login */
    bool login_reached;
    bool api_reached;
    bool token_good; /* the API takes it */
    /* the client's grants, as the token says */
    const char **divisions; /* ids, each once */
    size_t division_count;
    bool all_divisions;
};

/* The end of an API request. */
struct access_answer {
    struct json_doc *document; /* the taker's; NULL on errors */
    struct err error;          /* as of api_error; its http_status is 0 when there was no answer */
    char code[API_CODE_BYTES]; /* ErrorBody.code of a refusal, "" otherwise */
};

/* The steps network, login and token, each as far as those before it went well. `find_region` and
 * `may_send` are check_request's. ERR_CONFIG's words about certificates stand in the report. */
void access_network(struct access *a);
void access_login(struct access *a, bool find_region, bool (*may_send)(void));
void access_token(struct access *a);

/* One API request with the token, repeated once when that may help; `body` NULL: a GET. True when
 * there is a document. */
bool access_ask(struct access *a, const char *path, const char *body, const char *label,
                struct access_answer *answer);

#endif
