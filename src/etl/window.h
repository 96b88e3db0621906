/*
 * A window: a stretch of time (or the real moment) of a stream and one scope of it, how far each
 * pass has read it, and the readings under way. The one owner of extract_window and window_pass:
 * what is stored there is written here, and by statements of window.sql, alone.
 *
 * States of a pass, as a crash finds them (tests/unit/test_window.c lists them all):
 *   none      nothing is under way, or nothing came of it yet; covered_to says how far it has read
 *   begun     target_to is set, no token: what came first changed nothing, or it begins anew
 *   token     the server has a job or report of ours
 *   waited    a run has waited for it in vain; the next one asks once more
 *   paged     some pages are in the file, the cursor says where it goes on
 *   ended     covered_to moved and the reading is gone; a token that is still there is cleared up
 * window_page and window_end belong to the caller's transaction (the page's rows are in it); the
 * others are transactions of their own. What they write a window in memory gets by window_refresh
 * (but for the token, by which it is cleared up). Nothing that failed is a verdict: window_fail
 * keeps the cursor for the next run or forgets the reading, so that it begins anew.
 */
#pragma once

#include "etl/ledger.h"
#include "etl/plan.h"

/* How time is cut into windows. */
enum grid {
    GRID_MOMENT,       /* one window: the state of the real moment */
    GRID_UTC_DAY,      /* the API's own unit for conversation details */
    GRID_BUSINESS_DAY, /* days of [extract] timezone */
    GRID_SCOPE_DAY,    /* days of the scope's own zone */
};

/* Where a reading stands. */
struct cursor {
    const char *pass;     /* its name; NULL: the stream has no such pass */
    int64_t target_to_ms; /* TIME_NONE: none is under way */
    int64_t begun_ms;     /* planning time under which it began */
    const char *token;    /* what the server calls it; NULL: nothing of ours is there */
    bool waited;          /* a run has waited for it in vain */
    const char *at;       /* the server's cursor, or the last id of batches; NULL: the start */
    int64_t page;         /* next page by number, from 1 */
    int64_t page_size;    /* -1: as usual */
    int64_t page_ms;      /* when its last page was committed, by the clock; TIME_NONE */
    int64_t grant_set_id; /* by which grants it began; 0: not known */
};

struct window {
    int64_t window_id;
    const char *scope;  /* NULL: all */
    const char *parent; /* what the scope is part of; NULL: not said */
    const char *zone;   /* of GRID_SCOPE_DAY: whose day it is; else NULL */
    struct span span;
    int64_t failures;     /* since it was last read */
    unsigned failed;      /* bits of the passes that failed in this run */
    unsigned refused;     /* of them those that are not granted, and have a stand-in */
    int64_t too_large_ms; /* up to there a pass of this run could not page through it; 0: none */
    bool due;             /* it owes something to the pass at hand (streams/agenda.h) */
    bool alone;           /* it is asked for without others */
    bool troubled;    /* its scope has windows that failed: it is asked for without sound ones */
    int claims;       /* readings and cleanups of this run that have it */
    bool held;        /* another run has it: it is looked at again at the end */
    unsigned cleared; /* bits of passes whose token is being cleared up */
    struct cursor now[PASSES_MAX];
};

/* What windows are made and read by. */
struct window_kind {
    const char *stream;
    enum grid grid;
    int span_days;         /* most days a window; 0: one */
    const char *scope_sql; /* constant SQL that lists the scopes, and perhaps the zone of each, and
                              what it is part of; NULL: one for all */
    const char *zone;      /* of GRID_SCOPE_DAY: of scopes that have none; [extract] timezone */
    const char *needs; /* stream of the same days whose rows say what is asked for; NULL: none */
    const struct window_range *asked; /* the past that was asked for; NULL: none was */
    const struct pass_rule *rules[PASSES_MAX];
    size_t rule_count;
};

/* Makes the windows of `k` that begin before `until_ms` and end after `from_ms` (a day's start of
 * its grid), where missing; those of the real moment always. Windows of scopes that there are no
 * longer owe nothing any more; a scope whose zone is another now gets all of them anew. Of what was
 * asked for nobody can read any more what lies before `from_ms`, or is of such scopes: nothing is
 * claimed about its grants, and days that were never whole are forgotten. `trouble` (given clear)
 * gets the first scope's that has no windows, its zone being unknown. A transaction of its own. */
bool window_make(const struct ledger *l, const struct window_kind *k, int64_t from_ms,
                 int64_t until_ms, struct err *trouble, struct err *e);

/* The windows that may owe something: not settled, or ending after `since_ms` (the lookback), or
 * not covered by the pass `settles` (NULL: none), or with something of ours at the server. What a
 * crash left under way comes first, then what was never whole, by time, then what is read again,
 * the newest first; what failed comes last. In the arena. All but those of the real moment lie in a
 * range. Without an order it begins at what [extract] start says, and what was whole once is listed
 * wherever it lies; with one, what was asked for once more too. */
enum window_order { ORDER_NIGHT, ORDER_NEWEST, ORDER_OLDEST };
struct window_range {
    int64_t from_ms; /* they end after */
    int64_t to_ms;   /* and begin before; 0: as far as there are any */
    enum window_order order;
};
struct windows {
    struct arena *arena;       /* given */
    struct window_range range; /* given */
    struct window *list;
    size_t count;
};
bool window_list(const struct ledger *l, const struct window_kind *k, int64_t since_ms,
                 const char *settles, struct windows *out, struct err *e);

/* Reads a listed window anew, which another run may have read or dropped meanwhile. What is being
 * cleared up is none of it. */
bool window_refresh(const struct ledger *l, const struct window_kind *k, struct arena *a,
                    struct window *w, struct err *e);

/* Whether anything of a stream was ever read whole. */
bool window_ever_read(const struct ledger *l, const char *stream, int64_t *ever, struct err *e);

/* What was read at a time that has not come at `now_ms` (the server's: a machine's clock may be
 * behind) was not read: those windows of all streams are owed again, and so is what was observed
 * then. That there was any is logged. A transaction of its own. */
bool window_distrust(const struct ledger *l, int64_t now_ms, struct err *e);

/* What the server calls the reading is kept before anything follows; the cursor begins anew. */
bool window_token(const struct ledger *l, struct window *w, size_t p, const char *token,
                  struct err *e);

/* A page was loaded: `next` says where the reading goes on (target, token and waited are not
 * looked at). `counts` say what was loaded with it. */
struct window_counts {
    int64_t pages;
    int64_t rows;
    int64_t total_hits; /* 0: not said */
};
bool window_page(const struct ledger *l, const struct window *w, size_t p,
                 const struct cursor *next, const struct window_counts *counts, struct err *e);

/* A reading is whole: coverage and state are w->span's (plan_settle); errors are forgotten. The
 * token stays until window_token takes it away. */
bool window_end(const struct ledger *l, const struct window *w, size_t p, struct err *e);

/* A reading failed: the error (NULL: none) is kept beside the window until it is read.
 * WINDOW_ABANDON: it begins anew (its token stays, to be cleared up); WINDOW_WAITED: the token is
 * to be asked for once more. */
enum window_failure { WINDOW_GOES_ON, WINDOW_ABANDON, WINDOW_WAITED };
bool window_fail(const struct ledger *l, const struct window *w, size_t p, const struct err *cause,
                 enum window_failure how, struct err *e);
