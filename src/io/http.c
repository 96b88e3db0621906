#include "io/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "io/file.h"

const char *const http_methods[HTTP_METHODS] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

/* One request on its way. */
struct transfer {
    struct transfer *next;
    CURL *easy;
    struct curl_slist *headers;
    struct http_answer answer;
    struct http_target target;
    bool proxied; /* by what is configured */
    char error[CURL_ERROR_SIZE];
    curl_off_t moved_bytes; /* sent and received when a byte last moved, at moved_ms */
    int64_t moved_ms;
    bool headers_done; /* the blank line after the last header came */
    bool too_large;
    bool stalled;
    enum limit most; /* of the body's bytes */
};

struct http {
    CURLM *multi;
    struct http_options options;
    char *trusted;            /* PEM of the system's roots and ca_file's; NULL: libcurl's own */
    const char *proxy;        /* of the options or the environment; NULL: none */
    const char *proxy_source; /* its name, for messages */
    long proxy_schemes;       /* of its login, for libcurl */
    bool proxy_login;
    struct transfer *transfers;
    atomic_bool woken;
};

/* --- URLs ------------------------------------------------------------------------------------- */

/* No memory ends the program, so that no error of libcurl's means it, and none is taken for bad
 * configuration or for trouble of the network. After the first time libcurl only counts. */
static void start_libcurl(void)
{
    INVARIANT(curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup,
                                   xcalloc) == CURLE_OK);
}

/* A URL's parts; without any when it is none. Free with curl_url_cleanup. */
static CURLU *parse_url(const char *url, unsigned flags)
{
    start_libcurl();
    CURLU *parsed = curl_url();

    (void)curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | flags);
    return parsed;
}

static bool has_part(CURLU *parsed, CURLUPart part)
{
    char *text = NULL;
    bool found = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return found;
}

bool http_url_allowed(const char *url, struct http_target *out, struct err *e)
{
    CURLU *parsed = parse_url(url, 0);
    char *scheme = NULL;
    char *host = NULL;
    struct in_addr v4;
    bool ok = false;

    *out = (struct http_target){.tls = false};
    if (curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        err_set(e, ERR_CONFIG, "not a URL: %s", url);
    } else if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD)) {
        err_set(e, ERR_CONFIG, "a URL holds a user name or password; they do not belong there");
    } else {
        /* The host comes with numbers of IPv4 in four parts, and IPv6 in brackets. */
        snprintf(out->host, sizeof(out->host), "%s", host);
        out->loopback = str_eq_nocase(host, "localhost") || str_eq(host, "[::1]") ||
                        (inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127);
        out->tls = str_eq(scheme, "https");
        ok = out->tls || (str_eq(scheme, "http") && out->loopback) ||
             err_set(e, ERR_CONFIG,
                     "%s: only https is allowed (plain http to this machine's loopback address "
                     "alone)",
                     url);
    }
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parsed);
    return ok;
}

const char *http_parameter(struct arena *a, const char *url, const char *name)
{
    size_t length = strlen(name);
    const char *at = strchr(url, '?');

    while (at && !(str_starts_with(at + 1, name) && at[1 + length] == '=')) {
        at = strchr(at + 1, '&');
    }
    if (!at) {
        return NULL;
    }
    at += length + 2;
    char *decoded = curl_easy_unescape(NULL, at, (int)strcspn(at, "&#"), NULL);
    const char *value = arena_strdup(a, decoded);
    curl_free(decoded);
    return value;
}

bool http_proxy_allowed(const char *proxy)
{
    CURLU *parsed = parse_url(proxy, CURLU_DEFAULT_SCHEME);
    char *scheme = NULL;
    bool known = false;

    if (has_part(parsed, CURLUPART_HOST) &&
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, CURLU_DEFAULT_SCHEME) == CURLUE_OK) {
        /* Without a scheme curl_url guesses https; libcurl takes such a proxy for http. */
        known = str_has_word("http https socks4 socks4a socks5 socks5h", scheme);
    }
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return known;
}

