
#include "base/clock.h"
#include "cmd/cmd.h"
#include "out/out.h"
#include "sql.h"

/* Shows it all of one moment. */
static bool run(struct cmd_context *ctx, struct err *e)
{
    int64_t behind = 0;

    if (!cmd_open(ctx, e)) {
        return false;
    }
    struct db *d = ctx->db;
    bool shown =
        db_begin_read(d, e) && status_gather(d, &ctx->config, clock_now_ms(), e) &&
        db_scalar(d, sql_status_is_behind, &behind, e) &&
        (ctx->option[OPT_JSON] ? render_document(d, e, sql_status_document, DB_VALUES(NONE), stdout)
                               : status_print(d, render_terminal_width(stdout), stdout, e));
    if (!shown && !ferror(stdout)) {
        return false;
    }
    err_clear(e); /* of output that cannot be written cli.c tells: its reader may have had enough */
    e->kind = behind ? ERR_BEHIND : ERR_NONE;
    return !behind;
}

const struct command cmd_status = {
    .name = "status",
    .summary = "show per stream how far it is, and what is overdue",
    .about =
        "Shows per stream up to when it is complete, how many business days are whole, open and "
        "provisional (finished, but read again for [extract] lookback_days and at the ages of "
        "later_looks), rows, the last run, how it "
        "went (one under way is told from one that was killed by its lock) and what is in the "
        "way; then the last run that ended well, the last one that did not, what was left undone, "
        "requests of this month (UTC), and oddities of the data.",
    .notes =
        "Exit codes: 0 all enabled streams are up to date; 1 for [status] due_hours (26) one was "
        "not read, or no run ended well for it, or a day that ended so long ago is not complete; "
        "9 there is no database yet.",
    .run = run,
};
