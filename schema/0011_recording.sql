-- Recording policies.
-- Objects and arrays are JSON text.

-- Policies that say what becomes of recordings.
CREATE TABLE recording_policy ( -- [* not selfUri]
    recording_policy_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the policy
    name TEXT,                                     -- [name] name as shown
    modified_date TEXT,                            -- [modifiedDate time] when it last changed
    created_date TEXT,                             -- [createdDate time] when it was made
    "order" INTEGER,                               -- [order] policies are tried in this order
    description TEXT,                              -- [description] free text
    enabled INTEGER,                               -- [enabled 0/1] whether it is in force
    media_policies TEXT,                           -- [mediaPolicies json] object: rules a medium
    conditions TEXT,                               -- [conditions json] object: which conversations it is for
    actions TEXT,                                  -- [actions json] object: what is done with them
    policy_errors_policy_error_messages TEXT,      -- [policyErrors.policyErrorMessages json] array: what is wrong with it
    deleted_at TEXT,                               -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                               -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                     -- run that last wrote the row
);
