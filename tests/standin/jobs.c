/* The async jobs of conversation details and of users details. A job is answered from what was
 * selected when it was submitted, or is told of users, as of the availability date of that moment.
 */
#include "conversations.h"
#include "lock.h"
#include "routes.h"
#include "statuses.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_JOBS      1024
#define MAX_PAGE      1000
#define DEFAULT_PAGE  1000
#define JOB_LIFE      (7 * WHEN_DAY)
#define CURSOR_MARK   "cursor_v2"
#define INTERVAL_SIZE 64

struct job {
    char id[RNG_UUID_SIZE];
    char interval[INTERVAL_SIZE];
    struct selection selection;
    size_t limit;
    bool of_users; /* what is told of them in [from, to) */
    int64_t from, to;
    int64_t as_of;
    int64_t submitted;
    int polls;
    const char *fate; /* the state that it comes to */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* What a job holds stays until its place is taken, for another request may be at it. */
static struct job jobs[MAX_JOBS];
static long submitted_count;

/* NULL: there is none, or no longer. */
static struct job *job_of(const char *id)
{
    HOLD(lock);
    for (int i = 0; i < MAX_JOBS; i++) {
        if (*id && strcmp(jobs[i].id, id) == 0) {
            return &jobs[i];
        }
    }
    return NULL;
}

void jobs_interval(const char *id, char *out, size_t size)
{
    struct job *job = job_of(id);
    snprintf(out, size, "%s", job ? job->interval : "");
}

static void not_found(struct reply *reply)
{
    reply_error(reply, 404, "entity.not.found", "The requested job was not found.");
}

/* Of what the interval touches, what the body wants. */
static void choose(struct job *job, bool of_its_days, bool descending)
{
    struct selection *s = &job->selection;
    size_t kept = 0;
    corpus_overlapping(s, job->from, job->to, job->as_of);
    for (size_t i = 0; i < s->count; i++) {
        if (!of_its_days || s->entry[i]->day >= when_day(job->from)) {
            s->entry[kept++] = s->entry[i];
        }
    }
    s->count = kept;
    if (descending) {
        selection_reverse(s);
    }
    s->count = s->count < job->limit ? s->count : job->limit;
}

static bool read_job(yyjson_val *body, struct reply *reply, struct job *job)
{
    bool descending;
    yyjson_val *limit = yyjson_obj_get(body, "limit");
    const char *interval = yyjson_get_str(yyjson_obj_get(body, "interval"));
    snprintf(job->interval, sizeof job->interval, "%s", interval ? interval : "");
    if (!conversations_interval(body, reply, &job->from, &job->to) ||
        !conversations_order(body, reply, &descending)) {
        return false;
    }
    if (limit && (!yyjson_is_int(limit) || yyjson_get_sint(limit) < 1)) {
        reply_error(reply, 400, "bad.request", "The limit is a number from 1 on.");
        return false;
    }
    if (job->of_users && (descending || limit)) {
        reply_error(reply, 501, "not.implemented", "The stand-in's jobs of users are whole, asc.");
        return false;
    }
    job->limit = limit ? (size_t)yyjson_get_sint(limit) : SIZE_MAX;
    if (!job->of_users) {
        choose(job, yyjson_is_true(yyjson_obj_get(body, "startOfDayIntervalMatching")), descending);
    }
    return true;
}

/* Puts the job in the place of the one that was submitted MAX_JOBS before it. */
static void keep(struct job *job)
{
    HOLD(lock);
    struct job *place = &jobs[submitted_count++ % MAX_JOBS];
    selection_free(&place->selection);
    rng_uuid(rng_pair((uint64_t)when_wall(), (uint64_t)submitted_count), job->id);
    *place = *job;
}

/* Decided when it is submitted: a job that is lost stays so. */
static const char *fate_of(const struct request *request)
{
    bool fails = fault_strikes("job-fail", request);
    bool expires = fault_strikes("job-state-expired", request);
    return fault_strikes("job-pending", request) ? "PENDING"
           : fails                               ? "FAILED"
           : expires                             ? "EXPIRED"
                                                 : "FULFILLED";
}

void jobs_submit(const struct request *request, struct reply *reply)
{
    struct moment moment = world_moment();
    yyjson_doc *doc = conversations_body(request, reply);
    struct job job = {.as_of = moment.availability < moment.now ? moment.availability : moment.now,
                      .submitted = moment.now,
                      .of_users = strstr(request->path, "/users/") != NULL};
    if (doc && read_job(yyjson_doc_get_root(doc), reply, &job)) {
        job.fate = fate_of(request);
        keep(&job);
        reply->status = 202;
        JW(&reply->body, OBJECT(NULL), TEXT("jobId", job.id), END);
    }
    yyjson_doc_free(doc);
}

static const char *state_of(const struct job *job, int64_t now)
{
    if (world.job_polls > 0 && job->polls <= world.job_polls) {
        return job->polls % 2 ? "QUEUED" : "PENDING";
    }
    bool is_old = now >= job->submitted + JOB_LIFE;
    return is_old && strcmp(job->fate, "FULFILLED") == 0 ? "EXPIRED" : job->fate;
}

void jobs_status(const struct request *request, struct reply *reply)
{
    int64_t now = world_moment().now;
    struct job *job = job_of(request->segment);
    if (!job) {
        not_found(reply);
        return;
    }
    job->polls++;
    const char *state = fault_strikes("job-slow", request) ? "PENDING" : state_of(job, now);
    bool fulfilled = strcmp(state, "FULFILLED") == 0;
    JW(&reply->body, OBJECT(NULL), ID("state", state), IF(strcmp(state, "FAILED") == 0),
       TEXT("errorMessage", "The query could not be completed."),
       TIME("submissionDate", job->submitted), IF(fulfilled),
       TIME("expirationDate", job->submitted + JOB_LIFE), IF(fulfilled),
       TIME("completionDate", job->submitted), END);
}

void jobs_delete(const struct request *request, struct reply *reply)
{
    struct job *job = job_of(request->segment);
    if (job) {
        job->id[0] = '\0';
        reply->status = 204;
    } else {
        not_found(reply);
    }
}

/* Its last signs have to be coded in a path. */
static void write_cursor(struct jw *w, const char *id, size_t offset, long page)
{
    char text[192];
    snprintf(text, sizeof text, CURSOR_MARK ":%s:%zu:%ld/+=", id, offset, page);
    JW(w, ID("cursor", text));
}

/* Reads a cursor of this job; none is the first page. */
static bool read_cursor(const struct request *request, size_t *offset, long *page)
{
    char text[256], mark[96], *rest;
    *offset = 0;
    *page = 1;
    if (!query_value(request->query, "cursor", 0, text, sizeof text)) {
        return true;
    }
    snprintf(mark, sizeof mark, CURSOR_MARK ":%s:", request->segment);
    if (strncmp(text, mark, strlen(mark)) != 0) {
        return false;
    }
    *offset = strtoul(text + strlen(mark), &rest, 10);
    *page = *rest == ':' ? strtol(rest + 1, NULL, 10) : 1;
    return true;
}

static void write_results(const struct request *request, struct reply *reply, const struct job *job,
                          size_t size)
{
    size_t offset, count = job->selection.count;
    long page;
    struct jw *w = &reply->body;
    if (!read_cursor(request, &offset, &page)) {
        reply_error(reply, 400, "bad.request", "The cursor is not one of this job.");
        return;
    }
    int64_t shown = fault_page(request, page);
    if (shown != page) {
        page = (long)shown;
        offset = (size_t)(shown - 1) * size;
    }
    struct view view = {.body = job->as_of, .attributes = job->as_of};
    struct fault_document spoil = fault_document(request);
    w->faults = spoil.jw_faults;
    if (fault_strikes("short-pages", request)) {
        size = size / 2 + 1;
    }
    size = size < (size_t)world.page_cap ? size : (size_t)world.page_cap;
    bool empty =
        !job->of_users && page == 2 && offset < count && fault_strikes("empty-page", request);
    size_t to = empty ? offset : offset + size;
    jw_object(w, NULL);
    if (job->of_users) {
        count = statuses_write(w, job->from, job->to, job->as_of, offset, size);
    } else {
        conversations_write(w, &job->selection, offset, to < count ? to : count, view, &spoil);
    }
    if (to < count) {
        write_cursor(w, request->segment, to, page + 1);
    }
    JW(w, TIME("dataAvailabilityDate", job->as_of), END);
}

void jobs_results(const struct request *request, struct reply *reply)
{
    long size;
    bool expires = fault_strikes("job-expire", request);
    struct job *job = job_of(request->segment);
    if (job && expires) {
        job->id[0] = '\0';
        job = NULL;
    }
    if (!query_int(request->query, "pageSize", DEFAULT_PAGE, &size) || size < 1 ||
        size > MAX_PAGE) {
        reply_error(reply, 400, "bad.request", "pageSize is a number of 1 to 1000.");
        return;
    }
    const char *state = job ? state_of(job, world_moment().now) : "EXPIRED";
    if (strcmp(state, "FULFILLED") == 0) {
        write_results(request, reply, job, (size_t)size);
    } else if (strcmp(state, "EXPIRED") == 0) {
        not_found(reply);
    } else {
        reply_error(reply, 400, "bad.request", "The job has no results yet.");
    }
}

void jobs_availability(const struct request *request, struct reply *reply)
{
    (void)request;
    JW(&reply->body, OBJECT(NULL), TIME("dataAvailabilityDate", world_moment().availability), END);
}
