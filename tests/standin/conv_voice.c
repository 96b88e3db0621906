/* Inbound calls: the flow, the queue, the agents; abandoned, transferred, consulted, joined. */
#include "conv.h"
#include "when.h"
#include "world.h"

/* How long something takes: mostly near `usual`, sometimes several times that. */
static int64_t lasts(struct rng *r, int64_t usual)
{
    int64_t part = rng_range(r, usual / 4, usual + usual / 2);
    return rng_chance(r, 80) ? part * 3 : part;
}

struct leg {
    int acd;
    int agent;
    int session;
    int64_t answered;
    int64_t talk;
    int64_t held;
};

/* The wait in the queue. Returns its end. */
static int64_t queue_wait(struct conv *c, struct leg *leg, int64_t t, int64_t wait, int queue)
{
    int acd = conv_participant(c, "acd", -1, t);
    leg->acd = conv_session(c, acd, c->media, c->direction, t);
    c->session[leg->acd].queue = queue;
    conv_segment(c, leg->acd, "interact", t, t + wait)->disconnect = "transfer";
    conv_metric(c, leg->acd, "nOffered", t, 1);
    conv_metric(c, leg->acd, "oServiceTarget", t, 20000);
    conv_metric(c, leg->acd, "oServiceLevel", t + wait, wait <= 20000);
    return t + wait;
}

static void end_wait(struct conv *c, const struct leg *leg, int64_t t, int64_t wait)
{
    conv_metric(c, leg->acd, "tAcd", t, wait);
    conv_metric(c, leg->acd, "tWait", t, wait);
    if (wait > 20000) {
        conv_metric(c, leg->acd, "nOverSla", t, 1);
    }
}

/* An agent who lets it ring. Returns when the ringing stops. */
static int64_t not_responding(struct conv *c, struct rng *r, int64_t t, int queue, int agent)
{
    int64_t alert = rng_range(r, 8000, 15000);
    int p = conv_participant(c, "agent", agent, t);
    int s = conv_session(c, p, c->media, c->direction, t);
    c->session[s].queue = queue;
    struct segment *seg = conv_segment(c, s, "alert", t, t + alert);
    seg->disconnect = "noAnswerTransfer";
    conv_metric(c, s, "tAlert", t + alert, alert);
    conv_metric(c, s, "tNotResponding", t + alert, alert);
    return t + alert;
}

/* Talk, perhaps held in between. Returns the end of it. */
static int64_t talk(struct conv *c, struct rng *r, struct leg *leg, int64_t t)
{
    int holds = rng_chance(r, 620) ? (int)rng_range(r, 1, 2) : 0;
    for (int i = 0; i <= holds; i++) {
        int64_t length = lasts(r, 240000 / (holds + 1));
        struct segment *seg = conv_segment(c, leg->session, "interact", t, t + length);
        t += length;
        leg->talk += length;
        conv_metric(c, leg->session, "tTalk", t, length);
        seg->disconnect = i == holds ? (rng_chance(r, 600) ? "peer" : "client") : 0;
        if (i < holds) {
            int64_t hold = lasts(r, 40000);
            conv_segment(c, leg->session, "hold", t, t + hold);
            t += hold;
            leg->held += hold;
            conv_metric(c, leg->session, "tHeld", t, hold);
        }
    }
    return t;
}

static void wrap_up(struct conv *c, struct rng *r, const struct leg *leg, int64_t t)
{
    int64_t acw = lasts(r, 30000);
    int s = leg->session;
    conv_metric(c, s, "tTalkComplete", t, leg->talk);
    if (leg->held) {
        conv_metric(c, s, "tHeldComplete", t, leg->held);
    }
    struct segment *seg = conv_segment(c, s, "wrapup", t, t + acw);
    seg->wrapup = rng_chance(r, 60) ? WRAPUP_TIMEOUT : (int)rng_below(r, WORLD_WRAPUPS);
    conv_metric(c, s, "tAcw", t + acw, acw);
    conv_metric(c, s, "tHandle", t + acw, leg->talk + leg->held + acw);
}

