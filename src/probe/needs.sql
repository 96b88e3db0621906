-- What a run would find in the file (probe/needs.h).

-- name: needs_days_of_other_zones
-- The days that ?1 (a zone) may date anew, up to ?2: as etl/ledger.sql judges by zone_redated.
SELECT zone, day, utc_from, utc_to, offset_seconds FROM zone_offset
WHERE zone <> ?1 AND utc_from < ?2
AND utc_to > ifnull((SELECT min(window_start) FROM extract_window), '')
