-- The loader's statements about one table of a tree: templates (etl/words.h), whose words
-- etl/load.c gives. {new_root} and {new} are the page's rows.

-- name: load_find
-- What becomes of those of the page's entities that are stored: their place, key and own columns (see
-- load.c). ?1: the page brings attributes; ?2: what this run wrote, or a later one, stays; ?3: it replays;
-- ?4: its run; ?5: the one that read it, also where it replays: what that wrote last may lack fields that
-- are in no hash. One that an erasure has left without a hash is no change.
SELECT place, key, row_hash, CASE WHEN ?3 OR marked AND NOT returns THEN run ELSE ?4 END,
    CASE WHEN ?1 THEN new_hash WHEN was_read THEN attribute_hash END, ?1 OR was_read,
    0, rows, attributes, new_attributes, rows AND was_read AND NOT ?1, returns, marked,
    CASE WHEN NOT marked AND ifnull(CASE WHEN rows THEN old_hash WHEN was_read THEN attribute_hash ELSE 1 END, 0) <> 0
        THEN rows + 2 * new_attributes END
FROM (
    SELECT *, ?1 AND (rows OR new_attributes) AS attributes,
        takes AND NOT rows AND NOT new_attributes AND (returns OR ?1 AND NOT was_read) AS marked
    FROM (
        SELECT *, takes AND (old_hash IS NOT row_hash OR moved <> 0 OR lacks) AS rows, takes AND is_gone AND NOT ?3 AS returns,
            takes AND ?1 AND CASE WHEN was_read THEN attribute_hash IS NOT new_hash ELSE has_attributes END AS new_attributes
        FROM (
            SELECT *, moved <> 2 AND NOT (moved = 3 AND ?3) AND NOT (?2 > 0 AND ifnull(run, 0) >= ?2) AS takes
            FROM (
                SELECT new.rowid AS place, stored.{key} AS key, new.row_hash, new.row_attribute_hash AS new_hash,
                    new.new_attributes AS has_attributes, stored.row_hash AS old_hash, stored.row_changed_run_id AS run,
                    {deleted} AS is_gone, {moved} AS moved, {attribute_hash} AS attribute_hash, {was_read} AS was_read,
                    ?3 AND stored.row_changed_run_id IS ?5 AND ({lacks}) AS lacks
                FROM {new_root} AS new CROSS JOIN {root} AS stored ON ({stored_ids}) = ({new_ids})))))

-- name: load_unlisted
{scope} NOT IN ({listed})

-- name: load_unseen
-- Ids that were refused are noted under -1: their rows may be there.
{of_window} AND {day} AND {scope} IS ?4
AND NOT EXISTS (SELECT 1 FROM reading_seen WHERE window_id = ?1 AND tree_no = ?2 AND id = {one_id})
AND NOT EXISTS (SELECT 1 FROM reading_seen WHERE window_id = ?1 AND tree_no = -1)

-- name: load_read_before
({was} EXISTS (SELECT 1 FROM window_pass WHERE window_id = ?3 AND read_at IS NOT NULL))

-- name: load_see
INSERT OR IGNORE INTO reading_seen SELECT ?1, ?2, {one_id} FROM {new_root}

-- name: load_last_key
SELECT max({key}) FROM {root}

-- ?1: what is marked as gone stays so.
-- name: load_write_root
INSERT INTO {root} ({columns}) SELECT {columns} FROM {new_root}
WHERE ?1 IS ?1 ON CONFLICT ({ids}) DO UPDATE SET {changes}

-- The fields of the page's roots beside the stored ones. Their names stand in quotes.
-- name: load_fields
(
    SELECT stored.{key}, {stored_ids}, new.part, stored.row_changed_run_id AS was, fields.column1 AS field,
        CASE fields.column1 {old_values} END AS old_value,
        CASE fields.column1 {new_values} END AS new_value
    FROM {new_root} AS new CROSS JOIN {root} AS stored ON ({stored_ids}) = ({new_ids})
    CROSS JOIN (VALUES {fields}) AS fields
) AS stored
WHERE old_value IS NOT new_value

-- What is other than what is stored: fields of the root, tables below it.
-- name: load_alter_root
INSERT INTO temp.altered SELECT {key}, trim(field, '"') FROM {stored_fields} AND part IS NOT NULL

-- name: load_alter_attributes
INSERT INTO temp.altered SELECT {key}, '{name}' FROM {new_root} WHERE part > 1

-- name: load_alter_child
INSERT INTO temp.altered
SELECT {key}, '{name}' FROM (
    SELECT {columns} FROM {new} WHERE {key} IN (SELECT {key} FROM {new_root} WHERE rows AND NOT is_new)
    EXCEPT
    SELECT {columns} FROM {table} WHERE {key} IN (SELECT {key} FROM {new_root} WHERE rows AND NOT is_new))
