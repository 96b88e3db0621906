-- title: Agents by day
-- description: Each agent's business days: seconds logged in, on queue and by routing status,
--   occupancy, what was answered, handled and transferred, adherence and conformance as the
--   vendor has them, scheduled and paid seconds. Times are empty where no status was read.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: agent  [agent] name or id of one agent; default: all
WITH asked AS (
    SELECT coalesce(nullif(:from, ''), max(date(coalesce(nullif(:to, ''), r.last_day), '-7 days'),
                               CASE WHEN r.first_day <= coalesce(nullif(:to, ''), r.last_day) THEN r.first_day
                                    ELSE '' END), '') AS first_day,
           coalesce(nullif(:to, ''), r.last_day, '9999') AS last_day
    FROM (SELECT 1) LEFT JOIN v_range AS r -- without conversations: all there is
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
)
SELECT x.day, x.user_id, x.user_name, x.logged_in_seconds, x.on_queue_seconds, x.interacting_seconds,
       x.communicating_seconds, x.idle_seconds, x.not_responding_seconds,
       round(x.occupancy_percent, 1) AS occupancy_percent, x.answered, x.handled, x.handle_ms,
       round(x.avg_handle_seconds, 1) AS avg_handle_seconds, x.transferred,
       round(x.adherence_percent, 1) AS adherence_percent,
       round(x.conformance_percent, 1) AS conformance_percent, x.scheduled_seconds, x.paid_seconds
FROM asked AS a CROSS JOIN v_agent_day AS x ON x.day BETWEEN a.first_day AND a.last_day
-- These limit what is counted, where days are given; the others what is shown.
WHERE (nullif(:from, '') IS NULL OR x.day >= :from) AND (nullif(:to, '') IS NULL OR x.day <= :to)
AND (nullif(:agent, '') IS NULL OR x.user_id = :agent OR x.user_name = :agent COLLATE NOCASE)
ORDER BY x.day, x.user_name, x.user_id;
