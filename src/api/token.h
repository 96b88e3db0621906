/*
 * The OAuth client credentials grant: POST {login}/oauth/token, credentials in the Basic header.
 *
 * Invariants: a token has no print path (struct secret); it is renewed before it expires (a tenth
 * of its life, at most five minutes, ahead); scopes do not apply to this grant and are never sent.
 * Any answer that is not a JSON token is ERR_AUTH, save 429 (ERR_RATE) and 5xx (ERR_TEMPORARY); its
 * message gives the likely cause and the remedy, never the secret.
 */
#ifndef ROLLCALL_API_TOKEN_H
#define ROLLCALL_API_TOKEN_H

#include "base/err.h"
#include "io/config.h"
#include "io/http.h"
#include "io/secret.h"

#define TOKEN_PATH "/oauth/token"

struct token {
    struct secret *value; /* NULL: none */
    int64_t renew_at_ms;  /* monotonic */
    int64_t lifetime_seconds;
    int64_t generation; /* counts tokens, so that one 401 refreshes once */
    bool proven;        /* an API call succeeded with it */
};

/* Fills the request for a token at `url`, a login host's base URL and TOKEN_PATH (strings are
 * borrowed from it and from `config`). */
void token_request(const struct config *config, const char *url, struct http_request *out);

/* Reads the answer of the login host at `login_url` into `t`. False with ERR_AUTH, ERR_RATE (429),
 * ERR_TEMPORARY (5xx, network, a body that was cut) or what answer_error makes of other failures
 * below HTTP. */
bool token_accept(struct token *t, const struct config *config, const char *login_url,
                  const struct http_answer *answer, int64_t monotonic_ms, struct err *e);

/* True when `t` must be fetched before the next request. */
bool token_stale(const struct token *t, int64_t monotonic_ms);

/* Wipes and frees the token's text; its other facts stay. */
void token_free(struct token *t);

#endif
