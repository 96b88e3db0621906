-- Whose data was erased (etl/erase.h).

-- name: erased_all
SELECT hash, kind, erased_at, count(*) OVER () FROM erased ORDER BY hash

-- name: erased_salt
SELECT coalesce((SELECT min(salt) FROM erased), lower(hex(randomblob(16))))

-- name: erased_add
INSERT INTO erased (hash, kind, salt, erased_at, is_clean) VALUES (?1, ?2, ?3, ?4, 0)
ON CONFLICT (hash) DO UPDATE SET kind = excluded.kind, is_clean = 0
WHERE kind = 8 AND excluded.kind <> 8
