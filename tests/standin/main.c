/* The stand-in Genesys Cloud: its options, its start, its end. */
#include "conversations.h"
#include "when.h"
#include "world.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *port_file;
static const char *now_text;

struct setting {
    const char *name;
    const char *value; /* what --help calls it; NULL: the option has none */
    const char *help;
    void (*set)(const struct setting *s, const char *value);
    void *target;
    long lo, hi; /* of a number */
};

static void refuse(const char *option, const char *value)
{
    fprintf(stderr, "standin: --%s: '%s' cannot be used\n", option, value);
    exit(2);
}

static int number(const char *option, const char *value, long lo, long hi)
{
    char *rest;
    long n = strtol(value, &rest, 10);
    if (!*value || *rest || n < lo || n > hi) {
        refuse(option, value);
    }
    return (int)n;
}

static int64_t moment(const char *option, const char *value)
{
    int64_t ms = 0;
    if (!when_parse(value, &ms)) {
        refuse(option, value);
    }
    return ms;
}

static void set_int(const struct setting *s, const char *value)
{
    *(int *)s->target = number(s->name, value, s->lo, s->hi);
}

static void set_text(const struct setting *s, const char *value)
{
    *(const char **)s->target = value;
}

static void set_true(const struct setting *s, const char *value)
{
    (void)value;
    *(bool *)s->target = true;
}

static void set_seed(const struct setting *s, const char *value)
{
    (void)s;
    world.seed = strtoull(value, NULL, 10);
}

static void set_start(const struct setting *s, const char *value)
{
    world.first_day = when_day(moment(s->name, value));
}

static void set_availability(const struct setting *s, const char *value)
{
    world_tell(TOLD_AVAILABILITY, moment(s->name, value));
}

static void set_lag(const struct setting *s, const char *value)
{
    world_tell(TOLD_LAG, number(s->name, value, 0, 100000000) * WHEN_SECOND);
}

static void set_gzip(const struct setting *s, const char *value)
{
    world.gzip = strcmp(value, "on") == 0;
    if (!world.gzip && strcmp(value, "off") != 0) {
        refuse(s->name, value);
    }
}

static void set_shape(const struct setting *s, const char *value)
{
    static const char *const shapes[] = {"none", "array", "entities", "results"};
    int i = 0;
    while (i < 4 && strcmp(value, shapes[i]) != 0) {
        i++;
    }
    if (i == 4) {
        refuse(s->name, value);
    }
    world.intervals = (enum intervals_shape)i;
}

/* Adds to a list. */
static void add(const struct setting *s, const char *value)
{
    char why[256];
    snprintf(why, sizeof why, "'%s' cannot be used", value);
    if (!(strcmp(s->name, "deny") == 0 ? world_add_denied : fault_add)(value, why, sizeof why)) {
        fprintf(stderr, "standin: --%s: %s\n", s->name, why);
        exit(2);
    }
}

static void show_help(const struct setting *s, const char *value);

static const struct setting settings[] = {
    {"port", "N", "0 (default): any free one; printed when it listens", set_int, &world.port, 0,
     65535},
    {"port-file", "FILE", "the port is written there too, when it listens", set_text, &port_file, 0,
     0},
    {"seed", "N", "the data follow from it (1)", set_seed, NULL, 0, 0},
    {"start", "YYYY-MM-DD", "first UTC day with data (2026-01-01)", set_start, NULL, 0, 0},
    {"days", "N", "days with data (3)", set_int, &world.days, 1, 4000},
    {"per-day", "N", "conversations a day (2000)", set_int, &world.per_day, 0, 2000000},
    {"agents", "N", "users, some of them inactive or deleted (150)", set_int, &world.agents, 1,
     100000},
    {"queues", "N", "queues (12)", set_int, &world.queues, 1, 10000},
    {"units", "N", "management units, nobody in the last (4)", set_int, &world.units, 2, 1000},
    {"now", "ISO|real", "what time it is told to be (the end of the last day)", set_text, &now_text,
     0, 0},
    {"availability-lag", "S", "the datalake is whole up to now less so many seconds (18000)",
     set_lag, NULL, 0, 0},
    {"availability", "ISO", "or up to this moment", set_availability, NULL, 0, 0},
    {"client-id", "ID", "(00000000-0000-4000-8000-000000000001)", set_text, &world.client_id, 0, 0},
    {"client-secret", "SECRET", "(standin-secret)", set_text, &world.client_secret, 0, 0},
    {"token-seconds", "N", "expires_in of a token (86399)", set_int, &world.token_seconds, 0,
     1000000},
    {"gzip", "on|off", "(on)", set_gzip, NULL, 0, 0},
    {"page-cap", "N", "most rows of a job's page (1000)", set_int, &world.page_cap, 1, 1000},
    {"users-page-cap", "N", "most users of a page (100)", set_int, &world.users_page_cap, 1, 100},
    {"job-polls", "N", "polls answered before a job is FULFILLED (0)", set_int, &world.job_polls, 0,
     1000},
    {"hits-bias", "N", "added to totalHits", set_int, &world.hits_bias, -1000000, 1000000},
    {"realtime-intervals", "array|entities|results",
     "serve /api/v2/analytics/agents/realtime/intervals in that shape", set_shape, NULL, 0, 0},
    {"deny", "PATH", "403 on this prefix (may be repeated)", add, NULL, 0, 0},
    {"eventful", NULL, "much comes late, many e-mails open again", set_true, &world.eventful, 0, 0},
    {"voice-only", NULL, "no callbacks, chats, messages, e-mails", set_true, &world.voice_only, 0,
     0},
    {"prerender", NULL, "make and compress the sync query's pages before listening", set_true,
     &world.prerender, 0, 0},
    {"level", "N",
     "the service level: 1 of flow-outs too, 2 not of short abandons, 4 of no abandons (sum; 0)",
     set_int, &world.level, 0, 7},
    {"fault", "SPEC", "name[:key=value[,key=value]...] (may be repeated), see below", add, NULL, 0,
     0},
    {"help", NULL, "", show_help, NULL, 0, 0},
};

