-- Real-time adherence as history: one row an agent and unbroken state, built from polls. Columns
-- are those of /workforcemanagement/adherence; other sources are mapped onto them. "state:" marks
-- the columns a change of which ends the row and begins another; the others hold what the last
-- observation said. NULL: the source did not say.
CREATE TABLE adherence_state (
    user_id TEXT NOT NULL,                                -- [user.id] the agent
    state_start TEXT NOT NULL,                            -- when the state began, as far as polls can tell
    state_end TEXT,                                       -- when it ended; NULL: still in it at last_observed
    first_observed TEXT NOT NULL,                         -- first poll that saw it
    last_observed TEXT NOT NULL,                          -- last poll that saw it
    name TEXT,                                            -- [name] name, when the source gives one
    business_unit_id TEXT,                                -- [businessUnit.id] business unit
    management_unit_id TEXT,                              -- [managementUnit.id] management unit
    team_id TEXT,                                         -- [team.id] team
    scheduled_activity_category TEXT,                     -- [scheduledActivityCategory] state: OnQueueWork, Break, Meal...
    scheduled_activity_code_id TEXT,                      -- [scheduledActivityCode.id] state: activity code of the schedule
    scheduled_activity_code_name TEXT,                    -- [scheduledActivityCode.name] its name
    scheduled_activity_code_secondary_presences TEXT,     -- [scheduledActivityCode.secondaryPresences] array: presences that fit it
    system_presence TEXT,                                 -- [systemPresence] state: Available, OnQueue, Break, Offline...
    organization_secondary_presence_id TEXT,              -- [organizationSecondaryPresenceId] the organization's own presence
    routing_status TEXT,                                  -- [routingStatus] state: OFF_QUEUE, IDLE, INTERACTING...
    actual_activity_category TEXT,                        -- [actualActivityCategory] state: what the agent does
    is_out_of_office INTEGER,                             -- [isOutOfOffice] state: 0/1
    adherence_state TEXT,                                 -- [adherenceState] state: InAdherence, OutOfAdherence, Unscheduled...
    impact TEXT,                                          -- [impact] state: Positive, Negative, Neutral, Unknown
    adherence_explanation_id TEXT,                        -- [adherenceExplanation.id] explanation in force
    adherence_explanation_start_date TEXT,                -- [adherenceExplanation.startDate] since when
    adherence_explanation_length_minutes INTEGER,         -- [adherenceExplanation.lengthMinutes] for how long, minutes
    adherence_explanation_status TEXT,                    -- [adherenceExplanation.status] Pending, Approved or Denied
    time_of_adherence_change TEXT,                        -- [timeOfAdherenceChange] when the adherence state was entered
    presence_update_time TEXT,                            -- [presenceUpdateTime] when the presence was entered
    active_queues TEXT,                                   -- [activeQueues] array: queues the agent is active in
    active_queues_modified_time TEXT,                     -- [activeQueuesModifiedTime] when that list changed
    removed_from_management_unit INTEGER,                 -- [removedFromManagementUnit] 0/1: no longer in the unit
    next_activity_reminders TEXT,                         -- [nextActivityReminders] array: activities that come next
    suppress_on_time_reminder INTEGER,                    -- [suppressOnTimeReminder] 0/1: no reminder wanted
    row_source TEXT,                                      -- request plan that brought the last observation
    PRIMARY KEY (user_id, state_start)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX adherence_state_open ON adherence_state (user_id) WHERE state_end IS NULL;
