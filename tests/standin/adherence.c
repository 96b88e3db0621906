/* Real-time adherence by the three ways there are; all tell of the same agents' days. */
#include "adherence.h"

#include "conversations.h"
#include "routes.h"
#include "when.h"
#include "world.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- an agent's day as the workforce management sees it: schedule, what the agent does, adherence;
 * a function of the seed, the agent and the moment, so that polls at any times agree --- */

/* The stretch that holds the moment, and since when its adherence state, presence and routing
 * status hold (`since` of each may lie in earlier days). */
struct agent_now {
    struct stretch is;
    int64_t adherence_since;
    int64_t presence_since;
    int64_t routing_since;
};

#define BLOCKS    ADHERENCE_BLOCKS_MAX
#define LOOK_BACK 8 /* days */

/* A shift from its beginning: minutes and activities. */
static const struct {
    int minutes;
    const char *activity;
} shift[] = {{115, "OnQueueWork"}, {15, "Break"},      {90, "OnQueueWork"}, {45, "Meal"},
             {85, "OnQueueWork"},  {30, "Meeting"},    {60, "OnQueueWork"}, {15, "Break"},
             {45, "OffQueueWork"}, {40, "OnQueueWork"}};

enum { SHIFT_BLOCKS = sizeof shift / sizeof *shift };

/* The planned day, and by its side what happens: each change up to a few minutes late. */
static int plan_day(int agent, int64_t day, struct agent_block planned[BLOCKS],
                    struct agent_block done[BLOCKS])
{
    struct rng r = world_rng(0xad, agent, day, 0);
    int64_t start = day * WHEN_DAY;
    int64_t t = start + (5 + agent % 9) * WHEN_HOUR + agent % 4 * (15 * WHEN_MINUTE);
    bool off = (day + agent) % 7 < 2, training = agent % 6 == (int)(day % 6);
    int n = 0;
    if (off) {
        const char *why = agent % 10 == 0 ? "TimeOff" : "Unscheduled";
        planned[0] = (struct agent_block){start + WHEN_DAY, why};
        done[0] = (struct agent_block){start + WHEN_DAY, "Unavailable"};
        return 1;
    }
    planned[n] = (struct agent_block){t, "Unscheduled"};
    done[n++] = (struct agent_block){t + rng_range(&r, -240, 480) * WHEN_SECOND, "Unavailable"};
    for (int i = 0; i < SHIFT_BLOCKS; i++) {
        const char *activity = training && i == 8 ? "Training" : shift[i].activity;
        int64_t late = rng_chance(&r, 250) ? rng_range(&r, 180, 600) : rng_range(&r, 0, 90);
        t += shift[i].minutes * WHEN_MINUTE;
        planned[n] = (struct agent_block){t, activity};
        done[n++] = (struct agent_block){t + late * WHEN_SECOND, activity};
    }
    planned[n] = (struct agent_block){start + WHEN_DAY, "Unscheduled"};
    done[n++] = (struct agent_block){start + WHEN_DAY, "Unavailable"};
    return n;
}

int adherence_plan(int agent, int64_t day, struct agent_block out[ADHERENCE_BLOCKS_MAX])
{
    struct agent_block done[BLOCKS];
    return plan_day(agent, day, out, done);
}

/* What there is to do, the presence that goes with it, and the id of its activity code: those that
 * come with an organization have short ones. */
static const struct {
    const char *category, *presence, *code;
} activities[] = {{"OnQueueWork", "OnQueue", "0"},
                  {"Break", "Break", "1"},
                  {"Meal", "Meal", "2"},
                  {"Meeting", "Meeting", "3"},
                  {"TimeOff", "Offline", "4"},
                  {"Training", "Training", "5"},
                  {"OffQueueWork", "Available", "7"},
                  {"Unavailable", "Offline", "8"},
                  {"Unscheduled", "Offline", "9"}};

static size_t activity_of(const char *category)
{
    size_t i = sizeof activities / sizeof *activities - 1;
    while (i > 0 && strcmp(activities[i].category, category) != 0) {
        i--;
    }
    return i;
}

const char *adherence_code(const char *category)
{
    return activities[activity_of(category)].code;
}

