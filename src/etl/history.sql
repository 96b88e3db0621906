-- Statements about a history (etl/history.h): templates (etl/words.h). `n` is the row that came, the one
-- of a temporary table, `s` one that is stored; {same}: they say the same. Times are texts. outcome: as
-- enum placed.

-- name: history_outcome
SELECT outcome FROM {came} WHERE rowid = 1

-- LOAD_INTERVALS. {same} leaves start and end aside; {keys}: they have one key.

-- name: interval_temporary
CREATE TEMP TABLE IF NOT EXISTS {came} AS
SELECT *, NULL AS window_start, NULL AS window_end, NULL AS until, NULL AS replays, NULL AS outcome,
    NULL AS before, NULL AS before_end, NULL AS before_run, NULL AS goes_on,
    NULL AS twin, NULL AS twin_end, NULL AS twin_run, NULL AS twin_same,
    NULL AS next, NULL AS next_end, NULL AS next_same, NULL AS was_cut, NULL AS taken
FROM {table} WHERE 0

-- name: interval_came
INSERT OR REPLACE INTO {came} (rowid, window_start, window_end, until, replays, row_hash, row_changed_run_id, {columns})
VALUES (1, ?, ?, ?, ?, ?, ?, {marks})

-- name: interval_find
-- Where it starts with the window: the row before, which it may go on (an open one does not say how far
-- it reaches). The row that starts where it does. Where it may reach up to the window's end: the row that
-- starts there, and whether that says that this one was cut.
UPDATE {came} AS n SET
    (before, before_end, before_run, goes_on) = (
        SELECT s.{start}, s.{end}, s.row_changed_run_id,
            {same} AND (s.{end} > n.{start} OR s.{end} = n.{start} AND n.{end} IS NOT NULL)
        FROM {table} AS s WHERE n.{start} = n.window_start AND {keys} AND s.{start} < n.{start}
        ORDER BY s.{start} DESC LIMIT 1),
    (twin, twin_end, twin_run, twin_same) = (
        SELECT s.{start}, s.{end}, s.row_changed_run_id, {same}
        FROM {table} AS s WHERE {keys} AND s.{start} = n.{start}),
    (next, next_end, next_same, was_cut) = (
        SELECT s.{start}, s.{end}, {same}, {same} OR n.{end} IS NULL
        FROM {table} AS s WHERE ifnull(n.{end} = n.window_end, 1) AND {keys} AND s.{start} = n.window_end)
WHERE n.rowid = 1

-- name: interval_end_before
-- Another row begins there.
UPDATE {table} AS s SET {end} = n.{start} FROM {came} AS n
WHERE n.rowid = 1 AND n.before_end > n.{start} AND NOT n.goes_on AND {keys} AND s.{start} = n.before

-- name: interval_keep_end
-- Of the row that it is, and of that which it goes on, the stored end stays where nothing is said of the
-- time behind.
UPDATE {came} SET {end} = twin_end
WHERE rowid = 1 AND CASE WHEN {end} IS NULL THEN twin_end >= until
    ELSE ifnull(was_cut, 1) AND {end} = window_end AND twin_end > {end} END

-- name: interval_keep_end_before
UPDATE {came} SET {end} = before_end
WHERE rowid = 1 AND goes_on AND CASE WHEN {end} IS NULL THEN before_end >= until
    ELSE ifnull(was_cut, 1) AND {end} = window_end AND before_end > {end} END

-- name: interval_take_next
-- The piece that goes on where the window ends is part of it.
UPDATE {came} SET {end} = next_end, taken = 1
WHERE rowid = 1 AND {end} = window_end AND next_same AND next_end IS NOT NULL

-- name: interval_judge
UPDATE {came} SET
    {start} = CASE WHEN goes_on THEN before ELSE {start} END,
    row_changed_run_id = CASE WHEN NOT replays THEN row_changed_run_id WHEN goes_on THEN before_run
        WHEN twin IS NOT NULL THEN twin_run ELSE row_changed_run_id END,
    outcome = CASE WHEN goes_on THEN 2 - (taken IS NOT NULL OR twin IS NOT NULL OR before_end IS NOT {end})
        WHEN twin IS NULL THEN 0
        ELSE 2 - (taken IS NOT NULL OR NOT twin_same OR twin_end IS NOT {end}) END
WHERE rowid = 1

-- name: interval_remove
DELETE FROM {table} WHERE {of_key} AND {start} IN (
    SELECT next FROM {came} WHERE rowid = 1 AND taken
    UNION ALL SELECT twin FROM {came} WHERE rowid = 1 AND goes_on)

-- name: interval_write
INSERT OR REPLACE INTO {table} ({columns}, row_hash, row_changed_run_id)
SELECT {columns}, row_hash, row_changed_run_id FROM {came} WHERE rowid = 1 AND outcome < 2

