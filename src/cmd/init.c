#include <errno.h>
#include <limits.h>
#include <termios.h>
#include <unistd.h>

#include "api/region.h"
#include "base/stop.h"
#include "cmd/cmd.h"

enum { ANSWER_BYTES = 4096, FIRST_DAYS = 7 };

#define SYSTEM_DIRECTORY "/etc/rollcall"
#define SYSTEM_STATE     "/var/lib/rollcall"

/* What is asked, in this order. */
enum { QUESTION_IDS, QUESTIONS };
static const struct question {
    const char *key; /* in the configuration */
    const char *words;
    enum cmd_option option;
} questions[QUESTIONS] = {QUESTION_ROWS};

struct answers {
    const char *value[QUESTIONS];
    const char *config_path;
    bool is_for_services; /* the packaged ones */
    const char *secret_path;
    char secret[ANSWER_BYTES]; /* wiped at the end */
};

/* A host of this machine in place of a region: a gateway, or a stand-in. */
static bool is_gateway(const char *answer)
{
    struct http_target target;
    struct err e;

    return http_url_allowed(answer, &target, &e) && target.loopback;
}

/* Whether it answers that question; else what is wrong with it is the error's message. */
static bool fits(struct arena *a, const struct question *q, const char *answer, struct err *e)
{
    int32_t day;
    bool known;

    switch (q - questions) {
    case REGION:
        return is_gateway(answer) || region_domain(a, answer, &known, e);
    case CLIENT_ID:
        return (*answer && !strpbrk(answer, " \t\"'")) ||
               err_set(e, ERR_USAGE, "it is the OAuth client's id, one word");
    case START:
        if (!clock_parse_day(answer, &day)) {
            return err_set(e, ERR_USAGE, "it is a day, YYYY-MM-DD");
        }
        return day <= clock_now_ms() / MS_PER_DAY || err_set(e, ERR_USAGE, "it has not come yet");
    case TIMEZONE:
        return clock_set_zone(answer, e);
    default:
        if (str_eq(answer, "~") || str_starts_with(answer, "~/")) {
            return err_set(e, ERR_USAGE, "~ stands for nothing here; write the whole path");
        }
        return (*answer && !strpbrk(answer, "\"\n")) ||
               err_set(e, ERR_USAGE, "it is a path without quotes");
    }
}

/* The machine's time zone, by its IANA name. */
static const char *machine_zone(struct arena *a)
{
    static const char mark[] = "zoneinfo/";
    const char *zone = getenv("TZ");
    char target[PATH_MAX] = "";
    struct err e;

    if (!zone || !*zone) {
        ssize_t length = readlink("/etc/localtime", target, sizeof(target) - 1);
        const char *at = length > 0 ? strstr(target, mark) : NULL;
        zone = at ? at + strlen(mark) : "UTC";
    }
    return clock_set_zone(zone, &e) ? arena_strdup(a, zone) : "UTC";
}

/* A path that holds wherever the program is started. */
static const char *whole_path(struct arena *a, const char *path)
{
    char here[PATH_MAX];

    return *path == '/' || !getcwd(here, sizeof(here)) ? path
                                                       : arena_printf(a, "%s/%s", here, path);
}

