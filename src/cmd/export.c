#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/stream_facts.h"
#include "out/export.h"
#include "out/table.h"

const char cmd_export_help[] =
    "usage: rollcall export [--out DIR] [--gzip] [--bom] [--since DATE]\n"
    "                       [TABLE|VIEW]...\n"
    "\n"
    "Writes DIR/<table or view>.csv (.csv.gz with --gzip) and DIR/manifest.json, all\n"
    "of one moment. Without names: all data tables and all views; the ledger's tables\n"
    "(run, extract_window, raw_page without its bytes...) only when named. Old files\n"
    "stay as they are until all new ones are written.\n"
    "\n"
    "  --out DIR       directory, made when absent ([export] directory)\n"
    "  --gzip          compress by gzip ([export] gzip)\n"
    "  --bom           begin with a byte order mark, for Excel ([export] bom)\n"
    "  --since DATE    only rows whose conversation (or state) starts on this day of\n"
    "                  [extract] timezone or later; tables without such a time whole\n"
    "  -h, --help      print this help\n"
    "\n"
    "NULL is an empty field, the empty string is \"\". What was written is listed on a\n"
    "terminal or with -v.\n";

static enum err_kind parse_options(int argc, char **argv, struct config *c, const char **since,
                                   struct err *e)
{
    static const struct option options[] = {{"out", required_argument, NULL, 'o'},
                                            {"gzip", no_argument, NULL, 'z'},
                                            {"bom", no_argument, NULL, 'b'},
                                            {"since", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    int answer;

    opterr = 0;
    optind = 1;
    while ((answer = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (answer) {
        case 'o':
            c->export_directory = optarg;
            break;
        case 'z':
            c->export_gzip = true;
            break;
        case 'b':
            c->export_bom = true;
            break;
        case 's':
            *since = optarg;
            break;
        default:
            return cmd_bad_option("export", argv, options, answer, e);
        }
    }
    if (c->export_directory && c->export_directory[0] == '\0') {
        err_set(e, ERR_USAGE, "export: --out is empty; name a directory (. for this one)");
        return ERR_USAGE;
    }
    return ERR_NONE;
}

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

static void print_files(const struct cmd_context *ctx, const char *directory,
                        const struct export_result *result)
{
    struct table *t = table_new(3, true);

    table_str(t, "file");
    table_str(t, "rows");
    table_str(t, "bytes");
    for (size_t i = 0; i < result->count; i++) {
        table_str(t, arena_printf(ctx->arena, "%s/%s", directory, result->files[i].name));
        table_int(t, (int64_t)result->files[i].rows);
        table_int(t, (int64_t)result->files[i].bytes);
    }
    table_print(t, table_terminal_width(stdout), stdout);
    table_free(t);
}

static bool run_export(const struct cmd_context *ctx, const struct config *c,
                       struct export_request *r, struct err *e)
{
    struct export_result result;
    struct db *d = db_open(c->database_path, DB_READ, e);

    if (!d) {
        return false;
    }
    r->csv = (struct csv_options){.gzip = c->export_gzip,
                                  .bom = c->export_bom,
                                  .neutralize_formulas = c->neutralize_formulas,
                                  .background = true};
    r->directory = c->export_directory;
    r->data_tables = stream_tables(ctx->arena, &r->data_table_count);
    r->streams = stream_facts(c, ctx->arena, &r->stream_count);
    bool done = export_run(d, r, ctx->arena, &result, e);
    db_close(d);
    if (!done && e->kind == ERR_USAGE && r->names == c->export_tables) {
        config_blame(c, "export", "tables", e);
    }
    /* Cron mails what is printed: all well and nobody watching means silence. */
    if (done && ctx->verbosity >= 0 && (isatty(STDOUT_FILENO) || ctx->verbosity > 0)) {
        print_files(ctx, r->directory, &result);
    }
    return done;
}

enum err_kind cmd_export(const struct cmd_context *ctx, int argc, char **argv, struct err *e)
{
    struct export_request request = {.since_ms = TIME_NONE};
    struct config given = {.path = NULL};
    struct config config;
    const char *since = NULL;
    enum err_kind kind = parse_options(argc, argv, &given, &since, e);

    if (kind != ERR_NONE) {
        return kind;
    }
    if (!cmd_setup(ctx, false, &config, e)) {
        return e->kind;
    }
    if (given.export_directory) {
        config.export_directory = given.export_directory;
    }
    config.export_gzip = config.export_gzip || given.export_gzip;
    config.export_bom = config.export_bom || given.export_bom;
    request.names = optind < argc ? (const char *const *)&argv[optind] : config.export_tables;
    request.name_count = optind < argc ? (size_t)(argc - optind) : config.export_table_count;
    bool done = choose_since(since, &request, e) && run_export(ctx, &config, &request, e);
    config_wipe(&config);
    return done ? ERR_NONE : e->kind;
}
