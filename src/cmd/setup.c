#include <pwd.h>
#include <unistd.h>

#include "api/region.h"
#include "base/stop.h"
#include "cmd/cmd.h"
#include "sql.h"
#include "streams/figures.h"

/* The hosts follow from the region unless they are given. */
static bool resolve_region(struct cmd_context *ctx, struct err *e)
{
    struct config *c = &ctx->config;
    const char *domain = NULL;
    bool known = true;

    if (c->region && !(domain = region_domain(ctx->arena, c->region, &known, e))) {
        return config_blame(c, KEY_REGION, e);
    }
    if (c->login_url && !region_fits_url(ctx->arena, c->login_url, e)) {
        return config_blame(c, KEY_LOGIN_URL, e);
    }
    if (c->api_url && !region_fits_url(ctx->arena, c->api_url, e)) {
        return config_blame(c, KEY_API_URL, e);
    }
    if (!known && !ctx->reports) {
        LOG(LOG_WARN, "region is not in the table; its domain is used as it is",
            LOG_S("domain", domain));
    }
    c->login_url =
        c->login_url ? c->login_url : arena_printf(ctx->arena, "https://login.%s", domain);
    c->api_url = c->api_url ? c->api_url : arena_printf(ctx->arena, "https://api.%s", domain);
    return true;
}

/* That [extract] streams leaves one stream. */
static bool check_streams(const struct config *c, struct err *e)
{
    for (size_t i = 0; i < stream_registry_count; i++) {
        if (stream_is_listed(stream_registry[i], c->streams, c->stream_count)) {
            return true;
        }
    }
    err_set(e, ERR_CONFIG, "takes every stream out; leave one");
    return config_blame(c, KEY_STREAMS, e);
}

bool cmd_setup(struct cmd_context *ctx, bool needs_login, struct err *e)
{
    struct config *c = &ctx->config;
    struct config_request request = {.file = ctx->option[OPT_CONFIG], .needs_login = needs_login};

    request.known_streams = stream_words(ctx->arena, &request.known_stream_count);
    bool loaded = config_load(&request, ctx->arena, c, e) && check_streams(c, e);
    if (loaded) { /* -q, nothing, -v, -v -v */
        const enum log_level levels[] = {LOG_ERROR, c->log_level, LOG_INFO, LOG_DEBUG};
        log_setup(levels[ctx->verbosity + 1], c->log_format);
    }
    for (size_t i = 0; i < c->doubt_count && !ctx->reports; i++) {
        const struct cause *odd = &causes[c->doubts[i].cause];
        LOG(LOG_WARN, odd->text, LOG_S("where", c->doubts[i].where), LOG_S("remedy", odd->remedy));
    }
    if (!loaded || (needs_login && !resolve_region(ctx, e))) {
        return false;
    }
    if (!clock_set_zone(c->timezone, e)) {
        err_cause(e, CAUSE_CONFIG_ZONE);
        return config_blame(c, KEY_TIMEZONE, e);
    }
    return true;
}

void cmd_warn_root(const struct cmd_context *ctx)
{
    const char *path = ctx->config.database_path;
    struct arena *a = ctx->arena;
    struct stat owner;

    if (!file_owner(path, &owner) || owner.st_uid == 0) {
        return;
    }
    const struct passwd *user = getpwuid(owner.st_uid);
    const char *name = user ? user->pw_name : arena_printf(a, "'#%u'", (unsigned)owner.st_uid);
    const char *file = ctx->option[OPT_CONFIG];
    LOG(LOG_WARN, "root runs this beside another user's files, who is given the new ones",
        LOG_S("of", path), LOG_S("user", name),
        LOG_S("instead", arena_printf(a, "sudo -u %s rollcall%s%s %s", name, file ? " -c " : "",
                                      file ? file : "", ctx->command->name)));
}

