-- Windows as they are planned, and those of scopes that there are no longer.

-- ?1: the stream; ?2: since when a settled window may be read again; ?3: the pass that settles, by
-- which another setting's settled windows may be owed. What a crash left under way comes first, what
-- failed last.
-- name: window_list
SELECT w.window_id, scope, window_start, window_end, state, failures, pass, covered_to, read_at,
       target_to, begun_at, token, waited, cursor, page, ifnull(page_size, -1), page_at
FROM extract_window AS w
LEFT JOIN window_pass AS p ON p.window_id = w.window_id
WHERE stream = ?1 AND (scope IS NULL OR scope IN (SELECT scope FROM temp.listed_scope))
  AND (state <> 'settled' OR window_end > ?2 OR EXISTS (
    SELECT 1 FROM window_pass AS t WHERE t.window_id = w.window_id AND token IS NOT NULL)
    OR ?3 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM window_pass AS t WHERE t.window_id = w.window_id
                   AND t.pass = ?3 AND t.covered_to >= w.window_end))
ORDER BY failures > 0, NOT EXISTS (
    SELECT 1 FROM window_pass AS t
    WHERE t.window_id = w.window_id AND target_to IS NOT NULL), window_start, scope, w.window_id;

-- name: window_scopes
CREATE TEMP TABLE IF NOT EXISTS listed_scope (scope TEXT PRIMARY KEY);
DELETE FROM temp.listed_scope;

-- What is known of them stays as it is: nobody can be asked for more.
-- name: window_settle_unlisted
UPDATE extract_window SET state = 'settled'
WHERE stream = ?1 AND state <> 'settled'
  AND scope NOT IN (SELECT scope FROM temp.listed_scope);
