/*
 * conversations: conversation details, whole records.
 *
 * Asynchronous jobs bring everything, attributes too, for whole windows up to the data availability
 * date (they match by overlap: also what began earlier and still went on). The query brings the
 * hours after it; single records are read again by id while they have no end.
 */
#include "maps.h"
#include "streams/stream.h"

static const struct tree_map tree = {CONVERSATION_TREE, .entities = "conversations"};

#define DETAIL_PERMISSIONS                                                                         \
    ANY_OF("analytics:conversationDetail:view", "analytics:agentConversationDetail:view")

static const struct request_plan plans[] = {
    {
        .name = "job",
        .role = ROLE_JOB,
        .paging = PAGING_JOB,
        .path = "/api/v2/analytics/conversations/details/jobs",
        .body = "{\"interval\":\"{start}/{end}\",\"order\":\"asc\","
                "\"orderBy\":\"conversationStart\",\"startOfDayIntervalMatching\":false}",
        .availability = "/api/v2/analytics/conversations/details/jobs/availability",
        .page_size = 1000,
        .tree = &tree,
        /* The availability date asks for this one. */
        ANY_OF("analytics:conversationDetail:view"),
    },
    {
        .name = "query",
        .role = ROLE_QUERY,
        .paging = PAGING_NUMBERED_POST,
        .path = "/api/v2/analytics/conversations/details/query",
        .body = "{\"interval\":\"{start}/{end}\",\"order\":\"asc\","
                "\"orderBy\":\"conversationStart\","
                "\"paging\":{\"pageSize\":{size},\"pageNumber\":{page}}}",
        .page_size = 100,
        .tree = &tree,
        DETAIL_PERMISSIONS,
    },
    {
        .name = "reread",
        .role = ROLE_REREAD,
        .paging = PAGING_IDS_GET,
        .path = "/api/v2/analytics/conversations/details",
        .id_parameter = "id",
        .page_size = 50,
        .tree = &tree,
        DETAIL_PERMISSIONS,
    },
};

const struct stream stream_conversations = {
    .name = "conversations",
    .title = "conversation details",
    .windows = WINDOWS_UTC_DAYS,
    .load = LOAD_ENTITY,
    .lock_slot = 3,
    .has_attributes = true,
    .tree = &tree,
    PLANS(plans),
};
