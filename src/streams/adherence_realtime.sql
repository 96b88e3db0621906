-- Whom adherence is asked for.

-- name: adherence_agents
SELECT user_id FROM user WHERE state IS NOT 'deleted' ORDER BY user_id;
