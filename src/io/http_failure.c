#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "io/http_internal.h"

/* Results of OpenSSL's verification (x509_vfy.h), as CURLINFO_SSL_VERIFYRESULT gives them; other
 * TLS libraries are known by their words. */
enum {
    VERIFY_NO_ISSUER = 2,
    VERIFY_EARLY = 9,
    VERIFY_EXPIRED = 10,
    VERIFY_SELF_SIGNED = 18,
    VERIFY_SELF_SIGNED_IN_CHAIN = 19,
    VERIFY_NO_LOCAL_ISSUER = 20,
    VERIFY_FIRST_UNVERIFIED = 21,
};

static const struct {
    enum http_tls tls;
    int verify_result; /* 0: by words alone */
    const char *words; /* lower case; NULL: by the result alone */
} tls_signs[] = {
    {HTTP_TLS_EXPIRED, VERIFY_EXPIRED, "certificate has expired"},
    {HTTP_TLS_EARLY, VERIFY_EARLY, "not yet valid"},
    {HTTP_TLS_SELF, VERIFY_SELF_SIGNED, "self-signed certificate"},
    {HTTP_TLS_SELF, VERIFY_SELF_SIGNED_IN_CHAIN, "self signed certificate"},
    {HTTP_TLS_ISSUER, VERIFY_NO_LOCAL_ISSUER, "issuer certificate"},
    {HTTP_TLS_ISSUER, VERIFY_NO_ISSUER, "signer not trusted"},
    {HTTP_TLS_ISSUER, VERIFY_FIRST_UNVERIFIED, NULL},
    {HTTP_TLS_HOST, 0, "subject name"},
    {HTTP_TLS_HOST, 0, "does not match"},
    {HTTP_TLS_VERSION, 0, "unsupported protocol"},
    {HTTP_TLS_VERSION, 0, "protocol version"},
    {HTTP_TLS_NONE, 0, "wrong version number"},
    {HTTP_TLS_NONE, 0, "http request"},
    {HTTP_TLS_NONE, 0, "unknown protocol"},
};

/* A handshake ends in SSL_CONNECT_ERROR both when the peer refuses it and when the connection is
 * cut in it; only the words tell. */
static bool is_cut_handshake(const char *detail)
{
    static const char *const signs[] = {"SSL_ERROR_SYSCALL", "reset by peer", "unexpected eof",
                                        "Broken pipe"};

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (strstr(detail, signs[i])) {
            return true;
        }
    }
    return false;
}

enum http_failure http_failure_of(CURL *easy, CURLcode code, const char *detail)
{
    long proxy_status = 0;

    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    if (proxy_status >= 400 && proxy_status < 500) {
        return HTTP_PROXY;
    }
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_DNS;
    case CURLE_COULDNT_CONNECT:
        return HTTP_REFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        return HTTP_TIMEOUT;
    case CURLE_PROXY:
        return HTTP_PROXY;
    case CURLE_FILESIZE_EXCEEDED:
        return HTTP_TOO_LARGE;
    case CURLE_SSL_CONNECT_ERROR:
        return is_cut_handshake(detail) ? HTTP_RESET : HTTP_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
        return HTTP_TLS;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    /* Both also mean a status line that was cut: the scheme was checked before. */
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return HTTP_RESET;
    default:
        return HTTP_OTHER;
    }
}

static enum http_tls tls_failure(CURL *easy, CURLcode code, const char *detail)
{
    struct arena *a = arena_new(0);
    const char *words = str_lower(a, detail);
    enum http_tls tls = HTTP_TLS_OTHER;
    long verified = 0;

    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    if (code == CURLE_SSL_CACERT_BADFILE) {
        tls = HTTP_TLS_CA_FILE;
    }
    for (size_t i = 0; i < sizeof(tls_signs) / sizeof(tls_signs[0]) && tls == HTTP_TLS_OTHER; i++) {
        bool by_result = tls_signs[i].verify_result != 0 && verified == tls_signs[i].verify_result;
        if (by_result || (tls_signs[i].words && strstr(words, tls_signs[i].words))) {
            tls = tls_signs[i].tls;
        }
    }
    arena_free(a);
    return tls;
}

/* True when libcurl's words on a failed connection name another host than the URL's: the proxy. */
static bool names_proxy(CURL *easy, const char *detail)
{
    CURLU *parsed = curl_url();
    const char *url = NULL;
    char *host = NULL;
    bool named = false;

    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    if (parsed && url && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        named = str_starts_with(detail, "Failed to connect to ") && !strstr(detail, host);
    }
    curl_free(host);
    curl_url_cleanup(parsed);
    return named;
}

void http_failure_describe(CURL *easy, CURLcode code, const char *detail,
                           struct http_answer *answer)
{
    long proxy_status = 0;

    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    answer->proxy_status = (int)proxy_status;
    answer->proxy_failed = proxy_status >= 300 || code == CURLE_COULDNT_RESOLVE_PROXY ||
                           code == CURLE_PROXY ||
                           (code == CURLE_COULDNT_CONNECT && names_proxy(easy, detail));
    if (answer->failure == HTTP_TLS) {
        answer->tls = tls_failure(easy, code, detail);
    }
}
