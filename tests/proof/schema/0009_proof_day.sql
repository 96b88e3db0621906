-- Reports once more: one a management unit and business day, with offsets in seconds.

-- An agent's day.
CREATE TABLE proof_day ( -- [*]
    proof_day_key INTEGER PRIMARY KEY, -- [key] ours
    management_unit_id TEXT NOT NULL,      -- [@scope id] management unit the report was asked for
    day_start TEXT NOT NULL,               -- [@start id] first instant of the day
    user_id TEXT NOT NULL,                 -- [userId id] the agent
    day_end TEXT,                          -- [@end] first instant after it
    time_zone TEXT,                        -- [@zone] zone whose day it is
    reported_unit_id TEXT,                 -- [^managementUnitId] management unit the report names
    adherence_percentage REAL,             -- [adherencePercentage] adherence, 0 to 100
    conformance_percentage REAL,           -- [conformancePercentage] conformance, may exceed 100
    impact TEXT,                           -- [impact] Positive, Negative, Neutral or Unknown
    row_hash BIGINT,                       -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,            -- run that last wrote the row
    UNIQUE (management_unit_id, day_start, user_id)
);

-- Times at which the agent did not what was scheduled.
CREATE TABLE proof_exception ( -- [exceptionInfo[]]
    proof_day_key INTEGER NOT NULL REFERENCES proof_day, -- [key] the agent's day
    exception_no INTEGER NOT NULL,                               -- from 0 in the API's order
    start_offset_seconds INTEGER,                                -- [startOffsetSeconds] its start, seconds from the report's startDate
    end_offset_seconds INTEGER,                                  -- [endOffsetSeconds] its end, likewise
    exception_start TEXT,                                        -- [startOffsetSeconds offset:^^startDate] its start
    exception_end TEXT,                                          -- [endOffsetSeconds offset:^^startDate] its end
    scheduled_activity_code_id TEXT,                             -- [scheduledActivityCodeId] activity that was scheduled
    scheduled_activity_category TEXT,                            -- [scheduledActivityCategory] its category
    scheduled_secondary_presence_lookup_ids TEXT,                -- [scheduledSecondaryPresenceLookupIds json] array: presences that would fit
    actual_activity_code_id TEXT,                                -- [actualActivityCodeId] activity instead
    actual_activity_category TEXT,                               -- [actualActivityCategory] its category
    system_presence TEXT,                                        -- [systemPresence] presence
    routing_status TEXT,                                         -- [routingStatus] OFF_QUEUE, IDLE...
    impact TEXT,                                                 -- [impact] Positive, Negative, Neutral or Unknown
    secondary_presence_lookup_id TEXT,                           -- [secondaryPresenceLookupId] secondary presence
    PRIMARY KEY (proof_day_key, exception_no)
) WITHOUT ROWID;

-- What the agent did, piece by piece.
CREATE TABLE proof_actual ( -- [actuals[]]
    proof_day_key INTEGER NOT NULL REFERENCES proof_day, -- [key] the agent's day
    actual_no INTEGER NOT NULL,                                  -- from 0 in the API's order
    start_offset_seconds INTEGER,                                -- [startOffsetSeconds] its start, seconds from the window's start
    end_offset_seconds INTEGER,                                  -- [endOffsetSeconds] its end, likewise
    actual_start TEXT,                                           -- [startOffsetSeconds offset] its start
    actual_end TEXT,                                             -- [endOffsetSeconds offset] its end
    actual_activity_category TEXT,                               -- [actualActivityCategory] category of the activity
    actual_secondary_presence_lookup_id TEXT,                    -- [actualSecondaryPresenceLookupId] secondary presence
    PRIMARY KEY (proof_day_key, actual_no)
) WITHOUT ROWID;

-- Sums of the day.
CREATE TABLE proof_metric ( -- [dayMetrics[]]
    proof_day_key INTEGER NOT NULL REFERENCES proof_day, -- [key] the agent's day
    metric_no INTEGER NOT NULL,                                  -- from 0 in the API's order
    day_start_offset_seconds INTEGER,                            -- [dayStartOffsetSeconds] start of the day summed
    adherence_schedule_seconds INTEGER,                          -- [adherenceScheduleSeconds] scheduled time that counts for adherence
    conformance_schedule_seconds INTEGER,                        -- [conformanceScheduleSeconds] scheduled time that counts for conformance
    conformance_actual_seconds INTEGER,                          -- [conformanceActualSeconds] actual time that does
    exception_count INTEGER,                                     -- [exceptionCount] exceptions
    exception_duration_seconds INTEGER,                          -- [exceptionDurationSeconds] their time
    impact_seconds INTEGER,                                      -- [impactSeconds] net impact
    schedule_length_seconds INTEGER,                             -- [scheduleLengthSeconds] scheduled time
    actual_length_seconds INTEGER,                               -- [actualLengthSeconds] actual time
    adherence_percentage REAL,                                   -- [adherencePercentage] adherence, 0 to 100
    conformance_percentage REAL,                                 -- [conformancePercentage] conformance
    PRIMARY KEY (proof_day_key, metric_no)
) WITHOUT ROWID;
