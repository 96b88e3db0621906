#include <unistd.h>

#include "api/region.h"
#include "base/causes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "out/export.h"

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

static const char **stream_names(struct arena *a)
{
    const char **names = arena_array(a, stream_registry_count, sizeof(*names));

    for (size_t i = 0; i < stream_registry_count; i++) {
        names[i] = stream_registry[i]->name;
    }
    return names;
}

bool cmd_setup(const struct cmd_context *ctx, bool needs_login, struct config *out, struct err *e)
{
    struct config_request request = {.file = ctx->option[OPT_CONFIG],
                                     .needs_login = needs_login,
                                     .known_streams = stream_names(ctx->arena),
                                     .known_stream_count = stream_registry_count};

    if (!config_load(&request, ctx->arena, out, e)) {
        return false;
    }
    enum log_level level = out->log_level;
    if (ctx->verbosity < 0) {
        level = LOG_ERROR;
    } else if (ctx->verbosity > 0) {
        level = ctx->verbosity > 1 ? LOG_DEBUG : LOG_INFO;
    }
    log_setup(level, out->log_format);
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

bool cmd_format(const struct cmd_context *ctx, const char *command, enum render_format *format,
                struct err *e)
{
    if (ctx->option[OPT_CSV] && ctx->option[OPT_JSON]) {
        return err_set(e, ERR_USAGE, "%s: --csv and --json exclude each other", command);
    }
    *format = RENDER_TABLE;
    if (ctx->option[OPT_CSV]) {
        *format = RENDER_CSV;
    } else if (ctx->option[OPT_JSON]) {
        *format = RENDER_JSON;
    }
    return true;
}

/* --- streams --------------------------------------------------------------------------------- */

bool cmd_streams(const struct cmd_context *ctx, const char *command, const struct config *c,
                 const struct stream *const **streams, size_t *count, struct err *e)
{
    const struct stream **chosen =
        arena_array(ctx->arena, stream_registry_count, sizeof(struct stream *));
    const char *const *wanted = ctx->stream_count > 0 ? ctx->streams : c->streams;
    size_t wanted_count = ctx->stream_count > 0 ? ctx->stream_count : c->stream_count;

    for (size_t i = 0; i < ctx->stream_count; i++) {
        const char *name = ctx->streams[i];
        if (!stream_find(name)) {
            return err_set(
                e, ERR_USAGE, "%s: unknown stream '%s'%s; see `rollcall %s --help`", command, name,
                str_suggest(ctx->arena, name, stream_names(ctx->arena), stream_registry_count),
                command);
        }
    }
    *count = 0;
    for (size_t i = 0; i < stream_registry_count; i++) {
        if (wanted_count == 0 || str_is_listed(stream_registry[i]->name, wanted, wanted_count)) {
            chosen[(*count)++] = stream_registry[i];
        }
    }
    *streams = chosen;
    return true;
}
