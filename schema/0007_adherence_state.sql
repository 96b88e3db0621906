-- Real-time adherence as history: one row an agent and unbroken state, built from polls. Columns
-- are those of /workforcemanagement/adherence; other sources are mapped onto them. "state:" marks
-- the columns a change of which ends the row and begins another, "no state:" those that say what the
-- last observation of the row said, and nothing of the time before it. NULL: the source did not say.
-- A row begins at the latest change that its columns name (time_of_adherence_change,
-- presence_update_time, routing_status_time, adherence_explanation_start_date) between two polls, else
-- at the poll that saw it first. Nobody looked between last_observed and state_end, between
-- state_start and first_observed, and in the stretches of observation_gap.
CREATE TABLE adherence_state ( -- [workforcemanagement: * not selfUri user.name businessUnit.name managementUnit.name team.name]
    -- [agents_status: * not divisionId managerId sessionCount sessions]
    -- [realtime_intervals: * not selfUri]
    user_id TEXT NOT NULL,                            -- [user.id|id] the agent
                                                      -- [agents_status: userId]
                                                      -- [realtime_intervals: userId|user.id|agentId|agent.id|id]
    state_start TEXT NOT NULL,                        -- [- time moment] when the state began, as far as polls can tell
                                                      -- [realtime_intervals: startTime|start|startDate|intervalStart|stateStart]
    state_end TEXT,                                   -- [- time moment] when it ended; NULL: still in it at last_observed
                                                      -- [realtime_intervals: endTime|end|endDate|intervalEnd|stateEnd]
    first_observed TEXT NOT NULL,                     -- [- time moment] first poll that saw it; of an interval: its start
    last_observed TEXT NOT NULL,                      -- [- time moment] last poll that saw it
    name TEXT,                                        -- [name moment personal] no state: name, when the source gives one
                                                      -- [agents_status: userName]
                                                      -- [realtime_intervals: userName|name|user.name|agentName|agent.name]
    business_unit_id TEXT,                            -- [businessUnit.id] state: business unit
                                                      -- [agents_status: businessUnitId]
                                                      -- [realtime_intervals: businessUnitId|businessUnit.id]
    management_unit_id TEXT,                          -- [managementUnit.id] state: management unit
                                                      -- [agents_status: managementUnitId]
                                                      -- [realtime_intervals: managementUnitId|managementUnit.id]
    team_id TEXT,                                     -- [team.id] state: team
                                                      -- [realtime_intervals: teamId|team.id]
    scheduled_activity_category TEXT,                 -- [scheduledActivityCategory] state: OnQueueWork, Break, Meal...
                                                      -- [agents_status realtime_intervals: scheduledActivityCategory]
    scheduled_activity_code_id TEXT,                  -- [scheduledActivityCode.id] state: activity code of the schedule
                                                      -- [agents_status: scheduledActivityCodeId]
                                                      -- [realtime_intervals: scheduledActivityCodeId|scheduledActivityCode.id]
    scheduled_activity_code_name TEXT,                -- [scheduledActivityCode.name moment] no state: its name
                                                      -- [realtime_intervals: scheduledActivityCode.name]
    scheduled_activity_code_secondary_presences TEXT, -- [scheduledActivityCode.secondaryPresences json moment] no state: array: presences that fit it
                                                      -- [realtime_intervals: scheduledActivityCode.secondaryPresences]
    system_presence TEXT,                             -- [systemPresence] state: Available, OnQueue, Break, Offline...
                                                      -- [agents_status: systemPresence upper-snake]
                                                      -- [realtime_intervals: systemPresence|presence upper-snake]
    organization_secondary_presence_id TEXT,          -- [organizationSecondaryPresenceId] state: the organization's own presence
                                                      -- [agents_status: organizationPresenceId]
                                                      -- [realtime_intervals: organizationSecondaryPresenceId|organizationPresenceId]
    routing_status TEXT,                              -- [routingStatus] state: OFF_QUEUE, IDLE, INTERACTING...
                                                      -- [agents_status realtime_intervals: routingStatus]
    actual_activity_category TEXT,                    -- [actualActivityCategory] state: what the agent does
                                                      -- [agents_status realtime_intervals: actualActivityCategory]
    is_out_of_office INTEGER,                         -- [isOutOfOffice 0/1] state: whether out of office
                                                      -- [agents_status realtime_intervals: isOutOfOffice]
    adherence_state TEXT,                             -- [adherenceState] state: InAdherence, OutOfAdherence, Unscheduled...
                                                      -- [agents_status: adherenceState]
                                                      -- [realtime_intervals: adherenceState|state]
    impact TEXT,                                      -- [impact] state: Positive, Negative, Neutral, Unknown
                                                      -- [agents_status: adherenceImpact]
                                                      -- [realtime_intervals: impact|adherenceImpact]
    adherence_explanation_id TEXT,                    -- [adherenceExplanation.id] state: explanation in force
                                                      -- [realtime_intervals: adherenceExplanation.id]
    adherence_explanation_start_date TEXT,            -- [adherenceExplanation.startDate time] state: since when
                                                      -- [realtime_intervals: adherenceExplanation.startDate]
    adherence_explanation_length_minutes INTEGER,     -- [adherenceExplanation.lengthMinutes] state: for how long, minutes
                                                      -- [realtime_intervals: adherenceExplanation.lengthMinutes]
    adherence_explanation_status TEXT,                -- [adherenceExplanation.status] state: Pending, Approved or Denied
                                                      -- [realtime_intervals: adherenceExplanation.status]
    time_of_adherence_change TEXT,                    -- [timeOfAdherenceChange time moment] when the adherence state was entered; a later one begins a row
                                                      -- [agents_status: adherenceDate]
                                                      -- [realtime_intervals: timeOfAdherenceChange|adherenceDate]
    presence_update_time TEXT,                        -- [presenceUpdateTime time moment] when the presence was entered; a later one begins a row
                                                      -- [agents_status: presenceDate]
                                                      -- [realtime_intervals: presenceUpdateTime|presenceDate]
    active_queues TEXT,                               -- [activeQueues json moment] no state: array: queues the agent is active in, since active_queues_modified_time
                                                      -- [realtime_intervals: activeQueues]
    active_queues_modified_time TEXT,                 -- [activeQueuesModifiedTime time moment] no state: when that list changed
                                                      -- [realtime_intervals: activeQueuesModifiedTime]
    removed_from_management_unit INTEGER,             -- [removedFromManagementUnit 0/1] state: no longer in the unit
                                                      -- [realtime_intervals: removedFromManagementUnit]
    next_activity_reminders TEXT,                     -- [nextActivityReminders json moment] no state: array: activities that come next
                                                      -- [realtime_intervals: nextActivityReminders]
    suppress_on_time_reminder INTEGER,                -- [suppressOnTimeReminder 0/1 moment] no state: no reminder wanted
                                                      -- [realtime_intervals: suppressOnTimeReminder]
    row_source TEXT,                                  -- request plan that brought the row; another that confirms less of it leaves it
    PRIMARY KEY (user_id, state_start)
) WITHOUT ROWID;

CREATE UNIQUE INDEX adherence_state_open ON adherence_state (user_id) WHERE state_end IS NULL;
