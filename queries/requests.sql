-- title: Requests
-- description: What was asked of the API, by business day on which the run began, and route: how
--   many runs did, requests sent (repetitions among them), refusals for asking too fast (429),
--   answers 500 to 599, and bytes received as they came.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  [day] last business day, YYYY-MM-DD; default: the day of the last run
WITH started AS (
    SELECT r.run_id, (SELECT z.day FROM zone_offset AS z
                      WHERE z.utc_from <= r.started_at ORDER BY z.utc_from DESC LIMIT 1) AS day
    FROM run AS r
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
asked AS (
    SELECT coalesce(nullif(:from, ''), date(coalesce(nullif(:to, ''), max(day)), '-7 days')) AS first_day,
           coalesce(nullif(:to, ''), max(day)) AS last_day
    FROM started
)
SELECT s.day, c.method, c.route, sum(ifnull(c.runs, 1)) AS runs, sum(c.requests) AS requests, sum(c.retries) AS retries,
       sum(c.status_429) AS status_429, sum(c.status_5xx) AS status_5xx, sum(c.bytes) AS bytes
FROM asked AS a
CROSS JOIN started AS s ON s.day BETWEEN a.first_day AND a.last_day
CROSS JOIN request_count AS c ON c.run_id = s.run_id
GROUP BY s.day, c.method, c.route
ORDER BY s.day, requests DESC, c.route, c.method;
