/*
 * The one client: token, pace and retry for all streams. Callers send requests and take final
 * answers.
 *
 * Invariants: a request is tried until it has a final answer (api/pace.h); the token is fetched
 * when first needed, refreshed before it expires, and after a 401 refreshed once for all requests
 * in flight; a fresh token refused at its first use is ERR_AUTH and ends every request, now and
 * later. At most `in_flight` requests are on the wire, and as many bodies wait to be taken. Bodies
 * are inflated and parsed when they are taken, one at a time: one that was cut sends its request
 * out again; one that came whole and is no document is ERR_CONTRACT; a 2xx with an error's body
 * (answer_is_error) counts as a 5xx. Used by one thread; client_wake, client_share, client_limit,
 * client_counted, client_counts, client_left and client_server_offset_ms alone may be called from
 * another.
 */
#pragma once

#include "api/answer.h"
#include "io/config.h"

struct client;

/* A token of the OAuth client credentials grant: POST {login}/oauth/token, the credentials in the
 * Basic header. Any answer that is no JSON token is ERR_AUTH, save 429 (ERR_RATE), 5xx, a body that
 * was cut and the network (ERR_TEMPORARY) and what answer_error makes of other failures below HTTP;
 * its message gives the likely cause and the remedy, never the secret. */
struct token {
    struct secret *value; /* NULL: none */
    int64_t renew_at_ms;  /* monotonic; a tenth of its life, at most five minutes, ahead */
    int64_t lifetime_seconds;
    int64_t generation; /* counts tokens, so that one 401 refreshes once */
    bool proven;        /* an API call succeeded with it */
};

/* What a request is, besides an API request with the token. */
enum client_target {
    CLIENT_API,
    CLIENT_URL,   /* `path` is a whole URL, asked without the token and unpaced */
    CLIENT_LOGIN, /* `path` is the base URL of a login host, which is asked for a token; one that
                     the configuration's own host gives becomes the client's */
};

struct client_request {
    enum client_target target;
    enum http_method method;
    const char *path;     /* "/api/v2/..." with query string; copied */
    const char *body;     /* JSON; NULL: none; copied */
    const char *label;    /* for messages: "conversations 2026-03-01 page 7"; copied */
    int64_t delay_ms;     /* polls wait; 0: now */
    int poll;             /* the number of a poll; 0: it is none */
    int64_t poll_left_ms; /* how long it will be polled on */
    bool want_document;   /* a 2xx must hold a JSON document */
    bool brief;    /* somebody waits: tried once more, soon, after a 5xx, a 408 or a cut connection;
                      any other answer is final, a 401 too, and costs the client nothing */
    bool once;     /* it may change something: not tried again where it may have been carried out */
    bool for_next; /* its answer is for client_next alone */
    void *user;
};

/* What is waited for: an answer, or the time of a retry, of a poll, of the next request that the
 * rate limit lets go. */
enum wait_kind { WAIT_ANSWER, WAIT_RETRY, WAIT_POLL, WAIT_RATE };

struct client_wait {
    enum wait_kind kind;
    const char *what; /* the request's label */
    const char *why;  /* of WAIT_RETRY: "HTTP 503", or what failed below HTTP */
    int number;       /* of the try or poll, from 1 */
    int64_t ms;       /* until then; of WAIT_ANSWER since it was sent */
    int64_t left_ms;  /* until it is given up */
};

/* Who is told, in the thread that drives the client: some times a second once nothing has come for
 * a second, and NULL when something has. */
typedef void client_watcher(const struct client_wait *wait);

/* A final answer. On success (`error.kind` is ERR_NONE) the status is 2xx (or 404 to a DELETE); the
 * document, when wanted, is whole. */
struct client_answer {
    void *user;
    struct json_doc *document;    /* owned by the taker; NULL on errors or when not wanted */
    struct http_answer http;      /* as it came, refusals too (status 0: no HTTP answer to this
                                     request); its body is the taker's, empty after a login */
    int64_t received_ms;          /* wall clock */
    struct err error;             /* kind tells the consequence; the message is the user's; cause
                                     CAUSE_NET_TOO_LARGE: smaller pages may be answered */
    char code[ANSWER_CODE_BYTES]; /* ErrorBody.code of a refused request, "" otherwise */
};

