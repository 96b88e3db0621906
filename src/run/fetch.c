#include "run/fetch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"

enum net_state { NET_WAITING, NET_FETCHING, NET_COMMITTING, NET_DELETING, NET_ENDED };

enum {
    ROOM_WAIT_MS = 1000,
    FULL_WAIT_MS = 50,
    EARLY_BYTES = 4194304, /* parsed pages ahead of their turn; beyond, they wait unparsed */
    EARLY_ROUNDS = 4,      /* most pages ahead of their turn, all readings together, in rounds of
                              what may be in flight */
};

/* One window after the other answered 5xx: the next ones would too. */
enum { TROUBLED_READINGS_MAX = 3 };

/* What a request in flight belongs to. Used again by the reading's later requests. */
struct ticket {
    struct ticket *next_free;
    struct ticket *next_made;
    struct reading *reading;
    struct pager *pager; /* the one that asked; a resubmitted job has a new one */
    int64_t sequence;
    bool is_delete;
    char *path;
};

struct fetch_loop {
    struct fetch *f;
    size_t begun;          /* readings[0..begun) were started */
    size_t active;         /* fetching, committing or deleting */
    bool halted;           /* a failure that concerns all readings */
    size_t early_count;    /* pages ahead of their turn */
    size_t early_bytes;    /* of their documents */
    size_t troubled;       /* readings that the server's own trouble ended */
    struct arena *scratch; /* a request's texts, until it is queued */
};

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

/* Puts a page that came ahead of its turn aside; unparsed when those there hold enough memory. */
static void keep_early(struct fetch_loop *l, struct page **slot, struct page *p)
{
    size_t bytes = json_held_bytes(p->document);

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

static void end_reading(struct fetch_loop *l, struct reading *r)
{
    for (size_t i = 0; i < l->f->in_flight; i++) {
        page_free(take_early(l, &r->reordered[i]));
    }
    free(r->reordered);
    r->reordered = NULL;
    while (r->tickets) {
        struct ticket *t = r->tickets;
        r->tickets = t->next_made;
        free(t->path);
        t->path = NULL;
    }
    r->net_state = NET_ENDED;
    l->active--;
}

/* Ends a reading with an error. Trouble is this window's alone when an answer of its own breaks the
 * contract or says 5xx, or its job is lost; any other halts the others too. */
static void fail_reading(struct fetch_loop *l, struct reading *r, const struct err *error,
                         bool job_trouble)
{
    struct page *p = page_new(PAGE_FAILED, r);
    bool server_trouble = error->kind == ERR_TEMPORARY && (job_trouble || error->http_status > 0) &&
                          client_logged_in(l->f->client);
    bool own =
        error->kind == ERR_CONTRACT || (server_trouble && ++l->troubled < TROUBLED_READINGS_MAX);

    r->halts = !own;
    p->error = *error;
    push(l, p);
    end_reading(l, r);
    l->halted = l->halted || r->halts;
}

static bool may_begin(const struct fetch_loop *l)
{
    return l->begun < l->f->count && l->active < l->f->at_once;
}

static void begin_readings(struct fetch_loop *l)
{
    struct fetch *f = l->f;

    while (may_begin(l)) {
        struct reading *r = f->readings[l->begun++];
        reading_make_pager(r, false);
        r->reordered = xcalloc(f->in_flight, sizeof(*r->reordered));
        r->net_state = NET_FETCHING;
        l->active++;
    }
}

static struct ticket *take_ticket(struct reading *r, const struct pager_request *q, bool is_delete)
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
    t->is_delete = is_delete;
    free(t->path);
    t->path = xstrdup(q->path);
    return t;
}

static void send_request(struct fetch_loop *l, struct reading *r, const struct pager_request *q,
                         bool is_delete)
{
    struct client_request request = {
        .method = q->method,
        .path = q->path,
        .body = q->body,
        .label = q->label,
        .not_before_ms = q->delay_ms > 0 ? clock_monotonic_ms() + q->delay_ms : 0,
        .want_document = !is_delete,
        .user = take_ticket(r, q, is_delete),
    };

    r->outstanding++;
    r->asked++;
    client_send(l->f->client, &request);
    arena_reset(l->scratch);
}

