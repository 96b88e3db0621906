-- Answers as they came. ?1 is the window, ?2 the pass.

-- name: raw_reading_open
-- Goes on counting where the last reading was cut.
INSERT INTO raw_reading (window_id, plan, parent, read_to, read_at, run_id, changed)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ifnull((
    SELECT CASE WHEN pages = -1 THEN changed END FROM raw_reading
    WHERE window_id = ?1 AND plan = ?2 ORDER BY reading_id DESC LIMIT 1), 0)
WHERE NOT EXISTS (SELECT 1 FROM raw_reading WHERE window_id = ?1 AND plan = ?2 AND pages IS NULL)

-- name: raw_reading_changed
UPDATE raw_reading SET read_at = ?3, run_id = ?4, changed = changed + ?5
WHERE window_id = ?1 AND plan = ?2 AND pages IS NULL

-- name: raw_page_keep
INSERT INTO raw_page (window_id, plan, run_id, page_no, received_at, url_path, encoding, bytes, rows_read, unwanted, reading_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, (
    SELECT reading_id FROM raw_reading WHERE window_id = ?1 AND plan = ?2 AND pages IS NULL))

-- A reading begins: what was kept of one that did not end is not whole.
-- name: raw_begin
UPDATE raw_reading SET pages = -1 WHERE window_id = ?1 AND plan = ?2 AND pages IS NULL

-- name: raw_drop_pages
DELETE FROM raw_page WHERE reading_id IN (
    SELECT reading_id FROM raw_reading
    WHERE window_id = ?1 AND plan = ?2 AND pages IS NULL AND changed = 0)

-- name: raw_drop_reading
DELETE FROM raw_reading WHERE window_id = ?1 AND plan = ?2 AND pages IS NULL AND changed = 0

-- name: raw_end
UPDATE raw_reading SET pages = (
    SELECT pages_read FROM window_pass AS p WHERE p.window_id = ?1 AND p.pass = ?2)
WHERE window_id = ?1 AND plan = ?2 AND pages IS NULL

-- The oldest of those that did not come from ?1 to ?2; their readings follow.
-- name: raw_prune_pages
DELETE FROM raw_page WHERE raw_page_id IN (SELECT raw_page_id FROM raw_page ORDER BY raw_page_id LIMIT 200)
AND received_at NOT BETWEEN ?1 AND ?2

-- name: raw_prune_readings
DELETE FROM raw_reading WHERE reading_id IN (SELECT reading_id FROM raw_reading ORDER BY reading_id LIMIT 500)
AND read_at NOT BETWEEN ?1 AND ?2
AND NOT EXISTS (SELECT 1 FROM raw_page AS p WHERE p.reading_id = raw_reading.reading_id)
