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

-- name: recent_table
-- The same as far as a narrow terminal has room for: times without year and seconds, names for ids.
SELECT
    conversation_id AS conversation, substr(local_start, 6, 11) AS start, media_type AS media,
    direction, coalesce(last_queue_name, last_queue_id) AS queue,
    coalesce(last_agent_name, last_agent_id) AS agent, handle_ms / 1000.0 AS handle_s
FROM v_conversation
WHERE conversation_start >= ?1
ORDER BY conversation_start DESC, conversation_id LIMIT ?2
