/* Historical adherence: reports of management units, in bulk and in the older form.
 *
 * A unit's file tells of the agents that are in it at the moment, their past included; who was in
 * another unit then is in that one's file no longer. It is made of the agents' days (adherence.h),
 * by the seconds from the start that is asked for; what crosses the end belongs to its start. A
 * correction of the schedule, three days later, takes the first exception out of some days. Files
 * that a test has posted (proof.c) rule. */
#include "adherence.h"
#include "fault.h"
#include "lock.h"
#include "routes.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { JOBS = 1024, ITEMS_MOST = 32, FILES_MOST = 4, PIECES = 2 * AGENT_DAY_MAX };

#define REPORTS "/api/v2/workforcemanagement/adherence/historical"
#define PAST    100000 /* seconds of an offset that lies past every day */

struct item {
    char unit[64];
    int64_t from, to;
};

struct job {
    char id[RNG_UUID_SIZE];
    struct item items[ITEMS_MOST];
    int count;
    int64_t as_of;
    int polls;
    bool fails, hangs, old;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct job jobs[JOBS];
static long job_count;

/* --- a unit's file --- */

/* What an agent did from one change to the next. */
struct piece {
    int64_t from, to;
    const struct stretch *is;
};

static bool goes_on(const struct piece *p, const struct stretch *s)
{
    return p->to == s->from && strcmp(p->is->scheduled, s->scheduled) == 0 &&
           strcmp(p->is->actual, s->actual) == 0;
}

/* The pieces that begin in [from, to); `room` holds the days' stretches. Returns how many. */
static int pieces_of(int agent, int64_t from, int64_t to, struct stretch *room, struct piece *out)
{
    int count = 0, before = 0;
    struct piece last = {0};
    for (int64_t day = when_day(from); day <= when_day(to); day++) {
        struct stretch *s = room + before;
        int n = agent_day(agent, day, s);
        before += n;
        for (; n-- > 0; s++) {
            if (last.is && goes_on(&last, s)) {
                last.to = s->to;
                continue;
            }
            if (last.is && last.from >= from && last.from < to && count < PIECES) {
                out[count++] = last;
            }
            last = (struct piece){s->from, s->to, s};
        }
    }
    return count;
}

static int64_t seconds(int64_t ms)
{
    return ms / WHEN_SECOND;
}

static bool is_exception(const struct stretch *s)
{
    return strcmp(s->adherence, "OutOfAdherence") == 0;
}

/* A look-up id of the file. */
static const char *lookup(int agent, int64_t at)
{
    static const char *const ids[] = {"1", "2", "3", "4"};
    return ids[(uint64_t)(agent + seconds(at)) % 4];
}

static void write_exception(struct jw *w, const struct piece *p, int64_t start, int agent, int past)
{
    const struct stretch *s = p->is;
    JW(w, OBJECT(NULL), INT("startOffsetSeconds", seconds(p->from - start) + past),
       INT("endOffsetSeconds", seconds(p->to - start) + past),
       TEXT("scheduledActivityCodeId", adherence_code(s->scheduled)),
       TEXT("scheduledActivityCategory", s->scheduled),
       ARRAY("scheduledSecondaryPresenceLookupIds"), ID(NULL, lookup(agent, p->from)),
       ID(NULL, lookup(agent + 1, p->from)), END);
    JW(w, TEXT("actualActivityCodeId", adherence_code(s->actual)),
       TEXT("actualActivityCategory", s->actual), TEXT("systemPresence", s->presence),
       TEXT("routingStatus", s->routing), TEXT("impact", s->impact), IF(agent % 3 == 1),
       ID("secondaryPresenceLookupId", lookup(agent + 2, p->from)), END);
}

static void write_actual(struct jw *w, const struct piece *p, int64_t start, int agent)
{
    JW(w, OBJECT(NULL), TEXT("actualActivityCategory", p->is->actual), IF(agent % 3 == 1),
       ID("actualSecondaryPresenceLookupId", lookup(agent, p->from)),
       INT("startOffsetSeconds", seconds(p->from - start)),
       INT("endOffsetSeconds", seconds(p->to - start)), END);
}

struct sums {
    int64_t scheduled, on_queue, worked_on_queue, worked, exceptions, excepted;
};

static void write_sums(struct jw *w, const struct sums *s)
{
    double adherence =
        s->scheduled ? 100.0 - 100.0 * (double)s->excepted / (double)s->scheduled : 0;
    double conformance = s->on_queue ? 100.0 * (double)s->worked_on_queue / (double)s->on_queue : 0;
    JW(w, IF(s->scheduled > 0), REAL("adherencePercentage", adherence), IF(s->on_queue > 0),
       REAL("conformancePercentage", conformance),
       TEXT("impact", s->excepted > 0 ? "Negative" : "Neutral"));
    JW(w, ARRAY("dayMetrics"), OBJECT(NULL), INT("dayStartOffsetSeconds", 0),
       INT("adherenceScheduleSeconds", s->scheduled),
       INT("conformanceScheduleSeconds", s->on_queue),
       INT("conformanceActualSeconds", s->worked_on_queue), INT("exceptionCount", s->exceptions),
       INT("exceptionDurationSeconds", s->excepted), INT("impactSeconds", -s->excepted),
       INT("scheduleLengthSeconds", s->scheduled), INT("actualLengthSeconds", s->worked),
       IF(s->scheduled > 0), REAL("adherencePercentage", adherence), IF(s->on_queue > 0),
       REAL("conformancePercentage", conformance), END, END);
}

static void write_agent(struct jw *w, int agent, const struct item *of, int64_t now, int past)
{
    static _Thread_local struct stretch room[4 * AGENT_DAY_MAX];
    static _Thread_local struct piece pieces[PIECES];
    int count = pieces_of(agent, of->from, of->to, room, pieces);
    uint64_t key = rng_pair(world.seed ^ 0xcafeUL, rng_pair((uint64_t)agent, (uint64_t)of->from));
    bool skips = key % 5 == 0 && now >= of->to + 3 * WHEN_DAY;
    struct sums sums = {0};
    JW(w, OBJECT(NULL), KEY("userId", world_key(THING_USER, (uint64_t)agent)),
       ARRAY("exceptionInfo"));
    for (int i = 0; i < count; i++) {
        const struct stretch *s = pieces[i].is;
        int64_t length = seconds(pieces[i].to - pieces[i].from);
        bool works = strcmp(s->actual, "Unavailable") != 0;
        sums.scheduled += strcmp(s->scheduled, "Unscheduled") != 0 ? length : 0;
        sums.on_queue += strcmp(s->scheduled, "OnQueueWork") == 0 ? length : 0;
        sums.worked_on_queue += strcmp(s->actual, "OnQueueWork") == 0 ? length : 0;
        sums.worked += works ? length : 0;
        if (is_exception(s) && !skips) {
            sums.exceptions++;
            sums.excepted += length;
            write_exception(w, &pieces[i], of->from, agent, past);
            past = 0;
        }
        skips = skips && !is_exception(s);
    }
    JW(w, END, ARRAY("actuals"));
    for (int i = 0; i < count; i++) {
        write_actual(w, &pieces[i], of->from, agent);
    }
    jw_end(w);
    write_sums(w, &sums);
    jw_end(w);
}

/* The text of a unit's n-th file, to be freed; NULL: there is none, nobody is in it. */
static char *file_of(const struct item *of, int n, int64_t now, int past, unsigned faults)
{
    struct jw w = {.faults = faults};
    bool any = false;
    char *text;
    if (proof_report(of->unit, of->from, of->to, n, &text)) {
        return text;
    }
    if (n > 0) {
        return NULL;
    }
    int unit = world_find(THING_MANAGEMENT_UNIT, world.units, of->unit);
    JW(&w, OBJECT(NULL), TIME("startDate", of->from), TIME("endDate", of->to),
       ID("managementUnitId", of->unit), OBJECT("lookupIdToSecondaryPresenceId"));
    for (int i = 1; i <= 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        JW(&w, UUID(name, world_key(THING_PRESENCE, (uint64_t)i)));
    }
    JW(&w, END, ARRAY("userResults"));
    for (int i = 0; i < world.agents; i++) {
        if (unit >= 0 && world_user_active(i) && world_unit_of(i, now) == unit) {
            write_agent(&w, i, of, now, past);
            any = true;
        }
    }
    JW(&w, END, END);
    text = any ? strndup(w.data, w.length) : NULL;
    jw_free(&w);
    return text;
}

/* --- the older form says the same in other words --- */

static void rename_seconds(yyjson_mut_doc *doc, yyjson_mut_val *metrics)
{
    size_t i, n, k, count;
    yyjson_mut_val *day, *key, *value;
    yyjson_mut_arr_foreach(metrics, i, n, day)
    {
        yyjson_mut_obj_foreach(day, k, count, key, value)
        {
            const char *name = yyjson_mut_get_str(key);
            size_t length = strlen(name);
            if (length > 7 && strcmp(name + length - 7, "Seconds") == 0 &&
                strcmp(name, "impactSeconds") != 0) {
                char shorter[64];
                snprintf(shorter, sizeof shorter, "%.*sSecs", (int)length - 7, name);
                unsafe_yyjson_set_str(key,
                                      unsafe_yyjson_mut_strncpy(doc, shorter, strlen(shorter)));
                unsafe_yyjson_set_len(key, strlen(shorter));
            }
        }
    }
}

static char *as_old(char *text)
{
    yyjson_doc *file = yyjson_read(text, strlen(text), 0);
    yyjson_mut_doc *doc = yyjson_doc_mut_copy(file, NULL);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *user, *data;
    size_t i, n;
    data = yyjson_mut_obj_remove_key(root, "userResults");
    yyjson_mut_arr_foreach(data, i, n, user)
    {
        static const char *const moved[] = {"startDate", "endDate", "managementUnitId"};
        rename_seconds(doc, yyjson_mut_obj_get(user, "dayMetrics"));
        for (int k = 0; k < 3; k++) {
            yyjson_mut_obj_add_val(
                doc, user, moved[k],
                yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_get(root, moved[k])));
        }
    }
    yyjson_mut_obj_remove_key(root, "startDate");
    yyjson_mut_obj_remove_key(root, "endDate");
    yyjson_mut_obj_remove_key(root, "managementUnitId");
    yyjson_mut_obj_add_str(doc, root, "entityId", "x");
    yyjson_mut_obj_add_val(doc, root, "data", data);
    char *out = yyjson_mut_write(doc, 0, NULL);
    yyjson_mut_doc_free(doc);
    yyjson_doc_free(file);
    free(text);
    return out;
}

