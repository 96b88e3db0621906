#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <libgen.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#ifdef __linux__
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#else
#include <sys/mount.h>
#include <sys/param.h>
#endif

#include "base/causes.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/step.h"
#include "base/str.h"
#include "io/secret.h"

enum { ASIDE_TRIES = 10 };

#define ASIDE_MARK ".tmp-"

bool file_fail(struct err *e, const char *what, const char *path, int error_number)
{
    static const struct {
        int error_number;
        const char *text;
    } remedies[] = {FILE_REMEDIES};

    err_set(e, ERR_STORE, "cannot %s %s: %s", what, path, strerror(error_number));
    e->library_code = error_number;
    for (size_t i = 0; i < COUNT_OF(remedies); i++) {
        if (remedies[i].error_number == error_number) {
            err_append(e, "; %s", remedies[i].text);
        }
    }
    return false;
}

char *file_directory(struct arena *a, const char *path)
{
    return dirname(arena_strdup(a, path));
}

char *file_beside(struct arena *a, const char *path, const char *ending)
{
    char *resolved = realpath(path, NULL);
    char *name = arena_printf(a, "%s%s", resolved == NULL ? path : resolved, ending);
    free(resolved);
    return name;
}

/* Makes the entry of `path` in its directory durable. Some file systems cannot and say EINVAL: then
 * they need not. */
static bool sync_entry(const char *path, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *directory = file_directory(a, path);
    FD_SCOPED int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (fd >= 0 && (fsync(fd) == 0 || errno == EINVAL)) ||
           file_fail(e, "fsync", directory, errno);
}

/* --- whose it is, and for whom --- */

bool file_owner(const char *path, struct stat *owner)
{
    if (geteuid() != 0) {
        return false;
    }
    ARENA_SCOPED struct arena *a = arena_new(0);
    return (stat(path, owner) == 0 && owner->st_uid != 0) ||
           stat(file_directory(a, path), owner) == 0;
}

static void give(int fd, const char *path)
{
    struct stat owner;
    if (file_owner(path, &owner) && fchown(fd, owner.st_uid, owner.st_gid) != 0) {
        LOG(LOG_WARN, "it stays root's", LOG_S("path", path), LOG_S("error", strerror(errno)));
    }
}

int file_make(const char *path, const char *like)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd >= 0) {
        give(fd, like);
    }
    return fd;
}

void file_widen(const char *path, uint32_t mode)
{
    struct stat s;
    if (stat(path, &s) == 0 && (~s.st_mode & mode) != 0 &&
        chmod(path, (s.st_mode | mode) & 07777) != 0) {
        LOG(LOG_WARN, "its mode stays", LOG_S("path", path), LOG_S("error", strerror(errno)));
    }
}

/* --- files aside ----------------------------------------------------------------------------- */

struct file_aside file_aside_resume(const char *path)
{
    const char *name = str_behind_last(path, '/');
    struct arena *a = arena_new(0);
    return (struct file_aside){.arena = a,
                               .path = arena_strdup(a, path),
                               .aside_path =
                                   arena_printf(a, "%.*s.%s" ASIDE_MARK "%ld", (int)(name - path),
                                                path, name, (long)getpid())};
}

bool file_aside_open(struct file_aside *f, const char *path, uint32_t mode, struct err *e)
{
    struct stat there = {.st_mode = 0}; /* where nothing is */
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode)) {
        *f = (struct file_aside){0};
        return err_set(e, ERR_STORE, "%s: not a file", path);
    }
    *f = file_aside_resume(path); /* its name */
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = -1;
    for (int tries = 0; fd < 0 && tries < ASIDE_TRIES; tries++) {
        struct stat st;
        fd = open(f->aside_path, flags, mode == 0 ? FILE_MODE : mode);
        if (fd < 0 && errno == EEXIST) {
            unlink(f->aside_path); /* a killed process of the same id left it */
        } else if (fd < 0) {
            break;
        } else if (flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0 && st.st_nlink == 0) {
            close(fd); /* swept before it could be locked */
            fd = -1;
        }
    }
    if (fd >= 0) {
        struct stat made;
        give(fd, path);
        if (mode == 0 && fstat(fd, &made) == 0) {
            mode = made.st_mode | (there.st_mode & 0666);
        }
        (void)fchmod(fd, mode & 0777);
    }
    f->stream = fd < 0 ? NULL : fdopen(fd, "wb");
    if (f->stream == NULL) {
        int error_number = errno;
        f->aside_path = fd < 0 ? NULL : f->aside_path; /* what is there is not ours */
        file_leave(&fd);
        return file_fail(e, "write", f->path, error_number);
    }
    return true;
}

bool file_aside_sync(struct file_aside *f, struct err *e)
{
    errno = 0;
    if (fflush(f->stream) != 0 || ferror(f->stream)) {
        return file_fail(e, "write", f->path, errno == 0 ? EIO : errno);
    }
    step("fsync");
#ifdef F_FULLFSYNC
    /* To the disk itself, where fsync alone leaves it in the drive's memory. */
    if (fcntl(fileno(f->stream), F_FULLFSYNC) == 0) {
        return true;
    }
#endif
    return fsync(fileno(f->stream)) == 0 || file_fail(e, "write", f->path, errno);
}

