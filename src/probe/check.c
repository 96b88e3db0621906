#include "probe/probe.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/region.h"
#include "base/limits.h"
#include "base/stop.h"
#include "io/lock.h"
#include "sql.h"

enum {
    WAIT_MS = 200,
    BESIDE = 3,       /* requests of a run before its first page */
    ROWS_OF_DAYS = 2, /* the last night, even where one was left out */
    SHORT_LIFETIME_SECONDS = 600,
};

/* The id of what no organization has, and of a part of it. */
#define NOBODY "00000000-0000-4000-8000-000000000000/00000000-0000-4000-8000-000000000000"

/* A check under way. Each failure or warning has a cause (base/causes.h), whose kind says which. */
struct checking {
    const struct check_request *request;
    const struct config *config;
    struct arena *arena;
    struct db *db;        /* in memory: the results are a table there */
    struct err unread;    /* of what cannot fail, or need not be there */
    enum cause_step step; /* the one that results are of */
    bool step_failed;
    enum err_kind kind; /* of the first failure; ERR_NONE: there was none */
    struct client *client;
    struct client_answer answer; /* the last: what it holds is there until the next request */
    bool is_configured;          /* it is worth going on; there is a client */
    bool login_reached;
    bool api_reached;
    bool token_good;    /* the API takes it */
    bool api_silent;    /* it did not answer in time: it is asked no more */
    const char *token;  /* what /tokens/me says (JSON); NULL: nothing */
    const char *grants; /* the client's, as the token says (JSON); NULL: of no or all divisions */
    const char *counts; /* rows that streams' answers say there are (struct cost_facts); of those
                           that are read by days: of yesterday, UTC */
    int64_t day_rows;   /* the sum of the latter */
};

/* --- results ---------------------------------------------------------------------------------- */

/* A row of the table; `name` NULL: it is of the whole step. */
static void add(struct checking *a, const char *name, bool is_skipped, enum cause_id id,
                const char *evidence)
{
    const struct cause *c = &causes[id];
    const struct cause_step_words *step = &cause_steps[a->step];

    INVARIANT(db_do(a->db, &a->unread, sql_check_result_add, I(a->step + 1), S(step->name),
                    S(step->title), S(name ? name : step->name), S(evidence), I(!name), S(c->name),
                    S(c->text), S(c->remedy), I(err_facts[c->kind].exit_code), I(is_skipped),
                    S(cause_saml_note)));
    a->step_failed = a->step_failed || c->kind != ERR_NONE;
    a->kind = a->kind == ERR_NONE ? c->kind : a->kind;
}

/* Adds a result: with CAUSE_NONE the thing is well, with any other cause it is a failure or a
 * warning. `name` says which thing of the step it is ("login host", "queues") and is borrowed; the
 * evidence is a printf text, perhaps from outside: it is escaped when it is shown. */
__attribute__((format(printf, 4, 5))) static void
report_add(struct checking *a, const char *name, enum cause_id cause, const char *evidence, ...)
{
    va_list args;

    va_start(args, evidence);
    add(a, name, false, cause, arena_vprintf(a->arena, evidence, args));
    va_end(args);
}

/* Adds a thing that was not looked at; `name` NULL: the whole step. */
static void report_skip(struct checking *a, const char *name, const char *why)
{
    add(a, name, true, CAUSE_NONE, why);
}

/* Adds what a statement finds, a row a thing: its name, its cause as base/causes.txt calls it
 * (NULL: it is well; "skipped": it was not looked at), and the evidence; ends `q`. The last row's
 * fourth column, NULL where there is none. */
static const char *report_rows(struct checking *a, struct rows q)
{
    const char *more = NULL;

    while (db_next(&q)) {
        const char *cause = db_text(&q, 1);
        bool is_skipped = str_eq(cause, "skipped");
        int id = CAUSE_NONE;

        while (cause && !is_skipped && ++id < CAUSE_COUNT && !str_eq(causes[id].name, cause)) {
        }
        INVARIANT(id < CAUSE_COUNT);
        add(a, db_text(&q, 0), is_skipped, (enum cause_id)id, db_text(&q, 2));
        more = db_column_count(&q) > 3 ? db_kept(&q, 3, a->arena) : NULL;
    }
    (void)db_end(&q);
    return more;
}

