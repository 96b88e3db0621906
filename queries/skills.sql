-- title: Skills
-- description: What was asked for by skill, in the stays in queues that began in the range (a stay
--   that asks for several skills counts for each): how they ended, and how long they waited
--   (tAcd).
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
asked_for AS (
    SELECT DISTINCT k.skill_id, v.entered_at, v.conversation_key, v.participant_no, v.session_no, v.segment_no,
           v.outcome, v.wait_ms
    FROM bounds AS b
    CROSS JOIN queue_visit AS v ON v.entered_at >= b.utc_from AND v.entered_at < b.utc_to
    CROSS JOIN segment_skill AS k
        ON k.conversation_key = v.conversation_key AND k.participant_no = v.participant_no
        AND k.session_no = v.session_no
    JOIN segment AS g
        ON g.conversation_key = k.conversation_key AND g.participant_no = k.participant_no
        AND g.session_no = k.session_no AND g.segment_no = k.segment_no
        AND coalesce(g.queue_id, v.queue_id) = v.queue_id
    LEFT JOIN queue AS q ON q.queue_id = v.queue_id
    WHERE (nullif(:queue, '') IS NULL OR v.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
    AND (nullif(:media, '') IS NULL OR v.media_type = :media)
)
SELECT a.skill_id, s.name AS skill_name, count(*) AS visits,
       count(CASE WHEN a.outcome = 'answered' THEN 1 END) AS answered,
       count(CASE WHEN a.outcome = 'abandoned' THEN 1 END) AS abandoned,
       count(CASE WHEN a.outcome = 'flowed_out' THEN 1 END) AS flowed_out,
       avg(a.wait_ms) / 1000.0 AS avg_wait_seconds, max(a.wait_ms) / 1000.0 AS max_wait_seconds
FROM asked_for AS a
LEFT JOIN skill AS s ON s.skill_id = a.skill_id
GROUP BY a.skill_id
ORDER BY skill_name, a.skill_id;
