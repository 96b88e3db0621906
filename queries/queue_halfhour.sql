-- title: Queues by half-hour
-- description: Each queue's half-hours of business time, by media type, counted by the time the
--   metrics were emitted: offered, answered, abandoned (and short ones), flowed out, answered late,
--   service level, speed of answer and handling. service_level_percent is (answered -
--   answered late) / (answered + abandoned): the organization's switches for flow-outs and short
--   abandons are not applied. utc_start tells apart the two hours that the clock shows twice when
--   summer time ends.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day with data
-- param: queue  [queue] name or id of one queue; default: all
-- param: media  [media] one media type, such as voice; default: all
WITH last_day AS (
    SELECT z.day FROM zone_offset AS z
    WHERE z.utc_from <= (SELECT max(conversation_start) FROM conversation)
    ORDER BY z.utc_from DESC LIMIT 1
),
asked AS (
    SELECT coalesce(:from, date(coalesce(:to, day), '-7 days')) AS first_day,
           coalesce(:to, day) AS last_day
    FROM last_day
),
bounds AS (
    SELECT (SELECT min(z.utc_from) FROM zone_offset AS z WHERE z.day >= a.first_day) AS utc_from,
           (SELECT max(z.utc_to) FROM zone_offset AS z WHERE z.day <= a.last_day) AS utc_to
    FROM asked AS a
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
metric AS (
    SELECT m.emit_date, m.name, m.value, s.media_type,
           (SELECT g.queue_id FROM segment AS g
            WHERE g.conversation_key = m.conversation_key
            AND g.participant_no = m.participant_no AND g.session_no = m.session_no
            AND g.queue_id IS NOT NULL
            ORDER BY g.segment_no DESC LIMIT 1) AS queue_id
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start < b.utc_to
        AND (c.conversation_end IS NULL
             OR c.conversation_end >= strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from, '-31 days'))
    CROSS JOIN session_metric AS m ON m.conversation_key = c.conversation_key
    JOIN session AS s USING (conversation_key, participant_no, session_no)
    WHERE m.name IN ('nOffered', 'tAnswered', 'tAbandon', 'tShortAbandon', 'tFlowOut',
                         'nOverSla', 'tHandle', 'nTransferred')
    AND m.emit_date >= b.utc_from AND m.emit_date < b.utc_to
),
placed AS (
    SELECT m.*, q.name AS queue_name,
           CAST(strftime('%s', m.emit_date) AS INTEGER) + z.offset_seconds AS local_seconds,
           z.offset_seconds
    FROM metric AS m
    JOIN zone_offset AS z ON z.utc_from = (SELECT max(y.utc_from) FROM zone_offset AS y
                                           WHERE y.utc_from <= m.emit_date)
    LEFT JOIN queue AS q ON q.queue_id = m.queue_id
    WHERE m.queue_id IS NOT NULL
    AND (:queue IS NULL OR m.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
    AND (:media IS NULL OR m.media_type = :media)
)
SELECT strftime('%Y-%m-%d %H:%M', local_seconds - local_seconds % 1800, 'unixepoch') AS half_hour,
       strftime('%Y-%m-%dT%H:%M:%SZ', local_seconds - local_seconds % 1800 - offset_seconds,
                'unixepoch') AS utc_start,
       queue_id, queue_name, media_type,
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
       count(CASE WHEN name = 'nTransferred' THEN 1 END) AS transferred
FROM placed
GROUP BY local_seconds - local_seconds % 1800, offset_seconds, queue_id, media_type
ORDER BY utc_start, queue_name, queue_id, media_type;
