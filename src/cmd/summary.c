#include "cmd/summary.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/stream_facts.h"
#include "out/metrics.h"

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

static void print(const struct extract_result *r, enum err_kind kind)
{
    const struct run_totals *t = &r->totals;
    char run[48] = "run (not recorded)";

    if (r->run_id != 0) {
        (void)snprintf(run, sizeof(run), "run %lld", (long long)r->run_id);
    }
    fprintf(stderr,
            "rollcall: %s: %s; streams done %lld, not done %lld; days whole %lld; rows new %lld, "
            "changed %lld, unchanged %lld; requests %lld (%lld retries); %.1f s; exit %d (%s)\n",
            run, verdict(t, kind), (long long)t->streams_done, (long long)t->streams_left,
            (long long)t->days_whole, (long long)t->rows.rows_new, (long long)t->rows.rows_changed,
            (long long)t->rows.rows_unchanged, (long long)t->requests, (long long)t->retries,
            (double)r->elapsed_ms / 1000.0, err_exit_code(kind), err_kind_name(kind));
}

static void log_summary(const struct extract_result *r, enum err_kind kind)
{
    const struct run_totals *t = &r->totals;

    LOG(LOG_INFO, "run ends", LOG_N("run", r->run_id), LOG_S("result", verdict(t, kind)),
        LOG_N("streams_done", t->streams_done), LOG_N("streams_left", t->streams_left),
        LOG_N("days_whole", t->days_whole), LOG_N("rows_new", t->rows.rows_new),
        LOG_N("rows_changed", t->rows.rows_changed),
        LOG_N("rows_unchanged", t->rows.rows_unchanged), LOG_N("requests", t->requests),
        LOG_N("retries", t->retries), LOG_N("elapsed_ms", r->elapsed_ms),
        LOG_N("exit_code", err_exit_code(kind)), LOG_S("exit_name", err_kind_name(kind)));
}

void summary_tell(const struct cmd_context *ctx, const struct extract_result *result,
                  enum err_kind kind, struct err *e)
{
    if (ctx->verbosity < 0) {
        return;
    }
    if (kind == ERR_NONE && !isatty(STDERR_FILENO)) {
        log_summary(result, kind);
        return;
    }
    if (kind != ERR_NONE && e->message[0]) {
        fprintf(stderr, "rollcall: %s\n", str_escaped(ctx->arena, e->message));
        e->message[0] = '\0';
    }
    print(result, kind);
}

enum err_kind summary_metrics(const struct cmd_context *ctx, const struct config *c,
                              const struct extract_result *result, enum err_kind kind,
                              struct err *e)
{
    struct metrics_request request = {
        .path = c->metrics_textfile,
        .database = c->database_path,
        .status = {.now_ms = clock_now_ms(), .due_hours = c->due_hours},
        .kind = kind,
        .elapsed_ms = result->elapsed_ms,
        .totals = &result->totals};
    struct err failed;

    if (!c->metrics_textfile) {
        return kind;
    }
    request.status.streams = stream_facts(c, ctx->arena, &request.status.stream_count);
    if (metrics_write(&request, &failed)) {
        return kind;
    }
    err_prefix(&failed, "[metrics] textfile");
    if (kind != ERR_NONE) {
        LOG(LOG_WARN, "metrics not written", LOG_S("error", failed.message));
        return kind;
    }
    *e = failed;
    return e->kind;
}
