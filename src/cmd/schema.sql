-- What `rollcall schema` asks of the table temp.dictionary (io/embedded.h).

-- name: schema_names
-- All of them.
SELECT relation FROM dictionary WHERE position = 0

-- name: schema_list
-- All of them by name, each with the first sentence of what is said of it.
SELECT
    relation AS name, kind,
    substr(description, 1, coalesce(nullif(instr(description, '. '), 0), length(description))) AS description
FROM dictionary WHERE position = 0 ORDER BY name

-- name: schema_columns
-- The columns of the relation ?1.
SELECT name, type, unit, description FROM dictionary WHERE relation = ?1 AND position > 0 ORDER BY position

-- name: schema_document
-- The relation ?1, NULL: all, as JSON.
SELECT json_group_array(json(document)) FROM (
    SELECT json_object('name', relation, 'kind', kind, 'description', description, 'columns', (
        SELECT json_group_array(json_object('name', name, 'type', type, 'unit', unit, 'description', description))
        FROM (SELECT * FROM dictionary AS c
              WHERE c.relation = d.relation AND position > 0 ORDER BY position))) AS document
    FROM dictionary AS d WHERE position = 0 AND (?1 IS NULL OR relation = ?1) ORDER BY relation)
