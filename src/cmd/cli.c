#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/causes.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "io/secret.h"

const struct command command_table[] = {
    {"check", "find out why access does not work, and what to do", cmd_check_help, cmd_check},
    {"extract", "bring every enabled stream up to now, resuming by itself", cmd_extract_help,
     cmd_extract},
    {"export", "write tables and views as CSV files", cmd_export_help, cmd_export},
    {"query", "run one of the built-in queries", cmd_query_help, cmd_query},
    {"recent", "show the last conversations, straight from the API", cmd_recent_help, cmd_recent},
    {"snapshot", "write a consistent copy of the database", cmd_snapshot_help, cmd_snapshot},
    {"status", "show per stream how far it is, and what is overdue", cmd_status_help, cmd_status},
};
const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);

static const char usage_head[] =
    "usage: rollcall [-c FILE] [-v|-q] COMMAND [OPTION]...\n"
    "\n"
    "Gets a Genesys Cloud contact centre's records into one SQLite file, completely\n"
    "and provably, and out again as CSV.\n"
    "\n"
    "commands:\n";

static const char usage_tail[] =
    "\n"
    "options before the command:\n"
    "  -c, --config FILE   configuration file; without it ./rollcall.ini,\n"
    "                      $XDG_CONFIG_HOME/rollcall/rollcall.ini and\n"
    "                      /etc/rollcall/rollcall.ini are tried in this order\n"
    "  -v, --verbose       log what happens (twice: every page)\n"
    "  -q, --quiet         log errors only\n"
    "      --exit-codes    list the exit codes\n"
    "      --causes        list what can be wrong with a set-up, and the remedies\n"
    "      --limits        list the limits and their environment variables\n"
    "  -V, --version       print the version\n"
    "  -h, --help          print this help; `rollcall COMMAND --help` for a command\n"
    "\n"
    "The nightly job is `rollcall extract`. Start from config.example.ini.\n";

static void print_help(void)
{
    fputs(usage_head, stdout);
    for (size_t i = 0; i < command_count; i++) {
        printf("  %-9s %s\n", command_table[i].name, command_table[i].summary);
    }
    fputs(usage_tail, stdout);
}

static void print_exit_codes(void)
{
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
        printf("%d\t%s\t%s\n", err_exit_code(kind), err_kind_name(kind), err_kind_text(kind));
    }
}

static void print_limits(void)
{
#define LIMIT_LINE(id, name, value, min, max, text)                                                \
    printf("ROLLCALL_LIMIT_%s\t%lld\t%lld-%lld\t%s\n", name, (long long)limit_get(id),             \
           (long long)(min), (long long)(max), text);
    LIMITS(LIMIT_LINE)
#undef LIMIT_LINE
}

static void print_causes(void)
{
    for (int id = CAUSE_NONE + 1; id < CAUSE_COUNT; id++) {
        const struct cause *cause = cause_of((enum cause_id)id);

        printf("%s\t%s\t%d\t%s\t%s\t%s\n", cause_step_name(cause->step), cause->name,
               err_exit_code(cause->kind), cause->sees, cause->text, cause->remedy);
    }
}

static int report(const struct cmd_context *ctx, enum err_kind kind, const struct err *e)
{
    if (kind != ERR_NONE && e->message[0]) {
        fprintf(stderr, "rollcall: %s\n", str_escaped(ctx->arena, e->message));
    }
    return err_exit_code(kind);
}

/* True when stdout is a pipe (or a terminal) whose other end was closed. */
static bool reader_is_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

/* Writes out what is left of the output, and says how it all ended; the exit code. A reader that
 * went away (`| head -1`) has what it wanted: no error. */
static int end_output(const struct cmd_context *ctx, enum err_kind kind, struct err *e)
{
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    bool by_writing = kind == ERR_STORE && e->library_code == 0; /* SQLite's have a code */

    if (failed && reader_is_gone()) {
        kind = by_writing ? ERR_NONE : kind;
    } else if (failed && (kind == ERR_NONE || kind == ERR_BEHIND)) {
        err_set(e, ERR_STORE,
                "cannot write the output: the disk is full, or what it goes to cannot be written");
        kind = ERR_STORE;
    }
    return report(ctx, kind, e);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < command_count; i++) {
        if (str_eq(command_table[i].name, name)) {
            return &command_table[i];
        }
    }
    return NULL;
}

