#include "io/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/causes.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/step.h"
#include "base/stop.h"
#include "base/str.h"
#include "io/embedded.h"
#include "io/file.h"
#include "io/wal.h"
#include "sql.h"

#ifdef __APPLE__
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif

struct db {
    sqlite3 *handle;
    char *path;
    bool in_transaction;
    ino_t wal;                 /* of a writer: its write-ahead log */
    struct wal_copier *copier; /* likewise */
    bool is_moved;             /* a writer's file is no longer the one at its path */
    bool frozen; /* read without locks; good for as long as the file is as it was (`stamp`) */
    struct stat stamp;
    sqlite3_stmt *recent[256]; /* statements by the addresses of their texts; SQLite has them all */
};

/* --- errors --- */

/* How much of a statement a message shows. */
enum { SHOWN_SQL_BYTES = 120, MEGABYTE = 1000000 };

/* Who has waited for another writer in vain waits so many times as long from then on. */
enum { PATIENCE = 4 };

static enum err_kind kind_of(int code)
{
    return (code & 0xff) == SQLITE_NOMEM ? ERR_BUG : ERR_STORE;
}

/* Says what went wrong, and what the user can do about it where that is known; else what was being
 * done: `doing`, which may be a statement, of which its first line is told. */
static bool fail(struct db *d, const char *doing, struct err *e)
{
    static const struct {
        int code;
        const char *text;
    } remedies[] = {DB_REMEDIES};
    int code = sqlite3_extended_errcode(d->handle);
    size_t i = 0;

    while (i < COUNT_OF(remedies) && remedies[i].code != code &&
           remedies[i].code != (code & 0xff)) {
        i++;
    }
    err_set(e, kind_of(code), "%s: %s", d->path, sqlite3_errmsg(d->handle));
    if (i < COUNT_OF(remedies)) {
        err_append(e, "; %s", remedies[i].text);
    } else {
        doing += strspn(doing, " \n");
        size_t line = strcspn(doing, "\n");
        int length = line < SHOWN_SQL_BYTES ? (int)line : SHOWN_SQL_BYTES;
        err_append(e, " (%.*s%s)", length, doing, doing[length] ? "..." : "");
    }
    if ((code & 0xff) == SQLITE_BUSY) {
        /* What follows is the end of a run, which is to stand in the file. */
        sqlite3_busy_timeout(d->handle, (int)limit_get(LIMIT_DB_BUSY_MS) * PATIENCE);
    }
    e->library_code = code;
    return false;
}

/* The main file alone, without locks, without its WAL. */
static const char *immutable_uri(struct arena *a, const char *path)
{
    BUF_SCOPED struct buf b = buf_of(SIZE_MAX);

    str_url_encode(&b, path);
    return arena_printf(a, "file:%s?immutable=1", buf_str(&b));
}

/* --- where it lies --- */

int64_t db_wal_bytes(const char *path)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct stat st;

    return stat(file_beside(a, path, "-wal"), &st) == 0 ? st.st_size : 0;
}

/* --- a write-ahead log of another file --- */

/* Where SQLite's programs lock the index of a WAL as long as they have it open. */
enum { INDEX_LOCKS_AT = 120, INDEX_LOCKS = 9 };

/* Where a file's header says how it is written and read (SQLite's file format, 1.3), and what one
 * with a rollback journal has there. */
enum { FORMAT_OFFSET = 18, LONG_LOOK_BYTES = 300 * MEGABYTE };
static const char rollback_format[] = {1, 1};

static sqlite3_file *file_of(sqlite3 *handle)
{
    sqlite3_file *f = NULL;

    (void)sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &f);
    return f;
}

static bool move_beside(struct arena *a, const char *path, const char *ending, int64_t now_ms)
{
    const char *from = arena_printf(a, "%s%s", path, ending);
    const char *to = arena_printf(a, "%s.before-%lld%s", path, (long long)now_ms, ending);

    if (rename(from, to) != 0) {
        return false;
    }
    LOG(LOG_WARN, "set aside: of another database than the one that lies there now",
        LOG_S("file", from), LOG_S("moved_to", to));
    return true;
}

/* Moves the WAL with inode `wal`, known to be of a file that was at `path` (symbolic links
 * resolved) before; false when it is not there or has to stay. */
