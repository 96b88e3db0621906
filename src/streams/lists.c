/*
 * Lists of names: three lines each.
 *
 * users: agents and everyone else, former ones too, so that old conversations keep their names;
 * asked for without `expand`: what that adds is of the moment, or needs permissions of its own.
 * Should the API send such a field all the same, it is kept, but a change of presence, status and
 * the like alone is no change of the user.
 *
 * Lists are read as widely as the API allows: what is deleted or deactivated upstream too, where
 * the API shows it. Those of members are asked for by queue, team, unit.
 */
#include "maps.h"
#include "sql.h"
#include "streams/stream.h"

#define ALL NULL, NULL

/* A page after the other; the API names the next one by a cursor in the link to it. */
/* clang-format off */
#define AFTER(p)                                                                                   \
    {                                                                                              \
        .path = (p), .follow = FOLLOW_CURSOR, .size = 100, .rows = "entities",                     \
        .cursor = "nextUri", .cursor_as = "after"                                                  \
    }
/* clang-format on */
/* All at once. */
/* clang-format off */
#define WHOLE(p)                                                                                   \
    {                                                                                              \
        .path = (p), .rows = "entities"                                                            \
    }
/* clang-format on */

#define WFM "/api/v2/workforcemanagement/"

LIST(users, "users", 0, USER_TREE, "/api/v2/users?state=any&sortOrder=ASC", NULL);

LIST(queues, "queues", 1, QUEUE_TREE, "/api/v2/routing/queues?sortOrder=asc", "routing:queue:view");

LIST_OF(queue_members, "members of queues", 4, "dimensions", QUEUE_MEMBER_TREE, "queues",
        sql_lists_queues, "routing:queue:view",
        PAGED("/api/v2/routing/queues/{scope}/members?sortOrder=asc"));

LIST(wrapup_codes, "wrap-up codes", 5, WRAPUP_CODE_TREE,
     "/api/v2/routing/wrapupcodes?sortOrder=ascending", "routing:wrapupCode:view");

LIST(skills, "skills", 6, SKILL_TREE, "/api/v2/routing/skills", "routing:skill:view");

LIST(languages, "languages", 7, LANGUAGE_TREE, "/api/v2/routing/languages?sortOrder=ASC", NULL);

LIST(divisions, "divisions", 8, DIVISION_TREE, "/api/v2/authorization/divisions", NULL);

LIST_OF(teams, "teams", 9, "dimensions", TEAM_TREE, ALL, "groups:team:view",
        AFTER("/api/v2/teams?pageSize={size}&expand=entities.division"));

LIST_OF(team_members, "members of teams", 10, "dimensions teams", TEAM_MEMBER_TREE, "teams",
        sql_lists_teams, "groups:team:view",
        AFTER("/api/v2/teams/{scope}/members?pageSize={size}&expand=entities"));

LIST(user_groups, "groups", 11, USER_GROUP_TREE, "/api/v2/groups?sortOrder=ASC", NULL);

LIST(locations, "locations", 12, LOCATION_TREE, "/api/v2/locations?sortOrder=asc", NULL);

/* The API shows either those in use or the others. */
#define PRESENCES "/api/v2/presence/definitions?localeCode=ALL&deactivated="
LIST_OF(presence_definitions, "presence definitions", 13, "dimensions", PRESENCE_DEFINITION_TREE,
        ALL, "presence:presenceDefinition:view", WHOLE(PRESENCES "FALSE"), WHOLE(PRESENCES "TRUE"));

LIST_OF(business_units, "business units", 14, "dimensions", BUSINESS_UNIT_TREE, ALL, NULL,
        WHOLE(WFM "businessunits"));

/* Many are said to come by a URL in their place. */
LIST_OF(activity_codes, "activity codes", 15, "dimensions business_units", ACTIVITY_CODE_TREE,
        "business_units", sql_lists_business_units, "wfm:activityCode:view wfm:businessUnit:view",
        {.path = WFM "businessunits/{scope}/activitycodes",
         .urls = "downloadUrl",
         .rows = "entities"},
        {.path = "{token}", .follow = FOLLOW_URLS, .rows = "entities"});

LIST_OF(management_units, "management units", 16, "dimensions", MANAGEMENT_UNIT_TREE, ALL, NULL,
        WHOLE(WFM "managementunits"));

LIST_OF(management_unit_users, "users of management units", 17, "dimensions management_units",
        MANAGEMENT_UNIT_USER_TREE, "management_units", sql_lists_management_units,
        "wfm:agent:view wfm:historicalAdherence:view", WHOLE(WFM "managementunits/{scope}/users"));

LIST(flows, "flows", 18, FLOW_TREE, "/api/v2/flows?deleted=true&sortBy=id", "architect:flow:view");

LIST(flow_outcome_definitions, "flow outcomes", 19, FLOW_OUTCOME_DEFINITION_TREE,
     "/api/v2/flows/outcomes?sortBy=id", "architect:flowOutcome:view");

LIST(flow_milestones, "flow milestones", 20, FLOW_MILESTONE_TREE,
     "/api/v2/flows/milestones?sortBy=id", "architect:flowMilestone:view");

LIST(campaigns, "campaigns", 21, CAMPAIGN_TREE, "/api/v2/outbound/campaigns",
     "outbound:campaign:view");

LIST(contact_lists, "contact lists", 22, CONTACT_LIST_TREE,
     "/api/v2/outbound/contactlists/divisionviews", "outbound:contactList:search");

LIST(messaging_campaigns, "messaging campaigns", 23, MESSAGING_CAMPAIGN_TREE,
     "/api/v2/outbound/messagingcampaigns",
     "outbound:messagingCampaign:view outbound:emailCampaign:view outbound:whatsAppCampaign:view");

LIST(data_tables, "data tables", 24, DATA_TABLE_TREE, "/api/v2/flows/datatables?sortBy=id",
     "architect:datatable:view");

LIST(recording_policies, "recording policies", 25, RECORDING_POLICY_TREE,
     "/api/v2/recording/mediaretentionpolicies", "recording:retentionPolicy:view");

/* Without it the list says of every form that it is not published. */
LIST_OF(evaluation_forms, "evaluation forms", 34, "quality", EVALUATION_FORM_TREE, ALL,
        "quality:evaluationForm:view",
        PAGED("/api/v2/quality/forms/evaluations?expand=publishHistory"));

LIST_OF(survey_forms, "survey forms", 35, "quality", SURVEY_FORM_TREE, ALL,
        "quality:surveyForm:view", PAGED("/api/v2/quality/forms/surveys?expand=publishHistory"));

#define EDGES "/api/v2/telephony/providers/edges"

LIST_OF(sites, "sites", 36, "telephony", SITE_TREE, ALL, NULL, PAGED(EDGES "/sites"));

LIST_OF(edges, "edges", 37, "telephony", EDGE_TREE, ALL, "telephony:plugin:all", PAGED(EDGES));

LIST_OF(stations, "stations", 38, "telephony", STATION_TREE, ALL, NULL, PAGED("/api/v2/stations"));

LIST_OF(dids, "telephone numbers", 39, "telephony", DID_TREE, ALL, "telephony:plugin:all",
        PAGED(EDGES "/dids"));

LIST_OF(trunks, "trunks", 40, "telephony", TRUNK_TREE, ALL, "telephony:plugin:all",
        PAGED(EDGES "/trunks"));
