#include "api/region.h"

#include "base/str.h"

const struct region region_table[] = {
    {"us-east-1", "mypurecloud.com"},
    {"us-east-2", "use2.us-gov-pure.cloud"},
    {"us-west-2", "usw2.pure.cloud"},
    {"ca-central-1", "cac1.pure.cloud"},
    {"mx-central-1", "mxc1.pure.cloud"},
    {"sa-east-1", "sae1.pure.cloud"},
    {"eu-west-1", "mypurecloud.ie"},
    {"eu-west-2", "euw2.pure.cloud"},
    {"eu-central-1", "mypurecloud.de"},
    {"eu-central-2", "euc2.pure.cloud"},
    {"eusc-de-east-1", "edee1.eusc-pure.cloud"},
    {"me-central-1", "mec1.pure.cloud"},
    {"ap-south-1", "aps1.pure.cloud"},
    {"ap-southeast-1", "apse1.pure.cloud"},
    {"ap-southeast-2", "mypurecloud.com.au"},
    {"ap-northeast-1", "mypurecloud.jp"},
    {"ap-northeast-2", "apne2.pure.cloud"},
    {"ap-northeast-3", "apne3.pure.cloud"},
};
const size_t region_count = COUNT_OF(region_table);

/* The host of a URL, or the text itself when it is none; lower case. */
static char *host_of(struct arena *a, const char *text)
{
    char *host = str_lower(a, str_trim(a, text, NULL));
    char *scheme_end = strstr(host, "://");

    if (scheme_end) {
        host = scheme_end + 3;
    }
    host[strcspn(host, "/?#")] = '\0';
    char *user_end = strrchr(host, '@');
    if (user_end) {
        host = user_end + 1;
    }
    host[strcspn(host, ":")] = '\0';
    size_t length = strlen(host);
    if (length > 0 && host[length - 1] == '.') {
        host[length - 1] = '\0';
    }
    return host;
}

/* True when `host` is `domain` or lies below it. */
static bool is_within(const char *host, const char *domain)
{
    size_t host_length = strlen(host);
    size_t length = strlen(domain);

    return str_ends_with(host, domain) &&
           (host_length == length || host[host_length - length - 1] == '.');
}

/* The domain of a region newer than the table: one label below pure.cloud or its sovereign forms
 * (us-gov-pure.cloud, eusc-pure.cloud). NULL when `host` is not of that form. */
static const char *newer_domain(const char *host)
{
    for (const char *dot = strchr(host, '.'); dot; dot = strchr(host, '.')) {
        const char *parent = dot + 1;
        bool is_sovereign =
            str_ends_with(parent, "-pure.cloud") && strchr(parent, '.') == strrchr(parent, '.');

        if (is_sovereign || str_eq(parent, "pure.cloud")) {
            return host;
        }
        host = parent;
    }
    return NULL;
}

const char *region_domain(struct arena *a, const char *text, bool *known, struct err *e)
{
    char *host = host_of(a, text);
    const char *domain = NULL;
    bool is_name = !strchr(host, '.');

    for (char *at = host; is_name && *at; at++) {
        *at = *at == '_' ? '-' : *at;
    }
    for (size_t i = 0; !domain && i < region_count; i++) {
        const struct region *r = &region_table[i];
        if (is_name ? str_eq(r->aws, host) : is_within(host, r->domain)) {
            domain = r->domain;
        }
    }
    *known = domain != NULL;
    bool is_host = host[0] != '\0' && host[0] != '.' && !strstr(host, "..") &&
                   strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(host);
    if (!domain && is_host) {
        domain = newer_domain(host);
    }
    if (domain) {
        return arena_strdup(a, domain);
    }
    const char *names[2 * COUNT_OF(region_table)];
    for (size_t i = 0; i < region_count; i++) {
        names[2 * i] = region_table[i].aws;
        names[2 * i + 1] = region_table[i].domain;
    }
    const char *near = str_nearest(host, names, COUNT_OF(names));
    err_set(e, ERR_CONFIG,
            "\"%s\" is no Genesys Cloud region%s%s%s; it takes an AWS name (ap-northeast-2), a "
            "login domain (mypurecloud.jp) or the URL your users log in at",
            str_escaped(a, text), near ? " (did you mean " : "", near ? near : "",
            near ? "?)" : "");
    return NULL;
}
