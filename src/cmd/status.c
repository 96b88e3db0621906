#include "cmd/cmd.h"
#include "out/out.h"
#include "sql.h"

/* Shows it all of one moment. */
bool cmd_status(struct cmd_context *ctx, struct err *e)
{
    int64_t behind = 0;

    if (!cmd_open(ctx, e)) {
        return false;
    }
    struct db *d = ctx->db;
    bool shown =
        db_begin_read(d, e) && status_gather(d, &ctx->config, clock_now_ms(), e) &&
        db_number(db_ask(d, e, sql_status_is_behind, NONE), &behind) &&
        (ctx->option[OPT_JSON] ? render_document(db_ask(d, e, sql_status_document, NONE), stdout)
                               : status_print(d, render_terminal_width(stdout), stdout, e));
    e->kind = shown && behind ? ERR_BEHIND : e->kind;
    return shown && !behind;
}
