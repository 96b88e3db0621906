#include "run/recent.h"

#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/str.h"
#include "streams/stream.h"

/* Rows a page: some more than few are wanted, since rows move while it is read. */
enum { PAGE_LEAST = 25 };

/* How far back it is looked, one after the other. The API takes no more than a week at once. */
static const struct {
    int64_t ms;
    const char *name;
} lookbacks[] = {
    {MS_PER_HOUR, "an hour"},
    {MS_PER_DAY, "a day"},
    {7 * MS_PER_DAY, "a week"},
};

/* One lookback. */
struct search {
    struct client *client;
    struct arena *arena;
    const char *path;
    size_t page_size;
    int64_t from_ms;
    int64_t to_ms;
    struct recent_row *rows;
    size_t count;
    size_t capacity;
};

/* --- a conversation to its row --------------------------------------------------------------- */

static bool is_one_of(const char *word, const char *one, const char *other)
{
    return str_eq(word, one) || str_eq(word, other);
}

/* What is looked for in a conversation's segments: the latest of each. */
struct latest {
    const char *queue_id;
    const char *queue_at;
    const char *agent_id;
    const char *agent_at;
};

/* True when `at` is not before `best` (ISO texts of one form); absent times come first. */
static bool is_later(const char *at, const char *best)
{
    return !best || (at && strcmp(at, best) >= 0);
}

static void take_segments(struct json session, const char *agent_id, struct latest *l)
{
    struct json_iter it = json_iter(json_get(session, "segments"));
    struct json key;
    struct json segment;

    while (json_next(&it, &key, &segment)) {
        const char *queue_id = json_str(json_get(segment, "queueId"));
        const char *at = json_str(json_get(segment, "segmentStart"));

        if (queue_id && is_later(at, l->queue_at)) {
            l->queue_id = queue_id;
            l->queue_at = at;
        }
        if (agent_id && str_eq(json_str(json_get(segment, "segmentType")), "interact") &&
            is_later(at, l->agent_at)) {
            l->agent_id = agent_id;
            l->agent_at = at;
        }
    }
}

static void add_handle(struct json session, int64_t *handle_ms)
{
    struct json_iter it = json_iter(json_get(session, "metrics"));
    struct json key;
    struct json metric;
    int64_t value = 0;

    while (json_next(&it, &key, &metric)) {
        if (str_eq(json_str(json_get(metric, "name")), "tHandle") &&
            json_int(json_get(metric, "value"), &value)) {
            *handle_ms = (*handle_ms < 0 ? 0 : *handle_ms) + value;
        }
    }
}

static void take_participant(struct json participant, struct recent_row *r, struct latest *l)
{
    bool is_agent = is_one_of(json_str(json_get(participant, "purpose")), "agent", "user");
    const char *agent_id = is_agent ? json_str(json_get(participant, "userId")) : NULL;
    struct json_iter it = json_iter(json_get(participant, "sessions"));
    struct json key;
    struct json session;

    while (json_next(&it, &key, &session)) {
        if (!r->media_type) {
            r->media_type = json_str(json_get(session, "mediaType"));
        }
        take_segments(session, agent_id, l);
        add_handle(session, &r->handle_ms);
    }
}

static const char *kept(struct arena *a, const char *text)
{
    return text ? arena_strdup(a, text) : NULL;
}

/* False with ERR_CONTRACT when the conversation has no id or no start. */
static bool read_row(struct json conversation, struct arena *a, struct recent_row *r, struct err *e)
{
    const char *id = json_str(json_get(conversation, "conversationId"));
    const char *start = json_str(json_get(conversation, "conversationStart"));
    struct json_iter it = json_iter(json_get(conversation, "participants"));
    struct latest l = {NULL, NULL, NULL, NULL};
    struct json key;
    struct json participant;

    *r = (struct recent_row){.handle_ms = -1};
    if (!id || !start || !clock_parse(start, true, &r->start_ms)) {
        return err_set(e, ERR_CONTRACT,
                       "the answer holds a conversation without its conversationId or "
                       "conversationStart");
    }
    while (json_next(&it, &key, &participant)) {
        take_participant(participant, r, &l);
    }
    r->conversation_id = arena_strdup(a, id);
    r->media_type = kept(a, r->media_type);
    r->direction = kept(a, json_str(json_get(conversation, "originatingDirection")));
    r->queue_id = kept(a, l.queue_id);
    r->agent_id = kept(a, l.agent_id);
    return true;
}

