#include "run/erase.h"

#include <sys/statvfs.h>

#include "etl/walk.h"
#include "io/file.h"
#include "io/gzip.h"
#include "sql.h"
#include "streams/stream.h"

static int64_t find_erased(void *user, const char *text, size_t length)
{
    const struct erased *found = erasures_find(user, text, length, ERASED_TEXTS);

    return found ? (int64_t)found->kind : 0;
}

/* Runs the statements that the rows of a query are, column by column. */
static bool run_written(struct erasing *r, struct rows q, struct err *e)
{
    struct buf all;
    int columns = db_column_count(&q);

    buf_init(&all, SIZE_MAX);
    while (db_next(&q)) {
        for (int i = 0; i < columns; i++) {
            (void)buf_add_printf(&all, "%s;\n", db_text(&q, i));
        }
    }
    bool done = db_end(&q) && db_exec(r->db, buf_str(&all), e);
    buf_free(&all);
    return done;
}

/* Adds some that her records name to what is erased. */
static bool add_all(struct erasing *r, enum erased_kind kind, const char **texts, size_t count,
                    struct err *e)
{
    bool done = true;

    for (size_t i = 0; done && i < count; i++) {
        done = erasures_add(r->db, &r->erased, kind, texts[i], e);
    }
    return done;
}

/* Finds her, and what else is hers: addresses, conversations. */
static bool find(struct erasing *r, struct err *e)
{
    const char **texts;
    size_t count;
    bool by_address = r->kind == ERASED_ADDRESS;

    return erasures_load(r->db, r->arena, &r->erased, e) &&
           erasures_add(r->db, &r->erased, r->kind, r->text, e) &&
           erasures_load(r->db, r->arena, &r->erased, e) &&
           db_exec(r->db, sql_erase_temporary, e) &&
           run_written(r, db_ask(r->db, e, sql_erase_find_person, I(by_address)), e) &&
           db_scalar(r->db, sql_erase_ours, &r->ours, e) &&
           (by_address || db_exec(r->db, sql_erase_addresses, e)) &&
           db_list(db_ask(r->db, e, sql_erase_own_addresses, I(0)), r->arena, &r->addresses,
                   &r->address_count) &&
           db_list(db_ask(r->db, e, sql_erase_own_addresses, I(1)), r->arena, &r->kept,
                   &r->kept_count) &&
           db_list(db_ask(r->db, e, sql_erase_conversations, NONE), r->arena, &texts, &count) &&
           add_all(r, ERASED_DERIVED, r->addresses, r->address_count, e) &&
           add_all(r, ERASED_CONVERSATION, texts, count, e) &&
           erasures_load(r->db, r->arena, &r->erased, e);
}

/* --- answers that are kept ------------------------------------------------------------------- */

/* Of a kept answer: what it is of, and where its rows are. NULL: of no stream that there is. */
static const struct pass *pass_of(const char *stream, const char *plan, const struct stream **s)
{
    for (size_t i = 0; i < stream_registry_count; i++) {
        *s = stream_registry[i];
        for (size_t k = 0; str_eq((*s)->name, stream) && k < (*s)->pass_count; k++) {
            if (str_eq((*s)->passes[k].plan.name, plan)) {
                return &(*s)->passes[k];
            }
        }
    }
    return NULL;
}

static struct json_doc *open_page(const struct rows *q, struct err *e)
{
    size_t length = 0;
    const void *bytes = db_bytes(q, 4, &length);
    char *text = NULL;

    if (str_eq(db_text(q, 3), "gzip")) {
        return gzip_inflate(bytes, length, JSON_PADDING_BYTES, &text, &length, e)
                   ? json_parse(text, length, e)
                   : NULL;
    }
    text = xmalloc(length + JSON_PADDING_BYTES);
    memcpy(text, bytes, length);
    return json_parse(text, length, e);
}

/* One kept answer; what cannot be read of it, or is of a stream that there is no more, goes whole.
 */
static bool scrub_page(struct erasing *r, const struct rows *q, struct err *e)
{
    const struct stream *s;
    const struct pass *pass = pass_of(db_text(q, 1), db_text(q, 2), &s);
    struct err ignored;
    struct json_doc *doc = pass ? open_page(q, &ignored) : NULL;
    struct arena *a = arena_new(0);
    size_t length = 0;
    const char *text = "";
    bool changed = !doc;

    if (doc) {
        struct scrubber *by = scrubber_new(&r->erased, pass->trees ? pass->trees : s->trees);
        struct json rows = json_first(json_root(doc), step_of_rows(pass->steps)->rows);

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

bool erase_person(struct erasing *r, struct err *e)
{
    if (!db_function(r->db, "erased", find_erased, &r->erased, e) || !find(r, e) ||
        !db_exec(r->db, sql_erase_said, e) ||
        !run_written(r, db_ask(r->db, e, sql_erase_tables, NONE), e) ||
        !db_exec(r->db, sql_erase_finish, e)) {
        return false;
    }
    struct rows q = db_ask(r->db, e, sql_erase_raw_pages, NONE);
    while (db_next(&q)) {
        q.ok = scrub_page(r, &q, e) && q.ok;
    }
    return db_end(&q);
}

/* --- the file -------------------------------------------------------------------------------- */

bool erase_has_room(struct db *d, struct err *e)
{
    struct statvfs fs;
    struct arena *a = arena_new(0);
    int64_t size = 0;
    bool done = db_scalar(d, sql_erase_size, &size, e);
    bool is_known = statvfs(file_directory(a, db_path(d)), &fs) == 0;
    int64_t there = is_known ? (int64_t)fs.f_bavail * (int64_t)fs.f_frsize : INT64_MAX;

    arena_free(a);
    return done && (there >= 3 * size ||
                    err_set(e, ERR_STORE,
                            "%s: erasing takes %lld MB beside it while it lasts, %lld MB are free; "
                            "free some and run again (the file is as it was)",
                            db_path(d), (long long)(3 * size >> 20) + 1, (long long)(there >> 20)));
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
