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

#include "base/arena.h"
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

/* X(id, stable name, step, kind, what one sees: a sign in an answer or a message, the cause: a
 * clause without a full stop, the remedy: likewise), in the order of the docs. */
#define CAUSES(X)                                                                                  \
    X(CONFIG_ABSENT, "config_absent", CONFIGURATION, CONFIG, "the file named by -c is not there",  \
      "the configuration file does not exist",                                                     \
      "name the right file with -c, or copy config.example.ini to that place and fill it in")      \
    X(CONFIG_UNREADABLE, "config_unreadable", CONFIGURATION, CONFIG,                               \
      "\"Permission denied\" on the configuration, .env or secret file",                           \
      "the user that runs rollcall may not read a file of the configuration",                      \
      "make that user the owner of the file (chown) and keep its mode 600; under cron and "        \
      "systemd that is the job's user, not yours")                                                 \
    X(CONFIG_INVALID, "config_invalid", CONFIGURATION, CONFIG, "a message with file and line",     \
      "a line of the configuration cannot be understood",                                          \
      "correct the line that the message names; config.example.ini explains every key")            \
    X(CONFIG_SCOPE, "config_scope", CONFIGURATION, CONFIG,                                         \
      "a key `scope`, or a name such as `analytics:read`, `api:platform` or "                      \
      "`urn:genesys:cloud:admin`",                                                                 \
      "scopes are configured, and scopes do not apply to the client credentials grant: what "      \
      "the client may read is set by its roles and their divisions",                               \
      "remove the line; give the client a role with the permissions under Admin > Integrations "   \
      "> OAuth > the client > Roles, and choose the divisions there")                              \
    X(CONFIG_REGION_MISSING, "config_region_missing", CONFIGURATION, CONFIG,                       \
      "\"region is missing\"", "nothing says in which region the organization lives",              \
      "set [genesys] region (or GENESYS_REGION) to the AWS region, the login domain, or any "      \
      "address your users see in the browser")                                                     \
    X(CONFIG_REGION_UNKNOWN, "config_region_unknown", CONFIGURATION, CONFIG,                       \
      "\"is no Genesys Cloud region\"", "the region is none of Genesys Cloud's",                   \
      "copy the address that your users see in the browser when they are logged in "               \
      "(https://apps.DOMAIN/...) into [genesys] region")                                           \
    X(CONFIG_REGION_MIXED, "config_region_mixed", CONFIGURATION, CONFIG,                           \
      "a host such as api.us-east-2.mypurecloud.com",                                              \
      "the region is put together from an AWS name and another region's domain; no such host "     \
      "exists",                                                                                    \
      "write the line that the message gives, or the domain that your users log in at, alone")     \
    X(CONFIG_TOKEN_PATH, "config_token_path", CONFIGURATION, CONFIG,                               \
      "login_url or api_url with a path, such as /api/v2/oauth/token",                             \
      "a URL holds a path; paths such as /api/v2/oauth/token and /api/v2/oauth2/token are in "     \
      "circulation, but the token endpoint is /oauth/token on the login host, and rollcall "       \
      "appends it itself",                                                                         \
      "write scheme and host alone (login_url = https://login.DOMAIN, api_url = "                  \
      "https://api.DOMAIN), or better only region")                                                \
    X(CONFIG_PLAIN_HTTP, "config_plain_http", CONFIGURATION, CONFIG, "\"only https is allowed\"",  \
      "a URL begins with http, over which the secret would travel for all to read",                \
      "write https:// in login_url and api_url")                                                   \
    X(CONFIG_PROXY_URL, "config_proxy_url", CONFIGURATION, CONFIG, "\"no URL of a proxy\"",        \
      "the proxy's URL, of [genesys] proxy or of the variable named, cannot be used",              \
      "write it as http://HOST:PORT, with USER:PASSWORD@ before the host if the proxy asks for a " \
      "login; other characters than letters and digits in them are percent-encoded (@ is %40, : "  \
      "%3A, / %2F, # %23)")                                                                        \
    X(CONFIG_CA_FILE, "config_ca_file", CONFIGURATION, CONFIG,                                     \
      "\"ca_file cannot be read\", or it holds no certificate",                                    \
      "the file with trusted certificates is absent, not readable, or no PEM file",                \
      "name a readable PEM file (\"-----BEGIN CERTIFICATE-----\") in [genesys] ca_file")           \
    X(CONFIG_ID_MISSING, "config_id_missing", CONFIGURATION, CONFIG, "\"client_id is missing\"",   \
      "there is no client id",                                                                     \
      "copy it from Admin > Integrations > OAuth into [genesys] client_id or GENESYS_CLIENT_ID")   \
    X(CONFIG_ID_NO_UUID, "config_id_no_uuid", CONFIGURATION, NONE,                                 \
      "client_id of another form than 8-4-4-4-12 hexadecimal digits",                              \
      "the client id is not of the form that Genesys Cloud gives out (a UUID); the client's "      \
      "name or an application's id of another system is a frequent mistake",                       \
      "copy the Client ID from Admin > Integrations > OAuth > the client")                         \
    X(CONFIG_SECRET_MISSING, "config_secret_missing", CONFIGURATION, CONFIG,                       \
      "\"the client secret is missing\"", "there is no client secret",                             \
      "put it into a file of its own (chmod 600) and name that in [genesys] "                      \
      "client_secret_file, or set GENESYS_CLIENT_SECRET")                                          \
    X(CONFIG_SECRET_FILE, "config_secret_file", CONFIGURATION, CONFIG,                             \
      "\"cannot read\" or \"is empty\" with the path of client_secret_file",                       \
      "the file named by client_secret_file cannot be read, or is empty",                          \
      "check its path (it counts from the directory rollcall is started in) and its owner; one "   \
      "that is root's the services read: `systemctl start rollcall-check` checks as they do")      \
    X(CONFIG_EXCHANGED, "config_exchanged", CONFIGURATION, CONFIG,                                 \
      "client_secret is a UUID, client_id is not",                                                 \
      "client id and client secret are exchanged: the one that looks like "                        \
      "12345678-1234-1234-1234-123456789abc is the id",                                            \
      "swap the two values")                                                                       \
    X(CONFIG_PLACEHOLDER, "config_placeholder", CONFIGURATION, CONFIG,                             \
      "a value such as your_client_secret_here or {{environment}}",                                \
      "a value is still the placeholder of an example",                                            \
      "replace it: credentials come from Admin > Integrations > OAuth, the region from the "       \
      "address that your users log in at")                                                         \
    X(CONFIG_PAIR, "config_pair", CONFIGURATION, CONFIG,                                           \
      "a ':' in client_id, or the id again within the secret",                                     \
      "id and secret were pasted together, as id:secret, into one field",                          \
      "put what stands before the colon into client_id and what stands after it into "             \
      "client_secret")                                                                             \
    X(CONFIG_COLON_LOST, "config_colon_lost", CONFIGURATION, CONFIG,                               \
      "client_id is longer than a UUID",                                                           \
      "the client id begins with a UUID and goes on: id and secret were pasted together and "      \
      "the colon between them got lost",                                                           \
      "keep the first 36 characters as client_id; the rest belongs into client_secret")            \
    X(CONFIG_COLON_DOUBLED, "config_colon_doubled", CONFIGURATION, CONFIG,                         \
      "client_secret begins or ends with a ':'",                                                   \
      "a colon was pasted along with the client secret",                                           \
      "remove the colon; rollcall puts id and secret together itself")                             \
    X(CONFIG_BASE64, "config_base64", CONFIGURATION, CONFIG,                                       \
      "client_secret is base64 of something readable",                                             \
      "the secret is given in base64 (as it stands in an Authorization header) instead of plain",  \
      "give the plain secret as Genesys Cloud showed it; rollcall encodes it itself")              \
    X(CONFIG_LINES, "config_lines", CONFIGURATION, CONFIG, "\"holds more than one line\"",         \
      "the file or variable holds more than the credential: further lines, or a name before it",   \
      "leave the credential alone in it, in one line")                                             \
    X(CONFIG_CHARACTER, "config_character", CONFIGURATION, CONFIG,                                 \
      "\"has a character that no client secret has\"",                                             \
      "a credential holds a character that no credential of Genesys Cloud has: a blank within, "   \
      "a typographic dash or quote, an invisible one from a document or chat",                     \
      "copy it again, straight from Admin > Integrations > OAuth")                                 \
    X(CONFIG_BLANKS, "config_blanks", CONFIGURATION, NONE,                                         \
      "a warning of blanks around a credential",                                                   \
      "blanks or line ends stood around a credential; rollcall dropped them, other tools will "    \
      "not",                                                                                       \
      "remove them where the credential is kept")                                                  \
    X(CONFIG_QUOTES, "config_quotes", CONFIGURATION, NONE,                                         \
      "a warning of quotes around a credential",                                                   \
      "quotes stood around a credential; rollcall dropped them, other tools will not",             \
      "remove them where the credential is kept")                                                  \
    X(CONFIG_READABLE, "config_readable", CONFIGURATION, NONE,                                     \
      "a file with a secret of mode 644, say",                                                     \
      "a file that holds the secret can be read by other users of this machine",                   \
      "chmod 600 the file, with the user that runs rollcall as its owner")                         \
    X(CONFIG_ZONE, "config_zone", CONFIGURATION, CONFIG, "\"time zone\"",                          \
      "the time zone is not known on this machine",                                                \
      "write its IANA name (Asia/Seoul) in [extract] timezone; on slim systems install tzdata")    \
    X(CONFIG_START, "config_start", CONFIGURATION, CONFIG, "\"[extract] start is missing\"",       \
      "nothing says from which day on conversations are wanted",                                   \
      "set [extract] start = YYYY-MM-DD")                                                          \
    X(CONFIG_START_AHEAD, "config_start_ahead", CONFIGURATION, CONFIG,                             \
      "\"lies before [extract] start\"",                                                           \
      "[extract] start is a day that has not come yet: a run would refuse it",                     \
      "set start to the first day that is wanted")                                                 \
    X(CONFIG_LOOKBACK, "config_lookback", CONFIGURATION, NONE, "lookback_days below 4",            \
      "finished days are not read again for as long as Genesys Cloud changes them: late wrap-ups " \
      "and e-mails that are opened again would be lost",                                           \
      "set lookback_days to 4 or more, or leave it out")                                           \
    X(CONFIG_ZONE_CHANGED, "config_zone_changed", CONFIGURATION, CONFIG,                           \
      "\"the database's days are those of ...\"",                                                  \
      "the file was read in another time zone: local times and business days would be others",     \
      "write the file's zone in [extract] timezone, or run `rollcall extract --rezone` once")      \
    X(CONFIG_EXPORT, "config_export", CONFIGURATION, STORE, "[export] directory in a message",     \
      "the directory for exports cannot be written: `rollcall export` would fail",                 \
      "name a directory in [export] directory, owned by the user that runs rollcall")              \
    X(CONFIG_METRICS, "config_metrics", CONFIGURATION, STORE, "[metrics] textfile in a message",   \
      "the metrics file cannot be written: a run would read everything, and end with this error",  \
      "make its directory writable for the user that runs rollcall, or name another file in "      \
      "[metrics] textfile")                                                                        \
    X(NET_NAME, "network_name", NETWORK, TEMPORARY, "\"Could not resolve host\"",                  \
      "the host's name is unknown: a region host that does not exist, a typing error, or no "      \
      "name server is reached from here",                                                          \
      "check region (or login_url and api_url) against the address your users see in the "         \
      "browser; then `getent hosts HOST` on this machine")                                         \
    X(NET_PROXY_NAME, "network_proxy_name", NETWORK, TEMPORARY, "\"Could not resolve proxy\"",     \
      "the proxy's name is unknown",                                                               \
      "check [genesys] proxy, or HTTPS_PROXY in the environment of the job")                       \
    X(NET_REFUSED, "network_refused", NETWORK, TEMPORARY, "\"Failed to connect\", at once",        \
      "the connection was refused: a firewall answers for the host, or nothing listens there",     \
      "ask the network's administrators to open port 443 to the host, or to name the proxy to "    \
      "use")                                                                                       \
    X(NET_PROXY_REFUSED, "network_proxy_refused", NETWORK, TEMPORARY,                              \
      "\"Failed to connect\" with the proxy's address", "the proxy does not accept connections",   \
      "check host and port in [genesys] proxy or HTTPS_PROXY; is the proxy running?")              \
    X(NET_TIMEOUT, "network_timeout", NETWORK, TEMPORARY, "\"timed out\"",                         \
      "the host does not answer: a firewall drops the packets, or the way out is through a "       \
      "proxy that is not configured",                                                              \
      "ask the network's administrators to open port 443 to the host, or set [genesys] proxy")     \
    X(NET_RESET, "network_reset", NETWORK, TEMPORARY, "\"reset by peer\", \"unexpected eof\"",     \
      "the connection was cut while it was set up: typically a firewall that inspects "            \
      "connections",                                                                               \
      "ask the network's administrators to let connections from this machine to the host pass")    \
    X(NET_PROXY_LOGIN, "network_proxy_login", NETWORK, TEMPORARY, "407 from the proxy",            \
      "the proxy asks for a login of its own",                                                     \
      "put its user and password into [genesys] proxy: http://USER:PASSWORD@HOST:PORT (chmod "     \
      "600 the file), @ in them as %40; where it offers Negotiate alone, http://:@HOST:PORT and "  \
      "a "                                                                                         \
      "Kerberos ticket (kinit)")                                                                   \
    X(NET_PROXY_REJECTED, "network_proxy_rejected", NETWORK, TEMPORARY,                            \
      "407 from the proxy, a user is set",                                                         \
      "the proxy does not accept the user and password that are set",                              \
      "check them in [genesys] proxy or the variable named: characters such as @ : / # % in them " \
      "are percent-encoded "                                                                       \
      "(@ is %40); where the proxy offers Negotiate alone, write http://:@HOST:PORT and get a "    \
      "Kerberos ticket (kinit)")                                                                   \
    X(NET_PROXY_TIMEOUT, "network_proxy_timeout", NETWORK, TEMPORARY,                              \
      "\"timed out\", a proxy is set",                                                             \
      "the proxy that is set does not answer, or the host behind it does not",                     \
      "check host and port of the proxy in [genesys] proxy or the variable named; then ask its "   \
      "administrators")                                                                            \
    X(NET_PROXY_DENIED, "network_proxy_denied", NETWORK, TEMPORARY,                                \
      "403 or another 4xx from the proxy", "the proxy does not let this machine reach the host",   \
      "ask the proxy's administrators to allow CONNECT to the host on port 443")                   \
    X(NET_PROXY_TROUBLE, "network_proxy_trouble", NETWORK, TEMPORARY,                              \
      "502, 503 or 504 from the proxy",                                                            \
      "the proxy itself does not reach the host, or does not know its name",                       \
      "check region; then ask the proxy's administrators")                                         \
    X(NET_CERT_EXPIRED, "network_certificate_expired", NETWORK, TEMPORARY,                         \
      "\"certificate has expired\"",                                                               \
      "the host's certificate has expired, or this machine's clock is far ahead",                  \
      "look at the clock first (`date -u`); when that is right, a gateway on the way shows an "    \
      "old certificate")                                                                           \
    X(NET_CERT_EARLY, "network_certificate_early", NETWORK, TEMPORARY,                             \
      "\"certificate is not yet valid\"",                                                          \
      "the host's certificate is not yet valid: this machine's clock is behind",                   \
      "set the clock (timedatectl, chrony)")                                                       \
    X(NET_CERT_HOST, "network_certificate_host", NETWORK, TEMPORARY,                               \
      "\"no alternative certificate subject name matches\"",                                       \
      "the certificate is for another host: the name leads elsewhere, or a gateway answers in "    \
      "its place",                                                                                 \
      "check login_url, api_url and region, and what the name resolves to (`getent hosts HOST`)")  \
    X(NET_CERT_SELF, "network_certificate_self_signed", NETWORK, TEMPORARY,                        \
      "\"self-signed certificate\"",                                                               \
      "the certificate is signed by itself or by an authority of your own: probably a proxy "      \
      "that inspects TLS",                                                                         \
      "ask for the inspecting proxy's root certificate (PEM) and name it in [genesys] ca_file")    \
    X(NET_CERT_ISSUER, "network_certificate_issuer", NETWORK, TEMPORARY,                           \
      "\"unable to get local issuer certificate\"",                                                \
      "the certificate's issuer is unknown: probably a proxy that inspects TLS",                   \
      "ask for the inspecting proxy's root certificate (PEM) and name it in [genesys] ca_file; "   \
      "on slim systems install ca-certificates")                                                   \
    X(NET_CERT_CA_FILE, "network_certificate_ca_file", NETWORK, TEMPORARY,                         \
      "the same, ca_file is set",                                                                  \
      "the certificate's issuer is neither among the system's roots nor in ca_file: that is "      \
      "another "                                                                                   \
      "authority's, or lacks a link of the chain",                                                 \
      "put the root certificate of the proxy that inspects TLS into [genesys] ca_file, and the "   \
      "certificates between; "                                                                     \
      "`openssl s_client -showcerts -connect HOST:443` shows who signed")                          \
    X(NET_TLS_VERSION, "network_tls_version", NETWORK, TEMPORARY,                                  \
      "\"unsupported protocol\", \"protocol version\"",                                            \
      "the other side speaks only TLS 1.1 or older, which rollcall refuses: Genesys Cloud does "   \
      "not do that, something stands in between",                                                  \
      "ask the network's administrators which gateway answers, and to update it")                  \
    X(NET_TLS_NONE, "network_tls_none", NETWORK, TEMPORARY, "\"wrong version number\"",            \
      "the other side does not speak TLS at all on this port",                                     \
      "check the port in login_url and api_url (443), and in the proxy's URL http:// against "     \
      "https://")                                                                                  \
    X(NET_TLS_OTHER, "network_tls_other", NETWORK, TEMPORARY, "a handshake that fails",            \
      "the TLS handshake failed",                                                                  \
      "show the evidence to the network's administrators: something between here and the host "    \
      "meddles with TLS")                                                                          \
    X(NET_TOO_LARGE, "network_too_large", NETWORK, TEMPORARY, "\"the body passes\"",               \
      "an answer is larger than the limit",                                                        \
      "look at what stands between here and the host; `rollcall --limits` lists the limits")       \
    X(NET_OTHER, "network_other", NETWORK, TEMPORARY, "another failure below HTTP",                \
      "the request failed below HTTP", "see the evidence, which is libcurl's own wording")         \
    X(NET_CLOCK, "network_clock", NETWORK, NONE, "the server's Date differs from the clock",       \
      "this machine's clock is more than a minute off: windows and lookbacks are planned by "      \
      "it, and certificates judged",                                                               \
      "set the clock and keep it set (timedatectl set-ntp true, chrony)")                          \
    X(LOGIN_UNKNOWN_CLIENT, "login_unknown_client", LOGIN, AUTH, "HTTP 400 \"client not found\"",  \
      "this login host knows no client of that id: the client was deleted, or it lives in "        \
      "another region",                                                                            \
      "check client_id and region; `rollcall check --find-region` asks the other regions")         \
    X(LOGIN_WRONG_SECRET, "login_wrong_secret", LOGIN, AUTH, "HTTP 401 \"authentication failed\"", \
      "the secret is wrong or was rotated, or the client belongs to another region",               \
      "copy the secret anew from Admin > Integrations > OAuth (rotating it voids the old one), "   \
      "and check region")                                                                          \
    X(LOGIN_DISABLED, "login_client_disabled", LOGIN, AUTH, "\"disabled\" in the answer",          \
      "the OAuth client is disabled",                                                              \
      "an administrator enables it under Admin > Integrations > OAuth")                            \
    X(LOGIN_INACTIVE, "login_client_inactive", LOGIN, AUTH, "\"inactive\" in the answer",          \
      "the OAuth client is inactive (unused clients are switched off, then deleted)",              \
      "an administrator activates it under Admin > Integrations > OAuth, or makes a new one")      \
    X(LOGIN_ADDRESS, "login_address", LOGIN, AUTH, "`ip.not.authorized` from the login host",      \
      "the client's IP allow-list does not hold the address that this machine has to the "         \
      "outside",                                                                                   \
      "add that address to the client's allow-list; behind a proxy it is the proxy's")             \
    X(LOGIN_INVALID_GRANT, "login_invalid_grant", LOGIN, AUTH, "`invalid_grant`",                  \
      "the secret is wrong or was rotated; or else the client is not of the grant type Client "    \
      "Credentials",                                                                               \
      "copy the secret anew from Admin > Integrations > OAuth; where that changes nothing, look "  \
      "at "                                                                                        \
      "the client's grant type there: it must be Client Credentials, and cannot be changed")       \
    X(LOGIN_UNAUTHORIZED, "login_unauthorized", LOGIN, AUTH, "HTTP 401 without an OAuth error",    \
      "the secret or the client id is wrong; or else another service (a gateway, a proxy) "        \
      "answers "                                                                                   \
      "in place of the login host",                                                                \
      "copy both anew from Admin > Integrations > OAuth; where that changes nothing, check "       \
      "region "                                                                                    \
      "or login_url: it is https://login.DOMAIN")                                                  \
    X(LOGIN_GRANT, "login_grant", LOGIN, AUTH, "`unsupported_grant_type`, `unauthorized_client`",  \
      "the client is not of the grant type Client Credentials",                                    \
      "make a client with the grant type Client Credentials under Admin > Integrations > "         \
      "OAuth: the type of a client cannot be changed")                                             \
    X(LOGIN_FORBIDDEN, "login_forbidden", LOGIN, AUTH, "HTTP 403 from the login host",             \
      "the login host forbids it: the client is not of the grant type Client Credentials, or "     \
      "an IP rule or a firewall shuts this machine out",                                           \
      "check the client's grant type and its IP allow-list under Admin > Integrations > OAuth")    \
    X(LOGIN_INVALID_CLIENT, "login_invalid_client", LOGIN, AUTH,                                   \
      "`invalid_client` with other words", "client id or client secret is wrong",                  \
      "copy both anew from Admin > Integrations > OAuth, and check region")                        \
    X(LOGIN_INVALID_REQUEST, "login_invalid_request", LOGIN, AUTH, "`invalid_request`",            \
      "the login host did not get the request as it was sent: a proxy or gateway strips the "      \
      "Authorization header or the body",                                                          \
      "let connections to the login host pass that proxy or gateway unchanged")                    \
    X(LOGIN_API_HOST, "login_api_host", LOGIN, AUTH,                                               \
      "an error body of the API (code, contextId) in place of the login host's",                   \
      "login_url names the API host; /api/v2/oauth/token is in circulation, but the token "        \
      "endpoint is /oauth/token on the login host",                                                \
      "set login_url = https://login.DOMAIN, or better only region")                               \
    X(LOGIN_NO_ENDPOINT, "login_no_endpoint", LOGIN, AUTH, "HTTP 404 or 405",                      \
      "there is no login at this URL: the token endpoint is /oauth/token on the login host, "      \
      "https://login.DOMAIN",                                                                      \
      "check region or login_url")                                                                 \
    X(LOGIN_IDENTITY_PROVIDER, "login_identity_provider", LOGIN, AUTH,                             \
      "a redirect to an identity provider (SAML, Okta, Entra, ADFS)",                              \
      "the login was sent on to an identity provider: that is the way people log in, so this "     \
      "is not the login host",                                                                     \
      "check region or login_url: it is https://login.DOMAIN, not the page users sign in at")      \
    X(LOGIN_REDIRECT, "login_redirect", LOGIN, AUTH, "HTTP 301, 302, 303, 307 or 308",             \
      "the login host sends elsewhere, and redirects are not followed, so that the secret goes "   \
      "nowhere else",                                                                              \
      "check region or login_url: it is https://login.DOMAIN")                                     \
    X(LOGIN_SIGN_IN_PAGE, "login_sign_in_page", LOGIN, AUTH, "an HTML page with a sign-in form",   \
      "a sign-in page for people answered in place of the login host: the URL is that of the "     \
      "browser login",                                                                             \
      "check region or login_url: it is https://login.DOMAIN; a proxy with a sign-in page of "     \
      "its own is the other candidate")                                                            \
    X(LOGIN_WEB_PAGE, "login_web_page", LOGIN, AUTH,                                               \
      "an HTML page, an empty answer or other text",                                               \
      "a web page or something else that is no JSON (of a web server, a proxy or a gateway) "      \
      "answered in place of the login host",                                                       \
      "check region or login_url, and whether a proxy stands in between")                          \
    X(LOGIN_NO_TOKEN, "login_no_token", LOGIN, AUTH, "JSON without a token",                       \
      "the answer holds no token", "check region or login_url: another service answers there")     \
    X(LOGIN_RATE, "login_rate", LOGIN, RATE, "HTTP 429 from the login host",                       \
      "too many logins of late: another program logs in with this client again and again, or a "   \
      "loop does",                                                                                 \
      "wait some minutes; let programs keep their token, and give each program a client of its "   \
      "own")                                                                                       \
    X(LOGIN_SERVER, "login_server", LOGIN, TEMPORARY, "HTTP 5xx from the login host",              \
      "the login host, or a gateway before it, has trouble; the credentials were not judged",      \
      "try again in some minutes; look at the vendor's status page of your region")                \
    X(LOGIN_NETWORK, "login_network", LOGIN, TEMPORARY, "the connection is cut within the login",  \
      "the connection was cut within the login",                                                   \
      "try again; if it stays so, something between here and the host meddles with the login "     \
      "request")                                                                                   \
    X(TOKEN_OTHER_REGION, "token_other_region", TOKEN, AUTH,                                       \
      "a fresh token gets HTTP 401, login_url and api_url are of different regions",               \
      "the login host and the API host are of different regions: a token is good in its own "      \
      "region alone",                                                                              \
      "set region alone, and remove login_url and api_url")                                        \
    X(TOKEN_ADDRESS, "token_address", TOKEN, AUTH,                                                 \
      "a fresh token gets HTTP 401 `ip.not.authorized`",                                           \
      "an IP rule on the API alone: the login passes, but the API does not accept this "           \
      "machine's address",                                                                         \
      "add the address that the outside sees to the client's and the organization's IP "           \
      "allow-lists")                                                                               \
    X(TOKEN_REFUSED, "token_refused", TOKEN, AUTH, "a fresh token gets HTTP 401",                  \
      "the API accepts no token of this client: it was disabled or deleted just now, or an IP "    \
      "rule stands before the API",                                                                \
      "look at the client's state and IP allow-list under Admin > Integrations > OAuth")           \
    X(TOKEN_NO_API, "token_no_api", TOKEN, TEMPORARY,                                              \
      "no JSON, a redirect, or HTTP 404 from the API host",                                        \
      "the API host does not answer as the API does: the URL is another server's, or a gateway "   \
      "answers",                                                                                   \
      "check region or api_url: it is https://api.DOMAIN")                                         \
    X(TOKEN_RATE, "token_rate", TOKEN, RATE, "HTTP 429 from the API",                              \
      "the client's rate limit is used up by other programs",                                      \
      "try again in a minute; give each program a client of its own")                              \
    X(TOKEN_SERVER, "token_server", TOKEN, TEMPORARY, "HTTP 5xx or no answer from the API",        \
      "the API has trouble, or a gateway before it",                                               \
      "try again in some minutes; look at the vendor's status page of your region")                \
    X(TOKEN_ORGANIZATION, "token_organization", TOKEN, CONFIG,                                     \
      "the token's organization is not the one configured",                                        \
      "the client belongs to another organization than [genesys] organization says: probably "     \
      "the test organization's credentials",                                                       \
      "use the right organization's client, or correct [genesys] organization")                    \
    X(TOKEN_FILE, "token_file_organization", TOKEN, CONFIG,                                        \
      "the token's organization is not the database's",                                            \
      "the database holds another organization's records",                                         \
      "use the client of its organization, or another [database] path")                            \
    X(TOKEN_UNSAID, "token_organization_unsaid", TOKEN, NONE,                                      \
      "HTTP 403 from /api/v2/tokens/me and /api/v2/organizations/me",                              \
      "the API does not say which organization the client belongs to, so nothing keeps another "   \
      "one's records out of the database",                                                         \
      "give the client's role the permission that the evidence names")                             \
    X(TOKEN_STATE, "token_client_state", TOKEN, AUTH,                                              \
      "the client's state is disabled or inactive",                                                \
      "the client is being switched off: tokens end, and an inactive client is deleted",           \
      "an administrator activates it under Admin > Integrations > OAuth")                          \
    X(TOKEN_GRANT, "token_grant", TOKEN, AUTH, "the token's client is of another grant type",      \
      "the token belongs to a client of another grant type than Client Credentials",               \
      "make a client with the grant type Client Credentials under Admin > Integrations > OAuth")   \
    X(TOKEN_NO_ROLES, "token_no_roles", TOKEN, NONE, "the client has no role",                     \
      "the client has no role at all, so it may read next to nothing: roles are often cleaned "    \
      "up in SAML roll-outs",                                                                      \
      "give it a role under Admin > Integrations > OAuth > the client > Roles, and choose the "    \
      "divisions")                                                                                 \
    X(TOKEN_SHORT, "token_short", TOKEN, NONE, "a token lifetime of ten minutes or less",          \
      "tokens live so shortly that a night needs many logins",                                     \
      "raise the token duration under Admin > Integrations > OAuth > the client")                  \
    X(PERMISSION_MISSING, "permission_missing", PERMISSIONS, PERMISSION,                           \
      "HTTP 403 with names such as analytics:conversationDetail:view", "a permission is missing",  \
      "give a role that has it to the client: Admin > Integrations > OAuth > the client > "        \
      "Roles, and there choose the role's divisions too; a changed role may take up to 15 "        \
      "minutes to count")                                                                          \
    X(PERMISSION_EMPTY, "permission_empty", PERMISSIONS, NONE, "HTTP 200 without a single row",    \
      "the answer is empty although the permission is there: there is nothing, or the role "       \
      "covers a division without data",                                                            \
      "look at the divisions of the client's role under Admin > Integrations > OAuth > the "       \
      "client > Roles")                                                                            \
    X(PERMISSION_DIVISIONS, "permission_divisions", PERMISSIONS, NONE,                             \
      "HTTP 200 with fewer rows than expected",                                                    \
      "the client's roles cover only some divisions: what lies in the others is left out "         \
      "without an error",                                                                          \
      "add the missing divisions to the role under Admin > Integrations > OAuth > the client > "   \
      "Roles, unless this is meant so")                                                            \
    X(PERMISSION_RATE, "permission_rate", PERMISSIONS, RATE, "HTTP 429",                           \
      "the client's rate limit ran out while the streams were tried",                              \
      "try again in a minute; give each program a client of its own")                              \
    X(PERMISSION_SERVER, "permission_server", PERMISSIONS, TEMPORARY, "HTTP 5xx or no answer",     \
      "the API has trouble with this request",                                                     \
      "try again in some minutes; look at the vendor's status page of your region")                \
    X(PERMISSION_ANSWER, "permission_answer", PERMISSIONS, CONTRACT,                               \
      "HTTP 400, 404 or an answer that is no document",                                            \
      "the API does not answer this request as its contract says",                                 \
      "report the evidence with its correlation id; for adherence set [adherence] realtime to "    \
      "another source")                                                                            \
    X(LIMITS_PACE, "limits_pace", LIMITS, NONE, "requests_per_minute over the client's limit",     \
      "the configured pace is above what the organization grants a token; every run will meet "    \
      "429",                                                                                       \
      "lower [extract] requests_per_minute to the limit, or below it when others use the same "    \
      "client")                                                                                    \
    X(LIMITS_NIGHT, "limits_night", LIMITS, NONE, "more requests than fit",                        \
      "the requests a night needs do not fit into eight hours at this pace",                       \
      "raise requests_per_minute if the limit allows, lower lookback_days, or set "                \
      "[conversations] method = auto (jobs bring ten times the rows a request)")                   \
    X(LIMITS_UNREAD, "limits_unread", LIMITS, NONE, "the limits cannot be read",                   \
      "the organization's limits could not be read; 300 requests a minute are assumed",            \
      "nothing is needed unless runs meet 429")                                                    \
    X(LOCAL_DIRECTORY, "local_directory", LOCAL, STORE, "\"the directory ... does not exist\"",    \
      "the database's directory does not exist",                                                   \
      "make it, with the user that runs rollcall as its owner, or correct [database] path")        \
    X(LOCAL_RIGHTS, "local_rights", LOCAL, STORE, "\"cannot be written\", \"may not read it\"",    \
      "the user that runs rollcall may not write the database or its directory (the WAL lies "     \
      "beside the file)",                                                                          \
      "make that user the owner of the directory and of the files in it")                          \
    X(LOCAL_NETWORK_DISK, "local_network_disk", LOCAL, STORE, "\"lies on a network file system\"", \
      "the database lies on a network file system, where SQLite's WAL cannot work",                \
      "put it on a local disk, and share copies made by `rollcall snapshot`")                      \
    X(LOCAL_FOREIGN, "local_foreign", LOCAL, STORE,                                                \
      "\"not a SQLite database\", \"not one of rollcall's\"",                                      \
      "the file at [database] path is not rollcall's; it was left as it is",                       \
      "name another file in [database] path")                                                      \
    X(LOCAL_NEWER, "local_newer", LOCAL, STORE, "\"made by a newer rollcall\"",                    \
      "the database was written by a newer rollcall than this one",                                \
      "update rollcall on this machine; two versions on one file is not meant")                    \
    X(LOCAL_OLDER, "local_older", LOCAL, NONE, "\"made by an older rollcall\"",                    \
      "the database was written by an older rollcall; the next extract brings it up to date",      \
      "keep a copy (`rollcall snapshot` of the old version) if you may want to go back")           \
    X(LOCAL_DATABASE, "local_database", LOCAL, STORE, "another error of the database",             \
      "the database cannot be opened",                                                             \
      "see the evidence; `sqlite3 FILE 'PRAGMA integrity_check'` says whether the file is sound")  \
    X(LOCAL_NO_SPACE, "local_no_space", LOCAL, STORE, "less than 64 MB free", "the disk is full",  \
      "free or add space there: old exports, snapshots and logs first; no record need go")         \
    X(LOCAL_LITTLE_SPACE, "local_little_space", LOCAL, NONE, "less free than 30 days will add",    \
      "the disk will be full within 30 days at the present growth",                                \
      "make room, or move the database to a larger disk")                                          \
    X(LOCAL_LOCKED, "local_locked", LOCAL, NONE, "\"another run holds the lock\"",                 \
      "a run is under way now; a second one on the same streams would end with exit code 10",      \
      "let it finish; if it hangs, end the process named")                                         \
    X(LOCAL_RETENTION, "local_retention", LOCAL, NONE,                                             \
      "`start` lies before what the organization keeps",                                           \
      "[extract] start is older than the organization's retention: those days come back empty",    \
      "set start to a day within the retention")

