/*
 * The commands: one file each, thin. commands.txt has the one list of commands and of their
 * options, from which cli.c reads the command line and makes --help and --commands; main.c only
 * calls cli_main.
 *
 * To add a command: its entry and its options in commands.txt, its file with `bool cmd_NAME(..)`, a
 * section in docs/rollcall.1, a test in tests/e2e. Only this layer prints: results to stdout,
 * everything else to stderr.
 */
#pragma once

#include "io/lock.h"
#include "out/render.h"
#include "streams/stream.h"

enum cmd_id { COMMAND_IDS, CMD_COUNT };

/* All options, the program's own and the commands'. */
enum cmd_option { OPTION_IDS, OPT_COUNT };

/* What the command line says (strings are those of argv), and what the command works with. */
struct cmd_context {
    struct arena *arena;           /* lives as long as the program */
    const struct command *command; /* NULL: not known yet */
    int verbosity;                 /* -1: -q, 0, 1: -v, 2: -v -v */
    const char *option[OPT_COUNT]; /* its value, "" for one that takes none; NULL: not given. What
                                      takes a DATE is a day, and --from not after --to */
    const char **streams;          /* values of --stream */
    size_t stream_count;
    char **arguments; /* of the command; a NULL follows the last */
    size_t argument_count;
    bool reports;         /* the command tells what is odd about the configuration itself */
    struct config config; /* of cmd_setup; wiped when the command is done */
    struct db *db;        /* of cmd_open; closed when the command is done */
};

/* What src/cmd/commands.txt says of a command, and how it is run: false with the error in `e`, and
 * the program ends with its exit code, and prints its message unless that is empty (all was said
 * already). */
struct command {
    const char *name;
    const char *arguments; /* "[TABLE|VIEW]..."; NULL: it takes none */
    const char *summary;
    const char *about;
    const char *notes;
    bool (*run)(struct cmd_context *ctx, struct err *e);
};

/* Each command's own function, cmd_NAME. That of check has the first failure's kind for its error,
 * that of status ERR_BEHIND when something is overdue. */
bool COMMAND_RUNS;

/* The whole program: reads the command line, runs the command, prints its error; the exit code. */
int cli_main(int argc, char **argv);

/* ERR_USAGE: "COMMAND: complaint (a printf text); see `rollcall COMMAND --help`", without its
 * command in front of one. Returns false. */
bool cmd_usage(const struct cmd_context *ctx, struct err *e, const char *complaint, ...)
    __attribute__((format(printf, 3, 4)));

/* --- what several commands need (setup.c) ---------------------------------------------------- */

/* Loads the configuration: file, environment, log, time zone, and with `needs_login` the region's
 * URLs. What could be read of it is there after an error too. */
bool cmd_setup(struct cmd_context *ctx, bool needs_login, struct err *e);

/* Says, for a command that makes files, when root runs it where a service's user should. */
void cmd_warn_root(const struct cmd_context *ctx);

/* Keeps that `path` is a copy of what the database holds, for erase to name; who may not write
 * there keeps nothing. */
void cmd_note_copy(const struct cmd_context *ctx, const char *path);

/* cmd_setup without a login; opens the database to read, and says when its [kpi] settings are
 * others. */
bool cmd_open(struct cmd_context *ctx, struct err *e);

/* Opens the configuration's database, which is never made, to write, with the locks of all streams,
 * so that nothing else works on it: NULL with ERR_LOCKED where something does. Free with
 * lock_close. */
struct lock_file *cmd_open_alone(struct cmd_context *ctx, struct err *e);

/* How rows go to stdout: as --csv, --json or --xlsx ask for, else as a table; ERR_USAGE for two of
 * them. */
bool cmd_rendering(const struct cmd_context *ctx, struct rendering *to, struct err *e);

struct extract_result;

/* Tells how a run ended: its errors, and unless -q is given one last line on stderr; or, when
 * nobody is at the terminal and all is well (cron mails what is printed), an event of the log, but
 * for `always`. What was printed is taken out of `e`. */
void cmd_tell_run(const struct cmd_context *ctx, const struct extract_result *result, bool always,
                  struct err *e);

/* Asks at the terminal; true for a yes. */
bool cmd_confirms(const char *question);

/* Whether to tell of what was done. Cron mails what is printed: all well and nobody watching means
 * silence. */
bool cmd_is_watched(const struct cmd_context *ctx);

/* The streams wanted, in registry order and in the arena: those of --stream, else those enabled.
 * ERR_USAGE with the nearest name for one that is unknown. */
bool cmd_streams(const struct cmd_context *ctx, const struct stream *const **streams, size_t *count,
                 struct err *e);