/* Fills what follows from the schedule and the deed. */
static void judge(struct stretch *s, int agent)
{
    bool same = strcmp(s->scheduled, s->actual) == 0;
    s->presence = activities[activity_of(s->actual)].presence;
    s->routing = "OFF_QUEUE";
    s->out_of_office = strcmp(s->scheduled, "TimeOff") == 0;
    s->impact = "Neutral";
    if (strcmp(s->scheduled, "Unscheduled") == 0) {
        s->adherence = "Unscheduled";
    } else if (s->out_of_office && agent % 20 == 0) {
        s->adherence = "Unknown";
        s->impact = "Unknown";
    } else if (s->out_of_office || same) {
        s->adherence = "InAdherence";
    } else if (strcmp(s->scheduled, "Training") == 0) {
        s->adherence = "Ignored";
    } else if (agent % 23 == 5) {
        s->adherence = "Explained";
        s->explained = true;
    } else {
        s->adherence = "OutOfAdherence";
        s->impact = strcmp(s->actual, "OnQueueWork") == 0 ? "Positive" : "Negative";
    }
}

/* Cuts time on queue into calls and waiting. */
static int add_on_queue(struct stretch s, struct rng *r, struct stretch *out, int n)
{
    int64_t to = s.to;
    bool busy = rng_chance(r, 500);
    while (s.from < to && n < AGENT_DAY_MAX - BLOCKS) {
        int64_t length = busy ? rng_range(r, 120, 540) : rng_range(r, 30, 240);
        s.to = s.from + length * WHEN_SECOND < to ? s.from + length * WHEN_SECOND : to;
        s.routing = busy                ? "INTERACTING"
                    : rng_chance(r, 20) ? "NOT_RESPONDING"
                    : rng_chance(r, 15) ? "COMMUNICATING"
                                        : "IDLE";
        out[n++] = s;
        s.from = s.to;
        busy = !busy;
    }
    if (s.from < to) {
        s.to = to;
        out[n++] = s;
    }
    return n;
}

int agent_day(int agent, int64_t day, struct stretch out[AGENT_DAY_MAX])
{
    struct agent_block planned[BLOCKS], done[BLOCKS];
    struct rng r = world_rng(0xad, agent, day, 1);
    int blocks = plan_day(agent, day, planned, done), n = 0, p = 0, d = 0;
    int64_t t = day * WHEN_DAY;
    while (p < blocks && d < blocks) {
        int64_t to = planned[p].until < done[d].until ? planned[p].until : done[d].until;
        if (to > t) {
            struct stretch s = {
                .from = t, .to = to, .scheduled = planned[p].activity, .actual = done[d].activity};
            judge(&s, agent);
            if (strcmp(s.actual, "OnQueueWork") == 0) {
                n = add_on_queue(s, &r, out, n);
            } else {
                out[n++] = s;
            }
            t = to;
        }
        p += planned[p].until <= to;
        d += done[d].until <= to;
    }
    return n;
}

/* Of what it is told since when it has been as it is: of the three in agent_now. */
static const size_t states[] = {offsetof(struct stretch, adherence),
                                offsetof(struct stretch, presence),
                                offsetof(struct stretch, routing)};

static const char *state(const struct stretch *s, int which)
{
    return *(const char *const *)(const void *)((const char *)s + states[which]);
}

static void agent_now(int agent, int64_t at, struct agent_now *out)
{
    struct stretch list[AGENT_DAY_MAX];
    int64_t *since[] = {&out->adherence_since, &out->presence_since, &out->routing_since};
    bool goes_back[] = {true, true, true}, found = false;
    for (int back = 0; back < LOOK_BACK; back++) {
        for (int i = agent_day(agent, when_day(at) - back, list) - 1; i >= 0; i--) {
            if (list[i].from > at) {
                continue;
            }
            out->is = found ? out->is : list[i];
            found = true;
            for (int which = 0; which < 3; which++) {
                goes_back[which] =
                    goes_back[which] && strcmp(state(&list[i], which), state(&out->is, which)) == 0;
                *since[which] = goes_back[which] ? list[i].from : *since[which];
            }
        }
    }
}

/* True if no source knows the agent at the moment: not active, or taken out of the unit. */
static bool agent_missing(int agent, int64_t at)
{
    int64_t minute = (at - when_day(at) * WHEN_DAY) / WHEN_MINUTE;
    return !world_user_active(agent) || (agent % 29 == 3 && minute >= 780 && minute < 840);
}

/* --- the answers --- */

#define MAX_USER_IDS  100
#define STATUS_TOP    50
#define INTERVALS_MAX 500
#define HISTORY_DAYS  8 /* how far back the beginning of a state is looked for */

