-- title: Queues by interval
-- description: Each queue's intervals of business time, of 15, 30 or 60 minutes, by media type of
--   the session, counted by the time the metrics were emitted, with the columns of
--   v_queue_halfhour: half_hour is the interval's beginning on the clock, utc_start tells apart
--   the two hours that the clock shows twice when summer time ends.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
-- param: media  [media] one media type of the session, such as voice; default: all
-- param: minutes  [choice 15|30|60] length of an interval: 15, 30, 60; default: 30
WITH asked AS (
    SELECT coalesce(nullif(:from, ''), max(date(coalesce(nullif(:to, ''), r.last_day), '-7 days'),
                               CASE WHEN r.first_day <= coalesce(nullif(:to, ''), r.last_day) THEN r.first_day
                                    ELSE '' END)) AS first_day,
           coalesce(nullif(:to, ''), r.last_day) AS last_day
    FROM v_range AS r
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
)
SELECT q.day, q.local_start AS half_hour, q.utc_start, q.queue_id, q.queue_name, q.media_type,
    offered, answered, abandoned, short_abandoned, flow_out, over_sla, handled, transferred, blind_transferred,
    consult_transferred, answer_ms, abandon_ms, flow_out_ms, handle_ms, talk_ms, hold_ms, acw_ms, dialing_ms,
    contacting_ms, service_level_numerator, service_level_denominator, service_level_percent, abandon_percent,
    avg_answer_seconds, avg_handle_seconds, avg_talk_seconds, avg_hold_seconds, avg_acw_seconds,
    avg_dialing_seconds, avg_contacting_seconds, talked, held, wrapped_up, dialed, contacted,
    avg_talk_when_talked_seconds, avg_hold_when_held_seconds, avg_acw_when_wrapped_up_seconds,
    avg_dialing_when_dialed_seconds, avg_contacting_when_contacted_seconds
FROM v_queue_interval AS q
JOIN asked AS a ON q.day BETWEEN a.first_day AND a.last_day
WHERE q.minutes = coalesce(CAST(nullif(:minutes, '') AS INTEGER), 30)
-- These limit what is counted, where days are given; the others what is shown.
AND (nullif(:from, '') IS NULL OR q.day >= :from) AND (nullif(:to, '') IS NULL OR q.day <= :to)
AND (nullif(:queue, '') IS NULL OR q.queue_id = :queue OR q.queue_name = :queue COLLATE NOCASE)
AND (nullif(:media, '') IS NULL OR q.media_type = :media)
ORDER BY q.utc_start, q.queue_name, q.queue_id, q.media_type;
