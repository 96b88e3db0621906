#include "probe/access.h"

#include <string.h>

#include "api/diagnosis.h"
#include "api/region.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/str.h"

enum {
    WAIT_MS = 200,
    LONG_LIFETIME_SECONDS = 7200,
    SHORT_LIFETIME_SECONDS = 600,
    GRANTS_MOST = 1000,
};
#define SKEW_MOST_MS (60 * MS_PER_SECOND)

bool access_ask(struct access *a, const char *path, const char *body, const char *label,
                struct client_answer *answer)
{
    const struct client_request request = {
        .method = body ? HTTP_POST : HTTP_GET,
        .path = path,
        .body = body,
        .label = label,
        .want_document = true,
        .brief = true,
    };

    return client_call(a->client, &request, answer);
}

/* --- the way to the hosts -------------------------------------------------------------------- */

static void compare_clocks(struct report *r, const struct http_answer *answer)
{
    if (answer->date_ms == TIME_NONE) {
        return;
    }
    int64_t skew_ms = answer->date_ms - clock_now_ms();
    int64_t seconds = (skew_ms > 0 ? skew_ms : -skew_ms) / MS_PER_SECOND;
    if (skew_ms > SKEW_MOST_MS || skew_ms < -SKEW_MOST_MS) {
        report_add(r, "clock", CAUSE_NET_CLOCK,
                   "this machine's clock is %lld seconds %s the server's", (long long)seconds,
                   skew_ms > 0 ? "behind" : "ahead of");
    } else {
        report_add(r, "clock", CAUSE_NONE, "agrees with the server's");
    }
}

/* True when an HTTP answer came, whatever it says. */
static bool reach(struct access *a, const char *name, const char *base, bool ask_clock)
{
    struct report *r = a->report;
    const struct client_request request = {
        .target = CLIENT_URL,
        .path = arena_printf(r->arena, "%s/", base),
        .brief = true,
    };
    struct client_answer answer;

    (void)client_call(a->client, &request, &answer);
    const struct http_answer *http = &answer.http;
    bool reached = http->status > 0 || http->failure == HTTP_TOO_LARGE;
    if (reached) {
        report_add(r, name, CAUSE_NONE, "%s: %s answered in %lld ms", base, http->address,
                   (long long)http->elapsed_ms);
    } else if (http->failure == HTTP_OK) {
        report_error(r, name, &answer.error, CAUSE_NET_OTHER); /* nothing was sent */
    } else {
        report_add(r, name, diagnose_network(http), "%s: %s", base, http->detail);
    }
    if (reached && ask_clock) {
        compare_clocks(r, http);
    }
    client_answer_free(&answer);
    return reached;
}

void access_network(struct access *a)
{
    const struct config *config = a->config;

    if (str_eq(config->login_url, config->api_url)) {
        a->login_reached = reach(a, "login and API host", config->login_url, true);
        a->api_reached = a->login_reached;
        return;
    }
    a->login_reached = reach(a, "login host", config->login_url, true);
    a->api_reached = reach(a, "API host", config->api_url, !a->login_reached);
}

/* --- the login ------------------------------------------------------------------------------- */

static const char *lifetime_text(struct arena *a, int64_t seconds)
{
    if (seconds % 3600 == 0 || seconds > LONG_LIFETIME_SECONDS) {
        return arena_printf(a, "%lld hours", (long long)((seconds + 1800) / 3600));
    }
    return arena_printf(a, "%lld minutes", (long long)((seconds + 30) / 60));
}

static void ask_region(struct access *a, const char *login_url, const struct region *region)
{
    const struct client_request request = {
        .target = CLIENT_LOGIN,
        .method = HTTP_POST,
        .path = login_url,
        .brief = true,
        .user = (void *)region,
    };

    client_send(a->client, &request);
}

static void tell_search(struct report *r, const struct region *found, const char *doubtful,
                        size_t reached, size_t count)
{
    static const char name[] = "find region";

    if (found) {
        report_add(r, name, CAUSE_NONE,
                   "the client lives in %s: set [genesys] region = %s (and remove login_url and "
                   "api_url)",
                   found->domain, found->aws);
    } else if (*doubtful) {
        report_add(r, name, CAUSE_NONE,
                   "no region gives a token; a client of that id may be known in %s, which answers "
                   "that the secret is wrong",
                   doubtful);
    } else if (reached < count) {
        report_add(r, name, CAUSE_NONE,
                   "%zu of %zu other login hosts did not answer; none of those that did knows the "
                   "client",
                   count - reached, count);
    } else {
        report_add(r, name, CAUSE_NONE,
                   "none of the %zu other login hosts that answered knows the client: it was "
                   "deleted, or client_id is mistyped",
                   reached);
    }
}

