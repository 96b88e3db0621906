-- title: Wrap-up codes
-- description: Wrap-up codes by queue, by the time the after-call work was counted (its tAcw;
--   without one, the end of the segment that has the code): how often, in how many conversations,
--   by how many agents, their share of the queue's wrap-ups and the running share (the most
--   frequent first), and how long the after-call work took, as the vendor says (tAcw). A code that
--   a callback writes on its call too counts once. After-call work without a code is the row
--   without one.
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
    -- By the after-call work; codes without it by their segments.
    SELECT f.conversation_key, f.participant_no
    FROM bounds AS b
    CROSS JOIN interval_figure AS f ON f.utc_start >= b.utc_from AND f.utc_start < b.utc_to
    WHERE f.wrapped_up > 0
    UNION
    SELECT g.conversation_key, g.participant_no
    FROM bounds AS b
    CROSS JOIN segment AS g ON g.segment_end >= b.utc_from AND g.segment_end < b.utc_to
    WHERE g.wrap_up_code IS NOT NULL
    UNION
    SELECT conversation_key, participant_no
    FROM segment WHERE segment_end IS NULL AND wrap_up_code IS NOT NULL
    LIMIT -1
),
coded AS (
    SELECT g.conversation_key, g.wrap_up_code, p.user_id, max(a.value) AS ms,
           coalesce(max(a.emit_date), max(g.segment_end), g.segment_start) AS counted_at,
           max(coalesce(g.queue_id,
                        (SELECT o.queue_id FROM segment AS o
                         WHERE o.conversation_key = g.conversation_key
                         AND o.participant_no = g.participant_no AND o.session_no = g.session_no
                         AND o.queue_id IS NOT NULL ORDER BY o.segment_no DESC LIMIT 1))) AS queue_id
    FROM touched AS c
    CROSS JOIN segment AS g
        ON g.conversation_key = c.conversation_key AND g.participant_no = c.participant_no
    CROSS JOIN participant AS p
        ON p.conversation_key = c.conversation_key AND p.participant_no = c.participant_no
    LEFT JOIN session_metric AS a
        ON a.conversation_key = g.conversation_key AND a.participant_no = g.participant_no
        AND a.session_no = g.session_no
        AND a.metric_no = (SELECT n.metric_no FROM session_metric AS n
                           WHERE n.conversation_key = g.conversation_key
                           AND n.participant_no = g.participant_no AND n.session_no = g.session_no
                           AND n.name = 'tAcw' AND n.emit_date >= g.segment_start
                           ORDER BY n.emit_date, n.value DESC LIMIT 1)
    WHERE g.wrap_up_code IS NOT NULL
    GROUP BY g.conversation_key, g.participant_no, g.wrap_up_code, g.segment_start
),
wrapup AS (
    SELECT d.conversation_key, d.wrap_up_code, d.user_id, d.ms, d.queue_id, 1 AS times
    FROM bounds AS b
    CROSS JOIN coded AS d ON d.counted_at >= b.utc_from AND d.counted_at < b.utc_to
    UNION ALL
    SELECT f.conversation_key, NULL, f.user_id, f.acw_ms, f.queue_id, f.wrapped_up
    FROM bounds AS b
    CROSS JOIN interval_figure AS f ON f.utc_start >= b.utc_from AND f.utc_start < b.utc_to
    WHERE f.wrapped_up > 0
    -- Most have a code by the first of these, which is read sooner.
    AND NOT EXISTS (SELECT 1 FROM agent_leg AS l
                    WHERE l.conversation_key = f.conversation_key
                    AND l.participant_no = f.participant_no AND l.session_no = f.session_no
                    AND l.wrap_up_code IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM segment AS g
                    WHERE g.conversation_key = f.conversation_key
                    AND g.participant_no = f.participant_no AND g.session_no = f.session_no
                    AND g.wrap_up_code IS NOT NULL)
)
SELECT t.queue_id, q.name AS queue_name, t.wrap_up_code, k.name AS wrap_up_name, t.wrapups, t.conversations, t.agents,
       round(100.0 * t.wrapups / sum(t.wrapups) OVER (PARTITION BY t.queue_id), 1) AS percent_of_queue,
       round(100.0 * sum(t.wrapups) OVER (PARTITION BY t.queue_id ORDER BY t.wrapups DESC, t.wrap_up_code
                                          ROWS UNBOUNDED PRECEDING)
             / sum(t.wrapups) OVER (PARTITION BY t.queue_id), 1) AS running_percent,
       t.avg_wrapup_seconds
FROM (
    -- Names are looked up behind this: once a code.
    SELECT w.queue_id, w.wrap_up_code, sum(w.times) AS wrapups,
           count(DISTINCT w.conversation_key) AS conversations, count(DISTINCT w.user_id) AS agents,
           round(sum(w.ms) / 1000.0 / sum(CASE WHEN w.ms IS NOT NULL THEN w.times END), 1) AS avg_wrapup_seconds
    FROM wrapup AS w
    GROUP BY w.queue_id, w.wrap_up_code
) AS t
LEFT JOIN queue AS q ON q.queue_id = t.queue_id
LEFT JOIN wrapup_code AS k ON k.wrapup_code_id = t.wrap_up_code
WHERE (nullif(:queue, '') IS NULL OR t.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
ORDER BY queue_name, t.queue_id, t.wrapups DESC, t.wrap_up_code;
