#include "out/query.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "out/table.h"

enum { TEXT_INDENT = 4 };

static void list_queries(struct arena *a)
{
    size_t count = 0;
    const struct query *list = query_list(a, &count);

    for (size_t i = 0; i < count; i++) {
        const struct query *q = &list[i];
        int widest = 0;

        printf("%s%s - %s\n", i > 0 ? "\n" : "", q->name, q->title);
        render_words(stdout, q->description, TEXT_INDENT, 0);
        for (size_t p = 0; p < q->param_count; p++) {
            int length = (int)strlen(q->params[p].name);
            widest = length > widest ? length : widest;
        }
        for (size_t p = 0; p < q->param_count; p++) {
            int at = printf("%*s%s=", TEXT_INDENT, "", q->params[p].name);
            render_words(stdout, q->params[p].text, TEXT_INDENT + widest + 3, at);
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

static enum err_kind run(const struct cmd_context *ctx, struct err *e)
{
    enum render_format format;
    struct config config;

    if (!cmd_format(ctx, "query", &format, e)) {
        return e->kind;
    }
    if (ctx->argument_count == 0) {
        list_queries(ctx->arena);
        return ERR_NONE;
    }
    const struct query *q = query_find(ctx->arena, ctx->arguments[0], e);
    if (!q || !cmd_setup(ctx, false, &config, e)) {
        return e->kind;
    }
    struct db *d = db_open(config.database_path, DB_READ, e);
    bool done = d && run_query(ctx, d, q, &ctx->arguments[1], format, e);
    db_close(d);
    config_wipe(&config);
    return done ? ERR_NONE : e->kind;
}

const struct command cmd_query = {
    .name = "query",
    .arguments = "[NAME [KEY=VALUE]...]",
    .summary = "run one of the built-in queries",
    .about =
        "Runs a built-in query and prints its rows as a table. Without a name: lists the queries "
        "with their parameters. On a terminal too narrow, texts end in \"..\"; --csv and --json "
        "give everything.",
    .notes = "example: rollcall query abandoned from=2026-03-01 to=2026-03-07 --csv",
    .run = run,
};
