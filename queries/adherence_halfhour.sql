-- title: Adherence by half-hour
-- description: Each agent's scheduled time by half-hours of business time, and how much of it she did
--   not what was scheduled: the parts of published shifts against the exceptions of historical
--   adherence, for days of which both are read. adherence_percent is 1 less exceptions by scheduled,
--   0 at the least, NULL where nothing was scheduled. The vendor's own figures are by day
--   (adherence_conformance).
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day with historical adherence
-- param: agent  [agent] name or id of one agent; default: all
WITH RECURSIVE asked AS (
    SELECT coalesce(nullif(:to, ''), max(business_day)) AS last_day FROM adherence_day
),
bounds AS (
    SELECT (SELECT min(z.utc_from) FROM zone_offset AS z
            WHERE z.day >= coalesce(nullif(:from, ''), date(a.last_day, '-7 days'))) AS utc_from,
           (SELECT max(z.utc_to) FROM zone_offset AS z WHERE z.day <= a.last_day) AS utc_to
    FROM asked AS a
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
agent_day AS ( -- agents by number: what follows sorts a million rows
    SELECT d.adherence_day_key, min(d.adherence_day_key) OVER (PARTITION BY d.user_id) AS agent_no,
           d.user_id, d.business_day, d.day_start_time AS utc_from,
           coalesce((SELECT CASE WHEN min(z.utc_from) = d.day_start_time THEN max(z.utc_to) END -- of 23 to 25 hours
                     FROM zone_offset AS z
                     WHERE z.day = d.business_day AND z.utc_from >= d.day_start_time
                     AND z.utc_from < strftime('%Y-%m-%dT%H:%M:%fZ', d.day_start_time, '+1 day')),
                    strftime('%Y-%m-%dT%H:%M:%fZ', d.day_start_time, '+1 day')) AS utc_to
    FROM bounds AS b
    CROSS JOIN adherence_day AS d ON d.business_day >= date(b.utc_from, '-2 days')
        AND d.business_day <= date(b.utc_to, '+1 day')
    WHERE d.adherence_schedule_seconds > 0
    AND (nullif(:agent, '') IS NULL OR d.user_id = :agent
         OR d.user_id IN (SELECT u.user_id FROM user AS u WHERE u.name = :agent COLLATE NOCASE))
    LIMIT -1 -- likewise
),
unit AS ( -- one after the other, for the index
    SELECT min(management_unit_id) AS unit_id FROM schedule_shift
    UNION ALL
    SELECT (SELECT min(s.management_unit_id) FROM schedule_shift AS s
            WHERE s.management_unit_id > u.unit_id)
    FROM unit AS u WHERE u.unit_id IS NOT NULL
),
shift AS (
    SELECT s.shift_id, s.user_id, s.start_date
    FROM bounds AS b
    CROSS JOIN unit AS u
    CROSS JOIN schedule_shift AS s ON s.management_unit_id = u.unit_id
        AND s.start_date >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-2 days')
        AND s.start_date < b.utc_to
    LIMIT -1 -- likewise
),
shift_day AS ( -- shifts with the day that they begin on (of two, one has 23 hours): that of UTC, or one of its neighbours
    SELECT d.adherence_day_key, d.agent_no, s.shift_id, max(d.utc_from)
    FROM shift AS s
    CROSS JOIN (SELECT '-1 day' AS off UNION ALL SELECT '0 days' UNION ALL SELECT '1 day') AS n
    JOIN agent_day AS d ON d.user_id = s.user_id AND d.business_day = date(s.start_date, n.off)
        AND d.utc_from <= s.start_date AND d.utc_to > s.start_date
    GROUP BY s.shift_id
    LIMIT -1 -- likewise
),
piece AS (
    SELECT s.agent_no, 0 AS is_exception, p.start_date AS starts,
           strftime('%Y-%m-%dT%H:%M:%fZ', p.start_date, p.length_minutes || ' minutes') AS ends
    FROM shift_day AS s
    CROSS JOIN schedule_activity AS p ON p.shift_id = s.shift_id
    UNION ALL
    SELECT d.agent_no, 1, x.start_time, x.end_time
    FROM (SELECT DISTINCT adherence_day_key, agent_no FROM shift_day) AS d
    CROSS JOIN adherence_exception AS x ON x.adherence_day_key = d.adherence_day_key
),
local AS (
    SELECT p.agent_no, p.is_exception, z.offset_seconds,
           strftime('%s', max(p.starts, z.utc_from)) + z.offset_seconds AS starts,
           strftime('%s', min(p.ends, z.utc_to)) + z.offset_seconds AS ends
    FROM bounds AS b
    CROSS JOIN piece AS p
    CROSS JOIN zone_offset AS z ON z.utc_from < p.ends AND z.utc_to > p.starts
        AND z.utc_from >= max(b.utc_from, coalesce((SELECT max(y.utc_from) FROM zone_offset AS y
                                                    WHERE y.utc_from <= p.starts), ''))
        AND z.utc_from < b.utc_to
),
half_hour AS (
    SELECT agent_no, is_exception, offset_seconds, starts, ends FROM local
    UNION ALL
    SELECT agent_no, is_exception, offset_seconds, (starts / 1800 + 1) * 1800, ends
    FROM half_hour WHERE (starts / 1800 + 1) * 1800 < ends
),
total AS (
    SELECT agent_no, starts / 1800 * 1800 AS starts, offset_seconds,
           sum(CASE WHEN is_exception THEN 0 ELSE min(ends, (starts / 1800 + 1) * 1800) - starts END)
               AS scheduled_seconds,
           sum(CASE WHEN is_exception THEN min(ends, (starts / 1800 + 1) * 1800) - starts ELSE 0 END)
               AS exception_seconds
    FROM half_hour
    GROUP BY starts / 1800, agent_no, offset_seconds
)
SELECT date(t.starts, 'unixepoch') AS day, strftime('%Y-%m-%d %H:%M', t.starts, 'unixepoch') AS half_hour,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.starts - t.offset_seconds, 'unixepoch') AS utc_start,
       d.user_id, u.name AS user_name, t.scheduled_seconds, t.exception_seconds,
       round(100.0 * max(0, t.scheduled_seconds - t.exception_seconds)
             / nullif(t.scheduled_seconds, 0), 2) AS adherence_percent
FROM total AS t
CROSS JOIN adherence_day AS d ON d.adherence_day_key = t.agent_no
LEFT JOIN user AS u ON u.user_id = d.user_id
ORDER BY utc_start, user_name, d.user_id;
