-- Views of days and of agents' time. Seconds are whole milliseconds over 1,000.

-- The calendar: one row a business day, from long before the first day that was asked for to some weeks
-- after the last run. Exported whole.
--
-- day             business day, YYYY-MM-DD
-- utc_from        its first instant
-- utc_to          the first one after it
-- hours           its length: 24, but for the days on which the clock is changed
-- weekday         1 (Monday) to 7
-- iso_week        week of ISO 8601, YYYY-Www: it begins with a Monday, and is of its Thursday's year
-- month           YYYY-MM
-- whole           0/1: all conversations of the day have been read (freshness)
-- proven          0/1: its figures were compared with the vendor's own, and were equal; NULL: nothing
--                 to compare, or not yet
CREATE VIEW v_day AS
SELECT
    d.day, d.utc_from, d.utc_to,
    (strftime('%s', d.utc_to) - strftime('%s', d.utc_from)) / 3600.0 AS hours,
    (strftime('%w', d.day) + 6) % 7 + 1 AS weekday,
    strftime('%Y-W', d.day, '-3 days', 'weekday 4')
        || printf('%02d', (strftime('%j', d.day, '-3 days', 'weekday 4') + 6) / 7) AS iso_week,
    substr(d.day, 1, 7) AS month,
    -- Looked up only where it is asked for, and made once then (LIMIT -1).
    coalesce((SELECT f.whole FROM (SELECT day, whole FROM freshness
                                   WHERE stream = 'conversations' LIMIT -1) AS f
              WHERE f.day = d.day), 0) AS whole,
    (SELECT CASE WHEN total(r.compared) > 0 THEN total(r.differing) = 0 END
     FROM reconciliation_day AS r WHERE r.day = d.day AND r.scope IN ('queue', 'agent')) AS proven
FROM (SELECT day, min(utc_from) AS utc_from, max(utc_to) AS utc_to
      FROM zone_offset GROUP BY day) AS d;

-- What agents were: one row a status and business day. A status that passes midnight has a row in each
-- of its days; one that lasts ends where the reading of user_status does, and one that began before
-- the first day that was read begins with that. The rows of a kind of an agent never overlap.
--
-- user_id, user_name     the user
-- kind                   presence or routing
-- status                 presence: AVAILABLE, AWAY, BREAK, ON_QUEUE, OFFLINE...; routing: OFF_QUEUE,
--                        IDLE, INTERACTING, NOT_RESPONDING, COMMUNICATING
-- day                    business day
-- started_at, ended_at   UTC: its part of the day
-- seconds                between them
CREATE VIEW v_agent_state AS
WITH RECURSIVE present AS (
    SELECT min(user_id) AS user_id FROM user_presence
    UNION ALL
    SELECT (SELECT min(s.user_id) FROM user_presence AS s WHERE s.user_id > a.user_id)
    FROM present AS a WHERE a.user_id IS NOT NULL
),
routed AS (
    SELECT min(user_id) AS user_id FROM user_routing_status
    UNION ALL
    SELECT (SELECT min(s.user_id) FROM user_routing_status AS s WHERE s.user_id > a.user_id)
    FROM routed AS a WHERE a.user_id IS NOT NULL
),
agent AS (
    SELECT 'presence' AS kind, user_id, user_id AS present_id, NULL AS routed_id FROM present
    UNION ALL SELECT 'routing', user_id, NULL, user_id FROM routed
),
read_day AS ( -- what was read of each day
    SELECT d.day, max(d.utc_from, r.utc_from) AS utc_from, min(d.utc_to, r.utc_to) AS utc_to
    FROM (SELECT min(window_start) AS utc_from, max(complete_to) AS utc_to FROM extract_window
          WHERE stream = 'user_status' AND complete_to > window_start) AS r
    CROSS JOIN v_day AS d ON d.utc_from < r.utc_to AND d.utc_to > r.utc_from
    GROUP BY d.day
)
SELECT
    s.user_id, s.user_name, s.kind, s.status, s.day, s.started_at, s.ended_at,
    round((julianday(s.ended_at) - julianday(s.started_at)) * 86400000) / 1000 AS seconds
