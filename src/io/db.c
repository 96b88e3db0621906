#include "io/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/step.h"
#include "io/db_internal.h"

struct db_stmt {
    sqlite3_stmt *handle;
    struct db *db;
    int bind_code; /* first failed bind since the last reset; reported by the next step */
};

/* --- errors --- */

/* How much of a statement a message shows. */
enum { SHOWN_SQL_BYTES = 120 };

/* What the user can do about an error; NULL: nothing in particular. */
static const char *remedy(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return "the disk is full: free some space and run again; it goes on where it stopped";
    case SQLITE_IOERR:
        /* Also a quota and a file size limit, which SQLite does not tell apart. */
        return "the disk is full or failing: free some space (or check the disk) and run again; it "
               "goes on where it stopped";
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return "allow writing to the file and to its directory";
    case SQLITE_CANTOPEN:
        return "check that the file and its directory can be written by this user";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another program has been holding the database; run again when it is done";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "the file is damaged: restore it from a backup, or move it away and extract anew";
    default:
        return NULL;
    }
}

bool db_fail(struct db *d, const char *doing, struct err *e)
{
    int code = sqlite3_extended_errcode(d->handle);
    const char *advice = remedy(code);

    if ((code & 0xff) == SQLITE_NOMEM) {
        err_set(e, ERR_BUG, "%s: out of memory while %s", d->path, doing);
    } else {
        err_set(e, ERR_STORE, "%s: %s: %s%s%s", d->path, doing, sqlite3_errmsg(d->handle),
                advice ? "; " : "", advice ? advice : "");
    }
    e->library_code = code;
    return false;
}

static bool fail_sql(struct db *d, const char *sql, struct err *e)
{
    char doing[SHOWN_SQL_BYTES + 4];
    size_t length = 0;

    while (*sql == ' ' || *sql == '\n') {
        sql++;
    }
    while (sql[length] && sql[length] != '\n' && length < SHOWN_SQL_BYTES) {
        doing[length] = sql[length];
        length++;
    }
    memcpy(doing + length, sql[length] ? "..." : "", sql[length] ? 4 : 1);
    return db_fail(d, doing, e);
}

/* --- statements --- */

struct db_stmt *db_prepare(struct db *d, const char *sql, struct err *e)
{
    sqlite3_stmt *handle = NULL;
    struct db_stmt *s;

    if (sqlite3_prepare_v3(d->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) !=
        SQLITE_OK) {
        fail_sql(d, sql, e);
        return NULL;
    }
    INVARIANT(handle);
    s = xcalloc(1, sizeof(*s));
    s->handle = handle;
    s->db = d;
    return s;
}

void db_finalize(struct db_stmt *s)
{
    if (s) {
        sqlite3_finalize(s->handle);
        free(s);
    }
}

static void bound(struct db_stmt *s, int code)
{
    if (code != SQLITE_OK && s->bind_code == SQLITE_OK) {
        s->bind_code = code;
    }
}

void db_bind_null(struct db_stmt *s, int at)
{
    bound(s, sqlite3_bind_null(s->handle, at));
}

void db_bind_int(struct db_stmt *s, int at, int64_t value)
{
    bound(s, sqlite3_bind_int64(s->handle, at, value));
}

void db_bind_real(struct db_stmt *s, int at, double value)
{
    bound(s, sqlite3_bind_double(s->handle, at, value));
}

void db_bind_text(struct db_stmt *s, int at, const char *text, size_t length)
{
    bound(s, sqlite3_bind_text64(s->handle, at, text, length, SQLITE_STATIC, SQLITE_UTF8));
}

void db_bind_str(struct db_stmt *s, int at, const char *text)
{
    if (text) {
        db_bind_text(s, at, text, strlen(text));
    } else {
        db_bind_null(s, at);
    }
}

void db_bind_blob(struct db_stmt *s, int at, const void *bytes, size_t length)
{
    bound(s, sqlite3_bind_blob64(s->handle, at, length > 0 ? bytes : "", length, SQLITE_STATIC));
}

int db_param_index(struct db_stmt *s, const char *name)
{
    return sqlite3_bind_parameter_index(s->handle, name);
}

int db_param_count(struct db_stmt *s)
{
    return sqlite3_bind_parameter_count(s->handle);
}

const char *db_param_name(struct db_stmt *s, int at)
{
    return sqlite3_bind_parameter_name(s->handle, at);
}

