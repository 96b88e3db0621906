/* The plain lists (users, queues, divisions) and the single documents about the organization. */
#include "routes.h"

#include "conv.h"
#include "fault.h"
#include "fields.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yyjson.h>

enum { MAX_PAGE = 100 };

static const char *const division_names[WORLD_DIVISIONS] = {"Home", "Europe", "서울"};

static void division(struct jw *w, int n)
{
    uint64_t key = world_key(THING_DIVISION, (uint64_t)n);
    JW(w, OBJECT("division"), UUID("id", key), TEXT("name", division_names[n]),
       LINK("authorization/divisions", key), END);
}

static void user_contacts(struct jw *w, int i, const char *email)
{
    JW(w, ARRAY("primaryContactInfo"), OBJECT(NULL), TEXT("address", email),
       TEXT("mediaType", "EMAIL"), TEXT("type", "PRIMARY"), END, END);
    JW(w, ARRAY("addresses"), IF(i % 3 == 0), OBJECT(NULL), TEXT("address", "+8225550100"),
       TEXT("mediaType", "PHONE"), TEXT("type", "WORK"), TEXT("display", "+82 2 555 0100"),
       TEXT("extension", "4711"), TEXT("countryCode", "KR"), END, END);
}

/* What only some users have. */
static void user_rest(struct jw *w, int i)
{
    char employee[16];
    int64_t login = world.first_day * WHEN_DAY - i * WHEN_HOUR;
    snprintf(employee, sizeof employee, "%06d", i * 37);
    JW(w, IF(i % 4 == 1), ARRAY("images"), OBJECT(NULL), TEXT("resolution", "x96"),
       TEXT("imageUri", "https://images.example.test/u/x96.png?a=1&b=2"), END, END);
    if (i % 6 == 2) {
        JW(w, TEXT("preferredName", "Mo, \"the\" agent"), ARRAY("certifications"),
           TEXT(NULL, "Six, Sigma"), END, OBJECT("employerInfo"),
           TEXT("officialName", "Officially Named"), TEXT("employeeId", employee),
           TEXT("employeeType", "Full-time"), TEXT("dateHire", "2019-04-01"), END,
           OBJECT("biography"), TEXT("biography", "Likes long\nlines."), ARRAY("hobbies"),
           TEXT(NULL, "go"), END, END);
    }
    JW(w, IF(i % 5 != 0), TIME("dateLastLogin", login), IF(i % 5 != 0), OBJECT("lastTokenIssued"),
       TIME("dateIssued", login), END);
}

static void user_fields(struct jw *w, int i)
{
    static const char *const departments[] = {"Sales", "Support", "Care, Tier 2", "고객지원"};
    char id[RNG_UUID_SIZE], jabber[64], email[64];
    uint64_t manager = world_key(THING_USER, (uint64_t)(i - i % 20));
    bool lead = i % 20 == 0, placed = i % 9 != 4;
    rng_uuid(world_key(THING_USER, (uint64_t)i), id);
    snprintf(jabber, sizeof jabber, "%.8s@org.orgspan.com", id);
    snprintf(email, sizeof email, "agent%d@example.test", i);
    division(w, i % 11 == 3 ? 1 : i % 13 == 5 ? 2 : 0);
    JW(w, OBJECT("chat"), TEXT("jabberId", jabber), END, IF(placed),
       TEXT("department", departments[i % 4]), IF(placed),
       TEXT("title", lead ? "Team lead" : "Agent"), TEXT("email", email));
    user_contacts(w, i, email);
    JW(w, TEXT("state", world_user_state(i)), TEXT("username", email), IF(!lead), OBJECT("manager"),
       UUID("id", manager), INT("version", 1), LINK("users", manager), END,
       INT("version", 3 + i % 40), BOOL("acdAutoAnswer", i % 2 == 0));
    user_rest(w, i);
}

static void queue_settings(struct jw *w, int i)
{
    const struct {
        const char *media;
        int alert_seconds, target_ms;
    } settings[] = {{"call", 8 + i, 20000 + i * 1000},
                    {"callback", 30, 120000},
                    {"chat", 30, 30000},
                    {"email", 300, 86400000},
                    {"message", 30, 60000}};
    jw_object(w, "mediaSettings");
    for (size_t n = 0; n < sizeof settings / sizeof *settings; n++) {
        JW(w, OBJECT(settings[n].media), BOOL("enableAutoAnswer", settings[n].alert_seconds > 20),
           INT("alertingTimeoutSeconds", settings[n].alert_seconds), OBJECT("serviceLevel"),
           REAL("percentage", 0.8), INT("durationMs", settings[n].target_ms), END, END);
    }
    JW(w, END, OBJECT("acwSettings"),
       TEXT("wrapupPrompt", i % 2 ? "MANDATORY_TIMEOUT" : "OPTIONAL"), IF(i % 2),
       INT("timeoutMs", 300000), END);
    JW(w, IF(i % 3 == 1), OBJECT("bullseye"), ARRAY("rings"), OBJECT(NULL),
       ARRAY("expansionCriteria"), OBJECT(NULL), TEXT("type", "TIMEOUT_SECONDS"),
       REAL("threshold", 12.5), END, END, END, END, END);
    if (i % 4 == 2) {
        JW(w, OBJECT("queueFlow"), UUID("id", world_key(THING_FLOW, 0)),
           TEXT("name", "In queue, \"soft\""), END, TEXT("callingPartyName", "ACME, Inc."),
           TEXT("callingPartyNumber", "+15550100"));
    }
}

