/* Tokens: who may call, how often, how long. Thread-safe. */
#ifndef STANDIN_AUTH_H
#define STANDIN_AUTH_H

#include "http.h"

/* Checks the bearer token and counts its use; answers 401 or 429 and returns false if it may not
 * go on. Adds the rate limit's headers when there is a limit. */
bool auth_passes(const struct request *request, struct reply *reply);

/* Decodes base64 (not its URL form) into out, ended by NUL; false if malformed or too long. */
bool auth_base64_decode(const char *text, char *out, size_t size);
void auth_base64_encode(const char *bytes, size_t length, char *out, size_t size);

#endif
