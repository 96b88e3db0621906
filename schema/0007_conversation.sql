-- Conversation details: one row a conversation, and its parts below it.
-- Keys: conversation_key is ours; parts add ordinals in the API's order. A conversation's rows are
-- replaced whole when it changes.
-- Times are UTC text YYYY-MM-DDTHH:MM:SS.sssZ; 0/1 is false/true; arrays are JSON text. The name in
-- brackets is the API's field. NULL: the API did not say.

-- One customer interaction, from first contact to last wrap-up.
CREATE TABLE conversation ( -- [* owes fact_owed]
    conversation_key INTEGER PRIMARY KEY,          -- ours: stable for the conversation's life, smaller and faster than the id
    conversation_id TEXT NOT NULL UNIQUE,          -- [conversationId] the API's id of the conversation
    access_attributes TEXT,                        -- [accessAttributes json] array: names that grant access beyond divisions
    associated_conversation_id TEXT,               -- [associatedConversationId] conversation this one belongs to (a callback's call, say)
    conference_start TEXT,                         -- [conferenceStart time] when it became a conference
    consultation_conversation_ids TEXT,            -- [consultationConversationIds json] array: conversations that were consultations of this one
    conversation_end TEXT,                         -- [conversationEnd time] when the last participant left; NULL while open
    conversation_initiator TEXT,                   -- [conversationInitiator] who began it: agent, customer, acd, campaign...
    conversation_start TEXT,                       -- [conversationStart time] when it began
    customer_participation INTEGER,                -- [customerParticipation 0/1] whether the customer took part (outbound and callbacks: may be 0)
    external_tag TEXT,                             -- [externalTag personal] tag given from outside, for joins with other systems
    inactivity_timeout TEXT,                       -- [inactivityTimeout time] when it ends of itself for want of activity
    knowledge_base_ids TEXT,                       -- [knowledgeBaseIds json] array: knowledge bases used
    media_stats_min_conversation_mos REAL,         -- [mediaStatsMinConversationMos] lowest mean opinion score of all sessions, 1 to 5
    media_stats_min_conversation_r_factor REAL,    -- [mediaStatsMinConversationRFactor] lowest R factor of all sessions, 0 to 100
    originating_direction TEXT,                    -- [originatingDirection] inbound or outbound: direction of the first session
    originating_social_media_public INTEGER,       -- [originatingSocialMediaPublic 0/1] whether it came from public social media
    self_served INTEGER,                           -- [selfServed 0/1] whether a flow served it without an agent
    row_hash BIGINT,                               -- hash over all mapped rows but attributes: equal means unchanged
    row_attribute_hash BIGINT,                     -- hash over the attributes; NULL when none were read
    row_attribute_read INTEGER NOT NULL DEFAULT 0, -- 1 once a job (which brings attributes) has read it
    row_changed_run_id INTEGER                     -- run that last wrote its rows
);

CREATE INDEX conversation_by_start ON conversation (conversation_start);
CREATE INDEX conversation_open ON conversation (conversation_start) WHERE conversation_end IS NULL;

-- Divisions of a conversation (a bridge: join it alone, or rows multiply).
CREATE TABLE conversation_division ( -- [divisionIds[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    division_no INTEGER NOT NULL,                              -- from 0 in the API's order
    division_id TEXT,                                          -- [divisionIds[]] a division the conversation belongs to
    PRIMARY KEY (conversation_key, division_no)
) WITHOUT ROWID;

-- Who took part: customers, queues (acd), flows (ivr), agents.
CREATE TABLE participant ( -- [participants[] persons:purpose=customer|external]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- from 0 in the API's order
    external_contact_id TEXT,                                  -- [externalContactId person] external contact behind the participant
    external_organization_id TEXT,                             -- [externalOrganizationId personal] organization of that contact
    flagged_reason TEXT,                                       -- [flaggedReason] why an agent flagged it: general
    participant_id TEXT,                                       -- [participantId person] the API's id of the participant
    participant_name TEXT,                                     -- [participantName personal] name as shown
    purpose TEXT,                                              -- [purpose] part played: customer, acd, ivr, agent, user, voicemail, outbound...
    screen_recording INTEGER,                                  -- [screenRecording 0/1] whether the screen was recorded
    team_id TEXT,                                              -- [teamId] the agent's team at that time
    user_id TEXT,                                              -- [userId] the user, when it is one
    PRIMARY KEY (conversation_key, participant_no)
) WITHOUT ROWID;

-- Participant data set by flows and scripts; only asynchronous jobs bring it.
CREATE TABLE participant_attribute ( -- [participants[].attributes{} attributes]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    name TEXT NOT NULL,                                        -- [attributes{key}] key, as the flow or script set it
    value TEXT,                                                -- [attributes{value} personal] value as text; the API cuts at 1,024 characters
    PRIMARY KEY (conversation_key, participant_no, name)
) WITHOUT ROWID;

-- One medium of one participant: a call leg, a chat, an e-mail, a callback.
CREATE TABLE session ( -- [participants[].sessions[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- from 0 in the API's order
    active_skill_ids TEXT,                                     -- [activeSkillIds json] array: skills asked for at the end (after bullseye removals)
    acw_skipped INTEGER,                                       -- [acwSkipped 0/1] whether after-call work was skipped
    address_from TEXT,                                         -- [addressFrom personal] sender's address (e-mail, message)
    address_other TEXT,                                        -- [addressOther personal] address of the other side
    address_self TEXT,                                         -- [addressSelf personal] own address
    address_to TEXT,                                           -- [addressTo personal] recipient's address
    agent_assistant_id TEXT,                                   -- [agentAssistantId] agent assistant in use
    agent_bullseye_ring INTEGER,                               -- [agentBullseyeRing] bullseye ring of the agent, from 1
    agent_owned INTEGER,                                       -- [agentOwned 0/1] whether an agent owns the callback
    ani TEXT,                                                  -- [ani personal] number or address it came from
    assigner_id TEXT,                                          -- [assignerId] who assigned it by hand
    authenticated INTEGER,                                     -- [authenticated 0/1] whether the customer was authenticated
    barged_participant_id TEXT,                                -- [bargedParticipantId personal] participant whose call was barged into
    bcc TEXT,                                                  -- [bcc json note] array: blind copy recipients
    callback_numbers TEXT,                                     -- [callbackNumbers json personal] array: numbers to call back
    callback_scheduled_time TEXT,                              -- [callbackScheduledTime time] when the callback is due
    callback_user_name TEXT,                                   -- [callbackUserName personal] whom to ask for
    cc TEXT,                                                   -- [cc json note] array: copy recipients
    cleared INTEGER,                                           -- [cleared 0/1] whether the agent cleared it
    coached_participant_id TEXT,                               -- [coachedParticipantId personal] participant coached
    cobrowse_role TEXT,                                        -- [cobrowseRole] part in the co-browse
    cobrowse_room_id TEXT,                                     -- [cobrowseRoomId personal] room of the co-browse
    delivery_pushed INTEGER,                                   -- [deliveryPushed 0/1] whether the message was pushed
    delivery_status TEXT,                                      -- [deliveryStatus] state of the message's delivery
    delivery_status_change_date TEXT,                          -- [deliveryStatusChangeDate time] when that state came
    destination_addresses TEXT,                                -- [destinationAddresses json note] array: addresses the message went to
    detected_speech_end TEXT,                                  -- [detectedSpeechEnd time] end of detected speech (outbound dialing)
    detected_speech_start TEXT,                                -- [detectedSpeechStart time] start of detected speech
    direction TEXT,                                            -- [direction] inbound or outbound
    disposition_analyzer TEXT,                                 -- [dispositionAnalyzer] what found the disposition (outbound dialing)
    disposition_name TEXT,                                     -- [dispositionName] disposition of the dialed call
    dnis TEXT,                                                 -- [dnis personal] number or address it went to
    edge_id TEXT,                                              -- [edgeId] edge that carried it
    eligible_agent_counts TEXT,                                -- [eligibleAgentCounts json] array of numbers: agents who could have been chosen
    engagement_source TEXT,                                    -- [engagementSource] channel of origin: WebChat, KakaoTalk, Email...
    error_code_description TEXT,                               -- [errorCodeDescription personal] text of the error, if one ended it
    extended_delivery_status TEXT,                             -- [extendedDeliveryStatus] the carrier's own delivery state
    flow_in_type TEXT,                                         -- [flowInType] kind of object it came from
    flow_out_type TEXT,                                        -- [flowOutType] kind of object it went to
    journey_action_id TEXT,                                    -- [journeyActionId] journey action
    journey_action_map_id TEXT,                                -- [journeyActionMapId] journey action map
    journey_action_map_version INTEGER,                        -- [journeyActionMapVersion] version of that map
    journey_customer_id TEXT,                                  -- [journeyCustomerId personal] journey: customer
    journey_customer_id_type TEXT,                             -- [journeyCustomerIdType] journey: kind of that id
    journey_customer_session_id TEXT,                          -- [journeyCustomerSessionId personal] journey: customer's session
    journey_customer_session_id_type TEXT,                     -- [journeyCustomerSessionIdType] journey: kind of that id
    media_bridge_id TEXT,                                      -- [mediaBridgeId] media bridge
    media_count BIGINT,                                        -- [mediaCount] number of media parts
    media_type TEXT,                                           -- [mediaType] voice, chat, email, message, callback, cobrowse...
    message_type TEXT,                                         -- [messageType] kind of message channel: sms, webmessaging, open...
    monitored_participant_id TEXT,                             -- [monitoredParticipantId personal] participant monitored
    outbound_campaign_id TEXT,                                 -- [outboundCampaignId] outbound campaign
    outbound_contact_id TEXT,                                  -- [outboundContactId personal] contact dialed
    outbound_contact_list_id TEXT,                             -- [outboundContactListId] contact list dialed from
    peer_id TEXT,                                              -- [peerId] session of the other side
    protocol_call_id TEXT,                                     -- [protocolCallId personal] call id of the signalling protocol
    provider TEXT,                                             -- [provider] provider of the medium: Edge, PureCloud Messaging...
    recording INTEGER,                                         -- [recording 0/1] whether it was recorded
    remote TEXT,                                               -- [remote personal] name of the other side
    remote_name_displayable TEXT,                              -- [remoteNameDisplayable personal] the same, fit for display
    removed_skill_ids TEXT,                                    -- [removedSkillIds json] array: skills dropped by bullseye rings
    requested_routings TEXT,                                   -- [requestedRoutings json] array: routing methods asked for
    room_id TEXT,                                              -- [roomId personal] chat room
    routing_ring INTEGER,                                      -- [routingRing] ring reached in routing
    routing_rule TEXT,                                         -- [routingRule] rule that routed it
    routing_rule_type TEXT,                                    -- [routingRuleType] kind of that rule: Bullseye, Predictive...
    screen_monitored_user_id TEXT,                             -- [screenMonitoredUserId] user whose screen was watched
    screen_share_address_self TEXT,                            -- [screenShareAddressSelf personal] own address of the screen share
    screen_share_room_id TEXT,                                 -- [screenShareRoomId personal] room of the screen share
    script_id TEXT,                                            -- [scriptId] agent script
    selected_agent_id TEXT,                                    -- [selectedAgentId] agent chosen by predictive routing
    selected_agent_rank INTEGER,                               -- [selectedAgentRank] that agent's rank
    session_dnis TEXT,                                         -- [sessionDnis personal] number dialed, of this session
    session_id TEXT,                                           -- [sessionId] the API's id of the session
    sharing_screen INTEGER,                                    -- [sharingScreen 0/1] whether the screen was shared
    skill_expression_id TEXT,                                  -- [skillExpressionId] skill expression of the routing
    skip_enabled INTEGER,                                      -- [skipEnabled 0/1] whether the preview call could be skipped
    snippet_recording INTEGER,                                 -- [snippetRecording 0/1] whether a snippet was recorded
    timeout_seconds INTEGER,                                   -- [timeoutSeconds] preview time of an outbound contact, seconds
    used_routing TEXT,                                         -- [usedRouting] routing method that found the agent
    video_address_self TEXT,                                   -- [videoAddressSelf personal] own address of the video
    video_room_id TEXT,                                        -- [videoRoomId personal] room of the video
    waiting_interaction_counts TEXT,                           -- [waitingInteractionCounts json] array of numbers: interactions waiting at that time
    PRIMARY KEY (conversation_key, participant_no, session_no)
) WITHOUT ROWID;

-- Groups an agent was chosen from (conditional group routing).
CREATE TABLE agent_group ( -- [participants[].sessions[].agentGroups[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- its session, from 0 in the API's order
    group_no INTEGER NOT NULL,                                 -- from 0 in the API's order
    agent_group_id TEXT,                                       -- [agentGroupId] group the agent was chosen from
    agent_group_type TEXT,                                     -- [agentGroupType] Group, SkillGroup or Team
    PRIMARY KEY (conversation_key, participant_no, session_no, group_no)
) WITHOUT ROWID;

-- Agents that predictive routing proposed.
CREATE TABLE proposed_agent ( -- [participants[].sessions[].proposedAgents[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- its session, from 0 in the API's order
    agent_no INTEGER NOT NULL,                                 -- from 0 in the API's order
    agent_rank INTEGER,                                        -- [agentRank] rank in the proposal, 1 is best
    proposed_agent_id TEXT,                                    -- [proposedAgentId] the agent proposed
    PRIMARY KEY (conversation_key, participant_no, session_no, agent_no)
) WITHOUT ROWID;

-- Quality of the media stream.
CREATE TABLE media_endpoint_stat ( -- [participants[].sessions[].mediaEndpointStats[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- its session, from 0 in the API's order
    stat_no INTEGER NOT NULL,                                  -- from 0 in the API's order
    codecs TEXT,                                               -- [codecs json] array: codecs used
    discarded_packets BIGINT,                                  -- [discardedPackets] packets thrown away on arrival
    duplicate_packets BIGINT,                                  -- [duplicatePackets] packets that came twice
    event_time TEXT,                                           -- [eventTime time] when the figures were taken
    invalid_packets BIGINT,                                    -- [invalidPackets] packets that were malformed
    max_latency_ms BIGINT,                                     -- [maxLatencyMs] largest latency, milliseconds
    min_mos REAL,                                              -- [minMos] lowest mean opinion score, 1 to 5
    min_r_factor REAL,                                         -- [minRFactor] lowest R factor, 0 to 100
    overrun_packets BIGINT,                                    -- [overrunPackets] packets that came too fast for the buffer
    received_packets BIGINT,                                   -- [receivedPackets] packets received
    underrun_packets BIGINT,                                   -- [underrunPackets] packets missing when they were due
    PRIMARY KEY (conversation_key, participant_no, session_no, stat_no)
) WITHOUT ROWID;

-- The Architect flow that ran in a session, at most one.
CREATE TABLE session_flow ( -- [participants[].sessions[].flow]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- its session, from 0 in the API's order
    ending_language TEXT,                                      -- [endingLanguage] language at the end
    entry_reason TEXT,                                         -- [entryReason personal] what led into the flow: a number, a flow's id...
    entry_type TEXT,                                           -- [entryType] dnis, direct, flow, agent or outbound
    exit_reason TEXT,                                          -- [exitReason] how it was left: TRANSFER, DISCONNECT...
    flow_id TEXT,                                              -- [flowId] the flow
    flow_name TEXT,                                            -- [flowName] its name at that time
    flow_type TEXT,                                            -- [flowType] INBOUNDCALL, BOT, WORKFLOW...
    flow_version TEXT,                                         -- [flowVersion] version that ran
    issued_callback INTEGER,                                   -- [issuedCallback 0/1] whether it offered a callback that was taken
    recognition_failure_reason TEXT,                           -- [recognitionFailureReason] why input was not understood
    starting_language TEXT,                                    -- [startingLanguage] language at the start
    transfer_target_address TEXT,                              -- [transferTargetAddress personal] where it was transferred to
    transfer_target_name TEXT,                                 -- [transferTargetName personal] name of that target
    transfer_type TEXT,                                        -- [transferType] kind of the transfer: ACD, EXTERNAL...
    PRIMARY KEY (conversation_key, participant_no, session_no)
) WITHOUT ROWID;

-- Outcomes a flow reached or missed.
CREATE TABLE flow_outcome ( -- [participants[].sessions[].flow.outcomes[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- its session, from 0 in the API's order
    outcome_no INTEGER NOT NULL,                               -- from 0 in the API's order
    flow_outcome TEXT,                                         -- [flowOutcome] name of the outcome
    flow_outcome_end_timestamp TEXT,                           -- [flowOutcomeEndTimestamp time] when it was reached or missed
    flow_outcome_id TEXT,                                      -- [flowOutcomeId] the outcome
    flow_outcome_start_timestamp TEXT,                         -- [flowOutcomeStartTimestamp time] when it was begun
    flow_outcome_value TEXT,                                   -- [flowOutcomeValue] SUCCESS or FAILURE
    PRIMARY KEY (conversation_key, participant_no, session_no, outcome_no)
) WITHOUT ROWID;

-- Metrics: the facts that reports count. See emit_date.
CREATE TABLE session_metric ( -- [participants[].sessions[].metrics[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- its session, from 0 in the API's order
    metric_no INTEGER NOT NULL,                                -- from 0 in the API's order
    emit_date TEXT,                                            -- [emitDate time] when it was counted: the interval a metric belongs to
    name TEXT,                                                 -- [name] nOffered, tAnswered, tHandle...: n counts, t milliseconds, o others
    value BIGINT,                                              -- [value] count, or duration in milliseconds for names in t
    PRIMARY KEY (conversation_key, participant_no, session_no, metric_no)
) WITHOUT ROWID;

-- What happened in a session, piece by piece.
CREATE TABLE segment ( -- [participants[].sessions[].segments[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- its session, from 0 in the API's order
    segment_no INTEGER NOT NULL,                               -- from 0 in the API's order
    audio_muted INTEGER,                                       -- [audioMuted 0/1] whether the audio was muted
    conference INTEGER,                                        -- [conference 0/1] whether it was part of a conference
    destination_conversation_id TEXT,                          -- [destinationConversationId] conversation a transfer went to
    destination_session_id TEXT,                               -- [destinationSessionId] session a transfer went to
    disconnect_type TEXT,                                      -- [disconnectType] how it ended: client, peer, transfer, system...
    error_code TEXT,                                           -- [errorCode] error that ended it
    group_id TEXT,                                             -- [groupId] group that was rung
    q850_response_codes TEXT,                                  -- [q850ResponseCodes json] array of numbers: Q.850 causes of the telephone network
    queue_id TEXT,                                             -- [queueId] queue it was in, or was handled for
    requested_language_id TEXT,                                -- [requestedLanguageId] language asked for
    requested_routing_user_ids TEXT,                           -- [requestedRoutingUserIds json] array: agents asked for
    segment_end TEXT,                                          -- [segmentEnd time] end; NULL while open
    segment_start TEXT,                                        -- [segmentStart time] start
    segment_type TEXT,                                         -- [segmentType] ivr, delay, alert, interact, hold, wrapup...
    sip_response_codes TEXT,                                   -- [sipResponseCodes json] array of numbers: SIP answers
    source_conversation_id TEXT,                               -- [sourceConversationId] conversation a transfer came from
    source_session_id TEXT,                                    -- [sourceSessionId] session a transfer came from
    subject TEXT,                                              -- [subject note] subject of the e-mail
    video_muted INTEGER,                                       -- [videoMuted 0/1] whether the video was muted
    wrap_up_code TEXT,                                         -- [wrapUpCode] wrap-up code's id
    wrap_up_note TEXT,                                         -- [wrapUpNote note] the agent's note
    wrap_up_tags TEXT,                                         -- [wrapUpTags json] array: wrap-up tags
    properties TEXT,                                           -- [properties json note] array of {property, propertyType, value}
    PRIMARY KEY (conversation_key, participant_no, session_no, segment_no)
) WITHOUT ROWID;

-- Skills that routing asked for (a bridge: join it alone, or rows multiply).
CREATE TABLE segment_skill ( -- [participants[].sessions[].segments[].requestedRoutingSkillIds[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- its session, from 0 in the API's order
    segment_no INTEGER NOT NULL,                               -- its segment, from 0 in the API's order
    skill_no INTEGER NOT NULL,                                 -- from 0 in the API's order
    skill_id TEXT,                                             -- [requestedRoutingSkillIds[]] a skill that routing asked for
    PRIMARY KEY (conversation_key, participant_no, session_no, segment_no, skill_no)
) WITHOUT ROWID;

-- Agents scored for a preferred-agent routing.
CREATE TABLE scored_agent ( -- [participants[].sessions[].segments[].scoredAgents[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    participant_no INTEGER NOT NULL,                           -- its participant, from 0 in the API's order
    session_no INTEGER NOT NULL,                               -- its session, from 0 in the API's order
    segment_no INTEGER NOT NULL,                               -- its segment, from 0 in the API's order
    agent_no INTEGER NOT NULL,                                 -- from 0 in the API's order
    agent_score INTEGER,                                       -- [agentScore] score of the agent for this interaction, 0 to 100
    scored_agent_id TEXT,                                      -- [scoredAgentId] the agent scored
    PRIMARY KEY (conversation_key, participant_no, session_no, segment_no, agent_no)
) WITHOUT ROWID;

-- Quality evaluations.
CREATE TABLE evaluation ( -- [evaluations[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    evaluation_no INTEGER NOT NULL,                            -- from 0 in the API's order
    assignee_applicable INTEGER,                               -- [assigneeApplicable 0/1] whether an assignee was to be found
    assignee_id TEXT,                                          -- [assigneeId] to whom the evaluation was assigned
    calibration_id TEXT,                                       -- [calibrationId] calibration it belongs to
    context_id TEXT,                                           -- [contextId] the form over all its versions
    deleted INTEGER,                                           -- [deleted 0/1] whether it was deleted
    evaluation_id TEXT,                                        -- [evaluationId] the API's id of the evaluation
    evaluation_status TEXT,                                    -- [evaluationStatus] Pending, InProgress, InReview, Finished or Retracted
    evaluator_id TEXT,                                         -- [evaluatorId] who evaluated
    event_time TEXT,                                           -- [eventTime time] when it was made or changed
    form_id TEXT,                                              -- [formId] the form's version
    form_name TEXT,                                            -- [formName] its name
    queue_id TEXT,                                             -- [queueId] queue of the evaluated interaction
    released INTEGER,                                          -- [released 0/1] whether the agent may see it
    rescored INTEGER,                                          -- [rescored 0/1] whether it was scored again
    system_submitted INTEGER,                                  -- [systemSubmitted 0/1] whether the system submitted it
    user_id TEXT,                                              -- [userId] the agent evaluated
    o_total_critical_score INTEGER,                            -- [oTotalCriticalScore] score of the critical questions, percent
    o_total_score INTEGER,                                     -- [oTotalScore] score, percent
    PRIMARY KEY (conversation_key, evaluation_no)
) WITHOUT ROWID;

-- Customer surveys.
CREATE TABLE survey ( -- [surveys[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    survey_no INTEGER NOT NULL,                                -- from 0 in the API's order
    event_time TEXT,                                           -- [eventTime time] when it was sent or changed
    queue_id TEXT,                                             -- [queueId] queue of the interaction
    survey_completed_date TEXT,                                -- [surveyCompletedDate time] when the customer finished it
    survey_form_context_id TEXT,                               -- [surveyFormContextId] the form over all its versions
    survey_form_id TEXT,                                       -- [surveyFormId] the form's version
    survey_form_name TEXT,                                     -- [surveyFormName] its name
    survey_id TEXT,                                            -- [surveyId] the API's id of the survey
    survey_partial_response INTEGER,                           -- [surveyPartialResponse 0/1] whether only some questions were answered
    survey_promoter_score INTEGER,                             -- [surveyPromoterScore] net promoter answer, 0 to 10
    survey_status TEXT,                                        -- [surveyStatus] Sent, InProgress, Finished, OptOut...
    survey_type TEXT,                                          -- [surveyType] Web or Voice
    user_id TEXT,                                              -- [userId] the agent it is about
    o_survey_total_score INTEGER,                              -- [oSurveyTotalScore] score, percent
    PRIMARY KEY (conversation_key, survey_no)
) WITHOUT ROWID;

-- Whether the customer came back.
CREATE TABLE resolution ( -- [resolutions[]]
    conversation_key INTEGER NOT NULL REFERENCES conversation, -- the conversation
    resolution_no INTEGER NOT NULL,                            -- from 0 in the API's order
    event_time TEXT,                                           -- [eventTime time] when it was decided
    queue_id TEXT,                                             -- [queueId] queue it is counted for
    user_id TEXT,                                              -- [userId] agent it is counted for
    n_next_contact_avoided INTEGER,                            -- [nNextContactAvoided] 1 when the customer did not come back within the days set, else 0
    PRIMARY KEY (conversation_key, resolution_no)
) WITHOUT ROWID;
