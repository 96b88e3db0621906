/* From answers to causes, and the list of causes itself. */
#include "test.h"

#include "api/answer.h"

TEST(the_list_is_whole)
{
    for (int id = CAUSE_NONE + 1; id < CAUSE_COUNT; id++) {
        const struct cause *cause = &causes[id];

        assert_true(cause->sees && cause->text && cause->remedy);
        assert_true(cause->sees[0] && cause->text[0] && cause->remedy[0]);
        assert_true(strlen(cause->name) > 4);
        for (int other = CAUSE_NONE + 1; other < id; other++) {
            assert_string_not_equal(cause->text, causes[other].text);
            assert_true(causes[other].step <= cause->step);
        }
    }
    assert_non_null(strstr(cause_saml_note, "SAML"));
}

TEST(below_http)
{
    static const struct {
        struct http_answer answer;
        enum cause_id cause;
    } cases[] = {
        {{.failure = HTTP_DNS}, CAUSE_NET_NAME},
        {{.failure = HTTP_DNS, .proxy_failed = true}, CAUSE_NET_PROXY_NAME},
        {{.failure = HTTP_REFUSED}, CAUSE_NET_REFUSED},
        {{.failure = HTTP_REFUSED, .proxy_failed = true}, CAUSE_NET_PROXY_REFUSED},
        {{.failure = HTTP_TIMEOUT}, CAUSE_NET_TIMEOUT},
        {{.failure = HTTP_RESET}, CAUSE_NET_RESET},
        {{.failure = HTTP_PROXY, .proxy_status = 407}, CAUSE_NET_PROXY_LOGIN},
        {{.failure = HTTP_PROXY, .proxy_status = 403}, CAUSE_NET_PROXY_DENIED},
        {{.failure = HTTP_PROXY}, CAUSE_NET_PROXY_DENIED},
        {{.failure = HTTP_RESET, .proxy_status = 502, .proxy_failed = true},
         CAUSE_NET_PROXY_TROUBLE},
        {{.failure = HTTP_TLS, .tls = CAUSE_NET_CERT_EXPIRED}, CAUSE_NET_CERT_EXPIRED},
        {{.failure = HTTP_TLS, .tls = CAUSE_CONFIG_CA_FILE}, CAUSE_CONFIG_CA_FILE},
        {{.failure = HTTP_TLS, .tls = CAUSE_NET_TLS_OTHER}, CAUSE_NET_TLS_OTHER},
        {{.failure = HTTP_TOO_LARGE}, CAUSE_NET_TOO_LARGE},
        {{.failure = HTTP_OTHER}, CAUSE_NET_OTHER},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(diagnose_network(&cases[i].answer), cases[i].cause);
        assert_int_equal(diagnose_login(&cases[i].answer, NULL), cases[i].cause);
    }
}

TEST(logins)
{
    static const struct {
        int status;
        const char *words;
        const char *location;
        const char *body;
        enum cause_id cause;
    } cases[] = {
        {400, "invalid_client: client not found", "", "", CAUSE_LOGIN_UNKNOWN_CLIENT},
        {401, "invalid_client: Authentication Failed", "", "", CAUSE_LOGIN_WRONG_SECRET},
        {401, "access_denied: ip.not.authorized", "", "", CAUSE_LOGIN_ADDRESS},
        {403, "?", "", "", CAUSE_LOGIN_FORBIDDEN},
        {403, NULL, "", "<html>no</html>", CAUSE_LOGIN_FORBIDDEN},
        {404, NULL, "", "<html>login</html>", CAUSE_LOGIN_NO_ENDPOINT},
        {404, "not found: HTTP 404 Not Found", "", "", CAUSE_LOGIN_API_HOST},
        {302, NULL, "https://dev-1.okta.com/app", "", CAUSE_LOGIN_IDENTITY_PROVIDER},
        {302, NULL, "https://www.example.test/", "", CAUSE_LOGIN_REDIRECT},
        {200, NULL, "", "<form><input type=Password>", CAUSE_LOGIN_SIGN_IN_PAGE},
        {200, NULL, "", "", CAUSE_LOGIN_WEB_PAGE},
        {200, "", "", "", CAUSE_LOGIN_NO_TOKEN},
        {429, "client not found", "", "", CAUSE_LOGIN_RATE},
        {503, "disabled", "", "", CAUSE_LOGIN_SERVER},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_answer a = {.status = cases[i].status};

        buf_init(&a.body, 1000);
        buf_add_str(&a.body, cases[i].body);
        memcpy(a.location, cases[i].location, strlen(cases[i].location));
        assert_int_equal(diagnose_login(&a, cases[i].words), cases[i].cause);
        buf_free(&a.body);
    }
}

TEST(words_are_added)
{
    struct err e;

    err_set(&e, ERR_AUTH, "refused");
    diagnosis_append(&e, CAUSE_LOGIN_DISABLED);
    assert_int_equal(e.cause, CAUSE_LOGIN_DISABLED);
    assert_non_null(strstr(e.message, "refused. Likely cause: "));
    assert_non_null(strstr(e.message, "SAML"));
    err_set(&e, ERR_PERMISSION, "refused");
    assert_int_equal(e.cause, CAUSE_NONE);
    diagnosis_append(&e, CAUSE_PERMISSION_MISSING);
    assert_null(strstr(e.message, "Enable SSO"));
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
