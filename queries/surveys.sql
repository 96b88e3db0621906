-- title: Surveys
-- description: Customer surveys by queue and business day of the conversation's start: how many
--   went out, were finished and refused, the score (percent) over those that have one, and the net
--   promoter score: promoters (9, 10) less detractors (0 to 6) as a share of the answers. Scores
--   are those of survey_detail, else of the conversation's record.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
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
sent AS (
    SELECT (SELECT z.day FROM zone_offset AS z
            WHERE z.utc_from <= c.conversation_start ORDER BY z.utc_from DESC LIMIT 1) AS day,
           coalesce(s.queue_id, d.queue_id) AS queue_id, coalesce(d.status, s.survey_status) AS status,
           coalesce(d.answers_total_score, s.o_survey_total_score) AS score,
           coalesce(d.answers_nps_score, s.survey_promoter_score) AS answer
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= b.utc_from AND c.conversation_start < b.utc_to
    CROSS JOIN survey AS s ON s.conversation_key = c.conversation_key
    LEFT JOIN survey_detail AS d ON d.survey_id = s.survey_id
)
SELECT s.day, s.queue_id, q.name AS queue_name, count(*) AS surveys,
       count(CASE WHEN s.status = 'Finished' THEN 1 END) AS finished,
       count(CASE WHEN s.status = 'OptOut' THEN 1 END) AS refused,
       100.0 * count(CASE WHEN s.status = 'Finished' THEN 1 END) / count(*) AS finished_percent,
       count(s.score) AS scored, sum(s.score) AS score_sum, avg(s.score) AS avg_score,
       count(CASE WHEN s.answer >= 9 THEN 1 END) AS promoters,
       count(CASE WHEN s.answer BETWEEN 7 AND 8 THEN 1 END) AS passives,
       count(CASE WHEN s.answer <= 6 THEN 1 END) AS detractors,
       100.0 * (count(CASE WHEN s.answer >= 9 THEN 1 END) - count(CASE WHEN s.answer <= 6 THEN 1 END))
           / nullif(count(s.answer), 0) AS net_promoter_score
FROM sent AS s
LEFT JOIN queue AS q ON q.queue_id = s.queue_id
WHERE nullif(:queue, '') IS NULL OR s.queue_id = nullif(:queue, '') OR q.name = nullif(:queue, '') COLLATE NOCASE
GROUP BY s.day, s.queue_id
ORDER BY s.day, queue_name, s.queue_id;
