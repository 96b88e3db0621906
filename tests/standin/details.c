/* Users details, by jobs and by the query: what the users' statuses are. */
#include "fault.h"
#include "rng.h"
#include "routes.h"
#include "statuses.h"
#include "when.h"
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { JOBS = 4096, MAX_PAGE = 100, MAX_QUERY_DAYS = 7 };

struct job {
    char id[RNG_UUID_SIZE];
    int64_t from, to, as_of;
    int polls;
    const char *end; /* the state that it comes to */
};

/* One request at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job jobs[JOBS];
static long job_count;

static struct job *find_job(const char *id)
{
    for (int i = 0; i < JOBS; i++) {
        if (jobs[i].id[0] && strcmp(jobs[i].id, id) == 0) {
            return &jobs[i];
        }
    }
    return NULL;
}

static void no_job(struct reply *reply)
{
    reply_error(reply, 404, "entity.not.found", "The requested job was not found.");
}

/* A job for an interval, in the oldest one's place. */
static struct job *make_job(const struct request *request, int64_t from, int64_t to)
{
    struct moment moment = world_moment();
    struct job *job = &jobs[job_count++ % JOBS];
    int64_t as_of = moment.availability < moment.now ? moment.availability : moment.now;
    *job = (struct job){.from = from, .to = to, .as_of = as_of};
    job->end = fault_strikes("job-fail", request)            ? "FAILED"
               : fault_strikes("job-state-expired", request) ? "EXPIRED"
                                                             : "FULFILLED";
    rng_uuid(rng_pair((uint64_t)when_wall(), (uint64_t)job_count), job->id);
    return job;
}

static const char *state_of(struct job *job, const struct request *request)
{
    job->polls++;
    bool waits = job->polls <= world.job_polls || fault_strikes("job-slow", request);
    return waits ? "PENDING" : job->end;
}

static bool read_interval(yyjson_val *body, int64_t *from, int64_t *to)
{
    const char *text = yyjson_get_str(yyjson_obj_get(body, "interval"));
    return text && when_parse_interval(text, from, to);
}

void details_submit(const struct request *request, struct reply *reply)
{
    int64_t from, to;
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    if (!read_interval(yyjson_doc_get_root(doc), &from, &to)) {
        reply_error(reply, 400, "invalid.date", "interval is needed.");
    } else {
        pthread_mutex_lock(&lock);
        JW(&reply->body, OBJECT(NULL), ID("jobId", make_job(request, from, to)->id), END);
        pthread_mutex_unlock(&lock);
        reply->status = 202;
    }
    yyjson_doc_free(doc);
}

void details_status(const struct request *request, struct reply *reply)
{
    pthread_mutex_lock(&lock);
    struct job *job = find_job(request->segment);
    if (job) {
        JW(&reply->body, OBJECT(NULL), TEXT("state", state_of(job, request)), END);
    } else {
        no_job(reply);
    }
    pthread_mutex_unlock(&lock);
}

void details_delete(const struct request *request, struct reply *reply)
{
    pthread_mutex_lock(&lock);
    struct job *job = find_job(request->segment);
    if (job) {
        job->id[0] = '\0';
        reply->status = 204;
    } else {
        no_job(reply);
    }
    pthread_mutex_unlock(&lock);
}

/* A page of a job's results. */
static void write_page(const struct request *request, const struct job *job, size_t skip,
                       size_t size, struct reply *reply)
{
    struct jw *w = &reply->body;
    char plain[96], cursor[160], until[WHEN_SIZE];
    w->faults = fault_document(request).jw_faults;
    jw_object(w, NULL);
    size_t found = statuses_write(w, job->from, job->to, job->as_of, skip, size);
    snprintf(plain, sizeof plain, "%s:%zu", job->id, skip + size);
    auth_base64_encode(plain, strlen(plain), cursor, sizeof cursor);
    when_text(job->as_of, until);
    JW(w, IF(found > skip + size), ID("cursor", cursor), ID("dataAvailabilityDate", until), END);
}

/* The sync query: as of now, a page by its number. */
void details_query(const struct request *request, struct reply *reply)
{
    int64_t from, to;
    struct jw *w = &reply->body;
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    yyjson_val *body = yyjson_doc_get_root(doc), *paging = yyjson_obj_get(body, "paging");
    int64_t size = yyjson_get_sint(yyjson_obj_get(paging, "pageSize"));
    int64_t number = yyjson_get_sint(yyjson_obj_get(paging, "pageNumber"));
    bool good = read_interval(body, &from, &to) && from < to &&
                to - from <= MAX_QUERY_DAYS * WHEN_DAY && size >= 1 && size <= MAX_PAGE &&
                number >= 1;
    yyjson_doc_free(doc);
    if (!good) {
        reply_error(reply, 400, "bad.request",
                    "An interval of 7 days at most, pageSize to 100 and pageNumber are needed.");
        return;
    }
    w->faults = fault_document(request).jw_faults;
    jw_object(w, NULL);
    size_t found = statuses_write_page(w, from, to, world_moment().now,
                                       (size_t)(size * (number - 1)), (size_t)size);
    JW(w, COUNT("totalHits", (int64_t)found + (found > 0 ? world.hits_bias : 0)), END);
}

void details_results(const struct request *request, struct reply *reply)
{
    char cursor[160], plain[128];
    size_t skip = 0;
    long size;
    bool known = query_int(request->query, "pageSize", 1000, &size) && size > 0;
    size = size > world.page_cap ? world.page_cap : size;
    pthread_mutex_lock(&lock);
    struct job *job = find_job(request->segment);
    if (job && fault_strikes("job-expire", request)) {
        job->id[0] = '\0';
        job = NULL;
    }
    if (job && query_value(request->query, "cursor", 0, cursor, sizeof cursor)) {
        size_t length = strlen(job->id);
        known = known && auth_base64_decode(cursor, plain, sizeof plain) &&
                strncmp(plain, job->id, length) == 0;
        skip = known ? strtoul(plain + length + 1, NULL, 10) : 0;
    }
    if (!job) {
        no_job(reply);
    } else if (!known) {
        reply_error(reply, 400, "bad.request", "The cursor is not one of this job.");
    } else {
        write_page(request, job, skip, (size_t)size, reply);
    }
    pthread_mutex_unlock(&lock);
}
