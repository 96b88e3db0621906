/* Pages whose data a test may post: wrap-up codes, management units, historical adherence, users
 * details, conversation aggregates (the last two are the world's where it has not). The data: `POST
 * /standin/proof` replaces it by a document of
 *   wrapupcodes, managementunits   entities, as the lists show them
 *   unitusers                      of management units: arrays of user ids, by the units' ids
 *   adherence                      files: managementUnitId, startDate, userResults
 *   userDetails                    whole records, without regard to days; `cut`: true cuts them at
 *                                  the interval that is asked for
 *   aggregates                     results with all their intervals
 *   emptyReport, emptyAggregates   what is said where there is nothing
 * What is not yet at its moment is not shown. Documents given back obey the vendor's API file. */
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

enum { PROOF_JOBS = 4096, MAX_PAGE = 100, MAX_QUERY_DAYS = 7 };

struct job {
    char id[RNG_UUID_SIZE];
    int64_t from, to, as_of;
    int polls;
    const char *end; /* the state that it comes to */
};

/* One request at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static yyjson_doc *data;
static struct job jobs[PROOF_JOBS];
static long job_count;

static yyjson_val *part(const char *name)
{
    return yyjson_obj_get(yyjson_doc_get_root(data), name);
}

static const char *text_of(yyjson_val *object, const char *key)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, key));
    return text ? text : "";
}

static int64_t moment_of(yyjson_val *object, const char *key)
{
    const char *text = text_of(object, key);
    int64_t ms;
    return when_parse(text, strlen(text), &ms) ? ms : WHEN_NEVER;
}

bool proof_has(const char *name)
{
    pthread_mutex_lock(&lock);
    bool has = part(name) != NULL;
    pthread_mutex_unlock(&lock);
    return has;
}

/* --- answers --- */

/* Answers with a document, which is freed. */
static void answer(struct reply *reply, int status, yyjson_mut_doc *doc)
{
    char *text = yyjson_mut_write(doc, 0, NULL);
    reply_text(reply, status, "application/json", text ? text : "");
    free(text);
    yyjson_mut_doc_free(doc);
}

static yyjson_mut_doc *object(void)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_obj(doc));
    return doc;
}

static yyjson_mut_val *add_array(yyjson_mut_doc *doc, yyjson_mut_val *to, const char *key)
{
    return yyjson_mut_obj_add_arr(doc, to, key);
}

static void add_moment(yyjson_mut_doc *doc, yyjson_mut_val *to, const char *key, int64_t ms)
{
    char text[WHEN_SIZE];
    when_text(ms, text);
    yyjson_mut_obj_add_strcpy(doc, to, key, text);
}

/* The members of `from` (NULL: none) join those of the document. */
static void add_all(yyjson_mut_doc *doc, yyjson_val *from)
{
    size_t i, n;
    yyjson_val *key, *value;
    yyjson_obj_foreach(from, i, n, key, value)
    {
        yyjson_mut_obj_add(yyjson_mut_doc_get_root(doc), yyjson_val_mut_copy(doc, key),
                           yyjson_val_mut_copy(doc, value));
    }
}

void proof_set(const struct request *request, struct reply *reply)
{
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    if (!yyjson_is_obj(yyjson_doc_get_root(doc))) {
        yyjson_doc_free(doc);
        reply_error(reply, 400, "bad.request", "the body is no JSON object");
        return;
    }
    pthread_mutex_lock(&lock);
    yyjson_doc_free(data);
    data = doc;
    pthread_mutex_unlock(&lock);
    reply_text(reply, 200, "application/json", "{}");
}

/* --- lists --- */

