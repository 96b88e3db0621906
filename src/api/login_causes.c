#include "api/login_causes.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"

const struct login_cause login_causes[] = {
    {"unknown_client", LOGIN_WORDS, "client not found", 0,
     "this login host knows no client of that id",
     "check client_id, and region: a client exists in its own organization's region alone"},
    {"wrong_secret", LOGIN_WORDS, "authentication failed", 0,
     "the secret is wrong or was rotated, or the client belongs to another region",
     "copy the secret anew from Admin > Integrations > OAuth (rotating it voids the old one), and "
     "check region"},
    {"disabled_client", LOGIN_WORDS, "disabled", 0, "the client is disabled",
     "an administrator enables it under Admin > Integrations > OAuth"},
    {"inactive_client", LOGIN_WORDS, "inactive", 0,
     "the client is inactive (unused clients are switched off, then deleted)",
     "an administrator activates it under Admin > Integrations > OAuth, or makes a new one"},
    {"blocked_address", LOGIN_WORDS, "ip.not.authorized", 0,
     "the client's IP allow-list does not hold this machine's address",
     "add the address that the outside sees to the client's allow-list"},
    {"wrong_grant", LOGIN_WORDS, "grant", 0,
     "the client is not of the grant type Client Credentials",
     "make a client with the grant type Client Credentials under Admin > Integrations > OAuth"},
    {"wrong_grant", LOGIN_WORDS, "unauthorized_client", 0,
     "the client is not of the grant type Client Credentials",
     "make a client with the grant type Client Credentials under Admin > Integrations > OAuth"},
    {"invalid_client", LOGIN_WORDS, "invalid_client", 0, "client_id or client_secret is wrong",
     "copy both anew from Admin > Integrations > OAuth, and check region"},
    {"redirect", LOGIN_REDIRECT, NULL, 0, "the login host sends elsewhere",
     "check region or login_url: it is https://login.DOMAIN, not the page users sign in at"},
    {"no_such_path", LOGIN_STATUS, NULL, 404, "there is no login at this URL",
     "check region or login_url: it is https://login.DOMAIN, without a path"},
    {"not_json", LOGIN_NOT_JSON, NULL, 0,
     "a page for people answered (a sign-in page, a proxy or a gateway) in place of the login host",
     "check region or login_url, and whether a proxy stands in between"},
    {"blocked_address", LOGIN_FRESH, "ip.not.authorized", 0,
     "the client's IP allow-list does not hold this machine's address",
     "add the address that the outside sees to the client's allow-list"},
    {"refused_fresh_token", LOGIN_FRESH, NULL, 0,
     "login_url and api_url are of different regions, or the client was disabled just now",
     "check region (or both URLs), the client's state and its IP allow-list"},
    {"other", LOGIN_OTHER, NULL, 0, "the answer holds no token",
     "check region, client_id and client_secret"},
};
const size_t login_cause_count = sizeof(login_causes) / sizeof(login_causes[0]);

const char login_saml_note[] =
    "SAML single sign-on is for people and has nothing to do with client credentials";

static bool contains(const char *words, const char *match)
{
    struct arena *a = arena_new(0);
    bool found = strstr(str_lower(a, words), match) != NULL;

    arena_free(a);
    return found;
}

static bool fits(const struct login_cause *cause, int status, const char *words)
{
    switch (cause->sign) {
    case LOGIN_WORDS:
        return words && contains(words, cause->match);
    case LOGIN_STATUS:
        return status == cause->status;
    case LOGIN_REDIRECT:
        return status >= 300 && status <= 399;
    case LOGIN_NOT_JSON:
        return !words;
    case LOGIN_FRESH:
        return false;
    case LOGIN_OTHER:
        break;
    }
    return true;
}

const struct login_cause *login_cause_of(int status, const char *words)
{
    size_t i = 0;

    while (i + 1 < login_cause_count && !fits(&login_causes[i], status, words)) {
        i++;
    }
    return &login_causes[i];
}

const struct login_cause *login_cause_fresh(const char *words)
{
    const struct login_cause *found = NULL;

    for (size_t i = 0; i < login_cause_count && !found; i++) {
        const struct login_cause *cause = &login_causes[i];
        if (cause->sign == LOGIN_FRESH && (!cause->match || contains(words, cause->match))) {
            found = cause;
        }
    }
    return found ? found : &login_causes[login_cause_count - 1];
}
