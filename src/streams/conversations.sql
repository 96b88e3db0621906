-- Conversations that are read again by id.

-- Open ones, by when they were last asked for, or began: those of the last 31 days, save those that
-- the query has read in this run, since these are as new as can be (behind a job it reads what began
-- since then); older ones and those that the API knows no more once a week. The few that are open have
-- an index of their own.
-- name: conversations_open
SELECT conversation_id FROM (
    SELECT conversation_id FROM conversation
    WHERE conversation_end IS NULL
      AND (missing_since IS NULL
           AND conversation_start >= strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-31 days')
           OR row_asked_at IS NULL OR row_asked_at > ?1
           OR row_asked_at <= strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-7 days'))
      AND NOT EXISTS (
          SELECT 1 FROM extract_window AS w JOIN window_pass AS p ON p.window_id = w.window_id
          WHERE w.stream = 'conversations' AND ifnull(w.scope, '') = ''
            AND ifnull(w.window_start, '') = substr(conversation_start, 1, 10) || 'T00:00:00.000Z'
            AND p.pass = 'query' AND p.covered_to IS NOT NULL AND p.read_at >= ?1
            AND conversation_start >= ifnull((
                SELECT covered_to FROM window_pass AS j WHERE j.window_id = w.window_id AND j.pass = 'job'), '')
      )
    ORDER BY ifnull(row_asked_at, conversation_start), conversation_id LIMIT ?6
)
ORDER BY conversation_id;

-- name: conversations_asked
UPDATE conversation
SET row_asked_at = ?2, missing_since = CASE WHEN NOT ?3 THEN ifnull(missing_since, ?2) END
WHERE conversation_id = ?1;

-- Those that had ended less than the lookback before they were last read this way, save likewise. Where none was yet, before
-- a job last read: that brings what began before the first day too, which no query does.
-- name: conversations_late
SELECT conversation_id FROM conversation
WHERE conversation_end <= ?1 AND conversation_end >= ifnull((
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ?2, (julianday(max(read_at)) - julianday(?1)) || ' days')
    FROM window_pass WHERE pass = 'job' AND window_id IN (SELECT window_id FROM extract_window WHERE stream = 'conversations')
    AND read_at < ?1 AND NOT EXISTS (SELECT 1 FROM window_pass WHERE pass = 'late' AND read_at < ?1)), ?2)
  AND ifnull(substr(conversation_start, 1, 10), '') NOT IN (
      SELECT substr(w.window_start, 1, 10) FROM extract_window AS w JOIN window_pass AS p ON p.window_id = w.window_id
      WHERE w.stream = 'conversations' AND ifnull(w.scope, '') = '' AND w.window_start IS NOT NULL
        AND p.pass = 'query' AND p.covered_to IS NOT NULL AND p.read_at >= ?1
  )
ORDER BY conversation_id;
