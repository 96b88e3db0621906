/*
 * Causes: what goes wrong with a set-up, in words for the person on call.
 *
 * CAUSES is the one list: `rollcall check` gives its texts, the errors of the other commands point
 * into it (struct err, `cause`), and docs/troubleshooting.md is made from it (scripts/gen-docs.sh,
 * by `rollcall --causes`). How a cause is recognized is the business of the code that sees it.
 *
 * Invariants: a name is stable, for scripts; each cause has its own text; the kind is
 * the one whose exit code `check` ends with, ERR_NONE for a warning.
 */
#ifndef ROLLCALL_BASE_CAUSES_H
#define ROLLCALL_BASE_CAUSES_H

#include <stddef.h>

#include "base/err.h"

/* The steps of `rollcall check`, in order: X(enum name, short name, title). */
#define CAUSE_STEPS(X)                                                                             \
    X(STEP_CONFIGURATION, "configuration", "Configuration")                                        \
    X(STEP_NETWORK, "network", "Network")                                                          \
    X(STEP_LOGIN, "login", "Login")                                                                \
    X(STEP_TOKEN, "token", "Token")                                                                \
    X(STEP_PERMISSIONS, "permissions", "Permissions")                                              \
    X(STEP_LIMITS, "limits", "Limits")                                                             \
    X(STEP_LOCAL, "local", "Local")

enum cause_step {
#define CAUSE_STEP_ENUM(id, name, title) id,
    CAUSE_STEPS(CAUSE_STEP_ENUM)
#undef CAUSE_STEP_ENUM
        STEP_COUNT
};