-- name: interval_whole
-- Of the rows that begin from ?3 to ?5 those that the reading of the window ?1 has not seen of the tree
-- ?2 (of answers that are loaded once more, ?7: -1, which these have brought); where no window lies
-- before it, of those too that go on from before.
DELETE FROM {table} WHERE {start} < ?5 AND ?4 IS ?4
AND ({start} >= ?3 OR ifnull({end}, ?5) > ?3 AND EXISTS (
    SELECT 1 FROM extract_window AS w WHERE w.window_id = ?1 AND NOT EXISTS (
        SELECT 1 FROM extract_window AS b
        WHERE b.stream = w.stream AND b.scope IS w.scope AND b.window_start < w.window_start)))
AND NOT EXISTS (SELECT 1 FROM reading_seen WHERE window_id = ?1 AND tree_no = ?2 AND id = {one_id})
AND ifnull(row_changed_run_id, 0) <= ?7

-- LOAD_OBSERVE, of adherence_state. {same} goes by the state's columns that the source of `n` reports,
-- {same:COLUMN} by one of them ($ is a column). Between sources a NULL may mean the same. What is done has an outcome
-- and no deed: 'join' the row that starts at `before` goes on, 'become' it says something else from its
-- start on, 'row' a new one is written. A row before that ends does so at `ended`.

-- name: observe_same
(s.$ IS n.$ OR s.row_source IS NOT n.row_source AND (s.$ IS NULL OR n.$ IS NULL))

-- name: observe_merged
$ = CASE WHEN s.row_source IS n.row_source THEN n.$ ELSE ifnull(n.$, s.$) END,

-- name: observe_pair
{came} AS n LEFT JOIN adherence_state AS s ON s.user_id = n.user_id AND s.state_start = n.before

-- name: observe_touches
{same} AND n.state_start <= ifnull(s.state_end, s.last_observed)

-- name: observe_says_known
{touches} AND ifnull(n.state_end < ifnull(s.state_end, s.last_observed) OR n.state_end = s.state_end, 0)

-- name: observe_temporary
CREATE TEMP TABLE IF NOT EXISTS {came} AS
SELECT *, NULL AS now, NULL AS before, NULL AS previous, NULL AS silent, NULL AS ended, NULL AS eaten, NULL AS deed, NULL AS outcome
FROM adherence_state WHERE 0

-- name: observe_came
INSERT OR REPLACE INTO {came} (rowid, now, row_source, {columns}) VALUES (1, ?, ?, {marks})

-- name: observe_last
-- Of a snapshot: the agent's last row, and the last observation.
UPDATE {came} AS n SET
    state_end = NULL, first_observed = now, last_observed = now, deed = 'row', outcome = 0,
    (before, previous) = (
        SELECT s.state_start, CASE WHEN s.state_end IS NULL THEN s.last_observed ELSE max(s.last_observed, s.state_end) END
        FROM adherence_state AS s WHERE s.user_id = n.user_id ORDER BY s.state_start DESC LIMIT 1)
WHERE n.rowid = 1

-- name: observe_known
-- What is older than that, or the same once more, is not used.
UPDATE {came} SET deed = NULL, outcome = CASE WHEN now < previous THEN 3 ELSE 2 END
WHERE rowid = 1 AND now <= previous

-- name: observe_news
-- The times at which the API says that something changed since, and whether that did. What changes with
-- none of them (a status, an activity) is taken to have changed with the others; where a state was left
-- and entered again, all that is known is that the row before was left after its last observation.
WITH told (named, known, changed) AS (
    SELECT n.time_of_adherence_change, s.time_of_adherence_change, NOT ({same:adherence_state} AND {same:impact}) FROM {pair}
    UNION ALL
    SELECT n.presence_update_time, s.presence_update_time,
        NOT ({same:system_presence} AND {same:organization_secondary_presence_id}) FROM {pair}
    UNION ALL
    SELECT n.routing_status_time, s.routing_status_time, NOT {same:routing_status} FROM {pair}
    UNION ALL
    SELECT n.adherence_explanation_start_date, s.adherence_explanation_start_date,
        NOT ({same:adherence_explanation_id} AND {same:adherence_explanation_start_date}) FROM {pair}
    UNION ALL
    SELECT n.now, NULL, 1 FROM {pair}
    WHERE NOT ({same:business_unit_id} AND {same:management_unit_id} AND {same:team_id}))
UPDATE {came} AS n SET
    silent = n.now > strftime('%Y-%m-%dT%H:%M:%fZ', n.previous, '+15 minutes'),
    (state_start, ended) = (
        SELECT ifnull(max(min(named, n.now)), n.now),
            CASE WHEN min(changed) = 0 THEN n.previous ELSE ifnull(min(min(named, n.now)), n.now) END
        FROM told WHERE named > ifnull(n.previous, '') AND named IS NOT known)