static bool set_aside(const char *path, ino_t wal)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct flock all = {.l_type = F_WRLCK, .l_start = INDEX_LOCKS_AT, .l_len = INDEX_LOCKS};
    FD_SCOPED int index = open(arena_printf(a, "%s-shm", path), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    sqlite3 *handle = NULL;
    struct stat st;

    /* Nobody comes in between: who opens the file locks it before its WAL is looked at. */
    bool moved = false;
    bool is_free = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK;
    if (!is_free) {
        sqlite3_file *f = file_of(handle);
        is_free = f->pMethods->xLock(f, SQLITE_LOCK_SHARED) == SQLITE_OK &&
                  f->pMethods->xLock(f, SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK;
    }
    if (is_free && (index < 0 || fcntl(index, F_SETLK, &all) == 0) &&
        stat(arena_printf(a, "%s-wal", path), &st) == 0 && st.st_ino == wal) {
        int64_t now_ms = clock_now_ms();
        moved = move_beside(a, path, "-wal", now_ms);
        (void)move_beside(a, path, "-shm", now_ms);
    }
    sqlite3_close(handle);
    return moved;
}

/* What SQLite's check of the whole database says: SQLITE_OK, SQLITE_CORRUPT, SQLITE_BUSY where some
 * program uses it... *is_rollback (NULL: it is looked at alone) receives what its header says. */
static int check_whole(const char *name, int flags, bool *is_rollback)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *s = NULL;
    char format[sizeof(rollback_format)] = "";
    int code = sqlite3_open_v2(name, &handle, flags, NULL);

    if (code == SQLITE_OK) {
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_exec(handle, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
        code = sqlite3_prepare_v2(handle, "PRAGMA integrity_check(1)", -1, &s, NULL);
    }
    if (code == SQLITE_OK && is_rollback) {
        sqlite3_file *f = file_of(handle);
        *is_rollback = f->pMethods->xRead(f, format, sizeof(format), FORMAT_OFFSET) == SQLITE_OK &&
                       memcmp(format, rollback_format, sizeof(format)) == 0;
        sqlite3_int64 bytes = 0;
        (void)f->pMethods->xFileSize(f, &bytes);
        /* A look that takes long is told. */
        LOG(bytes > LONG_LOOK_BYTES ? LOG_WARN : LOG_INFO,
            "checking the whole database: it is younger than its write-ahead log",
            LOG_S("path", name));
    }
    if (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        code = str_eq((const char *)sqlite3_column_text(s, 0), "ok") ? SQLITE_OK : SQLITE_CORRUPT;
    }
    sqlite3_finalize(s);
    sqlite3_close(handle);
    return code & 0xff;
}

/* Of one machine, for comparison. */
static int64_t nanoseconds(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static bool is_of_another(struct arena *a, const char *path)
{
    bool is_rollback = false;
    int code = check_whole(path, SQLITE_OPEN_READWRITE, &is_rollback);

    return (code == SQLITE_CORRUPT || code == SQLITE_NOTADB ||
            (code == SQLITE_OK && is_rollback)) &&
           check_whole(immutable_uri(a, path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) ==
               SQLITE_OK;
}

/* Puts a write-ahead log that is not of the file at `path` (a backup moved there, or nothing) out
 * of its way, beside it under a name that the log tells. What SQLite can recover is left to it.
 *
 * A WAL does not say of which file it is. A run that was cut leaves a file that was changed before
 * its WAL was, or by a checkpoint. One that was changed later was perhaps put there: then the WAL
 * is its own if both together are sound. That is a dear look, but seldom, and nothing is moved
 * unless the file is sound by itself. */
static bool settle_wal(const char *path, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *real = file_beside(a, path, "");
    struct stat file = {.st_size = 0};
    struct stat wal;

    if (stat(arena_printf(a, "%s-wal", real), &wal) == 0 && wal.st_size > 0 &&
        (stat(real, &file) != 0 || file.st_size == 0 ||
         (nanoseconds(&wal.st_mtim) <= nanoseconds(&file.st_ctim) && is_of_another(a, real))) &&
        !set_aside(real, wal.st_ino)) {
        return err_set(e, ERR_STORE,
                       "%s: beside it lies the write-ahead log (-wal) of another database that was "
                       "there before, and it cannot be moved away: end the program that still uses "
                       "it, or let this user write there, and run again",
                       path);
    }
    return true;
}

/* --- readers that may not write --- */

/* Whether a file read without locks is as it was: else what was read may be of two moments. */
static bool is_unchanged(const struct db *d, struct err *e)
{
    const struct stat *stamp = &d->stamp;
    struct stat now = {.st_ino = 0}; /* where there is none any more */

    if (!d->frozen) {
        return true;
    }
    (void)stat(d->path, &now);
    return (now.st_ino == stamp->st_ino && now.st_size == stamp->st_size &&
            nanoseconds(&now.st_mtim) == nanoseconds(&stamp->st_mtim) &&
            nanoseconds(&now.st_ctim) == nanoseconds(&stamp->st_ctim)) ||
           err_set(e, ERR_STORE,
                   "%s: a run wrote to it while it was read; run the command again (a user that "
                   "may write to the file and its directory need not wait for runs)",
                   d->path);
}

/* The name and flags by which this user's rights allow to read a database, without leaving a file
 * of this user beside it where the writer could not use it: as usual where the user may write; else
 * read-only by the writer's WAL, or, where there is none, the main file alone. NULL: `e` says what
 * right is missing. */
static const char *choose_reading(struct arena *a, const char *path, int *flags, struct err *e)
{
    *flags = SQLITE_OPEN_READWRITE;
    if (file_may(path, W_OK) &&
        file_may(file_directory(a, file_beside(a, path, "")), W_OK | X_OK)) {
        return path;
    }
    /* Without a WAL nobody has it open, or all there is has been brought into the main file. */
    if (db_wal_bytes(path) == 0) {
        *flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
        return immutable_uri(a, path);
    }
    *flags = SQLITE_OPEN_READONLY;
    /* Where a WAL is, SQLite needs its index too, which only those who may write can make. */
    const char *wal = file_beside(a, path, "-wal");
    const char *index = file_beside(a, path, "-shm");
    if (file_may(wal, R_OK) && file_may(index, R_OK)) {
        return path;
    }
    if (file_may(index, F_OK)) {
        err_set(e, ERR_STORE, "%s: this user may not read %s and %s; give the user that right",
                path, wal, index);
    } else {
        err_set(e, ERR_STORE,
                "%s: a run that was cut off left %s behind, which needs a user that may "
                "write there: run `rollcall extract`, or let this user write to %s",
                path, wal, file_directory(a, wal));
    }
    return NULL;
}

/* --- statements ------------------------------------------------------------------------------ */

bool db_exec(struct db *d, const char *sql, struct err *e)
{
    return sqlite3_exec(d->handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail(d, sql, e);
}

/* What is not bound is NULL already. */
static int bind_value(sqlite3_stmt *s, int at, const struct db_value *v)
{
    char time[CLOCK_ISO_BYTES];

    switch (v->type) {
    case 'i':
        return sqlite3_bind_int64(s, at, v->number);
    case 'r':
        return sqlite3_bind_double(s, at, v->real);
    case 't':
        return v->number == TIME_NONE
                   ? SQLITE_OK
                   : sqlite3_bind_text(s, at, clock_format(v->number, time), -1, SQLITE_TRANSIENT);
    case 's':
        return v->bytes ? sqlite3_bind_text(s, at, v->bytes, -1, SQLITE_STATIC) : SQLITE_OK;
    case 'x':
        return sqlite3_bind_text64(s, at, v->bytes, v->length, SQLITE_STATIC, SQLITE_UTF8);
    case 'b':
        return sqlite3_bind_blob64(s, at, v->length > 0 ? v->bytes : "", v->length, SQLITE_STATIC);
    default:
        return SQLITE_OK;
    }
}

/* Where the statement of a text at this address was found last. */
static sqlite3_stmt **recent(struct db *d, const char *sql)
{
    return &d->recent[((uintptr_t)sql / sizeof(void *)) % COUNT_OF(d->recent)];
}

/* Whether a statement was made of `sql`, of which SQLite keeps nothing behind the semicolon. */
static bool is_of(sqlite3_stmt *s, const char *sql)
{
    const char *own = sqlite3_sql(s);
    size_t length = strlen(own);

    return strncmp(own, sql, length) == 0 && sql[length + strspn(sql + length, "; \n")] == '\0';
}

/* The statement of this text that the connection has, or NULL. */
static sqlite3_stmt *find_statement(struct db *d, const char *sql)
{
    sqlite3_stmt *s = *recent(d, sql);

    if (!s || !is_of(s, sql)) {
        s = NULL;
        while ((s = sqlite3_next_stmt(d->handle, s)) && !is_of(s, sql)) {
        }
    }
    return *recent(d, sql) = s;
}

static sqlite3_stmt *kept_statement(struct db *d, const char *sql, struct err *e)
{
    sqlite3_stmt *s = find_statement(d, sql);

    if (!s &&
        sqlite3_prepare_v3(d->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK) {
        fail(d, sql, e);
        return NULL;
    }
    INVARIANT(s && !sqlite3_stmt_busy(s));
    return s;
}

void db_forget(struct db *d, const char *sql)
{
    sqlite3_stmt *s = sql ? find_statement(d, sql) : NULL;

    for (size_t i = 0; i < COUNT_OF(d->recent); i++) { /* equal texts may lie at many places */
        d->recent[i] = d->recent[i] == s ? NULL : d->recent[i];
    }
    (void)sqlite3_finalize(s);
}

struct rows db_ask_values(struct db *d, struct err *e, const char *sql, const struct db_value *v,
                          size_t n)
{
    sqlite3_stmt *s = kept_statement(d, sql, e);
    struct rows q = {.db = d, .statement = s, .e = e, .ok = s != NULL};

    for (size_t i = 0; i < n && q.ok; i++) {
        int at = v[i].name ? sqlite3_bind_parameter_index(s, v[i].name) : (int)i + 1;

        q.ok = bind_value(s, at, &v[i]) == SQLITE_OK || fail(d, "a value cannot be stored", e);
    }
    return q;
}

bool db_next(struct rows *q)
{
    if (!q->ok) {
        return false;
    }
    int code = sqlite3_step(q->statement);
    if (!is_unchanged(q->db, q->e)) {
        q->ok = false;
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        q->ok = fail(q->db, sqlite3_sql(q->statement), q->e);
    }
    return q->ok && code == SQLITE_ROW;
}

bool db_end(struct rows *q)
{
    if (q->statement) {
        sqlite3_reset(q->statement);
        sqlite3_clear_bindings(q->statement);
        q->statement = NULL;
    }
    return q->ok;
}

/* Whoever goes on writing would write beside a file that is not theirs: closing neither brings the
 * WAL into it nor removes what another program may have made. */
static bool is_in_place(struct db *d, struct err *e)
{
    int moved = 0;

    if (!d->wal ||
        sqlite3_file_control(d->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
        !moved) {
        return true;
    }
    d->is_moved = true;
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return err_set(e, ERR_STORE,
                   "%s: it was replaced, moved or removed while a run wrote to it; nothing more "
                   "was written. Run again: what lies there now is brought up to date",
                   d->path);
}

bool db_do_values(struct db *d, struct err *e, const char *sql, const struct db_value *v, size_t n)
{
    struct rows q = db_ask_values(d, e, sql, v, n);
    bool alone = !d->in_transaction;

    if (alone) {
        step("commit");
        q.ok = q.ok && is_in_place(d, e);
    }
    bool row = db_next(&q);
    INVARIANT(!row);
    if (alone) {
        step("committed");
    }
    return db_end(&q);
}

bool db_number(struct rows q, int64_t *out)
{
    *out = db_next(&q) ? db_int(&q, 0) : 0;
    return db_end(&q);
}

/* --- the present row ------------------------------------------------------------------------- */

int db_column_count(const struct rows *q)
{
    return sqlite3_column_count(q->statement);
}

const char *db_column_name(const struct rows *q, int column)
{
    return or_die(sqlite3_column_name(q->statement, column));
}

int64_t db_int(const struct rows *q, int column)
{
    return sqlite3_column_int64(q->statement, column);
}

const char *db_text(const struct rows *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q->statement, column);

    if (!text && (sqlite3_errcode(q->db->handle) & 0xff) == SQLITE_NOMEM) {
        out_of("memory"); /* not a NULL */
    }
    return text;
}

int64_t db_time(const struct rows *q, int column)
{
    const char *text = db_text(q, column);
    int64_t ms = TIME_NONE;

    return text && clock_parse(text, false, &ms) ? ms : TIME_NONE;
}

const char *db_kept(const struct rows *q, int column, struct arena *a)
{
    return arena_strdup(a, db_text(q, column));
}

bool db_texts(struct rows q, struct arena *a, const char **texts, size_t count)
{
    bool has_row = db_next(&q);

    for (size_t i = 0; i < count; i++) {
        texts[i] = has_row ? db_kept(&q, (int)i, a) : NULL;
    }
    return db_end(&q);
}

bool db_list(struct rows q, struct arena *a, const char ***texts, size_t *count)
{
    BUF_SCOPED struct buf list = buf_of(SIZE_MAX);

    for (*count = 0; db_next(&q); (*count)++) {
        const char *text = db_kept(&q, 0, a);
        (void)buf_add(&list, &text, sizeof(text));
    }
    *texts = memcpy(arena_alloc(a, list.length), buf_str(&list), list.length);
    return db_end(&q);
}

bool db_run_written(struct rows q)
{
    BUF_SCOPED struct buf statements = buf_of(SIZE_MAX); /* each with its NUL */
    int columns = q.ok ? db_column_count(&q) : 0;

    while (db_next(&q)) {
        for (int i = 0; i < columns; i++) {
            const char *text = db_text(&q, i);
            (void)buf_add(&statements, text, strlen(text) + 1);
        }
    }
    bool done = db_end(&q);
    for (size_t at = 0; done && at < statements.length; at += strlen(statements.data + at) + 1) {
        step("written");
        done = db_exec(q.db, statements.data + at, q.e);
    }
    return done;
}

bool db_has_room(struct db *d, int64_t bytes, const char *doing, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    int64_t there = file_free_bytes(file_beside(a, d->path, ""));

    return there >= bytes ||
           err_set(e, ERR_STORE,
                   "%s: %s takes %lld MB beside it while it lasts, %lld MB are free; free some and "
                   "run again (the file is as it was)",
                   d->path, doing, (long long)(bytes / MEGABYTE) + 1,
                   (long long)(there / MEGABYTE));
}

const void *db_bytes(const struct rows *q, int column, size_t *length)
{
    const void *bytes = sqlite3_column_blob(q->statement, column);

    *length = (size_t)sqlite3_column_bytes(q->statement, column);
    return bytes;
}

/* By its value: each question for a column takes a lock. */
struct cell db_cell(const struct rows *q, int column, struct arena *a)
{
    sqlite3_value *v = sqlite3_column_value(q->statement, column);

    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        return cell_int(sqlite3_value_int64(v));
    case SQLITE_FLOAT:
        return (struct cell){.type = CELL_REAL, .value.real = sqlite3_value_double(v)};
    case SQLITE_TEXT: {
        const char *text = or_die(sqlite3_value_text(v));
        uint32_t length = (uint32_t)sqlite3_value_bytes(v);

        text = a ? arena_strndup(a, text, length) : text;
        return (struct cell){.type = CELL_TEXT, .length = length, .value.text = text};
    }
    default:
        return (struct cell){.type = CELL_NULL};
    }
}

struct db_value db_value_of(const struct cell *c)
{
    switch (c->type) {
    case CELL_INT:
        return I(c->value.integer);
    case CELL_REAL:
        return R(c->value.real);
    case CELL_TEXT:
        return X(c->value.text, c->length);
    case CELL_NULL:
        break;
    }
    return NONE;
}

/* --- feeds ------------------------------------------------------------------------------------ */

struct feed_table {
    sqlite3_vtab base;
    const struct db_feed *feed;
};

struct feed_cursor {
    sqlite3_vtab_cursor base;
    const struct db_feed *feed;
    size_t at;
};

static int feed_connect(sqlite3 *handle, void *feed, int argc, const char *const *argv,
                        sqlite3_vtab **out, char **message)
{
    const struct db_feed *f = feed;
    char *sql = sqlite3_mprintf("CREATE TABLE feed (%s)", f->columns);
    int code = sql ? sqlite3_declare_vtab(handle, sql) : SQLITE_NOMEM;

    (void)argc, (void)argv, (void)message;
    sqlite3_free(sql);
    if (code == SQLITE_OK) {
        struct feed_table *t = xcalloc(1, sizeof(*t));
        t->feed = f;
        *out = &t->base;
    }
    return code;
}

static int feed_disconnect(sqlite3_vtab *t)
{
    free(t);
    return SQLITE_OK;
}

/* There is one way to read it. The cost keeps a feed the outer loop of a join with a table that has
 * an index. */
static int feed_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
    (void)t;
    info->estimatedCost = 1000;
    info->estimatedRows = 1000;
    return SQLITE_OK;
}

static int feed_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    struct feed_cursor *c = xcalloc(1, sizeof(*c));

    c->feed = ((struct feed_table *)t)->feed;
    *out = &c->base;
    return SQLITE_OK;
}

static int feed_close(sqlite3_vtab_cursor *c)
{
    free(c);
    return SQLITE_OK;
}

/* To the next row that is not left out; behind the last where there is none. */
static int feed_next(sqlite3_vtab_cursor *cursor)
{
    struct feed_cursor *c = (struct feed_cursor *)cursor;
    const struct db_feed *f = c->feed;

    do {
        c->at++;
    } while (c->at < f->row_count && !f->has(f->user, f->table, c->at));
    return SQLITE_OK;
}

static int feed_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
                       sqlite3_value **argv)
{
    (void)number, (void)text, (void)argc, (void)argv;
    ((struct feed_cursor *)cursor)->at = SIZE_MAX; /* before the first */
    return feed_next(cursor);
}

static int feed_eof(sqlite3_vtab_cursor *cursor)
{
    const struct feed_cursor *c = (const struct feed_cursor *)cursor;

    return c->at >= c->feed->row_count;
}

static int feed_column(sqlite3_vtab_cursor *cursor, sqlite3_context *out, int column)
{
    const struct feed_cursor *c = (const struct feed_cursor *)cursor;
    const struct cell *cell = &c->feed->cells[c->at * c->feed->width + (size_t)column];

    switch (cell->type) {
    case CELL_NULL:
        break;
    case CELL_INT:
        sqlite3_result_int64(out, cell->value.integer);
        break;
    case CELL_REAL:
        sqlite3_result_double(out, cell->value.real);
        break;
    case CELL_TEXT:
        sqlite3_result_text64(out, cell->value.text, cell->length, SQLITE_STATIC, SQLITE_UTF8);
        break;
    }
    return SQLITE_OK;
}

static int feed_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((const struct feed_cursor *)cursor)->at;
    return SQLITE_OK;
}

