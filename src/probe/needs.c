#include "probe/probe.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out/out.h"
#include "sql.h"

/* Days after which the vendor changes nothing any more. */
enum { LOOKBACK_LEAST = 4 };

typedef bool need_met(const struct needs *n, struct err *e);

/* A stream of days needs to know from which day on. */
static bool has_start(const struct needs *n, struct err *e)
{
    const struct config *c = n->config;

    for (size_t i = 0; i < n->stream_count; i++) {
        if (stream_has_days(n->streams[i]) && c->start_day == INT32_MIN) {
            return err_set(e, ERR_CONFIG,
                           "%s%s[extract] start is missing: say from which day on %s are wanted, "
                           "for example start = 2026-01-01",
                           c->path ? c->path : "", c->path ? ": " : "", n->streams[i]->title);
        }
    }
    return true;
}

static bool start_has_come(const struct needs *n, struct err *e)
{
    const struct config *c = n->config;
    char day[CLOCK_DAY_BYTES];

    if (c->start_day == INT32_MIN || n->until_ms >= clock_zone_day_start_ms(c->start_day)) {
        return true;
    }
    err_set(e, ERR_USAGE, "the time to read up to lies before [extract] start (%s)",
            clock_format_day(c->start_day, day));
    return n->until_given ? err_prefix(e, "extract") : config_blame(c, KEY_START, e);
}

static bool looks_back(const struct needs *n, struct err *e)
{
    if (n->config->lookback_days >= LOOKBACK_LEAST) {
        return true;
    }
    err_set(e, ERR_CONFIG, "%d, and Genesys Cloud changes finished days for %d",
            n->config->lookback_days, LOOKBACK_LEAST);
    return config_blame(n->config, KEY_LOOKBACK_DAYS, e);
}

/* Whether what [export] tables names is there. The schema tells, and for names that it does not
 * have the database, in which the user may have views of their own; when that cannot be read now,
 * nobody can tell. */
static bool has_tables(const struct needs *n, struct err *e)
{
    const struct config *c = n->config;

    if (c->export_table_count == 0) {
        return true; /* and no schema has to be made to tell */
    }
    struct err unread;
    DB_SCOPED struct db *ours = db_open_memory(true, e);
    bool known = ours && export_check(db_ask(ours, e, sql_export_names, NONE), c->export_tables,
                                      c->export_table_count, n->arena);

    if (!known && access(c->database_path, F_OK) == 0) {
        DB_SCOPED struct db *d = db_open(c->database_path, DB_READ, &unread);
        known = !d ||
                export_check(db_ask(d, e, sql_export_names, NONE), c->export_tables,
                             c->export_table_count, n->arena) ||
                e->kind != ERR_USAGE;
    }
    return known || config_blame(c, KEY_TABLES, e);
}

/* Whether the file's days are those of the zone; one that cannot be read is told of elsewhere. */
static bool keeps_zone(const struct needs *n, struct err *e)
{
    const struct config *c = n->config;
    struct redated none = {.now_ms = clock_now_ms()};
    DB_SCOPED struct db *d = db_open(c->database_path, DB_READ, e);

    return !d || !db_exec(d, sql_zone_copy, e) ||
           ledger_zone(d, c->timezone, none.now_ms, none.now_ms, &none, e) ||
           e->kind != ERR_CONFIG || config_blame(c, KEY_TIMEZONE, e);
}

/* Whether files can be made in a directory, or it can be made itself. */
static bool can_fill(struct arena *a, const char *path, struct err *e)
{
    struct stat st;

    while (stat(path, &st) != 0 && errno == ENOENT && !str_eq(path, ".") && !str_eq(path, "/")) {
        path = file_directory(a, path);
    }
    if (stat(path, &st) != 0) {
        return file_fail(e, "use", path, errno);
    }
    if (!S_ISDIR(st.st_mode)) {
        return file_fail(e, "use", path, ENOTDIR);
    }
    return file_may(path, W_OK | X_OK) || file_fail(e, "write into", path, errno);
}

/* Where no directory is configured, exports name their own, or are not wanted. */
static bool can_export(const struct needs *n, struct err *e)
{
    const char *origin = config_origin(n->config, KEY_DIRECTORY);

    return !origin || can_fill(n->arena, n->config->export_directory, e) ||
           err_prefix(e, "%s", origin);
}

static bool can_tell_metrics(const struct needs *n, struct err *e)
{
    const char *path = n->config->metrics_textfile;
    const char *directory = path ? file_directory(n->arena, path) : NULL;

    return !path ||
           (metrics_check(path, e) &&
            (file_may(directory, F_OK) || file_fail(e, "use", directory, errno)) &&
            can_fill(n->arena, directory, e)) ||
           err_prefix(e, "%s", config_origin(n->config, KEY_TEXTFILE));
}

static const struct {
    const char *name;
    need_met *is_met;
    enum cause_id cause;
    bool of_run;
} needs[] = {NEED_ROWS};

const char *needs_unmet(const struct needs *n, bool of_run, size_t *at, struct err *e)
{
    while (*at < COUNT_OF(needs)) {
        size_t i = (*at)++;

        if ((needs[i].of_run || !of_run) && !needs[i].is_met(n, e)) {
            err_cause(e, needs[i].cause);
            return needs[i].name;
        }
    }
    return NULL;
}
