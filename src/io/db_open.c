#include <stdio.h>

#include "base/causes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "io/db_internal.h"
#include "io/embedded.h"

enum { LOCK_WAIT_MS = 20, READ_TRIES = 4 };

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

static bool ready_to_write(struct db *d, const struct db_header *h, struct err *e)
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

static bool ready_to_read(struct db *d, const struct db_header *h, struct err *e)
{
    if (db_header_is_blank(h)) {
        return err_set(e, ERR_STORE, "%s: holds nothing yet; run `rollcall extract` first",
                       d->path);
    }
    if (h->version < db_schema_version()) {
        err_set(e, ERR_STORE,
                "%s: made by an older rollcall (schema %lld, this program has %d); the next "
                "`rollcall extract` brings it up to date",
                d->path, (long long)h->version, db_schema_version());
        return err_cause(e, CAUSE_LOCAL_OLDER);
    }
    return true;
}

/* Settings and header; on failure `d` is closed. */
static bool get_ready(struct db *d, enum db_mode mode, struct err *e)
{
    struct db_header h;

    /* Until the file is known to be ours, closing it writes nothing. */
    no_checkpoint_at_close(d, true);
    bool ready = connection_settings(d, mode, e) && db_read_header(d, &h, e) &&
                 db_judge_header(d->path, &h, e);
    if (ready) {
        no_checkpoint_at_close(d, false);
        ready = mode == DB_WRITE ? ready_to_write(d, &h, e) : ready_to_read(d, &h, e);
    }
    if (!ready) {
        db_close(d);
    }
    return ready;
}

/* A writer that begins or ends just then changes what a reader that may not write has to do. */
static bool is_worth_a_try(const struct err *e)
{
    int code = e->library_code & 0xff;

    return code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
}

static struct db *open_reader(const char *path, struct err *e)
{
    for (int tries = 1;; tries++) {
        struct db *d = db_open_to_read(path, e);

        if (!d || get_ready(d, DB_READ, e)) {
            return d;
        }
        if (!is_worth_a_try(e)) {
            return NULL;
        }
        if (tries == READ_TRIES) {
            err_set(e, ERR_STORE,
                    "%s: this user cannot open it; let the user read the file, and read or write "
                    "in its directory",
                    path);
            return NULL;
        }
        err_clear(e);
        clock_sleep_ms(LOCK_WAIT_MS);
    }
}

struct db *db_open(const char *path, enum db_mode mode, struct err *e)
{
    if (!db_check_place(path, mode, e)) {
        return NULL;
    }
    if (mode == DB_READ) {
        return open_reader(path, e);
    }
    struct db *d = db_open_handle(path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);
    return d && get_ready(d, mode, e) ? d : NULL;
}
