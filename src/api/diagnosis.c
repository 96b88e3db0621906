#include "api/diagnosis.h"

#include <stdio.h>

#include "api/region.h"
#include "base/str.h"

enum { PAGE_BYTES = 16384 /* of a web page are looked at */ };

/* --- below HTTP ------------------------------------------------------------------------------ */

static const enum cause_id network_causes[] = {
    [HTTP_OK] = CAUSE_NET_OTHER,        [HTTP_DNS] = CAUSE_NET_NAME,
    [HTTP_REFUSED] = CAUSE_NET_REFUSED, [HTTP_TIMEOUT] = CAUSE_NET_TIMEOUT,
    [HTTP_RESET] = CAUSE_NET_RESET,     [HTTP_PROXY] = CAUSE_NET_OTHER,
    [HTTP_TLS] = CAUSE_NET_TLS_OTHER,   [HTTP_TOO_LARGE] = CAUSE_NET_TOO_LARGE,
    [HTTP_OTHER] = CAUSE_NET_OTHER,
};

static enum cause_id proxy_cause(const struct http_answer *answer)
{
    if (answer->proxy_status == 407) {
        return CAUSE_NET_PROXY_LOGIN;
    }
    if (answer->proxy_status >= 500) {
        return CAUSE_NET_PROXY_TROUBLE;
    }
    if (answer->proxy_status > 0 || answer->failure == HTTP_PROXY) {
        return CAUSE_NET_PROXY_DENIED;
    }
    return answer->failure == HTTP_DNS ? CAUSE_NET_PROXY_NAME : CAUSE_NET_PROXY_REFUSED;
}

enum cause_id diagnose_network(const struct http_answer *answer)
{
    if (answer->proxy_failed || answer->failure == HTTP_PROXY) {
        return proxy_cause(answer);
    }
    return answer->failure == HTTP_TLS ? answer->tls : network_causes[answer->failure];
}

/* --- the login ------------------------------------------------------------------------------- */

/* Words of a JSON body, in any case; the first that occurs counts. */
static const struct {
    const char *words;
    enum cause_id cause;
} login_words[] = {
    {"client not found", CAUSE_LOGIN_UNKNOWN_CLIENT},
    {"authentication failed", CAUSE_LOGIN_WRONG_SECRET},
    {"disabled", CAUSE_LOGIN_DISABLED},
    {"inactive", CAUSE_LOGIN_INACTIVE},
    {"ip.not.authorized", CAUSE_LOGIN_ADDRESS},
    {"grant", CAUSE_LOGIN_GRANT},
    {"unauthorized_client", CAUSE_LOGIN_GRANT},
    {"invalid_client", CAUSE_LOGIN_INVALID_CLIENT},
    {"invalid_request", CAUSE_LOGIN_INVALID_REQUEST},
    {"authentication.required", CAUSE_LOGIN_API_HOST},
    {"bad.credentials", CAUSE_LOGIN_API_HOST},
    {"http 404 not found", CAUSE_LOGIN_API_HOST},
    {"http 405 method not allowed", CAUSE_LOGIN_API_HOST},
};

static const char *const provider_signs[] = {"saml",
                                             "sso",
                                             "adfs",
                                             "okta",
                                             "/idp",
                                             "idp.",
                                             "onelogin",
                                             "pingone",
                                             "auth0",
                                             "accounts.google",
                                             "login.microsoftonline"};
static const char *const form_signs[] = {"sign in", "signin",   "log in",
                                         "login",   "password", "saml"};

enum cause_id diagnose_login(const struct http_answer *answer, const char *words)
{
    if (answer->failure != HTTP_OK) {
        return diagnose_network(answer);
    }
    if (answer->status == 429) {
        return CAUSE_LOGIN_RATE;
    }
    if (answer->status >= 500) {
        return CAUSE_LOGIN_SERVER;
    }
    for (size_t i = 0; words && i < COUNT_OF(login_words); i++) {
        if (strcasestr(words, login_words[i].words)) {
            return login_words[i].cause;
        }
    }
    if (answer->status >= 300 && answer->status <= 399) {
        return str_has_any(answer->location, provider_signs, COUNT_OF(provider_signs))
                   ? CAUSE_LOGIN_IDENTITY_PROVIDER
                   : CAUSE_LOGIN_REDIRECT;
    }
    if (answer->status == 404 || answer->status == 405) {
        return CAUSE_LOGIN_NO_ENDPOINT;
    }
    if (answer->status == 403) {
        return CAUSE_LOGIN_FORBIDDEN;
    }
    if (words) {
        return CAUSE_LOGIN_NO_TOKEN;
    }
    char page[PAGE_BYTES + 1];
    (void)snprintf(page, sizeof(page), "%s", buf_str(&answer->body));
    return strchr(page, '<') && str_has_any(page, form_signs, COUNT_OF(form_signs))
               ? CAUSE_LOGIN_SIGN_IN_PAGE
               : CAUSE_LOGIN_WEB_PAGE;
}

/* --- the token ------------------------------------------------------------------------------- */

enum cause_id diagnose_refusal(const char *words, const char *login_url, const char *api_url)
{
    bool is_known = false;
    struct err ignored;

    if (strcasestr(words, "ip.not.authorized")) {
        return CAUSE_TOKEN_ADDRESS;
    }
    struct arena *a = arena_new(0);
    const char *login = region_domain(a, login_url, &is_known, &ignored);
    const char *api = region_domain(a, api_url, &is_known, &ignored);
    bool regions_differ = login && api && !str_eq(login, api);
    arena_free(a);
    return regions_differ ? CAUSE_TOKEN_OTHER_REGION : CAUSE_TOKEN_REFUSED;
}

bool diagnosis_append(struct err *e, enum cause_id id)
{
    const struct cause *cause = &causes[id];

    err_append(e, ". Likely cause: %s. Remedy: %s.", cause->text, cause->remedy);
    if (cause->step == STEP_LOGIN || cause->step == STEP_TOKEN) {
        err_append(e, " %s.", cause_saml_note);
    }
    return err_cause(e, id);
}
