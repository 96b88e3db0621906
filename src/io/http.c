#include "io/http.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "io/http_internal.h"

/* One request on its way. */
struct transfer {
    struct transfer *next;
    struct transfer *previous;
    CURL *easy;
    struct curl_slist *headers;
    struct http_answer answer;
    char error[CURL_ERROR_SIZE];
    bool headers_done; /* the blank line after the last header came */
    bool too_large;
};

struct http {
    CURLM *multi;
    char *user_agent;
    char *proxy;
    char *ca_file;
    struct transfer *transfers;
    int in_flight;
    atomic_bool woken;
};

static void global_init(void)
{
    INVARIANT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

static char *copy(const char *text)
{
    return text && text[0] != '\0' ? xstrdup(text) : NULL;
}

struct http *http_new(const struct http_options *options, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    INVARIANT(pthread_once(&once, global_init) == 0);
    if (options->proxy && options->proxy[0] != '\0' && !http_proxy_check(options->proxy, e)) {
        return NULL;
    }
    if (options->ca_file && access(options->ca_file, R_OK) != 0) {
        int code = errno;
        err_set(e, ERR_CONFIG, "[genesys] ca_file cannot be read: %s: %s", options->ca_file,
                strerror(code));
        e->library_code = code;
        return NULL;
    }

    struct http *h = xcalloc(1, sizeof(*h));
    h->multi = curl_multi_init();
    if (!h->multi) {
        free(h);
        err_set(e, ERR_BUG, "libcurl does not start");
        return NULL;
    }
    h->user_agent = copy(options->user_agent);
    h->proxy = copy(options->proxy);
    h->ca_file = copy(options->ca_file);
    atomic_init(&h->woken, false);
    curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)options->max_connections);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)options->max_connections);
    return h;
}

void http_free(struct http *h)
{
    if (!h) {
        return;
    }
    http_abort(h);
    curl_multi_cleanup(h->multi);
    free(h->user_agent);
    free(h->proxy);
    free(h->ca_file);
    free(h);
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

static bool is_blank_line(const char *line, size_t length)
{
    return length > 0 && (line[0] == '\r' || line[0] == '\n');
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    size_t length = size * count;

    t->headers_done = is_blank_line(line, length);
    return length;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

static bool set_body(CURL *easy, const struct http_request *request)
{
    bool ok = true;

    if (request->method == HTTP_POST) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(request->body ? request->body_length : 0));
    } else if (request->method == HTTP_DELETE) {
        SET(CURLOPT_CUSTOMREQUEST, "DELETE");
    }
    return ok;
}

static bool set_limits(CURL *easy)
{
    long stall_seconds = (long)((limit_get(LIMIT_STALL_MS) + 999) / MS_PER_SECOND);
    bool ok = true;

    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)limit_get(LIMIT_CONNECT_MS));
    SET(CURLOPT_TIMEOUT_MS, (long)limit_get(LIMIT_REQUEST_MS));
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(CURLOPT_LOW_SPEED_TIME, stall_seconds);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)limit_get(LIMIT_BODY_BYTES));
    return ok;
}

static bool set_security(CURL *easy, const struct http *h, const struct http_target *target)
{
    bool ok = true;

    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (h->ca_file) {
        SET(CURLOPT_CAINFO, h->ca_file);
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_PROXY_CAINFO, h->ca_file);
        SET(CURLOPT_PROXY_CAPATH, NULL);
    }
    if (target->loopback) {
        SET(CURLOPT_PROXY, "");
    } else if (h->proxy) {
        SET(CURLOPT_PROXY, h->proxy);
    }
    return ok;
}

static bool set_all(struct http *h, struct transfer *t, const struct http_request *request,
                    const struct http_target *target)
{
    CURL *easy = t->easy;
    bool ok = set_security(easy, h, target) && set_limits(easy) && set_body(easy, request);

    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_ERRORBUFFER, t->error);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_PRIVATE, t);
    if (h->user_agent) {
        SET(CURLOPT_USERAGENT, h->user_agent);
    }
    if (target->tls) {
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
    if (t->easy) {
        curl_easy_cleanup(t->easy);
    }
    http_headers_free(t->headers);
    buf_free(&t->answer.body);
    free(t);
}

