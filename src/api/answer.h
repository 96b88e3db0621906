/*
 * What an HTTP answer holds: its body as a document (inflated, parsed to its end, and told apart
 * when it was cut on the way), or the API's error body (ErrorBody of the contract: code, message,
 * contextId, limit) turned into an error for the user.
 *
 * And what it tells: how the causes of base/causes.h are recognized in what the login host, the API
 * and the network below them do. The errors of the client and the check command go by the same
 * functions. Sources: the vendor's OAuth client model, its SDKs, and answers that public projects
 * recorded.
 */
#pragma once

#include "io/http.h"

enum { ANSWER_CODE_BYTES = 96 };

/* Appends a server's words, escaped, without the secrets they may give back, as far as they fit. */
void answer_words(struct buf *out, const char *text, size_t length);

/* Appends `before` and a server's words likewise; nothing where there are none. */
void answer_append(struct err *e, const char *before, const char *text);

/* Appends how the body begins, escaped likewise; nothing when it is empty or cannot be inflated. */
void answer_begins(struct err *e, const struct http_answer *answer);

/* The body, inflated, in memory of its own with room for the parser behind it (gzip_text). */
char *answer_text(const struct http_answer *answer, size_t *length, struct err *e);

/* Inflates and parses the body of `answer` (which stays as it is); NULL with ERR_TEMPORARY when it
 * ended early (a repeat may bring the rest), ERR_CONTRACT when it came whole and is no document, or
 * passes a limit. A body that the protocol does not frame counts as cut when its document is not
 * over at its last byte. Free with json_free. */
struct json_doc *answer_parse(const struct http_answer *answer, struct err *e);

/* True when a document is an error of the API's (ErrorBody: a status of 400 or more, with a code or
 * a message), whatever the status line said. */
bool answer_is_error(struct json root);

/* Fills `e` from a final non-2xx answer or a failure below HTTP: kind by consequence (403:
 * ERR_PERMISSION with the permissions the answer names, `lacks` the first; 429: ERR_RATE; 408, 5xx
 * save 501 and 505, network, TLS and proxies: ERR_TEMPORARY; 401: ERR_AUTH; redirects and other
 * 4xx: ERR_CONTRACT), message with label, status, code, message, contextId, limit and correlation
 * id, all escaped. `code` (ANSWER_CODE_BYTES) receives ErrorBody.code, "" without one. Always
 * false. */
bool answer_error(struct err *e, const struct http_answer *answer, const char *label, char *code);

/* Why the login host, which did answer, gave no token. `words`: error and description of its JSON
 * body; NULL when the body is no JSON, or of a host that is busy or in trouble: they say nothing of
 * the client then. */
enum cause_id diagnose_login(const struct http_answer *answer, const char *words);

/* Why the API refused a fresh token: `words` hold the code of its 401. */
enum cause_id diagnose_refusal(const char *words, const char *login_url, const char *api_url);

/* Appends cause and remedy of `id` to the message in `e` and notes the cause; to a refused login
 * also what single sign-on has to do with it. Returns false. */
bool diagnosis_append(struct err *e, enum cause_id id);
