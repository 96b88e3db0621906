-- Users' time: intervals of presence and of routing status, each from its beginning to its end, however
-- many days it spans. What was reprocessed goes: an interval is here as the API last said it.

-- Presences.
CREATE TABLE user_presence ( -- [* primaryPresence[] not routingStatus]
    user_id TEXT NOT NULL,         -- [^userId id] the user
    start_time TEXT NOT NULL,      -- [startTime id time] since when; may lie before the first day
    end_time TEXT,                 -- [endTime time] until when; NULL while it lasts
    system_presence TEXT,          -- [systemPresence] AVAILABLE, AWAY, ON_QUEUE, OFFLINE..., as analytics spell it (qualifiers of user_aggregate too; adherence_state has OnQueue)
    organization_presence_id TEXT, -- [organizationPresenceId] the organization's own presence (presence_definition)
    row_hash BIGINT,               -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,    -- run that last wrote the row
    PRIMARY KEY (user_id, start_time)
) WITHOUT ROWID;
CREATE INDEX user_presence_by_start ON user_presence (start_time);

-- Routing statuses.
CREATE TABLE user_routing_status ( -- [* routingStatus[] not primaryPresence]
    user_id TEXT NOT NULL,         -- [^userId id] the user
    start_time TEXT NOT NULL,      -- [startTime id time] since when; may lie before the first day
    end_time TEXT,                 -- [endTime time] until when; NULL while it lasts
    routing_status TEXT,           -- [routingStatus] OFF_QUEUE, IDLE, INTERACTING, NOT_RESPONDING, COMMUNICATING
    row_hash BIGINT,               -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,    -- run that last wrote the row
    PRIMARY KEY (user_id, start_time)
) WITHOUT ROWID;
CREATE INDEX user_routing_status_by_start ON user_routing_status (start_time);
