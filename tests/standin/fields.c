#include "fields.h"

#include "conv.h"
#include "when.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum kind {
    UUID,
    CHOICE, /* one of the words of arg, separated by | */
    FLAG,
    NUMBER,     /* arg: lo-hi */
    HUNDREDTHS, /* arg: lo-hi, in hundredths */
    MOMENT,     /* arg: at most so many seconds after the origin; left out when after as_of */
    FUTURE,     /* the same, but never left out */
    THING,      /* arg: name of a thing: skill, language, queue, user, team, group, division */
    LIST = 16,  /* one to three of a kind */
    UUIDS = UUID | LIST,
    CHOICES = CHOICE | LIST,
    NUMBERS = NUMBER | LIST,
    THINGS = THING | LIST
};

enum { V = 1 << MEDIA_VOICE, CB = 1 << MEDIA_CALLBACK, CH = 1 << MEDIA_CHAT };
enum { EM = 1 << MEDIA_EMAIL, MSG = 1 << MEDIA_MESSAGE, ALL = V | CB | CH | EM | MSG };

struct field {
    enum fields_of of;
    const char *name;
    enum kind kind;
    unsigned permille;
    unsigned media;
    const char *arg;
};

#define ROUTINGS "Standard|Bullseye|Preferred|Last|Predictive|Conditional|Direct|Manual|Vip"
#define TARGETS  "+82 2 555 0100|sip:queue@example.test|Sales|tel:+15550100"

/* Every optional field: by the object that has it, in the order of the enum, and there in the order
 * in which it is written. */
