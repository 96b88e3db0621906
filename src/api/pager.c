#include "api/pager.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

enum {
    REASON_BYTES = 400,
    REQUEST_BYTES = 1048576,
    LONGEST_JOB_ID_BYTES = 200,
    DOUBLED_POLLS = 3,
};

enum job_phase { JOB_SUBMIT, JOB_POLL, JOB_RESULTS, JOB_OVER };

struct numbered {
    int64_t expected;      /* pages of this reading that the answers expect; 0: not known */
    int64_t expected_by;   /* sequence of the answer that said so */
    int64_t page_rows;     /* rows a full page holds */
    int64_t highest_short; /* highest sequence of a short page; -1: none */
};

struct job {
    enum job_phase phase;
    bool deleted;
    int64_t pages;
    int polls;
    int64_t waited_ms;
    const char *id;
    char *cursor; /* NULL: the first result page */
    size_t cursor_room;
};

struct pager {
    struct pager_spec spec;
    struct arena *arena;
    int64_t asked; /* sequence numbers [0, asked) */
    int64_t answered;
    bool overflow;
    bool lost;
    char reason[REASON_BYTES];
    union {
        struct numbered numbered;
        struct job job;
        int64_t batches; /* of PAGER_IDS */
    } of;
};

/* --- texts of requests ----------------------------------------------------------------------- */

/* A whole buffer as an arena string; frees the buffer. */
static const char *take_text(struct arena *a, struct buf *b)
{
    const char *text = arena_strndup(a, buf_str(b), b->length);

    buf_free(b);
    return text;
}

/* Path and query string joined with '?' or '&'; `query` may be NULL or "". */
static const char *join_query(struct arena *a, const char *path, const char *query)
{
    if (!query || query[0] == '\0') {
        return arena_strdup(a, path);
    }
    return arena_printf(a, "%s%c%s", path, strchr(path, '?') ? '&' : '?', query);
}

/* What stands for {page} and {ids}; NULL: the mark stands for nothing here. */
struct marks {
    int64_t page;
    const char *ids;
};

/* Appends the value of the mark that `text` begins with and returns the mark's length; 0 when it is
 * none. */
static size_t add_mark(const struct pager *p, struct buf *out, const char *text,
                       const struct marks *marks, bool encode)
{
    char page[24];
    char size[16];
    const struct {
        const char *mark;
        const char *value;
    } known[] = {{"{start}", p->spec.start},
                 {"{end}", p->spec.end},
                 {"{page}", page},
                 {"{size}", size},
                 {"{ids}", marks->ids}};

    snprintf(page, sizeof(page), "%lld", (long long)marks->page);
    snprintf(size, sizeof(size), "%d", p->spec.page_size);
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (known[i].value && str_starts_with(text, known[i].mark)) {
            (void)(encode ? str_url_encode(out, known[i].value) : buf_add_str(out, known[i].value));
            return strlen(known[i].mark);
        }
    }
    return 0;
}

/* Fills a template (NULL stays NULL). `encode`: values are percent-encoded (query strings). */
static const char *fill(const struct pager *p, struct arena *a, const char *text,
                        const struct marks *marks, bool encode)
{
    struct buf out;

    if (!text) {
        return NULL;
    }
    buf_init(&out, REQUEST_BYTES);
    while (*text) {
        size_t length = *text == '{' ? add_mark(p, &out, text, marks, encode) : 0;
        if (length == 0) {
            (void)buf_add_char(&out, *text);
            length = 1;
        }
        text += length;
    }
    return take_text(a, &out);
}

/* Checks one more page against the limit of pages. */
static bool check_pages(const struct pager *p, int64_t pages, struct err *e)
{
    if (pages < limit_get(LIMIT_PAGES_PER_WINDOW)) {
        return true;
    }
    return err_set(e, ERR_CONTRACT, "%s: no end after %lld pages (limit PAGES_PER_WINDOW)",
                   p->spec.label, (long long)pages);
}

/* --- pages by number ------------------------------------------------------------------------- */

/* True when the highest page asked was answered and is the end. */
static bool numbered_has_ended(const struct pager *p)
{
    const struct numbered *n = &p->of.numbered;

    return p->asked > 0 && n->highest_short == p->asked - 1 && p->asked >= n->expected;
}