static const sqlite3_module feed_module = {
    .xConnect = feed_connect,
    .xBestIndex = feed_best_index,
    .xDisconnect = feed_disconnect,
    .xDestroy = feed_disconnect,
    .xOpen = feed_open,
    .xClose = feed_close,
    .xFilter = feed_filter,
    .xNext = feed_next,
    .xEof = feed_eof,
    .xColumn = feed_column,
    .xRowid = feed_rowid,
};

bool db_feed(struct db *d, const struct db_feed *f, struct err *e)
{
    return sqlite3_create_module(d->handle, f->name, &feed_module, (void *)f) == SQLITE_OK ||
           fail(d, f->name, e);
}

void db_unfeed(struct db *d, const char *name)
{
    (void)sqlite3_create_module(d->handle, name, NULL, NULL);
}

/* --- a function --- */

static void call_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct db_function *f = sqlite3_user_data(context);
    const char *text = (const char *)sqlite3_value_text(values[0]);

    (void)count;
    sqlite3_result_int64(
        context, text ? f->answer(f->user, text, (size_t)sqlite3_value_bytes(values[0])) : 0);
}

bool db_function(struct db *d, const struct db_function *f, struct err *e)
{
    return sqlite3_create_function(d->handle, f->name, 1, SQLITE_UTF8, (void *)f, call_function,
                                   NULL, NULL) == SQLITE_OK ||
           fail(d, f->name, e);
}

