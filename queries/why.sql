-- title: What is behind a figure
-- description: The conversations behind one figure of v_queue_day: a row each, with what it adds
--   to the figure (the values add up to it) and when that was emitted last. Of a ratio ask for its
--   numerator and denominator.
-- param: kpi  [choice offered|answered|abandoned|short_abandoned|flow_out|over_sla|handled|transferred|blind_transferred|consult_transferred|answer_ms|abandon_ms|flow_out_ms|handle_ms|talk_ms|hold_ms|acw_ms|dialing_ms|contacting_ms|talked|held|wrapped_up|dialed|contacted|service_level_numerator|service_level_denominator] column of v_queue_day; default: offered
-- param: day  [day] business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
-- param: media  [media] one media type of the session, such as voice; default: all
WITH part (kpi, name, a_piece, a_value) AS (
    VALUES ('offered', 'nOffered', 0, 1), ('answered', 'tAnswered', 1, 0), ('abandoned', 'tAbandon', 1, 0),
           ('short_abandoned', 'tShortAbandon', 1, 0), ('flow_out', 'tFlowOut', 1, 0),
           ('over_sla', 'nOverSla', 0, 1), ('handled', 'tHandle', 1, 0),
           ('transferred', 'nTransferred', 0, 1), ('blind_transferred', 'nBlindTransferred', 0, 1),
           ('consult_transferred', 'nConsultTransferred', 0, 1), ('answer_ms', 'tAnswered', 0, 1),
           ('abandon_ms', 'tAbandon', 0, 1), ('flow_out_ms', 'tFlowOut', 0, 1),
           ('handle_ms', 'tHandle', 0, 1), ('talk_ms', 'tTalkComplete', 0, 1),
           ('hold_ms', 'tHeldComplete', 0, 1), ('acw_ms', 'tAcw', 0, 1), ('dialing_ms', 'tDialing', 0, 1),
           ('contacting_ms', 'tContacting', 0, 1), ('talked', 'tTalkComplete', 1, 0), ('held', 'tHeldComplete', 1, 0),
           ('wrapped_up', 'tAcw', 1, 0), ('dialed', 'tDialing', 1, 0), ('contacted', 'tContacting', 1, 0),
           ('service_level_numerator', 'tAnswered', 1, 0), ('service_level_numerator', 'nOverSla', 0, -1),
           ('service_level_denominator', 'tAnswered', 1, 0)
    UNION ALL SELECT 'service_level_denominator', 'tFlowOut', include_flow_outs, 0 FROM kpi
    UNION ALL SELECT 'service_level_denominator', 'tAbandon', include_abandons, 0 FROM kpi
    UNION ALL SELECT 'service_level_denominator', 'tShortAbandon',
                     -include_abandons * (1 - include_short_abandons), 0 FROM kpi
),
day AS (
    SELECT d.day, d.utc_from, d.utc_to
    FROM v_day AS d WHERE d.day = coalesce(nullif(:day, ''), (SELECT last_day FROM v_range))
    LIMIT -1
),
touched AS (
    SELECT DISTINCT f.conversation_key
    FROM day AS d
    CROSS JOIN interval_figure AS f ON f.utc_start >= d.utc_from AND f.utc_start < d.utc_to
    LEFT JOIN queue AS q ON q.queue_id = f.queue_id
    WHERE f.queue_id IS NOT NULL
    AND (nullif(:queue, '') IS NULL OR f.queue_id = :queue OR q.name = :queue COLLATE NOCASE)
    AND (nullif(:media, '') IS NULL OR f.media_type = :media)
    LIMIT -1
)
SELECT d.day, coalesce(nullif(:kpi, ''), 'offered') AS kpi, m.conversation_id, m.queue_id, m.queue_name, m.media_type,
       m.user_id, m.user_name, sum(p.a_piece + p.a_value * coalesce(m.value, 0)) AS value,
       max(m.emit_date) AS emit_date
FROM day AS d
CROSS JOIN touched AS t
CROSS JOIN conversation AS c ON c.conversation_key = t.conversation_key
CROSS JOIN v_metric AS m ON m.conversation_id = c.conversation_id
JOIN part AS p ON p.name = m.name AND p.kpi = coalesce(nullif(:kpi, ''), 'offered')
WHERE m.emit_date >= d.utc_from AND m.emit_date < d.utc_to AND m.queue_id IS NOT NULL
AND m.name IN (SELECT o.name FROM part AS o WHERE o.kpi = coalesce(nullif(:kpi, ''), 'offered')) -- looked at first
AND coalesce(m.value, 0) BETWEEN -1000000000000 AND 1000000000000 -- as in the figures
AND (nullif(:queue, '') IS NULL OR m.queue_id = :queue OR m.queue_name = :queue COLLATE NOCASE)
AND (nullif(:media, '') IS NULL OR m.media_type = :media)
GROUP BY m.conversation_id
HAVING sum(p.a_piece + p.a_value * coalesce(m.value, 0)) <> 0 -- `value` is v_metric's here
ORDER BY emit_date, m.conversation_id;
