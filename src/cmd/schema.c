#include "cmd/cmd.h"
#include "io/embedded.h"
#include "out/out.h"
#include "sql.h"

/* At a terminal: each row's words, its last column, stand whole below the rest. */
static bool show_words(struct rows q)
{
    int last = db_column_count(&q) - 1;

    while (db_next(&q)) {
        for (int i = 0; i < last; i++) {
            const char *text = db_text(&q, i);
            printf("%s%s", i > 0 && text ? "  " : "", text ? text : "");
        }
        (void)putchar('\n');
        render_words(stdout, db_text(&q, last), 4, 0);
    }
    return db_end(&q);
}

bool cmd_schema(struct cmd_context *ctx, struct err *e)
{
    const char *name = ctx->arguments[0];
    struct rendering to;

    if (ctx->argument_count > 1) {
        return cmd_usage(ctx, e, "name one table or view, or none");
    }
    ctx->db = db_open_memory(true, e);
    if (!ctx->db || !cmd_rendering(ctx, &to, e) ||
        !db_exec(ctx->db, embedded_dictionary[0].text, e) ||
        (name && !export_check(db_ask(ctx->db, e, sql_schema_names, NONE), &name, 1, ctx->arena))) {
        return false;
    }
    if (to.format == RENDER_JSON) {
        return render_document(db_ask(ctx->db, e, sql_schema_document, S(name)), stdout);
    }
    if (to.width > 0) {
        render_paged(stdout);
        return show_words(db_ask(ctx->db, e, name ? sql_schema_columns : sql_schema_list, S(name)));
    }
    return render_query(db_ask(ctx->db, e, name ? sql_schema_columns : sql_schema_list, S(name)),
                        &to);
}