/* --- jobs --- */

static struct job *find_job(const char *id)
{
    for (int i = 0; i < JOBS; i++) {
        if (jobs[i].id[0] && strcmp(jobs[i].id, id) == 0) {
            return &jobs[i];
        }
    }
    return NULL;
}

/* A new job, in the oldest one's place. */
static struct job *make_job(const struct request *request)
{
    struct job *job = &jobs[job_count++ % JOBS];
    *job = (struct job){.as_of = world_moment().now,
                        .fails = fault_strikes("job-fail", request),
                        .hangs = fault_strikes("job-pending", request)};
    rng_uuid(rng_pair((uint64_t)when_wall(), (uint64_t)job_count), job->id);
    return job;
}

static const char *state_of(struct job *job, const struct request *request, bool at_once)
{
    bool waits = !at_once && job->polls++ < world.job_polls;
    if (waits || job->hangs || fault_strikes("job-slow", request)) {
        return "Processing";
    }
    return job->fails ? "Error" : "Complete";
}

static void write_urls(struct jw *w, const struct job *job)
{
    bool any = false;
    for (int number = 0; number < job->count * FILES_MOST; number++) {
        int i = number / FILES_MOST;
        char *file = file_of(&job->items[i], number % FILES_MOST, job->as_of, 0, 0), url[256];
        if (file) {
            snprintf(url, sizeof url, "http://127.0.0.1:%d/downloads/%s/%s-%d?X-Signature=a%%2Fb",
                     world.port, job->items[i].unit, job->id, number);
            if (!any) {
                jw_array(w, "downloadUrls");
            }
            JW(w, ID(NULL, url));
            any = true;
            free(file);
        }
    }
    if (any) {
        jw_end(w);
    }
}

