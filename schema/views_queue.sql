-- How queues were used; `day` is the business day, half-hours are those of its clock. Days before the first
-- that was asked for have only what conversations brought that still went on then: v_day.whole is 0.

-- One row a stay in a queue, by when it began to wait there; a session may stay in several.
--
-- conversation_id                    the conversation
-- queue_id, queue_name               the queue; its name of today
-- media_type                         medium of the session
-- entered_at, left_at                when it began to wait, not while it was only scheduled; when it
--                                    left (NULL: it is there)
-- day                                business day of entered_at
-- outcome                            by the metrics: answered, abandoned, flowed_out; waiting: it is
--                                    there; other: none of these (a callback that reached the
--                                    customer first)
-- wait_ms                            its tAcd; NULL: none was emitted
-- short_abandoned, over_sla          0/1: the vendor calls the abandon short, the answer late
-- target_seconds                     within which the queue is to answer by its settings of today
--                                    (queue_media), else [kpi] default_target_seconds
-- user_id, user_name                 who answered
CREATE VIEW v_queue_visit AS
SELECT
    c.conversation_id, v.queue_id, q.name AS queue_name, v.media_type, v.entered_at, v.left_at, z.day, v.outcome,
    v.wait_ms, v.short_abandoned, v.over_sla, coalesce(t.target_seconds, k.default_target_seconds) AS target_seconds,
    v.user_id, u.name AS user_name
FROM zone_offset AS z -- by days or by conversations, as is asked: no day is longer than three
JOIN queue_visit AS v ON v.entered_at >= z.utc_from AND v.entered_at < z.utc_to
    AND likely(z.utc_from > datetime(v.entered_at, '-3 days'))
JOIN conversation AS c ON c.conversation_key = v.conversation_key
CROSS JOIN kpi AS k
LEFT JOIN queue_media AS t ON t.queue_id = v.queue_id AND t.media_type = v.media_type
LEFT JOIN queue AS q ON q.queue_id = v.queue_id
LEFT JOIN user AS u ON u.user_id = v.user_id;

-- One row a queue, media type and business day, of metrics by their emit dates. Each KPI has one
-- denominator; ratios are never averaged: add up numerators and denominators.
--
-- day                                the business day
-- queue_id, queue_name               the queue; its name of today
-- media_type                         medium of the session
-- offered                            nOffered
-- answered                           how many tAnswered
-- abandoned                          how many tAbandon, short ones too
-- short_abandoned                    how many tShortAbandon
-- flow_out                           how many tFlowOut
-- over_sla                           nOverSla: answers that were late by the target of that moment
-- handled                            how many tHandle
-- transferred                        nTransferred
-- blind_transferred                  nBlindTransferred
-- consult_transferred                nConsultTransferred
-- answer_ms, abandon_ms, flow_out_ms, handle_ms, talk_ms, hold_ms, acw_ms, dialing_ms,
-- contacting_ms                      sums of tAnswered, tAbandon, tFlowOut, tHandle, tTalkComplete,
--                                    tHeldComplete, tAcw, tDialing, tContacting
-- service_level_numerator            answered - over_sla
-- service_level_denominator          answered + abandoned, and as [kpi] says + flow_out,
--                                    - short_abandoned, - abandoned
-- service_level_percent              of these two; NULL, as all that follows, where what it is
--                                    divided by is 0
-- abandon_percent                    of offered
-- avg_answer_seconds                 over answered
-- avg_handle_seconds, avg_talk_seconds, avg_hold_seconds, avg_acw_seconds, avg_dialing_seconds,
-- avg_contacting_seconds             over handled: the parts add up to avg_handle_seconds but for
--                                    what crosses the interval's border
-- talked, held, wrapped_up, dialed, contacted   how many tTalkComplete, tHeldComplete, tAcw...
-- avg_talk_when_talked_seconds, avg_hold_when_held_seconds, avg_acw_when_wrapped_up_seconds,
-- avg_dialing_when_dialed_seconds, avg_contacting_when_contacted_seconds   over these, as the
--                                    vendor's screens show them
CREATE VIEW v_queue_day AS
SELECT
    day, queue_id, queue_name, media_type,
    offered, answered, abandoned, short_abandoned, flow_out, over_sla, handled, transferred, blind_transferred,
    consult_transferred, answer_ms, abandon_ms, flow_out_ms, handle_ms, talk_ms, hold_ms, acw_ms, dialing_ms,
    contacting_ms, service_level_numerator, service_level_denominator, service_level_percent, abandon_percent,
    avg_answer_seconds, avg_handle_seconds, avg_talk_seconds, avg_hold_seconds, avg_acw_seconds,
    avg_dialing_seconds, avg_contacting_seconds, talked, held, wrapped_up, dialed, contacted,
    avg_talk_when_talked_seconds, avg_hold_when_held_seconds, avg_acw_when_wrapped_up_seconds,
    avg_dialing_when_dialed_seconds, avg_contacting_when_contacted_seconds
