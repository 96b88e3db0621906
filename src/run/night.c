#include "run/night.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "run/store.h"
#include "sql.h"

void night_fail(struct night *n, const struct err *error, bool halts)
{
    n->left++;
    if (n->first.kind == ERR_NONE || (halts && !n->halted)) {
        n->first = *error;
    }
    n->halted = n->halted || halts;
}

bool night_is_refused(const struct night *n)
{
    return n->first.kind == ERR_PERMISSION && (n->halted || (n->ended && n->done == 0));
}

bool night_is_whole(const struct night *n)
{
    return n->ended && n->left == 0 && n->first.kind == ERR_NONE && !n->stopped;
}

/* --- windows that other runs may be reading ------------------------------------------------- */

/* A window is this run's for a reading (*mine), unless another run has it: then it is looked at
 * again at the end. It is read anew, since one may have had it (*changed). */
static bool claim(struct night *n, struct window *w, bool *mine, bool *changed, struct err *e)
{
    const struct pass_rule *rules[PASSES_MAX];
    struct window_kind kind = stream_windows(n->stream, n->run->config, rules);

    *changed = false;
    *mine = w->claims > 0 || lock_claim(n->run->locks, w->window_id);
    w->claims += *mine ? 1 : 0;
    n->held += *mine || w->held ? 0 : 1;
    w->held = w->held || !*mine;
    return !*mine || window_refresh(&n->run->ledger, &kind, n->run->arena, w, changed, e);
}

static void unclaim(const struct night *n, struct window *w)
{
    w->claims--;
    if (w->claims == 0) {
        lock_unclaim(n->run->locks, w->window_id);
    }
}

/* Claims what is due; *takes: it still is, up to due->to_ms. */
static bool claim_due(struct night *n, struct due *due, bool *takes, struct err *e)
{
    const struct agenda *g = &n->agenda;
    struct window *w = due->window;
    bool changed;

    if (!claim(n, w, takes, &changed, e)) {
        return false;
    }
    if (changed) {
        size_t p = g->order[g->at];
        int64_t to_ms = plan_owed(&w->span, p, &g->facts);

        due->to_ms = agenda_resumes(g, w, p, to_ms) ? w->now[p].target_to_ms : to_ms;
        *takes = to_ms != TIME_NONE;
        if (!*takes) {
            unclaim(n, w);
        }
    }
    n->progress.windows_done += *takes ? 0 : 1;
    return true;
}

/* --- readings -------------------------------------------------------------------------------- */

static const char *label_of(const struct night *n, const struct window *w, const char *pass,
                            struct arena *a)
{
    const char *day = w ? stream_day(n->stream, w->span.start_ms, w->zone, a) : NULL;

    return arena_printf(a, "%s%s%s%s%s (%s)", n->stream->name, day ? " " : "", day ? day : "",
                        w && w->scope ? " " : "", w && w->scope ? w->scope : "", pass);
}

/* A window joins a reading. */
static void add_share(const struct night *n, struct reading *r, struct window *w)
{
    const char *zone = w->zone ? w->zone : n->run->config->timezone;
    struct walk_facts facts = {.start_ms = w->span.start_ms,
                               .end_ms = w->span.end_ms,
                               .scope = w->scope,
                               .parent = w->parent,
                               .day = stream_day(n->stream, w->span.start_ms, w->zone, r->arena),
                               .zone = zone};

    r->shares[r->share_count++] = (struct share){w, facts};
}

/* A reading of a window by pass `p`; without a window, of the stream. */
static struct reading *make_reading(struct night *n, enum reading_kind kind, struct window *w,
                                    size_t p, const char *what)
{
    struct reading *r = reading_new();

    r->kind = kind;
    r->night = n;
    r->stream = n->stream;
    r->lane = kind == READING_CLEANUP ? &n->side : &n->lane;
    r->window = w;
    r->pass_no = p;
    r->pass = w ? &n->stream->passes[p] : NULL;
    r->ask.steps = w ? r->pass->steps : NULL;
    r->ask.label = label_of(n, w, what, r->arena);
    if (w) {
        r->shares = arena_array(r->arena, BATCH_MOST, sizeof(*r->shares));
        add_share(n, r, w);
    }
    return r;
}

