#include "run/store.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "etl/load.h"

enum { LOADERS_MAX = 64, GROUP_MOST = 8 };

struct store {
    struct run *run;
    struct {
        const struct tree_map *const *trees;
        struct loader *loader;
    } loaders[LOADERS_MAX];
    size_t loader_count;
};

/* Pages that share a transaction. */
struct group {
    struct page *pages[GROUP_MOST];
    struct load_counts counts[GROUP_MOST];
    size_t count;
};

struct store *store_new(struct run *run)
{
    struct store *s = xcalloc(1, sizeof(*s));

    s->run = run;
    return s;
}

void store_free(struct store *s)
{
    for (size_t i = 0; s && i < s->loader_count; i++) {
        load_free(s->loaders[i].loader);
    }
    free(s);
}

static struct loader *loader_of(struct store *s, const struct reading *r, struct err *e)
{
    const struct stream *stream = r->stream;
    const struct tree_map *const *trees = r->pass->trees ? r->pass->trees : stream->trees;

    for (size_t i = 0; i < s->loader_count; i++) {
        if (s->loaders[i].trees == trees) {
            return s->loaders[i].loader;
        }
    }
    INVARIANT(s->loader_count < LOADERS_MAX);
    struct loader *l = load_new(s->run->db, trees, stream->load, stream->state, e);
    if (l) {
        s->loaders[s->loader_count].trees = trees;
        s->loaders[s->loader_count++].loader = l;
    }
    return l;
}

static void add_counts(struct load_counts *to, const struct load_counts *more)
{
    to->rows_read += more->rows_read;
    to->rows_new += more->rows_new;
    to->rows_changed += more->rows_changed;
    to->rows_unchanged += more->rows_unchanged;
}

/* What was asked for until this message was sent. */
static void take_totals(struct store *s, const struct page *p)
{
    s->run->totals.requests = p->totals.requests;
    s->run->totals.retries = p->totals.retries;
    s->run->totals.bytes = p->totals.bytes;
}

static bool commit(struct store *s, const struct page *p, struct err *e)
{
    take_totals(s, p);
    return ledger_run_progress(&s->run->ledger, &s->run->totals, e) && db_commit(s->run->db, e);
}

/* --- pages ----------------------------------------------------------------------------------- */

static struct load_page describe(const struct store *s, const struct page *p)
{
    const struct reading *r = p->reading;

    return (struct load_page){
        .window_id = r->window->window_id,
        .facts = r->facts,
        .stream = r->stream->name,
        .plan = r->pass->plan.name,
        .brings_attributes = r->pass->attributes,
        .run_id = s->run->ledger.run_id,
        .received_ms = p->news->answer.received_ms - s->run->ahead_ms,
    };
}

/* Keeps the raw bytes of a page that changed a row. */
static bool keep_raw(struct store *s, const struct page *p, const struct load_counts *counts,
                     struct err *e)
{
    const struct http_answer *raw = &p->news->answer.http;

    return counts->rows_new + counts->rows_changed == 0 ||
           db_do(s->run->db, e,
                 "INSERT INTO raw_page (window_id, run_id, plan, page_no, received_at, url_path, "
                 "encoding, bytes, rows_read) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                 I(p->reading->window->window_id), I(s->run->ledger.run_id),
                 S(p->reading->pass->plan.name), I(p->number), T(p->news->answer.received_ms),
                 S(p->news->path), S(raw->gzip ? "gzip" : "identity"),
                 B(raw->body.data, raw->body.length), I(counts->rows_read));
}

/* Where the window goes on after a page. */
static struct cursor cursor_after(const struct page *p)
{
    const struct pager_at *next = &p->news->facts.next;
    const struct reading *r = p->reading;

    return (struct cursor){
        .at = r->ask.ids && next->id_from > 0 ? r->ask.ids[next->id_from - 1] : next->cursor,
        .page = next->page,
        .page_size = next->page_size > 0 ? next->page_size : -1,
    };
}

/* Writes what a whole reading means for its window. */
static bool settle(struct store *s, const struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    struct load_counts counts = {0};

    struct loader *loader = loader_of(s, r, e);
    struct load_page page = describe(s, p);

    if (!loader || !load_end(loader, &page, &counts, e)) {
        return false;
    }
    add_counts(&s->run->totals.rows, &counts);
    add_counts(&r->counts, &counts);
    plan_settle(&r->window->span, r->pass_no, r->to_ms, &r->plan);
    return window_end(&s->run->ledger, r->window, r->pass_no, e);
}

