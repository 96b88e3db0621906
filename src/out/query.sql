-- name: query_known
-- All that a parameter of type ?1 can be, the words of a choice in their order; with ?2 what is called so: as it is spelt, else in
-- any case.
SELECT name FROM (
    SELECT name, 0 AS place FROM queue WHERE ?1 = 'queue'
    UNION SELECT queue_id, 0 FROM queue WHERE ?1 = 'queue'
    UNION SELECT name, 0 FROM user WHERE ?1 = 'agent'
    UNION SELECT user_id, 0 FROM user WHERE ?1 = 'agent'
    UNION SELECT stream, 0 FROM extract_window WHERE ?1 = 'stream'
    UNION SELECT name, 0 FROM attribute_key WHERE ?1 = 'attribute'
    UNION SELECT column1, 0 FROM (VALUES
        ('callback'), ('chat'), ('cobrowse'), ('email'), ('internalmessage'), ('message'),
        ('screenmonitoring'), ('screenshare'), ('unknown'), ('video'), ('voice'))
    WHERE ?1 = 'media'
    UNION SELECT value, key FROM json_each('["' || replace(substr(?1, length('choice ') + 1), '|', '","') || '"]')
    WHERE ?1 LIKE 'choice %'
)
WHERE name IS NOT NULL AND (?2 IS NULL OR name = ?2 COLLATE NOCASE)
ORDER BY name IS NOT ?2, place, name

-- name: query_recorded
-- A row when records name ?2, a value of type ?1, by its id; what is no id is looked for in kept tables alone.
SELECT 1 WHERE EXISTS (SELECT 1 FROM queue_visit WHERE ?1 = 'queue' AND queue_id = ?2)
    OR EXISTS (SELECT 1 FROM agent_leg
               WHERE (?1 = 'queue' AND queue_id = ?2) OR (?1 = 'agent' AND user_id = ?2))
    OR EXISTS (SELECT 1 FROM adherence_state WHERE ?1 = 'agent' AND user_id = ?2)
    OR (length(?2) = 36 AND (
        EXISTS (SELECT 1 FROM segment WHERE ?1 = 'queue' AND queue_id = ?2)
        OR EXISTS (SELECT 1 FROM participant WHERE ?1 = 'agent' AND user_id = ?2)))

-- name: query_range
-- The days of a range whose first is ?1 and whose last is ?2, as far as these are given.
SELECT coalesce(?1, max(date(coalesce(?2, r.last_day), '-7 days'),
                        CASE WHEN r.first_day <= coalesce(?2, r.last_day) THEN r.first_day ELSE '' END)),
       coalesce(?2, r.last_day)
FROM v_range AS r
