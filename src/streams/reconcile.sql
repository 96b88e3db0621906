-- Our figures beside those that the API itself has counted (streams/reconcile.h), day by day.

-- name: reconcile_tables
-- What is compared: both streams of a scope; the days that are due, of which ours alone may be
-- whole; and what is found of the day at hand.
CREATE TEMP TABLE IF NOT EXISTS reconcile_pair (scope TEXT, ours TEXT, theirs TEXT);
CREATE TEMP TABLE IF NOT EXISTS reconcile_window (
    stream TEXT, window_start TEXT, window_end TEXT, last_error TEXT, run_id INTEGER, by_job INTEGER, is_final INTEGER);
CREATE INDEX IF NOT EXISTS temp.reconcile_window_by_start ON reconcile_window (stream, window_start);
CREATE TEMP TABLE IF NOT EXISTS reconcile_due (
    scope TEXT, day TEXT, utc_from TEXT, utc_to TEXT, ours_run_id INTEGER, theirs_run_id INTEGER, is_final INTEGER,
    reason TEXT, PRIMARY KEY (day, scope));
CREATE TEMP TABLE IF NOT EXISTS reconcile_day (
    scope TEXT, day TEXT, utc_from TEXT, utc_to TEXT, ours_run_id INTEGER, theirs_run_id INTEGER, is_final INTEGER,
    reason TEXT, now TEXT, metrics TEXT, moves INTEGER);
CREATE TEMP TABLE IF NOT EXISTS reconcile_figure AS
SELECT *, 0 AS numerator, 0 AS denominator FROM figure_kept WHERE 0;
CREATE TEMP VIEW IF NOT EXISTS reconcile_kpi AS -- figures of queues one a row, and what they were when the day was kept
SELECT queue_id, media_type, is_kept, key AS kpi, value
FROM (SELECT 0 AS is_kept, * FROM temp.reconcile_figure
      UNION ALL SELECT 1, k.*, NULL, NULL FROM figure_kept AS k JOIN temp.reconcile_day AS d USING (day)
      WHERE d.moves AND queue_id <> '') AS f,
    json_each(json_object(
        'offered', offered, 'answered', answered, 'abandoned', abandoned, 'short_abandoned', short_abandoned, 'flow_out', flow_out,
        'over_sla', over_sla, 'handled', handled, 'transferred', transferred, 'blind_transferred', blind_transferred,
        'consult_transferred', consult_transferred, 'answer_ms', answer_ms, 'abandon_ms', abandon_ms, 'flow_out_ms', flow_out_ms,
        'handle_ms', handle_ms, 'talk_ms', talk_ms, 'hold_ms', hold_ms, 'acw_ms', acw_ms, 'dialing_ms', dialing_ms,
        'contacting_ms', contacting_ms, 'numerator', numerator, 'denominator', denominator));
CREATE TEMP TABLE IF NOT EXISTS reconcile_state ( -- added up row by row: a sorter would hold all half-hours of all users
    user_id TEXT, metric TEXT, qualifier TEXT, ours REAL, theirs REAL, PRIMARY KEY (user_id, metric, qualifier)) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS reconcile_found (
    queue_id TEXT, media_type TEXT, user_id TEXT, metric TEXT, qualifier TEXT, statistic TEXT, ours REAL, theirs REAL,
    reason TEXT);
CREATE TEMP TABLE IF NOT EXISTS reconcile_several (queue_id TEXT, media_type TEXT);
CREATE TEMP TABLE IF NOT EXISTS reconcile_differed AS SELECT * FROM reconciliation WHERE 0;
DELETE FROM temp.reconcile_pair;
DELETE FROM temp.reconcile_window;
DELETE FROM temp.reconcile_due;

-- name: reconcile_pairs
-- ?1: the run whose streams count; NULL: all.
INSERT INTO temp.reconcile_pair
SELECT column1, column2, column3 FROM (VALUES
    ('queue', 'conversations', 'conversation_aggregate'),
    ('agent', 'user_status', 'user_aggregate'),
    ('adherence', 'adherence_historical', 'adherence_historical'),
    ('conversations', 'conversations', 'conversations'),
    ('moved', 'conversations', 'conversations')) -- not compared, but with what it was before
WHERE ?1 IS NULL OR EXISTS (
    SELECT 1 FROM run
    WHERE run_id = ?1 AND instr(streams, '"' || column2 || '"') AND instr(streams, '"' || column3 || '"'))

