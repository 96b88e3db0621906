#include "conv_json.h"

#include "fields.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

struct writer {
    struct jw *w;
    const struct conv *c;
    const struct view *view;
};

static const char *const media_names[MEDIA_COUNT] = {"voice", "callback", "chat", "email",
                                                     "message"};

static bool there(const struct writer *x, int64_t arrive, int64_t vanish)
{
    return arrive <= x->view->body && x->view->body < vanish;
}

static struct fields_context context(const struct writer *x, uint64_t key, int64_t origin,
                                     enum media media)
{
    return (struct fields_context){key, origin, x->view->body, 1u << media, x->c->showcase};
}

/* A list that is absent when it would be empty is begun by its first member. */
static void open_once(const struct writer *x, bool *open, const char *name)
{
    if (!*open) {
        jw_array(x->w, name);
        *open = true;
    }
}

static void write_properties(const struct writer *x, const struct segment *seg)
{
    static const char *const types[] = {"bool", "integer", "real", "date", "string", "uuid"};
    static const char *const values[] = {
        "true", "17", "2.5", "2026-01-01", "some, text", "0b8ad8f5-16e8-4d15-9d34-9f8f5f8b7a11"};
    jw_array(x->w, "properties");
    for (unsigned i = 0; i < 6; i++) {
        if (x->c->showcase || fields_chance(seg->key, types[i], 300)) {
            JW(x->w, OBJECT(NULL), TEXT("property", types[(i + 1) % 6]),
               TEXT("propertyType", types[i]), TEXT("value", values[i]), END);
        }
    }
    jw_end(x->w);
}

static void write_wrapup(const struct writer *x, const struct segment *seg)
{
    struct rng r = {rng_pair(seg->key, 5)};
    if (seg->wrapup == WRAPUP_TIMEOUT) {
        JW(x->w, TEXT("wrapUpCode", "ININ-WRAP-UP-TIMEOUT"));
    } else {
        JW(x->w, UUID("wrapUpCode", world_key(THING_WRAPUP, (uint64_t)seg->wrapup)));
    }
    if (x->c->showcase || rng_chance(&r, 120)) {
        JW(x->w, TEXT("wrapUpNote",
                      rng_chance(&r, 500) ? "called back, \"fine\"\nnext step: none" : "메모"));
    }
    JW(x->w, IF(x->c->showcase || rng_chance(&r, 40)), ARRAY("wrapUpTags"), TEXT(NULL, "resolved"),
       TEXT(NULL, "upsell, maybe"), END);
}

static void write_scored(const struct writer *x, const struct segment *seg)
{
    jw_array(x->w, "scoredAgents");
    for (unsigned i = 0; i < 3; i++) {
        uint64_t h = rng_pair(seg->key, 40 + i);
        JW(x->w, OBJECT(NULL), INT("agentScore", (int64_t)(h % 100)),
           UUID("scoredAgentId", world_key(THING_USER, h % (uint64_t)world.agents)), END);
    }
    jw_end(x->w);
}

static void write_segment(const struct writer *x, const struct segment *seg)
{
    struct jw *w = x->w;
    bool ended = seg->end <= x->view->body;
    JW(w, OBJECT(NULL), TIME("segmentStart", seg->start), IF(ended), TIME("segmentEnd", seg->end),
       IF(ended && seg->disconnect), TEXT("disconnectType", seg->disconnect), IF(seg->queue >= 0),
       UUID("queueId", world_key(THING_QUEUE, (uint64_t)seg->queue)),
       TEXT("segmentType", seg->type), BOOL("conference", seg->conference));
    if (ended && seg->wrapup != WRAPUP_NONE) {
        write_wrapup(x, seg);
    }
    struct fields_context f = context(x, seg->key, seg->start, x->c->session[seg->session].media);
    fields_write(w, FIELDS_SEGMENT, &f);
    if (x->c->showcase || fields_chance(seg->key, "scored", 12)) {
        write_scored(x, seg);
    }
    if (x->c->showcase || fields_chance(seg->key, "properties", 8)) {
        write_properties(x, seg);
    }
    jw_end(w);
}

