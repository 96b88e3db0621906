#include <fcntl.h>
#include <getopt.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/limits.h"
#include "base/stop.h"
#include "cmd/cmd.h"

/* In the order of --help. */
static const struct command commands[CMD_COUNT] = {COMMAND_ROWS};

/* --- the options ----------------------------------------------------------------------------- */

/* Whose an option is: bits by enum cmd_id, and one for the program's own. */
#define OF(id) (1U << (id))
/* As the configuration has them where it says nothing. */
enum { DEFAULT_LOOKBACK_DAYS = 7, DEFAULT_LATER_LOOKS = 2 };

enum { OF_PROGRAM = 1U << CMD_COUNT, OF_ALL = (1U << (CMD_COUNT + 1)) - 1 };

/* Every option with its line of help, in the order of --help; src/cmd/commands.txt has them. */
static const struct option_row {
    enum cmd_option id;
    char letter; /* 0: none */
    const char *name;
    const char *value; /* what it takes; NULL: nothing */
    unsigned of;
    const char *text;
} option_rows[] = {OPTION_ROWS};
enum { ROW_COUNT = sizeof(option_rows) / sizeof(option_rows[0]), FIRST_ROW = 256 };

/* Whose the options of a command (NULL: of the program) are. */
static unsigned own(const struct command *command)
{
    return command ? OF(command - commands) : OF_PROGRAM;
}

/* The first row of these options behind `o` (NULL: of all); NULL when there is none. */
static const struct option_row *next_option(unsigned of, const struct option_row *o)
{
    for (o = o ? o + 1 : option_rows; o < option_rows + ROW_COUNT; o++) {
        if ((o->of & of) != 0) {
            return o;
        }
    }
    return NULL;
}

/* All rows as getopt_long wants them: an option's value is its row, letters aside. `letters` has
 * room for two characters a row, and three. */
static void known_options(struct option *options, char *letters)
{
    *letters++ = '-'; /* what is no option is given in its turn */
    *letters++ = ':';
    for (const struct option_row *o = option_rows; o < option_rows + ROW_COUNT; o++) {
        *options++ = (struct option){
            .name = o->name,
            .has_arg = o->value ? required_argument : no_argument,
            .val = o->letter ? o->letter : FIRST_ROW + (int)(o - option_rows),
        };
        if (o->letter) {
            *letters++ = o->letter;
            *letters = ':';
            letters += o->value ? 1 : 0;
        }
    }
    *options = (struct option){.name = NULL};
    *letters = '\0';
}

bool cmd_usage(const struct cmd_context *ctx, struct err *e, const char *complaint, ...)
{
    const char *name = ctx->command ? ctx->command->name : "";
    va_list args;

    va_start(args, complaint);
    err_set(e, ERR_USAGE, "%s%s%s; see `rollcall %s%s--help`", name, *name ? ": " : "",
            arena_vprintf(ctx->arena, complaint, args), name, *name ? " " : "");
    va_end(args);
    return false;
}

/* Refuses a word that is no option (NULL: there was none), and an option of another command; before
 * a command is known, all are its own. */
static bool check_options(const struct cmd_context *ctx, const char *word, struct err *e)
{
    unsigned of = ctx->command ? own(ctx->command) | OF_PROGRAM : OF_ALL;
    bool known[OPT_COUNT] = {false};
    const char *names[ROW_COUNT];
    size_t count = 0;

    for (const struct option_row *o = next_option(of, NULL); o; o = next_option(of, o)) {
        names[count++] = o->name;
        known[o->id] = true;
    }
    for (const struct option_row *o = option_rows; !word && o < option_rows + ROW_COUNT; o++) {
        if (ctx->option[o->id] && !known[o->id]) {
            word = arena_printf(ctx->arena, "--%s", o->name);
        }
    }
    if (!word) {
        return true;
    }
    const char *near = str_starts_with(word, "--") ? str_nearest(word + 2, names, count) : NULL;
    return cmd_usage(ctx, e, "unknown option '%s'%s%s", word, near ? ", did you mean --" : "",
                     near ? near : "");
}

