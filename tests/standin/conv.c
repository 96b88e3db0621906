/* A conversation: its identity and start, the pieces it is made of, its lifetime, and what changes
 * after its end. What happens in it is told by scenario.c. */
#include "conv.h"
#include "when.h"
#include "world.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Share of a day's conversations by UTC hour, in thousandths. */
static const unsigned char day_curve[24] = {12, 8,  6,  5,  5,  8,  15, 32, 70, 95, 98, 84,
                                            66, 80, 92, 90, 78, 56, 34, 22, 16, 12, 9,  7};

static uint64_t id_key(void)
{
    return rng_pair(world.seed, 0x1d5);
}

static uint64_t conv_key(int64_t day, uint32_t index)
{
    return rng_pair(rng_pair(world.seed, (uint64_t)day), index);
}

static void write_id(int64_t day, uint32_t index, uint64_t key, char out[RNG_UUID_SIZE])
{
    unsigned char bytes[16];
    uint64_t number = rng_hide48(id_key(), (uint64_t)day << 32 | index), rest = rng_pair(key, 7);
    for (int i = 0; i < 6; i++) {
        bytes[i] = (unsigned char)(number >> (40 - 8 * i));
    }
    for (int i = 6; i < 16; i++) {
        bytes[i] = (unsigned char)(rest >> (5 * (i - 6)));
    }
    rng_uuid_bytes(bytes, out);
}

bool conv_find(const char *id, int64_t *day, uint32_t *index)
{
    char digits[13], expected[RNG_UUID_SIZE];
    if (strlen(id) != RNG_UUID_SIZE - 1) {
        return false;
    }
    snprintf(digits, sizeof digits, "%.8s%.4s", id, id + 9);
    uint64_t number = rng_reveal48(id_key(), strtoull(digits, NULL, 16) & 0xffffffffffff);
    *day = (int64_t)(number >> 32);
    *index = (uint32_t)number;
    if (*day < world.first_day - WORLD_EARLIER_DAYS || *day >= world.first_day + world.days ||
        *index >= (uint32_t)world.per_day) {
        return false;
    }
    write_id(*day, *index, conv_key(*day, *index), expected);
    return strcmp(expected, id) == 0;
}

/* The moment of a day before which `share` (0..1) of its conversations began. */
static int64_t moment_of_share(double share)
{
    double total = 0, before = 0;
    for (int hour = 0; hour < 24; hour++) {
        total += day_curve[hour];
    }
    for (int hour = 0; hour < 24; hour++) {
        double part = day_curve[hour] / total;
        if (share < before + part || hour == 23) {
            return (int64_t)(((double)hour + (share - before) / part) * (double)WHEN_HOUR);
        }
        before += part;
    }
    return 0;
}

static int64_t start_of(int64_t day, uint32_t index, struct rng *r)
{
    double jitter = (double)rng_below(r, 1000000) / 1000000.0;
    int64_t at = moment_of_share(((double)index + jitter) / world.per_day);
    return day * WHEN_DAY + (at < WHEN_DAY ? at : WHEN_DAY - 1);
}

/* --- pieces; a scenario that outgrows the arrays is a mistake in it --- */

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

/* Names of metrics in detail records, a blank on either side: the vendor's enum of what a detail
 * query may filter by. Those of aggregates alone (tWait, oServiceLevel) are in no record. */
