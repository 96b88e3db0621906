-- Whose time is asked for: users that the list does not call deleted, and those who were there by what
-- the file has of the window from ?3 to ?4.

-- name: aggregate_users
SELECT user_id FROM user AS u
WHERE state IS NOT 'deleted'
   OR EXISTS (
      SELECT 1 FROM user_aggregate AS a
      WHERE a.user_id = u.user_id AND interval_start >= ?3 AND interval_start < ?4)
   OR EXISTS (
      SELECT 1 FROM user_presence AS p
      WHERE p.user_id = u.user_id AND start_time < ?4 AND ifnull(end_time, ?4) > ?3
        AND system_presence IS NOT 'OFFLINE')
ORDER BY user_id;
