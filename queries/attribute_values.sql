-- title: Values of attributes
-- description: The values that participants' attributes had in the conversations that began in the
--   range: in how many of them each one stood, and its share of those that have the attribute
--   (participants may differ, so that the shares may be more than 100 in all). cut: in how many it
--   has the 1,024 characters at which the API cuts.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: name  [attribute] one attribute, by its key; default: all
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
held AS (
    SELECT t.name, t.value, c.conversation_key
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= b.utc_from AND c.conversation_start < b.utc_to
    CROSS JOIN participant_attribute AS t ON t.conversation_key = c.conversation_key
    WHERE nullif(:name, '') IS NULL OR t.name = nullif(:name, '')
)
SELECT h.name, h.value, h.conversations, 100.0 * h.conversations / t.conversations AS percent,
       CASE WHEN length(h.value) = 1024 THEN h.conversations ELSE 0 END AS cut
FROM (SELECT name, value, count(DISTINCT conversation_key) AS conversations FROM held GROUP BY name, value) AS h
JOIN (SELECT name, count(DISTINCT conversation_key) AS conversations FROM held GROUP BY name) AS t
    ON t.name = h.name
ORDER BY h.name, h.conversations DESC, h.value;
