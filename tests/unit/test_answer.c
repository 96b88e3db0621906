#include "test.h"

#include "api/answer.h"
#include "pack.h"

static struct err e;

/* Its body plain or packed. */
static struct http_answer answer_of(int status, const char *body, bool packed)
{
    struct http_answer a = {.failure = HTTP_OK,
                            .status = status,
                            .framed = true,
                            .gzip = packed,
                            .correlation_id = "corr-1",
                            .content_type = "application/json"};
    size_t length = strlen(body);
    char *bytes = packed ? pack(body, length, 6, &length) : strdup(body);

    a.body = buf_of(1 << 20);
    buf_add(&a.body, bytes, length);
    free(bytes);
    if (status == 302) {
        snprintf(a.location, sizeof(a.location), "https://evil.example/\x1b[0m");
    }
    return a;
}

TEST(statuses)
{
    static const struct {
        int status;
        const char *body;
        enum err_kind kind;
        const char *code;
        const char *says; /* parts of the message, with bars between them */
    } cases[] = {
        {403,
         "{\"message\":\"Unable to perform the requested action. You are missing the following "
         "permission(s): analytics:conversationDetail:view, wfm:realtimeAdherence:view\","
         "\"code\":\"missing.any.permissions\",\"contextId\":\"ctx-9\"}",
         ERR_PERMISSION, "missing.any.permissions",
         "missing permission: analytics:conversationDetail:view, "
         "wfm:realtimeAdherence:view|ctx-9|corr-1|page 7"},
        {403,
         "{\"message\":\"no\",\"code\":\"missing.permissions\",\"messageParams\":{\"permissions\":"
         "\"[directory:user:view]\",\"at\":\"12:30:45\"}}",
         ERR_PERMISSION, "missing.permissions",
         "missing permission: directory:user:view|divisions"},
        {403, "", ERR_PERMISSION, "", "HTTP 403|permission is missing"},
        {429,
         "{\"message\":\"Rate limit exceeded\",\"code\":\"too.many.requests\",\"limit\":{\"key\":"
         "\"client.credentials.token.rate.per.minute\",\"namespace\":\"platform.api\",\"value\":300"
         "}}",
         ERR_RATE, "too.many.requests", "client.credentials.token.rate.per.minute = 300"},
        {401, "{\"code\":\"bad.credentials\"}", ERR_AUTH, "bad.credentials", "HTTP 401"},
        {400,
         "{\"message\":\"Pagination may not exceed 100000 results.\",\"code\":\"bad.request\"}",
         ERR_CONTRACT, "bad.request", "Pagination may not exceed"},
        {400,
         "{\"code\":\"bad.request\",\"details\":[{\"errorCode\":\"too.long\",\"fieldName\":"
         "\"endDate\"}]}",
         ERR_CONTRACT, "bad.request", "bad.request; too.long of endDate"},
        {404, "{\"code\":\"not found\"}", ERR_CONTRACT, "not?found", "HTTP 404"},
        {302, "<html>", ERR_CONTRACT, "", "HTTP 302|https://evil.example/\\x1B[0m"},
        {500, "{}", ERR_TEMPORARY, "", "HTTP 500"},
        {501, "{}", ERR_CONTRACT, "", "HTTP 501"},
        {503, "<html>busy", ERR_TEMPORARY, "", "without an error body"},
        {400, "{\"message\":\"\\u001b[31mred\\n\",\"code\":\"x\"}", ERR_CONTRACT, "x",
         "\\x1B[31mred\\n"},
        {400, "{\"message\":7,\"code\":null}", ERR_CONTRACT, "", "HTTP 400"},
        {400, "{\"message\":\"cut", ERR_CONTRACT, "", "HTTP 400"},
    };

    for (size_t n = 0; n < 2 * COUNT(cases); n++) {
        size_t i = n / 2;
        struct http_answer a = answer_of(cases[i].status, cases[i].body, n % 2 == 1);
        char code[ANSWER_CODE_BYTES];

        assert_false(answer_error(&e, &a, "conversations 2026-03-01 page 7", code));
        print_message("%s\n", e.message);
        assert_int_equal(e.kind, cases[i].kind);
        assert_int_equal(e.http_status, cases[i].status);
        assert_string_equal(code, cases[i].code);
        for (const char *says = cases[i].says; *says; says += strspn(says, "|")) {
            size_t length = strcspn(says, "|");

            assert_non_null(memmem(e.message, strlen(e.message), says, length));
            says += length;
        }
        assert_null(strchr(e.message, '\n'));
        buf_free(&a.body);
    }
}

TEST(failures_below_http)
{
    static const struct {
        enum http_failure failure;
        enum err_kind kind;
    } cases[] = {
        {HTTP_DNS, ERR_TEMPORARY},
        {HTTP_TLS, ERR_TEMPORARY},
        {HTTP_TOO_LARGE, ERR_CONTRACT},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_answer a = {
            .failure = cases[i].failure, .cause = CAUSE_NET_OTHER, .detail = "in curl's words"};
        char code[ANSWER_CODE_BYTES];

        assert_false(answer_error(&e, &a, "users page 1", code));
        assert_int_equal(e.kind, cases[i].kind);
        assert_int_equal(e.http_status, 0);
        assert_non_null(strstr(e.message, "users page 1: "));
        assert_non_null(strstr(e.message, "in curl's words"));
        assert_string_equal(code, "");
    }
}