static void queue_fields(struct jw *w, int i)
{
    static const char *const evaluations[] = {"BEST", "ALL", "NONE"};
    division(w, i % WORLD_DIVISIONS);
    JW(w, IF(i % 2 == 0), TEXT("description", "For \"everything\", and more\n(second line)"),
       TIME("dateCreated", (world.first_day - 400 + i) * WHEN_DAY),
       TIME("dateModified", (world.first_day - 40 + i % 30) * WHEN_DAY + 1234),
       TEXT("createdBy", "admin@example.test"), TEXT("modifiedBy", "admin@example.test"),
       INT("memberCount", 5 + i * 3), INT("userMemberCount", 4 + i * 3),
       INT("joinedMemberCount", 2 + i));
    queue_settings(w, i);
    JW(w, TEXT("scoringMethod", i % 5 ? "TimestampAndPriority" : "PriorityOnly"),
       TEXT("skillEvaluationMethod", evaluations[i % 3]), BOOL("autoAnswerOnly", i % 2 == 0),
       BOOL("enableTranscription", i % 3 == 0), BOOL("enableManualAssignment", i % 4 == 0));
}

static const int division_count = WORLD_DIVISIONS, wrapup_count = WORLD_WRAPUPS,
                 skill_count = WORLD_SKILLS, language_count = WORLD_LANGUAGES,
                 team_count = WORLD_TEAMS, flow_count = WORLD_FLOWS, outcome_count = WORLD_OUTCOMES,
                 campaign_count = WORLD_CAMPAIGNS, business_unit_count = WORLD_BUSINESS_UNITS,
                 presence_count = 10, activity_code_count = 11, few = 5, two = 2,
                 any_page = MAX_PAGE;

/* --- who is a member of what --- */

static bool in_queue(int queue, int agent, int64_t now)
{
    int moved = agent % 7 == 5 ? (int)when_day(now) : 0;
    return (agent + queue + moved) % 4 == 0 && world_user_state(agent)[0] != 'd';
}

static bool in_team(int team, int agent, int64_t now)
{
    return world_team_of(agent, now) == team;
}

static bool in_unit(int unit, int agent, int64_t now)
{
    return world_unit_of(agent, now) == unit;
}

/* A business unit's own codes are one in the first and none in the second. */
static bool of_business_unit(int unit, int code, int64_t now)
{
    (void)now;
    return unit == 0 || code < activity_code_count - 1;
}

/* --- the lists --- */

enum paging {
    PAGES,
    BLIND,   /* by number, without totals */
    AFTER,   /* by cursors in links */
    AT_ONCE, /* `entities` alone, and how many where the query says which */
};
/* What is shown only where the query asks for it; every fourth entity is marked. */
enum marked { NOTHING, DELETED, DEACTIVATED };

/* A list: its entities have an id, a name, fields of their own, and where they are. Or a single
 * document about the client and its organization, of which there are only `path`, `permission` and
 * `document`. */
struct list {
    const char *path; /* {id}: the parent's */
    const char *permission;
    const int *page_cap;
    enum thing thing;
    const int *count;
    const char *names; /* separated by '|'; NULL: `name` says it */
    const char *more;  /* its fields as JSON, see expand() */
    enum paging paging;
    bool steady; /* nothing comes, goes or is renamed as days pass */
    enum marked marked;
    /* Of members: whose, and who they are; their ids are the things'. */
    enum thing parent;
    const int *parents;
    bool (*has)(int parent, int i, int64_t now);
    /* Of lists whose entities are no data. */
    const char *(*name)(int i, char out[64]);
    void (*fields)(struct jw *w, int i);
    const char *(*state)(int i); /* with a filter by state; NULL: without */
    const char *document;        /* as JSON, see expand() */
};

#define API   "/api/v2/"
#define WFM   API "workforcemanagement/"
#define EDGES API "telephony/providers/edges"
#define DIVISION                                                                                   \
    "'division':{'id':'%D','name':'%d','selfUri':'/api/v2/authorization/divisions/%D'},"
#define VERSIONED                                                                                  \
    DIVISION "'version':3,'dateCreated':'2025-02-03T04:05:06.789Z','dateModified':'%t',"           \
             "'modifiedBy':'%U','createdBy':'%U','state':'active',"                                \
             "'modifiedByApp':'admin','createdByApp':'admin',"