-- name: reconcile_has_pairs
SELECT count(*) FROM temp.reconcile_pair

-- name: reconcile_windows
-- ?1: days of the lookback. A window is final when it was read after that.
INSERT INTO temp.reconcile_window
SELECT stream, window_start, window_end, last_error, updated_run_id,
    EXISTS (SELECT 1 FROM window_pass AS p WHERE p.window_id = w.window_id AND p.pass = 'job' AND p.covered_to >= window_end),
    coalesce((SELECT max(read_at) FROM window_pass AS p WHERE p.window_id = w.window_id)
             >= strftime('%Y-%m-%dT%H:%M:%fZ', window_end, ?1 || ' days'), 0)
FROM extract_window AS w
WHERE window_start IS NOT NULL AND stream IN (SELECT ours FROM temp.reconcile_pair UNION SELECT theirs FROM temp.reconcile_pair)

-- name: reconcile_list
-- ?1, ?2: first and last day, NULL: whatever has been read since it was last compared; ?3: now.
-- Who read a side last is not said where there was trouble since.
INSERT INTO temp.reconcile_due
WITH fresh AS (
    SELECT stream, day, utc_from, utc_to, whole FROM freshness
    WHERE stream IN (SELECT ours FROM temp.reconcile_pair UNION SELECT theirs FROM temp.reconcile_pair)
    LIMIT -1
),
business AS (
    SELECT p.scope, p.ours, p.theirs, o.day, o.utc_from, o.utc_to, coalesce(t.whole, 0) AS has_theirs,
        (SELECT u.run_id FROM figure_touched AS u WHERE p.scope = 'queue' AND u.day = o.day) AS made_run_id
    FROM temp.reconcile_pair AS p
    JOIN fresh AS o ON o.stream = p.ours AND o.whole
    LEFT JOIN fresh AS t ON t.stream = p.theirs AND t.day = o.day
    WHERE p.scope <> 'conversations'
    UNION ALL
    SELECT p.scope, p.ours, p.theirs, substr(w.window_start, 1, 10), w.window_start, w.window_end, 1, NULL
    FROM temp.reconcile_pair AS p
    JOIN extract_window AS w ON w.stream = p.ours AND w.window_start IS NOT NULL AND w.state <> 'open'
    JOIN window_pass AS q ON q.window_id = w.window_id
    WHERE p.scope = 'conversations' AND q.pass = 'query' AND q.total_hits IS NOT NULL AND q.target_to IS NULL
    AND q.covered_to >= w.window_end
),
side AS (
    SELECT b.*,
        (SELECT CASE WHEN count(w.last_error) = 0 THEN max(max(w.run_id), coalesce(b.made_run_id, 0)) END
         FROM temp.reconcile_window AS w
         WHERE w.stream = b.ours AND w.window_start > strftime('%Y-%m-%d', b.utc_from, '-2 days')
         AND w.window_start < b.utc_to AND w.window_end > b.utc_from) AS ours_run_id,
        (SELECT CASE WHEN count(w.last_error) = 0 THEN max(w.run_id) END FROM temp.reconcile_window AS w
         WHERE w.stream = b.theirs AND w.window_start > strftime('%Y-%m-%d', b.utc_from, '-2 days')
         AND w.window_start < b.utc_to AND w.window_end > b.utc_from) AS theirs_run_id,
        (SELECT min(w.is_final) FROM temp.reconcile_window AS w
         WHERE w.stream IN (b.ours, b.theirs) AND w.window_start > strftime('%Y-%m-%d', b.utc_from, '-2 days')
         AND w.window_start < b.utc_to AND w.window_end > b.utc_from) AS is_final
    FROM business AS b
)
SELECT s.scope, s.day, s.utc_from, s.utc_to, s.ours_run_id, s.theirs_run_id, s.is_final,
    CASE
        WHEN NOT s.has_theirs THEN coalesce(
            (SELECT s.theirs || ' is not whole: ' || w.last_error FROM temp.reconcile_window AS w
             WHERE w.stream = s.theirs AND w.last_error IS NOT NULL AND w.window_start < s.utc_to
             AND w.window_end > s.utc_from LIMIT 1),
            s.theirs || CASE WHEN EXISTS (SELECT 1 FROM temp.reconcile_window AS w WHERE w.stream = s.theirs)
                        THEN ' is not whole' ELSE ' was never read' END)
        WHEN s.scope = 'queue' AND s.day = (SELECT min(f.day) FROM fresh AS f WHERE f.stream = s.ours) AND EXISTS (
            SELECT 1 FROM temp.reconcile_window AS w
            WHERE w.stream = s.ours AND w.window_start < s.utc_to AND w.window_end > s.utc_from AND NOT by_job)
        THEN 'the first day: what began before it is missing where no job has covered it'
        WHEN s.scope IN ('queue', 'agent') AND s.utc_to < strftime('%Y-%m-%dT%H:%M:%fZ', ?3, -coalesce(
                (SELECT retention_days FROM organization), 365) || ' days') -- where it does not say, a year
            AND NOT CASE s.scope
                WHEN 'queue' THEN EXISTS (SELECT 1 FROM conversation_aggregate AS a
                                          WHERE a.interval_start >= s.utc_from AND a.interval_start < s.utc_to)
                ELSE EXISTS (SELECT 1 FROM user_aggregate AS a
                             WHERE a.interval_start >= s.utc_from AND a.interval_start < s.utc_to) END
        THEN 'beyond what the organization keeps'
        WHEN s.scope IN ('queue', 'agent') AND (d.day IS NULL OR d.reason IS NOT NULL)
            AND (s.ours_run_id IS NULL OR s.ours_run_id IS NOT s.theirs_run_id
                 AND NOT (s.is_final AND s.theirs_run_id IS NOT NULL)) -- what is final is the same in each reading
        THEN 'the two sides were last read by different runs'
    END
