/*
 * The ledger's statements: constant texts, values always bound, parameters in order of their
 * numbers.
 *
 * X(enum name, text). Every one is prepared when a ledger is made, so a column that the schema
 * lacks is found at once.
 */
#ifndef ROLLCALL_ETL_LEDGER_SQL_H
#define ROLLCALL_ETL_LEDGER_SQL_H

/* Columns of a struct ledger_window, in the order ledger_window.c reads them. */
#define LEDGER_WINDOW_COLUMNS                                                                      \
    "window_id, kind, window_start, window_end, state, complete_to, job_complete_to, "             \
    "query_complete_to, last_read_at, pending_time, pending_job_to, pending_query_to, "            \
    "reading_plan, job_id, job_cursor, job_resubmits, next_page, last_id"

#define LEDGER_SQL(X)                                                                              \
    X(SQL_RUN_BEGIN,                                                                               \
      "INSERT INTO run (command, started_at, planned_until, version, host, pid, streams) "         \
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                                       \
    X(SQL_RUN_PROGRESS,                                                                            \
      "UPDATE run SET requests = ?2, retries = ?3, bytes = ?4, pages = ?5, rows_new = ?6, "        \
      "rows_changed = ?7, rows_unchanged = ?8 WHERE run_id = ?1")                                  \
    X(SQL_RUN_END,                                                                                 \
      "UPDATE run SET requests = ?2, retries = ?3, bytes = ?4, pages = ?5, rows_new = ?6, "        \
      "rows_changed = ?7, rows_unchanged = ?8, ended_at = ?9, exit_code = ?10, exit_name = ?11, "  \
      "error = ?12, streams_done = ?13, streams_left = ?14, days_whole = ?15 WHERE run_id = ?1")   \
    X(SQL_DAYS_WHOLE, "SELECT coalesce(sum(whole), 0) FROM freshness WHERE stream = ?1")           \
    X(SQL_ROUTE,                                                                                   \
      "INSERT INTO request_count (run_id, method, route, requests, retries, status_429, "          \
      "status_5xx, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "                                \
      "ON CONFLICT (run_id, method, route) DO UPDATE SET requests = excluded.requests, "           \
      "retries = excluded.retries, status_429 = excluded.status_429, "                             \
      "status_5xx = excluded.status_5xx, bytes = excluded.bytes")                                  \
    X(SQL_DAY_COUNT, "SELECT count(*) FROM extract_window WHERE stream = ?1 AND kind = 'day' "     \
                     "AND window_start >= ?2 AND window_start < ?3")                               \
    X(SQL_DAY_MAKE,                                                                                \
      "INSERT INTO extract_window (stream, kind, window_start, window_end, updated_run_id) "       \
      "VALUES (?1, 'day', ?2, ?3, ?4) ON CONFLICT DO NOTHING")                                     \
    X(SQL_SINGLE_MAKE,                                                                             \
      "INSERT INTO extract_window (stream, kind, updated_run_id) VALUES (?1, ?2, ?3)")             \
    X(SQL_SINGLE, "SELECT " LEDGER_WINDOW_COLUMNS " FROM extract_window "                          \
                  "WHERE stream = ?1 AND kind = ?2 AND window_start IS NULL")                      \
    X(SQL_DAYS, "SELECT " LEDGER_WINDOW_COLUMNS " FROM extract_window "                            \
                "WHERE stream = ?1 AND kind = 'day' ORDER BY window_start")                        \
    X(SQL_PLAN,                                                                                    \
      "UPDATE extract_window SET state = ?2, pending_time = ?3, pending_job_to = ?4, "             \
      "pending_query_to = ?5, reading_plan = NULL, job_cursor = NULL, job_resubmits = 0, "         \
      "next_page = 1, last_id = NULL, updated_run_id = ?6 WHERE window_id = ?1")                   \
    X(SQL_READING_BEGIN,                                                                           \
      "UPDATE extract_window SET reading_plan = ?2, job_resubmits = ?3, job_id = NULL, "           \
      "job_cursor = NULL, next_page = 1, last_id = NULL, pages_read = 0, rows_read = 0, "          \
      "total_hits = NULL, updated_run_id = ?4 WHERE window_id = ?1")                               \
    X(SQL_JOB, "UPDATE extract_window SET job_id = ?2, updated_run_id = ?3 WHERE window_id = ?1")  \
    X(SQL_PAGE, "UPDATE extract_window SET job_cursor = ?2, next_page = ?3, last_id = ?4, "        \
                "pages_read = pages_read + 1, rows_read = rows_read + ?5, "                        \
                "total_hits = coalesce(?6, total_hits), updated_run_id = ?7 WHERE window_id = ?1") \
    X(SQL_READING_END,                                                                             \
      "UPDATE extract_window SET state = ?2, complete_to = ?3, job_complete_to = ?4, "             \
      "query_complete_to = ?5, last_read_at = ?6, pending_time = ?7, pending_job_to = ?8, "        \
      "pending_query_to = ?9, reading_plan = NULL, job_cursor = NULL, job_resubmits = 0, "         \
      "next_page = 1, last_id = NULL, last_error = NULL, last_error_kind = NULL, "                 \
      "last_error_at = NULL, updated_run_id = ?10 WHERE window_id = ?1")                           \
    X(SQL_JOB_DELETED, "UPDATE extract_window SET job_id = NULL WHERE window_id = ?1")             \
    X(SQL_WINDOW_ERROR,                                                                            \
      "UPDATE extract_window SET last_error = ?2, last_error_kind = ?3, last_error_at = ?4, "      \
      "updated_run_id = ?5 WHERE window_id = ?1")                                                  \
    X(SQL_RAW_PAGE,                                                                                \
      "INSERT INTO raw_page (window_id, run_id, plan, page_no, received_at, url_path, encoding, "  \
      "bytes, rows_read) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                             \
    X(SQL_UNKNOWN_FIELD,                                                                           \
      "INSERT INTO unknown_field (stream, path, first_seen_at, count) VALUES (?1, ?2, ?3, ?4) "    \
      "ON CONFLICT (stream, path) DO UPDATE SET count = count + excluded.count")                   \
    X(SQL_DATA_PROBLEM,                                                                            \
      "INSERT INTO data_problem (stream, path, first_seen_at, count, kind, example) "              \
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6) "                                                           \
      "ON CONFLICT (stream, path, kind) DO UPDATE SET count = count + excluded.count")             \
    X(SQL_ZONE_ROWS, "SELECT utc_from, utc_to, offset_seconds, day, zone FROM zone_offset "        \
                     "ORDER BY utc_from")                                                          \
    X(SQL_ZONE_CLEAR, "DELETE FROM zone_offset")                                                   \
    X(SQL_ZONE_ADD, "INSERT INTO zone_offset (utc_from, utc_to, offset_seconds, day, zone) "       \
                    "VALUES (?1, ?2, ?3, ?4, ?5)")                                                 \
    X(SQL_SOURCE, "SELECT plan FROM stream_source WHERE stream = ?1")                              \
    X(SQL_SOURCE_REMEMBER,                                                                         \
      "INSERT INTO stream_source (stream, plan, chosen_at) VALUES (?1, ?2, ?3) "                   \
      "ON CONFLICT (stream) DO UPDATE SET plan = excluded.plan, chosen_at = excluded.chosen_at "   \
      "WHERE plan <> excluded.plan")                                                               \
    X(SQL_OPEN_CONVERSATIONS,                                                                      \
      "SELECT conversation_id FROM conversation WHERE conversation_end IS NULL "                   \
      "AND conversation_start >= ?1 AND conversation_id > ?2 "                                     \
      "AND NOT EXISTS (SELECT 1 FROM extract_window WHERE stream = 'conversations' "               \
      "AND kind = 'day' AND window_start <= conversation_start "                                   \
      "AND window_end > conversation_start AND updated_run_id = ?3 AND reading_plan IS NULL "      \
      "AND last_error IS NULL AND query_complete_to IS NOT NULL) ORDER BY conversation_id")        \
    X(SQL_USER_IDS, "SELECT user_id FROM user WHERE state IS NOT 'deleted' ORDER BY user_id")

enum ledger_statement {
#define LEDGER_ENUM(id, text) id,
    LEDGER_SQL(LEDGER_ENUM)
#undef LEDGER_ENUM
        SQL_COUNT
};

#endif
