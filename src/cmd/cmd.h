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

#include "base/arena.h"
#include "base/err.h"
#include "io/config.h"
#include "out/render.h"
#include "streams/stream.h"

enum cmd_id {
    CMD_CHECK,
    CMD_EXTRACT,
    CMD_EXPORT,
    CMD_QUERY,
    CMD_RECENT,
    CMD_SNAPSHOT,
    CMD_STATUS,
    CMD_COUNT
};

/* All options, the program's own and the commands'. */
enum cmd_option {
    OPT_CONFIG,
    OPT_VERBOSE,
    OPT_QUIET,
    OPT_EXIT_CODES,
    OPT_CAUSES,
    OPT_LIMITS,
    OPT_STREAMS,
    OPT_COMMANDS,
    OPT_VERSION,
    OPT_UNTIL,
    OPT_STREAM,
    OPT_FIND_REGION,
    OPT_YES,
    OPT_OUT,
    OPT_GZIP,
    OPT_BOM,
    OPT_SINCE,
    OPT_CSV,
    OPT_JSON,
    OPT_HELP,
    OPT_COUNT
};

/* What the command line says. Strings are those of argv. */
struct cmd_context {
    struct arena *arena;           /* lives as long as the program */
    int verbosity;                 /* -1: -q, 0, 1: -v, 2: -v -v */
    const char *option[OPT_COUNT]; /* its value, "" for one that takes none; NULL: not given */
    const char **streams;          /* values of --stream */
    size_t stream_count;
    char **arguments; /* of the command; a NULL follows the last */
    size_t argument_count;
};

struct command {
    const char *name;
    const char *arguments; /* "[TABLE|VIEW]..."; NULL: it takes none */
    const char *summary;   /* one line for `rollcall --help` */
    const char *about;     /* for `rollcall NAME --help`: what it does */
    const char *notes;     /* and what follows the options */
    /* ERR_NONE or the kind whose exit code the program ends with; `e` then holds the message
     * (empty: all was said already). */
    enum err_kind (*run)(const struct cmd_context *ctx, struct err *e);
};

extern const struct command cmd_check; /* its kind is that of the first failure */
extern const struct command cmd_extract;
extern const struct command cmd_export;
extern const struct command cmd_query;
extern const struct command cmd_recent;
extern const struct command cmd_snapshot;
extern const struct command cmd_status; /* ERR_BEHIND when something is overdue */

/* The whole program: reads the command line, runs the command, prints its error; the exit code. */
int cli_main(int argc, char **argv);

/* --- what several commands need (setup.c) ---------------------------------------------------- */

/* Loads the configuration: file, environment, log, time zone, and with `needs_login` the region's
 * URLs. */
bool cmd_setup(const struct cmd_context *ctx, bool needs_login, struct config *out, struct err *e);

/* Checks [export] tables, as far as can be told: against the schema and, for names that it does not
 * have, the database as it is. ERR_CONFIG with file:line and the nearest name. */
bool cmd_check_tables(const struct config *c, struct arena *a, struct err *e);

/* The format that --csv and --json ask for; ERR_USAGE (in the name of `command`) for both. */
bool cmd_format(const struct cmd_context *ctx, const char *command, enum render_format *format,
                struct err *e);

/* The streams wanted, in registry order and in the arena: those of --stream, else those enabled.
 * ERR_USAGE (in the name of `command`) with the nearest name for one that is unknown. */
bool cmd_streams(const struct cmd_context *ctx, const char *command, const struct config *c,
                 const struct stream *const **streams, size_t *count, struct err *e);

#endif
