/*
 * adherence_realtime: what every agent is scheduled to do and does, at the moment of the poll.
 *
 * Three sources, each mapped onto the columns of the first (schema/, adherence_state; field names
 * are those of UserScheduleAdherence). Columns that are hashed are the state: a change of one of
 * them that a source reports ends the agent's row; the others follow the last observation. A column
 * that a source's map lacks is not reported by it.
 */
#include "maps.h"
#include "streams/stream.h"

/* GET /workforcemanagement/adherence: a bare array of UserScheduleAdherence. */
static const struct tree_map workforcemanagement = {ADHERENCE_STATE_WORKFORCEMANAGEMENT_TREE,
                                                    .entities = ""};

/* POST /analytics/agents/status/query: AnalyticsAgentStateAgentResponse; presences in UPPER_SNAKE.
 */
static const struct tree_map agents_status = {ADHERENCE_STATE_AGENTS_STATUS_TREE,
                                              .entities = "entities"};

/* /analytics/agents/realtime/intervals: not in the public API; names as scripts have met them. */
static const struct tree_map realtime_intervals = {ADHERENCE_STATE_REALTIME_INTERVALS_TREE,
                                                   .entities = "entities|results|"};

static const struct request_plan plans[] = {
    {
        .name = "workforcemanagement",
        .role = ROLE_SOURCE,
        .paging = PAGING_IDS_GET,
        .path = "/api/v2/workforcemanagement/adherence",
        .id_parameter = "userId",
        .page_size = 100,
        .tree = &workforcemanagement,
        ANY_OF("wfm:realtimeAdherence:view"),
    },
    {
        .name = "agents_status",
        .role = ROLE_SOURCE,
        .paging = PAGING_IDS_POST,
        .path = "/api/v2/analytics/agents/status/query",
        .body = "{\"userFilter\":{\"type\":\"or\",\"predicates\":[{ids}]}}",
        .id_parameter = "userId",
        .page_size = 50,
        .tree = &agents_status,
        ANY_OF("analytics:agentState:view"),
    },
    {
        .name = "realtime_intervals",
        .role = ROLE_SOURCE,
        .paging = PAGING_NUMBERED_GET,
        .path = "/api/v2/analytics/agents/realtime/intervals",
        .query = "interval={start}/{end}",
        .page_size = 100,
        .tree = &realtime_intervals,
    },
};

const struct stream stream_adherence_realtime = {
    .name = "adherence_realtime",
    .title = "real-time adherence",
    .windows = WINDOWS_SNAPSHOT,
    .load = LOAD_OBSERVE,
    .lock_slot = 2,
    .depends_on = "users",
    .tree = &workforcemanagement,
    .state = &adherence_state_table,
    PLANS(plans),
};
