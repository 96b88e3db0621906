-- Published schedules of workforce management: shifts, what they are made of, days off. Weeks to come
-- too, as they are planned by now. What a schedule no longer has is gone here as well.

-- Shifts, one row each, also when it passes midnight or its agent has changed units: the unit read last
-- has it.
CREATE TABLE schedule_shift ( -- [* shifts[] not selfUri fullDayTimeOffMarkers]
    shift_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the shift
    management_unit_id TEXT NOT NULL,   -- [@scope] management unit whose schedule was asked for
    user_id TEXT,                       -- [^user.id] the agent
    start_date TEXT NOT NULL,           -- [startDate time within] its start; the shift is of the day that holds it
    length_minutes INTEGER,             -- [lengthMinutes] its length, minutes
    manually_edited INTEGER,            -- [manuallyEdited 0/1] whether it was edited by hand
    schedule_id TEXT,                   -- [schedule.id] published schedule it belongs to
    schedule_week_date TEXT,            -- [schedule.weekDate] first day of that schedule's week, YYYY-MM-DD
    work_plan_id TEXT,                  -- [workPlanId] work plan it was made from
    work_plan_shift_id TEXT,            -- [workPlanShiftId] that plan's shift
    business_unit_time_zone TEXT,       -- [^^result.businessUnitTimeZone|businessUnitTimeZone] time zone of the business unit
    row_hash BIGINT,                    -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER          -- run that last wrote the row
);
CREATE INDEX schedule_shift_by_start ON schedule_shift (management_unit_id, start_date);
CREATE INDEX schedule_shift_by_day ON schedule_shift (start_date);

-- What a shift is made of, in the API's order.
CREATE TABLE schedule_activity ( -- [shifts[].activities[]]
    shift_id TEXT NOT NULL REFERENCES schedule_shift, -- the shift
    activity_no INTEGER NOT NULL,                     -- from 0 in the API's order
    management_unit_id TEXT,                          -- [@scope] the shift's management unit
    user_id TEXT,                                     -- [^^user.id] the agent
    activity_code_id TEXT,                            -- [activityCodeId] what is to be done (activity_code of the business unit)
    start_date TEXT,                                  -- [startDate time] its start
    length_minutes INTEGER,                           -- [lengthMinutes] its length, minutes
    description TEXT,                                 -- [description] free text
    paid INTEGER,                                     -- [paid 0/1] whether it is paid
    payable_minutes INTEGER,                          -- [payableMinutes] minutes that are paid
    time_off_request_id TEXT,                         -- [timeOffRequestId] request for time off behind it
    time_off_request_sync_version INTEGER,            -- [timeOffRequestSyncVersion] version of that request
    external_activity_id TEXT,                        -- [externalActivityId] external activity behind it
    external_activity_type TEXT,                      -- [externalActivityType] ActivityPlan, Coaching, Learning or Opportunity
    PRIMARY KEY (shift_id, activity_no)
) WITHOUT ROWID;

-- Whole days off.
CREATE TABLE schedule_time_off ( -- [* fullDayTimeOffMarkers[] not selfUri delete shifts]
    user_id TEXT NOT NULL,                 -- [^user.id id] the agent
    business_unit_date TEXT NOT NULL,      -- [businessUnitDate id] the day, YYYY-MM-DD in the business unit's time zone
    activity_code_id TEXT NOT NULL,        -- [activityCodeId id?] kind of time off (activity_code of the business unit); '': not said
    time_off_request_id TEXT NOT NULL,     -- [timeOffRequestId id?] request for it; '': none
    management_unit_id TEXT NOT NULL,      -- [@scope] management unit whose schedule was asked for
    range_start TEXT,                      -- [@start] start of the range that was asked for
    start_offset_minutes INTEGER,          -- [startOffsetMinutes] where it begins, minutes
    end_offset_minutes INTEGER,            -- [endOffsetMinutes] where it ends, minutes
    length_minutes INTEGER,                -- [lengthMinutes] its length, minutes
    description TEXT,                      -- [description] free text
    paid INTEGER,                          -- [paid 0/1] whether it is paid
    payable_minutes INTEGER,               -- [payableMinutes] minutes that are paid
    time_off_request_sync_version INTEGER, -- [timeOffRequestSyncVersion] version of the request
    business_unit_time_zone TEXT,          -- [^^result.businessUnitTimeZone|businessUnitTimeZone] time zone of the business unit
    row_hash BIGINT,                       -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,            -- run that last wrote the row
    PRIMARY KEY (user_id, business_unit_date, activity_code_id, time_off_request_id)
) WITHOUT ROWID;
CREATE INDEX schedule_time_off_by_range ON schedule_time_off (management_unit_id, range_start);
