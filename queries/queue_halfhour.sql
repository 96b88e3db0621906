-- title: Queues by half-hour
-- description: Each queue's half-hours of business time, by media type of the session, counted by
--   the time the metrics were emitted: offered, answered, abandoned (and short ones), flowed out,
--   answered late, service level, speed of answer and handling. service_level_percent is (answered -
--   answered late) / (answered + abandoned): the organization's switches for flow-outs and short
--   abandons are not applied. utc_start tells apart the two hours that the clock shows twice when
--   summer time ends. `whole` says whether all of that day has been read.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day before
--   the first whole one
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day with such data
-- param: queue  [queue] name or id of one queue; default: all
-- param: media  [media] one media type of the session, such as voice; default: all
WITH newest AS (
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(conversation_start), '-1 day') AS utc
    FROM conversation
),
last_day AS (
    SELECT z.day FROM newest AS n CROSS JOIN zone_offset AS z
    WHERE z.utc_from <= coalesce(
        CASE WHEN :to IS NOT NULL THEN '9999' END, -- nothing is looked up
        (SELECT max(m.emit_date) FROM conversation AS c
         CROSS JOIN session_metric AS m ON m.conversation_key = c.conversation_key
         WHERE (c.conversation_end IS NULL OR c.conversation_end >= n.utc)
         AND m.emit_date >= n.utc AND m.name IN (
             'nOffered', 'tAnswered', 'tAbandon', 'tShortAbandon', 'tFlowOut', 'nOverSla',
             'tHandle', 'nTransferred')),
        (SELECT max(m.emit_date) FROM session_metric AS m WHERE m.name IN (
             'nOffered', 'tAnswered', 'tAbandon', 'tShortAbandon', 'tFlowOut', 'nOverSla',
             'tHandle', 'nTransferred')),
        n.utc)
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
    LIMIT -1 -- likewise
),
metric AS (
    SELECT m.*
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start < b.utc_to
        AND (c.conversation_end IS NULL
             OR c.conversation_end >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-31 days'))
    CROSS JOIN v_metric AS m ON m.conversation_id = c.conversation_id
    WHERE m.name IN ('nOffered', 'tAnswered', 'tAbandon', 'tShortAbandon', 'tFlowOut', 'nOverSla',
                     'tHandle', 'nTransferred')
    AND m.emit_date >= b.utc_from AND m.emit_date < b.utc_to
    AND m.queue_id IS NOT NULL
    AND (:queue IS NULL OR m.queue_id = :queue OR m.queue_name = :queue COLLATE NOCASE)
    AND (:media IS NULL OR m.media_type = :media)
)
SELECT half_hour, utc_start, queue_id, queue_name, media_type,
       count(CASE WHEN name = 'nOffered' THEN 1 END) AS offered,
       count(CASE WHEN name = 'tAnswered' THEN 1 END) AS answered,
       count(CASE WHEN name = 'tAbandon' THEN 1 END) AS abandoned,
       count(CASE WHEN name = 'tShortAbandon' THEN 1 END) AS short_abandoned,
       count(CASE WHEN name = 'tFlowOut' THEN 1 END) AS flow_out,
       count(CASE WHEN name = 'nOverSla' THEN 1 END) AS over_sla,
       round(100.0 * (count(CASE WHEN name = 'tAnswered' THEN 1 END)
                      - count(CASE WHEN name = 'nOverSla' THEN 1 END))
             / nullif(count(CASE WHEN name IN ('tAnswered', 'tAbandon') THEN 1 END), 0), 1)
           AS service_level_percent,
       round(avg(CASE WHEN name = 'tAnswered' THEN value END) / 1000.0, 1) AS avg_answer_seconds,
       count(CASE WHEN name = 'tHandle' THEN 1 END) AS handled,
       round(avg(CASE WHEN name = 'tHandle' THEN value END) / 1000.0, 1) AS avg_handle_seconds,
       count(CASE WHEN name = 'nTransferred' THEN 1 END) AS transferred,
       whole
FROM metric
GROUP BY utc_start, queue_id, media_type
ORDER BY utc_start, queue_name, queue_id, media_type;
