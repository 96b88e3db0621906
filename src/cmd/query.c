#include <stdio.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "out/out.h"
#include "out/query.h"

enum { TEXT_INDENT = 4, PARAM_INDENT = 16 };

static void list_queries(void)
{
    for (size_t i = 0; i < query_count; i++) {
        const struct query *q = &query_table[i];

        printf("%s%s - %s\n", i > 0 ? "\n" : "", q->name, q->title);
        render_words(stdout, q->description, TEXT_INDENT, 0);
        for (size_t p = 0; p < q->param_count; p++) {
            int at = printf("%*s%s=", TEXT_INDENT, "", q->params[p].name);
            render_words(stdout, q->params[p].text, PARAM_INDENT, at);
        }
    }
}

/* The query of the first argument with the values of the others. */
static bool answer(struct cmd_context *ctx, const struct query *q, const struct rendering *to,
                   size_t *rows, struct err *e)
{
    size_t count;
    const struct db_value *values =
        query_values(ctx->db, q, ctx->arena, (const char *const *)ctx->arguments + 1, &count, e);

    if (!values) {
        return false;
    }
    struct rows rest = db_ask_values(ctx->db, e, q->sql, values, count);
    (void)render_rows(&rest, to, rows);
    return db_end(&rest);
}

/* The same into a file, which takes its place whole or not at all. */
static bool answer_into(struct cmd_context *ctx, const struct query *q, const struct rendering *to,
                        const char *path, struct err *e)
{
    ASIDE_SCOPED struct file_aside file = {0};
    size_t rows = 0;

    cmd_warn_root(ctx);
    if (!out_open(ctx->db, "query", path, (uint32_t)ctx->config.export_mode, &file, e)) {
        return false;
    }
    const struct rendering into = {.format = to->format, .out = file.stream, .file = &file};
    if (!answer(ctx, q, &into, &rows, e) || !file_aside_commit(&file, e)) {
        return false;
    }
    if (cmd_is_watched(ctx)) {
        printf("%s: %zu %s\n", str_escaped(ctx->arena, path), rows, rows == 1 ? "row" : "rows");
    }
    return true;
}

bool cmd_query(struct cmd_context *ctx, struct err *e)
{
    const char *path = ctx->option[OPT_OUT] ? ctx->option[OPT_OUT] : ctx->option[OPT_XLSX];
    struct rendering to;
    size_t rows = 0;

    if (!cmd_rendering(ctx, &to, e)) {
        return false;
    }
    if (ctx->option[OPT_OUT] && to.format != RENDER_CSV && to.format != RENDER_JSON) {
        return cmd_usage(ctx, e, "--out goes with --csv or --json");
    }
    if (path && *path == '\0') {
        return cmd_usage(ctx, e, "name the file");
    }
    if (ctx->argument_count == 0 && to.format != RENDER_TABLE) {
        return cmd_usage(ctx, e, "name a query");
    }
    if (ctx->argument_count == 0) {
        render_paged(stdout);
        list_queries();
        return true;
    }
    const struct query *q = query_find(ctx->arena, ctx->arguments[0], e);
    if (!q || !cmd_open(ctx, e)) {
        return false;
    }
    if (path) {
        return answer_into(ctx, q, &to, path, e);
    }
    if (!answer(ctx, q, &to, &rows, e)) {
        return false;
    }
    if (to.format == RENDER_TABLE) {
        printf("(%zu %s)\n", rows, rows == 1 ? "row" : "rows");
    }
    return true;
}
