-- How far each stream is and what is behind (out/out.h). The first statements make tables of the
-- connection's own, from which those of status, metrics and the manifest are answered.

-- name: status_fact
-- What the program knows of its streams, in the order of its registry.
CREATE TEMP TABLE status_fact (
    stream_no INTEGER PRIMARY KEY,
    stream TEXT,
    title TEXT,
    is_snapshot INTEGER, -- no days: the state of a moment
    is_list INTEGER,     -- of names
    is_enabled INTEGER,  -- one that is not is shown, but never behind
    row_count INTEGER,   -- entities stored
    is_locked INTEGER    -- a run holds its lock now; NULL: nobody can tell
)

-- name: status_fact_add
INSERT INTO status_fact (stream, title, is_snapshot, is_list, is_enabled, row_count, is_locked)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, -1))

-- name: status_run
-- The runs of extract. One without an end was killed when a later run of the same streams got its
-- locks, or when no lock of its streams is held that a later one could not hold as well; one that was
-- refused its locks read nothing: another one did.
CREATE TEMP VIEW status_run AS
SELECT
    run_id, started_at, ended_at, planned_until, exit_code, exit_name, error, streams, not_done,
    was_killed,
    exit_name IS NOT 'locked' AS got_locks,
    CASE
        WHEN ended_at IS NOT NULL THEN printf('%d %s', exit_code, exit_name)
        WHEN was_killed THEN 'killed'
        WHEN (SELECT max(is_locked) FROM status_fact) IS NULL THEN 'under way, or killed'
        ELSE 'under way'
    END AS result,
    json_object('run_id', run_id, 'started_at', started_at, 'ended_at', ended_at,
                'planned_until', planned_until, 'exit_code', exit_code, 'exit_name', exit_name,
                'error', error, 'killed', json(iif(was_killed, 'true', 'false')))
        AS document
FROM (
    SELECT
        run.*,
        CASE
            WHEN ended_at IS NULL THEN EXISTS (
                SELECT 1 FROM run AS later
                WHERE later.run_id > run.run_id AND later.streams = run.streams
                AND later.exit_name IS NOT 'locked')
            OR (SELECT max(is_locked) FROM status_fact) IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM status_fact AS f, json_each(run.streams) AS j
                WHERE j.value = f.stream AND f.is_locked IS NOT 0 AND NOT EXISTS (
                    SELECT 1 FROM run AS later, json_each(later.streams) AS k
                    WHERE later.run_id > run.run_id AND later.ended_at IS NULL
                    AND k.value = f.stream))
            ELSE 0
        END AS was_killed
    FROM run WHERE command = 'extract'
)

-- name: status_stream_run
-- What became of each stream in each run: how it ended for it alone, and why it is not done.
CREATE TEMP VIEW status_stream_run AS
SELECT
    r.run_id, j.value AS stream, r.ended_at, r.got_locks,
    CASE
        WHEN r.ended_at IS NULL THEN r.result
        WHEN r.exit_name = 'mismatch' THEN 'ok' -- it is all there
        WHEN r.exit_code = 0 OR r.not_done IS NULL THEN r.exit_name
        ELSE coalesce(json_extract(r.not_done, '$.' || j.value || '.exit'), 'ok')
    END AS result,
    json_extract(r.not_done, '$.' || j.value || '.why') AS why
FROM status_run AS r, json_each(r.streams) AS j

-- name: status_fewer
-- Days that were read by fewer grants than the client has today, and the line that reads them again.
-- ?1: today's grants (NULL: those it had when a run asked last); ?2: now; ?3: JSON array of the streams
-- that are meant.
CREATE TEMP TABLE status_fewer AS
WITH
today AS (
    SELECT value AS pair FROM json_each(coalesce(?1, (
        SELECT grants FROM grant_set ORDER BY asked_at DESC, grant_set_id DESC LIMIT 1)))
),
held AS MATERIALIZED (
    SELECT grant_set_id, value AS pair FROM grant_set, json_each(grants)
),
fewer AS ( -- each pair is looked up once: there may be thousands
    SELECT grant_set_id, pair FROM grant_set, today WHERE grants IS NOT NULL
    EXCEPT SELECT * FROM held
    EXCEPT
    SELECT h.grant_set_id, today.pair FROM held AS h
    JOIN today ON h.pair = substr(today.pair, 1, instr(today.pair, '/')) || '*'
    WHERE h.pair LIKE '%/*'
),
day AS (
    SELECT DISTINCT f.stream, f.day
    FROM (SELECT DISTINCT stream, window_start, window_end FROM extract_window
          WHERE grant_set_id IN (SELECT grant_set_id FROM fewer) AND state <> 'open'
          AND stream IN (SELECT value FROM json_each(?3))) AS w
    CROSS JOIN freshness AS f
    WHERE f.stream = w.stream AND f.whole AND f.utc_to <= ?2
    AND f.utc_from < w.window_end AND f.utc_to > w.window_start
),
part AS (
    SELECT stream, min(day) AS day_from, max(day) AS day_to
    FROM (SELECT *, julianday(day) - row_number() OVER (PARTITION BY stream ORDER BY day) AS stretch
          FROM day)
    GROUP BY stream, stretch ORDER BY stream
)
SELECT day_from, day_to, json_group_array(stream) AS streams,
       printf('rollcall backfill --again --from %s --to %s%s', day_from, day_to, CASE
           WHEN count(*) < json_array_length(?3) THEN ' --stream ' || group_concat(stream, ' --stream ')
           ELSE '' END) AS line
