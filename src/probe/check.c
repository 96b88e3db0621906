#include "probe/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "api/client.h"
#include "api/diagnosis.h"
#include "api/pager.h"
#include "api/region.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/str.h"
#include "io/db.h"
#include "io/file.h"
#include "io/lock.h"

enum {
    WAIT_MS = 200,
    LONG_LIFETIME_SECONDS = 7200,
    SHORT_LIFETIME_SECONDS = 600,
    GRANTS_MOST = 1000,
    NAMES_MOST = 5,
    DIVISIONS_PAGE = 100,
    DEFAULT_PER_MINUTE = 300,
    JOB_OVERHEAD = 6, /* requests: submission, polls, deletion */
    NIGHT_MINUTES = 8 * 60,
    GROWTH_DAYS = 30,
    ROW_BYTES = 16384, /* a conversation's rows and raw page, when there is no file to go by */
};
#define SKEW_MOST_MS (60 * MS_PER_SECOND)
#define MEBIBYTE     INT64_C(1048576)
#define SPACE_LEAST  (64 * MEBIBYTE)
#define GROWTH_LEAST (4 * MEBIBYTE) /* a day, when nothing is known */

/* A check under way. */
struct checking {
    const struct check_request *request;
    const struct config *config;
    struct report *report;
    struct client *client;
    bool login_reached;
    bool api_reached;
    bool token_good; /* the API takes it */
    /* the client's grants, as the token says */
    const char **divisions; /* ids, each once */
    size_t division_count;
    bool all_divisions;
    /* Rows that a stream's answer says there are, by its place in the registry (of one that is read
     * by days: those of yesterday, UTC); -1: not known. */
    int64_t *rows;
};

/* One API request with the token, repeated once when that may help; `body` NULL: a GET. True when
 * there is a document; client_answer_free in any case. */
static bool ask(struct checking *a, const char *path, const char *body, const char *label,
                struct client_answer *answer)
{
    const struct client_request request = {
        .method = body ? HTTP_POST : HTTP_GET,
        .path = path,
        .body = body,
        .label = label,
        .want_document = true,
        .brief = true,
    };

    return client_call(a->client, &request, answer);
}

/* --- what the answers say of sizes ------------------------------------------------------------ */

/* The place of a stream's rows. */
static int64_t *rows_of(const struct checking *a, const struct stream *s)
{
    size_t at = 0;

    while (stream_registry[at] != s) {
        at++;
    }
    return &a->rows[at];
}

/* What one day brings: the rows of all streams that are read by days together. */
static int64_t day_rows(const struct checking *a)
{
    int64_t sum = 0;

    for (size_t i = 0; i < stream_registry_count; i++) {
        if (stream_has_days(stream_registry[i]) && a->rows[i] > 0) {
            sum += a->rows[i];
        }
    }
    return sum;
}

/* Whole days since [extract] start; 0 without one. */
static int64_t days_since_start(const struct config *c)
{
    return c->start_day == INT32_MIN
               ? 0
               : (clock_now_ms() - clock_zone_day_start_ms(c->start_day)) / MS_PER_DAY;
}

/* --- the configuration, and whether its values can be what they should be -------------------- */

static void check_file(struct report *r, const char *path)
{
    struct stat st;

    if (!path) {
        report_add(r, "file", CAUSE_NONE, "none; all values come from the environment");
        return;
    }
    unsigned mode = stat(path, &st) == 0 ? (unsigned)(st.st_mode & 0777U) : 0;
    report_add(r, "file", CAUSE_NONE, "%s, mode %03o", path, mode);
}

/* One result for the credentials when nothing is odd, else one an oddity. */
static void check_credentials(const struct checking *a)
{
    const struct config *config = a->config;
    struct report *r = a->report;

    for (size_t i = 0; i < config->doubt_count; i++) {
        report_add(r, "credentials", config->doubts[i].cause, "%s", config->doubts[i].where);
    }
    if (config->doubt_count == 0 && !a->request->setup_error) {
        report_add(r, "credentials", CAUSE_NONE, "client id %s; secret from %s", config->client_id,
                   config->client_secret_origin);
    }
}

/* The AWS region that `text` names as one of its labels while its domain is another region's; NULL:
 * it does not. */
static const char *mixed_region(struct arena *a, const char *text)
{
    struct err ignored;
    bool known = false;

    for (size_t i = 0; i < region_count; i++) {
        const char *at = strstr(text, region_table[i].aws);
        const char *domain =
            at && strchr(at, '.') ? region_domain(a, text, &known, &ignored) : NULL;
        if (domain && !str_eq(domain, region_table[i].domain)) {
            return region_table[i].aws;
        }
    }
    return NULL;
}

