#include "fields.h"

#include "conv.h"
#include "when.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum kind {
    UUID,
    UUIDS,
    CHOICE, /* one of the words of arg, separated by | */
    CHOICES,
    FLAG,
    NUMBER, /* arg: lo-hi */
    NUMBERS,
    HUNDREDTHS, /* arg: lo-hi, in hundredths */
    MOMENT,     /* arg: at most so many seconds after the origin; left out when after as_of */
    FUTURE,     /* the same, but never left out */
    THING,      /* arg: name of a thing: skill, language, queue, user, team, group, division */
    THINGS
};

enum { V = 1 << MEDIA_VOICE, CB = 1 << MEDIA_CALLBACK, CH = 1 << MEDIA_CHAT };
enum { EM = 1 << MEDIA_EMAIL, MSG = 1 << MEDIA_MESSAGE, ALL = V | CB | CH | EM | MSG };

struct field {
    const char *name;
    enum kind kind;
    unsigned permille;
    unsigned media;
    const char *arg;
};

#define ROUTINGS "Standard|Bullseye|Preferred|Last|Predictive|Conditional|Direct|Manual|Vip"
#define TARGETS  "+82 2 555 0100|sip:queue@example.test|Sales|tel:+15550100"

static const struct field conversation[] = {
    {"accessAttributes", CHOICES, 8, ALL, "vip|internal|restricted"},
    {"associatedConversationId", UUID, 15, ALL, NULL},
    {"consultationConversationIds", UUIDS, 10, V, NULL},
    {"customerParticipation", FLAG, 900, ALL, NULL},
    {"externalTag", CHOICE, 25, ALL, "CASE-1042|crm:99|=HYPERLINK(\"x\")|티켓-7"},
    {"inactivityTimeout", FUTURE, 200, MSG, "259200"},
    {"knowledgeBaseIds", UUIDS, 12, ALL, NULL},
    {"originatingSocialMediaPublic", FLAG, 50, MSG, NULL},
    {NULL, UUID, 0, 0, NULL}};

static const struct field conversation_ended[] = {
    {"mediaStatsMinConversationMos", HUNDREDTHS, 850, V, "310-492"},
    {"mediaStatsMinConversationRFactor", HUNDREDTHS, 850, V, "6100-9320"},
    {NULL, UUID, 0, 0, NULL}};

static const struct field participant[] = {
    {"externalContactId", UUID, 250, ALL, NULL},  {"externalOrganizationId", UUID, 40, ALL, NULL},
    {"flaggedReason", CHOICE, 8, ALL, "general"}, {"screenRecording", FLAG, 30, ALL, NULL},
    {"teamId", THING, 150, ALL, "team"},          {NULL, UUID, 0, 0, NULL}};

