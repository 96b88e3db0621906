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
    struct tally *tally;
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

static void write_properties(const struct writer *x, const struct segment *seg)
{
    static const char *const types[] = {"bool", "integer", "real", "date", "string", "uuid"};
    static const char *const values[] = {
        "true", "17", "2.5", "2026-01-01", "some, text", "0b8ad8f5-16e8-4d15-9d34-9f8f5f8b7a11"};
    jw_array(x->w, "properties");
    for (unsigned i = 0; i < 6; i++) {
        if (x->c->showcase || fields_chance(seg->key, types[i], 300)) {
            jw_object(x->w, NULL);
            jw_string(x->w, "property", types[(i + 1) % 6]);
            jw_string(x->w, "propertyType", types[i]);
            jw_string(x->w, "value", values[i]);
            jw_end(x->w);
        }
    }
    jw_end(x->w);
}

static void write_wrapup(const struct writer *x, const struct segment *seg)
{
    struct rng r = {rng_pair(seg->key, 5)};
    if (seg->wrapup == WRAPUP_TIMEOUT) {
        jw_string(x->w, "wrapUpCode", "ININ-WRAP-UP-TIMEOUT");
    } else {
        jw_uuid(x->w, "wrapUpCode", world_key(THING_WRAPUP, (uint64_t)seg->wrapup));
    }
    if (x->c->showcase || rng_chance(&r, 120)) {
        jw_string(x->w, "wrapUpNote",
                  rng_chance(&r, 500) ? "called back, \"fine\"\nnext step: none" : "메모");
    }
    if (x->c->showcase || rng_chance(&r, 40)) {
        jw_array(x->w, "wrapUpTags");
        jw_string(x->w, NULL, "resolved");
        jw_string(x->w, NULL, "upsell, maybe");
        jw_end(x->w);
    }
}

static void write_scored(const struct writer *x, const struct segment *seg)
{
    jw_array(x->w, "scoredAgents");
    for (unsigned i = 0; i < 3; i++) {
        uint64_t h = rng_pair(seg->key, 40 + i);
        jw_object(x->w, NULL);
        jw_int(x->w, "agentScore", (int64_t)(h % 100));
        jw_uuid(x->w, "scoredAgentId", world_key(THING_USER, h % (uint64_t)world.agents));
        jw_end(x->w);
    }
    jw_end(x->w);
}

