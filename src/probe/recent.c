#include "probe/probe.h"

#include "base/limits.h"
#include "sql.h"

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

/* Asks for one page of what began between from_ms and to_ms, and loads it; *rows: how many. */
static bool read_page(struct search *s, int64_t to_ms, int64_t page_size, int64_t number,
                      int64_t *rows, struct err *e)
{
    char from[CLOCK_ISO_BYTES];
    char to[CLOCK_ISO_BYTES];
    ARENA_SCOPED struct arena *a = arena_new(0);
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
    ANSWER_SCOPED struct client_answer answer = {0};

    INVARIANT(pager_next(pager, a, &asked));
    if (!client_call(s->client, &asked.request, &answer)) {
        *e = answer.error;
        return false;
    }
    enum pager_taken taken = pager_answer(pager, 0, answer.document, &page, e);
    if (taken != PAGER_TAKEN && taken != PAGER_OVERFLOW) {
        return false;
    }
    struct walked_page *walked = page_walk(s->walker, answer.document, page.rows, &facts, e);
    answer.document = NULL;
    bool loaded =
        walked && db_begin(s->memory, e) && load_page(s->loader, walked, &origin, &counts, e);
    loaded = db_finish(s->memory, loaded, e);
    *rows = counts.rows_read;
    walked_free(walked);
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

/* Whose names are shown: where they are asked for by id; what reads them from a database, as an
 * answer has them, and what takes them over from there. */
static const struct list {
    const char *table;
    const char *path;
    const char *read;
    const char *write;
} lists[] = {
    {"queue", "/api/v2/routing/queues?pageSize=100", sql_recent_queues, sql_recent_add_queues},
    {"user", "/api/v2/users?state=any&pageSize=100", sql_recent_users, sql_recent_add_users},
};

/* Asks for those that are to be shown and not known. */
static bool ask_names(struct search *s, const struct list *l, struct err *e)
{
    struct rows q =
        db_ask(s->memory, e, sql_recent_unnamed, T(s->from_ms), I(s->wanted), S(l->table));
    ARENA_SCOPED struct arena *a = arena_new(0);
    BUF_SCOPED struct buf path = buf_of(SIZE_MAX);
    ANSWER_SCOPED struct client_answer answer = {0};
    int64_t unnamed = 0;

    buf_add_str(&path, l->path);
    for (; db_next(&q); unnamed++) {
        buf_add_str(&path, "&id=");
        str_url_encode(&path, db_text(&q, 0));
    }
    const struct client_request request = {
        .path = buf_str(&path), .label = "names", .want_document = true, .brief = true};
    bool done = db_end(&q);
    if (done && unnamed > 0) {
        done = client_call(s->client, &request, &answer);
        *e = answer.error;
        done = done &&
               db_do(s->memory, e, l->write, S(json_write(a, json_root(answer.document), NULL)));
    }
    return done;
}

/* Takes over the names that the database knows, and asks for others. Names are a help: one that
 * cannot be had only leaves the id. */
static void find_names(struct search *s, const char *path)
{
    struct err e;
    ARENA_SCOPED struct arena *a = arena_new(0);
    DB_SCOPED struct db *names = db_open(path, DB_READ, &e);
    const char *known;

    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const struct list *l = &lists[i];
        bool taken = !names || (db_texts(db_ask(names, &e, l->read, NONE), a, &known, 1) &&
                                db_do(s->memory, &e, l->write, S(known)));

        if (!taken || !ask_names(s, l, &e)) {
            LOG(LOG_INFO, "ids in place of names", LOG_S("because", e.message));
        }
    }
}

/* Names are the file's, so the client must be of its organization; nobody else is asked for. */
static bool is_own(struct client *client, const struct config *config, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct owner owner = {.config = config, .now_ms = clock_now_ms()};
    struct client_identity who = {.owner = true};

    if (!ledger_owner_of_file(&owner, a, e)) {
        return false;
    }
    if (!owner.due || (!owner.stored_id && !config->organization)) {
        return true;
    }
    bool done = client_identify(client, a, &who, e);
    owner.id = who.id;
    owner.name = who.name;
    return done && ledger_judge(&owner, e);
}

bool recent_show(const struct config *config, int64_t wanted, client_watcher *waits,
                 const struct rendering *to, size_t *found, struct err *e)
{
    const struct stream *stream = stream_recent();
    struct search s = {.stream = stream,
                       .memory = db_open_memory(true, e),
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
    s.client = s.loader ? client_new(config, waits, limit_get(LIMIT_PATIENCE_MS), e) : NULL;
    bool done = s.client && is_own(s.client, config, e);
    for (size_t i = 0; done && s.count < wanted && i < COUNT_OF(lookbacks); i++) {
        done = look_back(&s, lookbacks[i].ms, e);
        LOG(LOG_INFO, "looked back", LOG_S("over", lookbacks[i].name), LOG_N("found", s.count));
    }
    if (done) {
        find_names(&s, config->database_path);
        done = render_query(db_ask(s.memory, e, sql_recent_rows, T(s.from_ms), I(wanted)), to);
    }
    client_free(s.client);
    load_free(s.loader);
    page_walker_free(s.walker);
    db_close(s.memory);
    *found = (size_t)s.count;
    return done;
}
