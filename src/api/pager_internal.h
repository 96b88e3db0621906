/*
 * What the pagers share: templates, rows, and the parts of each kind.
 */
#ifndef ROLLCALL_API_PAGER_INTERNAL_H
#define ROLLCALL_API_PAGER_INTERNAL_H

#include "api/pager.h"
#include "base/buf.h"

enum { PAGER_REASON_BYTES = 400, PAGER_REQUEST_BYTES = 1048576 };

struct pager_numbered {
    int64_t asked; /* pages asked: sequence numbers [0, asked) */
    int64_t answered;
    int64_t expected;      /* pages of this reading that the answers expect; 0: not known */
    int64_t expected_by;   /* sequence of the answer that said so */
    int64_t page_rows;     /* rows a full page holds */
    int64_t highest_short; /* highest sequence of a short page; -1: none */
};

enum job_phase { JOB_SUBMIT, JOB_POLL, JOB_RESULTS, JOB_OVER };

struct pager_job {
    enum job_phase phase;
    bool waiting; /* a request is out */
    bool deleted;
    int64_t sequence;
    int64_t pages;
    int polls;
    int64_t waited_ms;
    const char *id;
    char *cursor; /* NULL: the first result page */
    size_t cursor_room;
};

struct pager_ids {
    int64_t asked;
    int64_t answered;
    int64_t batches;
};

struct pager {
    struct pager_spec spec;
    struct arena *arena;
    bool overflow;
    bool lost;
    char reason[PAGER_REASON_BYTES];
    union {
        struct pager_numbered numbered;
        struct pager_job job;
        struct pager_ids ids;
    } of;
};

/* Marks' values in a template; NULL: the mark stands for nothing here. */
struct pager_marks {
    int64_t page;
    const char *ids;
};

/* Fills a template. `encode`: values are percent-encoded (query strings). In the arena. */
const char *pager_fill(const struct pager *p, struct arena *a, const char *text,
                       const struct pager_marks *marks, bool encode);

/* Path and query string joined with '?' or '&'; `query` may be NULL or "". In the arena. */
const char *pager_join(struct arena *a, const char *path, const char *query);

/* A whole buffer as an arena string; frees the buffer. */
const char *pager_take(struct arena *a, struct buf *b);

/* Finds the rows of an answer by spec.entities: *rows and *count; absent rows are none.
 * ERR_CONTRACT when what sits there is no array. */
bool pager_rows(const struct pager *p, const struct json_doc *doc, struct json *rows, size_t *count,
                struct err *e);

/* Checks one more page against LIMIT_PAGES_PER_WINDOW. */
bool pager_check_pages(const struct pager *p, int64_t pages, struct err *e);

/* Sets up a pager of numbered pages from its spec. */
void numbered_init(struct pager *p);

/* Its state, overflow apart. */
enum pager_state numbered_state(const struct pager *p);

/* Its next request; the state must be PAGER_READY. */
void numbered_next(struct pager *p, struct arena *a, struct pager_request *out);

/* Takes a page whose rows and total are in *page already. ERR_CONTRACT past the limit of pages. */
bool numbered_answer(struct pager *p, int64_t sequence, struct json root, struct pager_page *page,
                     struct err *e);

/* Sets up a pager of a job's results, new or stored. */
void job_init(struct pager *p);

/* Its state, loss apart. */
enum pager_state job_state(const struct pager *p);

/* Its next request: submission, poll or result page; the state must be PAGER_READY. */
void job_next(struct pager *p, struct arena *a, struct pager_request *out);

/* Takes the answer to the one request that is out. ERR_CONTRACT or ERR_TEMPORARY as pager_answer.
 */
bool job_answer(struct pager *p, struct json root, struct arena *a, struct pager_page *page,
                struct err *e);

/* Takes a refusal of the request that is out; true when it means that the job is lost. */
bool job_refused(struct pager *p, int status, const char *code);

/* The DELETE of a job that is over or lost, once; false when there is none to delete. */
bool job_delete(struct pager *p, struct arena *a, struct pager_request *out);

/* Sets up a pager of id batches. */
void ids_init(struct pager *p);

/* Its state. */
enum pager_state ids_state(const struct pager *p);

/* The request of the next batch; the state must be PAGER_READY. */
void ids_next(struct pager *p, struct arena *a, struct pager_request *out);

/* Takes a batch's page. */
void ids_answer(struct pager *p, int64_t sequence, struct pager_page *page);

#endif
