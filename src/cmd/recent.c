#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "probe/probe.h"

bool cmd_recent(struct cmd_context *ctx, struct err *e)
{
    struct rendering to;
    int64_t wanted = RECENT_DEFAULT;
    size_t given = ctx->argument_count;
    size_t found = 0;

    if (!cmd_rendering(ctx, &to, e)) {
        return false;
    }
    if (given > 1 || (given == 1 && !str_to_int64(ctx->arguments[0], 1, RECENT_MOST, &wanted))) {
        return cmd_usage(ctx, e, "'%s' is no number from 1 to %d", ctx->arguments[given - 1],
                         RECENT_MOST);
    }
    if (!cmd_setup(ctx, true, e)) {
        return false;
    }
    if (!recent_show(&ctx->config, wanted, progress_waits(ctx->verbosity < 0), &to, &found, e)) {
        return false;
    }
    if (to.format == RENDER_TABLE) {
        printf("(local times are those of %s)\n", ctx->config.timezone);
    }
    if (found == 0) {
        fputs("rollcall: access works, but no conversation began in the last seven days, or the "
              "client's role covers none of their divisions\n",
              stderr);
    }
    return true;
}