/* Others that may be asked for with it join a reading; what another run was at is due by itself. */
static bool add_others(struct night *n, struct reading *r, const struct due *due, struct err *e)
{
    struct window *others[BATCH_MOST];
    const struct pass *pass = &n->stream->passes[r->pass_no];
    size_t most = (size_t)(pass->batch > 1 ? pass->batch : 1);

    most = n->batch_most > 0 && n->batch_most < most ? n->batch_most : most;
    size_t count = agenda_more(&n->agenda, due, others, most - 1);
    const char **scopes = arena_array(r->arena, BATCH_MOST, sizeof(*scopes));
    for (size_t i = 0; i < count; i++) {
        bool mine;
        bool changed;

        if (!claim(n, others[i], &mine, &changed, e)) {
            return false;
        }
        if (mine && !changed) {
            add_share(n, r, others[i]);
        } else if (mine) {
            unclaim(n, others[i]);
            agenda_again(&n->agenda, others[i], due->to_ms);
        }
    }
    for (size_t i = 0; i < r->share_count; i++) {
        scopes[i] = r->shares[i].window->scope;
    }
    if (r->share_count > 1) {
        r->ask.label = arena_printf(r->arena, "%s and %zu more", r->ask.label, r->share_count - 1);
    }
    r->ask.scopes = scopes;
    r->ask.scope_count = r->share_count;
    return true;
}

/* Something of ours that is still at the server is cleared up; what comes of it changes nothing.
 * The window is claimed. */
static void issue_cleanup(struct night *n, struct window *w, size_t p)
{
    struct reading *r = make_reading(n, READING_CLEANUP, w, p, "deleting a finished job");

    r->ask.at.token = arena_strdup(r->arena, w->now[p].token);
    atomic_store(&r->committed, true);
    w->claims++;
    w->cleared |= 1U << p;
    w->now[p].token = NULL;
    w->now[p].target_to_ms = TIME_NONE;
    n->side_count++;
    pages_issue(n->run->pages, r);
}

/* Asks for the availability date. */
static void issue_question(struct night *n)
{
    struct reading *r = make_reading(n, READING_QUESTION, NULL, 0, "data availability date");
    struct step *steps = arena_array(r->arena, 2, sizeof(*steps));

    for (size_t p = 0; p < n->stream->pass_count && !steps[0].path; p++) {
        steps[0] = (struct step){.path = n->stream->passes[p].available,
                                 .must = "dataAvailabilityDate",
                                 .available = "dataAvailabilityDate"};
    }
    r->ask.steps = steps;
    n->under_way[n->under_way_count++] = r;
    pages_issue(n->run->pages, r);
}

/* The ids that a pass asks for, behind the one that was read last. */
static bool set_ids(const struct night *n, struct reading *r, const char *after, struct err *e)
{
    const struct plan_facts *f = &n->agenda.facts;
    int64_t read_ms = r->window->span.pass[r->pass_no].read_ms;
    struct id_list ids = {
        .time_ms = f->time_ms,
        .since_ms = (read_ms == TIME_NONE ? f->time_ms : read_ms) - f->lookback_days * MS_PER_DAY,
        .start_ms = r->window->span.start_ms,
        .end_ms = r->window->span.end_ms,
        .scope = r->window->scope,
        .most = n->run->config->open_reread_max,
        .after = after,
    };

    if (r->pass->ids && !ledger_ids(&n->run->ledger, r->pass->ids, &ids, r->arena, e)) {
        return false;
    }
    r->ask.ids = ids.ids;
    r->ask.id_count = pager_fit_ids(r->pass->steps, ids.ids, ids.count);
    if (r->ask.id_count < ids.count) {
        LOG(LOG_WARN, "ids that fit in no path are left out", LOG_S("reading", r->ask.label),
            LOG_N("ids", ids.count - r->ask.id_count));
    }
    return true;
}

