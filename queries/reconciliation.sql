-- title: Reconciliation
-- description: Our figures beside those that the API itself has counted, one row each: by queue and
--   medium, by agent and status; hints on adherence and on conversations. `reason` says why a figure
--   cannot be compared, or where to look.
-- param: from  [day] first day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  [day] last day, YYYY-MM-DD; default: the last day that was compared
-- param: queue  [queue] name or id of one queue; default: all, and agents
-- param: agent  [agent] name or id of one agent; default: all, and queues
WITH asked AS (
    SELECT coalesce(nullif(:to, ''), max(day)) AS last_day,
           coalesce(nullif(:from, ''), date(coalesce(nullif(:to, ''), max(day)), '-7 days')) AS first_day
    FROM reconciliation
)
SELECT r.scope, r.day, nullif(r.queue_id, '') AS queue_id, q.name AS queue_name,
       nullif(r.media_type, '') AS media_type, nullif(r.user_id, '') AS user_id, u.name AS user_name,
       nullif(r.metric, '') AS metric, nullif(r.qualifier, '') AS qualifier,
       nullif(r.statistic, '') AS statistic, r.ours, r.theirs, r.difference, r.verdict, r.reason,
       r.first_checked_at, r.last_checked_at
FROM asked AS a
CROSS JOIN reconciliation AS r ON r.day BETWEEN a.first_day AND a.last_day
LEFT JOIN queue AS q ON q.queue_id = r.queue_id
LEFT JOIN user AS u ON u.user_id = r.user_id
WHERE (nullif(:queue, '') IS NULL OR r.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
AND (nullif(:agent, '') IS NULL OR r.user_id = :agent OR u.name = :agent COLLATE NOCASE)
ORDER BY r.day, r.scope DESC, q.name, r.queue_id, r.media_type, u.name, r.user_id, r.metric, r.qualifier,
         r.statistic;
