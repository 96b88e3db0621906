-- title: Handle time of agents
-- description: Each agent's handled interactions by media type of the session, counted by the time
--   the metrics were emitted: how many, average handle time and its parts, which add up to it (talk,
--   hold, after-call work, dialing with contacting), all over the number handled, and transfers as a
--   share of it.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day before
--   the first whole one
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day with such data
-- param: queue  [queue] name or id of one queue; default: all
-- param: agent  [agent] name or id of one agent; default: all
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
         AND m.emit_date >= n.utc AND m.name IN ('tHandle', 'nTransferred', 'tNotResponding')),
        (SELECT max(m.emit_date) FROM session_metric AS m WHERE m.name IN ('tHandle', 'nTransferred', 'tNotResponding')),
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
    SELECT m.conversation_key, m.participant_no, m.session_no, s.media_type,
           count(CASE WHEN m.name = 'tHandle' THEN 1 END) AS handled,
           sum(CASE WHEN m.name = 'tHandle' THEN m.value END) AS handle_ms,
           sum(CASE WHEN m.name = 'tTalkComplete' THEN m.value ELSE 0 END) AS talk_ms,
           sum(CASE WHEN m.name = 'tHeldComplete' THEN m.value ELSE 0 END) AS hold_ms,
           sum(CASE WHEN m.name = 'tAcw' THEN m.value ELSE 0 END) AS acw_ms,
           sum(CASE WHEN m.name IN ('tDialing', 'tContacting') THEN m.value ELSE 0 END) AS dial_ms,
           count(CASE WHEN m.name = 'nTransferred' THEN 1 END) AS transferred,
           count(CASE WHEN m.name = 'tNotResponding' THEN 1 END) AS not_responding
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start < b.utc_to
        AND (c.conversation_end IS NULL
             OR c.conversation_end >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-31 days'))
    CROSS JOIN session_metric AS m ON m.conversation_key = c.conversation_key
    JOIN session AS s USING (conversation_key, participant_no, session_no)
    -- The parts come before the whole, perhaps before the first day.
    WHERE m.name IN ('tTalkComplete', 'tHeldComplete', 'tAcw', 'tDialing', 'tContacting')
    OR (m.name IN ('tHandle', 'nTransferred', 'tNotResponding')
        AND m.emit_date >= b.utc_from AND m.emit_date < b.utc_to)
    GROUP BY m.conversation_key, m.participant_no, m.session_no
),
one AS (
    SELECT m.*,
           (SELECT g.queue_id FROM segment AS g
            WHERE g.conversation_key = m.conversation_key
            AND g.participant_no = m.participant_no AND g.session_no = m.session_no
            AND g.queue_id IS NOT NULL
            ORDER BY g.segment_no DESC LIMIT 1) AS queue_id
    FROM metric AS m
    WHERE m.handled + m.transferred + m.not_responding > 0
)
SELECT p.user_id,
       coalesce(u.name, p.participant_name) AS agent,
       o.media_type,
       sum(o.handled) AS handled,
       round(sum(o.handle_ms) / 1000.0 / sum(o.handled), 1) AS avg_handle_seconds,
       round(sum(CASE WHEN o.handled THEN o.talk_ms END) / 1000.0 / sum(o.handled), 1)
           AS avg_talk_seconds,
       round(sum(CASE WHEN o.handled THEN o.hold_ms END) / 1000.0 / sum(o.handled), 1)
           AS avg_hold_seconds,
       round(sum(CASE WHEN o.handled THEN o.acw_ms END) / 1000.0 / sum(o.handled), 1)
           AS avg_acw_seconds,
       round(sum(CASE WHEN o.handled THEN o.dial_ms END) / 1000.0 / sum(o.handled), 1)
           AS avg_dial_seconds,
       round(sum(o.handle_ms) / 1000.0, 1) AS handle_seconds,
       sum(o.transferred) AS transferred,
       round(100.0 * sum(o.transferred) / sum(o.handled), 1) AS transferred_percent,
       sum(o.not_responding) AS not_responding
FROM one AS o
JOIN participant AS p USING (conversation_key, participant_no)
LEFT JOIN user AS u ON u.user_id = p.user_id
LEFT JOIN queue AS q ON q.queue_id = o.queue_id
WHERE p.user_id IS NOT NULL
AND (:queue IS NULL OR o.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
AND (:agent IS NULL OR p.user_id = :agent OR u.name = :agent COLLATE NOCASE)
GROUP BY p.user_id, o.media_type
ORDER BY agent, p.user_id, o.media_type;
