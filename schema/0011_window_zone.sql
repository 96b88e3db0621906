-- Windows may be days of the scope's own zone.
ALTER TABLE extract_window ADD COLUMN time_zone TEXT; -- whose days they are; NULL: the business time zone's, or UTC days
