#include "cmd/cmd.h"
#include "out/out.h"
#include "sql.h"

/* Takes --delimiter: the place among the words of its key, or a comma; -1: it is not given. */
static bool take_delimiter(const struct cmd_context *ctx, int *place, struct err *e)
{
    const char *given = ctx->option[OPT_DELIMITER];
    size_t count;
    size_t i = 0;
    char **words = str_split_list(ctx->arena, config_keys[KEY_DELIMITER].words, &count);

    while (given && i < count && !str_eq_nocase(given, words[i]) &&
           (i > 0 || !str_eq(given, ","))) {
        i++;
    }
    *place = given ? (int)i : -1;
    return !given || i < count ||
           cmd_usage(ctx, e, "--delimiter '%s' is none of comma, ';', tab and '|'%s", given,
                     str_suggest(ctx->arena, given, (const char **)words, count));
}

bool cmd_export(struct cmd_context *ctx, struct err *e)
{
    const char *directory = ctx->option[OPT_OUT];
    const char *since = ctx->option[OPT_SINCE];
    struct config *c = &ctx->config;
    int delimiter;
    struct rendering to;

    if (directory && (*directory == '\0' || str_eq(directory, "-"))) {
        return cmd_usage(ctx, e, "--out '%s': name a directory (. for this one)", directory);
    }
    if (!take_delimiter(ctx, &delimiter, e) || !cmd_open(ctx, e)) {
        return false;
    }
    cmd_warn_root(ctx);
    c->export_directory = directory ? directory : c->export_directory;
    c->export_delimiter = delimiter < 0 ? c->export_delimiter : delimiter;
    c->export_gzip = c->export_gzip || ctx->option[OPT_GZIP];
    c->export_by_day = c->export_by_day || ctx->option[OPT_BY_DAY];
    c->export_bom = c->export_bom || ctx->option[OPT_BOM];
    if (ctx->argument_count > 0) {
        c->export_tables = (const char *const *)ctx->arguments;
        c->export_table_count = ctx->argument_count;
    }
    if (!export_run(ctx->db, c, since, ctx->arena, e)) {
        return e->kind == ERR_USAGE && ctx->argument_count == 0 ? config_blame(c, KEY_TABLES, e)
                                                                : false;
    }
    cmd_note_copy(ctx, c->export_directory);
    return !cmd_is_watched(ctx) ||
           (cmd_rendering(ctx, &to, e) &&
            render_query(db_ask(ctx->db, e, sql_export_listing, S(c->export_directory)), &to));
}
