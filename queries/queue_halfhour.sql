-- title: Queues by half-hour
-- description: Each queue's half-hours of business time, by media type of the session, counted by
--   the time the metrics were emitted: offered, answered, abandoned (and short ones), flowed out,
--   answered late, service level, speed of answer and handling. Service level goes by the
--   organization's switches ([kpi]). utc_start tells apart the two hours that the clock shows
--   twice when summer time ends. `whole` says whether all of that day has been read.
--   queue_interval has more columns, and other intervals.
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
shown AS (
    SELECT d.day, d.whole
    FROM v_day AS d -- no join: beside one SQLite works out for each day anew which are whole
    WHERE d.day BETWEEN (SELECT first_day FROM asked) AND (SELECT last_day FROM asked)
    LIMIT -1 -- likewise
)
SELECT q.half_hour, q.utc_start, q.queue_id, q.queue_name, q.media_type, q.offered, q.answered, q.abandoned,
       q.short_abandoned, q.flow_out, q.over_sla, round(q.service_level_percent, 1) AS service_level_percent,
       round(q.avg_answer_seconds, 1) AS avg_answer_seconds, q.handled,
       round(q.avg_handle_seconds, 1) AS avg_handle_seconds, q.transferred, d.whole
FROM v_queue_halfhour AS q
JOIN shown AS d ON d.day = q.day
-- These limit what is counted, where days are given; the others what is shown.
WHERE (nullif(:from, '') IS NULL OR q.day >= :from) AND (nullif(:to, '') IS NULL OR q.day <= :to)
AND (nullif(:queue, '') IS NULL OR q.queue_id = :queue OR q.queue_name = :queue COLLATE NOCASE)
AND (nullif(:media, '') IS NULL OR q.media_type = :media)
ORDER BY q.utc_start, q.queue_name, q.queue_id, q.media_type;
