#include "probe/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "api/region.h"
#include "base/clock.h"
#include "base/str.h"
#include "io/db.h"
#include "io/file.h"
#include "io/lock.h"
#include "probe/access.h"
#include "probe/organization.h"

enum {
    GROWTH_DAYS = 30,
    ROW_BYTES = 16384, /* a conversation's rows and raw page, when there is no file to go by */
};
#define MEBIBYTE     INT64_C(1048576)
#define SPACE_LEAST  (64 * MEBIBYTE)
#define GROWTH_LEAST (4 * MEBIBYTE) /* a day, when nothing is known */

/* --- the configuration, and whether its values can be what they should be -------------------- */

static void check_file(struct report *r, const char *path)
{
    struct stat st;

    if (!path) {
        report_add(r, "file", CAUSE_NONE, "none; all values come from the environment");
        return;
    }
    unsigned mode = stat(path, &st) == 0 ? (unsigned)(st.st_mode & 0777U) : 0;
    report_add(r, "file", CAUSE_NONE, "%s, mode %03o", path, mode);
}

/* One result for the credentials when nothing is odd, else one an oddity. */
static void check_credentials(struct report *r, const struct check_request *request)
{
    const struct config *config = request->config;

    for (size_t i = 0; i < config->doubt_count; i++) {
        report_add(r, "credentials", config->doubts[i].cause, "%s", config->doubts[i].where);
    }
    if (config->doubt_count == 0 && !request->setup_error) {
        report_add(r, "credentials", CAUSE_NONE, "client id %s; secret from %s", config->client_id,
                   config->client_secret_origin);
    }
}

/* The AWS region that `text` names as one of its labels while its domain is another region's; NULL:
 * it does not. */
static const char *mixed_region(struct arena *a, const char *text)
{
    struct err ignored;
    bool known = false;

    for (size_t i = 0; i < region_count; i++) {
        const char *at = strstr(text, region_table[i].aws);
        const char *domain =
            at && strchr(at, '.') ? region_domain(a, text, &known, &ignored) : NULL;
        if (domain && !str_eq(domain, region_table[i].domain)) {
            return region_table[i].aws;
        }
    }
    return NULL;
}

static void check_hosts(struct report *r, const struct config *config)
{
    const char *const texts[] = {config->region, config->login_url, config->api_url};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        const char *aws = texts[i] ? mixed_region(r->arena, str_lower(r->arena, texts[i])) : NULL;
        if (aws) {
            report_add(r, "region", CAUSE_CONFIG_REGION_MIXED, "%s (%s has a domain of its own)",
                       texts[i], aws);
            return;
        }
    }
    report_add(r, "region", CAUSE_NONE, "%s%s%s, %s", config->region ? config->region : "",
               config->region ? ": " : "", config->login_url, config->api_url);
}

static void check_start(struct report *r, const struct check_request *request)
{
    for (size_t i = 0; i < request->stream_count; i++) {
        if (stream_has_days(request->streams[i]) &&
            request->config->start_day == INT32_MIN) {
            report_add(r, "start", CAUSE_CONFIG_START,
                       "[extract] start is missing, and %s are wanted", request->streams[i]->title);
            return;
        }
    }
}

/* True when it is worth going on; then `access` has its client. */
static bool check_configuration(const struct check_request *request, struct access *access)
{
    const struct config *config = request->config;
    struct report *r = access->report;
    struct err e;

    if (request->setup_error) {
        check_credentials(r, request);
        report_error(r, "file", request->setup_error, CAUSE_CONFIG_INVALID);
        return false;
    }
    check_file(r, config->path);
    check_credentials(r, request);
    check_hosts(r, config);
    check_start(r, request);
    access->client = client_new(config, &e);
    if (!access->client) {
        report_error(r, "certificates", &e, CAUSE_CONFIG_CA_FILE);
    }
    return !report_failed(r);
}

/* --- this machine: the database and its disk, locks, the time zone --------------------------- */