static const char detail_metrics[] =
    " nBlindTransferred nBotInteractions nCallbackAttempts nCallbackOverSla "
    "nCallbackScheduled nCfcOffered nCobrowseSessions nConnected nConsult "
    "nConsultTransferred nConversations nError nFlow nFlowMilestone nFlowOutcome "
    "nFlowOutcomeFailed nOffered nOutbound nOutboundAbandoned nOutboundAttempted "
    "nOutboundConnected nOverSla nStateTransitionError nTakeover nTransferred "
    "oAudioMessageCount oExternalAudioMessageCount oExternalMediaCount oFlowMilestone "
    "oMediaCount oMessageCount oMessageSegmentCount oMessageTurn "
    "oSkillExpressionApplications tAbandon tAcd tActiveCallback tActiveCallbackComplete tAcw "
    "tAgentResponseTime tAgentVideoConnected tAlert tAnswered tAverageAgentResponseTime "
    "tAverageCustomerResponseTime tBarging tCallbackAbandon tCallbackConnect "
    "tCallbackNotReached tCallbackVirtualWait tCfcAbandon tCfcAcd tCfcAnswered tCfcFlowOut "
    "tCoaching tCoachingComplete tConnected tContacting tConversationDuration tDialing "
    "tFirstConnect tFirstDial tFirstEngagement tFirstResponse tFlow tFlowDisconnect "
    "tFlowExit tFlowOut tFlowOutcome tHandle tHeld tHeldComplete tIvr tMonitoring "
    "tMonitoringComplete tNotResponding tPark tParkComplete tScreenMonitoring tShortAbandon "
    "tSnippetRecord tTalk tTalkComplete tTransmitting tUserResponseTime tVoicemail ";

bool conv_is_listed(const char *list, const char *name)
{
    char word[64];
    snprintf(word, sizeof word, " %.40s ", name);
    return strstr(list ? list : detail_metrics, word) != NULL;
}

