#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "out/export.h"
#include "out/render.h"
#include "sql.h"

static bool run_export(const struct cmd_context *ctx, const struct config *c, struct err *e)
{
    struct db *d = db_open(c->database_path, DB_READ, e);

    if (!d) {
        return false;
    }
    bool done = export_run(d, c, ctx->option[OPT_SINCE], ctx->arena, e);
    if (!done && e->kind == ERR_USAGE && ctx->argument_count == 0) {
        config_blame(c, "export", "tables", e);
    }
    /* Cron mails what is printed: all well and nobody watching means silence. */
    if (done && ctx->verbosity >= 0 && (isatty(STDOUT_FILENO) || ctx->verbosity > 0)) {
        struct rendering to = {RENDER_TABLE, render_terminal_width(stdout), stdout};
        done = render_query(d, e, sql_export_listing, DB_VALUES(S(c->export_directory)), &to);
    }
    db_close(d);
    return done;
}

static enum err_kind run(const struct cmd_context *ctx, struct err *e)
{
    const char *directory = ctx->option[OPT_OUT];
    const char *since = ctx->option[OPT_SINCE];
    struct config config;
    int32_t day;

    if (directory && directory[0] == '\0') {
        err_set(e, ERR_USAGE, "export: --out is empty; name a directory (. for this one)");
        return ERR_USAGE;
    }
    if (!cmd_setup(ctx, false, &config, e)) {
        return e->kind;
    }
    if (since && !clock_parse_day(since, &day)) {
        err_set(e, ERR_USAGE, "export: --since '%s' is no day; write YYYY-MM-DD", since);
        return ERR_USAGE;
    }
    if (directory) {
        config.export_directory = directory;
    }
    config.export_gzip = config.export_gzip || ctx->option[OPT_GZIP];
    config.export_bom = config.export_bom || ctx->option[OPT_BOM];
    if (ctx->argument_count > 0) {
        config.export_tables = (const char *const *)ctx->arguments;
        config.export_table_count = ctx->argument_count;
    }
    return run_export(ctx, &config, e) ? ERR_NONE : e->kind;
}

const struct command cmd_export = {
    .name = "export",
    .arguments = "[TABLE|VIEW]...",
    .summary = "write tables and views as CSV files",
    .about =
        "Writes DIR/<table or view>.csv (.csv.gz with --gzip) and DIR/manifest.json, all of one "
        "moment. Without names: all data tables and all views; the ledger's tables (run, "
        "extract_window, raw_page without its bytes...) only when named. Old files stay as they "
        "are until all new ones are written; the manifest goes before the first is replaced and "
        "comes after the last: no manifest means an export under way or cut.",
    .notes = "NULL is an empty field, the empty string is \"\". What was written is listed on a "
             "terminal or with -v.",
    .run = run,
};
