/* From answers to causes: those that tests/e2e/test_check.py has no set-up for. */
#include "test.h"

#include "api/answer.h"
#include "utf8.h"

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

/* In a line: what was seen is cut between characters, cause and remedy stay. */
TEST(words_in_brief)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct err e;

    err_set(&e, ERR_STORE, "%287s\xC3\xA4", "x");
    assert_int_equal(strlen(e.message), ERR_BRIEF_BYTES + 1);
    assert_non_null(strstr(err_brief(&e, a), " ... (all of it: "));
    e.message[ERR_BRIEF_BYTES] = '\0';
    assert_string_equal(err_brief(&e, a), e.message);
    for (int id = CAUSE_NONE + 1; id < CAUSE_COUNT; id++) {
        for (int length = 40; length < 46; length++) {
            err_set(&e, ERR_AUTH, "%*s\xF0\x9F\x98\x80%300s", length, "seen", "x");
            diagnosis_append(&e, (enum cause_id)id);
            const char *brief = err_brief(&e, a);
            assert_true(strlen(brief) <= ERR_BRIEF_BYTES);
            assert_true(is_utf8(brief, strlen(brief)));
            assert_non_null(strstr(brief, "seen"));
            assert_non_null(strstr(brief, "Remedy: "));
        }
    }
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
