#include "api/region.h"

#include <ctype.h>
#include <fnmatch.h>

#include "base/causes.h"
#include "base/str.h"

const struct region region_table[] = {REGIONS};
const size_t region_count = COUNT_OF(region_table);

/* The host of a URL, or the text itself when it is none; in lower case, as no host has a _. */
static char *host_of(struct arena *a, const char *text)
{
    char *host = str_trim(a, text);
    char *scheme_end = strstr(host, "://");

    for (char *c = host; *c; c++) {
        *c = (char)(*c == '_' ? '-' : tolower((unsigned char)*c));
    }
    host = scheme_end ? scheme_end + 3 : host;
    host[strcspn(host, "/?#")] = '\0';
    char *user_end = strrchr(host, '@');
    host = user_end ? user_end + 1 : host;
    host[strcspn(host, ":")] = '\0';
    if (str_ends_with(host, ".")) {
        host[strlen(host) - 1] = '\0';
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

/* `host` without the label of one of the platform's hosts in front. */
static const char *without_label(const char *host)
{
    static const char *const labels[] = {"login.", "api.", "apps."};

    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        if (str_starts_with(host, labels[i])) {
            return host + strlen(labels[i]);
        }
    }
    return host;
}

/* The parts of a host, or of what stands in its place. */
static char **labels_of(struct arena *a, const char *host, size_t *count)
{
    char *text = arena_strdup(a, host);

    for (char *at = text; *at; at++) {
        *at = strchr(".:()", *at) ? ' ' : *at;
    }
    return str_split_list(a, text, count);
}

/* Whether a part is like us-east-1: the hosts' names have none such. */
static bool has_aws_name(struct arena *a, const char *host)
{
    size_t count;
    char **labels = labels_of(a, host, &count);
    bool has = false;

    for (size_t i = 0; i < count; i++) {
        has = has || fnmatch("*-*-[0-9]", labels[i], 0) == 0;
    }
    return has;
}

/* True for the domain of a region newer than the table: one label below pure.cloud or its sovereign
 * forms (us-gov-pure.cloud, eusc-pure.cloud). */
static bool is_newer(const char *domain)
{
    const char *parent = strchr(domain, '.');
    bool is_host = strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(domain);

    return is_host && parent && parent > domain && without_label(domain) == domain &&
           (str_eq(parent, ".pure.cloud") || (str_ends_with(parent, "-pure.cloud") &&
                                              strrchr(parent, '.') == strchr(parent + 1, '.')));
}

/* --- what may have been meant ---------------------------------------------------------------- */

enum { HINTS_MOST = 3, NAMES_MOST = 5 };

struct hints {
    const struct region *regions[HINTS_MOST];
    size_t count;
    bool is_in[COUNT_OF(region_table)];
    bool similar; /* their names are, not the same */
};

/* Adds the regions that go by the name `word`: by its AWS name, its domain or its short form, or a
 * place. Where none does and `near`, those that go by a similar one. */
static void add_hints(struct hints *h, struct arena *a, const char *word, bool near)
{
    while (h->count < HINTS_MOST) {
        const char *names[NAMES_MOST * COUNT_OF(region_table)];
        const struct region *whose[COUNT_OF(names)];
        size_t count = 0;

        for (const struct region *r = region_table; r < region_table + region_count; r++) {
            bool is_old = str_starts_with(r->domain, "mypurecloud");
            const char *all =
                arena_printf(a, "%s %s %.*s %s", r->aws, r->domain,
                             is_old ? 0 : (int)strcspn(r->domain, "."), r->domain, r->places);
            size_t parts;
            char **list = str_split_list(a, all, &parts);
            for (size_t i = 0; i < parts && !h->is_in[r - region_table]; i++) {
                names[count] = list[i];
                whose[count++] = r;
            }
        }
        const char *found = str_nearest(word, names, count);
        bool is_same = str_eq(found, word);
        if (!found || (!near && !is_same)) {
            return;
        }
        near = near && !is_same;
        h->similar = h->similar || !is_same;
        for (size_t i = 0; i < count; i++) {
            if (names[i] == found) {
                h->regions[h->count++] = whose[i];
                h->is_in[whose[i] - region_table] = true;
            }
        }
    }
}

/* The lines to write in place of `host`; what may stand there when nothing comes near. */
static const char *hint_words(struct arena *a, const char *host)
{
    struct hints h = {.count = 0};
    const char *words = "";
    size_t count;
    char **labels = labels_of(a, host, &count);

    for (int near = 0; near <= 1; near++) {
        /* Of the parts of a host only those of a region's form; else `test` would be one. */
        for (size_t i = 0; i < count && h.count == 0; i++) {
            if (!near || count == 1 || strpbrk(labels[i], "0123456789")) {
                add_hints(&h, a, labels[i], near != 0);
            }
        }
    }
    for (const char *rest = host; rest && h.count == 0; rest = strchr(rest, '.')) {
        rest += *rest == '.' ? 1 : 0;
        add_hints(&h, a, rest, false);
    }
    if (h.count == 0) {
        add_hints(&h, a, host, true);
    }
    for (size_t i = 0; i < h.count; i++) {
        words = arena_printf(a, "%s%sregion = %s (which is %s)", words,
                             i == 0             ? h.similar ? "; the nearest: " : "; write "
                             : i + 1 == h.count ? " or "
                                                : ", ",
                             h.regions[i]->aws, h.regions[i]->domain);
    }
    return h.count > 0 ? words
                       : "; it takes an AWS name (ap-northeast-2), a login domain (mypurecloud.jp) "
                         "or the URL your users log in at";
}

/* --- texts to domains ------------------------------------------------------------------------ */

static const char *refuse(struct arena *a, const char *text, const char *host, struct err *e)
{
    enum cause_id cause = CAUSE_CONFIG_REGION_UNKNOWN;
    const char *why = "";

    if (str_has_any(text, "{|<|$|your-|your_")) {
        cause = CAUSE_CONFIG_PLACEHOLDER;
        why = " but the placeholder of an example";
    } else if (strchr(host, '.') && has_aws_name(a, host)) {
        cause = CAUSE_CONFIG_REGION_MIXED;
        why = ": no host has an AWS name in its name";
    }
    err_because(e, ERR_CONFIG, cause, "\"%s\" is no Genesys Cloud region%s%s", str_escaped(a, text),
                why, hint_words(a, host));
    return NULL;
}

const char *region_domain(struct arena *a, const char *text, bool *known, struct err *e)
{
    char *host = host_of(a, text);
    const char *domain = without_label(host);

    for (size_t i = 0; i < region_count; i++) {
        const struct region *r = &region_table[i];
        if (str_eq(host, r->aws) || str_eq(domain, r->domain)) {
            *known = true;
            return r->domain;
        }
    }
    *known = false;
    return is_newer(domain) && !has_aws_name(a, host) && !str_starts_with(domain, "your-")
               ? domain
               : refuse(a, text, host, e);
}

bool region_fits_url(struct arena *a, const char *url, struct err *e)
{
    const char *host = host_of(a, url);
    bool is_platform = is_within(host, "pure.cloud") || str_ends_with(host, "-pure.cloud");
    bool known;

    for (size_t i = 0; i < region_count; i++) {
        is_platform = is_platform || is_within(host, region_table[i].domain);
    }
    return !is_platform || region_domain(a, url, &known, e);
}
