/*
 * conversations: conversation details, whole records.
 *
 * Asynchronous jobs bring everything, attributes too, for whole windows up to the data availability
 * date (they match by overlap: also what began earlier and still went on). The query brings the
 * hours after it; single records are read again by id while they have no end. Field names are the
 * API's (AnalyticsConversation).
 */
#include "streams/streams.h"

static const struct column_map conversation_columns[] = {
    OWN_ID("conversation_id", "conversationId"),
    JSON_TEXT("access_attributes", "accessAttributes"),
    TEXT("associated_conversation_id", "associatedConversationId"),
    TIME("conference_start", "conferenceStart"),
    JSON_TEXT("consultation_conversation_ids", "consultationConversationIds"),
    TIME("conversation_end", "conversationEnd"),
    TEXT("conversation_initiator", "conversationInitiator"),
    TIME("conversation_start", "conversationStart"),
    BOOLEAN("customer_participation", "customerParticipation"),
    TEXT("external_tag", "externalTag"),
    TIME("inactivity_timeout", "inactivityTimeout"),
    JSON_TEXT("knowledge_base_ids", "knowledgeBaseIds"),
    REAL("media_stats_min_conversation_mos", "mediaStatsMinConversationMos"),
    REAL("media_stats_min_conversation_r_factor", "mediaStatsMinConversationRFactor"),
    TEXT("originating_direction", "originatingDirection"),
    BOOLEAN("originating_social_media_public", "originatingSocialMediaPublic"),
    BOOLEAN("self_served", "selfServed"),
};

static const struct column_map conversation_division_columns[] = {
    ELEMENT("division_id"),
};

static const struct column_map participant_columns[] = {
    TEXT("external_contact_id", "externalContactId"),
    TEXT("external_organization_id", "externalOrganizationId"),
    TEXT("flagged_reason", "flaggedReason"),
    TEXT("participant_id", "participantId"),
    TEXT("participant_name", "participantName"),
    TEXT("purpose", "purpose"),
    BOOLEAN("screen_recording", "screenRecording"),
    TEXT("team_id", "teamId"),
    TEXT("user_id", "userId"),
};

static const struct column_map participant_attribute_columns[] = {
    MEMBER_NAME("name"),
    MEMBER_VALUE("value"),
};