static const struct field session[] = {
    {"activeSkillIds", THINGS, 300, ALL, "skill"},
    {"acwSkipped", FLAG, 40, ALL, NULL},
    {"agentAssistantId", UUID, 20, ALL, NULL},
    {"agentBullseyeRing", NUMBER, 20, ALL, "1-6"},
    {"agentOwned", FLAG, 60, CB, NULL},
    {"assignerId", THING, 10, ALL, "user"},
    {"authenticated", FLAG, 300, CH | MSG, NULL},
    {"bargedParticipantId", UUID, 3, V, NULL},
    {"bcc", CHOICES, 60, EM, "archive@example.test|audit@example.test"},
    {"callbackNumbers", CHOICES, 900, CB, "tel:+15550123|tel:+821055501234"},
    {"callbackScheduledTime", FUTURE, 900, CB, "14400"},
    {"callbackUserName", CHOICE, 800, CB, "Kim, Min-ji|O'Neill \"Shaq\"|José|Customer"},
    {"cc", CHOICES, 150, EM, "team@example.test|boss@example.test|a.b@example.test"},
    {"cleared", FLAG, 15, ALL, NULL},
    {"coachedParticipantId", UUID, 3, V, NULL},
    {"cobrowseRole", CHOICE, 20, CH, "sharer|viewer"},
    {"cobrowseRoomId", UUID, 20, CH, NULL},
    {"deliveryPushed", FLAG, 300, MSG, NULL},
    {"deliveryStatus", CHOICE, 500, MSG, "DeliverySuccess|Read|Sent|DeliveryFailed|Queued"},
    {"deliveryStatusChangeDate", MOMENT, 500, MSG, "900"},
    {"destinationAddresses", CHOICES, 15, V, TARGETS},
    {"detectedSpeechEnd", MOMENT, 60, V, "120"},
    {"detectedSpeechStart", MOMENT, 60, V, "20"},
    {"dispositionAnalyzer", CHOICE, 20, V, "speech|machine"},
    {"dispositionName", CHOICE, 20, V, "disposition.classification.callable.person|busy"},
    {"edgeId", UUID, 900, V, NULL},
    {"eligibleAgentCounts", NUMBERS, 60, ALL, "0-40"},
    {"engagementSource", CHOICE, 400, CH | MSG, "WebChat|WhatsApp|KakaoTalk|SMS|Line"},
    {"errorCodeDescription", CHOICE, 6, ALL, "The call was \"lost\"|time, out"},
    {"extendedDeliveryStatus", CHOICE, 60, MSG, "carrier: accepted|handset, off"},
    {"flowInType", CHOICE, 100, ALL, "voice|bot|workflow"},
    {"flowOutType", CHOICE, 60, ALL, "acd|disconnect|voicemail"},
    {"journeyActionId", UUID, 40, CH | MSG, NULL},
    {"journeyActionMapId", UUID, 40, CH | MSG, NULL},
    {"journeyActionMapVersion", NUMBER, 40, CH | MSG, "1-30"},
    {"journeyCustomerId", UUID, 120, CH | MSG, NULL},
    {"journeyCustomerIdType", CHOICE, 120, CH | MSG, "cookie|email|phone"},
    {"journeyCustomerSessionId", UUID, 90, CH | MSG, NULL},
    {"journeyCustomerSessionIdType", CHOICE, 90, CH | MSG, "web|app"},
    {"mediaBridgeId", UUID, 5, V, NULL},
    {"mediaCount", NUMBER, 150, MSG | EM, "0-7"},
    {"messageType", CHOICE, 800, MSG, "webmessaging|sms|whatsapp|open|kakao"},
    {"monitoredParticipantId", UUID, 4, V, NULL},
    {"peerId", UUID, 850, ALL, NULL},
    {"protocolCallId", UUID, 900, V, NULL},
    {"recording", FLAG, 500, ALL, NULL},
    {"remoteNameDisplayable", CHOICE, 800, ALL, "Seoul, Korea|Mobile Caller|José Ñ.|ANONYMOUS"},
    {"removedSkillIds", THINGS, 15, ALL, "skill"},
    {"requestedRoutings", CHOICES, 700, ALL, ROUTINGS},
    {"roomId", UUID, 500, CH, NULL},
    {"routingRing", NUMBER, 20, ALL, "1-6"},
    {"routingRule", CHOICE, 15, ALL, "rule 1|fallback"},
    {"routingRuleType", CHOICE, 15, ALL, "Bullseye|Conditional|Predictive|Preferred"},
    {"screenMonitoredUserId", THING, 3, ALL, "user"},
    {"screenShareAddressSelf", CHOICE, 6, CH, "share@example.test"},
    {"screenShareRoomId", CHOICE, 6, CH, "share-room-1"},
    {"scriptId", UUID, 120, ALL, NULL},
    {"selectedAgentId", THING, 60, ALL, "user"},
    {"selectedAgentRank", NUMBER, 20, ALL, "1-9"},
    {"sessionDnis", CHOICE, 700, V, "tel:+15550100|tel:+82255501000|sip:ivr@example.test"},
    {"sharingScreen", FLAG, 10, CH, NULL},
    {"skillExpressionId", UUID, 8, ALL, NULL},
    {"skipEnabled", FLAG, 150, CB, NULL},
    {"snippetRecording", FLAG, 10, V, NULL},
    {"timeoutSeconds", NUMBER, 100, CB, "0-600"},
    {"usedRouting", CHOICE, 300, ALL, ROUTINGS},
    {"videoAddressSelf", CHOICE, 5, CH, "video@example.test"},
    {"videoRoomId", CHOICE, 5, CH, "video-room-9"},
    {"waitingInteractionCounts", NUMBERS, 60, ALL, "0-25"},
    {NULL, UUID, 0, 0, NULL}};

static const struct field segment[] = {
    {"audioMuted", FLAG, 60, V, NULL},
    {"destinationConversationId", UUID, 12, ALL, NULL},
    {"destinationSessionId", UUID, 12, ALL, NULL},
    {"errorCode", CHOICE, 8, ALL, "error.ininedgecontrol.session.inactive|error, \"odd\""},
    {"groupId", THING, 10, ALL, "group"},
    {"q850ResponseCodes", NUMBERS, 60, V, "1-127"},
    {"requestedLanguageId", THING, 150, ALL, "language"},
    {"requestedRoutingSkillIds", THINGS, 300, ALL, "skill"},
    {"requestedRoutingUserIds", THINGS, 15, ALL, "user"},
    {"sipResponseCodes", NUMBERS, 60, V, "200-603"},
    {"sourceConversationId", UUID, 12, ALL, NULL},
    {"sourceSessionId", UUID, 12, ALL, NULL},
    {"subject", CHOICE, 800, EM, "Re: invoice #12, \"overdue\"|배송 문의|FW: hello|=1+1"},
    {"videoMuted", FLAG, 15, CH, NULL},
    {NULL, UUID, 0, 0, NULL}};