static const struct field table[] = {
    {FIELDS_CONVERSATION, "accessAttributes", CHOICES, 8, ALL, "vip|internal|restricted"},
    {FIELDS_CONVERSATION, "associatedConversationId", UUID, 15, ALL, NULL},
    {FIELDS_CONVERSATION, "consultationConversationIds", UUIDS, 10, V, NULL},
    {FIELDS_CONVERSATION, "customerParticipation", FLAG, 900, ALL, NULL},
    {FIELDS_CONVERSATION, "externalTag", CHOICE, 25, ALL,
     "CASE-1042|crm:99|=HYPERLINK(\"x\")|티켓-7"},
    {FIELDS_CONVERSATION, "inactivityTimeout", FUTURE, 200, MSG, "259200"},
    {FIELDS_CONVERSATION, "knowledgeBaseIds", UUIDS, 12, ALL, NULL},
    {FIELDS_CONVERSATION, "originatingSocialMediaPublic", FLAG, 50, MSG, NULL},
    {FIELDS_CONVERSATION_ENDED, "mediaStatsMinConversationMos", HUNDREDTHS, 850, V, "310-492"},
    {FIELDS_CONVERSATION_ENDED, "mediaStatsMinConversationRFactor", HUNDREDTHS, 850, V,
     "6100-9320"},
    {FIELDS_PARTICIPANT, "externalContactId", UUID, 250, ALL, NULL},
    {FIELDS_PARTICIPANT, "externalOrganizationId", UUID, 40, ALL, NULL},
    {FIELDS_PARTICIPANT, "flaggedReason", CHOICE, 8, ALL, "general"},
    {FIELDS_PARTICIPANT, "screenRecording", FLAG, 30, ALL, NULL},
    {FIELDS_PARTICIPANT, "teamId", THING, 150, ALL, "team"},
    {FIELDS_SESSION, "activeSkillIds", THINGS, 300, ALL, "skill"},
    {FIELDS_SESSION, "acwSkipped", FLAG, 40, ALL, NULL},
    {FIELDS_SESSION, "agentAssistantId", UUID, 20, ALL, NULL},
    {FIELDS_SESSION, "agentBullseyeRing", NUMBER, 20, ALL, "1-6"},
    {FIELDS_SESSION, "agentOwned", FLAG, 60, CB, NULL},
    {FIELDS_SESSION, "assignerId", THING, 10, ALL, "user"},
    {FIELDS_SESSION, "authenticated", FLAG, 300, CH | MSG, NULL},
    {FIELDS_SESSION, "bargedParticipantId", UUID, 3, V, NULL},
    {FIELDS_SESSION, "bcc", CHOICES, 60, EM, "archive@example.test|audit@example.test"},
    {FIELDS_SESSION, "callbackNumbers", CHOICES, 900, CB, "tel:+15550123|tel:+821055501234"},
    {FIELDS_SESSION, "callbackScheduledTime", FUTURE, 900, CB, "14400"},
    {FIELDS_SESSION, "callbackUserName", CHOICE, 800, CB,
     "Kim, Min-ji|O'Neill \"Shaq\"|José|Customer"},
    {FIELDS_SESSION, "cc", CHOICES, 150, EM,
     "team@example.test|boss@example.test|a.b@example.test"},
    {FIELDS_SESSION, "cleared", FLAG, 15, ALL, NULL},
    {FIELDS_SESSION, "coachedParticipantId", UUID, 3, V, NULL},
    {FIELDS_SESSION, "cobrowseRole", CHOICE, 20, CH, "sharer|viewer"},
    {FIELDS_SESSION, "cobrowseRoomId", UUID, 20, CH, NULL},
    {FIELDS_SESSION, "deliveryPushed", FLAG, 300, MSG, NULL},
    {FIELDS_SESSION, "deliveryStatus", CHOICE, 500, MSG,
     "DeliverySuccess|Read|Sent|DeliveryFailed|Queued"},
    {FIELDS_SESSION, "deliveryStatusChangeDate", MOMENT, 500, MSG, "900"},
    {FIELDS_SESSION, "destinationAddresses", CHOICES, 15, V, TARGETS},
    {FIELDS_SESSION, "detectedSpeechEnd", MOMENT, 60, V, "120"},
    {FIELDS_SESSION, "detectedSpeechStart", MOMENT, 60, V, "20"},
    {FIELDS_SESSION, "dispositionAnalyzer", CHOICE, 20, V, "speech|machine"},
    {FIELDS_SESSION, "dispositionName", CHOICE, 20, V,
     "disposition.classification.callable.person|busy"},
    {FIELDS_SESSION, "edgeId", UUID, 900, V, NULL},
    {FIELDS_SESSION, "eligibleAgentCounts", NUMBERS, 60, ALL, "0-40"},
    {FIELDS_SESSION, "engagementSource", CHOICE, 400, CH | MSG,
     "WebChat|WhatsApp|KakaoTalk|SMS|Line"},
    {FIELDS_SESSION, "errorCodeDescription", CHOICE, 6, ALL, "The call was \"lost\"|time, out"},
    {FIELDS_SESSION, "extendedDeliveryStatus", CHOICE, 60, MSG, "carrier: accepted|handset, off"},
    {FIELDS_SESSION, "flowInType", CHOICE, 100, ALL, "voice|bot|workflow"},
    {FIELDS_SESSION, "flowOutType", CHOICE, 60, ALL, "acd|disconnect|voicemail"},
    {FIELDS_SESSION, "journeyActionId", UUID, 40, CH | MSG, NULL},
    {FIELDS_SESSION, "journeyActionMapId", UUID, 40, CH | MSG, NULL},
    {FIELDS_SESSION, "journeyActionMapVersion", NUMBER, 40, CH | MSG, "1-30"},
    {FIELDS_SESSION, "journeyCustomerId", UUID, 120, CH | MSG, NULL},
    {FIELDS_SESSION, "journeyCustomerIdType", CHOICE, 120, CH | MSG, "cookie|email|phone"},
    {FIELDS_SESSION, "journeyCustomerSessionId", UUID, 90, CH | MSG, NULL},
    {FIELDS_SESSION, "journeyCustomerSessionIdType", CHOICE, 90, CH | MSG, "web|app"},
    {FIELDS_SESSION, "mediaBridgeId", UUID, 5, V, NULL},
    {FIELDS_SESSION, "mediaCount", NUMBER, 150, MSG | EM, "0-7"},
    {FIELDS_SESSION, "messageType", CHOICE, 800, MSG, "webmessaging|sms|whatsapp|open|kakao"},
    {FIELDS_SESSION, "monitoredParticipantId", UUID, 4, V, NULL},
    {FIELDS_SESSION, "peerId", UUID, 850, ALL, NULL},
    {FIELDS_SESSION, "protocolCallId", UUID, 900, V, NULL},
    {FIELDS_SESSION, "recording", FLAG, 500, ALL, NULL},
    {FIELDS_SESSION, "remoteNameDisplayable", CHOICE, 800, ALL,
     "Seoul, Korea|Mobile Caller|José Ñ.|ANONYMOUS"},
    {FIELDS_SESSION, "removedSkillIds", THINGS, 15, ALL, "skill"},
    {FIELDS_SESSION, "requestedRoutings", CHOICES, 700, ALL, ROUTINGS},
    {FIELDS_SESSION, "roomId", UUID, 500, CH, NULL},
    {FIELDS_SESSION, "routingRing", NUMBER, 20, ALL, "1-6"},
    {FIELDS_SESSION, "routingRule", CHOICE, 15, ALL, "rule 1|fallback"},
    {FIELDS_SESSION, "routingRuleType", CHOICE, 15, ALL,
     "Bullseye|Conditional|Predictive|Preferred"},
    {FIELDS_SESSION, "screenMonitoredUserId", THING, 3, ALL, "user"},
    {FIELDS_SESSION, "screenShareAddressSelf", CHOICE, 6, CH, "share@example.test"},
    {FIELDS_SESSION, "screenShareRoomId", CHOICE, 6, CH, "share-room-1"},
    {FIELDS_SESSION, "scriptId", UUID, 120, ALL, NULL},
    {FIELDS_SESSION, "selectedAgentId", THING, 60, ALL, "user"},
    {FIELDS_SESSION, "selectedAgentRank", NUMBER, 20, ALL, "1-9"},
    {FIELDS_SESSION, "sessionDnis", CHOICE, 700, V,
     "tel:+15550100|tel:+82255501000|sip:ivr@example.test"},
    {FIELDS_SESSION, "sharingScreen", FLAG, 10, CH, NULL},
    {FIELDS_SESSION, "skillExpressionId", UUID, 8, ALL, NULL},
    {FIELDS_SESSION, "skipEnabled", FLAG, 150, CB, NULL},
    {FIELDS_SESSION, "snippetRecording", FLAG, 10, V, NULL},
    {FIELDS_SESSION, "timeoutSeconds", NUMBER, 100, CB, "0-600"},
    {FIELDS_SESSION, "usedRouting", CHOICE, 300, ALL, ROUTINGS},
    {FIELDS_SESSION, "videoAddressSelf", CHOICE, 5, CH, "video@example.test"},
    {FIELDS_SESSION, "videoRoomId", CHOICE, 5, CH, "video-room-9"},
    {FIELDS_SESSION, "waitingInteractionCounts", NUMBERS, 60, ALL, "0-25"},
    {FIELDS_SEGMENT, "audioMuted", FLAG, 60, V, NULL},
    {FIELDS_SEGMENT, "destinationConversationId", UUID, 12, ALL, NULL},
    {FIELDS_SEGMENT, "destinationSessionId", UUID, 12, ALL, NULL},
    {FIELDS_SEGMENT, "errorCode", CHOICE, 8, ALL,
     "error.ininedgecontrol.session.inactive|error, \"odd\""},
    {FIELDS_SEGMENT, "groupId", THING, 10, ALL, "group"},
    {FIELDS_SEGMENT, "q850ResponseCodes", NUMBERS, 60, V, "1-127"},
    {FIELDS_SEGMENT, "requestedLanguageId", THING, 150, ALL, "language"},
    {FIELDS_SEGMENT, "requestedRoutingSkillIds", THINGS, 300, ALL, "skill"},
    {FIELDS_SEGMENT, "requestedRoutingUserIds", THINGS, 15, ALL, "user"},
    {FIELDS_SEGMENT, "sipResponseCodes", NUMBERS, 60, V, "200-603"},
    {FIELDS_SEGMENT, "sourceConversationId", UUID, 12, ALL, NULL},
    {FIELDS_SEGMENT, "sourceSessionId", UUID, 12, ALL, NULL},
    {FIELDS_SEGMENT, "subject", CHOICE, 800, EM,
     "Re: invoice #12, \"overdue\"|배송 문의|FW: hello|=1+1"},
    {FIELDS_SEGMENT, "videoMuted", FLAG, 15, CH, NULL},
    {FIELDS_FLOW, "entryReason", CHOICE, 900, ALL,
     "tel:+15550100|Sales flow|sip:main@example.test"},
    {FIELDS_FLOW, "entryType", CHOICE, 900, ALL, "dnis|direct|flow|agent|outbound"},
    {FIELDS_FLOW, "flowVersion", CHOICE, 950, ALL, "1.0|12.0|27.0|3.1"},
    {FIELDS_FLOW, "startingLanguage", CHOICE, 900, ALL, "en-us|ko-kr|de-de|es-us"},
    {FIELDS_FLOW_ENDED, "endingLanguage", CHOICE, 900, ALL, "en-us|ko-kr|de-de|es-us"},
    {FIELDS_FLOW_ENDED, "exitReason", CHOICE, 900, ALL,
     "TRANSFER|DISCONNECT|FLOW_DISCONNECT|ERROR"},
    {FIELDS_FLOW_ENDED, "issuedCallback", FLAG, 300, ALL, NULL},
    {FIELDS_FLOW_ENDED, "recognitionFailureReason", CHOICE, 20, ALL, "NO_MATCH|TIMEOUT"},
    {FIELDS_FLOW_ENDED, "transferTargetAddress", CHOICE, 500, ALL, TARGETS},
    {FIELDS_FLOW_ENDED, "transferTargetName", CHOICE, 500, ALL, "Sales|Tech, L2|예약"},
    {FIELDS_FLOW_ENDED, "transferType", CHOICE, 500, ALL, "ACD|GROUP|NUMBER|USER"},
    {FIELDS_OUTCOME, "flowOutcome", CHOICE, 950, ALL,
     "Caller authenticated|Bill paid|Gave up, early"},
    {FIELDS_OUTCOME, "flowOutcomeValue", CHOICE, 950, ALL, "SUCCESS|FAILURE"},
    {FIELDS_ENDPOINT, "codecs", CHOICES, 950, ALL, "audio/opus|audio/PCMU|audio/PCMA"},
    {FIELDS_ENDPOINT, "discardedPackets", NUMBER, 700, ALL, "0-400"},
    {FIELDS_ENDPOINT, "duplicatePackets", NUMBER, 300, ALL, "0-12"},
    {FIELDS_ENDPOINT, "invalidPackets", NUMBER, 200, ALL, "0-5"},
    {FIELDS_ENDPOINT, "maxLatencyMs", NUMBER, 900, ALL, "1-900"},
    {FIELDS_ENDPOINT, "minMos", HUNDREDTHS, 950, ALL, "310-492"},
    {FIELDS_ENDPOINT, "minRFactor", HUNDREDTHS, 950, ALL, "6100-9320"},
    {FIELDS_ENDPOINT, "overrunPackets", NUMBER, 300, ALL, "0-60"},
    {FIELDS_ENDPOINT, "receivedPackets", NUMBER, 950, ALL, "50-90000"},
    {FIELDS_ENDPOINT, "underrunPackets", NUMBER, 300, ALL, "0-40"},
    {FIELDS_EVALUATION, "assigneeApplicable", FLAG, 500, ALL, NULL},
    {FIELDS_EVALUATION, "assigneeId", THING, 300, ALL, "user"},
    {FIELDS_EVALUATION, "calibrationId", UUID, 100, ALL, NULL},
    {FIELDS_EVALUATION, "contextId", UUID, 900, ALL, NULL},
    {FIELDS_EVALUATION, "deleted", FLAG, 300, ALL, NULL},
    {FIELDS_EVALUATION, "evaluationStatus", CHOICE, 950, ALL,
     "Finished|InProgress|InReview|Pending|Retracted"},
    {FIELDS_EVALUATION, "evaluatorId", THING, 900, ALL, "user"},
    {FIELDS_EVALUATION, "formId", UUID, 950, ALL, NULL},
    {FIELDS_EVALUATION, "formName", CHOICE, 950, ALL, "Quality \"A\"|Greeting, closing|Compliance"},
    {FIELDS_EVALUATION, "released", FLAG, 900, ALL, NULL},
    {FIELDS_EVALUATION, "rescored", FLAG, 900, ALL, NULL},
    {FIELDS_EVALUATION, "systemSubmitted", FLAG, 200, ALL, NULL},
    {FIELDS_EVALUATION, "oTotalCriticalScore", NUMBER, 800, ALL, "0-100"},
    {FIELDS_EVALUATION, "oTotalScore", NUMBER, 900, ALL, "0-100"},
    {FIELDS_SURVEY, "surveyCompletedDate", MOMENT, 600, ALL, "1"},
    {FIELDS_SURVEY, "surveyFormContextId", UUID, 900, ALL, NULL},
    {FIELDS_SURVEY, "surveyFormId", UUID, 950, ALL, NULL},
    {FIELDS_SURVEY, "surveyFormName", CHOICE, 950, ALL, "After call|NPS 2026|고객 만족"},
    {FIELDS_SURVEY, "surveyPartialResponse", FLAG, 300, ALL, NULL},
    {FIELDS_SURVEY, "surveyPromoterScore", NUMBER, 700, ALL, "0-10"},
    {FIELDS_SURVEY, "surveyStatus", CHOICE, 950, ALL, "Finished|Sent|Expired|OptOut"},
    {FIELDS_SURVEY, "surveyType", CHOICE, 950, ALL, "Web|Voice"},
    {FIELDS_SURVEY, "oSurveyTotalScore", NUMBER, 600, ALL, "0-100"},
    {FIELDS_RESOLUTION, "nNextContactAvoided", NUMBER, 950, ALL, "0-1"},
};