FROM side AS s
LEFT JOIN reconciliation_day AS d ON d.scope = s.scope AND d.day = s.day
WHERE CASE WHEN ?1 IS NOT NULL OR ?2 IS NOT NULL
    THEN s.day BETWEEN coalesce(?1, '') AND coalesce(?2, '9999')
    WHEN s.scope IN ('queue', 'moved') AND s.day IN (SELECT day FROM figure_touched WHERE is_due) THEN 1
    WHEN s.scope = 'moved' THEN s.day NOT IN (SELECT day FROM figure_kept WHERE queue_id = '')
    ELSE d.day IS NULL OR d.reason IS NOT NULL OR d.ours_run_id IS NOT s.ours_run_id
        OR d.theirs_run_id IS NOT s.theirs_run_id
END

-- name: reconcile_forget
-- Days of another time zone.
DELETE FROM reconciliation;
DELETE FROM reconciliation_day;
DELETE FROM figure_kept;
DELETE FROM figure_touched;

-- name: reconcile_next
SELECT scope, day FROM temp.reconcile_due ORDER BY day, scope DESC LIMIT 1

-- name: reconcile_day
-- The day at hand. ?1: scope, ?2: day, ?3: now, ?4: the metrics that are asked for. It moves if it was whole and was touched
-- since: what it was is kept then (figures_keep).
INSERT INTO temp.reconcile_day
SELECT *, ?3, ?4, scope = 'moved' AND EXISTS (
    SELECT 1 FROM figure_kept JOIN figure_touched AS t USING (day) WHERE t.day = ?2 AND t.is_due AND queue_id = '')
FROM temp.reconcile_due WHERE scope = ?1 AND day = ?2

-- Whose figures of the day are added up: 1, queues; 2, agents; 0, nobody.
-- name: reconcile_whose
SELECT CASE WHEN moves THEN 1 WHEN reason IS NULL THEN (scope = 'queue') + 2 * (scope = 'agent') ELSE 0 END FROM temp.reconcile_day

-- name: reconcile_figures
-- Our side of queues, by its day ?1, as figure_kept has it.
INSERT INTO temp.reconcile_figure
SELECT day, queue_id, coalesce(media_type, ''),
    sum(offered), sum(answered), sum(abandoned), sum(short_abandoned), sum(flow_out), sum(over_sla),
    sum(handled), sum(transferred), sum(blind_transferred), sum(consult_transferred), sum(answer_ms),
    sum(abandon_ms), sum(flow_out_ms), sum(handle_ms), sum(talk_ms), sum(hold_ms), sum(acw_ms),
    sum(dialing_ms), sum(contacting_ms),
    sum(service_level_numerator), sum(service_level_denominator)
FROM v_queue_day
WHERE day = ?1 AND queue_id <> ''
GROUP BY queue_id, coalesce(media_type, '')

