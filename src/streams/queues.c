/*
 * queues: routing queues with their settings.
 */
#include "streams/streams.h"

static const struct column_map queue_columns[] = {
    OWN_ID("queue_id", "id"),
    TEXT("name", "name"),
    TEXT("division_id", "division.id"),
    TEXT("division_name", "division.name"),
    TEXT("description", "description"),
    TIME("date_created", "dateCreated"),
    TIME("date_modified", "dateModified"),
    TEXT("modified_by", "modifiedBy"),
    TEXT("created_by", "createdBy"),
    INTEGER("member_count", "memberCount"),
    INTEGER("user_member_count", "userMemberCount"),
    COLUMN(COLUMN_INT, "joined_member_count", "joinedMemberCount", COLUMN_UNHASHED),
    JSON_TEXT("media_settings", "mediaSettings"),
    JSON_TEXT("routing_rules", "routingRules"),
    JSON_TEXT("conditional_group_routing", "conditionalGroupRouting"),
    JSON_TEXT("conditional_group_activation", "conditionalGroupActivation"),
    JSON_TEXT("bullseye", "bullseye"),
    TEXT("scoring_method", "scoringMethod"),
    TEXT("last_agent_routing_mode", "lastAgentRoutingMode"),
    TEXT("acw_settings_wrapup_prompt", "acwSettings.wrapupPrompt"),
    INTEGER("acw_settings_timeout_ms", "acwSettings.timeoutMs"),
    TEXT("skill_evaluation_method", "skillEvaluationMethod"),
    JSON_TEXT("member_groups", "memberGroups"),
    TEXT("queue_flow_id", "queueFlow.id"),
    TEXT("queue_flow_name", "queueFlow.name"),
    TEXT("email_in_queue_flow_id", "emailInQueueFlow.id"),
    TEXT("email_in_queue_flow_name", "emailInQueueFlow.name"),
    TEXT("message_in_queue_flow_id", "messageInQueueFlow.id"),
    TEXT("message_in_queue_flow_name", "messageInQueueFlow.name"),
    TEXT("whisper_prompt_id", "whisperPrompt.id"),
    TEXT("whisper_prompt_name", "whisperPrompt.name"),
    TEXT("on_hold_prompt_id", "onHoldPrompt.id"),
    TEXT("on_hold_prompt_name", "onHoldPrompt.name"),
    TEXT("default_media_language", "defaultMediaLanguage"),
    BOOLEAN("auto_answer_only", "autoAnswerOnly"),
    JSON_TEXT("canned_response_libraries_library_ids", "cannedResponseLibraries.libraryIds"),
    TEXT("canned_response_libraries_mode", "cannedResponseLibraries.mode"),
    BOOLEAN("enable_transcription", "enableTranscription"),
    BOOLEAN("enable_audio_monitoring", "enableAudioMonitoring"),
    BOOLEAN("enable_manual_assignment", "enableManualAssignment"),
    BOOLEAN("agent_owned_routing_enable_agent_owned_callbacks",
            "agentOwnedRouting.enableAgentOwnedCallbacks"),
    INTEGER("agent_owned_routing_max_owned_callback_hours",
            "agentOwnedRouting.maxOwnedCallbackHours"),
    INTEGER("agent_owned_routing_max_owned_callback_delay_hours",
            "agentOwnedRouting.maxOwnedCallbackDelayHours"),
    JSON_TEXT("direct_routing", "directRouting"),
    TEXT("calling_party_name", "callingPartyName"),
    TEXT("calling_party_number", "callingPartyNumber"),
    JSON_TEXT("default_scripts", "defaultScripts"),
    JSON_TEXT("outbound_messaging_addresses", "outboundMessagingAddresses"),
    JSON_TEXT("outbound_email_address", "outboundEmailAddress"),
    TEXT("peer_id", "peerId"),
    BOOLEAN("suppress_in_queue_call_recording", "suppressInQueueCallRecording"),
};

static const struct table_map queue_table = {
    .table = "queue",
    COLUMNS(queue_columns),
};

static const char *const ignored[] = {"selfUri"};

static const struct tree_map tree = {
    .root = &queue_table,
    .id = "queue_id",
    .entities = "entities",
    IGNORED(ignored),
};

static const char *const permissions[] = {"routing:queue:view"};

static const struct request_plan plans[] = {
    {
        .name = "list",
        .role = ROLE_ONLY,
        .paging = PAGING_NUMBERED_GET,
        .path = "/api/v2/routing/queues",
        .query = "sortOrder=asc",
        .page_size = 100,
        .tree = &tree,
        PERMISSIONS(permissions),
    },
};

const struct stream stream_queues = {
    .name = "queues",
    .title = "queues",
    .windows = WINDOWS_SNAPSHOT,
    .load = LOAD_TREE,
    .lock_slot = 1,
    .max_age_hours = 6,
    .tree = &tree,
    PLANS(plans),
};