/* --- transactions --- */

static bool begin(struct db *d, const char *sql, struct err *e)
{
    INVARIANT(!d->in_transaction);
    d->in_transaction = db_exec(d, sql, e);
    return d->in_transaction;
}

bool db_begin(struct db *d, struct err *e)
{
    return begin(d, "BEGIN IMMEDIATE", e);
}

bool db_begin_read(struct db *d, struct err *e)
{
    /* A deferred transaction has no snapshot before its first read. */
    return begin(d, "BEGIN", e) && db_exec(d, "SELECT count(*) FROM sqlite_master", e);
}

void db_rollback(struct db *d)
{
    /* An error such as a full disk may have rolled back by itself. */
    if (d->in_transaction && !sqlite3_get_autocommit(d->handle)) {
        sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    d->in_transaction = false;
}

bool db_finish(struct db *d, bool ok, struct err *e)
{
    INVARIANT(!ok || d->in_transaction);
    if (ok) {
        step("commit");
        ok = is_in_place(d, e) && db_exec(d, "COMMIT", e);
        d->in_transaction = !ok;
    }
    if (ok) {
        step("committed");
    }
    db_rollback(d);
    return ok;
}

int64_t db_changes(struct db *d)
{
    return sqlite3_changes(d->handle);
}

enum {
    LOCK_WAIT_MS = 20,
    READ_TRIES = 4,
    CONVERTED_SCHEMA = 6,
    /* Between two looks for a signal: steps of SQLite's virtual machine, about ten a row, and pages
     * that are copied. */
    STEPS_A_LOOK = 1000,
    PAGES_A_LOOK = 256,
};

/* --- schema numbers --- */

/* The number a migration's name begins with ("0003_adherence_state" is 3). */
static int migration_number(size_t at)
{
    return (int)strtol(embedded_schema[at].name, NULL, 10);
}

int db_schema_version(void)
{
    size_t last = 0;

    while (embedded_schema[last + 1].name) {
        last++;
    }
    return migration_number(last);
}

/* --- write-ahead log --- */

/* Switches a new file to WAL; one that has it needs nothing. The switch needs the file alone and
 * SQLite does not always wait for it, so two programs that make the same file at once wait here. */
static bool switch_to_wal(struct db *d, struct err *e)
{
    int64_t deadline_ms = clock_monotonic_ms() + limit_get(LIMIT_DB_BUSY_MS);

    for (;;) {
        struct rows q = db_ask(d, e, "PRAGMA journal_mode = WAL", NONE);
        bool wal = db_next(&q) && str_eq(db_text(&q, 0), "wal");

        if (db_end(&q)) {
            return wal || err_set(e, ERR_STORE, "%s: the file system does not allow SQLite's WAL",
                                  d->path);
        }
        int code = e->library_code & 0xff;
        if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || clock_monotonic_ms() >= deadline_ms) {
            return false;
        }
        err_clear(e);
        clock_sleep_ms(LOCK_WAIT_MS);
    }
}