FROM (
    -- CROSS JOIN: of each day and agent the statuses from the last one that began before it on. One
    -- join for both kinds, so that a query's own joins reach the days.
    SELECT
        a.user_id, u.name AS user_name, a.kind,
        coalesce(q.routing_status, p.system_presence) AS status, d.day,
        max(coalesce(q.start_time, p.start_time), d.utc_from) AS started_at,
        coalesce(q.end_time, p.end_time, d.utc_to) AS own_end,
        min(coalesce(q.end_time, p.end_time, d.utc_to), d.utc_to,
            coalesce((SELECT n.start_time FROM user_routing_status AS n
                      WHERE n.user_id = a.user_id AND n.start_time > q.start_time
                      ORDER BY n.start_time LIMIT 1),
                     (SELECT n.start_time FROM user_presence AS n
                      WHERE n.user_id = a.user_id AND n.start_time > p.start_time
                      ORDER BY n.start_time LIMIT 1), d.utc_to)) AS ended_at
    FROM read_day AS d
    CROSS JOIN agent AS a
    LEFT JOIN user AS u ON u.user_id = a.user_id
    LEFT JOIN user_presence AS p
        ON p.user_id = a.present_id AND p.start_time < d.utc_to
        AND p.start_time >= coalesce((SELECT max(b.start_time) FROM user_presence AS b
                                      WHERE b.user_id = a.present_id AND b.start_time <= d.utc_from),
                                     d.utc_from)
    LEFT JOIN user_routing_status AS q
        ON q.user_id = a.routed_id AND q.start_time < d.utc_to
        AND q.start_time >= coalesce((SELECT max(b.start_time) FROM user_routing_status AS b
                                      WHERE b.user_id = a.routed_id AND b.start_time <= d.utc_from),
                                     d.utc_from)
) AS s
WHERE s.started_at < s.own_end; -- the next one begins later than this

-- Adherence and conformance as the vendor's workforce management has them: one row an agent and day.
--
-- day                   a day of the management unit's own zone, unless [adherence] day says extract
-- user_id, user_name    the agent
-- adherence_percent     0 to 100; NULL: undefined
-- conformance_percent   may exceed 100; NULL: undefined
CREATE VIEW v_adherence_day AS
SELECT
    a.business_day AS day, a.user_id, u.name AS user_name,
    CASE WHEN a.day_start_offset_seconds IS NULL THEN p.adherence_percentage
         ELSE a.adherence_percentage END AS adherence_percent,
    CASE WHEN a.day_start_offset_seconds IS NULL THEN p.conformance_percentage
         ELSE a.conformance_percentage END AS conformance_percent
FROM adherence_day AS a
LEFT JOIN adherence_period AS p ON p.user_id = a.user_id AND p.business_day = a.business_day
LEFT JOIN user AS u ON u.user_id = a.user_id;

-- What was scheduled: one row an agent and day, days to come too. Whole days off are no shifts: see
-- schedule_time_off.
--
-- day                    business day on which the shift begins
-- user_id, user_name     the agent
-- scheduled_seconds      length of the shifts
-- paid_seconds           of their activities what is paid: as much as the activity says, else whole
--                        where it, or its activity code, is paid
CREATE VIEW v_schedule_day AS
SELECT
    d.day, s.user_id, u.name AS user_name,
    sum(s.length_minutes) * 60.0 AS scheduled_seconds,
    coalesce(sum((SELECT sum(CASE WHEN a.payable_minutes IS NOT NULL THEN a.payable_minutes
                                  WHEN coalesce(a.paid, ( -- looked up only then
                                      SELECT c.counts_as_paid_time
                                      FROM management_unit AS m
                                      CROSS JOIN activity_code AS c
                                          ON c.business_unit_id = m.business_unit_id
                                          AND c.activity_code_id = a.activity_code_id
                                      WHERE m.management_unit_id = a.management_unit_id))
                                  THEN a.length_minutes END)
                  FROM schedule_activity AS a
                  WHERE a.shift_id = s.shift_id)), 0) * 60.0 AS paid_seconds
FROM v_day AS d
CROSS JOIN schedule_shift AS s ON s.start_date >= d.utc_from AND s.start_date < d.utc_to
LEFT JOIN user AS u ON u.user_id = s.user_id
GROUP BY d.day, s.user_id;

