-- title: Flows
-- description: How Architect flows were left, by business day of the conversation's start: how
--   often each ran (entries), in how many conversations, how often it was left for that reason,
--   its share of the day's runs of the flow, and how long it took (tFlow). flow_name is the name
--   of today, else that of then.
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
ran AS (
    SELECT (SELECT z.day FROM zone_offset AS z
            WHERE z.utc_from <= c.conversation_start ORDER BY z.utc_from DESC LIMIT 1) AS day,
           c.conversation_key, s.flow_id, s.flow_name, s.flow_type, s.exit_reason,
           (SELECT sum(m.value) FROM session_metric AS m
            WHERE m.conversation_key = s.conversation_key AND m.participant_no = s.participant_no
            AND m.session_no = s.session_no AND m.name = 'tFlow') AS ms
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= b.utc_from AND c.conversation_start < b.utc_to
    CROSS JOIN session_flow AS s ON s.conversation_key = c.conversation_key
)
SELECT r.day, r.flow_id, coalesce(f.name, max(r.flow_name)) AS flow_name, r.flow_type, r.exit_reason,
       count(*) AS entries, count(DISTINCT r.conversation_key) AS conversations,
       100.0 * count(*) / sum(count(*)) OVER (PARTITION BY r.day, r.flow_id, r.flow_type) AS percent,
       avg(r.ms) / 1000.0 AS avg_flow_seconds
FROM ran AS r
LEFT JOIN flow AS f ON f.flow_id = r.flow_id
GROUP BY r.day, r.flow_id, r.flow_type, r.exit_reason
ORDER BY r.day, flow_name, r.flow_id, r.flow_type, entries DESC, r.exit_reason;
