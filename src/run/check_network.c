/* Step 2: the way to the login host and the API host, without credentials. */
#include <string.h>

#include "api/diagnosis.h"
#include "base/clock.h"
#include "base/str.h"
#include "run/check_internal.h"

#define SKEW_MOST_MS (60 * MS_PER_SECOND)

static void check_clock(struct check *c, const struct http_answer *answer)
{
    int64_t skew_ms = answer->date_ms - clock_now_ms();

    if (answer->date_ms == 0) {
        return;
    }
    if (skew_ms > SKEW_MOST_MS || skew_ms < -SKEW_MOST_MS) {
        int64_t seconds = (skew_ms > 0 ? skew_ms : -skew_ms) / MS_PER_SECOND;
        check_blame(c, STEP_NETWORK, "clock", CAUSE_NET_CLOCK,
                    arena_printf(c->arena, "this machine's clock is %lld seconds %s the server's",
                                 (long long)seconds, skew_ms > 0 ? "behind" : "ahead of"));
    } else {
        check_add(c, STEP_NETWORK, "clock", CHECK_OK, "agrees with the server's");
    }
}

/* True when an HTTP answer came, whatever it says. */
static bool reach(struct check *c, const char *name, const char *base, bool ask_clock)
{
    struct http_request request = {
        .method = HTTP_GET,
        .url = arena_printf(c->arena, "%s/", base),
    };
    struct http_answer answer;
    struct err e;

    if (!check_send(c, &request, &answer, &e)) {
        check_blame_error(c, STEP_NETWORK, name, &e, CAUSE_NET_OTHER);
        return false;
    }
    bool reached = answer.failure == HTTP_OK || answer.failure == HTTP_TOO_LARGE;
    if (reached) {
        check_add(c, STEP_NETWORK, name, CHECK_OK,
                  arena_printf(c->arena, "%s: %s answered in %lld ms", base, answer.address,
                               (long long)answer.elapsed_ms));
    } else {
        check_blame(c, STEP_NETWORK, name, diagnose_network(&answer),
                    arena_printf(c->arena, "%s: %s", base, answer.detail));
    }
    if (reached && ask_clock) {
        check_clock(c, &answer);
    }
    buf_free(&answer.body);
    return reached;
}

void check_network(struct check *c)
{
    const struct config *config = c->config;

    if (str_eq(config->login_url, config->api_url)) {
        c->login_reached = reach(c, "login and API host", config->login_url, true);
        c->api_reached = c->login_reached;
        return;
    }
    c->login_reached = reach(c, "login host", config->login_url, true);
    c->api_reached = reach(c, "API host", config->api_url, !c->login_reached);
}
