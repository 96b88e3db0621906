-- The page of figures (out/report.c). {answer} is what the section's query has given. A column's name says behind '|'
-- how its values are shown (x text, d day or time, n count, p percent, t seconds, v any number, s and S a day's half-hours,
-- JSON of counts and percents by their times) and which series of the picture it is.

-- name: report_range
-- What the page is of: first and last day by a day ?1, a week's day ?2, a range ?3 to ?4, and without any the last whole
-- day, or else the last, or else ?5; since when moves are told; the queue ?6, and how a shell is to have it; all in words.
WITH known AS (
    SELECT coalesce(max(CASE WHEN whole THEN day END), max(day), ?5) AS day FROM freshness WHERE stream = 'conversations'
),
asked AS (
    SELECT coalesce(?1, date(?2, 'weekday 0', '-6 days'), ?3, date(?4, '-6 days'), day) AS first_day,
           coalesce(?1, date(?2, 'weekday 0'), ?4, max(day, coalesce(?3, day))) AS last_day
    FROM known
)
SELECT first_day, last_day, min(first_day, date(last_day, '-6 days')) AS since, ?6 AS queue,
       CASE WHEN ?6 GLOB '*[^-A-Za-z0-9_.]*' THEN '''' || replace(?6, '''', '''\''''') || '''' ELSE ?6 END AS quoted,
       (SELECT group_concat(
            rtrim(substr('Sunday   Monday   Tuesday  WednesdayThursday Friday   Saturday ', strftime('%w', x.day) * 9 + 1, 9))
            || ' ' || CAST(strftime('%d', x.day) AS INTEGER) || ' '
            || rtrim(substr('January  February March    April    May      June     July     August   SeptemberOctober  November December ',
                            strftime('%m', x.day) * 9 - 8, 9)) || ' ' || strftime('%Y', x.day), ' to ')
        FROM (SELECT first_day AS day UNION SELECT last_day) AS x) AS title
FROM asked

-- name: report_head
-- The page's beginning. ?1: title, ?2: the queue or NULL, ?3: the time zone, ?4: now, ?5: the program's version, ?6: the style.
SELECT '<!DOCTYPE html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src ''none''; style-src ''unsafe-inline''">
<title>' || ?1 || '</title>
<style>
' || ?6 || '</style>
</head>
<body>
<header>
<h1>' || ?1 || '</h1>
<p class=soft>' || coalesce('Queue <bdi>' || ?2 || '</bdi>. ', '') || 'Business days of the time zone ' || ?3
|| '. Made at ' || substr(?4, 1, 16) || 'Z by rollcall ' || ?5 || '.</p>
</header>
<main>'

-- name: report_time
-- What time is cut into: a day's half-hours, or several days.
CREATE TEMP TABLE report_time AS
WITH RECURSIVE bound AS (
    SELECT min(utc_from) AS utc_from, max(utc_to) AS utc_to FROM zone_offset WHERE day BETWEEN ?1 AND ?2
),
half_hour AS (
    SELECT strftime('%Y-%m-%dT%H:%M', utc_from) AS at FROM bound WHERE ?1 = ?2 AND utc_from IS NOT NULL
    UNION ALL
    SELECT strftime('%Y-%m-%dT%H:%M', at, '+30 minutes') FROM half_hour
    WHERE strftime('%Y-%m-%dT%H:%M:00.000Z', at, '+30 minutes') < (SELECT utc_to FROM bound)
)
SELECT h.at, strftime('%H:%M', h.at, (SELECT z.offset_seconds FROM zone_offset AS z WHERE z.utc_from <= h.at || ':00.000Z'
                                      ORDER BY z.utc_from DESC LIMIT 1) || ' seconds') AS label
FROM half_hour AS h
UNION ALL
SELECT day, day FROM zone_offset WHERE day BETWEEN ?1 AND ?2 AND ?1 < ?2
GROUP BY day

