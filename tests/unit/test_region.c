#include "test.h"

#include "api/region.h"

static const struct {
    const char *text;
    const char *domain; /* NULL: refused */
    bool known;
} cases[] = {
    {"ap-northeast-2", "apne2.pure.cloud", true},
    {"ap_northeast_2", "apne2.pure.cloud", true},
    {"AP-NORTHEAST-2", "apne2.pure.cloud", true},
    {" us-east-1 ", "mypurecloud.com", true},
    {"mypurecloud.jp", "mypurecloud.jp", true},
    {"mypurecloud.com.au", "mypurecloud.com.au", true},
    {"login.mypurecloud.com.au.", "mypurecloud.com.au", true},
    {"https://apps.mypurecloud.de/directory/#/engage", "mypurecloud.de", true},
    {"login.usw2.pure.cloud", "usw2.pure.cloud", true},
    {"https://api.usw2.pure.cloud:443/api/v2/users", "usw2.pure.cloud", true},
    {"https://somebody@login.apne2.pure.cloud?x=1", "apne2.pure.cloud", true},
    {"https://apps.use2.us-gov-pure.cloud/", "use2.us-gov-pure.cloud", true},
    {"edee1.eusc-pure.cloud", "edee1.eusc-pure.cloud", true},
    {"apps.zzz9.pure.cloud", "zzz9.pure.cloud", false},
    {"zzz9.pure.cloud", "zzz9.pure.cloud", false},
    {"https://login.xx1.eusc-pure.cloud/", "xx1.eusc-pure.cloud", false},
    {"pure.cloud", NULL, false},
    {"evilmypurecloud.com", NULL, false},
    {"mypurecloud.com.evil.example", NULL, false},
    {"mypurecloud.con", NULL, false},
    {"ap-northeast-9", NULL, false},
    {"example.com", NULL, false},
    {"a b.pure.cloud", NULL, false},
    {"x..pure.cloud", NULL, false},
    {"", NULL, false},
    {"Seoul", NULL, false},
};

TEST(texts_become_domains)
{
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {.kind = ERR_NONE};
        bool known = false;
        const char *domain = region_domain(a, cases[i].text, &known, &e);

        print_message("region %s\n", cases[i].text);
        if (!cases[i].domain) {
            assert_null(domain);
            assert_int_equal(e.kind, ERR_CONFIG);
        } else {
            assert_non_null(domain);
            assert_string_equal(domain, cases[i].domain);
            assert_int_equal(known, cases[i].known);
        }
    }
    arena_free(a);
}

TEST(a_misspelt_region_gets_the_nearest)
{
    struct arena *a = arena_new(0);
    struct err e;
    bool known;

    assert_null(region_domain(a, "ap-northeat-2", &known, &e));
    assert_non_null(strstr(e.message, "ap-northeast-2"));
    assert_null(region_domain(a, "mypurecloud.con", &known, &e));
    assert_non_null(strstr(e.message, "mypurecloud.com"));
    arena_free(a);
}

TEST(the_table_holds_each_region_once)
{
    assert_int_equal(region_count, 18);
    for (size_t i = 0; i < region_count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(region_table[i].aws, region_table[j].aws);
            assert_string_not_equal(region_table[i].domain, region_table[j].domain);
        }
    }
}
