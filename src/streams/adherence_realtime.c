/*
 * adherence_realtime: what every agent is scheduled to do and does, at the moment of the poll.
 *
 * Three sources, each mapped onto the columns of the first (adherence_state; field names are those
 * of UserScheduleAdherence). Columns that are hashed are the state: a change of one of them that a
 * source reports ends the agent's row. The others (DETAIL) follow the last observation. A column
 * that a source's map lacks is not reported by it.
 */
#include "streams/streams.h"

#define DETAIL(t, n, p) COLUMN(t, n, p, COLUMN_UNHASHED)

/* The history table's columns in order; paths are the sources' business. */
static const struct column_map state_columns[] = {
    OWN_ID("user_id", ""),
    DETAIL(COLUMN_TIME, "state_start", ""),
    DETAIL(COLUMN_TIME, "state_end", ""),
    DETAIL(COLUMN_TIME, "first_observed", ""),
    DETAIL(COLUMN_TIME, "last_observed", ""),
    DETAIL(COLUMN_TEXT, "name", ""),
    DETAIL(COLUMN_TEXT, "business_unit_id", ""),
    DETAIL(COLUMN_TEXT, "management_unit_id", ""),
    DETAIL(COLUMN_TEXT, "team_id", ""),
    TEXT("scheduled_activity_category", ""),
    TEXT("scheduled_activity_code_id", ""),
    DETAIL(COLUMN_TEXT, "scheduled_activity_code_name", ""),
    DETAIL(COLUMN_JSON, "scheduled_activity_code_secondary_presences", ""),
    TEXT("system_presence", ""),
    DETAIL(COLUMN_TEXT, "organization_secondary_presence_id", ""),
    TEXT("routing_status", ""),
    TEXT("actual_activity_category", ""),
    BOOLEAN("is_out_of_office", ""),
    TEXT("adherence_state", ""),
    TEXT("impact", ""),
    DETAIL(COLUMN_TEXT, "adherence_explanation_id", ""),
    DETAIL(COLUMN_TIME, "adherence_explanation_start_date", ""),
    DETAIL(COLUMN_INT, "adherence_explanation_length_minutes", ""),
    DETAIL(COLUMN_TEXT, "adherence_explanation_status", ""),
    DETAIL(COLUMN_TIME, "time_of_adherence_change", ""),
    DETAIL(COLUMN_TIME, "presence_update_time", ""),
    DETAIL(COLUMN_JSON, "active_queues", ""),
    DETAIL(COLUMN_TIME, "active_queues_modified_time", ""),
    DETAIL(COLUMN_BOOL, "removed_from_management_unit", ""),
    DETAIL(COLUMN_JSON, "next_activity_reminders", ""),
    DETAIL(COLUMN_BOOL, "suppress_on_time_reminder", ""),
};

/* GET /workforcemanagement/adherence: a bare array of UserScheduleAdherence. */
static const struct column_map workforcemanagement_columns[] = {
    OWN_ID("user_id", "user.id|id"),
    DETAIL(COLUMN_TEXT, "name", "name"),
    DETAIL(COLUMN_TEXT, "business_unit_id", "businessUnit.id"),
    DETAIL(COLUMN_TEXT, "management_unit_id", "managementUnit.id"),
    DETAIL(COLUMN_TEXT, "team_id", "team.id"),
    TEXT("scheduled_activity_category", "scheduledActivityCategory"),
    TEXT("scheduled_activity_code_id", "scheduledActivityCode.id"),
    DETAIL(COLUMN_TEXT, "scheduled_activity_code_name", "scheduledActivityCode.name"),
    DETAIL(COLUMN_JSON, "scheduled_activity_code_secondary_presences",
           "scheduledActivityCode.secondaryPresences"),
    TEXT("system_presence", "systemPresence"),
    DETAIL(COLUMN_TEXT, "organization_secondary_presence_id", "organizationSecondaryPresenceId"),
    TEXT("routing_status", "routingStatus"),
    TEXT("actual_activity_category", "actualActivityCategory"),
    BOOLEAN("is_out_of_office", "isOutOfOffice"),
    TEXT("adherence_state", "adherenceState"),
    TEXT("impact", "impact"),
    DETAIL(COLUMN_TEXT, "adherence_explanation_id", "adherenceExplanation.id"),
    DETAIL(COLUMN_TIME, "adherence_explanation_start_date", "adherenceExplanation.startDate"),
    DETAIL(COLUMN_INT, "adherence_explanation_length_minutes",
           "adherenceExplanation.lengthMinutes"),
    DETAIL(COLUMN_TEXT, "adherence_explanation_status", "adherenceExplanation.status"),
    DETAIL(COLUMN_TIME, "time_of_adherence_change", "timeOfAdherenceChange"),
    DETAIL(COLUMN_TIME, "presence_update_time", "presenceUpdateTime"),
    DETAIL(COLUMN_JSON, "active_queues", "activeQueues"),
    DETAIL(COLUMN_TIME, "active_queues_modified_time", "activeQueuesModifiedTime"),
    DETAIL(COLUMN_BOOL, "removed_from_management_unit", "removedFromManagementUnit"),
    DETAIL(COLUMN_JSON, "next_activity_reminders", "nextActivityReminders"),
    DETAIL(COLUMN_BOOL, "suppress_on_time_reminder", "suppressOnTimeReminder"),
};

