-- title: Evaluations
-- description: Quality evaluations by queue, form and business day of the conversation's start:
--   how many there are (deleted ones left out), finished, released to the agent, how many
--   different agents they are of, and the scores (percent) over those that have one. Scores are
--   those of evaluation_detail, else of the conversation's record.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
-- param: agent  [agent] name or id of the agent evaluated; default: all
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
made AS (
    SELECT (SELECT z.day FROM zone_offset AS z
            WHERE z.utc_from <= c.conversation_start ORDER BY z.utc_from DESC LIMIT 1) AS day,
           coalesce(e.queue_id, d.queue_id) AS queue_id, coalesce(e.user_id, d.agent_id) AS user_id,
           coalesce(d.evaluation_form_name, e.form_name) AS form_name, e.released,
           replace(upper(coalesce(d.status, e.evaluation_status)), '_', '') AS status,
           coalesce(d.answers_total_score, e.o_total_score) AS score,
           coalesce(d.answers_total_critical_score, e.o_total_critical_score) AS critical_score
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= b.utc_from AND c.conversation_start < b.utc_to
    CROSS JOIN evaluation AS e ON e.conversation_key = c.conversation_key
    LEFT JOIN evaluation_detail AS d ON d.evaluation_id = e.evaluation_id
    WHERE coalesce(e.deleted, 0) = 0
)
SELECT m.day, m.queue_id, q.name AS queue_name, m.form_name, count(*) AS evaluations,
       count(CASE WHEN m.status = 'FINISHED' THEN 1 END) AS finished,
       coalesce(sum(m.released), 0) AS released, count(DISTINCT m.user_id) AS agents,
       count(m.score) AS scored, sum(m.score) AS score_sum, avg(m.score) AS avg_score,
       min(m.score) AS lowest_score, avg(m.critical_score) AS avg_critical_score
FROM made AS m
LEFT JOIN queue AS q ON q.queue_id = m.queue_id
LEFT JOIN user AS u ON u.user_id = m.user_id
WHERE (nullif(:queue, '') IS NULL OR m.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
AND (nullif(:agent, '') IS NULL OR m.user_id = :agent OR u.name = :agent COLLATE NOCASE)
GROUP BY m.day, m.queue_id, m.form_name
ORDER BY m.day, queue_name, m.queue_id, m.form_name;