bool http_parse_date(const char *text, int64_t *ms)
{
    char weekday[4];

    /* Each form begins with its weekday; libcurl's parser alone takes far more for a date. */
    snprintf(weekday, sizeof(weekday), "%s", text);
    bool is_date = strlen(weekday) == 3 && strstr("Sun Mon Tue Wed Thu Fri Sat", weekday);
    time_t seconds = is_date ? curl_getdate(text, NULL) : -1;
    if (seconds < 0) {
        return false;
    }
    *ms = (int64_t)seconds * MS_PER_SECOND;
    return true;
}

/* --- header lines ----------------------------------------------------------------------------- */

/* The header lines of a request. Authorization is the one place where a secret leaves its type; the
 * line is made in memory of its exact size, so that no growing buffer leaves copies behind. */
static struct curl_slist *headers_new(const struct http_request *request)
{
    const struct secret *secret = request->bearer ? request->bearer : request->basic_secret;
    size_t user_bytes = request->basic_user ? strlen(request->basic_user) : 0;
    size_t pair_bytes = user_bytes + 1 + (secret ? strlen(secret_expose(secret)) : 0);
    size_t room = sizeof("Authorization: Bearer ") + pair_bytes * 4 / 3 + 8;
    struct curl_slist *list = curl_slist_append(NULL, "Accept: application/json");
    char type[128];

    list = curl_slist_append(list, "Accept-Encoding: gzip");
    list = curl_slist_append(list, "Expect:");
    if (request->body) {
        snprintf(type, sizeof(type), "Content-Type: %s",
                 request->content_type ? request->content_type : "application/json");
        list = curl_slist_append(list, type);
    }
    if (!secret || (!request->bearer && !request->basic_user)) {
        return list;
    }
    char *line = xcalloc(1, room);
    if (request->bearer) {
        snprintf(line, room, "Authorization: Bearer %s", secret_expose(secret));
    } else {
        char *pair = xcalloc(1, pair_bytes + 1);
        int used = snprintf(line, room, "Authorization: Basic ");

        snprintf(pair, pair_bytes + 1, "%s:%s", request->basic_user, secret_expose(secret));
        (void)EVP_EncodeBlock((unsigned char *)line + used, (unsigned char *)pair, (int)pair_bytes);
        secret_wipe(pair, pair_bytes);
        free(pair);
    }
    list = curl_slist_append(list, line);
    secret_wipe(line, room);
    free(line);
    return list;
}

/* The value of a header, NULL when absent; borrowed from `easy`. */
static const char *header_value(CURL *easy, const char *name)
{
    struct curl_header *header = NULL;
    bool found = curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK;

    return found ? header->value : NULL;
}

/* Copies a header, cut to `size` once the secrets that it may give back are masked. */
static void copy_header(CURL *easy, const char *name, char *out, size_t size)
{
    const char *value = header_value(easy, name);
    char *whole = xstrdup(value ? value : "");

    whole[secret_mask(whole, strlen(whole))] = '\0';
    snprintf(out, size, "%s", whole);
    free(whole);
}

static int32_t number_header(CURL *easy, const char *name)
{
    const char *value = header_value(easy, name);
    int64_t number;

    return value && str_to_int64(value, 0, INT32_MAX, &number) ? (int32_t)number : -1;
}

/* Reads the headers of the finished answer behind `easy`. */
static void read_headers(CURL *easy, struct http_answer *answer)
{
    const char *encoding = header_value(easy, "content-encoding");
    const char *date = header_value(easy, "date");
    long version = 0;

    copy_header(easy, "content-type", answer->content_type, sizeof(answer->content_type));
    copy_header(easy, "retry-after", answer->retry_after, sizeof(answer->retry_after));
    copy_header(easy, "inin-correlation-id", answer->correlation_id,
                sizeof(answer->correlation_id));
    copy_header(easy, "location", answer->location, sizeof(answer->location));
    answer->gzip = str_eq_nocase(encoding, "gzip") || str_eq_nocase(encoding, "x-gzip");
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    answer->framed = version >= CURL_HTTP_VERSION_2_0 || header_value(easy, "content-length") ||
                     header_value(easy, "transfer-encoding");
    answer->date_ms = TIME_NONE;
    (void)(date && http_parse_date(date, &answer->date_ms));
    answer->ratelimit_allowed = number_header(easy, "inin-ratelimit-allowed");
    answer->ratelimit_count = number_header(easy, "inin-ratelimit-count");
    answer->ratelimit_reset_seconds = number_header(easy, "inin-ratelimit-reset");
}

