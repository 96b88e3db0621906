#include "io/wal.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"

enum {
    BESIDE = 2,   /* copies by the thread before the writer makes one */
    TICK_MS = 10, /* of the file system's clock, and more */
};

struct wal_copier {
    sqlite3 *writer;
    const char *path;
    sqlite3 *own; /* the thread's; NULL: it needed none yet */
    int asked; /* frames of the log when a copy was begun last; 0: none was since it began anew */
    bool begun;
    bool copies; /* the thread does; else the writer just has */
    atomic_bool works;
    atomic_bool is_awaited;
    pthread_t thread;
};

/* A connection to the writer's file; another that lies at its path has nothing of that log. */
static bool open_own(struct wal_copier *c)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int moved = 0;

    if (!c->own &&
        (sqlite3_open_v2(c->path, &c->own, flags, NULL) != SQLITE_OK ||
         sqlite3_file_control(c->writer, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
         moved)) {
        (void)sqlite3_close(c->own);
        c->own = NULL;
    }
    return c->own != NULL;
}

/* The thread; `copier` is a struct wal_copier. What it cannot copy is left to the next one. In the
 * end the log is made the younger file: a run may be killed before it commits again. */
static void *copy(void *copier)
{
    struct wal_copier *c = copier;
    int moved = 1;

    /* It knows its log once it has read something; this reads no schema. */
    if (c->copies && sqlite3_exec(c->own, "PRAGMA user_version", NULL, NULL, NULL) == SQLITE_OK) {
        (void)sqlite3_wal_checkpoint_v2(c->own, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    for (int ms = 0; ms < TICK_MS && !atomic_load(&c->is_awaited); ms++) {
        clock_sleep_ms(1);
    }
    (void)sqlite3_file_control(c->own, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (!moved) {
        const char *log = sqlite3_filename_wal(sqlite3_db_filename(c->own, "main"));
        (void)utimensat(AT_FDCWD, log, NULL, 0);
    }
    atomic_store(&c->works, false);
    return NULL;
}

static bool begin(struct wal_copier *c, bool copies)
{
    c->copies = copies;
    atomic_store(&c->works, true);
    atomic_store(&c->is_awaited, false);
    c->begun = pthread_create(&c->thread, NULL, copy, c) == 0;
    return c->begun;
}

void wal_copier_wait(struct wal_copier *c)
{
    if (c->begun) {
        atomic_store(&c->is_awaited, true);
        pthread_join(c->thread, NULL);
        c->begun = false;
    }
}

/* After each commit, with the frames that the log has. */
static int attend(void *copier, sqlite3 *writer, const char *name, int frames)
{
    struct wal_copier *c = copier;
    int most = (int)limit_get(LIMIT_WAL_FRAMES);

    c->asked = frames < c->asked ? 0 : c->asked;
    bool is_own = c->asked >= BESIDE * most;
    bool works = c->begun && atomic_load(&c->works);
    if (frames - c->asked < most && (!is_own || works)) {
        return SQLITE_OK;
    }
    wal_copier_wait(c);
    if (!is_own && open_own(c) && begin(c, true)) {
        c->asked = frames;
        return SQLITE_OK;
    }
    /* Also where there can be no thread. */
    (void)sqlite3_wal_checkpoint_v2(writer, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    (void)(c->own && begin(c, false));
    return SQLITE_OK;
}

struct wal_copier *wal_copier_new(struct sqlite3 *writer, const char *path)
{
    struct wal_copier *c = xcalloc(1, sizeof(*c));

    c->writer = writer;
    c->path = path;
    (void)sqlite3_wal_hook(writer, attend, c);
    return c;
}

void wal_copier_free(struct wal_copier *c)
{
    if (c) {
        (void)sqlite3_wal_hook(c->writer, NULL, NULL);
        wal_copier_wait(c);
        (void)sqlite3_close(c->own);
        free(c);
    }
}
