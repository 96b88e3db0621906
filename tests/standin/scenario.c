/* What happens in conversations: calls in and out, chats, messages, callbacks, e-mails. */
#include "conv.h"
#include "when.h"
#include "world.h"

/* --- helpers --- */

/* An agent for a queue, other than `not_this`. */
static int pick_agent(struct rng *r, int queue, int not_this)
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

/* A participant with one session; returns the session. */
static int join(struct conv *c, const char *purpose, int agent, enum media media,
                const char *direction, int64_t t)
{
    return conv_session(c, conv_participant(c, purpose, agent, t), media, direction, t);
}

/* A segment, and how long it lasted as a metric of its end. */
static struct segment *stage(struct conv *c, int session, const char *type, const char *metric,
                             int64_t from, int64_t to)
{
    conv_metric(c, session, metric, to, to - from);
    return conv_segment(c, session, type, from, to);
}

/* Sessions of customers name a queue too; none of their metrics counts for it. */
static struct segment *with_customer(struct conv *c, int session, int queue, int64_t from,
                                     int64_t to)
{
    struct segment *seg = conv_segment(c, session, "interact", from, to);
    seg->queue = queue;
    return seg;
}

/* How long something takes: mostly near `usual`, sometimes several times that. */
static int64_t lasts(struct rng *r, int64_t usual)
{
    int64_t part = rng_range(r, usual / 4, usual + usual / 2);
    return rng_chance(r, 80) ? part * 3 : part;
}

struct leg {
    int acd;
    int queue;
    int64_t offered;
    int agent;
    int session;
    int64_t answered;
    int64_t dialed;
    int64_t talk;
    int64_t held;
};

/* Something that befalls few: told by the conversation and its time, so that what is drawn for
 * others stays as it is. */
static bool befalls(const struct conv *c, int64_t t, unsigned permille)
{
    struct rng own = {rng_pair(c->key, (uint64_t)t)};
    return rng_chance(&own, permille);
}

/* Joins a queue. */
static void enter(struct conv *c, struct leg *leg, int64_t t, int queue)
{
    c->session[leg->acd].queue = queue;
    leg->queue = queue;
    leg->offered = t;
    conv_metric(c, leg->acd, "nOffered", t, 1);
}

/* The wait in the queue, from which few go on to the next one, in the same session. Returns its
 * end. */
static int64_t queue_wait(struct conv *c, struct leg *leg, int64_t t, int64_t wait, int queue)
{
    leg->acd = join(c, "acd", -1, c->media, c->direction, t);
    enter(c, leg, t, queue);
    if (befalls(c, t, 40)) {
        int64_t first = wait / 3;
        conv_segment(c, leg->acd, "interact", t, t + first);
        conv_metric(c, leg->acd, "tAcd", t + first, first);
        conv_metric(c, leg->acd, "tFlowOut", t + first, first);
        t += first;
        wait -= first;
        enter(c, leg, t, (queue + 1) % world.queues);
    }
    conv_segment(c, leg->acd, "interact", t, t + wait)->disconnect = "transfer";
    return t + wait;
}

/* An agent who lets it ring. Returns when the ringing stops. */
static int64_t not_responding(struct conv *c, struct rng *r, int64_t t, int queue, int agent)
{
    int64_t alert = rng_range(r, 8000, 15000);
    int s = join(c, "agent", agent, c->media, c->direction, t);
    c->session[s].queue = queue;
    stage(c, s, "alert", "tAlert", t, t + alert)->disconnect = "noAnswerTransfer";
    conv_metric(c, s, "tNotResponding", t + alert, alert);
    return t + alert;
}

