/*
 * What the files of io/http share: libcurl's side of a request.
 */
#ifndef ROLLCALL_IO_HTTP_INTERNAL_H
#define ROLLCALL_IO_HTTP_INTERNAL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "io/http.h"

/* What a URL allows. */
struct http_target {
    bool loopback;
    bool tls;
};

/* http_url_allowed, and what the URL is. */
bool http_url_check(const char *url, struct http_target *out, struct err *e);

/* Checks a proxy's URL. ERR_CONFIG without the URL itself, which may hold a password. */
bool http_proxy_check(const char *proxy, struct err *e);

/* The header lines of a request, Authorization included; free with http_headers_free. NULL when
 * there is no memory. */
struct curl_slist *http_headers_new(const struct http_request *request);

/* Wipes and frees header lines. */
void http_headers_free(struct curl_slist *headers);

/* Reads the headers of the finished answer behind `easy` into `answer`. */
void http_headers_read(CURL *easy, struct http_answer *answer);

/* What a failed transfer's code means; `detail` are libcurl's words for it. */
enum http_failure http_failure_of(CURL *easy, CURLcode code, const char *detail);

/* Fills in what else is known of a failure: answer->tls, proxy_status and proxy_failed.
 * answer->failure must be set. */
void http_failure_describe(CURL *easy, CURLcode code, const char *detail,
                           struct http_answer *answer);

#endif
