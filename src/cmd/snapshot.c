#include <sys/stat.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "out/out.h"

static bool run(struct cmd_context *ctx, struct err *e)
{
    const char *path = ctx->arguments[0];
    struct stat st;

    if (ctx->argument_count != 1) {
        return cmd_usage(ctx, "name one file", e);
    }
    if (!cmd_open(ctx, e)) {
        return false;
    }
    cmd_warn_root(ctx);
    if (!snapshot_write(ctx->db, path, (uint32_t)ctx->config.database_mode,
                        ctx->option[OPT_VIEWS_AS_TABLES] != NULL, e)) {
        return false;
    }
    if (cmd_is_watched(ctx) && stat(path, &st) == 0) {
        printf("%s: %lld bytes\n", str_escaped(ctx->arena, path), (long long)st.st_size);
    }
    return true;
}

const struct command cmd_snapshot = {
    .name = "snapshot",
    .arguments = "FILE",
    .summary = "write a consistent copy of the database",
    .about =
        "Writes a copy of the database, as of one moment, to FILE: for shares and tools that "
        "must not open the live one. The copy is one plain file (schema and data, no write-ahead "
        "log beside it), written aside and renamed; until then, an old FILE stays as it is. Runs "
        "and readers go on meanwhile.",
    .notes = "Readable by its owner and group, or by whom the umask says if that is less, or as "
             "[database] mode says. Its size is printed on a terminal or with -v.",
    .run = run,
};
