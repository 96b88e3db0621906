-- title: Abandons by wait
-- description: How many customers left a queue after so long: more than the line before says, and
--   at most upto_seconds (NULL: any longer), by the time they left. The share, and the running
--   share, are of all of them.
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
bounds AS (
    SELECT min(z.utc_from) AS utc_from, max(z.utc_to) AS utc_to
    FROM asked AS a CROSS JOIN zone_offset AS z ON z.day BETWEEN a.first_day AND a.last_day
    LIMIT -1 -- likewise
),
step AS (
    SELECT column1 AS upto_seconds, column2 AS over_seconds
    FROM (VALUES (5, -1), (10, 5), (20, 10), (30, 20), (60, 30), (120, 60), (300, 120), (600, 300), (NULL, 600))
),
abandon AS (
    SELECT f.abandon_ms / 1000.0 / f.abandoned AS seconds, f.abandoned
    FROM bounds AS b
    CROSS JOIN interval_figure AS f ON f.utc_start >= b.utc_from AND f.utc_start < b.utc_to
    LEFT JOIN queue AS q ON q.queue_id = f.queue_id
    WHERE f.abandoned > 0 AND f.queue_id IS NOT NULL
    AND (nullif(:queue, '') IS NULL OR f.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
    AND (nullif(:media, '') IS NULL OR f.media_type = :media)
)
SELECT upto_seconds, abandoned,
       100.0 * abandoned / nullif(sum(abandoned) OVER (), 0) AS percent,
       100.0 * sum(abandoned) OVER (ORDER BY over_seconds) / nullif(sum(abandoned) OVER (), 0)
           AS running_percent
FROM (SELECT s.upto_seconds, s.over_seconds, coalesce(sum(x.abandoned), 0) AS abandoned
      FROM bounds AS b
      CROSS JOIN step AS s
      LEFT JOIN abandon AS x
          ON x.seconds > s.over_seconds AND (s.upto_seconds IS NULL OR x.seconds <= s.upto_seconds)
      WHERE b.utc_from IS NOT NULL
      GROUP BY s.over_seconds)
ORDER BY over_seconds;