FROM part GROUP BY day_from, day_to ORDER BY day_from, day_to

-- name: status_past
-- The streams that have days, of those enabled.
SELECT json_group_array(stream) FROM status_fact WHERE is_enabled AND NOT is_snapshot

-- name: status_fewer_said
SELECT 0, NULL, NULL,
    'Read when the client had fewer grants (roles, divisions) than today; this reads them again:'
FROM status_fewer LIMIT 1

-- name: status_fewer_lines
-- As they are typed.
SELECT line FROM (SELECT day_from, day_to, line FROM status_fewer
                  UNION ALL SELECT '~', NULL, '' WHERE EXISTS (SELECT 1 FROM status_fewer))
ORDER BY day_from, day_to

-- name: status_stream
-- ?1: now; ?2: since when a stream has to have been read, and read well; ?3: where [extract] start
-- is: what lies before is a back-fill's until it is whole.
-- An enabled stream is overdue when nothing of it was read since, or when runs were to read it and
-- none ended well for it; it is behind when it is overdue, or when a window that ended before is not
-- complete. A stream of windows is read without a hole up to where the first day that is not whole
-- is; a list or a poll was complete when the oldest of its scopes was.
CREATE TEMP TABLE status_stream AS
WITH
moment AS (SELECT ?1 AS now, ?2 AS due),
covered AS (
    SELECT
        stream, 0 AS is_snapshot, NULL AS complete_to,
        max(last_read_at) AS last_read_at,
        sum(state = 'open') AS open_windows,
        sum(state = 'provisional') AS provisional_windows,
        sum(state = 'settled') AS settled_windows,
        count(DISTINCT CASE WHEN missing AND window_end <= (SELECT now FROM moment)
                            THEN day END) AS late_windows,
        count(DISTINCT CASE WHEN missing AND window_end < (SELECT due FROM moment)
                            THEN day END) AS due_windows,
        min(CASE WHEN missing AND window_end < (SELECT due FROM moment) THEN window_start END)
            AS first_due
    FROM (
        SELECT w.*, w.complete_to IS NULL OR w.complete_to < w.window_end AS missing,
               date(window_start, '+12 hours') AS day, -- one in all zones
               (SELECT max(read_at) FROM window_pass AS p WHERE p.window_id = w.window_id)
                   AS last_read_at
        FROM extract_window AS w
    )
    WHERE window_start IS NOT NULL AND NOT (missing AND window_end <= coalesce(?3, ''))
    GROUP BY stream
    UNION ALL
    SELECT stream, 1, CASE WHEN count(complete_to) = count(*) THEN min(complete_to) END,
           max(complete_to), sum(complete_to IS NULL), 0, count(complete_to), 0, 0, NULL
    FROM extract_window WHERE window_start IS NULL AND stream NOT IN (
        SELECT stream FROM extract_window WHERE window_start IS NOT NULL
    ) GROUP BY stream
),
business_day AS MATERIALIZED (SELECT * FROM freshness WHERE whole OR utc_to > coalesce(?3, '')),
days AS (
    SELECT
        stream, sum(whole) AS whole_days, min(day) AS first_day,
        sum(state = 'open' AND utc_from <= (SELECT now FROM moment)) AS open_days,
        sum(state = 'provisional') AS provisional_days,
        nullif(coalesce(min(CASE WHEN NOT whole THEN coalesce(complete_to, utc_from) END),
                        max(complete_to)),
               min(utc_from)) AS complete_to,
        min(CASE WHEN NOT whole THEN day END) AS first_hole
    FROM business_day GROUP BY stream
),
known AS (
    SELECT
        f.*, coalesce(d.complete_to, w.complete_to) AS complete_to, w.last_read_at,
        coalesce(w.open_windows, 0) AS open_windows,
        coalesce(w.provisional_windows, 0) AS provisional_windows,
        coalesce(w.settled_windows, 0) AS settled_windows,
        coalesce(w.late_windows, 0) AS late_windows,
        w.due_windows, w.first_due,
        coalesce(d.whole_days, 0) AS whole_days,
        coalesce(d.open_days, 0) AS open_days,
        coalesce(d.provisional_days, 0) AS provisional_days,
        d.first_day,
        (SELECT max(b.day) FROM business_day AS b
         WHERE b.stream = f.stream AND b.day < coalesce(d.first_hole, '~')) AS whole_to_day,
        (SELECT count(*) FROM unknown_field AS u WHERE u.stream = f.stream) AS unknown_fields,
        (SELECT count(*) FROM data_problem AS p WHERE p.stream = f.stream) AS data_problems,
        (SELECT min(first_seen_at) FROM unknown_field AS u WHERE u.stream = f.stream)
            AS unknown_fields_since,
        (SELECT min(first_seen_at) FROM data_problem AS p WHERE p.stream = f.stream)
            AS data_problems_since,
        EXISTS (SELECT 1 FROM extract_window AS w JOIN window_pass AS p USING (window_id)
                WHERE w.stream = f.stream AND p.target_to IS NOT NULL) AS is_under_way,
        (SELECT r.run_id FROM status_stream_run AS r
         WHERE r.stream = f.stream AND r.got_locks ORDER BY r.run_id DESC LIMIT 1) AS last_run_id,
        (SELECT r.run_id FROM status_stream_run AS r
         WHERE r.stream = f.stream AND r.got_locks AND r.ended_at IS NOT NULL
         ORDER BY r.run_id DESC LIMIT 1) AS last_ended_id,
        (SELECT r.run_id FROM status_stream_run AS r
         WHERE r.stream = f.stream AND r.result = 'ok' ORDER BY r.run_id DESC LIMIT 1)
            AS last_success_id,
        (SELECT e.window_id FROM extract_window AS e
         WHERE e.stream = f.stream AND e.last_error IS NOT NULL
         ORDER BY e.last_error_at DESC LIMIT 1) AS error_window_id
    FROM status_fact AS f
    LEFT JOIN covered AS w ON w.stream = f.stream AND w.is_snapshot = f.is_snapshot
    LEFT JOIN days AS d ON d.stream = f.stream AND NOT f.is_snapshot
),
judged AS (
    SELECT
        k.*, s.ended_at AS last_success_at,
        CASE
            WHEN NOT k.is_enabled THEN NULL
            WHEN k.last_read_at IS NULL THEN 'never read'
            WHEN k.last_read_at < m.due THEN printf(
                'last read %d hours ago',
                (strftime('%s', m.now) - strftime('%s', k.last_read_at)) / 3600)
            WHEN k.last_run_id IS NULL OR s.ended_at >= m.due THEN NULL
            WHEN s.run_id IS NULL THEN 'no run of it has ended well yet'
            ELSE printf(
                'no run of it has ended well for %d hours',
                (strftime('%s', m.now) - strftime('%s', s.ended_at)) / 3600)
        END AS overdue,
        CASE WHEN k.is_enabled AND k.due_windows > 0 THEN printf(
            '%d ended %s not complete, the first is %s (UTC)', k.due_windows,
            iif(k.due_windows = 1, 'day is', 'days are'),
            substr(k.first_due, 1, 10))
        END AS incomplete
    FROM known AS k
    CROSS JOIN moment AS m
    LEFT JOIN status_run AS s ON s.run_id = k.last_success_id
)
SELECT
    judged.*, overdue IS NOT NULL AS is_overdue,
    coalesce(overdue, incomplete) AS behind, -- why; NULL: it is not
    l.result,
    coalesce(t.why, e.last_error) AS last_error,
    CASE WHEN t.why IS NOT NULL THEN t.result ELSE e.last_error_kind END AS last_error_kind,
    CASE WHEN t.why IS NOT NULL THEN t.ended_at ELSE e.last_error_at END AS last_error_at