static void numbered_next(const struct pager *p, struct arena *a, struct pager_request *out)
{
    struct marks marks = {.page = p->spec.first_page + out->sequence};
    const char *query = fill(p, a, p->spec.query, &marks, true);

    if (!p->spec.post && (!p->spec.query || !strstr(p->spec.query, "{page}"))) {
        const char *paging = arena_printf(a, "pageSize=%d&pageNumber=%lld", p->spec.page_size,
                                          (long long)marks.page);
        query = query && query[0] != '\0' ? arena_printf(a, "%s&%s", query, paging) : paging;
    }
    out->path = join_query(a, p->spec.path, query);
    out->body = fill(p, a, p->spec.body, &marks, false);
    out->label = arena_printf(a, "%s page %lld", p->spec.label, (long long)marks.page);
}

/* Pages of this reading that an answer expects, by its pageCount or total. */
static int64_t expected_pages(const struct pager *p, const struct pager_page *page,
                              int64_t page_count)
{
    int64_t page_rows = p->of.numbered.page_rows;
    int64_t pages = 0;

    if (page_count > 0) {
        pages = page_count;
    } else if (page->total_hits >= 0) {
        /* One more than full pages: only a short page tells that it is the last. */
        pages = page->total_hits / page_rows + 1;
        if (p->spec.row_limit > 0 && pages > p->spec.row_limit / page_rows) {
            pages = p->spec.row_limit / page_rows;
        }
    }
    if (pages > limit_get(LIMIT_PAGES_PER_WINDOW)) {
        pages = limit_get(LIMIT_PAGES_PER_WINDOW);
    }
    return pages - (p->spec.first_page - 1);
}

static void see_overflow(struct pager *p, int64_t number, const struct pager_page *page,
                         bool is_short)
{
    int64_t limit = p->spec.row_limit;

    if (limit <= 0) {
        return;
    }
    if (p->spec.hits_overflow && number == 1 && page->total_hits > limit) {
        p->overflow = true;
        snprintf(p->reason, sizeof(p->reason), "%lld rows, and paging reaches %lld",
                 (long long)page->total_hits, (long long)limit);
    } else if (!is_short && (number + 1) * p->of.numbered.page_rows > limit) {
        p->overflow = true;
        snprintf(p->reason, sizeof(p->reason),
                 "page %lld is full, and paging reaches no further than %lld rows",
                 (long long)number, (long long)limit);
    }
}

/* Takes a page whose rows and total are in *page already. */
static bool numbered_answer(struct pager *p, int64_t sequence, struct json root,
                            struct pager_page *page, struct err *e)
{
    struct numbered *n = &p->of.numbered;
    int64_t number = p->spec.first_page + sequence;
    int64_t page_size;
    int64_t page_count;

    if (json_int(json_get(root, "pageSize"), &page_size) && page_size > 0 &&
        page_size < n->page_rows) {
        n->page_rows = page_size;
    }
    if (!json_int(json_get(root, "pageCount"), &page_count)) {
        page_count = 0;
    }
    if (sequence > n->expected_by) {
        n->expected_by = sequence;
        n->expected = expected_pages(p, page, page_count);
    }
    bool is_short =
        (int64_t)page->row_count < n->page_rows || (page_count > 0 && number >= page_count);
    if (is_short && sequence > n->highest_short) {
        n->highest_short = sequence;
    }
    see_overflow(p, number, page, is_short);
    page->next_page = number + 1;
    page->last = numbered_has_ended(p) && sequence == p->asked - 1;
    return page->last || check_pages(p, number, e);
}

/* --- batches of ids -------------------------------------------------------------------------- */

/* The ids of a batch. */
static void batch_of(const struct pager *p, int64_t sequence, size_t *from, size_t *count)
{
    size_t size = (size_t)p->spec.page_size;

    *from = (size_t)sequence * size;
    *count = p->spec.id_count - *from < size ? p->spec.id_count - *from : size;
}

/* Predicates of a filter: AgentStateAgentQueryPredicate knows dimension and value alone; others
 * infer their type and operator. */
static const char *predicates(const struct pager *p, struct arena *a, size_t from, size_t count)
{
    struct buf out;

    buf_init(&out, REQUEST_BYTES);
    for (size_t i = from; i < from + count; i++) {
        (void)buf_add_str(&out, i > from ? ",{\"dimension\":" : "{\"dimension\":");
        (void)json_quote(&out, p->spec.id_parameter, strlen(p->spec.id_parameter));
        (void)buf_add_str(&out, ",\"value\":");
        (void)json_quote(&out, p->spec.ids[i], strlen(p->spec.ids[i]));
        (void)buf_add_char(&out, '}');
    }
    return take_text(a, &out);
}

