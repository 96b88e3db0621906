#include "etl/agenda.h"

#include "base/causes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

enum { ROUNDS = 2 };

void agenda_begin(struct agenda *g, const char *remembered)
{
    const struct plan_facts *f = &g->facts;

    g->at = g->order_count = g->due_count = 0;
    g->round = 0;
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

int64_t agenda_owed(const struct agenda *g, const struct window *w)
{
    size_t p = g->order[g->at];
    int64_t to_ms = w->too_large_ms != 0 ? w->too_large_ms : plan_owed(&w->span, p, &g->facts);

    return agenda_resumes(g, w, p, to_ms) ? w->now[p].target_to_ms : to_ms;
}

/* What the pass at hand is owed, in the order of the windows; where it stands in for others, only
 * of those that all before it were refused. */
static void plan_pass(struct agenda *g)
{
    size_t p = g->order[g->at];
    bool whole = g->facts.rules[p]->whole;
    bool stands_in = (g->stand_ins & 1U << p) != 0;
    unsigned before = 0;

    for (size_t i = 0; stands_in && i < g->at; i++) {
        before |= g->stand_ins & 1U << g->order[i];
    }
    g->due_count = g->next = 0;
    for (size_t i = 0; i < g->windows.count; i++) {
        struct window *w = &g->windows.list[i];
        bool timeless = w->span.start_ms == TIME_NONE;
        /* Nothing has changed since a reading at this very time, unless by what was read now. */
        bool is_read = timeless && w->span.pass[p].read_ms >= g->facts.time_ms &&
                       (!g->read_any || g->round > 0);

        w->due = timeless == (whole || !g->has_days) && (w->failed & 1U << p) == 0 &&
                 (before & ~w->refused) == 0 && !is_read && agenda_owed(g, w) != TIME_NONE;
        g->due_count += w->due ? 1 : 0;
    }
}

bool agenda_turn(struct agenda *g)
{
    g->troubled = 0;
    while (g->due_count == 0 && g->at < g->order_count) {
        size_t p = g->order[g->at];

        if (g->too_large) {
            while (g->at > 0 && g->order[g->at] >= p) {
                g->at--;
            }
            plan_pass(g);
            g->too_large = false;
            g->round = ROUNDS; /* what follows is planned already */
        } else if (g->round < ROUNDS) {
            plan_pass(g);
            g->round = g->due_count > 0 ? g->round + 1 : ROUNDS;
        } else {
            g->at++;
            g->round = 0;
        }
    }
    g->refusals = 0;
    return g->at < g->order_count;
}

static struct window *take(struct agenda *g, struct window *w)
{
    w->due = false;
    g->due_count--;
    return w;
}

struct window *agenda_next(struct agenda *g)
{
    struct window *list = g->windows.list;

    if (g->due_count == 0) {
        return NULL;
    }
    while (!list[g->next].due) {
        g->next++;
    }
    size_t at = g->next;
    for (size_t i = at; g->troubled + 1 >= TROUBLED_MAX && i < g->windows.count; i++) {
        if (list[i].due && list[i].span.start_ms > list[at].span.start_ms) {
            at = i;
        }
    }
    return take(g, &list[at]);
}

/* What the server calls the reading of a window that goes on; NULL: it begins. */
static const char *token_of(const struct agenda *g, const struct window *w, int64_t to_ms)
{
    size_t p = g->order[g->at];

    return agenda_resumes(g, w, p, to_ms) ? w->now[p].token : NULL;
}

bool agenda_goes_with(const struct agenda *g, const struct window *v, const struct window *w)
{
    if (v->alone || w->alone || v->troubled != w->troubled ||
        v->span.start_ms != w->span.start_ms || v->span.end_ms != w->span.end_ms ||
        !str_eq(v->zone, w->zone)) {
        return false;
    }
    int64_t to_ms = agenda_owed(g, v);
    return agenda_owed(g, w) == to_ms && str_eq(token_of(g, v, to_ms), token_of(g, w, to_ms));
}

struct window *agenda_more(struct agenda *g, const struct window *w)
{
    for (size_t i = g->next; g->due_count > 0 && i < g->windows.count; i++) {
        if (g->windows.list[i].due && agenda_goes_with(g, w, &g->windows.list[i])) {
            return take(g, &g->windows.list[i]);
        }
    }
    return NULL;
}

void agenda_again(struct agenda *g, struct window *w)
{
    size_t at = (size_t)(w - g->windows.list);

    w->due = true;
    g->due_count++;
    g->next = at < g->next ? at : g->next;
}

bool agenda_grant(struct agenda *g, size_t p)
{
    g->granted |= 1U << p;
    g->answered = true;
    return (g->granted & ((1U << p) - 1)) == 0;
}

/* Whether no pass is left for it. */
static bool refuse(const struct agenda *g, struct window *w, size_t p)
{
    w->refused |= 1U << p;
    return (g->stand_ins & ~w->refused) == 0;
}

size_t agenda_refuse(struct agenda *g, struct window *w, size_t p, const struct err *why)
{
    size_t count = refuse(g, w, p) ? 1 : 0;

    g->refused[p] = *why;
    g->refusals += str_eq(g->refused_scope, w->scope) ? 0 : 1;
    g->refused_scope = w->scope;
    if ((g->granted & 1U << p) == 0 && g->refusals == REFUSED_MAX) {
        for (size_t i = 0; i < g->windows.count; i++) {
            struct window *due = &g->windows.list[i];
            count += due->due && refuse(g, due, p) ? 1 : 0;
        }
        (void)agenda_close(g);
    }
    return count;
}

bool agenda_has_source(const struct agenda *g, const char *title, struct arena *a, struct err *e)
{
    size_t passes = g->facts.rule_count;
    const struct err *first = NULL;
    const char *all = "";

    for (size_t i = 0; i < 2 * passes; i++) {
        size_t p = i < passes ? i : i - passes;
        const struct err *why = &g->refused[p];

        if (why->kind != ERR_NONE && (why->kind == ERR_PERMISSION) == (i < passes)) {
            first = first ? first : why;
            all = arena_printf(a, "%s; %s: %s", all, g->facts.rules[p]->name, err_evidence(why, a));
        }
    }
    if (!first || g->answered) {
        return true;
    }
    bool lacks = first->kind == ERR_PERMISSION;
    err_set(e, lacks ? ERR_PERMISSION : ERR_CONTRACT, "no source of %s answers%s", title, all);
    memcpy(e->lacks, first->lacks, sizeof(e->lacks));
    err_cause(e, lacks ? CAUSE_PERMISSION_MISSING : CAUSE_NONE);
    return false;
}

size_t agenda_close(struct agenda *g)
{
    size_t left = g->due_count;

    for (size_t i = g->next; i < g->windows.count; i++) {
        struct window *w = &g->windows.list[i];

        w->failed |= w->due ? 1U << g->order[g->at] : 0;
        w->due = false;
    }
    g->due_count = 0;
    return left;
}