#define METADATA       "'metadata':{'version':4,'dateModified':'%t','modifiedBy':{'id':'%U'}}"
#define NAMED(key, id) "'" key "':{'id':'%" id "','name':'" key " %i'}"
#define CAMPAIGN                                                                                   \
    "'dateCreated':'2025-02-03T04:05:06.789Z','dateModified':'%t','version':7," DIVISION NAMED(    \
        "contactList",                                                                             \
        "L") ",'campaignStatus':'off','alwaysRunning':%b,"                                         \
             "'contactSorts':[{'fieldName':'Zip, \\'5\\'','direction':'ASC','numeric':%b}],"

#define ORGANIZATION "{'id':'%O','name':'Stand-in Contact Center, Ltd.'}"

static const struct list lists[] = {
    {API "users", "directory:user:view", &world.users_page_cap, THING_USER, &world.agents,
     .steady = true, .name = world_user_name, .fields = user_fields, .state = world_user_state},
    {API "routing/queues", "routing:queue:view", &any_page, THING_QUEUE, &world.queues,
     .steady = true, .name = world_queue_name, .fields = queue_fields},
    {API "routing/queues/{id}/members", "routing:queue:view", &any_page, THING_USER, &world.agents,
     .more = "'ringNumber':%r,'joined':%b,'memberBy':'user','user':{'id':'%U','version':1},"
             "'routingStatus':{'userId':'%U','status':'IDLE','startTime':'%t'}",
     .paging = BLIND, .steady = true, .parent = THING_QUEUE, .parents = &world.queues,
     .has = in_queue, .name = world_user_name},
    {API "routing/wrapupcodes", "routing:wrapupCode:view", &any_page, THING_WRAPUP, &wrapup_count,
     .names = "Resolved|Callback, later|Escalated \"L2\"|Wrong number|설문",
     .more =
         DIVISION "'description':'two\\nlines','dateCreated':'2025-01-02T03:04:05Z','dateModified':"
                  "'%t','createdBy':'%U','modifiedBy':'%U'"},
    {API "routing/skills", "routing:skill:view", &any_page, THING_SKILL, &skill_count,
     .names = "Billing|Tech, L2|VIP|한국어 상담",
     .more = DIVISION "'dateModified':'%t','state':'active','version':'2'"},
    {API "routing/languages", NULL, &any_page, THING_LANGUAGE, &language_count,
     .names = "English - Spoken|Deutsch|한국어",
     .more = "'dateModified':'%t','state':'active','version':'1'"},
    {API "authorization/divisions", "authorization:division:view", &any_page, THING_DIVISION,
     &division_count, .names = "Home|Europe|서울", .more = "'description':'','homeDivision':%h",
     .steady = true},
    {API "teams", "groups:team:view", &world.users_page_cap, THING_TEAM, &team_count,
     .names = "Early birds|Team \"Nord\"|Late, late",
     .more = DIVISION
     "'description':'%i','dateCreated':'2025-02-03T04:05:06Z','dateModified':'%t','memberCount':%i",
     .paging = AFTER},
    {API "teams/{id}/members", "groups:team:view", &world.users_page_cap, THING_USER, &world.agents,
     .more = "", .paging = AFTER, .steady = true, .parent = THING_TEAM, .parents = &team_count,
     .has = in_team, .name = world_user_name},
    {API "groups", NULL, &any_page, THING_GROUP, &few,
     .names = "Sales floor|Night, weekend|Coaches",
     .more =
         "'description':'%i','dateModified':'%t','memberCount':%i,'state':'active','version':2,"
         "'type':'official','images':[],'addresses':[{'address':'+4930555','type':'GROUPRING',"
         "'mediaType':'PHONE'}],'rulesVisible':%b,'visibility':'public','rolesEnabled':%b,"
         "'includeOwners':true,'callsEnabled':%b,'email':'g%i@example.test','owners':[{'id':'%U',"
         "'version':1}]"},
    {API "locations", NULL, &any_page, THING_LOCATION, &few,
     .names = "Berlin|Seoul, Tower 2|Boston",
     .more =
         "'contactUser':{'id':'%U'},'emergencyNumber':{'e164':'+493055510','number':'030 555 10',"
         "'type':'default'},'address':{'city':'Berlin','country':'DE','countryName':'Germany',"
         "'state':'BE','street1':'Allee %i','street2':'','zipcode':'10115'},'state':'active',"
         "'notes':'by the river','version':1,'path':[],'addressVerified':%b,'addressStored':%b"},
    {API "presence/definitions", "presence:presenceDefinition:view", &any_page, THING_PRESENCE,
     &presence_count, .names = "Available|Back office|Coaching, 1:1|Lunch \"long\"",
     .more =
         "'type':'%y','languageLabels':{'en_US':'Presence %i','de':'Status %i'},'systemPresence':"
         "'%p','divisionId':'%D','deactivated':%x",
     .paging = AT_ONCE, .marked = DEACTIVATED},
    {WFM "businessunits", NULL, &any_page, THING_BUSINESS_UNIT, &business_unit_count,
     .names = "Service|Outsourcing", .more = "'authorized':true,'division':{'id':'%D'}",
     .paging = AT_ONCE, .steady = true},
    {WFM "businessunits/{id}/activitycodes", "wfm:activityCode:view", &any_page,
     THING_ACTIVITY_CODE, &activity_code_count,
     .names =
         "On Queue Work|Break|Meal|Meeting|Time Off|Training|Unavailable|Off Queue|Sick|Other|Desk",
     .more = "'active':true,'defaultCode':%b,'category':'%c','lengthInMinutes':15,'"
             "countsAsPaidTime':%b,"
             "'countsAsWorkTime':%b,'agentTimeOffSelectable':%b,'countsTowardShrinkage':%b,"
             "'plannedShrinkage':%b,'interruptible':%b,'secondaryPresences':[{'id':'%P'}],"
             "'style':{'backgroundColor':'#ffaa00','textColorTheme':'Dark'}," METADATA,
     .paging = AT_ONCE, .parent = THING_BUSINESS_UNIT, .parents = &business_unit_count,
     .has = of_business_unit},
    {WFM "managementunits", NULL, &any_page, THING_MANAGEMENT_UNIT, &world.units,
     .names = "Berlin|Boston|Hamburg, \"West\"|Empty",
     .more =
         "'businessUnit':{'id':'%B'},'startDayOfWeek':'Monday','timeZone':'%z','division':{'id':"
         "'%D'},'version':3,'modifiedBy':{'id':'%U'},'dateModified':'%t'," METADATA,
     .paging = AT_ONCE, .steady = true},
    {WFM "managementunits/{id}/users", "wfm:agent:view", &any_page, THING_USER, &world.agents,
     .more = "", .paging = AT_ONCE, .steady = true, .parent = THING_MANAGEMENT_UNIT,
     .parents = &world.units, .has = in_unit},
    {API "flows", "architect:flow:view", &any_page, THING_FLOW, &flow_count,
     .names = "Main menu|In queue, \"soft\"|Night bot",
     .more = DIVISION
     "'description':'%i','type':'INBOUNDCALL','active':%b,'system':false,'deleted':%x,"
     "'lockedClient':{'id':'%U','name':'tool'},'publishedVersion':{'id':'%i.0','name':'v%i',"
     "'secure':false,'datePublished':'%t'},'publishedBy':{'id':'%U','version':1},"
     "'supportedLanguages':[{'language':'en-us','isDefault':true}],'virtualAgentEnabled':false",
     .marked = DELETED},
    {API "flows/outcomes", "architect:flowOutcome:view", &any_page, THING_OUTCOME, &outcome_count,
     .names = "Paid|Identified, twice|Gave up", .more = DIVISION "'description':'%i'"},
    {API "flows/milestones", "architect:flowMilestone:view", &any_page, THING_MILESTONE, &few,
     .names = "Greeted|Menu \"1\"", .more = DIVISION "'description':'%i'"},
    {API "flows/datatables", "architect:datatable:view", &any_page, THING_DATA_TABLE, &few,
     .names = "Holidays|Opening, hours", .more = DIVISION "'description':'%i'"},
    {API "outbound/campaigns", "outbound:campaign:view", &any_page, THING_CAMPAIGN, &campaign_count,
     .names = "Renewals|Win-back, Q1",
     .more = CAMPAIGN NAMED(
         "queue",
         "Q") ",'dialingMode':'preview','phoneColumns':[{'columnName':'Cell',"
              "'type':'cell'}],'abandonRate':2.5,'dncLists':[],'errors':[],'callerName':'ACME, "
              "Inc.',"
              "'callerAddress':'+15550100','outboundLineCount':4,'ruleSets':[],'"
              "skipPreviewDisabled':%b,"
              "'previewTimeOutSeconds':30,'contactSort':{'fieldName':'Zip','direction':'ASC','"
              "numeric':%b},"
              "'noAnswerTimeout':30,'callAnalysisLanguage':'en','priority':3,'maxCallsPerAgent':2,"
              "'maxCallsPerAgentDecimal':1.5,'dynamicContactQueueingSettings':{'sort':%b,'filter':%"
              "b},"
              "'callbackAutoAnswer':%b,'previewAutoEnd':%b"},
    {API "outbound/contactlists/divisionviews", "outbound:contactList:search", &any_page,
     THING_CONTACT_LIST, &few, .names = "Renewals 2026|Leads, cold",
     .more = DIVISION
     "'columnNames':['Name','Cell'],'phoneColumns':[{'columnName':'Cell','type':'cell'}],"
     "'emailColumns':[]"},
    {API "outbound/messagingcampaigns",
     "outbound:messagingCampaign:view, outbound:emailCampaign:view, outbound:whatsAppCampaign:view",
     &any_page, THING_MESSAGING_CAMPAIGN, &two, .names = "Reminders|Survey, SMS",
     .more = CAMPAIGN "'messagesPerMinute':10,'dncLists':[],'ruleSets':[],'contactListFilters':[]"},
    {API "recording/mediaretentionpolicies", "recording:retentionPolicy:view", &any_page,
     THING_POLICY, &two, .names = "Keep a year|Delete, chats",
     .more =
         "'modifiedDate':'%t','createdDate':'2025-02-03T04:05:06Z','order':%i,'description':'%i',"
         "'enabled':%b,'conditions':{'directions':['INBOUND']},'actions':{'retainRecording':%b}"},
    {API "quality/forms/evaluations", "quality:evaluationForm:view", &any_page, THING_FORM, &two,
     .names = "Call quality|Chat \"tone\"",
     .more = "'modifiedDate':'%t','published':%b,'contextId':'%U','weightMode':'OFF',"
             "'evaluationSettings':{'revisionsEnabled':%b},'latestVersionFormName':'latest %i'"},
    {API "quality/forms/surveys", "quality:surveyForm:view", &any_page, THING_SURVEY_FORM, &two,
     .names = "After call|NPS, web",
     .more =
         "'modifiedDate':'%t','published':%b,'disabled':false,'contextId':'%U','language':'en-US',"
         "'header':'Please\\nanswer','footer':''"},
    {EDGES "/sites", NULL, &any_page, THING_SITE, &two, .names = "Berlin|Cloud, \"EU\"",
     .more = VERSIONED "'description':'%i','primarySites':[],'secondarySites':[],'addresses':[],"
                       "'edgeAutoUpdateConfig':{'timeZone':'Europe/Berlin','rrule':'FREQ=DAILY',"
                       "'start':'2025-01-01T02:00:00.000','end':'2025-01-01T05:00:00.000'},"
                       "'mediaRegionsUseLatencyBased':%b,'location':{'id':'%U'},'managed':%b,"
                       "'mediaModel':'Cloud','coreSite':%b,'mediaRegions':['eu-central-1']"},
    {EDGES, "telephony:plugin:all", &any_page, THING_EDGE, &two, .names = "edge-1|edge \"2\"",
     .more =
         VERSIONED "'make':'ACME','model':'X1','apiVersion':'1.0','softwareVersion':'1.2.3',"
                   "'statusCode':'ACTIVE','site':{'id':'%S','name':'Berlin','location':{}},"
                   "'onlineStatus':'ONLINE','serialNumber':'00%i','physicalEdge':%b,'managed':%b,"
                   "'edgeDeploymentType':'CDM','callDrainingState':'NONE','conversationCount':%i"},
    {API "stations", NULL, &any_page, THING_STATION, &few, .names = "Desk 1|Desk, \"corner\"",
     .more = "'description':'%i','status':'ASSOCIATED','userId':'%U','webRtcUserId':'%U'," NAMED(
         "primaryEdge", "E") ",'type':'inin_webrtc_softphone','webRtcPersistentEnabled':%b,"
                             "'webRtcForceTurn':false,'webRtcCallAppearances':10"},
    {EDGES "/dids", "telephony:plugin:all", &any_page, THING_DID, &few,
     .names = "+493055501|+493055502",
     .more = VERSIONED "'phoneNumber':'+49305550%i','ownerType':'USER'," NAMED("owner", "U")},
    {EDGES "/trunks", "telephony:plugin:all", &any_page, THING_TRUNK, &two,
     .names = "Carrier|Phones",
     .more = VERSIONED "'trunkType':'EXTERNAL'," NAMED("edge", "E") "," NAMED(
         "trunkBase", "S") ",'inService':%b,'enabled':%b,'connectedStatus':{'connected':%b,"
                           "'connectedStateTime':'%t'},'optionsStatus':[],'family':1"},
    {API "tokens/me", "oauth:client:view",
     .document =
         "{'organization':" ORGANIZATION ",'homeOrganization':" ORGANIZATION
         ",'authorizedScope':[],'OAuthClient':{'id':'%C','name':'nightly extract',"
         "'authorizedGrantType':'CLIENT-CREDENTIALS','state':'active',"
         "'roleDivisions':[%[{'roleId':'%R','divisionId':'%D'}%]],'organization':" ORGANIZATION
         "}}"},
    {API "authorization/subjects/me", NULL,
     .document =
         "{'id':'%C','name':'nightly extract','grants':[%[{'subjectId':'%C','division':{'id':'%D',"
         "'name':'%d','description':'','homeDivision':%h},'role':{'id':'%R','name':'extract',"
         "'policies':[{'domain':'analytics','entityName':'*','actions':['*']}],'default':false,"
         "'selfUri':'/api/v2/authorization/roles/%R'},'grantMadeAt':'2024-01-01T00:00:00.000Z'}%]],"
         "'version':1,'selfUri':'/api/v2/authorization/subjects/me'}"},
    {API "organizations/me", "directory:organization:view",
     .document =
         "{'id':'%O','name':'Stand-in Contact Center, Ltd.','defaultLanguage':'en-US',"
         "'defaultCountryCode':'KR','thirdPartyOrgName':'standin','domain':'standin.example.test',"
         "'version':12,'state':'active','voicemailEnabled':true,'productPlatform':'GenesysCloud',"
         "'selfUri':'/api/v2/organizations/me'}"},
    {API "organizations/limits/namespaces/platform.api", "limits:organization:view",
     .document = "{'entities':[{'key':'client.credentials.token.rate.per.minute',"
                 "'namespace':'platform.api','value':300},"
                 "{'key':'token.rate.per.minute','namespace':'platform.api','value':300},"
                 "{'key':'org.app.user.rate.per.minute','namespace':'platform.api','value':3000},"
                 "{'key':'request.bytes.max','namespace':'platform.api','value':512000}]}"},
    {API "analytics/dataretention/settings", "analytics:dataRetention:view",
     .document = "{'retentionDays':%k,'dateCreated':'2024-01-01T00:00:00.000Z'}"},
};