static uint64_t unit_of(int agent, int64_t now)
{
    int unit = world_unit_of(agent, now);
    return world_key(THING_MANAGEMENT_UNIT, unit >= 0 ? (uint64_t)unit : 0);
}

/* The organization's own presence: another each time that one is entered. */
static uint64_t secondary_of(const struct agent_now *a)
{
    return world_key(THING_PRESENCE, (uint64_t)(a->presence_since / WHEN_SECOND) % 4);
}

static void write_scheduled(struct jw *w, const struct stretch *s, int agent)
{
    JW(w, TEXT("scheduledActivityCategory", s->scheduled),
       IF(strcmp(s->scheduled, "Unscheduled") != 0), OBJECT("scheduledActivityCode"),
       TEXT("id", adherence_code(s->scheduled)), TEXT("name", s->scheduled), IF(agent % 7 == 2),
       ARRAY("secondaryPresences"), OBJECT(NULL), UUID("id", world_key(THING_PRESENCE, 1)),
       TEXT("selfUri", "/api/v2/presence/definitions/1"), END, END, END);
}

static void write_queues(struct jw *w, const struct agent_now *a, int agent)
{
    bool on = strcmp(a->is.presence, "OnQueue") == 0;
    jw_array(w, "activeQueues");
    for (int i = 0; on && i <= agent % 3; i++) {
        JW(w, REF(NULL, "routing/queues",
                  world_key(THING_QUEUE, (uint64_t)((agent + i) % world.queues))));
    }
    JW(w, END, TIME("activeQueuesModifiedTime", a->presence_since));
}

static void write_state(struct jw *w, const struct agent_now *a, int agent)
{
    uint64_t explanation = rng_pair((uint64_t)a->adherence_since, (uint64_t)agent);
    write_scheduled(w, &a->is, agent);
    JW(w, TEXT("systemPresence", a->is.presence), IF(agent % 3 == 1),
       UUID("organizationSecondaryPresenceId", secondary_of(a)),
       TEXT("routingStatus", a->is.routing), TEXT("actualActivityCategory", a->is.actual),
       IF(agent % 12 != 7), BOOL("isOutOfOffice", a->is.out_of_office),
       TEXT("adherenceState", a->is.adherence), TEXT("impact", a->is.impact));
    JW(w, IF(a->is.explained), OBJECT("adherenceExplanation"), UUID("id", explanation),
       TIME("startDate", a->adherence_since), INT("lengthMinutes", 15),
       TEXT("status", agent % 2 ? "Approved" : "Pending"),
       TEXT("selfUri", "/api/v2/workforcemanagement/adherence/explanations/1"), END);
    JW(w, IF(agent % 15 != 9), TIME("timeOfAdherenceChange", a->adherence_since),
       TIME("presenceUpdateTime", a->presence_since));
}

static void write_adherence(struct jw *w, int agent, int64_t now)
{
    struct agent_now a;
    char name[64];
    agent_now(agent, now, &a);
    int team = world_team_of(agent, now);
    JW(w, OBJECT(NULL), KEY("id", world_key(THING_USER, (uint64_t)agent)),
       TEXT("name", world_user_name(agent, name)),
       REF("user", "users", world_key(THING_USER, (uint64_t)agent)),
       REF("businessUnit", "workforcemanagement/businessunits", world_key(THING_BUSINESS_UNIT, 0)),
       REF("managementUnit", "workforcemanagement/managementunits", unit_of(agent, now)),
       IF(team >= 0), REF("team", "teams", world_key(THING_TEAM, (uint64_t)team)));
    write_state(w, &a, agent);
    write_queues(w, &a, agent);
    JW(w, BOOL("removedFromManagementUnit", false), ARRAY("nextActivityReminders"),
       IF(agent % 4 == 0), OBJECT(NULL), TEXT("activityCategory", "Break"),
       TIME("startDate", a.is.to), END, END, IF(agent % 8 == 3),
       BOOL("suppressOnTimeReminder", true), END);
}