/* A client for the configuration (URLs resolved, credentials there; both are borrowed for the
 * client's life), with a watcher or none (NULL). No request takes longer than `patience_ms`, its
 * retries included (0: as long as the limits say). NULL with ERR_CONFIG. Nothing is sent yet. Free
 * with client_free. */
struct client *client_new(const struct config *config, client_watcher *watcher, int64_t patience_ms,
                          struct err *e);
void client_free(struct client *c);

/* So many runs share the pace (1: it has it alone); may be called from another thread. */
void client_share(struct client *c, int runs);

/* `most` requests may go out by now, and `all` in all, those that went and those of tokens, retries
 * and polls included (not of CLIENT_URL). Beyond `most` they wait for a later call; beyond `all`
 * they end, for the cause of the budget, with `why` (borrowed for the client's life), while what is
 * on the wire is answered. */
void client_limit(struct client *c, int64_t most, int64_t all, const char *why);

/* How many went out that count there; and how many may still go in all. */
int64_t client_counted(const struct client *c);
int64_t client_left(const struct client *c);

/* Queues a request; it goes out when token, pace and in_flight allow, earlier ones first. */
void client_send(struct client *c, const struct client_request *request);

/* Requests queued or on the wire (not those whose final answer waits to be taken). */
size_t client_pending(const struct client *c);

/* Drives everything until an answer is final, `timeout_ms` have passed or client_wake was called;
 * true when *answer was filled. With `answer` NULL transfers are driven and nothing is taken. The
 * first call after a stop was asked for (base/stop.h) returns false at once, later ones work as
 * before: the caller decides. */
bool client_next(struct client *c, int64_t timeout_ms, struct client_answer *answer);

/* Frees what an answer holds. */
void client_answer_free(struct client_answer *answer);
/* Before the declaration of one: that is done where the block that declares it is left. */
#define ANSWER_SCOPED __attribute__((cleanup(client_answer_free)))

/* Wakes a waiting client_next; may be called from another thread. */
void client_wake(struct client *c);

/* Drops all requests, queued or on the wire, and answers not yet taken. */
void client_abort(struct client *c);

/* Waits for so many final answers of those that are not `for_next`, each of which goes to where the
 * `user` of its request says (a struct client_answer). False with ERR_STOPPED: all that was asked
 * is dropped. */
bool client_take(struct client *c, size_t count, struct err *e);

/* One request from start to final answer (its `user` does not count), for callers without a loop of
 * their own (nothing else may be pending). False when answer->error is set, ERR_STOPPED among
 * others. */
bool client_call(struct client *c, const struct client_request *request,
                 struct client_answer *answer);

/* Asks whose the client is: organization.id of /tokens/me, else id of /organizations/me, in the
 * arena; id stays NULL where neither is granted (403, 404: `e` has why) or says it. False for other
 * trouble. As client_call.
 * With `grants` also what it may read, at the same time: /authorization/subjects/me and, where that
 * does not say, /tokens/me; trouble with that is none, its answer stays NULL. */
struct client_identity {
    bool owner;  /* given: what is asked */
    bool grants; /* likewise */
    bool brief;  /* likewise: somebody waits; messages name the path */
    const char *id;
    const char *name;
    const char *subject; /* JSON, as it came; NULL: none came */
    const char *token;   /* likewise */
};
bool client_identify(struct client *c, struct arena *a, struct client_identity *who, struct err *e);

/* The server's clock minus this machine's, by the Date of the last answer of the API or a login
 * host: never less than it is, and more by a second and the request's time at most. *known is false
 * (and the result 0) while no answer had one. May be called from another thread. */
int64_t client_server_offset_ms(const struct client *c, bool *known);

/* The token in use (value NULL: none; generation 0: no login succeeded yet); borrowed, valid until
 * the next client call. */
const struct token *client_token(const struct client *c);

/* Counters so far, the login's included; borrowed for the client's life, and growing. */
const struct route_count *client_counts(const struct client *c, size_t *count);