/* Adds what a statement about the results finds so. */
#define tell(a, ...) report_rows((a), db_ask((a)->db, &(a)->unread, __VA_ARGS__))

/* Adds what an error says: by its own cause, or `otherwise` when it names none, and with its
 * message but for the cause's words. ERR_STOPPED is no failure of the set-up: what follows is
 * skipped. */
static void report_error(struct checking *a, const char *name, const struct err *e,
                         enum cause_id otherwise)
{
    const char *evidence = err_evidence(e, a->arena);

    if (e->kind == ERR_STOPPED) {
        a->kind = a->kind == ERR_NONE ? ERR_STOPPED : a->kind;
        report_skip(a, name, evidence);
    } else {
        add(a, name, false, e->cause == CAUSE_NONE ? otherwise : (enum cause_id)e->cause, evidence);
    }
}

/* --- requests --------------------------------------------------------------------------------- */

/* One request from start to final answer, the former one's being freed. */
static bool call(struct checking *a, const struct client_request *request)
{
    client_answer_free(&a->answer);
    return client_call(a->client, request, &a->answer);
}

/* One API request with the token, repeated once when that may help; `body` NULL: a GET. True when
 * there is a document. */
static bool ask(struct checking *a, const char *path, const char *body, const char *label)
{
    const struct client_request request = {
        .method = body ? HTTP_POST : HTTP_GET,
        .path = path,
        .body = body,
        .label = label,
        .want_document = true,
        .brief = true,
    };

    bool done = call(a, &request);
    a->api_silent = a->answer.http.failure == HTTP_TIMEOUT;
    return done;
}

/* The document that a path gives, as text; NULL: there is none. */
static const char *text_of(struct checking *a, const char *path, const char *label)
{
    return ask(a, path, NULL, label) ? json_write(a->arena, json_root(a->answer.document), NULL)
                                     : NULL;
}

/* What was said in place of an answer. */
static const char *said(const struct checking *a)
{
    return err_evidence(&a->answer.error, a->arena);
}

/* Whole days since [extract] start; 0 without one. */
static int64_t days_since_start(const struct config *c)
{
    return c->start_day == INT32_MIN
               ? 0
               : (clock_now_ms() - clock_zone_day_start_ms(c->start_day)) / MS_PER_DAY;
}

/* --- the configuration, and whether its values can be what they should be -------------------- */

static void check_configuration(struct checking *a)
{
    const struct err *setup_error = a->request->setup_error;
    const struct config *config = a->config;
    const char *name;
    size_t at = 0;
    struct stat st;
    struct err e;

    if (!setup_error && config->path) {
        unsigned mode = stat(config->path, &st) == 0 ? (unsigned)(st.st_mode & 0777U) : 0;
        report_add(a, "file", CAUSE_NONE, "%s, mode %03o", config->path, mode);
    } else if (!setup_error) {
        report_add(a, "file", CAUSE_NONE, "none; all values come from the environment");
    }
    for (size_t i = 0; i < config->doubt_count; i++) {
        report_add(a, "credentials", config->doubts[i].cause, "%s", config->doubts[i].where);
    }
    if (setup_error) {
        report_error(a, "file", setup_error, CAUSE_CONFIG_INVALID);
        return;
    }
    /* What is no id may be the secret. */
    report_add(a, "client id", CAUSE_NONE, "%s%sfrom %s",
               str_is_uuid(config->client_id) ? config->client_id : "",
               str_is_uuid(config->client_id) ? " " : "", config_origin(config, KEY_CLIENT_ID));
    report_add(a, "client secret", CAUSE_NONE, "from %s", config_origin(config, KEY_CLIENT_SECRET));
    const char *url = config_origin(config, KEY_LOGIN_URL);
    report_add(a, "region", CAUSE_NONE, "%s, %s, by %s", config->login_url, config->api_url,
               url ? url : config_origin(config, KEY_REGION));
    a->client = client_new(config, a->request->waits, limit_get(LIMIT_PATIENCE_MS), &e);
    if (!a->client) {
        report_error(a, "certificates", &e, CAUSE_CONFIG_CA_FILE);
    }
    a->is_configured = !a->step_failed;
    /* What a run needs besides the login hinders no other step. */
    while ((name = needs_unmet(&a->request->run, false, &at, &e))) {
        report_error(a, name, &e, CAUSE_CONFIG_INVALID);
    }
}

