-- The last conversations (probe/recent.h), from the database in memory.

-- name: recent_found
-- How many began at ?1 or later, how many before, and how many without a start.
SELECT
    coalesce(sum(conversation_start >= ?1), 0), coalesce(sum(conversation_start < ?1), 0),
    sum(conversation_start IS NULL)
FROM conversation

-- name: recent_rows
SELECT
    conversation_id, conversation_start, local_start, media_type, direction,
    last_queue_id AS queue_id, last_queue_name AS queue_name,
    last_agent_id AS agent_id, last_agent_name AS agent_name,
    handle_ms
FROM v_conversation
WHERE conversation_start >= ?1
ORDER BY conversation_start DESC, conversation_id LIMIT ?2

-- name: recent_unnamed
-- Ids of those shown that have no name: queues ('queue' is ?3) or agents.
SELECT DISTINCT id FROM (
    SELECT
        CASE ?3 WHEN 'queue' THEN last_queue_id ELSE last_agent_id END AS id,
        CASE ?3 WHEN 'queue' THEN last_queue_name ELSE last_agent_name END AS name
    FROM v_conversation
    WHERE conversation_start >= ?1
    ORDER BY conversation_start DESC, conversation_id LIMIT ?2
)
WHERE id IS NOT NULL AND name IS NULL

-- Names as an answer of the API has them.
-- name: recent_queues
SELECT json_object('entities', json_group_array(json_object('id', queue_id, 'name', name))) FROM queue

-- name: recent_users
SELECT json_object('entities', json_group_array(json_object('id', user_id, 'name', name))) FROM user

-- name: recent_add_queues
INSERT OR IGNORE INTO queue (queue_id, name)
SELECT json_extract(value, '$.id'), json_extract(value, '$.name') FROM json_each(?1, '$.entities')

-- name: recent_add_users
INSERT OR IGNORE INTO user (user_id, name)
SELECT json_extract(value, '$.id'), json_extract(value, '$.name') FROM json_each(?1, '$.entities')
