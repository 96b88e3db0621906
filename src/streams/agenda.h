/*
 * What a stream is owed in a run, in which order, and what is asked for then. No HTTP; the database
 * where windows are found and ids asked for.
 *
 * Passes take turns, each twice at most: what was only finished may owe something again. In a turn
 * windows come as they were listed; of passes that stand in for one another the one that was
 * granted last has the first turn, and the next ones have what those before them were refused.
 */
#pragma once

#include "streams/loaders.h"

/* Readings in a row that the server's own trouble ended: the next ones would meet it too. */
enum { TROUBLED_MAX = 3 };
/* Scopes that a pass is refused for, while none is granted: it is for all. */
enum { REFUSED_MAX = 3 };

struct agenda {
    /* given: of the facts planning time and how fresh it shall be, of the windows the arena and
     * what is left of the past */
    const struct stream *stream;
    const struct config *config;
    struct ledger *ledger;
    struct lock_file *locks;
    const struct window_range *past; /* that was asked for; NULL: all up to planning time is */
    struct plan_facts facts;
    struct windows windows;

    struct window_kind kind;

    /* noted by whoever reads */
    size_t troubled; /* in a row */
    bool read_any;   /* by a pass that is not of the whole stream, or of a list */
    bool too_large;  /* a day was for the pass at hand (window.too_large_ms): it goes to the one
                        before, over the same hours */

    /* of passes that stand in for one another */
    unsigned stand_ins;             /* bits of those in force that do */
    struct err refused[PASSES_MAX]; /* why one is not granted; ERR_NONE: it is, or unasked */
    unsigned granted;               /* bits of those that were */
    bool answered;                  /* one was asked, and not refused */
    size_t refusals; /* readings of it that were refused, each after another scope's */
    const char *refused_scope;

    size_t order[PASSES_MAX]; /* of the passes in force */
    size_t order_count;
    size_t at;        /* in `order`: the pass at hand */
    int round;        /* of its turns */
    size_t due_count; /* windows that are due in this turn, and not taken yet */
    size_t next;      /* none before it is */
    size_t held;      /* windows that another run reads: they are looked at again at the end */
};

/* Finds the windows, and sets the facts: those that are missing are made, and what belongs to
 * scopes that there are no longer is marked as gone at `now_ms` (*gone: how much). In `trouble` is
 * why some have none. */
bool agenda_find(struct agenda *g, struct loaders *loaders, int64_t now_ms, int64_t *gone,
                 struct err *trouble, struct err *e);

/* Orders the passes; `remembered`: the one that was granted last (NULL: none is known). Begins anew
 * when it is called again, with what is left of the windows. */
void agenda_begin(struct agenda *g, const char *remembered);

/* Whether some window's plan goes by the availability date. */
bool agenda_needs_availability(const struct agenda *g);

/* Goes on to the next pass that is owed something, g->order[g->at]; false: none is. What is due is
 * taken by agenda_next (NULL: nothing is left): once trouble has come up, the newest first, so that
 * old trouble alone halts nothing; `with`: what may be asked for together with that one. */
bool agenda_turn(struct agenda *g);
struct window *agenda_next(struct agenda *g, const struct window *with);

/* Up to where a window is owed something by the pass at hand, the end of its stored reading where
 * that goes on; TIME_NONE: it is not. */
int64_t agenda_owed(const struct agenda *g, const struct window *w);

/* The same, and claims it: it is read anew, since another run may have had it, and still owed
 * something, up to *to_ms. What another run has is held. *taken is NULL where nothing is left. Give
 * it back by agenda_release, which reads it anew. */
bool agenda_claim(struct agenda *g, const struct window *with, struct window **taken,
                  int64_t *to_ms, struct err *e);
bool agenda_release(const struct agenda *g, struct window *w, struct err *e);

/* A window that another run still reads; NULL: none, and of all windows those that it was so with
 * are left. */
const struct window *agenda_held(struct agenda *g);

/* A window that was taken is due again. */
void agenda_again(struct agenda *g, struct window *w);

/* Whether the stored reading of a window by the pass at hand, which is owed up to `to_ms`, goes on:
 * its cursor must mean something. What is observed is of one moment, pages by number shift, and by
 * other grants other rows are missing. */
bool agenda_resumes(const struct agenda *g, const struct window *w, int64_t to_ms);

/* Whether a reading of a window by it cannot go on a while later where it was cut: the state of a
 * moment, or pages by number. */
bool agenda_in_one_go(const struct agenda *g, const struct window *w);

/* A pass, which others stand in for, was granted; whether it is to be asked first from now on:
 * where scopes are granted different ones, the preferred one is. */
bool agenda_grant(struct agenda *g, size_t p);

/* It is not granted to a window (`why`); where that is so of several scopes, and of none it is, to
 * none that is due. How many of them no pass is left for. */
size_t agenda_refuse(struct agenda *g, struct window *w, size_t p, const struct err *why);

/* False where none of them answers: why, the preferred one's missing permission first. */
bool agenda_has_source(const struct agenda *g, struct arena *a, struct err *e);

/* Whether a reading of a window by the pass at hand up to `to_ms` goes on where the stored one was:
 * what several windows were asked for together is known by what the server calls it. */
bool agenda_goes_on(const struct agenda *g, const struct window *w, int64_t to_ms);

/* What such a reading asks for, but for its steps, its label and the scopes of several windows. In
 * the arena. */
bool agenda_ask(const struct agenda *g, const struct window *w, int64_t to_ms,
                struct pager_spec *ask, struct arena *a, struct err *e);

/* Nothing more is read in this turn; how much was left of it. */
size_t agenda_close(struct agenda *g);
