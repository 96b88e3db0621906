-- The ledger: what was asked, what was read, what is owed, and what was odd about it.
-- Times are UTC text YYYY-MM-DDTHH:MM:SS.sssZ; 0/1 is false/true. "Planning time" is the time a run
-- was told it is (extract --until), or the clock's.

-- One row a run of a command that writes.
CREATE TABLE run (
    run_id INTEGER PRIMARY KEY,               -- number of the run, rising
    command TEXT NOT NULL,                    -- extract
    started_at TEXT NOT NULL,                 -- when it began, by the clock
    ended_at TEXT,                            -- when it ended; NULL: under way, or killed
    planned_until TEXT,                       -- planning time
    version TEXT,                             -- version of the program
    host TEXT,                                -- machine it ran on
    pid INTEGER,                              -- process id there
    exit_code INTEGER,                        -- exit code of the program
    exit_name TEXT,                           -- its name: ok, rate, permission...
    error TEXT,                               -- [personal] message of the first error; NULL: none
    requests BIGINT NOT NULL DEFAULT 0,       -- HTTP requests sent, retries included
    retries BIGINT NOT NULL DEFAULT 0,        -- of them: repetitions
    bytes BIGINT NOT NULL DEFAULT 0,          -- bytes received, as they came (compressed)
    pages BIGINT NOT NULL DEFAULT 0,          -- pages loaded
    rows_new BIGINT NOT NULL DEFAULT 0,       -- entities seen for the first time
    rows_changed BIGINT NOT NULL DEFAULT 0,   -- entities whose rows were replaced
    rows_unchanged BIGINT NOT NULL DEFAULT 0, -- entities that came again as they were
    streams TEXT,                             -- JSON array: streams it was to read
    streams_done INTEGER,                     -- of them: brought up to the planning time; NULL: not ended
    streams_left INTEGER,                     -- of them: not
    days_whole INTEGER                        -- business days of them whole at its end, all told
);

-- One row a window of a stream: a UTC day, or the one window of a snapshot or of the re-reading of
-- open entities. Its coverage, what it owes, and the cursor of the reading under way.
CREATE TABLE extract_window (
    window_id INTEGER PRIMARY KEY,            -- number of the window
    stream TEXT NOT NULL,                     -- conversations, users, ...
    kind TEXT NOT NULL,                       -- day, snapshot or reread
    window_start TEXT,                        -- first instant; NULL unless kind = 'day'
    window_end TEXT,                          -- first instant after it; NULL unless kind = 'day'
    state TEXT NOT NULL DEFAULT 'open',       -- open (not whole), provisional (whole, may be read again), settled
    complete_to TEXT,                         -- whole up to here; of a snapshot: when it was taken
    job_complete_to TEXT,                     -- jobs have covered it up to here
    query_complete_to TEXT,                   -- queries have covered it up to here
    last_read_at TEXT,                        -- when the last complete reading counts as made
    pending_time TEXT,                        -- planning time of the stored plan; NULL: nothing is owed
    pending_job_to TEXT,                      -- the plan owes a job up to here; NULL: none
    pending_query_to TEXT,                    -- the plan owes a query up to here; NULL: none
    reading_plan TEXT,                        -- request plan of the reading under way; NULL: none
    job_id TEXT,                              -- the API's job of that reading
    job_cursor TEXT,                          -- where its results go on; NULL: at the start
    job_resubmits INTEGER NOT NULL DEFAULT 0, -- jobs submitted again for it
    next_page INTEGER NOT NULL DEFAULT 1,     -- next page of numbered paging, from 1
    last_id TEXT,                             -- last id of id batches that was read
    pages_read BIGINT NOT NULL DEFAULT 0,     -- pages of the present or last reading
    rows_read BIGINT NOT NULL DEFAULT 0,      -- entities of that reading
    total_hits BIGINT,                        -- entities the API said there are (may be approximate)
    last_error TEXT,                          -- [personal] message of the error that stopped it; NULL: none since
    last_error_kind TEXT,                     -- its kind: permission, rate, network...
    last_error_at TEXT,                       -- when
    updated_run_id INTEGER,                   -- run that last wrote this row
    UNIQUE (stream, kind, window_start)
);

CREATE UNIQUE INDEX extract_window_single ON extract_window (stream, kind)
WHERE window_start IS NULL;

