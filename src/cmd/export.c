#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "out/export.h"
#include "out/render.h"
#include "sql.h"

static bool choose_since(const char *since, struct export_request *r, struct err *e)
{
    int32_t day = 0;

    if (!since) {
        return true;
    }
    if (!clock_parse_day(since, &day)) {
        return err_set(e, ERR_USAGE, "export: --since '%s' is no day; write YYYY-MM-DD", since);
    }
    r->since_day = since;
    r->since_ms = clock_zone_day_start_ms(day);
    return true;
}

static bool run_export(const struct cmd_context *ctx, const struct config *c,
                       struct export_request *r, struct err *e)
{
    struct db *d = db_open(c->database_path, DB_READ, e);

    if (!d) {
        return false;
    }
    r->csv = (struct csv_options){.gzip = c->export_gzip,
                                  .bom = c->export_bom,
                                  .neutralize_formulas = c->neutralize_formulas,
                                  .background = true};
    r->directory = c->export_directory;
    r->data_tables = cmd_data_tables(ctx->arena, &r->data_table_count);
    r->streams = cmd_stream_facts(c, ctx->arena, &r->stream_count);
    bool done = export_run(d, r, ctx->arena, e);
    if (!done && e->kind == ERR_USAGE && r->names == c->export_tables) {
        config_blame(c, "export", "tables", e);
    }
    /* Cron mails what is printed: all well and nobody watching means silence. */
    if (done && ctx->verbosity >= 0 && (isatty(STDOUT_FILENO) || ctx->verbosity > 0)) {
        struct rendering to = {RENDER_TABLE, render_terminal_width(stdout), stdout};
        done = render_query(d, e, sql_export_listing, DB_VALUES(S(r->directory)), &to);
    }
    db_close(d);
    return done;
}

static enum err_kind run(const struct cmd_context *ctx, struct err *e)
{
    struct export_request request = {.since_ms = TIME_NONE};
    const char *directory = ctx->option[OPT_OUT];
    struct config config;

    if (directory && directory[0] == '\0') {
        err_set(e, ERR_USAGE, "export: --out is empty; name a directory (. for this one)");
        return ERR_USAGE;
    }
    if (!cmd_setup(ctx, false, &config, e)) {
        return e->kind;
    }
    if (directory) {
        config.export_directory = directory;
    }
    config.export_gzip = config.export_gzip || ctx->option[OPT_GZIP];
    config.export_bom = config.export_bom || ctx->option[OPT_BOM];
    request.names = config.export_tables;
    request.name_count = config.export_table_count;
    if (ctx->argument_count > 0) {
        request.names = (const char *const *)ctx->arguments;
        request.name_count = ctx->argument_count;
    }
    bool done =
        choose_since(ctx->option[OPT_SINCE], &request, e) && run_export(ctx, &config, &request, e);
    return done ? ERR_NONE : e->kind;
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