/* name=a&name=b, after the constant query. */
static const char *parameters(const struct pager *p, struct arena *a, size_t from, size_t count,
                              const char *query)
{
    struct buf out;

    buf_init(&out, REQUEST_BYTES);
    (void)buf_add_str(&out, query ? query : "");
    for (size_t i = from; i < from + count; i++) {
        (void)buf_add_printf(&out, "%s%s=", out.length > 0 ? "&" : "", p->spec.id_parameter);
        (void)str_url_encode(&out, p->spec.ids[i]);
    }
    return take_text(a, &out);
}

static void ids_next(const struct pager *p, struct arena *a, struct pager_request *out)
{
    struct marks marks = {.page = out->sequence + 1};
    const char *query = fill(p, a, p->spec.query, &marks, true);
    size_t from;
    size_t count;

    batch_of(p, out->sequence, &from, &count);
    if (p->spec.post) {
        marks.ids = predicates(p, a, from, count);
    } else {
        query = parameters(p, a, from, count, query);
    }
    out->path = join_query(a, p->spec.path, query);
    out->body = fill(p, a, p->spec.body, &marks, false);
    out->label = arena_printf(a, "%s batch %lld of %lld", p->spec.label,
                              (long long)out->sequence + 1, (long long)p->of.batches);
}

/* --- jobs: submission, polls, results by cursor, deletion ------------------------------------ */

static const char *keep_cursor(struct pager *p, const char *cursor, size_t length)
{
    struct job *j = &p->of.job;

    /* The arena frees nothing: the room is used again for the next cursor. */
    if (length + 1 > j->cursor_room) {
        j->cursor_room = 2 * (length + 1);
        j->cursor = arena_alloc(p->arena, j->cursor_room);
    }
    memcpy(j->cursor, cursor, length);
    j->cursor[length] = '\0';
    return j->cursor;
}

/* A text percent-encoded. */
static const char *encoded(struct arena *a, const char *text)
{
    struct buf out;

    buf_init(&out, REQUEST_BYTES);
    (void)str_url_encode(&out, text);
    return take_text(a, &out);
}

/* The job's own path, with what is asked of it ("" or "/results"). */
static const char *job_path(const struct pager *p, struct arena *a, const char *part)
{
    return arena_printf(a, "%s/%s%s", p->spec.path, encoded(a, p->of.job.id), part);
}

/* How long to wait before the next poll: the first after JOB_POLL_FIRST_MS, then twice it, four
 * times it, then every JOB_POLL_MS. A job of an earlier run is asked at once. */
static int64_t poll_delay_ms(const struct pager *p)
{
    int polls = p->of.job.polls - (p->spec.job_id ? 1 : 0);

    if (polls < 0) {
        return 0;
    }
    return polls < DOUBLED_POLLS ? limit_get(LIMIT_JOB_POLL_FIRST_MS) << polls
                                 : limit_get(LIMIT_JOB_POLL_MS);
}

static void job_next(struct pager *p, struct arena *a, struct pager_request *out)
{
    struct job *j = &p->of.job;
    struct marks marks = {.page = 0};

    out->method = j->phase == JOB_SUBMIT ? HTTP_POST : HTTP_GET;
    switch (j->phase) {
    case JOB_SUBMIT:
        out->path = join_query(a, p->spec.path, fill(p, a, p->spec.query, &marks, true));
        out->body = fill(p, a, p->spec.body, &marks, false);
        out->label = arena_printf(a, "%s job submission", p->spec.label);
        break;
    case JOB_POLL:
        out->path = job_path(p, a, "");
        out->label = arena_printf(a, "%s job %s", p->spec.label, str_escaped(a, j->id));
        out->delay_ms = poll_delay_ms(p);
        j->waited_ms += out->delay_ms;
        j->polls++;
        break;
    case JOB_RESULTS:
    case JOB_OVER:
        out->path =
            arena_printf(a, "%s?pageSize=%d", job_path(p, a, "/results"), p->spec.page_size);
        if (j->cursor) {
            out->path = arena_printf(a, "%s&cursor=%s", out->path, encoded(a, j->cursor));
        }
        out->label = arena_printf(a, "%s result page %lld", p->spec.label, (long long)j->pages + 1);
        break;
    }
}

static bool take_submission(struct pager *p, struct json root, struct arena *a,
                            struct pager_page *page, struct err *e)
{
    size_t length = 0;
    const char *id = json_text(json_get(root, "jobId"), &length);