/* X(enum name, stable name), in the order of causes.c and of the docs. */
#define CAUSES(X)                                                                                  \
    X(CONFIG_ABSENT, "config_absent")                                                              \
    X(CONFIG_UNREADABLE, "config_unreadable")                                                      \
    X(CONFIG_INVALID, "config_invalid")                                                            \
    X(CONFIG_SCOPE, "config_scope")                                                                \
    X(CONFIG_REGION_MISSING, "config_region_missing")                                              \
    X(CONFIG_REGION_UNKNOWN, "config_region_unknown")                                              \
    X(CONFIG_REGION_MIXED, "config_region_mixed")                                                  \
    X(CONFIG_TOKEN_PATH, "config_token_path")                                                      \
    X(CONFIG_PLAIN_HTTP, "config_plain_http")                                                      \
    X(CONFIG_PROXY_URL, "config_proxy_url")                                                        \
    X(CONFIG_CA_FILE, "config_ca_file")                                                            \
    X(CONFIG_ID_MISSING, "config_id_missing")                                                      \
    X(CONFIG_ID_NO_UUID, "config_id_no_uuid")                                                      \
    X(CONFIG_SECRET_MISSING, "config_secret_missing")                                              \
    X(CONFIG_SECRET_FILE, "config_secret_file")                                                    \
    X(CONFIG_EXCHANGED, "config_exchanged")                                                        \
    X(CONFIG_PLACEHOLDER, "config_placeholder")                                                    \
    X(CONFIG_PAIR, "config_pair")                                                                  \
    X(CONFIG_COLON_LOST, "config_colon_lost")                                                      \
    X(CONFIG_COLON_DOUBLED, "config_colon_doubled")                                                \
    X(CONFIG_BASE64, "config_base64")                                                              \
    X(CONFIG_LINES, "config_lines")                                                                \
    X(CONFIG_CHARACTER, "config_character")                                                        \
    X(CONFIG_BLANKS, "config_blanks")                                                              \
    X(CONFIG_QUOTES, "config_quotes")                                                              \
    X(CONFIG_READABLE, "config_readable")                                                          \
    X(CONFIG_ZONE, "config_zone")                                                                  \
    X(CONFIG_START, "config_start")                                                                \
    X(NET_NAME, "network_name")                                                                    \
    X(NET_PROXY_NAME, "network_proxy_name")                                                        \
    X(NET_REFUSED, "network_refused")                                                              \
    X(NET_PROXY_REFUSED, "network_proxy_refused")                                                  \
    X(NET_TIMEOUT, "network_timeout")                                                              \
    X(NET_RESET, "network_reset")                                                                  \
    X(NET_PROXY_LOGIN, "network_proxy_login")                                                      \
    X(NET_PROXY_DENIED, "network_proxy_denied")                                                    \
    X(NET_PROXY_TROUBLE, "network_proxy_trouble")                                                  \
    X(NET_CERT_EXPIRED, "network_certificate_expired")                                             \
    X(NET_CERT_EARLY, "network_certificate_early")                                                 \
    X(NET_CERT_HOST, "network_certificate_host")                                                   \
    X(NET_CERT_SELF, "network_certificate_self_signed")                                            \
    X(NET_CERT_ISSUER, "network_certificate_issuer")                                               \
    X(NET_TLS_VERSION, "network_tls_version")                                                      \
    X(NET_TLS_NONE, "network_tls_none")                                                            \
    X(NET_TLS_OTHER, "network_tls_other")                                                          \
    X(NET_TOO_LARGE, "network_too_large")                                                          \
    X(NET_OTHER, "network_other")                                                                  \
    X(NET_CLOCK, "network_clock")                                                                  \
    X(LOGIN_UNKNOWN_CLIENT, "login_unknown_client")                                                \
    X(LOGIN_WRONG_SECRET, "login_wrong_secret")                                                    \
    X(LOGIN_DISABLED, "login_client_disabled")                                                     \
    X(LOGIN_INACTIVE, "login_client_inactive")                                                     \
    X(LOGIN_ADDRESS, "login_address")                                                              \
    X(LOGIN_GRANT, "login_grant")                                                                  \
    X(LOGIN_FORBIDDEN, "login_forbidden")                                                          \
    X(LOGIN_INVALID_CLIENT, "login_invalid_client")                                                \
    X(LOGIN_INVALID_REQUEST, "login_invalid_request")                                              \
    X(LOGIN_API_HOST, "login_api_host")                                                            \
    X(LOGIN_NO_ENDPOINT, "login_no_endpoint")                                                      \
    X(LOGIN_IDENTITY_PROVIDER, "login_identity_provider")                                          \
    X(LOGIN_REDIRECT, "login_redirect")                                                            \
    X(LOGIN_SIGN_IN_PAGE, "login_sign_in_page")                                                    \
    X(LOGIN_WEB_PAGE, "login_web_page")                                                            \
    X(LOGIN_NO_TOKEN, "login_no_token")                                                            \
    X(LOGIN_RATE, "login_rate")                                                                    \
    X(LOGIN_SERVER, "login_server")                                                                \
    X(LOGIN_NETWORK, "login_network")                                                              \
    X(TOKEN_OTHER_REGION, "token_other_region")                                                    \
    X(TOKEN_ADDRESS, "token_address")                                                              \
    X(TOKEN_REFUSED, "token_refused")                                                              \
    X(TOKEN_NO_API, "token_no_api")                                                                \
    X(TOKEN_RATE, "token_rate")                                                                    \
    X(TOKEN_SERVER, "token_server")                                                                \
    X(TOKEN_ORGANIZATION, "token_organization")                                                    \
    X(TOKEN_STATE, "token_client_state")                                                           \
    X(TOKEN_GRANT, "token_grant")                                                                  \
    X(TOKEN_NO_ROLES, "token_no_roles")                                                            \
    X(TOKEN_SHORT, "token_short")                                                                  \
    X(PERMISSION_MISSING, "permission_missing")                                                    \
    X(PERMISSION_EMPTY, "permission_empty")                                                        \
    X(PERMISSION_DIVISIONS, "permission_divisions")                                                \
    X(PERMISSION_RATE, "permission_rate")                                                          \
    X(PERMISSION_SERVER, "permission_server")                                                      \
    X(PERMISSION_ANSWER, "permission_answer")                                                      \
    X(LIMITS_PACE, "limits_pace")                                                                  \
    X(LIMITS_NIGHT, "limits_night")                                                                \
    X(LIMITS_UNREAD, "limits_unread")                                                              \
    X(LOCAL_DIRECTORY, "local_directory")                                                          \
    X(LOCAL_RIGHTS, "local_rights")                                                                \
    X(LOCAL_NETWORK_DISK, "local_network_disk")                                                    \
    X(LOCAL_FOREIGN, "local_foreign")                                                              \
    X(LOCAL_NEWER, "local_newer")                                                                  \
    X(LOCAL_OLDER, "local_older")                                                                  \
    X(LOCAL_DATABASE, "local_database")                                                            \
    X(LOCAL_NO_SPACE, "local_no_space")                                                            \
    X(LOCAL_LITTLE_SPACE, "local_little_space")                                                    \
    X(LOCAL_LOCKED, "local_locked")                                                                \
    X(LOCAL_RETENTION, "local_retention")

enum cause_id {
    CAUSE_NONE,
#define CAUSE_ENUM(id, name) CAUSE_##id,
    CAUSES(CAUSE_ENUM)
#undef CAUSE_ENUM
        CAUSE_COUNT
};

struct cause {
    enum cause_step step;
    enum err_kind kind;
    const char *sees;   /* what one sees: a sign in an answer or a message */
    const char *text;   /* the cause: a clause without a full stop */
    const char *remedy; /* what to do: likewise */
};

/* What is known of a cause; `id` must not be CAUSE_NONE. Static. */
const struct cause *cause_of(enum cause_id id);

/* Its stable name. Static. */
const char *cause_name(enum cause_id id);

/* A step's short name and its title. Static. */
const char *cause_step_name(enum cause_step step);
const char *cause_step_title(enum cause_step step);

/* What every refused login adds: single sign-on is another matter, and what its roll-outs change.
 */
extern const char cause_saml_note[];

/* Notes the cause of the error in `e`; returns false. */
bool err_cause(struct err *e, enum cause_id id);

#endif
