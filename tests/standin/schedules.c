/* Published schedules by management unit, adherence explanations by business unit. All is a
 * function of the seed and of now: weeks are published ten days ahead, some shifts are moved until
 * three days before, some are corrected days later or become a day off; explanations are given some
 * days later and reviewed after that. An agent is in the unit of the day's morning, of days to come
 * in the one of now.
 *
 * How an answer comes is fixed by unit and range: inline, by a URL, at first only `Processing`
 * (schedules) or by a job (explanations). The ids of jobs and downloads hold what was asked and as
 * of when, so nothing is kept but how often each was asked. */
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

enum { ASKED_MAX = 4096, WEEK = 7, AHEAD_DAYS = 10, DATE = 11 };

#define WFM "/api/v2/workforcemanagement/"

/* What is asked for: of a management unit ('s') or a business unit ('e'). */
struct asked {
    char kind;
    int unit;
    int64_t from, to, as_of;
};

/* --- what there is --- */

static uint64_t key_of(int agent, int64_t day, uint64_t what)
{
    struct rng r = world_rng(0x5ced, agent, day, what);
    return rng_next(&r);
}

/* Monday of the week that holds a day. */
static int64_t week_of(int64_t day)
{
    return day - (day + 3) % WEEK;
}

/* An agent's shift of a day; it begins at `from`; none: `blocks` is 0. */
struct planned {
    int64_t from, to;
    int blocks;
    struct agent_block block[ADHERENCE_BLOCKS_MAX];
    bool off;      /* a whole day off */
    int corrected; /* how often */
};

/* As of a moment. */
static struct planned plan_of(int agent, int64_t day, int64_t as_of)
{
    struct planned p = {.off = false};
    struct rng r = world_rng(0x5ced, agent, day, 0);
    struct agent_block all[ADHERENCE_BLOCKS_MAX];
    int n = adherence_plan(agent, day, all);
    bool moved = rng_chance(&r, 150), late = rng_chance(&r, 150), away = rng_chance(&r, 300);
    int64_t known = (day + rng_range(&r, 2, 5)) * WHEN_DAY + 11 * WHEN_HOUR;
    if (as_of < (week_of(day) - AHEAD_DAYS) * WHEN_DAY) {
        return p;
    }
    p.off = n == 1 && strcmp(all[0].activity, "TimeOff") == 0;
    p.corrected = n > 1 && late && as_of >= known;
    if (n == 1 || (p.corrected && away)) {
        p.off = p.off || n > 1;
        return p;
    }
    int64_t by = moved && as_of < (day - 3) * WHEN_DAY ? 30 * WHEN_MINUTE : 0;
    p.from = all[0].until + by;
    for (p.blocks = 0; p.blocks < n - 2; p.blocks++) {
        p.block[p.blocks] = all[p.blocks + 1];
        p.block[p.blocks].until += by;
    }
    if (p.corrected) {
        p.block[p.blocks - 2].activity = "Training";
        p.block[p.blocks - 1].until += 15 * WHEN_MINUTE;
    }
    p.to = p.block[p.blocks - 1].until;
    return p;
}

static bool in_unit(int agent, int64_t day, const struct asked *q)
{
    int64_t at = day * WHEN_DAY + 6 * WHEN_HOUR;
    return world_unit_of(agent, at < q->as_of ? at : q->as_of) == q->unit;
}

/* --- schedules --- */

static void date_text(int64_t day, char out[WHEN_SIZE])
{
    when_text(day * WHEN_DAY, out);
    out[DATE - 1] = '\0';
}

static uint64_t schedule_key(int unit, int64_t week)
{
    return rng_pair(world_key(THING_MANAGEMENT_UNIT, (uint64_t)unit), (uint64_t)week);
}

/* The published schedule of a week: id, first day. */
static void write_schedule(struct jw *w, const char *name, int unit, int64_t week)
{
    char date[WHEN_SIZE];
    date_text(week, date);
    JW(w, OBJECT(name), UUID("id", schedule_key(unit, week)), ID("weekDate", date),
       IF(name == NULL), INT("weekCount", 1),
       LINK("workforcemanagement/schedules", schedule_key(unit, week)), END);
}

