#include "io/db_convert.h"

#include <sys/statvfs.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/step.h"
#include "io/db.h"
#include "io/file.h"
#include "sql.h"

enum { CONVERTED_SCHEMA = 6, MEGABYTE = 1000000, ARENA_BYTES = 16384 };

struct statement {
    const char *text;
    struct statement *next;
};

/* All rows are written anew, once to the WAL and then, where no dropped table leaves its room, to
 * the file's end. */
static bool has_room(struct db *d, int64_t *size, struct arena *a, struct err *e)
{
    struct statvfs fs;
    const char *path = db_path(d);

    if (!db_scalar(d, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                   size, e)) {
        return false;
    }
    if (statvfs(file_directory(a, path), &fs) != 0) {
        return true; /* unknown; a full disk would end the transaction all the same */
    }
    int64_t there = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    int64_t needed = *size * 2;
    if (there < needed) {
        return err_set(e, ERR_STORE,
                       "%s: bringing it to this program's schema takes %lld MB beside it while it "
                       "lasts, %lld MB are free; free some and run again (the file is as it was)",
                       path, (long long)(needed / MEGABYTE) + 1, (long long)(there / MEGABYTE));
    }
    return true;
}

/* Runs the statements that `sql` writes, once all of them have been read. */
static bool run_written(struct db *d, const char *sql, struct arena *a, struct err *e)
{
    struct statement *first = NULL;
    struct statement **end = &first;
    struct rows q = db_ask(d, e, sql, NONE);

    while (db_next(&q)) {
        *end = arena_array(a, 1, sizeof(**end));
        (*end)->text = db_kept(&q, 0, a);
        end = &(*end)->next;
    }
    if (!db_end(&q)) {
        return false;
    }
    for (struct statement *s = first; s; s = s->next) {
        step("convert");
        if (!db_exec(d, s->text, e)) {
            return false;
        }
    }
    return true;
}

/* References to a table that is renamed go on naming it: the one of today takes its place. */
static bool convert(struct db *d, bool (*create)(struct db *d, struct err *e), struct arena *a,
                    struct err *e)
{
    return db_exec(d, "PRAGMA legacy_alter_table = ON", e) && db_do(d, e, sql_convert_keep, NONE) &&
           run_written(d, sql_convert_aside, a, e) && create(d, e) &&
           run_written(d, sql_convert_copy, a, e) && run_written(d, sql_convert_again, a, e) &&
           db_exec(d, "DROP TABLE temp.convert_kept; PRAGMA legacy_alter_table = OFF", e);
}

/* With what stands before and after it in the log. */
static bool convert_and_tell(struct db *d, bool (*create)(struct db *d, struct err *e),
                             struct arena *a, struct err *e)
{
    int64_t begun_ms = clock_monotonic_ms();
    int64_t size;

    if (!has_room(d, &size, a, e)) {
        return false;
    }
    LOG(LOG_WARN, "converting the database", LOG_S("path", db_path(d)),
        LOG_N("schema", db_schema_version()), LOG_N("bytes", size));
    if (!convert(d, create, a, e)) {
        return false;
    }
    LOG(LOG_INFO, "converted the database", LOG_N("ms", clock_monotonic_ms() - begun_ms));
    return true;
}

bool db_convert(struct db *d, bool (*create)(struct db *d, struct err *e), struct err *e)
{
    struct arena *a;
    int64_t version;
    bool ok;

    if (!db_scalar(d, "PRAGMA user_version", &version, e)) {
        return false;
    }
    if (version != CONVERTED_SCHEMA) {
        return err_set(e, ERR_STORE,
                       "%s: schema %lld is older than this program brings over (%d); set the file "
                       "aside, `rollcall extract` makes a new one",
                       db_path(d), (long long)version, CONVERTED_SCHEMA);
    }
    a = arena_new(ARENA_BYTES);
    ok = convert_and_tell(d, create, a, e);
    arena_free(a);
    return ok;
}
