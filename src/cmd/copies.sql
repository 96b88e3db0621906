-- Copies of what the database holds (copy_made).

-- name: copy_note
INSERT INTO copy_made VALUES (?1, ?2) ON CONFLICT (path) DO UPDATE SET made_at = excluded.made_at