-- Agents' days: one row an agent and day of whom there is something, up to the last day of which
-- anything was read. Times are NULL where no status of the agent and day was read.
--
-- day, user_id, user_name   the agent
-- logged_in_seconds         presence other than OFFLINE
-- on_queue_seconds          presence ON_QUEUE
-- interacting_seconds, communicating_seconds, idle_seconds, not_responding_seconds   by routing
--                           status; may outlast ON_QUEUE
-- occupancy_percent         interacting of interacting, communicating and idle; NULL: none of them
-- answered, handled, handle_ms, transferred   as in v_queue_day, without a queue too
-- avg_handle_seconds        handle_ms of handled; NULL: none
-- adherence_percent         as in v_adherence_day: the vendor's, NULL: undefined
-- conformance_percent       as in v_adherence_day: the vendor's, may exceed 100, NULL: undefined
-- scheduled_seconds         as in v_schedule_day; NULL: no shift begins on the day
-- paid_seconds              as in v_schedule_day; NULL: no shift begins on the day
CREATE VIEW v_agent_day AS
WITH RECURSIVE agent AS ( -- whoever has statuses, behind ''
    SELECT '' AS user_id
    UNION ALL
    SELECT (SELECT min(user_id) FROM (
        SELECT min(s.user_id) AS user_id FROM user_presence AS s WHERE s.user_id > a.user_id
        UNION ALL
        SELECT min(s.user_id) FROM user_routing_status AS s WHERE s.user_id > a.user_id))
    FROM agent AS a WHERE a.user_id IS NOT NULL
),
read_day AS ( -- what was read of each day
    SELECT d.day, max(d.utc_from, r.utc_from) AS utc_from, min(d.utc_to, r.utc_to) AS utc_to
    FROM (SELECT min(window_start) AS utc_from, max(complete_to) AS utc_to FROM extract_window
          WHERE stream = 'user_status' AND complete_to > window_start) AS r
    CROSS JOIN v_day AS d ON d.utc_from < r.utc_to AND d.utc_to > r.utc_from
    GROUP BY d.day
)
SELECT
    x.day, x.user_id, u.name AS user_name,
    substr(x.present, 1, 9) / 1000.0 AS logged_in_seconds,
    substr(x.present, 10, 9) / 1000.0 AS on_queue_seconds,
    substr(x.routed, 1, 9) / 1000.0 AS interacting_seconds,
    substr(x.routed, 10, 9) / 1000.0 AS communicating_seconds,
    substr(x.routed, 19, 9) / 1000.0 AS idle_seconds,
    substr(x.routed, 28, 9) / 1000.0 AS not_responding_seconds,
    100.0 * substr(x.routed, 1, 9)
        / nullif(substr(x.routed, 1, 9) + substr(x.routed, 10, 9) + substr(x.routed, 19, 9), 0)
        AS occupancy_percent,
    x.answered, x.handled, x.handle_ms,
    x.handle_ms / 1000.0 / nullif(x.handled, 0) AS avg_handle_seconds, x.transferred,
    x.adherence_percent, x.conformance_percent, x.scheduled_seconds, x.paid_seconds
