-- Historical adherence: an agent's days, with exceptions and activities. Each unit and day is asked for
-- by itself, a day being one of the unit's own time zone. The presences that a file names by numbers of
-- its own are looked up in it.

-- A day of an agent, as the vendor's workforce management counts it.
CREATE TABLE adherence_day ( -- [* gone:left_unit_at changes adherence_change not startDate endDate actualsEndDate managementUnitId adherencePercentage conformancePercentage impact]
    adherence_day_key INTEGER PRIMARY KEY, -- [key] ours
    user_id TEXT NOT NULL,                 -- [userId id] the agent
    business_day TEXT NOT NULL,            -- [@day id] the day, YYYY-MM-DD, in time_zone
    management_unit_id TEXT,               -- [@scope] management unit that was asked about; of several that report the day, the one that the agent belongs to
    business_unit_id TEXT,                 -- [@parent] business unit of that
    time_zone TEXT,                        -- [@zone] zone whose day was asked for
    day_start_offset_seconds INTEGER,      -- [dayMetrics[0].dayStartOffsetSeconds|dayMetrics[0].dayStartOffsetSecs] start of the day, seconds from the start of what was asked for
    day_start_time TEXT,                   -- [dayMetrics[0].dayStartOffsetSeconds|dayMetrics[0].dayStartOffsetSecs offset:^startDate|startDate] the same as an instant
    adherence_schedule_seconds BIGINT,     -- [dayMetrics[0].adherenceScheduleSeconds|dayMetrics[0].adherenceScheduleSecs] scheduled time that counts for adherence
    conformance_schedule_seconds BIGINT,   -- [dayMetrics[0].conformanceScheduleSeconds|dayMetrics[0].conformanceScheduleSecs] time scheduled on queue
    conformance_actual_seconds BIGINT,     -- [dayMetrics[0].conformanceActualSeconds|dayMetrics[0].conformanceActualSecs] time worked on queue
    exception_count BIGINT,                -- [dayMetrics[0].exceptionCount] exceptions
    exception_duration_seconds BIGINT,     -- [dayMetrics[0].exceptionDurationSeconds|dayMetrics[0].exceptionDurationSecs] their time that counts
    impact_seconds BIGINT,                 -- [dayMetrics[0].impactSeconds|dayMetrics[0].impactSecs] net impact
    schedule_length_seconds BIGINT,        -- [dayMetrics[0].scheduleLengthSeconds|dayMetrics[0].scheduleLengthSecs] time of all scheduled activities
    actual_length_seconds BIGINT,          -- [dayMetrics[0].actualLengthSeconds|dayMetrics[0].actualLengthSecs] time of all activities worked
    adherence_percentage REAL,             -- [dayMetrics[0].adherencePercentage] adherence, 0 to 100; NULL: undefined
    conformance_percentage REAL,           -- [dayMetrics[0].conformancePercentage] conformance, may exceed 100; NULL: undefined
    left_unit_at TEXT,                     -- when the unit first reported the day without the agent, whose rows stay; NULL while it has her
    row_hash BIGINT,                       -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,            -- run that last wrote the row
    UNIQUE (user_id, business_day)
);

CREATE INDEX adherence_day_by_unit ON adherence_day (management_unit_id, business_day);
CREATE INDEX adherence_day_by_day ON adherence_day (business_day);