static bool may_write(const char *path)
{
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/* Whether the file that is there opens; the writer's right to it is asked for apart. */
static void check_existing(struct report *r, const char *path)
{
    struct err e;
    struct db *d = db_open(path, DB_READ, &e);

    if (d) {
        report_add(r, "database", CAUSE_NONE, "%s, schema %d", path, db_schema_version());
    } else {
        report_error(r, "database", &e, CAUSE_LOCAL_DATABASE);
    }
    db_close(d);
}

static void check_database(struct report *r, const char *path)
{
    const char *directory = file_directory(r->arena, path);
    struct stat st;
    struct err e;

    if (!db_check(path, &e)) {
        report_error(r, "database", &e, CAUSE_LOCAL_DATABASE);
        return;
    }
    bool exists = stat(path, &st) == 0 && st.st_size > 0;
    if (!may_write(directory)) {
        report_add(r, "database", CAUSE_LOCAL_RIGHTS, "%s: %s", directory, strerror(errno));
    } else if (exists && !may_write(path)) {
        report_add(r, "database", CAUSE_LOCAL_RIGHTS, "%s: %s", path, strerror(errno));
    } else if (exists) {
        check_existing(r, path);
    } else {
        report_add(r, "database", CAUSE_NONE, "%s is not there yet; the first extract makes it",
                   path);
    }
}

static const char *megabytes(struct arena *a, int64_t bytes)
{
    return bytes >= 10240 * MEBIBYTE
               ? arena_printf(a, "%lld GB", (long long)(bytes / (1024 * MEBIBYTE)))
               : arena_printf(a, "%lld MB", (long long)(bytes / MEBIBYTE));
}

/* Whole days since [extract] start; 0 without one. */
static int64_t days_since_start(const struct config *c)
{
    return c->start_day == INT32_MIN
               ? 0
               : (clock_now_ms() - clock_zone_day_start_ms(c->start_day)) / MS_PER_DAY;
}

/* Bytes a day: by the file and the days in it, by yesterday's rows, or a guess. */
static int64_t daily_growth(const struct config *c, int64_t day_rows, int64_t file_bytes)
{
    int64_t growth = GROWTH_LEAST;
    int64_t days = days_since_start(c);

    if (day_rows * ROW_BYTES > growth) {
        growth = day_rows * ROW_BYTES;
    }
    return days > 0 && file_bytes / days > growth ? file_bytes / days : growth;
}

static void check_space(struct report *r, const struct config *c, int64_t day_rows)
{
    enum cause_id cause = CAUSE_NONE;
    struct statvfs fs;
    struct stat st;

    if (statvfs(file_directory(r->arena, c->database_path), &fs) != 0) {
        return;
    }
    int64_t free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    int64_t file_bytes = stat(c->database_path, &st) == 0 ? (int64_t)st.st_size : 0;
    int64_t growth = GROWTH_DAYS * daily_growth(c, day_rows, file_bytes);
    if (free_bytes < SPACE_LEAST) {
        cause = CAUSE_LOCAL_NO_SPACE;
    } else if (free_bytes < growth) {
        cause = CAUSE_LOCAL_LITTLE_SPACE;
    }
    report_add(r, "disk", cause, "%s free; %d days add about %s", megabytes(r->arena, free_bytes),
               GROWTH_DAYS, megabytes(r->arena, growth));
}

/* Opening a lock file makes it, so it is looked for first. */
static void check_locks(struct report *r, const struct check_request *request)
{
    const char *path = request->config->database_path;
    char holder[LOCK_HOLDER_BYTES];
    struct stat st;
    struct err e;
    bool held = false;

    if (stat(arena_printf(r->arena, "%s.lock", path), &st) != 0) {
        return;
    }
    struct lock_file *locks = lock_open(path, &e);
    if (!locks) {
        report_add(r, "lock", CAUSE_LOCAL_RIGHTS, "%s", e.message);
        return;
    }
    for (size_t i = 0; i < request->stream_count && !held; i++) {
        const struct stream *s = request->streams[i];
        held = lock_holder(locks, s->lock_slot, holder);
        if (held) {
            report_add(r, "lock", CAUSE_LOCAL_LOCKED, "%s: %s", s->name, holder);
        }
    }
    lock_close(locks);
    if (!held) {
        report_add(r, "lock", CAUSE_NONE, "no run is under way");
    }
}

static void check_zone(struct report *r, const struct config *c)
{
    int32_t offset = clock_zone_offset_seconds(clock_now_ms());
    int minutes = (int)(offset < 0 ? -offset : offset) / 60;

    report_add(r, "time zone", CAUSE_NONE, "%s, now UTC%c%02d:%02d", c->timezone,
               offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* How far back the organization keeps data. */
static void check_retention(struct access *a)
{
    struct report *r = a->report;
    const struct config *c = a->config;
    struct client_answer answer;
    int64_t kept_days = 0;

    if (!a->token_good || c->start_day == INT32_MIN) {
        return;
    }
    bool read = access_ask(a, "/api/v2/analytics/dataretention/settings", NULL,
                           "dataretention/settings", &answer) &&
                json_int(json_get(json_root(answer.document), "retentionDays"), &kept_days);
    client_answer_free(&answer);
    if (!read) {
        report_skip(r, "retention", "not readable (it asks for analytics:dataRetention:view)");
        return;
    }
    char day[CLOCK_DAY_BYTES];
    int64_t age_days = days_since_start(c);
    report_add(r, "retention", age_days > kept_days ? CAUSE_LOCAL_RETENTION : CAUSE_NONE,
               "the organization keeps %lld days; start %s lies %lld days back",
               (long long)kept_days, clock_format_day(c->start_day, day), (long long)age_days);
}

static void check_local(const struct check_request *request, struct access *a, int64_t day_rows)
{
    check_database(a->report, a->config->database_path);
    if (!report_failed(a->report)) {
        check_space(a->report, a->config, day_rows);
        check_locks(a->report, request);
    }
    check_zone(a->report, a->config);
    check_retention(a);
}

/* --- the steps in their order ---------------------------------------------------------------- */

/* Goes on to the next step, which is skipped where there is a reason not to take it. */
static bool take(struct report *r, enum cause_step step, const char *why_not)
{
    r->step = step;
    if (why_not) {
        report_skip(r, cause_steps[step].name, why_not);
    }
    return !why_not;
}

/* The steps that need the network: each only when those before it make sense of it. */
static void check_remote(const struct check_request *request, struct access *a, int64_t *rows)
{
    const char *no_token = NULL;

    access_network(a);
    if (take(a->report, STEP_LOGIN, a->login_reached ? NULL : "the login host was not reached")) {
        access_login(a, request->find_region, request->may_send);
    }
    if (!client_token(a->client)->value) {
        no_token = "there is no token";
    } else if (!a->api_reached) {
        no_token = "the API host was not reached";
    }
    if (take(a->report, STEP_TOKEN, no_token)) {
        access_token(a);
    }
    if (take(a->report, STEP_PERMISSIONS, a->token_good ? NULL : "the API was not asked")) {
        organization_permissions(a, request->streams, request->stream_count, rows);
    }
    if (take(a->report, STEP_LIMITS, a->token_good ? NULL : "the API was not asked")) {
        organization_limits(a, request->streams, request->stream_count, rows);
    }
}

void check_run(const struct check_request *request, struct report *r)
{
    static const char first[] = "the configuration comes first";
    struct access a = {.config = request->config, .report = r};
    int64_t *rows = organization_rows(r->arena);

    r->step = STEP_CONFIGURATION;
    if (check_configuration(request, &a)) {
        r->step = STEP_NETWORK;
        check_remote(request, &a, rows);
    } else {
        for (int step = STEP_NETWORK; step <= STEP_LIMITS; step++) {
            take(r, (enum cause_step)step, first);
        }
    }
    if (take(r, STEP_LOCAL, request->setup_error ? first : NULL)) {
        check_local(request, &a, organization_day_rows(rows));
    }
    client_free(a.client);
}
