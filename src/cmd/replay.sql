-- Replay's statements: what is kept of a stream's windows, what of it can be loaded once more, and
-- what stays as it is.

-- name: replay_temporary
CREATE TEMP TABLE replay_window (window_id INTEGER PRIMARY KEY, day TEXT, is_asked INTEGER);
CREATE TEMP TABLE replay_page (place INTEGER PRIMARY KEY, raw_page_id INTEGER, reading_id INTEGER);
CREATE TEMP TABLE replay_lost (raw_page_id INTEGER, run_id INTEGER, reading_id INTEGER, window_id INTEGER);
CREATE TEMP TABLE replay_due AS SELECT day FROM figure_touched WHERE is_due;

-- What it makes of a whole day has not moved: that is as if it had been kept. Of days that waited to be looked at all is told.
-- name: replay_keep
INSERT INTO temp.figure_day
SELECT day, 1 FROM figure_touched JOIN figure_kept USING (day)
WHERE is_due AND queue_id = '' AND day NOT IN (SELECT day FROM temp.replay_due);
DELETE FROM figure_kept WHERE queue_id <> '' AND day IN (SELECT day FROM temp.figure_day);

-- name: replay_clear
DELETE FROM temp.replay_window;
DELETE FROM temp.replay_page;
DELETE FROM temp.replay_lost;
INSERT INTO temp.replay_lost (raw_page_id, run_id) SELECT -1, run_id FROM run WHERE keeps_raw = 0;

-- Bytes of all that may be loaded of the stream ?1.
-- name: replay_bytes
SELECT sum(length(bytes)) FROM raw_page AS p JOIN extract_window AS w ON w.window_id = p.window_id
WHERE w.stream = ?1

-- name: replay_windows
SELECT window_id, window_start, time_zone FROM extract_window WHERE stream = ?1

-- The window ?1 of the day ?2 (NULL: of none), asked for where that lies between ?3 and ?4 (NULL: all), or, of no day, where the
-- stream has days (?5) or all is asked for.
-- name: replay_window_add
INSERT INTO temp.replay_window
VALUES (?1, ?2, CASE WHEN ?2 IS NULL THEN ?5 OR coalesce(?3, ?4) IS NULL
                ELSE ?2 >= coalesce(?3, ?2) AND ?2 <= coalesce(?4, ?2) END)

-- An entity may come in any window: what came later goes too, or it would become older than it was.
-- name: replay_list_pages
INSERT INTO temp.replay_page (raw_page_id)
SELECT raw_page_id FROM raw_page
WHERE window_id IN (SELECT window_id FROM temp.replay_window)
AND raw_page_id >= (SELECT min(raw_page_id) FROM raw_page
                    WHERE window_id IN (SELECT window_id FROM temp.replay_window WHERE is_asked))
ORDER BY raw_page_id

-- Likewise: what ends in one window, or goes to another, may come back by an older reading that is not
-- followed by all that came later. Of a window whose newest is not kept whole those go that came after it.
-- name: replay_list_readings
WITH reading AS (
    SELECT * FROM raw_reading WHERE changed > 0 AND window_id IN (SELECT window_id FROM temp.replay_window)
),
newest AS (
    SELECT * FROM reading WHERE reading_id IN (SELECT max(reading_id) FROM reading GROUP BY window_id, plan)
),
part AS (
    SELECT n.window_id, max(n.reading_id) AS last FROM newest AS n JOIN extract_window AS w ON w.window_id = n.window_id
    WHERE n.pages IS NOT (SELECT count(*) FROM raw_page AS q WHERE q.reading_id = n.reading_id)
    OR EXISTS (SELECT 1 FROM window_pass AS o WHERE o.window_id = n.window_id AND o.target_to IS NOT NULL)
    OR EXISTS (SELECT 1 FROM run AS b
               WHERE b.keeps_raw = 0 AND b.run_id > n.run_id AND b.run_id <= w.updated_run_id)
    GROUP BY n.window_id
)
INSERT INTO temp.replay_page (raw_page_id, reading_id)
SELECT p.raw_page_id, r.reading_id
FROM reading AS r LEFT JOIN part ON part.window_id = r.window_id LEFT JOIN raw_page AS p ON p.reading_id = r.reading_id
WHERE r.reading_id > ifnull(part.last, 0)
AND r.pages = (SELECT count(*) FROM raw_page AS q WHERE q.reading_id = r.reading_id)
AND r.reading_id >= (SELECT min(reading_id) FROM newest
                     WHERE window_id IN (SELECT window_id FROM temp.replay_window WHERE is_asked))