static void write_wrapup_codes(const struct request *request, struct reply *reply)
{
    long size, number;
    if (!query_int(request->query, "pageSize", 25, &size) ||
        !query_int(request->query, "pageNumber", 1, &number) || size < 1 || number < 1) {
        reply_error(reply, 400, "bad.request", "pageSize and pageNumber are numbers from 1 on.");
        return;
    }
    size = size > MAX_PAGE ? MAX_PAGE : size;
    size = size > world.users_page_cap ? world.users_page_cap : size;
    yyjson_val *all = part("wrapupcodes");
    size_t total = yyjson_arr_size(all), from = (size_t)((number - 1) * size);
    yyjson_mut_doc *doc = object();
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_val *entities = add_array(doc, root, "entities");
    for (size_t i = from; i < total && i < from + (size_t)size; i++) {
        yyjson_mut_arr_append(entities, yyjson_val_mut_copy(doc, yyjson_arr_get(all, i)));
    }
    yyjson_mut_obj_add_int(doc, root, "pageSize", size);
    yyjson_mut_obj_add_int(doc, root, "pageNumber", number);
    yyjson_mut_obj_add_uint(doc, root, "total", total);
    yyjson_mut_obj_add_uint(doc, root, "pageCount", (total + (size_t)size - 1) / (size_t)size);
    answer(reply, 200, doc);
}

static void write_management_units(struct reply *reply)
{
    yyjson_mut_doc *doc = object();
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_obj_add_val(doc, root, "entities",
                           yyjson_val_mut_copy(doc, part("managementunits")));
    yyjson_mut_obj_add_str(doc, root, "selfUri", "/api/v2/workforcemanagement/managementunits");
    answer(reply, 200, doc);
}

/* The users of a unit, where they were posted. */
static bool write_unit_users(const struct request *request, struct reply *reply)
{
    yyjson_val *users = yyjson_obj_get(part("unitusers"), request->segment), *user;
    size_t i, n;
    if (!users || !strstr(request->path, "/managementunits/")) {
        return false;
    }
    yyjson_mut_doc *doc = object();
    yyjson_mut_val *entities = add_array(doc, yyjson_mut_doc_get_root(doc), "entities");
    yyjson_arr_foreach(users, i, n, user)
    {
        yyjson_mut_val *entity = yyjson_mut_arr_add_obj(doc, entities);
        yyjson_mut_obj_add_strcpy(doc, entity, "id", yyjson_get_str(user));
        yyjson_mut_obj_add_str(doc, entity, "selfUri", "/api/v2/users/x");
    }
    answer(reply, 200, doc);
    return true;
}

bool proof_list(const struct request *request, struct reply *reply)
{
    bool codes = strcmp(request->path, "/api/v2/routing/wrapupcodes") == 0;
    bool units = strcmp(request->path, "/api/v2/workforcemanagement/managementunits") == 0;
    pthread_mutex_lock(&lock);
    bool posted = (codes && part("wrapupcodes")) || (units && part("managementunits"));
    if (posted && codes) {
        write_wrapup_codes(request, reply);
    } else if (posted) {
        write_management_units(reply);
    } else {
        posted = write_unit_users(request, reply);
    }
    pthread_mutex_unlock(&lock);
    return posted;
}

bool proof_has_unit(const char *id)
{
    bool known = false;
    size_t i, n;
    yyjson_val *unit;
    pthread_mutex_lock(&lock);
    yyjson_arr_foreach(part("managementunits"), i, n, unit)
    {
        known = known || strcmp(text_of(unit, "id"), id) == 0;
    }
    pthread_mutex_unlock(&lock);
    return known;
}

/* --- jobs of both kinds --- */

