-- Windows as they are planned, those of scopes that there are no longer, and what becomes of a
-- reading: ?1 is its window, ?2 its pass.

-- ?1: the stream; ?2: since when a settled window may be read again; ?3: the pass that settles, by
-- which another setting's settled windows may be owed; ?4: the stream whose rows say what is asked
-- for; ?5, ?6: they end after, and begin before; ?7: the order, 0: that of a night. What a crash left under way comes first, then
-- what was never whole, by time, then what is read again, the newest first; what failed last.
-- name: window_list
SELECT w.window_id, scope, window_start, window_end,
       CASE state WHEN 'open' THEN 0 WHEN 'provisional' THEN 1 WHEN 'settled' THEN 2 ELSE -1 END, failures, looks, pass,
       covered_to, read_at,
       target_to, begun_at, token, waited, cursor, page, ifnull(page_size, -1), page_at,
       state <> 'open' AND ifnull(complete_to, '') >= window_end AS is_whole, time_zone,
       (SELECT parent FROM temp.listed_scope AS s WHERE s.scope = w.scope),
       ifnull((SELECT complete_to FROM extract_window AS n
               WHERE n.stream = ?4 AND ifnull(n.scope, '') = ''
                 AND ifnull(n.window_start, '') = w.window_start), window_start),
       max(failures > 0) OVER (PARTITION BY scope), count(*) OVER (), again_at IS NOT NULL, p.grant_set_id
FROM extract_window AS w
LEFT JOIN window_pass AS p ON p.window_id = w.window_id
WHERE stream = ?1 AND (scope IS NULL OR scope IN (SELECT scope FROM temp.listed_scope))
  AND (window_start IS NULL OR window_end IS NULL OR window_end > ?5 AND (?6 IS NULL OR window_start < ?6)
       OR ?7 = 0 AND state <> 'open')
  AND (state <> 'settled' OR window_end > ?2 OR ?7 <> 0 AND again_at IS NOT NULL OR EXISTS (
    SELECT 1 FROM window_pass AS t WHERE t.window_id = w.window_id AND token IS NOT NULL)
    OR ?3 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM window_pass AS t WHERE t.window_id = w.window_id
                   AND t.pass = ?3 AND t.covered_to >= w.window_end))
ORDER BY failures, NOT EXISTS (
    SELECT 1 FROM window_pass AS t
    WHERE t.window_id = w.window_id AND target_to IS NOT NULL),
    CASE WHEN ?7 = 0 THEN is_whole END,
    CASE WHEN ?7 = 2 OR ?7 = 0 AND NOT is_whole THEN window_start END, window_start DESC, scope,
    w.window_id;

-- The same of one, ?1; ?2: as ?4 there.
-- name: window_one
SELECT w.window_id, scope, window_start, window_end,
       CASE state WHEN 'open' THEN 0 WHEN 'provisional' THEN 1 WHEN 'settled' THEN 2 ELSE -1 END, failures, looks, pass,
       covered_to, read_at,
       target_to, begun_at, token, waited, cursor, page, ifnull(page_size, -1), page_at,
       NULL, time_zone, NULL,
       ifnull((SELECT complete_to FROM extract_window AS n
               WHERE n.stream = ?2 AND ifnull(n.scope, '') = ''
                 AND ifnull(n.window_start, '') = w.window_start), window_start),
       0, 1, again_at IS NOT NULL, p.grant_set_id
FROM extract_window AS w
LEFT JOIN window_pass AS p ON p.window_id = w.window_id
WHERE w.window_id = ?1;

