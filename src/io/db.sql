-- name: connection_settings
-- Sorting stays in memory: directories for temporary files are tiny or read-only where programs run in containers. The WAL of a
-- writer is copied by io/wal.c once its schema is there; a conversion's before that, at 4,000 pages.
PRAGMA page_size = 8192;
PRAGMA cache_size = -8192;
PRAGMA mmap_size = 0;
PRAGMA foreign_keys = OFF;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 4000

-- How a file of schema 6 is brought over to the baseline. The statements that change the file are
-- written by these, one a row: names come from the file. What is not of schema 6 is its owner's, and
-- stays as it is.

-- name: database_bytes
SELECT page_count * page_size FROM pragma_page_count, pragma_page_size

-- name: convert_ours
-- The tables of schema 6, where they are what they were.
CREATE TEMP VIEW convert_ours AS
SELECT m.name, 'rollcall_6_' || m.name AS old
FROM main.sqlite_master AS m JOIN (VALUES
    ('run'), ('extract_window'), ('raw_page'), ('request_count'), ('conversation_change'),
    ('attribute_key'), ('unknown_field'), ('data_problem'), ('zone_offset'), ('stream_source'),
    ('conversation'), ('conversation_division'), ('participant'), ('participant_attribute'),
    ('session'), ('agent_group'), ('proposed_agent'), ('media_endpoint_stat'), ('session_flow'),
    ('flow_outcome'), ('session_metric'), ('segment'), ('segment_skill'), ('scored_agent'),
    ('evaluation'), ('survey'), ('resolution'), ('adherence_state'), ('user'), ('queue')) AS ours ON ours.column1 = m.name
WHERE m.type = 'table'

-- name: convert_keep
-- Their indexes and triggers; some are the owner's.
CREATE TEMP TABLE convert_kept AS
SELECT type, name, sql FROM main.sqlite_master
WHERE type IN ('index', 'trigger') AND sql IS NOT NULL
AND tbl_name COLLATE NOCASE IN (SELECT name FROM convert_ours)
ORDER BY type, name

-- name: convert_aside
-- Out of the way.
SELECT statement FROM (
    SELECT 1 AS step, printf('DROP %s "%w"', type, name) AS statement FROM temp.convert_kept
    UNION ALL
    SELECT 2, printf('ALTER TABLE "%w" RENAME TO "%w"', name, old) FROM convert_ours)
ORDER BY step

-- name: convert_columns
-- Columns that the owner has added to tables of ours come along.
SELECT printf('ALTER TABLE "%w" ADD COLUMN "%w" %s', today.name, o.name, o.type)
FROM main.sqlite_master AS old
JOIN main.sqlite_master AS today ON today.type = 'table' AND old.name = 'rollcall_6_' || today.name
CROSS JOIN pragma_table_info(old.name) AS o
WHERE old.type = 'table' AND NOT EXISTS (
    SELECT 1 FROM pragma_table_info(today.name) AS n WHERE n.name = o.name COLLATE NOCASE)

-- name: convert_copy
-- The columns that both have. Table by table, so that the file grows by one table, not by all.
-- OR ROLLBACK, and a table that is emptied before it is dropped: otherwise SQLite remembers, in
-- memory, all that the statement has changed.
SELECT printf('INSERT OR ROLLBACK INTO "%w" (%s) SELECT %s FROM "%w"; DELETE FROM "%w"; DROP TABLE "%w"',
              today.name, columns.list, columns.list, old.name, old.name, old.name)
FROM main.sqlite_master AS old
JOIN main.sqlite_master AS today ON today.type = 'table' AND old.name = 'rollcall_6_' || today.name
JOIN (SELECT m.name, (SELECT group_concat(printf('"%w"', n.name), ', ')
                      FROM pragma_table_info(m.name) AS n
                      JOIN pragma_table_info('rollcall_6_' || m.name) AS o ON o.name = n.name)
             AS list
      FROM main.sqlite_master AS m WHERE m.type = 'table') AS columns ON columns.name = today.name
WHERE old.type = 'table'
ORDER BY today.name

-- name: convert_again
-- What is not ours, made again.
SELECT sql FROM temp.convert_kept AS kept
WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_master AS m
                  WHERE m.type = kept.type AND m.name = kept.name)
ORDER BY rowid
