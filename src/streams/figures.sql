-- Figures of conversations: streams/figures.c reads what is owed in the order of keys, and writes.

-- name: figures_temporary
CREATE TEMP TABLE IF NOT EXISTS figure_day (day TEXT PRIMARY KEY, is_first INTEGER)

-- name: figures_days
-- The days whose figures move, before and behind; is_first: it is whole, and nobody has to look at it yet.
INSERT OR REPLACE INTO temp.figure_day
SELECT z.day, EXISTS (SELECT 1 FROM figure_kept AS k WHERE k.day = z.day AND k.queue_id = '')
    AND NOT EXISTS (SELECT 1 FROM figure_touched AS t WHERE t.day = z.day AND t.is_due)
FROM (SELECT DISTINCT utc_start FROM fact_owed CROSS JOIN interval_figure USING (conversation_key)) AS f
CROSS JOIN zone_offset AS z ON z.utc_from = (SELECT max(utc_from) FROM zone_offset WHERE utc_from <= f.utc_start)
    AND z.utc_to > f.utc_start

-- name: figures_keep
-- What such days have been. ?1: what is owed is there by now, and was not.
INSERT OR IGNORE INTO figure_kept
SELECT d.day, queue_id, coalesce(media_type, ''), sum(offered), sum(answered), sum(abandoned), sum(short_abandoned), sum(flow_out),
    sum(over_sla), sum(handled), sum(transferred), sum(blind_transferred), sum(consult_transferred), sum(answer_ms),
    sum(abandon_ms), sum(flow_out_ms), sum(handle_ms), sum(talk_ms), sum(hold_ms), sum(acw_ms), sum(dialing_ms), sum(contacting_ms)
FROM temp.figure_day AS d CROSS JOIN zone_offset AS z ON z.day = d.day
CROSS JOIN interval_figure AS f ON f.utc_start >= z.utc_from AND f.utc_start < z.utc_to
WHERE d.is_first AND queue_id <> '' AND NOT (?1 AND conversation_key IN (SELECT conversation_key FROM fact_owed))
GROUP BY d.day, queue_id, coalesce(media_type, '')

-- name: figures_touch
-- The run is the one that wrote the records: a later one may be under way beside it. Below 0: a replay of that run.
INSERT OR REPLACE INTO figure_touched
SELECT day, (SELECT max(abs(row_changed_run_id)) FROM fact_owed JOIN conversation USING (conversation_key)), 1 FROM temp.figure_day

-- name: figures_forget_intervals
DELETE FROM interval_figure WHERE conversation_key IN (SELECT conversation_key FROM fact_owed)

-- name: figures_forget_visits
DELETE FROM queue_visit WHERE conversation_key IN (SELECT conversation_key FROM fact_owed)

-- name: figures_forget_legs
DELETE FROM agent_leg WHERE conversation_key IN (SELECT conversation_key FROM fact_owed)

-- name: figures_forget_conversations
DELETE FROM conversation_figure WHERE conversation_key IN (SELECT conversation_key FROM fact_owed)

-- name: figures_owed
SELECT conversation_key FROM fact_owed ORDER BY conversation_key

-- name: figures_participants
SELECT conversation_key, participant_no, purpose, user_id, team_id
FROM fact_owed CROSS JOIN participant USING (conversation_key)
ORDER BY fact_owed.conversation_key, participant_no

-- name: figures_sessions
SELECT conversation_key, participant_no, session_no, media_type, message_type, ani, dnis, direction
FROM fact_owed CROSS JOIN session USING (conversation_key)
ORDER BY fact_owed.conversation_key, participant_no, session_no

-- name: figures_segments
SELECT conversation_key, participant_no, session_no, segment_no, queue_id, segment_start, segment_end, segment_type, wrap_up_code,
    disconnect_type
FROM fact_owed CROSS JOIN segment USING (conversation_key)
ORDER BY fact_owed.conversation_key, participant_no, session_no, segment_no

-- name: figures_metrics
SELECT conversation_key, participant_no, session_no, metric_no, emit_date, name, value
FROM fact_owed CROSS JOIN session_metric USING (conversation_key)
ORDER BY fact_owed.conversation_key, participant_no, session_no, metric_no

-- name: figures_interval
INSERT INTO interval_figure (
    conversation_key, participant_no, session_no, metric_no, utc_start, queue_id, user_id, media_type, answered, abandoned,
    short_abandoned, flow_out, handled, talked, held, wrapped_up, dialed, contacted, not_responding, offered, over_sla, transferred,
    blind_transferred, consult_transferred, answer_ms, abandon_ms, flow_out_ms, handle_ms, talk_ms, hold_ms, acw_ms, dialing_ms,
    contacting_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26,
    ?27, ?28, ?29, ?30, ?31, ?32, ?33)

-- name: figures_visit
INSERT INTO queue_visit (
    conversation_key, participant_no, session_no, segment_no, entered_at, queue_id, media_type, left_at, outcome, wait_ms,
    short_abandoned, over_sla, user_id)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)

-- name: figures_leg
INSERT INTO agent_leg (
    conversation_key, participant_no, session_no, started_at, user_id, queue_id, media_type, direction, purpose, wrap_up_code,
    transfer_kind, to_queue_id, to_user_id, answered, handled, talk_ms, hold_ms, acw_ms, dialing_ms, contacting_ms, handle_ms,
    transferred)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)

-- name: figures_conversation
INSERT INTO conversation_figure (
    conversation_key, media_type, media_types, message_type, ani, dnis, first_queue_id, last_queue_id, first_agent_id, last_agent_id,
    last_team_id, first_wrap_up_code, last_wrap_up_code, customer_disconnect_type, participant_count, agent_count, offered, answered,
    abandoned, short_abandoned, flow_out, over_sla, connected, outbound, transferred, blind_transferred, consult_transferred,
    handled, acd_ms, answer_ms, abandon_ms, ivr_ms, alert_ms, talk_ms, hold_ms, acw_ms, dialing_ms, contacting_ms, handle_ms,
    division_ids)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27,
    ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, group_concat(division_id, ',')
FROM (SELECT division_id FROM conversation_division WHERE conversation_key = ?1 ORDER BY division_no)
