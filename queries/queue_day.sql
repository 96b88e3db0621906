-- title: Queues by day
-- description: Each queue's business days, by media type of the session, counted by the time the
--   metrics were emitted: all that v_queue_day has, and whether all of the day has been read.
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
SELECT q.*, d.whole
FROM v_queue_day AS q
JOIN shown AS d ON d.day = q.day
-- These limit what is counted, where days are given; the others what is shown.
WHERE (nullif(:from, '') IS NULL OR q.day >= :from) AND (nullif(:to, '') IS NULL OR q.day <= :to)
AND (nullif(:queue, '') IS NULL OR q.queue_id = :queue OR q.queue_name = :queue COLLATE NOCASE)
AND (nullif(:media, '') IS NULL OR q.media_type = :media)
ORDER BY q.day, q.queue_name, q.queue_id, q.media_type;
