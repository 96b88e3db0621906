#include "cmd/cmd.h"
#include "io/embedded.h"
#include "out/out.h"
#include "sql.h"

static bool run(struct cmd_context *ctx, struct err *e)
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

const struct command cmd_schema = {
    .name = "schema",
    .arguments = "[TABLE|VIEW]",
    .summary = "say what tables and views hold",
    .about =
        "Lists the tables and views of a database, or the columns of one with their types, units "
        "(UTC, local time, day, ms, s, %, 0/1, JSON...) and meanings. It needs neither a "
        "configuration nor a "
        "database. docs/data-dictionary.md says the same.",
    .notes =
        "With --json: [{name, kind, description, columns: [{name, type, unit, description}]}].",
    .run = run,
};
