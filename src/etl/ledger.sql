-- What the ledger keeps: runs, and facts that they share.

-- name: run_begin
INSERT INTO run (command, started_at, planned_until, version, host, pid, streams, keeps_raw)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: run_progress
UPDATE run SET
    requests = ?2, retries = ?3, bytes = ?4, pages = ?5, rows_new = ?6, rows_changed = ?7,
    rows_unchanged = ?8
WHERE run_id = ?1;

-- name: run_end
UPDATE run SET
    ended_at = ?2, exit_code = ?3, exit_name = ?4, error = ?5, streams_done = ?6,
    streams_left = ?7, days_whole = ?8, not_done = ?9
WHERE run_id = ?1;

-- name: run_route
INSERT OR REPLACE INTO request_count (run_id, method, route, requests, retries, status_429, status_5xx, bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- Of runs that began before ?1 the last of a UTC day, streams and exit code stands for all of them; of
-- those before ?2 the last of streams and exit code. What has no end may be under way.
-- name: fold_temporary
CREATE TEMP TABLE IF NOT EXISTS folded_run (run_id INTEGER PRIMARY KEY, keeper INTEGER);
DELETE FROM temp.folded_run;

-- name: fold_find
INSERT INTO temp.folded_run
SELECT run_id, keeper FROM (
    SELECT run_id, max(run_id) OVER (
        PARTITION BY CASE WHEN started_at >= ?2 THEN substr(started_at, 1, 10) END, command, streams, exit_code) AS keeper
    FROM run WHERE started_at < CASE WHEN ended_at IS NULL THEN ?2 ELSE ?1 END)
WHERE run_id <> keeper ORDER BY run_id LIMIT 300;

-- name: fold_take
INSERT INTO request_count
    (run_id, method, route, requests, retries, status_429, status_5xx, bytes, runs)
SELECT keeper, method, route, sum(requests), sum(retries), sum(status_429), sum(status_5xx), sum(bytes), sum(ifnull(runs, 1))
FROM temp.folded_run AS f CROSS JOIN request_count AS c ON c.run_id = f.run_id GROUP BY keeper, method, route
ON CONFLICT (run_id, method, route) DO UPDATE SET
    requests = requests + excluded.requests, retries = retries + excluded.retries,
    status_429 = status_429 + excluded.status_429, status_5xx = status_5xx + excluded.status_5xx,
    bytes = bytes + excluded.bytes, runs = ifnull(runs, 1) + excluded.runs;
UPDATE run SET
    runs = ifnull(run.runs, 1) + f.runs, requests = run.requests + f.requests, retries = run.retries + f.retries,
    bytes = run.bytes + f.bytes, pages = run.pages + f.pages, rows_new = run.rows_new + f.rows_new,
    rows_changed = run.rows_changed + f.rows_changed, rows_unchanged = run.rows_unchanged + f.rows_unchanged
FROM (SELECT keeper, sum(ifnull(runs, 1)) AS runs, sum(requests) AS requests, sum(retries) AS retries, sum(bytes) AS bytes,
             sum(pages) AS pages, sum(rows_new) AS rows_new, sum(rows_changed) AS rows_changed,
             sum(rows_unchanged) AS rows_unchanged
      FROM temp.folded_run AS g CROSS JOIN run AS r ON r.run_id = g.run_id GROUP BY keeper) AS f
WHERE run.run_id = f.keeper;
DELETE FROM request_count WHERE run_id IN (SELECT run_id FROM temp.folded_run);
DELETE FROM run WHERE run_id IN (SELECT run_id FROM temp.folded_run);

-- The UTC month of ?1, when the next one begins, and what is left of the ?2 requests of it.
-- name: run_month_room
SELECT month, date(month || '-01', '+1 month'),
       max(0, ?2 - ifnull((SELECT requests FROM request_month AS m WHERE m.month = now.month), 0))
FROM (SELECT substr(?1, 1, 7) AS month) AS now;

-- name: run_month
INSERT INTO request_month (month, requests) VALUES (?1, ?2)
ON CONFLICT (month) DO UPDATE SET requests = requests + excluded.requests;

-- Of the streams of the run ?1.
-- name: run_days_whole
SELECT sum(whole) FROM freshness WHERE stream IN (
    SELECT value FROM run, json_each(streams) WHERE run_id = ?1);

-- Which of the passes of the stream ?1 that stand in for one another was granted after ?2.
-- name: source
SELECT plan FROM stream_source WHERE stream = ?1 AND chosen_at > ?2;

-- ?3: now. Written once a day at least.
-- name: source_remember
INSERT INTO stream_source (stream, plan, chosen_at) VALUES (?1, ?2, ?3)
ON CONFLICT (stream) DO UPDATE SET plan = excluded.plan, chosen_at = excluded.chosen_at
WHERE plan <> excluded.plan OR chosen_at > ?3 OR chosen_at <= strftime('%Y-%m-%dT%H:%M:%fZ', ?3, '-1 day');

-- A temporary table hides the file's of its name: who only reads finds what would be dated anew.
-- name: zone_copy
CREATE TEMP TABLE zone_offset (
    utc_from TEXT PRIMARY KEY, utc_to TEXT, offset_seconds INTEGER, day TEXT, zone TEXT);
INSERT INTO temp.zone_offset SELECT * FROM main.zone_offset;

-- Days of another zone than ?1.
-- name: zone_before
CREATE TEMP TABLE zone_before AS SELECT * FROM main.zone_offset WHERE zone <> ?1;

-- name: zone_name
UPDATE zone_offset SET zone = ?1 WHERE zone <> ?1;

-- Of them those that are others now, up to ?1; none from before all that was read.
-- name: zone_redated
SELECT min(zone), min(day), max(day) FROM temp.zone_before AS b
WHERE utc_from < ?1 AND utc_to > ifnull((SELECT min(window_start) FROM extract_window), '')
AND NOT EXISTS (
    SELECT 1 FROM zone_offset AS z
    WHERE z.utc_from = b.utc_from AND z.utc_to = b.utc_to AND z.offset_seconds = b.offset_seconds
    AND z.day = b.day);

-- What lies in the way of a row from ?1 to ?2 goes.
-- name: zone_make_room
DELETE FROM zone_offset WHERE utc_from > ?1 AND utc_from < ?2;

-- name: zone_put
INSERT INTO zone_offset (utc_from, utc_to, offset_seconds, day, zone) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (utc_from) DO UPDATE SET
    utc_to = excluded.utc_to, offset_seconds = excluded.offset_seconds, day = excluded.day
WHERE utc_to <> excluded.utc_to OR offset_seconds <> excluded.offset_seconds
    OR day <> excluded.day;

-- name: kpi_take
UPDATE kpi SET
    (include_flow_outs, include_short_abandons, include_abandons, default_target_seconds) = (?1, ?2, ?3, ?4)
WHERE (include_flow_outs, include_short_abandons, include_abandons, default_target_seconds)
    IS NOT (?1, ?2, ?3, ?4);

-- What of it is other than ?1 to ?4, and how these are; NULL: nothing.
-- name: kpi_other
SELECT group_concat(name || ' = ' || kept, ', '), group_concat(name || ' = ' || wanted, ', ')
FROM (SELECT 'include_flow_outs' AS name, include_flow_outs AS kept, ?1 AS wanted FROM kpi
      UNION ALL SELECT 'include_short_abandons', include_short_abandons, ?2 FROM kpi
      UNION ALL SELECT 'include_abandons', include_abandons, ?3 FROM kpi
      UNION ALL SELECT 'default_target_seconds', default_target_seconds, ?4 FROM kpi)
WHERE kept <> wanted;

-- Whose the file is, and whether the client ?1 of the hosts ?2 and ?3 has asked on the UTC day of ?4.
-- name: owner
SELECT organization_id, name,
    client_id = ?1 AND login_url = ?2 AND api_url = ?3 AND asked_day = substr(?4, 1, 10)
FROM organization;

-- name: owner_keep
INSERT INTO organization (place, organization_id, name, client_id, login_url, api_url, asked_day)
VALUES (1, ?1, ?2, ?3, ?4, ?5, substr(?6, 1, 10))
ON CONFLICT (place) DO UPDATE SET
    organization_id = coalesce(excluded.organization_id, organization_id),
    name = coalesce(excluded.name, name), client_id = excluded.client_id,
    login_url = excluded.login_url, api_url = excluded.api_url, asked_day = excluded.asked_day;

-- Grants as answers ?1 of /authorization/subjects/me or, where that says nothing, ?2 of /tokens/me
-- have them.
-- name: grants_read
SELECT CASE WHEN count(said) > 0 THEN json_group_array(pair) FILTER (WHERE pair IS NOT NULL) END
FROM (
    SELECT DISTINCT said, json_extract(value, '$.role.id') || '/' || json_extract(value, '$.division.id')
        AS pair
    FROM (SELECT 1 AS said WHERE json_type(?1, '$.grants') IS 'array')
    LEFT JOIN json_each(?1, '$.grants') AS g ON g.type = 'object'
    UNION
    SELECT said, json_extract(value, '$.roleId') || '/' || json_extract(value, '$.divisionId')
    FROM (SELECT 1 AS said WHERE json_type(?1, '$.grants') IS NOT 'array'
          AND json_type(?2, '$.OAuthClient.roleDivisions') IS 'array')
    LEFT JOIN json_each(?2, '$.OAuthClient.roleDivisions') AS g ON g.type = 'object'
    ORDER BY pair);

-- Before grants that are said at ?1: a clock was ahead where others were said later.
-- name: grants_before
UPDATE grant_set SET asked_at = strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '-0.001 seconds') WHERE asked_at >= ?1;