/* With a budget what cannot go on in another run is read by itself, and first where it was cut. */
static void spare(const struct night *n, struct reading *r, const struct window *w, size_t p)
{
    r->spares = n->run->budget.binds;
    r->in_one_go = r->spares && agenda_in_one_go(&n->agenda, w, p);
    r->comes_first = r->in_one_go && w->now[p].target_to_ms != TIME_NONE &&
                     w->now[p].page_ms != TIME_NONE && w->failures == 0;
}

/* The ledger has that a reading begins, or goes on. */
static bool note_begun(const struct night *n, struct reading *r, bool resumes, struct err *e)
{
    return (resumes || store_begin(n->run, r, e)) &&
           (!r->spares || db_do(n->run->db, e, sql_window_taken, I(r->window->window_id),
                                I(n->run->ledger.run_id)));
}

/* Begins a reading of what is due, or lets the stored one go on, and issues it. */
static bool issue_window(struct night *n, const struct due *due, struct err *e)
{
    const struct plan_facts *f = &n->agenda.facts;
    size_t p = n->agenda.order[n->agenda.at];
    struct window *w = due->window;
    const struct cursor *c = &w->now[p];
    struct reading *r = make_reading(n, READING_WINDOW, w, p, f->rules[p]->name);
    bool resumes = agenda_resumes(&n->agenda, w, p, due->to_ms) &&
                   (n->stream->passes[p].batch <= 1 || c->token);

    spare(n, r, w, p);
    bool done = add_others(n, r, due, e);
    r->to_ms = due->to_ms;
    r->plan = *f;
    if (resumes) {
        r->plan.time_ms = c->begun_ms < f->time_ms ? c->begun_ms : f->time_ms;
        r->to_ms = c->target_to_ms;
        r->ask.at = (struct pager_at){
            .token = c->token ? arena_strdup(r->arena, c->token) : NULL,
            .waited = c->waited,
            .cursor = !r->pass->ids && c->at ? arena_strdup(r->arena, c->at) : NULL,
            .page = c->page,
            .page_size = (int)c->page_size,
        };
    } else {
        for (size_t i = 0; i < r->share_count; i++) {
            if (r->shares[i].window->now[p].token) {
                issue_cleanup(n, r->shares[i].window, p);
            }
        }
    }
    r->ask.hits_overflow = p > 0 && (f->in_force & ((1U << p) - 1)) != 0;
    r->must_add_up = w->span.start_ms == TIME_NONE;
    r->is_over = w->span.start_ms != TIME_NONE && w->span.end_ms <= f->time_ms;
    r->ask.scope = w->scope;
    r->ask.zone = r->shares[0].facts.zone;
    r->ask.since_ms = plan_wants(&w->span, p, f);
    if (r->ask.since_ms > 0 && step_of_rows(r->pass->steps)->newest) {
        r->ask.at.page = 1; /* the page that is stored may be one of the other order */
    }
    r->ask.list = stream_list(n->stream, n->run->config);
    r->ask.start =
        clock_format(plan_since(&w->span, p, r->to_ms), arena_alloc(r->arena, CLOCK_ISO_BYTES));
    r->ask.end = clock_format(r->to_ms, arena_alloc(r->arena, CLOCK_ISO_BYTES));
    done = done && set_ids(n, r, resumes && r->pass->ids ? c->at : NULL, e) &&
           note_begun(n, r, resumes, e);
    if (!done) {
        arena_free(r->arena);
        return false;
    }
    n->under_way[n->under_way_count++] = r;
    pages_issue(n->run->pages, r);
    return true;
}

/* --- a night --------------------------------------------------------------------------------- */