static const struct list *find(const char *path, char segment[64])
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (routes_match(lists[i].path, path, segment)) {
            return &lists[i];
        }
    }
    return NULL;
}

const char *directory_route(const char *path, char segment[64], const char **permission)
{
    const struct list *l = find(path, segment);
    *permission = l ? l->permission : NULL;
    return l ? l->path : NULL;
}

/* --- an entity --- */

static bool is_marked(const struct list *l, int i)
{
    return l->marked != NOTHING && i % 4 == 3;
}

/* Of a list that is not steady the last entity comes on the second day of the world, the second is
 * away that day, the third goes on the third day. */
static bool is_there(const struct list *l, int i, int64_t now)
{
    int64_t day = when_day(now) - world.first_day;
    bool comes = i == *l->count - 1, away = i == 1, goes = i == 2;
    return l->steady || *l->count < 4 || (comes ? day >= 1 : away ? day != 1 : !goes || day < 2);
}

static uint64_t key_of(const struct list *l, int parent, int i)
{
    int more = l->thing == THING_ACTIVITY_CODE ? parent * 1000 : 0;
    return world_key(l->thing, (uint64_t)(i + more));
}

/* The default activity codes have numbers in place of ids. */
static void id_of(const struct list *l, int parent, int i, char id[RNG_UUID_SIZE])
{
    if (l->thing == THING_ACTIVITY_CODE && i < activity_code_count - 1) {
        snprintf(id, RNG_UUID_SIZE, "%d", i);
    } else {
        rng_uuid(key_of(l, parent, i), id);
    }
}

