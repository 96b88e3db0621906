#include "test.h"

#include <signal.h>

#include "api/client.h"
#include "base/clock.h"
#include "base/stop.h"
#include "limit.h"
#include "pack.h"
#include "server.h"

static const char secret_text[] = "s3cr3t-marker";

/* The API behind the server; each test sets what it needs. */
static struct {
    server_handler *api; /* answers what is no login; NULL: {"ok":true} */
    int login_status;
    const char *login_body;    /* NULL: a token */
    server_handler *login;     /* answers logins in place of what is above */
    struct served login_asked; /* the last of them */
    int logins;
    int calls;
    int fails; /* for handlers: how often to fail */
    int fail_status;
    const char *fail_headers;
    int token_budget; /* calls a token is good for; 0: any number */
    int token_calls;
    int delay_ms;
    int good_delay_ms; /* of answers to good tokens alone */
} world;

static void log_in(const struct served *request, struct reply *reply)
{
    char body[128];

    world.login_asked = *request;
    world.logins++;
    world.token_calls = 0;
    if (world.login) {
        world.login(request, reply, NULL);
        return;
    }
    if (world.login_status != 0) {
        reply_json(reply, world.login_status, world.login_body ? world.login_body : "{}");
        return;
    }
    snprintf(body, sizeof(body),
             "{\"access_token\":\"tok-%d-marker\",\"token_type\":\"bearer\",\"expires_in\":86399}",
             world.logins);
    reply_json(reply, 200, world.login_body ? world.login_body : body);
}

static bool token_is_good(const struct served *request)
{
    char wanted[64];

    snprintf(wanted, sizeof(wanted), "\r\nAuthorization: Bearer tok-%d-marker\r\n", world.logins);
    return strstr(request->text, wanted) &&
           (world.token_budget == 0 || world.token_calls++ < world.token_budget);
}

SERVER_HANDLER(handle)
{
    if (strcmp(request->path, "/oauth/token") == 0) {
        log_in(request, reply);
        return;
    }
    world.calls++;
    reply->delay_ms = world.delay_ms;
    if (!token_is_good(request)) {
        reply_json(reply, 401, "{\"code\":\"bad.credentials\",\"message\":\"Invalid login\"}");
        return;
    }
    reply->delay_ms += world.good_delay_ms;
    if (world.api) {
        world.api(request, reply, user);
    } else {
        reply_json(reply, 200, "{\"ok\":true}");
    }
}

static struct server *server;
static struct config config;
static struct client *client;
static char url[64];

static void make_client(int in_flight, int per_minute)
{
    struct err e;

    client_free(client);
    config.in_flight = in_flight;
    config.requests_per_minute = per_minute;
    client = client_new(&config, NULL, 0, &e);
    assert_non_null(client);
}

static int setup(__attribute__((unused)) void **state)
{
    memset(&world, 0, sizeof(world));
    limit("RETRY_BASE_MS", "10");
    limit("RETRY_CAP_MS", "20");
    server = server_start(handle, NULL);
    server_url(server, "", url, sizeof(url));
    config = (struct config){
        .login_url = url,
        .api_url = url,
        .client_id = "id",
        .client_secret = secret_new(secret_text, sizeof(secret_text) - 1),
    };
    make_client(4, 1000000);
    return 0;
}

static int teardown(__attribute__((unused)) void **state)
{
    client_free(client);
    client = NULL;
    server_stop(server);
    secret_free(config.client_secret);
    limit("RETRY_TOTAL_MS", NULL);
    limit("RETRY_AFTER_MS", NULL);
    return 0;
}

static void send_get(const char *path, void *user)
{
    client_send(client, &(struct client_request){
                            .path = path, .label = path, .want_document = true, .user = user});
}

static struct client_answer next(void)
{
    struct client_answer a;

    assert_true(client_next(client, 20000, &a));
    return a;
}

static struct client_answer get(const char *path)
{
    send_get(path, NULL);
    return next();
}

static void expect_good(struct client_answer a)
{
    fail_if(a.error.kind != ERR_NONE, "%s", a.error.message);
    assert_int_equal(a.http.status, 200);
    assert_non_null(a.document);
    client_answer_free(&a);
}