static void check_hosts(struct report *r, const struct config *config)
{
    const char *const texts[] = {config->region, config->login_url, config->api_url};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *aws = texts[i] ? mixed_region(r->arena, str_lower(r->arena, texts[i])) : NULL;
        if (aws) {
            report_add(r, "region", CAUSE_CONFIG_REGION_MIXED, "%s (%s has a domain of its own)",
                       texts[i], aws);
            return;
        }
    }
    report_add(r, "region", CAUSE_NONE, "%s%s%s, %s", config->region ? config->region : "",
               config->region ? ": " : "", config->login_url, config->api_url);
}

static void check_start(const struct checking *a)
{
    for (size_t i = 0; i < a->request->stream_count; i++) {
        const struct stream *s = a->request->streams[i];

        if (stream_has_days(s) && a->config->start_day == INT32_MIN) {
            report_add(a->report, "start", CAUSE_CONFIG_START,
                       "[extract] start is missing, and %s are wanted", s->title);
            return;
        }
    }
}

/* True when it is worth going on; then there is a client. */
static bool check_configuration(struct checking *a)
{
    const struct err *setup_error = a->request->setup_error;
    struct report *r = a->report;
    struct err e;

    if (setup_error) {
        check_credentials(a);
        report_error(r, "file", setup_error, CAUSE_CONFIG_INVALID);
        return false;
    }
    check_file(r, a->config->path);
    check_credentials(a);
    check_hosts(r, a->config);
    check_start(a);
    a->client = client_new(a->config, &e);
    if (!a->client) {
        report_error(r, "certificates", &e, CAUSE_CONFIG_CA_FILE);
    }
    return !report_failed(r);
}

/* --- the way to the hosts -------------------------------------------------------------------- */

static void compare_clocks(struct report *r, const struct http_answer *answer)
{
    if (answer->date_ms == TIME_NONE) {
        return;
    }
    int64_t skew_ms = answer->date_ms - clock_now_ms();
    int64_t seconds = (skew_ms > 0 ? skew_ms : -skew_ms) / MS_PER_SECOND;
    if (skew_ms > SKEW_MOST_MS || skew_ms < -SKEW_MOST_MS) {
        report_add(r, "clock", CAUSE_NET_CLOCK,
                   "this machine's clock is %lld seconds %s the server's", (long long)seconds,
                   skew_ms > 0 ? "behind" : "ahead of");
    } else {
        report_add(r, "clock", CAUSE_NONE, "agrees with the server's");
    }
}

/* True when an HTTP answer came, whatever it says. */
static bool reach(struct checking *a, const char *name, const char *base, bool ask_clock)
{
    struct report *r = a->report;
    const struct client_request request = {
        .target = CLIENT_URL,
        .path = arena_printf(r->arena, "%s/", base),
        .brief = true,
    };
    struct client_answer answer;

    (void)client_call(a->client, &request, &answer);
    const struct http_answer *http = &answer.http;
    bool reached = http->status > 0 || http->failure == HTTP_TOO_LARGE;
    if (reached) {
        report_add(r, name, CAUSE_NONE, "%s: %s answered in %lld ms", base, http->address,
                   (long long)http->elapsed_ms);
    } else if (http->failure == HTTP_OK) {
        report_error(r, name, &answer.error, CAUSE_NET_OTHER); /* nothing was sent */
    } else {
        report_add(r, name, diagnose_network(http), "%s: %s", base, http->detail);
    }
    if (reached && ask_clock) {
        compare_clocks(r, http);
    }
    client_answer_free(&answer);
    return reached;
}

static void check_network(struct checking *a)
{
    const struct config *config = a->config;

    if (str_eq(config->login_url, config->api_url)) {
        a->login_reached = reach(a, "login and API host", config->login_url, true);
        a->api_reached = a->login_reached;
        return;
    }
    a->login_reached = reach(a, "login host", config->login_url, true);
    a->api_reached = reach(a, "API host", config->api_url, !a->login_reached);
}

/* --- the login ------------------------------------------------------------------------------- */

static void ask_region(struct checking *a, const char *login_url, const struct region *region)
{
    const struct client_request request = {
        .target = CLIENT_LOGIN,
        .method = HTTP_POST,
        .path = login_url,
        .brief = true,
        .user = (void *)region,
    };

    client_send(a->client, &request);
}

static void tell_search(struct report *r, const struct region *found, const char *doubtful,
                        size_t reached, size_t count)
{
    static const char name[] = "find region";

    if (found) {
        report_add(r, name, CAUSE_NONE,
                   "the client lives in %s: set [genesys] region = %s (and remove login_url and "
                   "api_url)",
                   found->domain, found->aws);
    } else if (*doubtful) {
        report_add(r, name, CAUSE_NONE,
                   "no region gives a token; a client of that id may be known in %s, which answers "
                   "that the secret is wrong",
                   doubtful);
    } else if (reached < count) {
        report_add(r, name, CAUSE_NONE,
                   "%zu of %zu other login hosts did not answer; none of those that did knows the "
                   "client",
                   count - reached, count);
    } else {
        report_add(r, name, CAUSE_NONE,
                   "none of the %zu other login hosts that answered knows the client: it was "
                   "deleted, or client_id is mistyped",
                   reached);
    }
}

