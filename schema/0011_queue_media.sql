-- The share of a queue's answers that is to be in time is judged by this target; mediaSettings of the
-- queue hold it, by the names that queues give media. Exported.
CREATE TABLE queue_media (
    queue_id TEXT NOT NULL,   -- the queue
    media_type TEXT NOT NULL, -- medium, as sessions name it: voice, callback, chat, email, message
    target_seconds REAL,      -- within which an interaction is to be answered, today
    PRIMARY KEY (queue_id, media_type)
) WITHOUT ROWID;

CREATE TRIGGER queue_media_new AFTER INSERT ON queue
BEGIN
    INSERT OR REPLACE INTO queue_media
    SELECT NEW.queue_id, CASE path WHEN '$.call.serviceLevel' THEN 'voice' ELSE substr(path, 3, length(path) - 15) END,
        atom / 1000.0
    FROM json_tree(NEW.media_settings)
    WHERE path LIKE '$.%.serviceLevel' AND path NOT LIKE '$.%.%.%' AND key = 'durationMs';
END;

CREATE TRIGGER queue_media_changed AFTER UPDATE OF media_settings ON queue
BEGIN
    DELETE FROM queue_media WHERE queue_id = NEW.queue_id;
    INSERT INTO queue_media
    SELECT NEW.queue_id, CASE path WHEN '$.call.serviceLevel' THEN 'voice' ELSE substr(path, 3, length(path) - 15) END,
        atom / 1000.0
    FROM json_tree(NEW.media_settings)
    WHERE path LIKE '$.%.serviceLevel' AND path NOT LIKE '$.%.%.%' AND key = 'durationMs';
END;

UPDATE queue SET media_settings = media_settings;
