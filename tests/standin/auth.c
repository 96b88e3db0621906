#include "routes.h"

#include "fault.h"
#include "lock.h"
#include "when.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAX_TOKENS 4096

struct token {
    char text[96];
    int64_t expires;
    long uses;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct token tokens[MAX_TOKENS];
static uint64_t issued;

/* Decodes base64 into out, ended by NUL; false if malformed or too long. */
static bool decode(const char *text, char *out, size_t size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    int have = 0;
    size_t used = 0;
    for (; *text && *text != '='; text++) {
        const char *at = strchr(alphabet, *text);
        if (!at || used + 1 >= size) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(at - alphabet);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[used++] = (char)(bits >> have & 0xff);
        }
    }
    out[used] = '\0';
    return true;
}

static void refuse_login(struct reply *reply, int status, const char *error,
                         const char *description)
{
    reply->status = status;
    JW(&reply->body, OBJECT(NULL), TEXT("error", error), TEXT("description", description),
       TEXT("error_description", description), END);
}

static void issue(struct reply *reply)
{
    char a[RNG_UUID_SIZE], b[RNG_UUID_SIZE];
    HOLD(lock);
    struct token *t = &tokens[issued % MAX_TOKENS];
    uint64_t key = rng_pair((uint64_t)when_wall() ^ (uint64_t)getpid() << 40, issued++);
    rng_uuid(key, a);
    rng_uuid(key + 1, b);
    *t = (struct token){.expires = when_wall() + world.token_seconds * WHEN_SECOND};
    snprintf(t->text, sizeof t->text, "standin_token_%s%s", a, b);
    JW(&reply->body, OBJECT(NULL), TEXT("access_token", t->text), TEXT("token_type", "bearer"),
       INT("expires_in", world.token_seconds), END);
}

void login_token(const struct request *request, struct reply *reply)
{
    char pair[512], grant[64];
    const char *basic = request->authorization;
    static const char form[] = "application/x-www-form-urlencoded";
    if (!request->content_type || strncasecmp(request->content_type, form, sizeof form - 1) != 0) {
        refuse_login(reply, 400, "invalid_request",
                     "content type must be application/x-www-form-urlencoded");
        return;
    }
    if (!basic || strncasecmp(basic, "Basic ", 6) != 0 || !decode(basic + 6, pair, sizeof pair)) {
        refuse_login(reply, 400, "invalid_request", "client credentials are missing");
        return;
    }
    char *secret = strchr(pair, ':');
    if (secret) {
        *secret++ = '\0';
    }
    if (strcmp(pair, world.client_id) != 0) {
        refuse_login(reply, 400, "invalid_client", "client not found");
    } else if (!secret || strcmp(secret, world.client_secret) != 0) {
        refuse_login(reply, 401, "invalid_client", "authentication failed");
    } else if (!query_value(request->body, "grant_type", 0, grant, sizeof grant)) {
        refuse_login(reply, 400, "invalid_request", "grant_type is missing");
    } else if (strcmp(grant, "client_credentials") != 0) {
        refuse_login(reply, 400, "unsupported_grant_type", "grant type is not supported");
    } else {
        issue(reply);
    }
}

static struct token *find(const char *authorization)
{
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0) {
        return NULL;
    }
    for (uint64_t i = issued; i > 0 && issued - i < MAX_TOKENS; i--) {
        struct token *t = &tokens[(i - 1) % MAX_TOKENS];
        if (strcmp(t->text, authorization + 7) == 0) {
            return t;
        }
    }
    return NULL;
}

bool auth_passes(const struct request *request, struct reply *reply)
{
    long death = fault_token_uses();
    HOLD(lock);
    struct token *t = find(request->authorization);
    bool good = t && t->expires > when_wall() && (death < 0 || t->uses < death);
    if (good) {
        t->uses++;
    }
    if (!good) {
        reply_error(reply, 401, "bad.credentials", "Invalid login credentials.");
    }
    return good;
}
