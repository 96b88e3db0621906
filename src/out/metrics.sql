-- The metrics file (out/out.h): one line a sample, those of one metric together, before the first the two of its
-- description. `value` NULL: the metric is described but has no sample. Label values are our own words: they need no escapes.

-- name: metrics_run
-- The run that has just ended, and whether the database could be read.
WITH metric (name, help, labels, value) AS (VALUES
    ('rollcall_build_info', 'The program that wrote this file.', printf('{version="%s"}', ?1), 1),
    ('rollcall_last_run_timestamp_seconds', 'When the last run ended.', '',
     strftime('%s', ?2) + 0),
    ('rollcall_last_run_success', '1: all that was asked for is in place, 0: not.', '', ?3 = 0),
    ('rollcall_last_run_exit_code', 'Exit code of the last run.', '', ?3),
    ('rollcall_last_run_duration_seconds', 'How long it took.', '',
     printf('%d.%03d', ?4 / 1000, ?4 % 1000)),
    ('rollcall_last_run_requests', 'HTTP requests it sent, repetitions included.', '', ?5),
    ('rollcall_last_run_retries', 'Repetitions among them.', '', ?6),
    ('rollcall_last_run_received_bytes', 'Bytes it received, as they came.', '', ?7),
    ('rollcall_last_run_pages', 'Pages it loaded.', '', ?8),
    ('rollcall_last_run_rows', 'Entities that came, by what became of them.', '{result="new"}', ?9),
    ('rollcall_last_run_rows', NULL, '{result="changed"}', ?10),
    ('rollcall_last_run_rows', NULL, '{result="unchanged"}', ?11),
    ('rollcall_last_run_streams', 'Streams it was to read, by what became of them.',
     '{result="done"}', ?12),
    ('rollcall_last_run_streams', NULL, '{result="left"}', ?13),
    ('rollcall_database_up', '1: the database could be read for this file, 0: not.', '', ?14)
)
SELECT coalesce('# HELP ' || name || ' ' || help || '
# TYPE ' || name || ' gauge' || coalesce('
' || name || labels || ' ' || value, ''), name || labels || ' ' || value) AS line
FROM metric

-- name: metrics_sums
-- What concerns all streams and all runs. A first success or failure that was never is left out, a budget that is not set too.
WITH total AS (
    SELECT
        coalesce(sum(ifnull(runs, 1)), 0) AS runs, coalesce(sum(requests), 0) AS requests,
        coalesce(sum(retries), 0) AS retries, coalesce(sum(bytes), 0) AS bytes,
        coalesce(sum(pages), 0) AS pages, coalesce(sum(rows_new), 0) AS rows_new,
        coalesce(sum(rows_changed), 0) AS rows_changed,
        coalesce(sum(rows_unchanged), 0) AS rows_unchanged
    FROM run
),
metric (type, name, help, labels, value) AS (VALUES
    ('gauge', 'rollcall_last_success_timestamp_seconds', 'When the last run that did all it was asked for ended.', '',
     (SELECT strftime('%s', coalesce(ended_at, started_at)) + 0 FROM status JOIN status_run ON run_id = last_success_id)),
    ('gauge', 'rollcall_last_failure_timestamp_seconds', 'When the last run that did not ended (or began, if it was killed).', '',
     (SELECT strftime('%s', coalesce(ended_at, started_at)) + 0 FROM status JOIN status_run ON run_id = last_failure_id)),
    ('gauge', 'rollcall_overdue', '1: an enabled stream was not read, or not read well, for [status] due_hours.', '',
     (SELECT is_overdue FROM status)),
    ('gauge', 'rollcall_behind', '1: a stream is overdue, or a day that should be complete is not.', '',
     (SELECT is_behind FROM status)),
    ('gauge', 'rollcall_reconciliation_mismatches', 'Business days with a figure that differs from the API''s own.', '',
     (SELECT count(*) FROM v_day WHERE NOT proven)),
    ('gauge', 'rollcall_month_requests', 'HTTP requests since the UTC month began.', '', (SELECT requests_month FROM status)),
    ('gauge', 'rollcall_month_requests_budget', 'HTTP requests that a UTC month may have.', '', (SELECT budget_month FROM status)),
    ('gauge', 'rollcall_run_requests_budget', 'HTTP requests that a run may send.', '', (SELECT budget_run FROM status)),
    ('counter', 'rollcall_runs_total', 'Runs of extract.', '', (SELECT runs FROM total)),
    ('counter', 'rollcall_requests_total', 'HTTP requests of all runs, repetitions included.', '', (SELECT requests FROM total)),
    ('counter', 'rollcall_retries_total', 'Repetitions among them.', '', (SELECT retries FROM total)),
    ('counter', 'rollcall_received_bytes_total', 'Bytes received by all runs.', '', (SELECT bytes FROM total)),
    ('counter', 'rollcall_pages_total', 'Pages loaded by all runs.', '', (SELECT pages FROM total)),
    ('counter', 'rollcall_rows_total', 'Entities that came, by what became of them.', '{result="new"}', (SELECT rows_new FROM total)),
    ('counter', 'rollcall_rows_total', NULL, '{result="changed"}', (SELECT rows_changed FROM total)),
    ('counter', 'rollcall_rows_total', NULL, '{result="unchanged"}', (SELECT rows_unchanged FROM total))
)
SELECT coalesce('# HELP ' || name || ' ' || help || '
# TYPE ' || name || ' ' || type || coalesce('
' || name || labels || ' ' || value, ''), name || labels || ' ' || value) AS line
FROM metric WHERE value IS NOT NULL

-- name: metrics_streams
-- What concerns each stream. ?1: now.
WITH metric (place, name, help) AS (VALUES
    (1, 'rollcall_stream_enabled', '1: the configuration wants the stream, 0: not.'),
    (2, 'rollcall_stream_overdue', '1: not read, or not read well, for [status] due_hours.'),
    (3, 'rollcall_stream_error', '1: an error of its last reading still stands.'),
    (4, 'rollcall_stream_last_success_timestamp_seconds',
     'When the last run ended that was to read it, and did.'),
    (5, 'rollcall_stream_complete_to_timestamp_seconds',
     'Up to when it is read without a hole; of a snapshot: when it was taken.'),
    (6, 'rollcall_stream_behind_seconds', 'How long before the end of the last run that was.'),
    (7, 'rollcall_stream_windows_behind',
     'UTC days that are over and not complete: days behind.'),
    (8, 'rollcall_stream_rows', 'Entities stored.'),
    (9, 'rollcall_stream_unknown_fields', 'Fields that no table has a column for.'),
    (10, 'rollcall_stream_data_problems',
     'Kinds of values that could not be stored as they should be.'),
    (11, 'rollcall_stream_windows',
     'Windows (UTC days) by state: open (not finished), provisional (may be read again), settled.')
),
state (state_no, state) AS (VALUES (1, 'open'), (2, 'provisional'), (3, 'settled')),
sample AS (SELECT
    place, stream_no, state_no, name,
    CASE WHEN row_number() OVER (PARTITION BY place ORDER BY stream_no, state_no) = 1 THEN help END
        AS help,
    '{stream="' || stream || '"' || coalesce(',state="' || state || '"', '') || '}' AS labels,
    CASE place
        WHEN 1 THEN is_enabled
        WHEN 2 THEN is_overdue
        WHEN 3 THEN last_error IS NOT NULL
        WHEN 4 THEN strftime('%s', last_success_at) + 0
        WHEN 5 THEN strftime('%s', complete_to) + 0
        WHEN 6 THEN max(strftime('%s', ?1) - strftime('%s', complete_to), 0)
        WHEN 7 THEN CASE WHEN NOT is_snapshot THEN late_windows END
        WHEN 8 THEN row_count
        WHEN 9 THEN unknown_fields
        WHEN 10 THEN data_problems
        ELSE CASE state_no
            WHEN 1 THEN open_windows
            WHEN 2 THEN provisional_windows
            ELSE settled_windows
        END
    END AS value
FROM metric
CROSS JOIN status_stream
LEFT JOIN state ON place = 11)
SELECT coalesce('# HELP ' || name || ' ' || help || '
# TYPE ' || name || ' gauge' || coalesce('
' || name || labels || ' ' || value, ''), name || labels || ' ' || value) AS line
FROM sample WHERE help IS NOT NULL OR value IS NOT NULL
ORDER BY place, stream_no, state_no
