#include "run/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"
#include "io/hash.h"
#include "io/idset.h"

enum net_state { NET_WAITING, NET_FETCHING, NET_COMMITTING, NET_CLEANING, NET_ENDED };

enum {
    ROOM_WAIT_MS = 1000,
    FULL_WAIT_MS = 50,
    WALKERS_MAX = 64,
    EARLY_BYTES = 4194304,  /* parsed pages ahead of their turn; beyond, they wait unparsed */
    AHEAD_BYTES = 16777216, /* pages on the wire and ahead of their turn, each taken for as large as
                               the largest one */
    FIRST_PAGES = 4,        /* on the wire before the size of any is known */
    EARLY_ROUNDS = 4,       /* most pages ahead of their turn, all readings together, in rounds of
                               what may be in flight */
    ALONE_MOST = 16, /* ids in a row that may be refused alone: more, and it is not the ids */
};

/* What a request in flight belongs to. Used again by the reading's later requests. */
struct ticket {
    struct ticket *next_free;
    struct ticket *next_made;
    struct reading *reading;
    struct pager *pager; /* the one that asked; a reading that began anew has another */
    int64_t sequence;
    int64_t tries; /* of a request whose answers are none */
    bool is_cleanup;
    bool is_poll;
    char *path;
};

struct fetch_loop {
    struct fetch *f;
    struct reading *waiting; /* in the order in which they were issued */
    struct reading *begun;
    struct reading *ended; /* with requests on the wire yet */
    bool halted;           /* a failure that concerns all readings */
    size_t polling;        /* requests that wait for their time: others go before them */
    size_t early_count;    /* pages ahead of their turn */
    size_t early_bytes;    /* of their documents */
    size_t largest_bytes;  /* of a page, as it came; 0: none came */
    size_t awaited;        /* requests whose answers are not taken yet, those in `polling` aside */
    struct {
        const struct tree_map *const *trees;
        struct page_walker *walker;
    } walkers[WALKERS_MAX];
    size_t walker_count;
    struct arena *scratch; /* a request's texts, until it is queued */
};

static void remove_from(struct reading **list, const struct reading *r)
{
    while (*list != r) {
        INVARIANT(*list);
        list = &(*list)->next;
    }
    *list = r->next;
}

static void append_to(struct reading **list, struct reading *r)
{
    while (*list) {
        list = &(*list)->next;
    }
    *list = r;
}

/* Hands a message to the database side, with what was asked until now. */
static void push(struct fetch_loop *l, struct page *p)
{
    size_t count;
    const struct route_count *routes = client_counts(l->f->client, &count);

    for (size_t i = 0; i < count; i++) {
        p->totals.requests += routes[i].requests;
        p->totals.retries += routes[i].retries;
        p->totals.bytes += routes[i].bytes;
    }
    pages_push(l->f->pages, p);
}

/* --- pages ahead of their turn --------------------------------------------------------------- */

static struct page **slot_of(const struct fetch_loop *l, struct reading *r, int64_t sequence)
{
    return &r->reordered[(size_t)sequence % l->f->in_flight];
}

/* Puts a page that came ahead of its turn aside; unparsed when those there hold enough memory. */
static void keep_early(struct fetch_loop *l, struct page **slot, struct page *p)
{
    size_t bytes = p->document ? json_held_bytes(p->document) : 0;

    l->early_count++;
    if (l->early_bytes + bytes > EARLY_BYTES) {
        json_free(p->document);
        p->document = NULL;
    } else {
        l->early_bytes += bytes;
    }
    *slot = p;
}

/* The page in a slot, which is empty afterwards; NULL when it was before. */
static struct page *take_early(struct fetch_loop *l, struct page **slot)
{
    struct page *p = *slot;

    *slot = NULL;
    if (p) {
        l->early_count--;
        l->early_bytes -= p->document ? json_held_bytes(p->document) : 0;
    }
    return p;
}

