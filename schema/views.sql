-- Views for people. Local times are those of the business time zone, by zone_offset; a time before
-- its first row takes the offset of that row. Durations are milliseconds.

-- How far each stream of windows is, by business day, up to the day at hand when extract last ran
-- (lists and polls: see extract_window). Exported whole.
--
-- stream       the stream
-- day          business day, YYYY-MM-DD
-- utc_from     its first instant
-- utc_to       the first one after it
-- whole        0/1: all of the day has been read (settled or not), of every scope that there was
-- state        open (not whole), provisional (whole, may be read again), settled
-- complete_to  the day is read without a hole up to here; NULL: nothing of it
-- proven       0/1: its figures were compared with the API's own (reconciliation), and all were
--              equal; NULL: nothing to compare
CREATE VIEW freshness AS
WITH business_day AS (
    SELECT day, min(utc_from) AS utc_from, max(utc_to) AS utc_to FROM zone_offset GROUP BY day
),
-- Windows without a hole between them; of a day that begins in the last such stretch the rest may be
-- yet to come, of one before it the rest is not asked for.
asked AS (
    SELECT stream, scope, min(window_start) AS span_from, max(window_end) AS span_to,
           max(window_end) = last_to AS is_last
    FROM (SELECT stream, scope, window_start, window_end, last_to,
                 sum(begins) OVER (PARTITION BY stream, scope ORDER BY window_start) AS stretch
          FROM (SELECT stream, scope, window_start, window_end,
                       window_start > coalesce(max(window_end) OVER (
                           PARTITION BY stream, scope ORDER BY window_start
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), '') AS begins,
                       max(window_end) OVER (PARTITION BY stream, scope) AS last_to
                FROM extract_window WHERE window_start IS NOT NULL))
    GROUP BY stream, scope, stretch
),
-- What windows cover (reading and settling apart), and where a day begins that is asked for.
mark AS (
    SELECT stream, scope, 'read' AS part, window_start AS at,
           CASE state WHEN 'open' THEN complete_to ELSE window_end END AS covered_to,
           NULL AS day, NULL AS utc_to
    FROM extract_window
    WHERE window_start IS NOT NULL AND (state <> 'open' OR complete_to > window_start)
    UNION ALL
    SELECT stream, scope, 'settled', window_start, window_end, NULL, NULL
    FROM extract_window
    WHERE window_start IS NOT NULL AND state = 'settled'
    UNION ALL
    SELECT s.stream, s.scope, p.part, d.utc_from, NULL, d.day, d.utc_to
    FROM asked AS s
    JOIN business_day AS d ON d.utc_from >= s.span_from
        AND (d.utc_to <= s.span_to OR s.is_last AND d.utc_from < s.span_to)
    CROSS JOIN (SELECT 'read' AS part UNION ALL SELECT 'settled') AS p
),
-- Sorted once: a stretch without a hole begins where all before it ends earlier, and a day belongs
-- to the last stretch that began before.
sorted AS (
    SELECT *, day IS NULL AND at > coalesce(max(covered_to) OVER (
                  PARTITION BY stream, scope, part ORDER BY at, day
                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), '') AS begins
    FROM mark
),
numbered AS (
    SELECT *, sum(begins) OVER (PARTITION BY stream, scope, part ORDER BY at, day
                                ROWS UNBOUNDED PRECEDING) AS stretch
    FROM sorted
),
reached AS (
    SELECT *, max(covered_to) OVER (PARTITION BY stream, scope, part, stretch) AS stretch_to FROM numbered
),
daily AS (
    SELECT stream, day, at AS utc_from, utc_to,
           min(CASE part WHEN 'read' THEN coalesce(stretch_to, '') END) AS read_to,
           min(CASE part WHEN 'settled' THEN coalesce(stretch_to, '') END) AS settled_to
    FROM reached WHERE day IS NOT NULL
    GROUP BY stream, day
)
SELECT stream, day, utc_from, utc_to,
       read_to >= utc_to AS whole,
       CASE
           WHEN read_to < utc_to THEN 'open'
           WHEN settled_to < utc_to THEN 'provisional'
           ELSE 'settled'
       END AS state,
       CASE WHEN read_to > utc_from THEN min(read_to, utc_to) END AS complete_to,
       (SELECT CASE WHEN r.compared > 0 THEN r.differing = 0 END FROM reconciliation_day AS r
        WHERE r.day = daily.day AND daily.read_to >= daily.utc_to AND r.scope = CASE daily.stream
            WHEN 'conversations' THEN 'queue' WHEN 'conversation_aggregate' THEN 'queue'
            WHEN 'user_status' THEN 'agent' WHEN 'user_aggregate' THEN 'agent' END) AS proven