/* A reading may run ahead of its oldest missing page by its reorder buffer, no further. */
static bool may_ask(const struct fetch_loop *l, const struct reading *r)
{
    if (r->net_state != NET_FETCHING || client_pending(l->f->client) >= l->f->in_flight ||
        pager_state(r->pager) != PAGER_READY) {
        return false;
    }
    /* The page that others wait for was asked before them, so this cannot stand still. */
    return r->plan->paging == PAGING_JOB ||
           (r->asked - r->next_to_hand < (int64_t)l->f->in_flight &&
            l->early_count < EARLY_ROUNDS * l->f->in_flight);
}

static struct page **slot_of(const struct fetch_loop *l, struct reading *r, int64_t sequence)
{
    return &r->reordered[(size_t)sequence % l->f->in_flight];
}

/* Hands on the pages that were early and whose turn has come, while there is room. */
static void hand_early(struct fetch_loop *l, struct reading *r)
{
    struct page **slot = slot_of(l, r, r->next_to_hand);

    while (*slot && pages_room(l->f->pages)) {
        struct page *p = take_early(l, slot);
        if (!p->document) {
            page_parse(p);
        }
        r->next_to_hand++;
        push(l, p);
        slot = slot_of(l, r, r->next_to_hand);
    }
}

/* Ends a numbered or id reading whose pager has nothing left and whose pages were all handed on. */
static void finish_if_done(struct fetch_loop *l, struct reading *r)
{
    if (r->net_state != NET_FETCHING || r->outstanding > 0 || pager_state(r->pager) != PAGER_DONE ||
        *slot_of(l, r, r->next_to_hand)) {
        return;
    }
    push(l, page_new(PAGE_END, r));
    end_reading(l, r);
}

static void send_deletes(struct fetch_loop *l, struct reading *r)
{
    struct pager_request request;

    if (r->net_state != NET_COMMITTING || !atomic_load(&r->committed)) {
        return;
    }
    if (!pager_delete(r->pager, l->scratch, &request)) {
        end_reading(l, r);
        return;
    }
    r->net_state = NET_DELETING;
    send_request(l, r, &request, true);
}

static void send_requests(struct fetch_loop *l)
{
    for (size_t i = 0; i < l->begun; i++) {
        struct reading *r = l->f->readings[i];
        struct pager_request request;

        if (r->net_state != NET_ENDED && atomic_load(&r->refused)) {
            end_reading(l, r);
            continue;
        }
        if (r->net_state == NET_FETCHING) {
            hand_early(l, r);
        }
        while (may_ask(l, r) && pager_next(r->pager, l->scratch, &request)) {
            send_request(l, r, &request, false);
        }
        finish_if_done(l, r);
        send_deletes(l, r);
    }
}

/* The job is gone on the server: a new one in its place, a limited number of times. */
static void job_lost(struct fetch_loop *l, struct reading *r)
{
    if (r->resubmits >= limit_get(LIMIT_JOB_RESUBMITS)) {
        struct err error;
        err_set(
            &error, ERR_TEMPORARY,
            "%s: the job was lost %lld times on the server (last: %s); progress is kept, run again "
            "later",
            r->label, (long long)r->resubmits + 1, pager_reason(r->pager));
        fail_reading(l, r, &error, true);
        return;
    }
    r->resubmits++;
    LOG(LOG_WARN, "job lost, submitting it again", LOG_S("reading", r->label),
        LOG_S("reason", pager_reason(r->pager)), LOG_N("resubmits", r->resubmits));
    push(l, page_new(PAGE_RESUBMIT, r));
    /* A failed job is deleted too, so that it does not stay until it expires; its answer changes
     * nothing. */
    struct pager_request request;
    if (pager_delete(r->pager, l->scratch, &request)) {
        send_request(l, r, &request, true);
    }
    reading_make_pager(r, true);
}

