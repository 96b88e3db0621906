/* Pages of an asynchronous job: submit, poll, results by cursor, delete. */
#include <stdio.h>
#include <string.h>

#include "api/pager_internal.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

enum { LONGEST_JOB_ID_BYTES = 200, DOUBLED_POLLS = 3 };

static const char *keep_cursor(struct pager *p, const char *cursor, size_t length)
{
    struct pager_job *j = &p->of.job;

    /* The arena frees nothing: the room is used again for the next cursor. */
    if (length + 1 > j->cursor_room) {
        j->cursor_room = 2 * (length + 1);
        j->cursor = arena_alloc(p->arena, j->cursor_room);
    }
    memcpy(j->cursor, cursor, length);
    j->cursor[length] = '\0';
    return j->cursor;
}

void job_init(struct pager *p)
{
    struct pager_job *j = &p->of.job;

    if (p->spec.job_id) {
        j->id = p->spec.job_id;
        j->phase = p->spec.cursor ? JOB_RESULTS : JOB_POLL;
    }
    if (p->spec.cursor) {
        keep_cursor(p, p->spec.cursor, strlen(p->spec.cursor));
    }
}

enum pager_state job_state(const struct pager *p)
{
    if (p->of.job.phase == JOB_OVER) {
        return PAGER_DONE;
    }
    return p->of.job.waiting ? PAGER_WAITING : PAGER_READY;
}

/* The job's own path, with what is asked of it ("" or "/results"). */
static const char *job_path(const struct pager *p, struct arena *a, const char *part)
{
    struct buf path;

    buf_init(&path, PAGER_REQUEST_BYTES);
    (void)buf_add_printf(&path, "%s/", p->spec.path);
    (void)str_url_encode(&path, p->of.job.id);
    (void)buf_add_str(&path, part);
    return pager_take(a, &path);
}

/* How long to wait before the next poll: the first after JOB_POLL_FIRST_MS, then twice it, four
 * times it, then every JOB_POLL_MS. A job of an earlier run is asked at once. */
static int64_t poll_delay_ms(const struct pager *p)
{
    int polls = p->of.job.polls;

    if (p->spec.job_id) {
        polls--;
    }
    if (polls < 0) {
        return 0;
    }
    return polls < DOUBLED_POLLS ? limit_get(LIMIT_JOB_POLL_FIRST_MS) << polls
                                 : limit_get(LIMIT_JOB_POLL_MS);
}

static const char *results_path(const struct pager *p, struct arena *a)
{
    struct buf query;

    buf_init(&query, PAGER_REQUEST_BYTES);
    (void)buf_add_printf(&query, "pageSize=%d", p->spec.page_size);
    if (p->of.job.cursor) {
        (void)buf_add_str(&query, "&cursor=");
        (void)str_url_encode(&query, p->of.job.cursor);
    }
    return pager_join(a, job_path(p, a, "/results"), pager_take(a, &query));
}

void job_next(struct pager *p, struct arena *a, struct pager_request *out)
{
    struct pager_job *j = &p->of.job;
    struct pager_marks marks = {.page = 0};

    out->sequence = j->sequence++;
    out->is_page = j->phase == JOB_RESULTS;
    out->method = j->phase == JOB_SUBMIT ? HTTP_POST : HTTP_GET;
    j->waiting = true;
    switch (j->phase) {
    case JOB_SUBMIT:
        out->path = pager_join(a, p->spec.path, pager_fill(p, a, p->spec.query, &marks, true));
        out->body = pager_fill(p, a, p->spec.body, &marks, false);
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
        out->path = results_path(p, a);
        out->label = arena_printf(a, "%s result page %lld", p->spec.label, (long long)j->pages + 1);
        break;
    }
}

static bool take_submission(struct pager *p, struct json root, struct arena *a,
                            struct pager_page *page, struct err *e)
{
    struct pager_job *j = &p->of.job;
    size_t length = 0;
    const char *id = json_text(json_get(root, "jobId"), &length);

    /* The id becomes a segment of a path: "." and ".." would change it. */
    if (!id || length == 0 || length > LONGEST_JOB_ID_BYTES || strlen(id) != length ||
        id[0] == '.') {
        return err_set(e, ERR_CONTRACT, "%s: the submitted job has no usable jobId", p->spec.label);
    }
    j->id = arena_strdup(p->arena, id);
    j->phase = JOB_POLL;
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
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
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
    struct pager_job *j = &p->of.job;
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
    return pager_check_pages(p, j->pages, e);
}

bool job_answer(struct pager *p, struct json root, struct arena *a, struct pager_page *page,
                struct err *e)
{
    p->of.job.waiting = false;
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

bool job_refused(struct pager *p, int status, const char *code)
{
    struct pager_job *j = &p->of.job;
    bool is_gone = status == 404 || status == 410;
    bool is_cursor = status == 400 && j->phase == JOB_RESULTS && j->cursor;

    if (!j->id || !j->waiting || (!is_gone && !is_cursor)) {
        return false;
    }
    j->waiting = false;
    j->deleted = j->deleted || is_gone;
    lose(p, is_gone ? "the job is gone" : "the job's cursor is not taken any more", code);
    return true;
}

bool job_delete(struct pager *p, struct arena *a, struct pager_request *out)
{
    struct pager_job *j = &p->of.job;

    if (!j->id || j->deleted || (!p->lost && j->phase != JOB_OVER)) {
        return false;
    }
    j->deleted = true;
    *out = (struct pager_request){
        .method = HTTP_DELETE,
        .path = job_path(p, a, ""),
        .label = arena_printf(a, "%s job deletion", p->spec.label),
        .sequence = j->sequence++,
    };
    return true;
}