FROM daily
WHERE utc_from <= coalesce( -- by the server's clock, where a run has heard it
    (SELECT max(min(planned_until, strftime('%Y-%m-%dT%H:%M:%fZ', started_at,
                                            (-clock_ahead_ms / 1000.0) || ' seconds')))
     FROM run WHERE clock_ahead_ms IS NOT NULL),
    (SELECT max(min(planned_until, started_at)) FROM run), utc_from);

-- One flat row a conversation. Metrics are summed over all its sessions, whenever they were
-- emitted; for figures of an interval count session_metric by emit_date instead.
--
-- conversation_id, conversation_start, conversation_end (NULL: open)
-- local_start, local_end             business time, YYYY-MM-DD HH:MM:SS
-- local_date, local_hour, local_weekday   of the start; weekday 1 (Monday) to 7
-- media_type, message_type           of the first session that has one
-- media_types                        of all its sessions, sorted, separated by commas
-- direction                          of the first session: inbound or outbound
-- conversation_initiator, external_tag, self_served
-- ani, dnis                          of the customer's first session that has one (of an outside
--                                    party's, where there is no customer)
-- duration_ms                        start to end; NULL while open
-- first_queue_id, first_queue_name, first_agent_id, first_agent_name, first_wrap_up_code
--                                    of the segment that began first
-- last_queue_id, last_queue_name, last_agent_id, last_agent_name
--                                    of the segment with the customer that ended last, an open one
--                                    after all others (not by after-call work, nor by ringing)
-- last_wrap_up_code                  of the last agent; NULL where she set none
-- first_wrap_up_name, last_wrap_up_name   names of today, from wrapup_code; NULL: none, or not read
-- last_team_name                     of the last agent's team then, likewise
-- first_flow_name                    of the first flow, as the record has it, else of today
-- skill_names                        of all skills that were asked for, sorted, separated by "; ";
--                                    where a name is not known the id
-- customer_disconnect_type           how the customer's last segment ended
-- offered, answered, abandoned, short_abandoned, flow_out, over_sla, connected, outbound,
-- transferred, blind_transferred, consult_transferred   counts of nOffered, tAnswered, tAbandon,
--                                    tShortAbandon, tFlowOut, nOverSla, nConnected, nOutbound,
--                                    nTransferred, nBlindTransferred, nConsultTransferred
-- handled                            count of tHandle: agents who handled it
-- acd_ms, answer_ms, abandon_ms, ivr_ms, alert_ms, talk_ms, hold_ms, acw_ms, dialing_ms,
-- contacting_ms, handle_ms           sums of tAcd, tAnswered, tAbandon, tIvr, tAlert,
--                                    tTalkComplete, tHeldComplete, tAcw, tDialing, tContacting,
--                                    tHandle; NULL: none emitted
-- participant_count                  participants
-- agent_count                        different agents who interacted
-- division_ids                       separated by commas; conversation_division has them as rows
-- division_names                     in the same order, separated by "; "; else the id
-- whole                              0/1: all of local_date has been read (freshness)
CREATE VIEW v_conversation AS
SELECT
    c.conversation_id, c.conversation_start, c.conversation_end,
    datetime(c.conversation_start, a.offset_seconds || ' seconds') AS local_start,
    datetime(c.conversation_end, CASE
        WHEN c.conversation_end >= a.utc_from AND c.conversation_end < a.utc_to THEN a.offset_seconds
        ELSE coalesce((SELECT z.offset_seconds FROM zone_offset AS z
                       WHERE z.utc_from <= c.conversation_end ORDER BY z.utc_from DESC LIMIT 1),
                      (SELECT z.offset_seconds FROM zone_offset AS z ORDER BY z.utc_from LIMIT 1))
        END || ' seconds') AS local_end,
    CASE WHEN c.conversation_start >= a.utc_from AND c.conversation_start < a.utc_to THEN a.day
         ELSE date(c.conversation_start, a.offset_seconds || ' seconds') END AS local_date,
    (strftime('%s', c.conversation_start) + a.offset_seconds) / 3600 % 24 AS local_hour,
    ((strftime('%s', c.conversation_start) + a.offset_seconds) / 86400 + 3) % 7 + 1 AS local_weekday,
    x.media_type, x.media_types, x.message_type, c.originating_direction AS direction, c.conversation_initiator,
    c.external_tag, c.self_served, x.ani, x.dnis,
    (strftime('%s', c.conversation_end) - strftime('%s', c.conversation_start)) * 1000
        + substr(c.conversation_end, 21, 3) - substr(c.conversation_start, 21, 3) AS duration_ms,
    x.first_queue_id, fq.name AS first_queue_name, x.last_queue_id, lq.name AS last_queue_name,
    x.first_agent_id, fa.name AS first_agent_name, x.last_agent_id, la.name AS last_agent_name,
    x.first_wrap_up_code, x.last_wrap_up_code, fw.name AS first_wrap_up_name, lw.name AS last_wrap_up_name,
    t.name AS last_team_name,
    (SELECT coalesce(w.flow_name, (SELECT n.name FROM flow AS n WHERE n.flow_id = w.flow_id))
     FROM session_flow AS w
     WHERE w.conversation_key = c.conversation_key
     ORDER BY w.participant_no, w.session_no LIMIT 1) AS first_flow_name,
    (SELECT group_concat(d.name, '; ')
     FROM (SELECT DISTINCT coalesce(n.name, v.skill_id) AS name FROM segment_skill AS v
           LEFT JOIN skill AS n ON n.skill_id = v.skill_id
           WHERE v.conversation_key = c.conversation_key ORDER BY 1) AS d) AS skill_names,
    x.customer_disconnect_type, x.offered, x.answered, x.abandoned, x.short_abandoned, x.flow_out, x.over_sla,
    x.connected, x.outbound, x.transferred, x.blind_transferred, x.consult_transferred, x.handled,
    x.acd_ms, x.answer_ms, x.abandon_ms, x.ivr_ms, x.alert_ms, x.talk_ms, x.hold_ms, x.acw_ms, x.dialing_ms,
    x.contacting_ms, x.handle_ms, x.participant_count, x.agent_count, x.division_ids,
    CASE WHEN instr(x.division_ids, ',') THEN
        (SELECT group_concat(d.name, '; ')
         FROM (SELECT coalesce(n.name, v.division_id) AS name FROM conversation_division AS v
               LEFT JOIN division AS n ON n.division_id = v.division_id
               WHERE v.conversation_key = c.conversation_key ORDER BY v.division_no) AS d)
        ELSE coalesce(o.name, x.division_ids) END AS division_names,
    coalesce(f.whole, 0) AS whole
