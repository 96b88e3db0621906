-- Days that are read again because they were asked for, and by which grants days were read.

ALTER TABLE extract_window ADD COLUMN again_at TEXT; -- it is to be read once more (backfill --again) as of then; NULL: it is not, or was
ALTER TABLE extract_window ADD COLUMN grant_set_id INTEGER; -- grants that the client had when its last reading began; NULL: not known
ALTER TABLE window_pass ADD COLUMN grant_set_id INTEGER; -- the same of the reading under way, or the last

ALTER TABLE organization ADD COLUMN retention_days BIGINT; -- how long it keeps records, as a backfill was told last; NULL: it was not

-- The grants that the client has had: what its roles give it, and in which divisions.
CREATE TABLE grant_set (
    grant_set_id INTEGER PRIMARY KEY, -- number of the set
    grants TEXT,                      -- JSON array of ROLE/DIVISION ids, sorted; NULL: the API does not say
    first_seen_at TEXT NOT NULL,      -- when the API first said so, by the clock
    asked_at TEXT NOT NULL            -- when it said so last: the newest is today's
);
