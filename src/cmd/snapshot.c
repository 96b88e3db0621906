#include "out/snapshot.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/cmd.h"

static enum err_kind run(const struct cmd_context *ctx, struct err *e)
{
    struct config config;
    struct stat st;

    if (ctx->argument_count != 1) {
        err_set(e, ERR_USAGE, "snapshot: name one file; see `rollcall snapshot --help`");
        return ERR_USAGE;
    }
    const char *path = ctx->arguments[0];
    if (!cmd_setup(ctx, false, &config, e)) {
        return e->kind;
    }
    struct db *d = db_open(config.database_path, DB_READ, e);
    bool done = d && snapshot_write(d, path, e);
    db_close(d);
    /* Cron mails what is printed: all well and nobody watching means silence. */
    bool is_watched = ctx->verbosity >= 0 && (isatty(STDOUT_FILENO) || ctx->verbosity > 0);
    if (done && is_watched && stat(path, &st) == 0) {
        printf("%s: %lld bytes\n", str_escaped(ctx->arena, path), (long long)st.st_size);
    }
    return done ? ERR_NONE : e->kind;
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
    .notes = "Readable by its owner and group, or by whom the umask says if that is less. Its size "
             "is printed on a terminal or with -v.",
    .run = run,
};
