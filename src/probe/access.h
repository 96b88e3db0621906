/*
 * Access: the way to the hosts, the login, and what the token is good for; then requests with it.
 */
#ifndef ROLLCALL_PROBE_ACCESS_H
#define ROLLCALL_PROBE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/client.h"
#include "io/config.h"
#include "probe/report.h"

struct access {
    const struct config *config;
    struct report *report;
    struct client *client;
    bool login_reached;
    bool api_reached;
    bool token_good; /* the API takes it */
    /* the client's grants, as the token says */
    const char **divisions; /* ids, each once */
    size_t division_count;
    bool all_divisions;
};

/* The steps network, login and token: the caller takes each only when those before it went well.
 * `find_region`: ask the other regions' login hosts when the client is not known here, if
 * `may_send` (NULL: it may) lets the secret go there. */
void access_network(struct access *a);
void access_login(struct access *a, bool find_region, bool (*may_send)(void));
void access_token(struct access *a);

/* One API request with the token, repeated once when that may help; `body` NULL: a GET. True when
 * there is a document; client_answer_free in any case. */
bool access_ask(struct access *a, const char *path, const char *body, const char *label,
                struct client_answer *answer);

#endif