FROM judged
LEFT JOIN extract_window AS e ON e.window_id = judged.error_window_id
LEFT JOIN status_stream_run AS l ON l.run_id = judged.last_run_id AND l.stream = judged.stream
LEFT JOIN status_stream_run AS t ON t.run_id = judged.last_ended_id AND t.stream = judged.stream
ORDER BY stream_no

-- name: status_whole
-- What concerns all streams. ?1: now; ?2: the database's path, ?3: its schema, ?4: hours after which
-- a stream is overdue; ?5: bytes of the write-ahead log, ?6: whether those are many;
-- ?7: [extract] streams as it stands there; ?8: where [extract] start is; ?9 and ?10: the budgets of
-- requests of a run and of a month, ?11: users that are licensed; 0: not said. Fair use is what the
-- vendor publishes for a named user of the smallest licence of a contact centre (docs/requests.md).
CREATE TEMP TABLE status AS
SELECT
    ?8 AS start_at,
    ?5 AS wal_bytes, ?6 AS is_wal_large,
    ?2 AS database, ?3 AS schema_version, ?4 AS due_hours,
    (SELECT max(is_overdue) FROM status_stream) AS is_overdue,
    EXISTS (SELECT 1 FROM status_stream WHERE behind IS NOT NULL) AS is_behind,
    (SELECT max(run_id) FROM status_run WHERE got_locks) AS last_run_id,
    (SELECT max(run_id) FROM status_run WHERE exit_code = 0) AS last_success_id,
    (SELECT max(run_id) FROM status_run WHERE exit_code <> 0 OR was_killed) AS last_failure_id,
    ifnull((SELECT requests FROM request_month WHERE month = substr(?1, 1, 7)), 0)
        AS requests_month,
    nullif(?9, 0) AS budget_run, nullif(?10, 0) AS budget_month,
    nullif(?11, 0) AS agents_licensed, nullif(?11, 0) * 75000 AS fair_use,
    (SELECT CASE WHEN count(*) > 1 AND count(*) < (SELECT sum(is_enabled) FROM status_fact)
            THEN coalesce(?7 || ', ', '') || group_concat('-' || stream, ', ') END
     FROM (SELECT stream FROM status_stream WHERE last_error_kind = 'permission' AND is_enabled
           ORDER BY stream_no)) AS leave_out, -- of several that the client may not read
    (SELECT clock_ahead_ms FROM run WHERE clock_ahead_ms IS NOT NULL ORDER BY run_id DESC LIMIT 1)
        AS clock_ahead_ms

