/*
 * conversation_aggregate, user_aggregate: what the API itself has counted, by half-hours of the
 * business day. A day is asked for as far as it has come, and again while it may still change;
 * groups that are gone go.
 */
#include "maps.h"
#include "sql.h"
#include "streams/stream.h"

#define HALF_HOURS                                                                                 \
    "{\"interval\":\"{start}/{end}\",\"granularity\":\"PT30M\",\"timeZone\":\"{zone}\","           \
    "\"groupBy\":"

/* What both are: business days, told again whole. */
#define AGGREGATES(map)                                                                            \
    .groups = "aggregates", .grid = GRID_BUSINESS_DAY, .load = LOAD_WINDOW,                        \
    .trees = TREES(TREE(map))
#define QUERY(of)                                                                                  \
    .method = HTTP_POST, .path = "/api/v2/analytics/" of "/aggregates/query",                      \
    .follow = FOLLOW_IDS, .rows = "results", .must = ""

const struct stream stream_conversation_aggregate = {
    .name = "conversation_aggregate",
    .title = "conversation aggregates",
    .lock_slot = 30,
    AGGREGATES(CONVERSATION_AGGREGATE_TREE),
    .list =
        "nOffered nOverSla nTransferred nBlindTransferred nConsult nConsultTransferred nConnected "
        "nOutbound nError tAnswered tAbandon tShortAbandon tFlowOut tAcd tWait tHandle tTalk "
        "tTalkComplete tHeld tHeldComplete tAcw tDialing tContacting tAlert tNotResponding "
        "oServiceLevel oServiceTarget",
    .list_setting = &config_keys[KEY_CONVERSATION_METRICS],
    PASSES({.plan = {.name = "query"},
            .permissions = "analytics:conversationAggregate:view",
            /* Of all metrics a large organization's day is too much. */
            .steps = STEPS({QUERY("conversations"), .size = 9,
                            .body = HALF_HOURS "[\"queueId\",\"mediaType\",\"direction\"],"
                                               "\"metrics\":[{ids}]}"})}),
};

const struct stream stream_user_aggregate = {
    .name = "user_aggregate",
    .title = "user aggregates",
    .lock_slot = 31,
    AGGREGATES(USER_AGGREGATE_TREE),
    .needs = "users",
    .list = "tAgentRoutingStatus tSystemPresence tOrganizationPresence",
    .list_setting = &config_keys[KEY_USER_METRICS],
    PASSES({.plan = {.name = "query"},
            .ids = sql_aggregate_users,
            .permissions = "analytics:userAggregate:view",
            .steps = STEPS({QUERY("users"), .size = 100, .ids_as = "userId",
                            .body = HALF_HOURS "[\"userId\"],\"metrics\":[{list}],\"filter\":"
                                               "{\"type\":\"or\",\"predicates\":[{ids}]}}"})}),
};
