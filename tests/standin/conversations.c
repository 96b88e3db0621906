/* The sync query of conversation details, and reading by id. */
#include "conversations.h"

#include "routes.h"
#include "when.h"
#include "world.h"

#include <string.h>

#define MAX_PAGE    100
#define MAX_RESULTS 100000
#define MAX_IDS     100

void conversations_write(struct jw *w, const struct selection *s, size_t from, size_t to,
                         struct view view, const struct fault_document *spoil)
{
    struct conv c;
    if (from >= to || spoil->no_conversations) {
        return;
    }
    jw_array(w, "conversations");
    for (size_t i = from; i < to; i++) {
        view.without_id = spoil->missing_id && i == (from + to) / 2;
        conv_build(&c, s->entry[i]->day, s->entry[i]->index);
        conv_json(w, NULL, &c, &view);
    }
    jw_end(w);
}

/* The state as of a moment, without attributes: what all but the jobs give. */
static struct view bare(int64_t as_of)
{
    return (struct view){.body = as_of, .attributes = CONV_NO_ATTRIBUTES};
}

yyjson_doc *conversations_body(const struct request *request, struct reply *reply)
{
    yyjson_doc *doc = NULL;
    if (!request->content_type || strncmp(request->content_type, "application/json", 16) != 0) {
        reply_error(reply, 415, "unsupported.media.type", "The body must be application/json.");
        return NULL;
    }
    doc = yyjson_read(request->body, request->body_length, 0);
    if (!doc || !yyjson_is_obj(yyjson_doc_get_root(doc))) {
        yyjson_doc_free(doc);
        reply_error(reply, 400, "bad.request",
                    "The request could not be understood: no JSON object.");
        return NULL;
    }
    return doc;
}

bool conversations_interval(yyjson_val *body, struct reply *reply, int64_t *from, int64_t *to)
{
    static const char *const absent[] = {
        "conversationFilters", "segmentFilters",    "evaluationFilters",
        "surveyFilters",       "resolutionFilters", "aggregations",
        "userFilters",         "presenceFilters",   "routingStatusFilters"};
    const char *interval = yyjson_get_str(yyjson_obj_get(body, "interval"));
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
        if (yyjson_arr_size(yyjson_obj_get(body, absent[i])) > 0) {
            reply_error(reply, 501, "not.implemented",
                        "The stand-in has no filters and no aggregations.");
            return false;
        }
    }
    if (!interval) {
        reply_error(reply, 400, "bad.request", "The interval is missing.");
    } else if (!when_parse_interval(interval, from, to)) {
        reply_error(reply, 400, "invalid.date", "The interval is not of the form start/end.");
    } else if (*to < *from) {
        reply_error(reply, 400, "bad.request", "The interval ends before it starts.");
    } else {
        return true;
    }
    return false;
}

bool conversations_order(yyjson_val *body, struct reply *reply, bool *descending)
{
    yyjson_val *order = yyjson_obj_get(body, "order"), *by = yyjson_obj_get(body, "orderBy");
    const char *text = order ? yyjson_get_str(order) : "asc";
    *descending = text && strcmp(text, "desc") == 0;
    if (!text || (!*descending && strcmp(text, "asc") != 0 && strcmp(text, "unordered") != 0)) {
        reply_error(reply, 400, "bad.request", "The order is none of asc, desc, unordered.");
        return false;
    }
    if (by && !yyjson_equals_str(by, "conversationStart")) {
        reply_error(reply, 501, "not.implemented",
                    "The stand-in orders by conversationStart alone.");
        return false;
    }
    return true;
}

/* Reads paging; the default page is the first 25. */
static bool read_paging(yyjson_val *body, struct reply *reply, int64_t *size, int64_t *number)
{
    yyjson_val *paging = yyjson_obj_get(body, "paging");
    yyjson_val *s = yyjson_obj_get(paging, "pageSize"), *n = yyjson_obj_get(paging, "pageNumber");
    *size = paging ? yyjson_get_sint(s) : 25;
    *number = paging ? yyjson_get_sint(n) : 1;
    if (paging && (!yyjson_is_int(s) || !yyjson_is_int(n) || *size < 1 || *number < 1)) {
        reply_error(reply, 400, "bad.request", "paging needs pageSize and pageNumber from 1 on.");
    } else if (*size > MAX_PAGE) {
        reply_error(reply, 400, "bad.request", "The pageSize may not exceed 100.");
    } else if (*size * *number > MAX_RESULTS) {
        reply_error(reply, 400, "bad.request", "Pagination may not exceed 100000 results.");
    } else {
        return true;
    }
    return false;
}