FROM v_queue_interval
WHERE minutes = 1440;

-- One row a queue, media type and half-hour; otherwise as v_queue_day.
--
-- day                                the business day
-- queue_id, queue_name               the queue; its name of today
-- media_type                         medium of the session
-- half_hour                          as the clock showed it, YYYY-MM-DD HH:MM
-- utc_start                          its first instant: tells apart the two that the clock shows
--                                    alike when summer time ends
-- offered, answered, abandoned, short_abandoned, flow_out, over_sla, handled, transferred,
-- blind_transferred, consult_transferred, answer_ms, abandon_ms, flow_out_ms, handle_ms, talk_ms,
-- hold_ms, acw_ms, dialing_ms, contacting_ms, service_level_numerator, service_level_denominator,
-- service_level_percent, abandon_percent, avg_answer_seconds, avg_handle_seconds, avg_talk_seconds,
-- avg_hold_seconds, avg_acw_seconds, avg_dialing_seconds, avg_contacting_seconds, talked, held,
-- wrapped_up, dialed, contacted, avg_talk_when_talked_seconds, avg_hold_when_held_seconds,
-- avg_acw_when_wrapped_up_seconds, avg_dialing_when_dialed_seconds,
-- avg_contacting_when_contacted_seconds   as in v_queue_day
CREATE VIEW v_queue_halfhour AS
SELECT
    day, local_start AS half_hour, utc_start, queue_id, queue_name, media_type,
    offered, answered, abandoned, short_abandoned, flow_out, over_sla, handled, transferred, blind_transferred,
    consult_transferred, answer_ms, abandon_ms, flow_out_ms, handle_ms, talk_ms, hold_ms, acw_ms, dialing_ms,
    contacting_ms, service_level_numerator, service_level_denominator, service_level_percent, abandon_percent,
    avg_answer_seconds, avg_handle_seconds, avg_talk_seconds, avg_hold_seconds, avg_acw_seconds,
    avg_dialing_seconds, avg_contacting_seconds, talked, held, wrapped_up, dialed, contacted,
    avg_talk_when_talked_seconds, avg_hold_when_held_seconds, avg_acw_when_wrapped_up_seconds,
    avg_dialing_when_dialed_seconds, avg_contacting_when_contacted_seconds
FROM v_queue_interval
WHERE minutes = 30;

