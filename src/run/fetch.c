#include "run/fetch.h"

#include <pthread.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"
#include "io/hash.h"

enum {
    ARENA_BYTES = 8192, /* of a reading */
    ROOM_WAIT_MS = 1000,
    FULL_WAIT_MS = 50,
    WALKERS_MAX = 64,
    BESIDE =
        3, /* requests of a run before its first page: a login, whose the client is, its grants */
    COUNTS_EVERY = 25, /* requests, half of those that are counted ahead */
};

struct pages {
    struct client *client;
    size_t in_flight;
    size_t max_bytes;
    const struct erasures *erased;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t filled;
    struct page *first;
    struct page **end;
    size_t count; /* messages pushed and not yet done */
    size_t bytes; /* of those messages */
    struct reading *issued;
    bool closed;
    bool given_up;
};

/* The network thread's own. */
struct fetch {
    struct pages *pages;
    struct readers *readers;
    struct reading *readings; /* of each lane in the order in which they were issued, the lanes by
                                 when they last asked; begun if it has a reader */
    bool halted;              /* a failure that concerns all readings */
    int64_t told;             /* requests, as the other side knows */
    struct {
        const struct tree_map *const *trees;
        struct page_walker *walker;
        struct scrubber *scrubber; /* NULL: nobody was erased */
    } walkers[WALKERS_MAX];
    size_t walker_count;
};

struct reading *reading_new(void)
{
    struct arena *a = arena_new(ARENA_BYTES);
    struct reading *r = arena_alloc(a, sizeof(*r));

    r->arena = a;
    r->available_ms = TIME_NONE;
    atomic_init(&r->committed, false);
    atomic_init(&r->refused, false);
    return r;
}

static void append_to(struct reading **list, struct reading *r)
{
    while (*list) {
        list = &(*list)->next;
    }
    *list = r;
}

/* --- messages -------------------------------------------------------------------------------- */

static struct page *page_new(struct reading *r, struct news *news)
{
    struct page *p = xcalloc(1, sizeof(*p));

    p->reading = r;
    p->news = news;
    return p;
}

static void page_free(struct page *p)
{
    walked_free(p->rows);
    news_free(p->news);
    free(p->routes);
    free(p);
}

static size_t page_bytes(const struct page *p)
{
    return (p->rows ? p->rows->bytes : 0) + (p->news ? p->news->answer.http.body.length : 0);
}

struct pages *pages_new(struct client *client, size_t in_flight, size_t max_bytes,
                        const struct erasures *erased)
{
    struct pages *q = xcalloc(1, sizeof(*q));

    q->client = client;
    q->in_flight = in_flight;
    q->max_bytes = max_bytes;
    q->erased = erased;
    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->filled, NULL);
    q->end = &q->first;
    return q;
}

void pages_free(struct pages *q)
{
    while (q->issued) {
        struct reading *r = q->issued;
        q->issued = r->next;
        arena_free(r->arena);
    }
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->mutex);
    free(q);
}

void pages_issue(struct pages *q, struct reading *r)
{
    pthread_mutex_lock(&q->mutex);
    append_to(&q->issued, r);
    pthread_mutex_unlock(&q->mutex);
    client_wake(q->client);
}

void pages_close(struct pages *q, bool give_up)
{
    pthread_mutex_lock(&q->mutex);
    q->closed = true;
    q->given_up = give_up;
    pthread_mutex_unlock(&q->mutex);
    client_wake(q->client);
}

struct page *pages_pop(struct pages *q, const struct reading *more_of)
{
    pthread_mutex_lock(&q->mutex);
    while (!q->first && !more_of) {
        pthread_cond_wait(&q->filled, &q->mutex);
    }
    struct page *p = q->first;
    if (more_of && p && (p->reading != more_of || p->news->kind != NEWS_PAGE)) {
        p = NULL;
    }
    if (p) {
        q->first = p->next;
        q->end = q->first ? q->end : &q->first;
    }
    pthread_mutex_unlock(&q->mutex);
    return p;
}

void pages_done(struct pages *q, struct page *p)
{
    size_t bytes = page_bytes(p);

    if (p->over) {
        arena_free(p->reading->arena);
    }
    page_free(p);
    pthread_mutex_lock(&q->mutex);
    q->bytes -= bytes;
    q->count--;
    pthread_mutex_unlock(&q->mutex);
    client_wake(q->client);
}

/* True while less than the limit is pushed and not yet done; always when nothing is. */
static bool has_room(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    bool room = q->count == 0 || q->bytes < q->max_bytes;
    pthread_mutex_unlock(&q->mutex);
    return room;
}

