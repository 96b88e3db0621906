-- title: Agents by status
-- description: How long each agent was in each presence and each routing status: seconds over
--   the range, how often, and the share of all time that was read of the agent and kind. A
--   status that passes midnight counts once a day.
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
SELECT x.user_id, x.user_name, x.kind, x.status, round(sum(x.seconds), 3) AS seconds, count(*) AS times,
       round(100.0 * sum(x.seconds) / sum(sum(x.seconds)) OVER (PARTITION BY x.user_id, x.kind), 1)
           AS percent
FROM (
    SELECT s.user_id, s.user_name, s.kind, s.status, s.seconds
    FROM asked AS a CROSS JOIN v_agent_state AS s ON s.day BETWEEN a.first_day AND a.last_day
    -- These limit what is counted, where days are given; the others what is shown.
    WHERE (nullif(:from, '') IS NULL OR s.day >= :from) AND (nullif(:to, '') IS NULL OR s.day <= :to)
    AND (nullif(:agent, '') IS NULL OR s.user_id = :agent OR s.user_name = :agent COLLATE NOCASE)
    LIMIT -1 -- seconds are worked out once, before rows are sorted
) AS x
GROUP BY x.user_id, x.kind, x.status
ORDER BY x.user_name, x.user_id, x.kind, seconds DESC, x.status;
