-- title: Handle time of agents
-- description: Each agent's handled interactions by media type of the session, counted by the time
--   the metrics were emitted: how many, average handle time and its parts, which add up to it (talk,
--   hold, after-call work, dialing, contacting), all over the number handled, and transfers as a
--   share of it.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day before
--   the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
-- param: agent  [agent] name or id of one agent; default: all
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
-- What a session handled in the range; its parts count with it, though they come before, perhaps
-- before the first day.
one AS (
    SELECT f.conversation_key, f.participant_no, f.session_no, f.user_id, f.media_type,
           coalesce(l.queue_id, max(f.queue_id)) AS queue_id, sum(f.handled) AS handled,
           sum(f.handle_ms) AS handle_ms, sum(f.transferred) AS transferred,
           sum(f.not_responding) AS not_responding, l.talk_ms, l.hold_ms, l.acw_ms,
           l.dialing_ms,
           l.contacting_ms
    FROM bounds AS b
    CROSS JOIN interval_figure AS f ON f.utc_start >= b.utc_from AND f.utc_start < b.utc_to
    LEFT JOIN agent_leg AS l
        ON l.conversation_key = f.conversation_key AND l.participant_no = f.participant_no
        AND l.session_no = f.session_no
    WHERE f.user_id IS NOT NULL AND f.handled + f.transferred + f.not_responding > 0
    GROUP BY f.conversation_key, f.participant_no, f.session_no
)
SELECT o.user_id,
       coalesce(u.name, max(p.participant_name)) AS user_name,
       o.media_type,
       sum(o.handled) AS handled,
       round(sum(o.handle_ms) / 1000.0 / sum(o.handled), 1) AS avg_handle_seconds,
       round(sum(CASE WHEN o.handled THEN o.talk_ms END) / 1000.0 / sum(o.handled), 1)
           AS avg_talk_seconds,
       round(sum(CASE WHEN o.handled THEN o.hold_ms END) / 1000.0 / sum(o.handled), 1)
           AS avg_hold_seconds,
       round(sum(CASE WHEN o.handled THEN o.acw_ms END) / 1000.0 / sum(o.handled), 1)
           AS avg_acw_seconds,
       round(sum(CASE WHEN o.handled THEN o.dialing_ms END) / 1000.0 / sum(o.handled), 1)
           AS avg_dialing_seconds,
       round(sum(CASE WHEN o.handled THEN o.contacting_ms END) / 1000.0 / sum(o.handled), 1)
           AS avg_contacting_seconds,
       round(sum(o.handle_ms) / 1000.0, 1) AS handle_seconds,
       sum(o.transferred) AS transferred,
       round(100.0 * sum(o.transferred) / sum(o.handled), 1) AS transferred_percent,
       sum(o.not_responding) AS not_responding
FROM one AS o
JOIN participant AS p USING (conversation_key, participant_no)
LEFT JOIN user AS u ON u.user_id = o.user_id
LEFT JOIN queue AS q ON q.queue_id = o.queue_id
WHERE (nullif(:queue, '') IS NULL OR o.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
AND (nullif(:agent, '') IS NULL OR o.user_id = :agent OR u.name = :agent COLLATE NOCASE)
GROUP BY o.user_id, o.media_type
ORDER BY user_name, o.user_id, o.media_type;
