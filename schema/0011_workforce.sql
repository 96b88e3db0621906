-- Workforce management: business units and their activity codes, management units and their users.
-- Objects and arrays are JSON text.

-- Business units of workforce management.
CREATE TABLE business_unit ( -- [* not selfUri]
    business_unit_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the unit
    name TEXT,                                  -- [name] name as shown
    authorized INTEGER,                         -- [authorized 0/1] whether the client may use it; 0: it is asked nothing of it
    division_id TEXT,                           -- [division.id] division it belongs to
    deleted_at TEXT,                            -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                            -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                  -- run that last wrote the row
);

-- What can be scheduled, by business unit; the default codes have the same ids in each.
CREATE TABLE activity_code ( -- [* not selfUri]
    business_unit_id TEXT NOT NULL,    -- [@scope id] business unit the code is of
    activity_code_id TEXT NOT NULL,    -- [id id] the API's id of the code
    name TEXT,                         -- [name] name as shown; NULL: a default code that nobody renamed
    active INTEGER,                    -- [active 0/1] whether it can be scheduled; 0: deleted
    default_code INTEGER,              -- [defaultCode 0/1] whether it came with the product
    category TEXT,                     -- [category] OnQueueWork, Break, Meal, Meeting, OffQueueWork, TimeOff, Training, Unavailable...
    length_in_minutes INTEGER,         -- [lengthInMinutes] length that is proposed, minutes
    counts_as_paid_time INTEGER,       -- [countsAsPaidTime 0/1] whether it is paid
    counts_as_work_time INTEGER,       -- [countsAsWorkTime 0/1] whether it counts as work
    agent_time_off_selectable INTEGER, -- [agentTimeOffSelectable 0/1] whether agents may ask for it as time off
    counts_toward_shrinkage INTEGER,   -- [countsTowardShrinkage 0/1] whether it counts as shrinkage
    planned_shrinkage INTEGER,         -- [plannedShrinkage 0/1] whether that shrinkage is planned; 0: unplanned
    interruptible INTEGER,             -- [interruptible 0/1] whether it may be interrupted
    secondary_presences TEXT,          -- [secondaryPresences json] array: presences that are in adherence with it
    planning_groups TEXT,              -- [planningGroups json] array: planning groups that it is for
    style_background_color TEXT,       -- [style.backgroundColor] colour it is shown in
    style_text_color_theme TEXT,       -- [style.textColorTheme] colour of its text
    metadata TEXT,                     -- [metadata json] object: who changed it, when, and its version
    deleted_at TEXT,                   -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                   -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,        -- run that last wrote the row
    PRIMARY KEY (business_unit_id, activity_code_id)
) WITHOUT ROWID;

-- Management units of workforce management: who is scheduled together.
CREATE TABLE management_unit ( -- [* not selfUri]
    management_unit_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the unit
    name TEXT,                                    -- [name] name as shown
    business_unit_id TEXT,                        -- [businessUnit.id] business unit it is part of
    start_day_of_week TEXT,                       -- [startDayOfWeek] day its weeks begin with
    time_zone TEXT,                               -- [timeZone] time zone of its days, IANA
    settings TEXT,                                -- [settings json] object: settings of the unit
    metadata TEXT,                                -- [metadata json] object: who changed it, when, and its version
    division_id TEXT,                             -- [division.id] division it belongs to
    version INTEGER,                              -- [version] the API's version of the record
    modified_by_id TEXT,                          -- [modifiedBy.id] user who changed it
    date_modified TEXT,                           -- [dateModified time] when it last changed
    deleted_at TEXT,                              -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                              -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                    -- run that last wrote the row
);

-- Who is in which management unit.
CREATE TABLE management_unit_user ( -- [* not selfUri]
    management_unit_id TEXT NOT NULL, -- [@scope id] the management unit
    user_id TEXT NOT NULL,            -- [id id] the user
    deleted_at TEXT,                  -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                  -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,       -- run that last wrote the row
    PRIMARY KEY (management_unit_id, user_id)
) WITHOUT ROWID;
