/*
 * Files that others read: written aside, fsynced, renamed, so that a reader sees the old file or
 * the new one, whole.
 *
 * Calling sequence: file_aside_open, write to ->stream, file_aside_commit (flush, fsync, rename,
 * fsync of the directory), in any case file_aside_discard. Nothing is renamed unless every step
 * before succeeded. The name aside is `.<name>.tmp-<pid>` in the same directory; the open file
 * holds an flock, by which file_sweep_aside knows leftovers of killed runs from files at work (a
 * pid says little: containers reuse them).
 */
#pragma once

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"

struct file_aside {
    FILE *stream;
    struct arena *arena;    /* of the names */
    const char *path;       /* where it will be */
    const char *aside_path; /* where it is now */
};

/* What holds customers' data is never for everyone, whatever the umask; directories likewise. */
enum { FILE_MODE = 0640, FILE_DIRECTORY_MODE = 0750, FILE_PUBLIC_MODE = 0644 };

/* Opens a file aside of `path`, with exactly `mode`; 0: FILE_MODE less the umask, and what the file
 * that it replaces allows besides. Root's is given to the file_owner, as SQLite's files are: a
 * service's own run goes on with it. Errors: ERR_STORE naming the path; also for a device or pipe
 * that is there. Whatever comes of it, file_aside_discard ends it. */
bool file_aside_open(struct file_aside *f, const char *path, uint32_t mode, struct err *e);

/* Flushes and fsyncs the file aside, without renaming it; nothing may be written after. Errors, of
 * all three: ERR_STORE naming the path and the remedy. */
bool file_aside_sync(struct file_aside *f, struct err *e);

/* Publishes a synced file: rename, fsync of the directory. */
bool file_aside_rename(struct file_aside *f, struct err *e);

/* Closes a synced file, which goes on waiting aside; so many can wait at once. Who parks one holds
 * an flock on a directory above, since nothing tells it from a leftover. */
void file_aside_park(struct file_aside *f);

/* What this process has parked for `path`, to rename or to discard. */
struct file_aside file_aside_resume(const char *path);

/* Both: sync and rename. */
bool file_aside_commit(struct file_aside *f, struct err *e);

/* Removes a file, for good before anything after it happens; fine when it is absent. ERR_STORE
 * otherwise. */
bool file_remove(const char *path, struct err *e);

/* Closes the file aside, and removes it unless it was published; harmless of one all zero. */
void file_aside_discard(struct file_aside *f);
/* Before the declaration of one, all zero: it is discarded where the block that declares it is
 * left. */
#define ASIDE_SCOPED __attribute__((cleanup(file_aside_discard)))

/* Removes files aside in `directory` that no process holds open any more; none while some process
 * holds an flock on the directory itself. */
void file_sweep_aside(const char *directory);

/* Fills ERR_STORE for a failed system call on a path: "cannot <what> <path>: <errno's text>", and
 * what to do where that is known (space, permission, a missing directory). Returns false. */
bool file_fail(struct err *e, const char *what, const char *path, int error_number);

/* Makes a directory and its parents, for whom files of `mode` are, 0: FILE_DIRECTORY_MODE less the
 * umask; fine when it exists. Root's are given likewise. ERR_STORE otherwise. */
bool file_make_directory(const char *path, uint32_t mode, struct err *e);

/* What of another user's root would write beside: the file at `path` or, where that is root's or
 * absent, its directory (which may be root's too). False for others than root. */
bool file_owner(const char *path, struct stat *owner);

/* Makes an empty file (FILE_MODE less the umask), root's for the owner of `like`; its descriptor,
 * to write, or -1 with errno (EEXIST: it is there, or a link). */
int file_make(const char *path, const char *like);

/* Lets those use a file whom `mode` lets, beside those who may already; fine when it is absent. */
void file_widen(const char *path, uint32_t mode);

/* Reads a small text file whole into the arena (NUL-terminated, without a byte order mark), at most
 * LIMIT_CONFIG_BYTES, no NUL byte inside; a pipe is waited for (LIMIT_CONFIG_MS). ERR_CONFIG naming
 * the path, its library_code errno (ENOENT: it is absent). *mode (may be NULL) receives its
 * permission bits. */
char *file_read_small(struct arena *a, const char *path, uint32_t *mode, struct err *e);

/* The network file system's name by statfs's magic number and, for FUSE, its type as mountinfo
 * gives it ("fuse.sshfs"; else NULL); NULL when it is none that is known. Static. */
const char *file_network_name(uint64_t magic, const char *mount_type);

/* Whether this user, as the process is now and not as who started it, may do `what` (R_OK...). */
bool file_may(const char *path, int what);

/* Whether a database may be at `path`: a file of no network that the system tells of (where
 * SQLite's WAL cannot work) that this user may read and write, or none yet where its directory
 * exists; `must_exist`: one to read. ERR_STORE otherwise. */
bool file_check_database(const char *path, bool must_exist, struct err *e);

/* Before a descriptor's declaration: it is closed, unless negative, where its block is left. */
#define FD_SCOPED __attribute__((cleanup(file_leave)))
static inline void file_leave(const int *fd)
{
    (void)(*fd >= 0 ? close(*fd) : 0);
}

/* Free bytes on the disk where `path` is, or is to be; INT64_MAX: the system cannot tell. */
int64_t file_free_bytes(const char *path);

/* Directory part of a path ("." when none), in the arena. */
char *file_directory(struct arena *a, const char *path);

/* `path` with `ending` behind it, in the arena: what lies beside the file itself, which may be
 * behind a symbolic link. */
char *file_beside(struct arena *a, const char *path, const char *ending);
