/*
 * Pagers: pure state machines that say which request comes next and read what an answer means. They
 * hold no transfers and no clock of their own; run/ drives them.
 *
 * A pager serves one reading of one window by one way of paging. Requests have sequence numbers
 * from 0; answers may come in any order; run commits them in sequence order.
 *
 * Where readings end:
 * - numbered pages: the first page goes alone; then as many as the answers expect (pageCount, else
 *   totalHits or total, which are hints and end nothing by themselves) may be in flight, after
 *   those one at a time. The end is the highest page asked, once it is short: fewer rows than a
 *   page holds (the response's pageSize when that is smaller than asked), or the pageCount-th. A
 *   short page before it ends nothing.
 * - jobs: submission, polls, then result pages as a chain of cursors; no cursor is the last page.
 * - ids: the batches are known beforehand.
 * An answer without its array of rows has none.
 */
#ifndef ROLLCALL_API_PAGER_H
#define ROLLCALL_API_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/http.h"
#include "io/json.h"

enum pager_kind { PAGER_NUMBERED, PAGER_JOB, PAGER_IDS };

/* What a pager is made from; all strings are borrowed for its life. Templates know {start} {end}
 * {page} {size} {ids}. */
struct pager_spec {
    enum pager_kind kind;
    bool post; /* body template, else query string */
    const char *path;
    const char *query; /* template or constant, NULL: none; values are percent-encoded. A numbered
                          GET without {page} gets pageSize and pageNumber added */
    const char *body;  /* template, NULL: none */
    const char *entities; /* where rows sit: "conversations", "entities|results|": alternatives, the
                             first present counts, the empty one is the document itself */
    const char *id_parameter; /* of PAGER_IDS: query parameter (repeated), or the dimension of the
                                 predicates that {ids} becomes in a body */
    const char *label;        /* "conversations 2026-03-01" */
    char start[32];           /* ISO instants of the window ("" when it has none) */
    char end[32];
    int page_size;
    int64_t row_limit;  /* most rows this paging can reach; 0: no limit */
    bool hits_overflow; /* total_hits over row_limit is taken for an overflow, to spare the pages */
    const char *const *ids; /* of PAGER_IDS: all ids, in commit order */
    size_t id_count;
    /* where to go on (from the ledger) */
    int64_t first_page; /* of PAGER_NUMBERED: 1 at first */
    const char *job_id; /* of PAGER_JOB: NULL: submit */
    const char *cursor; /* NULL: first result page (the job is polled before it) */
};

enum pager_state {
    PAGER_READY,    /* pager_next has a request now */
    PAGER_WAITING,  /* answers must come first */
    PAGER_DONE,     /* all pages were answered; of a job: DELETE may follow (pager_delete) */
    PAGER_OVERFLOW, /* more rows than this paging can reach (row_limit) */
    PAGER_LOST,     /* the job is gone, expired or failed on the server: submit anew (reason in
                       pager_reason) */
};

/* One request the pager wants sent. Strings are in the arena given to pager_next. */
struct pager_request {
    enum http_method method;
    const char *path; /* with query string */
    const char *body;
    const char *label;
    int64_t sequence;
    int64_t delay_ms; /* polls: not before that much later */
};

/* What an answer to request `sequence` meant. */
struct pager_page {
    bool has_rows; /* rows to load (possibly none in number) */
    bool last;     /* no page follows this one in sequence (lower ones may still be on their way) */
    struct json rows; /* the array of rows, borrowed from the document; absent when there is none */
    size_t row_count;
    int64_t total_hits;      /* -1: not said */
    int64_t next_page;       /* to go on from, once this page is committed; 0: not numbered */
    const char *job_id;      /* set when it became known (store it before anything follows) */
    const char *cursor;      /* next cursor of a job; NULL on the last page */
    int64_t availability_ms; /* dataAvailabilityDate of a job's page; 0: not said */
    size_t id_from;          /* of PAGER_IDS: which ids were asked */
    size_t id_count;
};

struct pager;

/* A pager in memory of `a` (which must outlive it). */
struct pager *pager_new(struct arena *a, const struct pager_spec *spec);

/* What can be done next. */
enum pager_state pager_state(const struct pager *p);

/* The next request; false unless PAGER_READY. */
bool pager_next(struct pager *p, struct arena *a, struct pager_request *out);

/* Takes a final 2xx answer; ask pager_state afterwards. ERR_CONTRACT when it is not of the shape
 * the contract promises (no jobId, rows that are no array, a cursor that leads to itself, more than
 * LIMIT_PAGES_PER_WINDOW pages); ERR_TEMPORARY when a job takes longer than LIMIT_JOB_WAIT_MS.
 * Strings in *page live in `a`. */
bool pager_answer(struct pager *p, int64_t sequence, const struct json_doc *doc, struct arena *a,
                  struct pager_page *page, struct err *e);

/* Takes a final refusal of request `sequence` (not 2xx): true when the pager can deal with it (a
 * job gone: 404 or 410, or 400 to a cursor -> PAGER_LOST); false: the error stands. */
bool pager_refused(struct pager *p, int64_t sequence, int status, const char *code);

/* The DELETE of a finished or lost job, once; false when there is none to delete. */
bool pager_delete(struct pager *p, struct arena *a, struct pager_request *out);

/* Why the job was lost, or where the overflow was seen: for messages. "" otherwise. */
const char *pager_reason(const struct pager *p);

#endif
