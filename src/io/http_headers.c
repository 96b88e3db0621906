#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "io/http_internal.h"

static const char authorization[] = "Authorization: ";

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (!longer) {
        return false;
    }
    *list = longer;
    return true;
}

/* Base64 (RFC 4648) of `length` bytes into `out`, which has room for 4 characters a started group
 * of three bytes. Returns the end. */
static char *base64(char *out, const char *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        unsigned group = (unsigned)(unsigned char)bytes[i] << 16;

        group |= left > 1 ? (unsigned)(unsigned char)bytes[i + 1] << 8 : 0U;
        group |= left > 2 ? (unsigned)(unsigned char)bytes[i + 2] : 0U;
        *out++ = digits[group >> 18];
        *out++ = digits[(group >> 12) & 63];
        *out++ = left > 1 ? digits[(group >> 6) & 63] : '=';
        *out++ = left > 2 ? digits[group & 63] : '=';
    }
    return out;
}

/* The one place where a secret leaves its type. The line is made in memory of its exact size, so
 * that no growing buffer leaves copies behind. */
static bool append_authorization(struct curl_slist **list, const struct http_request *request)
{
    const struct secret *secret = request->bearer ? request->bearer : request->basic_secret;
    size_t secret_bytes = secret_length(secret);
    size_t user_bytes = request->basic_user ? strlen(request->basic_user) : 0;
    size_t pair_bytes = user_bytes + 1 + secret_bytes;
    size_t room = sizeof(authorization) + sizeof("Bearer ") + pair_bytes * 4 / 3 + 8;
    char *line = xcalloc(1, room);

    if (request->bearer) {
        snprintf(line, room, "%sBearer %s", authorization, secret_expose(secret));
    } else {
        char *pair = xcalloc(1, pair_bytes + 1);
        int used = snprintf(line, room, "%sBasic ", authorization);

        snprintf(pair, pair_bytes + 1, "%s:%s", request->basic_user, secret_expose(secret));
        *base64(line + used, pair, pair_bytes) = '\0';
        secret_wipe(pair, pair_bytes);
        free(pair);
    }
    bool ok = append(list, line);
    secret_wipe(line, room);
    free(line);
    return ok;
}

struct curl_slist *http_headers_new(const struct http_request *request)
{
    struct curl_slist *list = NULL;
    bool ok = append(&list, "Accept: application/json") && append(&list, "Accept-Encoding: gzip") &&
              append(&list, "Expect:");

    if (ok && request->body) {
        char line[128];
        snprintf(line, sizeof(line), "Content-Type: %s",
                 request->content_type ? request->content_type : "application/json");
        ok = append(&list, line);
    }
    if (ok && (request->bearer || (request->basic_user && request->basic_secret))) {
        ok = append_authorization(&list, request);
    }
    if (!ok) {
        http_headers_free(list);
        return NULL;
    }
    return list;
}

void http_headers_free(struct curl_slist *headers)
{
    for (struct curl_slist *line = headers; line; line = line->next) {
        if (str_starts_with(line->data, authorization)) {
            secret_wipe(line->data, strlen(line->data));
        }
    }
    curl_slist_free_all(headers);
}

/* The value of a header, NULL when absent; borrowed from `easy`. */
static const char *header_value(CURL *easy, const char *name)
{
    struct curl_header *header = NULL;

    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
        return NULL;
    }
    return header->value;
}

static void copy_header(CURL *easy, const char *name, char *out, size_t size)
{
    const char *value = header_value(easy, name);

    snprintf(out, size, "%s", value ? value : "");
}

static int32_t number_header(CURL *easy, const char *name)
{
    const char *value = header_value(easy, name);
    int64_t number;

    if (!value || !str_to_int64(value, 0, INT32_MAX, &number)) {
        return -1;
    }
    return (int32_t)number;
}

void http_headers_read(CURL *easy, struct http_answer *answer)
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
    answer->is_json = str_has_nocase(answer->content_type, "json");
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    answer->framed = version >= CURL_HTTP_VERSION_2_0 || header_value(easy, "content-length") ||
                     header_value(easy, "transfer-encoding");
    if (!date || !http_parse_date(date, &answer->date_ms)) {
        answer->date_ms = 0;
    }
    answer->ratelimit_allowed = number_header(easy, "inin-ratelimit-allowed");
    answer->ratelimit_count = number_header(easy, "inin-ratelimit-count");
    answer->ratelimit_reset_seconds = number_header(easy, "inin-ratelimit-reset");
}
