-- Statements of the observer on adherence_state and its gaps; ?1 of those about what lies ahead is
-- the latest time that can have come.

-- name: observe_gap
INSERT OR REPLACE INTO observation_gap (user_id, gap_start, gap_end) VALUES (?1, ?2, ?3)

-- name: observe_is_ahead
-- Whether any agent's last row lies ahead.
WITH RECURSIVE agent AS (
    SELECT min(user_id) AS user_id FROM adherence_state
    UNION ALL
    SELECT (SELECT min(s.user_id) FROM adherence_state AS s WHERE s.user_id > a.user_id)
    FROM agent AS a WHERE a.user_id IS NOT NULL
)
SELECT 1 FROM agent AS a
WHERE (SELECT max(s.last_observed, ifnull(s.state_end, '')) FROM adherence_state AS s
       WHERE s.user_id = a.user_id ORDER BY s.state_start DESC LIMIT 1) > ?1
LIMIT 1

-- name: observe_remove_ahead
DELETE FROM adherence_state WHERE first_observed > ?1

-- name: observe_cut_ahead
-- The row before goes on from its last observation. The last credible one of a row is where its gap
-- began, else when anybody was last observed before ?1. What it said of changes may be later.
UPDATE adherence_state SET state_end = NULL,
    time_of_adherence_change = CASE WHEN last_observed <= ?1 THEN time_of_adherence_change END,
    presence_update_time = CASE WHEN last_observed <= ?1 THEN presence_update_time END,
    routing_status_time = CASE WHEN last_observed <= ?1 THEN routing_status_time END,
    last_observed = CASE WHEN last_observed <= ?1
    THEN last_observed
    ELSE max(first_observed, coalesce(
        (SELECT min(g.gap_start) FROM observation_gap AS g
         WHERE g.user_id = adherence_state.user_id AND g.gap_start >= adherence_state.first_observed
         AND g.gap_end > ?1),
        (SELECT max(s.last_observed) FROM adherence_state AS s WHERE s.last_observed <= ?1), ''))
    END
WHERE last_observed > ?1 OR state_end > ?1

-- name: observe_gaps_ahead
DELETE FROM observation_gap WHERE gap_end > ?1
