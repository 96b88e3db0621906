/*
 * Limits on everything that comes from outside, in one place.
 *
 * X(enum name, name, default, smallest, largest, meaning). A limit can be moved within its range by
 * the environment variable ROLLCALL_LIMIT_<NAME> (docs/limits.md): for odd gateways, and so that
 * tests need not wait for minutes.
 */
#ifndef ROLLCALL_BASE_LIMITS_H
#define ROLLCALL_BASE_LIMITS_H

#include "base/err.h"

#define LIMITS(X)                                                                                  \
    X(LIMIT_BODY_BYTES, "BODY_BYTES", 8388608, 1024, 1073741824,                                   \
      "a body as it is sent, compressed or not")                                                   \
    X(LIMIT_INFLATED_BYTES, "INFLATED_BYTES", 16777216, 1024, 2147483647,                          \
      "a body after inflating")                                                                    \
    X(LIMIT_PARSED_BYTES, "PARSED_BYTES", 41943040, 1024, 2147483647,                              \
      "a parsed body: its text, its values and the rows made of them")                             \
    X(LIMIT_INFLATE_RATIO, "INFLATE_RATIO", 200, 2, 2000,                                          \
      "inflated over compressed size, past the first MiB")                                         \
    X(LIMIT_JSON_DEPTH, "JSON_DEPTH", 64, 8, 1024, "nesting of a document")                        \
    X(LIMIT_PAGES_PER_WINDOW, "PAGES_PER_WINDOW", 100000, 1, 10000000,                             \
      "pages read for one window")                                                                 \
    X(LIMIT_QUERY_ROWS, "QUERY_ROWS", 100000, 100, 1000000,                                        \
      "rows the sync query pages through (the API's own limit)")                                   \
    X(LIMIT_CONNECT_MS, "CONNECT_MS", 15000, 100, 300000, "connecting, TLS included")              \
    X(LIMIT_STALL_MS, "STALL_MS", 60000, 1000, 600000,                                             \
      "an answer that brings less than 1 byte a second")                                           \
    X(LIMIT_REQUEST_MS, "REQUEST_MS", 600000, 1000, 3600000,                                       \
      "one request from start to last byte")                                                       \
    X(LIMIT_DOWNLOAD_BYTES, "DOWNLOAD_BYTES", 8388608, 1024, 1073741824,                           \
      "a report fetched from a URL that an answer names, as it is sent")                           \
    X(LIMIT_DOWNLOAD_MS, "DOWNLOAD_MS", 600000, 1000, 3600000,                                     \
      "fetching such a report from start to last byte")                                            \
    X(LIMIT_RETRY_TOTAL_MS, "RETRY_TOTAL_MS", 300000, 0, 86400000,                                 \
      "retries of one request, waits included")                                                    \
    X(LIMIT_RETRY_NAME_MS, "RETRY_NAME_MS", 10000, 0, 86400000,                                    \
      "the same while a host's name is unknown")                                                   \
    X(LIMIT_PATIENCE_MS, "PATIENCE_MS", 8000, 100, 300000,                                         \
      "one request of check and recent, for which somebody waits, retries included")               \
    X(LIMIT_RETRY_BASE_MS, "RETRY_BASE_MS", 1000, 1, 60000,                                        \
      "first back-off; doubles with each try")                                                     \
    X(LIMIT_RETRY_CAP_MS, "RETRY_CAP_MS", 30000, 1, 600000,                                        \
      "largest back-off without a Retry-After")                                                    \
    X(LIMIT_RETRY_AFTER_MS, "RETRY_AFTER_MS", 180000, 0, 86400000,                                 \
      "longest Retry-After that is waited for")                                                    \
    X(LIMIT_JOB_POLL_FIRST_MS, "JOB_POLL_FIRST_MS", 500, 1, 60000,                                 \
      "first poll of a job; then twice it, four times it, then every JOB_POLL_MS")                 \
    X(LIMIT_JOB_POLL_MS, "JOB_POLL_MS", 3000, 1, 60000, "later polls of a job")                    \
    X(LIMIT_JOB_WAIT_MS, "JOB_WAIT_MS", 3600000, 1000, 86400000,                                   \
      "a job from submission to fulfilled")                                                        \
    X(LIMIT_ASKS, "ASKS", 20, 1, 10000,                                                            \
      "times that a question is asked whose answer is under way and has no job to poll")           \
    X(LIMIT_RESUME_PAGE_MS, "RESUME_PAGE_MS", 600000, 0, 86400000,                                 \
      "how old a page may be for numbered paging to go on behind it; later it begins anew")        \
    X(LIMIT_EMPTY_PAGES, "EMPTY_PAGES", 100, 1, 1000000, "pages in a row without rows")            \
    X(LIMIT_ANSWER_TRIES, "ANSWER_TRIES", 3, 1, 100,                                               \
      "times that a request is asked whose answers are none")                                      \
    X(LIMIT_JOB_RESUBMITS, "JOB_RESUBMITS", 3, 0, 100,                                             \
      "new jobs in place of one that expired or failed")                                           \
    X(LIMIT_JOBS_AT_ONCE, "JOBS_AT_ONCE", 4, 1, 64, "jobs under way at the same time")             \
    X(LIMIT_QUEUE_BYTES, "QUEUE_BYTES", 6291456, 65536, 1073741824,                                \
      "parsed pages on their way to the database (one is always let through)")                     \
    X(LIMIT_EXPORT_WAIT_MS, "EXPORT_WAIT_MS", 5000, 0, 600000,                                     \
      "waiting for another export into the same directory")                                        \
    X(LIMIT_DB_BUSY_MS, "DB_BUSY_MS", 30000, 0, 600000, "waiting for another writer")              \
    X(LIMIT_WAL_BYTES, "WAL_BYTES", 134217728, 4096, 1099511627776,                                \
      "a write-ahead log (-wal) between runs that is nothing to tell of")                          \
    X(LIMIT_CONFIG_BYTES, "CONFIG_BYTES", 1048576, 1024, 16777216,                                 \
      "a configuration, secret or .env file")                                                      \
    X(LIMIT_CONFIG_MS, "CONFIG_MS", 10000, 10, 600000, "waiting for such a file where it is a pipe")

enum limit {
#define LIMIT_ENUM(id, name, value, min, max, text) id,
    LIMITS(LIMIT_ENUM)
#undef LIMIT_ENUM
        LIMIT_COUNT
};

/* Reads ROLLCALL_LIMIT_* from the environment, once at start. ERR_CONFIG for an unknown name or a
 * value out of range. */
bool limits_load(struct err *e);

/* Moves a limit to what the configuration says (in its range), unless the environment has moved it.
 */
void limit_set(enum limit id, int64_t value);

/* The limit in force. */
int64_t limit_get(enum limit id);

#endif
