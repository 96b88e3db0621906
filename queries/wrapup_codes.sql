-- title: Wrap-up codes
-- description: Wrap-up codes by queue, by the time the after-call work was counted (its tAcw; without
--   one, the end of the segment that has the code): how often, in how many conversations, by how
--   many agents, their share of the queue's wrap-ups, and how long the after-call work took, as the
--   vendor says (tAcw). A code that a callback writes on its call too counts once. After-call work
--   without a code is the row without one.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day before
--   the first whole one
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day with such data
-- param: queue  [queue] name or id of one queue; default: all
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
         AND m.emit_date >= n.utc AND m.name = 'tAcw'),
        (SELECT max(m.emit_date) FROM session_metric AS m WHERE m.name = 'tAcw'),
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
touched AS (
    SELECT b.utc_from, b.utc_to, c.conversation_id, c.conversation_key
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start < b.utc_to
        AND (c.conversation_end IS NULL
             OR c.conversation_end >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-31 days'))
),
coded AS (
    SELECT c.conversation_key, g.wrap_up_code, p.user_id, max(a.value) AS ms,
           coalesce(max(a.emit_date), max(g.segment_end), g.segment_start) AS counted_at,
           max(coalesce(g.queue_id,
                        (SELECT o.queue_id FROM segment AS o
                         WHERE o.conversation_key = g.conversation_key
                         AND o.participant_no = g.participant_no AND o.session_no = g.session_no
                         AND o.queue_id IS NOT NULL ORDER BY o.segment_no DESC LIMIT 1))) AS queue_id
    FROM touched AS c
    CROSS JOIN segment AS g ON g.conversation_key = c.conversation_key
    JOIN participant AS p USING (conversation_key, participant_no)
    LEFT JOIN session_metric AS a
        ON a.conversation_key = g.conversation_key AND a.participant_no = g.participant_no
        AND a.session_no = g.session_no AND a.name = 'tAcw'
        AND a.emit_date = (SELECT min(n.emit_date) FROM session_metric AS n
                           WHERE n.conversation_key = g.conversation_key
                           AND n.participant_no = g.participant_no AND n.session_no = g.session_no
                           AND n.name = 'tAcw' AND n.emit_date >= g.segment_start)
    WHERE g.wrap_up_code IS NOT NULL
    GROUP BY c.conversation_key, g.participant_no, g.wrap_up_code, g.segment_start
),
wrapup AS (
    SELECT d.conversation_key, d.wrap_up_code, d.user_id, d.ms, d.queue_id
    FROM bounds AS b
    CROSS JOIN coded AS d ON d.counted_at >= b.utc_from AND d.counted_at < b.utc_to
    UNION ALL
    SELECT c.conversation_key, NULL, m.user_id, m.value, m.queue_id
    FROM touched AS c
    CROSS JOIN v_metric AS m ON m.conversation_id = c.conversation_id
    WHERE m.name = 'tAcw' AND m.emit_date >= c.utc_from AND m.emit_date < c.utc_to
    AND NOT EXISTS (SELECT 1 FROM segment AS g
                    WHERE g.conversation_key = c.conversation_key
                    AND g.participant_no = m.participant_no AND g.session_no = m.session_no
                    AND g.wrap_up_code IS NOT NULL)
)
SELECT w.queue_id, q.name AS queue_name, w.wrap_up_code, k.name AS wrap_up_name,
       count(*) AS wrapups,
       count(DISTINCT w.conversation_key) AS conversations,
       count(DISTINCT w.user_id) AS agents,
       round(100.0 * count(*) / sum(count(*)) OVER (PARTITION BY w.queue_id), 1)
           AS percent_of_queue,
       round(avg(w.ms) / 1000.0, 1) AS avg_wrapup_seconds
FROM wrapup AS w
LEFT JOIN queue AS q ON q.queue_id = w.queue_id
LEFT JOIN wrapup_code AS k ON k.wrapup_code_id = w.wrap_up_code
WHERE (:queue IS NULL OR w.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
GROUP BY w.queue_id, w.wrap_up_code
ORDER BY queue_name, w.queue_id, wrapups DESC, w.wrap_up_code;
