/*
 * A small scripted HTTP/1.1 server for unit tests: raw sockets on a loopback port, one thread a
 * connection, so that a test decides about every byte of an answer, and where it is cut.
 */
#ifndef ROLLCALL_TESTS_SERVER_H
#define ROLLCALL_TESTS_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SERVER_REQUEST_BYTES = 65536, SERVER_CONNECTIONS = 4096 };

/* A request as it came. */
struct served {
    char method[16];
    char path[1024];
    char text[SERVER_REQUEST_BYTES]; /* start line, headers and body */
    const char *body;
};

/* What goes back: bytes as they are, after a pause; then the connection may end. */
struct reply {
    char *bytes;
    size_t length;
    int delay_ms;
    bool close;
};

/* Called for one request at a time. */
typedef void server_handler(const struct served *request, struct reply *reply, void *user);

/* The head of a handler, which need not use all that it gets. */
#define SERVER_HANDLER(name)                                                                       \
    static void name(__attribute__((unused)) const struct served *request, struct reply *reply,    \
                     __attribute__((unused)) void *user)

struct server {
    int listener;
    int port;
    server_handler *handler;
    void *user;
    pthread_mutex_t mutex;
    pthread_t acceptor;
    struct server_connection {
        struct server *server;
        int socket;
        pthread_t thread;
    } made[SERVER_CONNECTIONS];
    int connections;
    int at_once; /* requests being answered */
    int most_at_once;
    bool ending;
};

static inline void server_sleep_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* Sets a reply to `length` bytes. */
static inline void reply_bytes(struct reply *r, const void *bytes, size_t length)
{
    free(r->bytes);
    r->bytes = malloc(length + 1);
    memcpy(r->bytes, bytes, length);
    r->length = length;
}

/* Sets a reply to status, further header lines (each with its \r\n) and a framed body. */
static inline void reply_with(struct reply *r, int status, const char *headers, const void *body,
                              size_t body_length)
{
    size_t room = strlen(headers) + body_length + 128;
    char *bytes = malloc(room);
    int used = snprintf(bytes, room, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n", status,
                        headers, body_length);

    memcpy(bytes + used, body, body_length);
    free(r->bytes);
    r->bytes = bytes;
    r->length = (size_t)used + body_length;
}

static inline void reply_json(struct reply *r, int status, const char *json)
{
    reply_with(r, status, "Content-Type: application/json\r\n", json, strlen(json));
}

/* Reads one request; false at the connection's end. */
static inline bool server_read(int socket, struct served *s)
{
    size_t length = 0;
    size_t wanted = SIZE_MAX;

    memset(s->text, 0, sizeof(s->text));
    while (length < wanted && length + 1 < sizeof(s->text)) {
        ssize_t got = recv(socket, s->text + length, sizeof(s->text) - 1 - length, 0);
        if (got <= 0) {
            return false;
        }
        length += (size_t)got;
        char *end = strstr(s->text, "\r\n\r\n");
        if (end) {
            const char *header = strcasestr(s->text, "\r\nContent-Length:");
            s->body = end + 4;
            wanted = (size_t)(end + 4 - s->text) +
                     (header && header < end ? strtoul(header + 17, NULL, 10) : 0);
        }
    }
    snprintf(s->method, sizeof(s->method), "%.*s", (int)strcspn(s->text, " "), s->text);
    const char *path = s->text + strlen(s->method) + 1;
    snprintf(s->path, sizeof(s->path), "%.*s", (int)strcspn(path, " "), path);
    return true;
}

static inline void server_answer(struct server *server, struct served *s, struct reply *r)
{
    pthread_mutex_lock(&server->mutex);
    server->at_once++;
    if (server->at_once > server->most_at_once) {
        server->most_at_once = server->at_once;
    }
    server->handler(s, r, server->user);
    pthread_mutex_unlock(&server->mutex);
    for (int slept = 0; slept < r->delay_ms && !server->ending; slept += 10) {
        server_sleep_ms(10);
    }
    pthread_mutex_lock(&server->mutex);
    server->at_once--;
    pthread_mutex_unlock(&server->mutex);
}

static inline void *server_serve(void *argument)
{
    struct server_connection *connection = argument;
    struct served *s = calloc(1, sizeof(*s));
    bool open = true;

    while (open && server_read(connection->socket, s)) {
        struct reply r = {.bytes = NULL};
        server_answer(connection->server, s, &r);
        size_t sent = 0;
        while (sent < r.length) {
            ssize_t n = send(connection->socket, r.bytes + sent, r.length - sent, MSG_NOSIGNAL);
            if (n <= 0) {
                break;
            }
            sent += (size_t)n;
        }
        open = !r.close;
        free(r.bytes);
    }
    shutdown(connection->socket, SHUT_RDWR);
    free(s);
    return NULL;
}

static inline void *server_accept(void *argument)
{
    struct server *server = argument;
    int socket;

    while (server->connections < SERVER_CONNECTIONS &&
           (socket = accept(server->listener, NULL, NULL)) >= 0) {
        struct server_connection *connection = &server->made[server->connections++];

        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        connection->server = server;
        connection->socket = socket;
        pthread_create(&connection->thread, NULL, server_serve, connection);
    }
    return NULL;
}

static inline struct server *server_start(server_handler *handler, void *user)
{
    struct server *server = calloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->handler = handler;
    server->user = user;
    pthread_mutex_init(&server->mutex, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0) {
        abort();
    }
    server->port = ntohs(address.sin_port);
    pthread_create(&server->acceptor, NULL, server_accept, server);
    return server;
}

static inline void server_stop(struct server *server)
{
    server->ending = true;
    shutdown(server->listener, SHUT_RDWR); /* ends its accept() */
    pthread_join(server->acceptor, NULL);
    for (struct server_connection *c = server->made; c < server->made + server->connections; c++) {
        shutdown(c->socket, SHUT_RDWR);
        pthread_join(c->thread, NULL);
        close(c->socket);
    }
    close(server->listener);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

/* "http://127.0.0.1:PORT<path>" in `out`. */
static inline char *server_url(const struct server *server, const char *path, char *out,
                               size_t size)
{
    snprintf(out, size, "http://127.0.0.1:%d%s", server->port, path);
    return out;
}

#endif
