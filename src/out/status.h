/*
 * Status: how far each stream is and what is behind, read from the file alone.
 *
 * An enabled stream is overdue when nothing of it was read for `due_hours`, or when runs were to
 * read it and none of them ended well for so long. It is behind when it is overdue, or when a
 * window that ended longer ago than that is not complete.
 */
#ifndef ROLLCALL_OUT_STATUS_H
#define ROLLCALL_OUT_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/db.h"

/* The default of due_hours: a nightly run, and two hours for it to be late. */
enum { STATUS_DUE_HOURS = 26 };

/* What a caller that knows the streams says of one. */
struct status_stream_facts {
    const char *name;
    const char *title;
    const char *table; /* with one row an entity */
    bool is_snapshot;  /* no days: the state of a moment */
    bool enabled;      /* one that is not is shown, but never behind */
};

/* A run of extract; texts are as stored, NULL where there are none. */
struct status_run {
    int64_t run_id; /* 0: none */
    const char *started_at;
    const char *ended_at; /* NULL: under way, or killed */
    const char *planned_until;
    int64_t exit_code; /* -1: none yet */
    const char *exit_name;
    const char *error;
    bool killed; /* a later run found it gone without an end */
};

struct status_stream {
    const struct status_stream_facts *facts;
    const char *complete_to; /* read without a hole up to here; of a snapshot: when it was taken */
    const char *last_read_at;
    int64_t whole_days;       /* business days read whole */
    int64_t open_days;        /* business days begun of which some window is not finished */
    int64_t provisional_days; /* finished, but they may be read again */
    const char *first_day;    /* the first business day there is */
    const char *whole_to_day; /* last of the unbroken row of whole days from the first on */
    int64_t open_windows;     /* windows not finished */
    int64_t provisional_windows;
    int64_t settled_windows;
    int64_t late_windows;           /* windows that are over and not complete */
    int64_t rows;                   /* entities stored */
    int64_t unknown_fields;         /* different ones ever seen */
    int64_t data_problems;          /* likewise */
    struct status_run last_run;     /* last run that was to read it and got its lock */
    struct status_run last_success; /* last of them that ended well */
    const char *last_error;         /* that still stands */
    const char *last_error_kind;
    const char *last_error_at;
    bool overdue;
    const char *behind; /* why it is overdue or behind; NULL: it is not */
};

/* Sums over all runs there are. */
struct status_sums {
    int64_t runs;
    int64_t requests;
    int64_t retries;
    int64_t bytes;
    int64_t pages;
    int64_t rows_new;
    int64_t rows_changed;
    int64_t rows_unchanged;
};

struct status {
    const char *database;
    int schema_version;
    int due_hours;
    bool overdue; /* some enabled stream is */
    bool behind;  /* some enabled stream is overdue or behind */
    struct status_run last_run;
    struct status_run last_success;
    struct status_run last_failure;
    int64_t requests_month; /* sent since the UTC month began */
    struct status_sums sums;
    struct status_stream *streams;
    size_t stream_count;
};

/* The streams to tell of, and the moment to judge them by. */
struct status_request {
    const struct status_stream_facts *streams;
    size_t stream_count;
    int64_t now_ms;
    int due_hours; /* 0: STATUS_DUE_HOURS */
};

/* Gathers the status, in the arena; the caller may hold a read transaction. */
bool status_gather(struct db *d, const struct status_request *wanted, struct arena *a,
                   struct status *out, struct err *e);

/* Prints it for people (`width` columns, 0: as wide as need be), or as one JSON object. */
void status_print(const struct status *s, struct arena *a, int width, FILE *out);
void status_print_json(const struct status *s, FILE *out);

#endif