struct page {
    int64_t first_day, last_day;
    int64_t size, number;
    bool descending;
};

static bool read_query(yyjson_val *body, struct reply *reply, struct page *p)
{
    int64_t from, to;
    if (!conversations_interval(body, reply, &from, &to) ||
        !conversations_order(body, reply, &p->descending) ||
        !read_paging(body, reply, &p->size, &p->number)) {
        return false;
    }
    if (to - from > 7 * WHEN_DAY) {
        reply_error(
            reply, 400, "bad.request",
            "You must specify a search interval as part of your query that does not exceed 7 days");
        return false;
    }
    p->first_day = when_day(from);
    p->last_day = when_day(to > from ? to - 1 : to);
    return true;
}

/* Leaves the first row out: what a row that comes or goes does to the pages after it. */
static void hide_first(struct selection *s)
{
    if (s->count > 0) {
        memmove(s->entry, s->entry + 1, --s->count * sizeof *s->entry);
    }
}

static void write_page(const struct request *request, struct reply *reply, const struct page *p,
                       const struct fault_document *spoil)
{
    struct selection s = {0};
    struct jw *w = &reply->body;
    int64_t now = world_moment().now;
    corpus_started(&s, p->first_day, p->last_day, now);
    if (fault_strikes("row-hidden", request)) {
        hide_first(&s);
    }
    if (p->descending) {
        selection_reverse(&s);
    }
    size_t from = (size_t)(p->size * (p->number - 1)), to = from + (size_t)p->size;
    to = to < s.count ? to : s.count;
    int64_t hits = (int64_t)s.count + (s.count ? world.hits_bias : 0);
    w->faults = spoil->jw_faults;
    jw_object(w, NULL);
    conversations_write(w, &s, from, to, bare(now), spoil);
    JW(w, COUNT("totalHits", hits > 0 ? hits : 0), END);
    selection_free(&s);
}

void conversations_query(const struct request *request, struct reply *reply)
{
    struct page page;
    yyjson_doc *doc = conversations_body(request, reply);
    if (doc && read_query(yyjson_doc_get_root(doc), reply, &page)) {
        struct fault_document spoil = fault_document(request);
        bool ready = request->accepts_gzip && !request->rendered_only && !spoil.any &&
                     page.first_day == page.last_day && page.size == PRERENDER_PAGE_SIZE &&
                     !page.descending;
        if (!ready ||
            !prerender_find(page.first_day, page.number, &reply->ready, &reply->ready_length)) {
            page.number = fault_page(request, page.number);
            write_page(request, reply, &page, &spoil);
        }
    }
    yyjson_doc_free(doc);
}

/* The entry of an id, as of now; NULL if there is no such conversation yet. */
static const struct entry *entry_of(const char *id, int64_t now)
{
    int64_t day;
    uint32_t index;
    size_t count;
    if (!conv_find(id, &day, &index)) {
        return NULL;
    }
    const struct entry *list = corpus_day(day, &count);
    for (size_t i = 0; i < count; i++) {
        if (list[i].index == index) {
            return list[i].arrive <= now && corpus_granted(&list[i]) ? &list[i] : NULL;
        }
    }
    return NULL;
}

void conversations_by_ids(const struct request *request, struct reply *reply)
{
    char id[64];
    const struct entry *found[MAX_IDS];
    struct selection s = {.entry = found};
    int64_t now = world_moment().now;
    for (int n = 0; query_value(request->query, "id", n, id, sizeof id); n++) {
        if (n == MAX_IDS) {
            reply_error(reply, 400, "bad.request", "No more than 100 ids.");
            return;
        }
        const struct entry *e = entry_of(id, now);
        if (e) {
            found[s.count++] = e;
        }
    }
    struct fault_document spoil = fault_document(request);
    reply->body.faults = spoil.jw_faults;
    jw_object(&reply->body, NULL);
    conversations_write(&reply->body, &s, 0, s.count, bare(now), &spoil);
    jw_end(&reply->body);
}