-- name: report_words
-- What words mean here, by the organization's switches.
SELECT 'Answered in time, of those answered' || CASE WHEN include_abandons THEN ' and abandoned' ELSE '' END
       || CASE WHEN include_abandons AND NOT include_short_abandons THEN ' (short ones left out)' ELSE '' END
       || CASE WHEN include_flow_outs THEN ' and flowed out' ELSE '' END
       || '; in time by the target of that moment ([kpi] has the organization''s switches).' AS "Service level|x",
       'The customer left the queue before an agent.' AS "Abandoned|x",
       'Left the queue without an answer, and without hanging up.' AS "Flowed out|x",
       'Talk, hold, after-call work, dialing and contacting, divided by the number handled.' AS "Handle time|x",
       'When the figure came to be, not when the conversation began.' AS "Day, half-hour|x",
       'There is nothing to divide by, or it is not known.' AS "–|x"
FROM kpi

-- name: report_sections
-- The page's parts in their order, of a day (?1 is 1) or of several: title, text, query, the statement
-- that shapes what it answers, the picture, and what is said where there is nothing. Pictures: items (a class, a word, a
-- text a row), words and tiles (of one row), stack and line (a plot of the series), bar (in each row), heat (s, S), none.
SELECT column1, column2, column3, 'report_' || column4, column5, column6
FROM (VALUES
    (NULL, NULL, 'freshness', 'state', 'items', NULL, NULL),
    ('At a glance', 'All queues and media together.', 'queue_day', 'total', 'tiles',
     'No figure of a queue in these days.', NULL),
    ('Volumes', 'What came into the queues, and what became of it.', CASE ?1 WHEN 1 THEN 'queue_interval' ELSE 'queue_day' END,
     'volume', 'stack', 'Nothing came into a queue.', NULL),
    ('Service level and abandons', 'Abandoned of those offered. No point where nothing was to be answered.',
     CASE ?1 WHEN 1 THEN 'queue_interval' ELSE 'queue_day' END, 'level', 'line', 'Nothing came into a queue.', NULL),
    ('Volumes by day and half-hour', 'The stronger the colour, the more were offered.', 'queue_interval', 'days', 'heat',
     'Nothing came into a queue.', 0),
    ('Service level by day and half-hour', 'Orange is low, blue is high.', 'queue_interval', 'days_level', 'heat',
     'Nothing came into a queue.', 0),
    ('Queues', 'By queue and media, the busiest first; the bar is the service level.', 'queue_day', 'queue', 'bar',
     'Nothing came into a queue.', NULL),
    ('Handle time and its parts', 'Each part divided by the number handled.', CASE ?1 WHEN 1 THEN 'queue_interval' ELSE 'queue_day' END,
     'handle', 'stack', 'Nothing was handled.', NULL),
    ('Handle time by queue', 'The same parts, by queue and media.', 'queue_day', 'queue_handle', 'bar',
     'Nothing was handled.', NULL),
    ('Abandons by wait', 'How long customers had waited who left a queue before an agent.', 'abandons_by_wait', 'abandons', 'stack',
     'Nobody left a queue before an agent.', NULL),
    ('Transfers', 'From the queue that an agent had it from, to a queue or a person.', 'transfers', 'transfers', 'bar',
     'Nothing was transferred.', NULL),
    ('Agents', 'All agents together.', 'agent_day', 'team', 'tiles', 'No agent''s time of these days is read.', NULL),
    ('Occupancy', 'Interacting, of the time interacting, communicating and idle; the busiest first. Not responding counts in neither.',
     'agent_day', 'agents', 'bar', 'No agent''s time of these days is read.', NULL),
    ('Adherence', 'What was scheduled and done, by agent and half-hour, the least first; orange is low, blue is high. '
                  || 'The vendor''s own figure is by day: adherence_conformance.',
     'adherence_halfhour', 'adherence', 'heat', 'No schedule of these days with its adherence.', NULL),
    ('What moved lately', 'Figures of days that were whole already, the newest change first.', 'moved', 'moved', 'none',
     'Nothing moved.', NULL),
    ('What this rests on', 'How far each stream is read, of these days.', 'freshness', 'streams', 'none',
     'Nothing is read of these days.', NULL),
    ('Words', 'What they mean here.', NULL, 'words', 'words', NULL, NULL))