/* --- migrations --- */

/* Runs the files of one number. */
static bool run_schema(struct db *d, int number, struct err *e)
{
    for (size_t i = 0; embedded_schema[i].name; i++) {
        if (migration_number(i) == number && !db_exec(d, embedded_schema[i].text, e)) {
            return err_prefix(e, "schema %s", embedded_schema[i].name);
        }
    }
    return true;
}

/* --- a file of the schema before the baseline ---
 *
 * Its tables are set aside, the baseline is made, the columns are copied, also those that the owner
 * has added, and the old tables go. Keys and rowids stay. */

static int stop_asked(void *unused)
{
    (void)unused;
    return stop_requested();
}

/* In the transaction that is open, so that whoever is stopped on the way leaves the file as it was.
 * What its owner added (tables, views, indexes, triggers) stays. */
static bool convert(struct db *d, int64_t version, struct err *e)
{
    int64_t begun_ms = clock_monotonic_ms();
    int64_t size;

    if (version != CONVERTED_SCHEMA) {
        return err_set(e, ERR_STORE,
                       "%s: schema %lld is older than this program brings over (%d); set the file "
                       "aside, `rollcall extract` makes a new one",
                       d->path, (long long)version, CONVERTED_SCHEMA);
    }
    /* All rows are written anew, once to the WAL and then, where no dropped table leaves its room,
     * to the file's end. */
    if (!db_number(db_ask(d, e, sql_database_bytes, NONE), &size) ||
        !db_has_room(d, size * 2, "bringing it to this program's schema", e)) {
        return false;
    }
    LOG(LOG_WARN, "converting the database", LOG_S("path", d->path),
        LOG_N("schema", db_schema_version()), LOG_N("bytes", size));
    sqlite3_progress_handler(d->handle, STEPS_A_LOOK, stop_asked, NULL);
    bool done = db_exec(d, sql_convert_ours, e) && db_exec(d, sql_convert_keep, e) &&
                db_run_written(db_ask(d, e, sql_convert_aside, NONE)) &&
                run_schema(d, migration_number(0), e) &&
                db_run_written(db_ask(d, e, sql_convert_columns, NONE)) &&
                db_run_written(db_ask(d, e, sql_convert_copy, NONE)) &&
                db_run_written(db_ask(d, e, sql_convert_again, NONE)) &&
                db_exec(d, "DROP TABLE temp.convert_kept; DROP VIEW temp.convert_ours", e);
    sqlite3_progress_handler(d->handle, 0, NULL, NULL);
    if (done) {
        LOG(LOG_INFO, "converted the database", LOG_N("ms", clock_monotonic_ms() - begun_ms));
    } else if ((e->library_code & 0xff) == SQLITE_INTERRUPT) {
        err_set(e, ERR_STOPPED, "stopped by a signal; %s is as it was", d->path);
    }
    return done;
}

