#include "census.h"

#include "conv_json.h"
#include "corpus.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

/* Every field of the contract's conversation record. */
static const char *const contract[] = {
    "accessAttributes",
    "associatedConversationId",
    "conferenceStart",
    "consultationConversationIds",
    "conversationEnd",
    "conversationId",
    "conversationInitiator",
    "conversationStart",
    "customerParticipation",
    "divisionIds",
    "evaluations",
    "evaluations.assigneeApplicable",
    "evaluations.assigneeId",
    "evaluations.calibrationId",
    "evaluations.contextId",
    "evaluations.deleted",
    "evaluations.evaluationId",
    "evaluations.evaluationStatus",
    "evaluations.evaluatorId",
    "evaluations.eventTime",
    "evaluations.formId",
    "evaluations.formName",
    "evaluations.oTotalCriticalScore",
    "evaluations.oTotalScore",
    "evaluations.queueId",
    "evaluations.released",
    "evaluations.rescored",
    "evaluations.systemSubmitted",
    "evaluations.userId",
    "externalTag",
    "inactivityTimeout",
    "knowledgeBaseIds",
    "mediaStatsMinConversationMos",
    "mediaStatsMinConversationRFactor",
    "originatingDirection",
    "originatingSocialMediaPublic",
    "participants",
    "participants.attributes",
    "participants.externalContactId",
    "participants.externalOrganizationId",
    "participants.flaggedReason",
    "participants.participantId",
    "participants.participantName",
    "participants.purpose",
    "participants.screenRecording",
    "participants.sessions",
    "participants.sessions.activeSkillIds",
    "participants.sessions.acwSkipped",
    "participants.sessions.addressFrom",
    "participants.sessions.addressOther",
    "participants.sessions.addressSelf",
    "participants.sessions.addressTo",
    "participants.sessions.agentAssistantId",
    "participants.sessions.agentBullseyeRing",
    "participants.sessions.agentGroups",
    "participants.sessions.agentGroups.agentGroupId",
    "participants.sessions.agentGroups.agentGroupType",
    "participants.sessions.agentOwned",
    "participants.sessions.ani",
    "participants.sessions.assignerId",
    "participants.sessions.authenticated",
    "participants.sessions.bargedParticipantId",
    "participants.sessions.bcc",
    "participants.sessions.callbackNumbers",
    "participants.sessions.callbackScheduledTime",
    "participants.sessions.callbackUserName",
    "participants.sessions.cc",
    "participants.sessions.cleared",
    "participants.sessions.coachedParticipantId",
    "participants.sessions.cobrowseRole",
    "participants.sessions.cobrowseRoomId",
    "participants.sessions.deliveryPushed",
    "participants.sessions.deliveryStatus",
    "participants.sessions.deliveryStatusChangeDate",
    "participants.sessions.destinationAddresses",
    "participants.sessions.detectedSpeechEnd",
    "participants.sessions.detectedSpeechStart",
    "participants.sessions.direction",
    "participants.sessions.dispositionAnalyzer",
    "participants.sessions.dispositionName",
    "participants.sessions.dnis",
    "participants.sessions.edgeId",
    "participants.sessions.eligibleAgentCounts",
    "participants.sessions.engagementSource",
    "participants.sessions.errorCodeDescription",
    "participants.sessions.extendedDeliveryStatus",
    "participants.sessions.flow",
    "participants.sessions.flow.endingLanguage",
    "participants.sessions.flow.entryReason",
    "participants.sessions.flow.entryType",
    "participants.sessions.flow.exitReason",
    "participants.sessions.flow.flowId",
    "participants.sessions.flow.flowName",
    "participants.sessions.flow.flowType",
    "participants.sessions.flow.flowVersion",
    "participants.sessions.flow.issuedCallback",
    "participants.sessions.flow.outcomes",
    "participants.sessions.flow.outcomes.flowOutcome",
    "participants.sessions.flow.outcomes.flowOutcomeEndTimestamp",
    "participants.sessions.flow.outcomes.flowOutcomeId",
    "participants.sessions.flow.outcomes.flowOutcomeStartTimestamp",
    "participants.sessions.flow.outcomes.flowOutcomeValue",
    "participants.sessions.flow.recognitionFailureReason",
    "participants.sessions.flow.startingLanguage",
    "participants.sessions.flow.transferTargetAddress",
    "participants.sessions.flow.transferTargetName",
    "participants.sessions.flow.transferType",
    "participants.sessions.flowInType",
    "participants.sessions.flowOutType",
    "participants.sessions.journeyActionId",
    "participants.sessions.journeyActionMapId",
    "participants.sessions.journeyActionMapVersion",
    "participants.sessions.journeyCustomerId",
    "participants.sessions.journeyCustomerIdType",
    "participants.sessions.journeyCustomerSessionId",
    "participants.sessions.journeyCustomerSessionIdType",
    "participants.sessions.mediaBridgeId",
    "participants.sessions.mediaCount",
    "participants.sessions.mediaEndpointStats",
    "participants.sessions.mediaEndpointStats.codecs",
    "participants.sessions.mediaEndpointStats.discardedPackets",
    "participants.sessions.mediaEndpointStats.duplicatePackets",
    "participants.sessions.mediaEndpointStats.eventTime",
    "participants.sessions.mediaEndpointStats.invalidPackets",
    "participants.sessions.mediaEndpointStats.maxLatencyMs",
    "participants.sessions.mediaEndpointStats.minMos",
    "participants.sessions.mediaEndpointStats.minRFactor",
    "participants.sessions.mediaEndpointStats.overrunPackets",
    "participants.sessions.mediaEndpointStats.receivedPackets",
    "participants.sessions.mediaEndpointStats.underrunPackets",
    "participants.sessions.mediaType",
    "participants.sessions.messageType",
    "participants.sessions.metrics",
    "participants.sessions.metrics.emitDate",
    "participants.sessions.metrics.name",
    "participants.sessions.metrics.value",
    "participants.sessions.monitoredParticipantId",
    "participants.sessions.outboundCampaignId",
    "participants.sessions.outboundContactId",
    "participants.sessions.outboundContactListId",
    "participants.sessions.peerId",
    "participants.sessions.proposedAgents",
    "participants.sessions.proposedAgents.agentRank",
    "participants.sessions.proposedAgents.proposedAgentId",
    "participants.sessions.protocolCallId",
    "participants.sessions.provider",
    "participants.sessions.recording",
    "participants.sessions.remote",
    "participants.sessions.remoteNameDisplayable",
    "participants.sessions.removedSkillIds",
    "participants.sessions.requestedRoutings",
    "participants.sessions.roomId",
    "participants.sessions.routingRing",
    "participants.sessions.routingRule",
    "participants.sessions.routingRuleType",
    "participants.sessions.screenMonitoredUserId",
    "participants.sessions.screenShareAddressSelf",
    "participants.sessions.screenShareRoomId",
    "participants.sessions.scriptId",
    "participants.sessions.segments",
    "participants.sessions.segments.audioMuted",
    "participants.sessions.segments.conference",
    "participants.sessions.segments.destinationConversationId",
    "participants.sessions.segments.destinationSessionId",
    "participants.sessions.segments.disconnectType",
    "participants.sessions.segments.errorCode",
    "participants.sessions.segments.groupId",
    "participants.sessions.segments.properties",
    "participants.sessions.segments.properties.property",
    "participants.sessions.segments.properties.propertyType",
    "participants.sessions.segments.properties.value",
    "participants.sessions.segments.q850ResponseCodes",
    "participants.sessions.segments.queueId",
    "participants.sessions.segments.requestedLanguageId",
    "participants.sessions.segments.requestedRoutingSkillIds",
    "participants.sessions.segments.requestedRoutingUserIds",
    "participants.sessions.segments.scoredAgents",
    "participants.sessions.segments.scoredAgents.agentScore",
    "participants.sessions.segments.scoredAgents.scoredAgentId",
    "participants.sessions.segments.segmentEnd",
    "participants.sessions.segments.segmentStart",
    "participants.sessions.segments.segmentType",
    "participants.sessions.segments.sipResponseCodes",
    "participants.sessions.segments.sourceConversationId",
    "participants.sessions.segments.sourceSessionId",
    "participants.sessions.segments.subject",
    "participants.sessions.segments.videoMuted",
    "participants.sessions.segments.wrapUpCode",
    "participants.sessions.segments.wrapUpNote",
    "participants.sessions.segments.wrapUpTags",
    "participants.sessions.selectedAgentId",
    "participants.sessions.selectedAgentRank",
    "participants.sessions.sessionDnis",
    "participants.sessions.sessionId",
    "participants.sessions.sharingScreen",
    "participants.sessions.skillExpressionId",
    "participants.sessions.skipEnabled",
    "participants.sessions.snippetRecording",
    "participants.sessions.timeoutSeconds",
    "participants.sessions.usedRouting",
    "participants.sessions.videoAddressSelf",
    "participants.sessions.videoRoomId",
    "participants.sessions.waitingInteractionCounts",
    "participants.teamId",
    "participants.userId",
    "resolutions",
    "resolutions.eventTime",
    "resolutions.nNextContactAvoided",
    "resolutions.queueId",
    "resolutions.userId",
    "selfServed",
    "surveys",
    "surveys.eventTime",
    "surveys.oSurveyTotalScore",
    "surveys.queueId",
    "surveys.surveyCompletedDate",
    "surveys.surveyFormContextId",
    "surveys.surveyFormId",
    "surveys.surveyFormName",
    "surveys.surveyId",
    "surveys.surveyPartialResponse",
    "surveys.surveyPromoterScore",
    "surveys.surveyStatus",
    "surveys.surveyType",
    "surveys.userId",
};

enum { FIELDS = sizeof contract / sizeof *contract };

static long counts[FIELDS];
static long unknown;

static void count(const char *path)
{
    size_t low = 0, high = FIELDS;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(contract[middle], path);
        if (order == 0) {
            counts[middle]++;
            return;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    unknown++;
    printf("unknown %s\n", path);
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
    for (size_t i = 0; i < FIELDS; i++) {
        printf("%s%8ld %s\n", counts[i] ? "" : "missing ", counts[i], contract[i]);
        missing += counts[i] == 0;
    }
    selection_free(&s);
    jw_free(&w);
    return missing > 0 || unknown > 0;
}
