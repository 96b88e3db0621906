#include "etl/plan.h"

#define SINCE_OVERLAP_MS MS_PER_HOUR
#define SINCE_FIRST_MS   MS_PER_DAY
#define SINCE_MOST_MS    (7 * MS_PER_DAY)

static bool in_force(const struct plan_facts *f, size_t p)
{
    return p < f->rule_count && (f->in_force & 1U << p) != 0;
}

size_t plan_first(const struct plan_facts *f)
{
    size_t p = 0;

    while (p < f->rule_count && (!in_force(f, p) || f->rules[p]->whole)) {
        p++;
    }
    return p;
}

bool plan_has_stand_in(const struct plan_facts *f, size_t p)
{
    return f->rules[p]->instead || (p + 1 < f->rule_count && f->rules[p + 1]->instead);
}

/* The last of those that stand in for the pass that settles. */
static size_t last_of_first(const struct plan_facts *f)
{
    size_t p = plan_first(f);

    while (p + 1 < f->rule_count && f->rules[p + 1]->instead) {
        p++;
    }
    return p;
}

int64_t plan_fresh_ms(const struct plan_facts *f, size_t p)
{
    int64_t minutes = f->rules[p]->fresh_minutes;

    minutes = minutes == FRESH_NIGHT ? (int64_t)f->reread_hours * 60 : minutes;
    return MS_PER_MINUTE *
           (f->fresh_minutes > 0 ? clock_earlier(minutes, f->fresh_minutes) : minutes);
}

/* How far the passes up to `p` have covered a window. */
static int64_t covered_by(const struct span *w, size_t p)
{
    int64_t covered_ms = TIME_NONE;

    for (size_t i = 0; i <= p && i < PASSES_MAX; i++) {
        covered_ms = clock_later(covered_ms, w->pass[i].covered_to_ms);
    }
    return covered_ms;
}

int64_t plan_covered(const struct span *w)
{
    return covered_by(w, PASSES_MAX - 1);
}

/* When it was last read by a pass that may finish it. */
static int64_t last_read(const struct span *w, const struct plan_facts *f)
{
    int64_t read_ms = TIME_NONE;

    for (size_t i = 0; i <= last_of_first(f) && i < PASSES_MAX; i++) {
        read_ms = clock_later(read_ms, w->pass[i].read_ms);
    }
    return read_ms;
}

/* A pass before the first in force may have finished it too, under another setting. */
static bool is_finished(const struct span *w, const struct plan_facts *f)
{
    return covered_by(w, last_of_first(f)) >= w->end_ms;
}

/* The end of the time in which the vendor still changes the window's data. */
static int64_t lookback_end_ms(const struct span *w, const struct plan_facts *f)
{
    return w->end_ms + f->lookback_days * MS_PER_DAY;
}

/* The last of a window's looks whose age has come at `now_ms`; where none has, the end of its
 * lookback. */
static int64_t last_look_ms(const struct span *w, const struct plan_facts *f, int64_t now_ms)
{
    int64_t last_ms = lookback_end_ms(w, f);

    for (size_t i = 0; i < f->look_count && !w->no_looks; i++) {
        int64_t look_ms = w->end_ms + f->looks[i] * MS_PER_DAY;

        last_ms = look_ms <= now_ms ? clock_later(last_ms, look_ms) : last_ms;
    }
    return last_ms;
}

/* Whether there is a pass `p` that sees so far. */
static bool sees(const struct plan_facts *f, size_t p, enum pass_bound bound)
{
    return p < f->rule_count && f->rules[p]->bound == bound;
}

/* When a reading by pass `p` counts as made. */
static int64_t reading_time_ms(size_t p, const struct plan_facts *f)
{
    return sees(f, p, SEES_AVAILABLE) && f->available_ms != TIME_NONE
               ? clock_earlier(f->time_ms, f->available_ms + MS_PER_DAY)
               : f->time_ms;
}

/* Whether a finished window is to be read again. A settled one is only when a longer lookback has
 * taken it in again. The last of the lookback's falls after it; looks follow, each when its age has
 * come. */
static bool is_reread_due(const struct span *w, const struct plan_facts *f)
{
    int64_t now_ms = reading_time_ms(plan_first(f), f);
    int64_t read_ms = last_read(w, f);

    if (!is_finished(w, f) || read_ms == TIME_NONE || f->is_past) {
        return f->is_past && w->again && is_finished(w, f);
    }
    if (now_ms <= read_ms || (now_ms < w->end_ms && !sees(f, plan_first(f), SEES_AHEAD)) ||
        (w->state == WINDOW_SETTLED && f->time_ms >= lookback_end_ms(w, f))) {
        return false;
    }
    return read_ms < lookback_end_ms(w, f)
               ? now_ms - read_ms >= f->reread_hours * MS_PER_HOUR
               : w->state != WINDOW_SETTLED && read_ms < last_look_ms(w, f, now_ms);
}