/* Sends requests together; all end well. */
static void all_good(int count)
{
    for (int i = 0; i < count; i++) {
        send_get("/api/v2/x", NULL);
    }
    for (int i = 0; i < count; i++) {
        expect_good(next());
    }
}

static void expect_error(struct client_answer a, enum err_kind kind, const char *says)
{
    print_message("%s\n", a.error.message);
    assert_int_equal(a.error.kind, kind);
    assert_non_null(strstr(a.error.message, says));
    assert_null(strstr(a.error.message, "marker"));
    assert_null(a.document);

    client_answer_free(&a);
}

TEST_IN(setup, teardown, one_login_serves_all_requests)
{
    world.delay_ms = 50;
    all_good(10);
    assert_int_equal(client_pending(client), 0);
    assert_int_equal(world.logins, 1);
    assert_int_equal(world.calls, 10);
    assert_in_range(server->most_at_once, 2, 4);
}

/* Beside those of the table of tests/e2e/test_check.py. */
TEST_IN(setup, teardown, logins_end_as_their_answer_says)
{
    static const struct {
        int status;
        const char *body;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {400, "{\"error\":\"invalid_client\",\"error_description\":\"client not found\"}", ERR_AUTH,
         "region"},
        {400, "{\"error\":\"x\",\"error_description\":\"authentication failed\"}", ERR_AUTH,
         "rotated"},
        {401, "<html>Log in</html>", ERR_AUTH, "begins: <html>"},
        {302, "", ERR_AUTH, "elsewhere"},
        {200, "{}", ERR_AUTH, "no token"},
        {200, "{\"access_token\":\"\"}", ERR_AUTH, "no token"},
        {200, "{\"access_token\":\"a\\r\\nX: y\"}", ERR_AUTH, "no token"},
        {200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}", ERR_AUTH, "no token"},
        {200, "{\"access_token\":\"abc", ERR_AUTH, "page"},
        {200, "", ERR_AUTH, "page"},
        {429, "{}", ERR_RATE, "127.0.0.1"},
        {500, "<html>", ERR_TEMPORARY, "127.0.0.1"},
        {501, "", ERR_TEMPORARY, "501"},
    };

    limit("RETRY_TOTAL_MS", "100");
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool refused = cases[i].kind == ERR_AUTH;

        world.login_status = cases[i].status;
        world.login_body = cases[i].body;
        world.logins = 0;
        make_client(4, 1000000);
        send_get("/api/v2/a", NULL);
        send_get("/api/v2/b", NULL);
        for (int n = 0; n < 2; n++) {
            struct client_answer a = next();

            assert_null(client_token(client)->value);
            assert_int_equal(a.error.http_status, cases[i].status);
            assert_true(!refused || strstr(a.error.message, "SAML"));
            assert_null(strstr(a.error.message, "abc"));
            expect_error(a, cases[i].kind, cases[i].says);
        }
        assert_int_equal(world.calls, 0);
        int logins = world.logins;
        assert_int_equal(logins > 1, !refused && cases[i].status != 501);
        expect_error(get("/api/v2/c"), cases[i].kind, cases[i].says);
        /* a refusal is final; trouble may be over by the next request */
        assert_int_equal(world.logins > logins, !refused);
    }
}

/* Answers overtake each other: a 401 may come before the answer that proves the same token good. */
TEST_IN(setup, teardown, a_refusal_before_the_first_success_is_not_the_end)
{
    world.token_budget = 1;
    world.good_delay_ms = 100;
    all_good(8);
    assert_int_equal(world.logins, 8);
}

TEST_IN(setup, teardown, a_fresh_token_refused_ends_all)
{
    world.token_budget = -1; /* no call is good */
    for (int i = 0; i < 6; i++) {
        send_get("/api/v2/x", NULL);
    }
    for (int i = 0; i < 6; i++) {
        expect_error(next(), ERR_AUTH, "refused a fresh token");
    }
    int calls = world.calls;
    assert_in_range(calls, 1, 4);
    assert_int_equal(world.logins, 1);
    expect_error(get("/api/v2/x"), ERR_AUTH, "bad.credentials");
    assert_int_equal(world.calls, calls);
}

