/*
 * What a token says of itself, when it is a JWT (RFC 7519). The signature is not looked at: whether
 * the token is good is the API's business.
 */
#ifndef ROLLCALL_IO_JWT_H
#define ROLLCALL_IO_JWT_H

#include "io/json.h"
#include "io/secret.h"

/* The claims of `token`, NULL when it is not of that form. Free with json_free. */
struct json_doc *jwt_claims(const struct secret *token);

#endif
