/*
 * The commands: one file each, thin. cli.c holds the table; main.c only calls cli_main.
 *
 * To add a command: its file with a run function and its help text, one line in cli.c's table, a
 * section in docs/rollcall.1, a test in tests/e2e. Only this layer prints: results to stdout,
 * everything else to stderr.
 */
#ifndef ROLLCALL_CMD_CMD_H
#define ROLLCALL_CMD_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "io/config.h"
#include "out/render.h"

/* What the options before the command say. */
struct cmd_context {
    const char *config_file; /* -c FILE; NULL: search */
    int verbosity;           /* -1: -q, 0, 1: -v, 2: -v -v */
    struct arena *arena;     /* lives as long as the program */
};

struct command {
    const char *name;
    const char *summary; /* one line for `rollcall --help` */
    const char *help;    /* whole text for `rollcall NAME --help` */
    /* Runs with argv[0] = the command's name. ERR_NONE or the kind whose exit code the program ends
     * with; `e` then holds the message (empty: all was said already). */
    enum err_kind (*run)(const struct cmd_context *ctx, int argc, char **argv, struct err *e);
};

extern const struct command command_table[];
extern const size_t command_count;

/* rollcall extract: reads from the API into the database; see cmd_extract_help. */
enum err_kind cmd_extract(const struct cmd_context *ctx, int argc, char **argv, struct err *e);
/* rollcall check: finds what is wrong with a set-up; the kind is that of the first failure; see
 * cmd_check_help. */
enum err_kind cmd_check(const struct cmd_context *ctx, int argc, char **argv, struct err *e);
/* rollcall export: CSV files and their manifest; see cmd_export_help. */
enum err_kind cmd_export(const struct cmd_context *ctx, int argc, char **argv, struct err *e);
/* rollcall query: a built-in query to stdout; see cmd_query_help. */
enum err_kind cmd_query(const struct cmd_context *ctx, int argc, char **argv, struct err *e);
/* rollcall recent: the last conversations, straight from the API; see cmd_recent_help. */
enum err_kind cmd_recent(const struct cmd_context *ctx, int argc, char **argv, struct err *e);
/* rollcall snapshot: a consistent copy of the database; see cmd_snapshot_help. */
enum err_kind cmd_snapshot(const struct cmd_context *ctx, int argc, char **argv, struct err *e);
/* rollcall status: how far each stream is, to stdout; ERR_BEHIND when something is overdue; see
 * cmd_status_help. */
enum err_kind cmd_status(const struct cmd_context *ctx, int argc, char **argv, struct err *e);

extern const char cmd_extract_help[];
extern const char cmd_check_help[];
extern const char cmd_export_help[];
extern const char cmd_query_help[];
extern const char cmd_recent_help[];
extern const char cmd_snapshot_help[];
extern const char cmd_status_help[];

/* Loads the configuration for a command (setup.c): file, environment, log, time zone, and with
 * `needs_login` the region's URLs. */
bool cmd_setup(const struct cmd_context *ctx, bool needs_login, struct config *out, struct err *e);

/* Checks [export] tables (setup.c), as far as can be told: against the schema and, for names that
 * it does not have, the database as it is. ERR_CONFIG with file:line and the nearest name. */
bool cmd_check_tables(const struct config *c, struct arena *a, struct err *e);

struct option;

/* Turns a getopt_long failure ('?' or ':') into a usage error that names the option and the nearest
 * known one. Always ERR_USAGE. */
enum err_kind cmd_bad_option(const char *command, char **argv, const struct option *options,
                             int answer, struct err *e);

/* Parses a command line whose options are --csv and --json alone (setup.c); arguments then begin at
 * argv[optind]. ERR_NONE, or ERR_USAGE for another option or for both. */
enum err_kind cmd_format_options(const char *command, int argc, char **argv,
                                 enum render_format *format, struct err *e);

/* The whole program: parses the options before the command, runs it, prints its error; the exit
 * code. */
int cli_main(int argc, char **argv);

#endif
