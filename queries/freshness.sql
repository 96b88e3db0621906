-- title: Freshness
-- description: How far each stream has been read, by business day, whether the day is whole, and
--   whether its figures equal the API's own (proven: 1, 0, NULL where nothing can be compared);
--   one row without a day for a stream that is a snapshot, with the time it was taken.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day of any stream
-- param: stream  [stream] one stream; default: all
WITH asked AS (
    SELECT coalesce(nullif(:to, ''), max(day)) AS last_day,
           coalesce(nullif(:from, ''), date(coalesce(nullif(:to, ''), max(day)), '-7 days')) AS first_day
    FROM freshness
),
reached AS (
    SELECT stream, day, whole, state, complete_to, proven FROM freshness
    UNION ALL
    SELECT stream, NULL, count(complete_to) = count(*),
           CASE WHEN count(complete_to) = count(*) THEN 'provisional' ELSE 'open' END,
           CASE WHEN count(complete_to) = count(*) THEN min(complete_to) END, NULL
    FROM extract_window
    WHERE window_start IS NULL AND stream NOT IN (SELECT stream FROM freshness)
    GROUP BY stream
)
SELECT f.stream, f.day, f.whole, f.state, f.complete_to,
       datetime(f.complete_to,
                (SELECT z.offset_seconds FROM zone_offset AS z
                 WHERE z.utc_from <= f.complete_to ORDER BY z.utc_from DESC LIMIT 1)
                || ' seconds') AS local_complete_to,
       f.proven
FROM asked AS a
CROSS JOIN reached AS f
WHERE (f.day IS NULL OR f.day BETWEEN a.first_day AND a.last_day)
AND (nullif(:stream, '') IS NULL OR f.stream = :stream)
ORDER BY f.stream, f.day;