/* Asks the login hosts of all other regions for the client; one that is late is asked once more.
 * One that answers that the secret is wrong may know a client of that id. */
static void find_region(struct access *a)
{
    struct arena *arena = a->report->arena;
    bool *is_late = arena_array(arena, region_count, sizeof(*is_late));
    const struct region *found = NULL;
    const char *doubtful = "";
    size_t count = 0;
    size_t reached = 0;

    for (size_t i = 0; i < region_count; i++) {
        const char *url = arena_printf(arena, "https://login.%s", region_table[i].domain);
        if (!str_eq(url, a->config->login_url)) {
            ask_region(a, url, &region_table[i]);
            count++;
        }
    }
    for (size_t left = count; left > 0 && !found && !stop_requested();) {
        struct client_answer answer;
        if (!client_next(a->client, WAIT_MS, &answer)) {
            continue;
        }
        left--;
        const struct region *region = answer.user;
        bool *late = &is_late[region - region_table];
        reached += answer.http.status > 0 ? 1 : 0;
        if (answer.error.kind == ERR_NONE) {
            found = region;
        } else if (answer.error.cause == CAUSE_LOGIN_WRONG_SECRET) {
            doubtful = arena_printf(arena, "%s%s%s", doubtful, *doubtful ? ", " : "", region->aws);
        } else if (answer.http.failure == HTTP_TIMEOUT && !*late) {
            *late = true;
            left++;
            ask_region(a, arena_printf(arena, "https://login.%s", region->domain), region);
        }
        client_answer_free(&answer);
    }
    client_abort(a->client);
    tell_search(a->report, found, doubtful, reached, count);
}

void access_login(struct access *a, bool may_find_region, bool (*may_send)(void))
{
    const struct client_request request = {
        .target = CLIENT_LOGIN,
        .method = HTTP_POST,
        .path = a->config->login_url,
        .brief = true,
    };
    struct report *r = a->report;
    struct client_answer answer;

    bool done = client_call(a->client, &request, &answer);
    client_answer_free(&answer);
    if (done) {
        report_add(r, "login", CAUSE_NONE, "a token, good for %s",
                   lifetime_text(r->arena, client_token(a->client)->lifetime_seconds));
        return;
    }
    /* The host was reached a moment ago: what fails below HTTP now is the login request's own. */
    struct err *e = &answer.error;
    if (answer.http.failure != HTTP_OK || e->cause == CAUSE_NONE) {
        e->cause = CAUSE_LOGIN_NETWORK;
    }
    report_error(r, "login", e, CAUSE_LOGIN_NO_TOKEN);
    bool may_live_elsewhere = e->cause == CAUSE_LOGIN_UNKNOWN_CLIENT ||
                              e->cause == CAUSE_LOGIN_WRONG_SECRET ||
                              e->cause == CAUSE_LOGIN_INVALID_CLIENT;
    if (!may_find_region || !may_live_elsewhere) {
        return;
    }
    if (may_send && !may_send()) {
        report_skip(r, "find region", "you said no");
    } else {
        find_region(a);
    }
}

/* --- the token ------------------------------------------------------------------------------- */

/* The first request with a token: what its refusal means. */
static void refuse(struct access *a, struct client_answer *answer)
{
    const struct config *config = a->config;
    struct err *e = &answer->error;
    enum cause_id cause = CAUSE_TOKEN_NO_API;

    if (e->http_status == 401) {
        cause = diagnose_refusal(answer->code, config->login_url, config->api_url);
    } else if (e->http_status == 429) {
        cause = CAUSE_TOKEN_RATE;
    } else if (e->http_status >= 500 || e->http_status == 408) {
        cause = CAUSE_TOKEN_SERVER;
    } else if (e->cause != CAUSE_NONE) {
        cause = (enum cause_id)e->cause;
    }
    e->cause = (int)cause;
    if (cause == CAUSE_TOKEN_OTHER_REGION) {
        err_append(e, " (login_url %s, api_url %s)", config->login_url, config->api_url);
    }
    report_error(a->report, "token", e, cause);
}

static const char *text_at(struct report *r, struct json root, const char *path)
{
    const char *text = json_str(json_path(root, path));

    return text ? arena_strdup(r->arena, text) : "";
}