static const struct column_map session_columns[] = {
    JSON_TEXT("active_skill_ids", "activeSkillIds"),
    BOOLEAN("acw_skipped", "acwSkipped"),
    TEXT("address_from", "addressFrom"),
    TEXT("address_other", "addressOther"),
    TEXT("address_self", "addressSelf"),
    TEXT("address_to", "addressTo"),
    TEXT("agent_assistant_id", "agentAssistantId"),
    INTEGER("agent_bullseye_ring", "agentBullseyeRing"),
    BOOLEAN("agent_owned", "agentOwned"),
    TEXT("ani", "ani"),
    TEXT("assigner_id", "assignerId"),
    BOOLEAN("authenticated", "authenticated"),
    TEXT("barged_participant_id", "bargedParticipantId"),
    JSON_TEXT("bcc", "bcc"),
    JSON_TEXT("callback_numbers", "callbackNumbers"),
    TIME("callback_scheduled_time", "callbackScheduledTime"),
    TEXT("callback_user_name", "callbackUserName"),
    JSON_TEXT("cc", "cc"),
    BOOLEAN("cleared", "cleared"),
    TEXT("coached_participant_id", "coachedParticipantId"),
    TEXT("cobrowse_role", "cobrowseRole"),
    TEXT("cobrowse_room_id", "cobrowseRoomId"),
    BOOLEAN("delivery_pushed", "deliveryPushed"),
    TEXT("delivery_status", "deliveryStatus"),
    TIME("delivery_status_change_date", "deliveryStatusChangeDate"),
    JSON_TEXT("destination_addresses", "destinationAddresses"),
    TIME("detected_speech_end", "detectedSpeechEnd"),
    TIME("detected_speech_start", "detectedSpeechStart"),
    TEXT("direction", "direction"),
    TEXT("disposition_analyzer", "dispositionAnalyzer"),
    TEXT("disposition_name", "dispositionName"),
    TEXT("dnis", "dnis"),
    TEXT("edge_id", "edgeId"),
    JSON_TEXT("eligible_agent_counts", "eligibleAgentCounts"),
    TEXT("engagement_source", "engagementSource"),
    TEXT("error_code_description", "errorCodeDescription"),
    TEXT("extended_delivery_status", "extendedDeliveryStatus"),
    TEXT("flow_in_type", "flowInType"),
    TEXT("flow_out_type", "flowOutType"),
    TEXT("journey_action_id", "journeyActionId"),
    TEXT("journey_action_map_id", "journeyActionMapId"),
    INTEGER("journey_action_map_version", "journeyActionMapVersion"),
    TEXT("journey_customer_id", "journeyCustomerId"),
    TEXT("journey_customer_id_type", "journeyCustomerIdType"),
    TEXT("journey_customer_session_id", "journeyCustomerSessionId"),
    TEXT("journey_customer_session_id_type", "journeyCustomerSessionIdType"),
    TEXT("media_bridge_id", "mediaBridgeId"),
    INTEGER("media_count", "mediaCount"),
    TEXT("media_type", "mediaType"),
    TEXT("message_type", "messageType"),
    TEXT("monitored_participant_id", "monitoredParticipantId"),
    TEXT("outbound_campaign_id", "outboundCampaignId"),
    TEXT("outbound_contact_id", "outboundContactId"),
    TEXT("outbound_contact_list_id", "outboundContactListId"),
    TEXT("peer_id", "peerId"),
    TEXT("protocol_call_id", "protocolCallId"),
    TEXT("provider", "provider"),
    BOOLEAN("recording", "recording"),
    TEXT("remote", "remote"),
    TEXT("remote_name_displayable", "remoteNameDisplayable"),
    JSON_TEXT("removed_skill_ids", "removedSkillIds"),
    JSON_TEXT("requested_routings", "requestedRoutings"),
    TEXT("room_id", "roomId"),
    INTEGER("routing_ring", "routingRing"),
    TEXT("routing_rule", "routingRule"),
    TEXT("routing_rule_type", "routingRuleType"),
    TEXT("screen_monitored_user_id", "screenMonitoredUserId"),
    TEXT("screen_share_address_self", "screenShareAddressSelf"),
    TEXT("screen_share_room_id", "screenShareRoomId"),
    TEXT("script_id", "scriptId"),
    TEXT("selected_agent_id", "selectedAgentId"),
    INTEGER("selected_agent_rank", "selectedAgentRank"),
    TEXT("session_dnis", "sessionDnis"),
    TEXT("session_id", "sessionId"),
    BOOLEAN("sharing_screen", "sharingScreen"),
    TEXT("skill_expression_id", "skillExpressionId"),
    BOOLEAN("skip_enabled", "skipEnabled"),
    BOOLEAN("snippet_recording", "snippetRecording"),
    INTEGER("timeout_seconds", "timeoutSeconds"),
    TEXT("used_routing", "usedRouting"),
    TEXT("video_address_self", "videoAddressSelf"),
    TEXT("video_room_id", "videoRoomId"),
    JSON_TEXT("waiting_interaction_counts", "waitingInteractionCounts"),
};

static const struct column_map agent_group_columns[] = {
    TEXT("agent_group_id", "agentGroupId"),
    TEXT("agent_group_type", "agentGroupType"),
};

static const struct column_map proposed_agent_columns[] = {
    INTEGER("agent_rank", "agentRank"),
    TEXT("proposed_agent_id", "proposedAgentId"),
};

static const struct column_map media_endpoint_stat_columns[] = {
    JSON_TEXT("codecs", "codecs"),
    INTEGER("discarded_packets", "discardedPackets"),
    INTEGER("duplicate_packets", "duplicatePackets"),
    TIME("event_time", "eventTime"),
    INTEGER("invalid_packets", "invalidPackets"),
    INTEGER("max_latency_ms", "maxLatencyMs"),
    REAL("min_mos", "minMos"),
    REAL("min_r_factor", "minRFactor"),
    INTEGER("overrun_packets", "overrunPackets"),
    INTEGER("received_packets", "receivedPackets"),
    INTEGER("underrun_packets", "underrunPackets"),
};

static const struct column_map session_flow_columns[] = {
    TEXT("ending_language", "endingLanguage"),
    TEXT("entry_reason", "entryReason"),
    TEXT("entry_type", "entryType"),
    TEXT("exit_reason", "exitReason"),
    TEXT("flow_id", "flowId"),
    TEXT("flow_name", "flowName"),
    TEXT("flow_type", "flowType"),
    TEXT("flow_version", "flowVersion"),
    BOOLEAN("issued_callback", "issuedCallback"),
    TEXT("recognition_failure_reason", "recognitionFailureReason"),
    TEXT("starting_language", "startingLanguage"),
    TEXT("transfer_target_address", "transferTargetAddress"),
    TEXT("transfer_target_name", "transferTargetName"),
    TEXT("transfer_type", "transferType"),
};

static const struct column_map flow_outcome_columns[] = {
    TEXT("flow_outcome", "flowOutcome"),
    TIME("flow_outcome_end_timestamp", "flowOutcomeEndTimestamp"),
    TEXT("flow_outcome_id", "flowOutcomeId"),
    TIME("flow_outcome_start_timestamp", "flowOutcomeStartTimestamp"),
    TEXT("flow_outcome_value", "flowOutcomeValue"),
};