-- name: status_title
SELECT printf('%s (schema %d)', database, schema_version) FROM status

-- name: status_shown
-- The lines of the tables: lists that fare alike share one, streams that are not enabled and were
-- never read have none.
CREATE TEMP VIEW status_shown AS
WITH line AS (
    SELECT *, CASE WHEN is_list AND is_enabled AND last_error IS NULL
              THEN printf('%s, %s', result, behind) END AS fare
    FROM status_stream WHERE is_enabled OR last_read_at IS NOT NULL
)
SELECT
    min(stream_no) AS stream_no,
    CASE WHEN count(*) > 1 THEN printf('%d lists', count(*)) ELSE stream END AS stream,
    is_snapshot, min(complete_to) AS complete_to, whole_to_day, whole_days, open_days,
    provisional_days, sum(row_count) AS row_count, min(last_run_id) AS last_run_id, result,
    is_enabled, is_overdue, behind
FROM line
GROUP BY CASE WHEN (SELECT count(*) FROM line AS other WHERE other.fare = line.fare) > 4
         THEN fare ELSE stream_no END

-- name: status_coverage
SELECT
    stream,
    coalesce(strftime('%Y-%m-%d %H:%MZ', complete_to), '-') AS "complete to",
    CASE WHEN NOT is_snapshot THEN coalesce(whole_to_day, '-') END AS "whole to",
    CASE WHEN NOT is_snapshot THEN whole_days END AS whole,
    CASE WHEN NOT is_snapshot THEN open_days END AS open,
    CASE WHEN NOT is_snapshot THEN provisional_days END AS "prov.",
    row_count AS rows
FROM status_shown ORDER BY stream_no

-- name: status_last_runs
SELECT
    s.stream,
    coalesce(strftime('%Y-%m-%d %H:%MZ', r.started_at), '-') AS "last run",
    s.result
FROM status_shown AS s
LEFT JOIN status_run AS r ON r.run_id = s.last_run_id
ORDER BY s.stream_no

