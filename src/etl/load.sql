-- The loader's statements about one table of a tree: templates (etl/words.h), whose words
-- etl/load.c gives. {new_root} and {new} are the page's rows.

-- name: load_find
SELECT new.rowid, stored.{key}, stored.row_hash, stored.row_changed_run_id, {deleted}, {moved}{attributes}
FROM {new_root} AS new CROSS JOIN {root} AS stored ON ({stored_ids}) = ({new_ids})

-- name: load_see
INSERT OR IGNORE INTO reading_seen SELECT ?1, ?2, {one_id} FROM {new_root}

-- name: load_last_key
SELECT max({key}) FROM {root}

-- name: load_write_root
INSERT INTO {root} ({columns}) SELECT {columns} FROM {new_root}
WHERE true ON CONFLICT ({ids}) DO UPDATE SET {changes}

-- name: load_note_change
INSERT INTO {root_change} ({key}, {id}, run_id, changed_at, part, source)
SELECT {key}, {id}, ?1, ?2, part, ?3 FROM {new_root} WHERE part IS NOT NULL

-- name: load_remove
DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {new_root} WHERE {replaces})

-- name: load_insert
INSERT INTO {table} ({columns}) SELECT {columns} FROM {new}

-- What a whole reading of the window ?1 has not seen of the tree ?2, and what hangs on it.
-- name: load_end_root
DELETE FROM {root} WHERE {unseen}

-- name: load_end_child
DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {root} WHERE {unseen})

-- Not where ids were refused: their rows may be there.
-- name: load_mark_root
UPDATE {root} SET deleted_at = ?6, row_changed_run_id = ?7
WHERE deleted_at IS NULL AND {unseen}
  AND NOT EXISTS (SELECT 1 FROM reading_seen WHERE window_id = ?1 AND tree_no = -1)

-- Names of attributes, and how many values were cut.
-- name: load_note_names
INSERT INTO attribute_key (name, first_seen_at, cut_count)
SELECT name, ?1, count(CASE WHEN length(value) = 1024 THEN 1 END) FROM {new}
WHERE {key} IN (SELECT {key} FROM {new_root} WHERE new_attributes) GROUP BY name
ON CONFLICT (name) DO UPDATE SET cut_count = cut_count + excluded.cut_count WHERE excluded.cut_count > 0

-- Attributes follow their participant by its id; participants that share one, or have none, keep
-- their order. What stays where it is, is not touched.
-- name: load_moved
CREATE TEMP TABLE IF NOT EXISTS moved (
    key INTEGER NOT NULL,
    old_no INTEGER NOT NULL,
    new_no INTEGER,
    id,
    name TEXT NOT NULL,
    value TEXT);
DELETE FROM temp.moved;

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
