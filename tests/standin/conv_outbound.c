/* Calls that an agent or a campaign makes. */
#include "conv.h"
#include "when.h"
#include "world.h"

/* What the called side has. Returns the session. */
static int called(struct conv *c, const char *purpose, int64_t dialed, int64_t answered,
                  int64_t end)
{
    int p = conv_participant(c, purpose, -1, dialed);
    int s = conv_session(c, p, MEDIA_VOICE, "outbound", dialed);
    conv_segment(c, s, "dialing", dialed, answered);
    if (end > answered) {
        conv_segment(c, s, "interact", answered, end)->disconnect = "endpoint";
    } else {
        c->segment[c->segment_count - 1].disconnect = "uncallable";
    }
    return s;
}

static void after_work(struct conv *c, struct rng *r, int s, int64_t t, int64_t talked)
{
    int64_t acw = rng_range(r, 5000, 45000);
    conv_metric(c, s, "tTalk", t, talked);
    conv_metric(c, s, "tTalkComplete", t, talked);
    conv_segment(c, s, "wrapup", t, t + acw)->wrapup = (int)rng_below(r, WORLD_WRAPUPS);
    conv_metric(c, s, "tAcw", t + acw, acw);
    conv_metric(c, s, "tHandle", t + acw, talked + acw);
}

static void manual(struct conv *c, struct rng *r)
{
    int64_t t = c->start, ring = rng_range(r, 4000, 25000);
    int64_t talked = rng_chance(r, 700) ? rng_range(r, 20000, 400000) : 0;
    int agent = conv_agent(r, (int)rng_below(r, (uint64_t)world.queues), -1);
    bool internal = rng_chance(r, 150);
    int s = conv_session(c, conv_participant(c, internal ? "user" : "agent", agent, t), MEDIA_VOICE,
                         "outbound", t);
    c->initiator = internal ? "user" : "agent";
    conv_segment(c, s, "contacting", t, t + 1500);
    conv_metric(c, s, "nOutbound", t, 1);
    conv_metric(c, s, "tContacting", t + 1500, 1500);
    conv_segment(c, s, "dialing", t + 1500, t + ring);
    conv_metric(c, s, "tDialing", t + ring, ring - 1500);
    called(c, internal ? "user" : "external", t + 1500, t + ring, t + ring + talked);
    if (talked) {
        conv_segment(c, s, "interact", t + ring, t + ring + talked)->disconnect = "peer";
        conv_metric(c, s, "nConnected", t + ring, 1);
        conv_metric(c, s, "tConnected", t + ring, ring);
        after_work(c, r, s, t + ring + talked, talked);
    }
}

static void campaign(struct conv *c, struct rng *r)
{
    int64_t t = c->start, ring = rng_range(r, 3000, 20000);
    int number = (int)rng_below(r, WORLD_CAMPAIGNS);
    bool reached = rng_chance(r, 550);
    int64_t talked = reached ? rng_range(r, 15000, 300000) : 0;
    int dialer = conv_session(c, conv_participant(c, "dialer", -1, t), MEDIA_VOICE, "outbound", t);
    c->initiator = "dialer";
    c->session[dialer].campaign = number;
    conv_segment(c, dialer, "dialing", t, t + ring);
    conv_metric(c, dialer, "nOutboundAttempted", t, 1);
    int s = called(c, "customer", t, t + ring, t + ring + talked);
    c->session[s].campaign = number;
    if (!reached) {
        return;
    }
    conv_metric(c, dialer, "nOutboundConnected", t + ring, 1);
    int queue = number % world.queues;
    int p = conv_participant(c, "agent", conv_agent(r, queue, -1), t + ring);
    s = conv_session(c, p, MEDIA_VOICE, "outbound", t + ring);
    c->session[s].campaign = number;
    c->session[s].queue = queue;
    conv_segment(c, s, "alert", t + ring, t + ring + 400);
    conv_metric(c, s, "tAlert", t + ring + 400, 400);
    conv_segment(c, s, "interact", t + ring + 400, t + ring + talked)->disconnect = "client";
    after_work(c, r, s, t + ring + talked, talked - 400);
}

void conv_outbound(struct conv *c, struct rng *r)
{
    c->direction = "outbound";
    if (rng_chance(r, 450)) {
        manual(c, r);
    } else {
        campaign(c, r);
    }
}