/* The first entity of a list that is not steady has another name from the third day on. */
static void name_of(const struct list *l, int i, int64_t now, char name[64])
{
    bool renamed = !l->steady && i == 0 && when_day(now) - world.first_day >= 2;
    *name = '\0';
    if (l->names) {
        int count = (int)fields_word(l->names, '|', (uint64_t)i, name);
        snprintf(name + strlen(name), 16, i < count ? "%s" : "%s %d", renamed ? " (new)" : "", i);
    } else if (l->name) {
        l->name(i, name);
    }
}

/* What a mark in the fields of entity i stands for. */
static void write_mark(struct jw *w, char mark, int i, bool is_marked)
{
    static const char *const categories[] = {"OnQueueWork", "Break",       "Meal",
                                             "Meeting",     "TimeOff",     "Training",
                                             "Unavailable", "OffQueueWork"};
    static const char *const presences[] = {"Available", "Away", "Busy",     "Offline", "Idle",
                                            "OnQueue",   "Meal", "Training", "Meeting", "Break"};
    const struct {
        char mark;
        enum thing thing;
        int number;
    } ids[] = {{'U', THING_USER, i % world.agents},
               {'Q', THING_QUEUE, i % world.queues},
               {'D', THING_DIVISION, i % WORLD_DIVISIONS},
               {'L', THING_CONTACT_LIST, i % few},
               {'B', THING_BUSINESS_UNIT, i / (world.units - 1)},
               {'P', THING_PRESENCE, i % presence_count},
               {'R', THING_OTHER, 9000},
               {'O', THING_ORGANIZATION, 0},
               {'S', THING_SITE, i % two},
               {'E', THING_EDGE, i % two}};
    char text[64] = "";
    for (size_t n = 0; n < sizeof ids / sizeof *ids; n++) {
        if (ids[n].mark == mark) {
            rng_uuid(world_key(ids[n].thing, (uint64_t)ids[n].number), text);
        }
    }
    const struct {
        char mark;
        const char *text;
    } words[] = {{'b', i % 2 ? "false" : "true"},
                 {'h', i ? "false" : "true"},
                 {'x', is_marked ? "true" : "false"},
                 {'C', world.client_id},
                 {'y', i < 2 ? "System" : "User"},
                 {'d', division_names[i % WORLD_DIVISIONS]},
                 {'c', categories[i % 8]},
                 {'p', presences[i % 10]},
                 {'z', world_unit_zone(i % world.units)}};
    for (size_t n = 0; n < sizeof words / sizeof *words; n++) {
        if (words[n].mark == mark) {
            snprintf(text, sizeof text, "%s", words[n].text);
        }
    }
    if (strchr("irk", mark)) { /* a number; a ring; days that are kept */
        int number = mark == 'i' ? i : mark == 'r' ? 1 + i % 6 : world_retention();
        snprintf(text, sizeof text, "%d", number);
    } else if (mark == 't') { /* when it was changed */
        when_text((world.first_day - 40 + i % 30) * WHEN_DAY + 1234, text);
    }
    jw_text(w, text);
}

