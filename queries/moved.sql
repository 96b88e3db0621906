-- title: What moved
-- description: Figures of queues' days that changed after the day had first been whole, one row each:
--   late data, corrections, e-mails that open again. `kpi` is a column of v_queue_day.
-- param: since  [day] moved on this day or later, YYYY-MM-DD; default: 7 days before the last move
WITH asked AS (
    SELECT coalesce((SELECT min(z.utc_from) FROM zone_offset AS z WHERE z.day = nullif(:since, '')), nullif(:since, ''),
                    strftime('%Y-%m-%dT%H:%M:%fZ', (SELECT max(moved_at) FROM figure_change), '-7 days'))
               AS since
)
SELECT c.day, c.queue_id, q.name AS queue_name, c.media_type, c.kpi, c.before, c.after, c.moved_at
FROM asked AS a
CROSS JOIN figure_change AS c ON c.moved_at >= a.since
LEFT JOIN queue AS q ON q.queue_id = c.queue_id
ORDER BY c.moved_at, c.day, q.name, c.queue_id, c.media_type, c.kpi;