static void write_segments(const struct writer *x, int session)
{
    bool open = false;
    for (int i = 0; i < x->c->segment_count; i++) {
        const struct segment *seg = &x->c->segment[i];
        if (seg->session == session && there(x, seg->arrive, seg->vanish)) {
            open_once(x, &open, "segments");
            write_segment(x, seg);
        }
    }
    JW(x->w, IF(open), END);
}

static void write_metrics(const struct writer *x, int session)
{
    bool open = false;
    for (int i = 0; i < x->c->metric_count; i++) {
        const struct metric *m = &x->c->metric[i];
        if (m->session == session && there(x, m->arrive, m->vanish)) {
            open_once(x, &open, "metrics");
            JW(x->w, OBJECT(NULL), TIME("emitDate", m->emit), TEXT("name", m->name),
               INT("value", m->value), END);
        }
    }
    JW(x->w, IF(open), END);
}

static void write_outcomes(const struct writer *x, const struct session *s)
{
    jw_array(x->w, "outcomes");
    for (unsigned i = 0; i <= s->key % 2; i++) {
        uint64_t key = rng_pair(s->key, 60 + i);
        struct fields_context f = context(x, key, s->arrive, s->media);
        JW(x->w, OBJECT(NULL),
           UUID("flowOutcomeId", world_key(THING_OUTCOME, key % WORLD_OUTCOMES)),
           TIME("flowOutcomeStartTimestamp", s->arrive + 300),
           TIME("flowOutcomeEndTimestamp", s->end - 100));
        fields_write(x->w, FIELDS_OUTCOME, &f);
        jw_end(x->w);
    }
    jw_end(x->w);
}

static void write_flow(const struct writer *x, const struct session *s)
{
    static const char *const names[WORLD_FLOWS] = {"Main menu", "Billing, after hours",
                                                   "예약 IVR",  "Survey \"short\"",
                                                   "Bot front", "Message intake"};
    static const char *const types[] = {"INBOUNDCALL", "BOT", "INBOUNDCHAT", "INBOUNDEMAIL",
                                        "INBOUNDSHORTMESSAGE"};
    struct fields_context f = context(x, s->key, s->arrive, s->media);
    JW(x->w, OBJECT("flow"), UUID("flowId", world_key(THING_FLOW, (uint64_t)s->flow)),
       TEXT("flowName", names[s->flow]), TEXT("flowType", types[s->media]));
    fields_write(x->w, FIELDS_FLOW, &f);
    if (s->end <= x->view->body) {
        fields_write(x->w, FIELDS_FLOW_ENDED, &f);
        if (x->c->showcase || fields_chance(s->key, "outcomes", 500)) {
            write_outcomes(x, s);
        }
    }
    jw_end(x->w);
}

static void write_addresses(const struct writer *x, const struct session *s)
{
    char from[64], to[64];
    uint64_t h = rng_pair(x->c->key, 77);
    bool all = x->c->showcase;
    if (s->media == MEDIA_VOICE || s->media == MEDIA_CALLBACK || all) {
        snprintf(from, sizeof from, "tel:+8210%08d", (int)(h % 100000000));
        snprintf(to, sizeof to, "tel:+1555%07d", (int)(h / 7 % 40 + 1000));
        JW(x->w, TEXT("ani", from), TEXT("dnis", to),
           TEXT("remote", s->direction[0] == 'i' ? from : to));
    }
    if (s->media == MEDIA_EMAIL || s->media == MEDIA_MESSAGE || all) {
        snprintf(from, sizeof from, "customer%d@example.test", (int)(h % 100000));
        bool both = all || h % 4 == 0;
        JW(x->w, TEXT("addressFrom", from), TEXT("addressTo", "service@example.test"), IF(both),
           TEXT("addressSelf", "service@example.test"), IF(both), TEXT("addressOther", from));
    }
}