-- Whole windows of the streams of the run ?1 that touch ?2 to ?3 are asked for once more as of ?4, but for those read by
-- the grants ?5 (0: not known) since an earlier such call of which some are left, be it of another of these streams. What fails for more than a week is nothing that is left of one.
-- name: window_again
WITH asked AS (
    SELECT * FROM extract_window
    WHERE stream IN (SELECT value FROM run, json_each(streams) WHERE run_id = ?1)
      AND window_end > ?2 AND window_start < ?3
)
UPDATE extract_window SET again_at = ?4
WHERE again_at IS NULL AND window_id IN (
    SELECT window_id FROM asked WHERE state <> 'open'
      AND (failures > 0 OR ifnull(grant_set_id <> nullif(?5, 0), 0) OR NOT ifnull((SELECT started_at FROM run WHERE run_id = updated_run_id) >= (
        SELECT min(again_at) FROM asked
        WHERE failures = 0 OR again_at > strftime('%Y-%m-%dT%H:%M:%fZ', ?4, '-7 days')), 0)));

-- What nobody can read any more: of the stream ?1, of what lies between ?4 and ?2, and of scopes that there are no longer.
-- name: window_unclaim
UPDATE extract_window SET grant_set_id = NULL, again_at = NULL
WHERE stream = ?1 AND window_end > ?4 AND window_start < ?3
  AND (window_end <= ?2 OR scope NOT IN (SELECT scope FROM temp.listed_scope));

-- What was never whole of what lies between ?3 and ?2.
-- name: window_gone
DELETE FROM extract_window WHERE stream = ?1 AND state = 'open' AND window_end <= ?2 AND window_end > ?3;

-- There never were such days of the stream ?1, from ?2 on: what they have read is owed by others.
-- name: window_drop
DELETE FROM extract_window WHERE stream = ?1 AND window_end > ?2
  AND (scope IS NULL OR scope IN (SELECT scope FROM temp.listed_scope));

-- Its number is not one of a window that is gone, whose answers are kept.
-- Those of the stream ?1 that are missing: the listed days of each scope or (?3) its moment, and (?4) that of passes
-- which read the stream as a whole, to keep their place in.
-- name: window_add
INSERT INTO extract_window (window_id, stream, scope, window_start, window_end, updated_run_id, time_zone)
SELECT row_number() OVER () + ifnull((SELECT max(window_id) FROM (
           SELECT max(window_id) AS window_id FROM extract_window
           UNION ALL SELECT max(window_id) FROM raw_reading)), 0),
       ?1, nullif(scope, ''), day_start, day_end, ?2, zone
FROM (SELECT s.scope, s.zone, day_start, day_end
      FROM temp.listed_scope AS s JOIN temp.listed_day AS d ON d.zone IS s.zone
      UNION ALL SELECT scope, NULL, NULL, NULL FROM temp.listed_scope WHERE ?3
      UNION ALL SELECT '', NULL, NULL, NULL WHERE ?4) AS a
WHERE NOT EXISTS (
    SELECT 1 FROM extract_window AS w
    WHERE w.stream = ?1 AND ifnull(w.scope, '') = ifnull(a.scope, '') AND ifnull(w.window_start, '') = ifnull(day_start, ''));

-- A window takes its passes along.
-- name: window_scopes
CREATE TEMP TABLE IF NOT EXISTS listed_scope (scope TEXT PRIMARY KEY, zone TEXT, parent TEXT);
DELETE FROM temp.listed_scope;
CREATE TEMP TABLE IF NOT EXISTS listed_day (zone TEXT, day_start TEXT, day_end TEXT);
DELETE FROM temp.listed_day;
CREATE TEMP TRIGGER IF NOT EXISTS window_goes AFTER DELETE ON main.extract_window
BEGIN DELETE FROM window_pass WHERE window_id = OLD.window_id; END;

-- Days of a scope in another zone than it has, if that is known, are none any more.
-- name: window_rezone
DELETE FROM extract_window
WHERE stream = ?1 AND window_start IS NOT NULL AND EXISTS (
    SELECT 1 FROM temp.listed_scope AS s
    WHERE s.scope = extract_window.scope AND s.zone IS NOT extract_window.time_zone
      AND EXISTS (SELECT 1 FROM temp.listed_day AS d WHERE d.zone IS s.zone));

-- Whether there are days of the business time zone (?2: 1), or of the scopes' own.
-- name: window_has_zone
SELECT 1 FROM extract_window
WHERE stream = ?1 AND window_start IS NOT NULL AND (time_zone IS NULL) = ?2 LIMIT 1;