/* Asks a host beside others: somebody waits. */
static void ask_beside(struct checking *a, enum client_target target, const char *url,
                       const void *user)
{
    const struct client_request request = {
        .target = target,
        .path = url,
        .brief = true,
        .user = (void *)user,
    };

    client_send(a->client, &request);
}

/* --- the way to the hosts -------------------------------------------------------------------- */

/* What is to be known of a host. */
struct host {
    const char *name;
    const char *url;
    struct client_answer answer;
};

/* Tells of a host's answer, and where `clock` is wanted of the time there. True when an HTTP answer
 * came, whatever it says. */
static bool tell_host(struct checking *a, const struct host *host, bool clock)
{
    const struct http_answer *http = &host->answer.http;
    const char *name = host->name;
    bool reached = http->status > 0 || http->failure == HTTP_TOO_LARGE;

    if (reached) {
        const char *at = strstr(host->url, http->address) ? "" : http->address;
        report_add(a, name, CAUSE_NONE, "%s%s%s answered in %lld ms", host->url, *at ? ": " : "",
                   at, (long long)http->elapsed_ms);
    } else if (http->failure == HTTP_OK) {
        report_error(a, name, &host->answer.error, CAUSE_NET_OTHER); /* nothing was sent */
    } else {
        report_add(a, name, http->cause, "%s: %s", host->url, http->detail);
    }
    if (reached && clock && http->date_ms != TIME_NONE) {
        tell(a, sql_check_clock, I(http->date_ms - clock_now_ms()));
    }
    return reached;
}

/* The hosts are asked at the same time. */
static void check_network(struct checking *a)
{
    const struct config *config = a->config;
    bool is_one = str_eq(config->login_url, config->api_url);
    struct host hosts[] = {
        {.name = is_one ? "login and API host" : "login host", .url = config->login_url},
        {.name = "API host", .url = config->api_url}};
    size_t count = is_one ? 1 : COUNT_OF(hosts);
    struct err e;

    for (size_t i = 0; i < count; i++) {
        err_set(&hosts[i].answer.error, ERR_STOPPED, "stopped by a signal");
        ask_beside(a, CLIENT_URL, arena_printf(a->arena, "%s/", hosts[i].url), &hosts[i].answer);
    }
    (void)client_take(a->client, count, &e);
    a->login_reached = tell_host(a, &hosts[0], true);
    a->api_reached = is_one ? a->login_reached : tell_host(a, &hosts[1], !a->login_reached);
    for (size_t i = 0; i < count; i++) {
        client_answer_free(&hosts[i].answer);
    }
}

/* --- the login ------------------------------------------------------------------------------- */

/* Asks the login hosts of all other regions for the client; one that is late is asked once more
 * where others answer. One that answers that the secret is wrong may know a client of that id. */
static void find_region(struct checking *a)
{
    struct arena *arena = a->arena;
    bool *is_late = arena_array(arena, region_count, sizeof(*is_late));
    const struct region *found = NULL;
    const char *doubtful = "";
    size_t count = 0;
    size_t reached = 0;

    for (size_t i = 0; i < region_count; i++) {
        const char *url = arena_printf(arena, "https://login.%s", region_table[i].domain);
        if (!str_eq(url, a->config->login_url)) {
            ask_beside(a, CLIENT_LOGIN, url, &region_table[i]);
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
        } else if (answer.http.failure == HTTP_TIMEOUT && !*late && reached > 0) {
            *late = true;
            left++;
            ask_beside(a, CLIENT_LOGIN, arena_printf(arena, "https://login.%s", region->domain),
                       region);
        }
        client_answer_free(&answer);
    }
    client_abort(a->client);
    tell(a, sql_check_region, S(found ? found->domain : NULL), S(found ? found->aws : NULL),
         S(doubtful), I((int64_t)reached), I((int64_t)count));
}