/* Talk, perhaps held in between. Returns the end of it. */
static int64_t talk(struct conv *c, struct rng *r, struct leg *leg, int64_t t)
{
    int holds = rng_chance(r, 620) ? (int)rng_range(r, 1, 2) : 0;
    for (int i = 0; i <= holds; i++) {
        int64_t length = lasts(r, 240000 / (holds + 1));
        struct segment *seg = stage(c, leg->session, "interact", "tTalk", t, t + length);
        t += length;
        leg->talk += length;
        seg->disconnect = i == holds ? (rng_chance(r, 600) ? "peer" : "client") : 0;
        if (i < holds) {
            int64_t hold = lasts(r, 40000);
            stage(c, leg->session, "hold", "tHeld", t, t + hold);
            t += hold;
            leg->held += hold;
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
    stage(c, s, "wrapup", "tAcw", t, t + acw)->wrapup =
        rng_chance(r, 60) ? WRAPUP_TIMEOUT : (int)rng_below(r, WORLD_WRAPUPS);
    conv_metric(c, s, "tHandle", t + acw, leg->dialed + leg->talk + leg->held + acw);
}

/* It counts as answered, perhaps late. */
static void count_answer(struct conv *c, const struct leg *leg, int64_t t)
{
    conv_metric(c, leg->session, "tAnswered", t, t - leg->offered);
    if (t - leg->offered > 20000) {
        conv_metric(c, leg->session, "nOverSla", t, 1);
    }
}

/* The agent's side up to the answer: of a callback that reached the customer first there is none.
 * Returns the moment of it. */
static int64_t answer(struct conv *c, struct rng *r, struct leg *leg, int64_t t)
{
    int64_t alert = rng_range(r, 1200, 9000);
    bool customer_first = c->media == MEDIA_CALLBACK && befalls(c, t, 200);
    leg->session = join(c, "agent", leg->agent, c->media, c->direction, t);
    c->session[leg->session].queue = leg->queue;
    stage(c, leg->session, "alert", "tAlert", t, t + alert);
    t += alert;
    if (!customer_first) {
        count_answer(c, leg, t);
    }
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
    int s = join(c, "user", (leg->agent + 1) % world.agents, c->media, c->direction, from);
    stage(c, s, ways[way], counts[way], from, end);
}

/* One visit to a queue ending with an agent; returns when it is over. */
static int64_t serve(struct conv *c, struct rng *r, int64_t t, int queue, bool last)
{
    struct leg leg = {.agent = pick_agent(r, queue, -1)};
    int64_t wait = c->media == MEDIA_EMAIL ? lasts(r, 20 * WHEN_MINUTE) : lasts(r, 18000);
    t = queue_wait(c, &leg, t, wait, queue);
    if (rng_chance(r, 60)) {
        t = not_responding(c, r, t, leg.queue, pick_agent(r, queue, leg.agent));
        c->segment[c->segment_count - 2].end = t;
        c->session[leg.acd].end = t;
    }
    conv_metric(c, leg.acd, "tAcd", t, t - leg.offered);
    t = answer(c, r, &leg, t);
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
    int agent = pick_agent(r, queue, c->participant[c->session[first].participant].agent);
    bool joined = rng_chance(r, 420);
    int64_t ask = lasts(r, 25000), together = joined ? lasts(r, 60000) : 0;
    struct leg leg = {.agent = agent, .dialed = 3000, .talk = ask + together};
    bool through_queue = befalls(c, t, 400);
    conv_metric(c, first, "nConsult", t, 1);
    if (through_queue) {
        int64_t wait = ask / 2;
        leg.acd = join(c, "acd", -1, MEDIA_VOICE, "outbound", t);
        enter(c, &leg, t, queue);
        stage(c, leg.acd, "interact", "tAcd", t, t + wait)->disconnect = "transfer";
        t += wait;
    }
    int s = leg.session = join(c, "agent", agent, MEDIA_VOICE, "outbound", t);
    c->session[s].queue = through_queue ? queue : -1;
    stage(c, s, "dialing", "tDialing", t, t + leg.dialed);
    t += leg.dialed;
    if (through_queue) {
        count_answer(c, &leg, t);
    }
    stage(c, s, "interact", "tTalk", t, t + ask);
    t += ask;
    if (joined) {
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
    int s = join(c, "ivr", -1, MEDIA_VOICE, "inbound", t);
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
    wait = t - leg.offered;
    conv_metric(c, leg.acd, "tAcd", t, wait);
    if (!flow_out) {
        seg->disconnect = "peer";
        conv_metric(c, leg.acd, "tAbandon", t, wait);
        if (wait < 5000) {
            conv_metric(c, leg.acd, "tShortAbandon", t, wait);
        }
        return t;
    }
    conv_metric(c, leg.acd, "tFlowOut", t, wait);
    int64_t message = lasts(r, 30000);
    int s = join(c, "voicemail", -1, MEDIA_VOICE, "inbound", t);
    stage(c, s, "voicemail", "tVoicemail", t, t + message)->disconnect = "peer";
    return t + message;
}

static void inbound_call(struct conv *c, struct rng *r)
{
    int64_t t = c->start;
    int queue = (int)rng_below(r, (uint64_t)world.queues);
    uint64_t fate = c->showcase ? 500 : rng_below(r, 1000);
    int customer = join(c, "customer", -1, MEDIA_VOICE, "inbound", t);
    int64_t connected = t + rng_range(r, 150, 900);
    /* A service that is reported afterwards stands before what was there already. */
    if (c->showcase || rng_chance(r, 25)) {
        join(c, "workflow", -1, MEDIA_VOICE, "inbound",
             t + rng_range(r, WHEN_HOUR, 40 * WHEN_HOUR));
    }
    conv_segment(c, customer, "system", t, connected);
    t = ivr(c, r, connected, fate < 90);
    conv_segment(c, customer, "interact", connected, t);
    int64_t left_flow = t;
    int first_queue = queue;
    if (fate < 90) {
        c->self_served = true;
    } else if (fate < 200) {
        t = not_served(c, r, t, queue);
    } else {
        for (int hops = rng_chance(r, 190) + rng_chance(r, 30); hops >= 0; hops--) {
            t = serve(c, r, t, queue, hops == 0);
            queue = (queue + 1) % world.queues;
        }
        if (c->showcase || rng_chance(r, 70)) {
            t = consult(c, r, t, queue);
        }
    }
    if (t > left_flow) {
        struct segment *with = with_customer(c, customer, first_queue, left_flow, t);
        with->disconnect = rng_chance(r, 500) ? "client" : "endpoint";
    }
    conv_metric(c, customer, "tConnected", connected, connected - c->start);
}

/* --- calls that an agent or a campaign makes --- */

/* What the called side has. Returns the session. */
static int called(struct conv *c, const char *purpose, int64_t dialed, int64_t answered,
                  int64_t end)
{
    int s = join(c, purpose, -1, MEDIA_VOICE, "outbound", dialed);
    conv_segment(c, s, "dialing", dialed, answered);
    if (end > answered) {
        conv_segment(c, s, "interact", answered, end)->disconnect = "endpoint";
    } else {
        c->segment[c->segment_count - 1].disconnect = "uncallable";
    }
    return s;
}

static void after_work(struct conv *c, struct rng *r, int s, int64_t t, int64_t talked,
                       int64_t dialed)
{
    int64_t acw = rng_range(r, 5000, 45000);
    conv_metric(c, s, "tTalk", t, talked);
    conv_metric(c, s, "tTalkComplete", t, talked);
    stage(c, s, "wrapup", "tAcw", t, t + acw)->wrapup = (int)rng_below(r, WORLD_WRAPUPS);
    conv_metric(c, s, "tHandle", t + acw, dialed + talked + acw);
}

static void manual(struct conv *c, struct rng *r)
{
    int64_t t = c->start, ring = rng_range(r, 4000, 25000);
    int64_t talked = rng_chance(r, 700) ? rng_range(r, 20000, 400000) : 0;
    int agent = pick_agent(r, (int)rng_below(r, (uint64_t)world.queues), -1);
    bool internal = rng_chance(r, 150);
    int s = join(c, internal ? "user" : "agent", agent, MEDIA_VOICE, "outbound", t);
    c->initiator = internal ? "user" : "agent";
    conv_segment(c, s, "contacting", t, t + 1500);
    conv_metric(c, s, "nOutbound", t, 1);
    conv_metric(c, s, "tContacting", t + 1500, 1500);
    stage(c, s, "dialing", "tDialing", t + 1500, t + ring);
    called(c, internal ? "user" : "external", t + 1500, t + ring, t + ring + talked);
    if (talked) {
        conv_segment(c, s, "interact", t + ring, t + ring + talked)->disconnect = "peer";
        conv_metric(c, s, "nConnected", t + ring, 1);
        conv_metric(c, s, "tConnected", t + ring, ring);
        after_work(c, r, s, t + ring + talked, talked, ring);
    }
}

static void campaign(struct conv *c, struct rng *r)
{
    int64_t t = c->start, ring = rng_range(r, 3000, 20000);
    int number = (int)rng_below(r, WORLD_CAMPAIGNS);
    bool reached = rng_chance(r, 550);
    int64_t talked = reached ? rng_range(r, 15000, 300000) : 0;
    int dialer = join(c, "dialer", -1, MEDIA_VOICE, "outbound", t);
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
    s = join(c, "agent", pick_agent(r, queue, -1), MEDIA_VOICE, "outbound", t + ring);
    c->session[s].campaign = number;
    c->session[s].queue = queue;
    stage(c, s, "alert", "tAlert", t + ring, t + ring + 400);
    conv_segment(c, s, "interact", t + ring + 400, t + ring + talked)->disconnect = "client";
    after_work(c, r, s, t + ring + talked, talked - 400, 0);
}

static void outbound_call(struct conv *c, struct rng *r)
{
    c->direction = "outbound";
    if (rng_chance(r, 450)) {
        manual(c, r);
    } else {
        campaign(c, r);
    }
}

/* --- chats, messages and callbacks; e-mails, which wait, are parked, end, and open again --- */

/* A bot that speaks first. Returns the end of it. */
static int64_t bot(struct conv *c, struct rng *r, int64_t t)
{
    int64_t length = rng_range(r, 4000, 60000);
    int s = join(c, "botflow", -1, c->media, c->direction, t);
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
    int acd = join(c, "acd", -1, MEDIA_CALLBACK, "inbound", t);
    c->session[acd].queue = queue;
    conv_segment(c, acd, "scheduled", t, until);
    conv_metric(c, acd, "nCallbackScheduled", t, 1);
    t = serve(c, r, until, queue, true);
    int served = c->served, p = c->session[served].participant;
    int s = conv_session(c, p, MEDIA_VOICE, "outbound", c->session[served].arrive);
    int64_t from = c->session[served].arrive;
    stage(c, s, "dialing", "tDialing", from, from + 6000);
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

static void digital(struct conv *c, struct rng *r)
{
    int queue = (int)rng_below(r, (uint64_t)world.queues);
    int customer = join(c, "customer", -1, c->media, c->direction, c->start);
    int64_t t = c->start;
    if (c->media == MEDIA_CALLBACK) {
        t = callback(c, r, t, queue);
    } else {
        if (c->media == MEDIA_MESSAGE || rng_chance(r, 300)) {
            t = bot(c, r, t);
        }
        int64_t from = t;
        for (int hops = rng_chance(r, 120); hops >= 0; hops--) {
            t = serve(c, r, t, (queue + hops) % world.queues, hops == 0);
            responses(c, r, c->served, from, t);
        }
        /* Threads of messages stay open for their time-out, up to three days. */
        if (c->media == MEDIA_MESSAGE && rng_chance(r, 400)) {
            t += rng_range(r, WHEN_HOUR, 3 * WHEN_DAY);
        }
    }
    with_customer(c, customer, queue, c->start, t)->disconnect =
        c->media == MEDIA_MESSAGE ? "timeout" : "client";
}

static void close_period(struct conv *c, int64_t start)
{
    c->period[c->period_count++] = (struct period){start, conv_last_end(c)};
}

static void email(struct conv *c, struct rng *r)
{
    int queue = (int)rng_below(r, (uint64_t)world.queues);
    c->media = MEDIA_EMAIL;
    int customer = join(c, "customer", -1, c->media, c->direction, c->start);
    int64_t t = serve(c, r, c->start, queue, true);
    int agent = c->served;
    uint64_t fate = rng_below(r, 1000);
    bool for_weeks = world.eventful && rng_chance(r, 500);
    if (fate < 60 && !for_weeks) {
        /* Parked and forgotten. */
        conv_segment(c, agent, "parked", t, WHEN_NEVER);
        conv_segment(c, customer, "interact", c->start, WHEN_NEVER);
        close_period(c, c->start);
        return;
    }
    if (fate < 320) {
        int64_t back = t + (fate < 60 ? rng_range(r, 32 * WHEN_DAY, 70 * WHEN_DAY)
                                      : rng_range(r, 6 * WHEN_HOUR, 9 * WHEN_DAY));
        int64_t more = rng_range(r, 30000, 900000);
        conv_segment(c, agent, "parked", t, back);
        conv_segment(c, agent, "interact", back, back + more)->disconnect = "client";
        conv_metric(c, agent, "tPark", back, back - t);
        conv_metric(c, agent, "tTalk", back + more, more);
        t = back + more;
    }
    conv_metric(c, agent, "tAgentResponseTime", t, t - c->start);
    with_customer(c, customer, queue, c->start, t)->disconnect = "client";
    close_period(c, c->start);
    for (int again = rng_chance(r, 180) + rng_chance(r, 40); again > 0; again--) {
        int64_t reply =
            c->period[c->period_count - 1].end + rng_range(r, 4 * WHEN_HOUR, 9 * WHEN_DAY);
        with_customer(c, customer, queue, reply, reply + 1);
        int here = c->segment_count - 1;
        t = serve(c, r, reply, queue, true);
        c->segment[here].end = t;
        c->session[customer].end = t;
        close_period(c, reply);
    }
}

void scenario(struct conv *c, struct rng *r)
{
    uint64_t kinds = world.eventful ? 130 : 100;
    uint64_t kind = c->showcase ? 0 : rng_below(r, world.voice_only ? 75 : kinds);
    if (kind < 63) {
        inbound_call(c, r);
    } else if (kind < 75) {
        outbound_call(c, r);
    } else if (kind < 91) {
        c->media = kind < 81 ? MEDIA_CHAT : kind < 87 ? MEDIA_MESSAGE : MEDIA_CALLBACK;
        digital(c, r);
    } else {
        email(c, r);
    }
}
