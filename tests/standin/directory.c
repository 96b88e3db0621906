/* Users, queues, the token and the organization. */
#include "directory.h"

#include "routes.h"
#include "spoil.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

#define MAX_PAGE 100

static void self_uri(struct jw *w, const char *collection, uint64_t key)
{
    char id[RNG_UUID_SIZE], uri[128];
    rng_uuid(key, id);
    snprintf(uri, sizeof uri, "/api/v2/%s/%s", collection, id);
    jw_string(w, "selfUri", uri);
}

static const char *const division_names[WORLD_DIVISIONS] = {"Home", "Europe", "서울"};

static void division(struct jw *w, int n)
{
    uint64_t key = world_key(THING_DIVISION, (uint64_t)n);
    jw_object(w, "division");
    jw_uuid(w, "id", key);
    jw_string(w, "name", division_names[n]);
    self_uri(w, "authorization/divisions", key);
    jw_end_object(w);
}

static void contact(struct jw *w, const char *address, const char *media, const char *type)
{
    jw_object(w, NULL);
    jw_string(w, "address", address);
    jw_string(w, "mediaType", media);
    jw_string(w, "type", type);
    if (media[0] == 'P') {
        jw_string(w, "display", "+82 2 555 0100");
        jw_string(w, "extension", "4711");
        jw_string(w, "countryCode", "KR");
    }
    jw_end_object(w);
}

static void write_contacts(struct jw *w, int user, const char *email)
{
    jw_array(w, "primaryContactInfo");
    contact(w, email, "EMAIL", "PRIMARY");
    jw_end_array(w);
    jw_array(w, "addresses");
    if (user % 3 == 0) {
        contact(w, "+8225550100", "PHONE", "WORK");
    }
    jw_end_array(w);
}

/* What only some users have. */
static void write_user_rest(struct jw *w, int user)
{
    char text[64];
    if (user % 4 == 1) {
        jw_array(w, "images");
        jw_object(w, NULL);
        jw_string(w, "resolution", "x96");
        jw_string(w, "imageUri", "https://images.example.test/u/x96.png?a=1&b=2");
        jw_end_object(w);
        jw_end_array(w);
    }
    if (user % 6 == 2) {
        jw_string(w, "preferredName", "Mo, \"the\" agent");
        jw_array(w, "certifications");
        jw_string(w, NULL, "Six, Sigma");
        jw_end_array(w);
        jw_object(w, "employerInfo");
        snprintf(text, sizeof text, "%06d", user * 37);
        jw_string(w, "officialName", "Officially Named");
        jw_string(w, "employeeId", text);
        jw_string(w, "employeeType", "Full-time");
        jw_string(w, "dateHire", "2019-04-01");
        jw_end_object(w);
        jw_object(w, "biography");
        jw_string(w, "biography", "Likes long\nlines.");
        jw_array(w, "hobbies");
        jw_string(w, NULL, "go");
        jw_end_array(w);
        jw_end_object(w);
    }
    if (user % 5 != 0) {
        jw_time(w, "dateLastLogin", world.first_day * WHEN_DAY - user * WHEN_HOUR);
        jw_object(w, "lastTokenIssued");
        jw_time(w, "dateIssued", world.first_day * WHEN_DAY - user * WHEN_HOUR);
        jw_end_object(w);
    }
}

void directory_user_json(struct jw *w, int user)
{
    char name[64], id[RNG_UUID_SIZE], text[96];
    static const char *const departments[] = {"Sales", "Support", "Care, Tier 2", "고객지원"};
    uint64_t key = world_key(THING_USER, (uint64_t)user);
    rng_uuid(key, id);
    world_user_name(user, name);
    jw_object(w, NULL);
    jw_id(w, "id", id);
    jw_string(w, "name", name);
    division(w, user % 11 == 3 ? 1 : user % 13 == 5 ? 2 : 0);
    snprintf(text, sizeof text, "%.8s@org.orgspan.com", id);
    jw_object(w, "chat");
    jw_string(w, "jabberId", text);
    jw_end_object(w);
    if (user % 9 != 4) {
        jw_string(w, "department", departments[user % 4]);
        jw_string(w, "title", user % 20 == 0 ? "Team lead" : "Agent");
    }
    snprintf(text, sizeof text, "agent%d@example.test", user);
    jw_string(w, "email", text);
    write_contacts(w, user, text);
    jw_string(w, "state", world_user_state(user));
    jw_string(w, "username", text);
    if (user % 20 != 0) {
        uint64_t manager = world_key(THING_USER, (uint64_t)(user - user % 20));
        jw_object(w, "manager");
        jw_uuid(w, "id", manager);
        jw_int(w, "version", 1);
        self_uri(w, "users", manager);
        jw_end_object(w);
    }
    jw_int(w, "version", 3 + user % 40);
    jw_bool(w, "acdAutoAnswer", user % 2 == 0);
    write_user_rest(w, user);
    self_uri(w, "users", key);
    jw_end_object(w);
}

