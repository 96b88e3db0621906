/*
 * Replay: the answers that are kept are loaded once more, without any request, so that columns that
 * came since are filled. It holds the locks of all streams, and all is one transaction: a kill
 * leaves what was.
 *
 * Answers go in the order in which they came, by the one loader, and what is stored ends as it was,
 * but for what the maps say otherwise now: logs of changes, marks of what is gone and the runs of
 * rows stay. Of LOAD_ENTITY every kept answer goes; a row whose last answer is lost stays as it is
 * rather than becoming what it was before. Of LOAD_WINDOW and LOAD_INTERVALS a window's last
 * reading goes that changed anything, if it is kept whole and no other is under way. LOAD_OBSERVE
 * cannot be repeated, since polls that saw nothing new are not kept, and they count: what a state
 * lacks is filled, and nothing else is touched.
 */
#include "base/stop.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "etl/raw.h"
#include "sql.h"
#include "streams/loaders.h"

/* Rows take four times what their answers do, and twice that while the transaction lasts. */
enum { ROOM_OF_BYTES = 8 };

/* Columns of replay_each. */
enum { REPLAY_COLUMNS };

struct replaying {
    struct cmd_context *ctx;
    struct db *db;
    const char *from; /* days, both included; NULL: all. Lists have none, and stay then */
    const char *to;
    struct progress_watcher watcher;
    struct loaders loaders;
    int64_t pages;
    struct load_counts rows;
    const char *unreadable; /* numbers of raw pages; NULL: none */
    const char *left;       /* what stays as it is: a line a stream */

    /* of the stream */
    const struct stream *stream;
    struct page_walker *walkers[PASSES_MAX]; /* of a pass; NULL: not needed yet */
    struct progress progress;

    /* of the reading at hand, or of the page */
    struct arena *arena;
    int64_t reading_id;
    const struct pass *pass; /* NULL: of none that there is */
    struct load_page page;
};

/* --- a page ---------------------------------------------------------------------------------- */

/* What the page at hand, and its reading, are of. */
static void describe(struct replaying *r, const struct rows *q)
{
    const struct stream *s = r->stream;
    const char *zone = db_kept(q, TIME_ZONE, r->arena);

    r->pass = stream_pass(s, db_text(q, PLAN));
    r->page = (struct load_page){
        .window_id = db_int(q, WINDOW_ID),
        .facts = {.start_ms = db_time(q, WINDOW_START),
                  .end_ms = db_time(q, WINDOW_END),
                  .zone = zone ? zone : r->ctx->config.timezone,
                  .day = db_kept(q, DAY, r->arena),
                  .scope = db_kept(q, SCOPE, r->arena),
                  .parent = db_kept(q, PARENT, r->arena),
                  .unwanted = (size_t)db_int(q, UNWANTED)},
        .until_ms = db_time(q, READ_TO),
        .stream = s->name,
        .plan = r->pass ? r->pass->plan.name : NULL,
        .brings_attributes = r->pass && r->pass->attributes,
        .run_id = db_int(q, RUN_ID),
        .received_ms = db_time(q, RECEIVED_AT),
        .replays = true,
        .lost_run_id = db_int(q, LOST_RUN_ID),
    };
}

/* Its rows; NULL: it cannot be read any more. */
static struct walked_page *open_page(struct replaying *r, const struct rows *q, struct err *e)
{
    size_t length;
    const void *bytes = db_bytes(q, BYTES, &length);

    if (!r->pass) {
        err_set(e, ERR_CONTRACT, "no such pass any more");
        return NULL;
    }
    struct json_doc *doc = raw_parse(bytes, length, db_text(q, ENCODING), e);
    if (!doc) {
        return NULL;
    }
    struct json rows = step_find_rows(r->pass->steps, json_root(doc));
    struct page_walker **walker = &r->walkers[r->pass - r->stream->passes];
    if (!*walker) {
        *walker = page_walker_new(stream_trees(r->stream, r->pass));
    }
    return page_walk(*walker, doc, rows, &r->page.facts, e);
}

/* --- a stream -------------------------------------------------------------------------------- */

/* Its windows, and which of them are asked for. */
static bool find_windows(struct replaying *r, struct err *e)
{
    struct rows q = db_ask(r->db, e, sql_replay_windows, S(r->stream->name));

    while (db_next(&q)) {
        const char *day = stream_day(r->stream, db_time(&q, 1), db_kept(&q, 2, r->arena), r->arena);
        q.ok = db_do(r->db, e, sql_replay_window_add, I(db_int(&q, 0)), S(day), S(r->from),
                     S(r->to), I(stream_has_days(r->stream))) &&
               q.ok;
    }
    return db_end(&q);
}