-- What is known of them stays as it is: nobody can be asked for more.
-- name: window_settle_unlisted
UPDATE extract_window SET state = 'settled', again_at = NULL
WHERE stream = ?1 AND (state <> 'settled' OR again_at IS NOT NULL) AND window_start IS NOT NULL
  AND scope NOT IN (SELECT scope FROM temp.listed_scope);

-- A scope that comes back is read at once, not when its last reading is old.
-- name: window_drop_unlisted
DELETE FROM extract_window WHERE stream = ?1 AND window_start IS NULL
  AND scope NOT IN (SELECT scope FROM temp.listed_scope);

-- name: window_under_way
SELECT count(*) FROM window_pass WHERE target_to IS NOT NULL OR token IS NOT NULL;

-- Whether anything of a stream was ever read whole.
-- name: window_ever_read
SELECT 1 FROM extract_window AS w JOIN window_pass AS p ON p.window_id = w.window_id
WHERE stream = ?1 AND read_at IS NOT NULL LIMIT 1;

-- The streams of a run, ?1 ([[stream, the one it needs or '', whether it is a list]..], what is needed before what needs it), by
-- their places there in their turns where requests are few, and whether they wait for what they need. A turn goes by this: first a list, or numbered
-- pages, that were cut and begin anew, but for those that were cut when they came first; then by the run that last
-- began something of it, of one by when a page last came. Where the turn of what a stream needs is later, the names of a list
-- that are stored must do, or it comes right behind.
-- name: window_turns
WITH RECURSIVE part AS (
    SELECT stream, updated_run_id, page_at, read_at, failures = 0 AND target_to IS NOT NULL AND page_at IS NOT NULL
        AND (page > 1 OR stream NOT IN (
            SELECT stream FROM extract_window WHERE window_start IS NOT NULL)) AS cut
    FROM extract_window AS w LEFT JOIN window_pass AS p ON p.window_id = w.window_id
), own AS (
    SELECT key AS place, json_extract(value, '$[0]') AS name, nullif(json_extract(value, '$[1]'), '') AS needs,
        json_extract(value, '$[2]') AND max(read_at) IS NOT NULL AS has_names,
        printf('%d %012d %s', NOT ifnull(max(cut), 0), max(updated_run_id), max(page_at)) AS turn
    FROM json_each(?1) LEFT JOIN part ON stream = json_extract(value, '$[0]') GROUP BY key
), turn AS (
    SELECT place, name, has_names, turn, 1 AS waits FROM own WHERE needs IS NULL
    UNION ALL
    SELECT o.place, o.name, o.has_names,
        CASE WHEN n.turn <= o.turn OR n.has_names THEN o.turn ELSE n.turn || ' ' || o.turn END,
        n.turn <= o.turn OR NOT n.has_names
    FROM turn AS n JOIN own AS o ON o.needs = n.name
)
SELECT place, waits FROM turn ORDER BY turn, place;

-- name: window_excuse
UPDATE extract_window SET failures = 0 WHERE window_id = ?1;

-- The run ?2 has begun something of the window ?1, or goes on.
-- name: window_taken
UPDATE extract_window SET updated_run_id = ?2 WHERE window_id = ?1;

-- Coverage by a reading from a time after ?1 is none. One made before may reach further: plans of
-- days to come.
-- name: window_reopen_ahead
UPDATE extract_window SET state = 'open', complete_to = (
    SELECT max(covered_to) FROM window_pass AS p
    WHERE ifnull(read_at, covered_to) <= ?1 AND p.window_id = extract_window.window_id)
WHERE window_id IN (SELECT window_id FROM window_pass WHERE ifnull(read_at, covered_to) > ?1);

-- name: window_forget_ahead
UPDATE window_pass SET covered_to = NULL, read_at = NULL WHERE ifnull(read_at, covered_to) > ?1;

-- Windows that have anything of the times in temp.window_owed are owed once more: their readings count as made when they
-- ended. They stay whole meanwhile.
-- name: window_owe
UPDATE window_pass SET read_at = (
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', window_end, '-1 second') FROM extract_window AS w
    WHERE w.window_id = window_pass.window_id)