static int unknown_command(const struct cmd_context *ctx, const char *name)
{
    const char *names[sizeof(command_table) / sizeof(command_table[0])];
    struct err e;

    for (size_t i = 0; i < command_count; i++) {
        names[i] = command_table[i].name;
    }
    const char *near = str_nearest(name, names, command_count);
    err_set(&e, ERR_USAGE, "unknown command '%s'%s%s; see `rollcall --help`", name,
            near ? ", did you mean " : "", near ? near : "");
    return report(ctx, ERR_USAGE, &e);
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h")) {
            return true;
        }
    }
    return false;
}

static int run_command(const struct cmd_context *ctx, int argc, char **argv)
{
    const struct command *command = find_command(argv[0]);
    struct err e;

    err_clear(&e);
    if (!command) {
        return unknown_command(ctx, argv[0]);
    }
    if (wants_help(argc, argv)) {
        fputs(command->help, stdout);
        return end_output(ctx, ERR_NONE, &e);
    }
    enum err_kind kind = command->run(ctx, argc, argv, &e);
    return end_output(ctx, kind, &e);
}

/* Options that print something and end the program; false when `o` is none of them. */
static bool informative_option(const char *o)
{
    if (str_eq(o, "-h") || str_eq(o, "--help")) {
        print_help();
    } else if (str_eq(o, "-V") || str_eq(o, "--version")) {
        printf("rollcall %s\n", ROLLCALL_VERSION);
    } else if (str_eq(o, "--exit-codes")) {
        print_exit_codes();
    } else if (str_eq(o, "--limits")) {
        print_limits();
    } else if (str_eq(o, "--causes")) {
        print_causes();
    } else {
        return false;
    }
    return true;
}

/* How much to log, when `o` says it. */
static bool verbosity_option(struct cmd_context *ctx, const char *o)
{
    if (str_eq(o, "-v") || str_eq(o, "--verbose")) {
        ctx->verbosity = ctx->verbosity > 0 ? 2 : 1;
    } else if (str_eq(o, "-vv")) {
        ctx->verbosity = 2;
    } else if (str_eq(o, "-q") || str_eq(o, "--quiet")) {
        ctx->verbosity = -1;
    } else {
        return false;
    }
    return true;
}

/* Options that stand before the command. Returns the exit code when the program is to end here, -1
 * to go on at argv[*at]. */
static int global_options(struct cmd_context *ctx, int argc, char **argv, int *at)
{
    struct err e;
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *o = argv[i];
        if (informative_option(o)) {
            err_clear(&e);
            return end_output(ctx, ERR_NONE, &e);
        }
        if (verbosity_option(ctx, o)) {
            continue;
        }
        if ((str_eq(o, "-c") || str_eq(o, "--config")) && i + 1 < argc) {
            ctx->config_file = argv[++i];
        } else if (str_starts_with(o, "--config=")) {
            ctx->config_file = o + strlen("--config=");
        } else {
            err_set(&e, ERR_USAGE,
                    "unknown option '%s' (or one without its value); see `rollcall --help`", o);
            return report(ctx, ERR_USAGE, &e);
        }
    }
    *at = i;
    return -1;
}

/* Pages of megabytes come and go in two threads: given back to the system at once, they do not pile
 * up as fragments. */
static void keep_memory_flat(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    (void)mallopt(M_ARENA_MAX, 2);
#endif
}

int cli_main(int argc, char **argv)
{
    struct cmd_context ctx = {.arena = arena_new(0)};
    struct err e;
    int at = 0;

    keep_memory_flat();
    secret_no_core_dumps();
    stop_install();
    int code = limits_load(&e) ? global_options(&ctx, argc, argv, &at) : report(&ctx, e.kind, &e);
    if (code < 0 && at >= argc) {
        err_set(&e, ERR_USAGE, "no command given; see `rollcall --help`");
        code = report(&ctx, ERR_USAGE, &e);
    }
    if (code < 0) {
        code = run_command(&ctx, argc - at, argv + at);
    }
    arena_free(ctx.arena);
    return code;
}
