#include "run/store.h"

#include "etl/raw.h"
#include "run/budget.h"
#include "sql.h"

/* What shares a transaction: so many pages, and of their rows what SQLite's cache holds. */
enum { GROUP_MOST = 8, GROUP_BYTES = 10000000 };

/* Adds to what the reading, and the run, has come to. */
static void add_counts(struct run *run, struct reading *r, const struct load_counts *more)
{
    load_counts_add(&r->counts, more);
    load_counts_add(&run->result->totals.rows, more);
}

/* Counts, with what was asked for by now. */
static bool count(struct run *run, struct err *e)
{
    budget_sum(run);
    return ledger_run_progress(&run->ledger, &run->result->totals, e);
}

/* The reading ends here; its window's ledger says why. */
static bool fail(struct run *run, struct reading *r, const struct err *why, enum window_failure how,
                 struct err *e)
{
    /* Of several windows each is asked for alone before it is its trouble. */
    bool shared = r->share_count > 1 && how != WINDOW_GOES_ON;
    bool done = true;

    r->outcome = READING_FAILED;
    r->error = *why;
    /* Where the budget is used up it goes on where it is, and that is no trouble of its own. */
    if (why->cause == CAUSE_LIMITS_BUDGET && !r->too_large) {
        return true;
    }
    for (size_t i = 0; done && i < r->share_count; i++) {
        done = window_fail(&run->ledger, r->shares[i].window, r->pass_no, shared ? NULL : &r->error,
                           how, e);
    }
    return done;
}

/* --- beginning ------------------------------------------------------------------------------- */

/* A reading begins, or begins anew, with the first that comes of it: no cursor, and nothing is
 * seen. Part of the caller's transaction. */
static bool begin(struct run *run, struct reading *r, struct err *e)
{
    struct loader *loader = loaders_get(&run->loaders, r->stream, r->pass, e);
    bool done = loader != NULL;

    for (size_t i = 0; done && i < r->share_count; i++) {
        struct window *w = r->shares[i].window;

        done = load_begin(loader, w->window_id, e) &&
               db_do(run->db, e, sql_raw_begin, I(w->window_id), S(r->pass->plan.name)) &&
               db_do(run->db, e, sql_window_begin, I(w->window_id), S(r->pass->plan.name),
                     T(r->to_ms), T(r->plan.time_ms), I(run->ledger.grant_set_id));
    }
    r->begun = done;
    return done;
}

/* --- pages ----------------------------------------------------------------------------------- */

/* What a page's rows are of, or what the end of its reading takes away. */
static struct load_page describe(const struct run *run, const struct page *p, size_t share)
{
    const struct reading *r = p->reading;

    return (struct load_page){
        .window_id = r->shares[share].window->window_id,
        .facts = r->shares[share].facts,
        .until_ms = r->to_ms,
        .stream = r->stream->name,
        .plan = r->pass->plan.name,
        .brings_attributes = r->pass->attributes,
        .run_id = run->ledger.run_id,
        .received_ms = p->news->answer.received_ms - run->ahead_ms,
    };
}

/* Keeps the answer of a page that was loaded, where answers are kept. */
static bool keep(const struct run *run, const struct page *p, const struct load_page *page,
                 struct err *e)
{
    const struct http_answer *http = &p->news->answer.http;
    const struct raw_answer answer = {.number = p->number,
                                      .path = p->news->path,
                                      .is_gzip = http->gzip,
                                      .bytes = http->body.data,
                                      .length = http->body.length,
                                      .by_reading = stream_is_by_reading(p->reading->stream)};