UNION
SELECT {key}, '{name}' FROM (
    SELECT {columns} FROM {table} WHERE {key} IN (SELECT {key} FROM {new_root} WHERE rows AND NOT is_new)
    EXCEPT
    SELECT {columns} FROM {new} WHERE {key} IN (SELECT {key} FROM {new_root} WHERE rows AND NOT is_new))

-- Whether there is a table of changes ?1, and a column ?3 of the root ?2.
-- name: load_has
SELECT
    max(CASE WHEN s.name = ?2 AND ?3 IN (SELECT name FROM pragma_table_info(s.name)) THEN 1 END),
    max(CASE WHEN s.name = ?1 COLLATE NOCASE THEN 1 END)
FROM sqlite_schema AS s

-- Of the columns old_NAME of the table of changes ?1 that have a new_NAME beside them: their names, what
-- they hold of an entity c of the root ?2 with the key ?3 (a column of the root, or how many rows a
-- table NAME_count has of it), and what new_NAME is set to.
-- name: load_measures
SELECT
    coalesce(group_concat(printf(', "old_%w"', name), ''), ''),
    coalesce(group_concat(', ' || value, ''), ''),
    coalesce(group_concat(printf('"new_%w" = %s', name, value), ', '), '')
FROM (
    SELECT
        o.name,
        printf('(SELECT %s FROM "%w" AS s WHERE s."%w" = c."%w")',
               CASE WHEN r.name IS NULL THEN 'count(*)' ELSE printf('"%w"', r.name) END,
               ifnull(t.name, ?2), ?3, ?3) AS value
    FROM (SELECT cid, substr(name, 5) AS name FROM pragma_table_info(?1)
          WHERE name LIKE 'old@_%' ESCAPE '@') AS o
    JOIN pragma_table_info(?1) AS n ON n.name = 'new_' || o.name
    LEFT JOIN pragma_table_info(?2) AS r ON r.name = o.name
    LEFT JOIN sqlite_schema AS t ON r.name IS NULL AND t.type = 'table' AND o.name = t.name || '_count'
    WHERE coalesce(r.name, t.name) IS NOT NULL
    ORDER BY o.cid)

-- A row a change, in two steps: before the page's rows are written, and behind.
-- name: load_note_change
INSERT INTO {root_change} ({key}, {id}, run_id, changed_at, part, source, changed{old_names})
SELECT {key}, {id}, ?1, ?2, CASE part WHEN 1 THEN 'rows' WHEN 2 THEN 'attributes' ELSE 'both' END, ?3,
    (SELECT json_group_array(name) FROM (
        SELECT name FROM temp.altered WHERE altered.key = c.{key} ORDER BY altered.rowid)){counts}
FROM {new_root} AS c WHERE part IS NOT NULL

-- name: load_last_change
SELECT max(rowid) FROM {root_change}

-- name: load_note_result
UPDATE {root_change} AS c SET {new_counts} WHERE rowid > ?1

-- What changed of the page's roots, a row a field.
-- name: load_log_fields
INSERT INTO {log} ({log_columns}, field, old_value, new_value, seen_at, run_id)
SELECT {log_id}, trim(field, '"'), CAST(old_value AS TEXT), CAST(new_value AS TEXT), ?1, ?2
FROM {stored_fields} AND {read_before}

-- What is about to be marked as gone.
-- name: load_log_gone
INSERT INTO {log} ({log_columns}, field, old_value, new_value, seen_at, run_id)
SELECT {log_id}, trim('{gone}', '"'), NULL, ?6, ?6, ?7 FROM {root} AS stored
WHERE {gone} IS NULL AND {unseen}

-- name: load_remove
DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {new_root} WHERE {written} AND NOT is_new)

-- name: load_insert
INSERT INTO {table} ({columns}) SELECT {columns} FROM {new}

-- What is derived from the page's entities is to be made anew.
-- name: load_owe
INSERT OR IGNORE INTO {owes} SELECT {key} FROM {new_root} WHERE rows

-- What a whole reading of the window ?1 has not seen of the tree ?2, and what hangs on it; of
-- answers that are loaded once more (?7: -1) what they have brought alone.
-- name: load_end_root
DELETE FROM {root} WHERE {unseen} AND ifnull(row_changed_run_id, 0) <= ?7

-- name: load_end_child
DELETE FROM {table} WHERE {key} IN (
    SELECT {key} FROM {root} WHERE {unseen} AND ifnull(row_changed_run_id, 0) <= ?7)

-- name: load_mark_root
UPDATE {root} SET {gone} = ?6, row_changed_run_id = ?7
WHERE {gone} IS NULL AND {unseen}

-- What entities whose attributes change count for, by name: before their rows are written, and
-- behind.
-- name: load_count_names
INSERT INTO temp.counted
SELECT name, ?1, count(*), sum(cut), sum(conflict), max(longest) FROM (
    SELECT stored.name, count(CASE WHEN length(value) = 1024 THEN 1 END) AS cut,
        ifnull(min(value) <> max(value), 0) AS conflict, max(length(value)) AS longest
    FROM {new_root} AS new CROSS JOIN {table} AS stored ON stored.{key} = new.{key}
    WHERE new_attributes GROUP BY new.{key}, stored.name)