/* Writes the JSON of a template: ' stands for ", \\' for one within a text, % and a letter for what
 * write_mark says of entity i, and what is between %[ and %] is there once for each division that
 * the client's role covers. Ends at the %]. */
static void expand(struct jw *w, const char *template, int i, bool is_marked)
{
    for (const char *c = template; *c && strncmp(c, "%]", 2) != 0; c++) {
        if (strncmp(c, "%[", 2) == 0) {
            for (int n = 0; n < world_divisions(); n++) {
                jw_text(w, n ? "," : "");
                expand(w, c + 2, n, is_marked);
            }
            c = strstr(c, "%]") + 1;
        } else if (*c == '%') {
            write_mark(w, *++c, i, is_marked);
        } else if (*c == '\\' && c[1] == '\'') {
            jw_text(w, "\\\"");
            c++;
        } else {
            jw_bytes(w, *c == '\'' ? "\"" : c, 1);
        }
    }
}

/* Writes a parsed value, each part where the faults can spoil it. */
static void write_value(struct jw *w, const char *key, yyjson_val *value)
{
    size_t i, count;
    yyjson_val *name, *one;
    if (yyjson_is_obj(value)) {
        jw_object(w, key);
        yyjson_obj_foreach(value, i, count, name, one)
        {
            write_value(w, yyjson_get_str(name), one);
        }
        jw_end(w);
    } else if (yyjson_is_arr(value)) {
        jw_array(w, key);
        yyjson_arr_foreach(value, i, count, one)
        {
            write_value(w, NULL, one);
        }
        jw_end(w);
    } else if (yyjson_is_str(value)) {
        enum jw_kind kind = key && strcmp(key, "id") == 0 ? JW_ID : JW_TEXT;
        jw_values(w, (struct jw_value[]){{kind, key, yyjson_get_str(value), 0, 0}, {JW_STOP}});
    } else if (yyjson_is_bool(value)) {
        JW(w, BOOL(key, yyjson_get_bool(value)));
    } else if (yyjson_is_int(value)) {
        JW(w, INT(key, yyjson_get_sint(value)));
    } else {
        JW(w, REAL(key, yyjson_get_num(value)));
    }
}