    return run->config->keep_raw_days == 0 || raw_keep(run->db, page, &answer, &p->counts, e);
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
static bool settle(struct run *run, const struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    struct loader *loader = loaders_get(&run->loaders, r->stream, r->pass, e);
    bool keeps = run->config->keep_raw_days > 0;
    bool done = loader != NULL;

    for (size_t i = 0; done && i < r->share_count; i++) {
        struct window *w = r->shares[i].window;
        struct load_page page = describe(run, p, i);
        struct load_counts counts = {0};

        done = load_end(loader, &page, &counts, e);
        add_counts(run, r, &counts);
        plan_settle(&w->span, r->pass_no, r->to_ms, &r->plan);
        page.received_ms = run_now_ms(run); /* its last answer may have come long ago, or none */
        done = done && (!keeps || raw_keep(run->db, &page, NULL, &counts, e)) &&
               raw_end(run->db, &page, e) && window_end(&run->ledger, w, r->pass_no, e);
    }
    return done;
}

static bool note_id(struct run *run, const struct reading *r, const char *id, bool known,
                    struct err *e)
{
    return !r->pass->asked ||
           db_do(run->db, e, r->pass->asked, S(id), T(r->plan.time_ms), I(known));
}

/* Of each id that a page was asked for it is kept that it was, and whether it came. */
static bool note_ids(struct run *run, const struct page *p, struct err *e)
{
    const struct reading *r = p->reading;
    const struct pager_page *facts = &p->news->facts;
    size_t first = r->pass->asked ? facts->next.id_from - facts->id_count : facts->next.id_from;
    bool ok = true;

    for (size_t i = first; ok && i < facts->next.id_from; i++) {
        const char *id = r->ask.ids[i];
        bool came = false;

        for (size_t k = 0; !came && k < p->rows->count; k++) {
            struct cell c = walked_id(p->rows, k);
            came = c.length == strlen(id) && memcmp(c.value.text, id, c.length) == 0;
        }
        ok = note_id(run, r, id, came, e);
    }
    return ok;
}

/* Loads a page, and what goes with its rows; part of the caller's transaction. */
static bool add_page(struct run *run, struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    const struct pager_page *facts = &p->news->facts;
    struct load_page page = describe(run, p, p->share);
    const struct cursor next = cursor_after(p);
    struct loader *loader = loaders_get(&run->loaders, r->stream, r->pass, e);

    page.facts.unwanted = facts->unwanted;
    if (!loader || (!r->begun && !begin(run, r, e)) ||
        !load_page(loader, p->rows, &page, &p->counts, e)) {
        return false;
    }
    if (facts->available_ms != TIME_NONE) {
        r->available_ms = facts->available_ms;
        r->to_ms = clock_earlier(r->available_ms, r->to_ms);
    }
    r->total_hits = facts->total_hits > 0 ? facts->total_hits : r->total_hits;
    r->pages++;
    run->result->totals.pages++;
    add_counts(run, r, &p->counts);
    LOG(LOG_DEBUG, "page loaded", LOG_S("reading", r->ask.label), LOG_N("page", p->number + 1),
        LOG_N("rows", p->counts.rows_read), LOG_N("new", p->counts.rows_new),
        LOG_N("changed", p->counts.rows_changed));
    return note_ids(run, p, e) && keep(run, p, &page, e) &&
           window_page(&run->ledger, r->shares[p->share].window, r->pass_no, &next,
                       &(struct window_counts){1, p->counts.rows_read, r->total_hits}, e) &&
           (!p->news->last || settle(run, p, e));
}

/* Ends the transaction of the pages that were loaded; of those that are rolled back none counts. */
static bool end_group(struct run *run, bool ok, struct err *e)
{
    ok = db_finish(run->db, ok && count(run, e), e);
    if (!ok) {
        run->result->totals = run->group.before;
    }
    run->group.pages = 0;
    return ok;
}

bool store_commit(struct run *run, struct err *e)
{
    return run->group.pages == 0 || end_group(run, true, e);
}

/* What follows from a reading's end follows its commit. */
static bool take_page(struct run *run, struct page *p, struct err *e)
{
    struct group *g = &run->group;

    if (g->pages == 0) {
        *g = (struct group){.before = run->result->totals};
        if (!db_begin(run->db, e)) {
            return false;
        }
    }
    bool done = add_page(run, p, e);
    g->pages++;
    g->bytes += p->rows->bytes;
    g->night = p->reading->owner;
    bool goes_on = g->pages < GROUP_MOST && g->bytes < GROUP_BYTES && !p->news->last;
    return done && goes_on ? true : end_group(run, done, e);
}

/* --- other messages -------------------------------------------------------------------------- */

/* What the server calls the reading is known, or gone: all its windows share it. */
static bool set_token(struct run *run, const struct page *p, struct err *e)
{
    const struct reading *r = p->reading;
    const char *known =
        p->news->kind == NEWS_TOKEN ? arena_strdup(run->arena, p->news->facts.token) : NULL;
    const char *gone =
        r->kind == READING_CLEANUP ? r->ask.at.token : r->window->now[r->pass_no].token;
    bool done = true;

    for (size_t i = 0; done && i < r->share_count; i++) {
        struct window *w = r->shares[i].window;

        done = known ? window_token(&run->ledger, w, r->pass_no, known, e)
                     : db_do(run->db, e, sql_window_cleared, I(w->window_id), S(r->pass->plan.name),
                             S(gone));
    }
    return done;
}

/* An id that was refused is left out, and said to be; nothing is known of its rows, so of what the
 * reading has not seen none goes. */
static bool leave_out(struct run *run, const struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    const char *id = p->news->id;
    bool gone = news_is_gone(p->news);
    const char *why = gone ? "not known to the server"
                      : p->news->answer.error.cause == CAUSE_NET_TOO_LARGE
                          ? "an answer that is too large"
                          : "refused by the server";
    struct cursor next = cursor_after(p);

    next.at = id;
    return (gone || db_do(run->db, e, "INSERT OR IGNORE INTO reading_seen VALUES (?1, -1, ?2)",
                          I(r->window->window_id), S(id))) &&
           load_note(run->db, r->stream->name,
                     &(struct walk_note){step_of_rows(r->ask.steps)->ids_as, why, id, 1}, e) &&
           note_id(run, r, id, !gone, e) &&
           window_page(&run->ledger, r->window, r->pass_no, &next, &(struct window_counts){0}, e);
}

/* A message that changes the ledger alone, in a transaction of its own. */
static bool take_note(struct run *run, const struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    enum news_kind kind = p->news->kind;
    bool begins = r->kind == READING_WINDOW && (!r->begun || kind == NEWS_ANEW);
    bool ok = db_begin(run->db, e) && (!begins || begin(run, r, e));

    if (ok && kind == NEWS_END) {
        ok = settle(run, p, e);
    } else if (ok && kind == NEWS_REFUSED_ID) {
        ok = leave_out(run, p, e);
    } else if (ok && kind != NEWS_ANEW) {
        ok = set_token(run, p, e);
    }
    return db_finish(run->db, ok && count(run, e), e);
}

/* The budget is used up, or too little is left of it. A reading that came first and was cut all the
 * same will come behind others, until its turn shows that a whole budget would do. */
static bool take_spent(struct run *run, struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    struct err *why = &p->news->answer.error;

    if (p->news->halts) {
        run->budget.why = run->budget.why.kind ? run->budget.why : *why;
        r->too_large = r->comes_first;
    } else if (!r->too_large && !db_do(run->db, e, sql_window_excuse, I(r->window->window_id))) {
        return false;
    }
    if (p->news->halts && r->too_large) {
        err_prefix(why, "%s: in one go it needs more requests than a run may send", r->ask.label);
    }
    return fail(run, r, why, WINDOW_GOES_ON, e);
}

bool store_take(struct run *run, struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    bool ok = true;

    switch (p->news->kind) {
    case NEWS_PAGE:
        ok = take_page(run, p, e);
        break;
    case NEWS_FAILED:
        /* A cursor is kept where the trouble is everybody's (the network, a login, the rate), so
         * that the next run goes on; what the server refused or could not give of this reading is
         * begun anew. */
        r->waited = p->news->facts.waited;
        if (p->news->answer.error.cause == CAUSE_LIMITS_BUDGET) {
            return take_spent(run, p, e);
        }
        return fail(run, r, &p->news->answer.error,
                    r->waited        ? WINDOW_WAITED
                    : p->news->halts ? WINDOW_GOES_ON
                                     : WINDOW_ABANDON,
                    e);
    case NEWS_OVERFLOW:
        r->outcome = READING_OVERFLOW;
        return window_fail(&run->ledger, r->window, r->pass_no, NULL, WINDOW_ABANDON, e);
    case NEWS_DROPPED:
        return true;
    default:
        if (r->kind == READING_QUESTION) {
            r->to_ms = p->news->facts.available_ms;
        } else {
            ok = take_note(run, p, e);
        }
        break;
    }
    if (ok && p->news->last && r->outcome == READING_WAITING) {
        r->outcome = READING_DONE;
        atomic_store(&r->committed, true);
        LOG(LOG_INFO, "window read", LOG_S("reading", r->ask.label), LOG_N("pages", r->pages),
            LOG_N("rows", r->counts.rows_read), LOG_N("new", r->counts.rows_new),
            LOG_N("changed", r->counts.rows_changed), LOG_N("unchanged", r->counts.rows_unchanged));
    }
    return ok;
}
