#include "etl/agenda.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

enum { ROUNDS = 2 };

void agenda_begin(struct agenda *g, const char *remembered, struct arena *a)
{
    const struct plan_facts *f = &g->facts;

    g->at = g->order_count = g->due_count = g->due_next = 0;
    g->too_large_count = g->too_large_next = 0;
    g->round = 0;
    g->due = arena_array(a, g->windows.count + 1, sizeof(*g->due));
    g->too_large = arena_array(a, g->windows.count + 1, sizeof(*g->too_large));
    for (int again = 0; again < 2; again++) {
        for (size_t p = 0; p < f->rule_count; p++) {
            bool stands_in = plan_has_stand_in(f, p);
            bool first = stands_in && str_eq(f->rules[p]->name, remembered);

            if ((f->in_force & 1U << p) != 0 && first == (again == 0)) {
                g->order[g->order_count++] = p;
                g->stand_ins |= stands_in ? 1U << p : 0;
            }
        }
    }
}

bool agenda_needs_availability(const struct agenda *g)
{
    bool needed = false;

    for (size_t i = 0; i < g->windows.count && !needed; i++) {
        needed = plan_needs_availability(&g->windows.list[i].span, &g->facts);
    }
    return needed;
}

static bool is_moment(const struct agenda *g, const struct window *w, size_t p)
{
    return w->span.start_ms == TIME_NONE && !g->facts.rules[p]->whole;
}

bool agenda_in_one_go(const struct agenda *g, const struct window *w, size_t p)
{
    return is_moment(g, w, p) || (g->by_number & 1U << p) != 0;
}

bool agenda_resumes(const struct agenda *g, const struct window *w, size_t p, int64_t to_ms)
{
    const struct cursor *c = &w->now[p];
    bool moment = is_moment(g, w, p);
    int64_t now_ms = clock_now_ms();
    bool is_other = g->has_days && g->grant_set_id != 0 && c->grant_set_id != 0 &&
                    c->grant_set_id != g->grant_set_id;

    if (c->target_to_ms == TIME_NONE || c->target_to_ms > to_ms || g->observes || is_other ||
        (moment && g->facts.time_ms - c->begun_ms > plan_fresh_ms(&g->facts, p))) {
        return false;
    }
    if ((g->by_number & 1U << p) == 0 || c->page <= 1) {
        return true;
    }
    /* A name that moved to a page that was read would pass for one that is gone. */
    return !moment && c->page_ms != TIME_NONE && c->page_ms <= now_ms &&
           now_ms - c->page_ms <= limit_get(LIMIT_RESUME_PAGE_MS);
}

/* What the pass at hand is owed, in the order of the windows; nothing where another one that it
 * stands in for was granted. */
static void plan_pass(struct agenda *g)
{
    size_t p = g->order[g->at];
    bool whole = g->facts.rules[p]->whole;

    bool stands_in = (g->stand_ins & 1U << p) != 0;
    unsigned before = 0; /* passes that were asked before it */

    g->due_count = g->due_next = 0;
    if (g->granted && stands_in && !g->scoped) {
        return;
    }
    for (size_t i = 0; i < g->at; i++) {
        before |= 1U << g->order[i];
    }
    for (size_t i = 0; i < g->windows.count; i++) {
        struct window *w = &g->windows.list[i];
        bool timeless = w->span.start_ms == TIME_NONE;

        /* Of scopes each has its own stand-in. */
        bool is_other = stands_in && g->scoped && before != 0 && (w->refused & before) == 0;

        if (timeless != (whole || !g->has_days) || (w->failed & 1U << p) != 0 || is_other) {
            continue;
        }
        int64_t to_ms = plan_owed(&w->span, p, &g->facts);
        /* Nothing has changed since a reading at this very time, unless by what was read now. */
        bool is_read =
            w->span.pass[p].read_ms >= g->facts.time_ms && (!g->read_any || g->round > 0);
        if (timeless && is_read) {
            g->granted = g->granted || stands_in; /* the others are asked as little as this one */
        } else if (to_ms != TIME_NONE) {
            bool resumes = agenda_resumes(g, w, p, to_ms);
            g->due[g->due_count++] = (struct due){w, resumes ? w->now[p].target_to_ms : to_ms};
        }
    }
}

bool agenda_turn(struct agenda *g)
{
    g->troubled = 0;
    while (g->due_next == g->due_count && g->at < g->order_count) {
        size_t p = g->order[g->at];

        if (g->too_large_next < g->too_large_count) {
            while (g->at > 0 && g->order[g->at] >= p) {
                g->at--;
            }
            g->due_count = g->due_next = 0;
            while (g->too_large_next < g->too_large_count) {
                g->due[g->due_count++] = g->too_large[g->too_large_next++];
            }
            g->round = ROUNDS; /* what follows is planned already */
        } else if (g->round < ROUNDS) {
            plan_pass(g);
            g->round = g->due_count > 0 ? g->round + 1 : ROUNDS;
        } else {
            g->at++;
            g->round = 0;
        }
    }
    return g->at < g->order_count;
}

bool agenda_next(struct agenda *g, struct due *due)
{
    size_t at = g->due_next;

    if (at == g->due_count) {
        return false;
    }
    for (size_t i = at; g->troubled + 1 >= TROUBLED_MAX && i < g->due_count; i++) {
        if (g->due[i].window->span.start_ms > g->due[at].window->span.start_ms) {
            at = i;
        }
    }
    *due = g->due[at];
    g->due[at] = g->due[g->due_next++];
    return true;
}

/* What the server calls the reading of a window that goes on; NULL: it begins. */
static const char *token_of(const struct agenda *g, const struct window *w, int64_t to_ms)
{
    size_t p = g->order[g->at];

    return agenda_resumes(g, w, p, to_ms) ? w->now[p].token : NULL;
}

size_t agenda_more(struct agenda *g, const struct due *due, struct window **out, size_t most)
{
    const struct span *span = &due->window->span;
    const char *token = token_of(g, due->window, due->to_ms);
    size_t count = 0;

    for (size_t i = g->due_next; count < most && !due->window->alone && i < g->due_count; i++) {
        struct window *w = g->due[i].window;
        const char *other = token_of(g, w, g->due[i].to_ms);
        if (w->alone || w->troubled != due->window->troubled ||
            w->span.start_ms != span->start_ms || w->span.end_ms != span->end_ms ||
            g->due[i].to_ms != due->to_ms || !str_eq(w->zone, due->window->zone) ||
            !str_eq(token, other)) {
            continue;
        }
        out[count++] = w;
        g->due[i] = g->due[g->due_next++];
    }
    return count;
}

void agenda_again(struct agenda *g, struct window *w, int64_t to_ms)
{
    INVARIANT(g->due_next > 0);
    g->due[--g->due_next] = (struct due){w, to_ms};
}

size_t agenda_close(struct agenda *g)
{
    size_t left = g->due_count - g->due_next;

    while (g->due_next < g->due_count) {
        g->due[g->due_next++].window->failed |= 1U << g->order[g->at];
    }
    return left;
}

void agenda_add_too_large(struct agenda *g, struct window *w, int64_t to_ms)
{
    g->too_large[g->too_large_count++] = (struct due){w, to_ms};
}
