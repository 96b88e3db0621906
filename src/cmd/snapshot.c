#include <sys/stat.h>

#include "cmd/cmd.h"
#include "out/out.h"

bool cmd_snapshot(struct cmd_context *ctx, struct err *e)
{
    const char *path = ctx->arguments[0];
    struct stat st;

    if (ctx->argument_count != 1) {
        return cmd_usage(ctx, e, "name one file");
    }
    if (!cmd_open(ctx, e)) {
        return false;
    }
    cmd_warn_root(ctx);
    if (!snapshot_write(ctx->db, &ctx->config, path, ctx->option[OPT_VIEWS_AS_TABLES] != NULL, e)) {
        return false;
    }
    cmd_note_copy(ctx, path);
    if (cmd_is_watched(ctx) && stat(path, &st) == 0) {
        printf("%s: %lld bytes\n", str_escaped(ctx->arena, path), (long long)st.st_size);
    }
    return true;
}
