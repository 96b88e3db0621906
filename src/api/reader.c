#include "api/reader.h"

#include "api/pace.h"
#include "base/limits.h"

enum {
    AHEAD_BYTES = 16777216, /* pages on the wire and ahead of their turn, each taken for as large as
                               the largest one */
    READY = 4, /* requests that wait for a place on the wire, so that none stands empty while an
                  answer is walked */
    FIRST_PAGES = 4,  /* on the wire before the size of any is known */
    EARLY_ROUNDS = 4, /* most pages ahead of their turn, all readers together, in rounds of
                         what may be in flight */
    ALONE_MOST = 16,  /* ids in a row that may be refused alone: more, and it is not the ids */
};

struct readers {
    struct client *client;
    size_t in_flight;
    struct news *asked;    /* requests whose answers are not taken yet */
    size_t polling;        /* of them: those that wait for their time; others go before them */
    size_t awaited;        /* the others */
    size_t early_count;    /* pages that wait for their turn */
    size_t largest_bytes;  /* of a page, as it came; 0: none came */
    struct arena *scratch; /* a request's texts, until it is queued */
};

struct reader {
    struct readers *all;
    struct arena *arena;
    struct pager_spec spec;
    struct pager *pager;
    int64_t asked;      /* pages, by this pager */
    int64_t turn;       /* sequence number of the next page to be told */
    struct news *early; /* pages answered, by sequence; what waits for its turn is unparsed */
    struct news *told;  /* what is to be told before any page */
    bool over;          /* nothing more is asked, but to clean up */
    int64_t resubmits;
    size_t alone; /* ids in a row that were refused alone */
};

struct news *news_new(enum news_kind kind)
{
    struct news *n = xcalloc(1, sizeof(*n));

    n->kind = kind;
    return n;
}

void news_free(struct news *n)
{
    if (n) {
        client_answer_free(&n->answer);
        free(n->path);
        free(n);
    }
}

static void free_all(struct news **list)
{
    while (*list) {
        struct news *n = *list;
        *list = n->next;
        news_free(n);
    }
}

struct readers *readers_new(struct client *client, size_t in_flight)
{
    struct readers *all = xcalloc(1, sizeof(*all));

    all->client = client;
    all->in_flight = in_flight;
    all->scratch = arena_new(0);
    return all;
}

void readers_free(struct readers *all)
{
    free_all(&all->asked);
    arena_free(all->scratch);
    free(all);
}

/* Drops the pages that wait; answers on their way are not waited for. */
static void forget(struct reader *r)
{
    for (const struct news *n = r->early; n; n = n->next) {
        r->all->early_count--;
    }
    free_all(&r->early);
    for (struct news *n = r->all->asked; n; n = n->next) {
        n->reader = n->reader == r ? NULL : n->reader;
    }
}

/* --- requests -------------------------------------------------------------------------------- */

/* Begins, or goes on, at `at` with a pager that knows nothing yet. */
static void begin(struct reader *r, const struct pager_at *at)
{
    forget(r);
    r->spec.at = *at;
    r->pager = pager_new(r->arena, &r->spec);
    r->turn = 0;
    r->asked = 0;
    r->over = false;
}

struct reader *reader_new(struct readers *all, struct arena *a, const struct pager_spec *spec)
{
    struct reader *r = arena_alloc(a, sizeof(*r));

    r->all = all;
    r->arena = a;
    r->spec = *spec;
    begin(r, &spec->at);
    return r;
}

void reader_free(struct reader *r)
{
    forget(r);
    free_all(&r->told);
}

static void send_request(struct reader *r, struct pager_request *q, int64_t tries)
{
    struct readers *all = r->all;
    struct news *n = news_new(NEWS_PAGE);

    q->request.user = n;
    q->request.for_next = true;
    n->reader = r;
    n->sequence = q->sequence;
    n->tries = tries;
    n->is_poll = q->request.delay_ms > 0 && tries == 0;
    n->path = xstrdup(q->request.path);
    n->next = all->asked;
    all->asked = n;
    all->polling += n->is_poll ? 1 : 0;
    all->awaited += n->is_poll ? 0 : 1;
    client_send(all->client, &q->request);
    arena_reset(all->scratch);
}

