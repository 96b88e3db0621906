-- title: Abandoned interactions
-- description: Customers who left a queue before an agent, one row each, by the time they left:
--   queue, how long they had waited, whether it counts as a short abandon, where they came from.
--   `whole` says whether all of that day has been read.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day before
--   the first whole one
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day with such data
-- param: queue  [queue] name or id of one queue; default: all
-- param: media  [media] one media type of the session, such as voice; default: all
WITH newest AS (
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(conversation_start), '-1 day') AS utc
    FROM conversation
),
last_day AS (
    SELECT z.day FROM newest AS n CROSS JOIN zone_offset AS z
    WHERE z.utc_from <= coalesce(
        CASE WHEN :to IS NOT NULL THEN '9999' END, -- nothing is looked up
        (SELECT max(m.emit_date) FROM conversation AS c
         CROSS JOIN session_metric AS m ON m.conversation_key = c.conversation_key
         WHERE (c.conversation_end IS NULL OR c.conversation_end >= n.utc)
         AND m.emit_date >= n.utc AND m.name = 'tAbandon'),
        (SELECT max(m.emit_date) FROM session_metric AS m WHERE m.name = 'tAbandon'),
        n.utc)
    ORDER BY z.utc_from DESC LIMIT 1
),
asked AS (
    SELECT coalesce(:from, max(date(coalesce(:to, l.day), '-7 days'),
                               coalesce((SELECT min(f.day) FROM freshness AS f
                                         WHERE f.stream = 'conversations' AND f.whole
                                         AND f.day <= coalesce(:to, l.day)), ''))) AS first_day,
           coalesce(:to, l.day) AS last_day
    FROM last_day AS l
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
bounds AS (
    SELECT (SELECT min(z.utc_from) FROM zone_offset AS z WHERE z.day >= a.first_day) AS utc_from,
           (SELECT max(z.utc_to) FROM zone_offset AS z WHERE z.day <= a.last_day) AS utc_to
    FROM asked AS a
    LIMIT -1 -- likewise
),
metric AS (
    SELECT m.*, c.conversation_key
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start < b.utc_to
        AND (c.conversation_end IS NULL
             OR c.conversation_end >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-31 days'))
    CROSS JOIN v_metric AS m ON m.conversation_id = c.conversation_id
    WHERE m.name = 'tAbandon' AND m.emit_date >= b.utc_from AND m.emit_date < b.utc_to
    AND (:queue IS NULL OR m.queue_id = :queue OR m.queue_name = :queue COLLATE NOCASE)
    AND (:media IS NULL OR m.media_type = :media)
)
SELECT m.conversation_id,
       datetime(m.emit_date, (SELECT z.offset_seconds FROM zone_offset AS z
                              WHERE z.utc_from <= m.emit_date ORDER BY z.utc_from DESC LIMIT 1)
                || ' seconds') AS local_time,
       m.queue_id, m.queue_name, m.media_type,
       m.value / 1000.0 AS waited_seconds,
       EXISTS (SELECT 1 FROM session_metric AS t
               WHERE t.conversation_key = m.conversation_key
               AND t.participant_no = m.participant_no AND t.session_no = m.session_no
               AND t.name = 'tShortAbandon') AS short,
       s.ani, s.dnis, m.whole
FROM metric AS m
JOIN session AS s USING (conversation_key, participant_no, session_no)
ORDER BY m.emit_date, m.conversation_id;
