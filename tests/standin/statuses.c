#include "statuses.h"

#include "adherence.h"
#include "fault.h"
#include "routes.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { MAX_PAGE = 100, MAX_QUERY_DAYS = 7 };

#define ORIGIN_DAYS    10 /* statuses begin so many days before the first */
#define LONGEST_DAYS   6  /* no status of an active agent lasts so long */
#define SETTLED_DAYS   3  /* after that nothing changes any more */
#define SHORTEST_SPLIT (10 * WHEN_MINUTE)
#define LATE_BY        (7 * WHEN_SECOND)

static int64_t origin(void)
{
    return world.first_day - ORIGIN_DAYS;
}

static void add(struct statuses *s, int64_t start, const char *name, uint64_t key)
{
    if (s->count > 0 && strcmp(s->list[s->count - 1].name, name) == 0) {
        return;
    }
    if (s->count == s->room) {
        s->room = s->room * 2 + 64;
        s->list = enough(s->list, s->room * sizeof *s->list);
    }
    struct status *one = &s->list[s->count++];
    *one = (struct status){
        .start = start,
        .end = WHEN_NEVER,
        .organization = world_key(THING_PRESENCE, (key ^ (uint64_t)(start / WHEN_SECOND)) % 4)};
    snprintf(one->name, sizeof one->name, "%s", name);
}

/* What happened, in order: starts alone. */
static struct statuses happened(int agent, enum status_kind kind, int64_t from_day, int64_t to_day)
{
    struct stretch parts[AGENT_DAY_MAX];
    struct statuses s = {0};
    char name[32];
    if (!world_user_active(agent)) {
        add(&s, origin() * WHEN_DAY, kind == STATUS_PRESENCE ? "OFFLINE" : "OFF_QUEUE", 0);
        return s;
    }
    for (int64_t day = from_day; day <= to_day; day++) {
        int n = agent_day(agent, day, parts);
        for (int i = 0; i < n; i++) {
            adherence_upper_snake(parts[i].presence, name);
            add(&s, parts[i].from, kind == STATUS_PRESENCE ? name : parts[i].routing,
                (uint64_t)agent);
        }
    }
    return s;
}

/* The same as it is told at the moment. */
static struct statuses told(const struct statuses *all, int agent, enum status_kind kind,
                            int64_t as_of)
{
    struct statuses s = {0};
    for (size_t i = 0; i < all->count; i++) {
        const struct status *one = &all->list[i];
        int64_t start = one->start;
        int64_t next = i + 1 < all->count ? all->list[i + 1].start : WHEN_NEVER;
        struct rng r = {
            rng_pair(rng_pair(world.seed ^ 0x57UL, (uint64_t)agent * 2 + kind), (uint64_t)start)};
        bool moves = i > 0 && rng_chance(&r, 60) && next - start > WHEN_MINUTE;
        bool splits = next < WHEN_NEVER && next - start > SHORTEST_SPLIT && rng_chance(&r, 60);
        int64_t right = start + rng_range(&r, WHEN_HOUR, SETTLED_DAYS * WHEN_DAY);
        int64_t middle = start + (next - start) / 2;
        start += moves && as_of < right ? LATE_BY : 0;
        if (start <= as_of) {
            add(&s, start, one->name, (uint64_t)agent);
        }
        if (splits && as_of >= middle && as_of < middle + (right - one->start)) {
            add(&s, middle, kind == STATUS_PRESENCE ? "AWAY" : "COMMUNICATING", 0);
            if (as_of >= middle + WHEN_MINUTE) {
                add(&s, middle + WHEN_MINUTE, one->name, (uint64_t)agent);
            }
        }
    }
    return s;
}

struct statuses statuses_of(int agent, enum status_kind kind, int64_t from, int64_t to,
                            int64_t as_of)
{
    int64_t last = to < as_of ? to : as_of;
    int64_t first_day = when_day(from) - LONGEST_DAYS;
    size_t kept = 0;
    first_day = first_day < origin() ? origin() : first_day;
    struct statuses all = happened(agent, kind, first_day, when_day(last) + 1 + SETTLED_DAYS);
    struct statuses s = told(&all, agent, kind, as_of);
    free(all.list);
    for (size_t i = 0; i < s.count; i++) {
        struct status one = s.list[i];
        one.end = i + 1 < s.count ? s.list[i + 1].start : WHEN_NEVER;
        bool whole = i > 0 || first_day == origin() || !world_user_active(agent);
        if (whole && one.start < to && one.end > from) {
            s.list[kept++] = one;
        }
    }
    s.count = kept;
    return s;
}

/* --- answers --- */

static const char *const arrays[STATUS_KINDS] = {"primaryPresence", "routingStatus"};
static const char *const names[STATUS_KINDS] = {"systemPresence", "routingStatus"};

