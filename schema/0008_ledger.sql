-- The ledger by passes: what was one job and one query of a window is one row a pass. A window may
-- also stand for one scope (a management unit, say) of a stream.

ALTER TABLE extract_window RENAME TO extract_window_7;

-- One row a window of a stream: a stretch of time (a UTC or a business day), or the real moment, of
-- one scope where the stream has such.
CREATE TABLE extract_window (
    window_id INTEGER PRIMARY KEY,       -- number of the window
    stream TEXT NOT NULL,                -- conversations, users, ...
    scope TEXT,                          -- what it is asked for, a management unit, say; NULL: all
    window_start TEXT,                   -- first instant; NULL: the real moment
    window_end TEXT,                     -- first instant after it; NULL: the real moment
    state TEXT NOT NULL DEFAULT 'open',  -- open (not whole), provisional (whole, may be read again), settled
    complete_to TEXT,                    -- whole up to here; of the real moment: when it was read
    failures INTEGER NOT NULL DEFAULT 0, -- readings that failed since it was last read: it goes last
    last_error TEXT,                     -- [personal] message of the error that stopped it; NULL: none since
    last_error_kind TEXT,                -- its kind: permission, rate, network...
    last_error_at TEXT,                  -- when
    updated_run_id INTEGER               -- run that last wrote this row
);

CREATE UNIQUE INDEX extract_window_place
ON extract_window (stream, ifnull(scope, ''), ifnull(window_start, ''));

-- One row a pass that has read a window, or is reading it: its coverage, and the cursor of the
-- reading under way.
CREATE TABLE window_pass (
    window_id INTEGER NOT NULL,        -- the window
    pass TEXT NOT NULL,                -- job, query, list, ...
    covered_to TEXT,                   -- read up to here; NULL: not at all, or to be read anew
    read_at TEXT,                      -- when the last whole reading counts as made
    target_to TEXT,                    -- the reading under way goes up to here; NULL: there is none
    begun_at TEXT,                     -- planning time under which it began
    token TEXT,                        -- what the server calls it, a job's id, say; without a reading: to be deleted
    waited INTEGER NOT NULL DEFAULT 0, -- 1: a run has waited for it in vain
    cursor TEXT,                       -- where it goes on: the server's cursor, or the last id of batches
    page INTEGER NOT NULL DEFAULT 1,   -- next page of numbered paging, from 1
    page_size INTEGER,                 -- rows a page of it; NULL: as usual
    page_at TEXT,                      -- when its last page was committed, by the clock
    pages_read BIGINT NOT NULL DEFAULT 0, -- pages of the present or last reading
    rows_read BIGINT NOT NULL DEFAULT 0,  -- entities of that reading
    total_hits BIGINT,                 -- entities the API said there are (may be approximate)
    PRIMARY KEY (window_id, pass)
) WITHOUT ROWID;

INSERT INTO extract_window (window_id, stream, window_start, window_end, state, complete_to,
                            last_error, last_error_kind, last_error_at, updated_run_id)
SELECT window_id, stream, window_start, window_end, state, complete_to, last_error,
       last_error_kind, last_error_at, updated_run_id
FROM extract_window_7;

INSERT INTO window_pass (window_id, pass, covered_to, read_at)
SELECT window_id, 'job', job_complete_to, last_read_at
FROM extract_window_7 WHERE job_complete_to IS NOT NULL
UNION ALL
SELECT window_id, 'query', query_complete_to, last_read_at
FROM extract_window_7 WHERE query_complete_to IS NOT NULL
UNION ALL
SELECT window_id,
       CASE WHEN kind = 'reread' THEN kind
            ELSE coalesce((SELECT plan FROM stream_source AS s WHERE s.stream = w.stream), 'list')
       END,
       complete_to, last_read_at
FROM extract_window_7 AS w WHERE window_start IS NULL;

-- Readings under way, and jobs of the server's that are left over.
INSERT INTO window_pass (window_id, pass, target_to, begun_at, token, cursor, page, page_at,
                         pages_read, rows_read, total_hits)
SELECT window_id, coalesce(reading_plan, 'job'),
       CASE reading_plan WHEN 'job' THEN pending_job_to
                         WHEN 'query' THEN pending_query_to
                         ELSE CASE WHEN reading_plan IS NOT NULL THEN pending_time END END,
       pending_time, job_id, coalesce(job_cursor, last_id), next_page,
       (SELECT started_at FROM run WHERE run_id = updated_run_id),
       pages_read, rows_read, total_hits
FROM extract_window_7 WHERE reading_plan IS NOT NULL OR job_id IS NOT NULL
ON CONFLICT (window_id, pass) DO UPDATE SET
    target_to = excluded.target_to, begun_at = excluded.begun_at, token = excluded.token,
    cursor = excluded.cursor, page = excluded.page, page_at = excluded.page_at,
    pages_read = excluded.pages_read, rows_read = excluded.rows_read,
    total_hits = excluded.total_hits;

-- No run has read what had not come when it ended, nor when a later one began: such coverage was
-- only planned, by a time or a clock ahead, and is owed again.
UPDATE window_pass SET covered_to = NULL, read_at = NULL
WHERE max(ifnull(covered_to, ''), ifnull(read_at, '')) > (
    SELECT min(heard_at) FROM (
        SELECT w.window_id, r.ended_at AS heard_at
        FROM extract_window_7 AS w JOIN run AS r ON r.run_id = w.updated_run_id
        WHERE r.ended_at IS NOT NULL
        UNION ALL
        SELECT w.window_id, r.started_at
        FROM extract_window_7 AS w JOIN run AS r ON r.run_id > w.updated_run_id
    ) AS heard WHERE heard.window_id = window_pass.window_id
);

UPDATE extract_window SET
    state = CASE WHEN complete_to > ifnull((SELECT max(covered_to) FROM window_pass AS p
                                            WHERE p.window_id = extract_window.window_id), '')
                 THEN 'open' ELSE state END,
    complete_to = (SELECT max(covered_to) FROM window_pass AS p
                   WHERE p.window_id = extract_window.window_id);

DROP TABLE extract_window_7;

-- Whose the file is: one row, kept with what it was asked by.
CREATE TABLE organization (
    place INTEGER PRIMARY KEY CHECK (place = 1), -- 1: there is one
    organization_id TEXT,    -- the API's id of the organization; NULL: the API did not say
    name TEXT,               -- its name
    client_id TEXT NOT NULL, -- OAuth client that asked last
    login_url TEXT NOT NULL, -- hosts that it asked
    api_url TEXT NOT NULL,   -- likewise
    asked_day TEXT NOT NULL  -- UTC day on which it did
);

ALTER TABLE run ADD COLUMN clock_ahead_ms BIGINT; -- the machine's clock minus the server's at the first answer, NULL: it did not say
