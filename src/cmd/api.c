#include <fnmatch.h>
#include <strings.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "io/hash.h"

/* The POSTs that only read; "*" stands for one id. */
static const char *const reading_posts[] = {READING_POSTS};

#define PLAIN "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-/"

/* What is asked. */
struct call {
    enum http_method method;
    const char *path;    /* of the API host, with query string */
    const char *body;    /* NULL: none */
    bool reads;          /* it changes nothing */
    struct idset *asked; /* paths of pages */
};

/* Whether it changes nothing: an id is letters, digits and dashes. */
static bool only_reads(struct arena *a, const struct call *call)
{
    const char *path = arena_strndup(a, call->path, strcspn(call->path, "?"));
    bool is_plain = !strstr(path, "//") && path[strspn(path, PLAIN)] == '\0';
    bool known = call->method == HTTP_GET;

    for (size_t i = 0; is_plain && call->method == HTTP_POST && i < COUNT_OF(reading_posts); i++) {
        known = known || fnmatch(reading_posts[i], path, FNM_PATHNAME) == 0;
    }
    return known;
}

/* The path below the API host, of a path or a URL of that host; NULL for anything else, which never
 * gets a token. */
static const char *path_of(const struct cmd_context *ctx, const char *text)
{
    size_t host = strlen(ctx->config.api_url);

    if (strncasecmp(text, ctx->config.api_url, host) == 0 && text[host] == '/') {
        text += host;
    }
    size_t plain = strcspn(text, "/?");
    bool is_elsewhere = !*text || strncmp(text, "//", 2) == 0 || memchr(text, ':', plain) != NULL;
    if (is_elsewhere || text[strspn(text, STR_VISIBLE)] != '\0' || strchr(text, '\\')) {
        return NULL;
    }
    return *text == '/' ? text : arena_printf(ctx->arena, "/%s", text);
}

/* Reads the command line: METHOD, PATH, and the body. */
static bool read_call(const struct cmd_context *ctx, struct call *call, struct err *e)
{
    const char *data = ctx->option[OPT_DATA];
    size_t method = (size_t)(data ? HTTP_POST : HTTP_GET);

    if (ctx->argument_count == 2) {
        for (method = 0;
             method < HTTP_METHODS && !str_eq_nocase(ctx->arguments[0], http_methods[method]);) {
            method++;
        }
    }
    if (ctx->argument_count < 1 || ctx->argument_count > 2 || method == HTTP_METHODS) {
        return cmd_usage(ctx, e, "it takes a path, and GET, POST, PUT, PATCH or DELETE before it");
    }
    const char *path = ctx->arguments[ctx->argument_count - 1];
    call->method = (enum http_method)method;
    call->path = path_of(ctx, path);
    call->body = data;
    if (!call->path) {
        return cmd_usage(ctx, e, "'%s' is no path of %s; nothing was sent", path,
                         ctx->config.api_url);
    }
    if (data && *data == '@') {
        const char *file = str_eq(data, "@-") ? "/dev/stdin" : data + 1;
        call->body = file_read_small(ctx->arena, file, NULL, e);
        if (!call->body) {
            e->kind = ERR_USAGE;
            return false;
        }
    }
    call->reads = only_reads(ctx->arena, call);
    if (!call->reads && !ctx->option[OPT_WRITE]) {
        return cmd_usage(ctx, e, "%s %s may change something: --write sends it; nothing was sent",
                         http_methods[method], call->path);
    }
    return !ctx->option[OPT_PAGINATE] || call->method == HTTP_GET ||
           cmd_usage(ctx, e, "--paginate follows GET alone; of a POST the body says which page");
}

/* Writes a body as it came; on a terminal without what could drive it. */
static bool print_body(const struct client_answer *answer, struct err *e)
{
    size_t length;
    char *bytes = answer_text(&answer->http, &length, e);

    if (!bytes) {
        return false;
    }
    bool is_terminal = isatty(STDOUT_FILENO) != 0;
    for (size_t i = 0; is_terminal && i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        unsigned char next = i + 1 < length ? (unsigned char)bytes[i + 1] : 0;
        bool drives = (c < ' ' && !strchr("\n\t", c)) || c == 0x7f || (c == 0xc2 && next < 0xa0);
        bytes[i] = drives ? '?' : bytes[i];
    }
    fwrite(bytes, 1, length, stdout);
    if (length > 0 && bytes[length - 1] != '\n') {
        putchar('\n');
    }
    free(bytes);
    (void)fflush(stdout);
    return true;
}

/* Where the list goes on after an answer: by its nextUri, or a cursor. NULL: nowhere. */
static const char *next_path(const struct cmd_context *ctx, const char *path, struct json root)
{
    const char *uri = json_str(json_get(root, "nextUri"));
    const char *cursor = json_str(json_get(root, "cursor"));

    if (uri && *uri) {
        return arena_strdup(ctx->arena, uri);
    }
    if (!cursor || !*cursor) {
        return NULL;
    }
    size_t plain = strcspn(path, "?");
    BUF_SCOPED struct buf next = buf_of(strlen(path) + 3 * strlen(cursor) + sizeof("?cursor="));
    (void)buf_add(&next, path, plain);
    (void)buf_add_char(&next, '?');
    for (const char *at = path + plain; *at;) {
        size_t length = strcspn(++at, "&");
        if (!str_starts_with(at, "cursor=")) {
            (void)buf_add(&next, at, length);
            (void)buf_add_char(&next, '&');
        }
        at += length;
    }
    (void)buf_add_str(&next, "cursor=");
    str_url_encode(&next, cursor);
    return arena_strdup(ctx->arena, buf_str(&next));
}

/* Sends the call and prints its answer; its path then is that of the page behind it, NULL: none. */
static bool ask(struct cmd_context *ctx, struct client *client, struct call *call, struct err *e)
{
    struct client_request request = {.method = call->method,
                                     .path = call->path,
                                     .body = call->body,
                                     .label = call->path,
                                     .once = !call->reads,
                                     .want_document = ctx->option[OPT_PAGINATE] != NULL};
    ANSWER_SCOPED struct client_answer answer = {0};
    struct err ignored;
    const char *next = NULL;
    bool done = client_call(client, &request, &answer);

    *e = answer.error;
    (void)idset_add(call->asked, call->path, strlen(call->path));
    done = print_body(&answer, done ? e : &ignored) && done;
    if (done && answer.document) {
        const char *uri = next_path(ctx, call->path, json_root(answer.document));
        next = uri ? path_of(ctx, uri) : NULL;
        if (uri && (!next || !idset_add(call->asked, next, strlen(next)))) {
            done = err_set(e, ERR_CONTRACT, "the next page of %s is said to be %s, which %s",
                           call->path, uri, next ? "came before" : "is on another host");
        }
    }
    call->path = next;
    return done;
}

bool cmd_api(struct cmd_context *ctx, struct err *e)
{
    struct call call = {.path = NULL};

    if (!cmd_setup(ctx, true, e) || !read_call(ctx, &call, e)) {
        return false;
    }
    struct client *client = client_new(&ctx->config, progress_waits(ctx->verbosity < 0), 0, e);
    bool done = client != NULL;
    call.asked = idset_new(ctx->arena);
    while (done && call.path && !ferror(stdout)) {
        done = ask(ctx, client, &call, e);
    }
    client_free(client);
    return done;
}