static void write_more(struct jw *w, const struct list *l, int i)
{
    struct jw text = {0};
    size_t n, count;
    yyjson_val *key, *value;
    jw_text(&text, "{");
    expand(&text, l->more, i, is_marked(l, i));
    jw_text(&text, "}");
    yyjson_doc *doc = yyjson_read(text.data, text.length, 0);
    yyjson_obj_foreach(yyjson_doc_get_root(doc), n, count, key, value)
    {
        write_value(w, yyjson_get_str(key), value);
    }
    yyjson_doc_free(doc);
    jw_free(&text);
}

static void write_entity(struct jw *w, const struct list *l, int parent, int i, int64_t now)
{
    char id[RNG_UUID_SIZE], name[64];
    id_of(l, parent, i, id);
    name_of(l, i, now, name);
    JW(w, OBJECT(NULL), ID("id", id), IF(*name != '\0'), TEXT("name", name));
    if (l->fields) {
        l->fields(w, i);
    } else {
        write_more(w, l, i);
    }
    JW(w, IF(!l->has), LINK(l->path + strlen(API), key_of(l, parent, i)), END);
}

/* --- an answer --- */

struct page {
    long size, number, total;
    char state[16]; /* "": the list has no filter by state */
    bool shows_marked, shows_others;
    int parent; /* -1: there is none of that id */
    int64_t now;
};

/* The list that members of this one belong to. */
static bool parent_is_there(const struct list *l, const struct page *p)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (lists[i].thing == l->parent && !lists[i].has) {
            return p->parent >= 0 && is_there(&lists[i], p->parent, p->now);
        }
    }
    return false;
}

static bool read_filters(const struct request *request, struct reply *reply, const struct list *l,
                         struct page *p)
{
    char value[16] = "";
    if (l->state) {
        snprintf(p->state, sizeof p->state, "active");
        query_value(request->query, "state", 0, p->state, sizeof p->state);
    }
    if (*p->state && !conv_is_listed(" any active inactive deleted ", p->state)) {
        reply_error(reply, 400, "bad.request",
                    "The state is none of active, inactive, deleted, any.");
        return false;
    }
    query_value(request->query, l->marked == DELETED ? "deleted" : "deactivated", 0, value,
                sizeof value);
    p->shows_marked = strcasecmp(value, "true") == 0;
    p->shows_others = l->marked != DEACTIVATED || !p->shows_marked;
    p->parent = l->has ? world_find(l->parent, *l->parents, request->segment) : 0;
    if (l->has && !parent_is_there(l, p)) {
        reply_error(reply, 404, "not.found", "There is nothing of that id.");
        return false;
    }
    return true;
}