bool file_aside_rename(struct file_aside *f, struct err *e)
{
    step("rename");
    if (rename(f->aside_path, f->path) != 0) {
        return file_fail(e, "replace", f->path, errno);
    }
    bool durable = sync_entry(f->path, e);
    step("renamed");
    f->aside_path = NULL; /* what is there now is another's */
    return durable;
}

void file_aside_park(struct file_aside *f)
{
    f->aside_path = NULL; /* it stays */
    file_aside_discard(f);
}

bool file_aside_commit(struct file_aside *f, struct err *e)
{
    return file_aside_sync(f, e) && file_aside_rename(f, e);
}

bool file_remove(const char *path, struct err *e)
{
    step("remove");
    if (unlink(path) != 0) {
        return errno == ENOENT || file_fail(e, "remove", path, errno);
    }
    bool durable = sync_entry(path, e);
    step("removed");
    return durable;
}

void file_aside_discard(struct file_aside *f)
{
    if (f->stream != NULL) {
        (void)fclose(f->stream);
    }
    if (f->aside_path != NULL) {
        unlink(f->aside_path);
    }
    arena_free(f->arena);
    *f = (struct file_aside){.stream = NULL};
}

/* ".<name>.tmp-<digits>" */
static bool is_aside_name(const char *name)
{
    const char *pid = strrchr(name, '-');
    return fnmatch(".?*" ASIDE_MARK "[0-9]*", name, 0) == 0 &&
           pid[1 + strspn(pid + 1, "0123456789")] == '\0' &&
           strncmp(pid + 1 - strlen(ASIDE_MARK), ASIDE_MARK, strlen(ASIDE_MARK)) == 0;
}

void file_sweep_aside(const char *directory)
{
    DIR *open_directory = opendir(directory);
    if (open_directory == NULL) {
        return;
    }
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int at = dirfd(open_directory);
    bool is_claimed = flock(at, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    for (struct dirent *entry; !is_claimed && (entry = readdir(open_directory)) != NULL;) {
        const char *name = entry->d_name;
        FD_SCOPED int fd = is_aside_name(name) ? openat(at, name, flags) : -1;
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
            unlinkat(at, name, 0);
        }
    }
    closedir(open_directory);
}

/* --- directories ----------------------------------------------------------------------------- */

static bool make_one(const char *path, uint32_t mode, struct err *e)
{
    struct stat s;
    /* Who may read its files may look them up. */
    mode = mode == 0 ? 0 : 0700 | mode | (mode & 0444) >> 2;
    if (mkdir(path, mode == 0 ? FILE_DIRECTORY_MODE : mode) != 0) {
        int error_number = errno == EEXIST ? ENOTDIR : errno;
        bool there = stat(path, &s) == 0 && S_ISDIR(s.st_mode);
        return there || file_fail(e, "make the directory", path, error_number);
    }
    FD_SCOPED int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        give(fd, path);
        (void)(mode == 0 ? 0 : fchmod(fd, mode));
    }
    bool durable = sync_entry(path, e);
    if (!durable && e->library_code == EACCES) { /* it lets us make an entry and not read it */
        err_clear(e);
        durable = true;
    }
    return durable;
}

bool file_make_directory(const char *path, uint32_t mode, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    for (size_t at = 1; at < strlen(path); at++) {
        if (path[at] == '/' && !make_one(arena_strndup(a, path, at), mode, e)) {
            return false;
        }
    }
    return make_one(path, mode, e);
}

/* --- reading --------------------------------------------------------------------------------- */

/* Reads up to `size` bytes; -1 with errno on failure. A pipe may have no writer. */
static ssize_t read_whole(int fd, char *into, size_t size)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t length = 0;
    while (length < size) {
        if (poll(&ready, 1, (int)limit_get(LIMIT_CONFIG_MS)) == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        ssize_t n = read(fd, into + length, size - length);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -1 : (ssize_t)length;
        }
        length += (size_t)n;
    }
    return (ssize_t)length;
}

char *file_read_small(struct arena *a, const char *path, uint32_t *mode, struct err *e)
{
    FD_SCOPED int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat s;
    size_t max = (size_t)limit_get(LIMIT_CONFIG_BYTES);
    char *text = xmalloc(max + 1);
    ssize_t length = fd >= 0 && fstat(fd, &s) == 0 ? read_whole(fd, text, max + 1) : -1;
    char *copy = NULL;
    if (length < 0) {
        int error_number = errno;
        err_set(e, ERR_CONFIG, "cannot read %s: %s", path,
                error_number == ETIMEDOUT ? "nothing comes from it (a pipe that nobody writes to?)"
                                          : strerror(error_number));
        e->library_code = error_number;
    } else if ((size_t)length > max) {
        err_set(e, ERR_CONFIG, "%s is larger than %zu bytes: is it the right file?", path, max);
    } else if (memchr(text, '\0', (size_t)length) != NULL) {
        err_set(e, ERR_CONFIG, "%s is no text file in UTF-8 (it has NUL bytes); save it as UTF-8",
                path);
    } else {
        /* Editors on Windows put it in front. */
        size_t mark = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        copy = arena_strndup(a, text + mark, (size_t)length - mark);
    }
    if (copy != NULL && mode != NULL) {
        *mode = (uint32_t)s.st_mode & 07777;
    }
    if (length > 0) {
        secret_wipe(text, (size_t)length); /* it may hold a secret */
    }
    free(text);
    return copy;
}

