/* What the API counts itself: of conversations what their script says that they count, in the queue
 * that the script names (segments are not looked at); of users the time of their statuses. */
#include "adherence.h"
#include "conversations.h"
#include "routes.h"
#include "statuses.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 40, DIMENSIONS = 3, MAX_USERS = 100 };
#define TARGET 0.8

/* Something that counts: in which group and interval, as what. */
struct sample {
    char group[DIMENSIONS][RNG_UUID_SIZE]; /* "": none */
    int64_t bucket;
    char metric[NAME];
    char qualifier[RNG_UUID_SIZE];
    int64_t value;
    int64_t numerator, denominator; /* of oServiceLevel */
};

struct tally {
    struct sample *list;
    size_t count, room;
};

/* What was asked for. */
struct query {
    int64_t from, to, step, now;
    yyjson_val *metrics;
    const char *const *dimensions;
    bool grouped[DIMENSIONS];
};

static const char *const conversation_dimensions[DIMENSIONS] = {"queueId", "mediaType",
                                                                "direction"};
static const char *const user_dimensions[DIMENSIONS] = {"userId", "", ""};

/* The vendor's enums: of conversations all that records have but what flows count, and some more.
 */
static const char of_flows[] =
    " nFlow nFlowMilestone nFlowOutcome nFlowOutcomeFailed oFlowMilestone tConversationDuration "
    "tFlow tFlowDisconnect tFlowExit tFlowOutcome ";
static const char own_metrics[] = " oCallbackServiceLevel oServiceLevel oServiceTarget tWait ";
static const char user_metrics[] = " tAgentRoutingStatus tOrganizationPresence tSystemPresence ";

static bool is_metric(bool of_users, const char *name)
{
    return of_users ? conv_is_listed(user_metrics, name)
                    : conv_is_listed(own_metrics, name) ||
                          (conv_is_listed(NULL, name) && !conv_is_listed(of_flows, name));
}

static bool is_wanted(const struct query *q, const char *metric)
{
    size_t i, n;
    yyjson_val *one;
    yyjson_arr_foreach(q->metrics, i, n, one)
    {
        if (yyjson_equals_str(one, metric)) {
            return true;
        }
    }
    return false;
}

/* Room for a sample of a metric; NULL where it is not wanted. */
static struct sample *add(struct tally *t, const struct query *q, const char *metric, int64_t at)
{
    if (!is_wanted(q, metric) || at < q->from || at >= q->to) {
        return NULL;
    }
    if (t->count == t->room) {
        t->room = t->room * 2 + 256;
        t->list = enough(t->list, t->room * sizeof *t->list);
    }
    struct sample *s = &t->list[t->count++];
    *s = (struct sample){.bucket = (at - q->from) / q->step};
    snprintf(s->metric, sizeof s->metric, "%s", metric);
    return s;
}

/* --- conversations --- */

static void group_by(struct sample *s, const struct query *q, const struct session *in, int queue)
{
    static const char *const media[MEDIA_COUNT] = {"voice", "callback", "chat", "email", "message"};
    if (q->grouped[0] && queue >= 0) {
        rng_uuid(world_key(THING_QUEUE, (uint64_t)queue), s->group[0]);
    }
    if (q->grouped[1]) {
        snprintf(s->group[1], sizeof s->group[1], "%s", media[in->media]);
    }
    if (q->grouped[2]) {
        snprintf(s->group[2], sizeof s->group[2], "%s", in->direction);
    }
}

static void count_metric(struct tally *t, const struct query *q, const struct session *in,
                         const struct metric *m)
{
    bool answered = strcmp(m->name, "tAnswered") == 0, abandoned = strcmp(m->name, "tAbandon") == 0;
    bool late = strcmp(m->name, "nOverSla") == 0;
    bool waited = answered || abandoned || strcmp(m->name, "tFlowOut") == 0;
    bool flowed_out = waited && !answered && !abandoned;
    bool is_short = strcmp(m->name, "tShortAbandon") == 0;
    int counts =
        answered + (abandoned && !(world.level & LEVEL_NO_ABANDONS)) +
        (flowed_out && (world.level & LEVEL_FLOW_OUTS)) -
        (is_short && (world.level & LEVEL_NO_SHORT_ABANDONS) && !(world.level & LEVEL_NO_ABANDONS));
    const char *also[] = {m->name, waited ? "tWait" : "",
                          counts != 0 || late ? "oServiceLevel" : "",
                          strcmp(m->name, "nOffered") == 0 ? "oServiceTarget" : ""};
    for (size_t i = 0; i < sizeof also / sizeof *also; i++) {
        struct sample *s = add(t, q, also[i], m->emit);
        if (s) {
            s->value = m->value;
            s->numerator = answered ? 1 : late ? -m->value : 0;
            s->denominator = counts;
            group_by(s, q, in, m->queue);
        }
    }
}

