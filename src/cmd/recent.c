#include "probe/recent.h"

#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"

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

static enum err_kind run(const struct cmd_context *ctx, struct err *e)
{
    struct rendering to = {RENDER_TABLE, render_terminal_width(stdout), stdout};
    int64_t wanted = RECENT_DEFAULT;
    size_t given = ctx->argument_count;
    struct config config;
    struct recent found;

    if (!cmd_format(ctx, "recent", &to.format, e)) {
        return e->kind;
    }
    if (given > 1 || (given == 1 && !str_to_int64(ctx->arguments[0], 1, RECENT_MOST, &wanted))) {
        err_set(e, ERR_USAGE,
                "recent: '%s' is no number from 1 to %d; see `rollcall recent --help`",
                ctx->arguments[given - 1], RECENT_MOST);
        return ERR_USAGE;
    }
    if (!cmd_setup(ctx, true, &config, e)) {
        return e->kind;
    }
    bool done = recent_fetch(&config, (size_t)wanted, &found, e);
    config_wipe(&config);
    if (done) {
        look_up_names(&config, &found);
        if (found.count == 0) {
            fputs("rollcall: access works, but no conversation began in the last seven days, or "
                  "the client's role covers none of their divisions\n",
                  stderr);
        }
        done = recent_print(&found, &to, e);
    }
    db_close(found.memory);
    return done ? ERR_NONE : e->kind;
}

const struct command cmd_recent = {
    .name = "recent",
    .arguments = "[N]",
    .summary = "show the last conversations, straight from the API",
    .about =
        "Shows the last N conversations (5; at most 100) straight from the API, newest first: "
        "the proof that access works. Looks back an hour, then a day, then a week, until N are "
        "found. Names come from the database when there is one, otherwise ids are shown; nothing "
        "is written to it. Times are those of [extract] timezone.",
    .notes = "None found is no error, but is said: a role that covers too few divisions gives an "
             "empty answer.",
    .run = run,
};
