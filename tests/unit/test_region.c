#include "test.h"

#include "api/region.h"
#include "base/causes.h"

static const struct {
    const char *text;
    const char *domain;
    bool known;
} cases[] = {
    {"ap_northeast_2", "apne2.pure.cloud", true},
    {"AP-NORTHEAST-2", "apne2.pure.cloud", true},
    {" us-east-1 ", "mypurecloud.com", true},
    {"login.mypurecloud.com.au.", "mypurecloud.com.au", true},
    {"https://apps.mypurecloud.de/directory/#/engage", "mypurecloud.de", true},
    {"https://api.usw2.pure.cloud:443/api/v2/users", "usw2.pure.cloud", true},
    {"https://somebody@login.apne2.pure.cloud?x=1", "apne2.pure.cloud", true},
    {"https://apps.use2.us-gov-pure.cloud/", "use2.us-gov-pure.cloud", true},
    {"apps.zzz9.pure.cloud", "zzz9.pure.cloud", false},
    {"https://login.xx1.eusc-pure.cloud/", "xx1.eusc-pure.cloud", false},
};

TEST(texts_become_domains)
{
    ARENA_SCOPED struct arena *a = arena_new(0);

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {.kind = ERR_NONE};
        bool known = false;
        const char *domain = region_domain(a, cases[i].text, &known, &e);

        print_message("region %s\n", cases[i].text);
        assert_non_null(domain);
        assert_string_equal(domain, cases[i].domain);
        assert_int_equal(known, cases[i].known);
    }
}

/* What is refused, with the line to write (NULL: none comes near) and the cause. */
static const struct {
    const char *text;
    const char *line;
    enum cause_id cause;
} refused[] = {
    {"api.ap-southeast-2.mypurecloud.com",
     "write region = ap-southeast-2 (which is mypurecloud.com.au)", CAUSE_CONFIG_REGION_MIXED},
    {"ap-south-2.pure.cloud", "the nearest: region = ap-south-1", CAUSE_CONFIG_REGION_MIXED},
    {"https://{{my_env}}.mypurecloud.com/oauth/token", "region = us-east-1",
     CAUSE_CONFIG_PLACEHOLDER},
    {"<your-region>.pure.cloud", NULL, CAUSE_CONFIG_PLACEHOLDER},
    {"login.${REGION}.pure.cloud", NULL, CAUSE_CONFIG_PLACEHOLDER},
    {"acme.mypurecloud.com", "region = us-east-1", CAUSE_CONFIG_REGION_UNKNOWN},
    {"acme.usw2.pure.cloud", "region = us-west-2", CAUSE_CONFIG_REGION_UNKNOWN},
    {"acme.zzz9.pure.cloud", NULL, CAUSE_CONFIG_REGION_UNKNOWN},
    {"acme.mypurecloud.de", "write region = eu-central-1", CAUSE_CONFIG_REGION_UNKNOWN},
    {"login.pure.cloud", "the nearest: ", CAUSE_CONFIG_REGION_UNKNOWN},
    {"login.apne2.mypurecloud.com", "region = ap-northeast-2", CAUSE_CONFIG_REGION_UNKNOWN},
    {"seoul", "region = ap-northeast-2", CAUSE_CONFIG_REGION_UNKNOWN},
    {"Asia Pacific (Seoul)", "region = ap-northeast-2", CAUSE_CONFIG_REGION_UNKNOWN},
    {"ap-northeat-2", "the nearest: region = ap-northeast-2", CAUSE_CONFIG_REGION_UNKNOWN},
    {"mypurecloud.con", "region = us-east-1", CAUSE_CONFIG_REGION_UNKNOWN},
    {"pure.cloud", NULL, CAUSE_CONFIG_REGION_UNKNOWN},
    {"evilmypurecloud.com", "region = us-east-1", CAUSE_CONFIG_REGION_UNKNOWN},
    {"mypurecloud.com.evil.example", NULL, CAUSE_CONFIG_REGION_UNKNOWN},
    {"ap-northeast-9", "the nearest: region = ap-northeast-1", CAUSE_CONFIG_REGION_UNKNOWN},
    {"example.com", NULL, CAUSE_CONFIG_REGION_UNKNOWN},
    {"x..pure.cloud", "the nearest: ", CAUSE_CONFIG_REGION_UNKNOWN},
    {"", NULL, CAUSE_CONFIG_REGION_UNKNOWN},
};

TEST(what_is_no_region_gets_the_line_to_write)
{
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct err e;
    bool known;

    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_null(region_domain(a, refused[i].text, &known, &e));
        print_message("%s\n", e.message);
        assert_int_equal(e.kind, ERR_CONFIG);
        assert_int_equal(e.cause, refused[i].cause);
        assert_true(strlen(e.message) + sizeof("rollcall: rollcall.ini:1: [genesys] region: ") <
                    300);
        assert_int_equal(strstr(e.message, refused[i].line ? refused[i].line : "region = ") != NULL,
                         refused[i].line != NULL);
    }
}

TEST(hosts_below_the_platforms_are_judged_others_are_not)
{
    static const struct {
        const char *url;
        bool fits;
    } urls[] = {
        {"https://api.zzz9.pure.cloud", true},   {"https://gateway.example.com", true},
        {"http://127.0.0.1:8080", true},         {"https://acme.mypurecloud.com", false},
        {"https://login.x.y.pure.cloud", false},
    };
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct err e;

    for (size_t i = 0; i < COUNT(urls); i++) {
        print_message("%s\n", urls[i].url);
        assert_int_equal(region_fits_url(a, urls[i].url, &e), urls[i].fits);
    }
}
