#include "routes.h"

#include "fault.h"
#include "statuses.h"
#include "when.h"
#include "world.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define ANALYTICS "/api/v2/analytics/"
#define DETAILS   ANALYTICS "conversations/details"
#define DETAIL_PERMISSIONS                                                                         \
    "analytics:conversationDetail:view, analytics:agentConversationDetail:view"

#define WFM     "/api/v2/workforcemanagement/"
#define REPORTS WFM "adherence/historical"
#define QUALITY "/api/v2/quality/"
#define USERS   ANALYTICS "users/details/jobs"
#define OWN     "/standin/" /* no token, no faults, no record */

struct route {
    const char *method;
    const char *pattern;
    handler *handle;
    const char *permission; /* named by a 403 */
};

static const struct route table[] = {
    {"POST", "/oauth/token", login_token, NULL},
    {"POST", DETAILS "/query", conversations_query, DETAIL_PERMISSIONS},
    {"POST", DETAILS "/jobs", jobs_submit, DETAIL_PERMISSIONS},
    {"GET", DETAILS "/jobs/availability", jobs_availability, "analytics:conversationDetail:view"},
    {"GET", DETAILS "/jobs/{id}", jobs_status, DETAIL_PERMISSIONS},
    {"DELETE", DETAILS "/jobs/{id}", jobs_delete, DETAIL_PERMISSIONS},
    {"GET", DETAILS "/jobs/{id}/results", jobs_results, DETAIL_PERMISSIONS},
    {"GET", DETAILS, conversations_by_ids, DETAIL_PERMISSIONS},
    {"GET", WFM "adherence", adherence_workforce, "wfm:realtimeAdherence:view"},
    {"POST", ANALYTICS "agents/status/query", adherence_agents_status, "analytics:agentState:view"},
    {"GET", ANALYTICS "agents/realtime/intervals", adherence_intervals,
     "analytics:agentState:view"},
    {"POST", WFM "managementunits/{id}/agentschedules/search", schedules_search,
     "wfm:publishedSchedule:view, wfm:schedule:view"},
    {"POST", WFM "businessunits/{id}/adherence/explanations/query", schedules_explanations,
     "wfm:adherenceExplanation:view"},
    {"GET", WFM "adherence/explanations/jobs/{id}", schedules_job, NULL},
    {"GET", "/wfm-downloads/{id}", schedules_download, NULL},
    {"GET", QUALITY "conversations/{id}/evaluations/{id}", quality_evaluation,
     "quality:evaluation:view"},
    {"GET", QUALITY "conversations/{id}/surveys", quality_surveys, "quality:survey:view"},
    {"GET", QUALITY "forms/evaluations/{id}", quality_form, "quality:evaluationForm:view"},
    {"GET", QUALITY "forms/surveys/{id}", quality_form, "quality:surveyForm:view"},
    {"POST", REPORTS "/bulk", historical_submit, "wfm:historicalAdherence:view"},
    {"GET", REPORTS "/bulk/jobs/{id}", historical_status, NULL},
    {"POST", WFM "managementunits/{id}/historicaladherencequery", historical_submit,
     "wfm:historicalAdherence:view"},
    {"GET", REPORTS "/jobs/{id}", historical_status, "wfm:historicalAdherence:view"},
    {"GET", "/downloads/{id}/{id}", historical_download, NULL},
    {"POST", USERS, jobs_submit, "analytics:userDetail:view"},
    {"GET", USERS "/availability", jobs_availability, "analytics:userDetail:view"},
    {"GET", USERS "/{id}", jobs_status, "analytics:userDetail:view"},
    {"DELETE", USERS "/{id}", jobs_delete, "analytics:userDetail:view"},
    {"GET", USERS "/{id}/results", jobs_results, "analytics:userDetail:view"},
    {"POST", ANALYTICS "users/details/query", statuses_query, "analytics:userDetail:view"},
    {"POST", ANALYTICS "conversations/aggregates/query", aggregates_query,
     "analytics:conversationAggregate:view"},
    {"POST", ANALYTICS "users/aggregates/query", aggregates_query, "analytics:userAggregate:view"},
    {"POST", OWN "control", control_set, NULL},
    {"GET", OWN "control", control_show, NULL},
    {"POST", OWN "proof", proof_set, NULL},
    {"GET", OWN "requests", record_show, NULL},
    {"GET", OWN "truth", truth_conversations, NULL},
    {"GET", OWN "truth/statuses", statuses_truth, NULL},
};

bool routes_match(const char *pattern, const char *path, char segment[64])
{
    while (*pattern) {
        if (strncmp(pattern, "{id}", 4) == 0) {
            size_t length = strcspn(path, "/");
            if (length == 0 || length >= 64) {
                return false;
            }
            memcpy(segment, path, length);
            segment[length] = '\0';
            pattern += 4;
            path += length;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* The route of a path; false if there is none, or only with another method. */
static bool find(const char *method, const char *path, char segment[64], struct route *out,
                 bool *other_method)
{
    const char *permission;
    const char *list = directory_route(path, segment, &permission);
    *other_method = false;
    if (list) {
        *out = (struct route){method, list, directory_answer, permission};
        *other_method = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
        return !*other_method;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (routes_match(table[i].pattern, path, segment)) {
            if (strcmp(table[i].method, method) == 0) {
                *out = table[i];
                return true;
            }
            *other_method = true;
        }
    }
    return false;
}

void routes_name(const char *method, const char *path, char *out, size_t size)
{
    char segment[64];
    bool other;
    struct route route;
    bool known = find(method, path, segment, &route, &other);
    snprintf(out, size, "%s %s", method, known ? route.pattern : path);
}

static void forbid(const char *permission, struct reply *reply)
{
    char message[320];
    snprintf(message, sizeof message,
             "Unable to perform the requested action. You must have at least one of the following "
             "permissions assigned: [%s]",
             permission ? permission : "");
    reply_error(reply, 403, "missing.any.permissions", message);
}

static void handle(struct request *request, struct reply *reply)
{
    struct route route;
    bool api = strncmp(request->path, "/api/", 5) == 0, other_method;
    bool known = find(request->method, request->path, request->segment, &route, &other_method);
    if (strncmp(request->path, OWN, sizeof OWN - 1) == 0) {
        if (known) {
            route.handle(request, reply);
        } else {
            reply_text(reply, 404, "application/json", ROUTES_NOT_FOUND);
        }
        return;
    }
    if (strncmp(request->path, DETAILS "/jobs/", sizeof DETAILS "/jobs/" - 1) == 0) {
        jobs_interval(request->segment, request->job_interval, sizeof request->job_interval);
    }
    if (fault_answers(request, reply) || (api && !auth_passes(request, reply))) {
        return;
    }
    if (!known && other_method) {
        reply_error(reply, 405, "method.not.allowed", "HTTP 405 Method Not Allowed");
    } else if (!known) {
        reply_text(reply, 404, "application/json", ROUTES_NOT_FOUND);
    } else if (api && world_denied(request->path)) {
        forbid(route.permission, reply);
    } else {
        struct fault_body body = fault_body(request);
        request->rendered_only = body.strike != NULL;
        route.handle(request, reply);
        fault_spoil(&body, reply);
    }
}

void routes_answer(struct request *request, struct reply *reply)
{
    static atomic_uint_fast64_t answers;
    handle(request, reply);
    if (strncmp(request->path, "/api/", 5) == 0) {
        rng_uuid(rng_pair((uint64_t)when_wall(), atomic_fetch_add(&answers, 1)),
                 reply->correlation_id);
    }
}
