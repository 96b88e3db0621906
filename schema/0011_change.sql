-- What moved, and when it was seen.

ALTER TABLE conversation_change ADD COLUMN changed TEXT; -- JSON array: what is other than before: fields of conversation, and tables below it
ALTER TABLE conversation_change ADD COLUMN old_conversation_end TEXT; -- its end before the change
ALTER TABLE conversation_change ADD COLUMN new_conversation_end TEXT; -- and since
ALTER TABLE conversation_change ADD COLUMN old_participant_count BIGINT; -- its participants before
ALTER TABLE conversation_change ADD COLUMN new_participant_count BIGINT; -- and since
ALTER TABLE conversation_change ADD COLUMN old_segment_count BIGINT; -- its segments before
ALTER TABLE conversation_change ADD COLUMN new_segment_count BIGINT; -- and since
ALTER TABLE conversation_change ADD COLUMN old_session_metric_count BIGINT; -- its sessions' metrics before
ALTER TABLE conversation_change ADD COLUMN new_session_metric_count BIGINT; -- and since
ALTER TABLE conversation_change ADD COLUMN old_participant_attribute_count BIGINT; -- its attributes before
ALTER TABLE conversation_change ADD COLUMN new_participant_attribute_count BIGINT; -- and since

CREATE INDEX conversation_change_by_time ON conversation_change (changed_at);

ALTER TABLE attribute_key ADD COLUMN last_seen_at TEXT; -- when a conversation with it was last written; NULL: not since schema 11
ALTER TABLE attribute_key ADD COLUMN conversations BIGINT NOT NULL DEFAULT 0; -- conversations that have it
ALTER TABLE attribute_key ADD COLUMN longest_length INTEGER; -- characters of its longest value; NULL: no conversation has it, or a run that has not ended has yet to look
ALTER TABLE attribute_key ADD COLUMN conflicts BIGINT NOT NULL DEFAULT 0; -- conversations in which participants hold different values for it

UPDATE attribute_key SET (conversations, cut_count, conflicts, longest_length) = (0, 0, 0, NULL);
INSERT INTO attribute_key (name, first_seen_at, conversations, cut_count, conflicts, longest_length)
SELECT name, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), count(*), sum(cut), sum(conflict), max(longest)
FROM (
    SELECT name, count(CASE WHEN length(value) = 1024 THEN 1 END) AS cut,
        ifnull(min(value) <> max(value), 0) AS conflict, max(length(value)) AS longest
    FROM participant_attribute GROUP BY name, conversation_key)
GROUP BY name
ON CONFLICT (name) DO UPDATE SET
    conversations = excluded.conversations, cut_count = excluded.cut_count,
    conflicts = excluded.conflicts, longest_length = excluded.longest_length;

-- Changes of entities other than conversations (lists of names and settings above all): a row a field.
-- What is seen for the first time is no change, nor is what is of the moment alone.
CREATE TABLE dimension_change (
    table_name TEXT NOT NULL, -- table of the entity
    id TEXT NOT NULL,         -- its own id; of several columns with / between them
    field TEXT NOT NULL,      -- column that changed; deleted_at: it left (old_value is NULL) or came back
    old_value TEXT,           -- [personal] what stood there before
    new_value TEXT,           -- [personal] what stands there since
    seen_at TEXT NOT NULL,    -- when the change was seen
    run_id INTEGER NOT NULL   -- run that saw it
);

CREATE INDEX dimension_change_by_id ON dimension_change (table_name, id);

-- What moved in adherence_day after a whole reading of the agent's unit and day: a row a field.
CREATE TABLE adherence_change (
    user_id TEXT NOT NULL,      -- the agent
    business_day TEXT NOT NULL, -- the day, YYYY-MM-DD
    field TEXT NOT NULL,        -- column that changed
    old_value TEXT,             -- [personal] what stood there before
    new_value TEXT,             -- [personal] what stands there since
    seen_at TEXT NOT NULL,      -- when the change was seen
    run_id INTEGER NOT NULL     -- run that saw it
);

CREATE INDEX adherence_change_by_day ON adherence_change (user_id, business_day);

-- What moved in a queue's day after it had first been whole: a row a figure. Exported.
CREATE TABLE figure_change (
    day TEXT NOT NULL,        -- business day, YYYY-MM-DD
    queue_id TEXT NOT NULL,   -- the queue
    media_type TEXT NOT NULL, -- the medium; '': none
    kpi TEXT NOT NULL,        -- column of v_queue_day
    before BIGINT NOT NULL,   -- what it was
    after BIGINT NOT NULL,    -- what it is since
    moved_at TEXT NOT NULL    -- when that was seen
);

CREATE INDEX figure_change_by_time ON figure_change (moved_at);

-- Days that are whole; and of those that move what their figures were, until a run ends that tells what moved.
CREATE TABLE figure_kept (
    day TEXT NOT NULL,        -- business day, YYYY-MM-DD
    queue_id TEXT NOT NULL,   -- the queue; '': one row a day, that it was whole
    media_type TEXT NOT NULL, -- the medium; '': none
    offered BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    answered BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    abandoned BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    short_abandoned BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    flow_out BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    over_sla BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    handled BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    transferred BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    blind_transferred BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    consult_transferred BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    answer_ms BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    abandon_ms BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    flow_out_ms BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    handle_ms BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    talk_ms BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    hold_ms BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    acw_ms BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    dialing_ms BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    contacting_ms BIGINT NOT NULL DEFAULT 0, -- as in v_queue_day
    PRIMARY KEY (day, queue_id, media_type)
) WITHOUT ROWID;

-- Business days whose figures were made anew.
CREATE TABLE figure_touched (
    day TEXT NOT NULL PRIMARY KEY, -- business day, YYYY-MM-DD
    run_id INTEGER,                -- run that wrote the records of which they were made last
    is_due INTEGER NOT NULL        -- 0/1: nobody has looked what moved since
) WITHOUT ROWID;