-- name: reconcile_states
-- Our side of agents, by its day ?1.
INSERT INTO temp.reconcile_state
SELECT user_id, CASE kind WHEN 'routing' THEN 'tAgentRoutingStatus' ELSE 'tSystemPresence' END,
    coalesce(status, ''), ifnull(round(seconds * 1000), 0), 0
FROM v_agent_state
WHERE day = ?1
ON CONFLICT (user_id, metric, qualifier) DO UPDATE SET ours = ours + excluded.ours

-- name: reconcile_take
INSERT INTO temp.reconcile_state
SELECT a.user_id, a.metric, a.qualifier, 0, ifnull(a.sum, 0)
FROM temp.reconcile_day AS d
CROSS JOIN user_aggregate AS a ON a.interval_start >= d.utc_from AND a.interval_start < d.utc_to
WHERE d.scope = 'agent' AND d.reason IS NULL AND a.metric IN ('tAgentRoutingStatus', 'tSystemPresence')
ON CONFLICT (user_id, metric, qualifier) DO UPDATE SET theirs = theirs + excluded.theirs;

-- Both sides. What is nought on both is no figure.
INSERT INTO temp.reconcile_found (queue_id, media_type, user_id, metric, qualifier, statistic, ours, theirs)
WITH figure (metric, statistic, kpi) AS (VALUES
    ('nOffered', 'count', 'offered'), ('tAnswered', 'count', 'answered'), ('tAnswered', 'sum', 'answer_ms'),
    ('tAbandon', 'count', 'abandoned'), ('tAbandon', 'sum', 'abandon_ms'), ('tShortAbandon', 'count', 'short_abandoned'),
    ('tFlowOut', 'count', 'flow_out'), ('nOverSla', 'count', 'over_sla'), ('tHandle', 'count', 'handled'),
    ('tHandle', 'sum', 'handle_ms'), ('nTransferred', 'count', 'transferred'), ('tTalkComplete', 'sum', 'talk_ms'),
    ('tHeldComplete', 'sum', 'hold_ms'), ('tAcw', 'sum', 'acw_ms'), ('oServiceLevel', 'numerator', 'numerator'),
    ('oServiceLevel', 'denominator', 'denominator')),
queue_side AS (
    SELECT q.queue_id, q.media_type, f.metric, f.statistic, q.value AS ours, NULL AS theirs
    FROM temp.reconcile_day AS d CROSS JOIN temp.reconcile_kpi AS q JOIN figure AS f USING (kpi)
    WHERE d.scope = 'queue' AND d.reason IS NULL
    UNION ALL
    SELECT a.queue_id, a.media_type, f.metric, f.statistic, NULL,
        CASE f.statistic WHEN 'count' THEN a.count WHEN 'sum' THEN a.sum WHEN 'numerator' THEN a.numerator
            ELSE a.denominator END
    FROM temp.reconcile_day AS d
    CROSS JOIN conversation_aggregate AS a ON a.interval_start >= d.utc_from AND a.interval_start < d.utc_to
    JOIN figure AS f ON f.metric = a.metric
    WHERE d.scope = 'queue' AND d.reason IS NULL AND a.queue_id <> ''
)
SELECT queue_id, media_type, '', metric, '', statistic, total(ours), total(theirs)
FROM queue_side GROUP BY queue_id, media_type, metric, statistic
HAVING total(ours) <> 0 OR total(theirs) <> 0
UNION ALL
SELECT '', '', user_id, metric, qualifier, 'sum', ours, theirs FROM temp.reconcile_state WHERE ours <> 0 OR theirs <> 0
UNION ALL
SELECT '', '', user_id, 'adherencePercentage', '', 'percent',
    CASE WHEN actual_length_seconds > 0 AND schedule_length_seconds > 0 AND adherence_schedule_seconds > 0
        THEN max(0, (1 - 1.0 * exception_duration_seconds / adherence_schedule_seconds) * 100) END,
    adherence_percentage
FROM temp.reconcile_day AS d CROSS JOIN adherence_day AS a
WHERE d.scope = 'adherence' AND d.reason IS NULL AND a.business_day = d.day AND a.management_unit_id IN (SELECT scope FROM extract_window WHERE stream = 'adherence_historical')
UNION ALL
SELECT '', '', '', 'totalHits', '', 'count',
    (SELECT count(*) FROM conversation AS c
     WHERE c.conversation_start >= d.utc_from AND c.conversation_start < d.utc_to), q.total_hits
