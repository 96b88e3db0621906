-- Routing: members of queues, wrap-up codes, skills and languages.
-- Objects and arrays are JSON text.

-- Who is a member of which queue, as the list of the moment says.
CREATE TABLE queue_member ( -- [* not selfUri]
    queue_id TEXT NOT NULL,     -- [@scope id] the queue
    user_id TEXT NOT NULL,      -- [id id] the user
    name TEXT,                  -- [name] name of the user
    user TEXT,                  -- [user json moment] object: the user, as the list shows it
    ring_number INTEGER,        -- [ringNumber] ring of bullseye routing, from 1
    joined INTEGER,             -- [joined 0/1] whether the user takes interactions of the queue now
    member_by TEXT,             -- [memberBy] user (made a member) or group (member of a group that is)
    routing_status TEXT,        -- [routingStatus json moment] object: routing status of the moment
    deleted_at TEXT,            -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,            -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER, -- run that last wrote the row
    PRIMARY KEY (queue_id, user_id)
) WITHOUT ROWID;

-- What agents say at the end of an interaction.
CREATE TABLE wrapup_code ( -- [* not selfUri]
    wrapup_code_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the code
    name TEXT,                                -- [name] name as shown
    division_id TEXT,                         -- [division.id] division it belongs to
    division_name TEXT,                       -- [division.name] its name
    description TEXT,                         -- [description] free text
    date_created TEXT,                        -- [dateCreated time] when it was made
    date_modified TEXT,                       -- [dateModified time] when it last changed
    created_by TEXT,                          -- [createdBy] user who made it
    modified_by TEXT,                         -- [modifiedBy] user who changed it
    deleted_at TEXT,                          -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                          -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER                -- run that last wrote the row
) WITHOUT ROWID;

-- Skills that interactions are routed by.
CREATE TABLE skill ( -- [* not selfUri]
    skill_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the skill
    name TEXT,                          -- [name] name as shown
    division_id TEXT,                   -- [division.id] division it belongs to
    division_name TEXT,                 -- [division.name] its name
    date_modified TEXT,                 -- [dateModified time] when it last changed
    state TEXT,                         -- [state] active, inactive or deleted
    version TEXT,                       -- [version] the API's version of the record
    deleted_at TEXT,                    -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                    -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER          -- run that last wrote the row
) WITHOUT ROWID;

-- Languages that interactions are routed by.
CREATE TABLE language ( -- [* not selfUri]
    language_id TEXT NOT NULL PRIMARY KEY, -- [id] the API's id of the language
    name TEXT,                             -- [name] name as shown
    date_modified TEXT,                    -- [dateModified time] when it last changed
    state TEXT,                            -- [state] active, inactive or deleted
    version TEXT,                          -- [version] the API's version of the record
    deleted_at TEXT,                       -- when it was first missing from the list; NULL while it is there
    row_hash BIGINT,                       -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER             -- run that last wrote the row
);
