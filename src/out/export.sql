-- What an export asks (out/out.h), beside the table temp.dictionary (io/embedded.h).

-- name: export_names
-- The tables and views of the file.
SELECT name FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite@_%' ESCAPE '@'

-- name: export_relations
-- The tables and views of the file: whether each is exported without being named, whether because it is
-- ours, and whether a file can have its name everywhere, on Windows shares too; how many they are.
SELECT
    m.name, coalesce(d.is_exported, m.type = 'view'), coalesce(d.is_exported, 0),
    length(m.name) BETWEEN 1 AND 200 AND m.name NOT GLOB '.*' AND m.name NOT GLOB
        '*["*/:<>?\|' || char(1) || '-' || char(31) || char(127) || ']*',
    count(*) OVER ()
FROM main.sqlite_master AS m
LEFT JOIN temp.dictionary AS d ON d.relation = m.name AND d.position = 0
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite@_%' ESCAPE '@'
ORDER BY m.name

-- name: export_statement
-- The statement that reads the table or view ?1. Its ?1 is the instant from which on rows are
-- wanted, NULL for all; or it is to be run for some conversations after the others, so that little
-- has to be sorted: those behind ?1, up to ?2, which the statement in the second column gives for the
-- ?1 that it gave last ('' at first, NULL at the end), and ?3 is the instant. The third column, with that
-- instant, reads what is left: of ours what has no start, of an owner's view what is of no
-- conversation that is stored. The fourth describes the columns. NULL where nothing is left to read.
-- Rows come in the order of API ids and ordinals, what is of conversations in that of their start first
-- (nearly that of the file: by the id alone each is a read somewhere else; views that do not have it go
-- by the id). An index has that order: CROSS JOIN fixes the order of the loops (conversations outside,
-- the child's primary key inside), and the key tells SQLite that a start and an id are of one
-- conversation. Columns of ours (row_*, integer keys) and BLOBs stay inside (not by the type of a
-- view's column: SQLite from 3.41 on says BLOB where it knows none); a child's conversation_key is
-- replaced by conversation_id; what the schema marks as a key by the UNIQUE columns whose number it is.
-- With ?2, where the rows have a day (its own, that of the conversation's start, that in which what
-- its key names begins), the statements put them into the table that the fifth column makes, and the
-- sixth reads it day by day.
WITH
col AS (
    SELECT c.cid, c.name, c.type, c.pk, d.type AS said_type, coalesce(d.is_key, 0) AS is_key
    FROM pragma_table_info(?1, 'main') AS c LEFT JOIN temp.dictionary AS d ON d.relation = ?1 AND d.name = c.name
),
relation AS (
    SELECT
        *,
        (SELECT "table" FROM pragma_foreign_key_list(?1, 'main') WHERE "from" = key) AS parent,
        is_view AND is_ours AND has_start AS by_start,
        is_view AND has_id AND NOT (is_ours AND has_start) AS by_id
    FROM (
        SELECT
            ?1 AS relation,
            (SELECT type = 'view' FROM main.sqlite_master WHERE name = ?1) AS is_view,
            EXISTS (SELECT 1 FROM temp.dictionary WHERE relation = ?1) AS is_ours,
            ?2 AND NOT EXISTS (SELECT 1 FROM temp.dictionary WHERE relation = ?1 AND is_whole) AS by_day,
            sum(name = 'conversation_id') > 0 AS has_id,
            sum(name = 'conversation_id') > 0 AND sum(name = 'conversation_start') > 0 AS has_start,
            sum(name = 'conversation_key') > 0 AND sum(name = 'conversation_id') = 0 AS is_child,
            max(CASE WHEN is_key THEN name END) AS key,
            min(CASE WHEN name IN ('day', 'business_day') THEN name END) AS day,
            min(CASE WHEN name = 'conversation_start' OR (pk > 0 AND type = 'TEXT' AND name LIKE '%start%')
                     THEN name END) AS start
        FROM col)
),
-- What the key is a number for.
meant AS (
    SELECT u.seqno, u.name, printf('%s."%w"', iif(parent IS NULL, 't', 'd'), u.name) AS reference
    FROM relation
    CROSS JOIN pragma_index_list(coalesce(parent, relation), 'main') AS l ON l.origin = 'u'
    CROSS JOIN pragma_index_info(l.name, 'main') AS u
    WHERE key IS NOT NULL
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
shown AS (
    SELECT
        reference, cid, 0 AS seqno,
        CASE WHEN name = 'conversation_key' THEN 'conversation_id' ELSE name END AS name,
        CASE WHEN name = 'conversation_key' THEN 'TEXT' ELSE coalesce(said_type, nullif(type, ''), 'TEXT') END AS type
    FROM field
    WHERE (type <> 'BLOB' OR is_view) AND name NOT LIKE 'row@_%' ESCAPE '@'
    AND (name <> 'conversation_key' OR is_child) AND NOT is_key
    UNION ALL
    SELECT n.reference, k.cid, n.seqno, n.name, 'TEXT' FROM meant AS n JOIN col AS k ON k.is_key
    WHERE n.name NOT IN (SELECT name FROM col)
),
given AS (
    SELECT
        group_concat(reference, ', ') AS list,
        json_group_array(json_object('name', name, 'type', type)) AS columns,
        group_concat('c' || no, ', ') AS kept,
        group_concat(printf('c%d AS "%w"', no, name), ', ') AS named
    FROM (SELECT *, row_number() OVER (ORDER BY cid, seqno) AS no FROM shown ORDER BY no)
),
ordered AS (
    SELECT group_concat(reference, ', ') AS list FROM (
        SELECT CASE
            WHEN name = 'conversation_key' AND is_child
                THEN 'c.conversation_start, c.conversation_id, c.conversation_key'
            WHEN name = 'conversation_key' OR by_start AND name = 'conversation_id'
                THEN 't.conversation_start, t.conversation_id'
            WHEN is_key THEN (SELECT group_concat(n.reference, ', ') FROM (SELECT * FROM meant ORDER BY seqno) AS n)
            ELSE reference
        END AS reference
        FROM field
        WHERE CASE
            WHEN is_view AND has_id
                THEN name = 'conversation_id' OR name LIKE '%@_no' ESCAPE '@'
            WHEN is_view THEN 1
            ELSE pk > 0
        END
        ORDER BY pk, is_view AND has_id AND name <> 'conversation_id', cid)
),
-- The day of the instant @, as v_conversation has it.
placed AS (
    SELECT 'coalesce(' || CASE
        WHEN day IS NOT NULL THEN printf('CASE WHEN t."%w" GLOB ''%s'' THEN t."%w" END', day,
            '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]', day)
        WHEN is_child THEN replace(local, '@', 'c.conversation_start')
        WHEN start = 'conversation_start' THEN replace(local, '@', 't.conversation_start')
        WHEN has_id THEN '(SELECT ' || replace(local, '@', 'p.conversation_start')
            || ' FROM main.conversation AS p WHERE p.conversation_id = t.conversation_id)'
        ELSE replace(local, '@', printf('t."%w"', start))
    END || ', ''__HIVE_DEFAULT_PARTITION__'')' AS day_of
    FROM relation CROSS JOIN (SELECT 'date(@, coalesce('
        || '(SELECT z.offset_seconds FROM main.zone_offset AS z WHERE z.utc_from <= @ ORDER BY z.utc_from DESC LIMIT 1), '
        || '(SELECT z.offset_seconds FROM main.zone_offset AS z ORDER BY z.utc_from LIMIT 1)) || '' seconds'')' AS local)
    WHERE by_day AND (coalesce(day, start) IS NOT NULL OR is_child OR has_id)
),
reading AS (
    SELECT
        coalesce('INSERT INTO temp.export_row SELECT ' || day_of || ', ', 'SELECT ')
        || given.list || ' FROM '
        || iif(is_child, 'main.conversation AS c CROSS JOIN ', '')
        || iif(parent IS NULL, '', printf('main."%w" AS d CROSS JOIN ', parent))
        || printf('main."%w" AS t', relation)
        || iif(is_child, ' ON t.conversation_key = c.conversation_key', '')
        || iif(parent IS NULL, '', printf(' ON t."%w" = d."%w"', key, key)) AS head,
        coalesce(' ORDER BY ' || ordered.list, '') AS tail,
        ' EXISTS (SELECT 1 FROM main.conversation AS s WHERE s.conversation_id = t.conversation_id'
            AS is_known,
        iif(day_of IS NULL, NULL, 'CREATE TEMP TABLE export_row (day, ' || given.kept || ')') AS made,
        'SELECT ' || given.named || ' FROM temp.export_row ORDER BY day, rowid' AS sorted
    FROM relation CROSS JOIN given CROSS JOIN ordered LEFT JOIN placed
)
SELECT
    head
    || CASE
        WHEN by_start THEN
            ' WHERE t.conversation_start > ?1 AND t.conversation_start <= ?2 AND (?3 IS NULL OR t.conversation_start >= ?3)'
        WHEN by_id THEN
            ' WHERE t.conversation_id > ?1 AND t.conversation_id <= ?2 AND' || is_known
            || ' AND (?3 IS NULL OR s.conversation_start >= ?3))'
        WHEN is_child THEN ' WHERE ?1 IS NULL OR +c.conversation_start >= ?1'
        WHEN start IS NOT NULL THEN printf(' WHERE ?1 IS NULL OR +t."%w" >= ?1', start)
        ELSE ' WHERE ?1 IS ?1'
    END
    || tail,
    CASE WHEN by_start OR by_id THEN replace('SELECT max(@) FROM '
        || '(SELECT @ FROM main.conversation WHERE @ > ?1 ORDER BY @ LIMIT ' || iif(by_start, 10000, 1000) || ')', '@',
        iif(by_start, 'conversation_start', 'conversation_id')) END,
    CASE
        WHEN by_start THEN head || ' WHERE ?1 IS NULL AND t.conversation_start IS NULL' || tail
        WHEN by_id AND NOT is_ours THEN head || ' WHERE ?1 IS ?1 AND NOT' || is_known || ')' || tail
    END,
    given.columns,
    made,
    sorted
FROM relation CROSS JOIN reading CROSS JOIN given

-- name: export_relation
-- What has been chosen, with its columns as JSON.
CREATE TEMP TABLE export_relation (relation TEXT PRIMARY KEY, columns TEXT)

-- name: export_file
-- The files, below the directory; is_new: they wait aside to be put in place.
CREATE TEMP TABLE export_file (
    file TEXT PRIMARY KEY, relation TEXT, day TEXT, row_count INTEGER, bytes INTEGER, hash TEXT, is_new INTEGER)

-- name: export_file_add
INSERT INTO temp.export_file VALUES (?1, ?2, nullif(?3, '__HIVE_DEFAULT_PARTITION__'), ?4, ?5, ?6, ?7)

-- name: export_waiting
-- Those that wait aside.
SELECT file FROM temp.export_file WHERE is_new ORDER BY rowid

-- name: export_listing
-- What was written, for people; ?1: the directory.
SELECT ?1 || '/' || file AS file, row_count AS rows, bytes
FROM temp.export_file WHERE is_new ORDER BY rowid

-- name: export_manifest
-- ?1: the program; ?2: the first day asked for, NULL: everything; ?3, ?4: the time zone
-- and the first day that are configured. whole_to: the stream is read
-- without a hole up to this instant; whole_to_day: the last business day of those that are whole one
-- after another from first_day on. The files follow.
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
    'files', json_array())
FROM status

-- name: export_manifest_file
-- A file a row: there may be many.
SELECT json_object('name', relation, 'file', file, 'day', day, 'rows', row_count, 'bytes', bytes, 'xxh128', hash,
                   'columns', json(columns))
FROM temp.export_file AS f JOIN temp.export_relation USING (relation) ORDER BY f.rowid
