#include "streams/reconcile.h"

#include "cmd/cmd.h"
#include "sql.h"
#include "streams/figures.h"

/* What was found, for people or programs. */
static bool show(const struct reconciliation *r, const struct rendering *to, struct err *e)
{
    struct rendering lines = {.format = RENDER_LIST, .width = to->width, .out = to->out};
    struct db *d = r->ledger.db;

    if (to->format == RENDER_JSON) {
        return render_query(db_ask(d, e, sql_reconcile_all, S(r->from), S(r->to)), to);
    }
    struct rows q = db_ask(d, e, sql_reconcile_shown, S(r->from), S(r->to));
    bool any = db_next(&q);
    return db_end(&q) &&
           (!any || render_query(db_ask(d, e, sql_reconcile_shown, S(r->from), S(r->to)), to)) &&
           render_query(db_ask(d, e, sql_reconcile_answer, S(r->from), S(r->to)), &lines);
}

bool cmd_reconcile(struct cmd_context *ctx, struct err *e)
{
    struct reconciliation r = {.ledger = {.run_id = -1},
                               .config = &ctx->config,
                               .from = ctx->option[OPT_FROM],
                               .to = ctx->option[OPT_TO]};
    struct rendering to;

    if (!cmd_rendering(ctx, &to, e) || !cmd_setup(ctx, false, e)) {
        return false;
    }
    cmd_warn_root(ctx);
    /* It is filled, never made. */
    struct db *read = db_open(ctx->config.database_path, DB_READ, e);
    db_close(read);
    r.ledger.db = ctx->db = read ? db_open(ctx->config.database_path, DB_WRITE, e) : NULL;
    return ctx->db && figures_settle(ctx->db, e) && ledger_kpi(ctx->db, &ctx->config, e) &&
           reconcile_days(&r, e) && show(&r, &to, e) && reconcile_judge(&r, ctx->arena, e);
}
