/*
 * Status: how far each stream is and what is behind, read from the file alone.
 *
 * A stream is behind when nothing of it was read for STATUS_PATIENCE_HOURS, or when a window that
 * ended longer ago than that is not complete.
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

/* A nightly run, and two hours for it to be late. */
enum { STATUS_PATIENCE_HOURS = 26 };

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
};

struct status_stream {
    const struct status_stream_facts *facts;
    const char *complete_to; /* read without a hole up to here; of a snapshot: when it was taken */
    const char *last_read_at;
    int64_t whole_days;         /* business days read whole */
    const char *first_day;      /* the first business day there is */
    const char *whole_to_day;   /* last of the unbroken row of whole days from the first on */
    int64_t open_windows;       /* windows not finished */
    int64_t rows;               /* entities stored */
    struct status_run last_run; /* last run that was to read it */
    const char *last_error;     /* that still stands */
    const char *last_error_kind;
    const char *last_error_at;
    const char *behind; /* why it is behind; NULL: it is not */
};

struct status {
    const char *database;
    int schema_version;
    bool behind; /* some enabled stream is */
    struct status_run last_run;
    struct status_stream *streams;
    size_t stream_count;
};

/* The streams to tell of, and the moment to judge them by. */
struct status_request {
    const struct status_stream_facts *streams;
    size_t stream_count;
    int64_t now_ms;
};

/* Gathers the status, in the arena; the caller may hold a read transaction. */
bool status_gather(struct db *d, const struct status_request *request, struct arena *a,
                   struct status *out, struct err *e);

/* Prints it for people (`width` columns, 0: as wide as need be), or as one JSON object. */
void status_print(const struct status *s, struct arena *a, int width, FILE *out);
void status_print_json(const struct status *s, FILE *out);

#endif
