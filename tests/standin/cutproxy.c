/* A raw TCP proxy that spoils what the server answers: cuts it, lets it hang, drips it.
 * Its own program; knows no HTTP beyond where a header ends and how long a request is. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK        16384
#define AFTER_HEADER (-1)

static const char help[] =
    "usage: cutproxy --listen PORT (--to 127.0.0.1:PORT | --fixed FILE) --mode MODE --after BYTES\n"
    "  --listen PORT     0: any free one; printed when it listens\n"
    "  --port-file FILE  the port is written there too\n"
    "  --to HOST:PORT    where to forward to (HOST is a numeric address)\n"
    "  --fixed FILE      answer every request with the bytes of FILE instead, then close\n"
    "  --mode MODE       reset | fin | hang | drip | stall | none\n"
    "  --after N         bytes of the answer to let through first; `header`: up to its blank line\n"
    "  --nth K           the first connection to spoil (1)\n"
    "  --times N         how many from then on (1; 0: all)\n"
    "  --by WHAT         K counts each connection (default) or each response\n"
    "  --step N          each further one is let through N bytes more (0)\n"
    "  --drip-ms M       drip: a byte each M ms; stall: silence of M ms, then the rest (100)\n";

enum mode { MODE_NONE, MODE_RESET, MODE_FIN, MODE_HANG, MODE_DRIP, MODE_STALL };

static struct {
    int listen_port;
    const char *port_file;
    struct sockaddr_in to;
    enum mode mode;
    long after;
    long nth;
    long times;
    long step;
    long drip_ms;
    bool by_response;
    char *fixed;
    size_t fixed_length;
} options = {.nth = 1, .times = 1, .drip_ms = 100};

struct link {
    int client;
    int server;
    long limit;     /* bytes let through, or AFTER_HEADER */
    bool chosen;    /* this answer is to be spoiled */
    long passed;    /* bytes of this answer so far */
    unsigned blank; /* how much of CR LF CR LF has been seen */
    bool answering; /* the server has sent since the client did */
    bool stalled;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counted;

static void wait_ms(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&ts, &ts) != 0 && errno == EINTR) {
    }
}

static bool send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

/* Decides on the next answer, in the order in which they begin. */
static void next_answer(struct link *l)
{
    pthread_mutex_lock(&lock);
    long number = ++counted - options.nth;
    pthread_mutex_unlock(&lock);
    l->chosen =
        options.mode != MODE_NONE && number >= 0 && (options.times == 0 || number < options.times);
    l->limit = options.after == AFTER_HEADER ? AFTER_HEADER : options.after + number * options.step;
    l->passed = 0;
    l->blank = 0;
    l->stalled = false;
}

/* How many of the bytes may pass before the answer is to be spoiled. */
static size_t allowed(struct link *l, const char *bytes, size_t length)
{
    static const char end[] = "\r\n\r\n";
    if (!l->chosen || l->stalled) {
        return length;
    }
    if (l->limit != AFTER_HEADER) {
        long left = l->limit - l->passed;
        return left <= 0 ? 0 : (size_t)left < length ? (size_t)left : length;
    }
    for (size_t i = 0; i < length; i++) {
        if (l->blank == 4) {
            return i;
        }
        l->blank = bytes[i] == end[l->blank] ? l->blank + 1 : bytes[i] == '\r';
    }
    return length;
}