WHERE n.rowid = 1 AND n.deed IS NOT NULL

-- name: observe_go_on
UPDATE {came} AS n SET deed = 'join', outcome = 2 FROM adherence_state AS s
WHERE n.rowid = 1 AND n.ended > n.previous AND s.user_id = n.user_id AND s.state_start = n.before
AND s.state_end IS NULL AND {same}

-- name: observe_leave
-- After a silence nothing may say when.
UPDATE {came} AS n SET
    outcome = s.state_end IS NULL,
    ended = CASE WHEN s.state_end IS NULL THEN CASE WHEN n.silent AND n.ended = n.now THEN n.previous ELSE n.ended END END
FROM adherence_state AS s
WHERE n.rowid = 1 AND n.deed = 'row' AND s.user_id = n.user_id AND s.state_start = n.before

-- name: observe_gap
INSERT OR REPLACE INTO observation_gap (user_id, gap_start, gap_end)
SELECT user_id, previous, now FROM {came} WHERE rowid = 1 AND deed = 'join' AND silent

-- name: observe_interval
-- Of an interval: the last row that starts before it, or with it. One that is not over yet is open.
UPDATE {came} AS n SET
    state_end = CASE WHEN state_end <= now THEN state_end END,
    first_observed = state_start,
    last_observed = min(now, ifnull(state_end, now)),
    before = (SELECT max(s.state_start) FROM adherence_state AS s WHERE s.user_id = n.user_id AND s.state_start <= n.state_start),
    outcome = CASE
        WHEN state_start = state_end AND state_end <= now THEN 2
        WHEN state_start > now OR state_start > state_end THEN 4
        WHEN now < (SELECT s.last_observed FROM adherence_state AS s
                    WHERE s.user_id = n.user_id AND s.state_start <= n.state_start ORDER BY s.state_start DESC LIMIT 1)
            OR now < (SELECT s.last_observed FROM adherence_state AS s
                      WHERE s.user_id = n.user_id AND s.state_start > n.state_start ORDER BY s.state_start LIMIT 1) THEN 3
        END
WHERE n.rowid = 1

-- name: observe_absorb
-- Rows after its start that it touches and that are of its state become part of it: the records of an
-- answer come in any order.
WITH RECURSIVE part (at, upto, seen) AS (
    SELECT state_start, ifnull(state_end, '~'), last_observed FROM {came} WHERE rowid = 1 AND outcome IS NULL
    UNION ALL
    SELECT s.state_start, max(p.upto, ifnull(s.state_end, '~')), max(p.seen, s.last_observed)
    FROM part AS p CROSS JOIN {came} AS n ON n.rowid = 1 CROSS JOIN adherence_state AS s
    WHERE s.user_id = n.user_id AND s.state_start <= p.upto AND s.state_start = (
        SELECT min(a.state_start) FROM adherence_state AS a WHERE a.user_id = n.user_id AND a.state_start > p.at)
    AND {same})
UPDATE {came} AS n SET {others}eaten = t.at, state_end = nullif(t.upto, '~'), last_observed = t.seen
FROM (SELECT max(at) AS at, max(upto) AS upto, max(seen) AS seen FROM part) AS t
CROSS JOIN adherence_state AS s ON s.state_start = t.at
WHERE n.rowid = 1 AND t.at > n.state_start AND s.user_id = n.user_id

-- name: observe_absorbed
DELETE FROM adherence_state WHERE user_id = (SELECT user_id FROM {came} WHERE rowid = 1)
AND state_start > (SELECT state_start FROM {came} WHERE rowid = 1)
AND state_start <= (SELECT eaten FROM {came} WHERE rowid = 1)

-- name: observe_end
-- The first row behind them ends it.
UPDATE {came} AS n SET state_end = s.state_start, last_observed = min(n.last_observed, s.state_start)
FROM adherence_state AS s
WHERE n.rowid = 1 AND n.outcome IS NULL AND s.user_id = n.user_id AND ifnull(n.state_end > s.state_start, 1)
AND s.state_start = (
    SELECT min(a.state_start) FROM adherence_state AS a WHERE a.user_id = n.user_id AND a.state_start > n.state_start)

-- name: observe_place
UPDATE {came} SET deed = 'row', outcome = CASE WHEN before IS NULL THEN 0 END WHERE rowid = 1 AND outcome IS NULL

