#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "probe/probe.h"

static bool ask(void)
{
    char answer[16];

    fputs("The client is not known here. Send its id and secret to the login hosts of the other\n"
          "Genesys Cloud regions, to find where it lives? [y/N] ",
          stderr);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static bool run(struct cmd_context *ctx, struct err *e)
{
    bool is_sure = ctx->option[OPT_YES] != NULL;
    struct report report = {.arena = ctx->arena};
    struct err setup_error;
    struct check_request request = {
        .config = &ctx->config,
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
    if (!cmd_setup(ctx, true, &setup_error)) {
        request.setup_error = &setup_error;
    }
    if (!cmd_streams(ctx, &request.streams, &request.stream_count, e)) {
        return false;
    }
    check_run(&request, &report);
    if (!report_print(&report, ctx->option[OPT_JSON] != NULL, stdout, e) && !ferror(stdout)) {
        return false;
    }
    err_clear(e);
    e->kind = report.kind;
    return e->kind == ERR_NONE;
}

const struct command cmd_check = {
    .name = "check",
    .summary = "find out why access does not work, and what to do",
    .about =
        "Finds out why access does not work, and what to do: configuration, network, login, "
        "token, permissions, limits, this machine, in this order. Stops where going on makes no "
        "sense. Writes nothing, and never shows the secret or the token.",
    .notes = "Exit codes: 0 nothing failed (warnings may stand); else that of the first failure: 3 "
             "configuration, 7 network, 4 login, 5 permission, 6 rate limit, 9 this machine.",
    .run = run,
};
