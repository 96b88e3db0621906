/*
 * A secret is its own type without a print path: the client secret, a token.
 *
 * Invariants: the text is kept in memory that is locked where the system allows it, never dumped
 * (core dumps are off) and wiped when freed; nothing formats, logs, compares loosely or stores it.
 * secret_expose is called in one place only: where a request's header is made. Secrets
 * are made, freed and masked by one thread at a time.
 */
#pragma once

#include "io/json.h"

struct secret;

/* A copy of `length` bytes of `text`; free with secret_free. */
struct secret *secret_new(const char *text, size_t length);

/* Wipes and frees; NULL is allowed. */
void secret_free(struct secret *s);

/* The text, NUL-terminated, borrowed: for the Authorization header alone. */
const char *secret_expose(const struct secret *s);

/* What a token says of itself when it is a JWT (RFC 7519): its claims, else NULL. The signature is
 * not looked at: whether the token is good is the API's business. Free with json_free. */
struct json_doc *secret_claims(const struct secret *token);

/* Puts *** where `text` holds a secret that is in use (of four bytes or more): plain, within base64
 * of either alphabet, any of it percent-encoded. Returns the length that remains. */
size_t secret_mask(char *text, size_t length);

/* Overwrites memory in a way the compiler keeps. */
void secret_wipe(void *memory, size_t length);

/* What would write secrets down is off for this process: core dumps (RLIMIT_CORE 0, PR_SET_DUMPABLE
 * off where it exists), and libcurl's log of session keys (SSLKEYLOGFILE). Before threads. */
void secret_keep_in(void);