static void drop_early(struct fetch_loop *l, struct reading *r)
{
    for (size_t i = 0; i < l->f->in_flight; i++) {
        page_free(take_early(l, &r->reordered[i]));
    }
}

/* --- the life of a reading ------------------------------------------------------------------- */

/* Whoever works on a reading holds it, as its tickets on the wire do. */
static void hold(struct reading *r)
{
    r->on_wire++;
}

static void let_go(struct fetch_loop *l, struct reading *r)
{
    if (--r->on_wire > 0 || r->net_state != NET_ENDED) {
        return;
    }
    remove_from(&l->ended, r);
    while (r->tickets) {
        struct ticket *t = r->tickets;
        r->tickets = t->next_made;
        free(t->path);
    }
    reading_release(r);
}

/* Ends a reading by its last message: from then on it is the database's. Tickets on the wire hold
 * it until they come back. */
static void end_reading(struct fetch_loop *l, struct reading *r, struct page *last)
{
    drop_early(l, r);
    free(r->reordered);
    idset_free(r->seen);
    r->net_state = NET_ENDED;
    r->lane->active--;
    remove_from(&l->begun, r);
    last->over = true;
    push(l, last);
    r->next = l->ended;
    l->ended = r;
    hold(r);
    let_go(l, r);
}

/* Ends a reading with an error. Trouble is this reading's alone when an answer of its own breaks
 * the contract, refuses it or says 5xx, or its job is lost; any other halts everything. */
static void fail_reading(struct fetch_loop *l, struct reading *r, const struct err *error,
                         bool job_trouble)
{
    struct page *p = page_new(PAGE_FAILED, r);
    bool server = error->kind == ERR_TEMPORARY && (job_trouble || error->http_status > 0) &&
                  client_token(l->f->client)->generation > 0;

    p->halts = error->kind != ERR_CONTRACT && error->kind != ERR_PERMISSION && !server;
    l->halted = l->halted || p->halts;
    p->error = *error;
    p->waited = pager_waited(r->pager);
    end_reading(l, r, p);
}

/* A pager that begins, or goes on, at `at`. */
static void make_pager(struct reading *r, const struct pager_at *at)
{
    struct pager_spec spec = {
        .steps = r->steps,
        .label = r->label,
        .start = r->start,
        .end = r->end,
        .zone = r->facts.zone,
        .scope = r->facts.scope,
        .ids = r->ids,
        .id_count = r->id_count,
        .hits_overflow = r->hits_overflow,
        .at = *at,
    };

    r->pager = pager_new(r->arena, &spec);
    r->next_to_hand = 0;
    r->outstanding = 0;
    r->asked = 0;
}

/* What is known of the pages read so far is forgotten: they are read from the start. */
static void from_the_start(struct reading *r)
{
    const struct step *s = r->kind == READING_WINDOW ? step_of_rows(r->steps) : r->steps;

    idset_free(r->seen);
    r->seen = s->follow == FOLLOW_PAGES && !s->repeats ? idset_new() : NULL;
    r->first_total = r->last_total = -1;
    r->total_moved = false;
    r->from_start = true;
}

static void begin_reading(struct fetch_loop *l, struct reading *r)
{
    remove_from(&l->waiting, r);
    r->next = NULL;
    append_to(&l->begun, r);
    r->lane->active++;
    r->reordered = xcalloc(l->f->in_flight, sizeof(*r->reordered));
    from_the_start(r);
    r->from_start = r->at.page <= 1;
    make_pager(r, &r->at);
    r->net_state = r->kind == READING_CLEANUP ? NET_COMMITTING : NET_FETCHING;
}