/* Refuses a day that is none, and a range that ends before it begins. */
static bool check_days(const struct cmd_context *ctx, struct err *e)
{
    const char *from = ctx->option[OPT_FROM];
    const char *to = ctx->option[OPT_TO];
    unsigned of = own(ctx->command);
    int32_t day;

    for (const struct option_row *o = next_option(of, NULL); o; o = next_option(of, o)) {
        const char *given = str_eq(o->value, "DATE") ? ctx->option[o->id] : NULL;

        if (given && !clock_parse_day(given, &day)) {
            return err_set(e, ERR_USAGE, "%s: --%s '%s' is no day; write YYYY-MM-DD",
                           ctx->command->name, o->name, given);
        }
    }
    return !from || !to || strcmp(from, to) <= 0 ||
           err_set(e, ERR_USAGE, "%s: --from %s lies after --to %s", ctx->command->name, from, to);
}

/* The command is the first argument, or behind "help", which asks for its help. */
static bool take_command(struct cmd_context *ctx, struct err *e)
{
    const char *names[CMD_COUNT + 1];
    const char *name;

    while ((name = ctx->arguments[0]) && str_eq(name, "help")) {
        ctx->option[OPT_HELP] = "";
        ctx->arguments++;
        ctx->argument_count--;
    }
    for (size_t i = 0; i < CMD_COUNT; i++) {
        names[i] = commands[i].name;
        ctx->command = str_eq(names[i], name) ? &commands[i] : ctx->command;
    }
    names[CMD_COUNT] = "help";
    if (name && !ctx->command) {
        return cmd_usage(ctx, e, "unknown command '%s'%s", name,
                         str_suggest(ctx->arena, name, names, CMD_COUNT + 1));
    }
    ctx->arguments += name ? 1 : 0;
    ctx->argument_count -= name ? 1 : 0;
    return true;
}

static void take_option(struct cmd_context *ctx, const struct option_row *o, const char *value)
{
    ctx->option[o->id] = value ? value : "";
    if (o->id == OPT_STREAM) {
        ctx->streams[ctx->stream_count++] = value;
    } else if (o->id == OPT_NO_PAGER) {
        (void)setenv("ROLLCALL_PAGER", "cat", 1);
    } else if (o->id == OPT_QUIET) {
        ctx->verbosity = -1;
    } else if (o->id == OPT_VERBOSE) {
        ctx->verbosity = ctx->verbosity > 0 ? 2 : 1;
    }
}

/* Takes the command, its options and the program's, wherever they stand, and the arguments. */
static bool take_words(struct cmd_context *ctx, int argc, char **argv, struct err *e)
{
    struct option options[ROW_COUNT + 1];
    char letters[2 * ROW_COUNT + 3];
    const char *word = NULL;
    int answer;

    known_options(options, letters);
    ctx->streams = arena_array(ctx->arena, (size_t)argc + 1, sizeof(*ctx->streams));
    ctx->arguments = arena_array(ctx->arena, (size_t)argc + 1, sizeof(*ctx->arguments));
    opterr = 0;
    while ((answer = getopt_long(argc, argv, letters, options, NULL)) != -1 && answer != '?' &&
           answer != ':') {
        const struct option_row *o = option_rows;

        if (answer == 1) {
            ctx->arguments[ctx->argument_count++] = optarg;
            continue;
        }
        while (answer != o->letter && answer != FIRST_ROW + (o - option_rows)) {
            o++;
        }
        take_option(ctx, o, optarg);
    }
    if (answer != -1) { /* a word that is no option, or one (':') that lacks its value */
        word = arena_strndup(ctx->arena, argv[optind - 1], strcspn(argv[optind - 1], "="));
        if (!str_starts_with(word, "--") && optopt > 0 && optopt < FIRST_ROW) {
            word = arena_printf(ctx->arena, "-%c", optopt); /* one of several letters in a word */
        }
    }
    for (int i = optind; answer == -1 && i < argc; i++) { /* behind "--" */
        ctx->arguments[ctx->argument_count++] = argv[i];
    }
    if (!take_command(ctx, e)) {
        return false;
    }
    return answer == ':' ? cmd_usage(ctx, e, "option '%s' needs a value", word)
                         : check_options(ctx, word, e);
}

/* --- help and lists -------------------------------------------------------------------------- */

static void print_options(const struct command *command)
{
    int column = command ? 18 : 22;
    unsigned of = own(command);

    for (const struct option_row *o = next_option(of, NULL); o; o = next_option(of, o)) {
        int at = o->letter ? printf("  -%c, ", o->letter) : printf(command ? "  " : "      ");
        at += printf("--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        if (at >= column) {
            fputc('\n', stdout);
            at = 0;
        }
        render_words(stdout, o->text, column, at);
    }
}

