#include <getopt.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "cmd/summary.h"
#include "run/extract.h"

const char cmd_extract_help[] =
    "usage: rollcall extract [--until TIME] [--stream NAME]...\n"
    "\n"
    "Brings every enabled stream up to now: users and queues when older than six\n"
    "hours, real-time adherence, then conversation details. What an earlier run left\n"
    "unfinished goes on at its next page. This is the nightly command.\n"
    "\n"
    "  --until TIME    ISO 8601 time with a zone, or a day (its start, in [extract]\n"
    "                  timezone), that replaces now in all planning (windows,\n"
    "                  lookback, settling); snapshots are of the real moment; at most\n"
    "                  seven days ahead of the clock\n"
    "  --stream NAME   only this stream (repeatable): users, queues,\n"
    "                  adherence_realtime, conversations\n"
    "  -h, --help      print this help\n"
    "\n"
    "Exit codes: 0 done, 11 some of it done, 12 stopped by a signal; the others say\n"
    "what is in the way (`rollcall --exit-codes`). Progress is always kept.\n";

enum { MOST_DAYS_AHEAD = 7 };

struct extract_options {
    const char *until;
    const char *streams[64];
    size_t stream_count;
};

static enum err_kind parse_options(int argc, char **argv, struct extract_options *o, struct err *e)
{
    static const struct option options[] = {{"until", required_argument, NULL, 'u'},
                                            {"stream", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    int answer;

    opterr = 0;
    optind = 1;
    while ((answer = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (answer == 'u') {
            o->until = optarg;
        } else if (answer == 's' && o->stream_count < sizeof(o->streams) / sizeof(o->streams[0])) {
            o->streams[o->stream_count++] = optarg;
        } else {
            return cmd_bad_option("extract", argv, options, answer, e);
        }
    }
    if (optind < argc) {
        err_set(e, ERR_USAGE, "extract: unexpected argument '%s'; see `rollcall extract --help`",
                argv[optind]);
        return ERR_USAGE;
    }
    return ERR_NONE;
}

/* A misspelt stream is told the nearest one. */
static bool check_stream(const char *name, struct err *e)
{
    const char *names[64];

    if (stream_find(name)) {
        return true;
    }
    for (size_t i = 0; i < stream_registry_count; i++) {
        names[i] = stream_registry[i]->name;
    }
    const char *near = str_nearest(name, names, stream_registry_count);
    return err_set(e, ERR_USAGE, "extract: unknown stream '%s'%s%s; see `rollcall extract --help`",
                   name, near ? ", did you mean " : "", near ? near : "");
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

/* The streams to run, in registry order: those of the command line, else those enabled. */
static bool choose_streams(const struct extract_options *o, const struct config *c, struct arena *a,
                           struct extract_request *request, struct err *e)
{
    const struct stream **chosen = arena_array(a, stream_registry_count, sizeof(*chosen));

    for (size_t i = 0; i < o->stream_count; i++) {
        if (!check_stream(o->streams[i], e)) {
            return false;
        }
    }
    for (size_t i = 0; i < stream_registry_count; i++) {
        const struct stream *s = stream_registry[i];
        bool wanted = o->stream_count ? is_listed(s->name, o->streams, o->stream_count)
                                      : is_listed(s->name, c->streams, c->stream_count);
        if (wanted) {
            chosen[request->stream_count++] = s;
        }
        if (wanted && s->windows == WINDOWS_UTC_DAYS && c->start_day == INT32_MIN) {
            return err_set(
                e, ERR_CONFIG,
                "%s%s[extract] start is missing: say from which day on %s are wanted, for "
                "example start = 2026-01-01",
                c->path ? c->path : "", c->path ? ": " : "", s->title);
        }
    }
    request->streams = chosen;
    return true;
}

/* What --until says: a time with a zone, or a business day, which stands for its start. */
static bool parse_until(const char *until, int64_t *until_ms, struct err *e)
{
    int32_t day = 0;

    if (clock_parse_day(until, &day)) {
        *until_ms = clock_zone_day_start_ms(day);
        return true;
    }
    if (!clock_parse(until, false, until_ms)) {
        return err_set(e, ERR_USAGE,
                       "extract: --until '%s' is neither a day (2026-03-01) nor an ISO 8601 time "
                       "with a zone, such as 2026-03-01T06:00:00Z or 2026-03-01T06:00:00+09:00",
                       until);
    }
    return true;
}

/* Days that TIME calls over must be over: a little ahead is the user's business, a mistyped date is
 * not. */
static bool check_ahead(const char *until, int64_t ahead_ms, struct err *e)
{
    if (ahead_ms > MOST_DAYS_AHEAD * MS_PER_DAY) {
        return err_set(e, ERR_USAGE,
                       "extract: --until '%s' lies %lld days in the future; a mistyped date would "
                       "call days whole that are not over (at most %d days ahead)",
                       until, (long long)(ahead_ms / MS_PER_DAY), MOST_DAYS_AHEAD);
    }
    if (ahead_ms > 60 * MS_PER_SECOND) {
        LOG(LOG_WARN, "--until lies in the future: days may be called whole before they are over",
            LOG_S("until", until));
    }
    return true;
}

/* TIME of the run: what --until says, else now. */
static bool choose_time(const char *until, const struct config *c, int64_t *until_ms, struct err *e)
{
    int64_t now_ms = clock_now_ms();

    *until_ms = now_ms;
    if (until && (!parse_until(until, until_ms, e) || !check_ahead(until, *until_ms - now_ms, e))) {
        return false;
    }
    if (c->start_day != INT32_MIN && *until_ms < clock_zone_day_start_ms(c->start_day)) {
        char day[CLOCK_DAY_BYTES];
        return err_set(e, until ? ERR_USAGE : ERR_CONFIG,
                       "extract: the time to read up to lies before [extract] start (%s)",
                       clock_format_day(c->start_day, day));
    }
    return true;
}

enum err_kind cmd_extract(const struct cmd_context *ctx, int argc, char **argv, struct err *e)
{
    struct extract_options o = {0};
    struct config config;
    struct extract_result result = {0};
    enum err_kind kind = parse_options(argc, argv, &o, e);

    if (kind != ERR_NONE) {
        return kind;
    }
    if (!cmd_setup(ctx, true, &config, e)) {
        return e->kind;
    }
    struct progress_line line;
    struct extract_request request = {
        .config = &config,
        .watcher = progress_line_watcher(&line, ctx->verbosity < 0),
    };
    if (!choose_streams(&o, &config, ctx->arena, &request, e) ||
        !choose_time(o.until, &config, &request.until_ms, e) ||
        !cmd_check_tables(&config, ctx->arena, e)) {
        config_wipe(&config);
        return e->kind == ERR_USAGE ? ERR_USAGE
                                    : summary_metrics(ctx, &config, &result, e->kind, e);
    }
    kind = extract_run(&request, ctx->arena, &result, e);
    progress_line_clear();
    config_wipe(&config);
    kind = summary_metrics(ctx, &config, &result, kind, e);
    summary_tell(ctx, &result, kind, e);
    return kind;
}