/* --- what went wrong -------------------------------------------------------------------------- */

static enum http_failure failure_of(CURLcode code, const char *detail, long proxy_status)
{
    static const char cuts[] = "ssl_error_syscall|reset by peer|unexpected eof|broken pipe";
    static const enum http_failure failures[CURL_LAST] = {CURL_FAILURES};

    if (proxy_status >= 400 && proxy_status < 500) {
        return HTTP_PROXY;
    }
    if (code == CURLE_SSL_CONNECT_ERROR && str_has_any(detail, cuts)) {
        return HTTP_RESET;
    }
    return code < CURL_LAST && failures[code] ? failures[code] : HTTP_OTHER;
}

static enum cause_id tls_cause(const struct http *h, CURL *easy, CURLcode code, const char *words)
{
    long verified = 0;
    char text[CURL_ERROR_SIZE + 32];

    if (code == CURLE_SSL_CACERT_BADFILE) {
        return CAUSE_CONFIG_CA_FILE;
    }
    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    snprintf(text, sizeof(text), "#%ld; %s", verified, words);
    enum cause_id cause = cause_by_sign(STEP_NETWORK, text);
    if (h->trusted && (cause == CAUSE_NET_CERT_SELF || cause == CAUSE_NET_CERT_ISSUER)) {
        return CAUSE_NET_CERT_CA_FILE;
    }
    return cause ? cause : CAUSE_NET_TLS_OTHER;
}

/* Why a transfer failed, by libcurl's words; `proxy_status` is of a CONNECT. */
static enum cause_id cause_of(const struct http *h, const struct transfer *t, CURLcode code,
                              const char *words, long proxy_status)
{
    static const enum cause_id of_failures[] = {HTTP_CAUSES};
    enum http_failure failure = t->answer.failure;
    /* libcurl names whom it could not connect to: when that is not the URL's host, the proxy. */
    bool is_proxy_away = code == CURLE_COULDNT_CONNECT &&
                         str_starts_with(words, "Failed to connect to ") &&
                         !strstr(words, t->target.host);

    if (proxy_status == 407) {
        return h->proxy_login ? CAUSE_NET_PROXY_REJECTED : CAUSE_NET_PROXY_LOGIN;
    }
    if (proxy_status >= 500) {
        return CAUSE_NET_PROXY_TROUBLE;
    }
    if (proxy_status >= 300) {
        return CAUSE_NET_PROXY_DENIED;
    }
    if (code == CURLE_COULDNT_RESOLVE_PROXY || is_proxy_away) {
        return is_proxy_away ? CAUSE_NET_PROXY_REFUSED : CAUSE_NET_PROXY_NAME;
    }
    if (t->proxied && failure == HTTP_TIMEOUT) {
        return CAUSE_NET_PROXY_TIMEOUT;
    }
    return failure == HTTP_TLS ? tls_cause(h, t->easy, code, words) : of_failures[failure];
}

/* --- whom to trust, and the way out ----------------------------------------------------------- */

/* The certificates of `ca_file` behind the system's, so that hosts on both sides of a proxy that
 * inspects TLS are trusted; NULL with ERR_CONFIG. Heap. */
static char *trusted_roots(const char *ca_file, struct err *e)
{
    const char *system = curl_version_info(CURLVERSION_NOW)->cainfo;
    ARENA_SCOPED struct arena *a = arena_new(0);
    struct err ignored;
    const char *own = file_read_small(a, ca_file, NULL, e);

    if (!own) {
        err_prefix(e, "[genesys] ca_file");
        return NULL;
    }
    if (!strstr(own, "-----BEGIN ") || !strstr(own, "CERTIFICATE-----")) {
        err_set(e, ERR_CONFIG, "[genesys] ca_file %s holds no certificate in PEM", ca_file);
        return NULL;
    }
    const char *roots = system ? file_read_small(a, system, NULL, &ignored) : NULL;
    return xstrdup(arena_printf(a, "%s\n%s", roots ? roots : "", own));
}

