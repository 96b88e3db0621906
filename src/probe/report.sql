-- What a check found (probe/check.c), for programs and for people.

-- name: check_result
-- What came of each thing that was looked at; `is_step`: a whole step that was not.
CREATE TEMP TABLE check_result (
    result_no INTEGER PRIMARY KEY,
    step_no INTEGER,
    step TEXT,
    title TEXT,
    name TEXT,
    evidence TEXT,
    is_step INTEGER,
    cause TEXT,
    cause_text TEXT,
    remedy TEXT,
    exit_code INTEGER,
    status TEXT,
    note TEXT
)

-- name: check_result_add
-- ?11: it was not looked at; ?12: what single sign-on has to do with a login that failed.
INSERT INTO check_result
SELECT
    NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, status,
    CASE WHEN status = 'failed' AND ?2 IN ('login', 'token') THEN ?12 END
FROM (
    SELECT CASE WHEN ?11 THEN 'skipped' WHEN ?7 IS NULL THEN 'ok' WHEN ?10 = 0 THEN 'warning'
                ELSE 'failed' END AS status)

-- name: check_document
SELECT json_object(
    'ok', json(CASE ?1 WHEN 0 THEN 'true' ELSE 'false' END),
    'exit_code', ?1,
    'exit_name', ?2,
    'checks', (
        SELECT json_group_array(json_object(
            'step', step, 'check', name, 'status', status, 'evidence', evidence, 'cause', cause,
            'cause_text', cause_text, 'remedy', remedy, 'note', note, 'exit_code', exit_code))
        FROM (SELECT * FROM check_result ORDER BY result_no)))

-- name: check_lines
-- Lines for people, of a check that ends with exit code ?1, named ?2: how far they are indented, the
-- word in front (NULL: none) and its colour, and the text. Steps skipped one after the other make
-- one line, with why the first was: the others follow from it. A cause is explained where it is met
-- first; the answer, the first failure with its cause and remedy or that all is well, comes last,
-- which is what stands on the screen then.
WITH
result AS (
    SELECT
        *,
        lag(step_no) OVER (ORDER BY result_no) IS NOT step_no AS begins,
        result_no - row_number() OVER (PARTITION BY is_step ORDER BY result_no) AS island,
        min(result_no) OVER (PARTITION BY cause) = result_no AS is_first
    FROM check_result
),
failed AS (SELECT * FROM result WHERE status = 'failed' ORDER BY result_no LIMIT 1),
skipped AS (
    SELECT min(result_no) AS result_no, group_concat(name, ', ') AS names
    FROM (SELECT * FROM result WHERE is_step ORDER BY result_no) GROUP BY island
),
named AS (
    SELECT status, count(*) AS count, group_concat(name, ', ') AS names
    FROM (SELECT * FROM result ORDER BY result_no) GROUP BY status
),
line (result_no, part, indent, word, status, text) AS (
    SELECT result_no, 0, 0, NULL, NULL, '' FROM result WHERE begins AND NOT is_step AND result_no > 1
    UNION ALL
    SELECT result_no, 1, 0, NULL, NULL, step_no || ' ' || title FROM result
    WHERE begins AND NOT is_step
    UNION ALL
    SELECT
        result_no, 2, 2, replace(status, 'failed', 'FAILED'), status,
        name || ': ' || iif(result_no = (SELECT result_no FROM failed), 'see the last lines', evidence)
    FROM result WHERE NOT is_step
    UNION ALL
    SELECT result_no, 2, 2, 'skipped', 'skipped', names || ': ' || evidence
    FROM skipped JOIN result USING (result_no)
    UNION ALL
    SELECT result_no, column1, 11, column2, 'ok', iif(column1 = 3, cause_text, remedy)
    FROM result JOIN (VALUES (3, 'cause'), (4, 'remedy'))
    WHERE is_first AND cause IS NOT NULL AND cause IS NOT (SELECT cause FROM failed)
    UNION ALL
    SELECT 9999, 0, 0, NULL, NULL, ''
    UNION ALL
    SELECT 9999, column1, 0, NULL, NULL, iif(column1 = 1, note || '.', '')
    FROM failed JOIN (VALUES (1), (2)) WHERE note IS NOT NULL
    UNION ALL
    SELECT 9999, 3, 0, NULL, NULL, count || ' things failed: ' || names || '. The first:'
    FROM named WHERE status = 'failed' AND count > 1
    UNION ALL
    SELECT
        9999, 4, 0, 'FAILED', 'failed',
        printf('%s%s, exit code %d (%s): %s', step, iif(step = name, '', ', ' || name), ?1, ?2, evidence)
    FROM failed
    UNION ALL
    SELECT 9999, column1, 0, column2, 'ok', iif(column1 = 5, cause_text, remedy)
    FROM failed JOIN (VALUES (5, 'cause'), (6, 'remedy'))
    UNION ALL
    SELECT
        9999, 7, 0, NULL, NULL,
        CASE
            WHEN ?1 > 0 THEN printf('The check was stopped: exit code %d (%s)', ?1, ?2)
            ELSE coalesce((
                SELECT printf('Nothing failed; %d warning%s: %s', count, iif(count = 1, '', 's'), names)
                FROM named WHERE status = 'warning'), 'All is well')
        END
    WHERE NOT EXISTS (SELECT 1 FROM failed)
)
SELECT
    indent, word,
    CASE status WHEN 'ok' THEN '32' WHEN 'warning' THEN '33' WHEN 'failed' THEN '1;31' ELSE '2' END,
    text
FROM line ORDER BY result_no, part
