/* The HTTP side: requests in, answers out. A handler reads a struct request and fills a struct
 * reply; faults, tokens, gzip, headers and the record of requests are seen to around it. */
#ifndef STANDIN_HTTP_H
#define STANDIN_HTTP_H

#include "jw.h"
#include "rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define HTTP_MAX_BODY 512000 /* the platform's request.bytes.max */
#define FAULT_TEXT    256    /* of a fault, and of each value in it */

struct request {
    const char *method;
    const char *path;
    const char *query; /* raw, without the question mark; "" when there is none */
    const char *body;  /* ends with NUL */
    size_t body_length;
    const char *authorization; /* the three headers: NULL when absent */
    const char *content_type;
    bool accepts_gzip;
    bool rendered_only;    /* a fault will change the body: prepared bytes are of no use */
    char segment[64];      /* what stands in the path for {id} */
    char job_interval[64]; /* the interval of the job that it stands for; "" otherwise */
};

struct reply {
    int status;
    const char *type;
    struct jw body;
    /* Instead of body: bytes that outlive the answer, compressed already. */
    const void *ready;
    size_t ready_length;
    /* Headers; "": it has none of these. */
    char retry_after[FAULT_TEXT];
    char correlation_id[RNG_UUID_SIZE];
};

/* Empties the body and answers with the API's error body. */
void reply_error(struct reply *r, int status, const char *code, const char *message);
/* Empties the body and answers with text as it is. */
void reply_text(struct reply *r, int status, const char *type, const char *text);

/* The n-th value (from 0) of a query parameter, decoded, in out; false if there is none. A list is
 * a name that is repeated, or values with bare commas between them, as the vendor's JavaScript
 * client has it. */
bool query_value(const char *query, const char *name, int n, char *out, size_t size);
/* The parameter as a number; `otherwise` when absent; false if it is no number. */
bool query_int(const char *query, const char *name, long otherwise, long *out);

/* The parameter as a moment; *out stays when absent; false if it is none. */
bool query_moment(const char *query, const char *name, int64_t *out);

/* Compresses into gzip form at level 6; the caller frees *out. */
bool http_gzip(const void *in, size_t length, void **out, size_t *out_length);

/* Listens on 127.0.0.1 and answers; 0 is any free port, and *port tells which, before the first
 * request is answered. False after printing why it cannot. */
bool http_start(int *port);
/* Ends all connections. */
void http_stop(void);

#endif