-- Times at which the agent did not what was scheduled.
CREATE TABLE adherence_exception ( -- [exceptionInfo[]]
    adherence_day_key INTEGER NOT NULL REFERENCES adherence_day, -- [key] the agent's day
    exception_no INTEGER NOT NULL,                               -- from 0 in the API's order
    management_unit_id TEXT,                                     -- [@scope] management unit that was asked about
    business_unit_id TEXT,                                       -- [@parent] business unit of that
    user_id TEXT,                                                -- [^userId] the agent
    business_day TEXT,                                           -- [@day] the day, YYYY-MM-DD, in time_zone
    time_zone TEXT,                                              -- [@zone] zone whose day was asked for
    start_offset_seconds INTEGER,                                -- [startOffsetSeconds] its start, seconds from the start of what was asked for; what crosses midnight is of the day of its start
    start_time TEXT,                                             -- [startOffsetSeconds offset:^^startDate|^startDate] the same as an instant
    end_offset_seconds INTEGER,                                  -- [endOffsetSeconds] its end, likewise
    end_time TEXT,                                               -- [endOffsetSeconds offset:^^startDate|^startDate] the same as an instant
    scheduled_activity_code_id TEXT,                             -- [scheduledActivityCodeId] activity that was scheduled
    scheduled_activity_category TEXT,                            -- [scheduledActivityCategory] its category: OnQueueWork, Break, Meal, Meeting...
    scheduled_secondary_presence_ids TEXT,                       -- [scheduledSecondaryPresenceLookupIds json in:^^lookupIdToSecondaryPresenceId] array: presences that would fit; null: the file does not say which
    actual_activity_code_id TEXT,                                -- [actualActivityCodeId] activity instead
    actual_activity_category TEXT,                               -- [actualActivityCategory] its category
    system_presence TEXT,                                        -- [systemPresence] presence: Available, Away, OnQueue...
    routing_status TEXT,                                         -- [routingStatus] OFF_QUEUE, IDLE, INTERACTING...
    impact TEXT,                                                 -- [impact] Positive, Negative, Neutral or Unknown
    secondary_presence_id TEXT,                                  -- [secondaryPresenceLookupId in:^^lookupIdToSecondaryPresenceId] the organization's own presence
    PRIMARY KEY (adherence_day_key, exception_no)
) WITHOUT ROWID;

-- What the agent did, piece by piece.
CREATE TABLE adherence_actual ( -- [actuals[]]
    adherence_day_key INTEGER NOT NULL REFERENCES adherence_day, -- [key] the agent's day
    actual_no INTEGER NOT NULL,                                  -- from 0 in the API's order
    management_unit_id TEXT,                                     -- [@scope] management unit that was asked about
    business_unit_id TEXT,                                       -- [@parent] business unit of that
    user_id TEXT,                                                -- [^userId] the agent
    business_day TEXT,                                           -- [@day] the day, YYYY-MM-DD, in time_zone
    time_zone TEXT,                                              -- [@zone] zone whose day was asked for
    start_offset_seconds INTEGER,                                -- [startOffsetSeconds] its start, seconds from the start of what was asked for; what crosses midnight is of the day of its start
    start_time TEXT,                                             -- [startOffsetSeconds offset:^^startDate|^startDate] the same as an instant
    end_offset_seconds INTEGER,                                  -- [endOffsetSeconds] its end, likewise
    end_time TEXT,                                               -- [endOffsetSeconds offset:^^startDate|^startDate] the same as an instant
    actual_activity_category TEXT,                               -- [actualActivityCategory] category of the activity
    actual_secondary_presence_id TEXT,                           -- [actualSecondaryPresenceLookupId in:^^lookupIdToSecondaryPresenceId] the organization's own presence
    PRIMARY KEY (adherence_day_key, actual_no)
) WITHOUT ROWID;

-- The agent's result of what was asked for, a day.
CREATE TABLE adherence_period ( -- [* not startDate endDate actualsEndDate managementUnitId exceptionInfo actuals dayMetrics]
    user_id TEXT NOT NULL,       -- [userId id] the agent
    business_day TEXT NOT NULL,  -- [@day id] the day, YYYY-MM-DD, in time_zone
    management_unit_id TEXT,     -- [@scope] management unit that was asked about
    business_unit_id TEXT,       -- [@parent] business unit of that
    time_zone TEXT,              -- [@zone] zone whose day was asked for
    range_start TEXT,            -- [@start] start of what was asked for
    range_end TEXT,              -- [@end] its end
    adherence_percentage REAL,   -- [adherencePercentage] adherence over the range, 0 to 100; NULL: undefined
    conformance_percentage REAL, -- [conformancePercentage] conformance, may exceed 100; NULL: undefined
    impact TEXT,                 -- [impact] Positive, Negative, Neutral or Unknown
    row_hash BIGINT,             -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,  -- run that last wrote the row
    PRIMARY KEY (user_id, business_day)
) WITHOUT ROWID;