static void check_login(struct checking *a)
{
    const struct check_request *wanted = a->request;
    const struct client_request request = {
        .target = CLIENT_LOGIN,
        .path = a->config->login_url,
        .label = "login",
        .brief = true,
    };
    struct err *e = &a->answer.error;

    if (call(a, &request)) {
        tell(a, sql_check_login, I(client_token(a->client)->lifetime_seconds));
        return;
    }
    /* The host was reached a moment ago: what fails below HTTP now is the login request's own. */
    if (a->answer.http.failure != HTTP_OK || e->cause == CAUSE_NONE) {
        e->cause = CAUSE_LOGIN_NETWORK;
    }
    report_error(a, "login", e, CAUSE_LOGIN_NO_TOKEN);
    bool may_live_elsewhere = e->cause == CAUSE_LOGIN_UNKNOWN_CLIENT ||
                              e->cause == CAUSE_LOGIN_WRONG_SECRET ||
                              e->cause == CAUSE_LOGIN_INVALID_CLIENT;
    if (!wanted->find_region || !may_live_elsewhere) {
        return;
    }
    if (wanted->may_send && !wanted->may_send()) {
        report_skip(a, "find region", "you said no");
    } else {
        find_region(a);
    }
}

/* --- the token ------------------------------------------------------------------------------- */

/* Adds a refusal by the API: by these causes where the HTTP status says it, else by its own. */
static void refuse(struct checking *a, const char *name, struct err *e, enum cause_id rate,
                   enum cause_id server, enum cause_id otherwise)
{
    if (e->http_status == 429) {
        e->cause = (int)rate;
    } else if (e->http_status >= 500 || e->http_status == 408) {
        e->cause = (int)server;
    }
    report_error(a, name, e, otherwise);
}

/* The client as /tokens/me has it, and what its token claims, where it shows that. */
static void check_client(struct checking *a)
{
    struct json_doc *claims = secret_claims(client_token(a->client)->value);

    a->grants = tell(a, sql_check_client, S(a->token));
    if (claims) {
        tell(a, sql_check_claims, S(json_write(a->arena, json_root(claims), NULL)));
    }
    json_free(claims);
}

/* Whether it is the organization that is wanted, and the one whose records the file holds; `e` has
 * why the API does not say whose it is. */
static void check_owner(struct checking *a, const struct client_identity *who, struct err *e)
{
    struct owner owner = {.config = a->config, .now_ms = clock_now_ms()};
    struct err unread;
    const char *unsaid = err_evidence(e, a->arena);

    (void)ledger_owner_of_file(&owner, a->arena, &unread);
    owner.id = who->id;
    owner.name = who->name;
    if (!ledger_judge(&owner, e)) {
        report_error(a, "organization", e, CAUSE_TOKEN_ORGANIZATION);
    } else if (who->id) {
        report_add(a, "organization", CAUSE_NONE, "%s (%s)%s", who->name, who->id,
                   owner.stored_id ? ", as in the database" : "");
    } else {
        report_add(a, "organization", CAUSE_TOKEN_UNSAID, "%s",
                   *unsaid ? unsaid : "its answers name none");
    }
}

/* The first request with the token, which tells whose it is. */
static void check_token(struct checking *a)
{
    const struct config *config = a->config;
    struct client_identity who = {.owner = true, .brief = true};
    int64_t lifetime_seconds = client_token(a->client)->lifetime_seconds;
    struct err e;
    bool answered = client_identify(a->client, a->arena, &who, &e);

    a->token = who.token;
    if (a->token) {
        check_client(a);
    }
    if (!answered || e.http_status == 404) {
        if (e.http_status == 401) {
            e.cause = (int)diagnose_refusal(e.message, config->login_url, config->api_url);
        }
        if (e.cause == CAUSE_TOKEN_OTHER_REGION) {
            err_append(&e, " (login_url %s, api_url %s)", config->login_url, config->api_url);
        }
        refuse(a, "token", &e, CAUSE_TOKEN_RATE, CAUSE_TOKEN_SERVER, CAUSE_TOKEN_NO_API);
        return;
    }
    check_owner(a, &who, &e);
    if (lifetime_seconds <= SHORT_LIFETIME_SECONDS) {
        report_add(a, "lifetime", CAUSE_TOKEN_SHORT, "%lld seconds", (long long)lifetime_seconds);
    }
    a->token_good = !a->step_failed;
}