WHERE column7 IS NULL OR column7 = ?1

-- name: report_keep
CREATE TEMP TABLE IF NOT EXISTS {answer} AS {query}

-- name: report_cell
-- What a section shows, a cell a row. series: from 1, NULL: not in the picture; said and shown: as HTML.
CREATE TEMP TABLE report_cell (
    row INTEGER, place INTEGER, head TEXT, kind TEXT, class TEXT, series INTEGER, value, said TEXT, shown TEXT)

-- name: report_cell_add
-- ?1, ?2: its row and column, ?3: the column's name, ?4: its value, ?5: how it is said; NULL: as a count, or nothing.
INSERT INTO temp.report_cell
SELECT ?1, ?2, substr(?3, 1, bar - 1), kind, CASE kind WHEN 'S' THEN 'h' WHEN 's' THEN 'c' WHEN 'x' THEN 'x' WHEN 'd' THEN 'd' ELSE 'n' END,
       CAST(nullif(substr(?3, bar + 2), '') AS INTEGER), ?4, said, CASE typeof(?4) WHEN 'text' THEN '<bdi>' || said || '</bdi>' ELSE said END
FROM (SELECT instr(?3, '|') AS bar, substr(?3, instr(?3, '|') + 1, 1) AS kind,
             coalesce(?5, CASE WHEN ?4 IS NULL THEN '–' ELSE replace(printf('%,d', round(?4)), '-', '−') END) AS said)

