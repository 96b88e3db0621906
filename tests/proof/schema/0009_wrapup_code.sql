-- Wrap-up codes: a list of names; what the list no longer holds gets a time of deletion.
CREATE TABLE wrapup_code ( -- [* not selfUri division.homeDivision]
    wrapup_code_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the code
    name TEXT,                                -- [name] name as shown
    description TEXT,                         -- [description] free text
    division_id TEXT,                         -- [division.id] division the code belongs to
    division_name TEXT,                       -- [division.name] its name
    date_created TEXT,                        -- [dateCreated time] when it was made
    date_modified TEXT,                       -- [dateModified time] when it last changed
    created_by TEXT,                          -- [createdBy] user who made it
    modified_by TEXT,                         -- [modifiedBy] user who changed it
    deleted_at TEXT,                          -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                          -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                -- run that last wrote the row
);