FROM conversation AS c
LEFT JOIN conversation_figure AS x ON x.conversation_key = c.conversation_key
LEFT JOIN zone_offset AS a
    ON a.utc_from = coalesce((SELECT max(y.utc_from) FROM zone_offset AS y WHERE y.utc_from <= c.conversation_start),
                             (SELECT min(y.utc_from) FROM zone_offset AS y))
LEFT JOIN queue AS fq ON fq.queue_id = x.first_queue_id
LEFT JOIN queue AS lq ON lq.queue_id = x.last_queue_id
LEFT JOIN user AS fa ON fa.user_id = x.first_agent_id
LEFT JOIN user AS la ON la.user_id = x.last_agent_id
LEFT JOIN team AS t ON t.team_id = x.last_team_id
LEFT JOIN wrapup_code AS fw ON fw.wrapup_code_id = x.first_wrap_up_code
LEFT JOIN wrapup_code AS lw ON lw.wrapup_code_id = x.last_wrap_up_code
LEFT JOIN division AS o ON o.division_id = x.division_ids -- where it is one
LEFT JOIN (SELECT day, whole FROM freshness WHERE stream = 'conversations') AS f -- +: else no index is made of its days
    ON f.day = +a.day AND c.conversation_start >= a.utc_from AND c.conversation_start < a.utc_to;

