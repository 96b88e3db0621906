#include "run/night.h"

#include "base/limits.h"
#include "base/stop.h"
#include "run/budget.h"
#include "run/store.h"
#include "sql.h"

/* Notes an error and one thing left; `halts`: nothing more is asked. Trouble that halts outranks
 * one window's. */
static void fail(struct night *n, const struct err *error, bool halts)
{
    n->left++;
    if (n->first.kind == ERR_NONE || (halts && !n->halted)) {
        n->first = *error;
    }
    n->halted = n->halted || halts;
}

bool night_is_whole(const struct night *n)
{
    return n->ended && n->left == 0 && n->first.kind == ERR_NONE;
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
    struct arena *a = arena_new(READING_BYTES);
    struct reading *r = arena_alloc(a, sizeof(*r));

    r->arena = a;
    r->available_ms = TIME_NONE;
    r->kind = kind;
    r->owner = n;
    r->stream = n->stream;
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

/* Others that may be asked for with it join a reading. */
static bool add_others(struct night *n, struct reading *r, struct err *e)
{
    const char **scopes = arena_array(r->arena, BATCH_MOST, sizeof(*scopes));
    size_t most = (size_t)(r->pass->batch > 1 ? r->pass->batch : 1);
    struct window *w = r->window;
    int64_t to_ms;

    most = n->batch_most > 0 && n->batch_most < most ? n->batch_most : most;
    while (r->share_count < most && w) {
        if (!agenda_claim(&n->agenda, r->window, &w, &to_ms, e)) {
            return false;
        }
        if (w) {
            add_share(n, r, w);
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

    r->ask.at.token = w->now[p].token;
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

    for (const struct pass *pass = n->stream->passes; !r->ask.steps; pass++) {
        r->ask.steps = pass->available;
    }
    n->under_way++;
    pages_issue(n->run->pages, r);
}

/* Begins a reading of a window up to `to_ms`, or lets the stored one go on, and issues it. */
static bool issue_window(struct night *n, struct window *w, int64_t to_ms, struct err *e)
{
    struct agenda *g = &n->agenda;
    size_t p = g->order[g->at];
    const struct cursor *c = &w->now[p];
    bool resumes = agenda_goes_on(g, w, to_ms);
    bool is_day = w->span.start_ms != TIME_NONE;
    struct reading *r = make_reading(n, READING_WINDOW, w, p, g->facts.rules[p]->name);

    /* With a budget what cannot go on later is read by itself, and first where it was cut. */
    r->in_one_go = n->run->budget.binds && agenda_in_one_go(g, w);
    r->comes_first =
        r->in_one_go && c->target_to_ms != TIME_NONE && c->page_ms != TIME_NONE && w->failures == 0;
    r->must_add_up = !is_day;
    r->is_over = is_day && w->span.end_ms <= g->facts.time_ms;
    r->to_ms = to_ms;
    r->plan = g->facts;
    r->plan.time_ms = resumes ? clock_earlier(c->begun_ms, r->plan.time_ms) : r->plan.time_ms;
    r->begun = resumes;
    if (!add_others(n, r, e) || !agenda_ask(g, w, to_ms, &r->ask, r->arena, e) ||
        (n->run->budget.binds &&
         !db_do(n->run->db, e, sql_window_taken, I(w->window_id), I(n->run->ledger.run_id)))) {
        arena_free(r->arena);
        return false;
    }
    for (size_t i = 0; !resumes && i < r->share_count; i++) {
        if (r->shares[i].window->now[p].token) {
            issue_cleanup(n, r->shares[i].window, p);
        }
    }
    n->under_way++;
    n->windows += r->share_count;
    pages_issue(n->run->pages, r);
    return true;
}

/* --- a night --------------------------------------------------------------------------------- */

/* Of a day too large for the query, hours that no job sees yet are missing; of the past one that
 * waits for rows which another run is to read is read by no later night. */
static void tell_rest(struct night *n)
{
    const struct windows *all = &n->agenda.windows;
    bool waits = n->run->request->past && n->needs && !n->needs->begun;
    struct err error;

    for (size_t i = 0; i < all->count; i++) {
        const struct window *w = &all->list[i];
        const struct span *s = &w->span;

        if (w->too_large_ms != 0 && w->too_large_ms > plan_covered(s)) {
            err_set(&error, ERR_CONTRACT,
                    "%s: more than %lld rows, which the query does not reach, and its last hours "
                    "are in no job yet; a later run reads them",
                    label_of(n, w, "query", n->run->arena), (long long)limit_get(LIMIT_QUERY_ROWS));
            fail(n, &error, false);
        }
        if (waits && s->needed_ms > 0 && s->needed_ms < s->end_ms &&
            (s->state == WINDOW_OPEN || s->again)) {
            err_set(&error, ERR_LOCKED,
                    "%s: another run holds %s, whose rows of that day are missing",
                    label_of(n, w, "not read", n->run->arena), n->needs->stream->name);
            fail(n, &error, false);
        }
    }
}

/* Goes on to the next pass that is owed something; none: it is over, and says what is missing. */
static void turn(struct night *n)
{
    struct agenda *g = &n->agenda;
    const struct err *spent = &n->run->budget.why;
    struct err why;
    int64_t most = n->run->config->in_flight;
    int64_t jobs = limit_get(LIMIT_JOBS_AT_ONCE);
    bool more = !n->halted && !stop_requested() && agenda_turn(g);

    if (more && spent->kind != ERR_NONE) {
        fail(n, spent, true);
    }
    if (!more || spent->kind != ERR_NONE) {
        n->over = true;
        n->left += stop_requested() && g->at < g->order_count ? 1 : 0;
        if (!n->halted && !agenda_has_source(g, n->run->arena, &why)) {
            fail(n, &why, true);
        }
        tell_rest(n);
        return;
    }
    bool is_job = n->stream->passes[g->order[g->at]].steps->token != NULL;
    n->at_once = (size_t)(!is_job ? most + AHEAD : jobs < most ? jobs : most);
    progress_phase(&n->progress, g->due_count);
}

/* Issues what there is room for; where nothing is under way, it is the next pass's turn. */
static bool go_on(struct night *n, struct err *e)
{
    while (n->begun && !n->over) {
        while (n->agenda.due_count > 0 && !n->halted && n->run->budget.why.kind == ERR_NONE &&
               n->under_way < n->at_once) {
            struct window *w;
            int64_t to_ms;

            if (!agenda_claim(&n->agenda, NULL, &w, &to_ms, e) ||
                (w && !issue_window(n, w, to_ms, e))) {
                return false;
            }
        }
        if (n->under_way > 0) {
            return true;
        }
        turn(n);
    }
    return true;
}

/* What planning goes by, and the windows there are. */
static bool find_windows(struct night *n, struct err *e)
{
    struct run *run = n->run;
    struct agenda *g = &n->agenda;
    struct err trouble = {.kind = ERR_NONE};
    int64_t gone = 0;

    g->stream = n->stream;
    g->config = run->config;
    g->ledger = &run->ledger;
    g->locks = run->locks;
    g->past = run->request->past;
    g->facts.time_ms = stream_has_days(n->stream) ? run_time_ms(run) : run_now_ms(run);
    g->windows.arena = run->arena;
    g->windows.range = run->past;
    g->read_any = run->has_read_lists;
    bool found = agenda_find(g, &run->loaders, run_now_ms(run), &gone, &trouble, e);
    run->result->totals.rows.rows_changed += gone;
    if (found && trouble.kind != ERR_NONE) {
        fail(n, &trouble, false);
    }
    return found;
}

/* Begins with the passes, once the windows are found. */
static bool set_out(struct night *n, struct err *e)
{
    struct agenda *g = &n->agenda;
    const char *remembered = NULL;

    n->over = false;
    /* Once a day the preferred one of the passes that stand in for one another is asked again. */
    if (!db_texts(db_ask(n->run->db, e, sql_source, S(n->stream->name),
                         T(run_now_ms(n->run) - MS_PER_DAY)),
                  n->run->arena, &remembered, 1)) {
        return false;
    }
    agenda_begin(g, remembered);
    if (!stop_requested() && g->facts.available_ms == TIME_NONE && agenda_needs_availability(g)) {
        issue_question(n);
    }
    return true;
}

/* A stream that cannot be read is over, and what is in the way is noted: where there is nothing of
 * what it needs, for the same reason, it cannot; where it is only needed itself and another run
 * holds its lock, what is stored is used. */
static bool look_ahead(struct night *n, struct err *e)
{
    struct run *run = n->run;
    const char *name = n->stream->name;
    int64_t has_own = 0;
    int64_t has_needed = 1;
    struct err trouble;

    n->over = true;
    if (!window_ever_read(&run->ledger, name, &has_own, e) ||
        (n->needs && n->needs->first.kind != ERR_NONE &&
         !window_ever_read(&run->ledger, n->needs->stream->name, &has_needed, e))) {
        return false;
    }
    /* Lists are the night's: for the past what is stored of them is enough. */
    if (has_own && run->request->past && !n->wanted && !stream_has_days(n->stream)) {
        return true;
    }
    if (!has_needed) {
        trouble = n->needs->first;
        err_prefix(&trouble, "%s needs %s, which could not be read", name, n->needs->stream->name);
    } else if (n->wanted || lock_take(run->locks, run_slot(run, n->stream), name, &trouble)) {
        n->over = false;
        return true;
    } else if (has_own && trouble.kind == ERR_LOCKED) {
        LOG(LOG_INFO, "using what is stored", LOG_S("stream", name),
            LOG_S("because", trouble.message));
        return true;
    }
    fail(n, &trouble, true);
    return true;
}

/* Finds what is owed, and clears up what is left at the server. */
static bool begin(struct night *n, struct err *e)
{
    struct agenda *g = &n->agenda;

    if (!look_ahead(n, e)) {
        return false;
    }
    if (n->over) {
        return true;
    }
    n->begun = true;
    n->progress = (struct progress){.stream = n->stream->name, .began_ms = clock_monotonic_ms()};
    progress_phase(&n->progress, 0);
    LOG(LOG_INFO, "stream begins", LOG_S("stream", n->stream->name));
    if (!find_windows(n, e)) {
        return false;
    }
    for (size_t i = 0; i < g->windows.count; i++) {
        struct window *w = &g->windows.list[i];
        for (size_t p = 0; p < g->facts.rule_count; p++) {
            bool goes_on =
                w->now[p].target_to_ms != TIME_NONE && (g->facts.in_force & 1U << p) != 0;
            /* Another run clears up for itself. */
            if (w->now[p].token && !goes_on && lock_claim(n->run->locks, w->window_id)) {
                issue_cleanup(n, w, p);
            }
        }
    }
    return set_out(n, e);
}

/* Waits for another run to be done with the windows that it reads (LIMIT_HELD_MS, none of this run
 * being read meanwhile), and begins with what they owe even so. */
static bool look_again(struct night *n, struct err *e)
{
    const struct window *w;
    struct err error;

    n->held_since_ms = n->held_since_ms ? n->held_since_ms : clock_monotonic_ms();
    while ((w = agenda_held(&n->agenda))) {
        if (stop_requested()) {
            n->left++;
            return true;
        }
        if (clock_monotonic_ms() - n->held_since_ms > limit_get(LIMIT_HELD_MS)) {
            err_set(&error, ERR_TEMPORARY, "%s: another run is reading it, and has not ended",
                    label_of(n, w, "waited for", n->run->arena));
            fail(n, &error, false);
            return true;
        }
        clock_sleep_ms(HELD_POLL_MS);
    }
    return set_out(n, e);
}

/* Windows that were asked for together are due again, alone or, where the request was none, fewer
 * at a time. */
static void ask_apart(struct night *n, const struct reading *r)
{
    bool refused = r->error.http_status == 400;

    n->batch_most = refused ? r->share_count / 2 : n->batch_most;
    LOG(LOG_INFO, "asking for fewer together", LOG_S("reading", r->ask.label),
        LOG_S("error", r->error.message));
    for (size_t i = 0; i < r->share_count; i++) {
        r->shares[i].window->alone = !refused;
        r->shares[i].window->failed &= ~(1U << r->pass_no);
        agenda_again(&n->agenda, r->shares[i].window);
    }
}

/* What the trouble of one reading means for the others. */
static void take_failure(struct night *n, const struct reading *r, bool everything)
{
    const struct err *why = &r->error;
    bool stands_in = r->pass && (n->agenda.stand_ins & 1U << r->pass_no) != 0;
    bool server = why->kind == ERR_TEMPORARY && !everything;

    if (r->share_count > 1 && !everything && !r->waited && why->http_status != 429) {
        ask_apart(n, r);
        return;
    }
    /* A pass is not granted when it lacks a permission or is not there. */
    if (stands_in && (why->kind == ERR_PERMISSION || why->http_status == 404)) {
        LOG(LOG_INFO, "source not granted, trying the next", LOG_S("stream", n->stream->name),
            LOG_S("source", r->pass->plan.name), LOG_S("error", why->message));
        for (size_t i = agenda_refuse(&n->agenda, r->window, r->pass_no, why); i > 0; i--) {
            fail(n, why, false);
        }
        return;
    }
    n->agenda.answered = n->agenda.answered || stands_in;
    n->agenda.troubled += server ? 1 : 0;
    bool has_ids = r->pass && r->pass->ids;
    bool is_part = r->window && (r->window->scope || (has_ids && n->done > 0));
    bool halts = everything || !r->window || why->http_status == 429 ||
                 (why->kind == ERR_PERMISSION && !is_part);
    fail(n, why, halts);
    n->left += r->share_count > 1 ? r->share_count - 1 : 0;
    if (halts || (server && n->agenda.troubled >= TROUBLED_MAX)) {
        n->left += agenda_close(&n->agenda);
    }
}

/* A day too large goes to the pass before, where that is in force. */
static bool take_overflow(struct night *n, const struct reading *r, struct err *e)
{
    const struct config_key *way = n->stream->setting;
    struct err error;

    r->window->failed = 1U << r->pass_no; /* what failed before has its second try */
    if (r->ask.hits_overflow) {
        LOG(LOG_INFO, "day too large for the query, taking a job", LOG_S("reading", r->ask.label));
        r->window->too_large_ms = r->to_ms;
        n->agenda.too_large = true;
        return true;
    }
    err_set(&error, ERR_CONTRACT,
            "%s: the day holds more than %lld rows, which these pages do not reach", r->ask.label,
            (long long)limit_get(LIMIT_QUERY_ROWS));
    if (way) {
        err_append(&error, "; set %s.%s = auto", way->section, way->name);
    }
    fail(n, &error, false);
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
            fail(n, &error, true);
        }
        return true;
    }
    g->troubled = 0;
    n->done += r->pages > 0 ? r->share_count : 0; /* of no ids nothing is read */
    n->run->has_read_lists |= n->done > 0 && stream_is_list(n->stream);
    g->read_any = g->read_any || !r->pass->plan.whole;
    if (r->available_ms != TIME_NONE && r->available_ms < f->available_ms &&
        r->plan.time_ms >= f->time_ms) {
        f->available_ms = r->available_ms; /* the data goes no further, its pages say */
    }
    return (g->stand_ins & 1U << r->pass_no) == 0 || !agenda_grant(g, r->pass_no) ||
           db_do(n->run->db, e, sql_source_remember, S(n->stream->name), S(r->pass->plan.name),
                 T(clock_now_ms()));
}

/* How far it is after a message of a reading, which had come to so many pages and rows before. */
static void note_progress(struct night *n, struct reading *r, int64_t pages, int64_t rows)
{
    struct progress *p = &n->progress;
    double done = 0;

    if (r->ask.id_count > 0) {
        done = (double)r->pages * step_of_rows(r->ask.steps)->size / (double)r->ask.id_count;
    } else if (r->total_hits > 0) {
        done = (double)r->counts.rows_read / (double)r->total_hits;
    }
    done = done < 1 ? done : 1;
    p->begun += done - r->done;
    r->done = done;
    p->pages += r->pages - pages;
    p->rows += r->counts.rows_read - rows;
}

/* The last message of a reading was taken; `halts`: everything else would meet its trouble. */
static bool take_end(struct night *n, struct reading *r, bool halts, struct err *e)
{
    for (size_t i = 0; i < r->share_count; i++) {
        struct window *w = r->shares[i].window;

        w->failed |= r->kind == READING_WINDOW && r->outcome != READING_DONE ? 1U << r->pass_no : 0;
        if (!agenda_release(&n->agenda, w, e)) {
            return false;
        }
    }
    if (r->kind == READING_CLEANUP) {
        r->window->cleared &= ~(1U << r->pass_no);
        n->side_count--;
        return true;
    }
    n->under_way--;
    n->windows -= r->share_count;
    n->progress.begun -= r->done;
    switch (r->outcome) {
    case READING_DONE:
        return take_done(n, r, e);
    case READING_FAILED:
        take_failure(n, r, halts);
        break;
    case READING_OVERFLOW:
        return take_overflow(n, r, e);
    case READING_WAITING:
        n->left += r->kind == READING_QUESTION ? 1 : r->share_count; /* it has no windows */
        break;
    }
    return true;
}

/* The night ends, begun or not, whatever is left of it. */
static void end(struct night *n)
{
    n->ended = true;
    n->run->wanted_left -= n->wanted ? 1 : 0;
    if (n->begun) {
        n->left += n->under_way + n->agenda.held + n->agenda.due_count;
        n->progress.ended = true;
        n->progress.whole = night_is_whole(n);
        progress_tell(&n->progress, &n->run->request->watcher);
        LOG(LOG_INFO, "stream ends", LOG_S("stream", n->stream->name), LOG_N("done", n->done),
            LOG_N("left", n->left), LOG_S("error", n->first.kind ? n->first.message : "none"));
    }
    /* The last one is held until the run has ended, so that it is known to be under way. */
    if (n->run->wanted_left > 0) {
        lock_drop(n->run->locks, run_slot(n->run, n->stream));
    }
}

/* --- all nights ------------------------------------------------------------------------------ */

/* Lists come first: others begin when they are over, well or not. With a budget all have their
 * turns, and one begins behind others that are not over where there is enough for all. */
static bool may_begin(const struct run *run, const struct night *n)
{
    const struct night *behind = run->budget.binds ? n : NULL;
    int64_t share = client_left(run->client);
    bool lists_over = true;
    bool all_over = true;

    for (const struct night *m = run->nights; m != behind; m = m->next) {
        lists_over = lists_over && (m->ended || !stream_is_list(m->stream));
        all_over = all_over && m->ended;
        share -= m->begun && !m->ended ? BUDGET_SHARE : 0;
    }
    return !n->begun && !n->ended && run->budget.why.kind == ERR_NONE &&
           (!n->needs || n->needs->ended) && !stop_requested() &&
           (lists_over || stream_is_list(n->stream)) &&
           (!behind || all_over || share >= BUDGET_SHARE);
}

/* Lets the nights go on as far as they can by now: begins those that wait for nothing more, and
 * ends those that are over; *left: some are not ended, and have begun or may. Where nothing is
 * under way any more, the first that is over but for what another run reads looks at that again. */
static bool move_on(struct run *run, bool *left, struct err *e)
{
    struct night *held = NULL;
    bool under_way = false;

    *left = false;
    for (struct night *n = run->nights; n; n = n->next) {
        if ((may_begin(run, n) && !begin(n, e)) || !go_on(n, e)) {
            fail(n, e, true);
            return false;
        }
        if (!n->ended && n->over && n->side_count == 0 && n->agenda.held == 0) {
            end(n);
            /* others may have waited for it */
            return loaders_close(&run->loaders, n->stream, true, e) && move_on(run, left, e);
        }
        *left = *left || (!n->ended && (n->begun || run->budget.why.kind == ERR_NONE));
        if (n->begun && !n->ended) {
            under_way = under_way || !n->over || n->side_count > 0;
            held = held ? held : n;
        }
    }
    if (!held || under_way) {
        return true;
    }
    if (!look_again(held, e)) {
        fail(held, e, true);
        return false;
    }
    return move_on(run, left, e);
}

/* Commits what is loaded, before anything else is done with the database. */
static bool commit(struct run *run, struct err *e)
{
    bool done = store_commit(run, e);

    if (!done) {
        fail(run->group.night, e, true);
    }
    return done;
}

/* Takes a message, and what follows from it; after trouble with the database (`ok` is false) it is
 * thrown away. */
static bool take(struct run *run, struct page *p, bool ok, struct err *e)
{
    struct reading *r = p->reading;

    ok = ok && ((r && p->news->kind == NEWS_PAGE) || commit(run, e));
    if (!r) {
        ok = ok && (p->over || budget_keep(run, e));
        pages_done(run->pages, p);
        return ok;
    }
    if (run->request->past) {
        client_share(run->client, lock_runs(run->locks));
    }
    struct night *n = r->owner;
    int64_t pages = r->pages;
    int64_t rows = r->counts.rows_read;
    if (ok) {
        ok = store_take(run, p, e);
        note_progress(n, r, pages, rows);
        ok = ok && (run->group.pages > 0 ||
                    ((!p->over || take_end(n, r, p->news->halts, e)) && go_on(n, e)));
        if (ok) {
            n->progress.windows_done = n->progress.windows - n->agenda.due_count - n->windows;
            progress_tell(&n->progress, &run->request->watcher);
        } else {
            fail(n, e, true);
        }
    }
    pages_done(run->pages, p);
    return ok;
}

/* The first that only reads goes out beside the question whose the client is; no answer to it is
 * looked at before that is known. */
static bool ask_ahead(struct run *run, bool *left, struct err *e)
{
    int most = run->config->in_flight - IDENTITY_AT_ONCE;

    if (!move_on(run, left, e)) {
        return false;
    }
    pages_ask_ahead(run->pages, most > 0 ? (size_t)most : 0);
    return run_identify(run, e);
}

bool nights_read(struct run *run, struct err *e)
{
    bool left = true;

    run->pages = pages_new(run->client, (size_t)run->config->in_flight, &run->erased);
    run->budget.live = true;
    bool ok = budget_keep(run, e) && (!run->asks_ahead || ask_ahead(run, &left, e)) &&
              move_on(run, &left, e);
    for (bool ended = false; !ended;) {
        if (!ok || !left) {
            pages_close(run->pages, !ok);
        }
        struct page *p = pages_pop(run->pages, run->group.pages == 0);
        ended = p && !p->reading && p->over;
        ok = (p ? take(run, p, ok, e) : commit(run, e)) &&
             (ended || run->group.pages > 0 || move_on(run, &left, e));
    }
    for (struct night *n = run->nights; n; n = n->next) {
        if (n->begun && !n->ended) {
            end(n);
        }
    }
    pages_free(run->pages);
    return ok;
}
