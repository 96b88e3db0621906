#include "run/pipeline.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "etl/load.h"
#include "run/fetch.h"
#include "run/pages.h"

enum { LOADERS_MAX = 32 };

/* The database side: one message, one transaction. */
struct store {
    struct run *run;
    struct {
        const struct tree_map *trees[2];
        struct page_walker *walker;
        struct loader *loader;
    } loaders[LOADERS_MAX];
    size_t loader_count;
};

static struct loader *loader_of(struct store *s, const struct reading *r,
                                struct page_walker **walker, struct err *e)
{
    const struct tree_map *tree = r->plan->tree;
    const struct table_map *state = r->stream->load == LOAD_OBSERVE ? r->stream->state : NULL;
    size_t i = 0;

    while (i < s->loader_count && s->loaders[i].trees[0] != tree) {
        i++;
    }
    INVARIANT(i < LOADERS_MAX);
    if (i == s->loader_count) {
        s->loaders[i].trees[0] = tree;
        s->loaders[i].loader = load_new(s->run->db, s->loaders[i].trees, r->stream->load, state, e);
        if (!s->loaders[i].loader) {
            return NULL;
        }
        s->loaders[i].walker = page_walker_new(s->loaders[i].trees);
        s->loader_count++;
    }
    *walker = s->loaders[i].walker;
    return s->loaders[i].loader;
}

static void add_counts(struct load_counts *to, const struct load_counts *more)
{
    to->rows_read += more->rows_read;
    to->rows_new += more->rows_new;
    to->rows_changed += more->rows_changed;
    to->rows_unchanged += more->rows_unchanged;
}

/* Agents that a whole observation did not show are no longer observed. */
static bool close_absent(struct store *s, struct reading *r, struct err *e)
{
    struct load_page page = {.window_id = r->window->window.window_id};
    struct load_counts counts = {0};
    struct page_walker *walker;
    struct loader *loader = loader_of(s, r, &walker, e);

    if (!loader || !load_end(loader, &page, &counts, e)) {
        return false;
    }
    add_counts(&s->run->totals.rows, &counts);
    add_counts(&r->counts, &counts);
    return true;
}

/* Writes what a whole reading means for its window. */
static bool settle(struct store *s, struct reading *r, struct err *e)
{
    struct ledger_window *w = r->window;

    if (r->stream->load == LOAD_OBSERVE && !close_absent(s, r, e)) {
        return false;
    }
    if (w->kind == WINDOW_DAY) {
        struct window_debt done = r->debt;
        if (r->availability_ms != TIME_NONE && r->availability_ms < done.job_to_ms) {
            done.job_to_ms = r->availability_ms;
        }
        plan_settle(&w->window, &done, r->facts);
    } else {
        w->window.complete_to_ms = w->pending_time_ms;
        w->window.last_read_at_ms = w->pending_time_ms;
    }
    w->pending_time_ms = TIME_NONE;
    w->pending_job_to_ms = TIME_NONE;
    w->pending_query_to_ms = TIME_NONE;
    w->reading_plan = NULL;
    w->last_id = NULL;
    w->next_page = 1;
    w->job_cursor = NULL;
    return ledger_reading_end(s->run->ledger, w, e);
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
    return ledger_run_progress(s->run->ledger, &s->run->totals, e) && db_commit(s->run->db, e);
}

/* Finds and walks the page's entities; an absent list is an empty one, where the answer is an
 * object that names its list. */
static struct walked_page *walk_rows(const struct page *p, struct page_walker *walker,
                                     struct err *e)
{
    static const struct walk_facts facts = {.start_ms = TIME_NONE, .end_ms = TIME_NONE};
    const char *names = p->reading->plan->tree->entities;
    struct json root = json_root(p->document);
    struct json rows = json_first(root, names);
    bool is_empty = json_type(rows) == JSON_ABSENT && json_type(root) == JSON_OBJECT && names[0];

    if (json_type(rows) != JSON_ARRAY && !is_empty) {
        err_set(e, ERR_CONTRACT, "the answer holds no list%s%s", names[0] ? " of " : "", names);
        json_free(p->document);
        return NULL;
    }
    return page_walk(walker, p->document, rows, &facts, e);
}