-- One row a metric of a session, placed: by the time it was emitted (its business day and
-- half-hour) and by the queue for which it counts.
--
-- conversation_id, participant_no, session_no, metric_no   key
-- name, value                        n*: how many; t*: milliseconds
-- emit_date                          when the vendor counted it
-- day                                business day of it
-- half_hour                          as the clock showed it, YYYY-MM-DD HH:MM
-- utc_start                          first instant of the half-hour: tells apart the two that the
--                                    clock shows alike when summer time ends
-- queue_id, queue_name               of the session's last segment with a queue that began before
--                                    the metric was emitted (nOffered: or then); if none had, of
--                                    its first. NULL: no queue, and all sessions of customers
-- user_id, user_name                 of the participant
-- media_type, direction              of the session
-- purpose                            of the participant: acd, agent, customer...
-- whole                              0/1: all of `day` has been read (freshness)
CREATE VIEW v_metric AS
SELECT
    c.conversation_id, m.participant_no, m.session_no, m.metric_no, m.name, m.value, m.emit_date,
    date(m.emit_date, z.offset_seconds || ' seconds') AS day,
    strftime('%Y-%m-%d %H:%M', (strftime('%s', m.emit_date) + z.offset_seconds) / 1800 * 1800,
             'unixepoch') AS half_hour,
    strftime('%Y-%m-%dT%H:%M:%SZ',
             (strftime('%s', m.emit_date) + z.offset_seconds) / 1800 * 1800 - z.offset_seconds,
             'unixepoch') AS utc_start,
    g.queue_id, q.name AS queue_name, p.user_id, u.name AS user_name,
    s.media_type, s.direction, p.purpose, coalesce(f.whole, 0) AS whole
FROM conversation AS c -- CROSS JOIN: in this order, whatever a query asks of it
CROSS JOIN session_metric AS m USING (conversation_key)
CROSS JOIN participant AS p USING (conversation_key, participant_no)
CROSS JOIN session AS s USING (conversation_key, participant_no, session_no)
LEFT JOIN segment AS g
    ON g.conversation_key = m.conversation_key AND g.participant_no = m.participant_no
    AND g.session_no = m.session_no AND coalesce(p.purpose, '') NOT IN ('customer', 'external')
    AND g.segment_no = coalesce(
        (SELECT h.segment_no FROM segment AS h
         WHERE h.conversation_key = m.conversation_key AND h.participant_no = m.participant_no
         AND h.session_no = m.session_no AND h.queue_id IS NOT NULL
         AND (h.segment_start < m.emit_date
              OR (m.name = 'nOffered' AND h.segment_start = m.emit_date))
         ORDER BY h.segment_start DESC, h.segment_no DESC LIMIT 1),
        (SELECT h.segment_no FROM segment AS h
         WHERE h.conversation_key = m.conversation_key AND h.participant_no = m.participant_no
         AND h.session_no = m.session_no AND h.queue_id IS NOT NULL
         ORDER BY h.segment_start, h.segment_no LIMIT 1))
LEFT JOIN zone_offset AS z
    ON z.utc_from = coalesce((SELECT max(y.utc_from) FROM zone_offset AS y
                              WHERE y.utc_from <= m.emit_date),
                             (SELECT min(y.utc_from) FROM zone_offset AS y))
LEFT JOIN queue AS q ON q.queue_id = g.queue_id
LEFT JOIN user AS u ON u.user_id = p.user_id
LEFT JOIN (SELECT day, whole FROM freshness WHERE stream = 'conversations') AS f
    ON f.day = date(m.emit_date, z.offset_seconds || ' seconds');