static void write_endpoint_stats(const struct writer *x, const struct session *s)
{
    jw_array(x->w, "mediaEndpointStats");
    for (unsigned i = 0; i <= s->key / 8 % 2; i++) {
        struct fields_context f = context(x, rng_pair(s->key, 80 + i), s->end, s->media);
        JW(x->w, OBJECT(NULL), TIME("eventTime", s->end));
        fields_write(x->w, FIELDS_ENDPOINT, &f);
        jw_end(x->w);
    }
    jw_end(x->w);
}

static void write_agent_lists(const struct writer *x, const struct session *s)
{
    static const char *const types[] = {"Group", "SkillGroup", "Team"};
    if (x->c->showcase || fields_chance(s->key, "groups", 15)) {
        jw_array(x->w, "agentGroups");
        for (unsigned i = 0; i <= s->key % 3; i++) {
            JW(x->w, OBJECT(NULL), UUID("agentGroupId", world_key(THING_GROUP, i)),
               TEXT("agentGroupType", types[i]), END);
        }
        jw_end(x->w);
    }
    if (x->c->showcase || fields_chance(s->key, "proposed", 25)) {
        jw_array(x->w, "proposedAgents");
        for (unsigned i = 0; i <= s->key / 4 % 4; i++) {
            uint64_t agent = rng_pair(s->key, i) % (uint64_t)world.agents;
            JW(x->w, OBJECT(NULL), INT("agentRank", (int64_t)i + 1),
               UUID("proposedAgentId", world_key(THING_USER, agent)), END);
        }
        jw_end(x->w);
    }
}

static void write_session(const struct writer *x, int n)
{
    static const char *const providers[MEDIA_COUNT] = {"Edge", "PureCloud Callback",
                                                       "PureCloud Webchat", "PureCloud Email",
                                                       "PureCloud Messaging"};
    const struct session *s = &x->c->session[n];
    struct jw *w = x->w;
    uint64_t campaign = s->campaign > 0 ? (uint64_t)s->campaign : 0;
    JW(w, OBJECT(NULL), UUID("sessionId", s->key), TEXT("mediaType", media_names[s->media]),
       TEXT("direction", s->direction), TEXT("provider", providers[s->media]));
    write_addresses(x, s);
    if (s->campaign >= 0 || x->c->showcase) {
        JW(w, UUID("outboundCampaignId", world_key(THING_CAMPAIGN, campaign)),
           UUID("outboundContactId", rng_pair(x->c->key, 90)),
           UUID("outboundContactListId", world_key(THING_CONTACT_LIST, 0)));
    }
    struct fields_context f = context(x, s->key, s->arrive, s->media);
    fields_write(w, FIELDS_SESSION, &f);
    write_agent_lists(x, s);
    if (s->flow >= 0) {
        write_flow(x, s);
    }
    if (s->end <= x->view->body && s->media == MEDIA_VOICE &&
        (x->c->showcase || fields_chance(s->key, "stats", 120))) {
        write_endpoint_stats(x, s);
    }
    write_metrics(x, n);
    write_segments(x, n);
    jw_end(w);
}

static void write_participant(const struct writer *x, int n)
{
    const struct participant *p = &x->c->participant[n];
    char name[64];
    struct jw *w = x->w;
    JW(w, OBJECT(NULL), UUID("participantId", p->key));
    if (p->agent >= 0) {
        JW(w, TEXT("participantName", world_user_name(p->agent, name)),
           UUID("userId", world_key(THING_USER, (uint64_t)p->agent)));
    } else if (fields_chance(p->key, "name", 700)) {
        snprintf(name, sizeof name, "Caller %d", (int)(p->key % 100000));
        JW(w, TEXT("participantName", strcmp(p->purpose, "customer") == 0 ? name : p->purpose));
    }
    JW(w, TEXT("purpose", p->purpose));
    struct fields_context f = context(x, p->key, p->arrive, x->c->media);
    fields_write(w, FIELDS_PARTICIPANT, &f);
    if (x->view->attributes != CONV_NO_ATTRIBUTES && p->arrive <= x->view->attributes) {
        attributes_json(w, x->c, p, x->view->attributes);
    }
    jw_array(w, "sessions");
    for (int i = 0; i < x->c->session_count; i++) {
        if (x->c->session[i].participant == n && there(x, x->c->session[i].arrive, WHEN_NEVER)) {
            write_session(x, i);
        }
    }
    JW(w, END, END);
}

