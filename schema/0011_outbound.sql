-- Outbound: campaigns and contact lists.
-- Objects and arrays are JSON text.

-- Voice campaigns.
CREATE TABLE campaign ( -- [* not selfUri]
    campaign_id TEXT NOT NULL PRIMARY KEY,                             -- [id] the API's id of the campaign
    name TEXT,                                                         -- [name] name as shown
    date_created TEXT,                                                 -- [dateCreated time] when it was made
    date_modified TEXT,                                                -- [dateModified time] when it last changed
    version INTEGER,                                                   -- [version] the API's version of the record
    contact_list_id TEXT,                                              -- [contactList.id] contact list it calls
    contact_list_name TEXT,                                            -- [contactList.name] its name
    queue_id TEXT,                                                     -- [queue.id] queue its calls go to
    queue_name TEXT,                                                   -- [queue.name] its name
    dialing_mode TEXT,                                                 -- [dialingMode] agentless, preview, power, predictive, progressive or external
    script_id TEXT,                                                    -- [script.id] script agents see
    script_name TEXT,                                                  -- [script.name] its name
    edge_group_id TEXT,                                                -- [edgeGroup.id] edge group that dials
    edge_group_name TEXT,                                              -- [edgeGroup.name] its name
    site_id TEXT,                                                      -- [site.id] site that dials
    site_name TEXT,                                                    -- [site.name] its name
    campaign_status TEXT,                                              -- [campaignStatus] on, stopping, off, complete, invalid, forced_off or forced_stopping
    phone_columns TEXT,                                                -- [phoneColumns json] array: columns of the contact list that are called
    abandon_rate REAL,                                                 -- [abandonRate] share of calls that may be abandoned, per cent
    dnc_lists TEXT,                                                    -- [dncLists json] array: lists of those who must not be called
    callable_time_set_id TEXT,                                         -- [callableTimeSet.id] when it may call
    callable_time_set_name TEXT,                                       -- [callableTimeSet.name] its name
    call_analysis_response_set_id TEXT,                                -- [callAnalysisResponseSet.id] what is done on an answer
    call_analysis_response_set_name TEXT,                              -- [callAnalysisResponseSet.name] its name
    errors TEXT,                                                       -- [errors json] array: what keeps it from running
    caller_name TEXT,                                                  -- [callerName] name that is shown
    caller_address TEXT,                                               -- [callerAddress] number that is shown
    outbound_line_count BIGINT,                                        -- [outboundLineCount] lines of an agentless campaign
    rule_sets TEXT,                                                    -- [ruleSets json] array: rules that its calls go by
    skip_preview_disabled INTEGER,                                     -- [skipPreviewDisabled 0/1] whether agents cannot skip a preview
    preview_time_out_seconds BIGINT,                                   -- [previewTimeOutSeconds] after how long a preview dials by itself, seconds
    always_running INTEGER,                                            -- [alwaysRunning 0/1] whether it goes on when the list is through
    contact_sort_field_name TEXT,                                      -- [contactSort.fieldName] column that contacts are ordered by
    contact_sort_direction TEXT,                                       -- [contactSort.direction] ASC or DESC
    contact_sort_numeric INTEGER,                                      -- [contactSort.numeric 0/1] whether it is ordered as numbers
    contact_sorts TEXT,                                                -- [contactSorts json] array: columns that contacts are ordered by
    no_answer_timeout INTEGER,                                         -- [noAnswerTimeout] how long it rings, seconds
    call_analysis_language TEXT,                                       -- [callAnalysisLanguage] language of answering machines
    priority INTEGER,                                                  -- [priority] from 1 (first) to 5
    contact_list_filters TEXT,                                         -- [contactListFilters json] array: which contacts are called
    division_id TEXT,                                                  -- [division.id] division it belongs to
    division_name TEXT,                                                -- [division.name] its name
    agent_owned_column TEXT,                                           -- [agentOwnedColumn] column that names the agent of a contact
    dynamic_contact_queueing_settings_sort INTEGER,                    -- [dynamicContactQueueingSettings.sort 0/1] whether contacts are ordered anew while it runs
    dynamic_contact_queueing_settings_filter INTEGER,                  -- [dynamicContactQueueingSettings.filter 0/1] whether they are filtered anew
    skill_columns TEXT,                                                -- [skillColumns json] array of text: columns that name skills
    preview_auto_end INTEGER,                                          -- [previewAutoEnd 0/1] whether a preview ends by itself
    max_calls_per_agent INTEGER,                                       -- [maxCallsPerAgent] calls per agent at most
    max_calls_per_agent_decimal REAL,                                  -- [maxCallsPerAgentDecimal] the same, with a fraction
    callback_auto_answer INTEGER,                                      -- [callbackAutoAnswer 0/1] whether callbacks are answered by themselves
    dynamic_line_balancing_settings_enabled INTEGER,                   -- [dynamicLineBalancingSettings.enabled 0/1] whether lines are shared out while it runs
    dynamic_line_balancing_settings_relative_weight INTEGER,           -- [dynamicLineBalancingSettings.relativeWeight] its weight among others
    diagnostics_settings_report_low_max_calls_per_agent_alert INTEGER, -- [diagnosticsSettings.reportLowMaxCallsPerAgentAlert 0/1] whether too few calls per agent are reported
    precise_dialing_enabled INTEGER,                                   -- [preciseDialingEnabled 0/1] whether it dials for one agent at a time
    deleted_at TEXT,                                                   -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                                                   -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                                         -- run that last wrote the row
);

