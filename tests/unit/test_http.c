#include "test.h"

#include "base/clock.h"
#include "base/stop.h"
#include "io/http.h"
#include "limit.h"
#include "server.h"

/* What the handler answers next; tests set it. */
static struct {
    const char *bytes; /* as they are; NULL: a small JSON answer */
    size_t length;
    int delay_ms;
    bool close;
    struct served last;
} script;

SERVER_HANDLER(handle)
{
    script.last = *request;
    script.last.body = script.last.text + (request->body - request->text);
    if (script.bytes) {
        reply_bytes(reply, script.bytes, script.length);
    } else {
        reply_json(reply, 200, "{\"ok\":true}");
    }
    reply->delay_ms = script.delay_ms;
    reply->close = script.close;
}

static struct server *server;
static struct http *http;
static struct buf body; /* of the last answer */

static int setup(__attribute__((unused)) void **state)
{
    struct http_options options = {.max_connections = 8};
    struct err e;

    memset(&script, 0, sizeof(script));
    server = server_start(handle, NULL);
    http = http_new(&options, &e);
    return http ? 0 : 1;
}

static int teardown(__attribute__((unused)) void **state)
{
    buf_free(&body);
    http_free(http);
    server_stop(server);
    return 0;
}

static void say(const char *bytes)
{
    script.bytes = bytes;
    script.length = strlen(bytes);
    script.close = true;
}

/* The next answer; its body is there until the one after it. */
static struct http_answer next(struct http *h)
{
    struct http_answer answer;

    assert_true(http_next(h, 10000, &answer));
    buf_free(&body);
    body = answer.body;
    return answer;
}

/* Sends a request to the server, wherever it is aimed. */
static struct http_answer ask(struct http_request request)
{
    char url[256];
    struct err e;

    if (!request.url) {
        request.url = server_url(server, "/api/v2/x?a=b", url, sizeof(url));
    }
    assert_true(http_start(http, &request, &e));
    return next(http);
}

static struct http_answer fetch(void)
{
    return ask((struct http_request){.user = NULL});
}

static bool header_sent(const char *line)
{
    return strstr(script.last.text, line) != NULL;
}

TEST_IN(setup, teardown, an_answers_headers_are_read)
{
    say("HTTP/1.1 429 Slow\r\nContent-Type: Application/JSON;charset=utf-8\r\nRetry-After: 7\r\n"
        "ININ-Correlation-Id: c-1\r\nDate: Sun, 01 Mar 2026 12:00:00 GMT\r\n"
        "inin-ratelimit-allowed: 180\r\nINin-RateLimit-Count: 17\r\ninin-ratelimit-reset: x\r\n"
        "Content-Encoding: GZIP\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08z");
    struct http_answer a = fetch();
    assert_int_equal(a.failure, HTTP_OK);
    assert_int_equal(a.status, 429);
    assert_string_equal(buf_str(&a.body), "\x1f\x8b\x08z"); /* as it came */
    assert_true(a.framed && a.gzip);
    assert_string_equal(a.content_type, "Application/JSON;charset=utf-8");
    assert_string_equal(a.retry_after, "7");
    assert_string_equal(a.correlation_id, "c-1");
    assert_int_equal(a.date_ms, INT64_C(1772366400000));
    assert_int_equal(a.ratelimit_allowed, 180);
    assert_int_equal(a.ratelimit_count, 17);
    assert_int_equal(a.ratelimit_reset_seconds, -1);
    assert_string_equal(a.location, "");
}