static const struct column_map session_metric_columns[] = {
    TIME("emit_date", "emitDate"),
    TEXT("name", "name"),
    INTEGER("value", "value"),
};

static const struct column_map segment_columns[] = {
    BOOLEAN("audio_muted", "audioMuted"),
    BOOLEAN("conference", "conference"),
    TEXT("destination_conversation_id", "destinationConversationId"),
    TEXT("destination_session_id", "destinationSessionId"),
    TEXT("disconnect_type", "disconnectType"),
    TEXT("error_code", "errorCode"),
    TEXT("group_id", "groupId"),
    JSON_TEXT("q850_response_codes", "q850ResponseCodes"),
    TEXT("queue_id", "queueId"),
    TEXT("requested_language_id", "requestedLanguageId"),
    JSON_TEXT("requested_routing_user_ids", "requestedRoutingUserIds"),
    TIME("segment_end", "segmentEnd"),
    TIME("segment_start", "segmentStart"),
    TEXT("segment_type", "segmentType"),
    JSON_TEXT("sip_response_codes", "sipResponseCodes"),
    TEXT("source_conversation_id", "sourceConversationId"),
    TEXT("source_session_id", "sourceSessionId"),
    TEXT("subject", "subject"),
    BOOLEAN("video_muted", "videoMuted"),
    TEXT("wrap_up_code", "wrapUpCode"),
    TEXT("wrap_up_note", "wrapUpNote"),
    JSON_TEXT("wrap_up_tags", "wrapUpTags"),
    JSON_TEXT("properties", "properties"),
};

static const struct column_map segment_skill_columns[] = {
    ELEMENT("skill_id"),
};

static const struct column_map scored_agent_columns[] = {
    INTEGER("agent_score", "agentScore"),
    TEXT("scored_agent_id", "scoredAgentId"),
};

static const struct column_map evaluation_columns[] = {
    BOOLEAN("assignee_applicable", "assigneeApplicable"),
    TEXT("assignee_id", "assigneeId"),
    TEXT("calibration_id", "calibrationId"),
    TEXT("context_id", "contextId"),
    BOOLEAN("deleted", "deleted"),
    TEXT("evaluation_id", "evaluationId"),
    TEXT("evaluation_status", "evaluationStatus"),
    TEXT("evaluator_id", "evaluatorId"),
    TIME("event_time", "eventTime"),
    TEXT("form_id", "formId"),
    TEXT("form_name", "formName"),
    TEXT("queue_id", "queueId"),
    BOOLEAN("released", "released"),
    BOOLEAN("rescored", "rescored"),
    BOOLEAN("system_submitted", "systemSubmitted"),
    TEXT("user_id", "userId"),
    INTEGER("o_total_critical_score", "oTotalCriticalScore"),
    INTEGER("o_total_score", "oTotalScore"),
};

static const struct column_map survey_columns[] = {
    TIME("event_time", "eventTime"),
    TEXT("queue_id", "queueId"),
    TIME("survey_completed_date", "surveyCompletedDate"),
    TEXT("survey_form_context_id", "surveyFormContextId"),
    TEXT("survey_form_id", "surveyFormId"),
    TEXT("survey_form_name", "surveyFormName"),
    TEXT("survey_id", "surveyId"),
    BOOLEAN("survey_partial_response", "surveyPartialResponse"),
    INTEGER("survey_promoter_score", "surveyPromoterScore"),
    TEXT("survey_status", "surveyStatus"),
    TEXT("survey_type", "surveyType"),
    TEXT("user_id", "userId"),
    INTEGER("o_survey_total_score", "oSurveyTotalScore"),
};

static const struct column_map resolution_columns[] = {
    TIME("event_time", "eventTime"),
    TEXT("queue_id", "queueId"),
    TEXT("user_id", "userId"),
    INTEGER("n_next_contact_avoided", "nNextContactAvoided"),
};