-- name: report_part
-- The values of series: what the series before it take in its row, its value in the row before, and what its row says when
-- it is pointed at.
CREATE TEMP VIEW report_part AS
SELECT p.*, coalesce(sum(value) OVER (PARTITION BY p.row ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS below,
       lag(value) OVER (PARTITION BY place ORDER BY p.row) AS before, title
FROM report_cell AS p JOIN (
    SELECT row, '<title>' || max(CASE place WHEN 0 THEN said END) || ': '
                || group_concat(CASE WHEN series IS NOT NULL THEN head || ' ' || said END, ', ') || '</title>' AS title
    FROM report_cell GROUP BY row) AS t USING (row)
WHERE series IS NOT NULL

-- name: report_section
-- The beginning of the part ?1: its title ?2 (NULL: it has none), its text ?3, which is of all queues where ?4.
SELECT '<section>' || coalesce('
<h2 id=part-' || ?1 || '>' || ?2 || '</h2>
<p class=soft>' || ?3 || iif(?4, ' (Of all queues.)', '') || '</p>', '')

-- name: report_how
-- The end of a part, after the command line ?1 that asks the same (NULL: there is none).
SELECT coalesce('<p class=how><code>' || ?1 || '</code></p>
', '') || '</section>'

-- name: report_facts
-- What has no table, by its picture ?1; else what the colours say, and how the picture and the table begin.
SELECT '<ul class=state>' || group_concat(CASE place WHEN 0 THEN '<li class=' || said || '><b>' WHEN 1 THEN said || '.</b> '
                                                     ELSE said || '</li>' END, '') || '</ul>'
FROM report_cell HAVING ?1 = 'items'
UNION ALL
SELECT printf('<dl class=%s>%s</dl>', ?1, group_concat(printf('<div><dt>%s</dt><dd>%s</dd></div>', head, shown), ''))
FROM report_cell HAVING ?1 IN ('tiles', 'words')
UNION ALL
SELECT printf('<ul class=key>%s</ul><div class="pair %s">', group_concat(
           printf('<li><svg aria-hidden=true><rect class=%s width=11 height=11 /></svg>%s</li>', class, text), ''),
           CASE WHEN ?1 IN ('stack', 'line') THEN 'plot' ELSE 'rows' END)
FROM (SELECT 's' || series AS class, head AS text FROM report_cell WHERE row = 0 AND series IS NOT NULL
      UNION ALL
      SELECT class || column1, CASE kind WHEN 'S' THEN column2 ELSE column3 END
      FROM report_cell, (VALUES (1, 'below 50%', 'few'), (2, 'from 50%', ''), (3, 'from 70%', ''), (4, 'from 85%', ''),
                                (5, 'from 95%', 'many'))
      WHERE row = 0 AND kind IN ('s', 'S'))
HAVING ?1 NOT IN ('items', 'tiles', 'words')

-- name: report_plot
-- The plot ?1 named ?2, between the heights 250 and 10: of each row the parts of a column one upon the other, or points joined
-- to the row before; lines across it; names of rows below.
WITH RECURSIVE
-- How wide a row is, in percent, and what is to be reached.
size AS (
    SELECT max(kind) AS kind, 100.0 / count(DISTINCT row) AS slot, max(CASE max(kind) WHEN 'p' THEN 100 ELSE 1 END, coalesce(
        max(CASE ?1 WHEN 'stack' THEN below ELSE 0 END + value), 0)) AS most
    FROM report_part HAVING ?1 IN ('stack', 'line')
),
power AS (
    SELECT 1 AS power FROM size
    UNION ALL SELECT power * CASE kind WHEN 't' THEN 60 ELSE 10 END FROM power, size WHERE power < most
),
-- The least round number of which four reach it; times are round in minutes and hours.
step AS (
    SELECT CASE kind WHEN 'p' THEN 25 ELSE min(power * column1) END AS step
    FROM size, power, (VALUES (1), (2), (5), (10), (15), (30))
    WHERE power * column1 * 4 >= most AND (kind = 't' OR column1 < 10)
),
grid AS (SELECT 0 AS at FROM size UNION ALL SELECT at + step FROM grid, size, step WHERE at < most),
scale AS (SELECT 240.0 / max(at) AS scale, slot FROM grid, size HAVING count(*) > 0),
room AS (SELECT count(*) AS count, length(max(CASE row WHEN 0 THEN said END)) * 7 + 14 AS room FROM report_cell WHERE place = 0),
-- Names of rows as there is room for them, on a narrow screen fewer.
tick AS (
    SELECT CASE every WHEN 3 THEN 4 ELSE every END AS every, (count * room + every * 270 - 1) / (every * 270) AS narrow
    FROM (SELECT *, (count * room + 619) / 620 AS every FROM room)
)
SELECT printf('<figure><svg role=img aria-label="%s" height=276>', ?2) FROM size
UNION ALL
SELECT printf('<line class=grid x1=0 x2=100%% y1=%.1f y2=%.1f /><text x=-6 y=%.1f text-anchor=end>%s</text>',
              250 - at * scale, 250 - at * scale, 254 - at * scale, CASE
                  WHEN kind = 'p' THEN at || '%'
                  WHEN kind = 't' AND at >= 3600 THEN printf('%d:%02d:%02d', at / 3600, at / 60 % 60, at % 60)
                  WHEN kind = 't' THEN printf('%d:%02d', at / 60, at % 60) ELSE printf('%,d', at) END)
FROM grid, size, scale
UNION ALL
SELECT printf('<text%s x=%.2f%% y=268 text-anchor=middle>%s</text>', CASE WHEN row / every % narrow = 0 THEN '' ELSE ' class=wide' END,
              slot * (row + 0.5), said)
FROM report_cell, size, tick WHERE place = 0 AND row % every = 0
UNION ALL
SELECT printf('<g>%s%s<rect class=hit x=%.2f%% width=%.2f%% y=10 height=240 /></g>', title, group_concat(CASE
    WHEN ?1 = 'line' AND value IS NOT NULL THEN CASE WHEN before IS NULL THEN '' ELSE
        printf('<line class=s%d x1=%.2f%% x2=%.2f%% y1=%.1f y2=%.1f />', series, slot * (row - 0.5), slot * (row + 0.5),
               250 - before * scale, 250 - value * scale) END
        || printf('<circle class=s%d cx=%.2f%% cy=%.1f r=2.5 />', series, slot * (row + 0.5), 250 - value * scale)
    WHEN value > 0 THEN printf('<rect class=s%d x=%.2f%% width=%.2f%% y=%.1f height=%.1f />', series, slot * (row + 0.1), slot * 0.8,
                               250 - (below + value) * scale, value * scale) END, ''), slot * row, slot)
FROM report_part, scale GROUP BY row
UNION ALL
SELECT '</svg></figure>' FROM size

-- name: report_table
-- The table of the section with the number ?2; with the picture ?1 bar, the series of each row stand behind its texts, one behind the other.
WITH bar AS (
    SELECT row, (SELECT min(place) FROM report_cell WHERE class = 'n') AS place,
           printf('<td class=pic><svg aria-hidden=true><g>%s%s</g></svg></td>', title, group_concat(CASE WHEN value > 0 THEN
               printf('<rect class=s%d x=%.2f%% width=%.2f%% height=100%% />', series, below * scale, value * scale) END, '')) AS picture
    FROM report_part, (SELECT 100.0 / max(CASE max(kind) WHEN 'p' THEN 100 ELSE 0 END, coalesce(max(below + value), 0)) AS scale
                       FROM report_part)
    WHERE ?1 = 'bar' GROUP BY row
)
SELECT printf('<div class=box role=region aria-labelledby=part-%d tabindex=0><table><thead><tr>%s</tr></thead><tbody>', ?2,
              group_concat(printf('%s<th scope=col class=%s>%s%s</th>', CASE WHEN picture IS NOT NULL THEN '<td class=pic></td>' END,
                                  class, head, CASE WHEN kind IN ('s', 'S') THEN
                  '<svg aria-hidden=true><text x=0 y=11>00</text><text x=25% y=11>06</text>'
                  || '<text x=50% y=11>12</text><text x=75% y=11>18</text></svg>' END), ''))
FROM report_cell LEFT JOIN bar USING (row, place) WHERE row = 0 HAVING ?1 NOT IN ('items', 'tiles', 'words')
UNION ALL
SELECT printf('<tr>%s</tr>', group_concat(coalesce(picture, '') || CASE
    WHEN kind IN ('s', 'S') THEN printf(
        '<td class=%s><svg role=img aria-label="%s: %s"><rect class=none width=100%% height=100%% />%s</svg></td>', class, name, head,
        (SELECT group_concat(printf('<rect class=%s%d x=%.2f%% width=2.10%% height=100%%><title>%s: %s</title></rect>', class, CASE kind
             WHEN 's' THEN max(1, (v * 5 + most - 1) / most) ELSE 1 + (v >= 50) + (v >= 70) + (v >= 85) + (v >= 95) END,
             (substr(time, 1, 2) * 2 + (substr(time, 4) >= '30')) * 100 / 48.0, time, printf(CASE kind WHEN 's' THEN '%,d' ELSE '%.1f%%' END, v)), '')
         FROM (SELECT key AS time, value AS v FROM json_each(c.value) WHERE value IS NOT NULL)))
    WHEN place = 0 THEN printf('<th scope=row class=%s>%s</th>', class, shown)
    ELSE printf('<td class=%s>%s</td>', class, shown) END, ''))
FROM report_cell AS c JOIN (SELECT row, said AS name FROM report_cell WHERE place = 0) USING (row) LEFT JOIN bar USING (row, place)
CROSS JOIN (SELECT max(1, max(j.value)) AS most FROM report_cell AS h, json_each(CASE h.kind WHEN 's' THEN h.value END) AS j)
WHERE ?1 NOT IN ('items', 'tiles', 'words') GROUP BY row
UNION ALL
SELECT '</tbody></table></div></div>' WHERE ?1 NOT IN ('items', 'tiles', 'words')

-- name: report_state
-- What is to be known first: how it is (a class of the style), in a word, and in words.
WITH answer AS (
    SELECT *, 'conversations' = stream AS is_first FROM {answer} WHERE day IS NOT NULL
)
SELECT CASE WHEN count(complete_to) = 0 THEN 'bad' WHEN min(whole) THEN 'good' ELSE 'warn' END AS "kind|x",
       CASE WHEN count(complete_to) = 0 THEN 'Nothing is read' WHEN min(whole) THEN 'Whole' ELSE 'Not whole' END AS "word|x",
       CASE WHEN count(complete_to) = 0 THEN 'of these days: there is nothing to show.'
            WHEN min(whole) THEN 'Every stream that has these days has read all of them.'
            ELSE 'Figures are still too small: '
                 || (SELECT group_concat(stream || ' (' || coalesce('read until ' || until, 'nothing read')
                                         || CASE WHEN days > 1 THEN ', ' || days || ' days' ELSE '' END || ')', ', ')
                     FROM (SELECT stream, count(*) AS days, substr(min(local_complete_to), 1, 16) AS until
                           FROM answer WHERE NOT whole GROUP BY stream)) || '.' END AS "text|x"
FROM answer
UNION ALL
SELECT 'warn', 'Not read', count(*) || ' of ' || (SELECT count(*) FROM report_time) || ' days: before the first day, or to come.'
FROM report_time WHERE length(at) = 10 AND at NOT IN (SELECT day FROM answer WHERE is_first)
AND EXISTS (SELECT 1 FROM answer WHERE is_first) HAVING count(*) > 0
UNION ALL
SELECT CASE WHEN min(state = 'settled') THEN 'good' ELSE 'none' END,
       CASE WHEN min(state = 'settled') THEN 'Settled' ELSE 'Not settled' END,
       CASE WHEN min(state = 'settled') THEN 'The last look at these days is taken.'
            ELSE 'Genesys may still change '
                 || CASE WHEN min(day) = max(day) THEN 'this day'
                         ELSE count(DISTINCT CASE WHEN state <> 'settled' THEN day END) || ' of ' || count(DISTINCT day) || ' days' END
                 || '; later runs look again.' END
FROM answer HAVING count(complete_to) > 0
UNION ALL
SELECT CASE WHEN min(proven) = 0 THEN 'bad' WHEN count(proven) = count(*) THEN 'good' ELSE 'none' END,
       CASE WHEN min(proven) = 0 THEN 'Not proven' WHEN count(proven) = count(*) THEN 'Proven' ELSE 'Not compared' END,
       CASE WHEN min(proven) = 0 THEN 'Figures differ from those that Genesys itself has counted, of '
                                      || group_concat(CASE WHEN proven = 0 THEN day END, ', ') || ': rollcall reconcile says which.'
            WHEN count(proven) = count(*) THEN 'Queues'' figures equal those that Genesys itself has counted.'
            ELSE CASE count(*) WHEN 1 THEN 'This day' ELSE (count(*) - count(proven)) || ' of ' || count(*) || ' days' END
                 || ' cannot be compared with what Genesys itself has counted: rollcall reconcile says why.' END
FROM answer WHERE is_first AND whole HAVING count(*) > 0
UNION ALL
SELECT 'warn', 'Missing', group_concat(n.column1 || ' (' || n.column2 || ')', ', ') || ': not read of these days.'
FROM (VALUES ('conversations', 'all figures of queues'), ('adherence_historical', 'adherence'), ('schedules', 'adherence by half-hour'),
             ('user_status', 'agents'' time, occupancy'), ('conversation_aggregate', 'the proof')) AS n
WHERE EXISTS (SELECT 1 FROM answer WHERE complete_to IS NOT NULL) AND n.column1 NOT IN (SELECT stream FROM answer)
HAVING count(*) > 0

-- name: report_total
SELECT sum(offered) AS "Offered|n", sum(answered) AS "Answered|n", sum(abandoned) AS "Abandoned|n",
       100.0 * sum(abandoned) / nullif(sum(offered), 0) AS "Abandoned of offered|p",
       100.0 * sum(service_level_numerator) / nullif(sum(service_level_denominator), 0) AS "Service level|p",
       sum(answer_ms) / 1000.0 / nullif(sum(answered), 0) AS "Average speed of answer|t",
       sum(handled) AS "Handled|n", sum(handle_ms) / 1000.0 / nullif(sum(handled), 0) AS "Average handle time|t",
       100.0 * sum(transferred) / nullif(sum(handled), 0) AS "Transferred of handled|p"
FROM {answer} HAVING count(*) > 0

-- name: report_volume
SELECT t.label AS "{time}|d", coalesce(sum(a.answered), 0) AS "Answered|n1", coalesce(sum(a.abandoned), 0) AS "Abandoned|n2",
       coalesce(sum(a.flow_out), 0) AS "Flowed out|n3", coalesce(sum(a.offered), 0) AS "Offered|n"
FROM report_time AS t LEFT JOIN {answer} AS a ON {point} = t.at
GROUP BY t.at HAVING EXISTS (SELECT 1 FROM {answer}) ORDER BY t.at

-- name: report_level
SELECT t.label AS "{time}|d", 100.0 * sum(a.service_level_numerator) / nullif(sum(a.service_level_denominator), 0) AS "Service level|p1",
       100.0 * sum(a.abandoned) / nullif(sum(a.offered), 0) AS "Abandoned|p2",
       sum(a.answer_ms) / 1000.0 / nullif(sum(a.answered), 0) AS "Speed of answer|t"
FROM report_time AS t LEFT JOIN {answer} AS a ON {point} = t.at
GROUP BY t.at HAVING EXISTS (SELECT 1 FROM {answer}) ORDER BY t.at

-- name: report_handle
SELECT t.label AS "{time}|d", sum(a.talk_ms) / 1000.0 / nullif(sum(a.handled), 0) AS "Talk|t1",
       sum(a.hold_ms) / 1000.0 / nullif(sum(a.handled), 0) AS "Hold|t2",
       sum(a.acw_ms) / 1000.0 / nullif(sum(a.handled), 0) AS "After-call work|t3",
       sum(a.dialing_ms + a.contacting_ms) / 1000.0 / nullif(sum(a.handled), 0) AS "Dialing, contacting|t4",
       sum(a.handle_ms) / 1000.0 / nullif(sum(a.handled), 0) AS "Handle time|t", coalesce(sum(a.handled), 0) AS "Handled|n"
FROM report_time AS t LEFT JOIN {answer} AS a ON {point} = t.at
GROUP BY t.at HAVING EXISTS (SELECT 1 FROM {answer}) ORDER BY t.at

-- name: report_queue
SELECT coalesce(queue_name, queue_id) AS "Queue|x", media_type AS "Media|x",
       100.0 * sum(service_level_numerator) / nullif(sum(service_level_denominator), 0) AS "Service level|p1",
       sum(offered) AS "Offered|n", sum(answered) AS "Answered|n", sum(abandoned) AS "Abandoned|n",
       100.0 * sum(abandoned) / nullif(sum(offered), 0) AS "Abandon rate|p",
       sum(answer_ms) / 1000.0 / nullif(sum(answered), 0) AS "Speed of answer|t",
       sum(handled) AS "Handled|n", sum(transferred) AS "Transferred|n"
FROM {answer} GROUP BY queue_id, media_type ORDER BY sum(offered) DESC, 1, 2

-- name: report_queue_handle
SELECT coalesce(queue_name, queue_id) AS "Queue|x", media_type AS "Media|x",
       sum(talk_ms) / 1000.0 / nullif(sum(handled), 0) AS "Talk|t1", sum(hold_ms) / 1000.0 / nullif(sum(handled), 0) AS "Hold|t2",
       sum(acw_ms) / 1000.0 / nullif(sum(handled), 0) AS "After-call work|t3",
       sum(dialing_ms + contacting_ms) / 1000.0 / nullif(sum(handled), 0) AS "Dialing, contacting|t4",
       sum(handle_ms) / 1000.0 / nullif(sum(handled), 0) AS "Handle time|t", sum(handled) AS "Handled|n"
FROM {answer} GROUP BY queue_id, media_type HAVING sum(handled) > 0 ORDER BY sum(handled) DESC, 1, 2

-- name: report_days
SELECT day AS "Day|d", json_group_object(time, offered) AS "Offered by half-hour|s", sum(offered) AS "Offered|n"
FROM (SELECT day, substr(half_hour, 12, 5) AS time, sum(offered) AS offered FROM {answer} GROUP BY 1, 2)
GROUP BY day ORDER BY day

-- name: report_days_level
SELECT day AS "Day|d", json_group_object(time, 100.0 * numerator / denominator) AS "Service level by half-hour|S",
       100.0 * sum(numerator) / nullif(sum(denominator), 0) AS "Service level|p"
FROM (SELECT day, substr(half_hour, 12, 5) AS time, sum(service_level_numerator) AS numerator,
             sum(service_level_denominator) AS denominator
      FROM {answer} GROUP BY 1, 2)
GROUP BY day ORDER BY day

-- name: report_abandons
SELECT coalesce('up to ' || CASE WHEN upto_seconds < 60 THEN upto_seconds || ' s' ELSE (upto_seconds / 60) || ' min' END, 'longer') AS "Wait|d",
       abandoned AS "Abandoned|n2", percent AS "Share|p", running_percent AS "Running share|p"
FROM {answer} WHERE (SELECT sum(abandoned) FROM {answer}) > 0

-- name: report_team
SELECT count(DISTINCT CASE WHEN logged_in_seconds > 0 THEN user_id END) AS "Agents|n", sum(logged_in_seconds) AS "Logged in|t",
       sum(on_queue_seconds) AS "On queue|t",
       100.0 * sum(interacting_seconds)
           / nullif(sum(interacting_seconds) + sum(communicating_seconds) + sum(idle_seconds), 0) AS "Occupancy|p",
       sum(not_responding_seconds) AS "Not responding|t"
FROM {answer} HAVING sum(logged_in_seconds) > 0

-- name: report_agents
SELECT coalesce(user_name, user_id) AS "Agent|x",
       sum(interacting_seconds) AS "Interacting|t1", sum(communicating_seconds) AS "Communicating|t2", sum(idle_seconds) AS "Idle|t3",
       100.0 * sum(interacting_seconds)
           / nullif(sum(interacting_seconds) + sum(communicating_seconds) + sum(idle_seconds), 0) AS "Occupancy|p",
       sum(not_responding_seconds) AS "Not responding|t", sum(logged_in_seconds) AS "Logged in|t", sum(handled) AS "Handled|n"
FROM {answer} GROUP BY user_id HAVING sum(logged_in_seconds) > 0 ORDER BY 5 IS NULL, 5 DESC, 1

-- name: report_transfers
SELECT coalesce(from_queue_name, from_queue_id, 'no queue') AS "From|x", coalesce(to_queue_name, to_queue_id, 'a person') AS "To|x",
       blind_transferred AS "Blind|n1", consult_transferred AS "After a consultation|n2", transferred AS "All|n"
FROM {answer} ORDER BY transferred DESC, 1, 2

-- name: report_moved
SELECT day AS "Day|d", coalesce(queue_name, queue_id) AS "Queue|x", media_type AS "Media|x", kpi AS "Figure|x",
       before AS "Before|v", after AS "After|v", after - before AS "Change|v", substr(moved_at, 1, 16) AS "Seen (UTC)|d"
FROM {answer} ORDER BY moved_at DESC, day DESC, 2, 3, 4

-- name: report_adherence
SELECT coalesce(user_name, user_id) AS "Agent|x",
       json_group_object(time, 100.0 * max(0, 1 - 1.0 * exception / scheduled)) AS "Adherence by half-hour|S",
       100.0 * max(0, 1 - 1.0 * sum(exception) / sum(scheduled)) AS "Adherence|p", sum(scheduled) AS "Scheduled|t",
       sum(exception) AS "Out of adherence|t"
FROM (SELECT user_id, user_name, substr(half_hour, 12, 5) AS time, sum(scheduled_seconds) AS scheduled,
             sum(exception_seconds) AS exception
      FROM {answer} GROUP BY 1, 2, 3)
GROUP BY user_id HAVING sum(scheduled) > 0 ORDER BY 3, 1

-- name: report_streams
SELECT stream AS "Stream|x", sum(whole) AS "Days whole|n", sum(state = 'settled') AS "Settled|n", count(*) AS "Days|n",
       substr(max(local_complete_to), 1, 16) AS "Read until|d"
FROM {answer} WHERE day IS NOT NULL GROUP BY stream ORDER BY stream