/* Reads a line of standard input; false at its end, and when a signal asks for one. */
static bool read_line(char *line, size_t size)
{
    if (!fgets(line, (int)size, stdin) || stop_requested()) {
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

/* An answer from its option, the terminal, which is asked until it is fine, or the default. */
static bool ask(const struct cmd_context *ctx, const struct question *q, const char *otherwise,
                const char **answer, struct err *e)
{
    const char *given = ctx->option[q->option];
    bool has_person = !given && isatty(STDIN_FILENO);
    char line[ANSWER_BYTES];

    for (*answer = given ? given : otherwise;;) {
        if (has_person) {
            fprintf(stderr, otherwise ? "%s [%s]: " : "%s: ", q->words, otherwise);
            if (!read_line(line, sizeof(line))) {
                return err_set(e, ERR_STOPPED, "init: nothing was written");
            }
            *answer = *line || !otherwise ? arena_strdup(ctx->arena, line) : otherwise;
        }
        if (!*answer) {
            return cmd_usage(
                ctx, e, "%s is missing: there is no terminal to ask at: give its option", q->key);
        }
        if (fits(ctx->arena, q, *answer, e)) {
            return true;
        }
        if (!has_person) {
            return cmd_usage(ctx, e, "%s '%s': %s", q->key, *answer, e->message);
        }
        fprintf(stderr, "  %s\n", e->message);
    }
}

/* The secret, from its variable, its file, standard input, or the terminal without an echo. */
static bool ask_secret(const struct cmd_context *ctx, struct answers *to, struct err *e)
{
    const char *file = ctx->option[OPT_CLIENT_SECRET_FILE];
    const char *given =
        file ? file_read_small(ctx->arena, file, NULL, e) : getenv("GENESYS_CLIENT_SECRET");
    struct termios before;
    struct termios silent;

    if (file && !given) {
        return false;
    }
    if (given && *given) {
        snprintf(to->secret, sizeof(to->secret), "%s", given);
    } else {
        bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
        if (is_terminal) { /* the echo goes first: what is typed at the prompt is not flushed */
            silent = before;
            silent.c_lflag &= ~(tcflag_t)ECHO;
            (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
            fputs("Client secret (not shown): ", stderr);
        }
        bool is_read = read_line(to->secret, sizeof(to->secret));
        if (is_terminal) {
            (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
            fputc('\n', stderr);
        }
        if (!is_read) {
            *to->secret = '\0';
            if (is_terminal) {
                return err_set(e, ERR_STOPPED, "init: nothing was written");
            }
        }
    }
    to->secret[strcspn(to->secret, "\r\n")] = '\0';
    return *to->secret ||
           cmd_usage(ctx, e,
                     "the client's secret is missing: GENESYS_CLIENT_SECRET, standard input or "
                     "--client-secret-file has it");
}

/* Whether a file may be written: it is not there, or may be lost. */
static bool may_write(const struct cmd_context *ctx, const char *path, struct err *e)
{
    if (access(path, F_OK) != 0 || ctx->option[OPT_FORCE]) {
        return true;
    }
    if (!isatty(STDIN_FILENO)) {
        return cmd_usage(ctx, e, "%s is there already: --force writes it anew", path);
    }
    return cmd_confirms(
               arena_printf(ctx->arena, "%s is there already. Write it anew? [y/N] ", path)) ||
           err_set(e, ERR_USAGE, "init: %s stays as it is", path);
}

/* Writes a file whole, without a buffer that would keep a secret. */
static bool write_file(const char *path, mode_t mode, const char *text, struct err *e)
{
    ASIDE_SCOPED struct file_aside f = {0};

    if (!file_aside_open(&f, path, mode, e)) {
        return false;
    }
    (void)setvbuf(f.stream, NULL, _IONBF, 0);
    return fputs(text, f.stream) != EOF ? file_aside_commit(&f, e)
                                        : file_fail(e, "write", path, errno);
}

static bool write_files(const struct cmd_context *ctx, struct answers *to, struct err *e)
{
    struct arena *a = ctx->arena;
    const char *region = to->value[REGION];
    const char *hosts = is_gateway(region)
                            ? arena_printf(a, "login_url = %s\napi_url = %s\n", region, region)
                            : arena_printf(a, "region = \"%s\"\n", region);
    const char *text = arena_printf(
        a,
        "# Made by `rollcall init`; rollcall.ini(5) and config.example.ini explain every key.\n\n"
        "[genesys]\n%sclient_id = %s\nclient_secret_file = \"%s\"\n\n"
        "[database]\npath = \"%s\"\n\n[extract]\nstart = %s\ntimezone = %s\n",
        hosts, to->value[CLIENT_ID], to->secret_path, whole_path(a, to->value[DATABASE]),
        to->value[START], to->value[TIMEZONE]);

    if (str_eq(to->config_path, to->secret_path)) {
        return cmd_usage(ctx, e, "%s is to be the configuration: name another file for the secret",
                         to->secret_path);
    }
    /* The secret first: a configuration never names one that is not there. */
    return may_write(ctx, to->config_path, e) && may_write(ctx, to->secret_path, e) &&
           write_file(to->secret_path, 0600, to->secret, e) &&
           write_file(to->config_path, 0640, text, e);
}

/* A word as a shell takes it. */
static const char *shell_word(struct arena *a, const char *word)
{
    return strpbrk(word, " \t'\"\\$`;&|()<>*?[]{}#~")
               ? arena_printf(a, "'%s'", str_replace(a, word, '\'', "'\\''"))
               : word;
}

/* What comes next, as lines to paste. Cron mails what is printed, has a PATH of its own, and takes
 * a percent sign for a line's end. */
static void print_next(struct arena *a, const struct answers *to, bool is_well)
{
    const char *c = shell_word(a, to->config_path);
    char self[PATH_MAX] = "";
    bool is_known = readlink("/proc/self/exe", self, sizeof(self) - 1) > 0;
    const char *program = is_known ? shell_word(a, self) : "rollcall";

    printf("\nWritten: %s, %s\n", to->config_path, to->secret_path);
    if (!is_well) {
        printf("When it is mended:  %s -c %s check\n", program, c);
        return;
    }
    if (to->is_for_services) {
        printf("As the services will:  systemctl start rollcall-check; "
               "journalctl -u rollcall-check -n 40\n"
               "First extraction:      systemctl start --no-block rollcall\n"
               "Every night:           systemctl enable --now rollcall.timer "
               "rollcall-adherence.timer\n"
               "With cron in place of the timers, which has no credentials of systemd:\n"
               "                       chown rollcall %s\n",
               to->secret_path);
        return;
    }
    static const char end[] = "2>&1) || [ $? -eq 10 ] || echo \"$out\"";
    const char *run = arena_printf(a, "%s -c %s extract", program, c);
    const char *line = str_replace(a, run, '%', "\\%");
    printf("First extraction:  %s\nEvery night, by cron:\n  32 4 * * *   out=$(%s %s\n"
           "  */5 * * * *  out=$(%s --stream adherence_realtime %s\n",
           run, line, end, line, end);
}

bool cmd_init(struct cmd_context *ctx, struct err *e)
{
    struct arena *a = ctx->arena;
    struct answers to = {.config_path = ctx->option[OPT_CONFIG]};
    bool done = true;
    char day[CLOCK_DAY_BYTES];

    if (!to.config_path) {
        to.config_path =
            access(SYSTEM_DIRECTORY, W_OK) == 0 ? SYSTEM_DIRECTORY "/rollcall.ini" : "rollcall.ini";
    }
    to.config_path = whole_path(a, to.config_path);
    to.is_for_services = str_starts_with(to.config_path, SYSTEM_DIRECTORY "/");
    to.secret_path = ctx->option[OPT_SECRET_OUT]
                         ? whole_path(a, ctx->option[OPT_SECRET_OUT])
                         : arena_printf(a, "%s/client_secret", file_directory(a, to.config_path));
    const char *const otherwise[QUESTIONS] = {
        [START] = clock_format_day((int32_t)(clock_now_ms() / MS_PER_DAY) - FIRST_DAYS, day),
        [TIMEZONE] = machine_zone(a),
        [DATABASE] =
            to.is_for_services ? SYSTEM_STATE "/rollcall.db" : whole_path(a, "rollcall.db"),
    };
    for (size_t i = 0; done && i < QUESTIONS; i++) {
        done = ask(ctx, &questions[i], otherwise[i], &to.value[i], e);
    }
    done = done && ask_secret(ctx, &to, e) && write_files(ctx, &to, e);
    secret_wipe(to.secret, sizeof(to.secret));
    if (!done) {
        return false;
    }
    ctx->option[OPT_CONFIG] = to.config_path;
    /* What was written is checked, not what this environment has in its place. */
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        (void)(config_keys[i].variable ? unsetenv(config_keys[i].variable) : 0);
    }
    done = cmd_check(ctx, e);
    print_next(a, &to, done);
    return done;
}