FROM temp.reconcile_day AS d
CROSS JOIN extract_window AS w ON w.stream = 'conversations' AND w.window_start = d.utc_from
JOIN window_pass AS q ON q.window_id = w.window_id AND q.pass = 'query'
WHERE d.scope = 'conversations';

-- Users whose time the API was not asked for: they were off all day.
DELETE FROM temp.reconcile_found
WHERE user_id <> '' AND theirs = 0 AND qualifier IN ('OFFLINE', 'OFF_QUEUE') AND user_id NOT IN (
    SELECT user_id FROM temp.reconcile_found WHERE theirs <> 0 OR qualifier NOT IN ('OFFLINE', 'OFF_QUEUE'));

-- What the API counts otherwise than records do.
INSERT INTO temp.reconcile_found
SELECT '', '', '', a.metric, '', 'count', NULL, total(a.count), o.column2
FROM temp.reconcile_day AS d
CROSS JOIN conversation_aggregate AS a ON a.interval_start >= d.utc_from AND a.interval_start < d.utc_to
JOIN (VALUES
    (' nConnected tConnected nError ', 'it counts for another queue than records say, or for none'),
    (' nFlow tFlow tIvr ', 'flows count for another queue, or for none'),
    (' nConversations ', 'a conversation counts once in each half-hour'),
    (' tTalk ', 'a portion at a time: see tTalkComplete'),
    (' tHeld ', 'a portion at a time: see tHeldComplete')) AS o ON instr(o.column1, ' ' || a.metric || ' ')
WHERE d.scope = 'queue' AND d.reason IS NULL
GROUP BY a.metric;

-- Queues of the day among whose sessions are such of several queues.
INSERT INTO temp.reconcile_several
SELECT DISTINCT f.queue_id, coalesce(f.media_type, '')
FROM temp.reconcile_day AS d
CROSS JOIN interval_figure AS f ON f.utc_start >= d.utc_from AND f.utc_start < d.utc_to
WHERE d.scope = 'queue' AND d.reason IS NULL AND f.queue_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM segment AS g
    WHERE g.conversation_key = f.conversation_key AND g.participant_no = f.participant_no
    AND g.session_no = f.session_no AND g.queue_id <> f.queue_id);

-- What differed when it was last compared.
INSERT INTO temp.reconcile_differed
SELECT * FROM reconciliation WHERE (day, scope) IN (SELECT day, scope FROM temp.reconcile_day) AND difference <> 0;