static void begin_readings(struct fetch_loop *l)
{
    struct reading *next;

    append_to(&l->waiting, pages_issued(l->f->pages));
    for (struct reading *r = l->waiting; r; r = next) {
        next = r->next;
        if (r->lane->active >= r->lane->at_once && !atomic_load(&r->lane->closed)) {
            continue;
        }
        begin_reading(l, r);
        if (atomic_load(&r->lane->closed)) {
            end_reading(l, r, page_new(PAGE_DROPPED, r));
        }
    }
}

/* --- requests -------------------------------------------------------------------------------- */

static struct ticket *take_ticket(struct fetch_loop *l, struct reading *r,
                                  const struct pager_request *q, bool is_cleanup)
{
    struct ticket *t = r->free_tickets;

    if (t) {
        r->free_tickets = t->next_free;
    } else {
        t = arena_alloc(r->arena, sizeof(*t));
        t->reading = r;
        t->next_made = r->tickets;
        r->tickets = t;
    }
    t->pager = r->pager;
    t->sequence = q->sequence;
    t->tries = 0;
    t->is_cleanup = is_cleanup;
    t->is_poll = q->delay_ms > 0;
    l->polling += t->is_poll ? 1 : 0;
    free(t->path);
    t->path = xstrdup(q->path);
    return t;
}

static void send_ticket(struct fetch_loop *l, struct ticket *t, const struct pager_request *q)
{
    struct client_request request = {
        .target = q->bare ? CLIENT_URL : CLIENT_API,
        .method = q->method,
        .path = q->path,
        .body = q->body,
        .label = q->label,
        .not_before_ms = q->delay_ms > 0 ? clock_monotonic_ms() + q->delay_ms : 0,
        .want_document = !t->is_cleanup,
        .user = t,
    };

    hold(t->reading);
    l->awaited += t->is_poll ? 0 : 1;
    client_send(l->f->client, &request);
    arena_reset(l->scratch);
}

static void send_request(struct fetch_loop *l, struct reading *r, const struct pager_request *q,
                         bool is_cleanup)
{
    r->outstanding++;
    r->asked += q->sequence >= 0 ? 1 : 0;
    send_ticket(l, take_ticket(l, r, q, is_cleanup), q);
}

/* Whether memory suffices for one more page on its way: for one it always does. */
static bool has_memory(const struct fetch_loop *l)
{
    size_t bytes = l->largest_bytes > 0 ? l->largest_bytes : AHEAD_BYTES / FIRST_PAGES;

    return l->awaited == 0 || (l->awaited + l->early_count) * bytes < AHEAD_BYTES;
}

/* A reading may run ahead of its oldest missing page by its reorder buffer, no further. Jobs that
 * are polled leave what may be in flight to others. */
static bool may_ask(const struct fetch_loop *l, const struct reading *r)
{
    if (client_pending(l->f->client) >= l->f->in_flight + l->polling || !has_memory(l) ||
        pager_state(r->pager) != PAGER_READY) {
        return false;
    }
    /* The page that others wait for was asked before them, so this cannot stand still. */
    return r->asked == r->next_to_hand || (r->asked - r->next_to_hand < (int64_t)l->f->in_flight &&
                                           l->early_count < EARLY_ROUNDS * l->f->in_flight);
}

/* The last page is committed: what was submitted is cleared up. */
static void clean_up(struct fetch_loop *l, struct reading *r)
{
    struct pager_request request;

    if (!atomic_load(&r->committed)) {
        return;
    }
    if (!pager_cleanup(r->pager, l->scratch, &request)) {
        end_reading(l, r, page_new(PAGE_CLEANED, r));
        return;
    }
    r->net_state = NET_CLEANING;
    send_request(l, r, &request, true);
}

/* Begins the reading anew: the job it had is cleared up too, so that it does not stay until it
 * expires; its answer changes nothing. */
static void begin_anew(struct fetch_loop *l, struct reading *r)
{
    struct pager_request request;

    push(l, page_new(PAGE_ANEW, r));
    if (pager_cleanup(r->pager, l->scratch, &request)) {
        send_request(l, r, &request, true);
    }
    drop_early(l, r);
    from_the_start(r);
    make_pager(r, &(struct pager_at){.page = 1});
}

