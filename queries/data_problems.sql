-- title: Odd data
-- description: What was odd about the API's answers: values that could not be stored as what they
--   should be (kind says what was wrong), and fields that no table has a column for (unknown
--   field), by stream and place in the record, how often, and since when.
-- param: stream  [stream] one stream; default: all
SELECT stream, kind, path, example, count, first_seen_at
FROM (SELECT stream, kind, path, example, count, first_seen_at FROM data_problem
      UNION ALL
      SELECT stream, 'unknown field', path, NULL, count, first_seen_at FROM unknown_field)
WHERE nullif(:stream, '') IS NULL OR stream = nullif(:stream, '')
ORDER BY stream, kind, path;
