/*
 * The API's error body (ErrorBody of the contract: code, message, contextId, limit) turned into an
 * error for the user.
 */
#ifndef ROLLCALL_API_API_ERROR_H
#define ROLLCALL_API_API_ERROR_H

#include "base/err.h"
#include "io/http.h"

enum { API_CODE_BYTES = 96 };

/* Fills `e` from a final non-2xx answer or a failure below HTTP: kind by consequence (403:
 * ERR_PERMISSION with the permissions the answer names; 429: ERR_RATE; 408, 5xx save 501 and 505,
 * network, TLS and proxies: ERR_TEMPORARY; 401: ERR_AUTH; redirects and other 4xx: ERR_CONTRACT),
 * message with label, status, code, message, contextId, limit and correlation id, all escaped.
 * `code` (API_CODE_BYTES) receives ErrorBody.code, "" without one. Always false.
 */
bool api_error(struct err *e, const struct http_answer *answer, const char *label, char *code);

#endif
