-- title: Transfers
-- description: Where agents transferred to, from which queue, by the time of the transfer.
--   to_queue_id is NULL where it went to a person (or the record does not say where),
--   from_queue_id where the agent had it from no queue. transferred holds transfers that are
--   neither blind nor after a consultation, too.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of the queue it came from; default: all
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
SELECT f.queue_id AS from_queue_id, q.name AS from_queue_name,
       l.to_queue_id, t.name AS to_queue_name,
       sum(f.transferred) AS transferred, sum(f.blind_transferred) AS blind_transferred,
       sum(f.consult_transferred) AS consult_transferred
FROM bounds AS b
CROSS JOIN interval_figure AS f ON f.utc_start >= b.utc_from AND f.utc_start < b.utc_to
LEFT JOIN agent_leg AS l
    ON l.conversation_key = f.conversation_key AND l.participant_no = f.participant_no
    AND l.session_no = f.session_no
LEFT JOIN queue AS q ON q.queue_id = f.queue_id
LEFT JOIN queue AS t ON t.queue_id = l.to_queue_id
WHERE f.transferred + f.blind_transferred + f.consult_transferred > 0
AND (nullif(:queue, '') IS NULL OR f.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
AND (nullif(:media, '') IS NULL OR f.media_type = :media)
GROUP BY f.queue_id, l.to_queue_id
ORDER BY from_queue_name IS NULL, from_queue_name, f.queue_id, transferred DESC, to_queue_name,
    l.to_queue_id;