static const struct field flow[] = {
    {"entryReason", CHOICE, 900, ALL, "tel:+15550100|Sales flow|sip:main@example.test"},
    {"entryType", CHOICE, 900, ALL, "dnis|direct|flow|agent|outbound"},
    {"flowVersion", CHOICE, 950, ALL, "1.0|12.0|27.0|3.1"},
    {"startingLanguage", CHOICE, 900, ALL, "en-us|ko-kr|de-de|es-us"},
    {NULL, UUID, 0, 0, NULL}};

static const struct field flow_ended[] = {
    {"endingLanguage", CHOICE, 900, ALL, "en-us|ko-kr|de-de|es-us"},
    {"exitReason", CHOICE, 900, ALL, "TRANSFER|DISCONNECT|FLOW_DISCONNECT|ERROR"},
    {"issuedCallback", FLAG, 300, ALL, NULL},
    {"recognitionFailureReason", CHOICE, 20, ALL, "NO_MATCH|TIMEOUT"},
    {"transferTargetAddress", CHOICE, 500, ALL, TARGETS},
    {"transferTargetName", CHOICE, 500, ALL, "Sales|Tech, L2|예약"},
    {"transferType", CHOICE, 500, ALL, "ACD|GROUP|NUMBER|USER"},
    {NULL, UUID, 0, 0, NULL}};

static const struct field outcome[] = {
    {"flowOutcome", CHOICE, 950, ALL, "Caller authenticated|Bill paid|Gave up, early"},
    {"flowOutcomeValue", CHOICE, 950, ALL, "SUCCESS|FAILURE"},
    {NULL, UUID, 0, 0, NULL}};

static const struct field endpoint[] = {
    {"codecs", CHOICES, 950, ALL, "audio/opus|audio/PCMU|audio/PCMA"},
    {"discardedPackets", NUMBER, 700, ALL, "0-400"},
    {"duplicatePackets", NUMBER, 300, ALL, "0-12"},
    {"invalidPackets", NUMBER, 200, ALL, "0-5"},
    {"maxLatencyMs", NUMBER, 900, ALL, "1-900"},
    {"minMos", HUNDREDTHS, 950, ALL, "310-492"},
    {"minRFactor", HUNDREDTHS, 950, ALL, "6100-9320"},
    {"overrunPackets", NUMBER, 300, ALL, "0-60"},
    {"receivedPackets", NUMBER, 950, ALL, "50-90000"},
    {"underrunPackets", NUMBER, 300, ALL, "0-40"},
    {NULL, UUID, 0, 0, NULL}};

static const struct field evaluation[] = {
    {"assigneeApplicable", FLAG, 500, ALL, NULL},
    {"assigneeId", THING, 300, ALL, "user"},
    {"calibrationId", UUID, 100, ALL, NULL},
    {"contextId", UUID, 900, ALL, NULL},
    {"deleted", FLAG, 300, ALL, NULL},
    {"evaluationStatus", CHOICE, 950, ALL, "Finished|InProgress|InReview|Pending|Retracted"},
    {"evaluatorId", THING, 900, ALL, "user"},
    {"formId", UUID, 950, ALL, NULL},
    {"formName", CHOICE, 950, ALL, "Quality \"A\"|Greeting, closing|Compliance"},
    {"released", FLAG, 900, ALL, NULL},
    {"rescored", FLAG, 900, ALL, NULL},
    {"systemSubmitted", FLAG, 200, ALL, NULL},
    {"oTotalCriticalScore", NUMBER, 800, ALL, "0-100"},
    {"oTotalScore", NUMBER, 900, ALL, "0-100"},
    {NULL, UUID, 0, 0, NULL}};

static const struct field survey[] = {
    {"surveyCompletedDate", MOMENT, 600, ALL, "1"},
    {"surveyFormContextId", UUID, 900, ALL, NULL},
    {"surveyFormId", UUID, 950, ALL, NULL},
    {"surveyFormName", CHOICE, 950, ALL, "After call|NPS 2026|고객 만족"},
    {"surveyPartialResponse", FLAG, 300, ALL, NULL},
    {"surveyPromoterScore", NUMBER, 700, ALL, "0-10"},
    {"surveyStatus", CHOICE, 950, ALL, "Finished|Sent|Expired|OptOut"},
    {"surveyType", CHOICE, 950, ALL, "Web|Voice"},
    {"oSurveyTotalScore", NUMBER, 600, ALL, "0-100"},
    {NULL, UUID, 0, 0, NULL}};

