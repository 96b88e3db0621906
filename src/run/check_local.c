/* Step 7: this machine: the database and its disk, locks, the time zone, and how far back the
 * organization keeps data. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "api/api_error.h"
#include "base/clock.h"
#include "base/str.h"
#include "io/db.h"
#include "io/file.h"
#include "io/lock.h"
#include "run/check_internal.h"

enum {
    GROWTH_DAYS = 30,
    CONVERSATION_BYTES = 16384, /* rows and raw page of one, when there is no file to go by */
};
#define MEBIBYTE     INT64_C(1048576)
#define SPACE_LEAST  (64 * MEBIBYTE)
#define GROWTH_LEAST (4 * MEBIBYTE) /* a day, when nothing is known */

static bool may_write(const char *path)
{
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/* Whether a database that exists can be opened; the writer's right to it is asked for apart. */
static bool check_existing(struct check *c, const char *path, struct err *e)
{
    struct db *d = db_open(path, DB_READ, e);

    if (d) {
        check_add(c, STEP_LOCAL, "database", CHECK_OK,
                  arena_printf(c->arena, "%s, schema %d", path, db_schema_version()));
        db_close(d);
        return true;
    }
    check_blame_error(c, STEP_LOCAL, "database", e, CAUSE_LOCAL_DATABASE);
    return e->cause == CAUSE_LOCAL_OLDER;
}

static void check_database(struct check *c, const char *path)
{
    const char *directory = file_directory(c->arena, path);
    struct stat st;
    struct err e;

    if (!db_check(path, &e)) {
        check_blame_error(c, STEP_LOCAL, "database", &e, CAUSE_LOCAL_DATABASE);
        return;
    }
    bool exists = stat(path, &st) == 0 && st.st_size > 0;
    if (!may_write(directory) || (exists && !may_write(path))) {
        check_blame(c, STEP_LOCAL, "database", CAUSE_LOCAL_RIGHTS,
                    arena_printf(c->arena, "%s: %s", may_write(directory) ? path : directory,
                                 strerror(errno)));
    } else if (exists) {
        (void)check_existing(c, path, &e);
    } else {
        check_add(c, STEP_LOCAL, "database", CHECK_OK,
                  arena_printf(c->arena, "%s is not there yet; the first extract makes it", path));
    }
}

static const char *megabytes(struct check *c, int64_t bytes)
{
    return bytes >= 10240 * MEBIBYTE
               ? arena_printf(c->arena, "%lld GB", (long long)(bytes / (1024 * MEBIBYTE)))
               : arena_printf(c->arena, "%lld MB", (long long)(bytes / MEBIBYTE));
}

/* Bytes a day: by the file and the days in it, by yesterday's conversations, or a guess. */
static int64_t daily_growth(const struct check *c, int64_t file_bytes)
{
    int64_t growth = GROWTH_LEAST;
    int64_t days = 0;

    if (c->config->start_day != INT32_MIN) {
        days = (clock_now_ms() - clock_zone_day_start_ms(c->config->start_day)) / MS_PER_DAY;
    }
    if (c->conversations * CONVERSATION_BYTES > growth) {
        growth = c->conversations * CONVERSATION_BYTES;
    }
    return days > 0 && file_bytes / days > growth ? file_bytes / days : growth;
}

static void check_space(struct check *c, const char *path)
{
    struct statvfs fs;
    struct stat st;

    if (statvfs(file_directory(c->arena, path), &fs) != 0) {
        return;
    }
    int64_t free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    int64_t growth = daily_growth(c, stat(path, &st) == 0 ? (int64_t)st.st_size : 0);
    const char *evidence =
        arena_printf(c->arena, "%s free; %d days add about %s", megabytes(c, free_bytes),
                     GROWTH_DAYS, megabytes(c, growth * GROWTH_DAYS));
    if (free_bytes < SPACE_LEAST) {
        check_blame(c, STEP_LOCAL, "disk", CAUSE_LOCAL_NO_SPACE, evidence);
    } else if (free_bytes < growth * GROWTH_DAYS) {
        check_blame(c, STEP_LOCAL, "disk", CAUSE_LOCAL_LITTLE_SPACE, evidence);
    } else {
        check_add(c, STEP_LOCAL, "disk", CHECK_OK, evidence);
    }
}

/* Opening a lock file makes it, so it is looked for first. */
static void check_locks(struct check *c, const char *path)
{
    const char *lock_path = arena_printf(c->arena, "%s.lock", path);
    char holder[LOCK_HOLDER_BYTES];
    struct stat st;
    struct err e;
    bool held = false;

    if (stat(lock_path, &st) != 0) {
        return;
    }
    struct lock_file *locks = lock_open(path, &e);
    if (!locks) {
        check_blame(c, STEP_LOCAL, "lock", CAUSE_LOCAL_RIGHTS, arena_strdup(c->arena, e.message));
        return;
    }
    for (size_t i = 0; i < c->request->stream_count && !held; i++) {
        const struct stream *s = c->request->streams[i];
        held = lock_holder(locks, s->lock_slot, holder);
        if (held) {
            check_blame(c, STEP_LOCAL, "lock", CAUSE_LOCAL_LOCKED,
                        arena_printf(c->arena, "%s: %s", s->name, holder));
        }
    }
    lock_close(locks);
    if (!held) {
        check_add(c, STEP_LOCAL, "lock", CHECK_OK, "no run is under way");
    }
}

static void check_zone(struct check *c)
{
    int32_t offset = clock_zone_offset_seconds(clock_now_ms());
    int minutes = (int)(offset < 0 ? -offset : offset) / 60;

    check_add(c, STEP_LOCAL, "time zone", CHECK_OK,
              arena_printf(c->arena, "%s, now UTC%c%02d:%02d", c->config->timezone,
                           offset < 0 ? '-' : '+', minutes / 60, minutes % 60));
}

static void check_retention(struct check *c)
{
    static const struct check_call call = {.path = "/api/v2/analytics/dataretention/settings",
                                           .label = "dataretention/settings"};
    char code[API_CODE_BYTES];
    struct json_doc *doc;
    struct err e;
    int64_t days = 0;

    if (!c->token_good || c->config->start_day == INT32_MIN) {
        return;
    }
    if (!check_api(c, &call, &doc, code, &e) ||
        !json_int(json_get(json_root(doc), "retentionDays"), &days)) {
        check_add(c, STEP_LOCAL, "retention", CHECK_SKIPPED,
                  "not readable (it asks for analytics:dataRetention:view)");
        json_free(doc);
        return;
    }
    json_free(doc);
    char day[CLOCK_DAY_BYTES];
    int64_t age_days =
        (clock_now_ms() - clock_zone_day_start_ms(c->config->start_day)) / MS_PER_DAY;
    const char *evidence = arena_printf(
        c->arena, "the organization keeps %lld days; start %s lies %lld days back", (long long)days,
        clock_format_day(c->config->start_day, day), (long long)age_days);
    if (age_days > days) {
        check_blame(c, STEP_LOCAL, "retention", CAUSE_LOCAL_RETENTION, evidence);
    } else {
        check_add(c, STEP_LOCAL, "retention", CHECK_OK, evidence);
    }
}

void check_local(struct check *c)
{
    const char *path = c->config->database_path;

    check_database(c, path);
    if (!check_step_failed(c, STEP_LOCAL)) {
        check_space(c, path);
        check_locks(c, path);
    }
    check_zone(c);
    check_retention(c);
}