static void check_organization(struct access *a, struct json root)
{
    const char *wanted = a->config->organization;
    const char *name = text_at(a->report, root, "organization.name");
    const char *id = text_at(a->report, root, "organization.id");

    if (wanted && !str_eq_nocase(wanted, name) && !str_eq_nocase(wanted, id)) {
        report_add(a->report, "organization", CAUSE_TOKEN_ORGANIZATION,
                   "%s (%s); [genesys] organization is %s", name, id, wanted);
    } else {
        report_add(a->report, "organization", CAUSE_NONE, "%s (%s)", name, id);
    }
}

/* Notes the divisions of the client's roles; returns the number of roles. */
static size_t take_grants(struct access *a, struct json grants)
{
    struct json_iter it = json_iter(grants);
    const char **roles = arena_array(a->report->arena, GRANTS_MOST, sizeof(*roles));
    size_t role_count = 0;
    struct json key;
    struct json grant;

    a->divisions = arena_array(a->report->arena, GRANTS_MOST, sizeof(*a->divisions));
    while (json_next(&it, &key, &grant)) {
        const char *role = text_at(a->report, grant, "roleId");
        const char *division = text_at(a->report, grant, "divisionId");

        if (role_count < GRANTS_MOST && !str_is_listed(role, roles, role_count)) {
            roles[role_count++] = role;
        }
        a->all_divisions = a->all_divisions || str_eq(division, "*");
        if (a->division_count < GRANTS_MOST &&
            !str_is_listed(division, a->divisions, a->division_count)) {
            a->divisions[a->division_count++] = division;
        }
    }
    return role_count;
}

static void check_client(struct access *a, struct json client)
{
    static const char *const right_grants[] = {"client-credentials", "client_credentials"};
    struct report *r = a->report;
    const char *state = text_at(r, client, "state");
    const char *grant = text_at(r, client, "authorizedGrantType");
    const char *until = "";
    struct json grants = json_get(client, "roleDivisions");
    size_t roles = take_grants(a, grants);
    enum cause_id cause = CAUSE_NONE;

    if (*state && !str_eq_nocase(state, "active")) {
        cause = CAUSE_TOKEN_STATE;
        until = text_at(r, client, "dateToDelete");
    } else if (*grant && !str_is_listed(str_lower(r->arena, grant), right_grants, 2)) {
        cause = CAUSE_TOKEN_GRANT;
    } else if (json_type(grants) == JSON_ARRAY && roles == 0) {
        cause = CAUSE_TOKEN_NO_ROLES;
    }
    report_add(r, "client", cause, "\"%s\", %s, %s; %zu %s in %zu %s%s%s",
               text_at(r, client, "name"), *state ? state : "state not said",
               *grant ? grant : "grant type not said", roles, roles == 1 ? "role" : "roles",
               a->division_count, a->division_count == 1 ? "division" : "divisions",
               *until ? "; to be deleted " : "", until);
}

/* The claims of a token that shows them. */
static void check_claims(struct access *a)
{
    static const char *const names[] = {"iss", "aud", "sub", "org", "organization", "exp", "iat"};
    struct arena *arena = a->report->arena;
    struct json_doc *doc = secret_claims(client_token(a->client)->value);
    const char *evidence = "";

    for (size_t i = 0; doc && i < sizeof(names) / sizeof(*names); i++) {
        struct json claim = json_get(json_root(doc), names[i]);
        if (json_type(claim) != JSON_ABSENT) {
            evidence = arena_printf(arena, "%s%s%s %s", evidence, *evidence ? ", " : "", names[i],
                                    json_write(arena, claim, NULL));
        }
    }
    if (doc) {
        report_add(a->report, "claims", CAUSE_NONE, "%s",
                   *evidence ? evidence : "a JWT without the usual claims");
    }
    json_free(doc);
}

void access_token(struct access *a)
{
    struct client_answer answer;
    int64_t lifetime_seconds = client_token(a->client)->lifetime_seconds;

    if (access_ask(a, "/api/v2/tokens/me", NULL, "tokens/me", &answer)) {
        check_organization(a, json_root(answer.document));
        check_client(a, json_get(json_root(answer.document), "OAuthClient"));
        check_claims(a);
        if (lifetime_seconds <= SHORT_LIFETIME_SECONDS) {
            report_add(a->report, "lifetime", CAUSE_TOKEN_SHORT, "%lld seconds",
                       (long long)lifetime_seconds);
        }
    } else {
        refuse(a, &answer);
    }
    client_answer_free(&answer);
    a->token_good = !report_failed(a->report);
}