/* Asks the login hosts of all other regions for the client; one that is late is asked once more.
 * One that answers that the secret is wrong may know a client of that id. */
static void find_region(struct checking *a)
{
    struct arena *arena = a->report->arena;
    bool *is_late = arena_array(arena, region_count, sizeof(*is_late));
    const struct region *found = NULL;
    const char *doubtful = "";
    size_t count = 0;
    size_t reached = 0;

    for (size_t i = 0; i < region_count; i++) {
        const char *url = arena_printf(arena, "https://login.%s", region_table[i].domain);
        if (!str_eq(url, a->config->login_url)) {
            ask_region(a, url, &region_table[i]);
            count++;
        }
    }
    for (size_t left = count; left > 0 && !found && !stop_requested();) {
        struct client_answer answer;
        if (!client_next(a->client, WAIT_MS, &answer)) {
            continue;
        }
        left--;
        const struct region *region = answer.user;
        bool *late = &is_late[region - region_table];
        reached += answer.http.status > 0 ? 1 : 0;
        if (answer.error.kind == ERR_NONE) {
            found = region;
        } else if (answer.error.cause == CAUSE_LOGIN_WRONG_SECRET) {
            doubtful = arena_printf(arena, "%s%s%s", doubtful, *doubtful ? ", " : "", region->aws);
        } else if (answer.http.failure == HTTP_TIMEOUT && !*late) {
            *late = true;
            left++;
            ask_region(a, arena_printf(arena, "https://login.%s", region->domain), region);
        }
        client_answer_free(&answer);
    }
    client_abort(a->client);
    tell_search(a->report, found, doubtful, reached, count);
}

static void check_login(struct checking *a)
{
    const struct check_request *wanted = a->request;
    const struct client_request request = {
        .target = CLIENT_LOGIN,
        .method = HTTP_POST,
        .path = a->config->login_url,
        .brief = true,
    };
    struct report *r = a->report;
    struct client_answer answer;

    bool done = client_call(a->client, &request, &answer);
    client_answer_free(&answer);
    if (done) {
        int64_t seconds = client_token(a->client)->lifetime_seconds;
        bool by_hours = seconds % 3600 == 0 || seconds > LONG_LIFETIME_SECONDS;
        int64_t unit = by_hours ? 3600 : 60;
        report_add(r, "login", CAUSE_NONE, "a token, good for %lld %s",
                   (long long)((seconds + unit / 2) / unit), by_hours ? "hours" : "minutes");
        return;
    }
    /* The host was reached a moment ago: what fails below HTTP now is the login request's own. */
    struct err *e = &answer.error;
    if (answer.http.failure != HTTP_OK || e->cause == CAUSE_NONE) {
        e->cause = CAUSE_LOGIN_NETWORK;
    }
    report_error(r, "login", e, CAUSE_LOGIN_NO_TOKEN);
    bool may_live_elsewhere = e->cause == CAUSE_LOGIN_UNKNOWN_CLIENT ||
                              e->cause == CAUSE_LOGIN_WRONG_SECRET ||
                              e->cause == CAUSE_LOGIN_INVALID_CLIENT;
    if (!wanted->find_region || !may_live_elsewhere) {
        return;
    }
    if (wanted->may_send && !wanted->may_send()) {
        report_skip(r, "find region", "you said no");
    } else {
        find_region(a);
    }
}

/* --- the token ------------------------------------------------------------------------------- */

/* The first request with a token: what its refusal means. */
static void refuse_token(struct checking *a, struct client_answer *answer)
{
    const struct config *config = a->config;
    struct err *e = &answer->error;
    enum cause_id cause = CAUSE_TOKEN_NO_API;

    if (e->http_status == 401) {
        cause = diagnose_refusal(answer->code, config->login_url, config->api_url);
    } else if (e->http_status == 429) {
        cause = CAUSE_TOKEN_RATE;
    } else if (e->http_status >= 500 || e->http_status == 408) {
        cause = CAUSE_TOKEN_SERVER;
    } else if (e->cause != CAUSE_NONE) {
        cause = (enum cause_id)e->cause;
    }
    e->cause = (int)cause;
    if (cause == CAUSE_TOKEN_OTHER_REGION) {
        err_append(e, " (login_url %s, api_url %s)", config->login_url, config->api_url);
    }
    report_error(a->report, "token", e, cause);
}

static const char *text_at(struct report *r, struct json root, const char *path)
{
    const char *text = json_str(json_path(root, path));

    return text ? arena_strdup(r->arena, text) : "";
}

static void check_organization(struct checking *a, struct json root)
{
    const char *wanted = a->config->organization;
    const char *name = text_at(a->report, root, "organization.name");
    const char *id = text_at(a->report, root, "organization.id");

    if (wanted && !str_eq_nocase(wanted, name) && !str_eq_nocase(wanted, id)) {
        report_add(a->report, "organization", CAUSE_TOKEN_ORGANIZATION,
                   "%s (%s); [genesys] organization is %s", name, id, wanted);
    } else {
        report_add(a->report, "organization", CAUSE_NONE, "%s (%s)", name, id);
    }
}

