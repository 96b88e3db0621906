-- What the API itself has counted: one row a group, half-hour of the business day and metric. A metric
-- counts in the half-hour in which it is emitted; what is nought is left out by the API.

-- Of conversations, by queue, medium and direction.
CREATE TABLE conversation_aggregate ( -- [* data[].metrics[] not views]
    interval_start TEXT NOT NULL,   -- [^interval from id] start of the half-hour
    queue_id TEXT NOT NULL,         -- [^^group.queueId id?] queue of the group; '': none
    media_type TEXT NOT NULL,       -- [^^group.mediaType id?] medium of the group; '': none
    direction TEXT NOT NULL,        -- [^^group.direction id?] inbound or outbound; '': none
    metric TEXT NOT NULL,           -- [metric id] nOffered, tHandle, oServiceLevel...
    qualifier TEXT NOT NULL,        -- [qualifier id?] what the metric is split by; '': nothing
    interval_end TEXT,              -- [^interval to] end of the half-hour
    count BIGINT,                   -- [stats.count] how many
    count_negative BIGINT,          -- [stats.countNegative] how many of them below 0
    count_positive BIGINT,          -- [stats.countPositive] how many of them above 0
    sum REAL,                       -- [stats.sum] total: milliseconds for names in t
    min REAL,                       -- [stats.min] smallest
    max REAL,                       -- [stats.max] largest
    current REAL,                   -- [stats.current] value at the end
    ratio REAL,                     -- [stats.ratio] numerator over denominator; never to be averaged
    numerator REAL,                 -- [stats.numerator] of oServiceLevel: answered in time
    denominator REAL,               -- [stats.denominator] of oServiceLevel: those that count
    target REAL,                    -- [stats.target] share aimed at, 0 to 1; of oServiceTarget as the API gives it
    p95 BIGINT,                     -- [stats.p95] 95th percentile
    p99 BIGINT,                     -- [stats.p99] 99th percentile
    calculated_metric_value BIGINT, -- [stats.calculatedMetricValue] calculated value
    row_hash BIGINT,                -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,     -- run that last wrote the row
    PRIMARY KEY (interval_start, queue_id, media_type, direction, metric, qualifier)
) WITHOUT ROWID;

-- Of users: their time by routing status and presence. Asked for are users that the list does not call
-- deleted, and those that the file has time of.
CREATE TABLE user_aggregate ( -- [* data[].metrics[] not views]
    interval_start TEXT NOT NULL,   -- [^interval from id] start of the half-hour
    user_id TEXT NOT NULL,          -- [^^group.userId id] the user
    metric TEXT NOT NULL,           -- [metric id] tAgentRoutingStatus, tSystemPresence, tOrganizationPresence
    qualifier TEXT NOT NULL,        -- [qualifier id?] the status or presence, ON_QUEUE; of tOrganizationPresence its id; '': none
    interval_end TEXT,              -- [^interval to] end of the half-hour
    count BIGINT,                   -- [stats.count] how many
    count_negative BIGINT,          -- [stats.countNegative] how many of them below 0
    count_positive BIGINT,          -- [stats.countPositive] how many of them above 0
    sum REAL,                       -- [stats.sum] milliseconds
    min REAL,                       -- [stats.min] smallest
    max REAL,                       -- [stats.max] largest
    current REAL,                   -- [stats.current] value at the end
    ratio REAL,                     -- [stats.ratio] numerator over denominator
    numerator REAL,                 -- [stats.numerator] numerator
    denominator REAL,               -- [stats.denominator] denominator
    target REAL,                    -- [stats.target] target
    p95 BIGINT,                     -- [stats.p95] 95th percentile
    p99 BIGINT,                     -- [stats.p99] 99th percentile
    calculated_metric_value BIGINT, -- [stats.calculatedMetricValue] calculated value
    row_hash BIGINT,                -- hash over the mapped fields that count as a change
    row_changed_run_id INTEGER,     -- run that last wrote the row
    PRIMARY KEY (interval_start, user_id, metric, qualifier)
) WITHOUT ROWID;