-- name: observe_place_behind
-- Behind a row, which it may extend.
UPDATE {came} AS n SET
    ended = CASE WHEN ifnull(s.state_end > n.state_start, 1) THEN n.state_start END,
    deed = CASE
        WHEN NOT {touches} THEN CASE WHEN s.state_start = n.state_start THEN 'become' ELSE 'row' END
        WHEN NOT {known} THEN 'join' END,
    outcome = 1 + ({known} OR {touches} AND n.state_end IS s.state_end)
FROM adherence_state AS s
WHERE n.rowid = 1 AND n.outcome IS NULL AND s.user_id = n.user_id AND s.state_start = n.before

-- name: observe_merge
-- Of another source, a NULL erases nothing; a row of which it says less stays its source's.
UPDATE adherence_state AS s SET {merge}
    row_source = CASE WHEN s.row_source IS n.row_source OR {says_all} THEN n.row_source ELSE s.row_source END,
    state_end = n.state_end,
    first_observed = CASE n.deed WHEN 'become' THEN n.first_observed ELSE s.first_observed END,
    last_observed = CASE n.deed WHEN 'become' THEN n.last_observed ELSE max(s.last_observed, n.last_observed) END
FROM {came} AS n
WHERE n.rowid = 1 AND n.deed IN ('join', 'become') AND s.user_id = n.user_id AND s.state_start = n.before

-- name: observe_end_before
-- What was observed after that belongs to the next.
UPDATE adherence_state AS s SET
    state_end = n.ended,
    first_observed = min(s.first_observed, n.ended),
    last_observed = min(s.last_observed, n.ended)
FROM {came} AS n
WHERE n.rowid = 1 AND n.deed = 'row' AND n.ended IS NOT NULL AND s.user_id = n.user_id AND s.state_start = n.before

-- name: observe_write
INSERT INTO adherence_state ({stored}, row_source) SELECT {stored}, row_source FROM {came} WHERE rowid = 1 AND deed = 'row'

-- name: observe_fill
-- Of an answer that came before: what the row lacks in which its moment lies.
UPDATE adherence_state AS s SET {fill}row_source = s.row_source FROM {came} AS n
WHERE n.rowid = 1 AND s.user_id = n.user_id AND s.row_source IS n.row_source AND NOT {is_full}
AND ifnull(n.state_start, n.now) BETWEEN s.first_observed AND s.last_observed AND s.state_start = (
    SELECT max(a.state_start) FROM adherence_state AS a
    WHERE a.user_id = n.user_id AND a.state_start <= ifnull(n.state_start, n.now))

-- name: observe_filled
UPDATE {came} SET outcome = 2 - changes() WHERE rowid = 1

-- name: observe_whole
-- The open rows of all whom the reading of the window ?1 has not seen.
UPDATE adherence_state SET state_end = last_observed
WHERE state_end IS NULL AND NOT EXISTS (SELECT 1 FROM reading_seen WHERE window_id = ?1 AND tree_no IN (-1, 0) AND id = user_id)

-- Observations from a time that has not come; ?1 is the latest that can have.

-- name: observe_is_ahead
-- Whether any agent's last row lies ahead.
WITH RECURSIVE agent AS (
    SELECT min(user_id) AS user_id FROM adherence_state
    UNION ALL
    SELECT (SELECT min(s.user_id) FROM adherence_state AS s WHERE s.user_id > a.user_id)
    FROM agent AS a WHERE a.user_id IS NOT NULL
)
SELECT 1 FROM agent AS a
WHERE (SELECT max(s.last_observed, ifnull(s.state_end, '')) FROM adherence_state AS s
       WHERE s.user_id = a.user_id ORDER BY s.state_start DESC LIMIT 1) > ?1
LIMIT 1

-- name: observe_remove_ahead
DELETE FROM adherence_state WHERE first_observed > ?1

-- name: observe_cut_ahead
-- The row before goes on from its last observation. The last credible one of a row is where its gap
-- began, else when anybody was last observed before ?1. What it said of changes may be later.
UPDATE adherence_state SET state_end = NULL,
    time_of_adherence_change = CASE WHEN last_observed <= ?1 THEN time_of_adherence_change END,
    presence_update_time = CASE WHEN last_observed <= ?1 THEN presence_update_time END,
    routing_status_time = CASE WHEN last_observed <= ?1 THEN routing_status_time END,
    last_observed = CASE WHEN last_observed <= ?1
    THEN last_observed
    ELSE max(first_observed, coalesce(
        (SELECT min(g.gap_start) FROM observation_gap AS g
         WHERE g.user_id = adherence_state.user_id AND g.gap_start >= adherence_state.first_observed
         AND g.gap_end > ?1),
        (SELECT max(s.last_observed) FROM adherence_state AS s WHERE s.last_observed <= ?1), ''))
    END
WHERE last_observed > ?1 OR state_end > ?1

-- name: observe_gaps_ahead
DELETE FROM observation_gap WHERE gap_end > ?1
