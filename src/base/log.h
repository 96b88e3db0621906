/*
 * The log: one line per event on stderr, key=value or JSON, times in UTC.
 *
 * Invariants: a line is one write; values are escaped; a secret cannot be logged, since it has no
 * print path. log_setup comes before the threads; the rest is safe in all of them. Levels: error,
 * warn, info, debug. A status line (on a terminal) stands below the last line of the log: lines go
 * above it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* One key and its value: a text (NULL prints as null) or a number. Made by the macros below. */
struct log_field {
    const char *key;
    const char *text;
    int64_t number;
    bool is_number;
};

/* Sets level and format; before it is called: LOG_WARN, LOG_TEXT. */
void log_setup(enum log_level level, enum log_format format);

/* Writes one line: time, level, event (a short fixed word or phrase), then the fields. Keys are
 * fixed words. A line over 16 KiB is cut on a character's border and ends in cut=true. Leaves errno
 * alone. Use LOG(), or this with NULL and 0 for an event without fields. */
void log_event(enum log_level level, const char *event, const struct log_field *fields, int count);

/* Shows `text` (one line, narrower than the terminal, no control characters but for colours) as the
 * status line in place of the one before; NULL takes it away. For terminals alone. */
void log_status(const char *text);

#define LOG_S(k, v) ((struct log_field){.key = (k), .text = (v)})
#define LOG_N(k, v) ((struct log_field){.key = (k), .number = (int64_t)(v), .is_number = true})
/* LOG(LOG_INFO, "page committed", LOG_S("stream", name), LOG_N("rows", rows)): at least one field.
 * The fields are evaluated whatever the level. */
#define LOG(level, event, ...)                                                                     \
    log_event((level), (event), (const struct log_field[]){__VA_ARGS__},                           \
              (int)(sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)))
