#include "conversations.h"

#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

/* Every field of the contract's conversation record, by the object that holds it. */
static const struct {
    const char *object; /* the path before its fields */
    const char *fields;
} contract[] = {
    {"", "accessAttributes associatedConversationId conferenceStart consultationConversationIds "
         "conversationEnd conversationId conversationInitiator conversationStart "
         "customerParticipation divisionIds evaluations externalTag inactivityTimeout "
         "knowledgeBaseIds mediaStatsMinConversationMos mediaStatsMinConversationRFactor "
         "originatingDirection originatingSocialMediaPublic participants resolutions selfServed "
         "surveys"},
    {"evaluations.",
     "assigneeApplicable assigneeId calibrationId contextId deleted evaluationId "
     "evaluationStatus evaluatorId eventTime formId formName oTotalCriticalScore oTotalScore "
     "queueId released rescored systemSubmitted userId"},
    {"participants.",
     "attributes externalContactId externalOrganizationId flaggedReason participantId "
     "participantName purpose screenRecording sessions teamId userId"},
    {"participants.sessions.",
     "activeSkillIds acwSkipped addressFrom addressOther addressSelf addressTo "
     "agentAssistantId agentBullseyeRing agentGroups agentOwned ani assignerId authenticated "
     "bargedParticipantId bcc callbackNumbers callbackScheduledTime callbackUserName cc "
     "cleared coachedParticipantId cobrowseRole cobrowseRoomId deliveryPushed deliveryStatus "
     "deliveryStatusChangeDate destinationAddresses detectedSpeechEnd detectedSpeechStart "
     "direction dispositionAnalyzer dispositionName dnis edgeId eligibleAgentCounts "
     "engagementSource errorCodeDescription extendedDeliveryStatus flow flowInType flowOutType "
     "journeyActionId journeyActionMapId journeyActionMapVersion journeyCustomerId "
     "journeyCustomerIdType journeyCustomerSessionId journeyCustomerSessionIdType "
     "mediaBridgeId mediaCount mediaEndpointStats mediaType messageType metrics "
     "monitoredParticipantId outboundCampaignId outboundContactId outboundContactListId peerId "
     "proposedAgents protocolCallId provider recording remote remoteNameDisplayable "
     "removedSkillIds requestedRoutings roomId routingRing routingRule routingRuleType "
     "screenMonitoredUserId screenShareAddressSelf screenShareRoomId scriptId segments "
     "selectedAgentId selectedAgentRank sessionDnis sessionId sharingScreen skillExpressionId "
     "skipEnabled snippetRecording timeoutSeconds usedRouting videoAddressSelf videoRoomId "
     "waitingInteractionCounts"},
    {"participants.sessions.agentGroups.", "agentGroupId agentGroupType"},
    {"participants.sessions.flow.",
     "endingLanguage entryReason entryType exitReason flowId flowName flowType flowVersion "
     "issuedCallback outcomes recognitionFailureReason startingLanguage transferTargetAddress "
     "transferTargetName transferType"},
    {"participants.sessions.flow.outcomes.",
     "flowOutcome flowOutcomeEndTimestamp flowOutcomeId flowOutcomeStartTimestamp "
     "flowOutcomeValue"},
    {"participants.sessions.mediaEndpointStats.",
     "codecs discardedPackets duplicatePackets eventTime invalidPackets maxLatencyMs minMos "
     "minRFactor overrunPackets receivedPackets underrunPackets"},
    {"participants.sessions.metrics.", "emitDate name value"},
    {"participants.sessions.proposedAgents.", "agentRank proposedAgentId"},
    {"participants.sessions.segments.",
     "audioMuted conference destinationConversationId destinationSessionId disconnectType "
     "errorCode groupId properties q850ResponseCodes queueId requestedLanguageId "
     "requestedRoutingSkillIds requestedRoutingUserIds scoredAgents segmentEnd segmentStart "
     "segmentType sipResponseCodes sourceConversationId sourceSessionId subject videoMuted "
     "wrapUpCode wrapUpNote wrapUpTags"},
    {"participants.sessions.segments.properties.", "property propertyType value"},
    {"participants.sessions.segments.scoredAgents.", "agentScore scoredAgentId"},
    {"resolutions.", "eventTime nNextContactAvoided queueId userId"},
    {"surveys.",
     "eventTime oSurveyTotalScore queueId surveyCompletedDate surveyFormContextId surveyFormId "
     "surveyFormName surveyId surveyPartialResponse surveyPromoterScore surveyStatus "
     "surveyType userId"},
};

enum { FIELDS_MAX = 512, PATH_BYTES = 256 };

struct field {
    char path[PATH_BYTES];
    long count;
};

static struct field fields[FIELDS_MAX];
static size_t field_count;
static long unknown;

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct field *)a)->path, ((const struct field *)b)->path);
}

static void list_fields(void)
{
    for (size_t i = 0; i < sizeof contract / sizeof *contract; i++) {
        const char *field = contract[i].fields;
        while (*field && field_count < FIELDS_MAX) {
            size_t length = strcspn(field, " ");
            snprintf(fields[field_count++].path, PATH_BYTES, "%s%.*s", contract[i].object,
                     (int)length, field);
            field += length + (field[length] == ' ');
        }
    }
    qsort(fields, field_count, sizeof *fields, by_path);
}

static void count(const char *path)
{
    struct field wanted, *found;
    snprintf(wanted.path, sizeof wanted.path, "%s", path);
    found = bsearch(&wanted, fields, field_count, sizeof *fields, by_path);
    if (found) {
        found->count++;
    } else {
        unknown++;
        printf("unknown %s\n", path);
    }
}

static void walk(yyjson_val *value, const char *path)
{
    size_t i, n;
    yyjson_val *key, *child;
    char deeper[256];
    if (yyjson_is_arr(value)) {
        yyjson_arr_foreach(value, i, n, child)
        {
            walk(child, path);
        }
    }
    if (!yyjson_is_obj(value) ||
        (strlen(path) > 10 && strcmp(path + strlen(path) - 10, "attributes") == 0)) {
        return;
    }
    yyjson_obj_foreach(value, i, n, key, child)
    {
        snprintf(deeper, sizeof deeper, "%s%s%s", path, *path ? "." : "", yyjson_get_str(key));
        count(deeper);
        walk(child, deeper);
    }
}

int census_print(void)
{
    struct conv c;
    struct jw w = {0};
    struct selection s = {0};
    int missing = 0;
    int64_t now = world_moment().now;
    struct view view = {.body = now, .attributes = now};
    list_fields();
    corpus_started(&s, corpus_first_day(), corpus_last_day(), now);
    for (size_t i = 0; i < s.count; i++) {
        w.length = 0;
        w.comma = false;
        conv_build(&c, s.entry[i]->day, s.entry[i]->index);
        conv_json(&w, NULL, &c, &view, NULL);
        yyjson_doc *doc = yyjson_read(w.data, w.length, 0);
        if (!doc) {
            printf("malformed %s\n", c.id);
            unknown++;
        }
        walk(yyjson_doc_get_root(doc), "");
        yyjson_doc_free(doc);
    }
    for (size_t i = 0; i < field_count; i++) {
        const struct field *f = &fields[i];
        printf("%s%8ld %s\n", f->count ? "" : "missing ", f->count, f->path);
        missing += f->count == 0;
    }
    selection_free(&s);
    jw_free(&w);
    return missing > 0 || unknown > 0;
}
