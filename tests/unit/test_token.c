#include "test.h"

#include "api/diagnosis.h"
#include "api/token.h"
#include "base/arena.h"

static struct config config = {
    .login_url = "https://login.example.test",
    .api_url = "https://api.example.test",
    .client_id = "0a1b2c3d-id",
    .client_secret_origin = "environment",
};

static struct http_answer answer_of(int status, const char *body, bool framed)
{
    struct http_answer a = {.failure = HTTP_OK, .status = status, .framed = framed};

    buf_init(&a.body, 1 << 20);
    buf_add_str(&a.body, body);
    return a;
}

TEST(the_request_holds_the_grant_and_no_scope)
{
    struct http_request r;

    token_request(&config, "https://login.example.test" TOKEN_PATH, &r);
    assert_string_equal(r.url, "https://login.example.test/oauth/token");
    assert_int_equal(r.method, HTTP_POST);
    assert_string_equal(r.body, "grant_type=client_credentials");
    assert_int_equal(r.body_length, strlen(r.body));
    assert_string_equal(r.content_type, "application/x-www-form-urlencoded");
    assert_string_equal(r.basic_user, "0a1b2c3d-id");
    assert_null(r.bearer);
}

TEST(lifetimes)
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
        struct http_answer a = answer_of(200, cases[i].body, true);
        struct token t = {.generation = 6, .proven = true};
        struct err e;

        assert_true(token_accept(&t, &config, config.login_url, &a, 1000, &e));
        assert_int_equal(secret_length(t.value), 1);
        assert_int_equal(t.lifetime_seconds, cases[i].lifetime);
        assert_int_equal(t.renew_at_ms, 1000 + cases[i].renew_after_ms);
        assert_int_equal(t.generation, 7);
        assert_false(t.proven);
        assert_false(token_stale(&t, t.renew_at_ms - 1));
        assert_true(token_stale(&t, t.renew_at_ms));
        token_free(&t);
        assert_true(token_stale(&t, 0));
        buf_free(&a.body);
    }
}

TEST(refusals)
{
    static const char page[] = "<!DOCTYPE html><html><title>Log in</title></html>";
    static const struct {
        int status;
        const char *body;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {400,
         "{\"error\":\"invalid_client\",\"description\":\"client not found\",\"error_description\":"
         "\"client not found\"}",
         ERR_AUTH, "region"},
        {401, "{\"error\":\"invalid_client\",\"error_description\":\"authentication failed\"}",
         ERR_AUTH, "rotated"},
        {400, "{\"error\":\"invalid_client\",\"error_description\":\"authentication failed\"}",
         ERR_AUTH, "environment"},
        {400, "{\"error\":\"unsupported_grant_type\"}", ERR_AUTH, "Client Credentials"},
        {400, "{\"error\":\"unauthorized_client\"}", ERR_AUTH, "Client Credentials"},
        {401, "{\"error\":\"x\",\"error_description\":\"Client is DISABLED\"}", ERR_AUTH,
         "disabled"},
        {401, "{\"code\":\"ip.not.authorized\",\"message\":\"no\"}", ERR_AUTH, "allow-list"},
        {403, "{\"error\":\"?\"}", ERR_AUTH, "IP allow-list"},
        {200, page, ERR_AUTH, "page"},
        {200, "{}", ERR_AUTH, "no token"},
        {200, "[]", ERR_AUTH, "no token"},
        {200, "{\"access_token\":\"\"}", ERR_AUTH, "no token"},
        {200, "{\"access_token\":7}", ERR_AUTH, "no token"},
        {200, "{\"access_token\":\"a\\r\\nX: y\"}", ERR_AUTH, "no token"},
        {200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}", ERR_AUTH, "no token"},
        {200, "{\"access_token\":\"abc", ERR_AUTH, "page"},
        {200, "", ERR_AUTH, "page"},
        {204, "", ERR_AUTH, "page"},
        {302, page, ERR_AUTH, "elsewhere"},
        {404, page, ERR_AUTH, "no login at this URL"},
        {429, "{}", ERR_RATE, "login.example.test"},
        {500, page, ERR_TEMPORARY, "login.example.test"},
        {501, page, ERR_TEMPORARY, "501"},
        {503, "{}", ERR_TEMPORARY, "503"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_answer a = answer_of(cases[i].status, cases[i].body, true);
        struct token t = {.generation = 0};
        struct err e;

        assert_false(token_accept(&t, &config, config.login_url, &a, 0, &e));
        print_message("%d %s: %s\n", cases[i].status, cases[i].body, e.message);
        assert_null(t.value);
        assert_int_equal(e.kind, cases[i].kind);
        assert_int_equal(e.http_status, cases[i].status);
        assert_non_null(strstr(e.message, cases[i].says));
        if (e.kind == ERR_AUTH) {
            assert_non_null(strstr(e.message, "SAML"));
        }
        assert_null(strstr(e.message, "abc"));
        buf_free(&a.body);
    }
}

TEST(a_login_cut_on_the_way_is_temporary)
{
    struct http_answer a = answer_of(200, "{\"access_token\":\"ab", false);
    struct token t = {.generation = 0};
    struct err e;

    assert_false(token_accept(&t, &config, config.login_url, &a, 0, &e));
    assert_int_equal(e.kind, ERR_TEMPORARY);
    buf_free(&a.body);

    struct http_answer cut = {.failure = HTTP_RESET, .detail = "reset by peer"};
    assert_false(token_accept(&t, &config, config.login_url, &cut, 0, &e));
    assert_int_equal(e.kind, ERR_TEMPORARY);
    assert_non_null(strstr(e.message, "reset by peer"));
}

TEST(fresh_tokens_refused)
{
    static const char login[] = "https://login.mypurecloud.de";
    static const char api[] = "https://api.mypurecloud.de";

    assert_int_equal(diagnose_refusal("ip.not.authorized", login, api), CAUSE_TOKEN_ADDRESS);
    assert_int_equal(diagnose_refusal("bad.credentials", login, api), CAUSE_TOKEN_REFUSED);
    assert_int_equal(diagnose_refusal("bad.credentials", login, "https://api.mypurecloud.jp"),
                     CAUSE_TOKEN_OTHER_REGION);
    assert_int_equal(diagnose_refusal("bad.credentials", "http://127.0.0.1:1", api),
                     CAUSE_TOKEN_REFUSED);
}