-- Percents are rounded by the API.
INSERT INTO reconciliation
WITH asked AS (
    SELECT d.*, ' ' || replace(replace(replace(metrics, ',', ' '), char(10), ' '), char(9), ' ') || ' ' AS words
    FROM temp.reconcile_day AS d
),
obstructed AS (
    SELECT f.*, d.scope, d.day, d.now, abs(f.ours - f.theirs) < CASE f.statistic WHEN 'percent' THEN 0.05 ELSE 0.5 END AS is_equal,
        CASE
            WHEN f.reason IS NOT NULL THEN f.reason
            WHEN d.words IS NOT NULL AND instr(d.words, ' ' || f.metric || ' ') = 0 THEN '[aggregates] leaves it out'
            WHEN f.ours IS NULL OR f.theirs IS NULL THEN 'it is undefined'
            WHEN abs(f.ours - f.theirs) < 0.05 THEN NULL
            WHEN d.scope IN ('queue', 'agent') AND (d.ours_run_id IS NULL OR d.ours_run_id IS NOT d.theirs_run_id)
            THEN 'the two sides were last read by different runs'
            WHEN f.queue_id <> '' AND f.queue_id NOT IN (SELECT queue_id FROM queue)
                AND EXISTS (SELECT 1 FROM queue)
            THEN 'the list of queues does not have it: the client is limited to divisions'
        END AS obstacle
    FROM asked AS d CROSS JOIN temp.reconcile_found AS f
),
grouped AS (
    SELECT o.*,
        sum(obstacle IS NULL AND NOT is_equal AND metric <> 'oServiceLevel') OVER share AS others,
        max(CASE metric WHEN 'tFlowOut' THEN ours ELSE 0 END) OVER share AS flow_outs,
        max(CASE metric WHEN 'tShortAbandon' THEN ours ELSE 0 END) OVER share AS short_abandons,
        max(CASE metric || statistic WHEN 'tAbandoncount' THEN ours ELSE 0 END) OVER share AS abandons
    FROM obstructed AS o WINDOW share AS (PARTITION BY queue_id, media_type, user_id)
),
explained AS (
    SELECT g.*,
        CASE WHEN metric = 'oServiceLevel' AND obstacle IS NULL AND NOT is_equal AND others = 0 THEN
            'this alone differs: look at [kpi] ' || coalesce((
                SELECT group_concat(name || ' = ' || CASE is_on WHEN 1 THEN 'no' ELSE 'yes' END, ' or ') FROM (
                    SELECT 'include_flow_outs' AS name, include_flow_outs AS is_on, flow_outs AS part FROM kpi
                    UNION ALL
                    SELECT 'include_short_abandons', include_short_abandons, short_abandons * include_abandons FROM kpi
                    UNION ALL
                    SELECT 'include_abandons', include_abandons,
                        abandons - CASE include_short_abandons WHEN 1 THEN 0 ELSE short_abandons END FROM kpi)
                WHERE part > 0 AND statistic = 'denominator'
                AND abs(theirs - ours - part * (1 - 2 * is_on)) < 0.5),
            'include_flow_outs, include_short_abandons, include_abandons') END AS hint
    FROM grouped AS g
)
SELECT scope, day, '', '', '', '', '', '', NULL, NULL, NULL, 'not_comparable', reason, now, now
FROM temp.reconcile_day WHERE reason IS NOT NULL
UNION ALL
SELECT scope, day, queue_id, media_type, user_id, metric, qualifier, statistic, ours, theirs, ours - theirs,
    CASE WHEN obstacle IS NOT NULL THEN 'not_comparable' WHEN is_equal THEN 'equal'
        WHEN ours < theirs THEN 'ours_short' ELSE 'ours_over' END,
    CASE
        WHEN obstacle IS NOT NULL OR hint IS NOT NULL THEN coalesce(obstacle, hint)
        WHEN (queue_id, media_type) IN (SELECT queue_id, media_type FROM temp.reconcile_several)
        THEN 'sessions of several queues are among these: no source tells how the API places them'
        WHEN scope NOT IN ('queue', 'agent') AND NOT is_equal THEN 'a hint, no mismatch'
        WHEN scope = 'queue' AND ours < theirs AND NOT (
            SELECT by_job FROM temp.reconcile_window WHERE stream = 'conversations' ORDER BY window_start LIMIT 1)
        THEN 'what began before the first day is missing: no job has covered that'
    END,
    now, now
FROM explained
WHERE true
ON CONFLICT (day, scope, queue_id, media_type, user_id, metric, qualifier, statistic) DO UPDATE SET
    ours = excluded.ours, theirs = excluded.theirs, difference = excluded.difference, verdict = excluded.verdict,
    reason = excluded.reason, last_checked_at = excluded.last_checked_at;

-- What is no figure any more.
DELETE FROM reconciliation
WHERE (scope, day) IN (SELECT scope, day FROM temp.reconcile_day)
AND last_checked_at <> (SELECT now FROM temp.reconcile_day);

INSERT INTO reconciliation_day (scope, day, compared, differing, reason, ours_run_id, theirs_run_id, is_final)
SELECT scope, day,
    (SELECT count(*) FROM reconciliation AS r
     WHERE r.day = d.day AND r.scope = d.scope AND verdict <> 'not_comparable'),
    (SELECT count(*) FROM reconciliation AS r
     WHERE r.day = d.day AND r.scope = d.scope AND verdict IN ('ours_short', 'ours_over')),
    reason, ours_run_id, theirs_run_id, is_final
FROM temp.reconcile_day AS d WHERE scope <> 'moved'
ON CONFLICT (day, scope) DO UPDATE SET
    compared = excluded.compared, differing = excluded.differing, reason = excluded.reason,
    ours_run_id = excluded.ours_run_id, theirs_run_id = excluded.theirs_run_id, is_final = excluded.is_final,
    -- What differs now and did not when the day was made owed again is another matter.
    appealed_run_id = CASE WHEN EXISTS (
        SELECT 1 FROM reconciliation AS r
        JOIN temp.reconcile_differed USING (day, scope, queue_id, media_type, user_id, metric, qualifier, statistic, difference)
        WHERE r.day = excluded.day AND r.scope = excluded.scope) THEN appealed_run_id END;

