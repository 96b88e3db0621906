-- title: Callbacks
-- description: Callbacks by queue and business day, counted by the time the metrics were emitted:
--   scheduled, offered, answered, abandoned, answered late, how long the agent took to come, calls
--   to the customer (attempts; of the queue of their callback) and handling. A callback that
--   reaches the customer first is offered without an outcome.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
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
    -- A call may be counted on the day after all else of its callback, and a callback be scheduled days before.
    SELECT f.conversation_key
    FROM bounds AS b
    CROSS JOIN interval_figure AS f
        ON f.utc_start >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-1 day') AND f.utc_start < b.utc_to
    WHERE f.media_type = 'callback'
    UNION
    SELECT c.conversation_key
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-1 day')
        AND c.conversation_start < b.utc_to
    WHERE EXISTS (SELECT 1 FROM session AS s
                  WHERE s.conversation_key = c.conversation_key AND s.media_type = 'callback')
    LIMIT -1
),
metric AS (
    SELECT m.day, m.name, m.value,
           CASE WHEN m.media_type = 'callback' THEN m.queue_id
                ELSE (SELECT g.queue_id
                      FROM session AS s CROSS JOIN segment AS g USING (conversation_key, participant_no, session_no)
                      WHERE s.conversation_key = t.conversation_key AND s.participant_no = m.participant_no
                      AND s.media_type = 'callback' AND g.queue_id IS NOT NULL
                      ORDER BY s.session_no, g.segment_no LIMIT 1) END AS queue_id
    FROM bounds AS b
    CROSS JOIN touched AS t
    CROSS JOIN conversation AS c ON c.conversation_key = t.conversation_key
    CROSS JOIN v_metric AS m ON m.conversation_id = c.conversation_id
    WHERE m.emit_date >= b.utc_from AND m.emit_date < b.utc_to
    AND (m.media_type = 'callback' OR m.name = 'nCallbackAttempts')
)
SELECT m.day, m.queue_id, q.name AS queue_name,
       CAST(total(CASE WHEN m.name = 'nCallbackScheduled' THEN m.value END) AS INTEGER) AS scheduled,
       CAST(total(CASE WHEN m.name = 'nOffered' THEN m.value END) AS INTEGER) AS offered,
       count(CASE WHEN m.name = 'tAnswered' THEN 1 END) AS answered,
       count(CASE WHEN m.name = 'tAbandon' THEN 1 END) AS abandoned,
       CAST(total(CASE WHEN m.name = 'nOverSla' THEN m.value END) AS INTEGER) AS over_sla,
       avg(CASE WHEN m.name = 'tAnswered' THEN m.value END) / 1000.0 AS avg_answer_seconds,
       CAST(total(CASE WHEN m.name = 'nCallbackAttempts' THEN m.value END) AS INTEGER) AS attempts,
       count(CASE WHEN m.name = 'tHandle' THEN 1 END) AS handled,
       avg(CASE WHEN m.name = 'tHandle' THEN m.value END) / 1000.0 AS avg_handle_seconds
FROM metric AS m
LEFT JOIN queue AS q ON q.queue_id = m.queue_id
WHERE m.queue_id IS NOT NULL
AND (nullif(:queue, '') IS NULL OR m.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
GROUP BY m.day, m.queue_id
ORDER BY m.day, queue_name, m.queue_id;
