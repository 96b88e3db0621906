-- What a snapshot with its views as tables asks (out/out.h), of the copy that is attached as "copy".

-- name: snapshot_views
-- Our views, by ?1, what drops them; those that others are made of last.
SELECT name FROM copy.sqlite_master
WHERE type = 'view' AND instr(?1, ' ' || name || ';') > 0
ORDER BY instr(?1, ' ' || name || ';')

-- name: snapshot_types
-- The statement that says what the columns of the view ?1 hold, a digit each: 0 nothing, 1 integers,
-- 2 reals, 3 texts.
SELECT 'SELECT '
    || group_concat(printf('ifnull(max(CASE typeof("%w") WHEN ''text'' THEN 3 WHEN ''real'' THEN 2 '
                           || 'WHEN ''integer'' THEN 1 ELSE 0 END), 0)', name), ' || ')
    || printf(' FROM copy."%w"', ?1)
FROM (SELECT name FROM pragma_table_info(?1, 'copy') ORDER BY cid)

-- name: snapshot_make
-- The statements that make the view ?1 a table beside it; a column's type is the declared one (BLOB,
-- NUM and INT are what SQLite from 3.41 on says where none is), else by what it holds (?2, a digit a
-- column as snapshot_types has them), else by its name.
SELECT printf('CREATE TABLE copy."%w=" (%s); INSERT INTO copy."%w=" SELECT * FROM copy."%w"', ?1,
              group_concat(printf('"%w" %s', name, CASE
                  WHEN type NOT IN ('', 'BLOB', 'NUM', 'INT') THEN replace(type, 'INTEGER', 'BIGINT')
                  WHEN substr(?2, cid + 1, 1) = '3' THEN 'TEXT'
                  WHEN substr(?2, cid + 1, 1) = '2' OR name LIKE '%@_seconds' ESCAPE '@' THEN 'REAL'
                  WHEN substr(?2, cid + 1, 1) = '1' OR name LIKE '%@_ms' ESCAPE '@' THEN 'BIGINT'
                  ELSE 'TEXT' END), ', '), ?1, ?1)
FROM (SELECT * FROM pragma_table_info(?1, 'copy') ORDER BY cid)

-- name: snapshot_replace
-- The statements that put that table in the view's place.
SELECT printf('DROP VIEW copy."%w"; ALTER TABLE copy."%w=" RENAME TO "%w"', ?1, ?1, ?1)
