-- Whose time is asked for in the window from ?3 to ?4: all, when it is read for the first time; then
-- users whom the list does not call deleted, or has not called so until since it began, and those who
-- were there by what the file has of it.

-- name: aggregate_users
SELECT user_id FROM user AS u
WHERE state IS NOT 'deleted'
   OR NOT EXISTS (
      SELECT 1 FROM extract_window AS w JOIN window_pass AS p ON p.window_id = w.window_id
      WHERE w.stream = 'user_aggregate' AND ifnull(w.scope, '') = '' AND ifnull(w.window_start, '') = ?3
        AND p.read_at IS NOT NULL)
   OR EXISTS (
      SELECT 1 FROM dimension_change AS c
      WHERE c.table_name = 'user' AND c.id = u.user_id AND field = 'state' AND seen_at >= ?3)
   OR user_id IN (
      SELECT user_id FROM user_aggregate WHERE interval_start >= ?3 AND interval_start < ?4)
   OR EXISTS (
      SELECT 1 FROM user_presence AS p
      WHERE p.user_id = u.user_id AND start_time < ?4 AND ifnull(end_time, ?4) > ?3
        AND system_presence IS NOT 'OFFLINE')
ORDER BY user_id;