/* The first variable of the environment that is set. */
static const char *variable_of(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = getenv(names[i]);
        if (value && *value) {
            return names[i];
        }
    }
    return NULL;
}

/* The variables that libcurl looks at for https, in its order. */
static const char *proxy_variable(void)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    return variable_of(names, COUNT_OF(names));
}

/* Notes the proxy and how to log in to it. Of the schemes offered libcurl takes Negotiate first,
 * and no other once that fails for want of a ticket. */
static void find_proxy(struct http *h)
{
    h->proxy_source = h->options.proxy ? "[genesys] proxy" : proxy_variable();
    if (!h->proxy_source) {
        return;
    }
    h->proxy = h->options.proxy ? h->options.proxy : getenv(h->proxy_source);
    CURLU *parsed = parse_url(h->proxy, CURLU_DEFAULT_SCHEME);
    char *password = NULL;
    (void)curl_url_get(parsed, CURLUPART_PASSWORD, &password, 0);
    bool by_password = password && *password;
    h->proxy_schemes =
        (long)(by_password ? CURLAUTH_ANY & ~(unsigned long)CURLAUTH_NEGOTIATE : CURLAUTH_ANY);
    h->proxy_login = by_password || has_part(parsed, CURLUPART_USER);
    if (password) {
        secret_wipe(password, strlen(password));
    }
    curl_free(password);
    curl_url_cleanup(parsed);
}

/* Says which proxy it was, what that overrides, and what may overrule it. */
static void add_proxy_words(const struct http *h, CURL *easy, struct buf *words)
{
    static const char *const exempting[] = {"no_proxy", "NO_PROXY"};
    static const struct {
        long scheme;
        const char *name;
    } schemes[] = {PROXY_LOGINS};
    const char *variable = proxy_variable();
    const char *exempt = variable_of(exempting, COUNT_OF(exempting));
    long offered = 0;

    buf_add_printf(words, "; the proxy is that of %s", h->proxy_source);
    if (h->options.proxy && variable) {
        buf_add_printf(words, ", which overrides %s", variable);
    }
    if (exempt) {
        buf_add_printf(words, "; hosts in %s go without it", exempt);
    }
    curl_easy_getinfo(easy, CURLINFO_PROXYAUTH_AVAIL, &offered);
    for (size_t i = 0, named = 0; i < COUNT_OF(schemes); i++) {
        if ((offered & schemes[i].scheme) != 0) {
            buf_add_printf(words, "%s %s", named++ == 0 ? "; it offers" : ",", schemes[i].name);
        }
    }
}

/* --- requests on their way -------------------------------------------------------------------- */

struct http *http_new(const struct http_options *options, struct err *e)
{
    start_libcurl();
    char *trusted = options->ca_file ? trusted_roots(options->ca_file, e) : NULL;
    if (options->ca_file && !trusted) {
        return NULL;
    }
    struct http *h = xcalloc(1, sizeof(*h));
    h->trusted = trusted;
    h->multi = curl_multi_init();
    INVARIANT(h->multi);
    h->options = *options;
    find_proxy(h);
    curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)options->max_connections);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)options->max_connections);
    return h;
}

void http_free(struct http *h)
{
    if (h) {
        http_abort(h);
        curl_multi_cleanup(h->multi);
        free(h->trusted);
        free(h);
    }
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    struct transfer *t = user;

    if (!buf_add(&t->answer.body, bytes, size * count)) {
        t->too_large = true;
        return 0;
    }
    return size * count;
}

static size_t on_header(const char *line, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    size_t length = size * count;

    t->headers_done = length > 0 && (line[0] == '\r' || line[0] == '\n');
    return length;
}

/* Ends a transfer of which no byte moves. libcurl's own look at the speed, which ends one that
 * trickles, goes on counting what a request sent for seconds after it went out. */
