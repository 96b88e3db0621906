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
    SELECT coalesce(:from, max(date(coalesce(:to, r.last_day), '-7 days'),
                               CASE WHEN r.first_day <= coalesce(:to, r.last_day) THEN r.first_day
                                    ELSE '' END)) AS first_day,
           coalesce(:to, r.last_day) AS last_day
    FROM v_range AS r
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
piece AS (
    SELECT z.day, z.offset_seconds, n.seconds, f.*,
           (strftime('%s', f.utc_start) + z.offset_seconds) / n.seconds * n.seconds AS local_start
    FROM asked AS a
    CROSS JOIN (SELECT 60 * coalesce(CAST(nullif(:minutes, '') AS INTEGER), 30) AS seconds) AS n
    CROSS JOIN zone_offset AS z ON z.day BETWEEN a.first_day AND a.last_day
    CROSS JOIN interval_figure AS f ON f.utc_start >= z.utc_from AND f.utc_start < z.utc_to
    WHERE f.queue_id IS NOT NULL AND (:media IS NULL OR f.media_type = :media)
),
figure AS (
    SELECT day, strftime('%Y-%m-%d %H:%M', local_start, 'unixepoch') AS half_hour,
           strftime('%Y-%m-%dT%H:%M:%SZ', local_start - offset_seconds, 'unixepoch') AS utc_start,
           queue_id, media_type,
           sum(offered) AS offered, sum(answered) AS answered, sum(abandoned) AS abandoned,
           sum(short_abandoned) AS short_abandoned, sum(flow_out) AS flow_out,
           sum(over_sla) AS over_sla, sum(handled) AS handled, sum(transferred) AS transferred,
           sum(blind_transferred) AS blind_transferred,
           sum(consult_transferred) AS consult_transferred, sum(answer_ms) AS answer_ms,
           sum(abandon_ms) AS abandon_ms, sum(flow_out_ms) AS flow_out_ms,
           sum(handle_ms) AS handle_ms, sum(talk_ms) AS talk_ms, sum(hold_ms) AS hold_ms,
           sum(acw_ms) AS acw_ms, sum(dialing_ms) AS dialing_ms,
           sum(contacting_ms) AS contacting_ms, sum(talked) AS talked, sum(held) AS held,
           sum(wrapped_up) AS wrapped_up, sum(dialed) AS dialed, sum(contacted) AS contacted
    FROM piece
    GROUP BY day, local_start, offset_seconds, queue_id, media_type
)
SELECT f.day, f.half_hour, f.utc_start, f.queue_id, q.name AS queue_name, f.media_type,
       offered, answered, abandoned, short_abandoned, flow_out, over_sla, handled, transferred,
       blind_transferred, consult_transferred, answer_ms, abandon_ms, flow_out_ms, handle_ms,
       talk_ms, hold_ms, acw_ms, dialing_ms, contacting_ms,
       answered - over_sla AS service_level_numerator,
       answered + include_flow_outs * flow_out
           + include_abandons * (abandoned - (1 - include_short_abandons) * short_abandoned)
           AS service_level_denominator,
       100.0 * (answered - over_sla)
           / nullif(answered + include_flow_outs * flow_out
                    + include_abandons * (abandoned - (1 - include_short_abandons) * short_abandoned), 0)
           AS service_level_percent,
       100.0 * abandoned / nullif(offered, 0) AS abandon_percent,
       answer_ms / 1000.0 / nullif(answered, 0) AS avg_answer_seconds,
       handle_ms / 1000.0 / nullif(handled, 0) AS avg_handle_seconds,
       talk_ms / 1000.0 / nullif(handled, 0) AS avg_talk_seconds,
       hold_ms / 1000.0 / nullif(handled, 0) AS avg_hold_seconds,
       acw_ms / 1000.0 / nullif(handled, 0) AS avg_acw_seconds,
       dialing_ms / 1000.0 / nullif(handled, 0) AS avg_dialing_seconds,
       contacting_ms / 1000.0 / nullif(handled, 0) AS avg_contacting_seconds,
       talked, held, wrapped_up, dialed, contacted,
       talk_ms / 1000.0 / nullif(talked, 0) AS avg_talk_when_talked_seconds,
       hold_ms / 1000.0 / nullif(held, 0) AS avg_hold_when_held_seconds,
       acw_ms / 1000.0 / nullif(wrapped_up, 0) AS avg_acw_when_wrapped_up_seconds,
       dialing_ms / 1000.0 / nullif(dialed, 0) AS avg_dialing_when_dialed_seconds,
       contacting_ms / 1000.0 / nullif(contacted, 0) AS avg_contacting_when_contacted_seconds
FROM figure AS f
CROSS JOIN kpi
LEFT JOIN queue AS q ON q.queue_id = f.queue_id
WHERE :queue IS NULL OR f.queue_id = :queue OR q.name = :queue COLLATE NOCASE
ORDER BY f.utc_start, q.name, f.queue_id, f.media_type;
