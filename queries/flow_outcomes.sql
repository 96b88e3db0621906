-- title: Outcomes of flows
-- description: What flows reached, by business day of the conversation's start: how often an
--   outcome was begun, reached (SUCCESS) and missed (FAILURE), reached as a share of these two,
--   and how long it took. Names are those of today, else of then.
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
ended AS (
    SELECT (SELECT z.day FROM zone_offset AS z
            WHERE z.utc_from <= c.conversation_start ORDER BY z.utc_from DESC LIMIT 1) AS day,
           s.flow_id, s.flow_name, o.flow_outcome_id, o.flow_outcome, o.flow_outcome_value,
           julianday(o.flow_outcome_end_timestamp) - julianday(o.flow_outcome_start_timestamp) AS days
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= b.utc_from AND c.conversation_start < b.utc_to
    CROSS JOIN flow_outcome AS o ON o.conversation_key = c.conversation_key
    LEFT JOIN session_flow AS s USING (conversation_key, participant_no, session_no)
)
SELECT e.day, e.flow_id, coalesce(f.name, max(e.flow_name)) AS flow_name, e.flow_outcome_id,
       coalesce(d.name, max(e.flow_outcome)) AS flow_outcome, count(*) AS outcomes,
       count(CASE WHEN e.flow_outcome_value = 'SUCCESS' THEN 1 END) AS reached,
       count(CASE WHEN e.flow_outcome_value = 'FAILURE' THEN 1 END) AS missed,
       100.0 * count(CASE WHEN e.flow_outcome_value = 'SUCCESS' THEN 1 END)
           / nullif(count(CASE WHEN e.flow_outcome_value IN ('SUCCESS', 'FAILURE') THEN 1 END), 0)
           AS reached_percent,
       round(avg(e.days) * 86400, 3) AS avg_outcome_seconds
FROM ended AS e
LEFT JOIN flow AS f ON f.flow_id = e.flow_id
LEFT JOIN flow_outcome_definition AS d ON d.flow_outcome_definition_id = e.flow_outcome_id
GROUP BY e.day, e.flow_id, e.flow_outcome_id
ORDER BY e.day, flow_name, e.flow_id, flow_outcome, e.flow_outcome_id;
