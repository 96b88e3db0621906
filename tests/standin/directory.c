/* The plain lists (users, queues, divisions) and the single documents about the organization. */
#include "routes.h"

#include "fault.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PAGE = 100, RETENTION_DAYS = 558 };

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
    jw_end(w);
    JW(w, OBJECT("acwSettings"), TEXT("wrapupPrompt", i % 2 ? "MANDATORY_TIMEOUT" : "OPTIONAL"),
       IF(i % 2), INT("timeoutMs", 300000), END);
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

static const char *division_name(int i, char out[64])
{
    snprintf(out, 64, "%s", division_names[i]);
    return out;
}

static void division_fields(struct jw *w, int i)
{
    JW(w, TEXT("description", ""), BOOL("homeDivision", i == 0));
}

static const int division_count = WORLD_DIVISIONS, any_page = MAX_PAGE;

/* A list: its entities have an id, a name, fields of their own, and where they are. */
static const struct list {
    const char *collection; /* below /api/v2/ */
    const char *permission;
    const int *page_cap;
    enum thing thing;
    const int *count;
    const char *(*name)(int i, char out[64]);
    void (*fields)(struct jw *w, int i);
    const char *(*state)(int i); /* with a filter by state; NULL: without */
    bool spoilt;                 /* by the faults inside of documents */
} lists[] = {
    {"users", "directory:user:view", &world.users_page_cap, THING_USER, &world.agents,
     world_user_name, user_fields, world_user_state, true},
    {"routing/queues", "routing:queue:view", &any_page, THING_QUEUE, &world.queues,
     world_queue_name, queue_fields, NULL, true},
    {"authorization/divisions", "authorization:division:view", &any_page, THING_DIVISION,
     &division_count, division_name, division_fields, NULL, false},
};

static const struct list *find(const char *collection)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (strcmp(lists[i].collection, collection) == 0) {
            return &lists[i];
        }
    }
    return NULL;
}

const char *directory_permission(const char *path)
{
    const struct list *l = strncmp(path, "/api/v2/", 8) == 0 ? find(path + 8) : NULL;
    return l ? l->permission : NULL;
}

static void write_entity(struct jw *w, const struct list *l, int i)
{
    char id[RNG_UUID_SIZE], name[64];
    uint64_t key = world_key(l->thing, (uint64_t)i);
    rng_uuid(key, id);
    JW(w, OBJECT(NULL), ID("id", id), TEXT("name", l->name(i, name)));
    l->fields(w, i);
    JW(w, LINK(l->collection, key), END);
}

struct page {
    long size, number, total;
    char state[16]; /* "": the list has no filter by state */
};

