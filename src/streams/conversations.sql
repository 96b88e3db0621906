-- Conversations that are read again by id.

-- Open ones of the last 31 days, save those of days that the query has read in this run: these are
-- as new as can be. The plus signs keep SQLite from walking the ids of all conversations there are:
-- the few that are open have an index of their own.
-- name: conversations_open
SELECT conversation_id FROM conversation
WHERE conversation_end IS NULL
  AND conversation_start >= strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-31 days')
  AND NOT EXISTS (
      SELECT 1 FROM extract_window AS w JOIN window_pass AS p ON p.window_id = w.window_id
      WHERE w.stream = 'conversations' AND ifnull(w.scope, '') = ''
        AND ifnull(w.window_start, '') = substr(conversation_start, 1, 10) || 'T00:00:00.000Z'
        AND p.pass = 'query' AND p.covered_to IS NOT NULL AND p.read_at >= ?1
  )
ORDER BY +conversation_id;

-- Open ones that are older.
-- name: conversations_old
SELECT conversation_id FROM conversation
WHERE conversation_end IS NULL
  AND conversation_start < strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-31 days')
ORDER BY +conversation_id;

-- Those that had ended less than the lookback before they were last read this way, save likewise.
-- name: conversations_late
SELECT conversation_id FROM conversation
WHERE conversation_end >= ?2 AND conversation_end <= ?1
  AND NOT EXISTS (
      SELECT 1 FROM extract_window AS w JOIN window_pass AS p ON p.window_id = w.window_id
      WHERE w.stream = 'conversations' AND ifnull(w.scope, '') = ''
        AND ifnull(w.window_start, '') = substr(conversation_start, 1, 10) || 'T00:00:00.000Z'
        AND p.pass = 'query' AND p.covered_to IS NOT NULL AND p.read_at >= ?1
  )
ORDER BY conversation_id;
