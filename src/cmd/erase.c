/*
 * Erasing a person's data from the file: from the columns that the schema marks, and from the
 * answers that are kept. Rows, times, queues and figures stay.
 *
 * All is one transaction: a kill leaves what was, or what is to be; until the file has been freed
 * of what was removed (clean), its rows of `erased` say that it was not.
 */
#include "etl/erase.h"

#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "etl/raw.h"
#include "io/embedded.h"
#include "sql.h"
#include "streams/figures.h"

struct erasing {
    struct cmd_context *ctx;
    struct db *db; /* with temp.dictionary */
    enum erased_kind kind;
    const char *text;
    struct erasures all;
    struct db_function is_erased; /* asks it */
};

/* The one person that is named. */
static bool take_person(struct erasing *r, struct err *e)
{
    static const struct {
        enum cmd_option option;
        enum erased_kind kind;
    } ways[] = {{OPT_EXTERNAL_CONTACT, ERASED_CONTACT},
                {OPT_ADDRESS, ERASED_ADDRESS},
                {OPT_PARTICIPANT, ERASED_PARTICIPANT}};
    const struct cmd_context *ctx = r->ctx;
    size_t named = 0;

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        if (ctx->option[ways[i].option]) {
            r->kind = ways[i].kind;
            r->text = ctx->option[ways[i].option];
            named++;
        }
    }
    if (named != 1) {
        return cmd_usage(ctx, e, "name one of --external-contact, --address, --participant");
    }
    return ctx->option[OPT_YES] || isatty(STDIN_FILENO) ||
           cmd_usage(ctx, e, "nobody can be asked here: --yes does it unasked");
}

/* --- the person ------------------------------------------------------------------------------ */

static int64_t find_erased(void *user, const char *text, size_t length)
{
    const struct erased *found = erasures_find(user, text, length, ERASED_TEXTS);

    return found ? (int64_t)found->kind : 0;
}

/* Adds what a query lists to what is erased. */
static bool add_all(struct erasing *r, enum erased_kind kind, const char *sql, struct err *e)
{
    const char **texts;
    size_t count;
    bool done = db_list(db_ask(r->db, e, sql, NONE), r->ctx->arena, &texts, &count);

    for (size_t i = 0; done && i < count; i++) {
        done = erasures_add(r->db, &r->all, kind, texts[i], e);
    }
    return done;
}

/* One kept answer; what cannot be read of it, or is of a stream that is no more, goes whole. */
static bool scrub_page(const struct erasing *r, const struct rows *q, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const struct stream *s = stream_find(db_text(q, 1));
    const struct pass *pass = s ? stream_pass(s, db_text(q, 2)) : NULL;
    struct err ignored;
    size_t length = 0;
    const void *bytes = db_bytes(q, 4, &length);
    struct json_doc *doc = pass ? raw_parse(bytes, length, db_text(q, 3), &ignored) : NULL;
    const char *text = "";
    bool changed = !doc;

    length = 0;
    if (doc) {
        struct scrubber *by = scrubber_new(&r->all, stream_trees(s, pass));
        struct json rows = step_find_rows(pass->steps, json_root(doc));

        changed = scrub(by, json_root(doc), rows);
        text = changed ? json_write(a, json_root(doc), &length) : "";
        scrubber_free(by);
    }
    json_free(doc);
    return !changed || (db_do(r->db, e, sql_erase_raw_page, I(db_int(q, 0)), B(text, length)) &&
                        db_exec(r->db, "INSERT INTO temp.removed VALUES ('raw_page', NULL, 1)", e));
}

/* Removes a person's data; what went is in temp.removed, what to say before is asked by
 * sql_erase_told. */
static bool remove_person(struct erasing *r, struct err *e)
{
    struct db *d = r->db;
    struct arena *a = r->ctx->arena;
    bool by_address = r->kind == ERASED_ADDRESS;
    /* The person, and what else is theirs: addresses, conversations. */
    bool found = db_function(d, &r->is_erased, e) && erasures_load(d, a, &r->all, e) &&
                 erasures_add(d, &r->all, r->kind, r->text, e) && erasures_load(d, a, &r->all, e) &&
                 db_exec(d, "PRAGMA secure_delete = ON", e) && db_exec(d, sql_erase_temporary, e) &&
                 db_run_written(db_ask(d, e, sql_erase_find_person, I(by_address))) &&
                 (by_address || db_exec(d, sql_erase_addresses, e)) &&
                 add_all(r, ERASED_DERIVED, sql_erase_own_addresses, e) &&
                 add_all(r, ERASED_CONVERSATION, sql_erase_conversations, e) &&
                 erasures_load(d, a, &r->all, e);

    if (!found || !db_exec(d, sql_erase_said, e) ||
        !db_run_written(db_ask(d, e, sql_erase_tables, NONE)) || !db_exec(d, sql_erase_names, e) ||
        !db_exec(d, sql_erase_finish, e) || !figures_make(d, NULL, e)) {
        return false;
    }
    struct rows q = db_ask(d, e, sql_erase_raw_pages, NONE);
    while (db_next(&q)) {
        q.ok = scrub_page(r, &q, e) && q.ok;
    }
    return db_end(&q);
}

