/* Chats, messages and callbacks; e-mails, which wait, are parked, end, and open again. */
#include "conv.h"
#include "when.h"
#include "world.h"

static int customer_session(struct conv *c)
{
    return conv_session(c, conv_participant(c, "customer", -1, c->start), c->media, c->direction,
                        c->start);
}

/* A bot that speaks first. Returns the end of it. */
static int64_t bot(struct conv *c, struct rng *r, int64_t t)
{
    int64_t length = rng_range(r, 4000, 60000);
    int s = conv_session(c, conv_participant(c, "botflow", -1, t), c->media, c->direction, t);
    c->session[s].flow = (int)rng_below(r, WORLD_FLOWS);
    conv_segment(c, s, "system", t, t + length)->disconnect = "transfer";
    conv_metric(c, s, "nBotInteractions", t + length, rng_range(r, 1, 9));
    conv_metric(c, s, "nFlow", t, 1);
    conv_metric(c, s, "tFlow", t + length, length);
    return t + length;
}

/* The callback itself: scheduled, then dialed by the agent. Returns the end. */
static int64_t callback(struct conv *c, struct rng *r, int64_t t, int queue)
{
    int64_t until = t + rng_range(r, 5 * WHEN_MINUTE, 4 * WHEN_HOUR);
    int acd = conv_session(c, conv_participant(c, "acd", -1, t), MEDIA_CALLBACK, "inbound", t);
    c->session[acd].queue = queue;
    conv_segment(c, acd, "scheduled", t, until);
    conv_metric(c, acd, "nCallbackScheduled", t, 1);
    t = conv_serve(c, r, until, queue, true);
    int served = c->served, p = c->session[served].participant;
    int s = conv_session(c, p, MEDIA_VOICE, "outbound", c->session[served].arrive);
    int64_t from = c->session[served].arrive;
    conv_segment(c, s, "dialing", from, from + 6000);
    conv_metric(c, s, "tDialing", from + 6000, 6000);
    conv_metric(c, s, "nCallbackAttempts", from + 6000, 1);
    if (t > from + 6000) {
        conv_segment(c, s, "interact", from + 6000, t)->disconnect = "peer";
    }
    return t;
}

static void responses(struct conv *c, struct rng *r, int s, int64_t from, int64_t to)
{
    int64_t step = (to - from) / 3;
    conv_metric(c, s, "tAgentResponseTime", from + step, rng_range(r, 2000, 90000));
    conv_metric(c, s, "tUserResponseTime", from + 2 * step, rng_range(r, 2000, 120000));
    conv_metric(c, s, "tFirstEngagement", from, rng_range(r, 1000, 60000));
}

void conv_digital(struct conv *c, struct rng *r)
{
    int queue = (int)rng_below(r, (uint64_t)world.queues);
    int customer = customer_session(c);
    int64_t t = c->start;
    if (c->media == MEDIA_CALLBACK) {
        t = callback(c, r, t, queue);
    } else {
        if (c->media == MEDIA_MESSAGE || rng_chance(r, 300)) {
            t = bot(c, r, t);
        }
        int64_t from = t;
        for (int hops = rng_chance(r, 120); hops >= 0; hops--) {
            t = conv_serve(c, r, t, (queue + hops) % world.queues, hops == 0);
            responses(c, r, c->served, from, t);
        }
        /* Threads of messages stay open for their time-out, up to three days. */
        if (c->media == MEDIA_MESSAGE && rng_chance(r, 400)) {
            t += rng_range(r, WHEN_HOUR, 3 * WHEN_DAY);
        }
    }
    conv_segment(c, customer, "interact", c->start, t)->disconnect =
        c->media == MEDIA_MESSAGE ? "timeout" : "client";
}

static void close_period(struct conv *c, int64_t start)
{
    c->period[c->period_count++] = (struct period){start, conv_last_end(c)};
}

void conv_email(struct conv *c, struct rng *r)
{
    int queue = (int)rng_below(r, (uint64_t)world.queues);
    c->media = MEDIA_EMAIL;
    int customer = customer_session(c);
    int64_t t = conv_serve(c, r, c->start, queue, true);
    int agent = c->served;
    uint64_t fate = rng_below(r, 1000);
    if (fate < 60) {
        /* Parked and forgotten. */
        conv_segment(c, agent, "parked", t, WHEN_NEVER);
        conv_segment(c, customer, "interact", c->start, WHEN_NEVER);
        close_period(c, c->start);
        return;
    }
    if (fate < 320) {
        int64_t back = t + rng_range(r, 6 * WHEN_HOUR, 9 * WHEN_DAY),
                more = rng_range(r, 30000, 900000);
        conv_segment(c, agent, "parked", t, back);
        conv_segment(c, agent, "interact", back, back + more)->disconnect = "client";
        conv_metric(c, agent, "tPark", back, back - t);
        conv_metric(c, agent, "tTalk", back + more, more);
        t = back + more;
    }
    conv_metric(c, agent, "tAgentResponseTime", t, t - c->start);
    conv_segment(c, customer, "interact", c->start, t)->disconnect = "client";
    close_period(c, c->start);
    for (int again = rng_chance(r, 180) + rng_chance(r, 40); again > 0; again--) {
        int64_t reply =
            c->period[c->period_count - 1].end + rng_range(r, 4 * WHEN_HOUR, 9 * WHEN_DAY);
        conv_segment(c, customer, "interact", reply, reply + 1);
        int here = c->segment_count - 1;
        t = conv_serve(c, r, reply, queue, true);
        c->segment[here].end = t;
        c->session[customer].end = t;
        close_period(c, reply);
    }
}