-- What v_queue_day and v_queue_halfhour are made of: one row a queue, media type and interval of 15, 30
-- or 60 minutes of business time, or business day. The one place of each KPI's formula. Ask for one
-- length: each counts all. Not exported.
--
-- minutes                            length of the interval; 1440: the business day
-- day                                the business day
-- local_start                        its beginning as the clock showed it, YYYY-MM-DD HH:MM; NULL: a day
-- utc_start                          its first instant, or that at which the clock was set within it; NULL: a day
-- queue_id, queue_name               the queue; its name of today
-- media_type                         medium of the session
-- offered, answered, abandoned, short_abandoned, flow_out, over_sla, handled, transferred,
-- blind_transferred, consult_transferred, answer_ms, abandon_ms, flow_out_ms, handle_ms, talk_ms,
-- hold_ms, acw_ms, dialing_ms, contacting_ms, service_level_numerator, service_level_denominator,
-- service_level_percent, abandon_percent, avg_answer_seconds, avg_handle_seconds, avg_talk_seconds,
-- avg_hold_seconds, avg_acw_seconds, avg_dialing_seconds, avg_contacting_seconds, talked, held,
-- wrapped_up, dialed, contacted, avg_talk_when_talked_seconds, avg_hold_when_held_seconds,
-- avg_acw_when_wrapped_up_seconds, avg_dialing_when_dialed_seconds,
-- avg_contacting_when_contacted_seconds   as in v_queue_day
CREATE VIEW v_queue_interval AS
SELECT
    x.minutes, x.day, strftime('%Y-%m-%d %H:%M', x.local_start, 'unixepoch') AS local_start,
    strftime('%Y-%m-%dT%H:%M:%SZ', max(x.local_start - x.shift_seconds, x.zone_from), 'unixepoch') AS utc_start,
    x.queue_id, q.name AS queue_name, x.media_type,
    x.offered, x.answered, x.abandoned, x.short_abandoned, x.flow_out, x.over_sla, x.handled, x.transferred,
    x.blind_transferred, x.consult_transferred, x.answer_ms, x.abandon_ms, x.flow_out_ms, x.handle_ms,
    x.talk_ms, x.hold_ms, x.acw_ms, x.dialing_ms, x.contacting_ms,
    x.service_level_numerator, x.service_level_denominator,
    100.0 * x.service_level_numerator / nullif(x.service_level_denominator, 0) AS service_level_percent,
    100.0 * x.abandoned / nullif(x.offered, 0) AS abandon_percent,
    x.answer_ms / 1000.0 / nullif(x.answered, 0) AS avg_answer_seconds,
    x.handle_ms / 1000.0 / nullif(x.handled, 0) AS avg_handle_seconds,
    x.talk_ms / 1000.0 / nullif(x.handled, 0) AS avg_talk_seconds,
    x.hold_ms / 1000.0 / nullif(x.handled, 0) AS avg_hold_seconds,
    x.acw_ms / 1000.0 / nullif(x.handled, 0) AS avg_acw_seconds,
    x.dialing_ms / 1000.0 / nullif(x.handled, 0) AS avg_dialing_seconds,
    x.contacting_ms / 1000.0 / nullif(x.handled, 0) AS avg_contacting_seconds,
    x.talked, x.held, x.wrapped_up, x.dialed, x.contacted,
    x.talk_ms / 1000.0 / nullif(x.talked, 0) AS avg_talk_when_talked_seconds,
    x.hold_ms / 1000.0 / nullif(x.held, 0) AS avg_hold_when_held_seconds,
    x.acw_ms / 1000.0 / nullif(x.wrapped_up, 0) AS avg_acw_when_wrapped_up_seconds,
    x.dialing_ms / 1000.0 / nullif(x.dialed, 0) AS avg_dialing_when_dialed_seconds,
    x.contacting_ms / 1000.0 / nullif(x.contacted, 0) AS avg_contacting_when_contacted_seconds
