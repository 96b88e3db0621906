#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "api/region.h"
#include "base/causes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "out/export.h"
#include "streams/stream.h"

enum { OPTIONS_MAX = 32 };

static void setup_log(const struct cmd_context *ctx, const struct config *c)
{
    enum log_level level = c->log_level;

    if (ctx->verbosity < 0) {
        level = LOG_ERROR;
    } else if (ctx->verbosity > 0) {
        level = ctx->verbosity > 1 ? LOG_DEBUG : LOG_INFO;
    }
    log_setup(level, c->log_format);
}

/* The hosts follow from the region unless they are given. */
static bool resolve_region(const struct cmd_context *ctx, struct config *c, struct err *e)
{
    bool known;

    if (!c->region || (c->login_url && c->api_url)) {
        return true;
    }
    const char *domain = region_domain(ctx->arena, c->region, &known, e);
    if (!domain) {
        err_cause(e, CAUSE_CONFIG_REGION_UNKNOWN);
        return config_blame(c, "genesys", "region", e);
    }
    if (!known) {
        LOG(LOG_WARN, "region is not in the table; its domain is used as it is",
            LOG_S("domain", domain));
    }
    if (!c->login_url) {
        c->login_url = arena_printf(ctx->arena, "https://login.%s", domain);
    }
    if (!c->api_url) {
        c->api_url = arena_printf(ctx->arena, "https://api.%s", domain);
    }
    return true;
}

bool cmd_setup(const struct cmd_context *ctx, bool needs_login, struct config *out, struct err *e)
{
    const char **names = arena_array(ctx->arena, stream_registry_count, sizeof(*names));
    struct config_request request = {.file = ctx->config_file,
                                     .needs_login = needs_login,
                                     .known_streams = names,
                                     .known_stream_count = stream_registry_count};

    for (size_t i = 0; i < stream_registry_count; i++) {
        names[i] = stream_registry[i]->name;
    }
    if (!config_load(&request, ctx->arena, out, e)) {
        return false;
    }
    setup_log(ctx, out);
    bool ok = !needs_login || resolve_region(ctx, out, e);
    if (ok && !clock_set_zone(out->timezone, e)) {
        err_cause(e, CAUSE_CONFIG_ZONE);
        ok = config_blame(out, "extract", "timezone", e);
    }
    if (!ok) {
        config_wipe(out);
    }
    return ok;
}

/* The schema tells, and for names that it does not have the database, in which the user may have
 * views of their own; when that cannot be read now, nobody can tell. */
bool cmd_check_tables(const struct config *c, struct arena *a, struct err *e)
{
    struct db *own = db_open_memory(e);
    bool known = own && export_check(own, c->export_tables, c->export_table_count, a, e);

    db_close(own);
    if (!known && access(c->database_path, F_OK) == 0) {
        struct err unread;
        struct db *d = db_open(c->database_path, DB_READ, &unread);

        known = !d || export_check(d, c->export_tables, c->export_table_count, a, e) ||
                e->kind != ERR_USAGE;
        db_close(d);
    }
    if (!known) {
        return config_blame(c, "export", "tables", e);
    }
    err_clear(e);
    return true;
}

enum err_kind cmd_bad_option(const char *command, char **argv, const struct option *options,
                             int answer, struct err *e)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;
    const char *given = argv[optind > 0 ? optind - 1 : 0];

    for (; options[count].name && count < OPTIONS_MAX; count++) {
        names[count] = options[count].name;
    }
    if (answer == ':') {
        err_set(e, ERR_USAGE, "%s: option '%s' needs a value; see `rollcall %s --help`", command,
                given, command);
        return ERR_USAGE;
    }
    const char *near = str_starts_with(given, "--") ? str_nearest(given + 2, names, count) : NULL;
    err_set(e, ERR_USAGE, "%s: unknown option '%s'%s%s; see `rollcall %s --help`", command, given,
            near ? ", did you mean --" : "", near ? near : "", command);
    return ERR_USAGE;
}

enum err_kind cmd_format_options(const char *command, int argc, char **argv,
                                 enum render_format *format, struct err *e)
{
    static const struct option options[] = {{"csv", no_argument, NULL, RENDER_CSV},
                                            {"json", no_argument, NULL, RENDER_JSON},
                                            {NULL, 0, NULL, 0}};
    int answer;

    *format = RENDER_TABLE;
    opterr = 0;
    optind = 1;
    while ((answer = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (answer != RENDER_CSV && answer != RENDER_JSON) {
            return cmd_bad_option(command, argv, options, answer, e);
        }
        if (*format != RENDER_TABLE && *format != (enum render_format)answer) {
            err_set(e, ERR_USAGE, "%s: --csv and --json exclude each other", command);
            return ERR_USAGE;
        }
        *format = (enum render_format)answer;
    }
    return ERR_NONE;
}