/* The agent's side up to the answer. Returns the moment of it. */
static int64_t answer(struct conv *c, struct rng *r, struct leg *leg, int64_t t, int queue)
{
    int64_t alert = rng_range(r, 1200, 9000), offered = c->session[leg->acd].arrive;
    int p = conv_participant(c, "agent", leg->agent, t);
    leg->session = conv_session(c, p, c->media, c->direction, t);
    c->session[leg->session].queue = queue;
    conv_segment(c, leg->session, "alert", t, t + alert);
    t += alert;
    conv_metric(c, leg->session, "tAlert", t, alert);
    conv_metric(c, leg->session, "tAnswered", t, t - offered);
    if (c->media == MEDIA_VOICE) {
        conv_metric(c, leg->session, "nConnected", t, 1);
        conv_metric(c, leg->session, "tConnected", t, alert);
    }
    leg->answered = t;
    return t;
}

/* A supervisor listens in, whispers or breaks in. */
static void supervise(struct conv *c, struct rng *r, const struct leg *leg, int64_t end)
{
    static const char *const ways[] = {"monitoring", "coaching", "barging"};
    static const char *const counts[] = {"tMonitoring", "tCoaching", "tBarging"};
    uint64_t way = rng_below(r, 3);
    int64_t from = leg->answered + (end - leg->answered) / 3;
    int p = conv_participant(c, "user", (leg->agent + 1) % world.agents, from);
    int s = conv_session(c, p, c->media, c->direction, from);
    conv_segment(c, s, ways[way], from, end);
    conv_metric(c, s, counts[way], end, end - from);
}

int64_t conv_serve(struct conv *c, struct rng *r, int64_t t, int queue, bool last)
{
    struct leg leg = {.agent = conv_agent(r, queue, -1)};
    int64_t wait = c->media == MEDIA_EMAIL ? lasts(r, 20 * WHEN_MINUTE) : lasts(r, 18000);
    int64_t offered = t;
    t = queue_wait(c, &leg, t, wait, queue);
    if (rng_chance(r, 60)) {
        t = not_responding(c, r, t, queue, conv_agent(r, queue, leg.agent));
        c->segment[c->segment_count - 2].end = t;
        c->session[leg.acd].end = t;
    }
    end_wait(c, &leg, t, t - offered);
    t = answer(c, r, &leg, t, queue);
    t = talk(c, r, &leg, t);
    if (!last) {
        c->segment[c->segment_count - 1].disconnect = "transfer";
        conv_metric(c, leg.session, "nTransferred", t, 1);
        conv_metric(c, leg.session, "nBlindTransferred", t, 1);
    }
    c->served = leg.session;
    if (rng_chance(r, c->showcase ? 1000 : 12)) {
        supervise(c, r, &leg, t);
    }
    wrap_up(c, r, &leg, t);
    return t;
}

/* The first agent asks a second one, who then takes over or is joined. Returns the end. */
static int64_t consult(struct conv *c, struct rng *r, int64_t t, int queue)
{
    int first = c->served;
    int agent = conv_agent(r, queue, c->participant[c->session[first].participant].agent);
    bool join = rng_chance(r, 420);
    int64_t ask = lasts(r, 25000), together = join ? lasts(r, 60000) : 0;
    int p = conv_participant(c, "agent", agent, t);
    int s = conv_session(c, p, MEDIA_VOICE, "outbound", t);
    struct leg leg = {.session = s, .agent = agent, .talk = ask + together};
    conv_segment(c, s, "dialing", t, t + 3000);
    conv_metric(c, s, "tDialing", t + 3000, 3000);
    conv_segment(c, s, "interact", t + 3000, t + 3000 + ask);
    t += 3000 + ask;
    conv_metric(c, s, "tTalk", t, ask);
    conv_metric(c, first, "nConsult", t, 1);
    if (join) {
        c->conference = t;
        conv_segment(c, s, "interact", t, t + together)->conference = true;
        conv_segment(c, first, "interact", t, t + together)->conference = true;
        c->segment[c->segment_count - 1].disconnect = "conferenceTransfer";
    } else {
        conv_metric(c, first, "nTransferred", t, 1);
        conv_metric(c, first, "nConsultTransferred", t, 1);
    }
    int64_t more = lasts(r, 150000);
    conv_segment(c, s, "interact", t + together, t + together + more)->disconnect = "peer";
    leg.talk += more;
    t += together + more;
    conv_metric(c, s, "tTalk", t, together + more);
    wrap_up(c, r, &leg, t);
    return t;
}

