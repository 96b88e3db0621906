/*
 * Pagers: pure state machines that say which request comes next and read what an answer means. They
 * hold no transfers and no clock of their own; run/ drives them.
 *
 * A pager serves one reading of one window: it goes through the steps of a pass, one after the
 * other. Steps that bring rows number their requests from 0; answers may come in any order; run
 * commits pages in that order. Any other request goes alone and has the number -1.
 *
 * Where steps end:
 * - pages by number: the first page goes alone; then as many as the answers expect (pageCount, else
 *   the total, which are hints and end nothing by themselves) may be in flight, after those one at
 *   a time. The end is the highest page asked, once it is short: fewer rows than a page holds (the
 *   response's pageSize when that is smaller than asked), or the pageCount-th, and names no nextUri
 *   beside its rows. A short page before it ends nothing.
 * - cursors: a chain of pages; no cursor is the last page.
 * - ids and URLs: the requests are known beforehand.
 * A step whose answers lead on (`token`, `urls` or `state`) may bring the result in several ways,
 * and the first that is there counts, once its state, where there is one, is `done`:
 * - URLs: the step of FOLLOW_URLS is next;
 * - its own `rows`: they are all, and the pass is over;
 * - done without either: there is nothing; or the next step, where the step names neither;
 * - an id: the next step (a poll, mostly) asks for it.
 * Not done, a step of FOLLOW_DONE asks the same again, whether or not an id was found before.
 * - of pages by number of which only what began since a moment is wanted: the newest come first,
 * one page at a time, to the first row that began before. Rows in another order are all taken. That
 * there is nothing is said by the server, never inferred: an answer without what its step must
 * bring is none (PAGER_AGAIN), and so is a first page without rows beside a total above 0.
 */
#pragma once

#include "api/client.h"

/* What follows the first request of a step. */
enum follow {
    FOLLOW_ONCE,   /* nothing */
    FOLLOW_PAGES,  /* the next page number, until a short page */
    FOLLOW_CURSOR, /* the cursor that the answer names, until it names none */
    FOLLOW_IDS,    /* the next ids, `size` at a time */
    FOLLOW_DONE,   /* the same question, until its state is one of `done` */
    FOLLOW_URLS,   /* the next of the URLs that a step before has found, without the token */
};

/* One kind of request, as constant data. In `path` and `body` the marks {start} {end} (ISO instants
 * of the window) {zone} {scope} {items} {order} {page} {size} {ids} {list} {token} {cursor} are
 * replaced; in a path they are percent-encoded. {id} is one id in a path (of FOLLOW_IDS with a size
 * of 1), or the part before its '/', {id2} the part behind it. A GET that lacks {page}, {cursor},
 * {ids} or {id} gets them (and pageSize) as query parameters. Fields of answers are dotted paths,
 * alternatives separated by '|'; words are separated by blanks. */
struct step {
    enum http_method method;
    const char *path; /* "/api/v2/..." with query string; NULL ends the list of steps */
    const char *body; /* JSON; NULL: none */
    enum follow follow;
    int size;              /* rows or ids a request */
    const char *rows;      /* where the array of rows is; "": the answer itself; NULL: no rows;
                              see json_first */
    const char *must;      /* one of these must be there, or the answer is none; NULL: `rows` */
    const char *token;     /* where the id for the next steps is; NULL: nowhere */
    const char *urls;      /* where the URL, or the URLs, of FOLLOW_URLS are; NULL: nowhere */
    const char *state;     /* where the state is; NULL: nowhere */
    const char *done;      /* its words that mean done */
    const char *failed;    /* its words that mean it will never be */
    const char *reason;    /* where the words are that say why; NULL: nowhere */
    int polls;             /* of FOLLOW_DONE: so often it is asked for 100 readings, beside what the
                              reading asks anyhow; an estimate; 0: 300 */
    const char *cursor;    /* of FOLLOW_CURSOR: where the next cursor is */
    const char *cursor_as; /* query parameter that it becomes, and that the link there holds it in;
                              NULL: it lies there as it is, and becomes `cursor` */
    const char *available; /* where a page says how far its data goes; NULL: nowhere */
    const char *item;      /* JSON of one scope, with marks: {items} are those of all */
    const char *whose;     /* where an answer names the scope that its rows are of; NULL: nowhere */
    const char *newest;    /* of FOLLOW_PAGES: where a row's time is by which {order} orders; NULL:
                              nothing is ordered */
    const char *ids_as;    /* query parameter, or dimension of the predicates that {ids} becomes; of
                              {id} its name in notes; NULL: the ids are the words of `list` */
    const char *shown_by;  /* permission without which rows lack the field `ids_as`; NULL: none */
    bool single;  /* an id a request, in its path: `rows` may be an object, the only row; an
                     id that the API does not know (404, in its own words) is left out, and
                     no trouble */
    bool limited; /* pages reach no further than LIMIT_QUERY_ROWS rows */
    bool repeats; /* the API repeats rows by design: nothing follows from that */
    bool sparse;  /* a page may be short and not the last: only an empty one is the end */
    bool cleanup; /* sent when the last page is committed; its answer changes nothing */
};

/* Where a pager begins, or goes on. */
struct pager_at {
    const char *token;  /* what the first step found; NULL: nothing is asked for yet */
    bool waited;        /* an earlier run has waited for it in vain: it is asked once more */
    const char *cursor; /* NULL: the first page; of the words of `list`: the last that is done */
    int64_t page;       /* by number, from 1; 0: 1 */
    int page_size;      /* 0: the step's */
    size_t id_from;     /* how many ids are done */
};