TEST_IN(setup, teardown, requests_send_their_method_headers_and_body)
{
    char large[20001];
    struct secret *token = secret_new("tok-1", 5);
    struct secret *secret = secret_new("p\xc3\xa4ss", 5);

    struct http_answer a = ask((struct http_request){.bearer = token, .user = large});
    assert_ptr_equal(a.user, large);
    assert_string_equal(script.last.method, "GET");
    assert_string_equal(script.last.path, "/api/v2/x?a=b");
    assert_true(header_sent("\r\nAuthorization: Bearer tok-1\r\n"));
    assert_true(header_sent("\r\nUser-Agent: rollcall/" ROLLCALL_VERSION "\r\n"));
    assert_true(header_sent("\r\nAccept-Encoding: gzip\r\n"));
    assert_true(header_sent("\r\nAccept: application/json\r\n"));
    assert_false(header_sent("Content-Type"));

    ask((struct http_request){.method = HTTP_POST,
                              .content_type = "application/x-www-form-urlencoded",
                              .body = "a=b",
                              .basic_user = "me",
                              .basic_secret = secret});
    assert_string_equal(script.last.method, "POST");
    assert_string_equal(script.last.body, "a=b");
    assert_true(header_sent("\r\nAuthorization: Basic bWU6cMOkc3M=\r\n"));
    assert_true(header_sent("\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_false(header_sent("Expect"));

    /* a body over the threshold of older libcurls for Expect: 100-continue, of JSON by default */
    memset(large, 'x', 20000);
    large[20000] = '\0';
    ask((struct http_request){.method = HTTP_POST, .body = large});
    assert_true(header_sent("\r\nContent-Type: application/json\r\n"));
    assert_false(header_sent("Expect"));
    assert_false(header_sent("Authorization"));
    assert_int_equal(strlen(script.last.body), 20000);

    ask((struct http_request){.method = HTTP_DELETE});
    assert_string_equal(script.last.method, "DELETE");
    secret_free(token);
    secret_free(secret);
}

TEST_IN(setup, teardown, every_length_of_credentials_is_encoded)
{
    static const char *const encoded[] = {"Basic dTpz\r", "Basic dTpzcw==\r", "Basic dTpzc3M=\r",
                                          "Basic dTpzc3Nz\r"};

    for (size_t i = 0; i < COUNT(encoded); i++) {
        struct secret *secret = secret_new("ssss", i + 1);

        ask((struct http_request){.basic_user = "u", .basic_secret = secret});
        assert_true(header_sent(encoded[i]));
        secret_free(secret);
    }
    assert_int_equal(server->connections, 1); /* which is used again */
}

/* Cuts an answer after every byte but the last `lenient` ones: whole only as `whole_from` says
 * (close framing: whenever the headers are through). */
static void cut_everywhere(const char *bytes, size_t whole_from, size_t lenient, bool framed)
{
    for (size_t cut = 0; cut <= strlen(bytes); cut++) {
        if (cut < strlen(bytes) && cut + lenient >= strlen(bytes)) {
            continue;
        }
        script.bytes = bytes;
        script.length = cut;
        script.close = true;
        struct http_answer a = fetch();
        if (cut < whole_from) {
            fail_if(a.failure != HTTP_RESET || a.status != 0 || a.detail[0] == '\0',
                    "cut after %zu bytes: failure %d, status %d", cut, a.failure, a.status);
        } else {
            assert_int_equal(a.failure, HTTP_OK);
            assert_int_equal(a.status, 200);
            assert_int_equal(a.framed, framed);
        }
    }
}

TEST_IN(setup, teardown, a_cut_answer_is_a_reset)
{
    static const char sized[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                "Content-Length: 11\r\n\r\n{\"ok\":true}";
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "4\r\n{\"ok\r\n7\r\n\":true}\r\n0\r\n\r\n";
    static const char closed[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}";

    cut_everywhere(sized, strlen(sized), 0, true);
    /* Whether the very last line feed may lack depends on libcurl's version. */
    cut_everywhere(chunked, strlen(chunked), 1, true);
    cut_everywhere(closed, strlen(closed) - 2, 0, false);
}

/* What was sent is no progress of the answer: one that comes long after the limit is too late. */
TEST_IN(setup, teardown, a_stalled_post_ends_at_its_limit)
{
    char large[30000];

    memset(large, 'x', sizeof(large));
    large[sizeof(large) - 1] = '\0';
    limit("STALL_MS", "1000");
    script.delay_ms = 4000;
    struct http_answer a = ask((struct http_request){.method = HTTP_POST, .body = large});
    assert_int_equal(a.failure, HTTP_TIMEOUT);
    assert_int_equal(a.cause, CAUSE_NET_TIMEOUT);
    limit("STALL_MS", NULL);
}

TEST_IN(setup, teardown, the_whole_time_is_limited_and_a_download_has_its_own)
{
    say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    script.delay_ms = 1500;
    limit("REQUEST_MS", "1000");
    assert_int_equal(fetch().failure, HTTP_TIMEOUT);
    assert_int_equal(ask((struct http_request){.download = true}).failure, HTTP_OK);
    limit("REQUEST_MS", NULL);
    limit("DOWNLOAD_MS", "1000");
    assert_int_equal(fetch().failure, HTTP_OK);
    assert_int_equal(ask((struct http_request){.download = true}).failure, HTTP_TIMEOUT);
    limit("DOWNLOAD_MS", NULL);
}

TEST_IN(setup, teardown, a_body_over_the_limit_is_refused)
{
    static char bytes[6000];
    int head;

    limit("BODY_BYTES", "2048");
    for (int framed = 0; framed < 2; framed++) {
        memset(bytes, 'x', sizeof(bytes) - 1);
        head = snprintf(bytes, sizeof(bytes), "HTTP/1.1 200 OK\r\n%s\r\n",
                        framed ? "Content-Length: 4000\r\n" : "");
        bytes[head] = 'x';
        script.bytes = bytes;
        script.length = (size_t)head + 4000;
        script.close = true;
        struct http_answer a = fetch();
        assert_int_equal(a.failure, HTTP_TOO_LARGE);
        assert_int_equal(a.cause, CAUSE_NET_TOO_LARGE);
        assert_int_equal(a.body.length, 0);
        assert_non_null(strstr(a.detail, "2048"));
        /* A download has limits of its own. */
        assert_int_equal(ask((struct http_request){.download = true}).failure, HTTP_OK);
        limit("DOWNLOAD_BYTES", "2048");
        a = ask((struct http_request){.download = true});
        assert_int_equal(a.failure, HTTP_TOO_LARGE);
        assert_non_null(strstr(a.detail, "limit DOWNLOAD_BYTES"));
        limit("DOWNLOAD_BYTES", NULL);
    }
    limit("BODY_BYTES", NULL);
}

TEST_IN(setup, teardown, urls)
{
    static const struct {
        const char *url;
        bool allowed;
    } cases[] = {
        {"https://api.mypurecloud.com", true},
        {"HTTPS://API.mypurecloud.com", true},
        {"http://127.0.0.1:8080", true},
        {"http://127.1/", true}, /* libcurl reads it as 127.0.0.1 */
        {"http://localhost/x", true},
        {"http://[::1]:80", true},
        {"http://api.mypurecloud.com", false},
        {"http://127.0.0.1.example.com", false},
        {"http://localhost.example.com", false},
        {"http://0.0.0.0", false},
        {"https://user@api.mypurecloud.com", false},
        {"https://user:secret@api.mypurecloud.com", false},
        {"http://127.0.0.1@example.com/", false},
        {"ftp://127.0.0.1", false},
        {"file:///etc/passwd", false},
        {"api.mypurecloud.com", false},
        {"//127.0.0.1", false},
        {"", false},
        {"https://", false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {.kind = ERR_NONE};
        struct http_request request = {.url = cases[i].url};
        struct http_target target;

        print_message("%s\n", cases[i].url);
        assert_int_equal(http_url_allowed(cases[i].url, &target, &e), cases[i].allowed);
        if (!cases[i].allowed) {
            assert_int_equal(e.kind, ERR_CONFIG);
            assert_null(strstr(e.message, "secret"));
            assert_false(http_start(http, &request, &e));
        }
    }
}

TEST_IN(setup, teardown, a_loopback_address_needs_no_proxy)
{
    struct http_options options = {.proxy = "http://127.0.0.1:9", .max_connections = 1};
    struct err e;
    struct http *kept = http;

    setenv("http_proxy", "http://127.0.0.1:9", 1);
    setenv("all_proxy", "http://127.0.0.1:9", 1);
    http = http_new(&options, &e);
    struct http_answer a = fetch();
    assert_int_equal(a.failure, HTTP_OK);
    http_free(http);
    http = kept;
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

/* The proxy sees the CONNECT and no token; its refusal is told apart. */
TEST_IN(setup, teardown, a_proxy_sees_no_token)
{
    static const struct {
        const char *answer;
        enum http_failure failure;
        enum cause_id cause;
    } cases[] = {
        {"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n", HTTP_PROXY, CAUSE_NET_PROXY_LOGIN},
        {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", HTTP_PROXY, CAUSE_NET_PROXY_DENIED},
        {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", HTTP_RESET, CAUSE_NET_PROXY_TROUBLE},
    };
    char proxy[64];
    struct secret *token = secret_new("tok-1", 5);
    struct http_options options = {.proxy = server_url(server, "", proxy, sizeof(proxy)),
                                   .max_connections = 1};
    struct http_request request = {.url = "https://api.example.test/", .bearer = token};
    struct err e;

    for (size_t i = 0; i < 3; i++) {
        struct http *h = http_new(&options, &e);

        say(cases[i].answer);
        assert_true(http_start(h, &request, &e));
        struct http_answer a = next(h);
        print_message("%s\n", a.detail);
        assert_int_equal(a.failure, cases[i].failure);
        assert_int_equal(a.cause, cases[i].cause);
        assert_string_equal(script.last.method, "CONNECT");
        assert_false(header_sent("tok-1"));
        http_free(h);
    }
    secret_free(token);
}

static int catch_signals(__attribute__((unused)) void **state)
{
    stop_install();
    return 0;
}

TEST_GROUP(catch_signals, NULL);