-- name: reconcile_taken
-- What moved since the day was first whole.
INSERT INTO figure_change
SELECT d.day, queue_id, media_type, kpi, sum(value * is_kept), sum(value * (1 - is_kept)), d.now
FROM temp.reconcile_day AS d CROSS JOIN temp.reconcile_kpi
WHERE d.moves AND kpi NOT IN ('numerator', 'denominator')
GROUP BY queue_id, media_type, kpi
HAVING sum(value * is_kept) <> sum(value * (1 - is_kept));

DELETE FROM figure_kept WHERE queue_id <> '' AND day IN (SELECT day FROM temp.reconcile_day WHERE scope = 'moved');

INSERT OR IGNORE INTO figure_kept (day, queue_id, media_type)
SELECT day, '', '' FROM temp.reconcile_day WHERE scope = 'moved';

UPDATE figure_touched SET is_due = 0 WHERE day IN (SELECT day FROM temp.reconcile_day WHERE scope = 'moved');

DELETE FROM temp.reconcile_due WHERE (scope, day) IN (SELECT scope, day FROM temp.reconcile_day);

-- name: reconcile_empty
DELETE FROM temp.reconcile_day;
DELETE FROM temp.reconcile_figure;
DELETE FROM temp.reconcile_state;
DELETE FROM temp.reconcile_found;
DELETE FROM temp.reconcile_several;
DELETE FROM temp.reconcile_differed;

-- name: reconcile_appeal
-- Days that no reading changes any more and that differ, by either verdict on the runs: both sides are
-- read once more.
CREATE TEMP TABLE IF NOT EXISTS reconcile_appealed (
    scope TEXT, day TEXT, ours TEXT, theirs TEXT, utc_from TEXT, utc_to TEXT);
CREATE TEMP TABLE IF NOT EXISTS window_owed (stream TEXT, utc_from TEXT, utc_to TEXT);
DELETE FROM temp.reconcile_appealed;
DELETE FROM temp.window_owed;
INSERT INTO temp.reconcile_appealed
SELECT d.scope, d.day, p.ours, p.theirs, min(z.utc_from), max(z.utc_to)
FROM temp.reconcile_pair AS p
JOIN reconciliation_day AS d ON d.scope = p.scope
JOIN zone_offset AS z ON z.day = d.day
WHERE d.scope IN ('queue', 'agent') AND d.is_final AND d.appealed_run_id IS NULL
AND (d.differing > 0 OR EXISTS (
    SELECT 1 FROM reconciliation AS r WHERE r.day = d.day AND r.scope = d.scope AND r.difference <> 0))
GROUP BY d.scope, d.day;
INSERT INTO temp.window_owed
SELECT ours, utc_from, utc_to FROM temp.reconcile_appealed
UNION ALL SELECT theirs, utc_from, utc_to FROM temp.reconcile_appealed;

-- name: reconcile_appealed
UPDATE reconciliation_day SET appealed_run_id = ?1
WHERE (scope, day) IN (SELECT scope, day FROM temp.reconcile_appealed)

-- name: reconcile_difference
-- The first figure that differs from ?1 to ?2 (NULL: no limit), and how many more do; ?3: only those of
-- days that were read once more for it.
SELECT printf('%s: %s %s of %s is %.15g here, %.15g at the API', r.day, r.metric, r.statistic,
              coalesce(q.name, u.name, nullif(r.queue_id, ''), r.user_id)
              || coalesce(' (' || nullif(r.media_type || r.qualifier, '') || ')', ''), r.ours, r.theirs)
    || CASE WHEN count(*) OVER () > 1 THEN printf(', and %d more', count(*) OVER () - 1) ELSE '' END
    || coalesce('; ' || r.reason, '')
FROM temp.reconcile_pair AS p
JOIN reconciliation_day AS d ON d.scope = p.scope AND d.differing > 0
JOIN reconciliation AS r ON r.day = d.day AND r.scope = d.scope
LEFT JOIN queue AS q ON q.queue_id = r.queue_id
LEFT JOIN user AS u ON u.user_id = r.user_id
WHERE d.scope IN ('queue', 'agent') AND r.verdict IN ('ours_short', 'ours_over')
AND d.day BETWEEN coalesce(?1, '') AND coalesce(?2, '9999')
AND (NOT ?3 OR d.is_final AND d.appealed_run_id < d.ours_run_id AND d.appealed_run_id < d.theirs_run_id)
ORDER BY r.day, r.scope, r.metric, r.statistic
LIMIT 1