void cmd_note_copy(const struct cmd_context *ctx, const char *path)
{
    const char *database = ctx->config.database_path;
    char *whole = access(database, W_OK) == 0 ? realpath(path, NULL) : NULL;
    struct err ignored;
    struct db *d = whole ? db_open(database, DB_WRITE, &ignored) : NULL;

    if (d) { /* the copy stands: no step of its making */
        struct rows q = db_ask(d, &ignored, sql_copy_note, S(whole), T(clock_now_ms()));
        (void)db_next(&q);
        (void)db_end(&q);
    }
    db_close(d);
    free(whole);
}

bool cmd_open(struct cmd_context *ctx, struct err *e)
{
    if (!cmd_setup(ctx, false, e)) {
        return false;
    }
    ctx->db = db_open(ctx->config.database_path, DB_READ, e);
    if (!ctx->db && !ctx->config.path) {
        err_append(e, "; no configuration file is found from here: -c FILE names it");
    }
    return ctx->db && ledger_kpi_fits(ctx->db, &ctx->config, e);
}

struct lock_file *cmd_open_alone(struct cmd_context *ctx, struct err *e)
{
    const char *path = ctx->config.database_path;
    struct db *read = db_open(path, DB_READ, e);
    struct lock_file *locks = read ? lock_open(path, e) : NULL;
    bool locked = locks != NULL;

    db_close(read);

    for (int slot = 0; locked && slot < LOCK_SLOTS; slot++) {
        const char *name = ctx->command->name;

        for (size_t i = 0; i < stream_registry_count; i++) {
            name =
                stream_registry[i]->lock_slot == slot % LOCK_PAST ? stream_registry[i]->name : name;
        }
        locked = lock_take(locks, slot, name, e);
    }
    ctx->db = locked ? db_open(path, DB_WRITE, e) : NULL;
    if (!ctx->db || !figures_settle(ctx->db, e) || !ledger_kpi(ctx->db, &ctx->config, e)) {
        lock_close(locks);
        return NULL;
    }
    return locks;
}

bool cmd_rendering(const struct cmd_context *ctx, struct rendering *to, struct err *e)
{
    static const enum cmd_option options[] = {
        [RENDER_CSV] = OPT_CSV, [RENDER_JSON] = OPT_JSON, [RENDER_XLSX] = OPT_XLSX};

    *to = (struct rendering){RENDER_TABLE, render_terminal_width(stdout), stdout, true, NULL};
    for (enum render_format f = RENDER_CSV; f <= RENDER_XLSX; f++) {
        if (!ctx->option[options[f]]) {
            continue;
        }
        if (to->format != RENDER_TABLE) {
            return cmd_usage(ctx, e, "--csv, --json and --xlsx exclude each other");
        }
        to->format = f;
    }
    return true;
}

bool cmd_confirms(const char *question)
{
    char answer[16];

    fputs(question, stderr);
    return fgets(answer, sizeof(answer), stdin) && !stop_requested() &&
           (*answer == 'y' || *answer == 'Y');
}

bool cmd_is_watched(const struct cmd_context *ctx)
{
    return ctx->verbosity > 0 || (ctx->verbosity == 0 && isatty(STDOUT_FILENO));
}

bool cmd_streams(const struct cmd_context *ctx, const struct stream *const **streams, size_t *count,
                 struct err *e)
{
    const struct config *c = &ctx->config;
    const struct stream **chosen =
        arena_array(ctx->arena, stream_registry_count, sizeof(struct stream *));
    const char *const *wanted = ctx->stream_count > 0 ? ctx->streams : c->streams;
    size_t wanted_count = ctx->stream_count > 0 ? ctx->stream_count : c->stream_count;
    size_t word_count;
    const char **words = stream_words(ctx->arena, &word_count);

    for (size_t i = 0; i < ctx->stream_count; i++) {
        const char *name = ctx->streams[i];
        if (!str_is_listed(name, words, word_count)) {
            return cmd_usage(ctx, e, "unknown stream '%s'%s", name,
                             str_suggest(ctx->arena, name + (name[0] == '-'), words, word_count));
        }
    }
    *count = 0;
    for (size_t i = 0; i < stream_registry_count; i++) {
        if (stream_is_listed(stream_registry[i], wanted, wanted_count)) {
            chosen[(*count)++] = stream_registry[i];
        }
    }
    *streams = chosen;
    return true;
}