/* The job is gone on the server: a new one in its place, a limited number of times in a run. */
static void job_lost(struct fetch_loop *l, struct reading *r)
{
    if (r->resubmits >= limit_get(LIMIT_JOB_RESUBMITS)) {
        struct err error;
        err_set(&error, ERR_TEMPORARY,
                "%s: the job was lost %lld times on the server (last: %s); the next run submits "
                "a new one",
                r->label, (long long)r->resubmits + 1, pager_reason(r->pager));
        fail_reading(l, r, &error, true);
        return;
    }
    r->resubmits++;
    LOG(LOG_WARN, "job lost, submitting it again", LOG_S("reading", r->label),
        LOG_S("reason", pager_reason(r->pager)), LOG_N("resubmits", r->resubmits));
    begin_anew(l, r);
}

/* --- pages in their turn --------------------------------------------------------------------- */

static struct page_walker *walker_of(struct fetch_loop *l, const struct reading *r)
{
    const struct tree_map *const *trees = r->pass->trees ? r->pass->trees : r->stream->trees;

    for (size_t i = 0; i < l->walker_count; i++) {
        if (l->walkers[i].trees == trees) {
            return l->walkers[i].walker;
        }
    }
    INVARIANT(l->walker_count < WALKERS_MAX);
    l->walkers[l->walker_count].trees = trees;
    return l->walkers[l->walker_count++].walker = page_walker_new(trees);
}

/* Notes a page's ids and total; false when it brings nothing new: such pages would never end. */
static bool note_progress(struct reading *r, const struct page *p, struct err *e)
{
    int64_t total = p->facts.total_hits;
    size_t fresh = 0;

    if (total >= 0) {
        r->total_moved = r->total_moved || (r->first_total >= 0 && total != r->first_total);
        r->first_total = r->first_total < 0 ? total : r->first_total;
        r->last_total = total;
    }
    for (size_t i = 0; r->seen && i < p->rows->count; i++) {
        struct cell id = walked_id(p->rows, i);
        fresh += idset_add(r->seen, id.value.text, id.length) ? 1 : 0;
    }
    if (!r->seen || fresh > 0 || p->rows->count == 0) {
        return true;
    }
    err_set(e, ERR_TEMPORARY, "%s: page %lld repeats what came before it", r->label,
            (long long)p->number + 1);
    e->http_status = 200; /* this reading's own trouble */
    return false;
}

/* Whether the pages do not add up to what they say there is: one was shifted while they were read.
 */
static bool is_odd(const struct reading *r)
{
    return r->seen && r->from_start && r->last_total >= 0 &&
           (r->total_moved || (int64_t)idset_count(r->seen) != r->last_total);
}

/* All pages were handed on, or are about to be with `p`. Where they do not add up they are read
 * once more; a list that lacks rows even so is not whole. True: the reading is whole. */
static bool adds_up(struct fetch_loop *l, struct reading *r, struct page *p)
{
    struct err error;

    if (!is_odd(r) || !(r->must_add_up || r->is_over)) {
        return true;
    }
    if (r->once_more) {
        bool lacks = r->must_add_up && (int64_t)idset_count(r->seen) < r->last_total;
        if (lacks) {
            err_set(&error, ERR_TEMPORARY,
                    "%s: %zu different rows came, and the answers say there "
                    "are %lld; run again later",
                    r->label, idset_count(r->seen), (long long)r->last_total);
            error.http_status = 200;
            fail_reading(l, r, &error, false);
            page_free(p);
        }
        return !lacks;
    }
    LOG(LOG_INFO, "pages do not add up, reading once more", LOG_S("reading", r->label),
        LOG_N("rows", (int64_t)idset_count(r->seen)), LOG_N("total", r->last_total));
    r->once_more = true;
    if (p) {
        p->last = false;
        push(l, p);
    }
    begin_anew(l, r);
    return false;
}

