-- title: Handle time of agents
-- description: Each agent's handled interactions by media type, counted by the time the metrics
--   were emitted: how many, average handle time and its parts (talk, hold, after-call work), and
--   transfers as a share of those handled.
-- param: from  first business day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  last business day, YYYY-MM-DD; default: the last day with data
-- param: queue  name or id of one queue; default: all
-- param: agent  name or id of one agent; default: all
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
    SELECT m.name, m.value, s.media_type, m.conversation_key, m.participant_no,
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
    WHERE m.name IN ('tHandle', 'tTalkComplete', 'tHeldComplete', 'tAcw', 'nTransferred',
                         'tNotResponding')
    AND m.emit_date >= b.utc_from AND m.emit_date < b.utc_to
)
SELECT p.user_id,
       coalesce(u.name, p.participant_name) AS agent,
       m.media_type,
       count(CASE WHEN m.name = 'tHandle' THEN 1 END) AS handled,
       round(avg(CASE WHEN m.name = 'tHandle' THEN m.value END) / 1000.0, 1) AS avg_handle_seconds,
       round(avg(CASE WHEN m.name = 'tTalkComplete' THEN m.value END) / 1000.0, 1) AS avg_talk_seconds,
       round(avg(CASE WHEN m.name = 'tHeldComplete' THEN m.value END) / 1000.0, 1) AS avg_hold_seconds,
       round(avg(CASE WHEN m.name = 'tAcw' THEN m.value END) / 1000.0, 1) AS avg_acw_seconds,
       round(sum(CASE WHEN m.name = 'tHandle' THEN m.value END) / 1000.0, 1) AS handle_seconds,
       count(CASE WHEN m.name = 'nTransferred' THEN 1 END) AS transferred,
       round(100.0 * count(CASE WHEN m.name = 'nTransferred' THEN 1 END)
             / nullif(count(CASE WHEN m.name = 'tHandle' THEN 1 END), 0), 1) AS transferred_percent,
       count(CASE WHEN m.name = 'tNotResponding' THEN 1 END) AS not_responding
FROM metric AS m
JOIN participant AS p USING (conversation_key, participant_no)
LEFT JOIN user AS u ON u.user_id = p.user_id
LEFT JOIN queue AS q ON q.queue_id = m.queue_id
WHERE p.user_id IS NOT NULL
AND (:queue IS NULL OR m.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
AND (:agent IS NULL OR p.user_id = :agent OR u.name = :agent COLLATE NOCASE)
GROUP BY p.user_id, m.media_type
ORDER BY agent, p.user_id, m.media_type;