static const struct table_map conversation_division_table = {
    .table = "conversation_division",
    .rows = "divisionIds",
    .shape = ROWS_ARRAY,
    .ordinal = "division_no",
    COLUMNS(conversation_division_columns),
};
static const struct table_map participant_attribute_table = {
    .table = "participant_attribute",
    .rows = "attributes",
    .shape = ROWS_MEMBERS,
    .hash_part = HASH_ATTRIBUTES,
    COLUMNS(participant_attribute_columns),
};
static const struct table_map agent_group_table = {
    .table = "agent_group",
    .rows = "agentGroups",
    .shape = ROWS_ARRAY,
    .ordinal = "group_no",
    COLUMNS(agent_group_columns),
};
static const struct table_map proposed_agent_table = {
    .table = "proposed_agent",
    .rows = "proposedAgents",
    .shape = ROWS_ARRAY,
    .ordinal = "agent_no",
    COLUMNS(proposed_agent_columns),
};
static const struct table_map media_endpoint_stat_table = {
    .table = "media_endpoint_stat",
    .rows = "mediaEndpointStats",
    .shape = ROWS_ARRAY,
    .ordinal = "stat_no",
    COLUMNS(media_endpoint_stat_columns),
};
static const struct table_map flow_outcome_table = {
    .table = "flow_outcome",
    .rows = "outcomes",
    .shape = ROWS_ARRAY,
    .ordinal = "outcome_no",
    COLUMNS(flow_outcome_columns),
};
static const struct table_map *const session_flow_children[] = {
    &flow_outcome_table,
};
static const struct table_map session_flow_table = {
    .table = "session_flow",
    .rows = "flow",
    .shape = ROWS_OBJECT,
    COLUMNS(session_flow_columns),
    CHILDREN(session_flow_children),
};
static const struct table_map session_metric_table = {
    .table = "session_metric",
    .rows = "metrics",
    .shape = ROWS_ARRAY,
    .ordinal = "metric_no",
    COLUMNS(session_metric_columns),
};
static const struct table_map segment_skill_table = {
    .table = "segment_skill",
    .rows = "requestedRoutingSkillIds",
    .shape = ROWS_ARRAY,
    .ordinal = "skill_no",
    COLUMNS(segment_skill_columns),
};
static const struct table_map scored_agent_table = {
    .table = "scored_agent",
    .rows = "scoredAgents",
    .shape = ROWS_ARRAY,
    .ordinal = "agent_no",
    COLUMNS(scored_agent_columns),
};
static const struct table_map *const segment_children[] = {
    &segment_skill_table,
    &scored_agent_table,
};
static const struct table_map segment_table = {
    .table = "segment",
    .rows = "segments",
    .shape = ROWS_ARRAY,
    .ordinal = "segment_no",
    COLUMNS(segment_columns),
    CHILDREN(segment_children),
};
static const struct table_map *const session_children[] = {
    &agent_group_table,  &proposed_agent_table, &media_endpoint_stat_table,
    &session_flow_table, &session_metric_table, &segment_table,
};
static const struct table_map session_table = {
    .table = "session",
    .rows = "sessions",
    .shape = ROWS_ARRAY,
    .ordinal = "session_no",
    COLUMNS(session_columns),
    CHILDREN(session_children),
};
static const struct table_map *const participant_children[] = {
    &participant_attribute_table,
    &session_table,
};
static const struct table_map participant_table = {
    .table = "participant",
    .rows = "participants",
    .shape = ROWS_ARRAY,
    .ordinal = "participant_no",
    COLUMNS(participant_columns),
    CHILDREN(participant_children),
};
static const struct table_map evaluation_table = {
    .table = "evaluation",
    .rows = "evaluations",
    .shape = ROWS_ARRAY,
    .ordinal = "evaluation_no",
    COLUMNS(evaluation_columns),
};
static const struct table_map survey_table = {
    .table = "survey",
    .rows = "surveys",
    .shape = ROWS_ARRAY,
    .ordinal = "survey_no",
    COLUMNS(survey_columns),
};
static const struct table_map resolution_table = {
    .table = "resolution",
    .rows = "resolutions",
    .shape = ROWS_ARRAY,
    .ordinal = "resolution_no",
    COLUMNS(resolution_columns),
};
static const struct table_map *const conversation_children[] = {
    &conversation_division_table,
    &participant_table,
    &evaluation_table,
    &survey_table,
    &resolution_table,
};
static const struct table_map conversation_table = {
    .table = "conversation",
    COLUMNS(conversation_columns),
    CHILDREN(conversation_children),
};

static const struct tree_map tree = {
    .root = &conversation_table,
    .key = "conversation_key",
    .id = "conversation_id",
    .entities = "conversations",
};

static const char *const detail_permissions[] = {
    "analytics:conversationDetail:view",
    "analytics:agentConversationDetail:view",
};
/* The availability date of jobs asks for this one. */
static const char *const job_permissions[] = {"analytics:conversationDetail:view"};

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
        PERMISSIONS(job_permissions),
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
        PERMISSIONS(detail_permissions),
    },
    {
        .name = "reread",
        .role = ROLE_REREAD,
        .paging = PAGING_IDS_GET,
        .path = "/api/v2/analytics/conversations/details",
        .id_parameter = "id",
        .page_size = 50,
        .tree = &tree,
        PERMISSIONS(detail_permissions),
    },
};

const struct stream stream_conversations = {
    .name = "conversations",
    .title = "conversation details",
    .windows = WINDOWS_UTC_DAYS,
    .load = LOAD_TREE,
    .lock_slot = 3,
    .has_attributes = true,
    .ids_query = "open_conversations",
    .tree = &tree,
    PLANS(plans),
};
