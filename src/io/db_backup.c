#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"
#include "io/db_internal.h"
#include "io/file.h"

/* Between two looks for a signal. */
enum { PAGES_A_STEP = 256 };

/* SQLite's file format, 1.3: bytes 18 and 19 say how the file is written and read, 1 with a
 * rollback journal, 2 with a WAL. */
enum { FORMAT_OFFSET = 18, FORMAT_BYTES = 2 };

static bool fail(sqlite3 *copy, int code, const char *shown, struct err *e)
{
    int primary = code & 0xff;

    err_set(e, ERR_STORE, "%s: copying the database: %s%s", shown,
            copy ? sqlite3_errmsg(copy) : sqlite3_errstr(code),
            primary == SQLITE_FULL || primary == SQLITE_IOERR
                ? "; the disk is full or failing: free some space there and run again"
                : "");
    e->library_code = code;
    return false;
}

/* Nothing but the file itself is written, and its fsync is the caller's. */
static const char copy_settings[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;";

static bool copy_pages(sqlite3 *copy, struct db *d, const char *shown, struct err *e)
{
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", d->handle, "main");
    int code = SQLITE_OK;

    if (!backup) {
        return fail(copy, sqlite3_errcode(copy), shown, e);
    }
    while (code == SQLITE_OK && !stop_requested()) {
        code = sqlite3_backup_step(backup, PAGES_A_STEP);
    }
    (void)sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE) {
        return true;
    }
    if (code == SQLITE_OK) {
        return err_set(e, ERR_STOPPED, "stopped by a signal; %s is as it was", shown);
    }
    return fail(copy, code, shown, e);
}

/* The copy has the original's header, which says WAL: a reader would then need to write beside it.
 */
static bool without_wal(const char *path, const char *shown, struct err *e)
{
    static const char format[FORMAT_BYTES] = {1, 1};
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && pwrite(fd, format, FORMAT_BYTES, FORMAT_OFFSET) == FORMAT_BYTES;
    int error_number = errno;

    if (fd >= 0) {
        close(fd);
    }
    return done || file_fail(e, "write", shown, error_number);
}

bool db_backup(struct db *d, const char *path, const char *shown, struct err *e)
{
    sqlite3 *copy = NULL;
    int code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (code == SQLITE_OK) {
        code = sqlite3_exec(copy, copy_settings, NULL, NULL, NULL);
    }
    /* A read transaction of ours keeps one moment in sight, whatever is written meanwhile. */
    bool done = code == SQLITE_OK ? db_begin_read(d, e) : fail(copy, code, shown, e);
    if (done) {
        done = copy_pages(copy, d, shown, e) && db_check_frozen(d, e);
        db_rollback(d);
    }
    sqlite3_close(copy);
    return done && without_wal(path, shown, e);
}