    /* The id becomes a segment of a path: "." and ".." would change it. */
    if (!id || length == 0 || length > LONGEST_JOB_ID_BYTES || strlen(id) != length ||
        id[0] == '.') {
        return err_set(e, ERR_CONTRACT, "%s: the submitted job has no usable jobId", p->spec.label);
    }
    p->of.job.id = arena_strdup(p->arena, id);
    p->of.job.phase = JOB_POLL;
    page->job_id = arena_strdup(a, id);
    return true;
}

static void lose(struct pager *p, const char *what, const char *detail)
{
    struct buf reason;

    buf_init(&reason, sizeof(p->reason) - 1);
    (void)buf_add_str(&reason, what);
    if (detail && detail[0] != '\0') {
        (void)buf_add_str(&reason, ": ");
        (void)str_escape(&reason, detail, strlen(detail));
    }
    snprintf(p->reason, sizeof(p->reason), "%s", buf_str(&reason));
    buf_free(&reason);
    p->lost = true;
}

static bool take_poll(struct pager *p, struct json root, struct err *e)
{
    static const struct {
        const char *state;
        const char *reason;
    } ends[] = {{"FAILED", "the job failed"},
                {"CANCELLED", "the job was cancelled"},
                {"EXPIRED", "the job expired"}};
    const char *state = json_str(json_get(root, "state"));

    if (!state) {
        return err_set(e, ERR_CONTRACT, "%s: the job's status has no state", p->spec.label);
    }
    if (str_eq(state, "FULFILLED")) {
        p->of.job.phase = JOB_RESULTS;
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        if (str_eq(state, ends[i].state)) {
            lose(p, ends[i].reason, json_str(json_get(root, "errorMessage")));
            return true;
        }
    }
    if (p->of.job.waited_ms >= limit_get(LIMIT_JOB_WAIT_MS)) {
        return err_set(e, ERR_TEMPORARY,
                       "%s: the job is not done after %lld s (limit JOB_WAIT_MS); the next run "
                       "asks for it again",
                       p->spec.label, (long long)(p->of.job.waited_ms / MS_PER_SECOND));
    }
    return true;
}

static bool take_results(struct pager *p, struct json root, struct arena *a,
                         struct pager_page *page, struct err *e)
{
    struct job *j = &p->of.job;
    size_t length = 0;
    const char *cursor = json_text(json_get(root, "cursor"), &length);
    const char *availability = json_str(json_get(root, "dataAvailabilityDate"));

    j->pages++;
    if (!availability || !clock_parse(availability, true, &page->availability_ms)) {
        page->availability_ms = 0;
    }
    if (!cursor || length == 0) {
        page->last = true;
        j->phase = JOB_OVER;
        return true;
    }
    if (j->cursor && strlen(j->cursor) == length && memcmp(j->cursor, cursor, length) == 0) {
        return err_set(e, ERR_CONTRACT, "%s: result page %lld names its own cursor as the next",
                       p->spec.label, (long long)j->pages);
    }
    page->cursor = arena_strdup(a, keep_cursor(p, cursor, length));
    return check_pages(p, j->pages, e);
}

bool pager_refused(struct pager *p, int64_t sequence, int status, const char *code)
{
    struct job *j = &p->of.job;
    bool is_gone = status == 404 || status == 410;

    if (p->spec.kind != PAGER_JOB || sequence != p->asked - 1 || p->answered == p->asked ||
        !j->id || j->deleted) {
        return false;
    }
    bool is_cursor = status == 400 && j->phase == JOB_RESULTS && j->cursor;
    if (!is_gone && !is_cursor) {
        return false;
    }
    p->answered++;
    j->deleted = j->deleted || is_gone;
    lose(p, is_gone ? "the job is gone" : "the job's cursor is not taken any more", code);
    return true;
}

bool pager_delete(struct pager *p, struct arena *a, struct pager_request *out)
{
    struct job *j = &p->of.job;

    if (p->spec.kind != PAGER_JOB || !j->id || j->deleted || (!p->lost && j->phase != JOB_OVER)) {
        return false;
    }
    j->deleted = true;
    *out = (struct pager_request){
        .method = HTTP_DELETE,
        .path = job_path(p, a, ""),
        .label = arena_printf(a, "%s job deletion", p->spec.label),
        .sequence = p->asked++,
    };
    return true;
}

/* --- all kinds ------------------------------------------------------------------------------- */

struct pager *pager_new(struct arena *a, const struct pager_spec *spec)
{
    struct pager *p = arena_alloc(a, sizeof(*p));

