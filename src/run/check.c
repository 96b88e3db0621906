#include "run/check.h"

#include <string.h>

#include "api/answer.h"
#include "api/api_error.h"
#include "api/retry.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/stop.h"
#include "run/check_internal.h"

enum { RESULTS_MOST = 64, WAIT_MS = 200 };

void check_add(struct check *c, enum cause_step step, const char *name, enum check_status status,
               const char *evidence)
{
    INVARIANT(c->report->count < c->room);
    c->report->results[c->report->count++] = (struct check_result){
        .step = step,
        .name = name,
        .status = status,
        .evidence = evidence,
    };
}

void check_blame(struct check *c, enum cause_step step, const char *name, enum cause_id cause,
                 const char *evidence)
{
    enum err_kind kind = cause_of(cause)->kind;

    check_add(c, step, name, kind == ERR_NONE ? CHECK_WARNING : CHECK_FAILED, evidence);
    struct check_result *r = &c->report->results[c->report->count - 1];
    r->cause = cause;
    r->kind = kind;
    if (c->report->kind == ERR_NONE) {
        c->report->kind = kind;
    }
}

void check_blame_error(struct check *c, enum cause_step step, const char *name, const struct err *e,
                       enum cause_id otherwise)
{
    const char *words = strstr(e->message, ". Likely cause: ");
    const char *evidence = words ? arena_strndup(c->arena, e->message, (size_t)(words - e->message))
                                 : arena_strdup(c->arena, e->message);

    if (e->kind == ERR_STOPPED) {
        c->report->kind = c->report->kind == ERR_NONE ? ERR_STOPPED : c->report->kind;
        check_add(c, step, name, CHECK_SKIPPED, evidence);
        return;
    }
    check_blame(c, step, name, e->cause == CAUSE_NONE ? otherwise : (enum cause_id)e->cause,
                evidence);
}

bool check_step_failed(const struct check *c, enum cause_step step)
{
    for (size_t i = 0; i < c->report->count; i++) {
        if (c->report->results[i].step == step && c->report->results[i].status == CHECK_FAILED) {
            return true;
        }
    }
    return false;
}

static bool send_once(struct check *c, const struct http_request *request,
                      struct http_answer *answer, struct err *e)
{
    if (!http_start(c->http, request, e)) {
        return false;
    }
    while (!http_next(c->http, WAIT_MS, answer)) {
        if (stop_requested()) {
            http_abort(c->http);
            return err_set(e, ERR_STOPPED, "stopped by a signal");
        }
    }
    return true;
}

bool check_send(struct check *c, const struct http_request *request, struct http_answer *answer,
                struct err *e)
{
    if (!send_once(c, request, answer, e)) {
        return false;
    }
    enum retry_reason reason = retry_reason(answer->failure, answer->status, false);
    /* A name that is unknown or a port that is closed stays so; the rest may pass. */
    if ((reason == RETRY_SERVER || answer->failure == HTTP_RESET) && !stop_requested()) {
        buf_free(&answer->body);
        clock_sleep_ms(limit_get(LIMIT_RETRY_BASE_MS));
        return send_once(c, request, answer, e);
    }
    return true;
}

bool check_api(struct check *c, const struct check_call *call, struct json_doc **doc, char *code,
               struct err *e)
{
    struct http_answer answer;
    struct http_request request = {
        .method = call->body ? HTTP_POST : HTTP_GET,
        .url = arena_printf(c->arena, "%s%s", c->config->api_url, call->path),
        .body = call->body,
        .body_length = call->body ? strlen(call->body) : 0,
        .bearer = c->token.value,
    };

    *doc = NULL;
    code[0] = '\0';
    err_clear(e);
    if (!check_send(c, &request, &answer, e)) {
        return false;
    }
    if (answer.failure != HTTP_OK || answer.status < 200 || answer.status > 299) {
        api_error(e, &answer, call->label, code);
    } else if (answer_parse(&answer, doc, e) != BODY_WHOLE) {
        err_prefix(e, "%s", call->label);
        e->http_status = answer.status;
    }
    buf_free(&answer.body);
    return *doc != NULL;
}

static void skip(struct check *c, enum cause_step step, const char *why)
{
    check_add(c, step, cause_step_name(step), CHECK_SKIPPED, why);
}

/* The steps that need the network: each only when those before it make sense of it. */
static void check_remote(struct check *c)
{
    check_network(c);
    if (c->login_reached) {
        check_login(c);
    } else {
        skip(c, STEP_LOGIN, "the login host was not reached");
    }
    if (c->token.value && c->api_reached) {
        check_token(c);
    } else {
        skip(c, STEP_TOKEN, c->token.value ? "the API host was not reached" : "there is no token");
    }
    if (c->token_good) {
        check_permissions(c);
        check_limits(c);
    } else {
        skip(c, STEP_PERMISSIONS, "the API was not asked");
        skip(c, STEP_LIMITS, "the API was not asked");
    }
}

void check_run(const struct check_request *request, struct arena *a, struct check_report *report)
{
    struct check c = {
        .request = request,
        .config = request->config,
        .arena = a,
        .report = report,
        .room = RESULTS_MOST,
        .users = -1,
        .queues = -1,
        .conversations = -1,
        .limit_per_minute = -1,
    };

    *report = (struct check_report){.kind = ERR_NONE};
    report->results = arena_array(a, c.room, sizeof(*report->results));
    check_configuration(&c);
    if (c.config_good && c.http) {
        check_remote(&c);
    } else {
        for (int step = STEP_NETWORK; step <= STEP_LIMITS; step++) {
            skip(&c, (enum cause_step)step, "the configuration comes first");
        }
    }
    if (request->setup_error) {
        skip(&c, STEP_LOCAL, "the configuration comes first");
    } else {
        check_local(&c);
    }
    http_free(c.http);
    token_free(&c.token);
}