/* --- file systems --- */

enum { FUSE = 0x65735546 };

static const struct {
    uint64_t magic;
    const char *name;
} network_systems[] = {NETWORK_SYSTEMS};

const char *file_network_name(uint64_t magic, const char *mount_type)
{
    for (size_t i = 0; i < COUNT_OF(network_systems); i++) {
        const char *name = network_systems[i].name;
        if (network_systems[i].magic == magic && (magic != FUSE || str_eq(name, mount_type))) {
            return name;
        }
    }
    return NULL;
}

#ifdef __linux__

/* The network name of the FUSE mount that device `id` is; NULL when unknown. */
static const char *fuse_network_name(dev_t id)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    if (mounts == NULL) {
        return NULL;
    }
    char wanted[32];
    snprintf(wanted, sizeof(wanted), " %u:%u ", major(id), minor(id));
    char *line = NULL;
    size_t size = 0;
    const char *name = NULL;
    while (name == NULL && getline(&line, &size, mounts) > 0) {
        /* "id parent major:minor root point options [fields] - type source options"; paths begin
         * with a slash, their blanks are escaped. */
        const char *device = strstr(line, wanted);
        char *type = strstr(line, " - ");
        if (device != NULL && type != NULL && device < type) {
            type += strlen(" - ");
            type[strcspn(type, " ")] = '\0';
            name = file_network_name(FUSE, type);
        }
    }
    free(line);
    (void)fclose(mounts);
    return name;
}

static const char *network_name(const char *path)
{
    struct statfs system;
    struct stat s;
    if (statfs(path, &system) != 0) {
        return NULL;
    }
    /* The field is signed and wider than the magic number on some machines. */
    uint64_t magic = (uint64_t)system.f_type & 0xFFFFFFFF;
    bool is_fuse = magic == FUSE && stat(path, &s) == 0;
    return is_fuse ? fuse_network_name(s.st_dev) : file_network_name(magic, NULL);
}

#else

static const char *network_name(const char *path)
{
    static struct statfs system;
    return statfs(path, &system) == 0 && (system.f_flags & MNT_LOCAL) == 0 ? system.f_fstypename
                                                                           : NULL;
}

#endif

bool file_may(const char *path, int what)
{
    return faccessat(AT_FDCWD, path, what, AT_EACCESS) == 0;
}

static bool check_absent(const char *path, bool must_exist, struct err *e)
{
    if (must_exist) {
        return err_set(e, ERR_STORE, "%s: no such database yet; `rollcall extract` makes it", path);
    }
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *directory = file_directory(a, path);
    struct stat st;

    return (stat(directory, &st) == 0 && S_ISDIR(st.st_mode)) ||
           err_because(e, ERR_STORE, CAUSE_LOCAL_DIRECTORY,
                       "%s: the directory %s does not exist; make it first", path, directory);
}

bool file_check_database(const char *path, bool must_exist, struct err *e)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *system = network_name(access(path, F_OK) == 0 ? path : file_directory(a, path));
    struct stat st;

    if (system) {
        return err_because(e, ERR_STORE, CAUSE_LOCAL_NETWORK_DISK,
                           "%s: lies on a network file system (%s), where SQLite's shared memory "
                           "does not work; put the database on a local disk",
                           path, system);
    }
    if (stat(path, &st) != 0) {
        if (errno != EACCES) {
            return check_absent(path, must_exist, e);
        }
        return err_because(e, ERR_STORE, CAUSE_LOCAL_RIGHTS,
                           "%s: this user may not enter its directory (or one above it); give the "
                           "user that right",
                           path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_because(e, ERR_STORE, CAUSE_LOCAL_FOREIGN, "%s: not a file", path);
    }
    if (!file_may(path, R_OK)) {
        return err_because(e, ERR_STORE, CAUSE_LOCAL_RIGHTS,
                           "%s: this user may not read it; give the user that right", path);
    }
    /* A writer's SQLite would leave a WAL beside it that nobody may write to. */
    return must_exist || file_may(path, W_OK) ||
           err_because(e, ERR_STORE, CAUSE_LOCAL_RIGHTS,
                       "%s: cannot be written; allow writing to it", path);
}

int64_t file_free_bytes(const char *path)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct statvfs fs;

    return statvfs(file_directory(a, path), &fs) == 0 ? (int64_t)fs.f_bavail * (int64_t)fs.f_frsize
                                                      : INT64_MAX;
}