-- The grants ?1, said at ?2; the same as before are one row.
-- name: grants_keep
INSERT INTO grant_set (grant_set_id, grants, first_seen_at, asked_at)
VALUES ((SELECT grant_set_id FROM grant_set WHERE grants IS ?1), ?1, ?2, ?2)
ON CONFLICT (grant_set_id) DO UPDATE SET asked_at = excluded.asked_at;

-- name: grants_newest
SELECT grant_set_id FROM grant_set ORDER BY asked_at DESC, grant_set_id DESC LIMIT 1;

-- They are others than runs that are under way (for a week at most: the end of one that was killed is not
-- written), or ended in trouble within a day, read their windows by, or others were said since such a run began: of
-- its windows that alone is known which all of them give.
-- name: grants_narrow
CREATE TEMP TABLE IF NOT EXISTS grants_said (
    run_id INTEGER, grant_set_id INTEGER, said_id INTEGER, first_seen_at TEXT, PRIMARY KEY (run_id, grant_set_id, said_id)) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS grants_given (said_id INTEGER, pair TEXT, whole TEXT, PRIMARY KEY (said_id, pair)) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS grants_both (run_id INTEGER, grant_set_id INTEGER, grants TEXT, first_seen_at TEXT);
DELETE FROM temp.grants_said;
DELETE FROM temp.grants_given;
DELETE FROM temp.grants_both;
INSERT INTO temp.grants_said
SELECT DISTINCT r.run_id, own.grant_set_id, s.grant_set_id, s.first_seen_at
FROM (SELECT *, strftime('%Y-%m-%dT%H:%M:%fZ', started_at, (min(ifnull(-clock_ahead_ms, 0), 0) / 1000.0) || ' seconds') AS began FROM run) AS r
CROSS JOIN (SELECT max(asked_at) AS asked_at FROM grant_set) AS newest
JOIN extract_window AS w ON w.updated_run_id = r.run_id
JOIN grant_set AS own ON own.grant_set_id = w.grant_set_id AND own.grants IS NOT NULL
JOIN grant_set AS s ON s.grant_set_id = own.grant_set_id OR s.grants IS NOT NULL AND s.asked_at >= min(r.began, newest.asked_at)
WHERE ifnull(r.exit_code, 1) <> 0
AND r.began > strftime('%Y-%m-%dT%H:%M:%fZ', newest.asked_at, CASE WHEN r.ended_at IS NULL THEN '-7 days' ELSE '-1 day' END);
INSERT INTO temp.grants_given
SELECT grant_set_id, value, substr(value, 1, instr(value, '/')) || '*'
FROM grant_set, json_each(grants) WHERE grant_set_id IN (SELECT said_id FROM temp.grants_said);
INSERT INTO temp.grants_both
SELECT run_id, grant_set_id, (
    SELECT json_group_array(pair) FROM (
        SELECT DISTINCT g.pair FROM temp.grants_said AS a JOIN temp.grants_given AS g USING (said_id)
        WHERE a.run_id = r.run_id AND a.grant_set_id = r.grant_set_id AND NOT EXISTS (
            SELECT 1 FROM temp.grants_said AS o
            WHERE o.run_id = r.run_id AND o.grant_set_id = r.grant_set_id AND NOT EXISTS (
                SELECT 1 FROM temp.grants_given AS h WHERE h.said_id = o.said_id AND h.pair IN (g.pair, g.whole)))
        ORDER BY g.pair)), min(first_seen_at)
FROM temp.grants_said AS r GROUP BY run_id, grant_set_id HAVING count(*) > 1;
INSERT INTO grant_set (grants, first_seen_at, asked_at)
SELECT grants, min(first_seen_at), min(first_seen_at) FROM temp.grants_both
WHERE grants NOT IN (SELECT grants FROM grant_set WHERE grants IS NOT NULL) GROUP BY grants;
UPDATE extract_window SET grant_set_id = s.grant_set_id
FROM temp.grants_both AS b JOIN grant_set AS s ON s.grants = b.grants
WHERE b.grant_set_id = extract_window.grant_set_id AND b.run_id = updated_run_id;