static const struct field resolution[] = {{"nNextContactAvoided", NUMBER, 950, ALL, "0-1"},
                                          {NULL, UUID, 0, 0, NULL}};

static const struct field *const tables[FIELDS_COUNT] = {
    [FIELDS_CONVERSATION] = conversation,
    [FIELDS_CONVERSATION_ENDED] = conversation_ended,
    [FIELDS_PARTICIPANT] = participant,
    [FIELDS_SESSION] = session,
    [FIELDS_SEGMENT] = segment,
    [FIELDS_FLOW] = flow,
    [FIELDS_FLOW_ENDED] = flow_ended,
    [FIELDS_OUTCOME] = outcome,
    [FIELDS_ENDPOINT] = endpoint,
    [FIELDS_EVALUATION] = evaluation,
    [FIELDS_SURVEY] = survey,
    [FIELDS_RESOLUTION] = resolution,
};

static void choice(struct jw *w, const char *key, const char *words, uint64_t h)
{
    char word[128];
    uint64_t count = 1;
    for (const char *p = words; *p; p++) {
        count += *p == '|';
    }
    const char *from = words;
    for (uint64_t skip = h % count; skip > 0; skip--) {
        from = strchr(from, '|') + 1;
    }
    size_t length = strcspn(from, "|");
    memcpy(word, from, length);
    word[length] = '\0';
    jw_string(w, key, word);
}

static uint64_t thing(const char *name, uint64_t h)
{
    switch (name[0]) {
    case 's':
        return world_key(THING_SKILL, h % WORLD_SKILLS);
    case 'l':
        return world_key(THING_LANGUAGE, h % WORLD_LANGUAGES);
    case 't':
        return world_key(THING_TEAM, h % WORLD_TEAMS);
    case 'g':
        return world_key(THING_GROUP, h % 4);
    default:
        return world_key(THING_USER, h % (uint64_t)world.agents);
    }
}

static int64_t number(const char *range, uint64_t h)
{
    char *rest;
    int64_t lo = strtoll(range, &rest, 10), hi = strtoll(rest + 1, NULL, 10);
    return lo + (int64_t)(h % (uint64_t)(hi - lo + 1));
}

static void write_value(struct jw *w, const char *key, const struct field *f, uint64_t h)
{
    switch (f->kind) {
    case UUIDS:
    case UUID:
        jw_uuid(w, key, h);
        break;
    case CHOICES:
    case CHOICE:
        choice(w, key, f->arg, h);
        break;
    case NUMBERS:
    case NUMBER:
        jw_int(w, key, number(f->arg, h));
        break;
    case THINGS:
    case THING:
        jw_uuid(w, key, thing(f->arg, h));
        break;
    case HUNDREDTHS:
        jw_double(w, key, (double)number(f->arg, h) / 100.0);
        break;
    default:
        jw_bool(w, key, h % 3 != 0);
        break;
    }
}

static void write_field(struct jw *w, const struct field *f, const struct fields_context *context,
                        uint64_t h)
{
    if (f->kind == MOMENT || f->kind == FUTURE) {
        int64_t at = context->origin + (int64_t)(h % (uint64_t)(strtoll(f->arg, NULL, 10) * 1000));
        if (f->kind == FUTURE || at <= context->as_of) {
            jw_time(w, f->name, at);
        }
        return;
    }
    if (f->kind != UUIDS && f->kind != CHOICES && f->kind != NUMBERS && f->kind != THINGS) {
        write_value(w, f->name, f, h);
        return;
    }
    jw_array(w, f->name);
    for (uint64_t i = 0; i <= h % 7 % 3; i++) {
        write_value(w, NULL, f, rng_mix(h + i));
    }
    jw_end_array(w);
}

void fields_write(struct jw *w, enum fields_of what, const struct fields_context *context)
{
    for (const struct field *f = tables[what]; f->name; f++) {
        if (!context->all && !(f->media & context->media)) {
            continue;
        }
        uint64_t h = rng_text(context->key, f->name);
        if (context->all || h % 1000 < f->permille) {
            write_field(w, f, context, rng_mix(h));
        }
    }
}

bool fields_chance(uint64_t key, const char *purpose, unsigned permille)
{
    return rng_text(key, purpose) % 1000 < permille;
}
