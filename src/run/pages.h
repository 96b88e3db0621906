/*
 * The bounded queue that joins the network thread to the database thread: pages one way, nothing
 * back.
 *
 * Invariants: messages of one reading come in its pages' request order; pages_push never blocks
 * (the network thread asks pages_room before it takes another answer, so at most one page passes
 * the limit); a message owns its document and bytes.
 */
#ifndef ROLLCALL_RUN_PAGES_H
#define ROLLCALL_RUN_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/pager.h"
#include "etl/ledger.h"
#include "io/json.h"
#include "run/reading.h"

enum page_kind {
    PAGE_ROWS,          /* rows to load; `ends`: the reading is whole with it */
    PAGE_END,           /* the reading is whole; no rows */
    PAGE_JOB_SUBMITTED, /* facts.job_id */
    PAGE_RESUBMIT,      /* the job was lost; the reading begins anew */
    PAGE_JOB_DELETED,
    PAGE_OVERFLOW,
    PAGE_FAILED, /* error */
    PAGE_FINAL,  /* the network thread has ended */
};

struct page {
    struct page *next;
    enum page_kind kind;
    struct reading *reading;
    bool ends;
    int64_t number; /* of the page within its reading: the request's sequence */
    struct json_doc *document;
    char *raw;
    size_t raw_length;
    bool raw_gzip;
    int64_t received_ms;
    char *path; /* of the request; owned */
    struct pager_page facts;
    struct err error;
    struct run_totals totals; /* requests, retries and bytes so far */
};

struct pages;

/* An empty queue that has room up to `max_bytes` of pages, those being loaded included. Free with
 * pages_free (frees what is left in it). */
struct pages *pages_new(size_t max_bytes);
void pages_free(struct pages *q);

/* A zeroed message; page_free frees it with its document and bytes. */
struct page *page_new(enum page_kind kind, struct reading *reading);
void page_free(struct page *p);

/* Parses the raw bytes of a page whose document was let go; what was parsed once parses again. */
void page_parse(struct page *p);

/* True while less than the limit is pushed and not yet done; always when nothing is. */
bool pages_room(struct pages *q);

/* Appends; takes ownership. */
void pages_push(struct pages *q, struct page *p);

/* The next message, waiting for it as long as it takes. The caller gives it back by pages_done. */
struct page *pages_pop(struct pages *q);

/* Frees a message. True when there is room again that pages_room had denied: time to wake the
 * network thread. */
bool pages_done(struct pages *q, struct page *p);

#endif