enum cause_id {
    CAUSE_NONE,
#define CAUSE_ENUM(id, name, step, kind, sees, text, remedy) CAUSE_##id,
    CAUSES(CAUSE_ENUM)
#undef CAUSE_ENUM
        CAUSE_COUNT
};

struct cause {
    const char *name;
    enum cause_step step;
    enum err_kind kind;
    const char *sees;
    const char *text;
    const char *remedy;
};

/* What is known of each cause; nothing of CAUSE_NONE. */
extern const struct cause causes[CAUSE_COUNT];

struct cause_step_words {
    const char *name; /* short, for scripts */
    const char *title;
};

extern const struct cause_step_words cause_steps[STEP_COUNT];

/* What every refused login adds: single sign-on is another matter, and what its roll-outs change.
 */
extern const char cause_saml_note[];

/* Notes the cause of the error in `e`; returns false. */
bool err_cause(struct err *e, enum cause_id id);

/* What messages have between what was seen and what is known of its cause. */
#define CAUSE_MARK ". Likely cause: "

/* The message in one line of at most ERR_BRIEF_BYTES, in the arena: of one that is longer what was
 * seen is cut, cause and remedy stay. */
enum { ERR_BRIEF_BYTES = 288 };
const char *err_brief(const struct err *e, struct arena *a);

#endif