static void write_shift(struct jw *w, int agent, int64_t day, const struct planned *p, int unit)
{
    int64_t t = p->from;
    JW(w, OBJECT(NULL), KEY("id", key_of(agent, day, 1)), TIME("startDate", p->from),
       INT("lengthMinutes", (p->to - p->from) / WHEN_MINUTE), IF(p->corrected > 0),
       BOOL("manuallyEdited", true), IF(agent % 3 == 0), UUID("workPlanId", key_of(agent, 0, 2)),
       IF(agent % 3 == 0), UUID("workPlanShiftId", key_of(agent, 0, 3)));
    write_schedule(w, "schedule", unit, week_of(day));
    jw_array(w, "activities");
    for (int i = 0; i < p->blocks; i++) {
        const char *activity = p->block[i].activity;
        bool training = strcmp(activity, "Training") == 0, work = strcmp(activity, "Meal") != 0;
        JW(w, OBJECT(NULL), TIME("startDate", t),
           INT("lengthMinutes", (p->block[i].until - t) / WHEN_MINUTE),
           TEXT("description", activity), ID("activityCodeId", adherence_code(activity)),
           BOOL("paid", work), IF(work),
           INT("payableMinutes", (p->block[i].until - t) / WHEN_MINUTE), IF(training),
           UUID("externalActivityId", key_of(agent, day, 4)), IF(training),
           TEXT("externalActivityType", agent % 2 ? "Coaching" : "Learning"), IF(i == 1),
           UUID("timeOffRequestId", key_of(agent, day, 5)), IF(i == 1),
           INT("timeOffRequestSyncVersion", 1), END);
        t = p->block[i].until;
    }
    JW(w, END, END);
}

static void write_day_off(struct jw *w, int agent, int64_t day)
{
    char date[WHEN_SIZE];
    date_text(day, date);
    JW(w, OBJECT(NULL), ID("businessUnitDate", date), INT("startOffsetMinutes", 540),
       INT("endOffsetMinutes", 1020), INT("lengthMinutes", 480), TEXT("description", "vacation"),
       ID("activityCodeId", adherence_code("TimeOff")), BOOL("paid", true),
       INT("payableMinutes", 480), IF(agent % 2 == 0),
       UUID("timeOffRequestId", key_of(agent, day, 6)), IF(agent % 2 == 0),
       INT("timeOffRequestSyncVersion", 2), END);
}

/* Whether an agent's day is told: of a shift whatever reaches into the range, of a day off the one
 * whose noon does. */
static bool is_told(const struct planned *p, int64_t day, bool off, const struct asked *q)
{
    int64_t noon = day * WHEN_DAY + 12 * WHEN_HOUR;
    return off ? p->off && noon >= q->from && noon < q->to
               : p->blocks > 0 && p->from < q->to && p->to > q->from;
}

/* An agent's shifts, then the days off; with `w` NULL only how many. */
static int write_agent(struct jw *w, int agent, const struct asked *q)
{
    int64_t first = when_day(q->from) - 1, last = when_day(q->to);
    int count = 0;
    for (int off = 0; off < 2; off++) {
        if (w) {
            jw_array(w, off ? "fullDayTimeOffMarkers" : "shifts");
        }
        for (int64_t day = first; day <= last; day++) {
            struct planned p = plan_of(agent, day, q->as_of);
            if (!in_unit(agent, day, q) || !is_told(&p, day, off, q)) {
                continue;
            }
            count++;
            if (w && off) {
                write_day_off(w, agent, day);
            } else if (w) {
                write_shift(w, agent, day, &p, q->unit);
            }
        }
        if (w) {
            jw_end(w);
        }
    }
    return count;
}

/* `name` is NULL where it is the whole answer. */
static void write_schedules(struct jw *w, const char *name, const struct asked *q)
{
    JW(w, OBJECT(name), ARRAY("agentSchedules"));
    for (int i = 0; i < world.agents; i++) {
        if (write_agent(NULL, i, q) > 0) {
            uint64_t key = world_key(THING_USER, (uint64_t)i);
            JW(w, OBJECT(NULL), REF("user", "users", key));
            write_agent(w, i, q);
            jw_end(w);
        }
    }
    JW(w, END, ID("businessUnitTimeZone", world_unit_zone(q->unit)), ARRAY("publishedSchedules"));
    for (int64_t week = week_of(when_day(q->from)); week * WHEN_DAY < q->to; week += WEEK) {
        if (q->as_of >= (week - AHEAD_DAYS) * WHEN_DAY) {
            write_schedule(w, NULL, q->unit, week);
        }
    }
    JW(w, END, END);
}

/* --- explanations --- */

