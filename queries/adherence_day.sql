-- title: Real-time adherence by agent and day
-- description: Each agent's business day from the polls of real-time adherence: seconds in and out
--   of adherence, unscheduled, in other states, and seconds nobody looked (gaps). A state counts
--   from its beginning if that was within `max_gap` of the first poll that saw it, else from that
--   poll; until its end likewise; and not while polls were further apart than `max_gap`. A day's
--   hours before the agent was first polled (known_since, UTC) are a gap. adherence_percent is
--   in / (in + out), NULL when both are 0; it is not the workforce management's own figure, which
--   rests on the schedule.
-- param: from  [day] first business day, YYYY-MM-DD; default: 7 days before `to`
-- param: to  [day] last business day, YYYY-MM-DD; default: the last day with polls
-- param: agent  [agent] name or id of one agent; default: all
-- param: max_gap  [number 900] longest time between polls in seconds that is no gap, 900 or more; default: 900
WITH RECURSIVE agent AS (
    SELECT min(user_id) AS user_id FROM adherence_state
    UNION ALL
    SELECT (SELECT min(s.user_id) FROM adherence_state AS s WHERE s.user_id > a.user_id)
    FROM agent AS a WHERE a.user_id IS NOT NULL
),
last_day AS (
    SELECT z.day FROM zone_offset AS z
    WHERE z.utc_from <= (SELECT max((SELECT s.last_observed FROM adherence_state AS s
                                     WHERE s.user_id = a.user_id
                                     ORDER BY s.state_start DESC LIMIT 1))
                         FROM agent AS a)
    ORDER BY z.utc_from DESC LIMIT 1
),
asked AS (
    SELECT coalesce(nullif(:from, ''), date(coalesce(nullif(:to, ''), day), '-7 days')) AS first_day,
           coalesce(nullif(:to, ''), day) AS last_day
    FROM last_day
),
bounds AS (
    SELECT (SELECT min(z.utc_from) FROM zone_offset AS z WHERE z.day >= a.first_day) AS utc_from,
           (SELECT max(z.utc_to) FROM zone_offset AS z WHERE z.day <= a.last_day) AS utc_to
    FROM asked AS a
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
known AS (
    SELECT a.user_id, (SELECT s.first_observed FROM adherence_state AS s
                       WHERE s.user_id = a.user_id ORDER BY s.state_start LIMIT 1) AS since,
           coalesce(CAST(nullif(:max_gap, '') AS REAL), 900) AS max_gap
    FROM agent AS a WHERE a.user_id IS NOT NULL
    LIMIT -1
),
state AS (
    SELECT s.user_id, s.name, s.adherence_state, k.since, k.max_gap,
           -- the first state stands for its day from the day's beginning
           CASE WHEN s.first_observed > k.since THEN s.state_start
                ELSE coalesce((SELECT min(z.utc_from) FROM zone_offset AS z
                               WHERE z.day = (SELECT y.day FROM zone_offset AS y
                                              WHERE y.utc_from <= k.since
                                              ORDER BY y.utc_from DESC LIMIT 1)), k.since)
                END AS span_from,
           CASE WHEN s.first_observed > k.since
                     AND round((julianday(s.first_observed) - julianday(s.state_start)) * 86400, 3)
                         <= k.max_gap
               THEN s.state_start ELSE s.first_observed END AS covered_from,
           CASE WHEN round((julianday(s.state_end) - julianday(s.last_observed)) * 86400, 3)
                     <= k.max_gap
               THEN s.state_end ELSE s.last_observed END AS covered_to,
           coalesce((SELECT min(n.state_start) FROM adherence_state AS n
                     WHERE n.user_id = s.user_id AND n.state_start > s.state_start),
                    s.state_end, s.last_observed) AS next_start
    FROM bounds AS b
    CROSS JOIN known AS k
    CROSS JOIN adherence_state AS s
        ON s.user_id = k.user_id AND s.state_start < b.utc_to
        AND s.state_start >= coalesce((SELECT max(e.state_start) FROM adherence_state AS e
                                       WHERE e.user_id = k.user_id
                                       AND e.state_start <= b.utc_from), b.utc_from)
),
piece AS (
    SELECT z.day, t.user_id, t.name, t.adherence_state, t.since,
           max(0, julianday(min(t.covered_to, z.utc_to))
                  - julianday(max(t.covered_from, z.utc_from))) * 86400
           - (SELECT total(julianday(min(g.gap_end, z.utc_to))
                           - julianday(max(g.gap_start, z.utc_from))) * 86400
              FROM observation_gap AS g
              WHERE g.user_id = t.user_id AND g.gap_start >= t.covered_from
              AND g.gap_start < min(t.covered_to, z.utc_to) AND g.gap_end > z.utc_from
              AND round((julianday(g.gap_end) - julianday(g.gap_start)) * 86400, 3) > t.max_gap)
           AS seconds,
           (julianday(min(t.next_start, z.utc_to))
            - julianday(max(t.span_from, z.utc_from))) * 86400 AS span_seconds
    FROM bounds AS b
    CROSS JOIN state AS t
    CROSS JOIN zone_offset AS z
        ON z.utc_from < t.next_start AND z.utc_to > t.span_from
        AND z.utc_from >= max(b.utc_from,
                              coalesce((SELECT max(y.utc_from) FROM zone_offset AS y
                                        WHERE y.utc_from <= t.span_from), b.utc_from))
        AND z.utc_from < b.utc_to
)
SELECT p.day, p.user_id,
       coalesce(u.name, max(p.name)) AS user_name,
       CAST(round(sum(p.seconds)) AS INTEGER) AS observed_seconds,
       CAST(round(total(CASE WHEN p.adherence_state = 'InAdherence'
                             THEN p.seconds END)) AS INTEGER) AS in_adherence_seconds,
       CAST(round(total(CASE WHEN p.adherence_state = 'OutOfAdherence'
                             THEN p.seconds END)) AS INTEGER) AS out_of_adherence_seconds,
       CAST(round(total(CASE WHEN p.adherence_state = 'Unscheduled'
                             THEN p.seconds END)) AS INTEGER) AS unscheduled_seconds,
       CAST(round(total(CASE WHEN coalesce(p.adherence_state, '')
                                  NOT IN ('InAdherence', 'OutOfAdherence', 'Unscheduled')
                             THEN p.seconds END)) AS INTEGER) AS other_seconds,
       CAST(round(sum(p.span_seconds - p.seconds)) AS INTEGER) AS gap_seconds,
       round(100.0 * total(CASE WHEN p.adherence_state = 'InAdherence' THEN p.seconds END)
             / nullif(total(CASE WHEN p.adherence_state IN ('InAdherence', 'OutOfAdherence')
                                 THEN p.seconds END), 0), 2) AS adherence_percent,
       max(p.since) AS known_since
FROM piece AS p
LEFT JOIN user AS u ON u.user_id = p.user_id
WHERE nullif(:agent, '') IS NULL OR p.user_id = nullif(:agent, '') OR u.name = nullif(:agent, '') COLLATE NOCASE
GROUP BY p.day, p.user_id
ORDER BY p.day, user_name, p.user_id;