static bool known_state(const char *state)
{
    static const char *const states[] = {"", "any", "active", "inactive", "deleted"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(states[i], state) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_page(const struct request *request, struct reply *reply, const struct list *l,
                      struct page *p)
{
    *p = (struct page){.state = ""};
    if (l->state) {
        snprintf(p->state, sizeof p->state, "active");
        query_value(request->query, "state", 0, p->state, sizeof p->state);
    }
    if (!known_state(p->state)) {
        reply_error(reply, 400, "bad.request",
                    "The state is none of active, inactive, deleted, any.");
        return false;
    }
    if (!query_int(request->query, "pageSize", 25, &p->size) ||
        !query_int(request->query, "pageNumber", 1, &p->number) || p->size < 1 || p->number < 1) {
        reply_error(reply, 400, "bad.request", "pageSize and pageNumber are numbers from 1 on.");
        return false;
    }
    p->size = p->size > *l->page_cap ? *l->page_cap : p->size;
    p->number = (long)fault_page(request, p->number);
    return true;
}

static void write_links(struct jw *w, const char *path, const struct page *p)
{
    long pages = (p->total + p->size - 1) / p->size;
    const struct {
        const char *name;
        long number;
        bool there;
    } links[] = {{"firstUri", 1, true},
                 {"lastUri", pages, true},
                 {"selfUri", p->number, true},
                 {"nextUri", p->number + 1, p->number < pages},
                 {"previousUri", p->number - 1, p->number > 1}};
    JW(w, COUNT("pageSize", p->size), COUNT("pageNumber", p->number), COUNT("total", p->total));
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        char uri[192];
        snprintf(uri, sizeof uri, "%s?pageSize=%ld&pageNumber=%ld%s%s", path, p->size,
                 links[i].number, *p->state ? "&state=" : "", p->state);
        JW(w, IF(links[i].there), TEXT(links[i].name, uri));
    }
    JW(w, COUNT("pageCount", pages));
}

/* Whether a filter by id lets it through. */
static bool is_asked_for(const struct request *request, const struct list *l, int i)
{
    char id[RNG_UUID_SIZE];
    char asked[RNG_UUID_SIZE];
    int n = 0;
    rng_uuid(world_key(l->thing, (uint64_t)i), id);
    while (query_value(request->query, "id", n, asked, sizeof asked)) {
        if (strcmp(id, asked) == 0) {
            return true;
        }
        n++;
    }
    return n == 0;
}

void directory_list(const struct request *request, struct reply *reply)
{
    const struct list *l = find(request->path + 8);
    struct jw *w = &reply->body;
    struct page p;
    if (!read_page(request, reply, l, &p)) {
        return;
    }
    w->faults = l->spoilt ? fault_document(request).jw_faults : 0;
    JW(w, OBJECT(NULL), ARRAY("entities"));
    for (int i = 0; i < *l->count; i++) {
        if (is_asked_for(request, l, i) &&
            (!*p.state || strcmp(p.state, "any") == 0 || strcmp(p.state, l->state(i)) == 0)) {
            if (p.total / p.size == p.number - 1) {
                write_entity(w, l, i);
            }
            p.total++;
        }
    }
    jw_end(w);
    write_links(w, request->path, &p);
    jw_end(w);
}

void directory_all(const char *collection, struct reply *reply)
{
    const struct list *l = find(collection);
    reply->type = "application/x-ndjson";
    for (int i = 0; i < *l->count; i++) {
        write_entity(&reply->body, l, i);
        jw_text(&reply->body, "\n");
        reply->body.comma = false;
    }
}

static void organization(struct jw *w, const char *name)
{
    JW(w, OBJECT(name), UUID("id", world_key(THING_ORGANIZATION, 0)),
       TEXT("name", "Stand-in Contact Center, Ltd."), END);
}

void directory_token(const struct request *request, struct reply *reply)
{
    struct jw *w = &reply->body;
    (void)request;
    jw_object(w, NULL);
    organization(w, "organization");
    organization(w, "homeOrganization");
    JW(w, ARRAY("authorizedScope"), END, OBJECT("OAuthClient"), TEXT("id", world.client_id),
       TEXT("name", "nightly extract"), TEXT("authorizedGrantType", "CLIENT-CREDENTIALS"),
       TEXT("state", "active"), ARRAY("roleDivisions"));
    for (int n = 0; n < WORLD_DIVISIONS; n++) {
        JW(w, OBJECT(NULL), UUID("roleId", world_key(THING_OTHER, 9000)),
           UUID("divisionId", world_key(THING_DIVISION, (uint64_t)n)), END);
    }
    jw_end(w);
    organization(w, "organization");
    JW(w, END, END);
}

void directory_organization(const struct request *request, struct reply *reply)
{
    (void)request;
    JW(&reply->body, OBJECT(NULL), UUID("id", world_key(THING_ORGANIZATION, 0)),
       TEXT("name", "Stand-in Contact Center, Ltd."), TEXT("defaultLanguage", "en-US"),
       TEXT("defaultCountryCode", "KR"), TEXT("thirdPartyOrgName", "standin"),
       TEXT("domain", "standin.example.test"), INT("version", 12), TEXT("state", "active"),
       BOOL("voicemailEnabled", true), TEXT("productPlatform", "GenesysCloud"),
       TEXT("selfUri", "/api/v2/organizations/me"), END);
}

void directory_limits(const struct request *request, struct reply *reply)
{
    const struct {
        const char *key;
        int value;
    } limits[] = {{"client.credentials.token.rate.per.minute", 300},
                  {"token.rate.per.minute", 300},
                  {"org.app.user.rate.per.minute", 3000},
                  {"request.bytes.max", HTTP_MAX_BODY}};
    if (strcmp(request->segment, "platform.api") != 0) {
        reply_error(reply, 404, "not.found", "There is no such namespace.");
        return;
    }
    JW(&reply->body, OBJECT(NULL), ARRAY("entities"));
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        JW(&reply->body, OBJECT(NULL), TEXT("key", limits[i].key),
           TEXT("namespace", "platform.api"), INT("value", limits[i].value), END);
    }
    JW(&reply->body, END, END);
}

void directory_retention(const struct request *request, struct reply *reply)
{
    (void)request;
    JW(&reply->body, OBJECT(NULL), INT("retentionDays", RETENTION_DAYS),
       TEXT("dateCreated", "2024-01-01T00:00:00.000Z"), END);
}
