-- How a file of the schema before the baseline is brought over to it. The statements that change the
-- file are written by these, one a row: names come from the file.

-- name: convert_keep
-- Views, triggers and indexes of the file; some may be the owner's.
CREATE TEMP TABLE convert_kept AS
SELECT name, sql FROM main.sqlite_master
WHERE type IN ('view', 'trigger', 'index') AND sql IS NOT NULL
ORDER BY type, name

-- name: convert_aside
-- Out of the way with what is there; triggers first, some go with their views.
SELECT statement FROM (
    SELECT type <> 'trigger' AS step, printf('DROP %s "%w"', type, name) AS statement
    FROM main.sqlite_master WHERE type IN ('view', 'trigger', 'index') AND sql IS NOT NULL
    UNION ALL
    SELECT 2, printf('ALTER TABLE "%w" RENAME TO "old_%w"', name, name)
    FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite@_%' ESCAPE '@')
ORDER BY step

-- name: convert_copy
-- The columns that both have; a table that is not ours gets its name back. Table by table, so that
-- the file grows by one table, not by all.
SELECT CASE WHEN today.name IS NULL THEN printf('ALTER TABLE "%w" RENAME TO "%w"', old.old, old.name)
       ELSE (
           SELECT printf('INSERT INTO "%w" (%s) SELECT %s FROM "%w"; DROP TABLE "%w"', old.name,
                         columns.list, columns.list, old.old, old.old)
           FROM (SELECT group_concat(printf('"%w"', n.name), ', ') AS list
                 FROM pragma_table_info(old.name) AS n
                 JOIN pragma_table_info(old.old) AS o ON o.name = n.name) AS columns)
       END
FROM (SELECT name AS old, substr(name, 5) AS name
      FROM main.sqlite_master WHERE type = 'table' AND name LIKE 'old@_%' ESCAPE '@') AS old
LEFT JOIN main.sqlite_master AS today ON today.type = 'table' AND today.name = old.name
ORDER BY old.name

-- name: convert_again
-- What is not ours, made again.
SELECT sql FROM temp.convert_kept
WHERE name NOT IN (SELECT name FROM main.sqlite_master) ORDER BY rowid