static void count_conversations(struct tally *t, const struct query *q)
{
    struct selection all = {0};
    struct conv *c = malloc(sizeof *c);
    corpus_overlapping(&all, q->from - WHEN_DAY, q->to, q->now);
    for (size_t i = 0; c && i < all.count; i++) {
        conv_build(c, all.entry[i]->day, all.entry[i]->index);
        for (int k = 0; k < c->metric_count; k++) {
            const struct metric *m = &c->metric[k];
            if (m->arrive <= q->now && m->vanish > q->now && world_queue_granted(m->queue)) {
                count_metric(t, q, &c->session[m->session], m);
            }
        }
    }
    free(c);
    selection_free(&all);
}

/* --- users --- */

static void count_status(struct tally *t, const struct query *q, const char *id, const char *metric,
                         const char *qualifier, const struct status *is)
{
    int64_t end = is->end < q->now ? is->end : q->now;
    int64_t at = is->start > q->from ? is->start : q->from;
    end = end < q->to ? end : q->to;
    while (at < end) {
        int64_t next = q->from + ((at - q->from) / q->step + 1) * q->step;
        struct sample *s = add(t, q, metric, at);
        next = next < end ? next : end;
        if (s) {
            snprintf(s->group[0], sizeof s->group[0], "%s", id);
            snprintf(s->qualifier, sizeof s->qualifier, "%s", qualifier);
            s->value = next - at;
        }
        at = next;
    }
}

static void count_user(struct tally *t, const struct query *q, int agent)
{
    char id[RNG_UUID_SIZE], organization[RNG_UUID_SIZE];
    rng_uuid(world_key(THING_USER, (uint64_t)agent), id);
    for (int kind = 0; kind < STATUS_KINDS; kind++) {
        struct statuses s = statuses_of(agent, (enum status_kind)kind, q->from, q->to, q->now);
        for (size_t i = 0; i < s.count; i++) {
            const struct status *is = &s.list[i];
            rng_uuid(is->organization, organization);
            if (kind == STATUS_ROUTING) {
                count_status(t, q, id, "tAgentRoutingStatus", is->name, is);
            } else {
                count_status(t, q, id, "tSystemPresence", is->name, is);
                count_status(t, q, id, "tOrganizationPresence", organization, is);
            }
        }
        free(s.list);
    }
}

/* The users that the filter names; false: there is no such filter, or it names too many. */
static bool count_users(struct tally *t, const struct query *q, yyjson_val *filter)
{
    yyjson_val *predicates = yyjson_obj_get(filter, "predicates"), *one;
    size_t i, n;
    bool good = yyjson_arr_size(predicates) > 0 && yyjson_arr_size(predicates) <= MAX_USERS &&
                yyjson_equals_str(yyjson_obj_get(filter, "type"), "or");
    yyjson_arr_foreach(predicates, i, n, one)
    {
        const char *id = yyjson_get_str(yyjson_obj_get(one, "value"));
        good = good && id && yyjson_equals_str(yyjson_obj_get(one, "dimension"), "userId");
        int agent = good ? world_find(THING_USER, world.agents, id) : -1;
        if (agent >= 0) {
            count_user(t, q, agent);
        }
    }
    return good;
}

/* --- answers --- */

static int by_group(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;
    int order = memcmp(x->group, y->group, sizeof x->group);
    order = order ? order : (x->bucket > y->bucket) - (x->bucket < y->bucket);
    order = order ? order : strcmp(x->metric, y->metric);
    return order ? order : strcmp(x->qualifier, y->qualifier);
}

/* One metric of samples that are alike but for their values. */
static void write_metric(struct jw *w, const struct sample *s, size_t n)
{
    bool is_level = strcmp(s->metric, "oServiceLevel") == 0;
    bool is_target = strcmp(s->metric, "oServiceTarget") == 0;
    int64_t sum = 0, min = s->value, max = s->value, numerator = 0, denominator = 0;
    for (size_t i = 0; i < n; i++) {
        sum += s[i].value;
        min = s[i].value < min ? s[i].value : min;
        max = s[i].value > max ? s[i].value : max;
        numerator += s[i].numerator;
        denominator += s[i].denominator;
    }
    JW(w, OBJECT(NULL), ID("metric", s->metric), IF(s->qualifier[0] != '\0'),
       ID("qualifier", s->qualifier), OBJECT("stats"));
    if (is_level) {
        JW(w, REAL("ratio", denominator ? (double)numerator / (double)denominator : 0),
           INT("numerator", numerator), INT("denominator", denominator), REAL("target", TARGET));
    } else if (is_target) {
        JW(w, REAL("target", TARGET));
    } else if (s->qualifier[0]) {
        JW(w, INT("sum", sum));
    } else if (s->metric[0] == 'n') {
        JW(w, INT("count", sum));
    } else {
        JW(w, INT("max", max), INT("min", min), INT("count", (int64_t)n), INT("sum", sum));
    }
    JW(w, END, END);
}

static void write_interval(struct jw *w, const struct query *q, int64_t bucket)
{
    char from[WHEN_SIZE], to[WHEN_SIZE], text[2 * WHEN_SIZE];
    int64_t end = q->from + (bucket + 1) * q->step;
    when_text(q->from + bucket * q->step, from);
    when_text(end < q->to ? end : q->to, to);
    snprintf(text, sizeof text, "%s/%s", from, to);
    JW(w, ID("interval", text));
}