static void cut_by_reset(int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

/* Waits, silent, until the client has gone. */
static void hang(int fd)
{
    char sink[512];
    while (recv(fd, sink, sizeof sink, 0) > 0) {
    }
}

/* Does what the mode says with the bytes past the limit; false: the connection is over. */
static bool spoil(struct link *l, const char *bytes, size_t length)
{
    switch (options.mode) {
    case MODE_RESET:
        cut_by_reset(l->client);
        return false;
    case MODE_FIN:
        return false;
    case MODE_HANG:
        hang(l->client);
        return false;
    case MODE_STALL:
        wait_ms(options.drip_ms);
        l->stalled = true;
        return send_all(l->client, bytes, length);
    default:
        for (size_t i = 0; i < length; i++) {
            wait_ms(options.drip_ms);
            if (!send_all(l->client, bytes + i, 1)) {
                return false;
            }
        }
        return true;
    }
}

/* Passes bytes of an answer on; false: the connection is over. */
static bool to_client(struct link *l, const char *bytes, size_t length)
{
    if (!l->answering) {
        l->answering = true;
        if (options.by_response) {
            next_answer(l);
        }
    }
    size_t good = allowed(l, bytes, length);
    l->passed += (long)good;
    if (!send_all(l->client, bytes, good)) {
        return false;
    }
    /* The cut comes as soon as the last allowed byte is out, not with the byte after it. */
    bool at_limit = l->chosen && !l->stalled &&
                    (l->limit == AFTER_HEADER ? l->blank == 4 : l->passed >= l->limit);
    return !at_limit || spoil(l, bytes + good, length - good);
}

static void forward(struct link *l)
{
    char bytes[CHUNK];
    struct pollfd fds[2] = {{.fd = l->client, .events = POLLIN},
                            {.fd = l->server, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0) {
            return;
        }
        for (int i = 0; i < 2; i++) {
            if (!fds[i].revents) {
                continue;
            }
            ssize_t n = recv(fds[i].fd, bytes, sizeof bytes, 0);
            if (n <= 0 || (i == 0 && !send_all(l->server, bytes, (size_t)n)) ||
                (i == 1 && !to_client(l, bytes, (size_t)n))) {
                return;
            }
            if (i == 0) {
                l->answering = false;
            }
        }
    }
}

static long body_length(const char *header)
{
    const char *at = strcasestr(header, "\r\ncontent-length:");
    return at ? strtol(at + 17, NULL, 10) : 0;
}

/* Reads one request and answers it with the file. */
static void answer_fixed(struct link *l)
{
    static const char end[] = "\r\n\r\n";
    char request[CHUNK + 1];
    size_t have = 0;
    for (;;) {
        ssize_t n = have < CHUNK ? recv(l->client, request + have, CHUNK - have, 0) : 0;
        if (n <= 0) {
            return;
        }
        have += (size_t)n;
        request[have] = '\0';
        const char *body = strstr(request, end);
        if (body && have >= (size_t)(body + 4 - request) + (size_t)body_length(request)) {
            break;
        }
    }
    to_client(l, options.fixed, options.fixed_length);
}

static void *serve(void *argument)
{
    struct link l = {.client = (int)(intptr_t)argument, .server = -1};
    int one = 1;
    setsockopt(l.client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (!options.by_response) {
        next_answer(&l);
    }
    if (options.fixed) {
        answer_fixed(&l);
    } else {
        l.server = socket(AF_INET, SOCK_STREAM, 0);
        if (l.server >= 0 &&
            connect(l.server, (struct sockaddr *)&options.to, sizeof options.to) == 0) {
            setsockopt(l.server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            forward(&l);
        }
    }
    if (l.server >= 0) {
        close(l.server);
    }
    close(l.client);
    return NULL;
}

static void refuse(const char *option, const char *value)
{
    fprintf(stderr, "cutproxy: --%s: '%s' cannot be used\n", option, value);
    exit(2);
}

static long number(const char *option, const char *value)
{
    char *rest;
    long n = strtol(value, &rest, 10);
    if (!*value || *rest || n < 0) {
        refuse(option, value);
    }
    return n;
}

static enum mode mode_of(const char *value)
{
    static const char *const names[] = {"none", "reset", "fin", "hang", "drip", "stall"};
    for (int i = 0; i < 6; i++) {
        if (strcmp(names[i], value) == 0) {
            return (enum mode)i;
        }
    }
    refuse("mode", value);
    return MODE_NONE;
}

static void set_target(const char *value)
{
    char host[64];
    const char *colon = strrchr(value, ':');
    size_t length = colon ? (size_t)(colon - value) : 0;
    options.to.sin_family = AF_INET;
    if (!colon || length >= sizeof host) {
        refuse("to", value);
        return;
    }
    memcpy(host, value, length);
    host[length] = '\0';
    options.to.sin_port = htons((uint16_t)number("to", colon + 1));
    if (inet_pton(AF_INET, host, &options.to.sin_addr) != 1) {
        refuse("to", value);
    }
}

static void read_fixed(const char *path)
{
    FILE *f = fopen(path, "rb");
    long size = -1;
    if (f && fseek(f, 0, SEEK_END) == 0) {
        size = ftell(f);
        rewind(f);
    }
    options.fixed = size >= 0 ? malloc((size_t)size + 1) : NULL;
    if (!options.fixed || fread(options.fixed, 1, (size_t)size, f) != (size_t)size) {
        refuse("fixed", path);
    }
    options.fixed_length = (size_t)size;
    fclose(f);
}

static void set_option(int chosen, const char *value)
{
    switch (chosen) {
    case 'l':
        options.listen_port = (int)number("listen", value);
        break;
    case 'f':
        options.port_file = value;
        break;
    case 't':
        set_target(value);
        break;
    case 'x':
        read_fixed(value);
        break;
    case 'm':
        options.mode = mode_of(value);
        break;
    case 'a':
        options.after = strcmp(value, "header") == 0 ? AFTER_HEADER : number("after", value);
        break;
    case 'n':
        options.nth = number("nth", value);
        break;
    case 'i':
        options.times = number("times", value);
        break;
    case 's':
        options.step = number("step", value);
        break;
    case 'd':
        options.drip_ms = number("drip-ms", value);
        break;
    case 'b':
        options.by_response = strcmp(value, "response") == 0;
        break;
    case 'h':
        fputs(help, stdout);
        exit(0);
    default:
        exit(2);
    }
}

static void read_options(int argc, char **argv)
{
    static const struct option longs[] = {{"listen", required_argument, NULL, 'l'},
                                          {"port-file", required_argument, NULL, 'f'},
                                          {"to", required_argument, NULL, 't'},
                                          {"fixed", required_argument, NULL, 'x'},
                                          {"mode", required_argument, NULL, 'm'},
                                          {"after", required_argument, NULL, 'a'},
                                          {"nth", required_argument, NULL, 'n'},
                                          {"times", required_argument, NULL, 'i'},
                                          {"step", required_argument, NULL, 's'},
                                          {"drip-ms", required_argument, NULL, 'd'},
                                          {"by", required_argument, NULL, 'b'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int chosen;
    while ((chosen = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        set_option(chosen, optarg);
    }
    if (!options.fixed && !options.to.sin_port) {
        fputs("cutproxy: --to or --fixed is needed\n", stderr);
        exit(2);
    }
}

static int start_listening(int *port)
{
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)options.listen_port)};
    socklen_t length = sizeof here;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)&here, &length) != 0) {
        perror("cutproxy: cannot listen");
        exit(1);
    }
    *port = ntohs(here.sin_port);
    return fd;
}

static void tell_port(int port)
{
    char aside[4096];
    if (options.port_file) {
        snprintf(aside, sizeof aside, "%s.new", options.port_file);
        FILE *f = fopen(aside, "w");
        if (!f || fprintf(f, "%d\n", port) < 0 || fclose(f) != 0 ||
            rename(aside, options.port_file) != 0) {
            perror("cutproxy: cannot write the port");
            exit(1);
        }
    }
    printf("cutproxy: listening on 127.0.0.1:%d\n", port);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int port;
    signal(SIGPIPE, SIG_IGN);
    read_options(argc, argv);
    int fd = start_listening(&port);
    tell_port(port);
    for (;;) {
        pthread_t thread;
        int client = accept(fd, NULL, NULL);
        if (client < 0) {
            continue;
        }
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) == 0) {
            pthread_detach(thread);
        } else {
            close(client);
        }
    }
}
