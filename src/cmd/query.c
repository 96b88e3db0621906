#include <stdio.h>

#include "cmd/cmd.h"
#include "out/query.h"

enum { TEXT_INDENT = 4, PARAM_INDENT = 16 };

static void list_queries(struct arena *a)
{
    size_t count = 0;
    const struct query *list = query_list(a, &count);

    for (size_t i = 0; i < count; i++) {
        const struct query *q = &list[i];

        printf("%s%s - %s\n", i > 0 ? "\n" : "", q->name, q->title);
        render_words(stdout, q->description, TEXT_INDENT, 0);
        for (size_t p = 0; p < q->param_count; p++) {
            int at = printf("%*s%s=", TEXT_INDENT, "", q->params[p].name);
            render_words(stdout, q->params[p].text, PARAM_INDENT, at);
        }
    }
}

static bool run(struct cmd_context *ctx, struct err *e)
{
    size_t count = ctx->argument_count;
    struct db_value *values = arena_array(ctx->arena, count + 1, sizeof(*values));
    struct rendering to;
    size_t rows = 0;

    if (!cmd_rendering(ctx, &to, e)) {
        return false;
    }
    if (count == 0) {
        render_paged(stdout);
        list_queries(ctx->arena);
        return true;
    }
    const struct query *q = query_find(ctx->arena, ctx->arguments[0], e);
    if (!q || !cmd_open(ctx, e)) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        if (!query_value(ctx->db, q, ctx->arena, ctx->arguments[i], &values[i - 1], e)) {
            return false;
        }
    }
    if (!query_range(values, count - 1, e)) {
        return false;
    }
    struct rows answer = db_ask_values(ctx->db, e, q->sql, values, count - 1);
    if (render_rows(&answer, &to, &rows) && to.format == RENDER_TABLE) {
        printf("(%zu %s)\n", rows, rows == 1 ? "row" : "rows");
    }
    return db_end(&answer);
}

const struct command cmd_query = {
    .name = "query",
    .arguments = "[NAME [KEY=VALUE]...]",
    .summary = "run one of the built-in queries",
    .about =
        "Runs a built-in query and prints its rows as a table. Without a name: lists the queries "
        "with their parameters. On a narrow terminal ids beside names are left out and long "
        "names end in \"..\", or each row is a block; --csv and --json give everything.",
    .notes = "example: rollcall query abandoned from=2026-03-01 to=2026-03-07 --csv",
    .run = run,
};
