-- title: Conversations by day
-- description: Conversations by business day of their start, media type of the first session that
--   has one, and direction: how many, how many are still open, were answered, abandoned or
--   transferred (at least once), how long they took and how long agents handled them. `whole` says
--   whether all of the day has been read. Figures of an interval (service level, handle time of a
--   half-hour) count metrics by the time they were emitted instead: see queue_interval.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
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
shown AS (
    SELECT d.day, d.whole
    FROM v_day AS d -- no join: beside one SQLite works out for each day anew which are whole
    WHERE d.day BETWEEN (SELECT first_day FROM asked) AND (SELECT last_day FROM asked)
    LIMIT -1 -- likewise
),
one AS (
    SELECT (SELECT z.day FROM zone_offset AS z
            WHERE z.utc_from <= c.conversation_start ORDER BY z.utc_from DESC LIMIT 1) AS day,
           (SELECT s.media_type FROM session AS s
            WHERE s.conversation_key = c.conversation_key AND s.media_type IS NOT NULL
            ORDER BY s.participant_no, s.session_no LIMIT 1) AS media_type,
           c.originating_direction AS direction,
           c.conversation_end IS NULL AS is_open,
           (strftime('%s', c.conversation_end) - strftime('%s', c.conversation_start))
               + (substr(c.conversation_end, 21, 3) - substr(c.conversation_start, 21, 3)) / 1000.0
               AS seconds,
           max(f.answered > 0) AS answered, max(f.abandoned > 0) AS abandoned,
           max(f.transferred > 0) AS transferred, sum(f.handle_ms) AS handle_ms, sum(f.handled) AS handled
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= b.utc_from AND c.conversation_start < b.utc_to
    LEFT JOIN interval_figure AS f ON f.conversation_key = c.conversation_key
    GROUP BY c.conversation_key
)
SELECT o.day, o.media_type, o.direction,
       count(*) AS conversations,
       sum(o.is_open) AS open,
       coalesce(sum(o.answered), 0) AS answered,
       coalesce(sum(o.abandoned), 0) AS abandoned,
       coalesce(sum(o.transferred), 0) AS transferred,
       round(avg(o.seconds), 1) AS avg_duration_seconds,
       round(sum(o.handle_ms) / 1000.0 / sum(o.handled), 1) AS avg_handle_seconds,
       d.whole
FROM one AS o
JOIN shown AS d ON d.day = o.day
GROUP BY o.day, o.media_type, o.direction
ORDER BY o.day, o.media_type, o.direction;
