#include "cmd/cmd.h"
#include "out/out.h"

bool cmd_report(struct cmd_context *ctx, struct err *e)
{
    const char *path = ctx->option[OPT_OUT] ? ctx->option[OPT_OUT] : "report.html";
    const struct report_request r = {ctx->option[OPT_DAY], ctx->option[OPT_WEEK],
                                     ctx->option[OPT_FROM], ctx->option[OPT_TO],
                                     ctx->option[OPT_QUEUE]};

    if ((r.day != NULL) + (r.week != NULL) + (r.from || r.to) > 1) {
        return cmd_usage(ctx, e, "--day, --week and --from with --to exclude each other");
    }
    if (!cmd_open(ctx, e)) {
        return false;
    }
    cmd_warn_root(ctx);
    if (!report_write(ctx->db, &ctx->config, &r, path, ctx->arena, e)) {
        return false;
    }
    if (cmd_is_watched(ctx)) {
        printf("%s\n", str_escaped(ctx->arena, path));
    }
    return true;
}
