-- title: Abandoned interactions
-- description: Customers who left a queue before an agent, one row each, by the time they left:
--   queue, how long they had waited, whether it counts as a short abandon, where they came from.
--   `whole` says whether all of that day has been read.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
-- param: media  [media] one media type of the session, such as voice; default: all
WITH asked AS (
    SELECT coalesce(nullif(:from, ''), max(date(coalesce(nullif(:to, ''), r.last_day), '-7 days'),
                               CASE WHEN r.first_day <= coalesce(nullif(:to, ''), r.last_day) THEN r.first_day
                                    ELSE '' END)) AS first_day,
           coalesce(nullif(:to, ''), r.last_day) AS last_day
    FROM v_range AS r
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
bounds AS (
    SELECT min(z.utc_from) AS utc_from, max(z.utc_to) AS utc_to
    FROM asked AS a CROSS JOIN zone_offset AS z ON z.day BETWEEN a.first_day AND a.last_day
    LIMIT -1 -- likewise
),
touched AS (
    SELECT DISTINCT f.conversation_key
    FROM bounds AS b
    CROSS JOIN interval_figure AS f ON f.utc_start >= b.utc_from AND f.utc_start < b.utc_to
    WHERE f.abandoned > 0
    LIMIT -1
)
SELECT m.conversation_id,
       datetime(m.emit_date, (SELECT z.offset_seconds FROM zone_offset AS z
                              WHERE z.utc_from <= m.emit_date ORDER BY z.utc_from DESC LIMIT 1)
                || ' seconds') AS local_time,
       m.queue_id, m.queue_name, m.media_type,
       m.value / 1000.0 AS waited_seconds,
       EXISTS (SELECT 1 FROM session_metric AS t
               WHERE t.conversation_key = c.conversation_key
               AND t.participant_no = m.participant_no AND t.session_no = m.session_no
               AND t.name = 'tShortAbandon') AS short_abandoned,
       s.ani, s.dnis, m.whole
FROM bounds AS b
CROSS JOIN touched AS t
CROSS JOIN conversation AS c ON c.conversation_key = t.conversation_key
CROSS JOIN v_metric AS m ON m.conversation_id = c.conversation_id
JOIN session AS s
    ON s.conversation_key = c.conversation_key AND s.participant_no = m.participant_no
    AND s.session_no = m.session_no
WHERE m.name = 'tAbandon' AND m.emit_date >= b.utc_from AND m.emit_date < b.utc_to
AND (nullif(:queue, '') IS NULL OR m.queue_id = :queue OR m.queue_name = :queue COLLATE NOCASE)
AND (nullif(:media, '') IS NULL OR m.media_type = :media)
ORDER BY m.emit_date, m.conversation_id;
