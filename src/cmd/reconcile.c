#include "streams/reconcile.h"

#include <stdio.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "sql.h"

/* A day of an option; NULL where it is not given. */
static bool take_day(const struct cmd_context *ctx, enum cmd_option option, const char **day,
                     struct err *e)
{
    int32_t number = 0;

    *day = ctx->option[option];
    return !*day || clock_parse_day(*day, &number) ||
           cmd_usage(ctx, "--from and --to take a day, YYYY-MM-DD", e);
}

/* What was found, for people or programs. */
static bool show(const struct reconciliation *r, const struct rendering *to, struct err *e)
{
    struct rendering lines = {.format = RENDER_LIST, .width = to->width, .out = to->out};

    if (to->format == RENDER_JSON) {
        return render_query(r->ledger.db, e, sql_reconcile_all, DB_VALUES(S(r->from), S(r->to)),
                            to);
    }
    struct rows q = db_ask(r->ledger.db, e, sql_reconcile_shown, S(r->from), S(r->to));
    bool any = db_next(&q);
    return db_end(&q) &&
           (!any || render_query(r->ledger.db, e, sql_reconcile_shown,
                                 DB_VALUES(S(r->from), S(r->to)), to)) &&
           render_query(r->ledger.db, e, sql_reconcile_answer, DB_VALUES(S(r->from), S(r->to)),
                        &lines);
}

bool cmd_reconcile(struct cmd_context *ctx, struct err *e)
{
    struct reconciliation r = {.ledger = {.run_id = -1}, .config = &ctx->config};
    struct rendering to;

    if (!cmd_rendering(ctx, &to, e) || !take_day(ctx, OPT_FROM, &r.from, e) ||
        !take_day(ctx, OPT_TO, &r.to, e)) {
        return false;
    }
    if (r.from && r.to && strcmp(r.from, r.to) > 0) {
        return cmd_usage(ctx, "--from lies after --to", e);
    }
    if (!cmd_setup(ctx, false, e)) {
        return false;
    }
    cmd_warn_root(ctx);
    /* It is filled, never made. */
    struct db *read = db_open(ctx->config.database_path, DB_READ, e);
    db_close(read);
    r.ledger.db = ctx->db = read ? db_open(ctx->config.database_path, DB_WRITE, e) : NULL;
    return ctx->db && ledger_kpi(ctx->db, &ctx->config, e) && reconcile_days(&r, e) &&
           show(&r, &to, e) && reconcile_judge(&r, ctx->arena, e);
}