/* Notes the divisions of the client's roles; returns the number of roles. */
static size_t take_grants(struct checking *a, struct json grants)
{
    struct json_iter it = json_iter(grants);
    const char **roles = arena_array(a->report->arena, GRANTS_MOST, sizeof(*roles));
    size_t role_count = 0;
    struct json key;
    struct json grant;

    a->divisions = arena_array(a->report->arena, GRANTS_MOST, sizeof(*a->divisions));
    while (json_next(&it, &key, &grant)) {
        const char *role = text_at(a->report, grant, "roleId");
        const char *division = text_at(a->report, grant, "divisionId");

        if (role_count < GRANTS_MOST && !str_is_listed(role, roles, role_count)) {
            roles[role_count++] = role;
        }
        a->all_divisions = a->all_divisions || str_eq(division, "*");
        if (a->division_count < GRANTS_MOST &&
            !str_is_listed(division, a->divisions, a->division_count)) {
            a->divisions[a->division_count++] = division;
        }
    }
    return role_count;
}

static void check_client(struct checking *a, struct json client)
{
    static const char *const right_grants[] = {"client-credentials", "client_credentials"};
    struct report *r = a->report;
    const char *state = text_at(r, client, "state");
    const char *grant = text_at(r, client, "authorizedGrantType");
    const char *until = "";
    struct json grants = json_get(client, "roleDivisions");
    size_t roles = take_grants(a, grants);
    enum cause_id cause = CAUSE_NONE;

    if (*state && !str_eq_nocase(state, "active")) {
        cause = CAUSE_TOKEN_STATE;
        until = text_at(r, client, "dateToDelete");
    } else if (*grant && !str_is_listed(str_lower(r->arena, grant), right_grants, 2)) {
        cause = CAUSE_TOKEN_GRANT;
    } else if (json_type(grants) == JSON_ARRAY && roles == 0) {
        cause = CAUSE_TOKEN_NO_ROLES;
    }
    report_add(r, "client", cause, "\"%s\", %s, %s; %zu %s in %zu %s%s%s",
               text_at(r, client, "name"), *state ? state : "state not said",
               *grant ? grant : "grant type not said", roles, roles == 1 ? "role" : "roles",
               a->division_count, a->division_count == 1 ? "division" : "divisions",
               *until ? "; to be deleted " : "", until);
}

/* The claims of a token that shows them. */
static void check_claims(struct checking *a)
{
    static const char *const names[] = {"iss", "aud", "sub", "org", "organization", "exp", "iat"};
    struct arena *arena = a->report->arena;
    struct json_doc *doc = secret_claims(client_token(a->client)->value);
    const char *evidence = "";

    for (size_t i = 0; doc && i < COUNT_OF(names); i++) {
        struct json claim = json_get(json_root(doc), names[i]);
        if (json_type(claim) != JSON_ABSENT) {
            evidence = arena_printf(arena, "%s%s%s %s", evidence, *evidence ? ", " : "", names[i],
                                    json_write(arena, claim, NULL));
        }
    }
    if (doc) {
        report_add(a->report, "claims", CAUSE_NONE, "%s",
                   *evidence ? evidence : "a JWT without the usual claims");
    }
    json_free(doc);
}

static void check_token(struct checking *a)
{
    struct client_answer answer;
    int64_t lifetime_seconds = client_token(a->client)->lifetime_seconds;

    if (ask(a, "/api/v2/tokens/me", NULL, "tokens/me", &answer)) {
        check_organization(a, json_root(answer.document));
        check_client(a, json_get(json_root(answer.document), "OAuthClient"));
        check_claims(a);
        if (lifetime_seconds <= SHORT_LIFETIME_SECONDS) {
            report_add(a->report, "lifetime", CAUSE_TOKEN_SHORT, "%lld seconds",
                       (long long)lifetime_seconds);
        }
    } else {
        refuse_token(a, &answer);
    }
    client_answer_free(&answer);
    a->token_good = !report_failed(a->report);
}

/* --- permissions ----------------------------------------------------------------------------- */

/* How a plan's request was answered. */
struct tried {
    bool granted;
    bool has_rows;
    int64_t total;        /* -1: not said */
    const char *first_id; /* of the first row; NULL: none */
    struct err error;
};

/* One request of a pass, for one row; `id` is of an entity to ask for, where the pass asks by ids.
 * One that goes by an availability date is asked for that, which is its cheapest request. */