static bool load_rows(struct store *s, struct page *p, struct load_counts *counts, struct err *e)
{
    const struct reading *r = p->reading;
    struct page_walker *walker;
    struct loader *loader = loader_of(s, r, &walker, e);
    struct load_page page = {
        .window_id = r->window->window.window_id,
        .stream = r->stream->name,
        .plan = r->plan->name,
        .brings_attributes = r->stream->has_attributes && r->plan->role == ROLE_JOB,
        .run_id = s->run->run_id,
        .received_ms = p->received_ms,
    };

    struct walked_page *rows = loader ? walk_rows(p, walker, e) : NULL;
    p->document = loader ? NULL : p->document;
    bool begun = rows && (r->stream->load != LOAD_OBSERVE || p->number > 0 ||
                          load_begin(loader, page.window_id, e));
    bool loaded =
        begun ? load_page(loader, rows, &page, counts, e) : err_prefix(e, "%s", r->stream->name);
    walked_free(rows);
    return loaded;
}

static bool keep_cursor(struct store *s, const struct page *p, const struct load_counts *counts,
                        struct err *e)
{
    const struct reading *r = p->reading;
    const struct pager_page *facts = &p->facts;
    struct ledger_page at = {
        .window_id = r->window->window.window_id,
        .job_cursor = facts->cursor,
        .next_page = facts->next_page,
        .last_id = facts->id_count ? r->ids[facts->id_from + facts->id_count - 1] : NULL,
        .rows_read = counts->rows_read,
        .total_hits = facts->total_hits,
    };

    if (!ledger_page(s->run->ledger, &at, e)) {
        return false;
    }
    if (counts->rows_new + counts->rows_changed == 0 || !p->raw) {
        return true;
    }
    struct ledger_raw raw = {
        .window_id = at.window_id,
        .run_id = s->run->run_id,
        .plan = r->plan->name,
        .page_no = p->number,
        .received_ms = p->received_ms,
        .path = p->path,
        .gzip = p->raw_gzip,
        .bytes = p->raw,
        .length = p->raw_length,
        .row_count = counts->rows_read,
    };
    return ledger_raw_page(s->run->ledger, &raw, e);
}

/* The page was refused: its window stops where it is, the others go on. */
static bool refuse(struct store *s, struct page *p, const struct err *cause, struct err *e)
{
    struct reading *r = p->reading;

    r->outcome = READING_FAILED;
    r->error = *cause;
    err_prefix(&r->error, "%s, page %lld", r->label, (long long)p->number + 1);
    atomic_store(&r->refused, true);
    LOG(LOG_ERROR, "page refused", LOG_S("reading", r->label), LOG_S("error", r->error.message));
    return ledger_window_error(s->run->ledger, r->window->window.window_id, &r->error, e);
}

static bool take_rows(struct store *s, struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    struct load_counts counts = {0};
    struct err cause = {.kind = ERR_NONE};

    if (p->facts.availability_ms > 0) {
        r->availability_ms = p->facts.availability_ms;
    }
    if (!db_begin(s->run->db, e)) {
        return false;
    }
    if (!load_rows(s, p, &counts, &cause)) {
        db_rollback(s->run->db);
        if (cause.kind == ERR_CONTRACT) {
            return refuse(s, p, &cause, e);
        }
        *e = cause;
        return false;
    }
    add_counts(&s->run->totals.rows, &counts);
    s->run->totals.pages++;
    if (!keep_cursor(s, p, &counts, e) || (p->ends && !settle(s, r, e)) || !commit(s, p, e)) {
        db_rollback(s->run->db);
        return false;
    }
    add_counts(&r->counts, &counts);
    r->pages++;
    r->total_hits = p->facts.total_hits > 0 ? p->facts.total_hits : r->total_hits;
    LOG(LOG_DEBUG, "page committed", LOG_S("reading", r->label), LOG_N("page", p->number + 1),
        LOG_N("rows", counts.rows_read), LOG_N("new", counts.rows_new),
        LOG_N("changed", counts.rows_changed));
    return true;
}