    INVARIANT(spec->page_size > 0);
    p->spec = *spec;
    p->arena = a;
    switch (spec->kind) {
    case PAGER_NUMBERED:
        if (p->spec.first_page < 1) {
            p->spec.first_page = 1;
        }
        p->of.numbered =
            (struct numbered){.page_rows = spec->page_size, .expected_by = -1, .highest_short = -1};
        break;
    case PAGER_JOB:
        if (spec->job_id) {
            p->of.job.id = spec->job_id;
            p->of.job.phase = spec->cursor ? JOB_RESULTS : JOB_POLL;
        }
        if (spec->cursor) {
            keep_cursor(p, spec->cursor, strlen(spec->cursor));
        }
        break;
    case PAGER_IDS:
        p->of.batches = ((int64_t)spec->id_count + spec->page_size - 1) / (int64_t)spec->page_size;
        break;
    }
    return p;
}

enum pager_state pager_state(const struct pager *p)
{
    bool all_answered = p->answered == p->asked;
    bool is_end = false; /* nothing is left to ask for */
    bool may_ask = all_answered;

    if (p->lost) {
        return PAGER_LOST;
    }
    if (p->overflow) {
        return PAGER_OVERFLOW;
    }
    switch (p->spec.kind) {
    case PAGER_NUMBERED:
        is_end = numbered_has_ended(p);
        /* Beyond what is expected a page is asked once all before it came and the highest was full.
         */
        may_ask = all_answered || p->asked < p->of.numbered.expected;
        break;
    case PAGER_JOB:
        if (p->of.job.phase == JOB_OVER) {
            return PAGER_DONE; /* its deletion may be under way */
        }
        break;
    case PAGER_IDS:
        is_end = p->asked == p->of.batches;
        may_ask = true;
        break;
    }
    if (is_end) {
        return all_answered ? PAGER_DONE : PAGER_WAITING;
    }
    return may_ask ? PAGER_READY : PAGER_WAITING;
}

bool pager_next(struct pager *p, struct arena *a, struct pager_request *out)
{
    if (pager_state(p) != PAGER_READY) {
        return false;
    }
    *out =
        (struct pager_request){.method = p->spec.post ? HTTP_POST : HTTP_GET, .sequence = p->asked};
    switch (p->spec.kind) {
    case PAGER_NUMBERED:
        numbered_next(p, a, out);
        break;
    case PAGER_JOB:
        job_next(p, a, out);
        break;
    case PAGER_IDS:
        ids_next(p, a, out);
        break;
    }
    p->asked++;
    return true;
}

/* Finds the rows of an answer and its total; absent rows are none. ERR_CONTRACT when what sits
 * there is no array. */
static bool read_rows(const struct pager *p, struct json root, struct pager_page *page,
                      struct err *e)
{
    bool may_lack = json_type(root) == JSON_OBJECT && p->spec.entities[0] != '\0';

    page->rows = json_first(root, p->spec.entities);
    enum json_type type = json_type(page->rows);
    if (type != JSON_ARRAY && (type != JSON_ABSENT || !may_lack)) {
        return err_set(e, ERR_CONTRACT, "%s: the answer has no array of rows at \"%s\"",
                       p->spec.label, p->spec.entities);
    }
    page->row_count = json_count(page->rows);
    page->has_rows = true;
    if (!json_int(json_get(root, "totalHits"), &page->total_hits) &&
        !json_int(json_get(root, "total"), &page->total_hits)) {
        page->total_hits = -1;
    }
    if (page->total_hits < 0) {
        page->total_hits = -1;
    }
    return true;
}

bool pager_answer(struct pager *p, int64_t sequence, const struct json_doc *doc, struct arena *a,
                  struct pager_page *page, struct err *e)
{
    struct json root = json_root(doc);
    bool is_job = p->spec.kind == PAGER_JOB;

    *page = (struct pager_page){.total_hits = -1};
    err_clear(e);
    if ((!is_job || p->of.job.phase == JOB_RESULTS) && !read_rows(p, root, page, e)) {
        return false;
    }
    p->answered++;
    switch (p->spec.kind) {
    case PAGER_NUMBERED:
        return numbered_answer(p, sequence, root, page, e);
    case PAGER_IDS:
        batch_of(p, sequence, &page->id_from, &page->id_count);
        page->last = sequence == p->of.batches - 1;
        return true;
    case PAGER_JOB:
        break;
    }
    switch (p->of.job.phase) {
    case JOB_SUBMIT:
        return take_submission(p, root, a, page, e);
    case JOB_POLL:
        return take_poll(p, root, e);
    case JOB_RESULTS:
        return take_results(p, root, a, page, e);
    case JOB_OVER:
        break;
    }
    return true;
}

const char *pager_reason(const struct pager *p)
{
    return p->reason;
}
