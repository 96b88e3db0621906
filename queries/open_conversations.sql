-- title: Open conversations
-- description: Conversations that have not ended, oldest first, with their age at the time up to
--   which conversations were read (not at the time of asking), the media type of the first session
--   and of all, and the queue and agent they were with last.
-- param: media  [media] one media type that one of the sessions has, such as email; default: all
-- param: min_hours  [number 0] least age in hours; default: 0
WITH read_to AS (
    SELECT coalesce(max(complete_to), (SELECT max(conversation_start) FROM conversation)) AS utc
    FROM extract_window WHERE stream = 'conversations' AND window_start IS NOT NULL
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
)
SELECT o.conversation_id, o.local_start,
       round((julianday(r.utc) - julianday(o.conversation_start)) * 24, 1) AS age_hours,
       o.media_type, o.media_types, o.direction,
       o.last_queue_id AS queue_id, o.last_queue_name AS queue_name,
       o.last_agent_id AS user_id, o.last_agent_name AS user_name
FROM read_to AS r
CROSS JOIN v_conversation AS o
WHERE o.conversation_end IS NULL
AND (nullif(:media, '') IS NULL OR instr(',' || o.media_types || ',', ',' || :media || ',') > 0)
AND (julianday(r.utc) - julianday(o.conversation_start)) * 24
    >= coalesce(CAST(nullif(:min_hours, '') AS REAL), 0)
ORDER BY o.conversation_start, o.conversation_id;
