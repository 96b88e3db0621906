/* Adding pieces to a conversation. A scenario that outgrows the arrays is a mistake in it. */
#include "conv.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static int next(int *count, int max)
{
    if (*count >= max) {
        fputs("standin: a scenario outgrew its conversation\n", stderr);
        abort();
    }
    return (*count)++;
}

int conv_participant(struct conv *c, const char *purpose, int agent, int64_t arrive)
{
    int n = next(&c->participant_count, CONV_MAX_PARTICIPANTS);
    c->participant[n] =
        (struct participant){purpose, agent, arrive, rng_pair(c->key, 0x1000u + (unsigned)n)};
    return n;
}

int conv_session(struct conv *c, int participant, enum media media, const char *direction,
                 int64_t arrive)
{
    int n = next(&c->session_count, CONV_MAX_SESSIONS);
    c->session[n] = (struct session){
        .participant = participant,
        .media = media,
        .direction = direction,
        .queue = -1,
        .flow = -1,
        .campaign = -1,
        .arrive = arrive,
        .end = arrive,
        .key = rng_pair(c->key, 0x2000u + (unsigned)n),
    };
    return n;
}

struct segment *conv_segment(struct conv *c, int session, const char *type, int64_t start,
                             int64_t end)
{
    int n = next(&c->segment_count, CONV_MAX_SEGMENTS);
    c->segment[n] = (struct segment){
        .session = session,
        .type = type,
        .queue = c->session[session].queue,
        .wrapup = WRAPUP_NONE,
        .start = start,
        .end = end,
        .arrive = start,
        .vanish = WHEN_NEVER,
        .key = rng_pair(c->key, 0x3000u + (unsigned)n),
    };
    if (end > c->session[session].end) {
        c->session[session].end = end;
    }
    return &c->segment[n];
}

void conv_metric(struct conv *c, int session, const char *name, int64_t emit, int64_t value)
{
    int n = next(&c->metric_count, CONV_MAX_METRICS);
    c->metric[n] = (struct metric){session, name, emit, value, emit, WHEN_NEVER};
}

struct extra *conv_extra(struct conv *c, enum extra_kind kind, int64_t event)
{
    int n = next(&c->extra_count, CONV_MAX_EXTRAS);
    c->extra[n] = (struct extra){
        .kind = kind,
        .agent = -1,
        .queue = -1,
        .event = event,
        .arrive = event,
        .key = rng_pair(c->key, 0x4000u + (unsigned)n),
    };
    return &c->extra[n];
}

int64_t conv_last_end(const struct conv *c)
{
    int64_t last = c->start;
    for (int i = 0; i < c->segment_count; i++) {
        if (c->segment[i].end > last) {
            last = c->segment[i].end;
        }
    }
    return last;
}

int conv_agent(struct rng *r, int queue, int not_this)
{
    int per_queue = world.agents / world.queues > 0 ? world.agents / world.queues : 1;
    int agent = 0;
    for (int tries = 0; tries < 8; tries++) {
        int base =
            rng_chance(r, 850) ? queue * per_queue : (int)rng_below(r, (uint64_t)world.agents);
        agent = (base + (int)rng_below(r, (uint64_t)per_queue)) % world.agents;
        if (agent != not_this && (world_user_active(agent) || rng_chance(r, 100))) {
            break;
        }
    }
    return agent;
}

int64_t conv_end_at(const struct period *periods, int count, int64_t as_of)
{
    int64_t end = WHEN_NEVER;
    for (int i = 0; i < count && periods[i].start <= as_of; i++) {
        end = periods[i].end <= as_of ? periods[i].end : WHEN_NEVER;
    }
    return end;
}