SERVER_HANDLER(fail_first)
{
    if (world.fails-- > 0) {
        char headers[256];
        snprintf(headers, sizeof(headers), "Content-Type: application/json\r\n%s",
                 world.fail_headers ? world.fail_headers : "");
        reply_with(reply, world.fail_status, headers, "{\"code\":\"x\"}", 12);
    } else {
        reply_json(reply, 200, "{}");
    }
}

/* The next requests fail so often. */
static void make_fail(int times, int status, const char *headers)
{
    world.api = fail_first;
    world.calls = 0;
    world.fails = times;
    world.fail_status = status;
    world.fail_headers = headers;
}

TEST_IN(setup, teardown, trouble_is_repeated)
{
    static const int statuses[] = {408, 429, 500, 502, 503, 504};
    size_t count;

    for (size_t i = 0; i < 6; i++) {
        make_fail(3, statuses[i], NULL);
        make_client(4, 1000000);
        expect_good(get("/api/v2/x/0a1b2c3d-0000-4000-8000-0123456789ab?q=1"));
        const struct route_count *c = client_counts(client, &count);
        assert_int_equal(count, 2);
        assert_string_equal(c[0].route, "/oauth/token");
        assert_int_equal(c[0].requests, 1);
        assert_string_equal(c[1].method, "GET");
        assert_string_equal(c[1].route, "/api/v2/x/{id}");
        assert_int_equal(c[1].requests, 4);
        assert_int_equal(c[1].retries, 3);
        assert_int_equal(c[1].status_429, statuses[i] == 429 ? 3 : 0);
        assert_int_equal(c[1].status_5xx, statuses[i] >= 500 ? 3 : 0);
        assert_int_equal(c[1].bytes, 3 * 12 + 2);
    }
}

TEST_IN(setup, teardown, a_deleted_job_may_be_gone)
{
    struct client_answer a;

    make_fail(1, 404, NULL);
    assert_true(client_call(
        client, &(struct client_request){.method = HTTP_DELETE, .path = "/api/v2/jobs/j1"}, &a));
    assert_int_equal(a.http.status, 404);
    client_answer_free(&a);
}

TEST_IN(setup, teardown, a_retry_after_that_is_too_long_ends_the_request)
{
    make_fail(1, 429, "Retry-After: 3600\r\n");
    expect_error(get("/api/v2/x"), ERR_RATE, "Retry-After: 3600");
    assert_int_equal(world.calls, 1);
    /* and does not hold the others */
    expect_good(get("/api/v2/x"));
}

TEST_IN(setup, teardown, retries_have_a_total)
{
    limit("RETRY_TOTAL_MS", "150");
    make_fail(1000000, 503, NULL);
    int64_t begin = clock_monotonic_ms();
    expect_error(get("/api/v2/x"), ERR_TEMPORARY, "503");
    assert_in_range(clock_monotonic_ms() - begin, 100, 30000);
    assert_true(world.calls > 3);
}

/* What somebody waits for: one more try after trouble of the server's, anything else is final. */
TEST_IN(setup, teardown, brief_requests_are_tried_twice_at_most)
{
    static const struct {
        int status;
        enum err_kind kind;
        int calls;
    } cases[] = {{500, ERR_TEMPORARY, 2},
                 {408, ERR_TEMPORARY, 2},
                 {429, ERR_RATE, 1},
                 {403, ERR_PERMISSION, 1},
                 {401, ERR_AUTH, 1}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct client_answer a;

        make_fail(2, cases[i].status, NULL);
        assert_false(
            client_call(client, &(struct client_request){.path = "/api/v2/x", .brief = true}, &a));
        assert_int_equal(world.calls, cases[i].calls);
        assert_int_equal(a.http.status, cases[i].status);
        assert_int_equal(a.http.body.length, 12);
        assert_string_equal(a.code, "x");
        expect_error(a, cases[i].kind, "/api/v2/x");
    }
    world.fails = 0;
    expect_good(get("/api/v2/x"));
    assert_int_equal(world.logins, 1);
}

