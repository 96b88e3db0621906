#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "run/run.h"

enum { REQUESTS_LEAST = 20 };

/* The range: days that are over. */
static bool take_range(const struct cmd_context *ctx, struct window_range *past, struct err *e)
{
    char yesterday[CLOCK_DAY_BYTES];
    int32_t today = clock_zone_day(clock_now_ms());
    const char *first = ctx->option[OPT_FROM];
    const char *last = ctx->option[OPT_TO];
    int32_t from;
    int32_t to;

    if (!first || !last || !clock_parse_day(first, &from) || !clock_parse_day(last, &to)) {
        return cmd_usage(ctx, e, "--from and --to say which days");
    }
    if (strcmp(first, "2010-01-01") < 0) { /* a slip: there was no cloud */
        return cmd_usage(ctx, e, "--from %s: there is nothing from before 2010", first);
    }
    if (to >= today) {
        return cmd_usage(ctx, e,
                         "--to %s is not over yet: the last day that is was %s, and `rollcall "
                         "extract` reads what comes",
                         last, clock_format_day(today - 1, yesterday));
    }
    past->from_ms = clock_zone_day_start_ms(from);
    past->to_ms = clock_zone_day_start_ms(to + 1);
    return true;
}

static bool take_requests(const struct cmd_context *ctx, int *most, struct err *e)
{
    const char *text = ctx->option[OPT_MAX_REQUESTS];
    int64_t number = 0;
    bool is_number = !text || str_to_int64(text, REQUESTS_LEAST, INT32_MAX, &number);

    *most = (int)number;
    return is_number ||
           cmd_usage(ctx, e, "--max-requests takes a number of at least %d", REQUESTS_LEAST);
}

/* Leaves out what is of the moment alone; named, it is refused. */
static bool take_streams(struct cmd_context *ctx, struct extract_request *request, struct err *e)
{
    const struct stream *const *all;
    const struct stream **kept = arena_array(ctx->arena, stream_registry_count, sizeof(*kept));
    size_t count;

    if (!cmd_streams(ctx, &all, &count, e)) {
        return false;
    }
    for (size_t i = 0; i < ctx->stream_count; i++) {
        const struct stream *s = stream_find(ctx->streams[i]);

        if (s && !stream_has_days(s)) {
            return cmd_usage(ctx, e, "%s has no past: it is of the moment in which it is read",
                             s->name);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (stream_has_days(all[i])) {
            kept[request->stream_count++] = all[i];
        }
    }
    request->streams = kept;
    return request->stream_count > 0 ||
           cmd_usage(ctx, e, "none of these streams has a past: they are of the moment alone");
}

bool cmd_backfill(struct cmd_context *ctx, struct err *e)
{
    struct window_range past = {.order =
                                    ctx->option[OPT_OLDEST_FIRST] ? ORDER_OLDEST : ORDER_NEWEST};
    struct extract_request request = {.config = &ctx->config,
                                      .past = &past,
                                      .again = ctx->option[OPT_AGAIN] != NULL,
                                      .waits = progress_waits(ctx->verbosity < 0)};
    struct extract_result result;
    struct progress_line line;

    if (!take_requests(ctx, &request.max_requests, e) || !cmd_setup(ctx, true, e) ||
        !take_range(ctx, &past, e) || !take_streams(ctx, &request, e)) {
        return false;
    }
    request.until_ms = clock_now_ms();
    request.watcher =
        progress_watch(&line, request.streams, request.stream_count, ctx->verbosity < 0);
    cmd_warn_root(ctx);
    e->kind = extract_run(&request, ctx->arena, &result, e);
    log_status(NULL);
    if (result.gone && ctx->verbosity >= 0) {
        fprintf(stderr, "rollcall: %s\n", result.gone);
    }
    cmd_tell_run(ctx, &result, true, e);
    return e->kind == ERR_NONE;
}
