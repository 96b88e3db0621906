-- title: Queues by half-hour
-- description: Each queue's half-hours of business time, by media type, counted by the time the
--   metrics were emitted: offered, answered, abandoned (and short ones), flowed out, answered late,
--   service level, speed of answer, waiting and handling. service_level_percent is (answered -
--   answered late) / (answered + abandoned): the organization's switches for flow-outs and short
--   abandons are not applied. utc_start tells apart the two hours that the clock shows twice when
--   summer time ends.
-- param: from  first business day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  last business day, YYYY-MM-DD; default: the last day with data
-- param: queue  name or id of one queue; default: all
-- param: media  one media type, such as voice; default: all
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
bounds AS MATERIALIZED (
    SELECT (SELECT min(z.utc_from) FROM zone_offset AS z WHERE z.day >= a.first_day) AS utc_from,
           (SELECT max(z.utc_to) FROM zone_offset AS z WHERE z.day <= a.last_day) AS utc_to
    FROM asked AS a
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
    WHERE m.emit_date >= b.utc_from AND m.emit_date < b.utc_to
    AND m.name IN ('nOffered', 'tAnswered', 'tAbandon', 'tShortAbandon', 'tFlowOut',
                       'nOverSla', 'tWait', 'tHandle', 'nTransferred')
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
       count(*) FILTER (WHERE name = 'nOffered') AS offered,
       count(*) FILTER (WHERE name = 'tAnswered') AS answered,
       count(*) FILTER (WHERE name = 'tAbandon') AS abandoned,
       count(*) FILTER (WHERE name = 'tShortAbandon') AS short_abandoned,
       count(*) FILTER (WHERE name = 'tFlowOut') AS flow_out,
       count(*) FILTER (WHERE name = 'nOverSla') AS over_sla,
       round(100.0 * (count(*) FILTER (WHERE name = 'tAnswered')
                      - count(*) FILTER (WHERE name = 'nOverSla'))
             / nullif(count(*) FILTER (WHERE name IN ('tAnswered', 'tAbandon')), 0), 1)
           AS service_level_percent,
       round(avg(value) FILTER (WHERE name = 'tAnswered') / 1000.0, 1) AS avg_answer_seconds,
       round(avg(value) FILTER (WHERE name = 'tWait') / 1000.0, 1) AS avg_wait_seconds,
       count(*) FILTER (WHERE name = 'tHandle') AS handled,
       round(avg(value) FILTER (WHERE name = 'tHandle') / 1000.0, 1) AS avg_handle_seconds,
       count(*) FILTER (WHERE name = 'nTransferred') AS transferred
FROM placed
GROUP BY local_seconds - local_seconds % 1800, offset_seconds, queue_id, media_type
ORDER BY utc_start, queue_name, queue_id, media_type;
