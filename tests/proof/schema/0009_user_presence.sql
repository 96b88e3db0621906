-- User details: intervals of presence and of routing status, both from one answer.

-- Presences.
CREATE TABLE user_presence ( -- [* primaryPresence[] not routingStatus]
    user_id TEXT NOT NULL,         -- [^userId id] the user
    start_time TEXT NOT NULL,      -- [startTime id time] since when
    end_time TEXT,                 -- [endTime time] until when; NULL while it lasts
    system_presence TEXT,          -- [systemPresence upper-snake] Available, Away, OnQueue...
    organization_presence_id TEXT, -- [organizationPresenceId] the organization's own presence
    row_hash BIGINT,               -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,    -- run that last wrote the row
    PRIMARY KEY (user_id, start_time)
) WITHOUT ROWID;

-- Routing statuses.
CREATE TABLE user_routing_status ( -- [* routingStatus[] not primaryPresence]
    user_id TEXT NOT NULL,         -- [^userId id] the user
    start_time TEXT NOT NULL,      -- [startTime id time] since when
    end_time TEXT,                 -- [endTime time] until when; NULL while it lasts
    routing_status TEXT,           -- [routingStatus] OFF_QUEUE, IDLE, INTERACTING...
    row_hash BIGINT,               -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,    -- run that last wrote the row
    PRIMARY KEY (user_id, start_time)
) WITHOUT ROWID;
