#include "out/out.h"

#include <sys/stat.h>

#include "io/embedded.h"
#include "sql.h"

/* Files that SQLite, or we, keep beside a database, and itself. */
static const char *const companions[] = {"-wal", "-shm", "-journal", ".lock", ""};

enum { WRITERS = 3 }; /* of them, those that a writer leaves */

static bool is_same(const char *one, const char *other)
{
    struct stat a;
    struct stat b;

    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* True when both paths name one place, be there a file or not. */
static bool same_place(struct arena *a, const char *one, const char *other)
{
    return is_same(one, other) || (str_eq(str_behind_last(one, '/'), str_behind_last(other, '/')) &&
                                   is_same(file_directory(a, one), file_directory(a, other)));
}

const char *out_whose(struct arena *a, struct db *d, const struct config *c, const char *path)
{
    const char *beside = arena_printf(a, "%s/.env", file_directory(a, c->path ? c->path : ""));
    const char *const settings[] = {c->path, beside, c->client_secret_file, c->ca_file};

    for (size_t i = 0; i < COUNT_OF(companions); i++) {
        if (same_place(a, path, file_beside(a, db_path(d), companions[i]))) {
            return "the live database";
        }
    }
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        if (settings[i] && same_place(a, path, settings[i])) {
            return "the configuration";
        }
    }
    return NULL;
}

bool out_open(struct db *d, const struct config *c, const char *path, uint32_t mode,
              struct file_aside *f, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *whose = out_whose(a, d, c, path);
    struct stat st;

    if (*path == '\0' || str_eq(path, "-")) {
        return err_set(e, ERR_USAGE, "'%s' is %s; name a file", path,
                       *path == '\0' ? "no name" : "not standard output here");
    }
    if (whose) {
        return err_set(e, ERR_USAGE, "%s belongs to %s; name another file", path, whose);
    }
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        return err_set(e, ERR_STORE, "%s: not a file", path);
    }
    file_sweep_aside(file_directory(a, path));
    return file_aside_open(f, path, mode, e);
}

/* A journal beside the old copy would be taken for the new one's. */
static bool check_journals(struct arena *a, const char *path, struct err *e)
{
    struct stat st;

    for (size_t i = 0; i < WRITERS; i++) {
        const char *journal = arena_printf(a, "%s%s", path, companions[i]);
        if (lstat(journal, &st) == 0) {
            return err_set(e, ERR_STORE,
                           "%s: %s lies beside it: some program has opened the old copy for "
                           "writing; close it there, or remove both files",
                           path, str_behind_last(journal, '/'));
        }
    }
    return true;
}

/* Makes a view a table beside it, whose columns are typed by what they hold. */
static bool make_table(struct db *m, const char *view, struct arena *a, struct err *e)
{
    const char *look;
    const char *types;

    return db_texts(db_ask(m, e, sql_snapshot_types, S(view)), a, &look, 1) &&
           db_texts(db_ask(m, e, look, NONE), a, &types, 1) &&
           db_run_written(db_ask(m, e, sql_snapshot_make, S(view), S(types)));
}

/* Our views in the plain copy at `path` become tables of the same names: tools that go by declared
 * types see them, where a computed column has none. */
static bool tables_for_views(const char *path, struct arena *a, struct err *e)
{
    const char **views;
    size_t count = 0;
    DB_SCOPED struct db *m = db_open_memory(false, e);
    bool done = m && db_do(m, e, "ATTACH ?1 AS copy", S(path)) &&
                db_exec(m, "PRAGMA copy.journal_mode = OFF; PRAGMA legacy_alter_table = ON", e) &&
                db_list(db_ask(m, e, sql_snapshot_views, S(embedded_views[VIEWS_DROP].text)), a,
                        &views, &count) &&
                db_exec(m, "BEGIN", e);

    /* One may be made of another: none goes before all are there. */
    for (size_t i = 0; done && i < count; i++) {
        done = make_table(m, views[i], a, e);
    }
    for (size_t i = 0; done && i < count; i++) {
        done = db_run_written(db_ask(m, e, sql_snapshot_replace, S(views[i])));
    }
    return done && db_exec(m, "COMMIT", e);
}

bool snapshot_write(struct db *d, const struct config *c, const char *path, bool views_as_tables,
                    struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    ASIDE_SCOPED struct file_aside file = {0};

    return out_open(d, c, path, (uint32_t)c->database_mode, &file, e) &&
           check_journals(a, path, e) && db_backup(d, file.aside_path, path, e) &&
           (!views_as_tables || tables_for_views(file.aside_path, a, e)) &&
           file_aside_commit(&file, e);
}
