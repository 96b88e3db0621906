#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "probe/probe.h"

static bool ask(void)
{
    return cmd_confirms(
        "The client is not known here. Send its id and secret to the login hosts of the other\n"
        "Genesys Cloud regions, to find where it lives? [y/N] ");
}

bool cmd_check(struct cmd_context *ctx, struct err *e)
{
    bool is_sure = ctx->option[OPT_YES] != NULL;
    enum err_kind kind = ERR_NONE;
    struct err setup_error;
    struct check_request request = {
        .run = {.arena = ctx->arena, .config = &ctx->config, .until_ms = clock_now_ms()},
        .find_region = ctx->option[OPT_FIND_REGION] != NULL,
        .may_send = is_sure ? NULL : ask,
        .waits = progress_waits(ctx->verbosity < 0),
    };

    if (request.find_region && !is_sure && !isatty(STDIN_FILENO)) {
        return err_set(e, ERR_USAGE,
                       "check: --find-region sends the secret to the login hosts of other regions, "
                       "and there is no terminal to ask at; add --yes if that is meant");
    }
    ctx->reports = true;
    request.setup_error = cmd_setup(ctx, true, &setup_error) ? NULL : &setup_error;
    if (!cmd_streams(ctx, &request.run.streams, &request.run.stream_count, e) ||
        !check_show(&request, ctx->option[OPT_JSON] != NULL, &kind, e)) {
        return false;
    }
    e->kind = kind;
    return kind == ERR_NONE;
}