bool plan_needs_availability(const struct span *w, const struct plan_facts *f)
{
    size_t first = plan_first(f);

    return sees(f, first, SEES_AVAILABLE) && w->start_ms != TIME_NONE && w->start_ms < f->time_ms &&
           (covered_by(w, first) < clock_earlier(w->end_ms, f->time_ms) || is_reread_due(w, f));
}

/* How far a pass can see of a window. */
static int64_t in_sight(const struct span *w, size_t p, const struct plan_facts *f)
{
    int64_t to_ms = clock_earlier(w->end_ms, f->time_ms);

    if (sees(f, p, SEES_AHEAD)) {
        return w->end_ms;
    }
    to_ms = w->needed_ms != 0 ? clock_earlier(to_ms, w->needed_ms) : to_ms;
    if (sees(f, p, SEES_AVAILABLE)) {
        return clock_earlier(to_ms, f->available_ms);
    }
    return sees(f, p, SEES_ENDED) && to_ms < w->end_ms ? TIME_NONE : to_ms;
}

int64_t plan_owed(const struct span *w, size_t p, const struct plan_facts *f)
{
    size_t first = plan_first(f);
    size_t last = last_of_first(f);

    if (!in_force(f, p)) {
        return TIME_NONE;
    }
    if (w->start_ms == TIME_NONE) {
        int64_t read_ms = w->pass[p].read_ms;
        /* A reading from the future means that the clock jumped back. */
        bool is_fresh = read_ms != TIME_NONE && read_ms <= f->time_ms &&
                        f->time_ms - read_ms < plan_fresh_ms(f, p);
        return is_fresh ? TIME_NONE : f->time_ms;
    }
    INVARIANT(!f->rules[p]->whole);
    int64_t to_ms = in_sight(w, p, f);
    if (to_ms == TIME_NONE || to_ms <= w->start_ms) {
        return TIME_NONE;
    }
    if (is_finished(w, f)) {
        return p >= first && p <= last && to_ms >= w->end_ms && is_reread_due(w, f) ? to_ms
                                                                                    : TIME_NONE;
    }
    if (p > last && in_sight(w, first, f) >= to_ms) {
        return TIME_NONE; /* the first pass sees as far: it is owed, not this one */
    }
    return covered_by(w, p) < to_ms ? to_ms : TIME_NONE;
}

int64_t plan_since(const struct span *w, size_t p, int64_t to_ms)
{
    int64_t covered_ms = w->pass[p].covered_to_ms;

    if (w->start_ms != TIME_NONE) {
        return w->start_ms;
    }
    return covered_ms == TIME_NONE
               ? to_ms - SINCE_FIRST_MS
               : clock_later(covered_ms - SINCE_OVERLAP_MS, to_ms - SINCE_MOST_MS);
}

int64_t plan_wants(const struct span *w, size_t p, const struct plan_facts *f)
{
    size_t first = plan_first(f);
    int64_t seen_ms = first < p ? w->pass[first].covered_to_ms : TIME_NONE;
    bool is_seen = seen_ms != TIME_NONE && seen_ms - SINCE_OVERLAP_MS > w->start_ms;

    return w->start_ms != TIME_NONE && is_seen ? seen_ms - SINCE_OVERLAP_MS : 0;
}

void plan_settle(struct span *w, size_t p, int64_t to_ms, const struct plan_facts *f)
{
    struct pass_coverage *c = &w->pass[p];

    if (w->start_ms == TIME_NONE) {
        *c = (struct pass_coverage){.covered_to_ms = to_ms, .read_ms = f->time_ms};
        return;
    }
    c->read_ms = clock_later(c->read_ms, reading_time_ms(p, f));
    c->covered_to_ms = clock_later(c->covered_to_ms, to_ms);
    for (size_t i = p + 1; i < PASSES_MAX; i++) {
        w->pass[i].covered_to_ms = TIME_NONE; /* older than this answer now, or replaced by it */
    }
    if (!is_finished(w, f)) {
        w->state = WINDOW_OPEN;
    } else if (last_read(w, f) >= last_look_ms(w, f, INT64_MAX)) {
        w->state = WINDOW_SETTLED;
    } else {
        w->state = WINDOW_PROVISIONAL;
    }
}
