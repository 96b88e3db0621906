/* Step 4: what the token is good for, and whose it is. */
#include <string.h>

#include "api/api_error.h"
#include "api/diagnosis.h"
#include "base/clock.h"
#include "base/str.h"
#include "io/secret.h"
#include "run/check_internal.h"

enum { SHORT_LIFETIME_SECONDS = 600, DIVISIONS_MOST = 1000 };

static const char *text_at(struct check *c, struct json root, const char *path)
{
    const char *text = json_str(json_path(root, path));

    return text ? arena_strdup(c->arena, text) : "";
}

/* The first request with a token: what its refusal means. */
static void refuse(struct check *c, struct err *e, const char *code)
{
    enum cause_id cause = CAUSE_TOKEN_NO_API;

    if (e->http_status == 401) {
        cause = diagnose_refusal(code, c->config->login_url, c->config->api_url);
    } else if (e->http_status == 429) {
        cause = CAUSE_TOKEN_RATE;
    } else if (e->http_status >= 500 || e->http_status == 408) {
        cause = CAUSE_TOKEN_SERVER;
    } else if (e->cause != CAUSE_NONE) {
        cause = (enum cause_id)e->cause;
    }
    e->cause = (int)cause;
    if (cause == CAUSE_TOKEN_OTHER_REGION) {
        err_append(e, " (login_url %s, api_url %s)", c->config->login_url, c->config->api_url);
    }
    check_blame_error(c, STEP_TOKEN, "token", e, cause);
}

static void check_organization(struct check *c, struct json root)
{
    const char *wanted = c->config->organization;
    const char *name = text_at(c, root, "organization.name");
    const char *id = text_at(c, root, "organization.id");
    const char *evidence = arena_printf(c->arena, "%s (%s)", name, id);

    if (wanted && !str_eq_nocase(wanted, name) && !str_eq_nocase(wanted, id)) {
        check_blame(c, STEP_TOKEN, "organization", CAUSE_TOKEN_ORGANIZATION,
                    arena_printf(c->arena, "%s; [genesys] organization is %s", evidence, wanted));
        return;
    }
    check_add(c, STEP_TOKEN, "organization", CHECK_OK, evidence);
}

/* Notes the divisions of the client's roles; returns the number of roles. */
static size_t take_grants(struct check *c, struct json grants)
{
    struct json_iter it = json_iter(grants);
    const char **roles = arena_array(c->arena, DIVISIONS_MOST, sizeof(*roles));
    size_t role_count = 0;
    struct json key;
    struct json grant;

    c->divisions = arena_array(c->arena, DIVISIONS_MOST, sizeof(*c->divisions));
    while (json_next(&it, &key, &grant)) {
        const char *role = text_at(c, grant, "roleId");
        const char *division = text_at(c, grant, "divisionId");

        if (role_count < DIVISIONS_MOST && !str_is_listed(role, roles, role_count)) {
            roles[role_count++] = role;
        }
        c->all_divisions = c->all_divisions || str_eq(division, "*");
        if (c->division_count < DIVISIONS_MOST &&
            !str_is_listed(division, c->divisions, c->division_count)) {
            c->divisions[c->division_count++] = division;
        }
    }
    return role_count;
}

static void check_client(struct check *c, struct json client)
{
    const char *state = text_at(c, client, "state");
    const char *grant = text_at(c, client, "authorizedGrantType");
    struct json grants = json_get(client, "roleDivisions");
    size_t roles = take_grants(c, grants);
    const char *evidence =
        arena_printf(c->arena, "\"%s\", %s, %s; %zu %s in %zu %s", text_at(c, client, "name"),
                     *state ? state : "state not said", *grant ? grant : "grant type not said",
                     roles, roles == 1 ? "role" : "roles", c->division_count,
                     c->division_count == 1 ? "division" : "divisions");

    if (*state && !str_eq_nocase(state, "active")) {
        const char *until = text_at(c, client, "dateToDelete");
        check_blame(
            c, STEP_TOKEN, "client", CAUSE_TOKEN_STATE,
            arena_printf(c->arena, "%s%s%s", evidence, *until ? "; to be deleted " : "", until));
    } else if (*grant && !str_eq_nocase(grant, "CLIENT-CREDENTIALS") &&
               !str_eq_nocase(grant, "CLIENT_CREDENTIALS")) {
        check_blame(c, STEP_TOKEN, "client", CAUSE_TOKEN_GRANT, evidence);
    } else if (json_type(grants) == JSON_ARRAY && roles == 0) {
        check_blame(c, STEP_TOKEN, "client", CAUSE_TOKEN_NO_ROLES, evidence);
    } else {
        check_add(c, STEP_TOKEN, "client", CHECK_OK, evidence);
    }
}

/* The claims of a token that shows them. */
static void check_claims(struct check *c)
{
    static const char *const names[] = {"iss", "aud", "sub", "org", "organization", "exp", "iat"};
    struct json_doc *doc = secret_claims(c->token.value);
    const char *evidence = "";

    for (size_t i = 0; doc && i < sizeof(names) / sizeof(*names); i++) {
        struct json claim = json_get(json_root(doc), names[i]);
        if (json_type(claim) != JSON_ABSENT) {
            evidence = arena_printf(c->arena, "%s%s%s %s", evidence, *evidence ? ", " : "",
                                    names[i], json_write(c->arena, claim, NULL));
        }
    }
    if (doc) {
        check_add(c, STEP_TOKEN, "claims", CHECK_OK,
                  *evidence ? evidence : "a JWT without the usual claims");
    }
    json_free(doc);
}

void check_token(struct check *c)
{
    static const struct check_call call = {.path = "/api/v2/tokens/me", .label = "tokens/me"};
    char code[API_CODE_BYTES];
    struct json_doc *doc;
    struct err e;

    if (!check_api(c, &call, &doc, code, &e)) {
        refuse(c, &e, code);
        return;
    }
    check_organization(c, json_root(doc));
    check_client(c, json_get(json_root(doc), "OAuthClient"));
    json_free(doc);
    check_claims(c);
    if (c->token.lifetime_seconds <= SHORT_LIFETIME_SECONDS) {
        check_blame(c, STEP_TOKEN, "lifetime", CAUSE_TOKEN_SHORT,
                    arena_printf(c->arena, "%lld seconds", (long long)c->token.lifetime_seconds));
    }
    c->token_good = !check_step_failed(c, STEP_TOKEN);
}