TEST_IN(setup, teardown, another_url_is_asked_without_the_token)
{
    char other[80];
    struct client_answer a;

    server_url(server, "/elsewhere", other, sizeof(other));
    assert_false(client_call(
        client, &(struct client_request){.target = CLIENT_URL, .path = other, .brief = true}, &a));
    assert_int_equal(a.http.status, 401); /* the server misses the token */
    assert_string_equal(a.http.address, "127.0.0.1");
    assert_int_equal(world.logins, 0);
    client_answer_free(&a);
}

TEST_IN(setup, teardown, a_login_may_be_asked_for)
{
    struct client_request login = {.target = CLIENT_LOGIN, .path = url, .brief = true};
    char other[80];
    struct client_answer a;

    snprintf(other, sizeof(other), "http://localhost:%d", server->port);
    login.path = other;
    assert_true(client_call(client, &login, &a));
    assert_int_equal(client_token(client)->generation, 0); /* another host's token is not kept */
    login.path = url;
    assert_true(client_call(client, &login, &a));
    assert_int_equal(a.http.body.length, 0);
    assert_non_null(client_token(client)->value);
    expect_good(get("/api/v2/x"));
    assert_int_equal(world.logins, 2);

    world.login_status = 401;
    world.login_body = "{\"error\":\"invalid_client\"}";
    assert_false(client_call(client, &login, &a));
    assert_int_equal(a.http.status, 401);
    expect_error(a, ERR_AUTH, "invalid_client");
    world.login_status = 503;
    world.logins = 0;
    assert_false(client_call(client, &login, &a));
    assert_int_equal(world.logins, 2);
}