/* Runs one migration in the transaction that is open, unless another program was faster. Our views
 * are no migrations: they go before the first and are made as they are today after the last, so
 * none of them names a table that changes meanwhile. Whatever of the owner's does goes on naming
 * it: with legacy_alter_table SQLite neither rewrites nor refuses it. */
static bool migrate_step(struct db *d, int number, struct err *e)
{
    int64_t version;
    char marks[120];

    if (!db_number(db_ask(d, e, "PRAGMA user_version", NONE), &version)) {
        return false;
    }
    if (version >= number) {
        return true;
    }
    bool is_conversion = version > 0 && number == migration_number(0);
    bool ok = db_exec(d, "PRAGMA legacy_alter_table = ON", e) &&
              db_exec(d, embedded_views[VIEWS_DROP].text, e) &&
              (is_conversion ? convert(d, version, e) : run_schema(d, number, e)) &&
              (number < db_schema_version() || db_exec(d, embedded_views[VIEWS_MAKE].text, e));
    INVARIANT(!ok || !sqlite3_get_autocommit(d->handle));
    snprintf(
        marks, sizeof(marks),
        "PRAGMA application_id = %d; PRAGMA user_version = %d; PRAGMA legacy_alter_table = OFF",
        DB_APPLICATION_ID, number);
    return ok && db_exec(d, marks, e);
}

/* The files of one number are one migration; all that a file lacks are one transaction, so that a
 * kill leaves it as it was. */
