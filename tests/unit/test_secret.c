#include "test.h"

#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "child.h"
#include "io/secret.h"

TEST(holds_text)
{
    char big[9000];
    memset(big, 'x', sizeof(big));
    const struct {
        const char *text;
        size_t length;
    } cases[] = {{"", 0}, {"a", 1}, {"abcdef", 3}, {big, sizeof(big)}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct secret *s = secret_new(cases[i].text, cases[i].length);
        assert_int_equal(strlen(secret_expose(s)), cases[i].length);
        assert_memory_equal(secret_expose(s), cases[i].text, cases[i].length);
        secret_free(s);
    }
    secret_free(NULL);
}

TEST(mask)
{
    /* base64 of it begins at each of three places: aWQ6..., OmE6..., alone */
    static const char text[] = "s3cr3t+%41/Value-_~";
    static const struct {
        const char *words;
        const char *masked;
    } cases[] = {
        {"no such thing", "no such thing"},
        {"you sent s3cr3t+%41/Value-_~, twice: s3cr3t+%41/Value-_~", "you sent ***, twice: ***"},
        {"s3cr3t%2b%2541%2FValue-%5F~&x", "***&x"},
        {"Basic aWQ6czNjcjN0KyU0MS9WYWx1ZS1ffg==", "Basic aWQ6***g=="},
        {"Basic aTpzM2NyM3QrJTQxL1ZhbHVlLV9-.", "Basic aTp***."},
        {"czNjcjN0KyU0MS9WYWx1ZS1ffg%3d%3D", "***g%3d%3D"},
        {"s3cr3t+%41/Value-_", "s3cr3t+%41/Value-_"},
    };
    struct secret *s = secret_new(text, strlen(text));
    struct secret *tiny = secret_new("s", 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char words[128];
        snprintf(words, sizeof(words), "%s", cases[i].words);
        words[secret_mask(words, strlen(words))] = '\0';
        assert_string_equal(words, cases[i].masked);
    }
    secret_free(s);
    char words[] = "s3cr3t+%41/Value-_~";
    assert_int_equal(secret_mask(words, strlen(words)), strlen(text));
    secret_free(tiny);
}

TEST(claims_of_a_token)
{
    static const struct {
        const char *token;
        const char *sub; /* NULL: not a JWT */
    } cases[] = {
        {"e30.eyJzdWIiOiJhYmMifQ.c2ln", "abc"}, {"e30.eyJzdWIiOiJhYmMifQ", NULL},
        {"e30.eyJzdWIiOiJhYmMifQ.a.b", NULL},   {"e30.eyJz*WIi.c2ln", NULL},
        {"e30.bm8ganNvbg.c2ln", NULL},          {"opaque", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct secret *token = secret_new(cases[i].token, strlen(cases[i].token));
        struct json_doc *claims = secret_claims(token);
        assert_int_equal(claims != NULL, cases[i].sub != NULL);
        if (claims != NULL) {
            assert_string_equal(json_str(json_get(json_root(claims), "sub")), cases[i].sub);
        }
        json_free(claims);
        secret_free(token);
    }
    assert_null(secret_claims(NULL));
}

static void check_no_core_dumps(const void *unused)
{
    (void)unused;
    struct rlimit limit;
    secret_keep_in();
    CHILD_ASSERT(getrlimit(RLIMIT_CORE, &limit) == 0);
    CHILD_ASSERT(limit.rlim_cur == 0 && limit.rlim_max == 0);
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
    CHILD_ASSERT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
#endif
}

TEST(no_core_dumps)
{
    assert_int_equal(child_run(check_no_core_dumps, NULL).exit_code, 0);
}