/* Lists what goes, less what cannot be read. */
static bool find_pages(struct replaying *r, struct err *e)
{
    struct err why;

    if (!db_do(r->db, e,
               stream_is_by_reading(r->stream) ? sql_replay_list_readings : sql_replay_list_pages,
               NONE)) {
        return false;
    }
    struct rows q = db_ask(r->db, e, sql_replay_each, NONE);
    while (q.ok && !stop_requested() && db_next(&q)) {
        arena_reset(r->arena);
        describe(r, &q);
        struct walked_page *rows = db_text(&q, ENCODING) ? open_page(r, &q, &why) : NULL;
        q.ok = rows || !db_text(&q, ENCODING) ||
               db_do(r->db, e, sql_replay_lose, I(db_int(&q, PAGE_ID)));
        walked_free(rows);
    }
    return db_end(&q) && db_do(r->db, e, sql_replay_leave, NONE);
}

/* The reading at hand is whole. */
static bool end_reading(struct replaying *r, struct err *e)
{
    struct load_counts counts = {0};
    struct loader *loader =
        r->reading_id != 0 ? loaders_get(&r->loaders, r->stream, r->pass, e) : NULL;
    bool done = r->reading_id == 0 || (loader && load_end(loader, &r->page, &counts, e));

    r->rows.rows_changed += counts.rows_changed;
    r->reading_id = 0;
    return done;
}

/* A page, or the beginning of a reading that had none. */
static bool load_one(struct replaying *r, const struct rows *q, struct err *e)
{
    int64_t reading_id = db_int(q, READING_ID);
    struct load_counts counts = {0};
    bool begins = reading_id != 0 && reading_id != r->reading_id;

    if (reading_id != r->reading_id && !end_reading(r, e)) {
        return false;
    }
    if (begins || reading_id == 0) {
        arena_reset(r->arena);
    }
    describe(r, q);
    r->reading_id = r->pass ? reading_id : 0;
    if (!r->pass) {
        return true;
    }
    struct loader *loader = loaders_get(&r->loaders, r->stream, r->pass, e);
    if (!loader || (begins && !load_begin(loader, r->page.window_id, e))) {
        return false;
    }
    if (!db_text(q, ENCODING)) {
        return true;
    }
    struct walked_page *rows = open_page(r, q, e);
    bool done = rows && load_page(loader, rows, &r->page, &counts, e);
    walked_free(rows);
    r->pages++;
    load_counts_add(&r->rows, &counts);
    r->progress.pages++;
    r->progress.rows += counts.rows_read;
    r->progress.windows_done++;
    progress_tell(&r->progress, &r->watcher);
    return done;
}

/* New rows are of the runs that read them. */
static bool name_runs(struct replaying *r, struct err *e)
{
    bool any = r->rows.rows_new > 0 && r->stream->load != LOAD_OBSERVE; /* which makes none */
    bool done = true;

    for (size_t p = 0; done && any && p < r->stream->pass_count; p++) {
        for (const struct tree_map *const *t = stream_trees(r->stream, &r->stream->passes[p]);
             done && *t; t++) {
            done = db_exec(r->db,
                           arena_printf(r->arena,
                                        "UPDATE \"%s\" SET row_changed_run_id = "
                                        "-row_changed_run_id WHERE row_changed_run_id < 0",
                                        (*t)->root->table),
                           e);
        }
    }
    return done;
}

/* Keeps what of it stays as it is. */
static bool note_left(struct replaying *r, struct err *e)
{
    struct arena *a = r->ctx->arena;
    const char *days;
    const char *lost;

    if (!db_texts(db_ask(r->db, e, sql_replay_left, I(r->stream->load)), a, &days, 1) ||
        !db_texts(db_ask(r->db, e, sql_replay_unreadable, NONE), a, &lost, 1)) {
        return false;
    }
    if (lost) {
        r->unreadable = r->unreadable ? arena_printf(a, "%s, %s", r->unreadable, lost) : lost;
    }
    if (days) {
        r->left = arena_printf(a, "%sleft as it is: %s%s%s\n", r->left, r->stream->name,
                               *days ? " " : "", days);
    }
    return true;
}

