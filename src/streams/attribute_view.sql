-- The view v_conversation_attribute (streams/attribute_view.c).

-- name: attribute_view_columns
CREATE TEMP TABLE IF NOT EXISTS attribute_column (
    no INTEGER PRIMARY KEY, name TEXT NOT NULL, label TEXT NOT NULL COLLATE NOCASE UNIQUE);
DELETE FROM temp.attribute_column;

-- The key ?1 as a column, by a name that none has yet, however it is cased: `_2` and so on is put
-- behind it.
-- name: attribute_view_column
WITH RECURSIVE candidate (n, label) AS (
    SELECT 1, ?1
    UNION ALL
    SELECT n + 1, ?1 || '_' || (n + 1) FROM candidate AS c
    WHERE label = 'conversation_id' COLLATE NOCASE
        OR EXISTS (SELECT 1 FROM temp.attribute_column AS a WHERE a.label = c.label)
)
INSERT INTO temp.attribute_column (name, label)
SELECT ?1, label FROM candidate ORDER BY n DESC LIMIT 1

-- The statement that makes it; NULL: there are no columns. The best value of a key is the least of
-- those that begin with a customer's 0 and the participant's place, ten characters.
-- name: attribute_view_text
SELECT 'CREATE VIEW v_conversation_attribute AS -- [conversations] attribute_columns
SELECT conversation_id' || group_concat(printf(',
    substr(min(CASE name WHEN %Q THEN ranked END), 11) AS "%w"', name, label), '') || '
FROM (
    SELECT c.conversation_id, a.name,
        (p.purpose IS NOT ''customer'') || substr(''00000000'' || p.participant_no, -9) || a.value AS ranked
    FROM conversation AS c
    LEFT JOIN participant AS p ON p.conversation_key = c.conversation_key
    LEFT JOIN participant_attribute AS a
        ON a.conversation_key = p.conversation_key AND a.participant_no = p.participant_no
)
GROUP BY conversation_id'
FROM (SELECT * FROM temp.attribute_column ORDER BY no)

-- A row if the file has it as ?1 says; where that is NULL, if it has none that was made so.
-- name: attribute_view_stands
SELECT 1 WHERE ?1 IS NULL <> EXISTS (
    SELECT 1 FROM sqlite_master
    WHERE name = 'v_conversation_attribute' AND sql GLOB '*AS -- ?conversations] attribute_columns*'
    AND (?1 IS NULL OR sql = ?1))

-- name: attribute_view_drop
DROP VIEW IF EXISTS v_conversation_attribute
