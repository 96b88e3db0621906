-- What a list no longer shows keeps its row.
ALTER TABLE user ADD COLUMN deleted_at TEXT; -- when it was first missing from the list; NULL while it is there (state = 'deleted' is the API's own word and sets none)
ALTER TABLE queue ADD COLUMN deleted_at TEXT; -- when it was first missing from the list; NULL while it is there