static bool issue_more(struct night *n, struct err *e)
{
    struct due due;

    while (!n->halted && n->run->budget.why.kind == ERR_NONE &&
           n->under_way_count < n->lane.at_once + AHEAD && agenda_next(&n->agenda, &due)) {
        bool takes;

        if (!claim_due(n, &due, &takes, e) || (takes && !issue_window(n, &due, e))) {
            return false;
        }
    }
    return true;
}

/* Where none of the passes that stand in for one another is granted: why, the preferred one's
 * missing permission first. */
static void tell_refusals(struct night *n)
{
    size_t passes = n->stream->pass_count;
    const struct err *first = NULL;
    const char *all = "";
    struct err error;

    for (size_t i = 0; i < 2 * passes; i++) {
        size_t p = i < passes ? i : i - passes;
        const struct err *why = &n->refused[p];

        if (why->kind != ERR_NONE && (why->kind == ERR_PERMISSION) == (i < passes)) {
            first = first ? first : why;
            all = arena_printf(n->run->arena, "%s; %s: %s", all, n->stream->passes[p].plan.name,
                               err_evidence(why, n->run->arena));
        }
    }
    if (first && !n->halted && !n->agenda.granted) {
        bool lacks = first->kind == ERR_PERMISSION;

        err_set(&error, lacks ? ERR_PERMISSION : ERR_CONTRACT, "no source of %s answers%s",
                n->stream->title, all);
        memcpy(error.lacks, first->lacks, sizeof(error.lacks));
        err_cause(&error, lacks ? CAUSE_PERMISSION_MISSING : CAUSE_NONE);
        night_fail(n, &error, true);
    }
}

/* Of the past a day that waits for rows which another run is to read is read by no later night. */
static void tell_waiting(struct night *n)
{
    const struct windows *all = &n->agenda.windows;
    struct err error;

    for (size_t i = 0; n->run->request->past && n->needs && !n->needs->begun && i < all->count;
         i++) {
        const struct span *w = &all->list[i].span;

        if (w->needed_ms > 0 && w->needed_ms < w->end_ms && (w->state == WINDOW_OPEN || w->again)) {
            err_set(&error, ERR_LOCKED,
                    "%s: another run holds %s, whose rows of that day are missing",
                    label_of(n, &all->list[i], "not read", n->run->arena), n->needs->stream->name);
            night_fail(n, &error, false);
        }
    }
}

/* Nothing is under way, and nothing more is asked: what is missing is said. */
static void be_over(struct night *n)
{
    const struct agenda *g = &n->agenda;
    struct err error;

    n->over = true;
    n->stopped = stop_requested() && g->at < g->order_count;
    tell_refusals(n);
    tell_waiting(n);
    /* Of a day too large for the query, hours that no job sees yet are missing. */
    for (size_t i = 0; i < g->too_large_count; i++) {
        const struct due *day = &g->too_large[i];

        if (plan_covered(&day->window->span) < day->to_ms) {
            err_set(&error, ERR_CONTRACT,
                    "%s: more than %lld rows, which the query does not reach, and its last hours "
                    "are in no job yet; a later run reads them",
                    label_of(n, day->window, "query", n->run->arena),
                    (long long)limit_get(LIMIT_QUERY_ROWS));
            night_fail(n, &error, false);
        }
    }
}

/* When nothing is under way any more: on to the next pass that is owed something. */
static bool advance(struct night *n, struct err *e)
{
    struct agenda *g = &n->agenda;

    if (n->under_way_count > 0 || n->over) {
        return true;
    }
    if (n->halted || stop_requested() || !agenda_turn(g)) {
        be_over(n);
        return true;
    }
    if (n->run->budget.why.kind != ERR_NONE) {
        night_fail(n, &n->run->budget.why, true);
        be_over(n);
        return true;
    }
    int64_t most = n->run->config->in_flight;
    if (n->stream->passes[g->order[g->at]].steps->token && limit_get(LIMIT_JOBS_AT_ONCE) < most) {
        most = limit_get(LIMIT_JOBS_AT_ONCE);
    }
    n->lane.at_once = (size_t)most;
    n->refusals = 0;
    atomic_store(&n->lane.closed, false);
    progress_phase(&n->progress, g->due_count);
    return issue_more(n, e) && advance(n, e); /* it may be that nothing was to be had */
}

