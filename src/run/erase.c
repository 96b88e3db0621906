#include "run/erase.h"

#include "etl/raw.h"
#include "io/file.h"
#include "sql.h"
#include "streams/stream.h"

static int64_t find_erased(void *user, const char *text, size_t length)
{
    const struct erased *found = erasures_find(user, text, length, ERASED_TEXTS);

    return found ? (int64_t)found->kind : 0;
}

/* Adds what a query lists to what is erased. */
static bool add_all(const struct erasing *r, const struct erasures *x, enum erased_kind kind,
                    const char *sql, struct err *e)
{
    const char **texts;
    size_t count;
    bool done = db_list(db_ask(r->db, e, sql, NONE), r->arena, &texts, &count);

    for (size_t i = 0; done && i < count; i++) {
        done = erasures_add(r->db, x, kind, texts[i], e);
    }
    return done;
}

/* --- answers that are kept ------------------------------------------------------------------- */

/* One kept answer; what cannot be read of it, or is of a stream that there is no more, goes whole.
 */
static bool scrub_page(const struct erasing *r, const struct erasures *x, const struct rows *q,
                       struct err *e)
{
    const struct stream *s = stream_find(db_text(q, 1));
    const struct pass *pass = s ? stream_pass(s, db_text(q, 2)) : NULL;
    struct err ignored;
    size_t length = 0;
    const void *bytes = db_bytes(q, 4, &length);
    struct json_doc *doc = pass ? raw_parse(bytes, length, db_text(q, 3), &ignored) : NULL;
    struct arena *a = arena_new(0);
    const char *text = "";
    bool changed = !doc;

    length = 0;

    if (doc) {
        struct scrubber *by = scrubber_new(x, pass->trees ? pass->trees : s->trees);
        struct json rows = step_find_rows(pass->steps, json_root(doc));

        changed = scrub(by, json_root(doc), rows);
        text = changed ? json_write(a, json_root(doc), &length) : "";
        scrubber_free(by);
    }
    bool done =
        !changed || (db_do(r->db, e, sql_erase_raw_page, I(db_int(q, 0)), B(text, length)) &&
                     db_exec(r->db, "INSERT INTO temp.removed VALUES ('raw_page', NULL, 1)", e));
    json_free(doc);
    arena_free(a);
    return done;
}

bool erase_person(const struct erasing *r, struct err *e)
{
    struct erasures *x = arena_alloc(r->arena, sizeof(*x)); /* what is told asks it, too */
    bool by_address = r->kind == ERASED_ADDRESS;
    /* The person, and what else is theirs: addresses, conversations. */
    bool found =
        db_function(r->db, "erased", find_erased, x, e) && erasures_load(r->db, r->arena, x, e) &&
        erasures_add(r->db, x, r->kind, r->text, e) && erasures_load(r->db, r->arena, x, e) &&
        db_exec(r->db, "PRAGMA secure_delete = ON", e) && db_exec(r->db, sql_erase_temporary, e) &&
        db_run_written(db_ask(r->db, e, sql_erase_find_person, I(by_address))) &&
        (by_address || db_exec(r->db, sql_erase_addresses, e)) &&
        add_all(r, x, ERASED_DERIVED, sql_erase_own_addresses, e) &&
        add_all(r, x, ERASED_CONVERSATION, sql_erase_conversations, e) &&
        erasures_load(r->db, r->arena, x, e);

    if (!found || !db_exec(r->db, sql_erase_said, e) ||
        !db_run_written(db_ask(r->db, e, sql_erase_tables, NONE)) ||
        !db_exec(r->db, sql_erase_names, e) || !db_exec(r->db, sql_erase_finish, e)) {
        return false;
    }
    struct rows q = db_ask(r->db, e, sql_erase_raw_pages, NONE);
    while (db_next(&q)) {
        q.ok = scrub_page(r, x, &q, e) && q.ok;
    }
    return db_end(&q);
}

/* --- the file -------------------------------------------------------------------------------- */

bool erase_has_room(struct db *d, struct err *e)
{
    int64_t size = 0;

    return db_scalar(d, sql_erase_size, &size, e) && db_has_room(d, 3 * size, "erasing", e);
}

bool erase_clean(struct db *d, struct err *e)
{
    int64_t dirty = 0;

    if (!db_scalar(d, "SELECT count(*) FROM erased WHERE NOT is_clean", &dirty, e) || dirty == 0) {
        return dirty == 0 && e->kind == ERR_NONE;
    }
    if (!db_exec(d, "VACUUM", e)) {
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
