-- The proof: our figures beside those that the API itself has counted.

-- One row a figure that was compared, or cannot be. Exported.
CREATE TABLE reconciliation (
    scope TEXT NOT NULL,            -- queue, agent; adherence, conversations: these are hints alone
    day TEXT NOT NULL,              -- business day, YYYY-MM-DD; of scope conversations a UTC day
    queue_id TEXT NOT NULL,         -- the queue; '': none
    media_type TEXT NOT NULL,       -- the medium; '': none
    user_id TEXT NOT NULL,          -- the agent; '': none
    metric TEXT NOT NULL,           -- the API's metric; '': the day as a whole
    qualifier TEXT NOT NULL,        -- status or presence; '': none
    statistic TEXT NOT NULL,        -- count, sum (milliseconds), numerator, denominator, percent; '': none
    ours REAL,                      -- by the records that the file holds
    theirs REAL,                    -- as the API says it
    difference REAL,                -- ours - theirs
    verdict TEXT NOT NULL,          -- equal, ours_short, ours_over, not_comparable
    reason TEXT,                    -- why it cannot be compared, or where to look; NULL: nothing to say
    first_checked_at TEXT NOT NULL, -- when it was first compared
    last_checked_at TEXT NOT NULL,  -- and last
    PRIMARY KEY (day, scope, queue_id, media_type, user_id, metric, qualifier, statistic)
) WITHOUT ROWID;

-- How far days are proven.
CREATE TABLE reconciliation_day (
    scope TEXT NOT NULL,       -- as in reconciliation
    day TEXT NOT NULL,         -- the business day
    compared BIGINT NOT NULL,  -- figures that were compared
    differing BIGINT NOT NULL, -- of them: those that differ
    reason TEXT,               -- why nothing of the day can be compared; NULL: it can
    ours_run_id INTEGER,       -- run that had last read our side when it was compared; NULL: trouble with it since
    theirs_run_id INTEGER,     -- run that had last read theirs
    is_final INTEGER,          -- 0/1: the vendor changes nothing of it any more
    appealed_run_id INTEGER,   -- run that made the day owed again because it differs: that is done once for what differs; NULL: never, or not for that
    PRIMARY KEY (day, scope)
) WITHOUT ROWID;

-- Other switches of the service level: what those before have proven is due once more.
CREATE TRIGGER kpi_changed AFTER UPDATE ON kpi
BEGIN
    UPDATE reconciliation_day SET ours_run_id = NULL WHERE scope = 'queue';
END;
