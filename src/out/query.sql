-- name: query_known
-- All that a parameter of type ?1 can be, and how many that is. None: whatever is given.
SELECT name, count(*) OVER () FROM (
    SELECT name FROM queue WHERE ?1 = 'queue'
    UNION SELECT queue_id FROM queue WHERE ?1 = 'queue'
    UNION SELECT name FROM user WHERE ?1 = 'agent'
    UNION SELECT user_id FROM user WHERE ?1 = 'agent'
    UNION SELECT stream FROM extract_window WHERE ?1 = 'stream'
    UNION SELECT column1 FROM (VALUES
        ('callback'), ('chat'), ('cobrowse'), ('email'), ('internalmessage'), ('message'),
        ('screenmonitoring'), ('screenshare'), ('unknown'), ('video'), ('voice'))
    WHERE ?1 = 'media'
)
WHERE name IS NOT NULL