FROM (
    SELECT
        f.*, f.answered - f.over_sla AS service_level_numerator,
        f.answered + k.include_flow_outs * f.flow_out
            + k.include_abandons * (f.abandoned - (1 - k.include_short_abandons) * f.short_abandoned)
            AS service_level_denominator
    FROM (
        SELECT
            n.minutes, z.day, f.queue_id, f.media_type, CASE WHEN n.minutes < 1440 THEN z.offset_seconds END AS shift_seconds,
            CAST(strftime('%s', max(z.utc_from)) AS INTEGER) AS zone_from,
            CASE WHEN n.minutes < 1440
                THEN (strftime('%s', f.utc_start) + z.offset_seconds) / (60 * n.minutes) * (60 * n.minutes) END AS local_start,
            sum(f.offered) AS offered, sum(f.answered) AS answered, sum(f.abandoned) AS abandoned,
            sum(f.short_abandoned) AS short_abandoned, sum(f.flow_out) AS flow_out, sum(f.over_sla) AS over_sla,
            sum(f.handled) AS handled, sum(f.transferred) AS transferred,
            sum(f.blind_transferred) AS blind_transferred, sum(f.consult_transferred) AS consult_transferred,
            sum(f.answer_ms) AS answer_ms, sum(f.abandon_ms) AS abandon_ms, sum(f.flow_out_ms) AS flow_out_ms,
            sum(f.handle_ms) AS handle_ms, sum(f.talk_ms) AS talk_ms, sum(f.hold_ms) AS hold_ms,
            sum(f.acw_ms) AS acw_ms, sum(f.dialing_ms) AS dialing_ms, sum(f.contacting_ms) AS contacting_ms,
            sum(f.talked) AS talked, sum(f.held) AS held, sum(f.wrapped_up) AS wrapped_up,
            sum(f.dialed) AS dialed, sum(f.contacted) AS contacted
        FROM (SELECT 15 AS minutes UNION ALL SELECT 30 UNION ALL SELECT 60 UNION ALL SELECT 1440) AS n
        CROSS JOIN zone_offset AS z
        CROSS JOIN interval_figure AS f ON f.utc_start >= z.utc_from AND f.utc_start < z.utc_to
        WHERE f.queue_id IS NOT NULL
        GROUP BY n.minutes, z.day, shift_seconds, local_start, f.queue_id, f.media_type
    ) AS f
    CROSS JOIN kpi AS k
) AS x
LEFT JOIN queue AS q ON q.queue_id = x.queue_id;

-- One row a session of an agent that answered or handled, by when it began. An agent who gets a call
-- from a colleague has handled, not answered.
--
-- conversation_id                    the conversation
-- user_id, user_name                 the agent; the name of today
-- queue_id, queue_name               of the session's last segment that names one
-- media_type, direction              of the session
-- purpose                            agent, or user (outside queues)
-- started_at                         start of its first segment
-- day                                business day of that
-- answered, handled                  how many tAnswered, tHandle, whenever they were emitted
-- talk_ms, hold_ms, acw_ms, dialing_ms, contacting_ms, handle_ms   sums of tTalkComplete,
--                                    tHeldComplete, tAcw, tDialing, tContacting, tHandle
-- wrap_up_code, wrap_up_name         the session's last
-- transferred                        nTransferred
-- transfer_kind                      blind, consult; NULL: none, or the record does not say
-- to_queue_id, to_user_id            where to, one of them: the stay in a queue or the user's part
--                                    that begins next (consult: that begins between nConsult and the
--                                    transfer)
CREATE VIEW v_agent_leg AS
SELECT
    c.conversation_id, l.user_id, u.name AS user_name, l.queue_id, q.name AS queue_name, l.media_type, l.direction,
    l.purpose, l.started_at, z.day, l.answered, l.handled, l.talk_ms, l.hold_ms, l.acw_ms, l.dialing_ms,
    l.contacting_ms, l.handle_ms, l.wrap_up_code, w.name AS wrap_up_name, l.transferred, l.transfer_kind,
    l.to_queue_id, l.to_user_id
FROM zone_offset AS z -- as in v_queue_visit
JOIN agent_leg AS l ON l.started_at >= z.utc_from AND l.started_at < z.utc_to
    AND likely(z.utc_from > datetime(l.started_at, '-3 days'))
JOIN conversation AS c ON c.conversation_key = l.conversation_key
LEFT JOIN user AS u ON u.user_id = l.user_id
LEFT JOIN queue AS q ON q.queue_id = l.queue_id
LEFT JOIN wrapup_code AS w ON w.wrapup_code_id = l.wrap_up_code;