static void write_extra(const struct writer *x, const struct extra *e)
{
    static const enum fields_of tables[] = {FIELDS_EVALUATION, FIELDS_SURVEY, FIELDS_RESOLUTION};
    struct fields_context f = context(x, e->key, e->event, x->c->media);
    JW(x->w, OBJECT(NULL), TIME("eventTime", e->event), IF(e->kind == EXTRA_EVALUATION),
       UUID("evaluationId", e->key), IF(e->kind == EXTRA_SURVEY), UUID("surveyId", e->key),
       IF(e->agent >= 0), UUID("userId", world_key(THING_USER, (uint64_t)e->agent)),
       UUID("queueId", world_key(THING_QUEUE, (uint64_t)e->queue)));
    fields_write(x->w, tables[e->kind], &f);
    jw_end(x->w);
}

static void write_extras(const struct writer *x, enum extra_kind kind, const char *name)
{
    bool open = false;
    for (int i = 0; i < x->c->extra_count; i++) {
        if (x->c->extra[i].kind == kind && there(x, x->c->extra[i].arrive, WHEN_NEVER)) {
            open_once(x, &open, name);
            write_extra(x, &x->c->extra[i]);
        }
    }
    JW(x->w, IF(open), END);
}

static void write_divisions(const struct writer *x)
{
    uint64_t home = (uint64_t)conv_division(x->c);
    JW(x->w, ARRAY("divisionIds"), UUID(NULL, world_key(THING_DIVISION, home)));
    for (int i = 0; i < x->c->extra_count; i++) {
        if (x->c->extra[i].kind == EXTRA_DIVISION && there(x, x->c->extra[i].arrive, WHEN_NEVER)) {
            JW(x->w, UUID(NULL, world_key(THING_DIVISION, home > 0 ? 0 : 1)));
        }
    }
    jw_end(x->w);
}

static void write_head(const struct writer *x)
{
    const struct conv *c = x->c;
    struct jw *w = x->w;
    int64_t end = conv_end_at(c->period, c->period_count, x->view->body);
    struct fields_context f = context(x, c->key, c->start, c->media);
    JW(w, IF(!x->view->without_id), ID("conversationId", c->id),
       TIME("conversationStart", c->start), IF(end != WHEN_NEVER), TIME("conversationEnd", end));
    if (c->conference <= x->view->body || (c->showcase && end != WHEN_NEVER)) {
        JW(w, TIME("conferenceStart", c->conference != WHEN_NEVER ? c->conference : end));
    }
    JW(w, TEXT("conversationInitiator", c->initiator), TEXT("originatingDirection", c->direction),
       IF(c->self_served || c->showcase), BOOL("selfServed", c->self_served));
    write_divisions(x);
    fields_write(w, FIELDS_CONVERSATION, &f);
    if (end != WHEN_NEVER) {
        fields_write(w, FIELDS_CONVERSATION_ENDED, &f);
    }
}

void conv_json(struct jw *w, const char *key, const struct conv *c, const struct view *view)
{
    struct writer x = {w, c, view};
    jw_object(w, key);
    write_head(&x);
    write_extras(&x, EXTRA_EVALUATION, "evaluations");
    write_extras(&x, EXTRA_SURVEY, "surveys");
    write_extras(&x, EXTRA_RESOLUTION, "resolutions");
    jw_array(w, "participants");
    for (int i = 0; i < c->participant_count; i++) {
        if (there(&x, c->participant[i].arrive, WHEN_NEVER)) {
            write_participant(&x, i);
        }
    }
    JW(w, END, END);
}