void conv_metric(struct conv *c, int session, const char *name, int64_t emit, int64_t value)
{
    if (!conv_is_listed(NULL, name)) {
        fprintf(stderr, "standin: no detail record has a metric %s\n", name);
        abort();
    }
    int n = next(&c->metric_count, CONV_MAX_METRICS);
    c->metric[n] =
        (struct metric){session, c->session[session].queue, name, emit, value, emit, WHEN_NEVER};
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

int64_t conv_end_at(const struct period *periods, int count, int64_t as_of)
{
    int64_t end = WHEN_NEVER;
    for (int i = 0; i < count && periods[i].start <= as_of; i++) {
        end = periods[i].end <= as_of ? periods[i].end : WHEN_NEVER;
    }
    return end;
}

/* --- after the end: the nightly reprocessing, for at most three days --- */

/* Some moment of the three days after the end. */
static int64_t afterwards(struct rng *r, int64_t end)
{
    return end + rng_range(r, WHEN_HOUR, 3 * WHEN_DAY - WHEN_HOUR);
}

/* The last wrap-up comes days later, with the figures that depend on it. */
static void late_wrapup(struct conv *c, struct rng *r)
{
    int64_t arrive =
        c->period[c->period_count - 1].end + rng_range(r, WHEN_DAY, 3 * WHEN_DAY - WHEN_HOUR);
    bool written_then = rng_chance(r, 500);
    for (int i = c->segment_count - 1; i >= 0; i--) {
        struct segment *seg = &c->segment[i];
        if (strcmp(seg->type, "wrapup") != 0 || seg->start < c->period[c->period_count - 1].start) {
            continue;
        }
        seg->arrive = arrive;
        if (written_then) {
            seg->end = arrive - 1000;
            seg->start = arrive - 31000;
        }
        for (int k = 0; k < c->metric_count; k++) {
            struct metric *m = &c->metric[k];
            if (m->session == seg->session &&
                (strcmp(m->name, "tAcw") == 0 || strcmp(m->name, "tHandle") == 0)) {
                m->arrive = arrive;
            }
        }
        return;
    }
}

static void correct_metric(struct conv *c, struct rng *r, int64_t end)
{
    int n = (int)rng_below(r, (uint64_t)c->metric_count);
    int64_t at = afterwards(r, end);
    struct metric old = c->metric[n];
    int64_t more = rng_range(r, 1, 2000);
    if (old.arrive < at && old.name[0] == 't') {
        c->metric[n].vanish = at;
        conv_metric(c, old.session, old.name, old.emit, old.value + more);
        c->metric[c->metric_count - 1].queue = old.queue;
        c->metric[c->metric_count - 1].arrive = at;
    }
}

static int last_agent(const struct conv *c)
{
    for (int i = c->participant_count - 1; i >= 0; i--) {
        if (c->participant[i].agent >= 0) {
            return c->participant[i].agent;
        }
    }
    return -1;
}

static void assess(struct conv *c, struct rng *r, enum extra_kind kind, int64_t end)
{
    int64_t at = afterwards(r, end), event = at - rng_range(r, 0, 30000);
    int n = next(&c->extra_count, CONV_MAX_EXTRAS);
    c->extra[n] = (struct extra){
        .kind = kind,
        .agent = last_agent(c),
        .queue = (int)rng_below(r, (uint64_t)world.queues),
        .event = event,
        .arrive = at,
        .key = rng_pair(c->key, 0x4000u + (unsigned)n),
    };
}

static void late_whole(struct conv *c, struct rng *r)
{
    int64_t end = c->period[0].end;
    if (c->period_count == 1 && end - c->start < 12 * WHEN_HOUR) {
        c->arrive = c->start + rng_range(r, 6 * WHEN_HOUR, 3 * WHEN_DAY - WHEN_HOUR);
    }
}

/* Whether the others of its session name the queue that a segment names, and no other one: without
 * it the session's metrics count for the same queues. */
static bool can_vanish(const struct conv *c, const struct segment *gone)
{
    bool named = gone->queue < 0;
    for (int i = 0; i < c->segment_count; i++) {
        const struct segment *seg = &c->segment[i];
        if (seg != gone && seg->session == gone->session && seg->queue >= 0) {
            named = true;
            if (seg->queue != gone->queue) {
                return false;
            }
        }
    }
    return named;
}

static void later(struct conv *c, struct rng *r)
{
    static const struct {
        enum extra_kind kind;
        unsigned permille;
    } extras[] = {
        {EXTRA_EVALUATION, 30}, {EXTRA_SURVEY, 35}, {EXTRA_RESOLUTION, 40}, {EXTRA_DIVISION, 20}};
    struct period *last = &c->period[c->period_count - 1];
    bool all = c->showcase;
    unsigned often = world.eventful ? 6 : 1;
    if (last->end == WHEN_NEVER) {
        return;
    }
    if (all || rng_chance(r, 50 * often)) {
        int64_t before = last->end;
        late_wrapup(c, r);
        last->end = last->start;
        for (int i = 0; i < c->segment_count; i++) {
            const struct segment *seg = &c->segment[i];
            if (seg->arrive <= before && seg->end <= before && seg->end > last->end) {
                last->end = seg->end;
            }
        }
    }
    int64_t end = last->end;
    if (all || rng_chance(r, 20 * often)) {
        int n = (int)rng_below(r, (uint64_t)c->segment_count);
        int64_t at = afterwards(r, end);
        c->segment[n].vanish = can_vanish(c, &c->segment[n]) ? at : WHEN_NEVER;
    }
    if (all || rng_chance(r, 30 * often)) {
        correct_metric(c, r, end);
    }
    for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
        if (all || rng_chance(r, extras[i].permille)) {
            assess(c, r, extras[i].kind, end);
        }
    }
    if (!all && rng_chance(r, 10 * often)) {
        late_whole(c, r);
    }
}

int conv_division(const struct conv *c)
{
    uint64_t home = c->key % 20;
    return home < 2 ? (int)home + 1 : 0;
}

void conv_build(struct conv *c, int64_t day, uint32_t index)
{
    uint64_t key = conv_key(day, index);
    struct rng r = {rng_pair(key, 1)};
    memset(c, 0, offsetof(struct conv, period));
    c->day = day;
    c->index = index;
    c->key = key;
    c->media = MEDIA_VOICE;
    c->direction = "inbound";
    c->initiator = "customer";
    c->conference = WHEN_NEVER;
    c->showcase = index % 1000 == 7;
    write_id(day, index, key, c->id);
    c->start = start_of(day, index, &r);
    c->arrive = c->start;
    scenario(c, &r);
    if (c->period_count == 0) {
        c->period[c->period_count++] = (struct period){c->start, conv_last_end(c)};
    }
    later(c, &r);
}
