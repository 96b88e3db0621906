-- title: Adherence exceptions
-- description: When agents did not what was scheduled, as the vendor's workforce management has
--   it: begin and length, what was scheduled, what they did instead, their presence and routing
--   status, and the impact. local_start is of the business time zone, day of the management
--   unit's own.
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
SELECT x.day, x.user_id, x.user_name,
       datetime(x.start_time, (SELECT z.offset_seconds FROM zone_offset AS z
                               WHERE z.utc_from <= x.start_time ORDER BY z.utc_from DESC LIMIT 1)
                || ' seconds') AS local_start,
       x.start_time, x.end_time, x.seconds, x.scheduled_activity_category, x.actual_activity_category,
       x.system_presence, x.routing_status, x.impact
FROM (SELECT e.*, d.business_day AS day, u.name AS user_name,
             e.end_offset_seconds - e.start_offset_seconds AS seconds
      FROM asked AS a
      CROSS JOIN adherence_day AS d ON d.business_day BETWEEN a.first_day AND a.last_day
      CROSS JOIN adherence_exception AS e ON e.adherence_day_key = d.adherence_day_key
      LEFT JOIN user AS u ON u.user_id = e.user_id) AS x
WHERE nullif(:agent, '') IS NULL OR x.user_id = nullif(:agent, '') OR x.user_name = nullif(:agent, '') COLLATE NOCASE
ORDER BY x.day, x.user_name, x.user_id, x.start_time;
