-- title: Agents who did not respond
-- description: Agents whom a call that they let ring set to not responding, by business day:
--   how often, how long in all, and the longest of them.
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
SELECT x.day, x.user_id, x.user_name, count(*) AS times,
       round(sum(x.seconds), 3) AS not_responding_seconds, max(x.seconds) AS longest_seconds
FROM asked AS a CROSS JOIN v_agent_state AS x ON x.day BETWEEN a.first_day AND a.last_day
-- These limit what is counted, where days are given; the others what is shown.
WHERE (nullif(:from, '') IS NULL OR x.day >= :from) AND (nullif(:to, '') IS NULL OR x.day <= :to)
AND (nullif(:agent, '') IS NULL OR x.user_id = :agent OR x.user_name = :agent COLLATE NOCASE)
AND x.kind = 'routing' AND x.status = 'NOT_RESPONDING'
GROUP BY x.day, x.user_id
ORDER BY x.day, not_responding_seconds DESC, x.user_name, x.user_id;
