-- The page of figures (out/report.c). {answer} is what the section's query has given. A column's name says behind '|'
-- how its values are shown (x text, d day or time, n count, p percent, t seconds, v any number, s and S half-hours of a day as
-- "number:value,..", counts and percents) and which series of the picture it is.

-- name: report_range
-- The first and last day that is meant by a day ?1, a week's day ?2, a range ?3 to ?4, and without any by the last whole
-- day, or else the last, or else ?5.
WITH known AS (
    SELECT coalesce(max(CASE WHEN whole THEN day END), max(day), ?5) AS day FROM freshness WHERE stream = 'conversations'
),
asked AS (
    SELECT coalesce(?1, date(?2, 'weekday 0', '-6 days'), ?3, date(?4, '-6 days'), day) AS first_day,
           coalesce(?1, date(?2, 'weekday 0'), ?4, max(day, coalesce(?3, day))) AS last_day
    FROM known
)
SELECT first_day, last_day,
       (SELECT group_concat(
            rtrim(substr('Sunday   Monday   Tuesday  WednesdayThursday Friday   Saturday ', strftime('%w', x.day) * 9 + 1, 9))
            || ' ' || CAST(strftime('%d', x.day) AS INTEGER) || ' '
            || rtrim(substr('January  February March    April    May      June     July     August   SeptemberOctober  November December ',
                            strftime('%m', x.day) * 9 - 8, 9)) || ' ' || strftime('%Y', x.day), ' to ')
        FROM (SELECT first_day AS day UNION SELECT last_day) AS x) AS words
FROM asked

-- name: report_time
-- What time is cut into: a day's half-hours, or several days.
CREATE TEMP TABLE report_time AS
WITH RECURSIVE bound AS (
    SELECT min(utc_from) AS utc_from, max(utc_to) AS utc_to FROM zone_offset WHERE day BETWEEN ?1 AND ?2
),
half_hour AS (
    SELECT strftime('%Y-%m-%dT%H:%M', utc_from) AS at FROM bound WHERE ?1 = ?2 AND utc_from IS NOT NULL
    UNION ALL
    SELECT strftime('%Y-%m-%dT%H:%M', at, '+30 minutes') FROM half_hour
    WHERE strftime('%Y-%m-%dT%H:%M:00.000Z', at, '+30 minutes') < (SELECT utc_to FROM bound)
)
SELECT h.at, strftime('%H:%M', h.at, (SELECT z.offset_seconds FROM zone_offset AS z WHERE z.utc_from <= h.at || ':00.000Z'
                                      ORDER BY z.utc_from DESC LIMIT 1) || ' seconds') AS label
FROM half_hour AS h
UNION ALL
SELECT day, day FROM zone_offset WHERE day BETWEEN ?1 AND ?2 AND ?1 < ?2
GROUP BY day

-- name: report_keep
CREATE TEMP TABLE {answer} AS {query}

-- name: report_state
SELECT CASE WHEN count(complete_to) = 0 THEN 'bad' WHEN min(whole) THEN 'good' ELSE 'warn' END AS kind,
       CASE WHEN count(complete_to) = 0 THEN 'Nothing is read' WHEN min(whole) THEN 'Whole' ELSE 'Not whole' END AS word,
       CASE WHEN count(complete_to) = 0 THEN 'of these days: the page is empty.'
            WHEN min(whole) THEN 'Every stream that has these days has read all of them.'
            ELSE 'Figures of these days are too small: '
                 || group_concat(CASE WHEN NOT whole THEN stream || ' ' || day
                                      || coalesce(' (read until ' || substr(local_complete_to, 1, 16) || ')', ' (nothing read)') END,
                                 ', ') || '.' END AS text
FROM {answer} WHERE day IS NOT NULL
UNION ALL
SELECT CASE WHEN sum(state = 'settled') = count(*) THEN 'good' ELSE 'none' END,
       CASE WHEN sum(state = 'settled') = count(*) THEN 'Settled' ELSE 'Not settled' END,
       CASE WHEN sum(state = 'settled') = count(*) THEN 'The last look at these days is taken.'
            ELSE 'Genesys may still change '
                 || CASE WHEN min(day) = max(day) THEN 'this day'
                         ELSE count(DISTINCT CASE WHEN state <> 'settled' THEN day END) || ' of ' || count(DISTINCT day) || ' days' END
                 || '; later runs look again.' END
FROM {answer} WHERE day IS NOT NULL HAVING count(complete_to) > 0
UNION ALL
SELECT 'warn', 'Missing',
       group_concat(n.stream || ' (' || n.used_for || ')', ', ') || ': not read of these days.'
FROM (SELECT 'conversations' AS stream, 'all figures of queues' AS used_for
      UNION ALL SELECT 'adherence_historical', 'adherence'
      UNION ALL SELECT 'schedules', 'adherence by half-hour'
      UNION ALL SELECT 'user_status', 'agents'' time, occupancy'
      UNION ALL SELECT 'conversation_aggregate', 'the proof') AS n
WHERE EXISTS (SELECT 1 FROM {answer} WHERE complete_to IS NOT NULL)
AND n.stream NOT IN (SELECT stream FROM {answer} WHERE day IS NOT NULL)
HAVING count(*) > 0

-- name: report_adherence
SELECT coalesce(user_name, user_id) AS "Agent|x",
       group_concat(slot || ':' || (100.0 * max(0, 1 - 1.0 * exception / scheduled))) AS "Adherence by half-hour|S",
       100.0 * max(0, 1 - 1.0 * sum(exception) / sum(scheduled)) AS "Adherence|p", sum(scheduled) AS "Scheduled|t",
       sum(exception) AS "Out of adherence|t"
FROM (SELECT user_id, user_name, substr(half_hour, 12, 2) * 2 + (substr(half_hour, 15, 2) >= '30') AS slot,
             sum(scheduled_seconds) AS scheduled, sum(exception_seconds) AS exception
      FROM {answer} GROUP BY 1, 2, 3)
GROUP BY user_id HAVING sum(scheduled) > 0 ORDER BY 3, 1

-- name: report_streams
SELECT stream AS "Stream|x", sum(whole) AS "Days whole|n", sum(state = 'settled') AS "Settled|n", count(*) AS "Days|n",
       substr(max(local_complete_to), 1, 16) AS "Read until|d"
FROM {answer} WHERE day IS NOT NULL GROUP BY stream ORDER BY stream