-- The answers that changed rows, as received.
CREATE TABLE raw_page (
    raw_page_id INTEGER PRIMARY KEY, -- number of the page
    window_id INTEGER NOT NULL,      -- window it was read for
    run_id INTEGER NOT NULL,         -- run that read it
    plan TEXT NOT NULL,              -- request plan: job, query, ...
    page_no INTEGER NOT NULL,        -- number within the reading
    received_at TEXT NOT NULL,       -- when it came, by the clock
    url_path TEXT NOT NULL,          -- path and query of the request
    encoding TEXT NOT NULL,          -- gzip or identity
    bytes BLOB NOT NULL,             -- [personal] the body
    rows_read BIGINT NOT NULL        -- entities in it
);

-- Requests of a run by route: what the API's fair use counts.
CREATE TABLE request_count (
    run_id INTEGER NOT NULL,              -- the run
    method TEXT NOT NULL,                 -- GET, POST, DELETE
    route TEXT NOT NULL,                  -- path without ids and query
    requests BIGINT NOT NULL DEFAULT 0,   -- sent, retries included
    retries BIGINT NOT NULL DEFAULT 0,    -- of them: repetitions
    status_429 BIGINT NOT NULL DEFAULT 0, -- answers "too many requests"
    status_5xx BIGINT NOT NULL DEFAULT 0, -- answers 500 to 599
    bytes BIGINT NOT NULL DEFAULT 0,      -- bytes received, as they came
    PRIMARY KEY (run_id, method, route)
) WITHOUT ROWID;

-- When a conversation's rows were written, and why figures moved.
CREATE TABLE conversation_change (
    change_id INTEGER PRIMARY KEY,     -- number of the change
    conversation_key INTEGER NOT NULL, -- the conversation
    conversation_id TEXT NOT NULL,     -- its id
    run_id INTEGER NOT NULL,           -- run that saw it
    changed_at TEXT NOT NULL,          -- when, by the clock
    part TEXT NOT NULL,                -- rows, attributes or both
    source TEXT NOT NULL               -- request plan that brought it: job, query, reread
);

-- Keys of participant attributes ever seen.
CREATE TABLE attribute_key (
    name TEXT NOT NULL PRIMARY KEY,     -- the key
    first_seen_at TEXT NOT NULL,        -- when it was first loaded, by the clock
    cut_count BIGINT NOT NULL DEFAULT 0 -- values with 1,024 characters, where the API cuts
) WITHOUT ROWID;

-- Fields of answers that no table has a column for.
CREATE TABLE unknown_field (
    stream TEXT NOT NULL,        -- the stream
    path TEXT NOT NULL,          -- dotted path within the entity
    first_seen_at TEXT NOT NULL, -- when first seen, by the clock
    count BIGINT NOT NULL,       -- times seen
    PRIMARY KEY (stream, path)
) WITHOUT ROWID;

-- Values that could not be stored as what they should be: NULL was stored, or the text of a number or
-- boolean, or U+FFFD for what is no character.
CREATE TABLE data_problem (
    stream TEXT NOT NULL,        -- the stream
    path TEXT NOT NULL,          -- dotted path within the entity
    kind TEXT NOT NULL,          -- what is wrong: wrong type, bad time...
    example TEXT,                -- [personal] the first such value, shortened
    first_seen_at TEXT NOT NULL, -- when first seen, by the clock
    count BIGINT NOT NULL,       -- times seen
    PRIMARY KEY (stream, path, kind)
) WITHOUT ROWID;

-- Business days in UTC. One row a day of the business time zone, more where the offset changes in
-- it; rows tile time without gap. Local time = UTC + offset_seconds of the row that holds it. Exported
-- whole.
CREATE TABLE zone_offset (
    utc_from TEXT NOT NULL PRIMARY KEY, -- first instant
    utc_to TEXT NOT NULL,               -- first instant after it
    offset_seconds INTEGER NOT NULL,    -- local time minus UTC, seconds, east is positive
    day TEXT NOT NULL,                  -- the business day, YYYY-MM-DD
    zone TEXT NOT NULL                  -- IANA name of the zone
) WITHOUT ROWID;

-- Which of several sources of a stream the organization grants.
CREATE TABLE stream_source (
    stream TEXT NOT NULL PRIMARY KEY, -- the stream
    plan TEXT NOT NULL,               -- request plan that answered
    chosen_at TEXT NOT NULL           -- when, by the clock
) WITHOUT ROWID;