static void try_pass(struct checking *a, const struct pass *pass, const char *id, struct tried *t)
{
    struct arena *arena = a->report->arena;
    int64_t today_ms = clock_utc_day_start(clock_now_ms());
    char start[CLOCK_ISO_BYTES];
    char end[CLOCK_ISO_BYTES];
    struct pager_spec spec = {
        .steps = pass->steps,
        .label = pass->plan.name,
        .start = clock_format(today_ms - MS_PER_DAY, start),
        .end = clock_format(today_ms, end),
        .zone = a->config->timezone,
        .scope = id,
        .ids = &id,
        .id_count = id ? 1 : 0,
        .at = {.page_size = 1},
    };
    struct pager *pager = pager_new(arena, &spec);
    struct pager_request request = {.path = pass->available};
    struct client_answer answer;
    struct pager_page page;

    *t = (struct tried){.total = -1};
    if (!pass->available && !pager_next(pager, arena, &request)) {
        err_set(&t->error, ERR_CONTRACT, "%s: there is nobody to ask for", pass->steps->path);
        return;
    }
    if (!ask(a, request.path, request.body, pass->steps->path, &answer)) {
        t->error = answer.error;
    } else if (pass->available) {
        t->granted = true;
        t->has_rows = true;
    } else if (pager_answer(pager, 0, answer.document, arena, &page, &t->error) == PAGER_TAKEN) {
        struct json_iter rows = json_iter(page.rows);
        struct json key;
        struct json row;

        t->granted = true;
        t->has_rows = page.row_count > 0;
        t->total = page.total_hits;
        if (json_next(&rows, &key, &row) && json_str(json_get(row, "id"))) {
            t->first_id = arena_strdup(arena, json_str(json_get(row, "id")));
        }
    }
    client_answer_free(&answer);
}

/* The names of a pass's permissions, any of which is enough. */
static const char *permission_names(struct arena *a, const struct pass *pass)
{
    const char *names = "";

    for (const char *at = pass->permissions; *at; at += strspn(at, " ")) {
        int length = (int)strcspn(at, " ");
        names = arena_printf(a, "%s%s%.*s", names, *names ? " or " : "", length, at);
        at += length;
    }
    return names;
}

static enum cause_id cause_of_error(const struct err *e)
{
    if (e->http_status == 403) {
        return CAUSE_PERMISSION_MISSING;
    }
    if (e->http_status == 429) {
        return CAUSE_PERMISSION_RATE;
    }
    if (e->http_status >= 500 || e->http_status == 408) {
        return CAUSE_PERMISSION_SERVER;
    }
    if (e->http_status == 401) {
        return CAUSE_TOKEN_REFUSED;
    }
    return e->cause ? (enum cause_id)e->cause : CAUSE_PERMISSION_ANSWER;
}

static void refuse_stream(struct report *r, const struct stream *s, const struct pass *pass,
                          struct err *e)
{
    enum cause_id cause = cause_of_error(e);

    if (cause == CAUSE_PERMISSION_MISSING && pass->permissions) {
        err_prefix(e, "%s (wants %s)", pass->plan.name, permission_names(r->arena, pass));
    }
    e->cause = (int)cause;
    report_error(r, s->name, e, cause);
}

static void accept_stream(struct report *r, const struct stream *s, const struct tried *t)
{
    const char *when = stream_has_days(s) ? " of yesterday (UTC)" : "";

    if (!t->has_rows && s->load == LOAD_ENTITY) {
        report_add(r, s->name, CAUSE_PERMISSION_EMPTY, "HTTP 200, but no %s%s", s->title, when);
    } else if (t->total > 0) {
        report_add(r, s->name, CAUSE_NONE, "answered: %lld %s%s", (long long)t->total, s->title,
                   when);
    } else {
        report_add(r, s->name, CAUSE_NONE, "answered");
    }
}

/* Whether a run would take this pass; those by id ask what the others ask. */
static bool is_used(const struct checking *a, const struct stream *s, size_t p)
{
    return !s->passes[p].plan.whole && (stream_in_force(s, a->config) & 1U << p) != 0;
}

/* The id of some row of the stream whose rows `s` is asked for; NULL: there is none. That it may
 * not be listed shows elsewhere. */
static const char *first_needed(struct checking *a, const struct stream *s)
{
    const struct stream *whose = s->needs ? stream_find(s->needs) : NULL;
    struct tried somebody = {.total = -1};

    if (whose) {
        try_pass(a, &whose->passes[0], NULL, &somebody);
    }
    return somebody.first_id;
}

/* A stream that wants all of its passes. */
static void check_all(struct checking *a, const struct stream *s)
{
    const char *id = first_needed(a, s);
    struct tried last = {.total = -1};

    if (s->scope && !id) {
        report_skip(a->report, s->name, "there is nobody to ask for");
        return;
    }

    for (size_t p = 0; p < s->pass_count; p++) {
        if (!is_used(a, s, p)) {
            continue;
        }
        try_pass(a, &s->passes[p], id, &last);
        if (!last.granted) {
            refuse_stream(a->report, s, &s->passes[p], &last.error);
            return;
        }
    }
    *rows_of(a, s) = last.total;
    accept_stream(a->report, s, &last);
}