static void print_program_help(void)
{
    fputs("usage: rollcall [-c FILE] [-v|-q] COMMAND [OPTION]...\n\n", stdout);
    render_words(stdout,
                 "Gets a Genesys Cloud contact centre's records into one SQLite file, completely "
                 "and provably, and out again as CSV.",
                 0, 0);
    fputs("\ncommands:\n", stdout);
    for (size_t i = 0; i < CMD_COUNT; i++) {
        printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\noptions, before the command or behind it:\n", stdout);
    print_options(NULL);
    fputs("\n`rollcall help COMMAND` says more of a command. The nightly job is\n"
          "`rollcall extract`. `rollcall init` sets it up.\n",
          stdout);
}

static void print_command_help(struct arena *a, const struct command *command)
{
    const char *forms = "";
    unsigned of = own(command);

    for (const struct option_row *o = next_option(of, NULL); o; o = next_option(of, o)) {
        if (o->id != OPT_HELP) {
            forms = arena_printf(a, "%s [--%s%s%s]%s", forms, o->name, o->value ? " " : "",
                                 o->value ? o->value : "", o->id == OPT_STREAM ? "..." : "");
        }
    }
    int at = printf("usage: rollcall %s", command->name);
    render_words(stdout,
                 arena_printf(a, "%s %s", forms, command->arguments ? command->arguments : ""),
                 at + 1, at);
    fputc('\n', stdout);
    render_words(stdout, command->about, 0, 0);
    fputc('\n', stdout);
    print_options(command);
    fputc('\n', stdout);
    render_words(stdout, command->notes, 0, 0);
}

/* Facts for programs, a line each: "command NAME ARGUMENTS SUMMARY" and "option COMMAND LETTER NAME
 * VALUE TEXT", tabs between; the program's own options have no command. */
static void list_commands(void)
{
    for (size_t i = 0; i <= CMD_COUNT; i++) {
        const struct command *command = i < CMD_COUNT ? &commands[i] : NULL;
        unsigned of = own(command);

        if (command) {
            printf("command\t%s\t%s\t%s\n", command->name,
                   command->arguments ? command->arguments : "", command->summary);
        }
        for (const struct option_row *o = next_option(of, NULL); o; o = next_option(of, o)) {
            const char letter[] = {o->letter ? '-' : '\0', o->letter, '\0'};

            printf("option\t%s\t%s\t--%s\t%s\t%s\n", command ? command->name : "", letter, o->name,
                   o->value ? o->value : "", o->text);
        }
    }
}

/* A stream a line: its name, how its requests of a night come about by the default settings, and
 * how many they are where its rows, and those of others, are `counts`. */
static void list_requests(struct arena *a, const char *counts)
{
    const struct cost_facts f = {DEFAULT_LOOKBACK_DAYS, DEFAULT_LATER_LOOKS, counts};

    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];
        const char *words;
        int64_t requests = cost_night(s, stream_in_force(s, "auto"), &f, a, &words);

        printf("%s\t%s\t%lld\n", s->name, words, (long long)requests);
    }
}

/* What a role must grant for a stream. Of a pass's permissions any is enough, so the first stands
 * for it; some passes take each other's place, else all are wanted. */
static const char *grants_of(const struct stream *s, struct arena *a)
{
    const char *needs = "";

    for (size_t p = 0; p < s->pass_count; p++) {
        const char *all = s->passes[p].permissions ? s->passes[p].permissions : "";
        const char *one = arena_strndup(a, all, strcspn(all, " "));
        const char *between = s->passes[p].plan.instead ? " or " : " and ";
        const char *with = step_of_rows(s->passes[p].steps)->shown_by;

        if (*one && !strstr(needs, one)) {
            needs = arena_printf(a, "%s%s%s%s%s", needs, *needs ? between : "", one,
                                 with ? " with " : "", with ? with : "");
        }
    }
    return *needs ? needs : "none (divisions filter)";
}

/* A stream a line: its name, title, what a role must grant, its groups, whom it needs. */
static void list_streams(struct arena *a)
{
    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];

        printf("%s\t%s\t%s\t%s\t%s\n", s->name, s->title, grants_of(s, a),
               s->groups ? s->groups : "", s->needs ? s->needs : "");
    }
}

