/* What a right extraction holds. Computed from the histories, never from what was served. */
#include "conv_json.h"
#include "corpus.h"
#include "routes.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REREAD_DAYS   31
#define OVERLAP_HOURS 1 /* the query reaches back so far behind the availability date */

enum method { METHOD_AUTO, METHOD_QUERY, METHOD_JOB };

struct truth {
    int64_t now;
    int64_t availability;
    int64_t start; /* 00:00 of a UTC day */
    enum method method;
};

static bool read_truth(const struct request *request, struct reply *reply, struct truth *t)
{
    char method[16] = "auto";
    struct moment moment = world_moment();
    *t = (struct truth){.now = moment.now, .availability = moment.availability};
    t->start = world.first_day * WHEN_DAY;
    query_value(request->query, "method", 0, method, sizeof method);
    t->method = strcmp(method, "query") == 0 ? METHOD_QUERY
                : strcmp(method, "job") == 0 ? METHOD_JOB
                                             : METHOD_AUTO;
    if (!query_moment(request->query, "now", &t->now) ||
        !query_moment(request->query, "availability", &t->availability) ||
        !query_moment(request->query, "start", &t->start) ||
        (t->method == METHOD_AUTO && strcmp(method, "auto") != 0)) {
        reply_error(reply, 400, "bad.request",
                    "now, availability and start are ISO 8601; method is auto, query or job.");
        return false;
    }
    if (t->availability > t->now) {
        t->availability = t->now;
    }
    t->start = when_day(t->start) * WHEN_DAY;
    return true;
}

static bool by_job(const struct truth *t, const struct entry *e)
{
    return t->method != METHOD_QUERY &&
           corpus_overlaps(e, t->start, t->availability, t->availability);
}

static bool by_query(const struct truth *t, const struct entry *e)
{
    int64_t first = when_day(t->start), available = when_day(t->availability);
    if (t->method == METHOD_JOB || (t->method == METHOD_AUTO && t->availability >= t->now)) {
        return false;
    }
    if (t->method == METHOD_AUTO && available > first) {
        first = available;
    }
    int64_t since = t->method == METHOD_AUTO ? t->availability - OVERLAP_HOURS * WHEN_HOUR : 0;
    return e->day >= first && e->day <= when_day(t->now) && e->arrive <= t->now &&
           e->start >= since;
}

/* The state that is right for the conversation; false if it is not to be held at all. */
static bool right_view(const struct truth *t, const struct entry *e, struct view *view)
{
    bool job = by_job(t, e), query = by_query(t, e);
    *view = (struct view){
        .body = query ? t->now : t->availability,
        .attributes = job ? t->availability : CONV_NO_ATTRIBUTES,
    };
    if (conv_end_at(e->period, e->period_count, view->body) == WHEN_NEVER &&
        e->start >= t->now - REREAD_DAYS * WHEN_DAY) {
        view->body = t->now;
    }
    return job || query;
}

void truth_conversations(const struct request *request, struct reply *reply)
{
    struct truth t;
    struct conv c;
    struct view view;
    struct jw *w = &reply->body;
    if (!read_truth(request, reply, &t)) {
        return;
    }
    reply->type = "application/x-ndjson";
    for (int64_t day = corpus_first_day(); day <= corpus_last_day(); day++) {
        size_t count;
        const struct entry *list = corpus_day(day, &count);
        for (const struct entry *e = list; e < list + count; e++) {
            if (!right_view(&t, e, &view)) {
                continue;
            }
            conv_build(&c, e->day, e->index);
            w->comma = false;
            JW(w, OBJECT(NULL),
               TEXT("source", view.attributes == CONV_NO_ATTRIBUTES ? "query" : "job"));
            conv_json(w, "conversation", &c, &view);
            jw_end(w);
            jw_text(w, "\n");
        }
    }
}