SERVER_HANDLER(always_cut)
{
    static const char bytes[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
                                "{\"conversations\":[";

    reply_bytes(reply, bytes, sizeof(bytes) - 1);
    reply->close = true;
}

TEST_IN(setup, teardown, a_body_always_cut_is_temporary)
{
    limit("RETRY_TOTAL_MS", "100");
    world.api = always_cut;
    expect_error(get("/api/v2/x"), ERR_TEMPORARY, "cut");
    assert_true(world.calls > 1);
}

static struct client_answer log_in_at_once(void)
{
    struct client_answer a;

    client_call(client,
                &(struct client_request){.target = CLIENT_LOGIN, .path = url, .brief = true}, &a);
    return a;
}

TEST_IN(setup, teardown, the_login_holds_the_grant_and_no_scope)
{
    struct client_answer a = log_in_at_once();

    client_answer_free(&a);
    assert_ptr_equal(strstr(world.login_asked.text, "POST /oauth/token HTTP/1.1\r\n"),
                     world.login_asked.text);
    assert_non_null(
        strstr(world.login_asked.text, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(
        strstr(world.login_asked.text, "\r\nAuthorization: Basic aWQ6czNjcjN0LW1hcmtlcg==\r\n"));
    assert_null(strstr(world.login_asked.text, "Bearer"));
    assert_string_equal(strstr(world.login_asked.text, "\r\n\r\n"),
                        "\r\n\r\ngrant_type=client_credentials");
}

TEST_IN(setup, teardown, tokens_have_a_lifetime)
{
    static const struct {
        const char *body;
        int64_t lifetime;
        int64_t renew_after_ms;
    } cases[] = {
        {"{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":86399}", 86399,
         INT64_C(86099000)},
        {"{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":300}", 300, 270000},
        {"{\"access_token\":\"t\"}", 300, 270000},
        {"{\"access_token\":\"t\",\"expires_in\":-1}", 300, 270000},
        {"{\"access_token\":\"t\",\"expires_in\":99999999999}", 172800, INT64_C(172500000)},
        {"{\"access_token\":\"t\",\"expires_in\":\"soon\"}", 300, 270000},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t before_ms = clock_monotonic_ms();

        world.login_body = cases[i].body;
        struct client_answer a = log_in_at_once();
        assert_int_equal(a.error.kind, ERR_NONE);
        client_answer_free(&a);
        const struct token *t = client_token(client);
        assert_int_equal(strlen(secret_expose(t->value)), 1);
        assert_int_equal(t->lifetime_seconds, cases[i].lifetime);
        assert_in_range(t->renew_at_ms, before_ms + cases[i].renew_after_ms,
                        clock_monotonic_ms() + cases[i].renew_after_ms);
        assert_int_equal(t->generation, i + 1);
        assert_false(t->proven);
    }
}

TEST_IN(setup, teardown, a_token_is_renewed_before_it_expires)
{
    world.login_body = "{\"access_token\":\"tok-1-marker\",\"expires_in\":1}";
    expect_good(get("/api/v2/x"));
    assert_true(client_token(client)->proven);
    int64_t left_ms = client_token(client)->renew_at_ms - clock_monotonic_ms();
    assert_in_range(left_ms, 0, 1000);
    expect_good(get("/api/v2/x"));
    assert_int_equal(world.logins, 1);
    world.login_body = NULL;
    clock_sleep_ms(left_ms + 1);
    expect_good(get("/api/v2/x"));
    assert_int_equal(world.logins, 2);
    assert_int_equal(world.calls, 3);
}

SERVER_HANDLER(hang_up)
{
    reply_bytes(reply, "", 0);
    reply->close = true;
}

TEST_IN(setup, teardown, a_login_cut_on_the_way_is_temporary)
{
    world.login = always_cut;
    expect_error(log_in_at_once(), ERR_TEMPORARY, "the connection was cut within the body");
    world.login = hang_up;
    expect_error(log_in_at_once(), ERR_TEMPORARY, "login: the connection was cut: ");
}

static struct {
    const char *headers;
    const char *body;
    size_t length; /* of the body; 0: it is a string */
} whole;

SERVER_HANDLER(answer_whole)
{
    reply_with(reply, 200, whole.headers, whole.body,
               whole.length > 0 ? whole.length : strlen(whole.body));
}

/* What breaks the contract is final, an error in a good answer's place may pass. */
TEST_IN(setup, teardown, whole_bodies_are_documents_or_trouble)
{
    static const struct {
        const char *headers;
        const char *body;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {"Content-Type: text/html\r\n", "<html>\x1b[31m Log in", ERR_CONTRACT,
         "<html>\\x1B[31m Log in"},
        {"", "", ERR_CONTRACT, "empty"},
        {"", "{\"conversations\":[", ERR_CONTRACT, "/api/v2/x"},
        {"", "{\"a\":1} trailing", ERR_CONTRACT, "/api/v2/x"},
        {"Content-Encoding: gzip\r\n", "not gzip at all, but long enough to be", ERR_CONTRACT,
         "/api/v2/x"},
        {"", "{\"status\":500,\"code\":\"internal.error\",\"message\":\"Try later\"}",
         ERR_TEMPORARY, "internal.error: Try later"},
        {"", "{\"message\":\"Try later\",\"status\":404.0}", ERR_TEMPORARY,
         "/api/v2/x: HTTP 200 with an error for a body"},
        {"", "{\"status\":200,\"code\":\"fine\"}", ERR_NONE, NULL},
        {"", "{\"status\":\"500\",\"message\":\"a text\"}", ERR_NONE, NULL},
        {"", "{\"status\":503,\"entities\":[]}", ERR_NONE, NULL},
        {"", "[{\"status\":500,\"code\":\"a row's own\"}]", ERR_NONE, NULL},
    };

    world.api = answer_whole;
    limit("RETRY_TOTAL_MS", "100");
    for (size_t i = 0; i < COUNT(cases); i++) {
        world.calls = 0;
        whole.headers = cases[i].headers;
        whole.body = cases[i].body;
        print_message("%s\n", whole.body);
        struct client_answer a = get("/api/v2/x");
        if (cases[i].kind == ERR_NONE) {
            expect_good(a);
            continue;
        }
        assert_int_equal(a.error.http_status, 200);
        expect_error(a, cases[i].kind, cases[i].says);
        assert_int_equal(world.calls > 1, cases[i].kind == ERR_TEMPORARY);
    }
}

TEST_IN(setup, teardown, what_is_too_large_is_told_apart)
{
    static const char *const names[] = {"PARSED_BYTES", "BODY_BYTES", "INFLATED_BYTES"};
    char many[4096] = "[1"; /* zeros behind */

    for (size_t at = 2; at < sizeof(many) - 3; at += 2) {
        memcpy(many + at, ",1", 2);
    }
    many[strlen(many)] = ']';
    world.api = answer_whole;
    whole.headers = "";
    whole.body = many;
    size_t packed_length;
    char *packed = pack(many, strlen(many), 9, &packed_length);
    for (size_t i = 0; i < COUNT(names); i++) {
        if (i == 2) {
            whole.headers = "Content-Encoding: gzip\r\n";
            whole.body = packed;
            whole.length = packed_length;
        }
        limit(names[i], "1024");
        struct client_answer a = get("/api/v2/x");
        limit(names[i], NULL);
        assert_int_equal(a.error.cause, CAUSE_NET_TOO_LARGE);
        expect_error(a, ERR_CONTRACT, names[i]);
        expect_good(get("/api/v2/x"));
    }
    whole.length = 0;
    free(packed);
}

TEST_IN(setup, teardown, without_a_taker_nothing_is_parsed_and_nothing_lost)
{
    struct client_answer a;

    for (int i = 0; i < 12; i++) {
        send_get("/api/v2/x", NULL);
    }
    assert_false(client_next(client, 500, NULL));
    /* Nothing more is sent once as many answers wait as may be in flight; the last of them may have
     * had company on the wire. */
    assert_in_range(world.calls, 4, 7);
    assert_int_equal(client_pending(client), 12 - world.calls);
    for (int i = 0; i < 12; i++) {
        expect_good(next());
    }
    assert_false(client_next(client, 0, &a));
}

TEST_IN(setup, teardown, a_delay_is_kept)
{
    expect_good(get("/api/v2/x"));
    int64_t begin = clock_monotonic_ms();
    client_send(client, &(struct client_request){.path = "/api/v2/late",
                                                 .label = "late",
                                                 .delay_ms = 400,
                                                 .want_document = true,
                                                 .user = &world});
    send_get("/api/v2/soon", NULL);
    struct client_answer a = next();
    assert_null(a.user);
    expect_good(a);
    a = next();
    assert_ptr_equal(a.user, &world);
    expect_good(a);
    assert_true(clock_monotonic_ms() - begin >= 400);
}

static void *wake_soon(__attribute__((unused)) void *unused)
{
    server_sleep_ms(100);
    client_wake(client);
    return NULL;
}

TEST_IN(setup, teardown, waiting_ends_by_time_wake_and_abort)
{
    struct client_answer a;
    pthread_t thread;

    world.delay_ms = 20000;
    send_get("/api/v2/x", NULL);
    int64_t begin = clock_monotonic_ms();
    assert_false(client_next(client, 300, &a));
    assert_in_range(clock_monotonic_ms() - begin, 290, 15000);
    pthread_create(&thread, NULL, wake_soon, NULL);
    begin = clock_monotonic_ms();
    assert_false(client_next(client, 15000, &a));
    assert_in_range(clock_monotonic_ms() - begin, 50, 10000);
    pthread_join(thread, NULL);
    assert_int_equal(client_pending(client), 1);
    client_abort(client);
    assert_int_equal(client_pending(client), 0);
    world.delay_ms = 0;
    expect_good(get("/api/v2/x"));
}

/* The last test: the flag stays up. */
TEST_IN(setup, teardown, a_stop_is_noticed_at_once)
{
    struct client_answer a;

    world.delay_ms = 400;
    send_get("/api/v2/x", NULL);
    assert_false(client_next(client, 50, &a));
    raise(SIGTERM);
    assert_false(client_next(client, 5000, &a)); /* nor waits for the answer */
    expect_good(next());                         /* what is under way may still be taken */
    assert_false(client_call(client, &(struct client_request){.path = "/x", .label = "x"}, &a));
    assert_int_equal(a.error.kind, ERR_STOPPED);
}

static int catch_signals(__attribute__((unused)) void **state)
{
    stop_install();
    return 0;
}

TEST_GROUP(catch_signals, NULL);
