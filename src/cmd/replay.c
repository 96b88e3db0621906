#include "run/replay.h"

#include <stdio.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "etl/ledger.h"

/* What became of it, and whether that is all that was asked for: without days and streams that is
 * what is kept. */
static bool tell(const struct cmd_context *ctx, const struct replay_request *request,
                 const struct replay_result *result, struct err *e)
{
    bool asked = request->from || request->to || ctx->stream_count > 0;

    for (size_t i = 0; i < result->left_count && ctx->verbosity >= 0; i++) {
        printf("left as it is: %s\n", result->left[i]);
    }
    if (ctx->verbosity >= 0) {
        printf("replayed %lld answers: %lld entities, %lld new, %lld changed\n",
               (long long)result->pages, (long long)result->rows.rows_read,
               (long long)result->rows.rows_new, (long long)result->rows.rows_changed);
    }
    if (result->unreadable) {
        return err_set(e, ERR_PARTIAL, "answers that cannot be read any more (raw_page_id): %s",
                       result->unreadable);
    }
    return !asked || result->left_count == 0 ||
           err_set(e, ERR_PARTIAL, "not all that was asked for is kept");
}

bool cmd_replay(struct cmd_context *ctx, struct err *e)
{
    struct replay_request request = {
        .config = &ctx->config, .from = ctx->option[OPT_FROM], .to = ctx->option[OPT_TO]};
    struct replay_result result = {0};
    struct progress_line line;

    if (!cmd_setup(ctx, false, e) ||
        !cmd_streams(ctx, &request.streams, &request.stream_count, e)) {
        return false;
    }
    request.watcher = progress_watch(&line, NULL, 0, ctx->verbosity < 0);
    cmd_warn_root(ctx);
    struct lock_file *locks = cmd_open_alone(ctx, e);
    request.db = ctx->db;
    bool done = locks && db_begin(request.db, e) && replay(&request, ctx->arena, &result, e);
    done = locks && db_finish(request.db, done, e);
    log_status(NULL);
    lock_close(locks);
    return done && tell(ctx, &request, &result, e);
}