/* Jobs that are polled leave what may be in flight to others; memory must suffice for one more page
 * on its way: for one it always does. */
static bool may_ask(const struct reader *r)
{
    const struct readers *all = r->all;
    size_t bytes = all->largest_bytes > 0 ? all->largest_bytes : AHEAD_BYTES / FIRST_PAGES;
    bool has_memory = all->awaited == 0 || (all->awaited + all->early_count) * bytes < AHEAD_BYTES;

    if (r->over || !has_memory ||
        client_pending(all->client) >= all->in_flight + READY + all->polling) {
        return false;
    }
    /* The page that others wait for was asked before them, so this cannot stand still. */
    return r->asked == r->turn || (r->asked - r->turn < (int64_t)all->in_flight + READY &&
                                   all->early_count < EARLY_ROUNDS * all->in_flight);
}

bool reader_ask(struct reader *r)
{
    struct pager_request request;
    bool asks = may_ask(r) && pager_next(r->pager, r->all->scratch, &request);

    if (asks) {
        r->asked += request.sequence >= 0 ? 1 : 0;
        send_request(r, &request, 0);
    }
    return asks;
}

int64_t reader_ahead(const struct reader *r)
{
    return r->asked - r->turn;
}

/* --- what is told ---------------------------------------------------------------------------- */

static void tell(struct reader *r, struct news *n, enum news_kind kind)
{
    struct news **end = &r->told;

    while (*end) {
        end = &(*end)->next;
    }
    n->kind = kind;
    n->next = NULL;
    *end = n;
}

/* Tells what ends the reading: nothing more is asked, nothing that was asked is waited for. */
static void tell_end(struct reader *r, struct news *n, enum news_kind kind)
{
    r->over = true;
    forget(r);
    n->last = true;
    tell(r, n, kind);
}

/* The reading ends with the error in `n`. It is this reading's alone when an answer of its own
 * breaks the contract, refuses it or says 5xx, or its job is lost, or a limit asks for a longer
 * wait than a token's own, which is by the minute; any other halts everything. */
static void fail(struct reader *r, struct news *n)
{
    const struct err *e = &n->answer.error;
    bool answers = e->http_status > 0 || n->answer.http.status > 0;
    bool server =
        e->kind == ERR_TEMPORARY && answers && client_token(r->all->client)->generation > 0;
    bool is_long =
        e->http_status == 429 && retry_after_of(&n->answer.http) > limit_get(LIMIT_RETRY_AFTER_MS);

    n->halts = e->kind != ERR_CONTRACT && e->kind != ERR_PERMISSION && !server && !is_long;
    tell_end(r, n, NEWS_FAILED);
}

/* What was submitted is cleared up; false: there is nothing. */
static bool send_cleanup(struct reader *r)
{
    struct pager_request request;
    bool is_needed = pager_cleanup(r->pager, r->all->scratch, &request);

    r->over = true;
    if (is_needed) {
        send_request(r, &request, 0);
    }
    return is_needed;
}

void reader_clean_up(struct reader *r)
{
    if (!send_cleanup(r)) {
        tell(r, news_new(NEWS_CLEANED), NEWS_CLEANED);
    }
}

void reader_anew(struct reader *r)
{
    (void)send_cleanup(r); /* the job would stay until it expires */
    begin(r, &(struct pager_at){0});
}

/* Whether the request did not go, since the budget is used up. */
static bool is_spent(const struct news *n)
{
    return n->answer.error.cause == CAUSE_LIMITS_BUDGET;
}

bool news_is_gone(const struct news *n)
{
    return n->answer.http.status == 404 && n->answer.code[0] != '\0';
}

/* The request whose turn it is asked for too much, or for an id that the server refuses: half of it
 * is asked for instead. Of single ids the API does not know some, which says nothing of others. */
