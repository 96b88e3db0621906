/* Step 3: the login, and where the client lives when it is not known here. */
#include <stdio.h>

#include "api/api_error.h"
#include "api/diagnosis.h"
#include "api/region.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/str.h"
#include "run/check_internal.h"

enum { URL_BYTES = 1024, SEARCH_WAIT_MS = 200, LONG_LIFETIME_SECONDS = 7200 };

/* One region's login host on the way. */
struct search {
    struct config config; /* the user's, with that login_url */
    char url[URL_BYTES];
    const struct region *region;
};

static void wipe_body(struct http_answer *answer)
{
    if (answer->body.data) {
        secret_wipe(answer->body.data, answer->body.length);
    }
    buf_free(&answer->body);
}

/* Takes one region's answer; true when the client lives there. */
static bool take_region(struct search *s, struct http_answer *answer, struct arena *a,
                        const char **doubtful)
{
    struct token token = {.generation = 0};
    struct err e;
    bool found =
        token_accept(&token, &s->config, s->config.login_url, answer, clock_monotonic_ms(), &e);

    token_free(&token);
    wipe_body(answer);
    if (!found && e.cause == CAUSE_LOGIN_WRONG_SECRET) {
        *doubtful = arena_printf(a, "%s%s%s", *doubtful, **doubtful ? ", " : "", s->region->aws);
    }
    return found;
}

static size_t start_search(struct check *c, struct search *searches)
{
    size_t started = 0;

    for (size_t i = 0; i < region_count; i++) {
        struct search *s = &searches[i];
        struct http_request request;
        struct err e;

        s->region = &region_table[i];
        s->config = *c->config;
        s->config.login_url = arena_printf(c->arena, "https://login.%s", region_table[i].domain);
        if (str_eq(s->config.login_url, c->config->login_url)) {
            continue;
        }
        snprintf(s->url, sizeof(s->url), "%s%s", s->config.login_url, TOKEN_PATH);
        token_request(&s->config, s->url, &request);
        request.user = s;
        started += http_start(c->http, &request, &e) ? 1 : 0;
    }
    return started;
}

void check_find_region(struct check *c)
{
    struct search *searches = arena_array(c->arena, region_count, sizeof(*searches));
    size_t left = start_search(c, searches);
    size_t reached = 0;
    const struct region *found = NULL;
    const char *doubtful = "";
    struct http_answer answer;

    while (left > 0 && !found && !stop_requested()) {
        if (http_next(c->http, SEARCH_WAIT_MS, &answer)) {
            struct search *s = answer.user;
            left--;
            reached += answer.failure == HTTP_OK ? 1 : 0;
            found = take_region(s, &answer, c->arena, &doubtful) ? s->region : NULL;
        }
    }
    http_abort(c->http);
    if (found) {
        check_add(c, STEP_LOGIN, "find region", CHECK_OK,
                  arena_printf(c->arena,
                               "the client lives in %s: set [genesys] region = %s (and remove "
                               "login_url and api_url)",
                               found->domain, found->aws));
    } else if (*doubtful) {
        check_add(c, STEP_LOGIN, "find region", CHECK_OK,
                  arena_printf(c->arena,
                               "no region gives a token; a client of that id may be known in %s, "
                               "which answers that the secret is wrong",
                               doubtful));
    } else {
        check_add(c, STEP_LOGIN, "find region", CHECK_OK,
                  arena_printf(c->arena,
                               "none of the %zu other login hosts that answered knows the "
                               "client: it was deleted, or client_id is mistyped",
                               reached));
    }
}

static const char *lifetime_text(struct arena *a, int64_t seconds)
{
    if (seconds % 3600 == 0 || seconds > LONG_LIFETIME_SECONDS) {
        return arena_printf(a, "%lld hours", (long long)((seconds + 1800) / 3600));
    }
    return arena_printf(a, "%lld minutes", (long long)((seconds + 30) / 60));
}

/* Whether another region may know the client. */
static bool may_live_elsewhere(const struct err *e)
{
    return e->cause == CAUSE_LOGIN_UNKNOWN_CLIENT || e->cause == CAUSE_LOGIN_WRONG_SECRET ||
           e->cause == CAUSE_LOGIN_INVALID_CLIENT;
}

void check_login(struct check *c)
{
    char url[URL_BYTES];
    struct http_request request;
    struct http_answer answer;
    struct err e;

    snprintf(url, sizeof(url), "%s%s", c->config->login_url, TOKEN_PATH);
    token_request(c->config, url, &request);
    if (!check_send(c, &request, &answer, &e)) {
        check_blame_error(c, STEP_LOGIN, "login", &e, CAUSE_LOGIN_NETWORK);
        return;
    }
    bool done =
        token_accept(&c->token, c->config, c->config->login_url, &answer, clock_monotonic_ms(), &e);
    wipe_body(&answer);
    if (done) {
        check_add(c, STEP_LOGIN, "login", CHECK_OK,
                  arena_printf(c->arena, "a token, good for %s",
                               lifetime_text(c->arena, c->token.lifetime_seconds)));
        return;
    }
    /* The host was reached a moment ago: what fails below HTTP now is the login request's own. */
    if (answer.failure != HTTP_OK || e.cause == CAUSE_NONE) {
        e.cause = CAUSE_LOGIN_NETWORK;
    }
    check_blame_error(c, STEP_LOGIN, "login", &e, CAUSE_LOGIN_NO_TOKEN);
    if (!c->request->find_region || !may_live_elsewhere(&e)) {
        return;
    }
    if (c->request->may_send && !c->request->may_send()) {
        check_add(c, STEP_LOGIN, "find region", CHECK_SKIPPED, "you said no");
        return;
    }
    check_find_region(c);
}
