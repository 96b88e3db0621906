-- title: Outbound campaigns
-- description: What outbound campaigns dialed, by business day of the conversation's start:
--   conversations, calls that were attempted, reached somebody and were abandoned
--   (nOutboundAttempted, nOutboundConnected, nOutboundAbandoned), and how many conversations an
--   agent handled. queue_id is the campaign's queue.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: queue  [queue] name or id of one queue; default: all
WITH asked AS (
    SELECT coalesce(nullif(:from, ''), max(date(coalesce(nullif(:to, ''), r.last_day), '-7 days'),
                               CASE WHEN r.first_day <= coalesce(nullif(:to, ''), r.last_day) THEN r.first_day
                                    ELSE '' END)) AS first_day,
           coalesce(nullif(:to, ''), r.last_day) AS last_day
    FROM v_range AS r
    LIMIT -1 -- once, before what follows: otherwise it is worked out for each row
),
bounds AS (
    SELECT min(z.utc_from) AS utc_from, max(z.utc_to) AS utc_to
    FROM asked AS a CROSS JOIN zone_offset AS z ON z.day BETWEEN a.first_day AND a.last_day
    LIMIT -1 -- likewise
),
dialed AS (
    SELECT (SELECT z.day FROM zone_offset AS z
            WHERE z.utc_from <= c.conversation_start ORDER BY z.utc_from DESC LIMIT 1) AS day,
           c.conversation_key, max(s.outbound_campaign_id) AS campaign_id
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= b.utc_from AND c.conversation_start < b.utc_to
    CROSS JOIN session AS s ON s.conversation_key = c.conversation_key
    WHERE s.outbound_campaign_id IS NOT NULL
    GROUP BY c.conversation_key
),
counted AS (
    SELECT d.day, d.campaign_id, d.conversation_key,
           total(CASE WHEN m.name = 'nOutboundAttempted' THEN m.value END) AS attempted,
           total(CASE WHEN m.name = 'nOutboundConnected' THEN m.value END) AS connected,
           total(CASE WHEN m.name = 'nOutboundAbandoned' THEN m.value END) AS abandoned,
           max(m.name = 'tHandle') AS handled
    FROM dialed AS d
    LEFT JOIN session_metric AS m ON m.conversation_key = d.conversation_key
    GROUP BY d.conversation_key
)
SELECT x.day, x.campaign_id, p.name AS campaign_name, p.queue_id, q.name AS queue_name,
       count(*) AS conversations, CAST(sum(x.attempted) AS INTEGER) AS attempted,
       CAST(sum(x.connected) AS INTEGER) AS connected, CAST(sum(x.abandoned) AS INTEGER) AS abandoned,
       100.0 * sum(x.connected) / nullif(sum(x.attempted), 0) AS connected_percent,
       coalesce(sum(x.handled), 0) AS handled
FROM counted AS x
LEFT JOIN campaign AS p ON p.campaign_id = x.campaign_id
LEFT JOIN queue AS q ON q.queue_id = p.queue_id
WHERE nullif(:queue, '') IS NULL OR p.queue_id = nullif(:queue, '') OR q.name = nullif(:queue, '') COLLATE NOCASE
GROUP BY x.day, x.campaign_id
ORDER BY x.day, campaign_name, x.campaign_id;
