#include "streams/agenda.h"

#include "base/limits.h"
#include "sql.h"

enum { ROUNDS = 2 };

/* Which windows are looked at, and up to where there shall be some: of the past none where all of
 * it is gone. */
static int64_t set_range(struct agenda *g)
{
    const struct stream *s = g->stream;
    struct window_range *in = &g->windows.range;
    int64_t time_ms = g->facts.time_ms;

    if (!stream_has_days(s)) {
        *in = (struct window_range){.from_ms = time_ms};
    } else if (g->past) {
        bool any = in->from_ms < in->to_ms;

        in->to_ms = any ? in->to_ms : 1;
        return any ? in->to_ms : INT64_MIN;
    } else {
        int64_t from_ms = clock_zone_day_start_ms(g->config->start_day);

        from_ms = s->grid == GRID_UTC_DAY ? clock_utc_day_start(from_ms) : from_ms;
        *in = (struct window_range){.from_ms = from_ms};
    }
    return time_ms + s->ahead_days * MS_PER_DAY;
}

/* What belongs to scopes that the stream no longer lists is marked as gone. */
static bool mark_unlisted(const struct agenda *g, struct loaders *loaders, int64_t now_ms,
                          int64_t *gone, struct err *e)
{
    const struct stream *s = g->stream;
    struct loader *loader = loaders_get(loaders, s, &s->passes[0], e);
    bool done = loader && db_begin(g->ledger->db, e) &&
                load_unlisted(loader, sql_window_listed, now_ms, g->ledger->run_id, gone, e);

    return db_finish(g->ledger->db, done, e);
}

bool agenda_find(struct agenda *g, struct loaders *loaders, int64_t now_ms, int64_t *gone,
                 struct err *trouble, struct err *e)
{
    const struct stream *s = g->stream;
    struct plan_facts *f = &g->facts;
    bool has_days = stream_has_days(s);

    g->kind = stream_windows(s, g->config);
    g->kind.asked = has_days ? g->past : NULL;
    f->available_ms = TIME_NONE;
    stream_plan(s, g->config, g->past != NULL, f);
    size_t first = plan_first(f);
    int64_t until_ms = set_range(g);
    if (!window_make(g->ledger, &g->kind, g->windows.range.from_ms, until_ms, trouble, e) ||
        (s->scope && s->load == LOAD_ENTITY && !has_days &&
         !mark_unlisted(g, loaders, now_ms, gone, e))) {
        return false;
    }
    return window_list(g->ledger, &g->kind, f->time_ms - f->lookback_days * MS_PER_DAY,
                       first < f->rule_count ? f->rules[first]->name : NULL, &g->windows, e);
}

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

static bool is_by_number(const struct agenda *g, size_t p)
{
    return step_of_rows(g->stream->passes[p].steps)->follow == FOLLOW_PAGES;
}

bool agenda_in_one_go(const struct agenda *g, const struct window *w)
{
    size_t p = g->order[g->at];

    return is_moment(g, w, p) || is_by_number(g, p);
}

