-- Conversation aggregates: one row a group, interval and metric.
CREATE TABLE conversation_aggregate ( -- [* data[].metrics[] not views]
    interval_start TEXT NOT NULL, -- [^interval from id] start of the interval
    queue_id TEXT NOT NULL,       -- [^^group.queueId id?] queue of the group; '': none
    media_type TEXT NOT NULL,     -- [^^group.mediaType id?] medium of the group; '': none
    metric TEXT NOT NULL,         -- [metric id] nOffered, tHandle, oServiceLevel...
    qualifier TEXT NOT NULL,      -- [qualifier id?] what the metric is split by; '': nothing
    interval_end TEXT,            -- [^interval to] end of the interval
    count BIGINT,                 -- [stats.count] how many
    count_negative BIGINT,        -- [stats.countNegative] how many of them below 0
    count_positive BIGINT,        -- [stats.countPositive] how many of them above 0
    sum REAL,                     -- [stats.sum] total: milliseconds for names in t
    min REAL,                     -- [stats.min] smallest
    max REAL,                     -- [stats.max] largest
    current REAL,                 -- [stats.current] value at the end
    ratio REAL,                   -- [stats.ratio] numerator over denominator
    numerator REAL,               -- [stats.numerator] what the target was met for
    denominator REAL,             -- [stats.denominator] what it was to be met for
    target REAL,                  -- [stats.target] target
    p95 BIGINT,                   -- [stats.p95] 95th percentile
    p99 BIGINT,                   -- [stats.p99] 99th percentile
    calculated_metric_value BIGINT, -- [stats.calculatedMetricValue] calculated value
    row_hash BIGINT,              -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,   -- run that last wrote the row
    PRIMARY KEY (interval_start, queue_id, media_type, metric, qualifier)
) WITHOUT ROWID;