/* --- permissions ----------------------------------------------------------------------------- */

/* One request of a pass, for one row; `id` is of an entity to ask for, where the pass asks by ids.
 * One that goes by an availability date is asked for that, which is its cheapest request. True when
 * it is granted: *page has what came, whose rows are there until the next request. */
static bool try_pass(struct checking *a, const struct stream *s, const struct pass *pass,
                     const char *id, struct pager_page *page, struct err *e)
{
    struct arena *arena = a->arena;
    int64_t today_ms = clock_utc_day_start(clock_now_ms());
    char start[CLOCK_ISO_BYTES];
    char end[CLOCK_ISO_BYTES];
    struct pager_spec spec = {
        .steps = pass->available ? pass->available : pass->steps,
        .label = pass->plan.name,
        .start = clock_format(today_ms - MS_PER_DAY, start),
        .end = clock_format(today_ms, end),
        .zone = a->config->timezone,
        .scope = id,
        .scopes = &id,
        .scope_count = id ? 1 : 0,
        .list = stream_list(s, a->config),
        .ids = &id,
        .id_count = id ? 1 : 0,
        /* A list by cursors has no total: its page is counted. */
        .at = {.page_size = step_of_rows(pass->steps)->follow == FOLLOW_CURSOR ? 0 : 1},
    };
    struct pager *pager = pager_new(arena, &spec);
    struct pager_request request;

    if (!pager_next(pager, arena, &request)) {
        return err_set(e, ERR_CONTRACT, "%s: there is nobody to ask for", pass->steps->path);
    }
    bool answered = ask(a, request.request.path, request.request.body, pass->steps->path);
    *e = a->answer.error;
    if (!answered || pass->available) {
        *page = (struct pager_page){.row_count = 1, .total_hits = -1};
        /* Who may not ask hears so before that nobody has that id. */
        return answered || (pass->steps->single && e->http_status == 404 && a->answer.code[0]);
    }
    enum pager_taken taken = pager_answer(pager, 0, a->answer.document, page, e);
    return taken == PAGER_TAKEN || taken == PAGER_OVERFLOW;
}

static void refuse_stream(struct checking *a, const struct stream *s, const struct pass *pass,
                          struct err *e)
{
    if (e->http_status == 403 && pass->permissions) {
        size_t count;
        char **any = str_split_list(a->arena, pass->permissions, &count);

        err_prefix(e, "%s (wants %s)", pass->plan.name,
                   str_join(a->arena, (const char *const *)any, count, " or "));
    }
    if (e->http_status == 403) {
        e->cause = CAUSE_PERMISSION_MISSING;
    } else if (e->http_status == 401) {
        e->cause = CAUSE_TOKEN_REFUSED;
    }
    refuse(a, s->name, e, CAUSE_PERMISSION_RATE, CAUSE_PERMISSION_SERVER, CAUSE_PERMISSION_ANSWER);
}

/* A stream that is granted, with the rows that its answers say there are. */
static void accept_stream(struct checking *a, const struct stream *s, const struct pager_page *page)
{
    /* A list without a total is all in its one answer. */
    bool is_all = page->total_hits < 0 && stream_is_list(s) && !s->scope;
    int64_t count = is_all ? (int64_t)page->row_count : page->total_hits;
    size_t length;

    if (count > 0) {
        const char *all = is_all ? json_write(a->arena, page->rows, &length) : "";
        (void)db_texts(
            db_ask(a->db, &a->unread, sql_check_counts, S(a->counts), S(s->name), I(count), S(all)),
            a->arena, &a->counts, 1);
        a->day_rows += stream_has_days(s) ? count : 0;
    }
    tell(a, sql_check_answer, S(s->name), S(s->title), I(stream_has_days(s)), I(count),
         I(page->row_count == 0 && s->load == LOAD_ENTITY));
}

/* The id of some row of a stream, for what is asked for by them; NULL with why: there is none. That
 * it may not be listed shows elsewhere. */
