#include "run/owner.h"

#include "base/limits.h"
#include "base/log.h"
#include "run/run.h"
#include "sql.h"
#include "streams/stream.h"

bool owner_look(struct run *run, struct err *e)
{
    struct owner *owner = &run->owner;
    int64_t under_way = 0;

    for (size_t i = 0; i < run->request->stream_count; i++) {
        run->who.grants = run->who.grants || stream_has_days(run->request->streams[i]);
    }
    *owner = (struct owner){.config = run->config, .now_ms = run_now_ms(run)};
    if (!ledger_owner(&run->ledger, owner, run->arena, e) ||
        !db_scalar(run->db, sql_window_under_way, &under_way, e)) {
        return false;
    }
    run->who.owner = owner->due;
    /* What was read under other grants does not go on; the past goes by them, and a budget by
     * turns. */
    run->asks_ahead = (run->who.owner || run->who.grants) && under_way == 0 &&
                      !run->request->past && !run->request->rezone && !run->budget.binds;
    return true;
}

bool owner_ask(struct run *run, struct err *e)
{
    const struct config *c = run->config;
    struct client_identity *who = &run->who;
    struct owner *owner = &run->owner;

    if ((who->owner || who->grants) && !client_identify(run->client, run->arena, who, e)) {
        return false;
    }
    owner->id = who->id;
    owner->name = who->name;
    if (who->owner && !ledger_judge(owner, e)) {
        return false;
    }
    if (who->owner && !who->id) {
        LOG(LOG_WARN,
            "the API does not say which organization the client belongs to; nothing keeps "
            "another one's records out of this file",
            LOG_S("error", e->message));
    }
    /* What the API said is kept; a file without an owner gets one. */
    return (!who->owner ||
            db_do(run->db, e, sql_owner_keep, S(who->id), S(who->name), S(c->client_id),
                  S(c->login_url), S(c->api_url), T(owner->now_ms))) &&
           (!who->grants ||
            ledger_grants(&run->ledger, who->subject, who->token, owner->now_ms, e));
}

void owner_ask_again(struct run *run, int64_t lasted_ms)
{
    struct client_identity who = {.grants = true};
    struct err ignored;

    if (run->ledger.grant_set_id != 0 && lasted_ms >= limit_get(LIMIT_GRANTS_MS) &&
        client_identify(run->client, run->arena, &who, &ignored) && (who.subject || who.token)) {
        (void)ledger_grants(&run->ledger, who.subject, who.token, run_now_ms(run), &ignored);
    }
}
