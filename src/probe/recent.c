#include "probe/probe.h"

#include "api/client.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "etl/ledger.h"
#include "etl/load.h"
#include "sql.h"
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

struct search {
    const struct stream *stream;
    struct client *client;
    struct db *memory;
    struct page_walker *walker;
    struct loader *loader;
    int64_t wanted;
    int64_t from_ms; /* where the lookback begins */
    int64_t count;   /* loaded conversations that began since then */
    int64_t older;   /* and before */
};

/* Asks for one page of what began between from_ms and to_ms, and loads it; *rows: how many there
 * were. */
static bool read_page(struct search *s, int64_t to_ms, int64_t page_size, int64_t number,
                      int64_t *rows, struct err *e)
{
    char from[CLOCK_ISO_BYTES];
    char to[CLOCK_ISO_BYTES];
    struct arena *a = arena_new(0);
    struct pager_spec spec = {
        .steps = s->stream->recent,
        .label = "recent conversations",
        .start = clock_format(s->from_ms, from),
        .end = clock_format(to_ms, to),
        .at = {.page = number, .page_size = (int)page_size},
    };
    struct pager *pager = pager_new(a, &spec);
    struct pager_request asked;
    struct pager_page page;
    struct walk_facts facts = {.start_ms = TIME_NONE, .end_ms = TIME_NONE};
    struct load_page origin = {.stream = s->stream->name, .plan = "recent"};
    struct load_counts counts = {0};
    struct walked_page *walked = NULL;
    struct client_answer answer;

    INVARIANT(pager_next(pager, a, &asked));
    struct client_request request = {.method = asked.method,
                                     .path = asked.path,
                                     .body = asked.body,
                                     .label = asked.label,
                                     .want_document = true};
    enum pager_taken taken = PAGER_FAILED;
    if (client_call(s->client, &request, &answer)) {
        taken = pager_answer(pager, 0, answer.document, &page, e);
    } else {
        *e = answer.error;
    }
    if (taken == PAGER_TAKEN || taken == PAGER_OVERFLOW) {
        walked = page_walk(s->walker, answer.document, page.rows, &facts, e);
        answer.document = NULL;
    }
    bool loaded = walked && db_begin(s->memory, e) &&
                  load_page(s->loader, walked, &origin, &counts, e) && db_commit(s->memory, e);
    db_rollback(s->memory);
    *rows = counts.rows_read;
    walked_free(walked);
    client_answer_free(&answer);
    arena_free(a);
    return loaded;
}

/* Counts what began within the lookback, and what before. */
static bool count_found(struct search *s, struct err *e)
{
    struct rows q = db_ask(s->memory, e, sql_recent_found, T(s->from_ms));

    if (db_next(&q)) {
        s->count = db_int(&q, 0);
        s->older = db_int(&q, 1);
        if (db_int(&q, 2) > 0) {
            q.ok = err_set(e, ERR_CONTRACT,
                           "the answer holds a conversation without its conversationId or "
                           "conversationStart");
        }
    }
    return db_end(&q);
}

/* Reads pages until enough began within the lookback or a page went past its start: the query gives
 * whole UTC days, newest first. */
static bool look_back(struct search *s, int64_t ms, struct err *e)
{
    int64_t page_size = s->wanted > PAGE_LEAST ? s->wanted : PAGE_LEAST;
    int64_t last = limit_get(LIMIT_QUERY_ROWS) / page_size;
    int64_t to_ms = clock_now_ms();
    bool more = true;

    s->from_ms = to_ms - ms;
    if (!count_found(s, e)) {
        return false;
    }
    int64_t older = s->older;
    for (int64_t number = 1; more && number <= last; number++) {
        int64_t rows = 0;

        if (!read_page(s, to_ms, page_size, number, &rows, e) || !count_found(s, e)) {
            return false;
        }
        more = rows > 0 && s->count < s->wanted && s->older == older;
    }
    return true;
}

/* Takes over the names of queues and agents that the database knows. They are a help: one that is
 * not there, or cannot be read, only leaves the ids. */
static void take_names(struct db *memory, const char *path)
{
    static const struct {
        const char *read;
        const char *write;
    } lists[] = {
        {"SELECT queue_id, name FROM queue", "INSERT INTO queue (queue_id, name) VALUES (?1, ?2)"},
        {"SELECT user_id, name FROM user", "INSERT INTO user (user_id, name) VALUES (?1, ?2)"},
    };
    struct err e;
    struct db *names = db_open(path, DB_READ, &e);
    bool done = names && db_begin(memory, &e);

    for (size_t i = 0; done && i < COUNT_OF(lists); i++) {
        struct rows q = db_ask(names, &e, lists[i].read, NONE);

        while (db_next(&q)) {
            q.ok = db_do(memory, &e, lists[i].write, S(db_text(&q, 0)), S(db_text(&q, 1)));
        }
        done = db_end(&q);
    }
    if (!done || !db_commit(memory, &e)) {
        LOG(LOG_INFO, "ids in place of names", LOG_S("because", e.message));
    }
    db_rollback(memory);
    db_close(names);
}

/* Names are the file's, so the client must be of its organization; nobody else is asked for. */
static bool is_own(struct client *client, const struct config *config, struct err *e)
{
    struct arena *a = arena_new(0);
    struct owner owner = {.config = config, .now_ms = clock_now_ms()};
    bool done = ledger_owner_of_file(&owner, a, e);

    if (done && owner.due && (owner.stored_id || config->organization)) {
        done = client_organization(client, a, &owner.id, &owner.name, e) && ledger_judge(&owner, e);
    }
    arena_free(a);
    return done;
}

bool recent_show(const struct config *config, int64_t wanted, const struct client_watcher *waits,
                 const struct rendering *to, size_t *found, struct err *e)
{
    const struct stream *stream = stream_recent();
    struct search s = {.stream = stream,
                       .memory = db_open_memory(e),
                       .walker = page_walker_new(stream->trees),
                       .wanted = wanted};
    int64_t now_ms = clock_now_ms();
    struct redated none = {.now_ms = now_ms};

    INVARIANT(wanted > 0 && wanted <= RECENT_MOST);
    /* Local times are those of the business zone. */
    if (s.memory &&
        ledger_zone(s.memory, config->timezone, now_ms - 8 * MS_PER_DAY, now_ms, &none, e)) {
        s.loader = load_new(s.memory, stream->trees, LOAD_ENTITY, NULL, e);
    }
    s.client = s.loader ? client_new(config, e) : NULL;
    bool done = s.client != NULL;
    if (done) {
        client_attend(s.client, waits, limit_get(LIMIT_PATIENCE_MS));
        done = is_own(s.client, config, e);
    }
    for (size_t i = 0; done && s.count < wanted && i < COUNT_OF(lookbacks); i++) {
        done = look_back(&s, lookbacks[i].ms, e);
        LOG(LOG_INFO, "looked back", LOG_S("over", lookbacks[i].name), LOG_N("found", s.count));
    }
    client_free(s.client);
    load_free(s.loader);
    page_walker_free(s.walker);
    if (done) {
        take_names(s.memory, config->database_path);
        done = render_query(s.memory, e,
                            to->format == RENDER_TABLE ? sql_recent_table : sql_recent_rows,
                            DB_VALUES(T(s.from_ms), I(wanted)), to);
    }
    db_close(s.memory);
    *found = (size_t)s.count;
    return done;
}
