#include "http.h"

#include "fault.h"
#include "routes.h"
#include "when.h"
#include "world.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

#define GZIP_FROM_BYTES 200
#define MEMORY_OF_ONE   ((size_t)65536)

/* What is kept of a request while its body comes in. */
struct incoming {
    char *uri;
    struct jw body;
    bool too_large;
    bool begun;
};

static struct MHD_Daemon *server;

static void empty(struct reply *r)
{
    r->body.length = 0;
    r->body.comma = false;
    r->body.faults = 0;
    r->ready = NULL;
}

void reply_error(struct reply *r, int status, const char *code, const char *message)
{
    static atomic_uint_fast64_t errors;
    empty(r);
    r->status = status;
    r->type = "application/json";
    JW(&r->body, OBJECT(NULL), TEXT("message", message), TEXT("code", code), INT("status", status),
       UUID("contextId", rng_pair(0xc0de, atomic_fetch_add(&errors, 1))), ARRAY("details"), END,
       ARRAY("errors"), END, END);
}

void reply_text(struct reply *r, int status, const char *type, const char *text)
{
    empty(r);
    r->status = status;
    r->type = type;
    jw_text(&r->body, text);
}

bool query_value(const char *query, const char *name, int n, char *out, size_t size)
{
    char whole[1024];
    size_t want = strlen(name);
    for (const char *p = query; *p; p += *p == '&') {
        size_t key = strcspn(p, "=&");
        bool wanted = key == want && memcmp(p, name, want) == 0;
        p += key + (p[key] == '=');
        for (size_t length;; p += length + 1) {
            length = strcspn(p, ",&");
            if (wanted && n-- == 0) {
                snprintf(whole, sizeof whole, "%.*s", (int)length, p);
                MHD_http_unescape(whole);
                snprintf(out, size, "%s", whole);
                return true;
            }
            if (p[length] != ',') {
                p += length;
                break;
            }
        }
    }
    return false;
}

bool query_int(const char *query, const char *name, long otherwise, long *out)
{
    char text[24], *rest;
    *out = otherwise;
    if (!query_value(query, name, 0, text, sizeof text)) {
        return true;
    }
    *out = strtol(text, &rest, 10);
    return *text && !*rest;
}

bool query_moment(const char *query, const char *name, int64_t *out)
{
    char text[64];
    return !query_value(query, name, 0, text, sizeof text) || when_parse(text, out);
}

bool http_gzip(const void *in, size_t length, void **out, size_t *out_length)
{
    z_stream z = {0};
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return false;
    }
    uLong room = deflateBound(&z, length);
    *out = malloc(room);
    z.next_in = (Bytef *)(uintptr_t)in;
    z.avail_in = (uInt)length;
    z.next_out = *out;
    z.avail_out = (uInt)room;
    bool done = *out && deflate(&z, Z_FINISH) == Z_STREAM_END;
    *out_length = z.total_out;
    deflateEnd(&z);
    if (!done) {
        free(*out);
        *out = NULL;
    }
    return done;
}

static bool mentions_gzip(const char *accept)
{
    const char *at = accept ? strcasestr(accept, "gzip") : NULL;
    return at && strncmp(at + 4, ";q=0,", 5) != 0 && strcmp(at + 4, ";q=0") != 0;
}

static void fill_request(struct request *r, struct MHD_Connection *connection, struct incoming *in,
                         const char *method)
{
    char *mark = strchr(in->uri, '?');
    r->method = method;
    r->path = in->uri;
    r->query = mark ? mark + 1 : "";
    r->body = in->body.length ? in->body.data : "";
    r->body_length = in->body.length;
    r->authorization = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    r->content_type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
    r->accepts_gzip =
        mentions_gzip(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Encoding"));
    if (mark) {
        *mark = '\0';
    }
    if (r->body_length) {
        jw_bytes(&in->body, "", 1); /* the NUL after it */
        r->body = in->body.data;
    }
}

static struct MHD_Response *make_response(const struct request *request, struct reply *r)
{
    void *packed;
    size_t length;
    struct MHD_Response *response;
    if (r->ready) {
        response = MHD_create_response_from_buffer(r->ready_length, (void *)(uintptr_t)r->ready,
                                                   MHD_RESPMEM_PERSISTENT);
    } else if (world.gzip && request->accepts_gzip && r->body.length >= GZIP_FROM_BYTES &&
               http_gzip(r->body.data, r->body.length, &packed, &length)) {
        response = MHD_create_response_from_buffer(length, packed, MHD_RESPMEM_MUST_FREE);
        jw_free(&r->body);
    } else {
        response =
            MHD_create_response_from_buffer(r->body.length, r->body.data, MHD_RESPMEM_MUST_FREE);
        r->body = (struct jw){0};
        return response;
    }
    MHD_add_response_header(response, "Content-Encoding", "gzip");
    return response;
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct request *request,
                                  struct reply *r)
{
    struct MHD_Response *response = make_response(request, r);
    if (!response) {
        return MHD_NO;
    }
    if (r->type && r->status != 204) {
        MHD_add_response_header(response, "Content-Type", r->type);
    }
    if (!fault_strikes("no-date", request)) {
        char date[WHEN_SIZE];
        when_http(world_date(), date);
        MHD_add_response_header(response, "Date", date);
    }
    if (*r->retry_after) {
        MHD_add_response_header(response, "Retry-After", r->retry_after);
    }
    if (*r->correlation_id) {
        MHD_add_response_header(response, "ININ-Correlation-Id", r->correlation_id);
    }
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(struct MHD_Connection *connection, struct incoming *in,
                              const char *method)
{
    struct request request = {0};
    struct reply reply = {.status = 200, .type = "application/json"};
    char *shown = strdup(in->uri);
    fill_request(&request, connection, in, method);
    record_begin(request.path);
    if (in->too_large) {
        reply_error(&reply, 413, "request.entity.too.large", "The request is too large.");
    } else {
        routes_answer(&request, &reply);
    }
    record_end(method, request.path, shown ? shown : request.path, reply.status);
    free(shown);
    enum MHD_Result result = send_reply(connection, &request, &reply);
    jw_free(&reply.body);
    return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct incoming *in = *state;
    (void)cls;
    (void)url;
    (void)version;
    if (!in) {
        return MHD_NO;
    }
    if (!in->begun) {
        in->begun = true;
        return MHD_YES;
    }
    if (*upload_size) {
        if (in->body.length + *upload_size > HTTP_MAX_BODY) {
            in->too_large = true;
        } else {
            jw_bytes(&in->body, upload, *upload_size);
        }
        *upload_size = 0;
        return MHD_YES;
    }
    return answer(connection, in, method);
}

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct incoming *in = calloc(1, sizeof *in);
    (void)cls;
    (void)connection;
    if (in && !(in->uri = strdup(uri))) {
        free(in);
        in = NULL;
    }
    return in;
}

static void on_done(void *cls, struct MHD_Connection *connection, void **state,
                    enum MHD_RequestTerminationCode why)
{
    struct incoming *in = *state;
    (void)cls;
    (void)connection;
    (void)why;
    if (in) {
        free(in->uri);
        jw_free(&in->body);
        free(in);
        *state = NULL;
    }
}

bool http_start(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                                  MHD_USE_POLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
                              0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR, &address,
                              MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL,
                              MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL,
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_OF_ONE, MHD_OPTION_END);
    if (!server) {
        fprintf(stderr, "standin: cannot listen on 127.0.0.1:%d\n", *port);
        return false;
    }
    *port = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port;
    return true;
}

void http_stop(void)
{
    MHD_stop_daemon(server);
}
