-- What an export asks (out/out.h).

-- name: export_names
-- The tables and views of the file; how many.
SELECT name, count(*) OVER () FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite@_%' ESCAPE '@'

-- name: export_relations
-- The tables and views of the file; what they are: views (1), ours (2: views, by ?1, what drops
-- them, and the offsets of the business time zone), named as a file can be everywhere, on Windows shares too, and is nowhere else (4); how many.
SELECT
    name,
    (type = 'view') + 2 * (instr(?1, ' ' || name || ';') > 0 OR name = 'zone_offset')
        + 4 * (length(name) BETWEEN 1 AND 200 AND name NOT GLOB '.*' AND name NOT GLOB
               '*["*/:<>?\|' || char(1) || '-' || char(31) || char(127) || ']*'),
    count(*) OVER ()
FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite@_%' ESCAPE '@'
ORDER BY name

-- name: export_statement
-- The statement that reads the table or view ?1. Its ?1 is the instant from which on rows are
-- wanted, NULL for all (the third column says whether it takes one); or, where the second column
-- says so, it is to be run for some conversations after the others, so that little has to be sorted:
-- those behind the id ?1, up to ?2, and its ?3 is the instant. The fourth column reads what an owner's
-- view, none of those that ?2 drops, has of no conversation that is stored.
-- NULL where nothing is left to read.
-- Rows come in the order of API ids and ordinals, which an index has: CROSS JOIN fixes the order of
-- the loops (ids outside, the child's primary key inside), the plus keeps the index on the start out
-- of it. Columns of ours (row_*, the integer key) and BLOBs stay inside (not by the type of a view's
-- column: SQLite from 3.41 on says BLOB where it knows none); a child's conversation_key is
-- replaced by conversation_id.
WITH
col AS (SELECT cid, name, type, pk FROM pragma_table_info(?1, 'main')),
relation AS (
    SELECT
        ?1 AS relation,
        (SELECT type = 'view' FROM sqlite_master WHERE name = ?1) AS is_view,
        sum(name = 'conversation_id') > 0 AS has_id,
        sum(name = 'conversation_key') > 0 AND sum(name = 'conversation_id') = 0 AS is_child,
        min(CASE WHEN name IN ('conversation_start', 'state_start', 'interval_start') THEN name END)
            AS start
    FROM col
),
field AS (
    SELECT
        col.*, relation.*,
        CASE
            WHEN name = 'conversation_key' AND is_child THEN 'c."conversation_id"'
            WHEN name = 'conversation_key' THEN 't."conversation_id"'
            ELSE printf('t."%w"', name)
        END AS reference
    FROM col CROSS JOIN relation
),
given AS (
    SELECT group_concat(reference, ', ') AS list FROM (
        SELECT reference FROM field
        WHERE (type <> 'BLOB' OR is_view) AND name NOT LIKE 'row@_%' ESCAPE '@'
        AND (name <> 'conversation_key' OR is_child)
        ORDER BY cid)
),
ordered AS (
    SELECT group_concat(reference, ', ') AS list FROM (
        SELECT reference FROM field
        WHERE CASE
            WHEN is_view AND has_id
                THEN name = 'conversation_id' OR name LIKE '%@_no' ESCAPE '@'
            WHEN is_view THEN 1
            ELSE pk > 0
        END
        ORDER BY pk, is_view AND has_id AND name <> 'conversation_id', cid)
),
reading AS (
    SELECT
        'SELECT ' || given.list || ' FROM '
        || iif(is_child, 'main.conversation AS c CROSS JOIN ', '')
        || printf('main."%w" AS t', relation)
        || iif(is_child, ' ON t.conversation_key = c.conversation_key', '') AS head,
        coalesce(' ORDER BY ' || ordered.list, '') AS tail,
        ' EXISTS (SELECT 1 FROM main.conversation AS s WHERE s.conversation_id = t.conversation_id'
            AS is_known,
        is_view AND has_id AS by_id
    FROM relation CROSS JOIN given CROSS JOIN ordered
)
SELECT
    head
    || CASE
        WHEN by_id THEN
            ' WHERE t.conversation_id > ?1 AND t.conversation_id <= ?2 AND' || is_known
            || ' AND (?3 IS NULL OR s.conversation_start >= ?3))'
        WHEN is_child THEN ' WHERE ?1 IS NULL OR +c.conversation_start >= ?1'
        WHEN start IS NOT NULL THEN printf(' WHERE ?1 IS NULL OR +t."%w" >= ?1', start)
        ELSE ''
    END
    || tail,
    by_id,
    NOT by_id AND (is_child OR start IS NOT NULL),
    CASE WHEN by_id AND instr(?2, ' ' || relation || ';') = 0
        THEN head || ' WHERE NOT' || is_known || ')' || tail END
FROM relation CROSS JOIN reading

-- name: export_ids
-- The last of the next thousand conversations behind ?1; NULL: there are no more.
SELECT max(conversation_id) FROM (
    SELECT conversation_id FROM conversation WHERE conversation_id > ?1
    ORDER BY conversation_id LIMIT 1000)

-- name: export_file
-- The files written so far.
CREATE TEMP TABLE export_file (relation TEXT, file TEXT, row_count INTEGER, bytes INTEGER, hash TEXT)

-- name: export_file_add
INSERT INTO export_file VALUES (?1, ?2, ?3, ?4, ?5)

-- name: export_listing
-- For people; ?1: the directory.
SELECT ?1 || '/' || file AS file, row_count AS rows, bytes FROM export_file ORDER BY rowid

-- name: export_manifest
-- ?1: the program; ?2: the first day asked for, NULL: everything; ?3, ?4: the time zone
-- and the first day that are configured. whole_to: the stream is read
-- without a hole up to this instant; whole_to_day: the last business day of those that are whole one
-- after another from first_day on.
SELECT json_object(
    'program', ?1,
    'schema_version', schema_version,
    'run', json((SELECT json_object('run_id', run_id, 'started_at', started_at, 'ended_at', ended_at,
                                    'planned_until', planned_until, 'exit_name', exit_name)
                 FROM status_run WHERE run_id = last_run_id)),
    'since', ?2,
    'time_zone', coalesce((SELECT zone FROM zone_offset LIMIT 1), ?3), -- the file's own
    'start', ?4,
    'streams', (SELECT json_group_array(json_object(
        'stream', stream, 'whole_to', complete_to, 'first_day', first_day,
        'whole_to_day', whole_to_day)) FROM (SELECT * FROM status_stream ORDER BY stream_no)),
    'files', (SELECT json_group_array(json_object(
        'name', relation, 'file', file, 'rows', row_count, 'bytes', bytes, 'xxh128', hash))
        FROM (SELECT * FROM export_file ORDER BY rowid)))
FROM status