/* A stream whose passes stand in for one another: the first that is granted is enough. */
static void check_any(struct checking *a, const struct stream *s)
{
    const char *id = first_needed(a, s);
    size_t first = s->pass_count; /* the one whose refusal is told */
    struct tried first_tried = {.total = -1};

    for (size_t p = 0; p < s->pass_count; p++) {
        struct tried t;

        if (!is_used(a, s, p)) {
            continue;
        }
        try_pass(a, &s->passes[p], id, &t);
        if (t.granted) {
            report_add(a->report, s->name, CAUSE_NONE, "answered, by %s", s->passes[p].plan.name);
            return;
        }
        /* A missing permission says more than a path that is not there. */
        if (first == s->pass_count ||
            (t.error.http_status == 403 && first_tried.error.http_status != 403)) {
            first = p;
            first_tried = t;
        }
    }
    if (first < s->pass_count) {
        refuse_stream(a->report, s, &s->passes[first], &first_tried.error);
    }
}

/* Names of divisions that no role covers, and how many there are of those listed. */
static const char *uncovered(struct checking *a, struct json entities, size_t *count)
{
    struct arena *arena = a->report->arena;
    struct json_iter it = json_iter(entities);
    const char *names = "";
    struct json key;
    struct json division;

    *count = 0;
    while (json_next(&it, &key, &division)) {
        const char *id = json_str(json_get(division, "id"));
        const char *name = json_str(json_get(division, "name"));
        if (!id || str_is_listed(id, a->divisions, a->division_count)) {
            continue;
        }
        if (++*count <= NAMES_MOST) {
            names = arena_printf(arena, "%s%s%s", names, *names ? ", " : "", name ? name : id);
        }
    }
    return *count > NAMES_MOST ? arena_printf(arena, "%s...", names) : names;
}

static void check_divisions(struct checking *a)
{
    struct report *r = a->report;
    struct client_answer answer;
    size_t missing;

    if (a->all_divisions || a->division_count == 0) {
        return;
    }
    const char *path = arena_printf(
        r->arena, "/api/v2/authorization/divisions?pageSize=%d&pageNumber=1", DIVISIONS_PAGE);
    if (!ask(a, path, NULL, "authorization/divisions", &answer)) {
        report_skip(r, "divisions",
                    arena_printf(r->arena, "the divisions cannot be listed (HTTP %d)",
                                 answer.error.http_status));
        client_answer_free(&answer);
        return;
    }
    struct json entities = json_get(json_root(answer.document), "entities");
    const char *names = uncovered(a, entities, &missing);
    size_t listed = json_count(entities);
    if (missing > 0) {
        report_add(r, "divisions", CAUSE_PERMISSION_DIVISIONS,
                   "no role covers %zu of %zu divisions: %s", missing, listed, names);
    } else {
        report_add(r, "divisions", CAUSE_NONE, "the roles cover all %zu", listed);
    }
    client_answer_free(&answer);
}

static void check_permissions(struct checking *a)
{
    for (size_t i = 0; i < a->request->stream_count; i++) {
        const struct stream *s = a->request->streams[i];

        if (a->report->kind == ERR_STOPPED) {
            return;
        }
        if (s->pass_count > 1 && s->passes[1].plan.instead) {
            check_any(a, s);
        } else {
            check_all(a, s);
        }
    }
    check_divisions(a);
}

/* --- limits ---------------------------------------------------------------------------------- */

static int64_t divided_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Requests that a window of a stream takes, by the first of its passes in force. */
static int64_t window_requests(const struct config *c, const struct stream *s, int64_t rows)
{
    size_t p = 0;

    while (p + 1 < s->pass_count && (stream_in_force(s, c) & 1U << p) == 0) {
        p++;
    }
    const struct step *steps = s->passes[p].steps;
    int64_t pages = rows > 0 ? divided_up(rows, step_of_rows(steps)->size) : 1;
    return pages + (steps->token ? JOB_OVERHEAD : 0);
}

/* Requests of a night, from what the answers said about sizes: of days the last one, the lookback
 * and the hours after the availability date, of the others all rows, or those of the stream whose
 * ids they are asked for. *day receives the part of one day. */
static int64_t night_requests(const struct checking *a, int64_t *day)
{
    int64_t sum = 1;

    *day = 0;
    for (size_t i = 0; i < a->request->stream_count; i++) {
        const struct stream *s = a->request->streams[i];
        const struct stream *whose = s->needs ? stream_find(s->needs) : s;
        int64_t requests = window_requests(a->config, s, *rows_of(a, whose));

        if (stream_has_days(s)) {
            *day += requests;
            sum += (a->config->lookback_days + 3) * requests;
        } else {
            sum += requests;
        }
    }
    return sum;
}

/* The requests a minute that a token may make; -1, and why in the report, when that is not known.
 */
