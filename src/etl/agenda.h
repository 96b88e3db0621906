/*
 * What a stream is owed in a run, and in which order. No database, no HTTP.
 *
 * Passes take turns, each twice at most: what was only finished may owe something again. In a turn
 * windows come as they were listed; of passes that stand in for one another the one that was
 * granted last has the first turn, and none has one after another was granted.
 */
#pragma once

#include "etl/plan.h"
#include "etl/window.h"

enum {
    TROUBLED_MAX = 3
}; /* readings in a row that the server's own trouble ended: the next ones
      would meet it too */

/* A window that owes something to the pass at hand. */
struct due {
    struct window *window;
    int64_t to_ms;
};

struct agenda {
    /* given before agenda_begin */
    struct plan_facts facts;
    struct windows windows;
    bool has_days;        /* its windows are no moments */
    bool observes;        /* its rows are of one moment */
    bool scoped;          /* it is asked for scope by scope */
    unsigned by_number;   /* bits of the passes whose pages are numbered */
    int64_t grant_set_id; /* what the client may read; 0: not known */

    /* noted by whoever reads */
    size_t troubled; /* in a row */
    bool read_any;   /* by a pass that is not of the whole stream */
    bool granted;    /* one of the passes that stand in for one another is */

    unsigned stand_ins;       /* bits of those in force that stand in for one another */
    size_t order[PASSES_MAX]; /* of the passes in force */
    size_t order_count;
    size_t at; /* in `order`: the pass at hand */
    int round; /* of its turns */
    struct due *due;
    size_t due_count;
    size_t due_next;
    struct due *too_large; /* days that a pass could not page through */
    size_t too_large_count;
    size_t too_large_next;
};

/* Orders the passes; `remembered`: the one that was granted last (NULL: none is known). Begins anew
 * when it is called again, with what is left of the windows. */
void agenda_begin(struct agenda *g, const char *remembered, struct arena *a);

/* Whether some window's plan goes by the availability date. */
bool agenda_needs_availability(const struct agenda *g);

/* Goes on to the next pass that is owed something, g->order[g->at]; false: none is. What is due is
 * taken by agenda_next: once trouble has come up, the newest first, so that old trouble alone halts
 * nothing. */
bool agenda_turn(struct agenda *g);
bool agenda_next(struct agenda *g, struct due *due);

/* Takes up to `most` windows more that may be asked for together with `due`: of its time and zone,
 * either none of them begun or all the same reading of an earlier run; how many. */
size_t agenda_more(struct agenda *g, const struct due *due, struct window **out, size_t most);

/* Windows that were taken are due again. */
void agenda_again(struct agenda *g, struct window *w, int64_t to_ms);

/* Whether the stored reading of a window by pass `p`, which is owed up to `to_ms`, goes on: its
 * cursor must mean something. What is observed is of one moment, pages by number shift, and by
 * other grants other rows are missing. */
bool agenda_resumes(const struct agenda *g, const struct window *w, size_t p, int64_t to_ms);

/* Whether a reading of a window by pass `p` cannot go on a while later where it was cut: the state
 * of a moment, or pages by number. */
bool agenda_in_one_go(const struct agenda *g, const struct window *w, size_t p);

/* Nothing more is read in this turn; how much was left of it. */
size_t agenda_close(struct agenda *g);

/* A day too large for the pass at hand goes to the one before it, over the same hours. */
void agenda_add_too_large(struct agenda *g, struct window *w, int64_t to_ms);