/* What a pager is made from; all strings are borrowed for its life. */
struct pager_spec {
    const struct step *steps;
    const char *label; /* "conversations 2026-03-01" */
    const char *start; /* ISO instants of the window; NULL: it has none */
    const char *end;
    const char *zone;
    const char *scope; /* the first one */
    const char *const *scopes;
    size_t scope_count;     /* of several no job that failed, or never ends, is submitted again */
    const char *list;       /* words, commas or blanks between: {list} is them as JSON texts */
    const char *const *ids; /* of FOLLOW_IDS: all ids, in commit order; those of `list` are known */
    size_t id_count;
    bool hits_overflow; /* a total over what pages reach is taken for an overflow, to spare them */
    int64_t since_ms;   /* of a step with `newest`: what began before is not wanted; 0: all is */
    struct pager_at at;
};

enum pager_state {
    PAGER_READY,   /* pager_next has a request now */
    PAGER_WAITING, /* answers must come first */
    PAGER_DONE,    /* all pages were answered; pager_cleanup may follow */
};

/* One request the pager wants sent. Strings are in the arena given to pager_next. */
struct pager_request {
    struct client_request request;
    int64_t sequence; /* of a page; -1: it brings none */
};

/* What an answer meant. */
struct pager_page {
    struct json rows; /* the array of rows, borrowed from the document; absent: none are meant */
    bool has_rows;    /* it is a page (perhaps an empty one) */
    size_t row_count;
    size_t unwanted;      /* of them, at the end */
    int64_t total_hits;   /* -1: not said */
    const char *token;    /* set when it became known (store it before anything follows) */
    int64_t available_ms; /* how far its data goes; TIME_NONE: not said */
    struct pager_at next; /* where to go on once this page is committed */
    bool waited;          /* of PAGER_FAILED: what `token` names outlasted LIMIT_JOB_WAIT_MS */
    size_t id_count;      /* of FOLLOW_IDS: how many ids before next.id_from were asked */
};

/* After PAGER_LOST and PAGER_OVERFLOW the pager is of no use but for pager_cleanup. */
enum pager_taken {
    PAGER_FAILED, /* ERR_CONTRACT or ERR_TEMPORARY: 0, so that err_set returns it */
    PAGER_TAKEN,
    PAGER_AGAIN,    /* no answer, though 2xx: to be asked again; then it is trouble like a 5xx */
    PAGER_LOST,     /* what was submitted is gone, expired or failed on the server: begin anew */
    PAGER_OVERFLOW, /* more rows than the pages can reach; *page is filled as when taken */
};

struct pager;

/* A pager in memory of `a` (which must outlive it). */
struct pager *pager_new(struct arena *a, const struct pager_spec *spec);

/* What can be done next. */
enum pager_state pager_state(const struct pager *p);

/* The next request; false unless PAGER_READY. */
bool pager_next(struct pager *p, struct arena *a, struct pager_request *out);

/* A request that was sent, once more. */
void pager_again(const struct pager *p, int64_t sequence, struct arena *a,
                 struct pager_request *out);

/* Takes a final 2xx answer; ask pager_state afterwards. Fails with ERR_CONTRACT when it is not of
 * the shape the contract promises (rows that are no array, no usable id), with ERR_TEMPORARY when
 * there is no end (a cursor that came before, LIMIT_EMPTY_PAGES pages without rows,
 * LIMIT_PAGES_PER_WINDOW pages), a job takes longer than LIMIT_JOB_WAIT_MS, or what has no job is
 * not done after LIMIT_ASKS questions either. Strings in *page live as long as the pager; in *e is
 * why, unless it was taken. A request without a number that brings rows brings the only page. */
enum pager_taken pager_answer(struct pager *p, int64_t sequence, const struct json_doc *doc,
                              struct pager_page *page, struct err *e);

/* Takes a final refusal (not 2xx) of a request: PAGER_LOST when what was submitted, or a URL that
 * was found, is gone (404 or 410; 400 to a cursor, 403 to a URL), and *e says so; else
 * PAGER_FAILED, and the error in *e stands. */
enum pager_taken pager_refused(struct pager *p, int status, const char *code, struct err *e);

/* Where to begin anew so that the request `sequence` asks for half as much; false when it asks for
 * one thing already, or a cursor leads on from its answer. An id that is alone in its batch is in
 * *id then, and left out: the way on is behind it; of a step for single ids what was asked beside
 * it stands. */
bool pager_halve(struct pager *p, int64_t sequence, struct pager_at *at, const char **id);

/* Leaves out of `ids` those that cannot stand in the paths of the steps (a part that is missing, or
 * would change the path: "..", as the API never makes one), in place; returns how many are left. */
size_t pager_fit_ids(const struct step *steps, const char **ids, size_t count);

/* The request that clears up what was submitted, once; false when there is none. */
bool pager_cleanup(struct pager *p, struct arena *a, struct pager_request *out);

/* The step that brings the rows of a pass, the last one where several may; never NULL. */
const struct step *step_of_rows(const struct step *steps);

/* Whether a request of the step makes nothing at the server. */
bool step_reads(const struct step *s);

/* The rows of a stored answer, whichever of the steps it is of; absent where there are none. */
struct json step_find_rows(const struct step *steps, struct json root);
