/*
 * users: agents and everyone else, former ones too, so that old conversations keep their names.
 *
 * The list is asked for without `expand`: what that adds is of the moment, or needs permissions of
 * its own. Should the API send such a field all the same, it is kept, but a change of presence,
 * status and the like alone is no change of the user.
 */
#include "streams/streams.h"

static const struct column_map user_columns[] = {
    OWN_ID("user_id", "id"),
    TEXT("name", "name"),
    TEXT("division_id", "division.id"),
    TEXT("division_name", "division.name"),
    TEXT("chat_jabber_id", "chat.jabberId"),
    TEXT("department", "department"),
    TEXT("email", "email"),
    JSON_TEXT("primary_contact_info", "primaryContactInfo"),
    JSON_TEXT("addresses", "addresses"),
    TEXT("state", "state"),
    TEXT("title", "title"),
    TEXT("username", "username"),
    TEXT("manager_id", "manager.id"),
    JSON_TEXT("images", "images"),
    INTEGER("version", "version"),
    JSON_TEXT("certifications", "certifications"),
    JSON_TEXT("biography", "biography"),
    TEXT("employer_info_official_name", "employerInfo.officialName"),
    TEXT("employer_info_employee_id", "employerInfo.employeeId"),
    TEXT("employer_info_employee_type", "employerInfo.employeeType"),
    TEXT("employer_info_date_hire", "employerInfo.dateHire"),
    TEXT("preferred_name", "preferredName"),
    COLUMN(COLUMN_JSON, "routing_status", "routingStatus", COLUMN_UNHASHED),
    COLUMN(COLUMN_JSON, "presence", "presence", COLUMN_UNHASHED),
    COLUMN(COLUMN_JSON, "integration_presence", "integrationPresence", COLUMN_UNHASHED),
    COLUMN(COLUMN_JSON, "conversation_summary", "conversationSummary", COLUMN_UNHASHED),
    COLUMN(COLUMN_JSON, "out_of_office", "outOfOffice", COLUMN_UNHASHED),
    COLUMN(COLUMN_JSON, "geolocation", "geolocation", COLUMN_UNHASHED),
    COLUMN(COLUMN_JSON, "station", "station", COLUMN_UNHASHED),
    JSON_TEXT("authorization", "authorization"),
    JSON_TEXT("profile_skills", "profileSkills"),
    JSON_TEXT("locations", "locations"),
    JSON_TEXT("groups", "groups"),
    TEXT("team_id", "team.id"),
    TEXT("team_name", "team.name"),
    JSON_TEXT("work_plan_bid_ranks", "workPlanBidRanks"),
    JSON_TEXT("skills", "skills"),
    JSON_TEXT("languages", "languages"),
    BOOLEAN("acd_auto_answer", "acdAutoAnswer"),
    TEXT("language_preference", "languagePreference"),
    COLUMN(COLUMN_TIME, "last_token_issued_date_issued", "lastTokenIssued.dateIssued",
           COLUMN_UNHASHED),
    COLUMN(COLUMN_TIME, "date_last_login", "dateLastLogin", COLUMN_UNHASHED),
    TIME("date_welcome_sent", "dateWelcomeSent"),
};

static const struct table_map user_table = {
    .table = "user",
    COLUMNS(user_columns),
};

static const char *const ignored[] = {"selfUri", "manager.name", "manager.version"};

static const struct tree_map tree = {
    .root = &user_table,
    .id = "user_id",
    .entities = "entities",
    IGNORED(ignored),
};

static const struct request_plan plans[] = {
    {
        .name = "list",
        .role = ROLE_ONLY,
        .paging = PAGING_NUMBERED_GET,
        .path = "/api/v2/users",
        .query = "state=any&sortOrder=ASC",
        .page_size = 100,
        .tree = &tree,
    },
};

const struct stream stream_users = {
    .name = "users",
    .title = "users",
    .windows = WINDOWS_SNAPSHOT,
    .load = LOAD_TREE,
    .lock_slot = 0,
    .max_age_hours = 6,
    .tree = &tree,
    PLANS(plans),
};
