-- Why agents were out of adherence: explanations as they or their supervisors gave them.
CREATE TABLE adherence_explanation ( -- [* not selfUri]
    agent_id TEXT NOT NULL,                 -- [agent.id id] the agent
    start_date TEXT NOT NULL,               -- [startDate id time within] when what is explained began
    adherence_explanation_id TEXT NOT NULL, -- [id id?] the API's id of the explanation; '': none
    length_minutes INTEGER,                 -- [lengthMinutes] how long it took, minutes
    type TEXT,                              -- [type] what it was: Late
    status TEXT,                            -- [status] Pending, Approved or Denied
    notes TEXT,                             -- [notes personal] free text
    management_unit_id TEXT,                -- [managementUnit.id] management unit the agent was in when it was given
    business_unit_id TEXT,                  -- [businessUnit.id] business unit likewise
    reviewed_by_id TEXT,                    -- [reviewedBy.id] user who reviewed it; System: automatically
    reviewed_date TEXT,                     -- [reviewedDate time] when
    asked_business_unit_id TEXT NOT NULL,   -- [@scope] business unit that was asked for its explanations
    row_hash BIGINT,                        -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,             -- run that last wrote the row
    PRIMARY KEY (agent_id, start_date, adherence_explanation_id)
) WITHOUT ROWID;
CREATE INDEX adherence_explanation_by_start ON adherence_explanation (asked_business_unit_id, start_date);