-- name: status_troubles
-- What ended runs, and what is in the way of streams, a sentence each, and a blank line
-- (RENDER_WORDS). What single sign-on has to do with it says `check`.
SELECT 0, NULL, NULL, iif(blank, '', line) FROM (
    SELECT 0 AS stream_no, substr(error, 1, instr(error || ' Single sign-on', ' Single sign-on') - 1) AS line
    FROM status_run AS r
    WHERE exit_code NOT IN (0, 11, 12)
    AND run_id IN (SELECT last_run_id FROM status_stream WHERE is_enabled)
    AND NOT EXISTS (SELECT 1 FROM json_each(r.not_done) WHERE json_extract(value, '$.why') IS NOT NULL)
    UNION ALL
    SELECT stream_no, last_error AS line
    FROM status_stream WHERE last_error IS NOT NULL AND is_enabled
    UNION ALL
    SELECT 1000000, 'To leave out all that the client may not read, in [extract]: streams = ' || leave_out
    FROM status WHERE leave_out IS NOT NULL)
CROSS JOIN (SELECT 0 AS blank UNION SELECT 1)
ORDER BY stream_no, blank

-- name: status_facts
-- Names and values, one a line.
WITH odd AS (
    SELECT 1 AS no, 'unknown fields' AS what, 'unknown_field' AS place, NULL AS day
    UNION ALL
    SELECT 2, 'data problems', 'data_problem', NULL
    UNION ALL
    SELECT 1, 'unknown fields', 'unknown_field', substr(first_seen_at, 1, 10) FROM unknown_field
    UNION ALL
    SELECT 2, 'data problems', 'data_problem', substr(first_seen_at, 1, 10) FROM data_problem
)
SELECT 'last success', coalesce(
    'run ' || run_id || ', ' || strftime('%Y-%m-%d %H:%MZ', coalesce(ended_at, started_at)), 'none')
FROM status LEFT JOIN status_run ON run_id = last_success_id
UNION ALL
SELECT 'last failure', coalesce(
    'run ' || run_id || ', ' || strftime('%Y-%m-%d %H:%MZ', coalesce(ended_at, started_at)) || ', '
    || result || coalesce(': ' || (
        SELECT group_concat(key, ', ') FROM json_each(not_done)
        WHERE json_extract(value, '$.why') IS NOT NULL), ': ' || error, ''), 'none')
FROM status LEFT JOIN status_run ON run_id = last_failure_id
UNION ALL
SELECT 'left undone', CASE
    WHEN count(*) > 4 AND count(DISTINCT how) = 1 AND count(*) = (SELECT sum(is_enabled) FROM status_fact)
    THEN printf('all %d streams%s', count(*), how)
    ELSE coalesce(group_concat(stream || how, ', '), 'nothing') END
FROM (SELECT *, printf(' (%s%s)', result, CASE
          WHEN late_windows > 0 AND NOT is_snapshot
          THEN printf(', %d %s not complete', late_windows, iif(late_windows = 1, 'day', 'days'))
          ELSE '' END) AS how
      FROM status_stream ORDER BY stream_no)
WHERE is_enabled AND result <> 'ok'
AND (result NOT IN ('killed', 'under way') OR is_under_way OR late_windows > 0 OR complete_to IS NULL)
UNION ALL
SELECT 'proven', printf('%d of %d compared days%s', sum(differing = 0), count(*),
                        coalesce('; not ' || group_concat(CASE WHEN differing > 0 THEN day END, ', '), ''))
FROM (SELECT day, sum(differing) AS differing FROM reconciliation_day
      WHERE scope IN ('queue', 'agent') AND compared > 0 GROUP BY day)
HAVING count(*) > 0
UNION ALL
SELECT 'left of back-fills', printf('%d day%s: rollcall backfill --from %s --to %s%s', count(DISTINCT day),
                                    iif(count(DISTINCT day) = 1, '', 's'), min(day), max(day), CASE
    WHEN min(is_enabled) = 0 THEN ' --stream ' || replace(group_concat(DISTINCT stream), ',', ' --stream ')
    ELSE '' END)
FROM extract_window AS w
JOIN status_fact AS f USING (stream)
JOIN zone_offset AS z
    ON z.utc_from = (SELECT max(o.utc_from) FROM zone_offset AS o WHERE o.utc_from <= w.window_start)