static int on_progress(void *user, curl_off_t unused, curl_off_t down, curl_off_t unused_too,
                       curl_off_t up)
{
    struct transfer *t = user;
    int64_t now = clock_monotonic_ms();

    (void)unused, (void)unused_too;
    if (t->moved_ms == 0 || down + up != t->moved_bytes) {
        t->moved_bytes = down + up;
        t->moved_ms = now;
    }
    t->stalled = now - t->moved_ms >= limit_get(LIMIT_STALL_MS);
    return t->stalled ? 1 : 0;
}

#define SET(option, value) (ok &= curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

static bool set_security(CURL *easy, const struct http *h, const struct http_target *target)
{
    bool ok = true;

    SECURITY_OPTIONS;
    /* A configuration of the environment's may choose providers (FIPS), not admit weak keys. */
    if (getenv("OPENSSL_CONF")) {
        SET(CURLOPT_SSL_CIPHER_LIST, "DEFAULT@SECLEVEL=2");
        SET(CURLOPT_PROXY_SSL_CIPHER_LIST, "DEFAULT@SECLEVEL=2");
    }
    if (h->trusted) {
        struct curl_blob roots = {h->trusted, strlen(h->trusted), CURL_BLOB_NOCOPY};
        SET(CURLOPT_CAINFO_BLOB, &roots);
        SET(CURLOPT_PROXY_CAINFO_BLOB, &roots);
    }
    if (target->loopback) {
        SET(CURLOPT_PROXY, "");
    } else if (h->proxy) {
        SET(CURLOPT_PROXY, h->proxy);
        SET(CURLOPT_PROXYAUTH, h->proxy_schemes);
    }
    return ok;
}

