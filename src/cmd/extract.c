#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "out/out.h"
#include "probe/probe.h"
#include "run/run.h"

enum { MOST_DAYS_AHEAD = 7 };

/* TIME of the run: what --until says (a time with a zone, or a business day, which stands for its
 * start), else now. */
static bool choose_time(const char *until, int64_t *until_ms, struct err *e)
{
    int64_t now_ms = clock_now_ms();
    int32_t until_day = 0;

    *until_ms = now_ms;
    if (until && clock_parse_day(until, &until_day)) {
        *until_ms = clock_zone_day_start_ms(until_day);
    } else if (until && !clock_parse(until, false, until_ms)) {
        return err_set(e, ERR_USAGE,
                       "extract: --until '%s' is neither a day (2026-03-01) nor an ISO 8601 time "
                       "with a zone, such as 2026-03-01T06:00:00Z or 2026-03-01T06:00:00+09:00",
                       until);
    }
    /* Days that TIME calls over must be over: a little ahead is the user's business, a mistyped
     * date is not. */
    int64_t ahead_ms = *until_ms - now_ms;
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

static bool has_needs(const struct cmd_context *ctx, const struct extract_request *r, struct err *e)
{
    const struct needs needs = {.arena = ctx->arena,
                                .config = r->config,
                                .streams = r->streams,
                                .stream_count = r->stream_count,
                                .until_ms = r->until_ms,
                                .until_given = ctx->option[OPT_UNTIL] != NULL};
    size_t at = 0;

    return !needs_unmet(&needs, true, &at, e);
}

/* --- how it ended ---------------------------------------------------------------------------- */

static const char *verdict(const struct run_totals *t, enum err_kind kind)
{
    if (kind == ERR_STOPPED) {
        return "stopped, not all done";
    }
    if (kind != ERR_NONE) {
        return t->streams_left > 0 ? "not all done" : "done, but for what is said above";
    }
    return t->rows.rows_new + t->rows.rows_changed == 0 ? "nothing new" : "done";
}

/* Prints what is in the way: of each stream a line, or the run's own error (-v and the table run
 * have it all), and whose credentials a login had. What was printed is taken out of `e`. */
static void tell_errors(const struct cmd_context *ctx, const struct extract_result *result,
                        struct err *e)
{
    bool is_streams = result->line_count > 0 && !err_facts[e->kind].ends_run;
    const char *said = ctx->verbosity > 0 ? e->message : err_brief(e, ctx->arena);
    const char *origins = strstr(err_evidence(e, ctx->arena), ORIGINS_MARK);

    for (size_t i = 0; i < result->line_count && (is_streams || e->kind == ERR_STOPPED); i++) {
        fprintf(stderr, "rollcall: %s\n", str_escaped(ctx->arena, result->lines[i]));
    }
    if (e->kind != ERR_NONE && e->message[0] && !is_streams) {
        fprintf(stderr, "rollcall: %s\n", str_escaped(ctx->arena, said));
        if (origins && !strstr(said, origins)) {
            fprintf(stderr, "%s\n", str_escaped(ctx->arena, origins + 1));
        }
    }
    e->message[0] = '\0';
}

void cmd_tell_run(const struct cmd_context *ctx, const struct extract_result *result, bool always,
                  struct err *e)
{
    const struct run_totals *t = &result->totals;
    enum err_kind kind = e->kind;
    const char *run = result->run_id == 0
                          ? "run (not recorded)"
                          : arena_printf(ctx->arena, "run %lld", (long long)result->run_id);

    tell_errors(ctx, result, e);
    if (ctx->verbosity < 0) {
        return;
    }
    if (kind == ERR_NONE && !always && !isatty(STDERR_FILENO)) {
        LOG(LOG_INFO, "run ends", LOG_N("run", result->run_id), LOG_S("result", verdict(t, kind)),
            LOG_N("streams_done", t->streams_done), LOG_N("streams_left", t->streams_left),
            LOG_N("days_whole", t->days_whole), LOG_N("rows_new", t->rows.rows_new),
            LOG_N("rows_changed", t->rows.rows_changed),
            LOG_N("rows_unchanged", t->rows.rows_unchanged), LOG_N("requests", t->requests),
            LOG_N("retries", t->retries), LOG_N("elapsed_ms", result->elapsed_ms),
            LOG_N("exit_code", err_facts[kind].exit_code),
            LOG_S("exit_name", err_facts[kind].name));
        return;
    }
    fprintf(stderr,
            "rollcall: %s: %s; streams done %lld, not done %lld; days whole %lld; rows new %lld, "
            "changed %lld, unchanged %lld; requests %lld (%lld retries); %.1f s; exit %d (%s)\n",
            run, verdict(t, kind), (long long)t->streams_done, (long long)t->streams_left,
            (long long)t->days_whole, (long long)t->rows.rows_new, (long long)t->rows.rows_changed,
            (long long)t->rows.rows_unchanged, (long long)t->requests, (long long)t->retries,
            (double)result->elapsed_ms / 1000.0, err_facts[kind].exit_code, err_facts[kind].name);
    if (result->leave_out) {
        fprintf(stderr,
                "rollcall: to leave out all that the client may not read, in [extract]:\n"
                "streams = %s\n",
                result->leave_out);
    }
}

/* Writes the metrics file, if the configuration names one, whatever became of the run. Where it
 * cannot be written that is the command's error when all else was well, else a warning. */
static void write_metrics(const struct config *c, const struct extract_result *result,
                          struct err *e)
{
    struct err failed;

    if (!c->metrics_textfile ||
        metrics_write(c, clock_now_ms(), e->kind, result->elapsed_ms, &result->totals, &failed)) {
        return;
    }
    err_prefix(&failed, "[metrics] textfile");
    if (e->kind == ERR_NONE) {
        *e = failed;
    } else {
        LOG(LOG_WARN, "metrics not written", LOG_S("error", failed.message));
    }
}

bool cmd_extract(struct cmd_context *ctx, struct err *e)
{
    const struct config *c = &ctx->config;
    struct extract_result result = {0};
    struct progress_line line;

    if (!cmd_setup(ctx, true, e)) {
        return false;
    }
    struct extract_request request = {
        .config = c,
        .rezone = ctx->option[OPT_REZONE] != NULL,
        .watcher = progress_watch(&line, NULL, 0, ctx->verbosity < 0),
        .waits = progress_waits(ctx->verbosity < 0),
    };
    if (!cmd_streams(ctx, &request.streams, &request.stream_count, e) ||
        !choose_time(ctx->option[OPT_UNTIL], &request.until_ms, e) ||
        !has_needs(ctx, &request, e)) {
        if (e->kind != ERR_USAGE) {
            write_metrics(c, &result, e);
        }
        return false;
    }
    cmd_warn_root(ctx);
    e->kind = extract_run(&request, ctx->arena, &result, e);
    log_status(NULL);
    write_metrics(c, &result, e);
    cmd_tell_run(ctx, &result, false, e);
    return e->kind == ERR_NONE;
}