-- name: reconcile_nothing
-- The first scope of which nothing from ?1 to ?2 can be compared, and why.
SELECT printf('%s: nothing can be compared: %s', p.scope, coalesce(
    (SELECT d.day || ': ' || d.reason FROM reconciliation_day AS d
     WHERE d.scope = p.scope AND d.day BETWEEN coalesce(?1, '') AND coalesce(?2, '9999')
     ORDER BY d.day DESC LIMIT 1),
    CASE WHEN coalesce(?1, ?2) IS NULL THEN 'no day' ELSE 'none of these days' END || ' of ' || p.ours || ' is whole'))
FROM temp.reconcile_pair AS p
WHERE p.scope IN ('queue', 'agent') AND NOT EXISTS (
    SELECT 1 FROM reconciliation_day AS d
    WHERE d.scope = p.scope AND d.day BETWEEN coalesce(?1, '') AND coalesce(?2, '9999') AND d.reason IS NULL)
ORDER BY p.scope DESC
LIMIT 1

-- name: reconcile_shown
-- What is not equal, for people; ?1, ?2: first and last day, NULL: no limit.
SELECT r.day, r.scope, coalesce(q.name, u.name, nullif(r.queue_id, ''), r.user_id) AS name,
    nullif(r.media_type, '') AS media_type, nullif(r.metric, '') AS metric, nullif(r.qualifier, '') AS qualifier,
    nullif(r.statistic, '') AS statistic, r.ours, r.theirs, r.difference, r.verdict, r.reason
FROM reconciliation AS r
LEFT JOIN queue AS q ON q.queue_id = r.queue_id
LEFT JOIN user AS u ON u.user_id = r.user_id
WHERE r.day BETWEEN coalesce(?1, '') AND coalesce(?2, '9999') AND r.verdict <> 'equal'
AND (r.metric = '' OR r.difference IS NOT NULL)
ORDER BY r.day, r.scope DESC, name, r.media_type, r.metric, r.qualifier, r.statistic

-- name: reconcile_all
SELECT scope, day, nullif(queue_id, '') AS queue_id, nullif(media_type, '') AS media_type,
    nullif(user_id, '') AS user_id, nullif(metric, '') AS metric, nullif(qualifier, '') AS qualifier,
    nullif(statistic, '') AS statistic, ours, theirs, difference, verdict, reason, first_checked_at, last_checked_at
FROM reconciliation WHERE day BETWEEN coalesce(?1, '') AND coalesce(?2, '9999')
ORDER BY day, scope, queue_id, media_type, user_id, metric, qualifier, statistic

-- name: reconcile_answer
-- A line a scope.
SELECT printf('%s: %d figures compared on %d %s, %s', p.scope, total(d.compared), count(d.day) - count(d.reason),
    CASE count(d.day) - count(d.reason) WHEN 1 THEN 'day' ELSE 'days' END,
    CASE
        WHEN total(d.differing) > 0 THEN printf('%d differ: %s', total(d.differing),
            group_concat(CASE WHEN d.differing > 0 THEN d.day END, ', '))
        WHEN total(d.compared) > 0 THEN 'all equal'
        WHEN count(d.day) > count(d.reason) THEN 'nothing happened'
        ELSE 'no proof' END)
    || CASE WHEN p.scope IN ('queue', 'agent') THEN '' ELSE ' (a hint, no mismatch)' END
    || coalesce('; not comparable: ' || (
        SELECT group_concat(metric || ' (' || reason || ')', ', ') FROM (
            SELECT DISTINCT metric, reason FROM reconciliation AS r
            WHERE r.scope = p.scope AND r.day BETWEEN coalesce(?1, '') AND coalesce(?2, '9999')
            AND r.metric <> '' AND r.verdict = 'not_comparable' AND r.difference IS NULL)), '')
FROM temp.reconcile_pair AS p
LEFT JOIN reconciliation_day AS d ON d.scope = p.scope AND d.day BETWEEN coalesce(?1, '') AND coalesce(?2, '9999')
GROUP BY p.scope HAVING p.scope IN ('queue', 'agent') OR count(d.day) > 0
ORDER BY p.rowid