static int64_t read_limit(struct checking *a)
{
    struct client_answer answer;
    int64_t limit = -1;

    if (!ask(a, "/api/v2/organizations/limits/namespaces/platform.api", NULL,
             "organizations/limits", &answer)) {
        report_add(a->report, "rate limit", CAUSE_LIMITS_UNREAD, "HTTP %d",
                   answer.error.http_status);
        client_answer_free(&answer);
        return limit;
    }
    struct json_iter it = json_iter(json_get(json_root(answer.document), "entities"));
    struct json key;
    struct json entity;
    while (json_next(&it, &key, &entity)) {
        const char *name = json_str(json_get(entity, "key"));
        int64_t value = 0;
        bool is_clients = str_eq(name, "client.credentials.token.rate.per.minute");
        if ((is_clients || (str_eq(name, "token.rate.per.minute") && limit < 0)) &&
            json_int(json_get(entity, "value"), &value) && value > 0) {
            limit = value;
        }
    }
    client_answer_free(&answer);
    if (limit < 0) {
        report_add(a->report, "rate limit", CAUSE_LIMITS_UNREAD, "the answer does not hold it");
    }
    return limit;
}

/* What the first run will take, when there are many days before it. */
static const char *first_run_text(struct arena *a, const struct config *c, int64_t day,
                                  int64_t pace)
{
    if (day == 0 || c->start_day == INT32_MIN) {
        return "";
    }
    int64_t days = days_since_start(c) + 1;
    int64_t requests = days * day;
    return days < 1 ? ""
                    : arena_printf(a,
                                   "; the %lld days since start, all read anew: about %lld "
                                   "requests, %lld min",
                                   (long long)days, (long long)requests,
                                   (long long)divided_up(requests, pace));
}

static void check_limits(struct checking *a)
{
    int64_t pace = a->config->requests_per_minute;
    int64_t limit = read_limit(a);
    int64_t day;

    if (limit > 0) {
        report_add(a->report, "rate limit", pace > limit ? CAUSE_LIMITS_PACE : CAUSE_NONE,
                   "%lld requests a minute a token; requests_per_minute is %lld", (long long)limit,
                   (long long)pace);
    } else {
        limit = DEFAULT_PER_MINUTE;
    }
    pace = pace < limit ? pace : limit;
    int64_t requests = night_requests(a, &day);
    int64_t minutes = divided_up(requests, pace);
    report_add(a->report, "night", minutes > NIGHT_MINUTES ? CAUSE_LIMITS_NIGHT : CAUSE_NONE,
               "about %lld requests a night, %lld min at this pace%s", (long long)requests,
               (long long)minutes, first_run_text(a->report->arena, a->config, day, pace));
}

/* --- this machine: the database and its disk, locks, the time zone --------------------------- */