/* Which windows are looked at; up to where there shall be some. Of the past none where all of it is
 * gone. */
static int64_t set_range(struct night *n)
{
    const struct run *run = n->run;
    const struct stream *s = n->stream;
    struct window_range *in = &n->agenda.windows.range;
    int64_t time_ms = n->agenda.facts.time_ms;

    *in = (struct window_range){.from_ms = time_ms};
    if (stream_has_days(s) && run->request->past) {
        bool any = run->past.from_ms < run->past.to_ms;
        *in = (struct window_range){run->past.from_ms, any ? run->past.to_ms : 1,
                                    run->past.oldest_first ? ORDER_OLDEST : ORDER_NEWEST};
        return any ? run->past.to_ms : INT64_MIN;
    }
    if (stream_has_days(s)) {
        in->from_ms = clock_zone_day_start_ms(run->config->start_day);
        in->from_ms = s->grid == GRID_UTC_DAY ? clock_utc_day_start(in->from_ms) : in->from_ms;
    }
    return time_ms + s->ahead_days * MS_PER_DAY;
}

/* What is gone at the organization, or with its scope, is owed no more. */
static bool leave_gone(struct night *n, const struct window_kind *kind, struct err *e)
{
    const struct past *past = n->run->request->past;

    return !past || !n->agenda.has_days ||
           window_gone(&n->run->ledger, kind, n->agenda.windows.range.from_ms,
                       &(struct window_range){past->from_ms, past->to_ms, ORDER_NIGHT}, e);
}

/* What planning goes by, and the windows there are. */
static bool find_windows(struct night *n, struct err *e)
{
    const struct config *c = n->run->config;
    const struct stream *s = n->stream;
    struct agenda *g = &n->agenda;
    struct plan_facts *f = &g->facts;
    struct window_kind kind = stream_windows(s, c, f->rules);
    struct err trouble = {.kind = ERR_NONE};

    f->time_ms = stream_has_days(s) ? run_time_ms(n->run) : run_now_ms(n->run);
    f->available_ms = TIME_NONE;
    f->lookback_days = c->lookback_days;
    f->reread_hours = c->reread_hours;
    stream_looks(s, c, f);
    f->fresh_minutes = n->fresh_minutes;
    f->rule_count = s->pass_count;
    f->in_force = stream_in_force(s, config_word(c, s->setting));
    f->is_past = n->run->request->past != NULL;
    g->has_days = stream_has_days(s);
    g->grant_set_id = n->run->ledger.grant_set_id;
    g->observes = s->load == LOAD_OBSERVE;
    g->scoped = s->scope != NULL;
    g->windows.arena = n->run->arena;
    kind.trouble = &trouble;
    for (size_t p = 0; p < s->pass_count; p++) {
        bool by_number = step_of_rows(s->passes[p].steps)->follow == FOLLOW_PAGES;
        g->by_number |= by_number ? 1U << p : 0;
        /* What is read of the stream as a whole is the night's. */
        f->in_force &= f->is_past && f->rules[p]->whole ? ~(1U << p) : ~0U;
    }
    size_t first = plan_first(f);
    int64_t until_ms = set_range(n);
    bool marks = s->scope && s->load == LOAD_ENTITY && !g->has_days;
    if (!window_make(&n->run->ledger, &kind, g->windows.range.from_ms, until_ms, e) ||
        (marks && !store_unlisted(n->run, s, e)) || !leave_gone(n, &kind, e)) {
        return false;
    }
    if (trouble.kind != ERR_NONE) {
        night_fail(n, &trouble, false);
    }
    return window_list(&n->run->ledger, &kind, f->time_ms - c->lookback_days * MS_PER_DAY,
                       first < f->rule_count ? f->rules[first]->name : NULL, &g->windows, e);
}