bool db_step(struct db_stmt *s, bool *row, struct err *e)
{
    int code;

    *row = false;
    if (s->bind_code != SQLITE_OK) {
        err_set(e, ERR_STORE, "%s: a value cannot be stored: %s", s->db->path,
                sqlite3_errstr(s->bind_code));
        e->library_code = s->bind_code;
        return false;
    }
    code = sqlite3_step(s->handle);
    if (!db_check_frozen(s->db, e)) {
        sqlite3_reset(s->handle);
        return false;
    }
    if (code == SQLITE_ROW) {
        *row = true;
        return true;
    }
    if (code == SQLITE_DONE) {
        return true;
    }
    fail_sql(s->db, sqlite3_sql(s->handle), e);
    sqlite3_reset(s->handle);
    return false;
}

bool db_run(struct db_stmt *s, struct err *e)
{
    bool row = false;

    if (!db_step(s, &row, e)) {
        return false;
    }
    INVARIANT(!row);
    sqlite3_reset(s->handle);
    return true;
}

void db_reset(struct db_stmt *s)
{
    sqlite3_reset(s->handle);
    sqlite3_clear_bindings(s->handle);
    s->bind_code = SQLITE_OK;
}

int db_column_count(struct db_stmt *s)
{
    return sqlite3_column_count(s->handle);
}

const char *db_column_name(struct db_stmt *s, int at)
{
    return sqlite3_column_name(s->handle, at);
}

enum db_type db_column_type(struct db_stmt *s, int at)
{
    switch (sqlite3_column_type(s->handle, at)) {
    case SQLITE_INTEGER:
        return DB_INT;
    case SQLITE_FLOAT:
        return DB_REAL;
    case SQLITE_TEXT:
        return DB_TEXT;
    case SQLITE_BLOB:
        return DB_BLOB;
    default:
        return DB_NULL;
    }
}

int64_t db_int(struct db_stmt *s, int at)
{
    return sqlite3_column_int64(s->handle, at);
}

double db_real(struct db_stmt *s, int at)
{
    return sqlite3_column_double(s->handle, at);
}

const char *db_text(struct db_stmt *s, int at)
{
    return (const char *)sqlite3_column_text(s->handle, at);
}

const void *db_blob(struct db_stmt *s, int at, size_t *length)
{
    const void *bytes = sqlite3_column_blob(s->handle, at);

    *length = db_bytes(s, at);
    return bytes;
}

size_t db_bytes(struct db_stmt *s, int at)
{
    return (size_t)sqlite3_column_bytes(s->handle, at);
}

bool db_exec(struct db *d, const char *sql, struct err *e)
{
    if (sqlite3_exec(d->handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return fail_sql(d, sql, e);
    }
    return true;
}

bool db_scalar(struct db *d, const char *sql, int64_t *out, struct err *e)
{
    struct db_stmt *s = db_prepare(d, sql, e);
    bool row = false;
    bool ok;

    if (!s) {
        return false;
    }
    ok = db_step(s, &row, e);
    *out = row ? db_int(s, 0) : 0;
    db_finalize(s);
    return ok;
}

/* --- transactions --- */

static bool begin(struct db *d, const char *sql, struct err *e)
{
    INVARIANT(!d->in_transaction);
    if (!db_exec(d, sql, e)) {
        return false;
    }
    d->in_transaction = true;
    return true;
}

bool db_begin(struct db *d, struct err *e)
{
    return begin(d, "BEGIN IMMEDIATE", e);
}

bool db_begin_read(struct db *d, struct err *e)
{
    int64_t version;

    if (!begin(d, "BEGIN", e)) {
        return false;
    }
    /* A deferred transaction has no snapshot before its first read. */
    if (!db_scalar(d, "SELECT count(*) FROM sqlite_schema", &version, e)) {
        db_rollback(d);
        return false;
    }
    return true;
}

bool db_commit(struct db *d, struct err *e)
{
    INVARIANT(d->in_transaction);
    step("commit");
    if (!db_exec(d, "COMMIT", e)) {
        return false;
    }
    d->in_transaction = false;
    step("committed");
    return true;
}

void db_rollback(struct db *d)
{
    if (!d->in_transaction) {
        return;
    }
    /* An error such as a full disk may have rolled back by itself. */
    if (!sqlite3_get_autocommit(d->handle)) {
        sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    d->in_transaction = false;
}

int64_t db_changes(struct db *d)
{
    return sqlite3_changes(d->handle);
}

int64_t db_last_rowid(struct db *d)
{
    return sqlite3_last_insert_rowid(d->handle);
}

const char *db_path(const struct db *d)
{
    return d->path;
}

void db_close(struct db *d)
{
    if (!d) {
        return;
    }
    if (d->handle) {
        db_rollback(d);
        sqlite3_close_v2(d->handle);
    }
    free(d->path);
    free(d);
}
