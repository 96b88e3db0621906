/*
 * Streams of kinds that the program does not have, made of data alone: they stand for those to
 * come. docs/adding-a-stream.md shows them; tests/e2e/test_proof.py reads them.
 */
#include "proof_maps.h"
#include "streams/stream.h"

/* --- a list of names --- */

LIST(wrapup_codes, "wrap-up codes", 32, WRAPUP_CODE_TREE,
     "/api/v2/routing/wrapupcodes?sortOrder=ascending", "routing:wrapupCode:view");

/* --- a list that comes at once --- */

static const struct tree_map management_units = {MANAGEMENT_UNIT_TREE};

static const struct stream stream_management_units = {
    .name = "management_units",
    .title = "management units",
    .lock_slot = 33,
    .trees = TREES(&management_units),
    PASSES({.plan = {.name = "list", .fresh_minutes = 360},
            .steps = STEPS(
                {.path = "/api/v2/workforcemanagement/managementunits", .rows = "entities"})}),
};

/* --- a report for each management unit and business day --- */

#define REPORTS "/api/v2/workforcemanagement/adherence/historical/bulk"

static const struct tree_map adherence_days = {ADHERENCE_DAY_TREE};

static const struct stream stream_adherence_days = {
    .name = "adherence_days",
    .title = "historical adherence",
    .lock_slot = 34,
    .grid = GRID_BUSINESS_DAY,
    .scope = "SELECT management_unit_id FROM management_unit WHERE deleted_at IS NULL",
    .needs = "management_units",
    .load = LOAD_WINDOW,
    .trees = TREES(&adherence_days),
    PASSES({.plan = {.name = "report", .bound = SEES_ENDED},
            .permissions = "wfm:historicalAdherence:view",
            .steps = STEPS(
                {.method = HTTP_POST,
                 .path = REPORTS,
                 .body = "{\"items\":[{\"managementUnitId\":\"{scope}\","
                         "\"startDate\":\"{start}\",\"endDate\":\"{end}\","
                         "\"includeExceptions\":true,\"includeActuals\":true}],"
                         "\"timeZone\":\"{zone}\"}",
                 .token = "job.id"},
                {.path = REPORTS "/jobs/{token}",
                 .follow = FOLLOW_DONE,
                 .state = "job.status",
                 .done = "Complete",
                 .failed = "Error",
                 .urls = "downloadUrls"},
                {.path = "{token}", .follow = FOLLOW_URLS, .bare = true, .rows = "userResults"})}),
};

/* --- intervals that span days, of two kinds in one answer --- */

#define DETAILS "/api/v2/analytics/users/details/jobs"

static const struct tree_map user_presences = {USER_PRESENCE_TREE};
static const struct tree_map user_routing_statuses = {USER_ROUTING_STATUS_TREE};

static const struct stream stream_user_presence = {
    .name = "user_presence",
    .title = "users' presences",
    .lock_slot = 35,
    .grid = GRID_UTC_DAY,
    .load = LOAD_INTERVALS,
    .trees = TREES(&user_presences, &user_routing_statuses),
    PASSES({.plan = {.name = "job", .bound = SEES_AVAILABLE},
            .available = DETAILS "/availability",
            .permissions = "analytics:userDetail:view",
            .steps = STEPS({.method = HTTP_POST,
                            .path = DETAILS,
                            .body = "{\"interval\":\"{start}/{end}\",\"order\":\"asc\"}",
                            .token = "jobId"},
                           {.path = DETAILS "/{token}",
                            .follow = FOLLOW_DONE,
                            .state = "state",
                            .done = "FULFILLED",
                            .failed = "FAILED CANCELLED EXPIRED",
                            .reason = "errorMessage"},
                           {.path = DETAILS "/{token}/results?pageSize={size}",
                            .follow = FOLLOW_CURSOR,
                            .size = 1000,
                            .rows = "userDetails",
                            .must = "userDetails|cursor|dataAvailabilityDate",
                            .cursor = "cursor",
                            .available = "dataAvailabilityDate"},
                           {.method = HTTP_DELETE, .path = DETAILS "/{token}", .cleanup = true})}),
};

/* --- groups of a business day, from one request --- */

static const struct tree_map conversation_aggregates = {CONVERSATION_AGGREGATE_TREE};

static const struct stream stream_conversation_aggregate = {
    .name = "conversation_aggregate",
    .title = "conversation aggregates",
    .lock_slot = 36,
    .grid = GRID_BUSINESS_DAY,
    .load = LOAD_WINDOW,
    .trees = TREES(&conversation_aggregates),
    PASSES({.plan = {.name = "query"},
            .permissions = "analytics:conversationAggregate:view",
            .steps = STEPS({.method = HTTP_POST,
                            .path = "/api/v2/analytics/conversations/aggregates/query",
                            .body = "{\"interval\":\"{start}/{end}\",\"granularity\":\"PT30M\","
                                    "\"timeZone\":\"{zone}\","
                                    "\"groupBy\":[\"queueId\",\"mediaType\"],"
                                    "\"metrics\":[\"nOffered\",\"tHandle\",\"oServiceLevel\"]}",
                            .rows = "results",
                            .must = ""})}),
};

/* --- the registry --- */

enum { STREAMS_MOST = 16 };

static const struct stream *streams[STREAMS_MOST];

/* Before main: they stand behind the program's own. */
__attribute__((constructor)) static void add_streams(void)
{
    static const struct stream *const more[] = {&stream_wrapup_codes, &stream_management_units,
                                                &stream_adherence_days, &stream_user_presence,
                                                &stream_conversation_aggregate};
    size_t count = stream_registry_count;

    for (size_t i = 0; i < count; i++) {
        streams[i] = stream_registry[i];
    }
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        streams[count++] = more[i];
    }
    stream_registry = streams;
    stream_registry_count = count;
}
