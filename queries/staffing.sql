-- title: Load by half-hour
-- description: The load of each queue and half-hour in erlangs: offered x average handle time /
--   1,800 s, the number of agents who would be busy without a pause; all media types together,
--   unless `media` names one. Empty where nobody handled anything in the half-hour.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
-- param: media  [media] one media type of the session, such as voice; default: all
WITH asked AS (
    SELECT coalesce(nullif(:from, ''), max(date(coalesce(nullif(:to, ''), r.last_day), '-7 days'),
                               CASE WHEN r.first_day <= coalesce(nullif(:to, ''), r.last_day) THEN r.first_day
                                    ELSE '' END), '') AS first_day,
           coalesce(nullif(:to, ''), r.last_day, '9999') AS last_day
    FROM (SELECT 1) LEFT JOIN v_range AS r -- without conversations: all there is
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
)
SELECT x.day, x.half_hour, x.utc_start, x.queue_id, x.queue_name, sum(x.offered) AS offered,
       sum(x.handled) AS handled,
       round(sum(x.handle_ms) / 1000.0 / nullif(sum(x.handled), 0), 1) AS avg_handle_seconds,
       round(sum(x.offered) * (sum(x.handle_ms) / 1000.0 / nullif(sum(x.handled), 0)) / 1800.0, 2) AS erlangs
FROM asked AS a CROSS JOIN v_queue_halfhour AS x ON x.day BETWEEN a.first_day AND a.last_day
-- These limit what is counted, where days are given; the others what is shown.
WHERE (nullif(:from, '') IS NULL OR x.day >= :from) AND (nullif(:to, '') IS NULL OR x.day <= :to)
AND (nullif(:queue, '') IS NULL OR x.queue_id = :queue OR x.queue_name = :queue COLLATE NOCASE)
AND (nullif(:media, '') IS NULL OR x.media_type = :media)
GROUP BY x.utc_start, x.queue_id
ORDER BY x.utc_start, x.queue_name, x.queue_id;
