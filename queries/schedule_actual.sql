-- title: Scheduled and worked
-- description: What was scheduled for each agent and day and what became of it: seconds
--   scheduled and paid, logged in and on queue, and how many seconds more (or less) than
--   scheduled the agent was logged in. Who was scheduled and did not come has 0, whose statuses
--   were not read has nothing.
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
SELECT x.day, x.user_id, x.user_name, x.scheduled_seconds, x.paid_seconds, x.logged_in_seconds,
       x.on_queue_seconds, round(x.logged_in_seconds - coalesce(x.scheduled_seconds, 0), 3)
           AS difference_seconds, round(x.adherence_percent, 1) AS adherence_percent,
       round(x.conformance_percent, 1) AS conformance_percent
FROM asked AS a CROSS JOIN v_agent_day AS x ON x.day BETWEEN a.first_day AND a.last_day
-- These limit what is counted, where days are given; the others what is shown.
WHERE (nullif(:from, '') IS NULL OR x.day >= :from) AND (nullif(:to, '') IS NULL OR x.day <= :to)
AND (nullif(:agent, '') IS NULL OR x.user_id = :agent OR x.user_name = :agent COLLATE NOCASE)
AND (x.scheduled_seconds IS NOT NULL OR x.logged_in_seconds > 0)
ORDER BY x.day, x.user_name, x.user_id;
