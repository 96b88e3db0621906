-- title: Adherence and conformance
-- description: Each agent's days as the vendor's workforce management has them: adherence and
--   conformance with the seconds that they are made of, and exceptions. Adherence is 1 -
--   exception_duration_seconds / adherence_schedule_seconds, conformance is
--   conformance_actual_seconds / conformance_schedule_seconds; empty where undefined. A day is
--   one of the management unit's own zone.
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
SELECT x.day, x.user_id, x.user_name, round(x.adherence_percent, 1) AS adherence_percent,
       round(x.conformance_percent, 1) AS conformance_percent, m.name AS management_unit_name,
       d.adherence_schedule_seconds, d.exception_duration_seconds, d.exception_count,
       d.conformance_schedule_seconds, d.conformance_actual_seconds
FROM asked AS a
CROSS JOIN v_adherence_day AS x ON x.day BETWEEN a.first_day AND a.last_day
JOIN adherence_day AS d ON d.user_id = x.user_id AND d.business_day = x.day
LEFT JOIN management_unit AS m ON m.management_unit_id = d.management_unit_id
-- These limit what is counted, where days are given; the others what is shown.
WHERE (nullif(:from, '') IS NULL OR x.day >= :from) AND (nullif(:to, '') IS NULL OR x.day <= :to)
AND (nullif(:agent, '') IS NULL OR x.user_id = :agent OR x.user_name = :agent COLLATE NOCASE)
ORDER BY x.day, x.user_name, x.user_id;
