-- Statements about a history (etl/history.h): templates (etl/words.h), whose words are the names of
-- the table and its columns. They take the key's values, and a time behind them.

-- name: history_upto
SELECT {columns} FROM {table} WHERE ({keys}) = ({key_marks}) AND {start} <= ? ORDER BY {start} DESC LIMIT 1

-- name: history_before
SELECT {columns} FROM {table} WHERE ({keys}) = ({key_marks}) AND {start} < ? ORDER BY {start} DESC LIMIT 1

-- name: history_after
SELECT {columns} FROM {table} WHERE ({keys}) = ({key_marks}) AND {start} > ? ORDER BY {start} LIMIT 1

-- name: history_write
INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({keys}, {start}) DO UPDATE SET {changes}

-- name: history_remove
DELETE FROM {table} WHERE ({keys}) = ({key_marks}) AND {start} = ?

-- name: history_remove_unseen
-- Of the rows that begin from ?3 to ?5 (of answers that are loaded once more, ?7: -1, which these have brought) those that the reading of the window ?1 has not seen of the
-- tree ?2; where no window lies before it, of those too that go on from before.
DELETE FROM {table} WHERE {start} < ?5 AND ?4 IS ?4
AND ({start} >= ?3 OR ifnull({end}, ?5) > ?3 AND EXISTS (
    SELECT 1 FROM extract_window AS w WHERE w.window_id = ?1 AND NOT EXISTS (
        SELECT 1 FROM extract_window AS b
        WHERE b.stream = w.stream AND b.scope IS w.scope AND b.window_start < w.window_start)))
AND {one_id} NOT IN (SELECT id FROM reading_seen WHERE window_id = ?1 AND tree_no = ?2)
AND ifnull(row_changed_run_id, 0) <= ?7

-- name: history_close_unseen
-- The open rows of all whom the reading of the window ?1 has not seen.
UPDATE {table} SET {end} = last_observed
WHERE {end} IS NULL AND {keys} NOT IN (SELECT id FROM reading_seen WHERE window_id = ?1)