/* What goes with the rows of a group into its transaction. */
static bool finish_group(struct store *s, const struct group *g, struct err *e)
{
    const struct page *last = g->pages[g->count - 1];
    struct reading *r = last->reading;
    struct cursor next = cursor_after(last);
    struct load_counts sum = {0};

    for (size_t i = 0; i < g->count; i++) {
        int64_t available_ms = g->pages[i]->news->facts.available_ms;
        if (available_ms != TIME_NONE) {
            r->available_ms = available_ms;
            r->to_ms = available_ms < r->to_ms ? available_ms : r->to_ms;
        }
        add_counts(&sum, &g->counts[i]);
        r->total_hits = g->pages[i]->news->facts.total_hits > 0
                            ? g->pages[i]->news->facts.total_hits
                            : r->total_hits;
        if (!keep_raw(s, g->pages[i], &g->counts[i], e)) {
            return false;
        }
    }
    add_counts(&s->run->totals.rows, &sum);
    add_counts(&r->counts, &sum);
    s->run->totals.pages += (int64_t)g->count;
    r->pages += (int64_t)g->count;
    struct window_counts counts = {(int64_t)g->count, sum.rows_read,
                                   r->total_hits > 0 ? r->total_hits : -1};
    return window_page(&s->run->ledger, r->window, r->pass_no, &next, &counts, e) &&
           (!last->news->last || settle(s, last, e)) && commit(s, last, e);
}

static void log_group(const struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        const struct load_counts *c = &g->counts[i];
        LOG(LOG_DEBUG, "page committed", LOG_S("reading", g->pages[i]->reading->ask.label),
            LOG_N("page", g->pages[i]->number + 1), LOG_N("rows", c->rows_read),
            LOG_N("new", c->rows_new), LOG_N("changed", c->rows_changed));
    }
}

/* The page was refused: its window stops where it is, the others go on. */
static bool refuse(struct store *s, const struct page *p, const struct err *cause, struct err *e)
{
    struct reading *r = p->reading;

    r->outcome = READING_FAILED;
    r->error = *cause;
    err_prefix(&r->error, "%s, page %lld", r->ask.label, (long long)p->number + 1);
    atomic_store(&r->refused, true);
    LOG(LOG_ERROR, "page refused", LOG_S("reading", r->ask.label),
        LOG_S("error", r->error.message));
    return window_fail(&s->run->ledger, r->window, r->pass_no, &r->error, WINDOW_ABANDON, e);
}

/* Loads pages [0, g->count) and, where `more`, what waits behind them; false with the cause, and
 * nothing is open. */
static bool load_group(struct store *s, struct group *g, bool more, struct err *cause)
{
    const struct reading *r = g->pages[0]->reading;
    struct loader *loader = loader_of(s, r, cause);

    if (!loader || !db_begin(s->run->db, cause)) {
        return false;
    }
    for (size_t i = 0; i < g->count; i++) {
        struct load_page page = describe(s, g->pages[i]);
        if (!load_page(loader, g->pages[i]->rows, &page, &g->counts[i], cause)) {
            db_rollback(s->run->db);
            return false;
        }
        struct page *next =
            more && i + 1 == g->count && g->count < GROUP_MOST && !g->pages[i]->news->last
                ? pages_pop(s->run->pages, r)
                : NULL;
        if (next) {
            g->pages[g->count++] = next;
        }
    }
    return true;
}

/* One page, or what is loaded of a group, committed. A refusal ends the reading only. */
static bool commit_group(struct store *s, struct group *g, bool more, struct err *e)
{
    struct err cause = {.kind = ERR_NONE};

    if (load_group(s, g, more, &cause)) {
        bool done = finish_group(s, g, e);
        db_rollback(s->run->db);
        if (done) {
            log_group(g);
        }
        return done;
    }
    if (cause.kind != ERR_CONTRACT) {
        *e = cause;
        return false;
    }
    if (g->count == 1) {
        return refuse(s, g->pages[0], &cause, e);
    }
    for (size_t i = 0; i < g->count && g->pages[0]->reading->outcome == READING_WAITING; i++) {
        struct group one = {.pages = {g->pages[i]}, .count = 1};
        if (!commit_group(s, &one, false, e)) {
            return false;
        }
    }
    return true;
}

/* --- other messages -------------------------------------------------------------------------- */