static void describe(const struct job *job, const char *state, int status, struct reply *reply)
{
    struct jw *w = &reply->body;
    char uri[160];
    snprintf(uri, sizeof uri, REPORTS "/bulk/jobs/%s", job->id);
    reply->status = status;
    jw_object(w, NULL);
    if (job->old) {
        JW(w, ID("id", job->id), ID("queryState", state));
    } else {
        JW(w, OBJECT("job"), ID("id", job->id), ID("status", state), ID("selfUri", uri), END);
    }
    if (strcmp(state, "Complete") == 0) {
        write_urls(w, job);
    }
    jw_end(w);
}

static bool read_item(yyjson_val *item, const char *unit, struct item *out)
{
    snprintf(out->unit, sizeof out->unit, "%s", unit ? unit : "");
    return *out->unit &&
           when_parse(yyjson_get_str(yyjson_obj_get(item, "startDate")), &out->from) &&
           when_parse(yyjson_get_str(yyjson_obj_get(item, "endDate")), &out->to) &&
           out->from < out->to && out->to - out->from <= 31 * WHEN_DAY;
}

void historical_submit(const struct request *request, struct reply *reply)
{
    bool old = strstr(request->path, "/historicaladherencequery") != NULL;
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    yyjson_val *body = yyjson_doc_get_root(doc), *items = yyjson_obj_get(body, "items"), *item;
    char value[FAULT_TEXT];
    size_t i, n, most = ITEMS_MOST;
    struct job new = {.old = old};
    if (fault_strikes_with("too-many-items", request, "most", "3", value)) {
        most = strtoul(value, NULL, 10);
    }
    bool good = body && yyjson_get_str(yyjson_obj_get(body, "timeZone")) != NULL;
    if (old) {
        good = good && read_item(body, request->segment, &new.items[new.count++]);
    } else {
        good = good && yyjson_arr_size(items) > 0 && yyjson_arr_size(items) <= most;
        yyjson_arr_foreach(items, i, n, item)
        {
            good = good && read_item(item, yyjson_get_str(yyjson_obj_get(item, "managementUnitId")),
                                     &new.items[new.count++]);
        }
    }
    yyjson_doc_free(doc);
    if (!good) {
        reply_error(reply, 400, "bad.request", "The items or the time zone are not acceptable.");
        return;
    }
    HOLD(lock);
    struct job *job = make_job(request);
    memcpy(job->items, new.items, sizeof new.items);
    job->count = new.count;
    job->old = old;
    bool at_once = fault_strikes("complete-at-once", request);
    describe(job, at_once ? state_of(job, request, true) : "Processing", 202, reply);
}