/* --- a lookback ------------------------------------------------------------------------------ */

static bool is_known(const struct search *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (str_eq(s->rows[i].conversation_id, id)) {
            return true;
        }
    }
    return false;
}

/* Takes a page's conversations that began within the lookback: the query gives whole UTC days. Rows
 * move from page to page while new ones come, so one may come twice. */
static bool take_page(struct search *s, struct json conversations, bool *passed, struct err *e)
{
    struct json_iter it = json_iter(conversations);
    struct json key;
    struct json conversation;

    while (json_next(&it, &key, &conversation)) {
        struct recent_row row;

        if (!read_row(conversation, s->arena, &row, e)) {
            return false;
        }
        if (row.start_ms < s->from_ms) {
            *passed = true;
        } else if (s->count < s->capacity && !is_known(s, row.conversation_id)) {
            s->rows[s->count++] = row;
        }
    }
    return true;
}

static bool ask_page(struct search *s, int64_t number, struct client_answer *answer, struct err *e)
{
    char from[CLOCK_ISO_BYTES];
    char to[CLOCK_ISO_BYTES];
    struct client_request request = {
        .method = HTTP_POST,
        .path = s->path,
        .body = arena_printf(s->arena,
                             "{\"interval\":\"%s/%s\",\"order\":\"desc\","
                             "\"orderBy\":\"conversationStart\","
                             "\"paging\":{\"pageSize\":%zu,\"pageNumber\":%lld}}",
                             clock_format(s->from_ms, from), clock_format(s->to_ms, to),
                             s->page_size, (long long)number),
        .label = arena_printf(s->arena, "recent conversations, page %lld", (long long)number),
        .want_document = true,
    };

    if (client_call(s->client, &request, answer)) {
        return true;
    }
    *e = answer->error;
    client_answer_free(answer);
    return false;
}

/* Fills s->rows with what began within the lookback, as far as there is room. */
static bool search(struct search *s, size_t wanted, struct err *e)
{
    bool passed = false;
    bool more = true;
    int64_t last = limit_get(LIMIT_QUERY_ROWS) / (int64_t)s->page_size;

    s->count = 0;
    for (int64_t number = 1; s->count < wanted && !passed && more && number <= last; number++) {
        struct client_answer answer;

        if (!ask_page(s, number, &answer, e)) {
            return false;
        }
        struct json conversations = json_get(json_root(answer.document), "conversations");
        more = json_count(conversations) > 0;
        bool taken = take_page(s, conversations, &passed, e);
        client_answer_free(&answer);
        if (!taken) {
            return false;
        }
    }
    return true;
}

static int newest_first(const void *one, const void *other)
{
    const struct recent_row *a = one;
    const struct recent_row *b = other;

    if (a->start_ms != b->start_ms) {
        return a->start_ms < b->start_ms ? 1 : -1;
    }
    return strcmp(a->conversation_id, b->conversation_id);
}

bool recent_fetch(const struct config *config, size_t wanted, struct arena *a,
                  struct recent_row **rows, size_t *count, struct err *e)
{
    const struct stream *stream = stream_find("conversations");
    struct search s = {
        .arena = a,
        .path = stream_plan(stream, ROLE_QUERY, NULL)->path,
        .page_size = wanted > PAGE_LEAST ? wanted : PAGE_LEAST,
    };
    bool done = true;

    INVARIANT(wanted > 0 && wanted <= RECENT_MOST);
    s.client = client_new(config, e);
    if (!s.client) {
        return false;
    }
    s.capacity = wanted + s.page_size;
    s.rows = arena_array(a, s.capacity, sizeof(*s.rows));
    for (size_t i = 0; done && s.count < wanted && i < COUNT_OF(lookbacks); i++) {
        s.to_ms = clock_now_ms();
        s.from_ms = s.to_ms - lookbacks[i].ms;
        done = search(&s, wanted, e);
        LOG(LOG_INFO, "looked back", LOG_S("over", lookbacks[i].name), LOG_N("found", s.count));
    }
    client_free(s.client);
    qsort(s.rows, s.count, sizeof(*s.rows), newest_first);
    *rows = s.rows;
    *count = s.count < wanted ? s.count : wanted;
    return done;
}