/* The explanation of an agent's late beginning, if there is one of the range by now. */
static void write_explanation(struct jw *w, int agent, int64_t day, const struct asked *q)
{
    struct rng r = world_rng(0x5ced, agent, day, 7);
    struct planned p = plan_of(agent, day, q->as_of);
    bool given = rng_chance(&r, 400), denied = rng_chance(&r, 300), noted = rng_chance(&r, 500);
    int64_t given_at = (day + 1) * WHEN_DAY + rng_range(&r, -180, 72 * 60) * WHEN_MINUTE;
    int64_t reviewed_at = given_at + rng_range(&r, 2, 50) * WHEN_HOUR;
    int64_t minutes = rng_range(&r, 5, 45);
    int unit = world_unit_of(agent, day * WHEN_DAY + 6 * WHEN_HOUR);
    int business = unit / (world.units - 1);
    bool reviewed = q->as_of >= reviewed_at;
    if (!given || p.blocks == 0 || unit < 0 || business != q->unit || given_at > q->as_of ||
        p.from >= q->to || p.from + minutes * WHEN_MINUTE <= q->from) {
        return;
    }
    JW(w, OBJECT(NULL), KEY("id", rng_next(&r)),
       REF("agent", "users", world_key(THING_USER, (uint64_t)agent)),
       REF("managementUnit", "workforcemanagement/managementunits",
           world_key(THING_MANAGEMENT_UNIT, (uint64_t)unit)),
       REF("businessUnit", "workforcemanagement/businessunits",
           world_key(THING_BUSINESS_UNIT, (uint64_t)business)),
       TEXT("type", "Late"),
       TEXT("status", !reviewed ? "Pending"
                      : denied  ? "Denied"
                                : "Approved"),
       TIME("startDate", p.from), INT("lengthMinutes", minutes), IF(noted),
       TEXT("notes", "the bus was late"), IF(reviewed), TIME("reviewedDate", reviewed_at),
       IF(reviewed), REF("reviewedBy", "users", world_key(THING_USER, 0)), END);
}

static void write_explanations(struct jw *w, const char *name, const struct asked *q)
{
    JW(w, OBJECT(name), ARRAY("entities"));
    for (int i = 0; i < world.agents; i++) {
        for (int64_t day = when_day(q->from) - 1; day <= when_day(q->to); day++) {
            write_explanation(w, i, day, q);
        }
    }
    JW(w, END, END);
}

/* --- requests --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    uint64_t key;
    int times;
} asked_before[ASKED_MAX];

/* How often the same was asked before; forgotten once it was answered. */
static int times_before(uint64_t key, bool answered)
{
    static size_t next;
    size_t at = 0;
    HOLD(lock);
    while (at < ASKED_MAX && asked_before[at].key != key) {
        at++;
    }
    at = at < ASKED_MAX ? at : next++ % ASKED_MAX;
    int times = asked_before[at].key == key ? asked_before[at].times : 0;
    asked_before[at].key = key;
    asked_before[at].times = answered ? 0 : times + 1;
    return times;
}

/* Which way an answer comes. */
static unsigned way_of(const struct asked *q)
{
    return (unsigned)(rng_pair(rng_pair(world.seed, (uint64_t)q->from), (uint64_t)q->unit) % 4);
}

static void write_id(const struct asked *q, char out[64])
{
    snprintf(out, 64, "%c%d-%llx-%llx-%llx", q->kind, q->unit, (unsigned long long)q->from,
             (unsigned long long)q->to, (unsigned long long)q->as_of);
}

static bool read_id(const char *id, struct asked *q)
{
    char *end = NULL;
    *q = (struct asked){.kind = id[0], .unit = (int)strtol(id + 1, &end, 10)};
    q->from = *end == '-' ? strtoll(end + 1, &end, 16) : 0;
    q->to = *end == '-' ? strtoll(end + 1, &end, 16) : 0;
    q->as_of = *end == '-' ? strtoll(end + 1, &end, 16) : 0;
    return *end == '\0' && q->as_of > 0 && (q->kind == 's' || q->kind == 'e');
}