static bool begin(struct store *s, struct reading *r, struct err *e)
{
    struct loader *loader = loader_of(s, r, e);

    return loader && load_begin(loader, r->window->window_id, e) &&
           window_begin(&s->run->ledger, r->window, r->pass_no, r->to_ms, r->time_ms, e);
}

bool store_begin(struct store *s, struct reading *r, struct err *e)
{
    bool begun = db_begin(s->run->db, e) && begin(s, r, e) && db_commit(s->run->db, e);

    db_rollback(s->run->db);
    return begun;
}

/* The id is left out, and said to be. */
static bool refuse_id(struct store *s, const struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    struct cursor next = cursor_after(p);
    struct walk_note note = {.path = step_of_rows(r->ask.steps)->ids_as,
                             .problem = "refused by the server",
                             .example = p->news->id,
                             .count = 1};

    next.at = p->news->id;
    return load_note(s->run->db, r->stream->name, &note, e) &&
           window_page(&s->run->ledger, r->window, r->pass_no, &next,
                       &(struct window_counts){.total_hits = -1}, e);
}

/* A message that changes the ledger alone, in a transaction of its own. */
static bool take_note(struct store *s, struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    struct ledger *l = &s->run->ledger;
    bool ok = false;

    if (!db_begin(s->run->db, e)) {
        return false;
    }
    switch (p->news->kind) {
    case NEWS_END:
        ok = settle(s, p, e);
        break;
    case NEWS_TOKEN:
        ok = window_token(l, r->window, r->pass_no,
                          arena_strdup(s->run->arena, p->news->facts.token), e);
        break;
    case NEWS_CLEANED:
        ok = window_cleared(l, r->window, r->pass_no,
                            r->ask.at.token && r->kind == READING_CLEANUP
                                ? r->ask.at.token
                                : r->window->now[r->pass_no].token,
                            e);
        break;
    case NEWS_ANEW:
        ok = begin(s, r, e);
        break;
    default:
        ok = refuse_id(s, p, e);
        break;
    }
    ok = ok && commit(s, p, e);
    db_rollback(s->run->db);
    return ok;
}

/* A cursor is kept where the trouble is everybody's (the network, a login, the rate), so that the
 * next run goes on; what the server refused or could not give of this reading is begun anew. */
static bool take_failure(struct store *s, const struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    const struct err *why = &p->news->answer.error;
    bool anew = !p->news->facts.waited && !p->news->halts;

    r->outcome = READING_FAILED;
    r->error = *why;
    r->waited = p->news->facts.waited;
    unsigned how = (anew ? WINDOW_ABANDON : 0U) | (p->news->facts.waited ? WINDOW_WAITED : 0U);
    return !r->window || window_fail(&s->run->ledger, r->window, r->pass_no, why, how, e);
}

static void become_whole(struct reading *r)
{
    r->outcome = READING_DONE;
    atomic_store(&r->committed, true);
    LOG(LOG_INFO, "window read", LOG_S("reading", r->ask.label), LOG_N("pages", r->pages),
        LOG_N("rows", r->counts.rows_read), LOG_N("new", r->counts.rows_new),
        LOG_N("changed", r->counts.rows_changed), LOG_N("unchanged", r->counts.rows_unchanged));
}

bool store_take(struct store *s, struct page *p, struct page **last, struct err *e)
{
    struct reading *r = p->reading;
    struct group g = {.pages = {p}, .count = 1};
    bool ok = true;

    *last = p;
    take_totals(s, p);
    if (r->outcome == READING_FAILED) {
        return true; /* pages behind a refused one */
    }
    switch (p->news->kind) {
    case NEWS_PAGE:
        ok = commit_group(s, &g, true, e);
        *last = g.pages[g.count - 1];
        for (size_t i = 0; i + 1 < g.count; i++) {
            pages_done(s->run->pages, g.pages[i]);
        }
        break;
    case NEWS_FAILED:
        return take_failure(s, p, e);
    case NEWS_OVERFLOW:
        r->outcome = READING_OVERFLOW;
        return window_fail(&s->run->ledger, r->window, r->pass_no, NULL, WINDOW_ABANDON, e);
    case NEWS_DROPPED:
        return true;
    default:
        if (r->kind == READING_QUESTION) {
            r->to_ms = p->news->facts.available_ms;
        } else {
            ok = take_note(s, p, e);
        }
        break;
    }
    if (ok && (*last)->news->last && r->outcome == READING_WAITING) {
        become_whole(r);
    }
    return ok;
}
