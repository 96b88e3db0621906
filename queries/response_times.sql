-- title: Response times
-- description: How fast agents and customers answer each other in messages, chats and e-mails, by
--   queue and media type, counted by the time the metrics were emitted, of agents' sessions that
--   began at most 31 days before the range: agents' responses (tAgentResponseTime) with average
--   and longest, customers' (tUserResponseTime), and the time to an agent's first one
--   (tFirstEngagement). queue_id is the last queue that the session names.
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
)
SELECT l.queue_id, q.name AS queue_name, l.media_type,
       count(CASE WHEN m.name = 'tAgentResponseTime' THEN 1 END) AS agent_responses,
       avg(CASE WHEN m.name = 'tAgentResponseTime' THEN m.value END) / 1000.0 AS avg_agent_response_seconds,
       max(CASE WHEN m.name = 'tAgentResponseTime' THEN m.value END) / 1000.0 AS max_agent_response_seconds,
       count(CASE WHEN m.name = 'tUserResponseTime' THEN 1 END) AS customer_responses,
       avg(CASE WHEN m.name = 'tUserResponseTime' THEN m.value END) / 1000.0
           AS avg_customer_response_seconds,
       count(CASE WHEN m.name = 'tFirstEngagement' THEN 1 END) AS first_engagements,
       avg(CASE WHEN m.name = 'tFirstEngagement' THEN m.value END) / 1000.0 AS avg_first_engagement_seconds
FROM bounds AS b
CROSS JOIN agent_leg AS l
    ON l.started_at >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-31 days') AND l.started_at < b.utc_to
    AND l.media_type NOT IN ('voice', 'callback')
CROSS JOIN session_metric AS m
    ON m.conversation_key = l.conversation_key AND m.participant_no = l.participant_no
    AND m.session_no = l.session_no
LEFT JOIN queue AS q ON q.queue_id = l.queue_id
WHERE m.name IN ('tAgentResponseTime', 'tUserResponseTime', 'tFirstEngagement')
AND m.emit_date >= b.utc_from AND m.emit_date < b.utc_to
AND (nullif(:queue, '') IS NULL OR l.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
AND (nullif(:media, '') IS NULL OR l.media_type = :media)
GROUP BY l.queue_id, l.media_type
ORDER BY queue_name, l.queue_id, l.media_type;
