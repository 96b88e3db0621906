#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "io/http_internal.h"

/* Host names as curl_url gives them: numbers of IPv4 in four parts, IPv6 in brackets. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;

    if (str_eq_nocase(host, "localhost") || str_eq(host, "[::1]")) {
        return true;
    }
    return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

static bool has_part(CURLU *parsed, CURLUPart part)
{
    char *text = NULL;
    bool found = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return found;
}

static bool check_parts(CURLU *parsed, const char *url, struct http_target *out, struct err *e)
{
    char *scheme = NULL;
    char *host = NULL;
    bool ok = curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK;

    if (!ok) {
        err_set(e, ERR_CONFIG, "not a URL: %s", url);
    } else {
        out->loopback = is_loopback(host);
        out->tls = str_eq(scheme, "https");
        ok = out->tls || (str_eq(scheme, "http") && out->loopback);
        if (!ok) {
            err_set(e, ERR_CONFIG,
                    "%s: only https is allowed (plain http to this machine's loopback address "
                    "alone)",
                    url);
        }
    }
    curl_free(scheme);
    curl_free(host);
    return ok;
}

bool http_url_check(const char *url, struct http_target *out, struct err *e)
{
    CURLU *parsed = curl_url();
    bool ok;

    if (!parsed) {
        return err_set(e, ERR_BUG, "libcurl has no memory for a URL");
    }
    if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        ok = err_set(e, ERR_CONFIG, "not a URL: %s", url);
    } else if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD)) {
        ok =
            err_set(e, ERR_CONFIG, "a URL holds a user name or password; they do not belong there");
    } else {
        ok = check_parts(parsed, url, out, e);
    }
    curl_url_cleanup(parsed);
    return ok;
}

bool http_url_allowed(const char *url, struct err *e)
{
    struct http_target target;

    return http_url_check(url, &target, e);
}

bool http_proxy_check(const char *proxy, struct err *e)
{
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    CURLU *parsed = curl_url();
    char *scheme = NULL;
    bool known = false;

    if (!parsed) {
        return err_set(e, ERR_BUG, "libcurl has no memory for a URL");
    }
    if (curl_url_set(parsed, CURLUPART_URL, proxy,
                     CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        has_part(parsed, CURLUPART_HOST) &&
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, CURLU_DEFAULT_SCHEME) == CURLUE_OK) {
        for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
            /* Without a scheme curl_url guesses https; libcurl takes such a proxy for http. */
            known = known || str_eq(scheme, schemes[i]);
        }
    }
    curl_free(scheme);
    curl_url_cleanup(parsed);
    if (!known) {
        return err_set(e, ERR_CONFIG,
                       "[genesys] proxy is not the URL of a proxy (http://HOST:PORT, https://, "
                       "socks5h://)");
    }
    return true;
}

bool http_parse_date(const char *text, int64_t *ms)
{
    time_t seconds = curl_getdate(text, NULL);

    if (seconds < 0) {
        return false;
    }
    *ms = (int64_t)seconds * MS_PER_SECOND;
    return true;
}