WHERE read_at IS NOT NULL AND window_id IN (
    SELECT window_id FROM temp.window_owed AS o
    JOIN extract_window AS w ON w.stream = o.stream AND window_start < utc_to AND window_end > utc_from);
UPDATE extract_window SET state = 'provisional'
WHERE state = 'settled' AND EXISTS (
    SELECT 1 FROM temp.window_owed AS o
    WHERE o.stream = extract_window.stream AND window_start < utc_to AND window_end > utc_from);

-- A reading of pass ?2 up to ?3 begins under planning time ?4, by the grants ?5: no cursor, no token.
-- Not where another run has dropped the window since it was claimed.
-- name: window_begin
INSERT INTO window_pass (window_id, pass, target_to, begun_at, grant_set_id)
SELECT window_id, ?2, ?3, ?4, nullif(?5, 0) FROM extract_window WHERE window_id = ?1
ON CONFLICT (window_id, pass) DO UPDATE SET
    target_to = ?3, begun_at = ?4, grant_set_id = nullif(?5, 0), token = NULL, waited = 0, cursor = NULL, page = 1,
    page_size = NULL, page_at = NULL, pages_read = 0, rows_read = 0, total_hits = NULL;

-- name: window_token
UPDATE window_pass SET token = ?3, waited = 0, cursor = NULL, page = 1, page_size = NULL
WHERE window_id = ?1 AND pass = ?2;

-- What the server called ?3 is gone, and a reading that was to go on with it; another that has come meanwhile stays.
-- name: window_cleared
UPDATE window_pass SET
    token = NULL, waited = 0, target_to = NULL, cursor = NULL, page = 1, page_size = NULL
WHERE window_id = ?1 AND pass = ?2 AND token = ?3;

-- name: window_page
UPDATE window_pass SET
    cursor = ?3, page = ?4, page_size = ?5, page_at = ?6, pages_read = pages_read + ?7,
    rows_read = rows_read + ?8, total_hits = coalesce(nullif(?9, 0), total_hits)
WHERE window_id = ?1 AND pass = ?2;

-- Of the reading that is whole (?5), and of passes whose coverage is none beside it.
-- name: window_covered
UPDATE window_pass SET
    covered_to = ?3, read_at = ?4,
    target_to = CASE WHEN ?5 THEN NULL ELSE target_to END,
    cursor = CASE WHEN ?5 THEN NULL ELSE cursor END,
    page = CASE WHEN ?5 THEN 1 ELSE page END
WHERE window_id = ?1 AND pass = ?2;

-- name: window_read
UPDATE extract_window SET
    state = CASE ?2 WHEN 0 THEN 'open' WHEN 1 THEN 'provisional' ELSE 'settled' END, complete_to = ?3, failures = 0,
    last_error = NULL, last_error_kind = NULL,
    last_error_at = NULL, updated_run_id = ?4,
    grant_set_id = (SELECT grant_set_id FROM window_pass WHERE window_id = ?1 AND pass = ?5),
    again_at = CASE WHEN NOT ?6 THEN again_at END
WHERE window_id = ?1;

-- name: window_failed
UPDATE extract_window SET
    failures = failures + 1, last_error = ?2, last_error_kind = ?3, last_error_at = ?4,
    updated_run_id = ?5
WHERE window_id = ?1;

-- The reading begins anew (?3), or was waited for in vain (?4).
-- name: window_failed_pass
UPDATE window_pass SET
    target_to = CASE WHEN NOT ?3 THEN target_to END, cursor = CASE WHEN NOT ?3 THEN cursor END,
    page = CASE WHEN ?3 THEN 1 ELSE page END, page_size = CASE WHEN NOT ?3 THEN page_size END,
    waited = max(waited, ?4)
WHERE window_id = ?1 AND pass = ?2;

-- The scopes that were listed last.
-- name: window_listed
SELECT scope FROM temp.listed_scope