void adherence_workforce(const struct request *request, struct reply *reply)
{
    char id[64];
    int agents[MAX_USER_IDS], count = 0, n = 0;
    int64_t now = world_moment().now;
    for (; query_value(request->query, "userId", n, id, sizeof id); n++) {
        int agent = n < MAX_USER_IDS ? world_find(THING_USER, world.agents, id) : -1;
        if (agent >= 0 && !agent_missing(agent, now)) {
            agents[count++] = agent;
        }
    }
    if (n == 0 || n > MAX_USER_IDS) {
        reply_error(reply, 400, n ? "max.user.ids" : "no.user.ids.specified",
                    n ? "No more than 100 user ids may be specified."
                      : "No user ids were specified.");
        return;
    }
    reply->body.faults = fault_document(request).jw_faults;
    jw_array(&reply->body, NULL);
    for (int i = 0; i < count; i++) {
        write_adherence(&reply->body, agents[i], now);
    }
    jw_end(&reply->body);
}

void adherence_upper_snake(const char *name, char out[32])
{
    size_t used = 0;
    for (const char *p = name; *p && used < 30; p++) {
        bool capital = *p >= 'A' && *p <= 'Z';
        if (capital && p > name) {
            out[used++] = '_';
        }
        out[used++] = capital ? *p : (char)(*p - 'a' + 'A');
    }
    out[used] = '\0';
}

static void write_status(struct jw *w, int agent, int64_t now)
{
    struct agent_now a;
    char name[64], presence[32];
    agent_now(agent, now, &a);
    world_user_name(agent, name);
    adherence_upper_snake(a.is.presence, presence);
    JW(w, OBJECT(NULL), KEY("userId", world_key(THING_USER, (uint64_t)agent)),
       TEXT("userName", name), UUID("divisionId", world_key(THING_DIVISION, 0)),
       INT("sessionCount", strcmp(a.is.routing, "INTERACTING") == 0),
       TEXT("systemPresence", presence), IF(agent % 3 == 1),
       UUID("organizationPresenceId", secondary_of(&a)), TIME("presenceDate", a.presence_since),
       TEXT("routingStatus", a.is.routing), TIME("routingStatusDate", a.routing_since),
       IF(agent % 12 != 7), BOOL("isOutOfOffice", a.is.out_of_office),
       UUID("managementUnitId", unit_of(agent, now)),
       UUID("businessUnitId", world_key(THING_BUSINESS_UNIT, 0)),
       TEXT("adherenceState", a.is.adherence), TEXT("adherenceImpact", a.is.impact),
       IF(agent % 15 != 9), TIME("adherenceDate", a.adherence_since),
       IF(strcmp(a.is.scheduled, "Unscheduled") != 0),
       TEXT("scheduledActivityCodeId", adherence_code(a.is.scheduled)),
       TEXT("scheduledActivityCategory", a.is.scheduled),
       TEXT("actualActivityCategory", a.is.actual), END);
}

/* Marks the agents that one of the predicates names; false if a predicate is of another kind. */
static bool mark(yyjson_val *predicates, bool *wanted)
{
    size_t i, n;
    yyjson_val *p;
    yyjson_arr_foreach(predicates, i, n, p)
    {
        const char *value = yyjson_get_str(yyjson_obj_get(p, "value"));
        if (!yyjson_equals_str(yyjson_obj_get(p, "dimension"), "userId") || !value) {
            return false;
        }
        int agent = world_find(THING_USER, world.agents, value);
        if (agent >= 0) {
            wanted[agent] = true;
        }
    }
    return true;
}

static bool read_filter(yyjson_val *filter, bool *wanted)
{
    yyjson_val *predicates = yyjson_obj_get(filter, "predicates");
    bool has_clauses = yyjson_arr_size(yyjson_obj_get(filter, "clauses")) > 0;
    if (!has_clauses && yyjson_arr_size(predicates) == 0) {
        memset(wanted, true, (size_t)world.agents);
        return true;
    }
    return !has_clauses && yyjson_is_str(yyjson_obj_get(filter, "type")) &&
           mark(predicates, wanted);
}

void adherence_agents_status(const struct request *request, struct reply *reply)
{
    int64_t now = world_moment().now;
    yyjson_doc *doc = conversations_body(request, reply);
    bool *wanted = doc ? calloc((size_t)world.agents + 1, sizeof *wanted) : NULL;
    if (wanted && !read_filter(yyjson_obj_get(yyjson_doc_get_root(doc), "userFilter"), wanted)) {
        reply_error(reply, 400, "bad.request", "The stand-in filters by userId alone.");
    } else if (wanted) {
        reply->body.faults = fault_document(request).jw_faults;
        JW(&reply->body, OBJECT(NULL), ARRAY("entities"));
        for (int agent = 0, shown = 0; agent < world.agents && shown < STATUS_TOP; agent++) {
            if (wanted[agent] && !agent_missing(agent, now)) {
                write_status(&reply->body, agent, now);
                shown++;
            }
        }
        JW(&reply->body, END, END);
    }
    free(wanted);
    yyjson_doc_free(doc);
}

