-- What `replay` needs to know of the answers that are kept, and what becomes of old bookkeeping.

-- Readings of which answers are kept: one row from the first such answer on.
CREATE TABLE raw_reading (
    reading_id INTEGER PRIMARY KEY,     -- number of the reading, rising
    window_id INTEGER NOT NULL,         -- window that it reads
    plan TEXT NOT NULL,                 -- by which pass: job, query, list...
    parent TEXT,                        -- what the window's scope is part of; NULL: not known
    read_to TEXT,                       -- up to where it reads
    read_at TEXT NOT NULL,              -- when its last answer came that is kept, by the server's clock
    run_id INTEGER NOT NULL,            -- run that wrote this row last
    changed BIGINT NOT NULL DEFAULT 0,  -- rows that it has changed, and readings before it that were cut
    pages BIGINT                        -- answers that it had in all; NULL: under way; -1: it was begun anew
);
CREATE INDEX raw_reading_by_window ON raw_reading (window_id, plan);

ALTER TABLE raw_page ADD COLUMN reading_id INTEGER; -- reading it is of; NULL: of a program that did not say
ALTER TABLE raw_page ADD COLUMN unwanted BIGINT; -- entities at its end that were not loaded; NULL: none
CREATE INDEX raw_page_by_reading ON raw_page (reading_id) WHERE reading_id IS NOT NULL;

ALTER TABLE run ADD COLUMN keeps_raw INTEGER; -- 0: it kept no answers ([database] keep_raw_days); NULL: those that changed a row
ALTER TABLE run ADD COLUMN runs BIGINT; -- runs that it stands for, with the sums of their counters: it is the last of its UTC day, streams and exit code; NULL: one
ALTER TABLE request_count ADD COLUMN runs BIGINT; -- how many of the runs that the run's row stands for asked there; NULL: one