static bool has_cleanup(const struct step *s)
{
    while (s->path && !s->cleanup) {
        s++;
    }
    return s->path != NULL;
}

/* Hands a page on whose turn it is. False: the reading is over, or began anew. */
static bool hand_on(struct fetch_loop *l, struct reading *r, struct page *p)
{
    struct err error;

    r->next_to_hand++;
    p->number = r->handed++;
    p->rows = page_walk(walker_of(l, r), p->document, p->facts.rows, &r->facts, &error);
    p->document = NULL;
    if (!p->rows || !note_progress(r, p, &error)) {
        if (!p->rows) {
            err_prefix(&error, "%s, page %lld", r->label, (long long)p->number + 1);
            LOG(LOG_ERROR, "page refused", LOG_S("reading", r->label),
                LOG_S("error", error.message));
        }
        page_free(p);
        fail_reading(l, r, &error, false);
        return false;
    }
    p->last =
        pager_state(r->pager) == PAGER_DONE && r->outstanding == 0 && r->asked == r->next_to_hand;
    if (p->last && !adds_up(l, r, p)) {
        return false;
    }
    if (!p->last || has_cleanup(r->steps)) {
        r->net_state = p->last ? NET_COMMITTING : NET_FETCHING;
        push(l, p); /* from here on it is the database's */
        return r->net_state == NET_FETCHING;
    }
    end_reading(l, r, p);
    return false;
}

/* The request whose turn it is asked for too much, or for an id that the server refuses: half of it
 * is asked for instead. */
static void ask_for_less(struct fetch_loop *l, struct reading *r, struct page *trouble)
{
    struct pager_at at;
    const char *id;
    bool halved = pager_halve(r->pager, r->next_to_hand, &at, &id);
    bool all = r->id_count > 1 && r->alone + 1 == r->id_count;

    if (!halved && (!id || ++r->alone > ALONE_MOST || all)) {
        fail_reading(l, r, &trouble->error, false);
        page_free(trouble);
        return;
    }
    LOG(LOG_WARN, halved ? "asking for half as much" : "id refused, going on without it",
        LOG_S("reading", r->label), LOG_S("error", trouble->error.message));
    if (!halved) {
        struct page *p = page_new(PAGE_REFUSED_ID, r);
        p->id = xstrdup(id);
        p->facts.next = at;
        p->error = trouble->error;
        push(l, p);
    }
    page_free(trouble);
    drop_early(l, r);
    make_pager(r, &at);
}

/* Hands on the pages that were early and whose turn has come, while there is room. */
static void hand_early(struct fetch_loop *l, struct reading *r)
{
    while (r->net_state == NET_FETCHING && *slot_of(l, r, r->next_to_hand) &&
           pages_room(l->f->pages)) {
        struct page *p = take_early(l, slot_of(l, r, r->next_to_hand));
        if (p->kind == PAGE_TROUBLE) {
            ask_for_less(l, r, p);
            return;
        }
        if (!p->document) {
            page_parse(p);
        }
        if (!hand_on(l, r, p)) {
            return;
        }
    }
}

/* Ends a reading whose pager has nothing left and whose pages were all handed on. */
static void finish_if_done(struct fetch_loop *l, struct reading *r)
{
    if (r->net_state != NET_FETCHING || r->outstanding > 0 || pager_state(r->pager) != PAGER_DONE ||
        *slot_of(l, r, r->next_to_hand)) {
        return;
    }
    if (adds_up(l, r, NULL)) {
        end_reading(l, r, page_new(PAGE_END, r));
    }
}