static bool may_write(const char *path)
{
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

static void check_database(struct report *r, const char *path)
{
    const char *directory = file_directory(r->arena, path);
    struct stat st;
    struct err e;

    if (!db_check(path, &e)) {
        report_error(r, "database", &e, CAUSE_LOCAL_DATABASE);
        return;
    }
    bool exists = stat(path, &st) == 0 && st.st_size > 0;
    if (!may_write(directory)) {
        report_add(r, "database", CAUSE_LOCAL_RIGHTS, "%s: %s", directory, strerror(errno));
    } else if (exists && !may_write(path)) {
        report_add(r, "database", CAUSE_LOCAL_RIGHTS, "%s: %s", path, strerror(errno));
    } else if (exists) { /* its writer's right was asked for apart */
        struct db *d = db_open(path, DB_READ, &e);

        if (d) {
            report_add(r, "database", CAUSE_NONE, "%s, schema %d", path, db_schema_version());
        } else {
            report_error(r, "database", &e, CAUSE_LOCAL_DATABASE);
        }
        db_close(d);
    } else {
        report_add(r, "database", CAUSE_NONE, "%s is not there yet; the first extract makes it",
                   path);
    }
}

static const char *megabytes(struct arena *a, int64_t bytes)
{
    return bytes >= 10240 * MEBIBYTE
               ? arena_printf(a, "%lld GB", (long long)(bytes / (1024 * MEBIBYTE)))
               : arena_printf(a, "%lld MB", (long long)(bytes / MEBIBYTE));
}

/* Bytes a day: by the file and the days in it, by yesterday's rows, or a guess. */
static int64_t daily_growth(const struct checking *a, int64_t file_bytes)
{
    int64_t growth = GROWTH_LEAST;
    int64_t days = days_since_start(a->config);

    if (day_rows(a) * ROW_BYTES > growth) {
        growth = day_rows(a) * ROW_BYTES;
    }
    return days > 0 && file_bytes / days > growth ? file_bytes / days : growth;
}

static void check_space(const struct checking *a)
{
    const char *path = a->config->database_path;
    struct report *r = a->report;
    enum cause_id cause = CAUSE_NONE;
    struct statvfs fs;
    struct stat st;

    if (statvfs(file_directory(r->arena, path), &fs) != 0) {
        return;
    }
    int64_t free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    int64_t file_bytes = stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
    int64_t growth = GROWTH_DAYS * daily_growth(a, file_bytes);
    if (free_bytes < SPACE_LEAST) {
        cause = CAUSE_LOCAL_NO_SPACE;
    } else if (free_bytes < growth) {
        cause = CAUSE_LOCAL_LITTLE_SPACE;
    }
    report_add(r, "disk", cause, "%s free; %d days add about %s", megabytes(r->arena, free_bytes),
               GROWTH_DAYS, megabytes(r->arena, growth));
}

/* Opening a lock file makes it, so it is looked for first. */
static void check_locks(const struct checking *a)
{
    const struct check_request *request = a->request;
    const char *path = a->config->database_path;
    struct report *r = a->report;
    char holder[LOCK_HOLDER_BYTES];
    struct stat st;
    struct err e;
    bool held = false;

    if (stat(arena_printf(r->arena, "%s.lock", path), &st) != 0) {
        return;
    }
    struct lock_file *locks = lock_open(path, &e);
    if (!locks) {
        report_add(r, "lock", CAUSE_LOCAL_RIGHTS, "%s", e.message);
        return;
    }
    for (size_t i = 0; i < request->stream_count && !held; i++) {
        const struct stream *s = request->streams[i];
        held = lock_holder(locks, s->lock_slot, holder);
        if (held) {
            report_add(r, "lock", CAUSE_LOCAL_LOCKED, "%s: %s", s->name, holder);
        }
    }
    lock_close(locks);
    if (!held) {
        report_add(r, "lock", CAUSE_NONE, "no run is under way");
    }
}

static void check_zone(struct report *r, const struct config *c)
{
    int32_t offset = clock_zone_offset_seconds(clock_now_ms());
    int minutes = (int)(offset < 0 ? -offset : offset) / 60;

    report_add(r, "time zone", CAUSE_NONE, "%s, now UTC%c%02d:%02d", c->timezone,
               offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* How far back the organization keeps data. */
static void check_retention(struct checking *a)
{
    struct report *r = a->report;
    const struct config *c = a->config;
    struct client_answer answer;
    int64_t kept_days = 0;

    if (!a->token_good || c->start_day == INT32_MIN) {
        return;
    }
    bool read = ask(a, "/api/v2/analytics/dataretention/settings", NULL, "dataretention/settings",
                    &answer) &&
                json_int(json_get(json_root(answer.document), "retentionDays"), &kept_days);
    client_answer_free(&answer);
    if (!read) {
        report_skip(r, "retention", "not readable (it asks for analytics:dataRetention:view)");
        return;
    }
    char day[CLOCK_DAY_BYTES];
    int64_t age_days = days_since_start(c);
    report_add(r, "retention", age_days > kept_days ? CAUSE_LOCAL_RETENTION : CAUSE_NONE,
               "the organization keeps %lld days; start %s lies %lld days back",
               (long long)kept_days, clock_format_day(c->start_day, day), (long long)age_days);
}

static void check_local(struct checking *a)
{
    check_database(a->report, a->config->database_path);
    if (!report_failed(a->report)) {
        check_space(a);
        check_locks(a);
    }
    check_zone(a->report, a->config);
    check_retention(a);
}

/* --- the steps in their order ---------------------------------------------------------------- */

/* Goes on to the next step, which is skipped where there is a reason not to take it. */
static bool take(struct report *r, enum cause_step step, const char *why_not)
{
    r->step = step;
    if (why_not) {
        report_skip(r, cause_steps[step].name, why_not);
    }
    return !why_not;
}

/* The steps that need the network: each only when those before it make sense of it. */
static void check_remote(struct checking *a)
{
    const char *no_token = NULL;

    check_network(a);
    if (take(a->report, STEP_LOGIN, a->login_reached ? NULL : "the login host was not reached")) {
        check_login(a);
    }
    if (!client_token(a->client)->value) {
        no_token = "there is no token";
    } else if (!a->api_reached) {
        no_token = "the API host was not reached";
    }
    if (take(a->report, STEP_TOKEN, no_token)) {
        check_token(a);
    }
    if (take(a->report, STEP_PERMISSIONS, a->token_good ? NULL : "the API was not asked")) {
        check_permissions(a);
    }
    if (take(a->report, STEP_LIMITS, a->token_good ? NULL : "the API was not asked")) {
        check_limits(a);
    }
}

void check_run(const struct check_request *request, struct report *r)
{
    static const char first[] = "the configuration comes first";
    struct checking a = {.request = request, .config = request->config, .report = r};

    a.rows = arena_array(r->arena, stream_registry_count, sizeof(*a.rows));
    for (size_t i = 0; i < stream_registry_count; i++) {
        a.rows[i] = -1;
    }
    r->step = STEP_CONFIGURATION;
    if (check_configuration(&a)) {
        r->step = STEP_NETWORK;
        check_remote(&a);
    } else {
        for (int step = STEP_NETWORK; step <= STEP_LIMITS; step++) {
            take(r, (enum cause_step)step, first);
        }
    }
    if (take(r, STEP_LOCAL, request->setup_error ? first : NULL)) {
        check_local(&a);
    }
    client_free(a.client);
}