WHERE again_at IS NOT NULL OR state = 'open' AND window_end <= (SELECT start_at FROM status)
HAVING count(*) > 0
UNION ALL
SELECT 'requests this month', requests_month
    || ifnull(' of ' || budget_month || ' (max_requests_month)', '')
    || ifnull('; fair use of ' || agents_licensed || ' users: ' || fair_use, '')
FROM status
UNION ALL
SELECT 'clock', printf('%d seconds %s the server''s: what is read is bounded by the server''s',
                       abs(clock_ahead_ms) / 1000, iif(clock_ahead_ms > 0, 'ahead of', 'behind'))
FROM status WHERE abs(clock_ahead_ms) > 120000
UNION ALL
SELECT 'write-ahead log', printf('%d MB: some program keeps an old state open (or a run is under way); end it',
                                 wal_bytes / 1000000)
FROM status WHERE is_wal_large
UNION ALL
SELECT what, count(day) || coalesce(
    ' since ' || min(day) || iif(max(day) > min(day), ', newest ' || max(day), '')
    || ' (' || place || ')', '')
FROM odd GROUP BY no

-- name: status_verdict
SELECT line FROM (
    SELECT min(stream_no) AS stream_no, printf('%s: %s: %s', iif(is_overdue, 'overdue', 'behind'),
           iif(is_all, printf('all %d streams', streams), stream), behind) AS line
    FROM status_shown CROSS JOIN (
        SELECT count(*) AS streams,
               count(*) > 4 AND count(behind) = count(*) AND count(DISTINCT behind) = 1 AS is_all
        FROM status_stream WHERE is_enabled)
    WHERE behind IS NOT NULL
    GROUP BY iif(is_all, 0, stream_no)
    UNION ALL
    SELECT stream_no, 'not enabled: ' || stream FROM status_shown WHERE NOT is_enabled
    UNION ALL
    SELECT 1000000, 'up to date' FROM status WHERE NOT is_behind
)
ORDER BY stream_no

-- name: status_is_behind
SELECT is_behind FROM status

-- name: status_document
-- All of it as JSON.
SELECT json_object(
    'database', database,
    'schema_version', schema_version,
    'due_hours', due_hours,
    'is_overdue', json(iif(is_overdue, 'true', 'false')),
    'is_behind', json(iif(is_behind, 'true', 'false')),
    'last_run', json((SELECT document FROM status_run WHERE run_id = last_run_id)),
    'last_success', json((SELECT document FROM status_run WHERE run_id = last_success_id)),
    'last_failure', json((SELECT document FROM status_run WHERE run_id = last_failure_id)),
    'days_compared', (SELECT count(*) FROM v_day WHERE proven IS NOT NULL),
    'days_proven', (SELECT count(*) FROM v_day WHERE proven),
    'requests_month', requests_month,
    'max_requests', budget_run,
    'max_requests_month', budget_month,
    'fair_use_month', fair_use,
    'fewer_grants', (SELECT json_group_array(json_object(
        'from', day_from, 'to', day_to, 'streams', json(streams), 'command', line)) FROM status_fewer),
    'clock_ahead_ms', clock_ahead_ms,
    'wal_bytes', wal_bytes,
    'streams', (SELECT json_group_array(json_object(
        'stream', stream,
        'title', title,
        'enabled', json(iif(is_enabled, 'true', 'false')),
        'complete_to', complete_to,
        'last_read_at', last_read_at,
        'whole_days', CASE WHEN NOT is_snapshot THEN whole_days END,
        'open_days', CASE WHEN NOT is_snapshot THEN open_days END,
        'provisional_days', CASE WHEN NOT is_snapshot THEN provisional_days END,
        'first_day', first_day,
        'whole_to_day', whole_to_day,
        'open_windows', open_windows,
        'rows', row_count,
        'unknown_fields', unknown_fields,
        'data_problems', data_problems,
        'unknown_fields_since', unknown_fields_since,
        'data_problems_since', data_problems_since,
        'last_run', json((SELECT document FROM status_run WHERE run_id = s.last_run_id)),
        'result', result,
        'last_success', json((SELECT document FROM status_run WHERE run_id = s.last_success_id)),
        'last_error', json(CASE WHEN last_error IS NOT NULL THEN json_object(
            'kind', last_error_kind, 'at', last_error_at, 'message', last_error) END),
        'is_overdue', json(iif(is_overdue, 'true', 'false')),
        'is_behind', json(iif(behind IS NOT NULL, 'true', 'false')),
        'behind', behind)) FROM (SELECT * FROM status_stream ORDER BY stream_no) AS s))
FROM status
