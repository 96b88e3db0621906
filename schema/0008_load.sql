-- What a reading under way has seen, so that its end can tell what is no longer there: of lists whose
-- table has deleted_at, of rows that are replaced by window, of observations. Empty between readings.
CREATE TABLE reading_seen (
    window_id INTEGER NOT NULL, -- window that is read
    tree_no INTEGER NOT NULL,   -- which of the stream's trees of tables, from 0
    id TEXT NOT NULL,           -- the row's own id; of several columns with U+001F between them
    PRIMARY KEY (window_id, tree_no, id)
) WITHOUT ROWID;

-- Those that ended lately are read again by id.
CREATE INDEX conversation_by_end ON conversation (conversation_end);
