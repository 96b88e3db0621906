/*
 * Why logins are refused, as data: how each cause is recognized, what it means and what to do. The
 * refusal's message, the check command and the docs go by this one list.
 *
 * Sources: the vendor's OAuth client model, its SDKs, and answers that public projects recorded.
 */
#ifndef ROLLCALL_API_LOGIN_CAUSES_H
#define ROLLCALL_API_LOGIN_CAUSES_H

#include <stdbool.h>
#include <stddef.h>

/* What kind of answer a cause shows in. */
enum login_sign {
    LOGIN_WORDS,    /* a JSON body whose error or description holds `match` */
    LOGIN_STATUS,   /* the HTTP status that `status` says */
    LOGIN_REDIRECT, /* a 3xx */
    LOGIN_NOT_JSON, /* anything that is no JSON: a sign-in page, a gateway's page */
    LOGIN_FRESH,    /* a fresh token that the API refused */
    LOGIN_OTHER,    /* none of these */
};

struct login_cause {
    const char *name; /* stable, for scripts and docs */
    enum login_sign sign;
    const char *match; /* lower case; NULL: any */
    int status;        /* 0: any */
    const char *text;
    const char *remedy;
};

extern const struct login_cause login_causes[];
extern const size_t login_cause_count;

/* What every refusal adds: single sign-on is another matter. */
extern const char login_saml_note[];

/* The first cause that fits the login host's answer (`words`: error and description of a JSON body,
 * NULL when it is no JSON). Never NULL. */
const struct login_cause *login_cause_of(int status, const char *words);

/* The first cause of LOGIN_FRESH whose match occurs in `words` (code and message of the API's
 * refusal). Never NULL. */
const struct login_cause *login_cause_fresh(const char *words);

#endif