static void send_requests(struct fetch_loop *l)
{
    struct reading *next;

    for (struct reading *r = l->begun; r; r = next) {
        struct pager_request request;

        next = r->next;
        hold(r);
        if (atomic_load(&r->refused)) {
            end_reading(l, r, page_new(PAGE_DROPPED, r));
        }
        if (r->net_state == NET_FETCHING) {
            hand_early(l, r);
        }
        while (r->net_state == NET_FETCHING && may_ask(l, r) &&
               pager_next(r->pager, l->scratch, &request)) {
            send_request(l, r, &request, false);
        }
        if (r->net_state == NET_FETCHING) {
            finish_if_done(l, r);
        } else if (r->net_state == NET_COMMITTING) {
            clean_up(l, r);
        }
        let_go(l, r);
    }
}

/* --- answers --------------------------------------------------------------------------------- */

/* An answer's rows, on their way or aside; what the answer held goes with them. */
static void take_page(struct fetch_loop *l, struct ticket *t, struct client_answer *answer,
                      const struct pager_page *facts)
{
    struct reading *r = t->reading;
    struct page *p = page_new(PAGE_ROWS, r);

    p->document = answer->document;
    p->raw = buf_take(&answer->http.body, &p->raw_length);
    l->largest_bytes = p->raw_length > l->largest_bytes ? p->raw_length : l->largest_bytes;
    p->raw_gzip = answer->http.gzip;
    p->received_ms = answer->received_ms;
    p->path = t->path;
    t->path = NULL;
    p->facts = *facts;
    r->alone = facts->id_count > 0 ? 0 : r->alone;
    answer->document = NULL;
    if (t->sequence == r->next_to_hand) {
        (void)hand_on(l, r, p);
    } else {
        keep_early(l, slot_of(l, r, t->sequence), p);
    }
}

/* An answer that is none: its request goes out again, a few times. */
static void take_none(struct fetch_loop *l, struct ticket *t, struct err *error)
{
    struct reading *r = t->reading;
    struct pager_request request;

    if (++t->tries >= limit_get(LIMIT_ANSWER_TRIES)) {
        error->http_status = 200;
        fail_reading(l, r, error, false);
        return;
    }
    LOG(LOG_INFO, "request repeated", LOG_S("reading", r->label), LOG_S("reason", error->message));
    pager_again(r->pager, t->sequence, l->scratch, &request);
    request.delay_ms = limit_get(LIMIT_RETRY_BASE_MS) << (t->tries - 1);
    r->outstanding++;
    send_ticket(l, t, &request);
}

static void take_success(struct fetch_loop *l, struct ticket *t, struct client_answer *answer)
{
    struct reading *r = t->reading;
    struct pager_page facts;
    struct err error;
    enum pager_taken taken =
        pager_answer(r->pager, t->sequence, answer->document, r->arena, &facts, &error);

    if (taken == PAGER_AGAIN) {
        take_none(l, t, &error);
        return;
    }
    if (taken == PAGER_FAILED) {
        fail_reading(l, r, &error, error.kind == ERR_TEMPORARY);
        return;
    }
    switch (pager_state(r->pager)) {
    case PAGER_LOST:
        job_lost(l, r);
        return;
    case PAGER_OVERFLOW:
        LOG(LOG_INFO, "more rows than the pages reach", LOG_S("reading", r->label),
            LOG_S("why", pager_reason(r->pager)));
        end_reading(l, r, page_new(PAGE_OVERFLOW, r));
        return;
    default:
        break;
    }
    if (facts.has_rows) {
        take_page(l, t, answer, &facts);
    } else if (facts.token || r->kind == READING_QUESTION) {
        struct page *p = page_new(facts.token ? PAGE_TOKEN : PAGE_END, r);
        p->facts = facts;
        if (facts.token) {
            push(l, p);
        } else {
            end_reading(l, r, p);
        }
    }
}