static void ask_for_less(struct reader *r, struct news *trouble)
{
    const char *label = r->spec.label;
    struct pager_at at;
    const char *id = NULL;
    bool halved = !is_spent(trouble) && pager_halve(r->pager, r->turn, &at, &id);
    bool all = r->spec.id_count > 1 && r->alone + 1 == r->spec.id_count;

    bool single = step_of_rows(r->spec.steps)->single;
    bool is_own = single && news_is_gone(trouble);

    if (!halved && (!id || (!is_own && (++r->alone > ALONE_MOST || all)))) {
        fail(r, trouble);
        return;
    }
    LOG(LOG_WARN, halved ? "asking for half as much" : "id refused, going on without it",
        LOG_S("reading", label), LOG_S("error", trouble->answer.error.message));
    if (halved) {
        news_free(trouble);
    } else {
        trouble->id = id;
        trouble->facts.next = at;
        tell(r, trouble, NEWS_REFUSED_ID);
    }
    if (single) {
        r->turn++;
        return;
    }
    begin(r, &at);
}

/* Tells the page whose turn it is, or deals with the trouble that came for it. */
static void take_turn(struct reader *r)
{
    struct news *n = r->early;

    r->early = n->next;
    r->all->early_count--;
    if (n->answer.error.kind != ERR_NONE) {
        ask_for_less(r, n);
        return;
    }
    if (!n->answer.document) {
        struct err ignored; /* it was parsed before */
        n->answer.document = answer_parse(&n->answer.http, &ignored);
        INVARIANT(n->answer.document);
        n->facts.rows =
            json_first(json_root(n->answer.document), step_of_rows(r->spec.steps)->rows);
    }
    r->turn++;
    r->over = !r->early && pager_state(r->pager) == PAGER_DONE;
    n->last = r->over;
    tell(r, n, NEWS_PAGE);
}

struct news *reader_next(struct reader *r)
{
    if (!r->told && r->early && r->early->sequence == r->turn) {
        take_turn(r);
    } else if (!r->told && !r->over && pager_state(r->pager) == PAGER_DONE) {
        tell_end(r, news_new(NEWS_END), NEWS_END);
    }
    struct news *n = r->told;
    r->told = n ? n->next : NULL;
    return n;
}

/* --- answers --------------------------------------------------------------------------------- */

/* Keeps a page, or the trouble that came for it, until its turn. Unparsed it takes less memory. */
static void keep_early(struct reader *r, struct news *n)
{
    struct news **at = &r->early;

    while (*at && (*at)->sequence < n->sequence) {
        at = &(*at)->next;
    }
    n->next = *at;
    *at = n;
    r->all->early_count++;
    if (n->sequence != r->turn) {
        json_free(n->answer.document);
        n->answer.document = NULL;
    }
}

/* The job is gone on the server, as the error in `n` says: a new one in its place, a limited number
 * of times in a run. */
static void job_lost(struct reader *r, struct news *n)
{
    struct err why = n->answer.error;

    if (r->resubmits >= limit_get(LIMIT_JOB_RESUBMITS)) {
        err_set(&n->answer.error, ERR_TEMPORARY,
                "%s: the job was lost %lld times on the server (last: %s); the next run submits "
                "a new one",
                r->spec.label, (long long)r->resubmits + 1, why.message);
        fail(r, n);
        return;
    }
    r->resubmits++;
    LOG(LOG_WARN, "job lost, submitting it again", LOG_S("reading", r->spec.label),
        LOG_S("reason", why.message), LOG_N("resubmits", r->resubmits));
    reader_anew(r);
    tell(r, n, NEWS_ANEW);
}

void reader_take_back(struct reader *r, struct news *n)
{
    r->turn--;
    r->over = false;
    keep_early(r, n);
}

/* An answer that is none: its request goes out again, a few times. Of a batch of ids it may say
 * that none is known. */