-- Contact lists; no contacts.
CREATE TABLE contact_list ( -- [* not selfUri]
    contact_list_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the list
    name TEXT,                                 -- [name] name as shown
    division_id TEXT,                          -- [division.id] division it belongs to
    division_name TEXT,                        -- [division.name] its name
    column_names TEXT,                         -- [columnNames json] array of text: its columns
    phone_columns TEXT,                        -- [phoneColumns json] array: columns with telephone numbers
    email_columns TEXT,                        -- [emailColumns json] array: columns with e-mail addresses
    whats_app_columns TEXT,                    -- [whatsAppColumns json] array: columns with WhatsApp numbers
    import_status TEXT,                        -- [importStatus json moment] object: how the last import went; NULL: not asked for
    size BIGINT,                               -- [size] how many contacts it has; NULL: not asked for
    deleted_at TEXT,                           -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                           -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                 -- run that last wrote the row
);

-- Campaigns by SMS, e-mail and WhatsApp.
CREATE TABLE messaging_campaign ( -- [* not selfUri]
    messaging_campaign_id TEXT NOT NULL PRIMARY KEY,  -- [id] the API's id of the campaign
    name TEXT,                                        -- [name] name as shown
    date_created TEXT,                                -- [dateCreated time] when it was made
    date_modified TEXT,                               -- [dateModified time] when it last changed
    version INTEGER,                                  -- [version] the API's version of the record
    division_id TEXT,                                 -- [division.id] division it belongs to
    division_name TEXT,                               -- [division.name] its name
    campaign_status TEXT,                             -- [campaignStatus] on, stopping, off, complete, invalid, forced_off or forced_stopping
    callable_time_set_id TEXT,                        -- [callableTimeSet.id] when it may send
    callable_time_set_name TEXT,                      -- [callableTimeSet.name] its name
    contact_list_id TEXT,                             -- [contactList.id] contact list it writes to
    contact_list_name TEXT,                           -- [contactList.name] its name
    dnc_lists TEXT,                                   -- [dncLists json] array: lists of those who must not be written to
    always_running INTEGER,                           -- [alwaysRunning 0/1] whether it goes on when the list is through
    contact_sorts TEXT,                               -- [contactSorts json] array: columns that contacts are ordered by
    messages_per_minute INTEGER,                      -- [messagesPerMinute] messages a minute at most
    rule_sets TEXT,                                   -- [ruleSets json] array: rules that its messages go by
    contact_list_filters TEXT,                        -- [contactListFilters json] array: which contacts are written to
    errors TEXT,                                      -- [errors json] array: what keeps it from running
    dynamic_contact_queueing_settings_sort INTEGER,   -- [dynamicContactQueueingSettings.sort 0/1] whether contacts are ordered anew while it runs
    dynamic_contact_queueing_settings_filter INTEGER, -- [dynamicContactQueueingSettings.filter 0/1] whether they are filtered anew
    email_config TEXT,                                -- [emailConfig json] object: settings of e-mails
    sms_config TEXT,                                  -- [smsConfig json] object: settings of SMS
    whats_app_config TEXT,                            -- [whatsAppConfig json] object: settings of WhatsApp messages
    deleted_at TEXT,                                  -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                                  -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                        -- run that last wrote the row
);
