#include "io/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "io/file.h"

#ifdef F_OFD_SETLK
enum { SET_LOCK = F_OFD_SETLK, GET_LOCK = F_OFD_GETLK };
#else
enum { SET_LOCK = F_SETLK, GET_LOCK = F_GETLK };
#endif

enum { HOST_BYTES = 48 };
#define CLAIMS_AT ((off_t)1 << 20) /* where the claims' bytes are */

struct lock_file {
    struct arena *arena; /* of all this */
    int fd;
    const char *path;
    char holder[LOCK_HOLDER_BYTES]; /* what is written into the slots we take */
    bool held[LOCK_SLOTS];
};

static struct flock slot_range(int slot, short type)
{
    return (struct flock){
        .l_type = type,
        .l_whence = SEEK_SET,
        .l_start = (off_t)slot * LOCK_HOLDER_BYTES,
        .l_len = LOCK_HOLDER_BYTES,
    };
}

/* Fills in who we are: a number says something with its host or container alone. */
static void name_holder(struct lock_file *l)
{
    /* A PID namespace that is not the machine's own has numbers that mean nothing outside. */
    static const char of_machine[] = "pid:[4026531836]"; /* the kernel's PROC_PID_INIT_INO */
    char own[64] = "";
    bool is_contained =
        readlink("/proc/self/ns/pid", own, sizeof(own) - 1) > 0 && !str_eq(own, of_machine);
    char host[HOST_BYTES] = "";
    char now[CLOCK_ISO_BYTES];
    (void)gethostname(host, sizeof(host) - 1);
    clock_format(clock_now_ms(), now);
    if (host[0] == '\0') {
        snprintf(l->holder, LOCK_HOLDER_BYTES, "another process, started %s", now);
    } else {
        snprintf(l->holder, LOCK_HOLDER_BYTES, "process %ld %s %s, started %s", (long)getpid(),
                 is_contained ? "of the container" : "on", host, now);
    }
}

struct lock_file *lock_open(const char *database_path, struct err *e)
{
    struct arena *a = arena_new(0);
    struct lock_file *l = arena_alloc(a, sizeof(*l));
    struct stat st;
    l->arena = a;
    l->path = file_beside(a, database_path, ".lock");
    /* It is written to: never through a link that somebody has put there. */
    int made = file_make(l->path, file_beside(a, database_path, ""));
    l->fd = made >= 0 || errno != EEXIST ? made : open(l->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    int error_number = errno;
    bool is_plain = lstat(l->path, &st) != 0 || (S_ISREG(st.st_mode) && st.st_nlink == 1);
    if (l->fd < 0 || !is_plain) {
        if (is_plain) {
            file_fail(e, "open the lock file", l->path, error_number);
        } else {
            err_set(e, ERR_STORE, "%s: a link or something else that is no lock file; remove it",
                    l->path);
        }
        lock_close(l);
        return NULL;
    }
    name_holder(l);
    return l;
}

/* Writes a slot's record: `text` and blanks up to a line end, so that the file reads well. It
 * serves messages alone: a disk too full for it is no reason to stop. */
static void write_record(struct lock_file *l, int slot, const char *text)
{
    char record[LOCK_HOLDER_BYTES + 1];
    snprintf(record, sizeof(record), "%-*s\n", LOCK_HOLDER_BYTES - 1, text);
    ssize_t written = pwrite(l->fd, record, LOCK_HOLDER_BYTES, (off_t)slot * LOCK_HOLDER_BYTES);
    (void)written;
}

/* Reads a slot's record up to its blanks; "another process" where none is written (yet). */
static void read_record(struct lock_file *l, int slot, char *holder)
{
    ssize_t length = pread(l->fd, holder, LOCK_HOLDER_BYTES - 1, (off_t)slot * LOCK_HOLDER_BYTES);
    while (length > 0 && holder[length - 1] == ' ') {
        length--;
    }
    if (length <= 0 || memchr(holder, '\0', (size_t)length) != NULL) {
        snprintf(holder, LOCK_HOLDER_BYTES, "another process");
        return;
    }
    holder[length] = '\0';
}

bool lock_take(struct lock_file *l, int slot, const char *name, struct err *e)
{
    INVARIANT(slot >= 0 && slot < LOCK_SLOTS);
    if (l->held[slot]) {
        return true;
    }
    struct flock range = slot_range(slot, F_WRLCK);
    if (fcntl(l->fd, SET_LOCK, &range) != 0) {
        if (errno != EAGAIN && errno != EACCES) {
            return file_fail(e, "lock", l->path, errno);
        }
        char holder[LOCK_HOLDER_BYTES];
        read_record(l, slot, holder);
        return err_set(e, ERR_LOCKED, "another run holds the lock of %s: %s (lock file %s)", name,
                       holder, l->path);
    }
    l->held[slot] = true;
    write_record(l, slot, l->holder);
    return true;
}

void lock_drop(struct lock_file *l, int slot)
{
    INVARIANT(slot >= 0 && slot < LOCK_SLOTS);
    if (l->held[slot]) {
        write_record(l, slot, "");
        struct flock range = slot_range(slot, F_UNLCK);
        (void)fcntl(l->fd, SET_LOCK, &range);
        l->held[slot] = false;
    }
}

static bool set_claim(const struct lock_file *l, int64_t window_id, short type)
{
    struct flock byte = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = CLAIMS_AT + (off_t)window_id, .l_len = 1};
    return fcntl(l->fd, SET_LOCK, &byte) == 0;
}

bool lock_claim(struct lock_file *l, int64_t window_id)
{
    return set_claim(l, window_id, F_WRLCK);
}

void lock_unclaim(struct lock_file *l, int64_t window_id)
{
    (void)set_claim(l, window_id, F_UNLCK);
}

bool lock_holder(struct lock_file *l, int slot, char *holder)
{
    INVARIANT(slot >= 0 && slot < LOCK_SLOTS);
    struct flock range = slot_range(slot, F_WRLCK);
    if (!l->held[slot] && (fcntl(l->fd, GET_LOCK, &range) != 0 || range.l_type == F_UNLCK)) {
        holder[0] = '\0';
        return false;
    }
    read_record(l, slot, holder);
    return true;
}

int lock_runs(struct lock_file *l)
{
    char others[LOCK_SLOTS][LOCK_HOLDER_BYTES];
    int count = 0;

    for (int slot = 0; slot < LOCK_SLOTS; slot++) {
        if (!l->held[slot] && lock_holder(l, slot, others[count])) {
            int known = 0;
            while (!str_eq(others[known], others[count])) {
                known++;
            }
            count += known == count ? 1 : 0;
        }
    }
    return count + 1;
}

int lock_is_held(const char *database_path, int slot)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    const char *path = file_beside(a, database_path, ".lock");
    FD_SCOPED int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct flock range = slot_range(slot, F_WRLCK);
    if (fd < 0 || fcntl(fd, GET_LOCK, &range) != 0) {
        return -1;
    }
    return range.l_type == F_UNLCK ? 0 : 1;
}

void lock_close(struct lock_file *l)
{
    if (l == NULL) {
        return;
    }
    for (int slot = 0; slot < LOCK_SLOTS; slot++) {
        lock_drop(l, slot);
    }
    close(l->fd);
    arena_free(l->arena);
}