static struct job *find_job(const char *id)
{
    for (int i = 0; i < PROOF_JOBS; i++) {
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
    struct job *job = &jobs[job_count++ % PROOF_JOBS];
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

/* --- historical adherence --- */

bool proof_has_reports(void)
{
    pthread_mutex_lock(&lock);
    bool posted = part("adherence") != NULL;
    pthread_mutex_unlock(&lock);
    return posted;
}

char *proof_report(const char *unit, int64_t from, int64_t to, long n)
{
    size_t i, count;
    yyjson_val *file;
    char *text = NULL;
    pthread_mutex_lock(&lock);
    yyjson_arr_foreach(part("adherence"), i, count, file)
    {
        int64_t start = moment_of(file, "startDate");
        if (strcmp(text_of(file, "managementUnitId"), unit) == 0 && start >= from && start < to &&
            n-- == 0) {
            text = yyjson_val_write(file, 0, NULL);
            break;
        }
    }
    pthread_mutex_unlock(&lock);
    return text;
}

bool proof_says_no_files(void)
{
    pthread_mutex_lock(&lock);
    bool says = yyjson_obj_get(part("emptyReport"), "downloadUrls") != NULL;
    pthread_mutex_unlock(&lock);
    return says;
}

/* --- users details --- */

void proof_details_submit(const struct request *request, struct reply *reply)
{
    int64_t from, to;
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    if (!when_parse_interval(text_of(yyjson_doc_get_root(doc), "interval"), &from, &to)) {
        reply_error(reply, 400, "invalid.date", "interval is needed.");
    } else {
        pthread_mutex_lock(&lock);
        yyjson_mut_doc *out = object();
        yyjson_mut_obj_add_strcpy(out, yyjson_mut_doc_get_root(out), "jobId",
                                  make_job(request, from, to)->id);
        pthread_mutex_unlock(&lock);
        answer(reply, 202, out);
    }
    yyjson_doc_free(doc);
}

void proof_details_status(const struct request *request, struct reply *reply)
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

void proof_details_delete(const struct request *request, struct reply *reply)
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

/* A user's records of one kind that touch the job's interval, as they were known then. */
static void add_records(yyjson_mut_doc *doc, yyjson_mut_val *to, yyjson_val *user, const char *kind,
                        const struct job *job)
{
    bool cut = yyjson_is_true(part("cut"));
    size_t i, n;
    yyjson_val *record;
    yyjson_mut_val *list = NULL;
    yyjson_arr_foreach(yyjson_obj_get(user, kind), i, n, record)
    {
        int64_t start = moment_of(record, "startTime"), end = moment_of(record, "endTime");
        bool open = end > job->as_of;
        if (start >= job->to || start >= job->as_of || (end != WHEN_NEVER && end <= job->from)) {
            continue;
        }
        list = list ? list : add_array(doc, to, kind);
        yyjson_mut_val *copy = yyjson_val_mut_copy(doc, record);
        yyjson_mut_obj_remove_key(copy, "startTime");
        yyjson_mut_obj_remove_key(copy, "endTime");
        add_moment(doc, copy, "startTime", cut && start < job->from ? job->from : start);
        if (cut && end > job->to && job->to < job->as_of) {
            add_moment(doc, copy, "endTime", job->to);
        } else if (!open) {
            add_moment(doc, copy, "endTime", end);
        }
        yyjson_mut_arr_append(list, copy);
    }
}

/* Adds those who have any, from the one at `skip` on; returns how many have. */
static size_t add_details(yyjson_mut_doc *doc, const struct job *job, size_t skip, size_t size)
{
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
    yyjson_mut_val *list = NULL;
    size_t i, n, found = 0;
    yyjson_val *user;
    yyjson_arr_foreach(part("userDetails"), i, n, user)
    {
        yyjson_mut_val *one = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_strcpy(doc, one, "userId", text_of(user, "userId"));
        add_records(doc, one, user, "primaryPresence", job);
        add_records(doc, one, user, "routingStatus", job);
        if (yyjson_mut_obj_size(one) > 1 && found++ >= skip && found <= skip + size) {
            list = list ? list : add_array(doc, root, "userDetails");
            yyjson_mut_arr_append(list, one);
        }
    }
    return found;
}

/* A page of a job's results: what a test has posted, else what the world's users did. */
static void write_details(const struct request *request, const struct job *job, size_t skip,
                          size_t size, struct reply *reply)
{
    yyjson_mut_doc *doc = part("userDetails") ? object() : NULL;
    struct jw *w = &reply->body;
    char plain[96], cursor[160], until[WHEN_SIZE];
    size_t found;
    if (doc) {
        found = add_details(doc, job, skip, size);
    } else {
        w->faults = fault_document(request).jw_faults;
        jw_object(w, NULL);
        found = statuses_write(w, job->from, job->to, job->as_of, skip, size);
    }
    snprintf(plain, sizeof plain, "%s:%zu", job->id, skip + size);
    auth_base64_encode(plain, strlen(plain), cursor, sizeof cursor);
    when_text(job->as_of, until);
    if (doc) {
        yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
        if (found > skip + size) {
            yyjson_mut_obj_add_strcpy(doc, root, "cursor", cursor);
        }
        yyjson_mut_obj_add_strcpy(doc, root, "dataAvailabilityDate", until);
        answer(reply, 200, doc);
    } else {
        JW(w, IF(found > skip + size), ID("cursor", cursor), ID("dataAvailabilityDate", until),
           END);
    }
}

/* The sync query: as of now, a page by its number. */
void proof_details_query(const struct request *request, struct reply *reply)
{
    struct job asked = {.as_of = world_moment().now};
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    yyjson_val *body = yyjson_doc_get_root(doc), *paging = yyjson_obj_get(body, "paging");
    int64_t size = yyjson_get_sint(yyjson_obj_get(paging, "pageSize"));
    int64_t number = yyjson_get_sint(yyjson_obj_get(paging, "pageNumber"));
    bool good = when_parse_interval(text_of(body, "interval"), &asked.from, &asked.to) &&
                asked.from < asked.to && asked.to - asked.from <= MAX_QUERY_DAYS * WHEN_DAY &&
                size >= 1 && size <= MAX_PAGE && number >= 1;
    yyjson_doc_free(doc);
    if (!good) {
        reply_error(reply, 400, "bad.request",
                    "An interval of 7 days at most, pageSize to 100 and pageNumber are needed.");
        return;
    }
    pthread_mutex_lock(&lock);
    size_t skip = (size_t)(size * (number - 1)), found;
    if (part("userDetails")) {
        yyjson_mut_doc *out = object();
        found = add_details(out, &asked, skip, (size_t)size);
        yyjson_mut_obj_add_uint(out, yyjson_mut_doc_get_root(out), "totalHits", found);
        answer(reply, 200, out);
    } else {
        struct jw *w = &reply->body;
        w->faults = fault_document(request).jw_faults;
        jw_object(w, NULL);
        found = statuses_write_page(w, asked.from, asked.to, asked.as_of, skip, (size_t)size);
        JW(w, COUNT("totalHits", (int64_t)found + (found > 0 ? world.hits_bias : 0)), END);
    }
    pthread_mutex_unlock(&lock);
}

void proof_details_results(const struct request *request, struct reply *reply)
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
        write_details(request, job, skip, (size_t)size, reply);
    }
    pthread_mutex_unlock(&lock);
}

