/*
 * HTTP by libcurl's multi interface: several requests in flight, connections reused, HTTP/2 where
 * offered.
 *
 * Invariants: no redirects; TLS verified always (1.2 or later), nothing turns it off; bodies arrive
 * raw (gzip is not decoded here) and Content-Length is checked by libcurl; sizes and times are
 * limited; plain http goes to a loopback address only, and never by a proxy; no netrc, no cookies.
 * A proxy is logged in to by the scheme that it offers, Negotiate (Kerberos) where its URL has no
 * password (http://:@HOST), since it takes none.
 * The Authorization header goes to the origin alone, and its memory is wiped after the answer. Used
 * by one thread; http_wake alone may be called from another.
 */
#pragma once

#include "base/causes.h"
#include "io/secret.h"

struct http;

/* Texts are borrowed for the client's life. */
struct http_options {
    const char *proxy;   /* NULL: the environment's, as libcurl reads it */
    const char *ca_file; /* PEM, beside the system's store; NULL: that store alone */
    int max_connections; /* to one host, and kept open */
};

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_METHODS };

extern const char *const http_methods[HTTP_METHODS]; /* "GET"..., in their order */

struct http_request {
    enum http_method method;
    const char *url;             /* borrowed until the answer is taken */
    const char *content_type;    /* of the body; NULL: application/json */
    const char *body;            /* NULL: none; borrowed until the answer is taken */
    const struct secret *bearer; /* token for the Authorization header; NULL: none */
    const char *basic_user;      /* with basic_secret: Basic authorization; NULL: none */
    const struct secret *basic_secret;
    bool fresh;      /* on a new connection: what a kept one lost, libcurl sends again */
    bool download;   /* its body and time have their own limits, LIMIT_DOWNLOAD_* */
    int64_t most_ms; /* from start to last byte; 0: LIMIT_REQUEST_MS */
    void *user;      /* handed back with the answer */
};

/* What went wrong below HTTP, told apart because the remedy differs (failures.txt). HTTP_OK: an
 * HTTP answer came whole, whatever its status. */
enum http_failure { HTTP_OK, HTTP_FAILURE_IDS };

struct http_answer {
    void *user;
    enum http_failure failure;
    enum cause_id cause; /* of a failure; it may be the proxy's */
    char address[64];    /* of the peer the connection was made to, "" when there was none */
    char detail[400];    /* libcurl's own words for a failure, escaped, and whose proxy it was */
    int status;          /* HTTP status, 0 on failure */
    struct buf body;     /* raw bytes; the taker frees it */
    bool gzip;           /* Content-Encoding: gzip */
    bool framed; /* the protocol tells where the body ends; if not, a cut goes unnoticed here */
    char content_type[64];
    char retry_after[64]; /* header as sent, "" when absent */
    char correlation_id[80];
    char location[256];        /* of a redirect, for the message only */
    int64_t date_ms;           /* the server's Date; TIME_NONE: none, or unreadable */
    int32_t ratelimit_allowed; /* inin-ratelimit-allowed, -count, -reset; -1 when absent */
    int32_t ratelimit_count;
    int32_t ratelimit_reset_seconds;
    int64_t elapsed_ms;
};

enum { ROUTE_BYTES = 120 };

/* Counters of one route (a request's path, its ids replaced by {id}, without its query string), for
 * the ledger; any thread may read them. */
struct route_count {
    char method[8];
    char route[ROUTE_BYTES];
    _Atomic int64_t requests; /* on the wire, retries included */
    _Atomic int64_t retries;
    _Atomic int64_t status_429;
    _Atomic int64_t status_5xx;
    _Atomic int64_t bytes; /* received, as sent */
};

/* A client; NULL with ERR_CONFIG (ca_file cannot be read or holds no certificate). Free with
 * http_free. */
struct http *http_new(const struct http_options *options, struct err *e);
void http_free(struct http *h);

/* Whom a URL reaches. */
struct http_target {
    char host[256]; /* as libcurl names it */
    bool loopback;
    bool tls;
};

/* Checks a URL by the rules above and fills *out. ERR_CONFIG naming the URL when it is malformed,
 * holds a user name or password, or is neither https nor http to a loopback address (127.0.0.0/8,
 * [::1], localhost). */
bool http_url_allowed(const char *url, struct http_target *out, struct err *e);

/* The value of a URL's query parameter, decoded, in the arena; NULL: it has none. */
const char *http_parameter(struct arena *a, const char *url, const char *name);

/* Whether a proxy can have this URL. */
bool http_proxy_allowed(const char *proxy);

/* Reads an HTTP date in any of its three forms (RFC 9110) into ms since 1970; false when it is
 * none. */
bool http_parse_date(const char *text, int64_t *ms);

/* Starts a request. ERR_CONFIG when the URL is neither https nor http to a loopback address, or the
 * environment's proxy is no URL of one. */
bool http_start(struct http *h, const struct http_request *request, struct err *e);

/* Drives the transfers until an answer is there or `timeout_ms` have passed or http_wake was
 * called; true when *answer was filled. */
bool http_next(struct http *h, int64_t timeout_ms, struct http_answer *answer);

/* Wakes a waiting http_next; the only call allowed from another thread. */
void http_wake(struct http *h);

/* Drops all transfers in flight. */
void http_abort(struct http *h);
