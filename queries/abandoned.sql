-- title: Abandoned interactions
-- description: Customers who left a queue before an agent, one row each, by the time they left:
--   queue, how long they had waited, whether it counts as a short abandon, where they came from.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day with data
-- param: queue  [queue] name or id of one queue; default: all
-- param: media  [media] one media type, such as voice; default: all
WITH last_day AS (
    SELECT z.day FROM zone_offset AS z
    WHERE z.utc_from <= (SELECT max(conversation_start) FROM conversation)
    ORDER BY z.utc_from DESC LIMIT 1
),
asked AS (
    SELECT coalesce(:from, date(coalesce(:to, day), '-7 days')) AS first_day,
           coalesce(:to, day) AS last_day
    FROM last_day
),
bounds AS (
    SELECT (SELECT min(z.utc_from) FROM zone_offset AS z WHERE z.day >= a.first_day) AS utc_from,
           (SELECT max(z.utc_to) FROM zone_offset AS z WHERE z.day <= a.last_day) AS utc_to
    FROM asked AS a
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
metric AS (
    SELECT m.conversation_key, m.participant_no, m.session_no, c.conversation_id, m.emit_date,
           m.value, s.media_type, s.ani, s.dnis,
           (SELECT g.queue_id FROM segment AS g
            WHERE g.conversation_key = m.conversation_key
            AND g.participant_no = m.participant_no AND g.session_no = m.session_no
            AND g.queue_id IS NOT NULL
            ORDER BY g.segment_no DESC LIMIT 1) AS queue_id
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start < b.utc_to
        AND (c.conversation_end IS NULL
             OR c.conversation_end >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-31 days'))
    CROSS JOIN session_metric AS m ON m.conversation_key = c.conversation_key
    JOIN session AS s USING (conversation_key, participant_no, session_no)
    WHERE m.name IN ('tAbandon')
    AND m.emit_date >= b.utc_from AND m.emit_date < b.utc_to
)
SELECT m.conversation_id,
       datetime(m.emit_date, (SELECT z.offset_seconds FROM zone_offset AS z
                              WHERE z.utc_from <= m.emit_date ORDER BY z.utc_from DESC LIMIT 1)
                || ' seconds') AS local_time,
       m.queue_id, q.name AS queue_name, m.media_type,
       m.value / 1000.0 AS waited_seconds,
       EXISTS (SELECT 1 FROM session_metric AS t
               WHERE t.conversation_key = m.conversation_key
               AND t.participant_no = m.participant_no AND t.session_no = m.session_no
               AND t.name = 'tShortAbandon') AS short,
       m.ani, m.dnis
FROM metric AS m
LEFT JOIN queue AS q ON q.queue_id = m.queue_id
WHERE (:queue IS NULL OR m.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
AND (:media IS NULL OR m.media_type = :media)
ORDER BY m.emit_date, m.conversation_id;