uint64_t fields_word(const char *words, char separator, uint64_t h, char *out)
{
    const char ends[] = {separator, '\0'};
    uint64_t count = 1;
    for (const char *p = words; *p; p++) {
        count += *p == separator;
    }
    for (uint64_t skip = h % count; skip > 0; skip--) {
        words = strchr(words, separator) + 1;
    }
    size_t length = strcspn(words, ends);
    memcpy(out, words, length);
    out[length] = '\0';
    return count;
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
    char word[128];
    switch ((unsigned)f->kind & ~(unsigned)LIST) {
    case UUID:
        JW(w, UUID(key, h));
        break;
    case CHOICE:
        fields_word(f->arg, '|', h, word);
        JW(w, TEXT(key, word));
        break;
    case NUMBER:
        JW(w, INT(key, number(f->arg, h)));
        break;
    case THING:
        JW(w, UUID(key, thing(f->arg, h)));
        break;
    case HUNDREDTHS:
        JW(w, REAL(key, (double)number(f->arg, h) / 100.0));
        break;
    default:
        JW(w, BOOL(key, h % 3 != 0));
        break;
    }
}

static void write_field(struct jw *w, const struct field *f, const struct fields_context *context,
                        uint64_t h)
{
    if (f->kind == MOMENT || f->kind == FUTURE) {
        int64_t at = context->origin + (int64_t)(h % (uint64_t)(strtoll(f->arg, NULL, 10) * 1000));
        if (f->kind == FUTURE || at <= context->as_of) {
            JW(w, TIME(f->name, at));
        }
        return;
    }
    if (!(f->kind & LIST)) {
        write_value(w, f->name, f, h);
        return;
    }
    jw_array(w, f->name);
    for (uint64_t i = 0; i <= h % 7 % 3; i++) {
        write_value(w, NULL, f, rng_mix(h + i));
    }
    jw_end(w);
}

void fields_write(struct jw *w, enum fields_of of, const struct fields_context *context)
{
    size_t rows = sizeof table / sizeof *table;
    for (const struct field *f = table; f < table + rows && f->of <= of; f++) {
        if (f->of == of && (context->all || (f->media & context->media))) {
            uint64_t h = rng_text(context->key, f->name);
            if (context->all || h % 1000 < f->permille) {
                write_field(w, f, context, rng_mix(h));
            }
        }
    }
}

bool fields_chance(uint64_t key, const char *purpose, unsigned permille)
{
    return rng_text(key, purpose) % 1000 < permille;
}