/* A cursor is the number of the next page, as a text that has to be coded in a link. */
static bool read_cursor(const struct request *request, long *number)
{
    char cursor[64];
    if (!query_value(request->query, "after", 0, cursor, sizeof cursor)) {
        return true;
    }
    bool known = strncmp(cursor, "page ", 5) == 0;
    *number = known ? strtol(cursor + 5, NULL, 10) : 0;
    return known;
}

static bool read_page(const struct request *request, struct reply *reply, const struct list *l,
                      struct page *p)
{
    *p = (struct page){.number = 1, .state = "", .now = world_moment().now};
    if (!read_filters(request, reply, l, p)) {
        return false;
    }
    if (!query_int(request->query, "pageSize", 25, &p->size) || p->size < 1 ||
        !(l->paging == AFTER ? read_cursor(request, &p->number)
                             : query_int(request->query, "pageNumber", 1, &p->number)) ||
        p->number < 1) {
        reply_error(reply, 400, "bad.request", "pageSize and pageNumber are numbers from 1 on.");
        return false;
    }
    p->size = p->size > *l->page_cap ? *l->page_cap : p->size;
    p->size = l->paging == AT_ONCE ? *l->count + 1 : p->size;
    p->number = (long)fault_page(request, p->number);
    return true;
}

static void write_next(struct jw *w, const char *path, const struct page *p)
{
    char uri[256];
    snprintf(uri, sizeof uri, "%s?pageSize=%ld&after=page%%20%ld%%3D", path, p->size,
             p->number + 1);
    JW(w, IF(p->total > p->number * p->size), TEXT("nextUri", uri), TEXT("selfUri", path));
}

static void write_links(struct jw *w, const char *path, const struct page *p, bool blind)
{
    long pages = (p->total + p->size - 1) / p->size;
    const struct {
        const char *name;
        long number;
        bool there;
    } links[] = {{"firstUri", 1, true},
                 {"lastUri", pages, !blind},
                 {"selfUri", p->number, true},
                 {"nextUri", p->number + 1, p->number < pages},
                 {"previousUri", p->number - 1, p->number > 1}};
    JW(w, COUNT("pageSize", p->size), COUNT("pageNumber", p->number), IF(!blind),
       COUNT("total", p->total));
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        char uri[192];
        snprintf(uri, sizeof uri, "%s?pageSize=%ld&pageNumber=%ld%s%s", path, p->size,
                 links[i].number, *p->state ? "&state=" : "", p->state);
        JW(w, IF(links[i].there), TEXT(links[i].name, uri));
    }
    JW(w, IF(!blind), COUNT("pageCount", pages));
}

/* Whether a filter by id lets it through. */
static bool is_asked_for(const struct request *request, const struct list *l, int parent, int i)
{
    char id[RNG_UUID_SIZE];
    char asked[RNG_UUID_SIZE];
    int n = 0;
    id_of(l, parent, i, id);
    while (query_value(request->query, "id", n, asked, sizeof asked)) {
        if (strcmp(id, asked) == 0) {
            return true;
        }
        n++;
    }
    return n == 0;
}

static bool is_shown(const struct request *request, const struct list *l, const struct page *p,
                     int i)
{
    return is_asked_for(request, l, p->parent, i) && is_there(l, i, p->now) &&
           (l->thing != THING_QUEUE || world_queue_granted(i)) &&
           (!l->has || (p->parent >= 0 && l->has(p->parent, i, p->now))) &&
           (is_marked(l, i) ? p->shows_marked : p->shows_others) &&
           (!*p->state || strcmp(p->state, "any") == 0 || strcmp(p->state, l->state(i)) == 0);
}

void directory_answer(const struct request *request, struct reply *reply)
{
    char segment[64];
    const struct list *l = find(request->path, segment);
    struct jw *w = &reply->body;
    struct page p;
    if (l->document) {
        expand(w, l->document, 0, false);
        return;
    }
    if (proof_list(request, reply) || !read_page(request, reply, l, &p)) {
        return;
    }
    w->faults = fault_document(request).jw_faults;
    JW(w, OBJECT(NULL), ARRAY("entities"));
    for (int i = 0; i < *l->count; i++) {
        if (is_shown(request, l, &p, i)) {
            if (p.total / p.size == p.number - 1) {
                write_entity(w, l, p.parent, i, p.now);
            }
            p.total++;
        }
    }
    jw_end(w);
    if (l->paging == AFTER) {
        write_next(w, request->path, &p);
    } else if (l->paging != AT_ONCE) {
        write_links(w, request->path, &p, l->paging == BLIND);
    } else if (l->marked) {
        JW(w, COUNT("total", p.total)); /* of those that were asked for */
    }
    jw_end(w);
}
