#include "out/snapshot.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/cmd.h"

const char cmd_snapshot_help[] =
    "usage: rollcall snapshot FILE\n"
    "\n"
    "Writes a copy of the database, as of one moment, to FILE: for shares and tools\n"
    "that must not open the live one. The copy is one plain file (schema and data, no\n"
    "write-ahead log beside it), written aside and renamed; until then, an old FILE\n"
    "stays as it is. Runs and readers go on meanwhile.\n"
    "\n"
    "  -h, --help      print this help\n"
    "\n"
    "Readable by whom the umask says. Its size is printed on a terminal or with -v.\n";

static void print_size(const struct cmd_context *ctx, const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0) {
        printf("%s: %lld bytes\n", str_escaped(ctx->arena, path), (long long)st.st_size);
    }
}

enum err_kind cmd_snapshot(const struct cmd_context *ctx, int argc, char **argv, struct err *e)
{
    static const struct option options[] = {{NULL, 0, NULL, 0}};
    struct config config;

    opterr = 0;
    optind = 1;
    int answer = getopt_long(argc, argv, ":", options, NULL);
    if (answer != -1) {
        return cmd_bad_option("snapshot", argv, options, answer, e);
    }
    if (argc - optind != 1) {
        err_set(e, ERR_USAGE, "snapshot: name one file; see `rollcall snapshot --help`");
        return ERR_USAGE;
    }
    const char *path = argv[optind];
    if (!cmd_setup(ctx, false, &config, e)) {
        return e->kind;
    }
    struct db *d = db_open(config.database_path, DB_READ, e);
    bool done = d && snapshot_write(d, path, e);
    db_close(d);
    config_wipe(&config);
    /* Cron mails what is printed: all well and nobody watching means silence. */
    if (done && ctx->verbosity >= 0 && (isatty(STDOUT_FILENO) || ctx->verbosity > 0)) {
        print_size(ctx, path);
    }
    return done ? ERR_NONE : e->kind;
}
