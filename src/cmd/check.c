#include "run/check.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/check_print.h"
#include "cmd/cmd.h"

const char cmd_check_help[] =
    "usage: rollcall check [--json] [--stream NAME]... [--find-region] [--yes]\n"
    "\n"
    "Finds out why access does not work, and what to do: configuration, network,\n"
    "login, token, permissions, limits, this machine, in this order. Stops where going\n"
    "on makes no sense. Writes nothing, and never shows the secret or the token.\n"
    "\n"
    "  --json          as one JSON object, for pipelines\n"
    "  --stream NAME   only this stream's permissions (repeatable)\n"
    "  --find-region   when the client is not known here, ask the login hosts of all\n"
    "                  other regions; asks first, since it sends them the secret\n"
    "  --yes           do not ask\n"
    "  -h, --help      print this help\n"
    "\n"
    "Exit codes: 0 nothing failed (warnings may stand); else that of the first failure:\n"
    "3 configuration, 7 network, 4 login, 5 permission, 6 rate limit, 9 this machine.\n";

struct check_options {
    bool json;
    bool find_region;
    bool yes;
    const char *streams[64];
    size_t stream_count;
};

static enum err_kind parse_options(int argc, char **argv, struct check_options *o, struct err *e)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"stream", required_argument, NULL, 's'},
                                            {"find-region", no_argument, NULL, 'f'},
                                            {"yes", no_argument, NULL, 'y'},
                                            {NULL, 0, NULL, 0}};
    int answer;

    opterr = 0;
    optind = 1;
    while ((answer = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (answer == 'j') {
            o->json = true;
        } else if (answer == 'f') {
            o->find_region = true;
        } else if (answer == 'y') {
            o->yes = true;
        } else if (answer == 's' && o->stream_count < sizeof(o->streams) / sizeof(o->streams[0])) {
            o->streams[o->stream_count++] = optarg;
        } else {
            return cmd_bad_option("check", argv, options, answer, e);
        }
    }
    if (optind < argc) {
        err_set(e, ERR_USAGE, "check: unexpected argument '%s'; see `rollcall check --help`",
                argv[optind]);
        return ERR_USAGE;
    }
    if (o->find_region && !o->yes && !isatty(STDIN_FILENO)) {
        err_set(e, ERR_USAGE,
                "check: --find-region sends the secret to the login hosts of other regions, and "
                "there is no terminal to ask at; add --yes if that is meant");
        return ERR_USAGE;
    }
    return ERR_NONE;
}

static bool ask(void)
{
    char answer[16];

    fputs("The client is not known here. Send its id and secret to the login hosts of the other\n"
          "Genesys Cloud regions, to find where it lives? [y/N] ",
          stderr);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static bool is_listed(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(list[i], name)) {
            return true;
        }
    }
    return count == 0;
}

/* The streams to ask for: those of the command line, else those enabled. */
static bool choose_streams(const struct check_options *o, const struct config *c, struct arena *a,
                           struct check_request *request, struct err *e)
{
    const struct stream **chosen = arena_array(a, stream_registry_count, sizeof(*chosen));
    const char **names = arena_array(a, stream_registry_count, sizeof(*names));

    for (size_t i = 0; i < stream_registry_count; i++) {
        names[i] = stream_registry[i]->name;
    }
    for (size_t i = 0; i < o->stream_count; i++) {
        if (!stream_find(o->streams[i])) {
            const char *near = str_nearest(o->streams[i], names, stream_registry_count);
            return err_set(e, ERR_USAGE,
                           "check: unknown stream '%s'%s%s; see `rollcall check --help`",
                           o->streams[i], near ? ", did you mean " : "", near ? near : "");
        }
    }
    for (size_t i = 0; i < stream_registry_count; i++) {
        bool wanted = o->stream_count ? is_listed(names[i], o->streams, o->stream_count)
                                      : is_listed(names[i], c->streams, c->stream_count);
        if (wanted) {
            chosen[request->stream_count++] = stream_registry[i];
        }
    }
    request->streams = chosen;
    return true;
}

enum err_kind cmd_check(const struct cmd_context *ctx, int argc, char **argv, struct err *e)
{
    struct check_options o = {.json = false};
    struct config config;
    struct check_report report;
    struct err setup_error;
    enum err_kind kind = parse_options(argc, argv, &o, e);

    if (kind != ERR_NONE) {
        return kind;
    }
    err_clear(&setup_error);
    bool ready = cmd_setup(ctx, true, &config, &setup_error);
    struct check_request request = {
        .config = &config,
        .setup_error = ready ? NULL : &setup_error,
        .find_region = o.find_region,
        .may_send = o.yes ? NULL : ask,
    };
    if (!choose_streams(&o, &config, ctx->arena, &request, e)) {
        config_wipe(&config);
        return e->kind;
    }
    check_run(&request, ctx->arena, &report);
    config_wipe(&config);
    if (o.json) {
        check_print_json(&report, stdout);
    } else {
        check_print(&report, ctx->arena, stdout);
    }
    err_clear(e);
    return report.kind;
}
