-- title: Service level
-- description: Service level of each queue and media type over the range, or by day or half-hour
--   of it: answered in time (as the vendor judged by the target of that moment) of what counts by
--   the organization's switches ([kpi]); target_seconds is the queue's target of today. With the
--   speed of answer, and abandons as a share of what was offered.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
-- param: media  [media] one media type of the session, such as voice; default: all
-- param: by  [choice day|half_hour] a row for each day or half_hour; default: one for the range
WITH asked AS (
    SELECT coalesce(nullif(:from, ''), max(date(coalesce(nullif(:to, ''), r.last_day), '-7 days'),
                               CASE WHEN r.first_day <= coalesce(nullif(:to, ''), r.last_day) THEN r.first_day
                                    ELSE '' END)) AS first_day,
           coalesce(nullif(:to, ''), r.last_day) AS last_day
    FROM v_range AS r
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
figure AS (
    SELECT q.day, NULL AS half_hour, NULL AS utc_start, q.queue_id, q.queue_name, q.media_type,
           q.offered, q.answered, q.abandoned, q.short_abandoned, q.flow_out, q.over_sla, q.answer_ms,
           q.service_level_numerator, q.service_level_denominator
    FROM v_queue_day AS q
    WHERE nullif(:by, '') IS NOT 'half_hour'
    AND (nullif(:from, '') IS NULL OR q.day >= :from) AND (nullif(:to, '') IS NULL OR q.day <= :to)
    UNION ALL
    SELECT q.day, q.half_hour, q.utc_start, q.queue_id, q.queue_name, q.media_type,
           q.offered, q.answered, q.abandoned, q.short_abandoned, q.flow_out, q.over_sla, q.answer_ms,
           q.service_level_numerator, q.service_level_denominator
    FROM v_queue_halfhour AS q
    WHERE nullif(:by, '') IS 'half_hour'
    AND (nullif(:from, '') IS NULL OR q.day >= :from) AND (nullif(:to, '') IS NULL OR q.day <= :to)
)
SELECT CASE WHEN nullif(:by, '') IS NOT NULL THEN q.day END AS day, q.half_hour, q.utc_start,
       q.queue_id, q.queue_name, q.media_type,
       sum(q.offered) AS offered, sum(q.answered) AS answered, sum(q.abandoned) AS abandoned,
       sum(q.short_abandoned) AS short_abandoned, sum(q.flow_out) AS flow_out,
       sum(q.over_sla) AS over_sla,
       sum(q.service_level_numerator) AS service_level_numerator,
       sum(q.service_level_denominator) AS service_level_denominator,
       100.0 * sum(q.service_level_numerator) / nullif(sum(q.service_level_denominator), 0)
           AS service_level_percent,
       coalesce(max(t.target_seconds), max(k.default_target_seconds)) AS target_seconds,
       100.0 * sum(q.abandoned) / nullif(sum(q.offered), 0) AS abandon_percent,
       sum(q.answer_ms) / 1000.0 / nullif(sum(q.answered), 0) AS avg_answer_seconds
FROM figure AS q
JOIN asked AS a ON q.day BETWEEN a.first_day AND a.last_day
CROSS JOIN kpi AS k
LEFT JOIN queue_media AS t ON t.queue_id = q.queue_id AND t.media_type = q.media_type
WHERE (nullif(:queue, '') IS NULL OR q.queue_id = :queue OR q.queue_name = :queue COLLATE NOCASE)
AND (nullif(:media, '') IS NULL OR q.media_type = :media)
GROUP BY CASE WHEN nullif(:by, '') IS NOT NULL THEN q.day END, q.utc_start, q.queue_id, q.media_type
ORDER BY day, q.utc_start, q.queue_name, q.queue_id, q.media_type;
