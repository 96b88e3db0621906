/*
 * adherence_realtime: what every agent is scheduled to do and does, at the moment of the poll.
 *
 * Three sources, each mapped onto the columns of the first (schema/, adherence_state; field names
 * are those of UserScheduleAdherence). Columns that are hashed are the state: a change of one of
 * them that a source reports ends the agent's row; the others follow the last observation. A column
 * that a source's map lacks is not reported by it.
 */
#include "maps.h"
#include "sql.h"
#include "streams/stream.h"

const struct stream stream_adherence_realtime = {
    .name = "adherence_realtime",
    .title = "real-time adherence",
    .groups = "adherence",
    .lock_slot = 2,
    .needs = "users",
    .needs_minutes = 60,
    .setting = &config_keys[KEY_REALTIME],
    .load = LOAD_OBSERVE,
    /* A bare array of UserScheduleAdherence. */
    .trees = TREES(TREE(ADHERENCE_STATE_WORKFORCEMANAGEMENT_TREE)),
    .state = &adherence_state_table,
    PASSES(
        {.plan = {.name = "workforcemanagement", .when = "auto workforcemanagement"},
         .ids = sql_adherence_agents,
         .permissions = "wfm:realtimeAdherence:view",
         .steps = STEPS({.path = "/api/v2/workforcemanagement/adherence",
                         .follow = FOLLOW_IDS,
                         .size = 100,
                         .rows = "",
                         .ids_as = "userId"})},
        {.plan = {.name = "agents_status", .when = "auto agents_status", .instead = true},
         .ids = sql_adherence_agents,
         .permissions = "analytics:agentState:view",
         /* AnalyticsAgentStateAgentResponse; presences in UPPER_SNAKE. */
         .trees = TREES(TREE(ADHERENCE_STATE_AGENTS_STATUS_TREE)),
         .steps = STEPS({.method = HTTP_POST,
                         .path = "/api/v2/analytics/agents/status/query",
                         .body = "{\"userFilter\":{\"type\":\"or\",\"predicates\":[{ids}]}}",
                         .follow = FOLLOW_IDS,
                         .size = 50,
                         .rows = "entities",
                         .ids_as = "userId",
                         .shown_by = "analytics:agentStateNames:view"})},
        {.plan = {.name = "realtime_intervals", .when = "auto realtime_intervals", .instead = true},
         /* Not in the public API; names as scripts have met them. */
         .trees = TREES(TREE(ADHERENCE_STATE_REALTIME_INTERVALS_TREE)),
         .steps = STEPS({.path = "/api/v2/analytics/agents/realtime/intervals"
                                 "?interval={start}/{end}",
                         .follow = FOLLOW_PAGES,
                         .size = 100,
                         .rows = "entities|results|",
                         .repeats = true})}),
};