static bool load_stream(struct replaying *r, struct err *e)
{
    int64_t pages = 0;

    r->progress = (struct progress){.stream = r->stream->name, .began_ms = clock_monotonic_ms()};
    if (!db_exec(r->db, sql_replay_clear, e) || !find_windows(r, e) || !find_pages(r, e) ||
        !db_number(db_ask(r->db, e, "SELECT count(*) FROM temp.replay_page", NONE), &pages)) {
        return false;
    }
    progress_phase(&r->progress, (size_t)pages);
    /* Loaders and figures make tables, which would end a statement that is read. */
    if (!db_exec(r->db, sql_figures_temporary, e)) {
        return false;
    }
    for (size_t p = 0; pages > 0 && p < r->stream->pass_count; p++) {
        if (!loaders_get(&r->loaders, r->stream, &r->stream->passes[p], e)) {
            return false;
        }
    }
    struct rows q = db_ask(r->db, e, sql_replay_each, NONE);
    while (q.ok && !stop_requested() && db_next(&q)) {
        q.ok = load_one(r, &q, e);
    }
    bool done = db_end(&q) && end_reading(r, e) && name_runs(r, e);
    r->progress.ended = pages > 0;
    r->progress.whole = done;
    if (pages > 0) {
        progress_tell(&r->progress, &r->watcher);
    }
    return done && (!stop_requested() ||
                    err_set(e, ERR_STOPPED, "stopped by a signal; nothing was changed"));
}

static bool replay_stream(struct replaying *r, const struct stream *s, struct err *e)
{
    struct err ignored;

    r->stream = s;
    r->arena = arena_new(0);
    bool done = load_stream(r, e) && note_left(r, e);
    (void)loaders_close(&r->loaders, s, false, &ignored);
    for (size_t p = 0; p < PASSES_MAX; p++) {
        page_walker_free(r->walkers[p]);
        r->walkers[p] = NULL;
    }
    arena_free(r->arena);
    return done;
}

static bool replay(struct replaying *r, const struct stream *const *streams, size_t count,
                   struct err *e)
{
    int64_t bytes = 0;
    bool done = db_exec(r->db, sql_replay_temporary, e);

    for (size_t i = 0; done && i < count; i++) {
        int64_t of_stream;

        done = db_number(db_ask(r->db, e, sql_replay_bytes, S(streams[i]->name)), &of_stream);
        bytes += of_stream;
    }
    done = done && db_has_room(r->db, ROOM_OF_BYTES * bytes, "replaying", e);
    for (size_t i = 0; done && i < count; i++) {
        done = replay_stream(r, streams[i], e);
    }
    return done && db_exec(r->db, sql_replay_keep, e) && db_do(r->db, e, sql_figures_keep, I(0));
}

/* What became of it, and whether that is all that was asked for: without days and streams that is
 * what is kept. */
static bool tell(const struct replaying *r, struct err *e)
{
    bool asked = r->from || r->to || r->ctx->stream_count > 0;

    if (r->ctx->verbosity >= 0) {
        printf("%sreplayed %lld answers: %lld entities, %lld new, %lld changed\n", r->left,
               (long long)r->pages, (long long)r->rows.rows_read, (long long)r->rows.rows_new,
               (long long)r->rows.rows_changed);
    }
    if (r->unreadable) {
        return err_set(e, ERR_PARTIAL, "answers that cannot be read any more (raw_page_id): %s",
                       r->unreadable);
    }
    return !asked || !*r->left || err_set(e, ERR_PARTIAL, "not all that was asked for is kept");
}

bool cmd_replay(struct cmd_context *ctx, struct err *e)
{
    struct replaying r = {
        .ctx = ctx, .from = ctx->option[OPT_FROM], .to = ctx->option[OPT_TO], .left = ""};
    struct progress_line line;
    const struct stream *const *streams;
    size_t count;

    if (!cmd_setup(ctx, false, e) || !cmd_streams(ctx, &streams, &count, e)) {
        return false;
    }
    r.watcher = progress_watch(&line, NULL, 0, ctx->verbosity < 0);
    cmd_warn_root(ctx);
    struct lock_file *locks = cmd_open_alone(ctx, e);
    r.db = r.loaders.db = ctx->db;
    bool done = locks && db_begin(r.db, e) && replay(&r, streams, count, e);
    done = locks && db_finish(r.db, done, e);
    log_status(NULL);
    lock_close(locks);
    return done && tell(&r, e);
}