static bool set_all(struct http *h, struct transfer *t, const struct http_request *request)
{
    CURL *easy = t->easy;
    long stall_seconds = (long)((limit_get(LIMIT_STALL_MS) + 999) / MS_PER_SECOND);
    int64_t most_ms = limit_get(request->download ? LIMIT_DOWNLOAD_MS : LIMIT_REQUEST_MS);
    bool ok = set_security(easy, h, &t->target);

    SET(CURLOPT_URL, request->url);
    if (request->method == HTTP_POST || request->body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
    }
    if (request->method > HTTP_POST) {
        SET(CURLOPT_CUSTOMREQUEST, http_methods[request->method]);
    }
    SET(CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
    SET(CURLOPT_TIMEOUT_MS, (long)(request->most_ms > 0 ? request->most_ms : most_ms));
    SET(CURLOPT_LOW_SPEED_TIME, stall_seconds);
    TRANSFER_OPTIONS;
    if (t->target.tls) {
        /* A libcurl without HTTP/2 refuses the first; HTTP/1.1 does as well. */
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
        SET(CURLOPT_PIPEWAIT, 1L);
    } else {
        SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    }
    return ok;
}

static void transfer_free(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    for (struct curl_slist *line = t->headers; line; line = line->next) {
        secret_wipe(line->data, strlen(line->data));
    }
    curl_slist_free_all(t->headers);
    buf_free(&t->answer.body);
    free(t);
}

/* Takes a transfer that was started out of libcurl's hands and frees it. */
static void drop_transfer(struct http *h, struct transfer *t)
{
    struct transfer **at = &h->transfers;

    curl_multi_remove_handle(h->multi, t->easy);
    while (*at != t) {
        at = &(*at)->next;
    }
    *at = t->next;
    transfer_free(t);
}

bool http_start(struct http *h, const struct http_request *request, struct err *e)
{
    struct http_target target;

    if (!http_url_allowed(request->url, &target, e)) {
        return false;
    }
    bool proxied = h->proxy && !target.loopback;
    if (proxied && !http_proxy_allowed(h->proxy)) { /* not repeated: it may hold a password */
        return err_because(e, ERR_CONFIG, CAUSE_CONFIG_PROXY_URL,
                           "%s is no URL of a proxy, such as http://HOST:PORT", h->proxy_source);
    }
    struct transfer *t = xcalloc(1, sizeof(*t));
    t->target = target;
    t->proxied = proxied;
    t->answer.user = request->user;
    t->most = request->download ? LIMIT_DOWNLOAD_BYTES : LIMIT_BODY_BYTES;
    t->answer.body = buf_of((size_t)limit_get(t->most));
    t->easy = curl_easy_init();
    t->headers = headers_new(request);
    if (!t->easy || !set_all(h, t, request) ||
        curl_multi_add_handle(h->multi, t->easy) != CURLM_OK) {
        transfer_free(t);
        return err_set(e, ERR_BUG, "libcurl refuses a request's options");
    }
    t->next = h->transfers;
    h->transfers = t;
    return true;
}

static void describe_failure(const struct http *h, struct transfer *t, CURLcode code)
{
    struct http_answer *answer = &t->answer;
    const char *words = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
    long proxy_status = 0;
    BUF_SCOPED struct buf detail = buf_of(sizeof(answer->detail) - 1);

    if (t->too_large || code == CURLE_FILESIZE_EXCEEDED) {
        answer->failure = HTTP_TOO_LARGE;
        buf_add_printf(&detail, "the body passes %lld bytes (limit %s)",
                       (long long)limit_get(t->most), limit_facts[t->most].name);
    } else if (t->stalled) {
        answer->failure = HTTP_TIMEOUT;
        buf_add_printf(&detail, "not a byte for %lld ms", (long long)limit_get(LIMIT_STALL_MS));
    } else if (code == CURLE_OK) {
        answer->failure = HTTP_RESET;
        buf_add_str(&detail, "the connection ended within the headers");
    } else {
        curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
        answer->failure = failure_of(code, words, proxy_status);
        (void)str_escape(&detail, words, strlen(words));
    }
    answer->cause = cause_of(h, t, code, words, proxy_status);
    if (t->proxied) {
        add_proxy_words(h, t->easy, &detail);
    }
    snprintf(answer->detail, sizeof(answer->detail), "%s", buf_str(&detail));
    buf_free(&answer->body);
}

/* Fills *answer from a transfer that has ended, and frees the transfer; false when none has. */
static bool take_finished(struct http *h, struct http_answer *answer)
{
    int left;
    const CURLMsg *message = curl_multi_info_read(h->multi, &left); /* all are of an end */
    char *private = NULL;
    curl_off_t elapsed_us = 0;
    long status = 0;
    const char *address = NULL;

    if (!message) {
        return false;
    }
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
    /* libcurl hands its user pointers out as char pointers. */
    struct transfer *t = (struct transfer *)(void *)private;
    read_headers(t->easy, &t->answer);
    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &elapsed_us);
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &address);
    snprintf(t->answer.address, sizeof(t->answer.address), "%s", address ? address : "");
    t->answer.elapsed_ms = (int64_t)elapsed_us / 1000;
    if (message->data.result == CURLE_OK && t->headers_done) {
        t->answer.failure = HTTP_OK;
        t->answer.status = (int)status;
    } else {
        describe_failure(h, t, message->data.result);
    }
    *answer = t->answer;
    t->answer.body = buf_of(0);
    drop_transfer(h, t);
    return true;
}

bool http_next(struct http *h, int64_t timeout_ms, struct http_answer *answer)
{
    int64_t deadline = clock_monotonic_ms() + timeout_ms;

    for (;;) {
        int running;

        INVARIANT(curl_multi_perform(h->multi, &running) == CURLM_OK);
        if (take_finished(h, answer)) {
            return true;
        }
        int64_t left = deadline - clock_monotonic_ms();
        if (atomic_exchange(&h->woken, false) || left <= 0) {
            return false;
        }
        INVARIANT(curl_multi_poll(h->multi, NULL, 0, left < 60000 ? (int)left : 60000, NULL) ==
                  CURLM_OK);
    }
}

void http_wake(struct http *h)
{
    atomic_store(&h->woken, true);
    curl_multi_wakeup(h->multi);
}

void http_abort(struct http *h)
{
    while (h->transfers) {
        drop_transfer(h, h->transfers);
    }
}