static void write_status(struct jw *w, const struct status *s, enum status_kind kind)
{
    char start[WHEN_SIZE];
    when_text(s->start, start);
    JW(w, OBJECT(NULL), ID("startTime", start), IF(s->end != WHEN_NEVER), TIME("endTime", s->end),
       TEXT(names[kind], s->name), IF(kind == STATUS_PRESENCE),
       UUID("organizationPresenceId", s->organization), END);
}

/* A user's statuses that touch the time; nothing where there are none. */
static bool write_user(struct jw *w, int agent, int64_t from, int64_t to, int64_t as_of)
{
    bool any = false;
    for (int kind = 0; kind < STATUS_KINDS; kind++) {
        struct statuses s = statuses_of(agent, (enum status_kind)kind, from, to, as_of);
        if (s.count > 0 && !any && w) {
            JW(w, OBJECT(NULL), KEY("userId", world_key(THING_USER, (uint64_t)agent)));
        }
        if (s.count > 0 && w) {
            jw_array(w, arrays[kind]);
            for (size_t i = 0; i < s.count; i++) {
                write_status(w, &s.list[i], (enum status_kind)kind);
            }
            jw_end(w);
        }
        any = any || s.count > 0;
        free(s.list);
    }
    if (any && w) {
        jw_end(w);
    }
    return any;
}

size_t statuses_write(struct jw *w, int64_t from, int64_t to, int64_t as_of, size_t skip,
                      size_t size)
{
    size_t found = 0;
    jw_array(w, "userDetails");
    for (int agent = 0; agent < world.agents; agent++) {
        bool is_here = found >= skip && found < skip + size;
        found += write_user(is_here ? w : NULL, agent, from, to, as_of);
    }
    jw_end(w);
    return found;
}

/* Of an agent, what is stored of one day. */
static bool has_day(int agent, int64_t from, int64_t to, int64_t day, int64_t as_of)
{
    int64_t start = day * WHEN_DAY, end = start + WHEN_DAY;
    return write_user(NULL, agent, from > start ? from : start, to < end ? to : end, as_of);
}

/* Writes userDetails as a page of what is stored by UTC day: a status that spans days is there of
 * each, so a page may hold fewer users than asked for, and the next the same ones again. Returns
 * how many are stored. */
static size_t write_page(struct jw *w, int64_t from, int64_t to, int64_t as_of, size_t skip,
                         size_t size)
{
    size_t found = 0;
    jw_array(w, "userDetails");
    for (int agent = 0; agent < world.agents; agent++) {
        int64_t first = WHEN_NEVER, last = 0;
        for (int64_t day = when_day(from); day <= when_day(to - 1); day++) {
            if (has_day(agent, from, to, day, as_of) && found++ >= skip && found <= skip + size) {
                first = first == WHEN_NEVER ? day : first;
                last = day + 1;
            }
        }
        if (first != WHEN_NEVER) {
            int64_t start = first * WHEN_DAY, end = last * WHEN_DAY;
            write_user(w, agent, from > start ? from : start, to < end ? to : end, as_of);
        }
    }
    jw_end(w);
    return found;
}

/* The sync query: as of now, a page by its number. */
void statuses_query(const struct request *request, struct reply *reply)
{
    int64_t from, to;
    struct jw *w = &reply->body;
    yyjson_doc *doc = yyjson_read(request->body, request->body_length, 0);
    yyjson_val *body = yyjson_doc_get_root(doc), *paging = yyjson_obj_get(body, "paging");
    int64_t size = yyjson_get_sint(yyjson_obj_get(paging, "pageSize"));
    int64_t number = yyjson_get_sint(yyjson_obj_get(paging, "pageNumber"));
    const char *text = yyjson_get_str(yyjson_obj_get(body, "interval"));
    bool good = when_parse_interval(text, &from, &to) && from < to &&
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
    size_t found =
        write_page(w, from, to, world_moment().now, (size_t)(size * (number - 1)), (size_t)size);
    JW(w, COUNT("totalHits", (int64_t)found + (found > 0 ? world.hits_bias : 0)), END);
}

/* All there are, as of `now` and since `start`, a line each. */
void statuses_truth(const struct request *request, struct reply *reply)
{
    struct jw *w = &reply->body;
    int64_t as_of = world_moment().now, from = world.first_day * WHEN_DAY;
    if (!query_moment(request->query, "now", &as_of) ||
        !query_moment(request->query, "start", &from)) {
        reply_error(reply, 400, "bad.request", "now and start are ISO 8601.");
        return;
    }
    for (int agent = 0; agent < world.agents; agent++) {
        w->comma = false;
        if (write_user(w, agent, from, WHEN_NEVER, as_of)) {
            jw_text(w, "\n");
        }
    }
    reply->type = "application/x-ndjson";
}
