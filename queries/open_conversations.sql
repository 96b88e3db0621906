-- title: Open conversations
-- description: Conversations that have not ended, oldest first, with their age at the time up to
--   which conversations were read (not at the time of asking), and where they were last.
-- param: media  [media] one media type, such as email; default: all
-- param: min_hours  [number 0] least age in hours; default: 0
WITH read_to AS (
    SELECT coalesce(max(complete_to), (SELECT max(conversation_start) FROM conversation)) AS utc
    FROM extract_window WHERE stream = 'conversations' AND window_start IS NOT NULL
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
one AS (
    SELECT c.conversation_key, c.conversation_id, c.conversation_start,
           c.originating_direction AS direction,
           (julianday(r.utc) - julianday(c.conversation_start)) * 24 AS age_hours,
           (SELECT s.media_type FROM session AS s
            WHERE s.conversation_key = c.conversation_key AND s.media_type IS NOT NULL
            ORDER BY s.participant_no, s.session_no LIMIT 1) AS media_type,
           (SELECT g.queue_id FROM segment AS g
            WHERE g.conversation_key = c.conversation_key AND g.queue_id IS NOT NULL
            ORDER BY g.segment_start DESC, g.participant_no DESC, g.session_no DESC,
                g.segment_no DESC LIMIT 1) AS queue_id,
           (SELECT p.user_id FROM segment AS g
            JOIN participant AS p USING (conversation_key, participant_no)
            WHERE g.conversation_key = c.conversation_key AND g.segment_type = 'interact'
            AND p.purpose IN ('agent', 'user') AND p.user_id IS NOT NULL
            ORDER BY g.segment_start DESC, g.participant_no DESC, g.session_no DESC,
                g.segment_no DESC LIMIT 1) AS user_id
    FROM conversation AS c
    CROSS JOIN read_to AS r
    WHERE c.conversation_end IS NULL
)
SELECT o.conversation_id,
       datetime(o.conversation_start,
                (SELECT z.offset_seconds FROM zone_offset AS z
                 WHERE z.utc_from <= o.conversation_start ORDER BY z.utc_from DESC LIMIT 1)
                || ' seconds') AS local_start,
       round(o.age_hours, 1) AS age_hours,
       o.media_type, o.direction,
       o.queue_id, q.name AS queue_name, o.user_id, u.name AS agent
FROM one AS o
LEFT JOIN queue AS q ON q.queue_id = o.queue_id
LEFT JOIN user AS u ON u.user_id = o.user_id
WHERE (:media IS NULL OR o.media_type = :media)
AND o.age_hours >= coalesce(CAST(:min_hours AS REAL), 0)
ORDER BY o.conversation_start, o.conversation_id;