/* A message that changes the ledger alone, in a transaction of its own. */
static bool take_note(struct store *s, struct page *p, struct err *e)
{
    struct reading *r = p->reading;
    int64_t window_id = r->window->window.window_id;
    struct ledger *ledger = s->run->ledger;
    bool ok = false;

    if (!db_begin(s->run->db, e)) {
        return false;
    }
    switch (p->kind) {
    case PAGE_END:
        ok = settle(s, r, e);
        break;
    case PAGE_JOB_SUBMITTED:
        ok = ledger_job(ledger, window_id, p->facts.job_id, e);
        break;
    case PAGE_RESUBMIT:
        ok = ledger_reading_begin(ledger, window_id, r->plan->name, ++r->window->job_resubmits, e);
        break;
    default:
        ok = ledger_job_deleted(ledger, window_id, e);
        break;
    }
    if (!ok || !commit(s, p, e)) {
        db_rollback(s->run->db);
        return false;
    }
    return true;
}

/* Takes one message. A page that is refused (ERR_CONTRACT) ends its reading only: its outcome and
 * error are set and its window notes it. False for trouble with the database. */
static bool take(struct store *s, struct page *p, struct err *e)
{
    struct reading *r = p->reading;

    if (r->outcome == READING_FAILED) {
        return true; /* pages behind a refused one */
    }
    switch (p->kind) {
    case PAGE_ROWS:
        if (!take_rows(s, p, e)) {
            return false;
        }
        break;
    case PAGE_FAILED:
        r->outcome = READING_FAILED;
        r->error = p->error;
        return ledger_window_error(s->run->ledger, r->window->window.window_id, &p->error, e);
    case PAGE_OVERFLOW:
        r->outcome = READING_OVERFLOW;
        break;
    default:
        if (!take_note(s, p, e)) {
            return false;
        }
        break;
    }
    if ((p->ends || p->kind == PAGE_END) && r->outcome == READING_WAITING) {
        r->outcome = READING_DONE;
        atomic_store(&r->committed, true);
        LOG(LOG_INFO, "window read", LOG_S("reading", r->label), LOG_N("pages", r->pages),
            LOG_N("rows", r->counts.rows_read), LOG_N("new", r->counts.rows_new),
            LOG_N("changed", r->counts.rows_changed), LOG_N("unchanged", r->counts.rows_unchanged));
    }
    return true;
}

/* Loads until the network thread has ended; after trouble with the database the rest is thrown
 * away. */
static bool drain(struct store *store, struct fetch *f, struct err *e)
{
    bool ok = true;

    for (;;) {
        struct page *p = pages_pop(f->pages);
        bool was_end = p->ends;

        if (p->kind == PAGE_FINAL) {
            take_totals(store, p);
            pages_done(f->pages, p);
            return ok;
        }
        if (ok && !take(store, p, e)) {
            ok = false;
            atomic_store(&f->cancelled, true);
            client_wake(f->client);
        }
        progress_page(&store->run->progress, f->readings, f->count);
        if (pages_done(f->pages, p) || was_end) {
            client_wake(f->client);
        }
    }
}

bool pipeline_run(struct run *run, struct reading *const *readings, size_t count, size_t at_once,
                  struct err *e)
{
    struct fetch f = {
        .client = run->client,
        .pages = pages_new((size_t)limit_get(LIMIT_QUEUE_BYTES)),
        .readings = readings,
        .count = count,
        .at_once = at_once,
        .in_flight = (size_t)run->config->in_flight,
    };
    struct store store = {.run = run};
    pthread_t thread;

    atomic_init(&f.cancelled, false);
    int code = pthread_create(&thread, NULL, fetch_all, &f);
    if (code != 0) {
        pages_free(f.pages);
        return err_set(e, ERR_BUG, "cannot start the network thread: %s", strerror(code));
    }
    progress_phase(&run->progress, readings, count);
    bool ok = drain(&store, &f, e);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < count; i++) {
        arena_free(readings[i]->arena);
        readings[i]->arena = NULL;
    }
    for (size_t i = 0; i < store.loader_count; i++) {
        load_free(store.loaders[i].loader);
        page_walker_free(store.loaders[i].walker);
    }
    pages_free(f.pages);
    return ok;
}