static void write_segment(const struct writer *x, const struct segment *seg)
{
    struct jw *w = x->w;
    jw_object(w, NULL);
    jw_time(w, "segmentStart", seg->start);
    if (seg->end <= x->view->body) {
        jw_time(w, "segmentEnd", seg->end);
        if (seg->disconnect) {
            jw_string(w, "disconnectType", seg->disconnect);
        }
    }
    if (seg->queue >= 0) {
        jw_uuid(w, "queueId", world_key(THING_QUEUE, (uint64_t)seg->queue));
    }
    jw_string(w, "segmentType", seg->type);
    jw_bool(w, "conference", seg->conference);
    if (seg->wrapup != WRAPUP_NONE && seg->end <= x->view->body) {
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
    x->tally->segments++;
}

static void write_segments(const struct writer *x, int session)
{
    bool open = false;
    for (int i = 0; i < x->c->segment_count; i++) {
        const struct segment *seg = &x->c->segment[i];
        if (seg->session == session && there(x, seg->arrive, seg->vanish)) {
            if (!open) {
                jw_array(x->w, "segments");
                open = true;
            }
            write_segment(x, seg);
        }
    }
    if (open) {
        jw_end(x->w);
    }
}

static void write_metrics(const struct writer *x, int session)
{
    bool open = false;
    for (int i = 0; i < x->c->metric_count; i++) {
        const struct metric *m = &x->c->metric[i];
        if (m->session != session || !there(x, m->arrive, m->vanish)) {
            continue;
        }
        if (!open) {
            jw_array(x->w, "metrics");
            open = true;
        }
        jw_object(x->w, NULL);
        jw_time(x->w, "emitDate", m->emit);
        jw_string(x->w, "name", m->name);
        jw_int(x->w, "value", m->value);
        jw_end(x->w);
        x->tally->metrics++;
    }
    if (open) {
        jw_end(x->w);
    }
}

static void write_outcomes(const struct writer *x, const struct session *s)
{
    jw_array(x->w, "outcomes");
    for (unsigned i = 0; i <= s->key % 2; i++) {
        uint64_t key = rng_pair(s->key, 60 + i);
        struct fields_context f = context(x, key, s->arrive, s->media);
        jw_object(x->w, NULL);
        jw_uuid(x->w, "flowOutcomeId", world_key(THING_OUTCOME, key % WORLD_OUTCOMES));
        jw_time(x->w, "flowOutcomeStartTimestamp", s->arrive + 300);
        jw_time(x->w, "flowOutcomeEndTimestamp", s->end - 100);
        fields_write(x->w, FIELDS_OUTCOME, &f);
        jw_end(x->w);
        x->tally->flow_outcomes++;
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
    jw_object(x->w, "flow");
    jw_uuid(x->w, "flowId", world_key(THING_FLOW, (uint64_t)s->flow));
    jw_string(x->w, "flowName", names[s->flow]);
    jw_string(x->w, "flowType", types[s->media]);
    fields_write(x->w, FIELDS_FLOW, &f);
    if (s->end <= x->view->body) {
        fields_write(x->w, FIELDS_FLOW_ENDED, &f);
        if (x->c->showcase || fields_chance(s->key, "outcomes", 500)) {
            write_outcomes(x, s);
        }
    }
    jw_end(x->w);
    x->tally->flows++;
}

static void write_addresses(const struct writer *x, const struct session *s)
{
    char from[64], to[64];
    uint64_t h = rng_pair(x->c->key, 77);
    bool all = x->c->showcase;
    if (s->media == MEDIA_VOICE || s->media == MEDIA_CALLBACK || all) {
        snprintf(from, sizeof from, "tel:+8210%08d", (int)(h % 100000000));
        snprintf(to, sizeof to, "tel:+1555%07d", (int)(h / 7 % 40 + 1000));
        jw_string(x->w, "ani", from);
        jw_string(x->w, "dnis", to);
        jw_string(x->w, "remote", s->direction[0] == 'i' ? from : to);
    }
    if (s->media == MEDIA_EMAIL || s->media == MEDIA_MESSAGE || all) {
        snprintf(from, sizeof from, "customer%d@example.test", (int)(h % 100000));
        jw_string(x->w, "addressFrom", from);
        jw_string(x->w, "addressTo", "service@example.test");
        if (all || h % 4 == 0) {
            jw_string(x->w, "addressSelf", "service@example.test");
            jw_string(x->w, "addressOther", from);
        }
    }
}

static void write_endpoint_stats(const struct writer *x, const struct session *s)
{
    jw_array(x->w, "mediaEndpointStats");
    for (unsigned i = 0; i <= s->key / 8 % 2; i++) {
        struct fields_context f = context(x, rng_pair(s->key, 80 + i), s->end, s->media);
        jw_object(x->w, NULL);
        jw_time(x->w, "eventTime", s->end);
        fields_write(x->w, FIELDS_ENDPOINT, &f);
        jw_end(x->w);
        x->tally->media_endpoint_stats++;
    }
    jw_end(x->w);
}

static void write_agent_lists(const struct writer *x, const struct session *s)
{
    static const char *const types[] = {"Group", "SkillGroup", "Team"};
    if (x->c->showcase || fields_chance(s->key, "groups", 15)) {
        jw_array(x->w, "agentGroups");
        for (unsigned i = 0; i <= s->key % 3; i++) {
            jw_object(x->w, NULL);
            jw_uuid(x->w, "agentGroupId", world_key(THING_GROUP, i));
            jw_string(x->w, "agentGroupType", types[i]);
            jw_end(x->w);
        }
        jw_end(x->w);
    }
    if (x->c->showcase || fields_chance(s->key, "proposed", 25)) {
        jw_array(x->w, "proposedAgents");
        for (unsigned i = 0; i <= s->key / 4 % 4; i++) {
            uint64_t agent = rng_pair(s->key, i) % (uint64_t)world.agents;
            jw_object(x->w, NULL);
            jw_int(x->w, "agentRank", (int64_t)i + 1);
            jw_uuid(x->w, "proposedAgentId", world_key(THING_USER, agent));
            jw_end(x->w);
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
    jw_object(w, NULL);
    jw_uuid(w, "sessionId", s->key);
    jw_string(w, "mediaType", media_names[s->media]);
    jw_string(w, "direction", s->direction);
    jw_string(w, "provider", providers[s->media]);
    write_addresses(x, s);
    if (s->campaign >= 0 || x->c->showcase) {
        jw_uuid(w, "outboundCampaignId",
                world_key(THING_CAMPAIGN, s->campaign > 0 ? (uint64_t)s->campaign : 0));
        jw_uuid(w, "outboundContactId", rng_pair(x->c->key, 90));
        jw_uuid(w, "outboundContactListId", world_key(THING_CONTACT_LIST, 0));
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
    x->tally->sessions++;
}

static void write_participant(const struct writer *x, int n)
{
    const struct participant *p = &x->c->participant[n];
    char name[64];
    struct jw *w = x->w;
    jw_object(w, NULL);
    jw_uuid(w, "participantId", p->key);
    if (p->agent >= 0) {
        world_user_name(p->agent, name);
        jw_string(w, "participantName", name);
        jw_uuid(w, "userId", world_key(THING_USER, (uint64_t)p->agent));
    } else if (fields_chance(p->key, "name", 700)) {
        snprintf(name, sizeof name, "Caller %d", (int)(p->key % 100000));
        jw_string(w, "participantName", strcmp(p->purpose, "customer") == 0 ? name : p->purpose);
    }
    jw_string(w, "purpose", p->purpose);
    struct fields_context f = context(x, p->key, p->arrive, x->c->media);
    fields_write(w, FIELDS_PARTICIPANT, &f);
    if (x->view->attributes != CONV_NO_ATTRIBUTES && p->arrive <= x->view->attributes) {
        x->tally->attributes += attributes_json(w, x->c, p, x->view->attributes);
    }
    jw_array(w, "sessions");
    for (int i = 0; i < x->c->session_count; i++) {
        if (x->c->session[i].participant == n && there(x, x->c->session[i].arrive, WHEN_NEVER)) {
            write_session(x, i);
        }
    }
    jw_end(w);
    jw_end(w);
    x->tally->participants++;
}

static void write_extra(const struct writer *x, const struct extra *e)
{
    static const enum fields_of tables[] = {FIELDS_EVALUATION, FIELDS_SURVEY, FIELDS_RESOLUTION};
    struct fields_context f = context(x, e->key, e->event, x->c->media);
    jw_object(x->w, NULL);
    jw_time(x->w, "eventTime", e->event);
    if (e->kind == EXTRA_EVALUATION) {
        jw_uuid(x->w, "evaluationId", e->key);
    } else if (e->kind == EXTRA_SURVEY) {
        jw_uuid(x->w, "surveyId", e->key);
    }
    if (e->agent >= 0) {
        jw_uuid(x->w, "userId", world_key(THING_USER, (uint64_t)e->agent));
    }
    jw_uuid(x->w, "queueId", world_key(THING_QUEUE, (uint64_t)e->queue));
    fields_write(x->w, tables[e->kind], &f);
    jw_end(x->w);
}

static void write_extras(const struct writer *x, enum extra_kind kind, const char *name,
                         int64_t *tally)
{
    bool open = false;
    for (int i = 0; i < x->c->extra_count; i++) {
        if (x->c->extra[i].kind == kind && there(x, x->c->extra[i].arrive, WHEN_NEVER)) {
            if (!open) {
                jw_array(x->w, name);
                open = true;
            }
            write_extra(x, &x->c->extra[i]);
            ++*tally;
        }
    }
    if (open) {
        jw_end(x->w);
    }
}

static void write_divisions(const struct writer *x)
{
    uint64_t home = x->c->key % 20;
    jw_array(x->w, "divisionIds");
    jw_uuid(x->w, NULL, world_key(THING_DIVISION, home < 2 ? home + 1 : 0));
    for (int i = 0; i < x->c->extra_count; i++) {
        if (x->c->extra[i].kind == EXTRA_DIVISION && there(x, x->c->extra[i].arrive, WHEN_NEVER)) {
            jw_uuid(x->w, NULL, world_key(THING_DIVISION, home < 2 ? 0 : 1));
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
    if (!x->view->without_id) {
        jw_id(w, "conversationId", c->id);
    }
    jw_time(w, "conversationStart", c->start);
    if (end != WHEN_NEVER) {
        jw_time(w, "conversationEnd", end);
    }
    if (c->conference <= x->view->body || (c->showcase && end != WHEN_NEVER)) {
        jw_time(w, "conferenceStart", c->conference != WHEN_NEVER ? c->conference : end);
    }
    jw_string(w, "conversationInitiator", c->initiator);
    jw_string(w, "originatingDirection", c->direction);
    if (c->self_served || c->showcase) {
        jw_bool(w, "selfServed", c->self_served);
    }
    write_divisions(x);
    fields_write(w, FIELDS_CONVERSATION, &f);
    if (end != WHEN_NEVER) {
        fields_write(w, FIELDS_CONVERSATION_ENDED, &f);
    }
}

void conv_json(struct jw *w, const char *key, const struct conv *c, const struct view *view,
               struct tally *tally)
{
    struct tally unused = {0};
    struct writer x = {w, c, view, tally ? tally : &unused};
    jw_object(w, key);
    write_head(&x);
    write_extras(&x, EXTRA_EVALUATION, "evaluations", &x.tally->evaluations);
    write_extras(&x, EXTRA_SURVEY, "surveys", &x.tally->surveys);
    write_extras(&x, EXTRA_RESOLUTION, "resolutions", &x.tally->resolutions);
    jw_array(w, "participants");
    for (int i = 0; i < c->participant_count; i++) {
        if (there(&x, c->participant[i].arrive, WHEN_NEVER)) {
            write_participant(&x, i);
        }
    }
    jw_end(w);
    jw_end(w);
    x.tally->conversations++;
}