/* Options that print something and end the program; false without one. */
static bool print_what_is_asked(const struct cmd_context *ctx)
{
    if (ctx->option[OPT_HELP] && ctx->command) {
        print_command_help(ctx->arena, ctx->command);
    } else if (ctx->option[OPT_HELP]) {
        print_program_help();
    } else if (ctx->option[OPT_VERSION]) {
        printf("rollcall %s\n", ROLLCALL_VERSION);
    } else if (ctx->option[OPT_EXIT_CODES]) {
        for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
            const struct err_facts *f = &err_facts[kind];
            printf("%d\t%s\t%s\n", f->exit_code, f->name, f->text);
        }
    } else if (ctx->option[OPT_CAUSES]) {
        for (int id = CAUSE_NONE + 1; id < CAUSE_COUNT; id++) {
            const struct cause *c = &causes[id];
            printf("%s\t%s\t%d\t%s\t%s\t%s\n", cause_steps[c->step].name, c->name,
                   err_facts[c->kind].exit_code, c->sees, c->text, c->remedy);
        }
    } else if (ctx->option[OPT_LIMITS]) {
        for (int id = 0; id < LIMIT_COUNT; id++) {
            const struct limit_facts *f = &limit_facts[id];
            printf("ROLLCALL_LIMIT_%s\t%lld\t%lld-%lld\t%s\n", f->name, (long long)limit_get(id),
                   (long long)f->min, (long long)f->max, f->text);
        }
    } else if (ctx->option[OPT_STREAMS]) {
        list_streams(ctx->arena);
    } else if (ctx->option[OPT_REQUESTS]) {
        list_requests(ctx->arena, ctx->option[OPT_REQUESTS]);
    } else if (ctx->option[OPT_COMMANDS]) {
        list_commands();
    } else {
        return false;
    }
    return true;
}

/* --- the program ----------------------------------------------------------------------------- */

static bool run_command(struct cmd_context *ctx, struct err *e)
{
    if (!ctx->command) {
        return cmd_usage(ctx, e, "no command given");
    }
    if (!ctx->command->arguments && ctx->argument_count > 0) {
        return cmd_usage(ctx, e, "unexpected argument '%s'", ctx->arguments[0]);
    }
    bool done = check_days(ctx, e) && ctx->command->run(ctx, e);
    db_close(ctx->db);
    config_wipe(&ctx->config);
    return done;
}

/* Writes out what is left of the output, and says how it all ended; the exit code. A reader that
 * went away (`| head -1`) has what it wanted: no error. */
static int end_output(const struct cmd_context *ctx, enum err_kind kind, struct err *e)
{
    bool reader_is_gone;
    bool failed = !render_end(&reader_is_gone) && !reader_is_gone;

    if (failed && (kind == ERR_NONE || kind == ERR_BEHIND)) {
        bool is_closed = (fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY;
        err_set(e, ERR_STORE, "cannot write the output: %s",
                is_closed ? "standard output is closed"
                          : "the disk is full, or what it goes to cannot be written");
        kind = ERR_STORE;
    }
    if (kind != ERR_NONE && e->message[0]) {
        fprintf(stderr, "rollcall: %s\n", str_escaped(ctx->arena, e->message));
    }
    return err_facts[kind].exit_code;
}

/* What is opened next would take the place of a closed standard stream, and get what is printed. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)open("/", O_RDONLY); /* a directory is not to be read or written either */
        }
    }
}

int cli_main(int argc, char **argv)
{
    struct cmd_context ctx = {.arena = arena_new(0)};
    struct err e;

#ifdef __GLIBC__
    /* Pages of megabytes come and go in two threads: what one held is kept for the next, and what
     * is larger given back at once, so that it does not pile up as fragments. */
    (void)mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 6 * 1024 * 1024);
    (void)mallopt(M_ARENA_MAX, 2);
#endif
    hold_standard_streams();
    secret_keep_in();
    stop_install();
    err_clear(&e);
    bool done = limits_load(&e) && take_words(&ctx, argc, argv, &e) &&
                (print_what_is_asked(&ctx) || run_command(&ctx, &e));
    int code = end_output(&ctx, done ? ERR_NONE : e.kind, &e);
    arena_free(ctx.arena);
    return code;
}