/* Hands a message to the database side, with what was asked until now. */
static void push(struct pages *q, struct page *p)
{
    size_t count;
    const struct route_count *routes = client_counts(q->client, &count);

    ledger_sum_routes(routes, count, &p->totals);
    pthread_mutex_lock(&q->mutex);
    *q->end = p;
    q->end = &p->next;
    q->bytes += page_bytes(p);
    q->count++;
    pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->mutex);
}

/* Tells what was asked for, when that is COUNTS_EVERY requests more than was told. */
static void tell_counts(struct fetch *f)
{
    int64_t counted = client_counted(f->pages->client);
    struct page *p;
    const struct route_count *routes;

    if (counted - f->told < COUNTS_EVERY) {
        return;
    }
    f->told = counted;
    p = page_new(NULL, NULL);
    routes = client_counts(f->pages->client, &p->route_count);
    p->routes = xcalloc(p->route_count, sizeof(*routes));
    memcpy(p->routes, routes, p->route_count * sizeof(*routes));
    push(f->pages, p);
}

/* --- the life of a reading ------------------------------------------------------------------- */

/* What is known of the pages read so far is forgotten: they are read from the start. */
static void from_the_start(struct reading *r)
{
    const struct step *s = r->kind == READING_WINDOW ? step_of_rows(r->ask.steps) : r->ask.steps;

    idset_free(r->seen);
    bool counts = s->follow == FOLLOW_PAGES || (r->must_add_up && s->follow != FOLLOW_IDS);
    r->seen = counts && !s->repeats ? idset_new() : NULL;
    r->first_total = r->last_total = -1;
    r->total_moved = false;
    r->from_start = true;
}

/* Ends a reading by its last message: from then on it is the database's. */
static void end_reading(struct fetch *f, struct reading *r, struct page *last)
{
    struct reading **at = &f->readings;

    while (*at != r) {
        at = &(*at)->next;
    }
    *at = r->next;
    if (r->reader) {
        r->lane->active--;
        reader_free(r->reader);
    }
    idset_free(r->seen);
    last->over = true;
    push(f->pages, last);
}

/* --- pages in their turn --------------------------------------------------------------------- */

/* Walks what it has read into rows, without what was erased; the page's bytes are without it too.
 */
static struct walked_page *walk_rows(struct fetch *f, const struct reading *r, struct news *n,
                                     const struct walk_facts *facts, struct err *e)
{
    const struct tree_map *const *trees = r->pass->trees ? r->pass->trees : r->stream->trees;

    struct json_doc *document = n->answer.document;
    size_t i = 0;

    while (i < f->walker_count && f->walkers[i].trees != trees) {
        i++;
    }
    INVARIANT(i < WALKERS_MAX);
    if (i == f->walker_count) {
        f->walker_count++;
        f->walkers[i].trees = trees;
        f->walkers[i].walker = page_walker_new(trees);
        f->walkers[i].scrubber =
            f->pages->erased->count > 0 ? scrubber_new(f->pages->erased, trees) : NULL;
    }
    if (f->walkers[i].scrubber &&
        scrub(f->walkers[i].scrubber, json_root(document), n->facts.rows)) {
        struct arena *a = arena_new(0);
        size_t length;
        const char *text = json_write(a, json_root(document), &length);

        buf_free(&n->answer.http.body);
        n->answer.http.body = buf_of(SIZE_MAX);
        (void)buf_add(&n->answer.http.body, text, length);
        n->answer.http.gzip = false;
        arena_free(a);
    }
    n->answer.document = NULL;
    return page_walk(f->walkers[i].walker, document, n->facts.rows, facts, e);
}

/* Finds whose rows a page holds, as it says or, of a single window, need not say; none of a file of
 * a scope that is asked for no longer, which an earlier run's report may hold. */
static bool find_share(struct reading *r, struct page *p, struct err *e)
{
    struct news *n = p->news;
    const char *whose = step_of_rows(r->ask.steps)->whose;
    const char *scope = whose ? json_str(json_first(json_root(n->answer.document), whose)) : NULL;

    while (scope && p->share < r->share_count &&
           !str_eq(r->shares[p->share].window->scope, scope)) {
        p->share++;
    }
    if (p->share < r->share_count && (scope || r->share_count == 1)) {
        return true;
    }
    p->share = 0;
    n->facts.rows = (struct json){NULL};
    return (scope && r->ask.at.token) ||
           err_set(e, ERR_CONTRACT, "%s: a file is of %s, which was not asked for", r->ask.label,
                   scope ? str_escaped(r->arena, scope) : "nobody");
}

/* Walks a page's rows, and notes their ids and the total; false: it is refused, and with it the
 * reading. So is a numbered page that brings nothing new: such pages would never end. */
