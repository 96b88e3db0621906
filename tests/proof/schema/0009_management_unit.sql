-- Management units: whom reports of adherence are asked for.
CREATE TABLE management_unit ( -- [* not selfUri settings metadata version modifiedBy businessUnit.selfUri division.selfUri]
    management_unit_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the unit
    name TEXT,                                    -- [name] name as shown
    business_unit_id TEXT,                        -- [businessUnit.id] business unit it belongs to
    division_id TEXT,                             -- [division.id] division it belongs to
    start_day_of_week TEXT,                       -- [startDayOfWeek] first day of its week
    time_zone TEXT,                               -- [timeZone] its time zone
    deleted_at TEXT,                              -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                              -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                    -- run that last wrote the row
);