struct intervals {
    struct jw *w;
    int64_t from, to, now;
    long first, last; /* records of the page */
    long count;
};

static bool same_state(const struct stretch *a, const struct stretch *b)
{
    return strcmp(a->scheduled, b->scheduled) == 0 && strcmp(a->actual, b->actual) == 0 &&
           strcmp(a->adherence, b->adherence) == 0 && strcmp(a->routing, b->routing) == 0 &&
           strcmp(a->presence, b->presence) == 0 && strcmp(a->impact, b->impact) == 0 &&
           a->out_of_office == b->out_of_office;
}

static void write_record(struct intervals *x, int agent, const struct stretch *s)
{
    struct jw *w = x->w;
    if (s->from >= x->to || s->to <= x->from || s->from > x->now) {
        return;
    }
    long number = x->count++;
    if (number < x->first || number >= x->last) {
        return;
    }
    JW(w, OBJECT(NULL), KEY("userId", world_key(THING_USER, (uint64_t)agent)),
       TIME("startTime", s->from), IF(s->to <= x->now), TIME("endTime", s->to),
       TEXT("adherenceState", s->adherence), TEXT("impact", s->impact),
       TEXT("scheduledActivityCategory", s->scheduled), TEXT("actualActivityCategory", s->actual),
       TEXT("systemPresence", s->presence), TEXT("routingStatus", s->routing), IF(agent % 12 != 7),
       BOOL("isOutOfOffice", s->out_of_office), UUID("managementUnitId", unit_of(agent, s->from)),
       UUID("businessUnitId", world_key(THING_BUSINESS_UNIT, 0)), END);
}

static void write_agent_records(struct intervals *x, int agent)
{
    struct stretch list[AGENT_DAY_MAX], pending = {0};
    int64_t last = x->to < x->now ? x->to : x->now;
    for (int64_t day = when_day(x->from) - HISTORY_DAYS; day <= when_day(last) + 1; day++) {
        int n = agent_day(agent, day, list);
        for (int i = 0; i < n; i++) {
            if (pending.scheduled && same_state(&pending, &list[i])) {
                pending.to = list[i].to;
                continue;
            }
            if (pending.scheduled) {
                write_record(x, agent, &pending);
            }
            pending = list[i];
        }
    }
    write_record(x, agent, &pending);
}

static void write_intervals(struct reply *reply, struct intervals *x, long size, long page)
{
    const char *key = world.intervals == INTERVALS_ENTITIES ? "entities" : "results";
    struct jw *w = &reply->body;
    if (world.intervals != INTERVALS_ARRAY) {
        jw_object(w, NULL);
    }
    jw_array(w, world.intervals == INTERVALS_ARRAY ? NULL : key);
    for (int agent = 0; agent < world.agents; agent++) {
        if (!agent_missing(agent, x->now)) {
            write_agent_records(x, agent);
        }
    }
    jw_end(w);
    if (world.intervals != INTERVALS_ARRAY) {
        JW(w, COUNT("pageSize", size), COUNT("pageNumber", page), COUNT("total", x->count),
           COUNT("pageCount", (x->count + size - 1) / size), END);
    }
}

void adherence_intervals(const struct request *request, struct reply *reply)
{
    char interval[128];
    long size, page;
    struct intervals x = {.w = &reply->body, .now = world_moment().now};
    if (world.intervals == INTERVALS_NONE) {
        reply_text(reply, 404, "application/json", ROUTES_NOT_FOUND);
    } else if (!query_value(request->query, "interval", 0, interval, sizeof interval) ||
               !when_parse_interval(interval, &x.from, &x.to) || x.to < x.from) {
        reply_error(reply, 400, "invalid.date", "The interval is not of the form start/end.");
    } else if (!query_int(request->query, "pageSize", 100, &size) ||
               !query_int(request->query, "pageNumber", 1, &page) || size < 1 || page < 1 ||
               size > INTERVALS_MAX) {
        reply_error(reply, 400, "bad.request",
                    "pageSize (to 500) and pageNumber are numbers from 1 on.");
    } else {
        x.first = (page - 1) * size;
        x.last = x.first + size;
        reply->body.faults = fault_document(request).jw_faults;
        write_intervals(reply, &x, size, page);
    }
}