/* --- aggregates --- */

/* A group's data of the interval; false where there is none. */
static bool add_group(yyjson_mut_doc *doc, yyjson_mut_val *results, yyjson_val *group, int64_t from,
                      int64_t to)
{
    size_t i, n;
    yyjson_val *entry;
    yyjson_mut_val *kept = yyjson_mut_arr(doc);
    yyjson_arr_foreach(yyjson_obj_get(group, "data"), i, n, entry)
    {
        int64_t start, end;
        if (when_parse_interval(text_of(entry, "interval"), &start, &end) && start >= from &&
            start < to && start < world_moment().now) {
            yyjson_mut_arr_append(kept, yyjson_val_mut_copy(doc, entry));
        }
    }
    if (yyjson_mut_arr_size(kept) > 0) {
        yyjson_mut_val *one = yyjson_mut_arr_add_obj(doc, results);
        yyjson_mut_obj_add_val(doc, one, "group",
                               yyjson_val_mut_copy(doc, yyjson_obj_get(group, "group")));
        yyjson_mut_obj_add_val(doc, one, "data", kept);
        return true;
    }
    return false;
}

void proof_aggregates(const struct request *request, struct reply *reply)
{
    int64_t from, to;
    size_t i, n, kept = 0;
    yyjson_val *group;
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    yyjson_val *body = yyjson_doc_get_root(doc);
    bool known = when_parse_interval(text_of(body, "interval"), &from, &to) &&
                 yyjson_arr_size(yyjson_obj_get(body, "metrics")) > 0;
    yyjson_doc_free(doc);
    if (!known) {
        reply_error(reply, 400, "bad.request", "interval and metrics are needed.");
        return;
    }
    pthread_mutex_lock(&lock);
    yyjson_mut_doc *out = object();
    yyjson_mut_val *results = yyjson_mut_arr(out);
    yyjson_arr_foreach(part("aggregates"), i, n, group)
    {
        kept += add_group(out, results, group, from, to);
    }
    if (kept > 0) {
        yyjson_mut_obj_add_val(out, yyjson_mut_doc_get_root(out), "results", results);
    } else {
        add_all(out, part("emptyAggregates"));
    }
    pthread_mutex_unlock(&lock);
    answer(reply, 200, out);
}