static void take_none(struct reader *r, struct news *n)
{
    struct pager_request request;
    int64_t tries = n->tries + 1;

    if (tries >= limit_get(LIMIT_ANSWER_TRIES)) {
        bool may_wait = r->spec.ids && !step_of_rows(r->spec.steps)->single;

        (may_wait ? keep_early : fail)(r, n);
        return;
    }
    LOG(LOG_INFO, "request repeated", LOG_S("reading", r->spec.label),
        LOG_S("reason", n->answer.error.message));
    pager_again(r->pager, n->sequence, r->all->scratch, &request);
    request.request.delay_ms = limit_get(LIMIT_RETRY_BASE_MS) << (tries - 1);
    send_request(r, &request, tries);
    news_free(n);
}

/* A page, or what else an answer brings. */
static void take_brought(struct reader *r, struct news *n)
{
    size_t bytes = n->answer.http.body.length;

    if (n->facts.has_rows) {
        r->all->largest_bytes = bytes > r->all->largest_bytes ? bytes : r->all->largest_bytes;
        r->alone = n->facts.id_count > 0 ? 0 : r->alone;
        n->sequence = n->sequence < 0 ? r->asked++ : n->sequence; /* it went alone */
        keep_early(r, n);
    } else if (n->facts.token) {
        tell(r, n, NEWS_TOKEN);
    } else if (pager_state(r->pager) == PAGER_DONE) {
        tell_end(r, n, NEWS_END);
    } else {
        news_free(n);
    }
}

/* What an answer, or a refusal, means for its reading. */
static void take_answer(struct reader *r, struct news *n)
{
    const struct http_answer *http = &n->answer.http;
    struct err *e = &n->answer.error;
    /* One of several single ids may lie in a division that is not granted. */
    bool is_kept = e->kind == ERR_PERMISSION && strstr(n->answer.code, "division") &&
                   r->spec.id_count > 1 && step_of_rows(r->spec.steps)->single;
    bool is_batch = r->spec.ids && ((e->kind == ERR_CONTRACT && http->status >= 400) || is_kept);
    /* What was asked before it is on its way, or half of it may not be refused. */
    bool may_wait =
        n->sequence >= 0 && (is_batch || e->cause == CAUSE_NET_TOO_LARGE || is_spent(n));
    enum pager_taken taken =
        e->kind == ERR_NONE ? pager_answer(r->pager, n->sequence, n->answer.document, &n->facts, e)
                            : pager_refused(r->pager, http->status, n->answer.code, e);

    if (taken == PAGER_TAKEN) {
        take_brought(r, n);
    } else if (taken == PAGER_AGAIN) {
        take_none(r, n);
    } else if (taken == PAGER_LOST) {
        job_lost(r, n);
    } else if (taken == PAGER_OVERFLOW) {
        LOG(LOG_INFO, "more rows than the pages reach", LOG_S("reading", r->spec.label),
            LOG_S("why", e->message));
        tell_end(r, n, NEWS_OVERFLOW);
    } else if (may_wait) {
        keep_early(r, n);
    } else {
        fail(r, n);
    }
}

void readers_wait(struct readers *all, int64_t timeout_ms, bool take)
{
    struct client_answer answer = {0};
    struct news **at = &all->asked;

    if (!client_next(all->client, timeout_ms, take ? &answer : NULL)) {
        return;
    }
    struct news *n = answer.user;
    INVARIANT(n);
    while (*at != n) {
        INVARIANT(*at);
        at = &(*at)->next;
    }
    *at = n->next;
    all->polling -= n->is_poll ? 1 : 0;
    all->awaited -= n->is_poll ? 0 : 1;
    n->answer = answer;
    if (!n->reader) {
        news_free(n);
    } else if (n->reader->over) {
        /* It changes nothing, but where no answer came what is left is tried again. */
        if (answer.error.kind != ERR_NONE && !is_spent(n)) {
            LOG(LOG_WARN, "the finished job could not be deleted; it expires by itself",
                LOG_S("reading", n->reader->spec.label), LOG_S("error", answer.error.message));
        }
        tell(n->reader, n, answer.http.status > 0 ? NEWS_CLEANED : NEWS_DROPPED);
    } else {
        take_answer(n->reader, n);
    }
}
