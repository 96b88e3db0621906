#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/causes.h"
#include "base/str.h"
#include "io/db_internal.h"
#include "io/file.h"

#ifdef __APPLE__
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif

enum { PATH_URI_BYTES = 65536 };

/* --- whose file is it --- */

/* One read transaction: another program may be making the file right now. */
bool db_read_header(struct db *d, struct db_header *h, struct err *e)
{
    bool ok = db_exec(d, "BEGIN", e) &&
              db_scalar(d, "PRAGMA application_id", &h->application_id, e) &&
              db_scalar(d, "PRAGMA user_version", &h->version, e) &&
              db_scalar(d, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)", &h->has_tables, e);

    sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

bool db_header_is_blank(const struct db_header *h)
{
    return h->application_id == 0 && h->version == 0 && !h->has_tables;
}

bool db_judge_header(const char *path, const struct db_header *h, struct err *e)
{
    if (db_header_is_blank(h)) {
        return true;
    }
    if (h->application_id != DB_APPLICATION_ID) {
        err_set(e, ERR_STORE,
                "%s: a SQLite database, but not one of rollcall's; it was left as it is. "
                "Name another file ([database] path)",
                path);
        return err_cause(e, CAUSE_LOCAL_FOREIGN);
    }
    if (h->version > db_schema_version()) {
        err_set(e, ERR_STORE,
                "%s: made by a newer rollcall (schema %lld, this program knows %d); "
                "update rollcall",
                path, (long long)h->version, db_schema_version());
        return err_cause(e, CAUSE_LOCAL_NEWER);
    }
    return true;
}

struct db *db_open_handle(const char *path, const char *name, int flags, struct err *e)
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

/* The main file alone, without locks, without its WAL. */
static struct db *open_immutable(const char *path, struct err *e)
{
    struct buf uri;
    struct db *d = NULL;

    buf_init(&uri, PATH_URI_BYTES);
    if (!buf_add_str(&uri, "file:") || !str_url_encode(&uri, path) ||
        !buf_add_str(&uri, "?immutable=1")) {
        err_set(e, ERR_STORE, "%.80s...: the path is too long", path);
    } else {
        d = db_open_handle(path, buf_str(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
    }
    buf_free(&uri);
    return d;
}

/* A first look that cannot leave anything behind. What it refuses is refused for sure: of a file of
 * ours, the first page either bears our id or is blank (what is missing is in the WAL). What it
 * cannot read is left to the real opening. SQLite opens it, not we: closing the file ourselves
 * would drop SQLite's own locks. */
static bool first_look(const char *path, struct err *e)
{
    struct db_header h;
    struct db *d = open_immutable(path, e);
    bool ok = true;

    if (!d) {
        return false;
    }
    if (db_read_header(d, &h, e)) {
        ok = db_judge_header(path, &h, e);
    } else if ((e->library_code & 0xff) == SQLITE_NOTADB) {
        err_set(e, ERR_STORE,
                "%s: not a SQLite database; it was left as it is. Name another file "
                "([database] path)",
                path);
        ok = err_cause(e, CAUSE_LOCAL_FOREIGN);
    } else {
        err_clear(e);
    }
    db_close(d);
    return ok;
}

/* --- where it lies --- */

/* As the process is now, not as who started it. */
static bool may(const char *path, int what)
{
    return faccessat(AT_FDCWD, path, what, AT_EACCESS) == 0;
}

static bool check_existing(const char *path, const struct stat *st, struct err *e)
{
    if (!S_ISREG(st->st_mode)) {
        err_set(e, ERR_STORE, "%s: not a file", path);
        return err_cause(e, CAUSE_LOCAL_FOREIGN);
    }
    if (!may(path, R_OK)) {
        err_set(e, ERR_STORE, "%s: this user may not read it; give the user that right", path);
        return err_cause(e, CAUSE_LOCAL_RIGHTS);
    }
    return st->st_size == 0 || first_look(path, e);
}

static bool check_absent(const char *path, enum db_mode mode, struct err *e)
{
    if (mode == DB_READ) {
        return err_set(e, ERR_STORE, "%s: no such database yet; `rollcall extract` makes it", path);
    }
    struct arena *a = arena_new(0);
    const char *directory = file_directory(a, path);
    struct stat st;
    bool there = stat(directory, &st) == 0 && S_ISDIR(st.st_mode);

    if (!there) {
        err_set(e, ERR_STORE, "%s: the directory %s does not exist; make it first", path,
                directory);
        err_cause(e, CAUSE_LOCAL_DIRECTORY);
    }
    arena_free(a);
    return there;
}

bool db_check_place(const char *path, enum db_mode mode, struct err *e)
{
    const char *system = NULL;
    struct stat st;

    if (file_on_network(path, &system)) {
        err_set(e, ERR_STORE,
                "%s: lies on a network file system (%s), where SQLite's shared memory does "
                "not work; put the database on a local disk",
                path, system);
        return err_cause(e, CAUSE_LOCAL_NETWORK_DISK);
    }
    if (stat(path, &st) == 0) {
        return check_existing(path, &st, e);
    }
    if (errno == EACCES) {
        err_set(e, ERR_STORE,
                "%s: this user may not enter its directory (or one above it); give the user "
                "that right",
                path);
        return err_cause(e, CAUSE_LOCAL_RIGHTS);
    }
    return check_absent(path, mode, e);
}

bool db_check(const char *path, struct err *e)
{
    return db_check_place(path, DB_WRITE, e);
}

/* --- readers that may not write --- */

static void take_stamp(const char *path, struct db_stamp *out)
{
    struct stat st;

    *out = (struct db_stamp){.inode = 0};
    if (stat(path, &st) == 0) {
        *out = (struct db_stamp){.inode = st.st_ino,
                                 .size = st.st_size,
                                 .modified_at = st.st_mtim,
                                 .changed_at = st.st_ctim};
    }
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool db_check_frozen(const struct db *d, struct err *e)
{
    struct db_stamp now;

    if (!d->frozen) {
        return true;
    }
    take_stamp(d->path, &now);
    if (now.inode == d->stamp.inode && now.size == d->stamp.size &&
        same_time(&now.modified_at, &d->stamp.modified_at) &&
        same_time(&now.changed_at, &d->stamp.changed_at)) {
        return true;
    }
    return err_set(e, ERR_STORE,
                   "%s: a run wrote to it while it was read; run the command again (a user that "
                   "may write to the file and its directory need not wait for runs)",
                   d->path);
}

/* What lies beside the database itself, which may be behind a symbolic link. */
static const char *beside(struct arena *a, const char *path, const char *ending)
{
    char *resolved = realpath(path, NULL);
    const char *name = arena_printf(a, "%s%s", resolved ? resolved : path, ending);

    free(resolved);
    return name;
}

static bool may_write(struct arena *a, const char *path)
{
    return may(path, W_OK) && may(file_directory(a, beside(a, path, "")), W_OK | X_OK);
}

/* Nobody has it open, or all there is has been brought into the main file. */
static bool has_no_wal(const char *wal)
{
    struct stat st;

    return stat(wal, &st) != 0 || st.st_size == 0;
}

/* Where a WAL is, SQLite needs its index too, which only those who may write can make. */
static bool check_wal(struct arena *a, const char *path, struct err *e)
{
    const char *wal = beside(a, path, "-wal");
    const char *index = beside(a, path, "-shm");

    if (may(wal, R_OK) && may(index, R_OK)) {
        return true;
    }
    if (!may(index, F_OK)) {
        return err_set(e, ERR_STORE,
                       "%s: a run that was cut off left %s behind, which needs a user that may "
                       "write there: run `rollcall extract`, or let this user write to %s",
                       path, wal, file_directory(a, wal));
    }
    return err_set(e, ERR_STORE, "%s: this user may not read %s and %s; give the user that right",
                   path, wal, index);
}

struct db *db_open_to_read(const char *path, struct err *e)
{
    struct arena *a = arena_new(0);
    struct db_stamp stamp;
    struct db *d = NULL;

    take_stamp(path, &stamp);
    if (may_write(a, path)) {
        d = db_open_handle(path, path, SQLITE_OPEN_READWRITE, e);
    } else if (has_no_wal(beside(a, path, "-wal"))) {
        d = open_immutable(path, e);
        if (d) {
            d->frozen = true;
            d->stamp = stamp;
        }
    } else if (check_wal(a, path, e)) {
        d = db_open_handle(path, path, SQLITE_OPEN_READONLY, e);
    }
    arena_free(a);
    return d;
}
