#include "io/db_place.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/causes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "io/file.h"

#ifdef __APPLE__
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif

/* The main file alone, without locks, without its WAL. */
static const char *immutable_uri(struct arena *a, const char *path)
{
    BUF_SCOPED struct buf b = buf_of(SIZE_MAX);

    (void)str_url_encode(&b, path);
    return arena_printf(a, "file:%s?immutable=1", buf_str(&b));
}

/* --- where it lies --- */

/* As the process is now, not as who started it. */
static bool may(const char *path, int what)
{
    return faccessat(AT_FDCWD, path, what, AT_EACCESS) == 0;
}

static bool has_wal(struct arena *a, const char *path)
{
    struct stat st;

    return stat(file_beside(a, path, "-wal"), &st) == 0 && st.st_size > 0;
}

const char *db_place_alone(struct arena *a, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0 || st.st_size == 0 || has_wal(a, path)) {
        return NULL;
    }
    return immutable_uri(a, path);
}

static bool check_absent(const char *path, bool must_exist, struct err *e)
{
    if (must_exist) {
        return err_set(e, ERR_STORE, "%s: no such database yet; `rollcall extract` makes it", path);
    }
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *directory = file_directory(a, path);
    struct stat st;

    if (stat(directory, &st) == 0 && S_ISDIR(st.st_mode)) {
        return true;
    }
    err_set(e, ERR_STORE, "%s: the directory %s does not exist; make it first", path, directory);
    return err_cause(e, CAUSE_LOCAL_DIRECTORY);
}

bool db_place_check(const char *path, bool must_exist, struct err *e)
{
    const char *system = file_on_network(path);
    struct stat st;

    if (system) {
        err_set(e, ERR_STORE,
                "%s: lies on a network file system (%s), where SQLite's shared memory does "
                "not work; put the database on a local disk",
                path, system);
        return err_cause(e, CAUSE_LOCAL_NETWORK_DISK);
    }
    if (stat(path, &st) != 0) {
        if (errno != EACCES) {
            return check_absent(path, must_exist, e);
        }
        err_set(e, ERR_STORE,
                "%s: this user may not enter its directory (or one above it); give the user "
                "that right",
                path);
        return err_cause(e, CAUSE_LOCAL_RIGHTS);
    }
    if (!S_ISREG(st.st_mode)) {
        err_set(e, ERR_STORE, "%s: not a file", path);
        return err_cause(e, CAUSE_LOCAL_FOREIGN);
    }
    if (!may(path, R_OK)) {
        err_set(e, ERR_STORE, "%s: this user may not read it; give the user that right", path);
        return err_cause(e, CAUSE_LOCAL_RIGHTS);
    }
    return true;
}

/* --- a write-ahead log of another file --- */

/* Where SQLite's programs lock the index of a WAL as long as they have it open; and what a file's
 * header says that has a rollback journal. */
enum { INDEX_LOCKS_AT = 120, INDEX_LOCKS = 9, ROLLBACK_FORMAT = 1 };

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

bool db_place_set_aside(const char *path, ino_t wal)
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
    char format[2] = "";
    int code = sqlite3_open_v2(name, &handle, flags, NULL);

    if (code == SQLITE_OK) {
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_exec(handle, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
        code = sqlite3_prepare_v2(handle, "PRAGMA integrity_check(1)", -1, &s, NULL);
    }
    if (code == SQLITE_OK && is_rollback) {
        sqlite3_file *f = file_of(handle);
        *is_rollback = f->pMethods->xRead(f, format, 2, DB_FORMAT_OFFSET) == SQLITE_OK &&
                       format[0] == ROLLBACK_FORMAT && format[1] == ROLLBACK_FORMAT;
        LOG(LOG_WARN, "checking the whole database: it is younger than its write-ahead log",
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

/* A WAL does not say of which file it is. A run that was cut leaves a file that was changed before
 * its WAL was, or by a checkpoint. One that was changed later was perhaps put there: then the WAL
 * is its own if both together are sound. That is a dear look, but seldom, and nothing is moved
 * unless the file is sound by itself. */
bool db_place_settle(const char *path, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *real = file_beside(a, path, "");
    struct stat file = {.st_size = 0};
    struct stat wal;

    if (stat(arena_printf(a, "%s-wal", real), &wal) == 0 && wal.st_size > 0 &&
        (stat(real, &file) != 0 || file.st_size == 0 ||
         (nanoseconds(&wal.st_mtim) <= nanoseconds(&file.st_ctim) && is_of_another(a, real))) &&
        !db_place_set_aside(real, wal.st_ino)) {
        return err_set(
            e, ERR_STORE,
            "%s: beside it lies the write-ahead log (-wal) of another database that was there "
            "before, and it cannot be moved away: end the program that still uses it, or let "
            "this user write there, and run again",
            path);
    }
    return true;
}

/* --- readers that may not write --- */

/* As nothing where there is none. */
static void take_stamp(const char *path, struct stat *out)
{
    if (stat(path, out) != 0) {
        *out = (struct stat){.st_ino = 0};
    }
}

bool db_stamp_check(const struct stat *stamp, const char *path, struct err *e)
{
    struct stat now;

    take_stamp(path, &now);
    if (now.st_ino == stamp->st_ino && now.st_size == stamp->st_size &&
        nanoseconds(&now.st_mtim) == nanoseconds(&stamp->st_mtim) &&
        nanoseconds(&now.st_ctim) == nanoseconds(&stamp->st_ctim)) {
        return true;
    }
    return err_set(e, ERR_STORE,
                   "%s: a run wrote to it while it was read; run the command again (a user that "
                   "may write to the file and its directory need not wait for runs)",
                   path);
}

bool db_place_reading(struct arena *a, const char *path, struct db_reading *out, struct err *e)
{
    *out = (struct db_reading){.name = path, .flags = SQLITE_OPEN_READWRITE};
    take_stamp(path, &out->stamp);
    if (may(path, W_OK) && may(file_directory(a, file_beside(a, path, "")), W_OK | X_OK)) {
        return true;
    }
    /* Without a WAL nobody has it open, or all there is has been brought into the main file. */
    if (!has_wal(a, path)) {
        out->name = immutable_uri(a, path);
        out->flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
        out->frozen = true;
        return true;
    }
    out->flags = SQLITE_OPEN_READONLY;
    /* Where a WAL is, SQLite needs its index too, which only those who may write can make. */
    const char *wal = file_beside(a, path, "-wal");
    const char *index = file_beside(a, path, "-shm");
    if (may(wal, R_OK) && may(index, R_OK)) {
        return true;
    }
    if (may(index, F_OK)) {
        return err_set(e, ERR_STORE,
                       "%s: this user may not read %s and %s; give the user that right", path, wal,
                       index);
    }
    return err_set(e, ERR_STORE,
                   "%s: a run that was cut off left %s behind, which needs a user that may "
                   "write there: run `rollcall extract`, or let this user write to %s",
                   path, wal, file_directory(a, wal));
}
