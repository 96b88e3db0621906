#include "run/recent.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "out/table.h"

const char cmd_recent_help[] =
    "usage: rollcall recent [N] [--csv|--json]\n"
    "\n"
    "Shows the last N conversations (5; at most 100) straight from the API, newest\n"
    "first: the proof that access works. Looks back an hour, then a day, then a week,\n"
    "until N are found. Names come from the database when there is one, otherwise ids\n"
    "are shown; nothing is written to it. Times are those of [extract] timezone.\n"
    "\n"
    "  --csv           as CSV\n"
    "  --json          as a JSON array of objects\n"
    "  -h, --help      print this help\n"
    "\n"
    "None found is no error, but is said: a role that covers too few divisions gives\n"
    "an empty answer.\n";

struct recent_options {
    enum render_format format;
    int64_t wanted;
};

static enum err_kind parse_options(int argc, char **argv, struct recent_options *o, struct err *e)
{
    enum err_kind kind = cmd_format_options("recent", argc, argv, &o->format, e);

    if (kind != ERR_NONE) {
        return kind;
    }
    if (argc - optind > 1 ||
        (optind < argc && !str_to_int64(argv[optind], 1, RECENT_MOST, &o->wanted))) {
        err_set(e, ERR_USAGE,
                "recent: '%s' is no number from 1 to %d; see `rollcall recent --help`",
                argv[argc - 1], RECENT_MOST);
        return ERR_USAGE;
    }
    return ERR_NONE;
}

/* Names are a help: a database that is not there, or cannot be read, only leaves the ids. */
static void look_up_names(const struct config *c, struct recent *r)
{
    struct err e;
    struct db *d = db_open(c->database_path, DB_READ, &e);

    if (!d || !recent_names(r, d, &e)) {
        LOG(LOG_INFO, "ids in place of names", LOG_S("because", e.message));
    }
    db_close(d);
}

enum err_kind cmd_recent(const struct cmd_context *ctx, int argc, char **argv, struct err *e)
{
    struct recent_options o = {.wanted = RECENT_DEFAULT};
    struct config config;
    struct recent found;
    enum err_kind kind = parse_options(argc, argv, &o, e);

    if (kind != ERR_NONE) {
        return kind;
    }
    if (!cmd_setup(ctx, true, &config, e)) {
        return e->kind;
    }
    bool done = recent_fetch(&config, (size_t)o.wanted, &found, e);
    config_wipe(&config);
    if (done) {
        look_up_names(&config, &found);
        if (found.count == 0) {
            fputs("rollcall: access works, but no conversation began in the last seven days, or "
                  "the client's role covers none of their divisions\n",
                  stderr);
        }
        struct rendering to = {o.format, table_terminal_width(stdout), stdout};
        done = recent_print(&found, &to, e);
    }
    db_close(found.memory);
    return done ? ERR_NONE : e->kind;
}
