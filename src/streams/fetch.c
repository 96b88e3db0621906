#include "streams/fetch.h"

#include <pthread.h>

#include "base/limits.h"
#include "base/stop.h"
#include "io/hash.h"

enum {
    ROOM_WAIT_MS = 1000,
    FULL_WAIT_MS = 50,
    BESIDE = 3, /* requests before the first page: a login, whose the client is, its grants */
    COUNTS_EVERY = 25, /* requests, half of those that are counted ahead */
};

struct pages {
    struct client *client;
    const struct erasures *erased;
    pthread_t thread;
    bool begun;            /* there is one */
    atomic_size_t bytes;   /* of messages pushed and not yet done */
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t filled;
    struct page *first;
    struct page **end;
    struct reading *issued;
    bool closed;
    bool given_up;

    /* the network thread's own */
    struct readers *readers;
    struct reading *readings; /* of each stream in the order in which they were issued, the streams
                                 by when they last asked; begun if it has a reader */
    bool halted;              /* a failure that concerns all readings */
    int64_t told;             /* requests, as the other side knows */
};

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
    free(p);
}

static size_t page_bytes(const struct page *p)
{
    return (p->rows ? p->rows->bytes : 0) + (p->news ? p->news->answer.http.body.length : 0);
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

void pages_done(struct pages *q, struct page *p)
{
    atomic_fetch_sub(&q->bytes, page_bytes(p));
    if (p->over && p->reading) {
        arena_free(p->reading->arena);
    }
    page_free(p);
    client_wake(q->client);
}

/* True while less than the limit is pushed and not yet done. */
static bool has_room(struct pages *q)
{
    return atomic_load(&q->bytes) < (size_t)limit_get(LIMIT_QUEUE_BYTES);
}

/* Hands a message to the database side. */
static void push(struct pages *q, struct page *p)
{
    atomic_fetch_add(&q->bytes, page_bytes(p));
    pthread_mutex_lock(&q->mutex);
    *q->end = p;
    q->end = &p->next;
    pthread_cond_signal(&q->filled);
    pthread_mutex_unlock(&q->mutex);
}

/* Tells that much was asked for, when that is COUNTS_EVERY requests more than was told. */
static void tell_counts(struct pages *q)
{
    int64_t counted = client_counted(q->client);

    if (counted - q->told >= COUNTS_EVERY) {
        q->told = counted;
        push(q, page_new(NULL, NULL));
    }
}

/* --- the life of a reading ------------------------------------------------------------------- */

/* What is known of the pages read so far is forgotten: they are read from the start. */
static void from_the_start(struct reading *r)
{
    const struct step *s = r->kind == READING_WINDOW ? step_of_rows(r->ask.steps) : r->ask.steps;

    bool counts = s->follow == FOLLOW_PAGES || (r->must_add_up && s->follow != FOLLOW_IDS);
    r->seen = counts && !s->repeats ? idset_new(r->arena) : NULL;
    r->total = -1;
    r->total_moved = false;
    r->from_start = true;
}

/* Ends a reading by its last message: from then on it is the database's. */
static void end_reading(struct pages *q, struct reading *r, struct page *last)
{
    struct reading **at = &q->readings;

    while (*at != r) {
        at = &(*at)->next;
    }
    *at = r->next;
    if (r->reader) {
        reader_free(r->reader);
    }
    page_walker_free(r->walker);
    scrubber_free(r->scrubber);
    last->over = true;
    push(q, last);
}

/* --- pages in their turn --------------------------------------------------------------------- */

/* Walks what it has read into rows, without what was erased; so are the page's bytes then. */
static struct walked_page *walk_rows(struct pages *q, struct reading *r, struct news *n,
                                     const struct walk_facts *facts, struct err *e)
{
    const struct tree_map *const *trees = stream_trees(r->stream, r->pass);
    struct json_doc *document = n->answer.document;

    if (!r->walker) {
        r->walker = page_walker_new(trees);
        r->scrubber = q->erased->count > 0 ? scrubber_new(q->erased, trees) : NULL;
    }
    if (r->scrubber && scrub(r->scrubber, json_root(document), n->facts.rows)) {
        ARENA_SCOPED struct arena *a = arena_new(0);
        size_t length;
        const char *text = json_write(a, json_root(document), &length);

        buf_free(&n->answer.http.body);
        n->answer.http.body = buf_of(SIZE_MAX);
        (void)buf_add(&n->answer.http.body, text, length);
        n->answer.http.gzip = false;
    }
    n->answer.document = NULL;
    return page_walk(r->walker, document, n->facts.rows, facts, e);
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

/* Whether each answer is all that was asked for, and its total its own. */
static bool is_at_once(const struct reading *r)
{
    return step_of_rows(r->ask.steps)->follow == FOLLOW_ONCE;
}

/* Walks a page's rows, and notes their ids and the total; false: it is refused, and with it the
 * reading. So is a numbered page that brings nothing new: such pages would never end. */
static bool walk(struct pages *q, struct reading *r, struct page *p, struct err *e)
{
    struct news *n = p->news;
    bool by_number = r->seen && step_of_rows(r->ask.steps)->follow == FOLLOW_PAGES;
    int64_t total = n->facts.total_hits;
    size_t fresh = 0;

    p->number = r->handed++;
    if (!find_share(r, p, e)) {
        return false;
    }
    struct walk_facts facts = r->shares[p->share].facts;
    facts.unwanted = n->facts.unwanted;
    p->rows = walk_rows(q, r, n, &facts, e);
    if (!p->rows) {
        err_prefix(e, "%s, page %lld", r->ask.label, (long long)p->number + 1);
        LOG(LOG_INFO, "page refused", LOG_S("reading", r->ask.label), LOG_S("error", e->message));
        return false;
    }
    if (total >= 0) {
        r->total_moved = r->total_moved || (r->total >= 0 && total != r->total);
        r->total = is_at_once(r) && total < r->total ? r->total : total;
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
static void read_once_more(struct pages *q, struct reading *r, struct page *p)
{
    LOG(LOG_INFO, "pages do not add up, reading once more", LOG_S("reading", r->ask.label),
        LOG_N("rows", (int64_t)idset_count(r->seen)), LOG_N("total", r->total));
    r->once_more = true;
    p->news->last = false;
    if (p->rows) {
        push(q, p);
    } else {
        page_free(p);
    }
    push(q, page_new(r, news_new(NEWS_ANEW)));
    from_the_start(r);
    reader_anew(r->reader);
}

/* The page says of a reading that is made in one go that it needs more requests than there are: it
 * ends, and what it says is kept. */
static bool cut_short(struct pages *q, struct reading *r, struct page *p)
{
    const struct client *c = q->client;
    int64_t size = p->rows ? (int64_t)p->rows->count : 0;
    int64_t rows = r->seen ? r->total - (int64_t)idset_count(r->seen) : 0;
    int64_t left = client_left(c);

    if (!r->in_one_go || p->news->last || size == 0 ||
        rows <= (left + reader_ahead(r->reader)) * size) {
        return false;
    }
    struct page *end = page_new(r, news_new(NEWS_FAILED));
    struct err *e = &end->news->answer.error;
    int64_t needs = r->handed + (rows + size - 1) / size + BESIDE;
    r->too_large = needs > left + client_counted(c);
    err_because(e, ERR_RATE, CAUSE_LIMITS_BUDGET,
                "%s: about %lld requests in one go, and of the budget %lld are left; %s",
                r->ask.label, (long long)needs, (long long)left,
                r->too_large ? "raise it, or leave the stream out" : "the next run begins with it");
    push(q, p);
    end_reading(q, r, end);
    return true;
}

/* Hands on a page, or that there are no more. Where they do not add up even when they were read
 * once more, a list that lacks rows is not whole. False: the reading is over. */
static bool hand_on(struct pages *q, struct reading *r, struct page *p)
{
    struct news *n = p->news;
    struct err *e = &n->answer.error;
    const struct step *cleanup = r->ask.steps;
    bool is_good = n->kind == NEWS_END || walk(q, r, p, e);
    int64_t rows = r->seen ? (int64_t)idset_count(r->seen) : 0;
    bool is_odd = is_good && n->last && r->seen && r->from_start && r->total >= 0 &&
                  (is_at_once(r) ? rows < r->total : r->total_moved || rows != r->total);

    if (is_odd && !r->once_more && (r->must_add_up || r->is_over)) {
        read_once_more(q, r, p);
        return true;
    }
    if (is_odd && r->must_add_up && rows < r->total) {
        is_good = err_set(e, ERR_TEMPORARY,
                          "%s: %lld different rows came, and the answers say there "
                          "are %lld; run again later",
                          r->ask.label, (long long)rows, (long long)r->total);
    }
    if (!is_good && e->cause == CAUSE_NET_TOO_LARGE) {
        reader_take_back(r->reader, n);
        r->handed--;
        free(p);
        return true;
    }
    n->kind = is_good ? n->kind : NEWS_FAILED;
    if (is_good && cut_short(q, r, p)) {
        return false;
    }
    while (cleanup->path && !cleanup->cleanup) {
        cleanup++;
    }
    if (!is_good || (n->last && (n->kind == NEWS_END || !cleanup->path))) {
        end_reading(q, r, p);
        return false;
    }
    r->all_handed = n->last;
    push(q, p); /* from here on it is the database's */
    return true;
}

/* Takes what a reader tells; false: the reading is over. */
static bool take_news(struct pages *q, struct reading *r, struct news *n)
{
    struct page *p = page_new(r, n);

    switch (n->kind) {
    case NEWS_PAGE:
    case NEWS_END:
        return hand_on(q, r, p);
    case NEWS_ANEW:
        from_the_start(r);
        break;
    case NEWS_TOKEN:
    case NEWS_REFUSED_ID:
        break;
    default:
        /* Where the budget is used up, what is on its way is awaited. */
        q->halted = q->halted || (n->halts && n->answer.error.cause != CAUSE_LIMITS_BUDGET);
        end_reading(q, r, p);
        return false;
    }
    push(q, p);
    return true;
}

/* Whether a reading is not begun yet, so that what is under way ends within the budget. */
static bool is_held(const struct pages *q, const struct reading *r)
{
    bool held = false;
    int64_t active = 0;

    for (const struct reading *o = q->readings; o; o = o->next) {
        active += o->reader ? 1 : 0;
        held = held || (o->comes_first && !r->comes_first) ||
               (o->reader && o->in_one_go && r->in_one_go);
    }
    return held || (active > 0 && client_left(q->client) < BUDGET_SHARE * (active + 1));
}

/* Moves a reading as far as it goes by now. */
static void move_on(struct pages *q, struct reading *r)
{
    if (!r->reader && is_held(q, r)) {
        return;
    }
    if (!r->reader) {
        r->reader = reader_new(q->readers, r->arena, &r->ask);
        r->all_handed = r->kind == READING_CLEANUP;
        from_the_start(r);
        r->from_start = r->ask.at.page <= 1;
    }
    if (r->all_handed && atomic_load(&r->committed)) {
        r->all_handed = false;
        reader_clean_up(r->reader);
    }
    for (struct news *n; has_room(q) && (n = reader_next(r->reader));) {
        if (!take_news(q, r, n)) {
            return;
        }
    }
}

/* A stream has had its turn: the others' readings go before its own. */
static void pass_turn(struct pages *q, const struct stream *stream)
{
    struct reading *own = NULL;
    struct reading **at = &q->readings;

    while (*at) {
        struct reading *r = *at;

        if (r->stream == stream) {
            *at = r->next;
            r->next = NULL;
            append_to(&own, r);
        } else {
            at = &r->next;
        }
    }
    *at = own;
}

/* Asks for what may be asked by now, a request a stream in turn, until so many are under way. */
static void ask(struct pages *q, size_t most)
{
    struct reading *r = q->readings;

    while (r && client_pending(q->client) < most) {
        bool asks = r->reader && reader_ask(r->reader);

        if (asks) {
            pass_turn(q, r->stream);
        }
        r = asks ? q->readings : r->next;
    }
}

/* Takes what was issued meanwhile; true when nothing more will be. */
static bool take_issued(struct pages *q)
{
    pthread_mutex_lock(&q->mutex);
    append_to(&q->readings, q->issued);
    q->issued = NULL;
    bool closed = q->closed;
    q->halted = q->halted || q->given_up;
    pthread_mutex_unlock(&q->mutex);
    return closed;
}

void pages_ask_ahead(struct pages *q, size_t most)
{
    (void)take_issued(q);
    for (struct reading *r = q->readings, *next; r; r = next) {
        next = r->next;
        if (r->kind != READING_CLEANUP && step_reads(r->ask.steps)) {
            move_on(q, r);
        }
    }
    ask(q, most);
}

/* The network thread; `pages` is a struct pages. */
static void *fetch_all(void *pages)
{
    struct pages *q = pages;

    for (;;) {
        bool all_issued = take_issued(q);

        tell_counts(q);
        for (struct reading *r = q->readings, *next; r; r = next) {
            next = r->next;
            move_on(q, r);
        }
        ask(q, SIZE_MAX);
        if ((all_issued && !q->readings) || q->halted || stop_requested()) {
            break;
        }
        bool room = has_room(q);
        readers_wait(q->readers, room ? ROOM_WAIT_MS : FULL_WAIT_MS, room);
    }
    client_abort(q->client);
    (void)take_issued(q);
    while (q->readings) {
        end_reading(q, q->readings, page_new(q->readings, news_new(NEWS_DROPPED)));
    }
    struct page *end = page_new(NULL, NULL);
    end->over = true;
    push(q, end);
    return NULL;
}

struct pages *pages_new(struct client *client, size_t in_flight, const struct erasures *erased)
{
    struct pages *q = xcalloc(1, sizeof(*q));

    q->client = client;
    q->erased = erased;
    q->readers = readers_new(client, in_flight);
    pthread_mutex_init(&q->mutex, NULL);
    pthread_cond_init(&q->filled, NULL);
    q->end = &q->first;
    return q;
}

struct page *pages_pop(struct pages *q, bool waits)
{
    if (!q->begun) {
        q->begun = true;
        if (pthread_create(&q->thread, NULL, fetch_all, q) != 0) {
            out_of("threads (ulimit -u, TasksMax) or memory");
        }
    }
    pthread_mutex_lock(&q->mutex);
    while (!q->first && waits) {
        pthread_cond_wait(&q->filled, &q->mutex);
    }
    struct page *p = q->first;
    if (p) {
        q->first = p->next;
        q->end = q->first ? q->end : &q->first;
    }
    pthread_mutex_unlock(&q->mutex);
    return p;
}

void pages_free(struct pages *q)
{
    pthread_join(q->thread, NULL);
    while (q->issued) {
        struct reading *r = q->issued;
        q->issued = r->next;
        arena_free(r->arena);
    }
    readers_free(q->readers);
    pthread_cond_destroy(&q->filled);
    pthread_mutex_destroy(&q->mutex);
    free(q);
}
