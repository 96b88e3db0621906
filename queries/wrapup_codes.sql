-- title: Wrap-up codes
-- description: Wrap-up codes by queue, by the time of the wrap-up: how often, in how many
--   conversations, by how many agents, their share of the queue's wrap-ups, and how long the
--   wrap-up took.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day with data
-- param: queue  [queue] name or id of one queue; default: all
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
wrapup AS (
    SELECT g.conversation_key, g.wrap_up_code, p.user_id,
           CASE WHEN g.segment_type = 'wrapup'
               THEN (strftime('%s', g.segment_end) - strftime('%s', g.segment_start))
                   + (substr(g.segment_end, 21, 3) - substr(g.segment_start, 21, 3)) / 1000.0
           END AS seconds,
           coalesce(g.queue_id,
                    (SELECT o.queue_id FROM segment AS o
                     WHERE o.conversation_key = g.conversation_key
                     AND o.participant_no = g.participant_no AND o.session_no = g.session_no
                     AND o.queue_id IS NOT NULL ORDER BY o.segment_no DESC LIMIT 1)) AS queue_id
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start < b.utc_to
        AND (c.conversation_end IS NULL
             OR c.conversation_end >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-31 days'))
    CROSS JOIN segment AS g ON g.conversation_key = c.conversation_key
    JOIN participant AS p USING (conversation_key, participant_no)
    WHERE g.segment_start >= b.utc_from AND g.segment_start < b.utc_to
    AND g.wrap_up_code IS NOT NULL
)
SELECT w.queue_id, q.name AS queue_name, w.wrap_up_code,
       count(*) AS wrapups,
       count(DISTINCT w.conversation_key) AS conversations,
       count(DISTINCT w.user_id) AS agents,
       round(100.0 * count(*) / sum(count(*)) OVER (PARTITION BY w.queue_id), 1)
           AS percent_of_queue,
       round(avg(w.seconds), 1) AS avg_wrapup_seconds
FROM wrapup AS w
LEFT JOIN queue AS q ON q.queue_id = w.queue_id
WHERE (:queue IS NULL OR w.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
GROUP BY w.queue_id, w.wrap_up_code
ORDER BY queue_name, w.queue_id, wrapups DESC, w.wrap_up_code;