static bool migrate(struct db *d, int64_t version, struct err *e)
{
    int last = db_schema_version();

    if (version == last) {
        return true;
    }
    if (version > 0) {
        LOG(LOG_INFO, "bringing the database to a newer schema", LOG_S("path", d->path),
            LOG_N("schema", last));
    }
    bool done = db_begin(d, e);
    for (int number = migration_number(0); done && number <= last; number++) {
        done = migrate_step(d, number, e);
    }
    return db_finish(d, done, e);
}

/* --- opening --- */

static struct db *open_handle(const char *path, const char *name, int flags, struct err *e)
{
    struct db *d = xcalloc(1, sizeof(*d));

    d->path = xstrdup(path);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* counting each allocation costs a lock */
    int code = sqlite3_open_v2(name, &d->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
    (void)or_die(d->handle);
    if (code != SQLITE_OK) {
        fail(d, "opening", e);
        db_close(d);
        return NULL;
    }
    sqlite3_extended_result_codes(d->handle, 1);
    return d;
}

/* Reads the schema number (0: the file is nobody's yet) and refuses what is another program's, or
 * newer than this one. The header says so of a file of ours; the schema, which costs as much as all
 * else, need not be read then. */
static bool read_version(struct db *d, int64_t *version, struct err *e)
{
    int64_t id = 0;
    int64_t entries = 0;
    /* One moment: another program may be making the file right now. */
    bool done =
        begin(d, "BEGIN", e) && db_number(db_ask(d, e, "PRAGMA application_id", NONE), &id) &&
        db_number(db_ask(d, e, "PRAGMA user_version", NONE), version) &&
        (id != 0 || db_number(db_ask(d, e, "SELECT count(*) FROM sqlite_master", NONE), &entries));

    db_rollback(d);
    if (!done || (id == 0 && *version == 0 && entries == 0)) {
        return done;
    }
    if (id != DB_APPLICATION_ID) {
        return err_because(e, ERR_STORE, CAUSE_LOCAL_FOREIGN,
                           "%s: a SQLite database, but not one of rollcall's; it was left as it "
                           "is. Name another file ([database] path)",
                           d->path);
    }
    if (*version > db_schema_version()) {
        return err_because(e, ERR_STORE, CAUSE_LOCAL_NEWER,
                           "%s: made by a newer rollcall (schema %lld, this program knows %d); "
                           "update rollcall",
                           d->path, (long long)*version, db_schema_version());
    }
    return true;
}

/* A look that cannot leave anything behind. What it refuses is refused for sure: of a file of ours,
 * the first page either bears our id or is blank (what is missing is in the WAL). What it cannot
 * read is left to the real opening. SQLite opens it, not we: closing the file ourselves would drop
 * SQLite's own locks. */
static bool first_look(const char *path, struct err *e)
{
    struct err found = {.kind = ERR_NONE};
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct stat st;
    int64_t version;
    const char *uri = immutable_uri(a, path);
    /* Beside a WAL it says nothing: a checkpoint may have been cut in the file's first page, which
     * SQLite then has from the WAL. */
    bool tells = stat(path, &st) == 0 && st.st_size > 0 && db_wal_bytes(path) == 0;
    DB_SCOPED struct db *d =
        tells ? open_handle(path, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, &found) : NULL;

    if (d && !read_version(d, &version, &found) && (found.library_code & 0xff) == SQLITE_NOTADB) {
        err_because(&found, ERR_STORE, CAUSE_LOCAL_FOREIGN,
                    "%s: not a SQLite database; it was left as it is. Name another file "
                    "([database] path)",
                    path);
    }
    if (found.cause) {
        *e = found;
    }
    return !found.cause;
}

/* What a reader may not do: write to the file itself. Tables of its own connection it may make. (An
 * update of the catalogue is how SQLite makes a virtual table known.) */
static int only_temporary(void *unused, int action, const char *table, const char *column,
                          const char *database, const char *by)
{
    bool writes = action == SQLITE_INSERT || action == SQLITE_DELETE ||
                  (action == SQLITE_UPDATE && !str_eq(table, "sqlite_master"));

    (void)unused, (void)column, (void)by;
    return writes && str_eq(database, "main") ? SQLITE_DENY : SQLITE_OK;
}

/* Settings of the connection alone; they change no file. */
static bool connection_settings(struct db *d, enum db_mode mode, struct err *e)
{
    sqlite3_busy_timeout(d->handle, (int)limit_get(LIMIT_DB_BUSY_MS));
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_set_authorizer(d->handle, mode == DB_READ ? only_temporary : NULL, NULL);
    return db_exec(d, sql_connection_settings, e);
}

/* Settings and schema; on failure `d` is closed. */
static bool get_ready(struct db *d, enum db_mode mode, struct err *e)
{
    int64_t version;

    /* Until the file is known to be ours, closing it writes nothing. */
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    bool ready = connection_settings(d, mode, e) && read_version(d, &version, e);
    if (ready) {
        sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    if (ready && mode == DB_WRITE) {
        ready = switch_to_wal(d, e) && migrate(d, version, e);
    } else if (ready && version == 0) {
        ready =
            err_set(e, ERR_STORE, "%s: holds nothing yet; run `rollcall extract` first", d->path);
    } else if (ready && version < db_schema_version()) {
        ready = err_because(e, ERR_STORE, CAUSE_LOCAL_OLDER,
                            "%s: made by an older rollcall (schema %lld, this program has %d); the "
                            "next `rollcall extract` brings it up to date",
                            d->path, (long long)version, db_schema_version());
    }
    if (!ready) {
        db_close(d);
    }
    return ready;
}

/* Opens in whatever way this user's rights allow. A writer that begins or ends just then changes
 * what a reader that may not write has to do. */
static struct db *open_reader(struct arena *a, const char *path, struct err *e)
{
    for (int tries = 1;; tries++) {
        struct stat stamp = {.st_ino = 0};
        int flags;

        (void)stat(path, &stamp);
        const char *name = choose_reading(a, path, &flags, e);
        struct db *d = name ? open_handle(path, name, flags, e) : NULL;
        if (!d) {
            return NULL;
        }
        d->frozen = flags & SQLITE_OPEN_URI;
        d->stamp = stamp;
        if (get_ready(d, DB_READ, e)) {
            return d;
        }
        int code = e->library_code & 0xff;
        if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY) {
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

static struct db *open_writer(struct arena *a, const char *path, struct err *e)
{
    struct stat st;
    /* SQLite would let everyone read what it makes; what it makes later beside a file gets that
     * file's mode. Not for a file that is there: closing it would drop SQLite's locks. */
    int fd = file_make(path, path);

    if (fd < 0 && access(path, F_OK) != 0) { /* a link to where there is none */
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, FILE_MODE);
    }
    file_leave(&fd);
    struct db *d = open_handle(path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);
    if (!d || !get_ready(d, DB_WRITE, e)) {
        return NULL;
    }
    d->wal = stat(file_beside(a, path, "-wal"), &st) == 0 ? st.st_ino : 0;
    d->copier = wal_copier_new(d->handle, d->path);
    return d;
}

bool db_check(const char *path, struct err *e)
{
    return file_check_database(path, false, e) && first_look(path, e);
}

struct db *db_open(const char *path, enum db_mode mode, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);

    if (!file_check_database(path, mode == DB_READ, e) || !first_look(path, e) ||
        !settle_wal(path, e)) {
        return NULL;
    }
    return mode == DB_READ ? open_reader(a, path, e) : open_writer(a, path, e);
}

struct db *db_open_memory(bool is_ours, struct err *e)
{
    struct db *d = open_handle("(memory)", ":memory:", SQLITE_OPEN_READWRITE, e);

    if (d && !(connection_settings(d, DB_WRITE, e) && (!is_ours || migrate(d, 0, e)))) {
        db_close(d);
        return NULL;
    }
    return d;
}

int64_t db_empty_wal(struct db *d)
{
    struct err moved;

    if (is_in_place(d, &moved)) {
        wal_copier_wait(d->copier);
        sqlite3_busy_timeout(d->handle, 0);
        (void)sqlite3_wal_checkpoint_v2(d->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        sqlite3_busy_timeout(d->handle, (int)limit_get(LIMIT_DB_BUSY_MS));
    }
    return db_wal_bytes(d->path);
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
    db_rollback(d);
    wal_copier_free(d->copier);
    for (sqlite3_stmt *s; (s = sqlite3_next_stmt(d->handle, NULL));) {
        (void)sqlite3_finalize(s);
    }
    char *moved = d->is_moved ? xstrdup(sqlite3_db_filename(d->handle, "main")) : NULL;
    sqlite3_close_v2(d->handle);
    if (moved) {
        (void)set_aside(moved, d->wal);
        free(moved);
    }
    free(d->path);
    free(d);
}

/* --- copying --- */

static bool copy_pages(struct db *d, const char *path, const char *shown, struct err *e)
{
    sqlite3 *copy = NULL;
    /* Nothing but the file itself is written, and its fsync is the caller's. */
    bool opened = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
                      SQLITE_OK &&
                  sqlite3_exec(copy, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL,
                               NULL, NULL) == SQLITE_OK;
    sqlite3_backup *backup = opened ? sqlite3_backup_init(copy, "main", d->handle, "main") : NULL;
    int code = backup ? SQLITE_OK : sqlite3_errcode(copy);

    while (code == SQLITE_OK && !stop_requested()) {
        code = sqlite3_backup_step(backup, PAGES_A_LOOK);
    }
    (void)sqlite3_backup_finish(backup);
    if (code == SQLITE_OK) {
        err_set(e, ERR_STOPPED, "stopped by a signal; %s is as it was", shown);
    } else if (code != SQLITE_DONE) {
        int primary = code & 0xff;
        err_set(e, kind_of(code), "%s: copying the database: %s%s", shown, sqlite3_errmsg(copy),
                primary == SQLITE_FULL || primary == SQLITE_IOERR
                    ? "; the disk is full or failing: free some space there and run again"
                    : "");
        e->library_code = code;
    }
    sqlite3_close(copy);
    return code == SQLITE_DONE;
}

bool db_backup(struct db *d, const char *path, const char *shown, struct err *e)
{
    /* A read transaction of ours keeps one moment in sight, whatever is written meanwhile. */
    bool done = db_begin_read(d, e) && copy_pages(d, path, shown, e) && is_unchanged(d, e);

    db_rollback(d);
    if (!done) {
        return false;
    }
    /* The copy has the original's header, which says WAL: a reader would then need to write beside
     * it. */
    FD_SCOPED int fd = open(path, O_WRONLY | O_CLOEXEC);
    return (fd >= 0 && pwrite(fd, rollback_format, sizeof(rollback_format), FORMAT_OFFSET) ==
                           sizeof(rollback_format)) ||
           file_fail(e, "write", shown, errno);
}
