-- title: Repeat contacts
-- description: Addresses from which customers came again: of the inbound conversations that began
--   in the range, those that came within so many days of an earlier inbound one from the same
--   address (its beginning to theirs; the earlier one may lie before the range). The address is
--   that of the customer's first session that has one, as the record has it.
-- param: from  [range] first business day, YYYY-MM-DD; default: 7 days before `to`, but no day
--   before the first whole one
-- param: to  [range] last business day, YYYY-MM-DD; default: the last day with figures
-- param: media  [media] one media type of the customer's session, such as voice; default: all
-- param: days  [number 1] longest time between two contacts, in days; default: 7
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
contact AS (
    SELECT c.conversation_start, c.conversation_id, c.conversation_start >= b.utc_from AS is_in_range,
           coalesce(
               (SELECT coalesce(s.ani, s.address_from)
                FROM participant AS p CROSS JOIN session AS s USING (conversation_key, participant_no)
                WHERE p.conversation_key = c.conversation_key AND p.purpose = 'customer'
                AND coalesce(s.ani, s.address_from) IS NOT NULL
                AND (nullif(:media, '') IS NULL OR s.media_type = :media)
                ORDER BY s.participant_no, s.session_no LIMIT 1),
               (SELECT coalesce(s.ani, s.address_from)
                FROM participant AS p CROSS JOIN session AS s USING (conversation_key, participant_no)
                WHERE p.conversation_key = c.conversation_key AND p.purpose = 'external'
                AND coalesce(s.ani, s.address_from) IS NOT NULL
                AND (nullif(:media, '') IS NULL OR s.media_type = :media)
                ORDER BY s.participant_no, s.session_no LIMIT 1)) AS address
    FROM bounds AS b
    CROSS JOIN conversation AS c
        ON c.conversation_start >= coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', b.utc_from,
                                                     -coalesce(CAST(nullif(:days, '') AS INTEGER), 7) || ' days'), '')
        AND c.conversation_start < b.utc_to
    WHERE c.originating_direction = 'inbound'
    LIMIT -1 -- once each: the address is asked for more than once
)
SELECT address, count(*) AS contacts,
       count(CASE WHEN days <= coalesce(CAST(nullif(:days, '') AS INTEGER), 7) THEN 1 END) AS repeats
FROM (SELECT address, is_in_range,
             julianday(conversation_start)
                 - julianday(lag(conversation_start) OVER (PARTITION BY address
                                                           ORDER BY conversation_start, conversation_id))
                 AS days
      FROM contact WHERE address IS NOT NULL)
WHERE is_in_range
GROUP BY address
HAVING repeats > 0
ORDER BY repeats DESC, contacts DESC, address;