ORDER BY ifnull((SELECT max(raw_page_id) FROM raw_page AS q WHERE q.reading_id = r.reading_id), -- as they ended
                (SELECT max(raw_page_id) FROM raw_page AS q WHERE q.reading_id < r.reading_id)),
    r.reading_id, p.raw_page_id

-- Last: of a lost page that came later, or in another reading of the run, the run.
-- name: replay_each
SELECT p.raw_page_id, w.window_id, ifnull(p.plan, r.plan), ifnull(p.run_id, r.run_id), p.encoding, p.received_at,
    w.window_start, w.window_end, w.scope, w.time_zone, x.day, r.parent, r.read_to, t.reading_id, p.bytes, p.unwanted,
    (SELECT min(l.run_id) FROM temp.replay_lost AS l
     WHERE (l.run_id, l.raw_page_id) > (p.run_id, p.raw_page_id)
     AND (l.reading_id IS NULL OR l.reading_id IS NOT p.reading_id))
FROM temp.replay_page AS t
LEFT JOIN raw_page AS p ON p.raw_page_id = t.raw_page_id
LEFT JOIN raw_reading AS r ON r.reading_id = ifnull(t.reading_id, p.reading_id)
CROSS JOIN extract_window AS w ON w.window_id = ifnull(p.window_id, r.window_id)
CROSS JOIN temp.replay_window AS x ON x.window_id = w.window_id
ORDER BY t.place

-- name: replay_lose
INSERT INTO temp.replay_lost SELECT raw_page_id, run_id, reading_id, window_id FROM raw_page WHERE raw_page_id = ?1

-- name: replay_leave
DELETE FROM temp.replay_page
WHERE raw_page_id IN (SELECT raw_page_id FROM temp.replay_lost)
OR reading_id <= (SELECT max(reading_id) FROM temp.replay_lost)

-- Without a byte are those that an erasure could not read: they are named no more.
-- name: replay_unreadable
SELECT group_concat(l.raw_page_id, ', ') FROM temp.replay_lost AS l
JOIN raw_page AS p ON p.raw_page_id = l.raw_page_id WHERE length(p.bytes) > 0

-- The days that stay as they are, in ranges; '': a list; NULL: none. ?1: the load rule (0: entities, whose day
-- is there if a whole reading is kept, or all since it began; 1, 2: by window; 3: what is older than the first answer).
-- name: replay_left
WITH left_day AS (
    SELECT DISTINCT x.day
    FROM temp.replay_window AS x CROSS JOIN extract_window AS w ON w.window_id = x.window_id
    WHERE x.is_asked AND (x.day IS NOT NULL OR NOT EXISTS (SELECT 1 FROM temp.replay_window WHERE day IS NOT NULL))
    AND EXISTS (SELECT 1 FROM window_pass AS p
                WHERE p.window_id = w.window_id AND (p.rows_read > 0 OR p.target_to IS NOT NULL OR w.failures > 0))
    AND NOT CASE
        WHEN ?1 = 3 THEN 0
        WHEN ?1 > 0 THEN EXISTS (SELECT 1 FROM temp.replay_page AS t JOIN raw_reading AS r ON r.reading_id = t.reading_id
                            WHERE r.window_id = w.window_id)
        ELSE NOT EXISTS (SELECT 1 FROM temp.replay_lost AS l WHERE l.window_id = w.window_id)
            AND (EXISTS (
                SELECT 1 FROM raw_reading AS r
                WHERE r.window_id = w.window_id AND r.pages > 0
                AND r.pages = (SELECT count(*) FROM raw_page AS p WHERE p.reading_id = r.reading_id)
                AND NOT EXISTS (SELECT 1 FROM run AS b
                                WHERE b.keeps_raw = 0 AND b.run_id > r.run_id AND b.run_id <= w.updated_run_id))
            OR ifnull(w.window_start >= (SELECT received_at FROM raw_page ORDER BY raw_page_id LIMIT 1), 0)
                AND NOT EXISTS (SELECT 1 FROM run AS b
                                WHERE b.keeps_raw = 0 AND b.started_at >= w.window_start AND b.run_id <= w.updated_run_id))
        END
),
island AS (
    SELECT ifnull(min(day), '') AS first, ifnull(max(day), '') AS last
    FROM (SELECT day, julianday(day) - row_number() OVER (ORDER BY day) AS n FROM left_day)
    GROUP BY n ORDER BY 1
)
SELECT CASE WHEN ?1 = 3 AND count(*) > 0
    THEN ifnull('before ' || (SELECT min(p.received_at) FROM raw_page AS p JOIN temp.replay_window USING (window_id)), '')
    ELSE group_concat(CASE WHEN first = last THEN first ELSE first || ' to ' || last END, ', ') END
FROM island
