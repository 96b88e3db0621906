-- What a check found (probe/report.h), as a document.

-- name: check_result
CREATE TEMP TABLE check_result (
    result_no INTEGER PRIMARY KEY,
    step TEXT,
    name TEXT,
    status TEXT,
    evidence TEXT,
    cause TEXT,
    cause_text TEXT,
    remedy TEXT,
    note TEXT,
    exit_code INTEGER
)

-- name: check_result_add
INSERT INTO check_result (step, name, status, evidence, cause, cause_text, remedy, note, exit_code)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)

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
