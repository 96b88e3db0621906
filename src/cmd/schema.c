#include "cmd/cmd.h"
#include "io/embedded.h"
#include "out/out.h"
#include "sql.h"

bool cmd_schema(struct cmd_context *ctx, struct err *e)
{
    const char *name = ctx->arguments[0];
    struct rendering to;

    if (ctx->argument_count > 1) {
        return cmd_usage(ctx, "name one table or view, or none", e);
    }
    ctx->db = db_open_memory(e);
    if (!ctx->db || !cmd_rendering(ctx, &to, e) ||
        !db_exec(ctx->db, embedded_dictionary[0].text, e) ||
        (name &&
         !export_check_names(db_ask(ctx->db, e, sql_schema_names, NONE), &name, 1, ctx->arena))) {
        return false;
    }
    if (to.format == RENDER_JSON) {
        return render_document(ctx->db, e, sql_schema_document, DB_VALUES(S(name)), stdout);
    }
    return render_query(ctx->db, e, name ? sql_schema_columns : sql_schema_list, DB_VALUES(S(name)),
                        &to);
}
