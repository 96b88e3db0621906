#include "out/out.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/str.h"
#include "io/file.h"

/* Files that SQLite, or we, keep beside a database. */
static const char *const companions[] = {"-wal", "-shm", "-journal", ".lock"};

enum { WRITERS = 3 }; /* of them, those that a writer leaves */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* True when both paths name one place, be there a file or not. */
static bool same_place(struct arena *a, const char *one, const char *other)
{
    struct stat here;
    struct stat there;

    if (stat(one, &here) == 0 && stat(other, &there) == 0 && is_same(&here, &there)) {
        return true;
    }
    return str_eq(base_name(one), base_name(other)) && stat(file_directory(a, one), &here) == 0 &&
           stat(file_directory(a, other), &there) == 0 && is_same(&here, &there);
}

static bool check_target(struct arena *a, const char *database, const char *path, struct err *e)
{
    struct stat st;

    if (same_place(a, path, database)) {
        return err_set(e, ERR_USAGE, "snapshot: %s is the live database itself; name another file",
                       path);
    }
    for (size_t i = 0; i < COUNT_OF(companions); i++) {
        if (same_place(a, path, file_beside(a, database, companions[i]))) {
            return err_set(e, ERR_USAGE,
                           "snapshot: %s belongs to the live database; name another file", path);
        }
    }
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        return err_set(e, ERR_STORE, "%s: not a file", path);
    }
    /* A journal beside the old copy would be taken for the new one's. */
    for (size_t i = 0; i < WRITERS; i++) {
        const char *journal = arena_printf(a, "%s%s", path, companions[i]);
        if (lstat(journal, &st) == 0) {
            return err_set(e, ERR_STORE,
                           "%s: %s lies beside it: some program has opened the old copy for "
                           "writing; close it there, or remove both files",
                           path, base_name(journal));
        }
    }
    return true;
}

bool snapshot_write(struct db *d, const char *path, struct err *e)
{
    struct arena *a = arena_new(0);
    struct file_aside file;
    bool done = check_target(a, db_path(d), path, e);

    if (done) {
        file_sweep_aside(file_directory(a, path));
        done = file_aside_open(&file, path, FILE_MODE, e);
    }
    arena_free(a);
    if (!done) {
        return false;
    }
    if (!db_backup(d, file.aside_path, path, e)) {
        file_aside_discard(&file);
        return false;
    }
    return file_aside_commit(&file, e);
}
