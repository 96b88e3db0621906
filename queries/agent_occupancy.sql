-- title: Occupancy of agents
-- description: Each agent's time on queue and by routing status over the range, and occupancy:
--   interacting of interacting, communicating and idle. Time not responding is in neither part.
--   Added up before it is divided.
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
SELECT t.user_id, t.user_name, t.days, round(t.on_queue, 3) AS on_queue_seconds,
       round(t.interacting, 3) AS interacting_seconds,
       round(t.communicating, 3) AS communicating_seconds, round(t.idle, 3) AS idle_seconds,
       round(t.not_responding, 3) AS not_responding_seconds,
       round(100.0 * t.interacting / nullif(t.interacting + t.communicating + t.idle, 0), 1)
           AS occupancy_percent
FROM (
    SELECT x.user_id, max(x.user_name) AS user_name, count(DISTINCT x.day) AS days,
           total(CASE WHEN x.kind = 'presence' AND x.status = 'ON_QUEUE' THEN x.seconds END) AS on_queue,
           total(CASE WHEN x.status = 'INTERACTING' THEN x.seconds END) AS interacting,
           total(CASE WHEN x.status = 'COMMUNICATING' THEN x.seconds END) AS communicating,
           total(CASE WHEN x.status = 'IDLE' THEN x.seconds END) AS idle,
           total(CASE WHEN x.status = 'NOT_RESPONDING' THEN x.seconds END) AS not_responding
    FROM (
        SELECT s.user_id, s.user_name, s.day, s.kind, s.status, s.seconds
        FROM asked AS a CROSS JOIN v_agent_state AS s ON s.day BETWEEN a.first_day AND a.last_day
        -- These limit what is counted, where days are given; the others what is shown.
        WHERE (nullif(:from, '') IS NULL OR s.day >= :from) AND (nullif(:to, '') IS NULL OR s.day <= :to)
        AND (nullif(:agent, '') IS NULL OR s.user_id = :agent OR s.user_name = :agent COLLATE NOCASE)
        AND (s.kind = 'presence' AND s.status = 'ON_QUEUE'
             OR s.kind = 'routing' AND s.status <> 'OFF_QUEUE')
        LIMIT -1 -- seconds are worked out once, before rows are sorted
    ) AS x
    GROUP BY x.user_id
) AS t
ORDER BY t.user_name, t.user_id;
