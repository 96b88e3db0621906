-- Conversations without an end are asked for by id, those first that were asked for the longest ago.
ALTER TABLE conversation ADD COLUMN row_asked_at TEXT; -- planning time of the run that last asked for it by its id; NULL: none did
ALTER TABLE conversation ADD COLUMN missing_since TEXT; -- since when the API does not know it any more, asked for by its id while it had no end (one that has ended is there again); NULL: it does
DELETE FROM window_pass WHERE pass = 'old';
