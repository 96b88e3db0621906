/*
 * The ledger: runs, and facts that they share. Windows are etl/window.h's, what was odd about rows
 * is counted by the loader.
 *
 * Invariants: times are ISO texts in the file and milliseconds here; what is written of a run is
 * that of the run begun last. What is written outside a transaction of the caller's is one by
 * itself.
 */
#pragma once

#include "etl/load.h"

struct config;

/* The ledger of a run. */
struct ledger {
    struct db *db;
    int64_t run_id;       /* of the run begun last; -1: none */
    int64_t grant_set_id; /* what the client may read; 0: not known */
};

/* --- runs --- */

/* Inserts the run's row, whose id is the ledger's then, in a transaction of its own. `streams` is a
 * JSON array; `keeps_raw`: it keeps answers. */
bool ledger_run_begin(struct ledger *l, const char *command, int64_t until_ms, const char *streams,
                      bool keeps_raw, struct err *e);

struct run_totals {
    int64_t requests;
    int64_t retries;
    int64_t bytes;
    int64_t pages;
    struct load_counts rows;
    /* known at the end */
    int64_t streams_done;
    int64_t streams_left;
    int64_t days_whole; /* business days of its streams */
};

/* Updates the run's counters; part of a page's transaction. */
bool ledger_run_progress(struct ledger *l, const struct run_totals *totals, struct err *e);

/* Ends the run: exit code, name and error text (NULL: none), counters, streams that are not done
 * (JSON; NULL: none); part of the caller's transaction. */
bool ledger_run_end(struct ledger *l, const struct run_totals *totals, enum err_kind kind,
                    const char *error, const char *not_done, struct err *e);

/* A run has ended: old answers and runs go, for some seconds at most, in transactions so short that
 * nobody waits; the next run goes on. */
void ledger_prune(struct db *d, const struct config *c, int64_t now_ms);

/* --- facts --- */

/* What a change of the zone dates anew. */
struct redated {
    struct arena *arena; /* given: for the texts; NULL: such a change is refused (ERR_CONFIG) */
    int64_t now_ms;      /* given: only what was before */
    const char *was;     /* the zone before; NULL: no day that a run has read is another now */
    const char *first;   /* days, as they were called */
    const char *last;
};

/* Fills zone_offset for the business zone (libc's; `zone` is its name), whole business days from
 * that of `from_ms` to that of `to_ms` and those stored before; replaces what the zone's rules or
 * name make wrong. Part of the caller's transaction. */
bool ledger_zone(struct db *d, const char *zone, int64_t from_ms, int64_t to_ms, struct redated *r,
                 struct err *e);

/* --- the organization that the file belongs to --- */

/* A file belongs to one organization: whose it is and whose the client is. Texts of the ledger are
 * in the arena. */
struct owner {
    const struct config *config; /* given */
    int64_t now_ms;              /* given */
    const char *stored_id;       /* NULL: the file has no owner yet */
    const char *stored_name;
    const char *id; /* what the API says, until then what is stored; NULL: nothing */
    const char *name;
    bool due; /* it is to be asked */
};

/* Reads the file's owner; due unless the same client has asked the same hosts on this UTC day.
 * Where it has, the answer must still be what [genesys] organization names: ERR_CONFIG. */
bool ledger_owner(struct ledger *l, struct owner *o, struct arena *a, struct err *e);

/* The same of the configuration's file, where there is one that can be read; otherwise due. */
bool ledger_owner_of_file(struct owner *o, struct arena *a, struct err *e);

/* Brings the table kpi up to the configuration's [kpi]. */
bool ledger_kpi(struct db *d, const struct config *c, struct err *e);

/* Warns in the log, naming the keys, when the table has others than the configuration; false when
 * it cannot be read. */
bool ledger_kpi_fits(struct db *d, const struct config *c, struct err *e);

/* Whether what the API said is what [genesys] organization names, and the file's owner where it has
 * one; ERR_CONFIG with its cause, also when the former is set and the API does not say (`e` has
 * why). */
bool ledger_judge(const struct owner *o, struct err *e);

/* The same, and keeps what the API said; a file without an owner gets one. Where the API does not
 * say, that is logged (`e` has why). */
bool ledger_keep_owner(struct ledger *l, const struct owner *o, struct err *e);

/* Keeps, and takes, what the API says of what the client may read: two answers as they came (NULL:
 * none did). A transaction of its own. */
bool ledger_grants(struct ledger *l, const char *subject, const char *token, int64_t now_ms,
                   struct err *e);
