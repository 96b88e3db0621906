#include "out/status.h"

#include <getopt.h>
#include <stdio.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/stream_facts.h"
#include "out/table.h"

const char cmd_status_help[] =
    "usage: rollcall status [--json]\n"
    "\n"
    "Shows per stream up to when it is complete, how many business days are whole,\n"
    "open and provisional (finished, but they may be read again), rows, the last run\n"
    "and the error that still stands; then the last run that ended well, the last one\n"
    "that did not and why, requests of this month (UTC), and oddities of the data.\n"
    "\n"
    "  --json          as one JSON object\n"
    "  -h, --help      print this help\n"
    "\n"
    "Exit codes: 0 all enabled streams are up to date; 1 for [status] due_hours (26)\n"
    "one was not read, or no run of it ended well, or a day that ended so long ago is\n"
    "not complete; 9 there is no database yet.\n";

static enum err_kind parse_options(int argc, char **argv, bool *json, struct err *e)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
    int answer;

    opterr = 0;
    optind = 1;
    while ((answer = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (answer != 'j') {
            return cmd_bad_option("status", argv, options, answer, e);
        }
        *json = true;
    }
    if (optind < argc) {
        err_set(e, ERR_USAGE, "status: unexpected argument '%s'; see `rollcall status --help`",
                argv[optind]);
        return ERR_USAGE;
    }
    return ERR_NONE;
}

/* Shows it all of one moment; *behind receives whether something is. */
static bool show(struct db *d, const struct config *c, struct arena *a, bool json, bool *behind,
                 struct err *e)
{
    struct status_request request = {.now_ms = clock_now_ms(), .due_hours = c->due_hours};

    request.streams = stream_facts(c, a, &request.stream_count);
    bool shown = db_begin_read(d, e) && status_gather(d, &request, e) &&
                 status_is_behind(d, behind, e) &&
                 (json ? status_print_json(d, stdout, e)
                       : status_print(d, table_terminal_width(stdout), stdout, e));
    db_rollback(d);
    return shown;
}

enum err_kind cmd_status(const struct cmd_context *ctx, int argc, char **argv, struct err *e)
{
    struct config config;
    bool json = false;
    bool behind = false;
    enum err_kind kind = parse_options(argc, argv, &json, e);

    if (kind != ERR_NONE) {
        return kind;
    }
    if (!cmd_setup(ctx, false, &config, e)) {
        return e->kind;
    }
    struct db *d = db_open(config.database_path, DB_READ, e);
    bool done = d && show(d, &config, ctx->arena, json, &behind, e);
    db_close(d);
    config_wipe(&config);
    if (!done) {
        return e->kind;
    }
    return behind ? ERR_BEHIND : ERR_NONE;
}