static void media_settings(struct jw *w, const char *media, int alert, int64_t target_ms)
{
    jw_object(w, media);
    jw_bool(w, "enableAutoAnswer", alert > 20);
    jw_int(w, "alertingTimeoutSeconds", alert);
    jw_object(w, "serviceLevel");
    jw_double(w, "percentage", 0.8);
    jw_int(w, "durationMs", target_ms);
    jw_end_object(w);
    jw_end_object(w);
}

static void write_queue_settings(struct jw *w, int queue)
{
    jw_object(w, "mediaSettings");
    media_settings(w, "call", 8 + queue, 20000 + queue * 1000);
    media_settings(w, "callback", 30, 120000);
    media_settings(w, "chat", 30, 30000);
    media_settings(w, "email", 300, 86400000);
    media_settings(w, "message", 30, 60000);
    jw_end_object(w);
    jw_object(w, "acwSettings");
    jw_string(w, "wrapupPrompt", queue % 2 ? "MANDATORY_TIMEOUT" : "OPTIONAL");
    if (queue % 2) {
        jw_int(w, "timeoutMs", 300000);
    }
    jw_end_object(w);
    if (queue % 3 == 1) {
        jw_object(w, "bullseye");
        jw_array(w, "rings");
        jw_object(w, NULL);
        jw_array(w, "expansionCriteria");
        jw_object(w, NULL);
        jw_string(w, "type", "TIMEOUT_SECONDS");
        jw_double(w, "threshold", 12.5);
        jw_end_object(w);
        jw_end_array(w);
        jw_end_object(w);
        jw_end_array(w);
        jw_end_object(w);
    }
    if (queue % 4 == 2) {
        jw_object(w, "queueFlow");
        jw_uuid(w, "id", world_key(THING_FLOW, 0));
        jw_string(w, "name", "In queue, \"soft\"");
        jw_end_object(w);
        jw_string(w, "callingPartyName", "ACME, Inc.");
        jw_string(w, "callingPartyNumber", "+15550100");
    }
}

void directory_queue_json(struct jw *w, int queue)
{
    char name[64], id[RNG_UUID_SIZE];
    uint64_t key = world_key(THING_QUEUE, (uint64_t)queue);
    rng_uuid(key, id);
    jw_object(w, NULL);
    jw_id(w, "id", id);
    jw_string(w, "name", world_queue_name(queue, name));
    division(w, queue % WORLD_DIVISIONS);
    if (queue % 2 == 0) {
        jw_string(w, "description", "For \"everything\", and more\n(second line)");
    }
    jw_time(w, "dateCreated", (world.first_day - 400 + queue) * WHEN_DAY);
    jw_time(w, "dateModified", (world.first_day - 40 + queue % 30) * WHEN_DAY + 1234);
    jw_string(w, "createdBy", "admin@example.test");
    jw_string(w, "modifiedBy", "admin@example.test");
    jw_int(w, "memberCount", 5 + queue * 3);
    jw_int(w, "userMemberCount", 4 + queue * 3);
    jw_int(w, "joinedMemberCount", 2 + queue);
    write_queue_settings(w, queue);
    jw_string(w, "scoringMethod", queue % 5 ? "TimestampAndPriority" : "PriorityOnly");
    jw_string(w, "skillEvaluationMethod",
              queue % 3 == 0   ? "BEST"
              : queue % 3 == 1 ? "ALL"
                               : "NONE");
    jw_bool(w, "autoAnswerOnly", queue % 2 == 0);
    jw_bool(w, "enableTranscription", queue % 3 == 0);
    jw_bool(w, "enableManualAssignment", queue % 4 == 0);
    self_uri(w, "routing/queues", key);
    jw_end_object(w);
}

struct listing {
    long size, number, total, pages;
    const char *path;
    const char *more; /* further parameters of the links */
};

static bool read_listing(const struct request *request, struct reply *reply, struct listing *l,
                         long cap)
{
    if (!query_int(request->query, "pageSize", 25, &l->size) ||
        !query_int(request->query, "pageNumber", 1, &l->number) || l->size < 1 || l->number < 1) {
        reply_error(reply, 400, "bad.request", "pageSize and pageNumber are numbers from 1 on.");
        return false;
    }
    l->size = l->size > cap ? cap : l->size;
    return true;
}

static void link_to(struct jw *w, const char *name, const struct listing *l, long page)
{
    char uri[192];
    snprintf(uri, sizeof uri, "%s?pageSize=%ld&pageNumber=%ld%s", l->path, l->size, page, l->more);
    jw_string(w, name, uri);
}

static void end_listing(struct jw *w, const struct listing *l)
{
    jw_count(w, "pageSize", l->size);
    jw_count(w, "pageNumber", l->number);
    jw_count(w, "total", l->total);
    link_to(w, "firstUri", l, 1);
    link_to(w, "lastUri", l, l->pages);
    link_to(w, "selfUri", l, l->number);
    if (l->number < l->pages) {
        link_to(w, "nextUri", l, l->number + 1);
    }
    if (l->number > 1) {
        link_to(w, "previousUri", l, l->number - 1);
    }
    jw_count(w, "pageCount", l->pages);
    jw_end_object(w);
}

static bool in_state(int user, const char *state)
{
    return strcmp(state, "any") == 0 || strcmp(state, world_user_state(user)) == 0;
}