/* The flow that answers the call. Returns its end. */
static int64_t ivr(struct conv *c, struct rng *r, int64_t t, bool contained)
{
    int64_t length = lasts(r, 40000);
    int p = conv_participant(c, "ivr", -1, t);
    int s = conv_session(c, p, MEDIA_VOICE, "inbound", t);
    c->session[s].flow = (int)rng_below(r, WORLD_FLOWS);
    conv_segment(c, s, "system", t, t + 210);
    conv_segment(c, s, "ivr", t + 210, t + length)->disconnect = contained ? "peer" : "transfer";
    t += length;
    conv_metric(c, s, "nFlow", t - length, 1);
    conv_metric(c, s, "tIvr", t, length - 210);
    conv_metric(c, s, "tFlow", t, length);
    conv_metric(c, s, contained ? "tFlowDisconnect" : "tFlowExit", t, length);
    if (rng_chance(r, 600) || c->showcase) {
        conv_metric(c, s, "nFlowOutcome", t, 1);
        conv_metric(c, s, "tFlowOutcome", t, length / 2);
    }
    return t;
}

/* The customer gives up, or the queue's flow takes the call out. Returns the end. */
static int64_t not_served(struct conv *c, struct rng *r, int64_t t, int queue)
{
    struct leg leg = {0};
    bool flow_out = rng_chance(r, 280), brief = rng_chance(r, 300);
    int64_t wait = flow_out ? lasts(r, 90000) : brief ? rng_range(r, 300, 4900) : lasts(r, 60000);
    t = queue_wait(c, &leg, t, wait, queue);
    struct segment *seg = &c->segment[c->segment_count - 1];
    conv_metric(c, leg.acd, "tAcd", t, wait);
    if (!flow_out) {
        seg->disconnect = "peer";
        conv_metric(c, leg.acd, "tWait", t, wait);
        conv_metric(c, leg.acd, "tAbandon", t, wait);
        if (wait < 5000) {
            conv_metric(c, leg.acd, "tShortAbandon", t, wait);
        }
        return t;
    }
    conv_metric(c, leg.acd, "tFlowOut", t, wait);
    conv_metric(c, leg.acd, "nFlowOut", t, 1);
    int64_t message = lasts(r, 30000);
    int p = conv_participant(c, "voicemail", -1, t);
    int s = conv_session(c, p, MEDIA_VOICE, "inbound", t);
    conv_segment(c, s, "voicemail", t, t + message)->disconnect = "peer";
    conv_metric(c, s, "tVoicemail", t + message, message);
    return t + message;
}

void conv_voice(struct conv *c, struct rng *r)
{
    int64_t t = c->start;
    int queue = (int)rng_below(r, (uint64_t)world.queues);
    uint64_t fate = c->showcase ? 500 : rng_below(r, 1000);
    int customer =
        conv_session(c, conv_participant(c, "customer", -1, t), MEDIA_VOICE, "inbound", t);
    int64_t connected = t + rng_range(r, 150, 900);
    /* A service that is reported afterwards stands before what was there already. */
    if (c->showcase || rng_chance(r, 25)) {
        int late = conv_participant(c, "workflow", -1, t + rng_range(r, WHEN_HOUR, 40 * WHEN_HOUR));
        conv_session(c, late, MEDIA_VOICE, "inbound", c->participant[late].arrive);
    }
    conv_segment(c, customer, "system", t, connected);
    t = ivr(c, r, connected, fate < 90);
    conv_segment(c, customer, "interact", connected, t);
    int64_t left_flow = t;
    if (fate < 90) {
        c->self_served = true;
    } else if (fate < 200) {
        t = not_served(c, r, t, queue);
    } else {
        for (int hops = rng_chance(r, 190) + rng_chance(r, 30); hops >= 0; hops--) {
            t = conv_serve(c, r, t, queue, hops == 0);
            queue = (queue + 1) % world.queues;
        }
        if (c->showcase || rng_chance(r, 70)) {
            t = consult(c, r, t, queue);
        }
    }
    if (t > left_flow) {
        conv_segment(c, customer, "interact", left_flow, t)->disconnect =
            rng_chance(r, 500) ? "client" : "endpoint";
    }
    conv_metric(c, customer, "tConnected", connected, connected - c->start);
}
