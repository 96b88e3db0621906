#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "io/db.h"
#include "io/db_internal.h"
#include "io/embedded.h"
#include "io/file.h"

enum {
    LOCK_WAIT_MS = 20,
    PATH_URI_BYTES = 65536,
};

/* --- schema numbers --- */

/* The number a migration's name begins with ("0003_adherence_state" is 3). */
static int migration_number(size_t at)
{
    const char *name = embedded_schema[at].name;
    int number = 0;

    for (int i = 0; i < 4; i++) {
        INVARIANT(name[i] >= '0' && name[i] <= '9');
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

int db_schema_version(void)
{
    return embedded_schema_count > 0 ? migration_number(embedded_schema_count - 1) : 0;
}

/* --- whose file is it --- */

struct header {
    int64_t application_id;
    int64_t version;
    int64_t has_tables;
};

/* One read transaction: another program may be making the file right now. */
static bool read_header(struct db *d, struct header *h, struct err *e)
{
    bool ok = db_exec(d, "BEGIN", e) &&
              db_scalar(d, "PRAGMA application_id", &h->application_id, e) &&
              db_scalar(d, "PRAGMA user_version", &h->version, e) &&
              db_scalar(d, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)", &h->has_tables, e);

    sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

static bool is_ours(const struct header *h)
{
    return h->application_id == DB_APPLICATION_ID;
}

static bool is_blank(const struct header *h)
{
    return h->application_id == 0 && h->version == 0 && !h->has_tables;
}

/* Refuses what is another program's or a newer rollcall's. */
static bool judge(const char *path, const struct header *h, struct err *e)
{
    if (is_blank(h)) {
        return true;
    }
    if (!is_ours(h)) {
        return err_set(e, ERR_STORE,
                       "%s: a SQLite database, but not one of rollcall's; it was left as it is. "
                       "Name another file ([database] path)",
                       path);
    }
    if (h->version > db_schema_version()) {
        return err_set(e, ERR_STORE,
                       "%s: made by a newer rollcall (schema %lld, this program knows %d); "
                       "update rollcall",
                       path, (long long)h->version, db_schema_version());
    }
    return true;
}

static struct db *open_handle(const char *path, const char *name, int flags, struct err *e)
{
    struct db *d = xcalloc(1, sizeof(*d));

    d->path = xstrdup(path);
    if (sqlite3_open_v2(name, &d->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        if (d->handle) {
            db_fail(d, "opening", e);
        } else {
            err_set(e, ERR_BUG, "%s: out of memory while opening", path);
        }
        db_close(d);
        return NULL;
    }
    sqlite3_extended_result_codes(d->handle, 1);
    return d;
}

/* A first look that cannot leave anything behind: the main file alone, without locks, without its
 * WAL. What it refuses is refused for sure: of a file of ours, the first page either bears our id
 * or is blank (what is missing is in the WAL). What it cannot read is left to the real opening.
 * SQLite opens it, not we: closing the file ourselves would drop SQLite's own locks. */
static bool first_look(const char *path, struct err *e)
{
    struct buf uri;
    struct db *d;
    struct header h;
    bool ok = true;

    buf_init(&uri, PATH_URI_BYTES);
    if (!buf_add_str(&uri, "file:") || !str_url_encode(&uri, path) ||
        !buf_add_str(&uri, "?immutable=1")) {
        buf_free(&uri);
        return err_set(e, ERR_STORE, "%.80s...: the path is too long", path);
    }
    d = open_handle(path, buf_str(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
    buf_free(&uri);
    if (!d) {
        return false;
    }
    if (read_header(d, &h, e)) {
        ok = judge(path, &h, e);
    } else if ((e->library_code & 0xff) == SQLITE_NOTADB) {
        ok = err_set(e, ERR_STORE,
                     "%s: not a SQLite database; it was left as it is. Name another file "
                     "([database] path)",
                     path);
    } else {
        err_clear(e);
    }
    db_close(d);
    return ok;
}

/* Refuses what cannot be a database file before SQLite touches it. */
static bool check_place(const char *path, enum db_mode mode, struct err *e)
{
    const char *system = NULL;
    struct stat st;

    if (file_on_network(path, &system)) {
        return err_set(e, ERR_STORE,
                       "%s: lies on a network file system (%s), where SQLite's shared memory does "
                       "not work; put the database on a local disk",
                       path, system);
    }
    if (stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode)) {
            return err_set(e, ERR_STORE, "%s: not a file", path);
        }
        return st.st_size == 0 || first_look(path, e);
    }
    if (mode == DB_READ) {
        return err_set(e, ERR_STORE, "%s: no such database yet; `rollcall extract` makes it", path);
    }
    struct arena *a = arena_new(0);
    const char *directory = file_directory(a, path);
    bool there = stat(directory, &st) == 0 && S_ISDIR(st.st_mode);

    if (!there) {
        err_set(e, ERR_STORE, "%s: the directory %s does not exist; make it first", path,
                directory);
    }
    arena_free(a);
    return there;
}

/* --- write-ahead log --- */

static bool journal_mode(struct db *d, const char *sql, bool *wal, struct err *e)
{
    struct db_stmt *s = db_prepare(d, sql, e);
    bool row = false;
    bool ok;

    if (!s) {
        return false;
    }
    ok = db_step(s, &row, e);
    *wal = ok && row && str_eq(db_text(s, 0), "wal");
    db_finalize(s);
    return ok;
}

/* Switches a new file to WAL. The switch needs the file alone and SQLite does not always wait for
 * it, so two programs that make the same file at once wait here. */
static bool switch_to_wal(struct db *d, struct err *e)
{
    int64_t deadline_ms = clock_monotonic_ms() + limit_get(LIMIT_DB_BUSY_MS);
    bool wal = false;

    while (!journal_mode(d, "PRAGMA journal_mode = WAL", &wal, e)) {
        int code = e->library_code & 0xff;

        if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || clock_monotonic_ms() >= deadline_ms) {
            return false;
        }
        err_clear(e);
        clock_sleep_ms(LOCK_WAIT_MS);
    }
    if (!wal) {
        return err_set(e, ERR_STORE, "%s: the file system does not allow SQLite's WAL", d->path);
    }
    return true;
}

/* --- migrations --- */

static bool set_number(struct db *d, const char *pragma, int value, struct err *e)
{
    char sql[64];

    snprintf(sql, sizeof(sql), "PRAGMA %s = %d", pragma, value);
    return db_exec(d, sql, e);
}

/* Runs one migration in the transaction that is open, unless another program was faster. */
static bool migrate_step(struct db *d, size_t at, struct err *e)
{
    int number = migration_number(at);
    int64_t version;

    if (!db_scalar(d, "PRAGMA user_version", &version, e)) {
        return false;
    }
    if (version >= number) {
        return true;
    }
    if (!db_exec(d, embedded_schema[at].text, e)) {
        return err_prefix(e, "schema %s", embedded_schema[at].name);
    }
    INVARIANT(!sqlite3_get_autocommit(d->handle));
    return set_number(d, "application_id", DB_APPLICATION_ID, e) &&
           set_number(d, "user_version", number, e);
}

static bool migrate(struct db *d, int64_t version, struct err *e)
{
    for (size_t i = 0; i < embedded_schema_count; i++) {
        INVARIANT(i == 0 || migration_number(i) > migration_number(i - 1));
        if (migration_number(i) <= version) {
            continue;
        }
        if (!db_begin(d, e)) {
            return false;
        }
        if (!migrate_step(d, i, e) || !db_commit(d, e)) {
            db_rollback(d);
            return false;
        }
    }
    return true;
}

/* --- opening --- */

static void no_checkpoint_at_close(struct db *d, bool on)
{
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 1 : 0, NULL);
}

/* Settings of the connection alone; they change no file. Temporary tables of a writer are tiny and
 * stay in memory; those of a reader may be a sort over all rows. */
static bool connection_settings(struct db *d, enum db_mode mode, struct err *e)
{
    sqlite3_busy_timeout(d->handle, (int)limit_get(LIMIT_DB_BUSY_MS));
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return db_exec(d,
                   "PRAGMA page_size = 8192; PRAGMA cache_size = -8192; PRAGMA mmap_size = 0;"
                   "PRAGMA foreign_keys = OFF; PRAGMA trusted_schema = OFF;",
                   e) &&
           db_exec(d,
                   mode == DB_WRITE ? "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY"
                                    : "PRAGMA query_only = ON",
                   e);
}

static bool ready_to_write(struct db *d, const struct header *h, struct err *e)
{
    bool wal = false;

    if (sqlite3_db_readonly(d->handle, "main") == 1) {
        return err_set(e, ERR_STORE, "%s: cannot be written; allow writing to it", d->path);
    }
    if (!journal_mode(d, "PRAGMA journal_mode", &wal, e)) {
        return false;
    }
    if (!wal && !switch_to_wal(d, e)) {
        return false;
    }
    return migrate(d, h->version, e);
}

static bool ready_to_read(struct db *d, const struct header *h, struct err *e)
{
    if (is_blank(h)) {
        return err_set(e, ERR_STORE, "%s: holds nothing yet; run `rollcall extract` first",
                       d->path);
    }
    if (h->version < db_schema_version()) {
        return err_set(e, ERR_STORE,
                       "%s: made by an older rollcall (schema %lld, this program has %d); the next "
                       "`rollcall extract` brings it up to date",
                       d->path, (long long)h->version, db_schema_version());
    }
    return true;
}

struct db *db_open(const char *path, enum db_mode mode, struct err *e)
{
    int flags = SQLITE_OPEN_READWRITE | (mode == DB_WRITE ? SQLITE_OPEN_CREATE : 0);
    struct header h;
    struct db *d;

    if (!check_place(path, mode, e)) {
        return NULL;
    }
    d = open_handle(path, path, flags, e);
    if (!d) {
        return NULL;
    }
    /* Until the file is known to be ours, closing it writes nothing. */
    no_checkpoint_at_close(d, true);
    if (!connection_settings(d, mode, e) || !read_header(d, &h, e) || !judge(path, &h, e)) {
        db_close(d);
        return NULL;
    }
    no_checkpoint_at_close(d, false);
    if (mode == DB_WRITE ? !ready_to_write(d, &h, e) : !ready_to_read(d, &h, e)) {
        db_close(d);
        return NULL;
    }
    return d;
}
