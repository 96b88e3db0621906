#include "out/query.h"
#include "cmd/cmd.h"
#include "out/out.h"

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

/* Refuses what does not go together; *path: the file to write, NULL: standard output. */
static bool take_form(const struct cmd_context *ctx, struct rendering *to, const char **path,
                      struct err *e)
{
    *path = ctx->option[OPT_OUT] ? ctx->option[OPT_OUT] : ctx->option[OPT_XLSX];
    if (!cmd_rendering(ctx, to, e)) {
        return false;
    }
    if (ctx->option[OPT_OUT] && to->format != RENDER_CSV && to->format != RENDER_JSON) {
        return cmd_usage(ctx, e, "--out goes with --csv or --json");
    }
    return ctx->argument_count > 0 || to->format == RENDER_TABLE ||
           cmd_usage(ctx, e, "name a query");
}

/* The answer of the first argument's query with the values of the others; a file takes its place
 * whole or not at all. */
static bool answer(struct cmd_context *ctx, const struct query *q, struct rendering *to,
                   const char *path, struct err *e)
{
    ASIDE_SCOPED struct file_aside file = {0};
    size_t found = 0;

    if (path) {
        cmd_warn_root(ctx);
        const struct config *c = &ctx->config;
        if (!out_open(ctx->db, c, path, (uint32_t)c->export_mode, &file, e)) {
            return false;
        }
        *to = (struct rendering){.format = to->format, .out = file.stream, .file = &file};
    }
    const struct db_value *values =
        query_values(ctx->db, q, ctx->arena, (const char *const *)ctx->arguments + 1, e);
    if (!values ||
        !render_counted(db_ask_values(ctx->db, e, q->sql, values, q->param_count), to, &found) ||
        (path && !file_aside_commit(&file, e))) {
        return false;
    }
    const char *word = found == 1 ? "row" : "rows";
    if (path && cmd_is_watched(ctx)) {
        printf("%s: %zu %s\n", str_escaped(ctx->arena, path), found, word);
    } else if (!path && to->format == RENDER_TABLE) {
        printf("(%zu %s)\n", found, word);
    }
    return true;
}

bool cmd_query(struct cmd_context *ctx, struct err *e)
{
    struct rendering to;
    const char *path;

    if (!take_form(ctx, &to, &path, e)) {
        return false;
    }
    if (ctx->argument_count == 0) {
        render_paged(stdout);
        list_queries();
        return true;
    }
    const struct query *q = query_find(ctx->arena, ctx->arguments[0], e);
    return q && cmd_open(ctx, e) && answer(ctx, q, &to, path, e);
}