static bool known_state(const char *state)
{
    return strcmp(state, "active") == 0 || strcmp(state, "inactive") == 0 ||
           strcmp(state, "deleted") == 0 || strcmp(state, "any") == 0;
}

void directory_users(const struct request *request, struct reply *reply)
{
    char state[16] = "active", more[32];
    struct listing l = {.path = "/api/v2/users", .more = more};
    struct jw *w = &reply->body;
    query_value(request->query, "state", 0, state, sizeof state);
    if (!known_state(state)) {
        reply_error(reply, 400, "bad.request",
                    "The state is none of active, inactive, deleted, any.");
        return;
    }
    if (!read_listing(request, reply, &l,
                      world.users_page_cap < MAX_PAGE ? world.users_page_cap : MAX_PAGE)) {
        return;
    }
    snprintf(more, sizeof more, "&state=%s", state);
    w->faults = spoil_document(request->path).jw_faults;
    jw_object(w, NULL);
    jw_array(w, "entities");
    for (int user = 0; user < world.agents; user++) {
        if (in_state(user, state)) {
            if (l.total / l.size == l.number - 1) {
                directory_user_json(w, user);
            }
            l.total++;
        }
    }
    jw_end_array(w);
    l.pages = (l.total + l.size - 1) / l.size;
    end_listing(w, &l);
}

void directory_queues(const struct request *request, struct reply *reply)
{
    struct listing l = {.path = "/api/v2/routing/queues", .more = "", .total = world.queues};
    struct jw *w = &reply->body;
    if (!read_listing(request, reply, &l, MAX_PAGE)) {
        return;
    }
    l.pages = (l.total + l.size - 1) / l.size;
    w->faults = spoil_document(request->path).jw_faults;
    jw_object(w, NULL);
    jw_array(w, "entities");
    for (long i = (l.number - 1) * l.size; i < l.number * l.size && i < l.total; i++) {
        directory_queue_json(w, (int)i);
    }
    jw_end_array(w);
    end_listing(w, &l);
}

static void organization(struct jw *w, const char *name)
{
    jw_object(w, name);
    jw_uuid(w, "id", world_key(THING_ORGANIZATION, 0));
    jw_string(w, "name", "Stand-in Contact Center, Ltd.");
    jw_end_object(w);
}

void directory_token(const struct request *request, struct reply *reply)
{
    struct jw *w = &reply->body;
    (void)request;
    jw_object(w, NULL);
    organization(w, "organization");
    organization(w, "homeOrganization");
    jw_array(w, "authorizedScope");
    jw_end_array(w);
    jw_object(w, "OAuthClient");
    jw_string(w, "id", world.client_id);
    jw_string(w, "name", "nightly extract");
    jw_string(w, "authorizedGrantType", "CLIENT-CREDENTIALS");
    jw_string(w, "state", "active");
    jw_array(w, "roleDivisions");
    for (int n = 0; n < WORLD_DIVISIONS; n++) {
        jw_object(w, NULL);
        jw_uuid(w, "roleId", world_key(THING_OTHER, 9000));
        jw_uuid(w, "divisionId", world_key(THING_DIVISION, (uint64_t)n));
        jw_end_object(w);
    }
    jw_end_array(w);
    organization(w, "organization");
    jw_end_object(w);
    jw_end_object(w);
}

void directory_organization(const struct request *request, struct reply *reply)
{
    struct jw *w = &reply->body;
    (void)request;
    jw_object(w, NULL);
    jw_uuid(w, "id", world_key(THING_ORGANIZATION, 0));
    jw_string(w, "name", "Stand-in Contact Center, Ltd.");
    jw_string(w, "defaultLanguage", "en-US");
    jw_string(w, "defaultCountryCode", "KR");
    jw_string(w, "thirdPartyOrgName", "standin");
    jw_string(w, "domain", "standin.example.test");
    jw_int(w, "version", 12);
    jw_string(w, "state", "active");
    jw_bool(w, "voicemailEnabled", true);
    jw_string(w, "productPlatform", "GenesysCloud");
    jw_string(w, "selfUri", "/api/v2/organizations/me");
    jw_end_object(w);
}

void directory_divisions(const struct request *request, struct reply *reply)
{
    struct listing l = {
        .path = "/api/v2/authorization/divisions", .more = "", .total = WORLD_DIVISIONS};
    struct jw *w = &reply->body;
    if (!read_listing(request, reply, &l, MAX_PAGE)) {
        return;
    }
    l.pages = (l.total + l.size - 1) / l.size;
    jw_object(w, NULL);
    jw_array(w, "entities");
    for (long i = (l.number - 1) * l.size; i < l.number * l.size && i < l.total; i++) {
        uint64_t key = world_key(THING_DIVISION, (uint64_t)i);
        jw_object(w, NULL);
        jw_uuid(w, "id", key);
        jw_string(w, "name", division_names[i]);
        jw_string(w, "description", "");
        jw_bool(w, "homeDivision", i == 0);
        self_uri(w, "authorization/divisions", key);
        jw_end_object(w);
    }
    jw_end_array(w);
    end_listing(w, &l);
}