/* --- the file -------------------------------------------------------------------------------- */

/* Leaves no byte of what was removed in the file and beside it. What VACUUM makes lies where there
 * is room for it, and not in memory: nothing of the person's is in it. ERR_STORE where somebody
 * reads an old state; run again then. */
static bool clean(struct db *d, struct arena *a, struct err *e)
{
    int64_t dirty = 0;

    if (!db_number(db_ask(d, e, "SELECT count(*) FROM erased WHERE NOT is_clean", NONE), &dirty) ||
        dirty == 0) {
        return dirty == 0 && e->kind == ERR_NONE;
    }
    (void)setenv("SQLITE_TMPDIR", file_directory(a, db_path(d)), 1);
    if (!db_exec(d, "PRAGMA temp_store = FILE", e) || !db_exec(d, "VACUUM", e)) {
        return false;
    }
    if (db_empty_wal(d) > 0) {
        return err_set(e, ERR_STORE,
                       "%s: the data is erased, but somebody reads an older state of the file, so "
                       "that its bytes are still in %s-wal; end what has it open, and run the same "
                       "again",
                       db_path(d), db_path(d));
    }
    return db_exec(d, "UPDATE erased SET is_clean = 1 WHERE NOT is_clean", e) &&
           (db_empty_wal(d), true);
}

/* Journals of another file, which were set aside (io/db.c), are copies too. */
static void name_set_aside(struct cmd_context *ctx)
{
    glob_t found = {0};

    (void)glob(arena_printf(ctx->arena, "%s.before-*", ctx->config.database_path), 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        printf("  %s\n", found.gl_pathv[i]);
    }
    globfree(&found);
}

/* In one transaction, which ends as the answer says; shows what goes, and what was taken for the
 * person's. */
static bool erase(struct erasing *r, struct err *e)
{
    const struct rendering words = {.format = RENDER_LIST, .out = stdout};
    struct rendering table;
    int64_t rows = 0;
    int64_t size = 0;

    if (!db_number(db_ask(r->db, e, sql_database_bytes, NONE), &size) ||
        !db_has_room(r->db, 3 * size, "erasing", e) ||
        !db_exec(r->db, embedded_dictionary[0].text, e) || !cmd_rendering(r->ctx, &table, e) ||
        !db_begin(r->db, e)) {
        return false;
    }
    table.paged = r->ctx->option[OPT_YES] != NULL; /* else a question follows */
    bool done = remove_person(r, e) &&
                render_query(db_ask(r->db, e, sql_erase_told, NONE), &words) &&
                db_number(db_ask(r->db, e, "SELECT count(*) FROM temp.removed", NONE), &rows) &&
                (rows == 0 || render_query(db_ask(r->db, e, sql_erase_removed, NONE), &table));
    if (done && (fflush(stdout) != 0 || ferror(stdout))) {
        done = err_set(e, ERR_STORE, "what goes could not be shown: nothing was removed");
    }
    if (done && rows > 0 && !r->ctx->option[OPT_YES] &&
        !cmd_confirms("Remove this for good? [y/N] ")) {
        done = err_set(e, ERR_STOPPED, "nothing was removed");
    }
    return db_finish(r->db, done, e) && clean(r->db, r->ctx->arena, e) &&
           render_query(db_ask(r->db, e, sql_erase_done, I(rows)), &words);
}

bool cmd_erase(struct cmd_context *ctx, struct err *e)
{
    struct erasing r = {.ctx = ctx, .is_erased = {"erased", find_erased, &r.all}};

    if (!take_person(&r, e) || !cmd_setup(ctx, false, e)) {
        return false;
    }
    cmd_warn_root(ctx);
    struct lock_file *locks = cmd_open_alone(ctx, e);
    r.db = ctx->db;
    bool done = locks && erase(&r, e);
    if (done) {
        name_set_aside(ctx);
    }
    lock_close(locks);
    return done;
}
