ALTER TABLE adherence_state ADD COLUMN routing_status_time TEXT; -- [- time moment] [agents_status: routingStatusDate] when the routing status was entered; a later one begins a row

-- Stretches inside a row of adherence_state, longer than 15 minutes, in which nobody looked: the row
-- goes on, because the API named no change, but they are no observed time. Exported.
CREATE TABLE observation_gap (
    user_id TEXT NOT NULL,   -- the agent
    gap_start TEXT NOT NULL, -- the poll before
    gap_end TEXT NOT NULL,   -- the poll after
    PRIMARY KEY (user_id, gap_start)
) WITHOUT ROWID;