static const char *some_id(struct checking *a, const struct stream *s, struct err *e)
{
    struct pager_page page = {.total_hits = -1};
    const char *id = NULL;

    if (try_pass(a, s, &s->passes[0], NULL, &page, e)) {
        (void)db_texts(
            db_ask(a->db, &a->unread, sql_check_some_id, S(json_write(a->arena, page.rows, NULL))),
            a->arena, &id, 1);
    }
    return id;
}

/* Tries the passes that a run would take in turn: all of them, or, where they stand in for one
 * another, those before the first that is granted. */
static void check_stream(struct checking *a, const struct stream *s)
{
    bool any = s->pass_count > 1 && s->passes[1].plan.instead;
    const struct stream *whose = stream_asked_by(s);
    const struct pass *granted = NULL;
    const struct pass *refused = NULL; /* the one whose refusal is told */
    struct pager_page page = {.total_hits = -1};
    struct err refusal;
    struct err e = {.kind = ERR_NONE};

    const char *id = s->passes->steps->single ? NOBODY : whose ? some_id(a, whose, &e) : NULL;
    if (whose && a->api_silent) {
        refuse_stream(a, s, &whose->passes[0], &e);
        return;
    }
    if ((s->scope || s->passes[0].ids) && !id) {
        report_skip(a, s->name, "there is nobody to ask for");
        return;
    }
    for (size_t p = 0; p < s->pass_count && !a->api_silent && (any ? !granted : !refused); p++) {
        const struct pass *pass = &s->passes[p];

        /* Those by id ask what the others ask. */
        if (pass->plan.whole ||
            (stream_in_force(s, config_word(a->config, s->setting)) & 1U << p) == 0) {
            continue;
        }
        if (try_pass(a, s, pass, id, &page, &e)) {
            granted = pass;
        } else if (!refused || (e.http_status == 403 && refusal.http_status != 403)) {
            /* A missing permission says more than a path that is not there. */
            refused = pass;
            refusal = e;
        }
    }
    if (any && granted) {
        report_add(a, s->name, CAUSE_NONE, "answered, by %s", granted->plan.name);
    } else if (refused) {
        refuse_stream(a, s, refused, &refusal);
    } else if (!any) {
        accept_stream(a, s, &page);
    }
}

/* Whether the client's roles cover the divisions there are. */
static void check_divisions(struct checking *a)
{
    if (!a->grants) {
        return;
    }
    const char *divisions = text_of(a, "/api/v2/authorization/divisions?pageSize=100&pageNumber=1",
                                    "authorization/divisions");
    tell(a, sql_check_divisions, S(a->grants), S(divisions), S(said(a)));
}

/* Days that the file's runs have read by fewer grants than the client has. */
static void check_grants(struct checking *a)
{
    const struct needs *run = &a->request->run;
    const struct stream **past = arena_array(a->arena, run->stream_count + 1, sizeof(*past));
    const char *today = NULL;
    size_t count = 0;

    for (size_t i = 0; i < run->stream_count; i++) {
        past[count] = run->streams[i];
        count += stream_has_days(run->streams[i]) ? 1 : 0;
    }
    if (!file_may(a->config->database_path, F_OK)) {
        return;
    }
    const char *subject = text_of(a, "/api/v2/authorization/subjects/me", "authorization/subjects");
    (void)db_texts(db_ask(a->db, &a->unread, sql_grants_read, S(subject), S(a->token)), a->arena,
                   &today, 1);
    DB_SCOPED struct db *d = today ? db_open(a->config->database_path, DB_READ, &a->unread) : NULL;
    if (d && db_do(d, &a->unread, sql_status_fewer, S(today), T(clock_now_ms()),
                   S(stream_names(past, count, a->arena)))) {
        report_rows(a, db_ask(d, &a->unread, sql_check_grants, NONE));
    }
}

static void check_permissions(struct checking *a)
{
    for (size_t i = 0; i < a->request->run.stream_count; i++) {
        if (a->kind == ERR_STOPPED) {
            return;
        }
        check_stream(a, a->request->run.streams[i]);
        if (a->api_silent) {
            report_skip(a, "what follows", "the API did not answer in time");
            return;
        }
    }
    check_divisions(a);
    check_grants(a);
}

