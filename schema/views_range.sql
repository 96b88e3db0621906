-- What queries ask for by default.

-- One row; none before there are conversations.
--
-- first_day       the first business day of which all conversations have been read; '': none yet
-- last_day        the last business day with figures (v_queue_day) or on which a conversation began
CREATE VIEW v_range AS
SELECT coalesce((SELECT min(f.day) FROM freshness AS f WHERE f.stream = 'conversations' AND f.whole), '')
           AS first_day,
       z.day AS last_day
FROM zone_offset AS z
WHERE z.utc_from <= (SELECT max(utc) FROM (SELECT max(utc_start) AS utc FROM interval_figure
                                           UNION ALL SELECT max(conversation_start) FROM conversation))
ORDER BY z.utc_from DESC LIMIT 1;
