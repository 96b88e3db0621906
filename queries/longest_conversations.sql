-- title: Longest conversations
-- description: The conversations that took longest, of those that began in the range and have
--   ended: the longest first, with the last queue and agent that they were with, and how long
--   agents handled them.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: media  [media] one media type of its first session that has one, such as voice; default: all
-- param: limit  [number 1] how many; default: 100
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
longest AS (
    SELECT c.conversation_key, c.conversation_id, c.conversation_start, c.conversation_end,
           c.originating_direction AS direction,
           (SELECT s.media_type FROM session AS s
            WHERE s.conversation_key = c.conversation_key AND s.media_type IS NOT NULL
            ORDER BY s.participant_no, s.session_no LIMIT 1) AS media_type,
           (strftime('%s', c.conversation_end) - strftime('%s', c.conversation_start)) * 1000
               + substr(c.conversation_end, 21, 3) - substr(c.conversation_start, 21, 3) AS duration_ms
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= b.utc_from AND c.conversation_start < b.utc_to
    WHERE c.conversation_end IS NOT NULL
    AND (nullif(:media, '') IS NULL OR :media = (SELECT s.media_type FROM session AS s
                                     WHERE s.conversation_key = c.conversation_key
                                     AND s.media_type IS NOT NULL
                                     ORDER BY s.participant_no, s.session_no LIMIT 1))
    ORDER BY duration_ms DESC, c.conversation_id
    LIMIT coalesce(CAST(nullif(:limit, '') AS INTEGER), 100)
)
SELECT l.conversation_id,
       datetime(l.conversation_start,
                (SELECT z.offset_seconds FROM zone_offset AS z
                 WHERE z.utc_from <= l.conversation_start ORDER BY z.utc_from DESC LIMIT 1)
                || ' seconds') AS local_start,
       l.duration_ms, l.media_type, l.direction,
       l.queue_id, q.name AS queue_name, l.user_id, u.name AS user_name, l.handle_ms
FROM (SELECT l.*,
             (SELECT v.queue_id FROM queue_visit AS v WHERE v.conversation_key = l.conversation_key
              ORDER BY v.entered_at DESC LIMIT 1) AS queue_id,
             (SELECT g.user_id FROM agent_leg AS g WHERE g.conversation_key = l.conversation_key
              ORDER BY g.started_at DESC LIMIT 1) AS user_id,
             (SELECT sum(g.handle_ms) FROM agent_leg AS g WHERE g.conversation_key = l.conversation_key)
                 AS handle_ms
      FROM longest AS l) AS l
LEFT JOIN queue AS q ON q.queue_id = l.queue_id
LEFT JOIN user AS u ON u.user_id = l.user_id
ORDER BY l.duration_ms DESC, l.conversation_id;