/* Issues what is owed first, once the windows are found. */
static bool set_out(struct night *n, struct err *e)
{
    struct agenda *g = &n->agenda;
    const char *remembered = NULL;

    /* Once a day the preferred one of the passes that stand in for one another is asked again. */
    if (!ledger_source(&n->run->ledger, n->stream->name, run_now_ms(n->run) - MS_PER_DAY,
                       n->run->arena, &remembered, e)) {
        return false;
    }
    agenda_begin(g, remembered, n->run->arena);
    if (!stop_requested() && g->facts.available_ms == TIME_NONE && agenda_needs_availability(g)) {
        issue_question(n);
    }
    return advance(n, e);
}

bool night_begin(struct night *n, struct err *e)
{
    struct agenda *g = &n->agenda;

    n->begun = true;
    atomic_init(&n->lane.closed, false);
    atomic_init(&n->side.closed, false);
    n->side.at_once = 2;
    n->lane.at_once = 1;
    n->progress = (struct progress){.stream = n->stream->name, .began_ms = clock_monotonic_ms()};
    progress_phase(&n->progress, 0);
    LOG(LOG_INFO, "stream begins", LOG_S("stream", n->stream->name));
    if (!find_windows(n, e)) {
        return false;
    }
    /* What is left at the server that no reading goes on with. */
    for (size_t i = 0; i < g->windows.count; i++) {
        struct window *w = &g->windows.list[i];
        for (size_t p = 0; p < g->facts.rule_count; p++) {
            bool is_wanted =
                w->now[p].target_to_ms != TIME_NONE && (g->facts.in_force & 1U << p) != 0;
            /* Another run clears up for itself. */
            if (w->now[p].token && !is_wanted && lock_claim(n->run->locks, w->window_id)) {
                issue_cleanup(n, w, p);
            }
        }
    }
    return set_out(n, e);
}

/* Whether no other run has a window any more; waits for that. */
static bool is_let_go(struct night *n, const struct window *w)
{
    while (!lock_claim(n->run->locks, w->window_id)) {
        if (stop_requested() ||
            clock_monotonic_ms() - n->held_since_ms > limit_get(LIMIT_HELD_MS)) {
            return false;
        }
        clock_sleep_ms(HELD_POLL_MS);
    }
    lock_unclaim(n->run->locks, w->window_id);
    return true;
}

bool night_look_again(struct night *n, struct err *e)
{
    struct agenda *g = &n->agenda;
    size_t count = 0;
    struct err error;

    n->held_since_ms = n->held_since_ms ? n->held_since_ms : clock_monotonic_ms();
    for (size_t i = 0; i < g->windows.count; i++) {
        struct window *w = &g->windows.list[i];

        if (w->held && !is_let_go(n, w)) {
            n->held = 0;
            n->stopped = stop_requested();
            err_set(&error, ERR_TEMPORARY, "%s: another run is reading it, and has not ended",
                    label_of(n, w, "waited for", n->run->arena));
            if (!n->stopped) {
                night_fail(n, &error, false);
            }
            return true;
        }
        if (w->held) {
            g->windows.list[count] = *w;
            g->windows.list[count++].held = false;
        }
    }
    g->windows.count = count;
    n->over = false;
    n->held = 0;
    return set_out(n, e);
}

static void mark_failed(const struct reading *r)
{
    for (size_t i = 0; i < r->share_count; i++) {
        r->shares[i].window->failed |= 1U << r->pass_no;
    }
}

/* Windows that were asked for together are due again, alone or, where the request was none, fewer
 * at a time. */
static void ask_apart(struct night *n, const struct reading *r)
{
    bool refused = r->error.http_status == 400;

    n->batch_most = refused ? r->share_count / 2 : n->batch_most;
    LOG(LOG_INFO, "asking for fewer together", LOG_S("reading", r->ask.label),
        LOG_S("error", r->error.message));
    for (size_t i = r->share_count; i-- > 0;) {
        struct window *w = r->shares[i].window;

        w->alone = !refused;
        agenda_again(&n->agenda, w, r->to_ms);
    }
}