FROM (
    -- By a window, not GROUP BY: so a day that is asked for is looked up in each part. A part has one
    -- row an agent and day.
    SELECT
        p.day, p.user_id, p.part, min(p.part) OVER agent_day AS first_part,
        max(p.is_there) OVER agent_day AS is_there,
        max(p.present) OVER agent_day AS present, max(p.routed) OVER agent_day AS routed,
        coalesce(sum(p.answered) OVER agent_day, 0) AS answered,
        coalesce(sum(p.handled) OVER agent_day, 0) AS handled,
        coalesce(sum(p.handle_ms) OVER agent_day, 0) AS handle_ms,
        coalesce(sum(p.transferred) OVER agent_day, 0) AS transferred,
        max(p.adherence_percent) OVER agent_day AS adherence_percent,
        max(p.conformance_percent) OVER agent_day AS conformance_percent,
        max(p.scheduled_seconds) OVER agent_day AS scheduled_seconds,
        max(p.paid_seconds) OVER agent_day AS paid_seconds
    FROM (
        -- As v_agent_state has them, but summed where they lie, an agent and day at a time: no sorting.
        -- A sum for each column, in ms of nine digits, and at last whether the agent was there.
        SELECT
            1 AS part, d.day, a.user_id,
            (
                SELECT CASE WHEN count(*) > 0 THEN printf('%9d%9d%d',
                    total(CASE WHEN status <> 'OFFLINE' THEN ms END),
                    total(CASE WHEN status = 'ON_QUEUE' THEN ms END),
                    max(status <> 'OFFLINE')) END
                FROM (
                    SELECT
                        p.system_presence AS status,
                        round((julianday(min(
                            coalesce(p.end_time, d.utc_to), d.utc_to,
                            coalesce((SELECT n.start_time FROM user_presence AS n
                                      WHERE n.user_id = p.user_id AND n.start_time > p.start_time
                                      ORDER BY n.start_time LIMIT 1), d.utc_to)))
                            - julianday(max(p.start_time, d.utc_from))) * 86400000) AS ms
                    FROM user_presence AS p
                    WHERE p.user_id = a.user_id AND p.start_time < d.utc_to
                    AND p.start_time >= coalesce(
                        (SELECT max(b.start_time) FROM user_presence AS b
                         WHERE b.user_id = a.user_id AND b.start_time <= d.utc_from), d.utc_from)
                    AND coalesce(p.end_time, d.utc_to) > max(p.start_time, d.utc_from)
                    AND p.system_presence IS NOT NULL)
            ) AS present,
            (
                SELECT CASE WHEN count(*) > 0 THEN printf('%9d%9d%9d%9d%d',
                    total(CASE WHEN status = 'INTERACTING' THEN ms END),
                    total(CASE WHEN status = 'COMMUNICATING' THEN ms END),
                    total(CASE WHEN status = 'IDLE' THEN ms END),
                    total(CASE WHEN status = 'NOT_RESPONDING' THEN ms END),
                    max(status <> 'OFF_QUEUE')) END
                FROM (
                    SELECT
                        q.routing_status AS status,
                        round((julianday(min(
                            coalesce(q.end_time, d.utc_to), d.utc_to,
                            coalesce((SELECT n.start_time FROM user_routing_status AS n
                                      WHERE n.user_id = q.user_id AND n.start_time > q.start_time
                                      ORDER BY n.start_time LIMIT 1), d.utc_to)))
                            - julianday(max(q.start_time, d.utc_from))) * 86400000) AS ms
                    FROM user_routing_status AS q
                    WHERE q.user_id = a.user_id AND q.start_time < d.utc_to
                    AND q.start_time >= coalesce(
                        (SELECT max(b.start_time) FROM user_routing_status AS b
                         WHERE b.user_id = a.user_id AND b.start_time <= d.utc_from), d.utc_from)
                    AND coalesce(q.end_time, d.utc_to) > max(q.start_time, d.utc_from)
                    AND q.routing_status IS NOT NULL)
            ) AS routed,
            NULL AS answered, NULL AS handled, NULL AS handle_ms, NULL AS transferred,
            NULL AS adherence_percent, NULL AS conformance_percent, NULL AS scheduled_seconds,
            NULL AS paid_seconds, NULL AS is_there
        FROM agent AS a CROSS JOIN read_day AS d
        WHERE a.user_id > ''
        UNION ALL
        SELECT
            2, d.day, f.user_id, NULL, NULL, sum(f.answered), sum(f.handled), sum(f.handle_ms),
            sum(f.transferred), NULL, NULL, NULL, NULL, 1
        FROM v_day AS d
        CROSS JOIN interval_figure AS f ON f.utc_start >= d.utc_from AND f.utc_start < d.utc_to
        WHERE f.user_id IS NOT NULL
        GROUP BY d.day, f.user_id HAVING sum(f.answered + f.handled + f.transferred) > 0
        UNION ALL
        SELECT
            3, day, user_id, NULL, NULL, NULL, NULL, NULL, NULL, adherence_percent, conformance_percent,
            NULL, NULL, 1
        FROM v_adherence_day
        UNION ALL
        SELECT
            4, day, user_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, scheduled_seconds,
            paid_seconds, 1
        FROM v_schedule_day
        WHERE day <= (SELECT max(z.day) FROM zone_offset AS z
                      WHERE z.utc_from < (SELECT max(w.complete_to) FROM extract_window AS w
                                          WHERE w.stream IN ('user_status', 'conversations',
                                                             'adherence_historical')))
    ) AS p
    WINDOW agent_day AS (PARTITION BY p.day, p.user_id)
) AS x
LEFT JOIN user AS u ON u.user_id = x.user_id
WHERE x.part = x.first_part AND coalesce(x.is_there, substr(x.present, 19) OR substr(x.routed, 37));