/* --- limits ---------------------------------------------------------------------------------- */

/* Requests of a night, from what the answers said of sizes. *day: those of a day that more. */
static int64_t night_requests(const struct checking *a, int64_t *day)
{
    struct arena *arena = a->arena;
    const char *words;
    int64_t sum = BESIDE;

    *day = 0;
    for (size_t i = 0; i < a->request->run.stream_count; i++) {
        const struct stream *s = a->request->run.streams[i];
        struct cost_facts night = {a->config->lookback_days, (int)a->config->later_look_count,
                                   a->counts};
        struct cost_facts without = {.counts = a->counts};
        struct cost_facts with_one = {.lookback_days = 1, .counts = a->counts};
        unsigned in_force = stream_in_force(s, config_word(a->config, s->setting));

        sum += cost_night(s, in_force, &night, arena, &words);
        *day += cost_night(s, in_force, &with_one, arena, &words) -
                cost_night(s, in_force, &without, arena, &words);
    }
    return sum;
}

/* The lists that need more requests, which are made in one run, than that may send, as the answers
 * or earlier readings say; "": none. */
static const char *lists_too_large(struct checking *a, struct db *d)
{
    const struct config *c = a->config;
    const struct cost_facts facts = {.counts = a->counts};
    int64_t most = c->max_requests > 0 ? c->max_requests : INT64_MAX;
    const char *found = "";
    const char *words;

    most = c->max_requests_month > 0 && c->max_requests_month < most ? c->max_requests_month : most;
    for (size_t i = 0; i < a->request->run.stream_count; i++) {
        const struct stream *s = a->request->run.streams[i];
        int64_t needs = s->scope ? 0 : cost_night(s, ~0U, &facts, a->arena, &words);

        if (d) {
            int64_t pages;
            (void)db_number(db_ask(d, &a->unread, sql_check_pages, S(s->name)), &pages);
            needs = pages > needs ? pages : needs;
        }
        if (stream_is_list(s) && needs + BESIDE > most) {
            found = arena_printf(a->arena, "%s%s%s (about %lld)", found, *found ? ", " : "",
                                 s->name, (long long)needs + BESIDE);
        }
    }
    return found;
}

static void check_limits(struct checking *a)
{
    const struct config *c = a->config;
    const char *limits =
        text_of(a, "/api/v2/organizations/limits/namespaces/platform.api", "organizations/limits");
    DB_SCOPED struct db *d = db_open(c->database_path, DB_READ, &a->unread);
    const char *rows = "";
    int64_t day;

    if (d) {
        (void)db_texts(
            db_ask(d, &a->unread, sql_check_rows, T(clock_now_ms() - ROWS_OF_DAYS * MS_PER_DAY)),
            a->arena, &rows, 1);
        a->counts = arena_printf(a->arena, "%s%s", a->counts, rows);
    }
    int64_t requests = night_requests(a, &day);

    tell(a, sql_check_limits, S(limits), S(said(a)), I(c->requests_per_minute), I(requests), I(day),
         I(c->start_day == INT32_MIN ? 0 : days_since_start(c) + 1));
    if (c->max_requests > 0 || c->max_requests_month > 0) {
        tell(a, sql_check_budget, I(c->max_requests), I(c->max_requests_month), I(requests),
             S(lists_too_large(a, d)));
    }
}

/* --- this machine: the database and its disk, locks, the time zone --------------------------- */

static void check_database(struct checking *a)
{
    const char *path = a->config->database_path;
    const char *directory = file_directory(a->arena, path);
    struct stat st;
    struct err e;

    if (!db_check(path, &e)) {
        report_error(a, "database", &e, CAUSE_LOCAL_DATABASE);
        return;
    }
    bool exists = stat(path, &st) == 0 && st.st_size > 0;
    if (!file_may(directory, W_OK)) {
        report_add(a, "database", CAUSE_LOCAL_RIGHTS, "%s: %s", directory, strerror(errno));
    } else if (exists) { /* its writer's right was asked for apart */
        DB_SCOPED struct db *d = db_open(path, DB_READ, &e);

        if (d) {
            report_add(a, "database", CAUSE_NONE, "%s, schema %d", path, db_schema_version());
        } else {
            report_error(a, "database", &e, CAUSE_LOCAL_DATABASE);
        }
    } else {
        report_add(a, "database", CAUSE_NONE, "%s is not there yet; the first extract makes it",
                   path);
    }
}

