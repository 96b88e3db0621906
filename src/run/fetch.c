#include "run/fetch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"

enum net_state { NET_WAITING, NET_FETCHING, NET_COMMITTING, NET_DELETING, NET_ENDED };

enum { ROOM_WAIT_MS = 1000, FULL_WAIT_MS = 50 };

/* What a request in flight belongs to. */
struct ticket {
    struct reading *reading;
    struct pager *pager; /* the one that asked; a resubmitted job has a new one */
    int64_t sequence;
    bool is_page;
    bool is_delete;
    const char *path;
};

struct fetch_loop {
    struct fetch *f;
    size_t begun;  /* readings[0..begun) were started */
    size_t active; /* fetching, committing or deleting */
    bool halted;   /* a failure that concerns all readings */
};

static void totals_of(struct fetch *f, struct run_totals *t)
{
    size_t count;
    const struct route_count *routes = client_counts(f->client, &count);

    for (size_t i = 0; i < count; i++) {
        t->requests += routes[i].requests;
        t->retries += routes[i].retries;
        t->bytes += routes[i].bytes;
    }
}

static void push(struct fetch_loop *l, struct page *p)
{
    totals_of(l->f, &p->totals);
    pages_push(l->f->pages, p);
}

static void end_reading(struct fetch_loop *l, struct reading *r)
{
    for (size_t i = 0; i < l->f->in_flight; i++) {
        page_free(r->reordered[i]);
        r->reordered[i] = NULL;
    }
    free(r->reordered);
    r->reordered = NULL;
    r->net_state = NET_ENDED;
    l->active--;
}

/* Ends a reading with an error; trouble that is not this window's alone halts the others too. */
static void fail_reading(struct fetch_loop *l, struct reading *r, const struct err *error)
{
    struct page *p = page_new(PAGE_FAILED, r);

    p->error = *error;
    push(l, p);
    end_reading(l, r);
    if (error->kind != ERR_CONTRACT) {
        l->halted = true;
    }
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

static void send_request(struct fetch_loop *l, struct reading *r, const struct pager_request *q,
                         bool is_delete)
{
    struct ticket *t = arena_alloc(r->arena, sizeof(*t));
    struct client_request request = {
        .method = q->method,
        .path = q->path,
        .body = q->body,
        .label = q->label,
        .not_before_ms = q->delay_ms > 0 ? clock_monotonic_ms() + q->delay_ms : 0,
        .want_document = !is_delete,
        .user = t,
    };

    *t = (struct ticket){.reading = r,
                         .pager = r->pager,
                         .sequence = q->sequence,
                         .is_page = q->is_page,
                         .is_delete = is_delete,
                         .path = q->path};
    r->outstanding++;
    r->asked++;
    client_send(l->f->client, &request);
}

/* A reading may run ahead of its oldest missing page by its reorder buffer, no further. */
static bool may_ask(const struct fetch_loop *l, const struct reading *r)
{
    if (r->net_state != NET_FETCHING || client_pending(l->f->client) >= l->f->in_flight ||
        pager_state(r->pager) != PAGER_READY) {
        return false;
    }
    return r->plan->paging == PAGING_JOB || r->asked - r->next_to_hand < (int64_t)l->f->in_flight;
}

/* Ends a numbered or id reading whose pager has nothing left and whose pages were all handed on. */
static void finish_if_done(struct fetch_loop *l, struct reading *r)
{
    if (r->net_state != NET_FETCHING || r->outstanding > 0 || pager_state(r->pager) != PAGER_DONE) {
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
    if (!pager_delete(r->pager, r->arena, &request)) {
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
        while (may_ask(l, r) && pager_next(r->pager, r->arena, &request)) {
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
        fail_reading(l, r, &error);
        return;
    }
    r->resubmits++;
    LOG(LOG_WARN, "job lost, submitting it again", LOG_S("reading", r->label),
        LOG_S("reason", pager_reason(r->pager)), LOG_N("resubmits", r->resubmits));
    push(l, page_new(PAGE_RESUBMIT, r));
    reading_make_pager(r, true);
}

static void overflow(struct fetch_loop *l, struct reading *r)
{
    push(l, page_new(PAGE_OVERFLOW, r));
    end_reading(l, r);
}

/* Hands on all pages whose turn has come. */
static void hand_on(struct fetch_loop *l, struct reading *r)
{
    size_t slots = l->f->in_flight;
    struct page **slot = &r->reordered[(size_t)r->next_to_hand % slots];

    while (*slot) {
        struct page *p = *slot;
        *slot = NULL;
        r->next_to_hand++;
        push(l, p);
        slot = &r->reordered[(size_t)r->next_to_hand % slots];
    }
}

static struct page *page_of(const struct ticket *t, struct client_answer *answer,
                            const struct pager_page *facts)
{
    struct page *p = page_new(PAGE_ROWS, t->reading);

    p->number = t->sequence;
    p->document = answer->document;
    p->raw = answer->raw;
    p->raw_length = answer->raw_length;
    p->raw_gzip = answer->raw_gzip;
    p->received_ms = answer->received_ms;
    p->path = t->path;
    p->facts = *facts;
    answer->document = NULL;
    answer->raw = NULL;
    return p;
}

static void take_page(struct fetch_loop *l, const struct ticket *t, struct client_answer *answer,
                      const struct pager_page *facts)
{
    struct reading *r = t->reading;
    struct page *p = page_of(t, answer, facts);

    if (r->plan->paging == PAGING_JOB) {
        p->ends = facts->last;
        push(l, p);
        if (facts->last) {
            r->net_state = NET_COMMITTING;
        }
        return;
    }
    r->reordered[(size_t)t->sequence % l->f->in_flight] = p;
    hand_on(l, r);
}

static void take_success(struct fetch_loop *l, const struct ticket *t, struct client_answer *answer)
{
    struct reading *r = t->reading;
    struct pager_page facts;
    struct err error;

    if (!pager_answer(r->pager, t->sequence, answer->document, r->arena, &facts, &error)) {
        fail_reading(l, r, &error);
        return;
    }
    enum pager_state state = pager_state(r->pager);
    if (state == PAGER_LOST) {
        job_lost(l, r);
        return;
    }
    if (state == PAGER_OVERFLOW) {
        overflow(l, r);
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
    if (r->net_state == NET_ENDED || t->pager != r->pager) {
        return; /* an answer to a reading that was given up meanwhile */
    }
    r->outstanding--;
    if (t->is_delete) {
        take_deleted(l, r, answer);
    } else if (answer->error.kind == ERR_NONE) {
        take_success(l, t, answer);
    } else if (pager_refused(r->pager, t->sequence, answer->status, answer->code)) {
        job_lost(l, r);
    } else {
        fail_reading(l, r, &answer->error);
    }
}

static bool over(const struct fetch_loop *l)
{
    return l->halted || stop_requested() || atomic_load(&l->f->cancelled) ||
           (l->begun == l->f->count && l->active == 0);
}

void fetch_all(struct fetch *f)
{
    struct fetch_loop l = {.f = f};

    for (;;) {
        begin_readings(&l);
        send_requests(&l);
        if (over(&l)) {
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
    push(&l, page_new(PAGE_FINAL, NULL));
}