/* Reads what is asked for; answers 404 or 400 and returns false when it is nothing. */
static bool read_asked(const struct request *request, struct reply *reply, struct asked *q)
{
    enum thing thing = q->kind == 's' ? THING_MANAGEMENT_UNIT : THING_BUSINESS_UNIT;
    int units = q->kind == 's' ? world.units : WORLD_BUSINESS_UNITS;
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    yyjson_val *body = yyjson_doc_get_root(doc);
    bool known = when_parse(yyjson_get_str(yyjson_obj_get(body, "startDate")), &q->from) &&
                 when_parse(yyjson_get_str(yyjson_obj_get(body, "endDate")), &q->to) &&
                 q->from < q->to;
    yyjson_doc_free(doc);
    q->as_of = world_moment().now;
    q->unit = world_find(thing, units, request->segment);
    if (q->unit < 0) {
        reply_error(reply, 404, "not.found", "There is no such unit.");
    } else if (!known) {
        reply_error(reply, 400, "bad.request", "startDate and endDate are needed, in that order.");
    }
    return q->unit >= 0 && known;
}

static void write_url(struct jw *w, const struct asked *q)
{
    char id[64], url[160];
    write_id(q, id);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/wfm-downloads/%s?X-Signature=a%%2Fb", world.port,
             id);
    JW(w, ID("downloadUrl", url));
}

void schedules_search(const struct request *request, struct reply *reply)
{
    struct asked q = {.kind = 's'};
    struct jw *w = &reply->body;
    if (!read_asked(request, reply, &q)) {
        return;
    }
    unsigned way = way_of(&q);
    uint64_t key = rng_pair(rng_pair((uint64_t)q.from, (uint64_t)q.to), (uint64_t)q.unit + 1);
    bool slow = fault_strikes("job-slow", request);
    bool fails = fault_strikes("job-fail", request);
    bool under_way = slow || (way >= 2 && times_before(key, false) == 0);
    w->faults = fault_document(request).jw_faults;
    JW(w, OBJECT(NULL),
       ID("status", fails       ? "Error"
                    : under_way ? "Processing"
                                : "Complete"),
       UUID("operationId", key));
    if (!fails && !under_way) {
        (void)times_before(key, true);
        if (way % 2 == 0) {
            write_schedules(w, "result", &q);
        } else {
            write_url(w, &q);
        }
    }
    JW(w, COUNT("progress", under_way ? 40 : 100), END);
}

/* The job of an id. */
static void write_job(struct jw *w, const char *name, const char *id, const char *status,
                      const struct asked *url)
{
    char uri[160];
    snprintf(uri, sizeof uri, WFM "adherence/explanations/jobs/%s", id);
    JW(w, OBJECT(name), ID("id", id), ID("type", "QueryBuExplanations"), ID("status", status));
    if (url) {
        write_url(w, url);
    }
    JW(w, ID("selfUri", uri), END);
}

void schedules_explanations(const struct request *request, struct reply *reply)
{
    struct asked q = {.kind = 'e'};
    struct jw *w = &reply->body;
    char id[64];
    if (!read_asked(request, reply, &q)) {
        return;
    }
    unsigned way = way_of(&q);
    w->faults = fault_document(request).jw_faults;
    jw_object(w, NULL);
    if (way == 0) {
        write_explanations(w, "result", &q);
    } else if (way == 1) {
        write_url(w, &q);
    } else {
        write_id(&q, id);
        write_job(w, "job", id, "Processing", NULL);
        reply->status = 202;
    }
    jw_end(w);
}

void schedules_job(const struct request *request, struct reply *reply)
{
    struct asked q;
    if (!read_id(request->segment, &q) || q.kind != 'e') {
        reply_error(reply, 404, "not.found", "The requested job was not found.");
        return;
    }
    bool fails = fault_strikes("job-fail", request);
    bool done = !fault_strikes("job-slow", request) &&
                times_before(rng_text(0, request->segment), false) >= world.job_polls;
    write_job(&reply->body, NULL, request->segment,
              fails  ? "Error"
              : done ? "Complete"
                     : "Processing",
              done && !fails ? &q : NULL);
}

void schedules_download(const struct request *request, struct reply *reply)
{
    struct asked q;
    if (request->authorization || strcmp(request->query, "X-Signature=a%2Fb") != 0) {
        reply_text(reply, 400, "application/xml", "<Error><Code>InvalidArgument</Code></Error>");
    } else if (!read_id(request->segment, &q)) {
        reply_text(reply, 403, "application/xml", "<Error><Code>AccessDenied</Code></Error>");
    } else {
        reply->body.faults = fault_document(request).jw_faults;
        if (q.kind == 's') {
            write_schedules(&reply->body, NULL, &q);
        } else {
            write_explanations(&reply->body, NULL, &q);
        }
    }
}
