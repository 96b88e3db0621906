#include "out/query.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "out/table.h"

const char cmd_query_help[] =
    "usage: rollcall query [NAME [KEY=VALUE]... [--csv|--json]]\n"
    "\n"
    "Runs a built-in query and prints its rows as a table. Without a name: lists the\n"
    "queries with their parameters. On a terminal too narrow, texts end in \"..\";\n"
    "--csv and --json give everything.\n"
    "\n"
    "  --csv           as CSV\n"
    "  --json          as a JSON array of objects\n"
    "  -h, --help      print this help\n"
    "\n"
    "example: rollcall query abandoned from=2026-03-01 to=2026-03-07 --csv\n";

enum { LINE_WIDTH = 78, TEXT_INDENT = 4 };

/* Prints words from column `indent` on, in lines of LINE_WIDTH; `at` is where the line is. */
static void print_wrapped(const char *text, int indent, int at)
{
    while (*text != '\0') {
        int length = (int)strcspn(text, " ");

        if (at > indent && at + 1 + length > LINE_WIDTH) {
            printf("\n");
            at = 0;
        }
        printf("%*s%.*s", at < indent ? indent - at : at > indent, "", length, text);
        at = (at < indent ? indent : at + (at > indent)) + length;
        text += length;
        text += strspn(text, " ");
    }
    printf("\n");
}

static void list_queries(struct arena *a)
{
    size_t count = 0;
    const struct query *list = query_list(a, &count);

    for (size_t i = 0; i < count; i++) {
        const struct query *q = &list[i];
        int widest = 0;

        printf("%s%s - %s\n", i > 0 ? "\n" : "", q->name, q->title);
        print_wrapped(q->description, TEXT_INDENT, 0);
        for (size_t p = 0; p < q->param_count; p++) {
            int length = (int)strlen(q->params[p].name);
            widest = length > widest ? length : widest;
        }
        for (size_t p = 0; p < q->param_count; p++) {
            int at = printf("%*s%s=", TEXT_INDENT, "", q->params[p].name);
            print_wrapped(q->params[p].text, TEXT_INDENT + widest + 3, at);
        }
    }
}

static bool run_query(const struct cmd_context *ctx, struct db *d, const struct query *q,
                      char **assignments, enum render_format format, struct err *e)
{
    struct db_stmt *s = db_prepare(d, q->sql, e);
    struct rendering to = {format, table_terminal_width(stdout), stdout};
    size_t rows = 0;
    bool done = s != NULL;

    for (; done && *assignments; assignments++) {
        done = query_bind(q, s, ctx->arena, *assignments, e);
    }
    done = done && render_rows(s, &to, &rows, e);
    if (done && format == RENDER_TABLE) {
        printf("(%zu %s)\n", rows, rows == 1 ? "row" : "rows");
    }
    db_finalize(s);
    return done;
}

enum err_kind cmd_query(const struct cmd_context *ctx, int argc, char **argv, struct err *e)
{
    enum render_format format;
    struct config config;
    enum err_kind kind = cmd_format_options("query", argc, argv, &format, e);

    if (kind != ERR_NONE) {
        return kind;
    }
    if (optind >= argc) {
        list_queries(ctx->arena);
        return ERR_NONE;
    }
    const struct query *q = query_find(ctx->arena, argv[optind], e);
    if (!q || !cmd_setup(ctx, false, &config, e)) {
        return e->kind;
    }
    struct db *d = db_open(config.database_path, DB_READ, e);
    bool done = d && run_query(ctx, d, q, &argv[optind + 1], format, e);
    db_close(d);
    config_wipe(&config);
    return done ? ERR_NONE : e->kind;
}