void historical_status(const struct request *request, struct reply *reply)
{
    HOLD(lock);
    struct job *job = find_job(request->segment);
    if (job && job->old == !strstr(request->path, "/bulk/")) {
        describe(job, state_of(job, request, false), 200, reply);
    } else {
        reply_error(reply, 404, "entity.not.found", "The requested job was not found.");
    }
}

/* A file is called by the job and its number; whoever brings a token is sent away. */
void historical_download(const struct request *request, struct reply *reply)
{
    enum { ID = RNG_UUID_SIZE - 1 };
    char id[RNG_UUID_SIZE], *file = NULL;
    if (request->authorization || strcmp(request->query, "X-Signature=a%2Fb") != 0) {
        reply_text(reply, 400, "application/xml", "<Error><Code>InvalidArgument</Code></Error>");
        return;
    }
    snprintf(id, sizeof id, "%.*s", ID, request->segment);
    int past = fault_strikes("offset-past", request) ? PAST : 0;
    HOLD(lock);
    struct job *job = strlen(request->segment) > ID ? find_job(id) : NULL;
    long i = job ? strtol(request->segment + ID + 1, NULL, 10) : -1;
    if (job && i >= 0 && i < (long)job->count * FILES_MOST) {
        file = file_of(&job->items[i / FILES_MOST], (int)i % FILES_MOST, job->as_of, past,
                       fault_document(request).jw_faults);
        file = file && job->old ? as_old(file) : file;
    }
    if (file) {
        reply_text(reply, 200, "application/json", file);
    } else {
        reply_text(reply, 403, "application/xml", "<Error><Code>AccessDenied</Code></Error>");
    }
    free(file);
}