/* The cleanup's answer changes nothing, but where no answer came what is left is tried again. */
static void take_cleaned(struct fetch_loop *l, struct reading *r,
                         const struct client_answer *answer)
{
    bool gone = answer->http.status > 0;

    if (answer->error.kind != ERR_NONE) {
        LOG(LOG_WARN, "the finished job could not be deleted; it expires by itself",
            LOG_S("reading", r->label), LOG_S("error", answer->error.message));
    }
    end_reading(l, r, page_new(gone ? PAGE_CLEANED : PAGE_DROPPED, r));
}

/* A refusal that half the batch may not meet: of ids, or of a page too large. */
static bool may_halve(const struct reading *r, const struct client_answer *answer)
{
    bool is_batch = r->ids && answer->error.kind == ERR_CONTRACT && answer->http.status >= 400;

    return answer->error.cause == CAUSE_NET_TOO_LARGE || is_batch;
}

static void take_refusal(struct fetch_loop *l, struct ticket *t, struct client_answer *answer)
{
    struct reading *r = t->reading;

    if (pager_refused(r->pager, t->sequence, answer->http.status, answer->code)) {
        job_lost(l, r);
        return;
    }
    if (t->sequence < 0 || !may_halve(r, answer)) {
        fail_reading(l, r, &answer->error, false);
        return;
    }
    struct page *trouble = page_new(PAGE_TROUBLE, r);
    trouble->error = answer->error;
    if (t->sequence == r->next_to_hand) {
        ask_for_less(l, r, trouble);
    } else {
        keep_early(l, slot_of(l, r, t->sequence), trouble);
    }
}

static void take_answer(struct fetch_loop *l, struct client_answer *answer)
{
    struct ticket *t = answer->user;

    INVARIANT(t);
    struct reading *r = t->reading;
    bool sent_again = false;
    l->polling -= t->is_poll ? 1 : 0;
    l->awaited -= t->is_poll ? 0 : 1;
    t->is_poll = false;
    /* Others are answers to a reading that was given up, or began anew meanwhile. */
    if (r->net_state != NET_ENDED && t->pager == r->pager) {
        size_t on_wire = r->on_wire;
        r->outstanding--;
        if (t->is_cleanup) {
            take_cleaned(l, r, answer);
        } else if (answer->error.kind == ERR_NONE) {
            take_success(l, t, answer);
        } else {
            take_refusal(l, t, answer);
        }
        sent_again = t->tries > 0 && r->on_wire > on_wire;
    }
    if (!sent_again) {
        t->next_free = r->free_tickets;
        r->free_tickets = t;
    }
    let_go(l, r);
}

/* Gives up what is left; no answer comes any more. */
static void end_all(struct fetch_loop *l)
{
    append_to(&l->waiting, pages_issued(l->f->pages));
    while (l->waiting) {
        begin_reading(l, l->waiting);
    }
    while (l->begun) {
        end_reading(l, l->begun, page_new(PAGE_DROPPED, l->begun));
    }
    while (l->ended) {
        l->ended->on_wire = 1;
        let_go(l, l->ended);
    }
}

void *fetch_all(void *fetch)
{
    struct fetch *f = fetch;
    struct fetch_loop l = {.f = f, .scratch = arena_new(0)};

    for (;;) {
        bool all_issued = pages_closed(f->pages);
        begin_readings(&l);
        send_requests(&l);
        bool all_ended = all_issued && !l.begun && !l.waiting;
        if (all_ended || l.halted || stop_requested() || atomic_load(&f->cancelled)) {
            break;
        }
        struct client_answer answer = {0};
        bool room = pages_room(f->pages);
        if (client_next(f->client, room ? ROOM_WAIT_MS : FULL_WAIT_MS, room ? &answer : NULL)) {
            take_answer(&l, &answer);
            client_answer_free(&answer);
        }
    }
    client_abort(f->client);
    end_all(&l);
    arena_free(l.scratch);
    push(&l, page_new(PAGE_FINAL, NULL));
    for (size_t i = 0; i < l.walker_count; i++) {
        page_walker_free(l.walkers[i].walker);
    }
    return NULL;
}
