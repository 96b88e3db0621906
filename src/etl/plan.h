/*
 * Planning: pure functions over windows and instants. What is owed, and up to where. No database,
 * no HTTP.
 *
 * Windows of a stream tile time from its start with no gap and no overlap, once for each scope. A
 * window is read by the passes of its stream, in their order, as far as the settings put them in
 * force. The first of those settles it: where its answer reaches the window's end, the window is
 * finished. Later ones bring what it cannot see yet, and are owed again after it: its answer is as
 * of its own bound, and may have replaced what they brought.
 */
#pragma once

#include "base/clock.h"

enum { PASSES_MAX = 8, LOOKS_MAX = 16 };

enum { FRESH_NIGHT = -1 }; /* read once a night: again when reread_hours old */

/* How far a pass can see. */
enum pass_bound {
    SEES_NOW,
    SEES_AVAILABLE, /* up to the availability date */
    SEES_ENDED,     /* windows that are over */
    SEES_AHEAD,     /* whole windows, also those that have not come */
};

/* What planning knows of a pass; constant data. */
struct pass_rule {
    const char *name; /* short, for the ledger and messages: "job", "query" */
    enum pass_bound bound;
    const char *when;  /* words of the stream's setting that put it in force; NULL: always */
    bool whole;        /* read once for the whole stream, after its windows */
    bool instead;      /* taken only where the pass before is not granted */
    int fresh_minutes; /* of the real moment, and of a whole pass: read again when older; 0: always;
                          FRESH_NIGHT */
};

enum window_state { WINDOW_OPEN, WINDOW_PROVISIONAL, WINDOW_SETTLED }; /* as window.sql has them */

/* How far a pass has got with a window. */
struct pass_coverage {
    int64_t covered_to_ms; /* TIME_NONE: never read */
    int64_t read_ms;       /* when the last whole reading counts as made; TIME_NONE */
};

/* What planning knows of a window. */
struct span {
    int64_t start_ms; /* TIME_NONE: the real moment */
    int64_t end_ms;   /* exclusive */
    enum window_state state;
    bool no_looks;     /* it was settled before there were later looks: it owes none */
    bool again;        /* it was asked for once more, and is not read yet */
    int64_t needed_ms; /* how far what it asks for was read by another stream; 0: it needs none */
    struct pass_coverage pass[PASSES_MAX];
};

struct plan_facts {
    int64_t time_ms;      /* the earlier of the run's TIME and the server's now */
    int64_t available_ms; /* data availability date; TIME_NONE: not asked */
    int lookback_days;
    int looks[LOOKS_MAX]; /* ages in days, in any order */
    size_t look_count;
    int reread_hours;
    int fresh_minutes; /* readings may be that old at most, whatever the rules say; 0: they say */
    const struct pass_rule *rules[PASSES_MAX];
    size_t rule_count;
    unsigned in_force; /* bit by pass */
    bool is_past;      /* of finished windows those alone are owed that were asked for once more */
};

/* The pass that settles windows: the first in force not of the whole stream; rule_count: none. */
size_t plan_first(const struct plan_facts *f);

/* Whether pass `p` is one of several that stand in for one another. */
bool plan_has_stand_in(const struct plan_facts *f, size_t p);

/* How old a reading of the real moment by pass `p` may be. */
int64_t plan_fresh_ms(const struct plan_facts *f, size_t p);

/* Whether the plan of this window goes by the availability date at all. */
bool plan_needs_availability(const struct span *w, const struct plan_facts *f);

/* How far pass `p` is owed now; TIME_NONE: not at all.
 *  - Never anything past f->time_ms but by what sees ahead, to the window's end, nor past what the
 *    stream it needs has read; an availability date of TIME_NONE stands for "before everything".
 *  - The first pass in force is owed when it (or one before it) has not covered what it can see; a
 *    later one for the hours after that.
 *  - A finished window that is not settled is owed one reading more when the last is reread_hours
 *    old, until one was made after the lookback; then at each age of `looks` that no reading has
 *    reached yet, so that one settles all looks of its age and below. A settled one owes again what
 *    a longer lookback has taken in; of looks nothing. Of the past (f->is_past) none of this holds:
 *    a finished window is owed a reading when it was asked for once more.
 *  - Of the real moment: when the last reading is fresh_minutes old, or from a time to come. */
int64_t plan_owed(const struct span *w, size_t p, const struct plan_facts *f);

/* From when on a reading of pass `p` up to `to_ms` asks: the window's start, or of the real moment,
 * for sources that report intervals, a while before the last reading; at most a week. */
int64_t plan_since(const struct span *w, size_t p, int64_t to_ms);

/* Of a day, since when what began is wanted of pass `p`: a while before where the pass that settles
 * it has got to; 0: since its start. */
int64_t plan_wants(const struct span *w, size_t p, const struct plan_facts *f);

/* State and coverage of a window after pass `p` has read it up to `to_ms`; what later passes
 * brought is owed again. The reading counts as made at f->time_ms, but where the pass goes by the
 * availability date at most a day after that, so that a TIME in the future settles nothing that can
 * still change. Finished and read after the lookback and its last look means settled. */
void plan_settle(struct span *w, size_t p, int64_t to_ms, const struct plan_facts *f);

/* Up to where a window is covered by any pass; TIME_NONE: nowhere. */
int64_t plan_covered(const struct span *w);