-- One row a segment with the columns of its session, participant and conversation that reports ask
-- for. Skills and divisions are bridges (segment_skill, conversation_division), here as text so that
-- rows do not multiply. Names are those of today.
--
-- conversation_id, participant_no, session_no, segment_no   key
-- segment_type, segment_start, segment_end (NULL: open)
-- local_start, local_end             business time, YYYY-MM-DD HH:MM:SS
-- local_date                         business day of the start
-- duration_ms                        start to end; NULL while open
-- queue_name, user_name, team_name, wrap_up_name   from queue, user, team and wrapup_code; NULL:
--                                    none, or not read
-- conversation_start, conversation_end, originating_direction   of the conversation
-- division_names                     of the conversation, in the API's order, separated by "; ";
--                                    where a name is not known the id
-- skill_names                        of the skills that were asked for, likewise
-- participant_id, purpose, participant_name, user_id, team_id, external_contact_id
--                                    of the participant
-- session_id, media_type, message_type, direction, provider, ani, dnis, address_from, address_to,
-- remote, used_routing, outbound_campaign_id   of the session
-- flow_id, flow_name, flow_type      of the session's flow; its name as the record has it, else of
--                                    today
-- queue_id, group_id, requested_language_id, disconnect_type, error_code, conference, audio_muted,
-- subject, wrap_up_code, wrap_up_note, source_conversation_id, destination_conversation_id
--                                    of the segment
-- whole                              0/1: all of local_date has been read (freshness)
CREATE VIEW v_segment AS
SELECT
    c.conversation_id, g.participant_no, g.session_no, g.segment_no,
    g.segment_type, g.segment_start, g.segment_end,
    datetime(g.segment_start,
             coalesce((SELECT z.offset_seconds FROM zone_offset AS z
                       WHERE z.utc_from <= g.segment_start ORDER BY z.utc_from DESC LIMIT 1),
                      (SELECT z.offset_seconds FROM zone_offset AS z ORDER BY z.utc_from LIMIT 1))
             || ' seconds') AS local_start,
    datetime(g.segment_end,
             coalesce((SELECT z.offset_seconds FROM zone_offset AS z
                       WHERE z.utc_from <= g.segment_end ORDER BY z.utc_from DESC LIMIT 1),
                      (SELECT z.offset_seconds FROM zone_offset AS z ORDER BY z.utc_from LIMIT 1))
             || ' seconds') AS local_end,
    date(g.segment_start,
         coalesce((SELECT z.offset_seconds FROM zone_offset AS z
                   WHERE z.utc_from <= g.segment_start ORDER BY z.utc_from DESC LIMIT 1),
                  (SELECT z.offset_seconds FROM zone_offset AS z ORDER BY z.utc_from LIMIT 1))
         || ' seconds') AS local_date,
    (strftime('%s', g.segment_end) - strftime('%s', g.segment_start)) * 1000
        + substr(g.segment_end, 21, 3) - substr(g.segment_start, 21, 3) AS duration_ms,
    c.conversation_start, c.conversation_end, c.originating_direction,
    (SELECT group_concat(d.name, '; ')
     FROM (SELECT coalesce(n.name, v.division_id) AS name FROM conversation_division AS v
           LEFT JOIN division AS n ON n.division_id = v.division_id
           WHERE v.conversation_key = g.conversation_key ORDER BY v.division_no) AS d)
        AS division_names,
    p.participant_id, p.purpose, p.participant_name, p.user_id, u.name AS user_name, p.team_id,
    t.name AS team_name, p.external_contact_id,
    s.session_id, s.media_type, s.message_type, s.direction, s.provider, s.ani, s.dnis,
    s.address_from, s.address_to, s.remote, s.used_routing, s.outbound_campaign_id,
    f.flow_id, coalesce(f.flow_name, l.name) AS flow_name, f.flow_type,
    g.queue_id, q.name AS queue_name, g.group_id, g.requested_language_id,
    (SELECT group_concat(d.name, '; ')
     FROM (SELECT coalesce(n.name, v.skill_id) AS name FROM segment_skill AS v
           LEFT JOIN skill AS n ON n.skill_id = v.skill_id
           WHERE v.conversation_key = g.conversation_key AND v.participant_no = g.participant_no
           AND v.session_no = g.session_no AND v.segment_no = g.segment_no
           ORDER BY v.skill_no) AS d) AS skill_names,
    g.disconnect_type, g.error_code, g.conference, g.audio_muted, g.subject,
    g.wrap_up_code, k.name AS wrap_up_name, g.wrap_up_note,
    g.source_conversation_id, g.destination_conversation_id, coalesce(w.whole, 0) AS whole
FROM segment AS g
JOIN conversation AS c USING (conversation_key)
JOIN participant AS p USING (conversation_key, participant_no)
JOIN session AS s USING (conversation_key, participant_no, session_no)
LEFT JOIN session_flow AS f USING (conversation_key, participant_no, session_no)
LEFT JOIN flow AS l ON l.flow_id = f.flow_id
LEFT JOIN queue AS q ON q.queue_id = g.queue_id
LEFT JOIN user AS u ON u.user_id = p.user_id
LEFT JOIN team AS t ON t.team_id = p.team_id
LEFT JOIN wrapup_code AS k ON k.wrapup_code_id = g.wrap_up_code
LEFT JOIN (SELECT day, whole FROM freshness WHERE stream = 'conversations') AS w
    ON w.day = date(g.segment_start,
                    coalesce((SELECT z.offset_seconds FROM zone_offset AS z
                              WHERE z.utc_from <= g.segment_start
                              ORDER BY z.utc_from DESC LIMIT 1),
                             (SELECT z.offset_seconds FROM zone_offset AS z
                              ORDER BY z.utc_from LIMIT 1)) || ' seconds');