static void open_group(struct jw *w, const struct query *q, const struct sample *s)
{
    JW(w, OBJECT(NULL), OBJECT("group"));
    for (int i = 0; i < DIMENSIONS; i++) {
        if (s->group[i][0]) {
            JW(w, ID(q->dimensions[i], s->group[i]));
        }
    }
    JW(w, END, ARRAY("data"));
}

/* Without anything there are no results at all. */
static void write_all(struct jw *w, const struct query *q, struct tally *t)
{
    const struct sample *before = NULL;
    if (t->count > 0) {
        qsort(t->list, t->count, sizeof *t->list, by_group);
        jw_array(w, "results");
    }
    for (size_t i = 0, n; i < t->count; i += n) {
        const struct sample *s = &t->list[i];
        bool regroups = !before || memcmp(before->group, s->group, sizeof s->group) != 0;
        for (n = 1; i + n < t->count && by_group(s, s + n) == 0; n++) {
        }
        if (before && (regroups || before->bucket != s->bucket)) {
            JW(w, END, END); /* metrics, entry */
        }
        if (regroups) {
            if (before) {
                JW(w, END, END); /* data, group */
            }
            open_group(w, q, s);
        }
        if (regroups || before->bucket != s->bucket) {
            jw_object(w, NULL);
            write_interval(w, q, s->bucket);
            jw_array(w, "metrics");
        }
        write_metric(w, s, n);
        before = s;
    }
    if (before) {
        JW(w, END, END, END, END, END);
    }
}

/* PT30M and the like; without one the whole interval. */
static bool read_step(yyjson_val *body, struct query *q)
{
    const char *text = yyjson_get_str(yyjson_obj_get(body, "granularity"));
    char *unit = NULL;
    long number = text && strncmp(text, "PT", 2) == 0 ? strtol(text + 2, &unit, 10) : 0;
    bool good = number > 0 && (strcmp(unit, "M") == 0 || strcmp(unit, "H") == 0);
    q->step = q->to - q->from;
    if (good) {
        q->step = number * (*unit == 'M' ? WHEN_MINUTE : WHEN_HOUR);
    }
    return good || !text;
}

/* Says what is wrong with a name, as the API does. */
static bool refuse(struct reply *reply, yyjson_val *name, const char *type)
{
    char text[256];
    snprintf(text, sizeof text, "Value [%.99s] is not valid for field type [%s].",
             yyjson_is_str(name) ? yyjson_get_str(name) : "", type);
    reply_error(reply, 400, "invalid.value", text);
    return false;
}

static bool read_names(yyjson_val *body, struct reply *reply, struct query *q, bool of_users)
{
    yyjson_val *one;
    size_t i, n;
    q->metrics = yyjson_obj_get(body, "metrics");
    yyjson_arr_foreach(q->metrics, i, n, one)
    {
        if (!yyjson_is_str(one) || !is_metric(of_users, yyjson_get_str(one))) {
            return refuse(reply, one, "AggregateMetric");
        }
    }
    yyjson_arr_foreach(yyjson_obj_get(body, "groupBy"), i, n, one)
    {
        bool found = false;
        for (int d = 0; d < DIMENSIONS; d++) {
            bool is = q->dimensions[d][0] && yyjson_equals_str(one, q->dimensions[d]);
            q->grouped[d] = q->grouped[d] || is;
            found = found || is;
        }
        if (!found) {
            return refuse(reply, one, "AggregateDimension");
        }
    }
    return true;
}

/* Answers a query of users or of conversations. */
void aggregates_query(const struct request *request, struct reply *reply)
{
    bool of_users = strstr(request->path, "/users/") != NULL;
    struct tally t = {0};
    struct query q = {.now = world_moment().now,
                      .dimensions = of_users ? user_dimensions : conversation_dimensions};
    yyjson_doc *doc = conversations_body(request, reply);
    yyjson_val *body = yyjson_doc_get_root(doc);
    const char *interval = yyjson_get_str(yyjson_obj_get(body, "interval"));
    if (!doc) {
        return;
    }
    if (!when_parse_interval(interval, &q.from, &q.to) || q.from >= q.to ||
        yyjson_arr_size(yyjson_obj_get(body, "metrics")) == 0 || !read_step(body, &q)) {
        reply_error(reply, 400, "bad.request", "interval, granularity or metrics are not right.");
    } else if (read_names(body, reply, &q, of_users)) {
        bool good = !of_users || count_users(&t, &q, yyjson_obj_get(body, "filter"));
        if (!of_users) {
            count_conversations(&t, &q);
        }
        if (good) {
            reply->body.faults = fault_document(request).jw_faults;
            jw_object(&reply->body, NULL);
            write_all(&reply->body, &q, &t);
            jw_end(&reply->body);
        } else {
            reply_error(reply, 400, "bad.request", "1 to 100 userId predicates are needed.");
        }
    }
    free(t.list);
    yyjson_doc_free(doc);
}
