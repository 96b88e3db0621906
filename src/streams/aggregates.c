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

const struct stream stream_conversation_aggregate = {
    .name = "conversation_aggregate",
    .title = "conversation aggregates",
    .groups = "aggregates",
    .lock_slot = 30,
    .grid = GRID_BUSINESS_DAY,
    .list =
        "nOffered nOverSla nTransferred nBlindTransferred nConsult nConsultTransferred nConnected "
        "nOutbound nError tAnswered tAbandon tShortAbandon tFlowOut tAcd tWait tHandle tTalk "
        "tTalkComplete tHeld tHeldComplete tAcw tDialing tContacting tAlert tNotResponding "
        "oServiceLevel oServiceTarget",
    .list_setting = &config_keys[KEY_CONVERSATION_METRICS],
    .load = LOAD_WINDOW,
    .trees = TREES(TREE(CONVERSATION_AGGREGATE_TREE)),
    PASSES({.plan = {.name = "query"},
            .permissions = "analytics:conversationAggregate:view",
            .steps = STEPS({.method = HTTP_POST,
                            .path = "/api/v2/analytics/conversations/aggregates/query",
                            .body = HALF_HOURS "[\"queueId\",\"mediaType\",\"direction\"],"
                                               "\"metrics\":[{ids}]}",
                            .follow = FOLLOW_IDS,
                            .size = 9, /* of all metrics a large organization's day is too much */
                            .rows = "results",
                            .must = ""})}),
};

const struct stream stream_user_aggregate = {
    .name = "user_aggregate",
    .title = "user aggregates",
    .groups = "aggregates",
    .lock_slot = 31,
    .grid = GRID_BUSINESS_DAY,
    .needs = "users",
    .list = "tAgentRoutingStatus tSystemPresence tOrganizationPresence",
    .list_setting = &config_keys[KEY_USER_METRICS],
    .load = LOAD_WINDOW,
    .trees = TREES(TREE(USER_AGGREGATE_TREE)),
    PASSES({.plan = {.name = "query"},
            .ids = sql_aggregate_users,
            .permissions = "analytics:userAggregate:view",
            .steps = STEPS({.method = HTTP_POST,
                            .path = "/api/v2/analytics/users/aggregates/query",
                            .body = HALF_HOURS "[\"userId\"],\"metrics\":[{list}],\"filter\":"
                                               "{\"type\":\"or\",\"predicates\":[{ids}]}}",
                            .follow = FOLLOW_IDS,
                            .size = 100,
                            .rows = "results",
                            .must = "",
                            .ids_as = "userId"})}),
};