enum { SETTINGS = sizeof settings / sizeof *settings, HELP_COLUMN = 28 };

static const char help_on_faults[] =
    "\n"
    "Every fault knows path=PREFIX (* stands for anything; default /api/),\n"
    "method=, has=TEXT (in query, body or the job's interval), after=N (spares the first N),\n"
    "every=N, times=N, n=N (the N-th alone):\n"
    "  latency:ms=300    429:retry_after=2|http-date|past-date|absent|negative|huge|garbage\n"
    "  5xx:status=503    4xx:status=400    burst:after=N,count=50,status=503\n"
    "  token-death:after=N (uses of each token)\n"
    "  unknown-fields    wrong-types    missing-id    no-conversations-key\n"
    "  short-pages    empty-page    not-json    truncated-json\n"
    "  error-in-200:status=503    no-answer ({})    odd-string:key=direction (half a pair in it)\n"
    "  page-cycle:of=N (pages begin anew after N)    row-hidden (the query's first)    no-date\n"
    "  job-expire:after=N (result pages)    job-fail    job-state-expired\n"
    "  job-pending (submitted now, it stays so)    job-slow (polled now, it is not done yet)\n"
    "\n"
    "Its own paths: see README.md.\n";

static void show_help(const struct setting *s, const char *value)
{
    (void)value;
    printf("%s\n%s\n\n", "usage: standin [OPTION]...",
           "A stand-in Genesys Cloud on 127.0.0.1: login and API host in one, from invented data.");
    for (s = settings; s < settings + SETTINGS; s++) {
        int used = printf("  --%s%s%s", s->name, s->value ? " " : "", s->value ? s->value : "");
        const char *line = s->help;
        if (*line && used >= HELP_COLUMN) {
            used = printf("\n") - 1;
        }
        for (; *line; used = 0) {
            size_t length = strcspn(line, "\n");
            printf("%*s%.*s\n", HELP_COLUMN - used, "", (int)length, line);
            line += length + (line[length] == '\n');
        }
        if (used) {
            printf("\n");
        }
    }
    fputs(help_on_faults, stdout);
    exit(0);
}

static void read_options(int argc, char **argv)
{
    struct option options[SETTINGS + 1] = {{0}};
    int chosen, index;
    for (size_t i = 0; i < SETTINGS; i++) {
        options[i] = (struct option){settings[i].name,
                                     settings[i].value ? required_argument : no_argument, NULL, 1};
    }
    while ((chosen = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (chosen != 1) {
            exit(2);
        }
        settings[index].set(&settings[index], optarg);
    }
    if (optind < argc) {
        refuse("help", argv[optind]);
    }
}

static void set_now(void)
{
    if (!now_text) {
        world_tell(TOLD_NOW, (world.first_day + world.days) * WHEN_DAY);
    } else if (strcmp(now_text, "real") != 0) {
        world_tell(TOLD_NOW, moment("now", now_text));
    }
}

/* Appears whole, by a rename. */
static bool write_port_file(int port)
{
    char aside[4096];
    snprintf(aside, sizeof aside, "%s.new", port_file);
    FILE *f = fopen(aside, "w");
    bool good = f && fprintf(f, "%d\n", port) > 0;
    good = f && fclose(f) == 0 && good;
    return good && rename(aside, port_file) == 0;
}

int main(int argc, char **argv)
{
    sigset_t ends;
    int caught;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    read_options(argc, argv);
    set_now();
    if (world.prerender) {
        prerender_all();
    }
    if (!http_start(&world.port)) {
        return 1;
    }
    if (port_file && !write_port_file(world.port)) {
        fprintf(stderr, "standin: cannot write %s\n", port_file);
        return 1;
    }
    printf("standin: listening on 127.0.0.1:%d\n", world.port);
    fflush(stdout);
    sigwait(&ends, &caught);
    http_stop();
    return 0;
}