/* POST /analytics/agents/status/query: AnalyticsAgentStateAgentResponse; presences in UPPER_SNAKE.
 */
static const struct column_map agents_status_columns[] = {
    OWN_ID("user_id", "userId"),
    DETAIL(COLUMN_TEXT, "name", "userName"),
    DETAIL(COLUMN_TEXT, "business_unit_id", "businessUnitId"),
    DETAIL(COLUMN_TEXT, "management_unit_id", "managementUnitId"),
    TEXT("scheduled_activity_category", "scheduledActivityCategory"),
    TEXT("scheduled_activity_code_id", "scheduledActivityCodeId"),
    COLUMN(COLUMN_TEXT, "system_presence", "systemPresence", COLUMN_UPPER_SNAKE),
    DETAIL(COLUMN_TEXT, "organization_secondary_presence_id", "organizationPresenceId"),
    TEXT("routing_status", "routingStatus"),
    TEXT("actual_activity_category", "actualActivityCategory"),
    BOOLEAN("is_out_of_office", "isOutOfOffice"),
    TEXT("adherence_state", "adherenceState"),
    TEXT("impact", "adherenceImpact"),
    DETAIL(COLUMN_TIME, "time_of_adherence_change", "adherenceDate"),
    DETAIL(COLUMN_TIME, "presence_update_time", "presenceDate"),
};

/* /analytics/agents/realtime/intervals: not in the public API; names as scripts have met them. */
static const struct column_map realtime_intervals_columns[] = {
    OWN_ID("user_id", "userId|user.id|agentId|agent.id|id"),
    DETAIL(COLUMN_TIME, "state_start", "startTime|start|startDate|intervalStart|stateStart"),
    DETAIL(COLUMN_TIME, "state_end", "endTime|end|endDate|intervalEnd|stateEnd"),
    DETAIL(COLUMN_TEXT, "name", "userName|name|user.name|agentName|agent.name"),
    DETAIL(COLUMN_TEXT, "business_unit_id", "businessUnitId|businessUnit.id"),
    DETAIL(COLUMN_TEXT, "management_unit_id", "managementUnitId|managementUnit.id"),
    DETAIL(COLUMN_TEXT, "team_id", "teamId|team.id"),
    TEXT("scheduled_activity_category", "scheduledActivityCategory"),
    TEXT("scheduled_activity_code_id", "scheduledActivityCodeId|scheduledActivityCode.id"),
    DETAIL(COLUMN_TEXT, "scheduled_activity_code_name", "scheduledActivityCode.name"),
    DETAIL(COLUMN_JSON, "scheduled_activity_code_secondary_presences",
           "scheduledActivityCode.secondaryPresences"),
    COLUMN(COLUMN_TEXT, "system_presence", "systemPresence|presence", COLUMN_UPPER_SNAKE),
    DETAIL(COLUMN_TEXT, "organization_secondary_presence_id",
           "organizationSecondaryPresenceId|organizationPresenceId"),
    TEXT("routing_status", "routingStatus"),
    TEXT("actual_activity_category", "actualActivityCategory"),
    BOOLEAN("is_out_of_office", "isOutOfOffice"),
    TEXT("adherence_state", "adherenceState|state"),
    TEXT("impact", "impact|adherenceImpact"),
    DETAIL(COLUMN_TEXT, "adherence_explanation_id", "adherenceExplanation.id"),
    DETAIL(COLUMN_TIME, "adherence_explanation_start_date", "adherenceExplanation.startDate"),
    DETAIL(COLUMN_INT, "adherence_explanation_length_minutes",
           "adherenceExplanation.lengthMinutes"),
    DETAIL(COLUMN_TEXT, "adherence_explanation_status", "adherenceExplanation.status"),
    DETAIL(COLUMN_TIME, "time_of_adherence_change", "timeOfAdherenceChange|adherenceDate"),
    DETAIL(COLUMN_TIME, "presence_update_time", "presenceUpdateTime|presenceDate"),
    DETAIL(COLUMN_JSON, "active_queues", "activeQueues"),
    DETAIL(COLUMN_TIME, "active_queues_modified_time", "activeQueuesModifiedTime"),
    DETAIL(COLUMN_BOOL, "removed_from_management_unit", "removedFromManagementUnit"),
    DETAIL(COLUMN_JSON, "next_activity_reminders", "nextActivityReminders"),
    DETAIL(COLUMN_BOOL, "suppress_on_time_reminder", "suppressOnTimeReminder"),
};

