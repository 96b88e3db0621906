-- title: Waiting in queues
-- description: How long customers waited in each queue, by media type, of those who entered it in
--   the range (v_queue_visit): how the stays ended, and the average, median, 90th percentile and
--   longest of the wait, as the vendor measured it (tAcd). An answer is late (over_sla) by the
--   target of that moment; target_seconds is that of today.
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
visit AS (
    SELECT v.queue_id, v.queue_name, v.media_type, v.outcome, v.over_sla, v.short_abandoned,
           v.target_seconds, v.wait_ms,
           row_number() OVER (PARTITION BY v.queue_id, v.media_type ORDER BY v.wait_ms IS NULL, v.wait_ms)
               AS place,
           count(v.wait_ms) OVER (PARTITION BY v.queue_id, v.media_type) AS waits
    FROM asked AS a
    CROSS JOIN v_queue_visit AS v ON v.day BETWEEN a.first_day AND a.last_day
    WHERE (nullif(:queue, '') IS NULL OR v.queue_id = :queue OR v.queue_name = :queue COLLATE NOCASE)
    AND (nullif(:media, '') IS NULL OR v.media_type = :media)
)
SELECT queue_id, queue_name, media_type, count(*) AS visits,
       count(CASE WHEN outcome = 'answered' THEN 1 END) AS answered,
       sum(over_sla) AS over_sla,
       count(CASE WHEN outcome = 'abandoned' THEN 1 END) AS abandoned,
       sum(short_abandoned) AS short_abandoned,
       count(CASE WHEN outcome = 'flowed_out' THEN 1 END) AS flowed_out,
       count(CASE WHEN outcome = 'other' THEN 1 END) AS other,
       count(CASE WHEN outcome = 'waiting' THEN 1 END) AS waiting,
       avg(wait_ms) / 1000.0 AS avg_wait_seconds,
       max(CASE WHEN place = (waits + 1) / 2 THEN wait_ms END) / 1000.0 AS median_wait_seconds,
       max(CASE WHEN place = (waits * 9 + 9) / 10 THEN wait_ms END) / 1000.0 AS p90_wait_seconds,
       max(wait_ms) / 1000.0 AS max_wait_seconds,
       max(target_seconds) AS target_seconds
FROM visit
GROUP BY queue_id, media_type
ORDER BY queue_name, queue_id, media_type;
