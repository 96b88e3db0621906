-- Whom adherence is asked for.

-- name: adherence_agents
SELECT user_id FROM user WHERE state IS NOT 'deleted' AND deleted_at IS NULL ORDER BY user_id;
