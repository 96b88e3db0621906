-- Architect: flows, what they reach and pass, and the names of data tables.
-- Objects and arrays are JSON text.

-- Flows of Architect, deleted ones too.
CREATE TABLE flow ( -- [* not selfUri]
    flow_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the flow
    name TEXT,                         -- [name] name as shown
    division_id TEXT,                  -- [division.id] division it belongs to
    division_name TEXT,                -- [division.name] its name
    description TEXT,                  -- [description] free text
    type TEXT,                         -- [type] INBOUNDCALL, INQUEUECALL, BOT, WORKFLOW...
    locked_user TEXT,                  -- [lockedUser json] object: user who has it open
    locked_client_id TEXT,             -- [lockedClient.id] client that has it open
    locked_client_name TEXT,           -- [lockedClient.name] its name
    active INTEGER,                    -- [active 0/1] whether it may be used
    system INTEGER,                    -- [system 0/1] whether it came with the product
    deleted INTEGER,                   -- [deleted 0/1] whether it is deleted
    published_version TEXT,            -- [publishedVersion json] object: version in use
    saved_version TEXT,                -- [savedVersion json] object: version saved last
    input_schema TEXT,                 -- [inputSchema json] object: what it takes; NULL: not asked for
    output_schema TEXT,                -- [outputSchema json] object: what it gives; NULL: not asked for
    checked_in_version TEXT,           -- [checkedInVersion json] object: version checked in last
    debug_version TEXT,                -- [debugVersion json] object: version for tests
    published_by TEXT,                 -- [publishedBy json] object: user who published it
    current_operation TEXT,            -- [currentOperation json] object: what is being done with it
    nlu_info TEXT,                     -- [nluInfo json] object: how it understands language
    supported_languages TEXT,          -- [supportedLanguages json] array: languages it speaks
    compatible_flow_types TEXT,        -- [compatibleFlowTypes json] array of text: types of flows that may use it
    worktype_id TEXT,                  -- [worktypeId] type of work items that it is for
    virtual_agent_enabled INTEGER,     -- [virtualAgentEnabled 0/1] whether it is a virtual agent
    deleted_at TEXT,                   -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                   -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER         -- run that last wrote the row
);

-- Outcomes that flows reach; what a conversation reached is flow_outcome.
CREATE TABLE flow_outcome_definition ( -- [* not selfUri]
    flow_outcome_definition_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the outcome
    name TEXT,                                            -- [name] name as shown
    division_id TEXT,                                     -- [division.id] division it belongs to
    division_name TEXT,                                   -- [division.name] its name
    description TEXT,                                     -- [description] free text
    current_operation TEXT,                               -- [currentOperation json] object: what is being done with it
    deleted_at TEXT,                                      -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                                      -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                            -- run that last wrote the row
);

-- Milestones that flows pass.
CREATE TABLE flow_milestone ( -- [* not selfUri]
    flow_milestone_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the milestone
    name TEXT,                                   -- [name] name as shown
    division_id TEXT,                            -- [division.id] division it belongs to
    division_name TEXT,                          -- [division.name] its name
    description TEXT,                            -- [description] free text
    deleted_at TEXT,                             -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                             -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                   -- run that last wrote the row
);

-- Data tables' names; not what stands in them.
CREATE TABLE data_table ( -- [* not selfUri]
    data_table_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the table
    name TEXT,                               -- [name] name as shown
    division_id TEXT,                        -- [division.id] division it belongs to
    division_name TEXT,                      -- [division.name] its name
    description TEXT,                        -- [description] free text
    schema TEXT,                             -- [schema json] object: its columns; NULL: not asked for
    deleted_at TEXT,                         -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                         -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER               -- run that last wrote the row
);