/* A window is not granted by a pass that others stand in for; true: nor by any of these. */
static bool refuse(const struct night *n, struct window *w, size_t p)
{
    w->refused |= 1U << p;
    return (n->agenda.stand_ins & ~w->refused) == 0;
}

/* A pass that others stand in for is not granted. Of scopes each may be: one that no pass is
 * granted for is its own trouble; where it is all of them, no more is asked by this pass. */
static void take_refusal(struct night *n, const struct reading *r)
{
    struct agenda *g = &n->agenda;

    if (!g->scoped) {
        return;
    }
    if (refuse(n, r->window, r->pass_no)) {
        night_fail(n, &r->error, false);
    }
    n->refusals += str_eq(n->refused_scope, r->window->scope) ? 0 : 1;
    n->refused_scope = r->window->scope;
    if ((n->granted & 1U << r->pass_no) == 0 && n->refusals == REFUSED_MAX) {
        n->given_up |= 1U << r->pass_no;
        atomic_store(&n->lane.closed, true);
        for (size_t i = g->due_next; i < g->due_count; i++) {
            n->left += refuse(n, g->due[i].window, r->pass_no) ? 1 : 0;
        }
        (void)agenda_close(g);
    }
}

/* A reading that ended before it was begun, or was cut. */
static void take_unread(struct night *n, const struct reading *r)
{
    bool given_up = (n->given_up & 1U << r->pass_no) != 0;

    mark_failed(r);
    for (size_t i = 0; given_up && i < r->share_count; i++) {
        n->left += refuse(n, r->shares[i].window, r->pass_no) ? 1 : 0;
    }
    if (!given_up) {
        n->left += r->share_count > 1 ? r->share_count : 1;
    }
}

/* What the trouble of one reading means for the others. */
static void take_failure(struct night *n, const struct reading *r, bool everything)
{
    const struct err *why = &r->error;
    bool stands_in = r->pass && (n->agenda.stand_ins & 1U << r->pass_no) != 0;
    bool server = why->kind == ERR_TEMPORARY && !everything;

    if (r->share_count > 1 && !everything && !r->waited) {
        ask_apart(n, r);
        return;
    }
    mark_failed(r);
    /* A pass is not granted when it lacks a permission or is not there. */
    if (stands_in && (why->kind == ERR_PERMISSION || why->http_status == 404)) {
        n->refused[r->pass_no] = *why;
        LOG(LOG_INFO, "source not granted, trying the next", LOG_S("stream", n->stream->name),
            LOG_S("source", r->pass->plan.name), LOG_S("error", why->message));
        take_refusal(n, r);
        return;
    }
    n->agenda.granted = n->agenda.granted || stands_in;
    n->agenda.troubled += server ? 1 : 0;
    bool has_ids = r->pass && r->pass->ids;
    bool is_part = r->window && (r->window->scope || (has_ids && n->done > 0));
    bool halts = everything || !r->window || (why->kind == ERR_PERMISSION && !is_part);
    night_fail(n, why, halts);
    n->left += r->share_count > 1 ? r->share_count - 1 : 0;
    if (halts || (server && n->agenda.troubled >= TROUBLED_MAX)) {
        atomic_store(&n->lane.closed, true);
        n->left += agenda_close(&n->agenda);
    }
}

/* A day too large goes to the pass before, where that is in force. */
static bool take_overflow(struct night *n, const struct reading *r, struct err *e)
{
    const struct config_key *way = n->stream->setting;
    struct err error;

    r->window->failed |= 1U << r->pass_no;
    if (r->ask.hits_overflow) {
        LOG(LOG_INFO, "day too large for the query, taking a job", LOG_S("reading", r->ask.label));
        agenda_add_too_large(&n->agenda, r->window, r->to_ms);
        return true;
    }
    err_set(&error, ERR_CONTRACT,
            "%s: the day holds more than %lld rows, which these pages do not reach", r->ask.label,
            (long long)limit_get(LIMIT_QUERY_ROWS));
    if (way) {
        err_append(&error, "; set %s.%s = auto", way->section, way->name);
    }
    night_fail(n, &error, false);
    return window_fail(&n->run->ledger, r->window, r->pass_no, &error, WINDOW_ABANDON, e);
}