static const struct table_map state_table = {
    .table = "adherence_state",
    COLUMNS(state_columns),
};

static const struct table_map workforcemanagement_table = {
    .table = "adherence_state",
    COLUMNS(workforcemanagement_columns),
};

static const struct table_map agents_status_table = {
    .table = "adherence_state",
    COLUMNS(agents_status_columns),
};

static const struct table_map realtime_intervals_table = {
    .table = "adherence_state",
    COLUMNS(realtime_intervals_columns),
};

static const char *const workforcemanagement_ignored[] = {
    "selfUri", "user.name", "businessUnit.name", "managementUnit.name", "team.name"};
static const struct tree_map workforcemanagement_tree = {
    .root = &workforcemanagement_table,
    .id = "user_id",
    .entities = "",
    IGNORED(workforcemanagement_ignored),
};

static const char *const agents_status_ignored[] = {
    "divisionId", "managerId", "sessionCount", "sessions", "routingStatusDate",
};
static const struct tree_map agents_status_tree = {
    .root = &agents_status_table,
    .id = "user_id",
    .entities = "entities",
    IGNORED(agents_status_ignored),
};

static const char *const realtime_intervals_ignored[] = {"selfUri"};
static const struct tree_map realtime_intervals_tree = {
    .root = &realtime_intervals_table,
    .id = "user_id",
    .entities = "entities|results|",
    IGNORED(realtime_intervals_ignored),
};

static const char *const adherence_permissions[] = {"wfm:realtimeAdherence:view"};
static const char *const agent_state_permissions[] = {"analytics:agentState:view"};

static const struct request_plan plans[] = {
    {
        .name = "workforcemanagement",
        .role = ROLE_SOURCE,
        .paging = PAGING_IDS_GET,
        .path = "/api/v2/workforcemanagement/adherence",
        .id_parameter = "userId",
        .page_size = 100,
        .tree = &workforcemanagement_tree,
        PERMISSIONS(adherence_permissions),
    },
    {
        .name = "agents_status",
        .role = ROLE_SOURCE,
        .paging = PAGING_IDS_POST,
        .path = "/api/v2/analytics/agents/status/query",
        .body = "{\"userFilter\":{\"type\":\"or\",\"predicates\":[{ids}]}}",
        .id_parameter = "userId",
        .page_size = 50,
        .tree = &agents_status_tree,
        PERMISSIONS(agent_state_permissions),
    },
    {
        .name = "realtime_intervals",
        .role = ROLE_SOURCE,
        .paging = PAGING_NUMBERED_GET,
        .path = "/api/v2/analytics/agents/realtime/intervals",
        .query = "interval={start}/{end}",
        .page_size = 100,
        .private_api = true,
        .tree = &realtime_intervals_tree,
    },
};

const struct stream stream_adherence_realtime = {
    .name = "adherence_realtime",
    .title = "real-time adherence",
    .windows = WINDOWS_SNAPSHOT,
    .load = LOAD_OBSERVE,
    .lock_slot = 2,
    .depends_on = "users",
    .ids_query = "users",
    .tree = &workforcemanagement_tree,
    .state = &state_table,
    PLANS(plans),
};
