#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "out/out.h"

/* The value of an option that is a day; false with ERR_USAGE when it is none. */
static bool take_day(const struct cmd_context *ctx, enum cmd_option id, const char *name,
                     const char **day, struct err *e)
{
    int32_t number;

    *day = ctx->option[id];
    return !*day || clock_parse_day(*day, &number) ||
           err_set(e, ERR_USAGE, "report: --%s '%s' is no day; write YYYY-MM-DD", name, *day);
}

bool cmd_report(struct cmd_context *ctx, struct err *e)
{
    const char *path = ctx->option[OPT_OUT] ? ctx->option[OPT_OUT] : "report.html";
    struct report_request r = {.queue = ctx->option[OPT_QUEUE]};

    if (!take_day(ctx, OPT_DAY, "day", &r.day, e) || !take_day(ctx, OPT_WEEK, "week", &r.week, e) ||
        !take_day(ctx, OPT_FROM, "from", &r.from, e) || !take_day(ctx, OPT_TO, "to", &r.to, e)) {
        return false;
    }
    if ((r.day != NULL) + (r.week != NULL) + (r.from || r.to) > 1) {
        return cmd_usage(ctx, "--day, --week and --from with --to exclude each other", e);
    }
    if (r.from && r.to && strcmp(r.from, r.to) > 0) {
        return err_set(e, ERR_USAGE, "report: --from %s lies after --to %s", r.from, r.to);
    }
    if (*path == '\0') {
        return cmd_usage(ctx, "name the file with --out", e);
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