/* An answer's rows, on their way or aside; what the answer held goes with them. */
static void take_page(struct fetch_loop *l, struct ticket *t, struct client_answer *answer,
                      const struct pager_page *facts)
{
    struct reading *r = t->reading;
    struct page *p = page_new(PAGE_ROWS, r);

    p->number = t->sequence;
    p->document = answer->document;
    p->raw = buf_take(&answer->http.body, &p->raw_length);
    p->raw_gzip = answer->http.gzip;
    p->received_ms = answer->received_ms;
    p->path = t->path;
    t->path = NULL;
    p->facts = *facts;
    answer->document = NULL;
    if (r->plan->paging == PAGING_JOB) {
        p->ends = facts->last;
        if (facts->last) {
            r->net_state = NET_COMMITTING;
        }
        push(l, p);
    } else if (t->sequence == r->next_to_hand) {
        r->next_to_hand++;
        push(l, p);
    } else {
        keep_early(l, slot_of(l, r, t->sequence), p);
    }
}

static void take_success(struct fetch_loop *l, struct ticket *t, struct client_answer *answer)
{
    struct reading *r = t->reading;
    struct pager_page facts;
    struct err error;

    if (!pager_answer(r->pager, t->sequence, answer->document, r->arena, &facts, &error)) {
        fail_reading(l, r, &error, r->plan->paging == PAGING_JOB && error.kind == ERR_TEMPORARY);
        return;
    }
    enum pager_state state = pager_state(r->pager);
    if (state == PAGER_LOST) {
        job_lost(l, r);
        return;
    }
    if (state == PAGER_OVERFLOW) {
        push(l, page_new(PAGE_OVERFLOW, r));
        end_reading(l, r);
        return;
    }
    if (facts.has_rows) {
        take_page(l, t, answer, &facts);
    } else if (facts.job_id) {
        struct page *p = page_new(PAGE_JOB_SUBMITTED, r);
        p->facts = facts;
        push(l, p);
    }
}

static void take_deleted(struct fetch_loop *l, struct reading *r,
                         const struct client_answer *answer)
{
    if (answer->error.kind != ERR_NONE) {
        LOG(LOG_WARN, "the finished job could not be deleted; it expires by itself",
            LOG_S("reading", r->label), LOG_S("error", answer->error.message));
    }
    push(l, page_new(PAGE_JOB_DELETED, r));
    end_reading(l, r);
}

static void take_answer(struct fetch_loop *l, struct client_answer *answer)
{
    struct ticket *t = answer->user;

    INVARIANT(t);
    struct reading *r = t->reading;
    if (r->net_state == NET_ENDED) {
        return; /* an answer to a reading that was given up meanwhile */
    }
    if (t->pager == r->pager) {
        r->outstanding--;
        if (t->is_delete) {
            take_deleted(l, r, answer);
        } else if (answer->error.kind == ERR_NONE) {
            take_success(l, t, answer);
        } else if (pager_refused(r->pager, t->sequence, answer->http.status, answer->code)) {
            job_lost(l, r);
        } else {
            fail_reading(l, r, &answer->error, false);
        }
    }
    if (r->net_state != NET_ENDED) {
        t->next_free = r->free_tickets;
        r->free_tickets = t;
    }
}

void *fetch_all(void *fetch)
{
    struct fetch *f = fetch;
    struct fetch_loop l = {.f = f, .scratch = arena_new(0)};

    for (;;) {
        begin_readings(&l);
        send_requests(&l);
        bool all_ended = l.begun == f->count && l.active == 0;
        if (all_ended || l.halted || stop_requested() || atomic_load(&f->cancelled)) {
            break;
        }
        if (may_begin(&l)) {
            continue; /* a reading has just ended: waiting would leave its place empty */
        }
        struct client_answer answer = {0};
        bool room = pages_room(f->pages);
        if (client_next(f->client, room ? ROOM_WAIT_MS : FULL_WAIT_MS, room ? &answer : NULL)) {
            take_answer(&l, &answer);
            client_answer_free(&answer);
        }
    }
    client_abort(f->client);
    for (size_t i = 0; i < l.begun; i++) {
        if (f->readings[i]->net_state != NET_ENDED) {
            end_reading(&l, f->readings[i]);
        }
    }
    arena_free(l.scratch);
    push(&l, page_new(PAGE_FINAL, NULL));
    return NULL;
}
