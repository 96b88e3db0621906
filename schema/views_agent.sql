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
