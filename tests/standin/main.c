/* The stand-in Genesys Cloud: its options, its start, its end. */
#include "census.h"
#include "fault.h"
#include "http.h"
#include "prerender.h"
#include "when.h"
#include "world.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: standin [OPTION]...\n"
    "A stand-in Genesys Cloud on 127.0.0.1: login and API host in one, from invented data.\n"
    "\n"
    "  --port N                  0 (default): any free one; printed when it listens\n"
    "  --port-file FILE          the port is written there too, when it listens\n"
    "  --seed N                  the data follow from it (1)\n"
    "  --start YYYY-MM-DD        first UTC day with data (2026-01-01)\n"
    "  --days N                  days with data (3)\n"
    "  --per-day N               conversations a day (2000)\n"
    "  --agents N                users, some of them inactive or deleted (150)\n"
    "  --queues N                queues (12)\n"
    "  --now ISO|real            what time it is told to be (the end of the last day)\n"
    "  --availability-lag S      the datalake is whole up to now less so many seconds (18000)\n"
    "  --availability ISO        or up to this moment\n"
    "  --client-id ID            (00000000-0000-4000-8000-000000000001)\n"
    "  --client-secret SECRET    (standin-secret)\n"
    "  --token-seconds N         expires_in of a token (86399)\n"
    "  --gzip on|off             (on)\n"
    "  --page-cap N              most rows of a job's page (1000)\n"
    "  --users-page-cap N        most users of a page (100)\n"
    "  --job-polls N             polls answered before a job is FULFILLED (0)\n"
    "  --hits-bias N             added to totalHits\n"
    "  --ratelimit N             requests a minute and token, with the inin-ratelimit headers\n"
    "  --realtime-intervals array|entities|results\n"
    "                            serve /api/v2/analytics/agents/realtime/intervals in that shape\n"
    "  --deny PATH               403 on this prefix (may be repeated)\n"
    "  --prerender               make and compress the sync query's pages before listening\n"
    "  --fault SPEC              name[:key=value[,key=value]...] (may be repeated), see below\n"
    "  --field-census            print each field of a conversation and how often it occurs, and\n"
    "                            fail if a field of the contract never does; then end\n"
    "  --help\n"
    "\n"
    "Every fault knows path=PREFIX (* stands for anything; default /api/, login-*: /oauth),\n"
    "after=N (spares the first N), every=N, times=N:\n"
    "  latency:ms=300    429:retry_after=2|http-date|past-date|absent|negative|huge|garbage\n"
    "  5xx:status=503    burst:after=N,count=50,status=503    redirect:status=302\n"
    "  token-death:after=N (uses of each token)    token-refuse    login-html    login-500\n"
    "  unknown-fields    wrong-types    missing-id    no-conversations-key\n"
    "  short-pages    empty-page    not-json    truncated-json\n"
    "  deep-nesting:depth=1000000    gzip-bomb:mb=1024\n"
    "  job-expire:after=N (result pages)    job-fail:n=K    job-state-expired:n=K\n"
    "\n"
    "Its own paths: POST /standin/control, GET /standin/requests, /standin/truth,\n"
    "/standin/truth/counts, /standin/truth/users, /standin/truth/queues. See README.md.\n";

static const char *port_file;
static const char *now_text;
static bool census;

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
    if (!when_parse(value, strlen(value), &ms)) {
        refuse(option, value);
    }
    return ms;
}

/* Options that are a number and nothing else. */
static const struct {
    const char *name;
    int *target;
    long lo, hi;
} numbers[] = {
    {"port", &world.port, 0, 65535},
    {"days", &world.days, 1, 4000},
    {"per-day", &world.per_day, 0, 2000000},
    {"agents", &world.agents, 1, 100000},
    {"queues", &world.queues, 1, 10000},
    {"token-seconds", &world.token_seconds, 0, 1000000},
    {"page-cap", &world.page_cap, 1, 1000},
    {"users-page-cap", &world.users_page_cap, 1, 100},
    {"job-polls", &world.job_polls, 0, 1000},
    {"hits-bias", &world.hits_bias, -1000000, 1000000},
    {"ratelimit", &world.ratelimit, 0, 1000000},
};

static bool set_number(const char *option, const char *value)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(numbers[i].name, option) == 0) {
            *numbers[i].target = number(option, value, numbers[i].lo, numbers[i].hi);
            return true;
        }
    }
    return false;
}

static void set_shape(const char *value)
{
    static const char *const shapes[] = {"none", "array", "entities", "results"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(value, shapes[i]) == 0) {
            world.intervals = (enum intervals_shape)i;
            return;
        }
    }
    refuse("realtime-intervals", value);
}

static void set_fault(const char *value)
{
    char why[256];
    if (!fault_add(value, why, sizeof why)) {
        fprintf(stderr, "standin: --fault: %s\n", why);
        exit(2);
    }
}

static void set_gzip(const char *value)
{
    world.gzip = strcmp(value, "on") == 0;
    if (!world.gzip && strcmp(value, "off") != 0) {
        refuse("gzip", value);
    }
}

static void set_option(const char *option, const char *value)
{
    if (set_number(option, value)) {
        return;
    }
    switch (option[0]) {
    case 's': /* seed, start */
        if (option[1] == 'e') {
            world.seed = strtoull(value, NULL, 10);
        } else {
            world.first_day = when_day(moment(option, value));
        }
        break;
    case 'n':
        now_text = value;
        break;
    case 'a': /* availability, availability-lag */
        if (strcmp(option, "availability") == 0) {
            world_set_availability(moment(option, value));
        } else {
            world_set_lag(number(option, value, 0, 100000000) * WHEN_SECOND);
        }
        break;
    case 'c': /* client-id, client-secret */
        *(option[7] == 'i' ? &world.client_id : &world.client_secret) = value;
        break;
    case 'g':
        set_gzip(value);
        break;
    case 'r':
        set_shape(value);
        break;
    case 'd':
        if (!world_add_denied(value)) {
            refuse(option, value);
        }
        break;
    case 'f':
        set_fault(value);
        break;
    default:
        port_file = value;
        break;
    }
}

static void read_options(int argc, char **argv)
{
    static const char *const others[] = {
        "seed",      "start",         "now",  "availability",       "availability-lag",
        "client-id", "client-secret", "gzip", "realtime-intervals", "deny",
        "fault",     "port-file"};
    struct option options[40] = {{0}};
    size_t n = 0;
    int chosen, index;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        options[n++] = (struct option){numbers[i].name, required_argument, NULL, 'v'};
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        options[n++] = (struct option){others[i], required_argument, NULL, 'v'};
    }
    options[n++] = (struct option){"prerender", no_argument, NULL, 'p'};
    options[n++] = (struct option){"field-census", no_argument, NULL, 'c'};
    options[n++] = (struct option){"help", no_argument, NULL, 'h'};
    while ((chosen = getopt_long(argc, argv, "", options, &index)) != -1) {
        switch (chosen) {
        case 'v':
            set_option(options[index].name, optarg);
            break;
        case 'p':
            world.prerender = true;
            break;
        case 'c':
            census = true;
            break;
        case 'h':
            fputs(help, stdout);
            exit(0);
        default:
            exit(2);
        }
    }
    if (optind < argc) {
        refuse("help", argv[optind]);
    }
}

static void set_now(void)
{
    if (!now_text) {
        world_set_now((world.first_day + world.days) * WHEN_DAY);
    } else if (strcmp(now_text, "real") != 0) {
        world_set_now(moment("now", now_text));
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
    if (census) {
        return census_print();
    }
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
