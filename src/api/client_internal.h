/*
 * What the files of api/client share.
 *
 * A request (struct flight) is in one place at a time: in `queue` (to be sent at due_ms, in the
 * order of its number), in `wire`, or in `finished` (its final answer waits to be taken).
 */
#ifndef ROLLCALL_API_CLIENT_INTERNAL_H
#define ROLLCALL_API_CLIENT_INTERNAL_H

#include <stdatomic.h>

#include "api/client.h"
#include "api/pace.h"
#include "api/retry.h"
#include "api/token.h"

enum { LOGIN_URL_BYTES = 1024 };

struct flight {
    struct flight *next;
    enum http_method method;
    char *url;
    char *body;
    char *label;
    bool want_document;
    void *user;

    int64_t number; /* in the order of client_send */
    size_t route;
    int64_t due_ms;
    int64_t first_sent_ms; /* -1: not yet */
    int64_t sent_ms;
    int attempt;
    int refusals;       /* 401s */
    int64_t generation; /* of the token it was sent with */

    bool failed; /* finished with `error`, else with `answer` */
    struct err error;
    struct http_answer answer;
    int64_t received_ms;
};

struct flights {
    struct flight *first;
    size_t count;
};

struct client {
    const struct config *config;
    struct http *http;
    size_t in_flight;
    struct pace pace;
    struct token token;
    struct routes routes;
    uint64_t random_state;

    struct flights queue;
    struct flights wire;
    struct flights finished;
    int64_t numbers;

    struct {
        bool on_wire;
        int attempt;
        size_t route;
        int64_t due_ms;
        int64_t first_sent_ms;
        char url[LOGIN_URL_BYTES];
    } login;
    bool token_refused;       /* a fresh token got a 401, and others with it are on the wire */
    struct err token_refusal; /* that 401 */
    bool dead;                /* no request goes out any more: the error is in token_refusal */

    atomic_bool woken;
    bool stop_seen;
};

/* Puts a flight into a list by its number; takes it out of one. */
void flights_insert(struct flights *list, struct flight *f);
void flights_remove(struct flights *list, const struct flight *f);

/* Frees a flight, which must be in no list. */
void flight_free(struct flight *f);

/* Ends a flight with an error. It must be in no list. */
void client_fail(struct client *c, struct flight *f, const struct err *error);

/* Ends all queued and on-wire flights with an error. */
void client_fail_all(struct client *c, const struct err *error);

/* A random number in [0, 1): for jitter. */
double client_random(struct client *c);

/* Reads the answer's Retry-After; -1 when absent. */
int64_t client_retry_after(const struct http_answer *answer);

/* Takes what http_next brought. */
void client_answered(struct client *c, struct http_answer *answer);

/* Fills *answer from the first finished flight; false when there is none (a body that was cut is
 * queued again on the way). */
bool client_deliver(struct client *c, struct client_answer *answer);

/* Sends the login request when its time has come. */
void client_login_start(struct client *c, int64_t now_ms);
void client_login_answered(struct client *c, struct http_answer *answer);

/* Deals with a 401 to an API request (takes over flight and answer). */
void client_token_refused(struct client *c, struct flight *f, struct http_answer *answer);

/* After each answer: decides about a fresh token that was refused, once it is known whether it ever
 * worked. */
void client_settle_refusal(struct client *c);

#endif
