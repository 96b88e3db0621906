/*
 * The nightly run: every enabled stream, in registry order, brought up to now; what was cut off
 * goes on by itself.
 *
 * Invariants: the locks of all its streams are taken at the start and each is freed when its stream
 * is done; the run's row is written even when the run fails (also when a lock refuses it), as long
 * as the database can be written; nothing is printed here.
 */
#pragma once

#include "base/progress.h"
#include "streams/fetch.h"
#include "streams/loaders.h"

/* --- what it is asked, and what comes of it --------------------------------------------------- */

struct extract_request {
    const struct config *config;         /* URLs resolved, time zone set */
    int64_t until_ms;                    /* TIME in force: --until, or now */
    const struct stream *const *streams; /* in registry order */
    size_t stream_count;
    int max_requests;                /* 0: what [extract] max_requests says */
    bool rezone;                     /* another time zone may date the file anew */
    const struct window_range *past; /* only these business days, which are over, wherever [extract]
                                        start lies (backfill); NULL: all up to TIME */
    bool again;                      /* of the past: what is whole is read once more too */
    struct progress_watcher watcher; /* zeroed: nobody watches */
    client_watcher *waits;           /* NULL: nobody; told in the thread that fetches */
};

struct extract_result {
    int64_t run_id; /* 0: there is no row */
    struct run_totals totals;
    int64_t elapsed_ms;
    const char **lines; /* what is in the way of a stream, a sentence each */
    size_t line_count;
    const char *leave_out; /* for [extract] streams: without those that the client may not read;
                              NULL: where it helps, the sentence says it */
    const char *not_done;  /* JSON: {STREAM: {exit, why, error}} of those that were to be read and
                              are not done; NULL: none */
    const char *gone; /* of the past: what the organization keeps no longer, for people; NULL: it
                         keeps all that was asked for, or does not say */
};

/* Runs. ERR_NONE when everything asked for is in place; otherwise the kind whose exit code the
 * program ends with, and `e` says why; where that is streams' own trouble, so do its lines. */
enum err_kind extract_run(const struct extract_request *request, struct arena *a,
                          struct extract_result *result, struct err *e);

/* --- what it holds ---------------------------------------------------------------------------- */

/* What may still be asked for (run/budget.h). */
struct budget {
    int64_t most;      /* of the run; INT64_MAX: no limit */
    const char *month; /* that requests are counted in: "2026-11"; NULL: none yet */
    int64_t kept;      /* that the file has counted, in all months */
    bool binds;        /* there is one: things are read to their end before others begin */
    bool live;         /* it is renewed while requests go out */
    int64_t now;       /* requests of the run that may go by what is counted, and in all */
    int64_t all;
    const char *over; /* what is said when those are used up */
    struct err why;   /* which is used up: nothing more is begun; ERR_NONE: none */
    const char *run_over;
    const char *month_over;
};

/* Pages that were loaded and are not committed. */
struct group {
    int pages;           /* 0: no transaction is open */
    struct night *night; /* whose the last one is */
    size_t bytes;
    struct run_totals before; /* the result's, without them */
};

struct run {
    const struct extract_request *request;
    const struct config *config;
    struct lock_file *locks;
    struct db *db;
    struct ledger ledger;
    struct client *client;
    struct erasures erased;
    struct pages *pages;
    struct arena *arena;
    struct owner owner;         /* of the file and of the client */
    struct client_identity who; /* what is to be asked of that, and was said */
    bool asks_ahead; /* what the first pages say waits until it is known whose the client is */
    struct budget budget;
    int64_t ahead_ms; /* how far the machine's clock is ahead of the server's; never below 0 */
    struct window_range past; /* what is left of the request's; only where it has one */
    struct extract_result *result;
    struct group group;
    struct night *nights; /* one a stream; a stream comes after the one it needs */
    size_t wanted_left;   /* of those that were asked for: not ended */
    bool has_read_lists;  /* which may name what a stream as a whole asks for */
    struct loaders loaders;
};

enum { IDENTITY_AT_ONCE = 2 }; /* requests of run_identify */

/* The file belongs to one organization, known before any row is stored; and what the client may
 * read is known of the days that it reads: asks, judges and keeps it. False also where the client
 * is of another organization. */
bool run_identify(struct run *run, struct err *e);

/* The lock of a stream that this run takes. */
int run_slot(const struct run *run, const struct stream *s);

/* Planning time: the earlier of TIME and the server's now. */
int64_t run_time_ms(const struct run *run);

/* The real moment: the earlier of the machine's now and the server's. */
int64_t run_now_ms(const struct run *run);
