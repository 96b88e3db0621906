-- title: Conversations by day
-- description: Conversations by business day of their start, media type of the first session that
--   has one, and direction: how many, how many are still open, were answered, abandoned or transferred (at least once), how long they
--   took and how long agents handled them. `whole` says whether all of the day has been read.
--   Figures of an interval (service level, handle time of a half-hour) count metrics by the time
--   they were emitted instead: see queue_halfhour.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day before
--   the first whole one
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day on which one began
WITH last_day AS (
    SELECT z.day FROM zone_offset AS z
    WHERE z.utc_from <= (SELECT max(conversation_start) FROM conversation)
    ORDER BY z.utc_from DESC LIMIT 1
),
asked AS (
    SELECT coalesce(:from, max(date(coalesce(:to, l.day), '-7 days'),
                               coalesce((SELECT min(f.day) FROM freshness AS f
                                         WHERE f.stream = 'conversations' AND f.whole
                                         AND f.day <= coalesce(:to, l.day)), ''))) AS first_day,
           coalesce(:to, l.day) AS last_day
    FROM last_day AS l
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
bounds AS (
    SELECT (SELECT min(z.utc_from) FROM zone_offset AS z WHERE z.day >= a.first_day) AS utc_from,
           (SELECT max(z.utc_to) FROM zone_offset AS z WHERE z.day <= a.last_day) AS utc_to
    FROM asked AS a
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
one AS (
    SELECT (SELECT z.day FROM zone_offset AS z WHERE z.utc_from <= c.conversation_start
            ORDER BY z.utc_from DESC LIMIT 1) AS day,
           (SELECT s.media_type FROM session AS s
            WHERE s.conversation_key = c.conversation_key AND s.media_type IS NOT NULL
            ORDER BY s.participant_no, s.session_no LIMIT 1) AS media_type,
           c.originating_direction AS direction,
           c.conversation_end IS NULL AS is_open,
           (strftime('%s', c.conversation_end) - strftime('%s', c.conversation_start))
               + (substr(c.conversation_end, 21, 3) - substr(c.conversation_start, 21, 3)) / 1000.0
               AS seconds,
           max(m.name = 'tAnswered') AS answered,
           max(m.name = 'tAbandon') AS abandoned,
           max(m.name = 'nTransferred') AS transferred,
           sum(CASE WHEN m.name = 'tHandle' THEN m.value END) AS handle_ms,
           count(CASE WHEN m.name = 'tHandle' THEN m.value END) AS handled
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= b.utc_from AND c.conversation_start < b.utc_to
    LEFT JOIN session_metric AS m ON m.conversation_key = c.conversation_key
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
       coalesce(f.whole, 0) AS whole
FROM one AS o
LEFT JOIN freshness AS f ON f.stream = 'conversations' AND f.day = o.day
GROUP BY o.day, o.media_type, o.direction
ORDER BY o.day, o.media_type, o.direction;
