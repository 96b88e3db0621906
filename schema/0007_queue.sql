-- Queues with their settings. Objects and arrays are JSON text.
CREATE TABLE queue ( -- [* not selfUri]
    queue_id TEXT NOT NULL PRIMARY KEY,                         -- [id] the API's id of the queue
    name TEXT,                                                  -- [name] name
    division_id TEXT,                                           -- [division.id] division the queue belongs to
    division_name TEXT,                                         -- [division.name] its name
    description TEXT,                                           -- [description] free text
    date_created TEXT,                                          -- [dateCreated time] when it was made
    date_modified TEXT,                                         -- [dateModified time] when its settings last changed
    modified_by TEXT,                                           -- [modifiedBy] user who changed them
    created_by TEXT,                                            -- [createdBy] user who made it
    member_count BIGINT,                                        -- [memberCount] members, groups' members included
    user_member_count BIGINT,                                   -- [userMemberCount] members that are there as users, not through a group
    joined_member_count BIGINT,                                 -- [joinedMemberCount moment] members that have joined at the moment
    media_settings TEXT,                                        -- [mediaSettings json] object: a medium's alerting time (seconds) and service level (percentage 0 to 1, durationMs)
    routing_rules TEXT,                                         -- [routingRules json] array: preferred-agent rules
    conditional_group_routing TEXT,                             -- [conditionalGroupRouting json] object: rules of conditional group routing
    conditional_group_activation TEXT,                          -- [conditionalGroupActivation json] object: rules of conditional group activation
    bullseye TEXT,                                              -- [bullseye json] object: rings
    scoring_method TEXT,                                        -- [scoringMethod] TimestampAndPriority or PriorityOnly
    last_agent_routing_mode TEXT,                               -- [lastAgentRoutingMode] Disabled, QueueMembersOnly or AnyAgent
    acw_settings_wrapup_prompt TEXT,                            -- [acwSettings.wrapupPrompt] whether wrap-up is asked for: MANDATORY, OPTIONAL...
    acw_settings_timeout_ms BIGINT,                             -- [acwSettings.timeoutMs] longest after-call work, milliseconds
    skill_evaluation_method TEXT,                               -- [skillEvaluationMethod] NONE, BEST or ALL
    member_groups TEXT,                                         -- [memberGroups json] array: groups whose members belong to the queue
    queue_flow_id TEXT,                                         -- [queueFlow.id] in-queue flow for calls
    queue_flow_name TEXT,                                       -- [queueFlow.name] its name
    email_in_queue_flow_id TEXT,                                -- [emailInQueueFlow.id] in-queue flow for e-mail
    email_in_queue_flow_name TEXT,                              -- [emailInQueueFlow.name] its name
    message_in_queue_flow_id TEXT,                              -- [messageInQueueFlow.id] in-queue flow for messages
    message_in_queue_flow_name TEXT,                            -- [messageInQueueFlow.name] its name
    whisper_prompt_id TEXT,                                     -- [whisperPrompt.id] prompt the agent hears first
    whisper_prompt_name TEXT,                                   -- [whisperPrompt.name] its name
    on_hold_prompt_id TEXT,                                     -- [onHoldPrompt.id] what a caller hears on hold
    on_hold_prompt_name TEXT,                                   -- [onHoldPrompt.name] its name
    default_media_language TEXT,                                -- [defaultMediaLanguage] default language of the media
    auto_answer_only INTEGER,                                   -- [autoAnswerOnly 0/1] whether the whisper is played for auto-answered calls alone
    canned_response_libraries_library_ids TEXT,                 -- [cannedResponseLibraries.libraryIds json] array: libraries of canned responses
    canned_response_libraries_mode TEXT,                        -- [cannedResponseLibraries.mode] All, SelectedOnly or None
    enable_transcription INTEGER,                               -- [enableTranscription 0/1] whether voice is transcribed
    enable_audio_monitoring INTEGER,                            -- [enableAudioMonitoring 0/1] whether audio is monitored
    enable_manual_assignment INTEGER,                           -- [enableManualAssignment 0/1] whether interactions may be assigned by hand
    agent_owned_routing_enable_agent_owned_callbacks INTEGER,   -- [agentOwnedRouting.enableAgentOwnedCallbacks 0/1] whether agents may own callbacks
    agent_owned_routing_max_owned_callback_hours INTEGER,       -- [agentOwnedRouting.maxOwnedCallbackHours] how long a callback can be owned, hours
    agent_owned_routing_max_owned_callback_delay_hours INTEGER, -- [agentOwnedRouting.maxOwnedCallbackDelayHours] how far ahead it can be set, hours
    direct_routing TEXT,                                        -- [directRouting json] object: direct routing settings
    calling_party_name TEXT,                                    -- [callingPartyName] name shown for outbound calls
    calling_party_number TEXT,                                  -- [callingPartyNumber] number shown for outbound calls
    default_scripts TEXT,                                       -- [defaultScripts json] object: default script a medium
    outbound_messaging_addresses TEXT,                          -- [outboundMessagingAddresses json] object: addresses outbound messages are sent from
    outbound_email_address TEXT,                                -- [outboundEmailAddress json] object: address outbound e-mail is sent from
    peer_id TEXT,                                               -- [peerId] the same queue in another system
    suppress_in_queue_call_recording INTEGER,                   -- [suppressInQueueCallRecording 0/1] whether calls waiting in the queue are not recorded
    row_hash BIGINT,                                            -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                                  -- run that last wrote the row
);