static bool walk(struct fetch *f, struct reading *r, struct page *p, struct err *e)
{
    struct news *n = p->news;
    bool by_number = r->seen && step_of_rows(r->ask.steps)->follow == FOLLOW_PAGES;
    int64_t total = n->facts.total_hits;
    size_t fresh = 0;

    p->number = r->handed++;
    if (!find_share(r, p, e)) {
        return false;
    }
    struct walk_facts *facts = &r->shares[p->share].facts;
    facts->unwanted = n->facts.unwanted;
    p->rows = walk_rows(f, r, n, facts, e);
    if (!p->rows) {
        err_prefix(e, "%s, page %lld", r->ask.label, (long long)p->number + 1);
        LOG(LOG_INFO, "page refused", LOG_S("reading", r->ask.label), LOG_S("error", e->message));
        return false;
    }
    if (total >= 0) {
        r->total_moved = r->total_moved || (r->first_total >= 0 && total != r->first_total);
        r->first_total = r->first_total < 0 ? total : r->first_total;
        r->last_total = total;
    }
    for (size_t i = 0; r->seen && i < p->rows->count; i++) {
        struct cell id = walked_id(p->rows, i);
        fresh += idset_add(r->seen, id.value.text, id.length) ? 1 : 0;
    }
    return !by_number || fresh > 0 || p->rows->count == 0 ||
           err_set(e, ERR_TEMPORARY, "%s: page %lld repeats what came before it", r->ask.label,
                   (long long)p->number + 1);
}

/* All pages came, the last of them is `p`, and they do not add up to what they say there is: one
 * was shifted while they were read. They are read once more. */
static void read_once_more(struct fetch *f, struct reading *r, struct page *p)
{
    LOG(LOG_INFO, "pages do not add up, reading once more", LOG_S("reading", r->ask.label),
        LOG_N("rows", (int64_t)idset_count(r->seen)), LOG_N("total", r->last_total));
    r->once_more = true;
    p->news->last = false;
    if (p->rows) {
        push(f->pages, p);
    } else {
        page_free(p);
    }
    push(f->pages, page_new(r, news_new(NEWS_ANEW)));
    from_the_start(r);
    reader_anew(r->reader);
}

/* The page says of a reading that is made in one go that it needs more requests than there are: it
 * ends, and what it says is kept. */
static bool cut_short(struct fetch *f, struct reading *r, struct page *p)
{
    const struct client *c = f->pages->client;
    int64_t size = p->rows ? (int64_t)p->rows->count : 0;
    int64_t rows = r->seen ? r->last_total - (int64_t)idset_count(r->seen) : 0;
    int64_t left = client_left(c);

    if (!r->in_one_go || p->news->last || size == 0 ||
        rows <= (left + reader_ahead(r->reader)) * size) {
        return false;
    }
    struct page *end = page_new(r, news_new(NEWS_FAILED));
    struct err *e = &end->news->answer.error;
    int64_t needs = r->handed + (rows + size - 1) / size + BESIDE;
    r->too_large = needs > left + client_counted(c);
    err_set(e, ERR_RATE, "%s: about %lld requests in one go, and of the budget %lld are left; %s",
            r->ask.label, (long long)needs, (long long)left,
            r->too_large ? "raise it, or leave the stream out" : "the next run begins with it");
    err_cause(e, CAUSE_LIMITS_BUDGET);
    push(f->pages, p);
    end_reading(f, r, end);
    return true;
}

/* Hands on a page, or that there are no more. Where they do not add up even when they were read
 * once more, a list that lacks rows is not whole. False: the reading is over. */
static bool hand_on(struct fetch *f, struct reading *r, struct page *p)
{
    struct news *n = p->news;
    struct err *e = &n->answer.error;
    const struct step *cleanup = r->ask.steps;
    bool is_good = n->kind == NEWS_END || walk(f, r, p, e);
    int64_t rows = r->seen ? (int64_t)idset_count(r->seen) : 0;
    bool is_odd = is_good && n->last && r->seen && r->from_start && r->last_total >= 0 &&
                  (r->total_moved || rows != r->last_total);

    if (is_odd && !r->once_more && (r->must_add_up || r->is_over)) {
        read_once_more(f, r, p);
        return true;
    }
    if (is_odd && r->must_add_up && rows < r->last_total) {
        is_good = err_set(e, ERR_TEMPORARY,
                          "%s: %lld different rows came, and the answers say there "
                          "are %lld; run again later",
                          r->ask.label, (long long)rows, (long long)r->last_total);
    }
    n->kind = is_good ? n->kind : NEWS_FAILED;
    if (is_good && cut_short(f, r, p)) {
        return false;
    }
    while (cleanup->path && !cleanup->cleanup) {
        cleanup++;
    }
    if (!is_good || (n->last && (n->kind == NEWS_END || !cleanup->path))) {
        end_reading(f, r, p);
        return false;
    }
    r->all_handed = n->last;
    push(f->pages, p); /* from here on it is the database's */
    return true;
}