static void link_transfer(struct http *h, struct transfer *t)
{
    t->next = h->transfers;
    if (t->next) {
        t->next->previous = t;
    }
    h->transfers = t;
    h->in_flight++;
}

static void unlink_transfer(struct http *h, struct transfer *t)
{
    curl_multi_remove_handle(h->multi, t->easy);
    if (t->previous) {
        t->previous->next = t->next;
    } else {
        h->transfers = t->next;
    }
    if (t->next) {
        t->next->previous = t->previous;
    }
    h->in_flight--;
}

bool http_start(struct http *h, const struct http_request *request, struct err *e)
{
    struct http_target target;

    if (!http_url_check(request->url, &target, e)) {
        return false;
    }
    struct transfer *t = xcalloc(1, sizeof(*t));
    t->answer.user = request->user;
    buf_init(&t->answer.body, (size_t)limit_get(LIMIT_BODY_BYTES));
    t->easy = curl_easy_init();
    t->headers = http_headers_new(request);
    if (!t->easy || !t->headers || !set_all(h, t, request, &target) ||
        curl_multi_add_handle(h->multi, t->easy) != CURLM_OK) {
        transfer_free(t);
        return err_set(e, ERR_BUG, "libcurl refuses a request's options");
    }
    link_transfer(h, t);
    return true;
}

int http_in_flight(const struct http *h)
{
    return h->in_flight;
}

static void describe_failure(struct transfer *t, CURLcode code)
{
    struct http_answer *answer = &t->answer;
    struct buf detail;

    buf_init(&detail, sizeof(answer->detail) - 1);
    if (t->too_large || code == CURLE_FILESIZE_EXCEEDED) {
        answer->failure = HTTP_TOO_LARGE;
        buf_add_printf(&detail, "the body passes %lld bytes (limit BODY_BYTES)",
                       (long long)limit_get(LIMIT_BODY_BYTES));
    } else if (code == CURLE_OK) {
        answer->failure = HTTP_RESET;
        buf_add_str(&detail, "the connection ended within the headers");
    } else {
        const char *words = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
        answer->failure = http_failure_of(t->easy, code, words);
        http_failure_describe(t->easy, code, words, answer);
        (void)str_escape(&detail, words, strlen(words));
    }
    snprintf(answer->detail, sizeof(answer->detail), "%s", buf_str(&detail));
    buf_free(&detail);
    buf_free(&answer->body);
}

/* Fills *answer from a transfer that has ended, and frees the transfer. */
static void finish(struct http *h, struct transfer *t, CURLcode code, struct http_answer *answer)
{
    curl_off_t elapsed_us = 0;
    long status = 0;
    const char *address = NULL;

    http_headers_read(t->easy, &t->answer);
    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &elapsed_us);
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &address);
    snprintf(t->answer.address, sizeof(t->answer.address), "%s", address ? address : "");
    t->answer.library_code = (int)code;
    t->answer.elapsed_ms = (int64_t)elapsed_us / 1000;
    if (code == CURLE_OK && t->headers_done) {
        t->answer.failure = HTTP_OK;
        t->answer.status = (int)status;
    } else {
        describe_failure(t, code);
    }
    *answer = t->answer;
    buf_init(&t->answer.body, 0);
    unlink_transfer(h, t);
    transfer_free(t);
}

static bool take_finished(struct http *h, struct http_answer *answer)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(h->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            char *private = NULL;
            CURLcode code = message->data.result;

            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
            /* libcurl hands its user pointers out as char pointers. */
            finish(h, (struct transfer *)(void *)private, code, answer);
            return true;
        }
    }
    return false;
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
    struct transfer *t = h->transfers;

    while (t) {
        struct transfer *next = t->next;

        unlink_transfer(h, t);
        transfer_free(t);
        t = next;
    }
}