GROUP BY name

-- The names' counts. How long the longest value is that is left of those that a longer one has left
-- is to be looked for.
-- name: load_note_names
INSERT INTO attribute_key
    (name, first_seen_at, last_seen_at, conversations, cut_count, conflicts, longest_length)
SELECT name, ?1, max(CASE WHEN sign > 0 THEN ?1 END), sum(sign * conversations), sum(sign * cut),
    sum(sign * conflicts), max(CASE WHEN sign > 0 THEN longest END)
FROM temp.counted GROUP BY name
ON CONFLICT (name) DO UPDATE SET
    last_seen_at = ifnull(excluded.last_seen_at, last_seen_at),
    conversations = conversations + excluded.conversations,
    cut_count = cut_count + excluded.cut_count,
    conflicts = conflicts + excluded.conflicts,
    longest_length = CASE
        WHEN conversations + excluded.conversations = 0 THEN NULL
        WHEN conversations = 0 OR excluded.longest_length >= longest_length
        THEN excluded.longest_length
        WHEN longest_length > (SELECT longest FROM temp.counted AS gone
                               WHERE gone.name = excluded.name AND sign < 0)
            OR excluded.name NOT IN (SELECT name FROM temp.counted WHERE sign < 0)
        THEN longest_length
    END

-- name: load_find_lengths
UPDATE attribute_key SET longest_length = found.longest
FROM (SELECT name, max(length(value)) AS longest FROM {table} GROUP BY name) AS found
WHERE found.name = attribute_key.name AND longest_length IS NULL

-- What a page's statements tell one another: attributes that move; what is altered of entities; what
-- names of attributes count for.
-- name: load_temporary
CREATE TEMP TABLE IF NOT EXISTS moved (
    key INTEGER NOT NULL,
    old_no INTEGER NOT NULL,
    new_no INTEGER,
    id,
    name TEXT NOT NULL,
    value TEXT);
CREATE TEMP TABLE IF NOT EXISTS altered (key INTEGER NOT NULL, name TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS temp.altered_by_key ON altered (key);
CREATE TEMP TABLE IF NOT EXISTS counted (
    name TEXT NOT NULL,
    sign INTEGER NOT NULL,
    conversations INTEGER,
    cut INTEGER,
    conflicts INTEGER,
    longest INTEGER,
    PRIMARY KEY (name, sign)) WITHOUT ROWID;
DELETE FROM temp.moved;
DELETE FROM temp.altered;
DELETE FROM temp.counted;

-- Attributes follow their participant by its id; participants that share one, or have none, keep
-- their order. What stays where it is, is not touched.
-- name: load_find_moved
INSERT INTO temp.moved
SELECT {table}.{key}, {table}.{no}, new.{no}, ifnull(old.{parent_id}, nullif(old.nth, 1) - 1), name, value
FROM {table}
LEFT JOIN (
    SELECT {key}, {no}, {parent_id}, row_number() OVER (PARTITION BY {key}, {parent_id} ORDER BY {no}) AS nth
    FROM {parent} WHERE {key} IN (SELECT {key} FROM {new_root} WHERE keeps)) AS old
ON old.{key} = {table}.{key} AND old.{no} = {table}.{no}
LEFT JOIN (
    SELECT {key}, {no}, {parent_id}, row_number() OVER (PARTITION BY {key}, {parent_id} ORDER BY {no}) AS nth
    FROM {new_parent} WHERE {key} IN (SELECT {key} FROM {new_root} WHERE keeps)) AS new
ON new.{key} = old.{key} AND new.{parent_id} IS old.{parent_id} AND new.nth = old.nth
WHERE {table}.{key} IN (SELECT {key} FROM {new_root} WHERE keeps) AND new.{no} IS NOT {table}.{no}

-- name: load_select_gone
SELECT key, id, name, value FROM temp.moved WHERE new_no IS NULL ORDER BY key, old_no, name

-- name: load_remove_moved
DELETE FROM {table} WHERE ({key}, {no}) IN (SELECT key, old_no FROM temp.moved)

-- name: load_insert_moved
INSERT INTO {table} ({key}, {no}, name, value)
SELECT key, new_no, name, value FROM temp.moved WHERE new_no IS NOT NULL

-- name: load_unknown_field
INSERT INTO unknown_field (stream, path, first_seen_at, count) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (stream, path) DO UPDATE SET count = count + excluded.count

-- name: load_data_problem
INSERT INTO data_problem (stream, path, first_seen_at, count, kind, example)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (stream, path, kind) DO UPDATE SET count = count + excluded.count

-- name: load_owes_lengths
SELECT EXISTS (SELECT 1 FROM attribute_key WHERE longest_length IS NULL AND conversations > 0)