/* Takes what a reader tells; false: the reading is over. */
static bool take_news(struct fetch *f, struct reading *r, struct news *n)
{
    struct page *p = page_new(r, n);

    switch (n->kind) {
    case NEWS_PAGE:
    case NEWS_END:
        return hand_on(f, r, p);
    case NEWS_ANEW:
        from_the_start(r);
        break;
    case NEWS_TOKEN:
    case NEWS_REFUSED_ID:
        break;
    default:
        /* Where the budget is used up, what is on its way is awaited. */
        f->halted = f->halted || (n->halts && n->answer.error.cause != CAUSE_LIMITS_BUDGET);
        end_reading(f, r, p);
        return false;
    }
    push(f->pages, p);
    return true;
}

/* Whether a reading is not begun yet, so that what is under way comes to its end within the budget.
 */
static bool is_held(const struct fetch *f, const struct reading *r)
{
    bool held = false;
    int64_t active = 0;

    for (const struct reading *o = f->readings; o && r->spares; o = o->next) {
        active += o->reader ? 1 : 0;
        held = held || (o->comes_first && !r->comes_first) ||
               (o->reader && o->in_one_go && r->in_one_go);
    }
    return held || (active > 0 && client_left(f->pages->client) < BUDGET_SHARE * (active + 1));
}

/* Moves a reading as far as it goes by now. */
static void move_on(struct fetch *f, struct reading *r)
{
    if (atomic_load(&r->refused) || (!r->reader && atomic_load(&r->lane->closed))) {
        end_reading(f, r, page_new(r, news_new(NEWS_DROPPED)));
        return;
    }
    if (!r->reader && (r->lane->active >= r->lane->at_once || is_held(f, r))) {
        return;
    }
    if (!r->reader) {
        r->lane->active++;
        r->reader = reader_new(f->readers, r->arena, &r->ask);
        r->all_handed = r->kind == READING_CLEANUP;
        from_the_start(r);
        r->from_start = r->ask.at.page <= 1;
    }
    if (r->all_handed && atomic_load(&r->committed)) {
        r->all_handed = false;
        reader_clean_up(r->reader);
    }
    while (has_room(f->pages)) {
        struct news *n = reader_next(r->reader);
        if (!n) {
            break;
        }
        if (!take_news(f, r, n)) {
            return;
        }
    }
}

/* The lane has had its turn: the others' readings go before its own. */
static void pass_turn(struct fetch *f, const struct lane *lane)
{
    struct reading *own = NULL;
    struct reading **last = &own;
    struct reading **at = &f->readings;

    while (*at) {
        if ((*at)->lane == lane) {
            *last = *at;
            *at = (*last)->next;
            last = &(*last)->next;
        } else {
            at = &(*at)->next;
        }
    }
    *last = NULL;
    *at = own;
}

/* Asks for what may be asked by now, a request a lane in turn. */
static void ask(struct fetch *f)
{
    struct reading *r = f->readings;

    while (r) {
        bool asks = r->reader && reader_ask(r->reader);

        if (asks) {
            pass_turn(f, r->lane);
        }
        r = asks ? f->readings : r->next;
    }
}

/* Takes what was issued meanwhile; true when nothing more will be. */
static bool take_issued(struct fetch *f)
{
    struct pages *q = f->pages;

    pthread_mutex_lock(&q->mutex);
    append_to(&f->readings, q->issued);
    q->issued = NULL;
    bool closed = q->closed;
    f->halted = f->halted || q->given_up;
    pthread_mutex_unlock(&q->mutex);
    return closed;
}

void *fetch_all(void *pages)
{
    struct pages *q = pages;
    struct fetch f = {.pages = q, .readers = readers_new(q->client, q->in_flight)};

    for (;;) {
        bool all_issued = take_issued(&f);

        tell_counts(&f);
        for (struct reading *r = f.readings, *next; r; r = next) {
            next = r->next;
            move_on(&f, r);
        }
        ask(&f);
        if ((all_issued && !f.readings) || f.halted || stop_requested()) {
            break;
        }
        bool room = has_room(q);
        readers_wait(f.readers, room ? ROOM_WAIT_MS : FULL_WAIT_MS, room);
    }
    client_abort(q->client);
    (void)take_issued(&f);
    while (f.readings) {
        end_reading(&f, f.readings, page_new(f.readings, news_new(NEWS_DROPPED)));
    }
    readers_free(f.readers);
    push(q, page_new(NULL, NULL));
    for (size_t i = 0; i < f.walker_count; i++) {
        page_walker_free(f.walkers[i].walker);
        scrubber_free(f.walkers[i].scrubber);
    }
    return NULL;
}