bool agenda_resumes(const struct agenda *g, const struct window *w, int64_t to_ms)
{
    size_t p = g->order[g->at];
    const struct cursor *c = &w->now[p];
    bool moment = is_moment(g, w, p);
    int64_t now_ms = clock_now_ms();
    bool is_other = stream_has_days(g->stream) && g->ledger->grant_set_id != 0 &&
                    c->grant_set_id != 0 && c->grant_set_id != g->ledger->grant_set_id;

    if (c->target_to_ms == TIME_NONE || c->target_to_ms > to_ms ||
        g->stream->load == LOAD_OBSERVE || is_other ||
        (moment && g->facts.time_ms - c->begun_ms > plan_fresh_ms(&g->facts, p))) {
        return false;
    }
    if (!is_by_number(g, p) || c->page <= 1) {
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

    return agenda_resumes(g, w, to_ms) ? w->now[p].target_to_ms : to_ms;
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

        w->due = timeless == (whole || !stream_has_days(g->stream)) && (w->failed & 1U << p) == 0 &&
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

/* What the server calls the reading of a window that goes on; NULL: it begins. */
static const char *token_of(const struct agenda *g, const struct window *w, int64_t to_ms)
{
    return agenda_resumes(g, w, to_ms) ? w->now[g->order[g->at]].token : NULL;
}

/* Whether two may be asked for together: of one time and zone, either none of them begun or all the
 * same reading of an earlier run. */
static bool goes_with(const struct agenda *g, const struct window *v, const struct window *w)
{
    if (v->alone || w->alone || v->troubled != w->troubled ||
        v->span.start_ms != w->span.start_ms || v->span.end_ms != w->span.end_ms ||
        !str_eq(v->zone, w->zone)) {
        return false;
    }
    int64_t to_ms = agenda_owed(g, v);
    return agenda_owed(g, w) == to_ms && str_eq(token_of(g, v, to_ms), token_of(g, w, to_ms));
}

struct window *agenda_next(struct agenda *g, const struct window *with)
{
    bool newest = !with && g->troubled + 1 >= TROUBLED_MAX;
    struct window *next = NULL;

    while (g->due_count > 0 && !g->windows.list[g->next].due) {
        g->next++;
    }
    for (size_t i = g->next; g->due_count > 0 && i < g->windows.count && (!next || newest); i++) {
        struct window *w = &g->windows.list[i];
        bool fits = with ? goes_with(g, with, w) : !next || w->span.start_ms > next->span.start_ms;

        next = w->due && fits ? w : next;
    }
    if (next) {
        next->due = false;
        g->due_count--;
    }
    return next;
}

void agenda_again(struct agenda *g, struct window *w)
{
    size_t at = (size_t)(w - g->windows.list);

    w->due = true;
    g->due_count++;
    g->next = at < g->next ? at : g->next;
}

bool agenda_release(const struct agenda *g, struct window *w, struct err *e)
{
    w->claims--;
    if (w->claims == 0) {
        lock_unclaim(g->locks, w->window_id);
    }
    return window_refresh(g->ledger, &g->kind, g->windows.arena, w, e);
}

bool agenda_claim(struct agenda *g, const struct window *with, struct window **taken,
                  int64_t *to_ms, struct err *e)
{
    struct window *w;

    while ((w = agenda_next(g, with))) {
        if (w->claims == 0 && !lock_claim(g->locks, w->window_id)) {
            g->held += w->held ? 0 : 1;
            w->held = true;
            continue;
        }
        w->claims++;
        if (!window_refresh(g->ledger, &g->kind, g->windows.arena, w, e)) {
            return false;
        }
        *to_ms = agenda_owed(g, w);
        if (*to_ms != TIME_NONE && (!with || goes_with(g, with, w))) {
            break;
        }
        if (!agenda_release(g, w, e)) {
            return false;
        }
        if (*to_ms != TIME_NONE) {
            agenda_again(g, w); /* what another run was at is due by itself */
        }
    }
    *taken = w;
    return true;
}

const struct window *agenda_held(struct agenda *g)
{
    struct windows *all = &g->windows;
    size_t count = 0;

    g->held = 0;
    /* None is kept for itself meanwhile: another run may wait for it too. */
    for (size_t i = 0; i < all->count; i++) {
        const struct window *w = &all->list[i];

        if (w->held && !lock_claim(g->locks, w->window_id)) {
            return w;
        }
        if (w->held) {
            lock_unclaim(g->locks, w->window_id);
        }
    }
    for (size_t i = 0; i < all->count; i++) {
        if (all->list[i].held) {
            all->list[i].held = false;
            all->list[count++] = all->list[i];
        }
    }
    all->count = count;
    return NULL;
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

bool agenda_has_source(const struct agenda *g, struct arena *a, struct err *e)
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
    err_set(e, lacks ? ERR_PERMISSION : ERR_CONTRACT, "no source of %s answers%s", g->stream->title,
            all);
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

bool agenda_goes_on(const struct agenda *g, const struct window *w, int64_t to_ms)
{
    size_t p = g->order[g->at];

    return agenda_resumes(g, w, to_ms) && (g->stream->passes[p].batch <= 1 || w->now[p].token);
}

/* The ids that the pass at hand asks for, behind the one that was read last (NULL: all). */
static bool set_ids(const struct agenda *g, const struct window *w, const char *after,
                    struct pager_spec *ask, struct arena *a, struct err *e)
{
    size_t p = g->order[g->at];
    const struct pass *pass = &g->stream->passes[p];
    int64_t time_ms = g->facts.time_ms;
    int64_t read_ms = w->span.pass[p].read_ms == TIME_NONE ? time_ms : w->span.pass[p].read_ms;
    const struct db_value facts[] = {
        T(time_ms),          T(read_ms - g->facts.lookback_days * MS_PER_DAY),
        T(w->span.start_ms), T(w->span.end_ms),
        S(w->scope),         I(g->config->open_reread_max)};
    size_t known = COUNT_OF(facts); /* those behind the last that the SQL names are not for it */
    const char **ids;
    size_t count;
    size_t due = 0;

    while (known > 0 && !strstr(pass->ids, (char[]){'?', (char)('0' + known), '\0'})) {
        known--;
    }
    if (!db_list(db_ask_values(g->ledger->db, e, pass->ids, facts, known), a, &ids, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        /* A record may name none. */
        if (ids[i] && (!after || strcmp(ids[i], after) > 0)) {
            ids[due++] = ids[i];
        }
    }
    ask->ids = ids;
    ask->id_count = pager_fit_ids(pass->steps, ids, due);
    if (ask->id_count < due) {
        LOG(LOG_WARN, "ids that fit in no path are left out", LOG_S("reading", ask->label),
            LOG_N("ids", due - ask->id_count));
    }
    return true;
}

bool agenda_ask(const struct agenda *g, const struct window *w, int64_t to_ms,
                struct pager_spec *ask, struct arena *a, struct err *e)
{
    size_t p = g->order[g->at];
    bool goes_on = agenda_goes_on(g, w, to_ms);
    const struct pass *pass = &g->stream->passes[p];
    const struct plan_facts *f = &g->facts;
    const struct cursor *c = &w->now[p];

    ask->start = clock_format(plan_since(&w->span, p, to_ms), arena_alloc(a, CLOCK_ISO_BYTES));
    ask->end = clock_format(to_ms, arena_alloc(a, CLOCK_ISO_BYTES));
    ask->zone = w->zone ? w->zone : g->config->timezone;
    ask->scope = w->scope;
    ask->list = stream_list(g->stream, g->config);
    ask->hits_overflow = p > 0 && (f->in_force & ((1U << p) - 1)) != 0;
    ask->since_ms = plan_wants(&w->span, p, f);
    if (goes_on) {
        ask->at = (struct pager_at){
            .token = c->token,
            .waited = c->waited,
            .cursor = pass->ids ? NULL : c->at,
            .page = c->page,
            .page_size = (int)c->page_size,
        };
    }
    if (ask->since_ms > 0 && step_of_rows(pass->steps)->newest) {
        ask->at.page = 1; /* the page that is stored may be one of the other order */
    }
    return !pass->ids || set_ids(g, w, goes_on ? c->at : NULL, ask, a, e);
}