/* Opening a lock file makes it, so it is looked for first. */
static void check_locks(struct checking *a)
{
    const char *path = a->config->database_path;
    char holder[LOCK_HOLDER_BYTES];
    struct err e;
    bool held = false;

    if (!file_may(file_beside(a->arena, path, ".lock"), F_OK)) {
        return;
    }
    struct lock_file *locks = lock_open(path, &e);
    if (!locks) {
        report_add(a, "lock", CAUSE_LOCAL_RIGHTS, "%s", e.message);
        return;
    }
    for (size_t i = 0; i < a->request->run.stream_count && !held; i++) {
        const struct stream *s = a->request->run.streams[i];
        held = lock_holder(locks, s->lock_slot, holder);
        if (held) {
            report_add(a, "lock", CAUSE_LOCAL_LOCKED, "%s: %s", s->name, holder);
        }
    }
    lock_close(locks);
    if (!held) {
        report_add(a, "lock", CAUSE_NONE, "no run is under way");
    }
}

/* How far back the organization keeps data. */
static void check_retention(struct checking *a)
{
    const struct config *c = a->config;
    char day[CLOCK_DAY_BYTES];

    if (!a->token_good || a->api_silent || c->start_day == INT32_MIN) {
        return;
    }
    const char *settings =
        text_of(a, "/api/v2/analytics/dataretention/settings", "dataretention/settings");
    tell(a, sql_check_retention, S(settings), S(said(a)), S(clock_format_day(c->start_day, day)),
         I(days_since_start(c)));
}

static void check_local(struct checking *a)
{
    const char *path = a->config->database_path;
    struct stat st;

    check_database(a);
    if (!a->step_failed) {
        tell(a, sql_check_space, I(file_free_bytes(path)),
             I(stat(path, &st) == 0 ? (int64_t)st.st_size : 0), I(a->day_rows),
             I(days_since_start(a->config)));
        check_locks(a);
    }
    tell(a, sql_check_zone, S(a->config->timezone), I(clock_zone_offset_seconds(clock_now_ms())));
    check_retention(a);
}

/* --- the steps in their order ---------------------------------------------------------------- */

/* Why a step makes no sense after what was seen; NULL: it does. */
static const char *why_not(const struct checking *a, enum cause_step step)
{
    bool is_read = !a->request->setup_error;
    bool has_token = a->client && client_token(a->client)->value;
    const struct {
        enum cause_step step;
        bool is_so;
        const char *why;
    } obstacles[] = {OBSTACLES};

    for (size_t i = 0; i < COUNT_OF(obstacles); i++) {
        if (obstacles[i].step == step && obstacles[i].is_so) {
            return obstacles[i].why;
        }
    }
    return NULL;
}

bool check_show(const struct check_request *request, bool as_json, enum err_kind *kind,
                struct err *e)
{
    static void (*const steps[STEP_COUNT])(struct checking *) = {CHECK_STEPS};
    DB_SCOPED struct db *db = db_open_memory(false, e);
    struct checking a = {.request = request,
                         .config = request->run.config,
                         .arena = request->run.arena,
                         .db = db,
                         .counts = ""};

    if (!db || !db_do(db, e, sql_check_result, NONE)) {
        return false;
    }
    for (; a.step < STEP_COUNT; a.step++) {
        const char *obstacle = why_not(&a, a.step);

        a.step_failed = false;
        if (obstacle) {
            report_skip(&a, NULL, obstacle);
        } else {
            steps[a.step](&a);
        }
    }
    client_answer_free(&a.answer);
    client_free(a.client);
    *kind = a.kind;
    const struct err_facts *end = &err_facts[a.kind];
    struct rows results = db_ask(db, e, as_json ? sql_check_document : sql_check_lines,
                                 I(end->exit_code), S(end->name));
    return as_json ? render_document(results, stdout)
                   : render_query(results, &(struct rendering){RENDER_WORDS, .out = stdout});
}
