-- Wrap-ups by the time they were set: they may come days after all else of their conversation.
CREATE INDEX segment_coded ON segment (segment_end) WHERE wrap_up_code IS NOT NULL;
