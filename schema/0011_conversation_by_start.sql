-- Exports and reports go by a conversation's start; the id tells apart those of one millisecond.
DROP INDEX conversation_by_start;
CREATE INDEX conversation_by_start ON conversation (conversation_start, conversation_id);
