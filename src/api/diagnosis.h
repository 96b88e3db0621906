/*
 * From an answer to its cause: how the causes of base/causes.h are recognized in what the login
 * host, the API and the network below them do. The errors of the client and the check command go by
 * the same functions.
 *
 * Sources: the vendor's OAuth client model, its SDKs, and answers that public projects recorded.
 */
#ifndef ROLLCALL_API_DIAGNOSIS_H
#define ROLLCALL_API_DIAGNOSIS_H

#include "base/causes.h"
#include "io/http.h"

/* Why a request failed below HTTP; `answer->failure` must not be HTTP_OK. */
enum cause_id diagnose_network(const struct http_answer *answer);

/* Why the login host gave no token. `words`: error and description of its JSON body, NULL when the
 * body is no JSON. */
enum cause_id diagnose_login(const struct http_answer *answer, const char *words);

/* Why the API refused a fresh token: `words` hold the code of its 401. */
enum cause_id diagnose_refusal(const char *words, const char *login_url, const char *api_url);

/* Appends cause and remedy of `id` to the message in `e` and notes the cause; to a refused login
 * also what single sign-on has to do with it. Returns false. */
bool diagnosis_append(struct err *e, enum cause_id id);

#endif