static bool take_done(struct night *n, const struct reading *r, struct err *e)
{
    struct agenda *g = &n->agenda;
    struct plan_facts *f = &g->facts;
    struct err error;

    if (r->kind == READING_QUESTION) {
        f->available_ms = r->to_ms;
        if (r->to_ms == TIME_NONE) {
            err_set(&error, ERR_CONTRACT, "%s: the answer's dataAvailabilityDate is no time",
                    r->ask.label);
            night_fail(n, &error, true);
        }
        return true;
    }
    g->troubled = 0;
    n->done += r->pages > 0 ? r->share_count : 0; /* of no ids nothing is read */
    g->read_any = g->read_any || !r->pass->plan.whole;
    if (r->available_ms != TIME_NONE && r->available_ms < f->available_ms &&
        r->plan.time_ms >= f->time_ms) {
        f->available_ms = r->available_ms; /* the data goes no further, its pages say */
    }
    if ((g->stand_ins & 1U << r->pass_no) == 0) {
        return true;
    }
    /* Where scopes are granted different ones, the preferred one is asked first again. */
    n->granted |= 1U << r->pass_no;
    g->granted = true;
    return (n->granted & ((1U << r->pass_no) - 1)) != 0 ||
           ledger_remember_source(&n->run->ledger, n->stream->name, r->pass->plan.name, e);
}

bool night_go_on(struct night *n, struct reading *r, bool halts, struct err *e)
{
    size_t at = 0;
    bool ok = true;

    for (size_t i = 0; i < r->share_count; i++) {
        unclaim(n, r->shares[i].window);
    }
    if (r->kind == READING_CLEANUP) {
        r->window->cleared &= ~(1U << r->pass_no);
        n->side_count--;
        return true;
    }
    while (n->under_way[at] != r) {
        at++;
    }
    n->under_way[at] = n->under_way[--n->under_way_count];
    n->progress.windows_done +=
        r->kind == READING_WINDOW && r->share_count > 1 ? r->share_count : 1;
    n->progress.pages += r->pages;
    n->progress.rows += r->counts.rows_read;
    switch (r->outcome) {
    case READING_DONE:
        ok = take_done(n, r, e);
        break;
    case READING_FAILED:
        take_failure(n, r, halts);
        break;
    case READING_OVERFLOW:
        ok = take_overflow(n, r, e);
        break;
    case READING_WAITING:
        take_unread(n, r);
        break;
    }
    return ok && issue_more(n, e) && advance(n, e);
}

void night_end(struct night *n)
{
    bool others = false;

    if (n->begun) {
        n->left += n->under_way_count + n->held + (n->agenda.due_count - n->agenda.due_next);
        n->stopped = n->stopped || (stop_requested() && n->left > 0);
    }
    n->ended = true;
    if (n->begun) {
        n->progress.ended = true;
        n->progress.whole = night_is_whole(n);
        progress_tell(&n->progress, &n->run->request->watcher, NULL, 0);
        LOG(LOG_INFO, "stream ends", LOG_S("stream", n->stream->name), LOG_N("done", n->done),
            LOG_N("left", n->left), LOG_S("error", n->first.kind ? n->first.message : "none"));
    }
    /* The last one is held until the run has ended, so that it is known to be under way. */
    for (const struct night *m = n->run->nights; m; m = m->next) {
        others = others || (m->wanted && !m->ended);
    }
    if (others) {
        lock_drop(n->run->locks, run_slot(n->run, n->stream));
    }
}
