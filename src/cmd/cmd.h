/*
 * The commands: one file each, thin. cli.c holds the table of commands and the one table of their
 * options, from which the command line is read and --help and --commands are made; main.c only
 * calls cli_main.
 *
 * To add a command: its file with a struct command, an id here, its options in cli.c's table, a
 * section in docs/rollcall.1, a test in tests/e2e. Only this layer prints: results to stdout,
 * everything else to stderr.
 */
#ifndef ROLLCALL_CMD_CMD_H
#define ROLLCALL_CMD_CMD_H

#include "io/config.h"
#include "io/db.h"
#include "out/render.h"
#include "streams/stream.h"

enum cmd_id {
    CMD_API,
    CMD_CHECK,
    CMD_EXTRACT,
    CMD_EXPORT,
    CMD_INIT,
    CMD_QUERY,
    CMD_RECENT,
    CMD_RECONCILE,
    CMD_REPORT,
    CMD_SCHEMA,
    CMD_SNAPSHOT,
    CMD_STATUS,
    CMD_COUNT
};

/* All options, the program's own and the commands'. */
enum cmd_option {
    OPT_CONFIG,
    OPT_VERBOSE,
    OPT_QUIET,
    OPT_NO_PAGER,
    OPT_EXIT_CODES,
    OPT_CAUSES,
    OPT_LIMITS,
    OPT_STREAMS,
    OPT_REQUESTS,
    OPT_COMMANDS,
    OPT_VERSION,
    OPT_UNTIL,
    OPT_REZONE,
    OPT_STREAM,
    OPT_FIND_REGION,
    OPT_YES,
    OPT_OUT,
    OPT_GZIP,
    OPT_BOM,
    OPT_DELIMITER,
    OPT_VIEWS_AS_TABLES,
    OPT_SINCE,
    OPT_DAY,
    OPT_WEEK,
    OPT_FROM,
    OPT_TO,
    OPT_QUEUE,
    OPT_DATA,
    OPT_PAGINATE,
    OPT_WRITE,
    OPT_REGION,
    OPT_CLIENT_ID,
    OPT_START,
    OPT_TIMEZONE,
    OPT_DATABASE,
    OPT_CLIENT_SECRET_FILE,
    OPT_SECRET_OUT,
    OPT_FORCE,
    OPT_CSV,
    OPT_JSON,
    OPT_XLSX,
    OPT_HELP,
    OPT_COUNT
};

/* What the command line says (strings are those of argv), and what the command works with. */
struct cmd_context {
    struct arena *arena;           /* lives as long as the program */
    const struct command *command; /* NULL: not known yet */
    int verbosity;                 /* -1: -q, 0, 1: -v, 2: -v -v */
    const char *option[OPT_COUNT]; /* its value, "" for one that takes none; NULL: not given */
    const char **streams;          /* values of --stream */
    size_t stream_count;
    char **arguments; /* of the command; a NULL follows the last */
    size_t argument_count;
    bool reports;         /* the command tells what is odd about the configuration itself */
    struct config config; /* of cmd_setup; wiped when the command is done */
    struct db *db;        /* of cmd_open; closed when the command is done */
};

struct command {
    const char *name;
    const char *arguments; /* "[TABLE|VIEW]..."; NULL: it takes none */
    const char *summary;   /* one line for `rollcall --help` */
    const char *about;     /* for `rollcall NAME --help`: what it does */
    const char *notes;     /* and what follows the options */
    /* False with the error in `e`: the program ends with its exit code, and prints its message
     * unless that is empty (all was said already). */
    bool (*run)(struct cmd_context *ctx, struct err *e);
};

extern const struct command cmd_api;
extern const struct command cmd_check; /* its error is the first failure's kind */
extern const struct command cmd_extract;
extern const struct command cmd_export;
extern const struct command cmd_init;
extern const struct command cmd_query;
extern const struct command cmd_recent;
extern const struct command cmd_reconcile; /* ERR_MISMATCH when a figure differs */
extern const struct command cmd_report;
extern const struct command cmd_schema;
extern const struct command cmd_snapshot;
extern const struct command cmd_status; /* ERR_BEHIND when something is overdue */

/* The whole program: reads the command line, runs the command, prints its error; the exit code. */
int cli_main(int argc, char **argv);

/* ERR_USAGE: "COMMAND: complaint; see `rollcall COMMAND --help`", without its command in front of
 * one. Returns false. */
bool cmd_usage(const struct cmd_context *ctx, const char *complaint, struct err *e);

/* --- what several commands need (setup.c) ---------------------------------------------------- */

/* Loads the configuration: file, environment, log, time zone, and with `needs_login` the region's
 * URLs. What could be read of it is there after an error too. */
bool cmd_setup(struct cmd_context *ctx, bool needs_login, struct err *e);

/* Says, for a command that makes files, when root runs it where a service's user should. */
void cmd_warn_root(const struct cmd_context *ctx);

/* Opens the configuration's database to read, and says when its [kpi] settings are others. */
bool cmd_read(struct cmd_context *ctx, struct err *e);

/* cmd_setup without a login, and cmd_read. */
bool cmd_open(struct cmd_context *ctx, struct err *e);

/* How rows go to stdout: as --csv, --json or --xlsx ask for, else as a table; ERR_USAGE for two of
 * them. */
bool cmd_rendering(const struct cmd_context *ctx, struct rendering *to, struct err *e);

/* Whether to tell of what was done. Cron mails what is printed: all well and nobody watching means
 * silence. */
bool cmd_is_watched(const struct cmd_context *ctx);

/* The streams wanted, in registry order and in the arena: those of --stream, else those enabled.
 * ERR_USAGE with the nearest name for one that is unknown. */
bool cmd_streams(const struct cmd_context *ctx, const struct stream *const **streams, size_t *count,
                 struct err *e);

#endif
